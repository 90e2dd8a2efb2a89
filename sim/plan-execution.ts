import type { JointLimits } from '../arms/model/manipulator.ts';
import {
  advance,
  createFollower,
  extendGrant,
  phaseOf,
  sampleFollower,
} from '../arms/trajectory/follower.ts';
import type { PathFollower } from '../arms/trajectory/follower.ts';
import type { JointTrajectory } from '../arms/trajectory/joint-trajectory.ts';
import type { DependencyGraph } from '../controller/coordination/dependency-graph.ts';
import type { ArmProgress, GrantTable } from '../controller/coordination/grants.ts';
import { grantOf, grantTable } from '../controller/coordination/grants.ts';

/** A leg to be driven, not before `startUs`. */
export interface ExecutedLeg {
  readonly trajectory: JointTrajectory;
  readonly startUs: number;
}

/** What one arm is to do, from where it stands. */
export interface ArmScript {
  readonly standing: readonly number[];
  readonly limits: readonly JointLimits[];
  readonly legs: readonly ExecutedLeg[];
}

/** What came of it. */
export interface Execution {
  /** Positions of every arm at every sample instant, rad, from time 0 until all rest. */
  readonly samples: readonly (readonly Float64Array[])[];
  /** When each leg of each arm began and ended, us. */
  readonly beganUs: readonly (readonly number[])[];
  readonly endedUs: readonly (readonly number[])[];
}

/** Time between samples, us. */
export const SAMPLE_US = 10_000;

/** Samples after which something must have moved: five minutes. */
const PATIENCE = 30_000;

/**
 * Drives arms along their legs in simulated time: each by a follower that never passes its grant, the grants as the
 * graph gives them by the progress that the arms made. Without a graph every leg is granted whole.
 *
 * @returns null when the arms got stuck, which an accepted graph excludes
 */
export function executePlan(scripts: readonly ArmScript[], graph: DependencyGraph | null): Execution | null {
  const table = graph === null ? null : grantTable(graph);
  const progress: ArmProgress[] = scripts.map(() => ({ leg: 0, progressUs: 0 }));
  const drivers = scripts.map((script, arm) => new Driver(script, arm, table, progress));
  let idle = 0;
  for (let nowUs = 0; ; nowUs += SAMPLE_US) {
    let moved = false;
    for (const driver of drivers) {
      driver.record();
      if (driver.isMoving) moved = true;
    }
    if (drivers.every((driver) => driver.isDone)) break;
    idle = moved ? 0 : idle + 1;
    if (idle > PATIENCE) return null;
    for (const driver of drivers) driver.step(nowUs);
    drivers.forEach((driver, arm) => (progress[arm] = driver.progress));
  }
  return {
    samples: drivers.map((driver) => driver.samples),
    beganUs: drivers.map((driver) => driver.beganUs),
    endedUs: drivers.map((driver) => driver.endedUs),
  };
}

class Driver {
  readonly samples: Float64Array[] = [];
  readonly beganUs: number[] = [];
  readonly endedUs: number[] = [];
  readonly #script: ArmScript;
  readonly #arm: number;
  readonly #table: GrantTable | null;
  readonly #all: readonly ArmProgress[];
  readonly #positions: Float64Array;
  #leg = 0;
  #follower: PathFollower | null = null;

  constructor(script: ArmScript, arm: number, table: GrantTable | null, all: readonly ArmProgress[]) {
    this.#script = script;
    this.#arm = arm;
    this.#table = table;
    this.#all = all;
    this.#positions = Float64Array.from(script.standing);
  }

  get isDone(): boolean {
    return this.#leg === this.#script.legs.length;
  }

  get isMoving(): boolean {
    return this.#follower !== null && phaseOf(this.#follower) === 'moving';
  }

  get progress(): ArmProgress {
    return { leg: this.#leg, progressUs: this.#follower?.progressUs ?? 0 };
  }

  record(): void {
    if (this.#follower !== null) sampleFollower(this.#follower, this.#positions);
    this.samples.push(this.#positions.slice());
  }

  /** One sample's time; a leg may begin or end in its midst. */
  step(nowUs: number): void {
    let atUs = nowUs;
    const untilUs = nowUs + SAMPLE_US;
    while (atUs < untilUs && !this.isDone) {
      const { trajectory, startUs } = this.#script.legs[this.#leg];
      const endUs = trajectory.timesUs[trajectory.timesUs.length - 1];
      const grantedUs = this.#grantedUs(endUs);
      if (this.#follower === null) {
        if (startUs >= untilUs || (grantedUs <= 0 && endUs > 0)) return;
        atUs = Math.max(atUs, startUs);
        this.#follower = createFollower(trajectory, this.#script.limits, grantedUs);
        this.beganUs.push(atUs);
      }
      const follower = this.#follower;
      extendGrant(follower, grantedUs);
      const before = follower.progressUs;
      const isSteady = follower.pieces.length === 0 && (follower.rate === 1 || before === 0);
      advance(follower, untilUs - atUs);
      if (phaseOf(follower) !== 'reached') return;
      // At its nominal rate it came to its end sooner than the sample; else the rest of the sample is lost.
      atUs = isSteady ? Math.min(untilUs, atUs + endUs - before) : untilUs;
      this.endedUs.push(atUs);
      this.#positions.set(trajectory.positions[trajectory.positions.length - 1]);
      this.#leg += 1;
      this.#follower = null;
    }
  }

  #grantedUs(endUs: number): number {
    if (this.#table === null) return endUs;
    const progress = [...this.#all];
    progress[this.#arm] = this.progress;
    const grant = grantOf(this.#table, progress, this.#arm);
    if (grant.leg > this.#leg || grant.heldBy === null) return endUs;
    return grant.leg < this.#leg ? 0 : Math.min(endUs, grant.untilUs);
  }
}
