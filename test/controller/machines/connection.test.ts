import { describe, expect, it } from 'vitest';
import { connectionStepper } from '../../../controller/machines/connection.ts';
import type { ConnectionEvent } from '../../../controller/machines/connection.ts';

const TIMEOUTS = { connectUs: 1_000_000, staleUs: 200_000, lostUs: 300_000 };

/** Steps through events; gives state, effects and next deadline after each. */
function follow(...events: ConnectionEvent[]): string[] {
  let { state } = connectionStepper.start(TIMEOUTS);
  return events.map((event) => {
    const step = connectionStepper.step(state, event);
    state = step.state;
    const effects = step.effects.map((effect) => effect.type).join();
    return `${state.value} [${effects}] ${state.context.deadlineUs ?? '-'} ${state.context.lostBecause ?? ''}`.trim();
  });
}

const tick = (nowUs: number): ConnectionEvent => ({ type: 'TICK', nowUs });
const connect: ConnectionEvent = { type: 'CONNECT', nowUs: 0 };
const heard = (nowUs: number): ConnectionEvent => ({ type: 'HEARD', nowUs });

describe('a link that falls silent', () => {
  it('is stale, then lost, at the instants that its silence sets, not before', () => {
    expect(
      follow(connect, heard(10), tick(200_009), tick(200_010), tick(500_009), tick(500_010), tick(9_000_000)),
    ).toEqual([
      'connecting [] 1000000',
      'connected [announceConnected] 200010',
      'connected [] 200010',
      'stale [announceStale] 500010',
      'stale [] 500010',
      'lost [announceLost] - silent for 0.5 s',
      'lost [] - silent for 0.5 s',
    ]);
  });

  it('is lost at its own instant however late the tick comes', () => {
    expect(follow(connect, heard(10), tick(450_000), tick(500_010)).slice(2)).toEqual([
      'stale [announceStale] 500010',
      'lost [announceLost] - silent for 0.5 s',
    ]);
  });

  it('is connected again by the next word, from stale and from lost', () => {
    expect(follow(connect, heard(0), tick(200_000), heard(250_000)).at(-1)).toBe(
      'connected [announceConnected] 450000',
    );
    expect(follow(connect, heard(0), tick(200_000), tick(500_000), heard(700_000)).at(-1)).toBe(
      'connected [announceConnected] 900000',
    );
  });

  it('is lost when nobody answers, or when the transport says so', () => {
    expect(follow(connect, tick(1_000_000)).at(-1)).toBe('lost [announceLost] - no answer within 1 s');
    expect(follow(connect, heard(0), { type: 'CLOSED', nowUs: 5, reason: 'reset by peer' }).at(-1)).toBe(
      'lost [announceLost] - reset by peer',
    );
  });

  it('is not lost when we end it ourselves', () => {
    expect(
      follow(connect, heard(0), { type: 'DISCONNECT', nowUs: 5 }, tick(9_000_000), heard(9_000_001)),
    ).toEqual([
      'connecting [] 1000000',
      'connected [announceConnected] 200000',
      'disconnected [announceDisconnected] -',
      'disconnected [] -',
      'disconnected [] -',
    ]);
  });
});
