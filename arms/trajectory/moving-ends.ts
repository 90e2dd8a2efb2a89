import type { JointLimits } from '../model/manipulator.ts';
import { reachableSpeed } from './axis-profile.ts';
import type { JointMotion } from './joint-path.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { pathPoint, writeGeometryAt } from './path-geometry.ts';
import type { PathGeometry } from './path-geometry.ts';
import { cutGeometry } from './path-cut.ts';
import { appendPiece } from './pieces.ts';
import { knotsOf } from './profile-knots.ts';
import type { TimedStretch } from './profile-knots.ts';
import type { Span } from './span.ts';
import { buildSpeedGrid } from './speed-grid.ts';
import { withinLimits } from './speed-problem.ts';
import { optimiseSpeed } from './speed-profile.ts';
import { moveAlongLine, moveBetween } from './state-move.ts';
import type { JointState, StateFault, StateMove } from './state-move.ts';

export type TimedMovingStretch = ({ readonly status: 'timed' } & TimedStretch) | StateFault;

/** Where motion from a moving start may join the path: shares of what lies before the first rounding. */
const JOIN_SHARES = [0.15, 0.35, 0.6, 0.95] as const;

/** Cosine from which a state counts as moving along the path. */
const ALONG = 1 - 1e-9;

interface Cut {
  readonly s: number;
  /** Highest speed along the path there, ds/dt, that is worth having. */
  readonly speedMax: number;
}

/**
 * Times a stretch that is entered or left in motion. The path is joined soon after its beginning (and left shortly
 * before its end) by a free motion between states; along a straight beginning whose direction the arm moves in
 * already, that motion stays on the line. `null` for an end: at rest.
 */
export function timeMovingStretch(
  geometry: PathGeometry,
  from: readonly number[],
  to: readonly number[],
  start: JointMotion | null,
  end: JointMotion | null,
  limits: readonly JointLimits[],
): TimedMovingStretch {
  const rest = from.map(() => 0);
  const state = (positions: readonly number[], motion: JointMotion | null): JointState => ({
    positions,
    velocities: motion?.velocities ?? rest,
    accelerations: motion?.accelerations ?? rest,
  });
  const first = state(from, start);
  const last = state(to, end);
  let best: { trajectory: JointTrajectory; waypointTimesUs: number[] } | null = null;
  let fault: StateFault | null = null;
  const offer = (made: TimedMovingStretch): void => {
    if (made.status === 'refused') {
      fault ??= made;
      return;
    }
    if (best === null || lastOf(made.trajectory.timesUs) < lastOf(best.trajectory.timesUs)) {
      best = { trajectory: made.trajectory, waypointTimesUs: [...made.waypointTimesUs] };
    }
  };
  if (isLine(geometry)) {
    const move = stateMove(first, last, limits);
    if (move.status === 'refused') return move;
    const end = lastOf(move.piece.timesUs);
    const waypointTimesUs = geometry.waypointS.map((s) => (s < geometry.lengthS / 2 ? 0 : end));
    return { status: 'timed', trajectory: move.piece, waypointTimesUs };
  }
  const free = freeLengths(geometry);
  for (const share of JOIN_SHARES) {
    const join = start === null ? null : cutAt(geometry, share * free.before, first, 'start', limits);
    const leave = end === null ? null : cutAt(geometry, share * free.after, last, 'end', limits);
    offer(joined(geometry, first, last, join, leave, limits));
  }
  return best === null ? (fault as unknown as StateFault) : { status: 'timed', ...(best as TimedStretch) };
}

function lastOf(values: readonly number[]): number {
  return values[values.length - 1]!;
}

function isLine(geometry: PathGeometry): boolean {
  return geometry.spans.length === 1 && geometry.spans[0]!.shape === 'line' && geometry.corners.length === 0;
}

/** How much path lies before the first rounding and after the last one; less than half where there is none. */
function freeLengths(geometry: PathGeometry): { readonly before: number; readonly after: number } {
  const { corners, lengthS } = geometry;
  let before = lengthS / 2.2;
  let after = lengthS / 2.2;
  if (corners.length > 0) {
    // A rounding may begin at the path's very beginning: then it is joined within its first half.
    const first = corners[0]!;
    const last = corners[corners.length - 1]!;
    before = Math.max(first.atS - first.halfS, 0.4 * first.atS);
    after = Math.max(lengthS - last.atS - last.halfS, 0.4 * (lengthS - last.atS));
  }
  return { before, after };
}

