import type { JointLimits } from '../model/manipulator.ts';
import type { JointTrajectory } from './joint-trajectory.ts';
import { leadOf, withEarlyStart } from './early-start.ts';
import type { EarlyStart } from './early-start.ts';
import { appendPiece, reversed } from './pieces.ts';
import { moveBetween, moveDurationS } from './state-move.ts';
import type { JointState, StateFault } from './state-move.ts';
import type { RunOption, StraightRun } from './straight-run.ts';

/** Where a transfer begins or ends. */
export type TransferEnd =
  /** At rest, free to go anywhere. */
  | { readonly kind: 'rest'; readonly positions: readonly number[] }
  /**
   * At rest at the first sample of a run, which is followed out of there (or, at the end of a transfer, backwards
   * into there). `earlyMax`, per joint, is how far a joint that does not take part in the run may have left its place
   * when the run ends, rad (m): it sets off that much sooner. 0 everywhere: the run is kept to exactly.
   */
  | { readonly kind: 'run'; readonly run: StraightRun; readonly earlyMax: readonly number[] };

export type TimedTransfer =
  | {
      readonly status: 'timed';
      readonly trajectory: JointTrajectory;
      /** End of the run at the beginning and begin of the run at the end, us; 0 and the duration where there is none. */
      readonly runUntilUs: number;
      readonly runFromUs: number;
    }
  | StateFault;

/** What a transfer will take, and how it will be done; to be passed on to `timeTransfer`. */
export interface TransferChoice {
  /** Within 0.1 % of the duration of the timed transfer; Infinity where there is none, us. */
  readonly durationUs: number;
  /** Index of the option of each run. */
  readonly leave: number;
  readonly arrive: number;
}

/**
 * How quickly a transfer can be done: chooses how fast each run ends, so that run and free motion together are the
 * shortest. Some tens of microseconds of work: meant for schedulers which compare thousands of transfers.
 */
export function chooseTransfer(
  from: TransferEnd,
  to: TransferEnd,
  limits: readonly JointLimits[],
): TransferChoice {
  const rows = optionsOf(from);
  const columns = optionsOf(to);
  const known = new Float64Array(rows * columns);
  const at = (leave: number, arrive: number): number => {
    const index = leave * columns + arrive;
    if (known[index] === 0) known[index] = durationOf(from, to, leave, arrive, limits);
    return known[index]!;
  };
  let leave = 0;
  let arrive = 0;
  let best = at(0, 0);
  // Downhill over the grid of options, both ends at once as well: there is one valley.
  for (let better = true; better;) {
    better = false;
    for (const [dl, da] of STEPS) {
      const l = leave + dl;
      const a = arrive + da;
      if (l < 0 || a < 0 || l >= rows || a >= columns || at(l, a) >= best) continue;
      best = at(l, a);
      leave = l;
      arrive = a;
      better = true;
    }
  }
  return { durationUs: Math.ceil(best), leave, arrive };
}

