import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMAND_KINDS } from '../../../protocols/mqtt/arm-messages.ts';
import type { CommandFrame, CommandKind } from '../../../protocols/mqtt/arm-messages.ts';
import { ArmClock } from '../../../protocols/mqtt/arm-clock.ts';
import { CommandAdmission } from '../../../protocols/mqtt/command-admission.ts';

const LEASE_US = 500_000;

function frame(part: Partial<CommandFrame>): CommandFrame {
  return { commandId: 'c', epoch: 2, seq: 1, session: 's', echoUs: 0, validForUs: 1_000_000, ...part };
}

/** An arm that epoch 2 has claimed at instant 0 with sequence 1. */
function claimed(): CommandAdmission {
  const admission = new CommandAdmission('s', LEASE_US);
  expect(admission.admit('claim', frame({}), 'live', 0)).toEqual({ ok: true });
  return admission;
}

describe('the admission of commands at the arm', () => {
  it('takes a command up to the last instant of its time, and none after', () => {
    for (const [nowUs, ok] of [
      [400_000, true],
      [400_001, false],
    ] as const) {
      const admission = claimed();
      const command = frame({ seq: 2, echoUs: 300_000, validForUs: 100_000 });
      expect(admission.admit('grip', command, 'live', nowUs).ok).toBe(ok);
    }
  });

  it('does not believe an echo of an instant that has not been yet', () => {
    expect(claimed().admit('grip', frame({ seq: 2, echoUs: 11 }), 'live', 10)).toMatchObject({
      reason: 'malformed',
    });
  });

  it('counts the lease from the echoed instant, so that a renewal held up on its way is worth less', () => {
    const admission = claimed();
    expect(admission.leaseLeftUs(0)).toBe(LEASE_US);
    const renewal = { epoch: 2, session: 's', echoUs: 400_000 };
    expect(admission.renew(renewal, 700_000)).toBe(true);
    expect(admission.leaseLeftUs(700_000)).toBe(200_000);
    expect(admission.renew({ ...renewal, echoUs: 100_000 }, 550_000)).toBe(true);
    expect(admission.leaseLeftUs(550_000)).toBe(350_000); // a renewal never shortens it
    expect(admission.renew(renewal, 900_000)).toBe(false);
    expect(admission.renew({ ...renewal, epoch: 1 }, 500_000)).toBe(false);
    expect(admission.renew({ ...renewal, session: 'other' }, 500_000)).toBe(false);
    expect(admission.renew({ ...renewal, echoUs: 2_000_000 }, 500_000)).toBe(false);
    const late = frame({ seq: 2, echoUs: 900_000 });
    expect(admission.admit('submit', late, 'live', 900_000)).toMatchObject({ reason: 'no-lease' });
    expect(admission.admit('grip', late, 'live', 900_000)).toEqual({ ok: true });
  });

  it('obeys a stop that is late, overtaken or of another session, but not a stale or repeated one', () => {
    const admission = claimed();
    expect(admission.admit('submit', frame({ seq: 9 }), 'live', 10).ok).toBe(true);
    const stop = frame({ seq: 5, session: 'other', echoUs: 0, validForUs: 1 });
    expect(admission.admit('stop', stop, 'live', 9_000_000)).toEqual({ ok: true });
    expect(admission.admit('stop', stop, 'live', 9_000_000)).toMatchObject({ reason: 'duplicate-command' });
    expect(admission.admit('stop', frame({ seq: 6, epoch: 1 }), 'live', 0)).toMatchObject({
      reason: 'stale-epoch',
    });
    expect(admission.admit('stop', frame({ seq: 7 }), 'retained', 0)).toMatchObject({
      reason: 'retained-command',
    });
  });

  it('begins to count anew with a new controller', () => {
    const admission = claimed();
    expect(admission.admit('grip', frame({ seq: 50 }), 'live', 0).ok).toBe(true);
    expect(admission.admit('claim', frame({ epoch: 3, seq: 1 }), 'live', 0).ok).toBe(true);
    expect(admission.admit('grip', frame({ epoch: 3, seq: 2 }), 'live', 0).ok).toBe(true);
    expect(admission.admit('grip', frame({ epoch: 2, seq: 51 }), 'live', 0)).toMatchObject({
      reason: 'stale-epoch',
    });
  });

  it('takes no motion twice, none of an old epoch, none out of its order: whatever the way does', () => {
    const command = fc.record({
      kind: fc.constantFrom<CommandKind>(...COMMAND_KINDS),
      epoch: fc.integer({ min: 1, max: 3 }),
      seq: fc.integer({ min: 1, max: 12 }),
      ageUs: fc.integer({ min: 0, max: 2_000_000 }),
      delivery: fc.constantFrom('live' as const, 'retained' as const),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const admission = new CommandAdmission('s', LEASE_US);
        let [nowUs, epoch, lastSeq] = [10_000_000, 0, 0];
        const taken = new Set<string>();
        for (const { kind, epoch: of, seq, ageUs, delivery } of commands) {
          nowUs += 1_000;
          const before = { epoch: admission.epoch, leaseLeftUs: admission.leaseLeftUs(nowUs) };
          const result = admission.admit(
            kind,
            frame({ epoch: of, seq, echoUs: nowUs - ageUs }),
            delivery,
            nowUs,
          );
          if (!result.ok) {
            expect(admission.epoch).toBe(before.epoch);
            continue;
          }
          expect(delivery).toBe('live');
          expect(taken.has(`${of}/${seq}`)).toBe(false);
          expect(of).toBeGreaterThanOrEqual(epoch);
          if (kind !== 'claim') expect(of).toBe(epoch);
          if (of !== epoch) lastSeq = 0;
          if (kind !== 'stop') {
            expect(seq).toBeGreaterThan(lastSeq);
            expect(ageUs).toBeLessThanOrEqual(1_000_000);
          }
          if (kind === 'submit' || kind === 'extend') expect(before.leaseLeftUs).toBeGreaterThan(0);
          taken.add(`${of}/${seq}`);
          epoch = of;
          lastSeq = Math.max(lastSeq, seq);
        }
      }),
      { seed: 20_260_301, numRuns: 2_000 },
    );
  });
});

describe('the arm’s clock as the controller sees it', () => {
  it('never puts a sample later than its arrival, and shows the age of one that was held up', () => {
    const clock = new ArmClock();
    const offsetUs = 77_000_000;
    clock.note(1_000, 1_000 + offsetUs + 900);
    clock.note(21_000, 21_000 + offsetUs + 400); // the quickest so far
    clock.note(41_000, 41_000 + offsetUs + 350_000);
    expect(clock.toReceiverUs(41_000)).toBe(41_000 + offsetUs + 400);
  });

  it('follows a clock that drifts', () => {
    const clock = new ArmClock();
    let armUs = 0;
    for (let hereUs = 0; hereUs < 120_000_000; hereUs += 20_000) {
      armUs = Math.floor(hereUs * 0.9999); // slow by 100 us per second
      clock.note(armUs, hereUs);
    }
    // Told by the first sample alone it would be 12 ms off.
    expect(120_000_000 - clock.toReceiverUs(armUs)).toBeLessThan(2_100_000 * 0.001 + 20_000);
  });
});
