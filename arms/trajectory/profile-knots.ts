import { durationUs } from './joint-trajectory.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { pathPoint } from './path-geometry.ts';
import { sigmaAt, writeGridPoint } from './speed-grid.ts';
import { writeBasis } from './speed-problem.ts';
import { optimiseSpeed } from './speed-profile.ts';
import type { SpeedProfile } from './speed-profile.ts';
import { worstRatio } from './limit-ratio.ts';

export interface TimedStretch {
  readonly trajectory: JointTrajectory;
  /** Nominal time of each of the stretch's waypoints, us. */
  readonly waypointTimesUs: readonly number[];
}

/** Duration of part of a cell by Gauss' three-point rule. */
const GAUSS_AT = [0.5 - Math.sqrt(0.15), 0.5, 0.5 + Math.sqrt(0.15)] as const;
const GAUSS_WEIGHT = [5 / 18, 8 / 18, 5 / 18] as const;

/** Knots closer together than this would turn the rounding of positions into jerk; one left out spoils its interval. */
const KNOT_GAP_US = 200;

const basis = new Float64Array(9);

/** y and y' of the profile at local u of a cell; the basis stays in the module's scratch arrays. */
function speedAt(profile: SpeedProfile, cell: number, u: number): number {
  writeBasis(profile.grid.sigma, cell, u, basis, 0);
  const c = profile.coefficients;
  return (
    (basis[0] as number) * (c[cell] as number) +
    (basis[1] as number) * (c[cell + 1] as number) +
    (basis[2] as number) * (c[cell + 2] as number)
  );
}

function cellDuration(profile: SpeedProfile, cell: number, u: number): number {
  const h = (profile.grid.sigma[cell + 1] as number) - (profile.grid.sigma[cell] as number);
  let duration = 0;
  for (let k = 0; k < 3; k++) {
    duration += (GAUSS_WEIGHT[k] as number) / Math.sqrt(speedAt(profile, cell, u * (GAUSS_AT[k] as number)));
  }
  return duration * u * h;
}

/** Where limits are exceeded by more than this between the points the optimiser looks at, it is asked again. */
const EXCESS_MAX = 1.004;
const ROUNDS_MAX = 2;

/**
 * The trajectory of a stretch at a speed profile: one knot at each boundary of the grid, at whole microseconds.
 * Where the motion between the knots exceeds the limits, the speed is sought again with those cells slower; what
 * remains, a fraction of a percent, is taken out by slowing down the whole.
 */
export function knotsOf(optimised: SpeedProfile): TimedStretch {
  const { demand, grid } = optimised;
  const { limits } = demand;
  const cells = grid.cells.length;
  const ratios = new Float64Array(cells);
  let profile = optimised;
  let timed = knotsAt(profile, 1);
  let ratio = worstRatio(timed.trajectory, limits, ratios);
  let best = { profile, timed, ratio, durationUs: durationUs(timed.trajectory) * ratio };
  let slowness: Float64Array | null = demand.slowness;
  for (let round = 0; round < ROUNDS_MAX && ratio > EXCESS_MAX; round++) {
    slowness = slowness === null ? new Float64Array(cells).fill(1) : Float64Array.from(slowness);
    for (let k = 0; k + 1 < timed.boundaries.length; k++) {
      const excess = ratios[k] as number;
      if (excess <= 1) continue;
      for (let cell = timed.boundaries[k] as number; cell < (timed.boundaries[k + 1] as number); cell++) {
        slowness[cell] = (slowness[cell] as number) * excess;
      }
    }
    profile = optimiseSpeed(grid, { ...demand, slowness }, profile);
    timed = knotsAt(profile, 1);
    ratio = worstRatio(timed.trajectory, limits, ratios);
    const slowedUs = durationUs(timed.trajectory) * Math.max(ratio, 1);
    if (slowedUs < best.durationUs) best = { profile, timed, ratio, durationUs: slowedUs };
  }
  let slowdown = 1;
  ({ profile, timed, ratio } = best);
  for (let n = 0; n < SLOWDOWNS_MAX && ratio > 1 + 1e-7; n++) {
    slowdown *= ratio * (1 + 1e-9);
    timed = knotsAt(profile, slowdown);
    ratio = worstRatio(timed.trajectory, limits, ratios);
  }
  return timed;
}

