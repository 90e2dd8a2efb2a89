import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import type {
  ArmCommand,
  ArmEvent,
  ArmHost,
  ArmOutcome,
  ArmRefusal,
  Clock,
  Holding,
} from '../../../controller/ports.ts';

/**
 * An arm reduced to what the protocol is about: it makes progress along a trajectory in real time, never beyond
 * its grant, stops when its lease ends, and remembers what it did. It jumps from knot to knot and has no mass.
 */
export class SmallArm implements ArmHost {
  readonly armId: string;
  readonly executed: ArmCommand[] = [];
  readonly #clock: Clock;
  readonly #leaseUs: number;
  #events: ArmEvent[] = [];
  #epoch = -1;
  #heardUs: number;
  #motion: {
    id: string;
    trajectory: JointTrajectory;
    grantUs: number;
    marks: number[];
    progressUs: number;
  } | null = null;
  #last: { commandId: string; outcome: ArmOutcome } | null = null;
  #positions: readonly number[];
  #holding: Holding = { vacuum: 'off', massKg: null };
  #steppedUs: number;

  constructor(armId: string, start: readonly number[], clock: Clock, leaseUs: number) {
    this.armId = armId;
    this.#positions = start;
    this.#clock = clock;
    this.#leaseUs = leaseUs;
    this.#heardUs = clock.nowUs();
    this.#steppedUs = clock.nowUs();
  }

  get progressUs(): number | null {
    return this.#motion?.progressUs ?? null;
  }

  renewLease(): void {
    this.#heardUs = this.#clock.nowUs();
  }

  takeEvents(): readonly ArmEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  fault(code: string, detail: string): void {
    this.#events.push({ kind: 'faulted', code, detail });
  }

  clearFault(): void {
    this.#events.push({ kind: 'fault-cleared' });
  }

  loseItem(): void {
    this.#holding = { vacuum: 'off', massKg: null };
    this.#events.push({ kind: 'holding-changed', holding: this.#holding });
  }

  execute(command: ArmCommand): void {
    this.executed.push(command);
    const { commandId } = command;
    if (command.epoch < this.#epoch) return this.#refuse(commandId, 'stale-epoch');
    switch (command.kind) {
      case 'claim':
        this.#epoch = command.epoch;
        this.#end('commanded');
        this.#events.push({
          kind: 'claimed',
          commandId,
          epoch: command.epoch,
          positions: this.#positions,
          holding: this.#holding,
          last: this.#last,
        });
        return;
      case 'submit':
        if (this.#motion !== null) return this.#refuse(commandId, 'moving');
        this.#motion = {
          id: commandId,
          trajectory: command.trajectory,
          grantUs: command.grantedUntilUs,
          marks: [...command.marksUs],
          progressUs: command.fromUs,
        };
        this.#events.push({ kind: 'accepted', commandId });
        return;
      case 'extend':
        if (this.#motion?.id !== commandId) return this.#refuse(commandId, 'unknown-command');
        this.#motion.grantUs = Math.max(this.#motion.grantUs, command.grantedUntilUs);
        return;
      case 'stop':
        this.#end('commanded');
        return;
      case 'grip': {
        const grasp = command.action === 'grasp';
        this.#holding = { vacuum: grasp ? 'on' : 'off', massKg: null };
        this.#events.push({ kind: 'accepted', commandId });
        this.#finish(commandId, { status: grasp ? 'grasped' : 'released' });
      }
    }
  }

  /** Advances to the clock's instant. */
  step(): void {
    const nowUs = this.#clock.nowUs();
    const elapsedUs = nowUs - this.#steppedUs;
    this.#steppedUs = nowUs;
    const motion = this.#motion;
    if (motion !== null && nowUs - this.#heardUs > this.#leaseUs) this.#end('lease-expired');
    else if (motion !== null) {
      motion.progressUs = Math.min(motion.progressUs + elapsedUs, motion.grantUs);
      for (
        let mark = motion.marks[0];
        mark !== undefined && mark <= motion.progressUs;
        mark = motion.marks[0]
      ) {
        motion.marks.shift();
        this.#events.push({ kind: 'progressed', commandId: motion.id, progressUs: mark });
      }
      const knot = motion.trajectory.timesUs.findLastIndex((time) => time <= motion.progressUs);
      this.#positions = motion.trajectory.positions[knot] ?? this.#positions;
      if (motion.progressUs >= durationUs(motion.trajectory)) {
        this.#motion = null;
        this.#finish(motion.id, { status: 'reached' });
      }
    }
    this.#events.push({
      kind: 'state',
      sample: {
        positions: this.#positions,
        velocities: this.#positions.map(() => 0),
        sampledUs: nowUs,
        commandId: this.#motion?.id ?? null,
        progressUs: this.#motion?.progressUs ?? 0,
        holding: this.#holding,
      },
    });
  }

  #end(because: 'commanded' | 'lease-expired'): void {
    const motion = this.#motion;
    if (motion === null) return;
    this.#motion = null;
    this.#finish(motion.id, { status: 'stopped', progressUs: motion.progressUs, because });
  }

  #finish(commandId: string, outcome: ArmOutcome): void {
    this.#last = { commandId, outcome };
    this.#events.push({
      kind: 'ended',
      commandId,
      outcome,
      positions: this.#positions,
      holding: this.#holding,
    });
  }

  #refuse(commandId: string, reason: ArmRefusal): void {
    this.#events.push({ kind: 'refused', commandId, reason, detail: `the arm refused: ${reason}` });
  }
}

/** A straight motion of `durationS` seconds with a knot every 50 ms. */
export function straightMotion(
  from: readonly number[],
  to: readonly number[],
  durationS: number,
): JointTrajectory {
  const knots = Math.max(2, Math.round(durationS * 20) + 1);
  const rows = Array.from({ length: knots }, (_, i) =>
    from.map((start, joint) => start + (((to[joint] ?? 0) - start) * i) / (knots - 1)),
  );
  const still = rows.map((row) => row.map(() => 0));
  return {
    timesUs: rows.map((_, i) => Math.round((i * durationS * 1e6) / (knots - 1))),
    positions: rows,
    velocities: still,
    accelerations: still,
  };
}
