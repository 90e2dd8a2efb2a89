import { GRAIN_FINE_US } from '../coordination/zone-spans.ts';
import { createZoneTracker } from '../coordination/zone-spans.ts';
import type { ZoneTracker } from '../coordination/zone-spans.ts';
import type { MotionLeg } from './motion-legs.ts';
import type { Spot, TaskWay } from './motion-library.ts';
import type { PlannedEntry, SpaceTime } from './space-time.ts';
import type { TaskOptions } from './task-options.ts';

/** How often an arm that waits for no zone in particular asks again, us. */
const ASK_AGAIN_US = 1_000_000;

/** When a zone is given back, counted from the begin of a job, us. */
type Holding = ReadonlyMap<string, number>;

interface Job {
  readonly legs: readonly { readonly leg: MotionLeg; readonly taskIndex: number; readonly atUs: number }[];
  readonly holding: Holding;
  /** When the last task's release is done, and when the arm would be back at rest, from the begin, us. */
  readonly placedUs: number;
  readonly restedUs: number;
}

interface ZoneArm {
  readonly entries: PlannedEntry[];
  readonly queue: readonly TaskWay[];
  next: number;
  spot: Spot;
  /** Instant of its next event: placed, at rest, or asking again. */
  atUs: number;
  state: 'placing' | 'retreating' | 'resting' | 'done';
  /** Since when it waits, us. */
  since: number;
  job: { readonly job: Job; readonly beganUs: number } | null;
}

/**
 * The industry's way: shared zones held by one arm at a time. An arm takes all zones that its whole job touches, the
 * way back to rest included, before it begins, and gives each back as it leaves it for good. From a place it goes
 * straight on to its next job when that is to be had at once, else to rest. An arm that waits holds nothing but what
 * it rests in, so none ever waits in a circle. Resting arms are obstacles to all motions; they need no zone.
 *
 * @param assigned per arm its tasks in order
 * @param claimAfterUs after waiting this long an arm has first claim to the zones it needs
 */
