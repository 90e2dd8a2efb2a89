export type { MonitorLimits } from './monitor/reading.ts';
export type { ArmSource } from './monitor/watched-arm.ts';
import type { ArmCommand, ArmEvent, ArmSample, StopKind } from '../ports.ts';
import type { CellModel } from '../domain/cell.ts';
import { hearCommand, hearEvent, hearSample, noteStop, watchOf } from './monitor/claim.ts';
import type { Watch } from './monitor/claim.ts';
import { place, tipAlongX } from './monitor/placement.ts';
import { coastReach } from './monitor/reach.ts';
import type { Reach } from './monitor/reach.ts';
import { read } from './monitor/reading.ts';
import type { MonitorFaultCode, MonitorLimits, Reading } from './monitor/reading.ts';
import { separation } from './monitor/separation.ts';
import { watchedArm } from './monitor/watched-arm.ts';
import type { ArmSource } from './monitor/watched-arm.ts';

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
export interface MonitorState {
  readonly watches: readonly Watch[];
  readonly limits: MonitorLimits;
  /** Nearer than this is a reason to stop, m. */
  readonly stopBelowM: number;
  readonly pairs: readonly Pair[];
  readonly statistics: MonitorStatistics;
  /** Instant of the last evaluation, us; -1: there was none. */
  evaluatedUs: number;
}

/** Two arms that can reach one another. */
interface Pair {
  readonly a: number;
  readonly b: number;
  /** When they were last found well apart: what lay between them, and how far each had come. */
  known: {
    readonly slackM: number;
    readonly versions: string;
    readonly a: Standing;
    readonly b: Standing;
  } | null;
  /** They rest nearer than allowed, at this distance, m: they may move as long as they do not come nearer. */
  nearRestM: number | null;
  said: string | null;
}

/** How far an arm had come when a pair was looked at. */
interface Standing {
  readonly movedM: number;
  readonly from: number;
  readonly until: number;
  readonly offsetM: number;
}

export interface MonitorStatistics {
  evaluations: number;
  /** Pairs looked at in all evaluations, and places looked at for them. */
  pairsLooked: number;
  looks: number;
  /** Searches given up for want of effort. */
  undecided: number;
  verdicts: number;
  stops: number;
  /** Least distance predicted between arms so far, m; null: none came near. */
  predictedMinM: number | null;
  /** The same in the last evaluation. */
  predictedNowM: number | null;
}

export interface MonitorStop {
  readonly armId: string;
  readonly stop: StopKind;
}

/** Why arms have to stop, as plain data: it is journalled as it is. */
export interface MonitorVerdict {
  readonly kind: MonitorFaultCode;
  /** The arms concerned, one or two. */
  readonly armIds: readonly string[];
  /** The links that come nearest, in the order of the arms; null: it is about one arm. */
  readonly links: readonly [string, string] | null;
  /** Distance of the two arms as measured now, and the least one predicted, m. */
  readonly distanceM: number | null;
  readonly predictedM: number | null;
  readonly detail: string;
  /** What has to go out at once. */
  readonly stops: readonly MonitorStop[];
}

/** What geometry and numbers may be off; also how much of the clearance a prediction may lack, m. */
const TOLERANCE_M = 0.001;
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
        pairs.push({ a, b, known: null, nearRestM: null, said: null });
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

