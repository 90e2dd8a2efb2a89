import type { JointLimits, Manipulator } from '../arms/model/manipulator.ts';
import {
  advance,
  createFollower,
  extendGrant,
  phaseOf,
  resumeFollower,
  setSpeedFactor,
  stopFollower,
} from '../arms/trajectory/follower.ts';
import type { PathFollower } from '../arms/trajectory/follower.ts';
import type { JointTrajectory } from '../arms/trajectory/joint-trajectory.ts';
import { sampleTrajectory, sampleTrajectoryFrom } from '../arms/trajectory/sample-trajectory.ts';
import type { SimSettings } from './settings.ts';

/** Deviations below this are rounding (rad, or m). */
const EXACT = 1e-9;

/** Time in which a start beside the path is eased onto it, us. */
const EASE_US = 500_000;

/**
 * How one arm physically moves: a reference that follows the trajectory no further than the grant, and a measured
 * position that is behind it by the tracking lag. A protective stop leaves the path: every joint brakes by itself.
 */
export class ArmMotion {
  /** Measured; rad (m for prismatic joints), and per second. */
  readonly positions: Float64Array;
  readonly velocities: Float64Array;
  private readonly stepUs: number;
  private readonly limits: readonly JointLimits[];
  private readonly decelerations: readonly number[];
  /** Whole steps of the lag, and the share of one more. */
  private readonly lagSteps: number;
  private readonly lagShare: number;
  /** Reference progress at the last steps, newest first. */
  private readonly trail: Float64Array;
  private trajectory: JointTrajectory | null = null;
  private follower: PathFollower | null = null;
  private cursor = 0;
  /** How far beside its path the arm began, per joint, and since when it has been eased onto it, us. */
  private readonly beside: Float64Array;
  private easedUs = EASE_US;
  private measuredUs = 0;
  private braking = false;
  private stopWanted = false;
  private ended: 'end' | 'stopped' = 'end';

  constructor(manipulator: Manipulator, settings: SimSettings, standing: readonly number[]) {
    this.positions = Float64Array.from(standing);
    this.velocities = new Float64Array(standing.length);
    this.beside = new Float64Array(standing.length);
    this.stepUs = settings.stepUs;
    this.limits = manipulator.joints.map((joint) => joint.limits);
    this.decelerations = manipulator.joints.map(
      (joint) => joint.limits.accelerationMax * settings.protectiveDeceleration,
    );
    this.lagSteps = Math.floor(settings.trackingLagUs / settings.stepUs);
    this.lagShare = settings.trackingLagUs / settings.stepUs - this.lagSteps;
    this.trail = new Float64Array(this.lagSteps + 2);
  }

  /** A trajectory is being followed, also while waiting for its grant to grow. */
  get moving(): boolean {
    return this.follower !== null || this.braking;
  }

  /** The last motion came to its end, and did not stop before. */
  get atEnd(): boolean {
    return this.ended === 'end';
  }

  /** Measured progress of the motion, or of the last one: nominal trajectory time, us, maybe fractional. */
  get progressUs(): number {
    return this.measuredUs;
  }

  /** How far the arm stands from a point of a trajectory: the worst joint, rad (m). */
  deviation(trajectory: JointTrajectory, atUs: number): { readonly joint: number; readonly by: number } {
    const wanted = new Float64Array(this.positions.length);
    sampleTrajectory(trajectory, atUs, wanted);
    let [joint, by] = [0, 0];
    for (let j = 0; j < wanted.length; j += 1) {
      const off = Math.abs((wanted[j] as number) - (this.positions[j] as number));
      if (off > by) [joint, by] = [j, off];
    }
    return { joint, by };
  }

  begin(trajectory: JointTrajectory, fromUs: number, grantedUntilUs: number): void {
    this.trajectory = trajectory;
    this.follower = createFollower(trajectory, this.limits, grantedUntilUs);
    this.follower.progressUs = fromUs;
    this.trail.fill(fromUs);
    this.measuredUs = fromUs;
    this.cursor = 0;
    this.stopWanted = false;
    sampleTrajectory(trajectory, fromUs, this.beside);
    let off = 0;
    for (let j = 0; j < this.beside.length; j += 1) {
      this.beside[j] = (this.positions[j] as number) - (this.beside[j] as number);
      off = Math.max(off, Math.abs(this.beside[j] as number));
    }
    this.easedUs = off > EXACT ? 0 : EASE_US;
  }

