import { brakingTable, latestBrake } from '../../../arms/trajectory/braking.ts';
import type { Brake } from '../../../arms/trajectory/braking.ts';
import { durationUs } from '../../../arms/trajectory/joint-trajectory.ts';
import { progressAt, rateAt } from '../../../arms/trajectory/rate-ramp.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import type { StopKind } from '../../ports.ts';
import type { Claim, Watch } from './claim.ts';
import { coastReach, pathReach, restReach } from './reach.ts';
import type { Reach } from './reach.ts';

/** What the monitor allows for; instants and times in us. */
export interface MonitorLimits {
  /** From an evaluation until a stop that it asks for takes effect, at the latest. */
  readonly reactionUs: number;
  /** An arm whose newest sample is older is not seen. */
  readonly sampleAgeMaxUs: number;
}

/** Why arms have to stop. All but the first are about one arm, which is not where, or does not do, what is claimed. */
export type MonitorFaultCode =
  | 'separation-at-risk'
  | 'arm-off-claim'
  | 'arm-moves-unbidden'
  | 'arm-beyond-grant'
  | 'arm-ignores-stop'
  | 'arm-not-seen'
  | 'samples-not-credible';
type Disagreement = Exclude<MonitorFaultCode, 'separation-at-risk'>;

/** One arm at one instant, measured against its claim. */
export interface Reading {
  readonly watch: Watch;
  /** Where it can be until it rests when it is told to stop now; null: nothing is known of it. */
  readonly reach: Reach | null;
  /** Parameter of the reach by which it rests on its path if it is told to stop now, at the speed it has. */
  readonly restsBy: number;
  readonly agreement: 'agrees' | 'disagrees' | 'unclaimed';
  readonly trouble: {
    readonly kind: Disagreement;
    readonly detail: string;
    readonly stop: StopKind | null;
  } | null;
  /** Age of the newest sample, us; Infinity: there is none. */
  readonly ageUs: number;
}

/** How far a joint may be beside its claim, rad (revolute) and m (prismatic): above what arms take for a start. */
const BESIDE_MAX_RAD = 0.02;
const BESIDE_MAX_M = 0.01;
/** Speeds across the path below this are noise, rad/s or m/s; above the second they count before they have led astray. */
const ACROSS_NOISE = 0.02;
const ACROSS_MAX = 0.15;
/** A sample and an event about the same rest may cross on their way, us. */
const CROSSING_US = 150_000;
/** A grant's end is passed by rounding up to this, us of progress. */
const GRANT_ROUNDING_US = 5_000;
/** An arm that brakes for the end of its grant is measured to be as fast as allowed so much before, us. */
const LATE_US = 10_000;
/** Rates closer than this are the same when compared with a brake, and with the last; an arm hardly moves below SLOW. */
const RATE_NOISE = 0.05;
const SAME_RATE = 0.002;
const SLOW = 0.15;
/** Rates told apart when braking is worked out. */
const RATES = 100;
/** Samples in a row that are frozen before they are not believed. */
const FROZEN_MAX = 2;
/** Beyond the longest time that stopping takes, us. */
const STOP_LATE_US = 300_000;

const wanted = new Float64Array(16);
const speed = new Float64Array(16);

interface Read extends Omit<Reading, 'restsBy'> {
  /** Measured rate of progress; 1 where none was. */
  readonly rate: number;
}

export function read(watch: Watch, limits: MonitorLimits, nowUs: number): Reading {
  const reading = measure(watch, limits, nowUs);
  const { reach, ageUs } = reading;
  if (reach === null || reach.kind !== 'path' || ageUs > limits.sampleAgeMaxUs) {
    return { ...reading, restsBy: reach?.until ?? 0 };
  }
  // While nobody stops it, it may gain speed.
  const delayUs = ageUs + limits.reactionUs;
  const horizonUs = delayUs + Math.min(1, reading.rate + delayUs / watch.arm.stopUs) * watch.arm.stopUs;
  return { ...reading, restsBy: Math.min(reach.until, Math.ceil(reach.from + horizonUs)) };
}

