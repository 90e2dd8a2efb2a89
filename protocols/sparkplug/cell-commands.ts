import { CELL_COMMANDS } from '../../controller/domain/packml.ts';
import type { CellCommand } from '../../controller/domain/packml.ts';
import type { IntakeRequest, IntakeResult } from '../../controller/domain/intake.ts';
import { decodeIntake, INTAKE_TOPICS } from '../mqtt/intake-messages.ts';
import type { IntakeTopic } from '../mqtt/intake-messages.ts';
import { faultsAsText } from '../mqtt/payload.ts';
import { frameFault, RequestId } from '../mqtt/request-frame.ts';
import type { Receiver } from '../mqtt/request-frame.ts';
import { commandOfNumber } from '../../controller/domain/packml-numbers.ts';
import {
  CMD_CHANGE_REQUEST,
  CNTRL_CMD,
  commandMetric,
  intakeMetric,
  PRODUCTION_MODE,
  REQUEST_ID,
  UNIT_MODE,
  UNIT_MODE_CHANGE_REQUEST,
} from './cell-metrics.ts';
import type { WrittenMetric } from './edge-commands.ts';

/** What a command comes to: a request of the cell's, or an answer that is known already. */
export type CellDemand =
  | { readonly kind: 'request'; readonly requestId: string | null; readonly request: IntakeRequest }
  | { readonly kind: 'answer'; readonly requestId: string | null; readonly result: IntakeResult };

/**
 * What hosts write, as requests. `CntrlCmd` and `UnitMode` are kept until their change requests come, which may be in
 * the same message or in a later one; a request id counts for what is asked in the same message.
 */
export class CellCommands {
  #cntrlCmd = 0;
  #unitMode = PRODUCTION_MODE;

  /** `receiver`: who takes the requests, and its clock, for those that say for whom and until when they are. */
  take(written: readonly WrittenMetric[], receiver: () => Receiver): readonly CellDemand[] {
    const values = new Map(written.map(({ name, value }) => [name, value]));
    this.#cntrlCmd = (values.get(CNTRL_CMD) as number | undefined) ?? this.#cntrlCmd;
    this.#unitMode = (values.get(UNIT_MODE) as number | undefined) ?? this.#unitMode;
    const requestId = (values.get(REQUEST_ID) as string | undefined) ?? null;
    if (requestId !== null && !RequestId.safeParse(requestId).success) {
      const detail = `${REQUEST_ID} takes at most 128 letters, digits, space and _ . : @ -`;
      return [refused('invalid-value', detail, null)];
    }
    const demands: CellDemand[] = [];
    if (values.get(CMD_CHANGE_REQUEST) === true) demands.push(this.#changeState(requestId));
    if (values.get(UNIT_MODE_CHANGE_REQUEST) === true) demands.push(this.#changeMode(requestId));
    for (const command of CELL_COMMANDS) {
      if (values.get(commandMetric(command)) === true) demands.push(cellRequest(command, requestId));
    }
    for (const topic of Object.keys(INTAKE_TOPICS) as IntakeTopic[]) {
      const body = values.get(intakeMetric(topic));
      if (body !== undefined) demands.push(intakeRequest(topic, body as string, receiver));
    }
    if (demands.length <= 1 || requestId === null) return demands;
    return [
      refused(
        'invalid-value',
        `${demands.length} requests under one request id; send them one by one`,
        requestId,
      ),
    ];
  }

  #changeState(requestId: string | null): CellDemand {
    const command = commandOfNumber(this.#cntrlCmd);
    if (command !== null) return cellRequest(command, requestId);
    const known = CELL_COMMANDS.map((each, index) => `${index + 1} ${each}`).join(', ');
    return refused('unknown-command', `${CNTRL_CMD} is ${this.#cntrlCmd}; write one of ${known}`, requestId);
  }

  #changeMode(requestId: string | null): CellDemand {
    if (this.#unitMode === PRODUCTION_MODE) {
      return {
        kind: 'answer',
        requestId,
        result: { status: 'accepted', detail: 'the cell is in production mode' },
      };
    }
    const detail = `${UNIT_MODE} is ${this.#unitMode}; the cell has production mode only, ${PRODUCTION_MODE}`;
    return refused('mode-not-supported', detail, requestId);
  }
}

function cellRequest(command: CellCommand, requestId: string | null): CellDemand {
  return { kind: 'request', requestId, request: { kind: 'cell', body: { command } } };
}

/** A command is never retained; that Sparkplug sends it with QoS 0 is made good by its result. */
const DELIVERY = { retained: false, qos: 1 } as const;

/** A request in JSON, as the cell takes it over MQTT too; its id stands in it. */
function intakeRequest(topic: IntakeTopic, json: string, receiver: () => Receiver): CellDemand {
  const decoded = decodeIntake(topic, new TextEncoder().encode(json));
  if (!decoded.ok) return refused(decoded.reason, faultsAsText(decoded.faults), decoded.requestId);
  const { frame, request } = decoded;
  const fault = frameFault(request, frame, DELIVERY, receiver);
  if (fault !== null) return refused(fault.code, fault.message, frame.requestId);
  return { kind: 'request', requestId: frame.requestId, request };
}

function refused(code: string, detail: string, requestId: string | null): CellDemand {
  return { kind: 'answer', requestId, result: { status: 'refused', code, detail } };
}