export function zoneSchedule(
  options: TaskOptions,
  initial: SpaceTime,
  assigned: readonly (readonly TaskWay[])[],
  claimAfterUs: number,
): PlannedEntry[][] {
  const { library } = options;
  const trackers = library.cell.arms.map((arm) => createZoneTracker(library.cell, arm));
  const spans = new Map<MotionLeg, ReturnType<ZoneTracker['spans']>>();
  // Zone to when its holder gives it back, us.
  const heldUntil = new Map<string, { readonly arm: number; readonly untilUs: number }>();
  let readyUs = 0;
  const arms = assigned.map((queue, arm): ZoneArm => {
    const first = initial.plans[arm].entries;
    // All go to rest first, as in every schedule, before anyone begins.
    for (const entry of first) readyUs = Math.max(readyUs, entry.startUs + entry.leg.durationUs);
    return {
      entries: [...first],
      queue,
      next: 0,
      spot: library.rests[arm],
      atUs: 0,
      state: 'resting',
      since: 0,
      job: null,
    };
  });
  for (const each of arms) {
    each.atUs = readyUs;
    each.since = readyUs;
  }
  const spansOf = (arm: number, leg: MotionLeg): ReturnType<ZoneTracker['spans']> => {
    let known = spans.get(leg);
    if (known === undefined) {
      known = trackers[arm].spans(leg.trajectory, leg.item, GRAIN_FINE_US);
      spans.set(leg, known);
    }
    return known;
  };
  const jobFrom = (arm: number, spot: Spot, way: TaskWay): Job | null => {
    const reach = library.reach(arm, spot, way);
    const retreat = library.retreat(arm, way.place);
    if (reach === null || retreat === null) return null;
    const holding = new Map<string, number>();
    const legs = [];
    let atUs = 0;
    for (const [leg, taskIndex] of [
      [reach, -1],
      [way.carry, way.taskIndex],
      [retreat, -1],
    ] as const) {
      legs.push({ leg, taskIndex, atUs });
      for (const { zoneId, leaveUs } of spansOf(arm, leg)) {
        holding.set(zoneId, Math.max(holding.get(zoneId) ?? 0, atUs + leaveUs));
      }
      atUs += leg.durationUs;
    }
    return { legs, holding, placedUs: atUs - retreat.durationUs, restedUs: atUs };
  };
  const isToBeHad = (arm: number, job: Job, nowUs: number): boolean => {
    for (const zone of job.holding.keys()) {
      const holder = heldUntil.get(zone);
      if (holder !== undefined && holder.arm !== arm && holder.untilUs > nowUs) return false;
    }
    return true;
  };
  const wanted = new Map<number, Job>();
  const isClaimed = (arm: number, job: Job, nowUs: number): boolean => {
    for (const [other, theirs] of wanted) {
      const waiting = arms[other];
      if (other === arm || nowUs - waiting.since < claimAfterUs || waiting.since >= arms[arm].since) continue;
      for (const zone of job.holding.keys()) if (theirs.holding.has(zone)) return true;
    }
    return false;
  };
  const begin = (arm: number, job: Job, nowUs: number): void => {
    const each = arms[arm];
    // What the arm held for its way back to rest, and does not need now, it gives back.
    for (const [zone, holder] of heldUntil) if (holder.arm === arm) heldUntil.delete(zone);
    for (const [zone, untilUs] of job.holding) heldUntil.set(zone, { arm, untilUs: nowUs + untilUs });
    for (const { leg, taskIndex, atUs } of job.legs.slice(0, -1)) {
      each.entries.push({ leg, startUs: nowUs + atUs, taskIndex });
    }
    each.spot = each.queue[each.next].place;
    each.next += 1;
    each.job = { job, beganUs: nowUs };
    each.atUs = nowUs + job.placedUs;
    each.state = 'placing';
    wanted.delete(arm);
  };
  const retreat = (arm: number): void => {
    const each = arms[arm];
    const { job, beganUs } = each.job!;
    const last = job.legs[job.legs.length - 1];
    each.entries.push({ leg: last.leg, startUs: beganUs + last.atUs, taskIndex: -1 });
    each.atUs = beganUs + job.restedUs;
    each.spot = library.rests[arm];
    each.state = each.next < each.queue.length ? 'retreating' : 'done';
  };
  for (;;) {
    let arm = -1;
    arms.forEach((each, a) => {
      if (each.state !== 'done' && (arm < 0 || each.atUs < arms[arm].atUs)) arm = a;
    });
    if (arm < 0) break;
    const each = arms[arm];
    const nowUs = each.atUs;
    if (each.next >= each.queue.length) {
      if (each.state === 'placing') retreat(arm);
      else each.state = 'done';
      continue;
    }
    if (each.state !== 'resting') each.since = nowUs;
    const job = jobFrom(arm, each.spot, each.queue[each.next]);
    if (job === null) {
      if (each.state === 'placing') retreat(arm);
      else each.next += 1;
      continue;
    }
    if (isToBeHad(arm, job, nowUs) && !isClaimed(arm, job, nowUs)) {
      begin(arm, job, nowUs);
    } else if (each.state === 'placing') {
      retreat(arm);
    } else {
      each.state = 'resting';
      wanted.set(arm, job);
      // The next instant at which anything can have changed.
      let next = Infinity;
      for (const { untilUs } of heldUntil.values()) if (untilUs > nowUs) next = Math.min(next, untilUs);
      each.atUs = Number.isFinite(next) ? next : nowUs + ASK_AGAIN_US;
    }
  }
  return arms.map(({ entries }) => entries);
}

/** One arm after the other, each with all its tasks, while the others rest. */
export function sequentialSchedule(
  options: TaskOptions,
  initial: SpaceTime,
  assigned: readonly (readonly TaskWay[])[],
): PlannedEntry[][] {
  const { library } = options;
  let clock = 0;
  const plans: PlannedEntry[][] = assigned.map(() => []);
  const add = (arm: number, leg: MotionLeg, taskIndex: number): void => {
    plans[arm].push({ leg, startUs: clock, taskIndex });
    clock += leg.durationUs;
  };
  const starts = initial.plans.flatMap(({ entries }, arm) =>
    entries.map(({ leg, startUs }) => ({ arm, leg, startUs })),
  );
  starts.sort((a, b) => a.startUs - b.startUs);
  for (const { arm, leg } of starts) add(arm, leg, -1);
  assigned.forEach((sequence, arm) => {
    let spot = library.rests[arm];
    for (const way of sequence) {
      let reach = library.reach(arm, spot, way);
      if (reach === null) {
        const away = library.retreat(arm, spot);
        if (away !== null) add(arm, away, -1);
        reach = library.reach(arm, library.rests[arm], way);
      }
      if (reach === null) continue;
      add(arm, reach, -1);
      add(arm, way.carry, way.taskIndex);
      spot = way.place;
    }
    const retreat = spot === library.rests[arm] ? null : library.retreat(arm, spot);
    if (retreat !== null) add(arm, retreat, -1);
  });
  return plans;
}