/** Asks for a stop unless one at least as strong is under way. */
function stopsOf(watch: Watch, stop: StopKind | null, nowUs: number): readonly MonitorStop[] {
  if (stop === null || watch.stop?.kind === 'protective' || watch.stop?.kind === stop) return [];
  noteStop(watch, stop, nowUs);
  return [{ armId: watch.arm.id, stop }];
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

function judgePair(
  state: MonitorState,
  pair: Pair,
  one: Reading,
  other: Reading,
  nowUs: number,
): MonitorVerdict | null {
  const { reach: a } = one;
  const { reach: b } = other;
  if (a === null || b === null) return null;
  const versions = `${one.watch.version} ${one.agreement} ${other.watch.version} ${other.agreement}`;
  if (
    pair.known?.versions === versions &&
    beyondM(a, one, pair.known.a) + beyondM(b, other, pair.known.b) <= pair.known.slackM
  ) {
    return null;
  }
  const { statistics } = state;
  statistics.pairsLooked += 1;
  let found = separation(a, b, limitOf(state, pair));
  statistics.looks += found.looks;
  if (found.status === 'undecided') {
    // Too close for too long to be shown clear as a whole: then as far as it matters now.
    const soon = (reading: Reading): Reach => ({ ...reading.reach!, until: reading.restsBy });
    found = separation(soon(one), soon(other), limitOf(state, pair));
    statistics.looks += found.looks;
    statistics.undecided += 1;
    // What cannot be shown clear is not clear.
    if (found.status === 'undecided') found = { ...found, status: 'near' };
    else found = { ...found, boundM: -Infinity };
  }
  if (found.links !== null) {
    statistics.predictedNowM = Math.min(statistics.predictedNowM ?? Infinity, found.leastM);
    statistics.predictedMinM = Math.min(statistics.predictedMinM ?? Infinity, found.leastM);
  }
  const rest = a.from === a.until && b.from === b.until;
  if (rest) pair.nearRestM = found.status === 'near' || pair.nearRestM !== null ? nowM(a, b, state) : null;
  if (pair.nearRestM !== null && pair.nearRestM >= state.stopBelowM) pair.nearRestM = null;
  const slackM = Math.max(0, found.boundM - state.stopBelowM);
  pair.known =
    found.status === 'clear' && found.boundM > -Infinity
      ? { slackM, versions, a: standingOf(a, one), b: standingOf(b, other) }
      : null;
  if (found.status !== 'near') {
    if (found.status === 'clear') pair.said = null;
    return null;
  }
  return rest ? null : verdictOn(state, pair, one, other, found.leastM, found.links, nowUs);
}

/** Not nearer than allowed; where they rest nearer already, not nearer than they do. */
function limitOf(state: MonitorState, pair: Pair): number {
  return pair.nearRestM === null
    ? state.stopBelowM
    : Math.min(state.stopBelowM, pair.nearRestM - TOLERANCE_M);
}

function standingOf(reach: Reach, { watch }: Reading): Standing {
  return {
    movedM: watch.movedM,
    from: reach.from,
    until: reach.until,
    offsetM: reach.offsetM + reach.besideM,
  };
}

/** How far what an arm can reach now lies beyond what it could when the pair was looked at, m. */
function beyondM(reach: Reach, { watch }: Reading, then: Standing): number {
  switch (reach.kind) {
    case 'rest':
      return watch.movedM - then.movedM;
    case 'path': {
      const ahead = reach.until > then.until ? reach.travelM(then.until, reach.until) : 0;
      const behind = reach.from < then.from ? reach.travelM(reach.from, then.from) : 0;
      return ahead + behind + then.offsetM + reach.offsetM + reach.besideM;
    }
    case 'coast':
      return Infinity;
  }
}

/** Distance of the two arms as they are measured. */
function nowM(a: Reach, b: Reach, state: MonitorState): number {
  const here = (reach: Reach): Reach => ({ ...reach, until: reach.from, besideM: 0 });
  return separation(here(a), here(b), state.stopBelowM).leastM;
}

function verdictOn(
  state: MonitorState,
  pair: Pair,
  one: Reading,
  other: Reading,
  predictedM: number,
  links: readonly [string, string] | null,
  nowUs: number,
): MonitorVerdict | null {
  const a = one.reach!;
  const b = other.reach!;
  const stops = [
    ...stopsOf(one.watch, stopFor(state, one, b), nowUs),
    ...stopsOf(other.watch, stopFor(state, other, a), nowUs),
  ];
  const key = `${one.watch.version} ${other.watch.version}`;
  if (stops.length === 0 && pair.said !== null) return null;
  pair.said = key;
  const ids = [one.watch.arm.id, other.watch.arm.id];
  const distanceM = nowM(a, b, state);
  return {
    kind: 'separation-at-risk',
    armIds: ids,
    links,
    distanceM,
    predictedM,
    detail:
      `${ids[0]} (${links?.[0] ?? '?'}) and ${ids[1]} (${links?.[1] ?? '?'}) are ${millimetres(distanceM)} apart ` +
      `and would come to ${millimetres(predictedM)}`,
    stops,
  };
}

function millimetres(m: number): string {
  return `${(1000 * m).toFixed(0)} mm`;
}

/**
 * On its path where that keeps more distance than leaving it; an arm that does otherwise than claimed has no path to
 * keep to. Null: it does not move.
 */
function stopFor(state: MonitorState, reading: Reading, other: Reach): StopKind | null {
  const { watch, reach } = reading;
  if (watch.claim.kind !== 'following' || reach === null) return null;
  if (reading.agreement === 'disagrees') return 'protective';
  if (reach.from === reach.until) return null;
  const sample = watch.sample;
  if (sample === null || reading.ageUs > state.limits.sampleAgeMaxUs) return 'on-path';
  const coast = coastReach(
    watch.arm,
    watch.item,
    sample.positions,
    sample.velocities,
    reading.ageUs + state.limits.reactionUs,
  );
  const limitM = state.stopBelowM;
  const onPath = leastOf(reach, other, limitM);
  return leastOf(coast, other, limitM) > onPath + TOLERANCE_M ? 'protective' : 'on-path';
}

/** Least distance between two reaches, looked at evenly. */
function leastOf(a: Reach, b: Reach, limitM: number): number {
  const PARTS = 8;
  let leastM = Infinity;
  const at = (reach: Reach, k: number): Reach => {
    const here = Math.floor(reach.from + ((reach.until - reach.from) * k) / PARTS);
    return { ...reach, from: here, until: here };
  };
  for (let i = 0; i <= PARTS; i += 1) {
    for (let j = 0; j <= PARTS; j += 1) {
      leastM = Math.min(leastM, separation(at(a, i), at(b, j), limitM).leastM);
    }
  }
  return leastM;
}
