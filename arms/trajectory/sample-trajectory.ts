import type { JointTrajectory } from './joint-trajectory.ts';

/** Anything that numbers can be written to by index; a Float64Array is the fast one. */
export type NumberSink = Float64Array | number[];

/** Index of the knot that begins the interval holding `timeUs`; the last interval for instants at or past the end. */
function intervalAt(timesUs: readonly number[], timeUs: number): number {
  let low = 0;
  let high = timesUs.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((timesUs[middle] as number) <= timeUs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Positions (and, where asked for, velocities per second and accelerations per second squared) at nominal time
 * `timeUs`, which may be fractional. Before 0 and after the end the arm rests at the first and the last knot.
 * Allocates nothing. The trajectory must be valid (see `validateTrajectory`).
 */
export function sampleTrajectory(
  trajectory: JointTrajectory,
  timeUs: number,
  positionsOut: NumberSink,
  velocitiesOut?: NumberSink,
  accelerationsOut?: NumberSink,
): void {
  const interval = intervalAt(trajectory.timesUs, timeUs);
  sampleInterval(trajectory, interval, timeUs, positionsOut, velocitiesOut, accelerationsOut);
}

/**
 * The same for a reader that walks along: starts the search at interval `cursor` (0 at first) and returns the
 * interval it found, to be passed to the next call. Constant time when successive instants are close together.
 */
export function sampleTrajectoryFrom(
  trajectory: JointTrajectory,
  cursor: number,
  timeUs: number,
  positionsOut: NumberSink,
  velocitiesOut?: NumberSink,
  accelerationsOut?: NumberSink,
): number {
  const times = trajectory.timesUs;
  const last = times.length - 2;
  let interval = cursor < 0 ? 0 : cursor > last ? Math.max(last, 0) : cursor;
  let hops = 0;
  while (interval < last && (times[interval + 1] as number) <= timeUs && hops < 4) {
    interval++;
    hops++;
  }
  while (interval > 0 && (times[interval] as number) > timeUs && hops < 4) {
    interval--;
    hops++;
  }
  if (hops === 4) interval = intervalAt(times, timeUs);
  sampleInterval(trajectory, interval, timeUs, positionsOut, velocitiesOut, accelerationsOut);
  return interval;
}

function sampleInterval(
  trajectory: JointTrajectory,
  interval: number,
  timeUs: number,
  positionsOut: NumberSink,
  velocitiesOut: NumberSink | undefined,
  accelerationsOut: NumberSink | undefined,
): void {
  const times = trajectory.timesUs;
  const last = times.length - 1;
  if (last < 1 || timeUs <= 0 || timeUs >= (times[last] as number)) {
    const knot = last < 1 || timeUs <= 0 ? 0 : last;
    const rest = trajectory.positions[knot] as readonly number[];
    for (let j = 0; j < rest.length; j++) {
      positionsOut[j] = rest[j] as number;
      if (velocitiesOut !== undefined) velocitiesOut[j] = 0;
      if (accelerationsOut !== undefined) accelerationsOut[j] = 0;
    }
    return;
  }
  const startUs = times[interval] as number;
  const h = ((times[interval + 1] as number) - startUs) * 1e-6;
  const u = ((timeUs - startUs) * 1e-6) / h;
  const p0s = trajectory.positions[interval] as readonly number[];
  const v0s = trajectory.velocities[interval] as readonly number[];
  const a0s = trajectory.accelerations[interval] as readonly number[];
  const p1s = trajectory.positions[interval + 1] as readonly number[];
  const v1s = trajectory.velocities[interval + 1] as readonly number[];
  const a1s = trajectory.accelerations[interval + 1] as readonly number[];
  const halfHH = (h * h) / 2;
  for (let j = 0; j < p0s.length; j++) {
    // As in quintic.ts, written out here because this loop runs for every arm at every tick.
    const p0 = p0s[j] as number;
    const b1 = (v0s[j] as number) * h;
    const b2 = (a0s[j] as number) * halfHH;
    const d = (p1s[j] as number) - p0 - b1 - b2;
    const e = (v1s[j] as number) * h - b1 - 2 * b2;
    const f = (a1s[j] as number) * halfHH - b2;
    const b3 = 10 * d - 4 * e + f;
    const b4 = -15 * d + 7 * e - 2 * f;
    const b5 = 6 * d - 3 * e + f;
    positionsOut[j] = p0 + u * (b1 + u * (b2 + u * (b3 + u * (b4 + u * b5))));
    if (velocitiesOut !== undefined) {
      velocitiesOut[j] = (b1 + u * (2 * b2 + u * (3 * b3 + u * (4 * b4 + u * 5 * b5)))) / h;
    }
    if (accelerationsOut !== undefined) {
      accelerationsOut[j] = (2 * b2 + u * (6 * b3 + u * (12 * b4 + u * 20 * b5))) / (h * h);
    }
  }
}
