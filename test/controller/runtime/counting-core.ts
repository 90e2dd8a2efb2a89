import type { CoreEffect } from '../../../controller/core/effect.ts';
import type { CoreEvent } from '../../../controller/core/event.ts';
import type { Reducer } from '../../../controller/runtime/replay.ts';

/**
 * A core of a few lines for tests of the runtime: every order is answered, a timer runs after each, and the order in
 * which everything came is in its state, so that anything lost, doubled or swapped shows in the hash.
 */
export interface CountingState {
  epoch: number;
  nowUs: number;
  orders: Record<string, number>;
  arms: Record<string, string[]>;
  /** Instant at which something happens by itself; null: nothing will. */
  timerUs: number | null;
  fired: number;
  /** Rolling digest of everything that came, in order. */
  digest: number;
  events: number;
}

export interface CountingCore {
  state: CountingState;
}

export const countingReducer: Reducer<CountingCore> = {
  create: () => ({
    state: { epoch: 0, nowUs: 0, orders: {}, arms: {}, timerUs: null, fired: 0, digest: 7, events: 0 },
  }),
  restore: (state) => ({ state: state as CountingState }),
  stateOf: (core) => core.state,
  step(core, events, nowUs) {
    const { state } = core;
    const effects: CoreEffect[] = [];
    if (state.timerUs !== null && nowUs >= state.timerUs) {
      state.timerUs = null;
      state.fired += 1;
      effects.push(notice(`timer fired at ${nowUs}`));
    }
    for (const event of events) take(state, event, nowUs, effects);
    state.nowUs = nowUs;
    mix(state, `${nowUs}`);
    return effects;
  },
};

function take(state: CountingState, event: CoreEvent, nowUs: number, effects: CoreEffect[]): void {
  state.events += 1;
  mix(state, JSON.stringify(event));
  switch (event.kind) {
    case 'started':
      state.epoch = event.epoch;
      break;
    case 'intake': {
      if (event.request.kind !== 'order') break;
      const { orderId } = event.request.body;
      const isNew = state.orders[orderId] === undefined;
      state.orders[orderId] = (state.orders[orderId] ?? 0) + 1;
      state.timerUs ??= nowUs + 50_000;
      effects.push(
        {
          kind: 'reply',
          requestId: event.requestId,
          result: { status: isNew ? 'accepted' : 'duplicate', detail: orderId },
        },
        {
          kind: 'arm',
          armId: 'a1',
          command: {
            kind: 'grip',
            commandId: `grip-${orderId}`,
            epoch: state.epoch,
            action: 'grasp',
            dwellUs: 1_000,
          },
        },
      );
      break;
    }
    case 'arm':
      (state.arms[event.armId] ??= []).push(event.event.kind);
      if (event.event.kind === 'faulted') {
        effects.push({
          kind: 'arm',
          armId: event.armId,
          command: { kind: 'stop', commandId: `stop-${state.events}`, epoch: state.epoch, stop: 'on-path' },
        });
      }
      break;
    default:
      break;
  }
}

function notice(message: string): CoreEffect {
  return { kind: 'notice', level: 'info', code: 'timer', message, taskId: null, armId: null, orderId: null };
}

function mix(state: CountingState, text: string): void {
  for (let index = 0; index < text.length; index += 1) {
    state.digest = (Math.imul(state.digest, 31) + text.charCodeAt(index)) | 0;
  }
}

/** An order as it comes in, for tests. */
export function orderEvent(orderId: string, requestId = `r-${orderId}`): CoreEvent {
  return {
    kind: 'intake',
    requestId,
    source: 'http',
    request: {
      kind: 'order',
      body: { orderId, priority: 50, shipBy: null, lines: [{ lineId: '1', sku: 'sku-1', quantity: 1 }] },
    },
  };
}