  /** Lets the reference go further along the trajectory; a lower value is ignored. */
  extend(grantedUntilUs: number): void {
    if (this.follower !== null) extendGrant(this.follower, grantedUntilUs);
  }

  /** Brakes on the path. */
  stop(): void {
    this.stopWanted = true;
  }

  /** Brakes every joint by itself as fast as its drive can, wherever that leads. */
  brakeOffPath(): void {
    if (this.follower === null) return;
    this.follower = null;
    this.braking = true;
  }

  /** An override of 0 is a stop that ends by itself. */
  private heed(follower: PathFollower, share: number): void {
    const wish = share === 0 || this.stopWanted ? 'stop' : 'go';
    if (wish !== follower.wish) {
      if (wish === 'stop') stopFollower(follower, 'on-path');
      else resumeFollower(follower);
    }
    if (share > 0) setSpeedFactor(follower, share);
  }

  /** One step; `share` of its speed is what the arm is allowed (override). */
  step(share: number): void {
    if (this.braking) return this.stepBraking();
    const { follower, trajectory, trail } = this;
    if (follower === null || trajectory === null) return;
    this.heed(follower, share);
    for (let k = trail.length - 1; k > 0; k -= 1) trail[k] = trail[k - 1] as number;
    advance(follower, this.stepUs);
    trail[0] = follower.progressUs;
    const newer = trail[this.lagSteps] as number;
    const measuredUs = newer + ((trail[this.lagSteps + 1] as number) - newer) * this.lagShare;
    const advanceUs = measuredUs - this.measuredUs;
    this.measuredUs = measuredUs;
    const easing = this.easedUs < EASE_US;
    if (advanceUs > 0 || easing) {
      this.cursor = sampleTrajectoryFrom(
        trajectory,
        this.cursor,
        measuredUs,
        this.positions,
        this.velocities,
      );
      const rate = advanceUs / this.stepUs;
      for (let j = 0; j < this.velocities.length; j += 1) {
        this.velocities[j] = (this.velocities[j] as number) * rate;
      }
      if (easing) this.ease();
    } else {
      this.velocities.fill(0);
    }
    if (measuredUs !== follower.progressUs || this.easedUs < EASE_US) return;
    const phase = phaseOf(follower);
    if (phase === 'reached' || (phase === 'resting' && this.stopWanted)) {
      this.ended = phase === 'reached' ? 'end' : 'stopped';
      this.velocities.fill(0);
      this.follower = null;
    }
  }

  /** Fades out what the arm stands beside its path, along a quintic: at rest at both ends. */
  private ease(): void {
    this.easedUs = Math.min(EASE_US, this.easedUs + this.stepUs);
    const u = this.easedUs / EASE_US;
    const left = 1 - u * u * u * (10 - 15 * u + 6 * u * u);
    const slopePerS = (-30 * u * u * (1 - u) * (1 - u) * 1e6) / EASE_US;
    for (let j = 0; j < this.beside.length; j += 1) {
      const beside = this.beside[j] as number;
      this.positions[j] = (this.positions[j] as number) + beside * left;
      this.velocities[j] = (this.velocities[j] as number) + beside * slopePerS;
    }
  }

  private stepBraking(): void {
    const dtS = this.stepUs / 1e6;
    let moving = false;
    for (let j = 0; j < this.positions.length; j += 1) {
      const before = this.velocities[j] as number;
      const less = (this.decelerations[j] as number) * dtS;
      const after = Math.abs(before) <= less ? 0 : before - Math.sign(before) * less;
      // Exact for constant deceleration, also in the step in which it comes to rest.
      const overS = after === 0 && less > 0 ? (Math.abs(before) / less) * dtS : dtS;
      this.positions[j] = (this.positions[j] as number) + ((before + after) / 2) * overS;
      this.velocities[j] = after;
      if (after !== 0) moving = true;
    }
    if (moving) return;
    this.braking = false;
    this.ended = 'stopped';
  }

  /** Stands at joint positions, without motion. */
  standAt(positions: readonly number[]): void {
    this.positions.set(positions);
    this.velocities.fill(0);
    this.follower = null;
    this.braking = false;
    this.easedUs = EASE_US;
  }
}
