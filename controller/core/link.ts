import { connectionStepper } from '../machines/connection.ts';
import type { ConnectionEvent, ConnectionMachineState } from '../machines/connection.ts';
import { clearAlarm, raiseAlarm } from './context.ts';
import type { StepContext } from './context.ts';

/** Whether shuttle, conveyors and sensors can be asked. */
export function isLinked(link: ConnectionMachineState): boolean {
  return link.value === 'connected';
}

/** Steps the link to the surroundings; says what a person should know of it. */
export function moveLink(context: StepContext, event: ConnectionEvent): void {
  const { io } = context.state;
  const step = connectionStepper.step(io.link, event);
  io.link = step.state;
  for (const effect of step.effects) {
    if (effect.type === 'announceLost') {
      const because = step.state.context.lostBecause ?? 'no reason given';
      const message = `shuttle, conveyors and sensors are not connected: ${because}`;
      raiseAlarm(context, 'lost:io', 'surroundings-lost', message);
    } else if (effect.type === 'announceConnected') {
      clearAlarm(context, 'lost:io');
    }
    context.schedule = true;
  }
}

/** A controller begins: what it has not heard itself is not connected. */
export function beginLink(context: StepContext): void {
  moveLink(context, { type: 'DISCONNECT', nowUs: context.nowUs });
  moveLink(context, { type: 'CONNECT', nowUs: context.nowUs });
}

/** The instant at which silence has to be judged; null: there is none. */
export function linkDeadlineUs(link: ConnectionMachineState): number | null {
  return link.value === 'connecting' ? link.context.deadlineUs : null;
}
