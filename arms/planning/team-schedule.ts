import type { Track } from '../kernel/collision-kernel.ts';
import { conflictRowBytes } from '../kernel/collision-kernel.ts';
import type { PairTable, Schedule, Scheduled } from './coordination.ts';
import { bitTable, searchSchedule } from './coordination.ts';
import type { SweptPath } from './swept-path.ts';
import { sweepPath } from './swept-path.ts';
import type { Team } from './team.ts';

/** Longest travel of any point of an arm in one tick, m. */
const TICK_TRAVEL_M = 0.04;
/**
 * States of one arm's search, per tick that it takes at least when nobody is in the way: a search that finds anything
 * mostly finds it soon.
 */
const STATES_PER_TICK = { thorough: 12, quick: 3 } as const;

/** A state of a schedule's search costs about as much as comparing so many pairs of samples. */
const WORK_PER_STATE = 5;

/** A path of one arm, and when it goes along it. */
export interface Lane {
  readonly path: SweptPath;
  readonly schedule: Schedule;
}

/** Pairs of paths that were compared before, and what is spent on comparing. */
export class TeamTables {
  readonly #team: Team;
  readonly #tables = new WeakMap<SweptPath, WeakMap<SweptPath, PairTable>>();
  readonly #tracks = new Map<SweptPath, Track>();
  /** Each arm resting at its start. */
  readonly #starts: readonly SweptPath[];
  /** What was spent so far, in pairs of samples compared: what efforts are counted in. */
  work = 0;

  constructor(team: Team) {
    this.#team = team;
    this.#starts = team.members.map((m, arm) => this.sweep(arm, [m.arm.start]));
  }

  sweep(arm: number, waypoints: readonly (readonly number[])[]): SweptPath {
    return sweepPath(this.#team.members[arm].team, waypoints, TICK_TRAVEL_M);
  }

  /** The table of two arms' paths; the arm with the lower number is its first. */
  #table(arm: number, path: SweptPath, other: number, otherPath: SweptPath): PairTable {
    const [a, b] = arm < other ? [path, otherPath] : [otherPath, path];
    const known = this.#tables.get(a) ?? new WeakMap<SweptPath, PairTable>();
    this.#tables.set(a, known);
    const before = known.get(b);
    if (before !== undefined) return before;
    const needM = this.#team.needM[arm * this.#team.members.length + other];
    const [first, second] = arm < other ? [arm, other] : [other, arm];
    const trackA = this.#track(first, a);
    const trackB = this.#track(second, b);
    const rowBytes = conflictRowBytes(trackB);
    const bits = new Uint8Array(a.count * rowBytes);
    this.work += a.count * b.count;
    this.#team.kernel.conflictMatrix(trackA, trackB, needM, bits);
    const made = bitTable(bits, rowBytes);
    known.set(b, made);
    return made;
  }

  #track(arm: number, path: SweptPath): Track {
    const known = this.#tracks.get(path);
    if (known !== undefined) return known;
    const scene = this.#team.members[arm].room.space;
    const { positions, count: sampleCount } = path;
    const made = this.#team.kernel.createTrack({ scene, positions, sampleCount, carried: null });
    this.#tracks.set(path, made);
    return made;
  }

  /** Gives the kernel's memory back; nothing may be scheduled after that. */
  release(): void {
    for (const track of this.#tracks.values()) track.release();
    this.#tracks.clear();
  }

  /**
   * Times one arm's path so that it meets none of the given lanes (by arm; null: not there yet). Arms that have no lane
   * yet stand at their starts for the first `graceTicks`: so long they are given to get away. Returns the schedule, or
   * how often each arm was in the way.
   */
  schedule(
    arm: number,
    path: SweptPath,
    lanes: readonly (Lane | null)[],
    care: keyof typeof STATES_PER_TICK,
    graceTicks: number,
  ): { readonly schedule: Schedule | null; readonly blockers: ReadonlyMap<number, number> } {
    const others: Scheduled[] = [];
    const who: number[] = [];
    lanes.forEach((lane, other) => {
      if (other === arm || (lane === null && graceTicks === 0)) return;
      who.push(other);
      others.push({
        schedule: lane?.schedule ?? [0],
        table: this.#table(arm, path, other, lane?.path ?? this.#starts[other]),
        own: arm < other ? 'first' : 'second',
        untilTick: lane === null ? graceTicks : Infinity,
      });
    });
    let ticks = path.count;
    for (const { schedule, untilTick } of others) {
      ticks = Math.max(ticks, schedule.length, untilTick === Infinity ? 0 : untilTick);
    }
    const outcome = searchSchedule({ path, others, statesMax: STATES_PER_TICK[care] * ticks });
    this.work += outcome.states * WORK_PER_STATE;
    if (outcome.status === 'scheduled') return { schedule: outcome.schedule, blockers: new Map() };
    return {
      schedule: null,
      blockers: new Map(outcome.blockers.map((count, o) => [who[o], count])),
    };
  }
}