const STEPS = [
  [1, 1],
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * The fastest motion found from one end to the other: along the run out, if any, then each joint by itself as its
 * limits allow and all arriving together, then along the run in. Between the runs the arm keeps to no line: check
 * the result for collisions. Within all limits; accelerations are continuous throughout.
 *
 * `choice`: what `chooseTransfer` returned for the same ends.
 */
export function timeTransfer(
  from: TransferEnd,
  to: TransferEnd,
  limits: readonly JointLimits[],
  choice: TransferChoice,
): TimedTransfer {
  const starts = earlyStarts(from, to, limits);
  const goals = earlyStarts(to, from, limits);
  const out = pieceOf(from, choice.leave, starts);
  const back = pieceOf(to, choice.arrive, goals);
  const exit = lastState(out);
  const entry = mirrored(lastState(back));
  const move = moveBetween(exit, entry, limits);
  if (move.status === 'refused') return move;
  const trajectory = emptyFrom(out);
  appendPiece(trajectory, move.piece);
  const runFromUs = trajectory.timesUs[trajectory.timesUs.length - 1]!;
  appendPiece(trajectory, reversed(back));
  return {
    status: 'timed',
    trajectory,
    runUntilUs: out.timesUs[out.timesUs.length - 1]!,
    runFromUs,
  };
}

function emptyFrom(piece: JointTrajectory): {
  timesUs: number[];
  positions: (readonly number[])[];
  velocities: (readonly number[])[];
  accelerations: (readonly number[])[];
} {
  return {
    timesUs: [...piece.timesUs],
    positions: [...piece.positions],
    velocities: [...piece.velocities],
    accelerations: [...piece.accelerations],
  };
}

function optionsOf(end: TransferEnd): number {
  return end.kind === 'rest' ? 1 : end.run.options.length;
}

function optionAt(end: TransferEnd, index: number): RunOption | null {
  return end.kind === 'rest' ? null : end.run.options[index]!;
}

function restAt(end: TransferEnd): readonly number[] {
  return end.kind === 'rest' ? end.positions : end.run.options[0]!.piece.positions[0]!;
}

/** Which joints set off before the run's end, on the way from `end` to `other`. */
function earlyStarts(end: TransferEnd, other: TransferEnd, limits: readonly JointLimits[]): EarlyStart[] {
  if (end.kind === 'rest') return [];
  const here = restAt(end);
  const there = restAt(other);
  const starts: EarlyStart[] = [];
  for (let j = 0; j < limits.length; j++) {
    if (!end.run.idle[j] || !(end.earlyMax[j]! > 0)) continue;
    const distance = there[j]! - here[j]!;
    const leadUs = leadOf(distance, end.earlyMax[j]!, limits[j]!, end.run.options[0]!.durationUs);
    if (leadUs > 0) starts.push({ joint: j, leadUs, jerk: Math.sign(distance) * limits[j]!.jerkMax });
  }
  return starts;
}

function pieceOf(end: TransferEnd, option: number, starts: readonly EarlyStart[]): JointTrajectory {
  const chosen = optionAt(end, option);
  if (chosen !== null) return withEarlyStart(chosen.piece, starts);
  const positions = restAt(end);
  const still = positions.map(() => 0);
  return { timesUs: [0], positions: [[...positions]], velocities: [still], accelerations: [still] };
}

function lastState(piece: JointTrajectory): JointState {
  const last = piece.timesUs.length - 1;
  return {
    positions: piece.positions[last]!,
    velocities: piece.velocities[last]!,
    accelerations: piece.accelerations[last]!,
  };
}

/** The state when the motion is run backwards. */
function mirrored(state: JointState): JointState {
  return { ...state, velocities: state.velocities.map((v) => -v) };
}

/** The state at the end of a run, set off early; for estimates: the same as the end of `pieceOf`. */
function exitOf(end: TransferEnd, option: number, starts: readonly EarlyStart[]): JointState {
  const chosen = optionAt(end, option);
  if (chosen === null) {
    const positions = restAt(end);
    const still = positions.map(() => 0);
    return { positions, velocities: still, accelerations: still };
  }
  if (starts.length === 0) return chosen.exit;
  const positions = [...chosen.exit.positions];
  const velocities = [...chosen.exit.velocities];
  const accelerations = [...chosen.exit.accelerations];
  for (const { joint, leadUs, jerk } of starts) {
    const t = leadUs * 1e-6;
    positions[joint]! += (jerk * t * t * t) / 6;
    velocities[joint]! += (jerk * t * t) / 2;
    accelerations[joint]! += jerk * t;
  }
  return { positions, velocities, accelerations };
}

function durationOf(
  from: TransferEnd,
  to: TransferEnd,
  leave: number,
  arrive: number,
  limits: readonly JointLimits[],
): number {
  const exit = exitOf(from, leave, earlyStarts(from, to, limits));
  const entry = mirrored(exitOf(to, arrive, earlyStarts(to, from, limits)));
  const runs = (optionAt(from, leave)?.durationUs ?? 0) + (optionAt(to, arrive)?.durationUs ?? 0);
  return runs + moveDurationS(exit, entry, limits) * 1e6;
}