function measure(watch: Watch, limits: MonitorLimits, nowUs: number): Read {
  const { claim, sample } = watch;
  const ageUs = sample === null ? Infinity : Math.max(0, nowUs - sample.sampledUs);
  if (watch.frozen >= FROZEN_MAX) {
    const detail = `its positions stand still to the last digit while it says that it moves`;
    return unseen(watch, ageUs, { kind: 'samples-not-credible', detail, stop: stopUnseen(claim) });
  }
  if (ageUs > limits.sampleAgeMaxUs) {
    const seen = sample === null ? 'never measured' : `measured ${Math.round(ageUs / 1000)} ms ago`;
    // A lost arm is dealt with by whoever says it is lost; its space stays taken all the same.
    const told = claim.kind !== 'following' || watch.link === 'lost' || sample === null;
    return unseen(
      watch,
      ageUs,
      told ? null : { kind: 'arm-not-seen', detail: `it moves and was ${seen}`, stop: 'on-path' },
    );
  }
  switch (claim.kind) {
    case 'none':
      return unclaimed(watch, ageUs);
    case 'resting':
      return readResting(watch, claim, limits, ageUs);
    case 'braking':
      return readBraking(watch, ageUs);
    case 'following':
      return readFollowing(watch, claim, limits, ageUs);
  }
}

/** Where it is is not known; whether it moves as it should, only of an arm that was told to. */
function stopUnseen(claim: Claim): StopKind {
  return claim.kind === 'following' ? 'on-path' : 'protective';
}

/** Its space is all of what it was granted, or where it last stood. */
function unseen(watch: Watch, ageUs: number, trouble: Reading['trouble']): Read {
  const { arm, claim, item, sample } = watch;
  const rest = claim.kind === 'resting' ? claim.positions : (sample?.positions ?? null);
  const reach =
    claim.kind === 'following'
      ? pathReach(
          arm,
          item,
          claim.odometer,
          { fromUs: claim.passedUs, untilUs: Math.ceil(claim.grantedUntilUs) },
          NO_OFFSET,
          0,
        )
      : rest === null
        ? null
        : restReach(arm, rest, item);
  return { watch, reach, agreement: claim.kind === 'none' ? 'unclaimed' : 'agrees', trouble, ageUs, rate: 1 };
}

const NO_OFFSET = new Float64Array(16);

function unclaimed(watch: Watch, ageUs: number): Read {
  const { arm, item, sample } = watch;
  const reach = restReach(arm, sample!.positions, item);
  return { watch, reach, agreement: 'unclaimed', trouble: null, ageUs, rate: 1 };
}

function readResting(
  watch: Watch,
  claim: Extract<Claim, { kind: 'resting' }>,
  limits: MonitorLimits,
  ageUs: number,
): Read {
  const { arm, item } = watch;
  const sample = watch.sample!;
  if (sample.sampledUs < watch.sinceUs + CROSSING_US) {
    const positions = sample.sampledUs < watch.sinceUs ? claim.positions : sample.positions;
    return {
      watch,
      reach: restReach(arm, positions, item),
      agreement: 'agrees',
      trouble: null,
      ageUs,
      rate: 1,
    };
  }
  const beside = worstJoint(watch, (j) => sample.positions[j] - claim.positions[j]);
  const fastest = Math.max(...sample.velocities.map(Math.abs));
  const moves = fastest > ACROSS_MAX;
  const reach = moves
    ? coastReach(arm, item, sample.positions, sample.velocities, ageUs + limits.reactionUs)
    : restReach(arm, sample.positions, item);
  if (!moves && beside.share <= 1) {
    return { watch, reach, agreement: 'agrees', trouble: null, ageUs, rate: 1 };
  }
  const detail = moves
    ? `it moves at up to ${fastest.toFixed(2)} rad/s without a command`
    : `joint ${beside.joint + 1} stands ${beside.by.toFixed(3)} rad from where the arm came to rest`;
  const trouble = {
    kind: moves ? ('arm-moves-unbidden' as const) : ('arm-off-claim' as const),
    detail,
    stop: moves ? ('protective' as const) : null,
  };
  return { watch, reach, agreement: 'disagrees', trouble, ageUs, rate: 1 };
}

function readBraking(watch: Watch, ageUs: number): Read {
  const { arm, item, stop } = watch;
  const sample = watch.sample!;
  const reach = coastReach(arm, item, sample.positions, sample.velocities, ageUs);
  const fastest = Math.max(...sample.velocities.map(Math.abs));
  const lateUs = stop === null ? 0 : sample.sampledUs - stop.sinceUs - arm.stopUs - STOP_LATE_US;
  const trouble =
    lateUs > 0 && fastest > ACROSS_MAX
      ? {
          kind: 'arm-ignores-stop' as const,
          detail: `it moves at up to ${fastest.toFixed(2)} rad/s although it was told to stop`,
          stop: null,
        }
      : null;
  return { watch, reach, agreement: trouble === null ? 'agrees' : 'disagrees', trouble, ageUs, rate: 1 };
}

