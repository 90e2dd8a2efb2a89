import { straightPath } from '../../arms/trajectory/joint-path.ts';
import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import { timePath } from '../../arms/trajectory/time-path.ts';
import { brakingProgressUs } from '../../arms/trajectory/braking.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { place, nearest } from '../../controller/coordination/monitor/placement.ts';
import { odometerOf, pathReach, restReach } from '../../controller/coordination/monitor/reach.ts';
import type { Reach } from '../../controller/coordination/monitor/reach.ts';
import { separation } from '../../controller/coordination/monitor/separation.ts';
import { watchedArm } from '../../controller/coordination/monitor/watched-arm.ts';
import type { WatchedArm } from '../../controller/coordination/monitor/watched-arm.ts';
import type { ArmModel, CellModel } from '../../controller/domain/cell.ts';
import type { RandomStream } from '../../sim/random.ts';

/**
 * Situations in which one arm of two does otherwise than it was told, chosen so that the arms collide if nobody
 * interferes.
 */
export const VIOLATIONS = [
  /** Goes on past the end of its grant, behind which the other rests. */
  'ignores-grant',
  /** Brakes for the end of its grant with 85 % of what it should. */
  'brakes-worse',
  /** Executes another trajectory than it was sent, towards the other. */
  'wrong-trajectory',
  /** The other stands elsewhere than it said, in the way. */
  'displaced',
  /** Both were sent crossing trajectories: the coordination is wrong. */
  'crossing',
  /** The other begins to move without a command. */
  'unbidden',
] as const;
export type Violation = (typeof VIOLATIONS)[number];

/** What goes wrong with the measurements on top, before the arm goes wrong. */
export const MEASURING = ['good', 'late', 'frozen', 'silent'] as const;
export type Measuring = (typeof MEASURING)[number];

export interface Motion {
  readonly armId: string;
  /** Where it truly stands at first. */
  readonly stands: readonly number[];
  /** Where it says that it stands. */
  readonly says: readonly number[];
  /** What it is told, and how far; null: it is to rest. */
  readonly told: JointTrajectory | null;
  readonly grantedUntilUs: number;
  /** What it does; null: it rests. */
  readonly does: JointTrajectory | null;
  readonly doesUntilUs: number;
}

export interface Provocation {
  readonly seed: number;
  readonly violation: Violation;
  readonly measuring: Measuring;
  readonly cell: CellModel;
  readonly motions: readonly [Motion, Motion];
}

/** Draws tried before a situation is given up. */
const DRAWS_MAX = 400;
/** Distance kept where nothing is wrong: a grant ends where the arms are this far apart. */
const SPARE_M = 0.0005;

const BRAKES_SHARE = 0.85;
/** One thing goes wrong after another: bad measurements are noticed within this, us. */
const SETTLED_US = 450_000;

const NO_TURNS = new Float64Array(16);

/** A situation of a kind, or null when none was found with this seed: another seed has one. */
export function provocationOf(
  loaded: LoadedCell,
  violation: Violation,
  measuring: Measuring,
  seed: number,
  random: RandomStream,
): Provocation | null {
  const maker = new Maker(loaded, random);
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const motions = maker.draw(violation, measuring);
    if (motions !== null) return { seed, violation, measuring, cell: maker.pair, motions };
  }
  return null;
}

class Maker {
  readonly pair: CellModel;
  private readonly models: readonly [ArmModel, ArmModel];
  private readonly arms: readonly [WatchedArm, WatchedArm];
  private readonly random: RandomStream;
  private readonly clearM: number;

  constructor(loaded: LoadedCell, random: RandomStream) {
    const { cell } = loaded;
    this.random = random;
    this.clearM = cell.clearanceM + SPARE_M;
    const first = random.pick(cell.arms);
    const others = cell.arms
      .filter((arm) => arm !== first)
      .map((arm) => ({
        arm,
        apartM: Math.hypot(...arm.X_WB.positionM.map((value, k) => value - first.X_WB.positionM[k]!)),
      }))
      .sort((a, b) => a.apartM - b.apartM);
    const second = others[random.integer(0, Math.min(1, others.length - 1))]!.arm;
    this.models = [first, second];
    this.pair = { ...cell, arms: this.models, obstacles: [], fixedTasks: [], zones: [] };
    this.arms = this.models.map((model) =>
      watchedArm(
        model,
        loaded.descriptions.find((each) => each.armId === model.id)!,
      ),
    ) as unknown as readonly [WatchedArm, WatchedArm];
  }

