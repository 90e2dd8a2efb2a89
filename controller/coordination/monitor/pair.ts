import type { StopKind } from '../../ports.ts';
import type { Watch } from './claim.ts';
import { noteStop } from './claim.ts';
import { coastReach } from './reach.ts';
import type { Reach } from './reach.ts';
import type { Reading } from './reading.ts';
import { separation } from './separation.ts';
import { TOLERANCE_M } from './state.ts';
import type { MonitorState, MonitorStop, MonitorVerdict, Pair, Standing } from './state.ts';

/** Asks for a stop unless one at least as strong is under way. */
export function stopsOf(watch: Watch, stop: StopKind | null, nowUs: number): readonly MonitorStop[] {
  if (stop === null || watch.stop?.kind === 'protective' || watch.stop?.kind === stop) return [];
  noteStop(watch, stop, nowUs);
  return [{ armId: watch.arm.id, stop }];
}

/** Whether two arms can come too near to one another; what has to stop then, unless it is said already. */
export function judgePair(
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
  if (found.status !== 'near') return null;
  return rest ? null : verdictOn(state, one, other, found.leastM, found.links, nowUs);
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
  // Whatever can be done about it is under way.
  if (stops.length === 0) return null;
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
 * On its path where that suffices, or keeps more distance than leaving it; an arm that does otherwise than claimed has no path to
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
  const onPath = leastOf({ ...reach, until: reading.restsBy }, other, limitM);
  if (onPath >= limitM) return 'on-path';
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