function cutAt(
  geometry: PathGeometry,
  distance: number,
  state: JointState,
  side: 'start' | 'end',
  limits: readonly JointLimits[],
): Cut {
  const s = side === 'start' ? distance : geometry.lengthS - distance;
  const point = pathPoint(geometry.joints);
  const span = geometry.spans.find((each) => s <= each.endS) ?? (lastSpan(geometry) as Span);
  writeGeometryAt(point, span, undefined, 'before', s);
  // Speed, acceleration and limits along the path, as of a single axis.
  let dot = 0;
  let square = 0;
  let bend = 0;
  let velocityMax = Infinity;
  let accelerationMax = Infinity;
  let jerkMax = Infinity;
  for (let j = 0; j < limits.length; j++) {
    const slope = point.d1[j]!;
    const limit = limits[j]!;
    dot += slope * state.velocities[j]!;
    bend += slope * state.accelerations[j]!;
    square += slope * slope;
    if (slope === 0) continue;
    velocityMax = Math.min(velocityMax, limit.velocityMax / Math.abs(slope));
    accelerationMax = Math.min(accelerationMax, limit.accelerationMax / Math.abs(slope));
    jerkMax = Math.min(jerkMax, limit.jerkMax / Math.abs(slope));
  }
  const axis = {
    velocityMax,
    accelerationMax,
    jerkMax: Math.min(jerkMax, accelerationMax * 500),
  };
  const acceleration = (side === 'start' ? bend : -bend) / square;
  return { s, speedMax: reachableSpeed(Math.max(dot / square, 0), acceleration, distance, axis) };
}

function lastSpan(geometry: PathGeometry): Span {
  return geometry.spans[geometry.spans.length - 1]!;
}

function joined(
  geometry: PathGeometry,
  first: JointState,
  last: JointState,
  join: Cut | null,
  leave: Cut | null,
  limits: readonly JointLimits[],
): TimedMovingStretch {
  const fromS = join?.s ?? 0;
  const toS = leave?.s ?? geometry.lengthS;
  const middle = cutGeometry(geometry, fromS, toS);
  const grid = buildSpeedGrid(middle, limits, {
    start: join === null ? 'rest' : 'free',
    end: leave === null ? 'rest' : 'free',
  });
  const profile = optimiseSpeed(grid, {
    ...withinLimits(limits),
    startSpeedMax: join?.speedMax ?? Infinity,
    endSpeedMax: leave?.speedMax ?? Infinity,
  });
  const along = knotsOf(profile);
  const trajectory = { timesUs: [0], positions: [first.positions], velocities: [first.velocities], accelerations: [first.accelerations] }; // prettier-ignore
  let beforeUs = 0;
  if (join !== null) {
    const move = stateMove(first, stateAt(along.trajectory, 0), limits);
    if (move.status === 'refused') return move;
    appendPiece(trajectory, move.piece);
    beforeUs = lastOf(move.piece.timesUs);
  }
  appendPiece(trajectory, along.trajectory);
  const untilUs = lastOf(trajectory.timesUs);
  if (leave !== null) {
    const move = stateMove(stateAt(along.trajectory, along.trajectory.timesUs.length - 1), last, limits);
    if (move.status === 'refused') return move;
    appendPiece(trajectory, move.piece);
  }
  const endUs = lastOf(trajectory.timesUs);
  const waypointTimesUs = geometry.waypointS.map((s, k) => {
    if (s < fromS) return fromS === 0 ? 0 : Math.round((beforeUs * s) / fromS);
    if (s > toS) return Math.round(untilUs + ((endUs - untilUs) * (s - toS)) / (geometry.lengthS - toS));
    return beforeUs + along.waypointTimesUs[k]!;
  });
  return { status: 'timed', trajectory, waypointTimesUs };
}

function stateAt(trajectory: JointTrajectory, knot: number): JointState {
  return {
    positions: trajectory.positions[knot]!,
    velocities: trajectory.velocities[knot]!,
    accelerations: trajectory.accelerations[knot]!,
  };
}

/** Along the straight line where both states move along it, else each joint by itself. */
function stateMove(from: JointState, to: JointState, limits: readonly JointLimits[]): StateMove {
  if (isAlong(from, to, from) && isAlong(from, to, to)) return moveAlongLine(from, to, limits);
  return moveBetween(from, to, limits);
}

/** Whether the state's velocities and accelerations point along the line between the ends. */
function isAlong(from: JointState, to: JointState, state: JointState): boolean {
  const line = from.positions.map((p, j) => to.positions[j]! - p);
  return isParallel(line, state.velocities) && isParallel(line, state.accelerations);
}

function isParallel(a: readonly number[], b: readonly number[]): boolean {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let j = 0; j < a.length; j++) {
    dot += a[j]! * b[j]!;
    aa += a[j]! * a[j]!;
    bb += b[j]! * b[j]!;
  }
  if (bb < 1e-18) return true;
  return dot * dot >= ALONG * aa * bb;
}