const SLOWDOWNS_MAX = 8;

function knotsAt(
  profile: SpeedProfile,
  slowdown: number,
): TimedStretch & { readonly boundaries: readonly number[] } {
  const { grid, coefficients } = profile;
  const cells = grid.cells.length;
  const joints = grid.geometry.joints;
  const startS = new Float64Array(cells + 1);
  for (let i = 0; i < cells; i++) {
    startS[i + 1] = (startS[i] as number) + cellDuration(profile, i, 1) * slowdown;
  }
  const idealUs = (startS[cells] as number) * 1e6;
  const lastUs = Math.ceil(idealUs);
  // The last fraction of a microsecond is spread over the whole.
  const stretch = (lastUs / idealUs) * slowdown;
  const rate = 1 / stretch;

  const gapUs = Math.min(KNOT_GAP_US, lastUs / 20);
  const point = pathPoint(joints);
  const timesUs: number[] = [];
  const boundaries: number[] = [];
  const positions: number[][] = [];
  const velocities: number[][] = [];
  const accelerations: number[][] = [];
  for (let i = 0; i <= cells; i++) {
    const exactUs = ((startS[i] as number) * 1e6 * stretch) / slowdown;
    const timeUs = i === cells ? lastUs : Math.round(exactUs);
    const previous = timesUs[timesUs.length - 1];
    if (i > 0 && i < cells && (timeUs - (previous as number) < gapUs || lastUs - timeUs < gapUs)) continue;
    // The knot is placed where the path is at the whole microsecond.
    const cell = Math.min(i, cells - 1);
    const from = grid.sigma[cell] as number;
    const h = (grid.sigma[cell + 1] as number) - from;
    const boundaryU = i === cells ? 1 : 0;
    const speed = Math.sqrt(speedAt(profile, cell, boundaryU)) * rate;
    const u = i === 0 || i === cells ? boundaryU : ((timeUs - exactUs) * 1e-6 * speed) / h;
    const y = speedAt(profile, cell, u) * rate * rate;
    const slope =
      ((basis[3] as number) * (coefficients[cell] as number) +
        (basis[4] as number) * (coefficients[cell + 1] as number) +
        (basis[5] as number) * (coefficients[cell + 2] as number)) *
      rate *
      rate;
    writeGridPoint(point, grid, cell, from + u * h);
    const root = Math.sqrt(y);
    const p: number[] = [];
    const v: number[] = [];
    const a: number[] = [];
    for (let j = 0; j < joints; j++) {
      p.push(point.q[j] as number);
      // Adding 0 makes a negative zero positive.
      v.push((point.d1[j] as number) * root + 0);
      a.push((point.d2[j] as number) * y + ((point.d1[j] as number) * slope) / 2 + 0);
    }
    timesUs.push(timeUs);
    boundaries.push(i);
    positions.push(p);
    velocities.push(v);
    accelerations.push(a);
  }

  const waypointTimesUs = grid.geometry.waypointS.map((s) => {
    const sigma = sigmaAt(grid.warp, s);
    let cell = 0;
    while (cell + 1 < cells && (grid.sigma[cell + 1] as number) <= sigma) cell++;
    const from = grid.sigma[cell] as number;
    const u = (sigma - from) / ((grid.sigma[cell + 1] as number) - from);
    const atS =
      (startS[cell] as number) + cellDuration(profile, cell, Math.min(Math.max(u, 0), 1)) * slowdown;
    return Math.min(lastUs, Math.round((atS * 1e6 * stretch) / slowdown));
  });
  return { trajectory: { timesUs, positions, velocities, accelerations }, waypointTimesUs, boundaries };
}
