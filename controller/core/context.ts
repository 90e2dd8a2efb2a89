import type { ArmCommand, IoRequest } from '../ports.ts';
import type { Reason } from '../operations/reason.ts';
import type { Core } from './create.ts';
import type { CoreEffect } from './effect.ts';
import type { Derived } from './derived.ts';
import { BOUNDS } from './state.ts';
import type { ArmState, CoreState, OpenIoRequest, Task } from './state.ts';
import type { CellModel } from '../domain/cell.ts';

/** One step under way: the core, the instant, and the effects so far. */
export interface StepContext {
  readonly cell: CellModel;
  readonly state: CoreState;
  readonly derived: Derived;
  readonly nowUs: number;
  readonly effects: CoreEffect[];
  /** Something happened that may free or need an arm, a place or a zone: the scheduler has to look. */
  schedule: boolean;
  /** An arm has come further: others may go on, and there is nothing else to look for. */
  drive: boolean;
}

export function beginStep(core: Core, nowUs: number): StepContext {
  return {
    cell: core.cell,
    state: core.state,
    derived: core.derived,
    nowUs,
    effects: [],
    schedule: false,
    drive: false,
  };
}

export function nextCommandId(context: StepContext): string {
  const { state } = context;
  state.counters.command += 1;
  return `e${state.epoch}-c${state.counters.command}`;
}

export function nextRequestId(context: StepContext): string {
  const { state } = context;
  state.counters.request += 1;
  return `e${state.epoch}-r${state.counters.request}`;
}

export function sendToArm(context: StepContext, arm: ArmState, command: ArmCommand): void {
  context.effects.push({ kind: 'arm', armId: arm.id, command });
}

/** Asks the surroundings; asked again at every deadline until answered, since requests are idempotent. */
export function askSurroundings(
  context: StepContext,
  request: IoRequest,
  purpose: OpenIoRequest['purpose'],
): void {
  context.state.ioRequests[request.requestId] = {
    request,
    deadlineUs: context.nowUs + context.cell.deadlines.ioUs,
    purpose,
  };
  context.effects.push({ kind: 'io', request });
}

interface NoticeSubject {
  readonly task?: Task | null;
  readonly armId?: string | null;
  readonly orderId?: string | null;
}

export function notice(
  context: StepContext,
  level: 'info' | 'warn' | 'error',
  code: string,
  message: string,
  subject: NoticeSubject = {},
): void {
  context.effects.push({
    kind: 'notice',
    level,
    code,
    message,
    taskId: subject.task?.id ?? null,
    armId: subject.armId ?? subject.task?.armId ?? null,
    orderId: subject.orderId ?? subject.task?.orderId ?? null,
  });
}

/** Says why something was decided. */
export function explain(context: StepContext, reason: Reason): void {
  context.effects.push({ kind: 'reason', reason });
}

/** An alarm stands until it is cleared; raising it again changes nothing. */
export function raiseAlarm(
  context: StepContext,
  key: string,
  code: string,
  message: string,
  subject: NoticeSubject = {},
): void {
  if (context.state.alarms[key] !== undefined) return;
  context.state.alarms[key] = { code, message, sinceUs: context.nowUs };
  notice(context, 'error', code, message, subject);
}

export function clearAlarm(context: StepContext, key: string): void {
  const alarm = context.state.alarms[key];
  if (alarm === undefined) return;
  delete context.state.alarms[key];
  notice(context, 'info', `${alarm.code}-cleared`, `cleared: ${alarm.message}`);
}

/** Appends to a list that keeps only its newest entries. */
export function appendBounded<T>(list: T[], entry: T, bound: number): void {
  list.push(entry);
  if (list.length > bound) list.splice(0, list.length - bound);
}

export function noteUnitPlaced(context: StepContext): void {
  context.state.totals.unitsDone += 1;
  appendBounded(context.state.recentUnitsUs, context.nowUs, BOUNDS.recentUnits);
}