function readFollowing(
  watch: Watch,
  claim: Extract<Claim, { kind: 'following' }>,
  limits: MonitorLimits,
  ageUs: number,
): Read {
  const { arm, item } = watch;
  const sample = watch.sample!;
  const { trajectory } = claim.odometer;
  const stated = sample.commandId === claim.commandId ? sample.progressUs : claim.fromUs;
  const measuredUs = projectOntoPath(watch, claim, stated);
  sampleTrajectory(trajectory, measuredUs, wanted, speed);
  const offset = new Float64Array(arm.jointCount);
  let along = 0;
  let squared = 0;
  for (let j = 0; j < arm.jointCount; j += 1) {
    offset[j] = sample.positions[j] - wanted[j];
    along += sample.velocities[j] * speed[j];
    squared += speed[j] * speed[j];
  }
  const rate = squared > 1e-9 ? Math.max(0, Math.min(1.05, along / squared)) : 0;
  const untilStopS = (ageUs + limits.reactionUs) * 1e-6;
  let besideM = 0;
  let across = 0;
  for (let j = 0; j < arm.jointCount; j += 1) {
    const off = Math.abs(sample.velocities[j] - rate * speed[j]);
    across = Math.max(across, off);
    if (off > ACROSS_NOISE) besideM += arm.leverM[j] * off * untilStopS;
  }
  const beside = worstJoint(watch, (j) => offset[j]);
  const disagrees = (kind: Disagreement, detail: string): Read => ({
    watch,
    reach: coastReach(arm, item, sample.positions, sample.velocities, ageUs + limits.reactionUs),
    agreement: 'disagrees',
    trouble: { kind, detail, stop: 'protective' },
    ageUs,
    rate,
  });
  if (sample.sampledUs >= watch.sinceUs || beside.share > 2) {
    if (beside.share > 1) {
      const where = `${(measuredUs / 1e6).toFixed(2)} s into it`;
      return disagrees(
        'arm-off-claim',
        `joint ${beside.joint + 1} is ${beside.by.toFixed(3)} rad beside its path, ${where}`,
      );
    }
    if (across > ACROSS_MAX) {
      return disagrees('arm-off-claim', `it leaves its path at ${across.toFixed(2)} rad/s`);
    }
  }
  const over = measuredUs - claim.grantedUntilUs;
  if (over > GRANT_ROUNDING_US && claim.odometer.trajectory.timesUs.at(-1)! > claim.grantedUntilUs) {
    return disagrees('arm-beyond-grant', `it is ${Math.round(over / 1000)} ms of progress beyond its grant`);
  }
  if (willPass(watch, claim, measuredUs, rate)) {
    return disagrees('arm-beyond-grant', `it does not brake for the end of its grant`);
  }
  if (watch.stop !== null && rate > 0.05) {
    const lateUs = sample.sampledUs - watch.stop.sinceUs - limits.reactionUs - arm.stopUs - STOP_LATE_US;
    if (lateUs > 0) return disagrees('arm-ignores-stop', 'it goes on although it was told to stop');
  }
  const fromUs = Math.min(
    Math.max(Math.floor(measuredUs), Math.min(claim.passedUs, Math.ceil(measuredUs) + LAG_US)),
    claim.grantedUntilUs,
  );
  const whole = pathReach(
    arm,
    item,
    claim.odometer,
    { fromUs, untilUs: Math.ceil(claim.grantedUntilUs) },
    offset,
    besideM,
  );
  // What is measured beside the path now need not stay so for longer than a stop takes.
  const isClose = whole.offsetM + besideM <= BESIDE_WHOLE_M;
  return {
    watch,
    reach: isClose
      ? whole
      : {
          ...whole,
          until: Math.min(whole.until, Math.ceil(fromUs + ageUs + limits.reactionUs + arm.stopUs)),
        },
    agreement: 'agrees',
    trouble: null,
    ageUs,
    rate,
  };
}

/** An arm no further beside its path is taken to follow all of its grant that way, m. */
const BESIDE_WHOLE_M = 0.002;

/** A mark that was passed may be ahead of the last measurement by this, us of progress. */
const LAG_US = 100_000;