  draw(violation: Violation, measuring: Measuring): readonly [Motion, Motion] | null {
    const a = this.posture(0);
    const b0 = this.posture(1);
    const b1 = this.posture(1);
    if (this.isNear(this.rest(0, a), this.rest(1, b0), 0.05)) return null;
    const path = this.motion(1, b0, b1);
    if (path === null) return null;
    const endUs = durationUs(path);
    const whole = this.along(1, path, 0, endUs);
    const resting = (stands: readonly number[], says = stands): Motion => ({
      armId: this.models[0].id,
      stands,
      says,
      told: null,
      grantedUntilUs: 0,
      does: null,
      doesUntilUs: 0,
    });
    const moving = (change: Partial<Motion>): Motion => ({
      armId: this.models[1].id,
      stands: b0,
      says: b0,
      told: path,
      grantedUntilUs: endUs,
      does: path,
      doesUntilUs: endUs,
      ...change,
    });
    switch (violation) {
      case 'ignores-grant':
      case 'brakes-worse': {
        if (!this.collide(this.rest(0, a), whole)) return null;
        const grantedUntilUs = this.clearUntil(a, path);
        const limits = this.models[1].manipulator.joints.map((joint) => joint.limits);
        let brakesUs = grantedUntilUs;
        while (brakesUs > 0 && brakingProgressUs(path, limits, brakesUs, 1) > grantedUntilUs) {
          brakesUs -= 10_000;
        }
        // It has to be on its way, and measured badly for a while, before it goes wrong.
        if (brakesUs < (measuring === 'good' ? 150_000 : SETTLED_US)) return null;
        if (violation === 'ignores-grant') return [resting(a), moving({ grantedUntilUs })];
        const doesUntilUs = Math.min(
          endUs,
          Math.round(brakesUs + (grantedUntilUs - brakesUs) / BRAKES_SHARE),
        );
        if (!this.collide(this.rest(0, a), this.along(1, path, 0, doesUntilUs))) return null;
        return [resting(a), moving({ grantedUntilUs, doesUntilUs })];
      }
      case 'wrong-trajectory': {
        if (!this.collide(this.rest(0, a), whole)) return null;
        const told = this.motion(1, b0, this.posture(1));
        if (told === null) return null;
        if (this.isNear(this.rest(0, a), this.along(1, told, 0, durationUs(told)), this.clearM)) return null;
        return [resting(a), moving({ told, grantedUntilUs: durationUs(told) })];
      }
      case 'displaced': {
        if (this.isNear(this.rest(0, a), whole, this.clearM)) return null;
        const truly = this.posture(0);
        if (this.isNear(this.rest(0, truly), this.rest(1, b0), 0.05)) return null;
        if (!this.collide(this.rest(0, truly), whole)) return null;
        return [resting(truly, a), moving({})];
      }
      case 'crossing': {
        const other = this.motion(0, a, this.posture(0));
        if (other === null) return null;
        const untilUs = durationUs(other);
        if (!this.collideInTime(other, path)) return null;
        const first: Motion = {
          ...resting(a),
          told: other,
          grantedUntilUs: untilUs,
          does: other,
          doesUntilUs: untilUs,
        };
        return [first, moving({})];
      }
      case 'unbidden': {
        if (!this.collide(this.rest(0, a), whole)) return null;
        return [resting(a), moving({ told: null, grantedUntilUs: 0 })];
      }
    }
  }

  /** Somewhere over the space that the two share, whatever the posture. */
  private posture(which: 0 | 1): readonly number[] {
    const { joints } = this.models[which].manipulator;
    const far = this.middle();
    let best: readonly number[] | null = null;
    let bestM = Infinity;
    for (let draw = 0; draw < 12; draw += 1) {
      const q = joints.map(({ limits }) => {
        const low = Math.max(limits.lower, -3);
        const high = Math.min(limits.upper, 3);
        return low + (high - low) * this.random.fraction();
      });
      const tip = place(this.arms[which], q, null);
      const at = this.arms[which].tipFrame * 12;
      const [x, y, z] = [tip.frames[at + 3]!, tip.frames[at + 7]!, tip.frames[at + 11]!];
      if (z < 0) continue;
      const apartM = Math.hypot(x - far[0]!, y - far[1]!, 0.5 * (z - far[2]! - 0.4));
      if (apartM < bestM) [best, bestM] = [q, apartM];
    }
    return best ?? this.models[which].park;
  }

  private middle(): readonly number[] {
    const [a, b] = this.models;
    return a.X_WB.positionM.map((value, k) => (value + b.X_WB.positionM[k]!) / 2);
  }

  private motion(which: 0 | 1, from: readonly number[], to: readonly number[]): JointTrajectory | null {
    const limits = this.models[which].manipulator.joints.map((joint) => joint.limits);
    const timed = timePath(straightPath([from, to], { kind: 'stop' }), limits);
    return timed.status === 'timed' ? timed.trajectory : null;
  }

  private rest(which: 0 | 1, q: readonly number[]): Reach {
    return restReach(this.arms[which], q, null);
  }

  private along(which: 0 | 1, path: JointTrajectory, fromUs: number, untilUs: number): Reach {
    const arm = this.arms[which];
    return pathReach(arm, null, odometerOf(arm, path), { fromUs, untilUs }, new Float64Array(16), 0);
  }

  private isNear(a: Reach, b: Reach, limitM: number): boolean {
    return separation(a, b, limitM).status !== 'clear';
  }

  /** Deep enough that there is no doubt. */
  private collide(a: Reach, b: Reach): boolean {
    return separation(a, b, -0.01).status === 'near';
  }

  private collideInTime(a: JointTrajectory, b: JointTrajectory): boolean {
    const untilUs = Math.max(durationUs(a), durationUs(b));
    for (let atUs = 0; atUs <= untilUs; atUs += 20_000) {
      const one = this.along(0, a, Math.min(atUs, durationUs(a)), 0);
      const other = this.along(1, b, Math.min(atUs, durationUs(b)), 0);
      if (this.collide(one, other)) return true;
    }
    return false;
  }

  /** Progress up to which a path keeps the distance to the other arm at rest, us. */
  private clearUntil(a: readonly number[], path: JointTrajectory): number {
    const endUs = durationUs(path);
    const other = place(this.arms[0], a, null);
    const q = new Float64Array(16);
    const reach = this.along(1, path, 0, endUs);
    for (let atUs = 0; atUs < endUs; atUs += 2_000) {
      reach.positions(atUs, q);
      const here = place(this.arms[1], q, null);
      if (nearest(other, here, NO_TURNS, NO_TURNS, 0.1, 0.1).distanceM < this.clearM)
        return Math.max(0, atUs - 2_000);
    }
    return endUs;
  }
}
