/**
 * The second guard. It watches where the arms are measured, works out where each can be until it has come to rest,
 * and asks for stops before any two of them come nearer than they may. It knows the commands and events that pass
 * over the arms' ports and nothing else of the controller, and shares neither kinematics nor collision geometry with
 * the planner.
 *
 * An arm that follows its trajectory stays on it until the end of its grant, also when it is stopped: that stretch,
 * moved by what is measured beside it, is where it can be. What two arms are granted must be clear of one another
 * whatever progress each has made, so the stretches of arms that do as they are told never meet, however close they
 * pass; and where an arm does otherwise than is claimed of it, that alone is a reason to stop it.
 *
 * No certified safety function: see docs/safety.md.
 */

export type { MonitorLimits } from './monitor/reading.ts';
export type { MonitorState, MonitorStatistics, MonitorVerdict } from './monitor/state.ts';
export type { ArmSource } from './monitor/watched-arm.ts';
import type { ArmCommand, ArmEvent, ArmSample } from '../ports.ts';
import type { CellModel } from '../domain/cell.ts';
import { hearCommand, hearEvent, hearSample, watchOf } from './monitor/claim.ts';
import type { Watch } from './monitor/claim.ts';
import { judgePair, stopsOf } from './monitor/pair.ts';
import { place, tipAlongX } from './monitor/placement.ts';
import { read } from './monitor/reading.ts';
import type { MonitorLimits, Reading } from './monitor/reading.ts';
import { TOLERANCE_M } from './monitor/state.ts';
import type { MonitorState, MonitorVerdict, Pair } from './monitor/state.ts';
import { watchedArm } from './monitor/watched-arm.ts';
import type { ArmSource } from './monitor/watched-arm.ts';

/** An evaluation that comes this much later than the one before says more of the machine than of the arms, us. */
const STALLED_US = 150_000;

/** A monitor that has heard nothing yet. @throws when an arm has no source: the composition is wrong. */
export function createMonitor(
  cell: Pick<CellModel, 'arms' | 'clearanceM'>,
  sources: readonly ArmSource[],
  limits: MonitorLimits,
): MonitorState {
  const watches = cell.arms.map((arm) => {
    const source = sources.find((each) => each.armId === arm.id);
    if (source === undefined) throw new Error(`arm ${arm.id} has no description for the monitor`);
    return watchOf(watchedArm(arm, source));
  });
  const pairs: Pair[] = [];
  watches.forEach(({ arm }, a) => {
    for (let b = a + 1; b < watches.length; b += 1) {
      const other = watches[b].arm;
      const apartM = Math.hypot(...arm.baseM.map((value, k) => value - other.baseM[k]));
      if (apartM < arm.reachM + other.reachM + cell.clearanceM) {
        pairs.push({ a, b, known: null, nearRestM: null });
      }
    }
  });
  return {
    watches,
    limits,
    stopBelowM: cell.clearanceM - TOLERANCE_M,
    pairs,
    statistics: {
      evaluations: 0,
      pairsLooked: 0,
      looks: 0,
      undecided: 0,
      verdicts: 0,
      stops: 0,
      predictedMinM: null,
      predictedNowM: null,
    },
    evaluatedUs: -1,
  };
}

/** A command is on its way to an arm. */
export function noteCommand(state: MonitorState, armId: string, command: ArmCommand, nowUs: number): void {
  const watch = watchOfArm(state, armId);
  if (watch !== undefined) hearCommand(watch, command, nowUs);
}

/** An arm said something. */
export function noteEvent(
  state: MonitorState,
  armId: string,
  event: Exclude<ArmEvent, { kind: 'state' }>,
  nowUs: number,
): void {
  const watch = watchOfArm(state, armId);
  if (watch !== undefined) hearEvent(watch, event, nowUs);
}

function watchOfArm(state: MonitorState, armId: string): Watch | undefined {
  return state.watches.find((watch) => watch.arm.id === armId);
}

/** What an evaluation gets beside what was heard before. */
export interface MonitorInput {
  /** The newest sample of each arm. */
  readonly samples: ReadonlyMap<string, ArmSample>;
  /** Size of the item in an arm's tool by the books, m, as it lay: length, width, height; null: none. */
  readonly itemSizeM: (armId: string) => readonly [number, number, number] | null;
}

/**
 * One evaluation. Returns what has to stop and why; each thing once, until the arm gets another command. Changes the
 * state that it is given; nothing but its arguments decides the result.
 */
export function monitor(state: MonitorState, input: MonitorInput, nowUs: number): readonly MonitorVerdict[] {
  const stalled = state.evaluatedUs >= 0 && nowUs - state.evaluatedUs > STALLED_US;
  state.evaluatedUs = nowUs;
  state.statistics.evaluations += 1;
  for (const watch of state.watches) {
    const sample = input.samples.get(watch.arm.id);
    if (sample === undefined) continue;
    hearSample(watch, sample);
    noteItem(watch, input.itemSizeM(watch.arm.id));
  }
  const readings = state.watches.map((watch) => read(watch, state.limits, nowUs));
  const verdicts: MonitorVerdict[] = [];
  for (const reading of readings) {
    // After a stall what was sent meanwhile may lie unread: the next evaluation tells.
    if (stalled && reading.trouble?.kind === 'arm-not-seen') continue;
    const verdict = troubleOf(reading, nowUs);
    if (verdict !== null) verdicts.push(verdict);
  }
  state.statistics.predictedNowM = null;
  for (const pair of state.pairs) {
    const verdict = judgePair(state, pair, readings[pair.a], readings[pair.b], nowUs);
    if (verdict !== null) verdicts.push(verdict);
  }
  state.statistics.verdicts += verdicts.length;
  for (const { stops } of verdicts) state.statistics.stops += stops.length;
  return verdicts;
}

/** An item lies as it lay when it was taken: along the world's axes, which the tool then was turned to or across. */
function noteItem(watch: Watch, sizeM: readonly [number, number, number] | null): void {
  if (sizeM === null) {
    if (watch.item !== null) watch.version += 1;
    watch.item = null;
    return;
  }
  if (watch.item !== null || watch.sample === null) return;
  const [length, width, height] = sizeM;
  const alongX = tipAlongX(place(watch.arm, watch.sample.positions, null));
  watch.item = alongX ? [length, width, height] : [width, length, height];
  watch.version += 1;
}

function troubleOf(reading: Reading, nowUs: number): MonitorVerdict | null {
  const { watch, trouble } = reading;
  if (trouble === null || watch.said.has(trouble.kind)) return null;
  watch.said.add(trouble.kind);
  const armId = watch.arm.id;
  const isCommanded = watch.claim.kind === 'following' || watch.claim.kind === 'braking';
  return {
    kind: trouble.kind,
    armIds: [armId],
    links: null,
    distanceM: null,
    predictedM: null,
    detail: `${armId}: ${trouble.detail}`,
    stops: isCommanded
      ? stopsOf(watch, trouble.stop, nowUs)
      : trouble.stop === null
        ? []
        : [{ armId, stop: trouble.stop }],
  };
}