/** Progress at which the path is nearest to what was measured, sought near what the arm states. */
function projectOntoPath(
  watch: Watch,
  claim: Extract<Claim, { kind: 'following' }>,
  statedUs: number,
): number {
  const { arm } = watch;
  const sample = watch.sample!;
  const { trajectory } = claim.odometer;
  const endUs = durationUs(trajectory);
  let best = statedUs;
  let bestSquared = Infinity;
  for (const start of [statedUs, sample.commandId === null ? endUs : statedUs]) {
    let at = Math.min(endUs, Math.max(claim.fromUs, start));
    for (let round = 0; round < 6; round += 1) {
      sampleTrajectory(trajectory, at, wanted, speed);
      let squared = 0;
      let along = 0;
      let pace = 0;
      for (let j = 0; j < arm.jointCount; j += 1) {
        const off = sample.positions[j] - wanted[j];
        squared += off * off;
        along += off * speed[j];
        pace += speed[j] * speed[j];
      }
      if (squared < bestSquared) {
        best = at;
        bestSquared = squared;
      }
      if (pace < 1e-9 || squared < 1e-14) break;
      const next = Math.min(endUs, Math.max(claim.fromUs, at + (along / pace) * 1e6));
      if (Math.abs(next - at) < 1) break;
      at = next;
    }
  }
  return best;
}

/** Notes the rate of a new sample; gives the one from which the arm last began to slow down. */
function notePeak(watch: Watch, rate: number): number {
  const { pace } = watch;
  const { sampledUs } = watch.sample!;
  if (pace?.sampledUs === sampledUs) return pace.peak;
  const slows = pace !== null && rate < pace.rate - SAME_RATE;
  watch.pace = { sampledUs, rate, peak: slows ? pace.peak : rate };
  return watch.pace.peak;
}

/**
 * Whether the arm will be carried past the end of its grant. It will not as long as it could begin to brake now from
 * the rate it has, or is on the latest brake from the rate at which it began to slow down. What is measured cannot
 * tell the first moments of braking, so it is compared with where it was a little earlier.
 */
function willPass(
  watch: Watch,
  claim: Extract<Claim, { kind: 'following' }>,
  measuredUs: number,
  rate: number,
): boolean {
  const { trajectory } = claim.odometer;
  const { arm } = watch;
  const peak = notePeak(watch, rate);
  if (claim.grantedUntilUs >= durationUs(trajectory) || rate < SLOW) return false;
  const thenUs = measuredUs - LATE_US * rate;
  if (claim.grantedUntilUs - thenUs > peak * arm.stopUs) return false;
  const table = brakingTable(trajectory, arm.limits);
  // Braking is worked out once for each rate: few of them will do, the next above and below.
  const measured = [rate, peak].flatMap((from) => [
    Math.floor(from * RATES) / RATES,
    Math.min(1, Math.ceil(from * RATES) / RATES),
  ]);
  // The rate from which it brakes may have been met too shortly to be measured.
  const others = BRAKED_FROM.filter((from) => from >= rate - RATE_NOISE);
  return [...measured, ...others].every((level) => {
    const brake = latestBrake(table, level, 0, claim.grantedUntilUs * 1e-6);
    return brake !== null && rate > rateOf(brake, thenUs * 1e-6) + RATE_NOISE;
  });
}

/** Rates from which arms brake for a grant, besides those measured. */
const BRAKED_FROM = [1, 0.85, 0.7, 0.55, 0.4, 0.25, 0.12] as const;

/** Rate of an arm on its brake, by its progress in s. */
function rateOf(brake: Brake, atS: number): number {
  let fromS = brake.startS;
  if (atS <= fromS) return Infinity;
  for (const piece of brake.pieces) {
    const madeS = progressAt(piece, piece.durationS);
    if (atS < fromS + madeS) {
      let [low, high] = [0, piece.durationS];
      for (let round = 0; round < 20; round += 1) {
        const middle = (low + high) / 2;
        if (fromS + progressAt(piece, middle) < atS) low = middle;
        else high = middle;
      }
      return rateAt(piece, low);
    }
    fromS += madeS;
  }
  return 0;
}

/** The joint that is furthest off, by how much, and that as a share of what is tolerated. */
function worstJoint(
  watch: Watch,
  off: (joint: number) => number,
): { readonly joint: number; readonly by: number; readonly share: number } {
  let worst = { joint: 0, by: 0, share: 0 };
  for (let j = 0; j < watch.arm.jointCount; j += 1) {
    const by = Math.abs(off(j));
    const share = by / (watch.arm.isPrismatic[j] ? BESIDE_MAX_M : BESIDE_MAX_RAD);
    if (share > worst.share) worst = { joint: j, by, share };
  }
  return worst;
}
