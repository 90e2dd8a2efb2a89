import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';

/** Shorter phases are stretched to this: quintics over shorter spans would lose their jerk to rounding. */
const PHASE_MIN_S = 1e-3;

/** Durations of a symmetric rest-to-rest profile: jerk, constant acceleration, jerk, cruise, and back. */
interface Phases {
  readonly jerkUs: number;
  readonly accelerationUs: number;
  readonly cruiseUs: number;
}

/**
 * Time-optimal phases over a unit length with the given limits of the scalar (per second and so on), rounded up to
 * whole microseconds. Source: the seven-phase profile of Biagiotti & Melchiorri, Trajectory Planning for Automatic
 * Machines and Robots (2008), section 3.4, for zero velocities at both ends.
 */
function phases(velocityMax: number, accelerationMax: number, jerkMax: number): Phases {
  let jerkS: number;
  let accelerationS: number;
  let cruiseS: number;
  const reachesAcceleration = velocityMax * jerkMax >= accelerationMax * accelerationMax;
  if (jerkMax === Infinity) jerkS = 0;
  else jerkS = reachesAcceleration ? accelerationMax / jerkMax : Math.sqrt(velocityMax / jerkMax);
  accelerationS = reachesAcceleration ? velocityMax / accelerationMax - jerkS : 0;
  cruiseS = 1 / velocityMax - 2 * jerkS - accelerationS;
  if (cruiseS < 0) {
    // The velocity limit is not reached.
    cruiseS = 0;
    const rampS = jerkMax === Infinity ? 0 : accelerationMax / jerkMax;
    accelerationS = (-3 * rampS + Math.sqrt(rampS * rampS + 4 / accelerationMax)) / 2;
    jerkS = rampS;
    if (accelerationS < 0) {
      accelerationS = 0;
      jerkS = Math.cbrt(1 / (2 * jerkMax));
    }
  }
  const up = (seconds: number, required: boolean): number => {
    if (!required && seconds < 1e-9) return 0;
    return Math.ceil(Math.max(seconds, PHASE_MIN_S) * 1e6 - 1e-6);
  };
  return {
    jerkUs: up(jerkS, true),
    accelerationUs: up(accelerationS, false),
    cruiseUs: up(cruiseS, false),
  };
}

/**
 * The fastest motion from rest to rest along the straight joint-space line between two positions, within the
 * velocity, acceleration and jerk limits of every joint. Its knots are the ends of the phases, so the quintics
 * between them are exactly the phases' cubics. `from` and `to` must differ.
 */
export function straightLineTrajectory(
  from: readonly number[],
  to: readonly number[],
  limits: readonly JointLimits[],
): JointTrajectory {
  let velocityMax = Infinity;
  let accelerationMax = Infinity;
  let jerkMax = Infinity;
  for (let j = 0; j < from.length; j++) {
    const distance = Math.abs((to[j] as number) - (from[j] as number));
    if (distance === 0) continue;
    const limit = limits[j] as JointLimits;
    velocityMax = Math.min(velocityMax, limit.velocityMax / distance);
    accelerationMax = Math.min(accelerationMax, limit.accelerationMax / distance);
    jerkMax = Math.min(jerkMax, limit.jerkMax / distance);
  }
  const { jerkUs, accelerationUs, cruiseUs } = phases(velocityMax, accelerationMax, jerkMax);
  const jerkS = jerkUs * 1e-6;
  const accelerationS = accelerationUs * 1e-6;
  const cruiseS = cruiseUs * 1e-6;
  // With the durations fixed, the unit length fixes the velocity, hence acceleration and jerk: all within limits,
  // because the durations were only rounded up.
  const velocity = 1 / (2 * jerkS + accelerationS + cruiseS);
  const acceleration = velocity / (jerkS + accelerationS);
  const jerk = acceleration / jerkS;

  const timesUs: number[] = [0];
  const knots: [number, number, number][] = [[0, 0, 0]];
  const phase = (durationUs: number, phaseJerk: number): void => {
    if (durationUs === 0) return;
    const t = durationUs * 1e-6;
    const [s, v, a] = knots[knots.length - 1] as [number, number, number];
    knots.push([
      s + t * (v + t * (a / 2 + (t * phaseJerk) / 6)),
      v + t * (a + (t * phaseJerk) / 2),
      a + t * phaseJerk,
    ]);
    timesUs.push((timesUs[timesUs.length - 1] as number) + durationUs);
  };
  phase(jerkUs, jerk);
  phase(accelerationUs, 0);
  phase(jerkUs, -jerk);
  phase(cruiseUs, 0);
  phase(jerkUs, -jerk);
  phase(accelerationUs, 0);
  phase(jerkUs, jerk);
  knots[knots.length - 1] = [1, 0, 0];

  const spread = (pick: 0 | 1 | 2): number[][] =>
    knots.map((knot) =>
      from.map((start, j) => {
        const distance = (to[j] as number) - start;
        return pick === 0 ? start + distance * knot[0] : distance * knot[pick];
      }),
    );
  const positions = spread(0);
  positions[positions.length - 1] = [...to];
  return { timesUs, positions, velocities: spread(1), accelerations: spread(2) };
}
