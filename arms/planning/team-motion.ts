import type { Track } from '../kernel/collision-kernel.ts';
import { placeBody } from './arm-body.ts';
import { sharesOf } from './swept-path.ts';
import { travelOf } from './team-body.ts';
import type { Team, TeamMember } from './team.ts';

type Row = readonly number[];

/** Longest travel of any point of an arm in one tick, m. */
const TICK_TRAVEL_M = 0.04;
/** Ticks of a motion at most: beyond it they become longer. */
const TICKS_MAX = 1_200;
/** Allowance for what a point's travel may be between the places looked at. */
const BETWEEN_LOOKS = 1.1;
/** A joint that is this far off the even way between its neighbours turns a corner, rad. */
const CORNER_RAD = 1e-9;

/**
 * A motion of all arms, cut at instants common to all of them ("ticks"), with a track of each arm for comparison with
 * the others. Between two corners an arm goes evenly in `times`, which has no unit.
 */
export class TeamMotion {
  readonly team: Team;
  readonly times: Float64Array;
  /** Per arm its joints at every tick, one row after the other. */
  readonly positions: readonly Float64Array[];
  /** Per arm 1 where it turns a corner; the first and the last tick are corners of all. */
  readonly corners: readonly Uint8Array[];
  readonly #tracks: Track[];

  /** @param rows corners of the motion: the joints of all arms, one arm after the other */
  constructor(team: Team, rows: readonly Row[]) {
    this.team = team;
    const { times, segmentOf } = ticksOf(team, rows);
    this.times = times;
    let first = 0;
    this.positions = team.members.map(({ arm }) => {
      const n = arm.start.length;
      const out = new Float64Array(times.length * n);
      for (let tick = 0; tick < times.length; tick += 1) {
        const s = segmentOf[tick];
        const share = times[tick] - s;
        for (let j = 0; j < n; j += 1) {
          const from = rows[s][first + j];
          const to = rows[s + 1][first + j];
          out[tick * n + j] = share === 1 ? to : from + (to - from) * share;
        }
      }
      first += n;
      return out;
    });
    this.corners = team.members.map(() => new Uint8Array(times.length));
    this.#tracks = team.members.map((_, arm) => this.#fullTrack(arm));
    team.members.forEach((_, arm) => this.#markCorners(arm));
  }

  get ticks(): number {
    return this.times.length;
  }

  #fullTrack(arm: number): Track {
    const { team, ticks } = this;
    const scene = team.members[arm].room.space;
    return team.kernel.createTrack({
      scene,
      positions: this.positions[arm],
      sampleCount: ticks,
      carried: null,
    });
  }

  #markCorners(arm: number): void {
    const { times } = this;
    const positions = this.positions[arm];
    const corners = this.corners[arm];
    const n = positions.length / times.length;
    corners.fill(0);
    corners[0] = corners[times.length - 1] = 1;
    for (let tick = 1; tick < times.length - 1; tick += 1) {
      const share = (times[tick] - times[tick - 1]) / (times[tick + 1] - times[tick - 1]);
      for (let j = 0; j < n; j += 1) {
        const before = positions[(tick - 1) * n + j];
        const even = before + (positions[(tick + 1) * n + j] - before) * share;
        if (Math.abs(positions[tick * n + j] - even) > CORNER_RAD) corners[tick] = 1;
      }
    }
  }

  /** Way of one arm's joints between two ticks, rad. */
  way(arm: number, from: number, until: number): number {
    const positions = this.positions[arm];
    const n = positions.length / this.ticks;
    let sum = 0;
    for (let at = from * n; at < until * n; at += 1) sum += Math.abs(positions[at + n] - positions[at]);
    return sum;
  }

  /**
   * Whether the arms `arms` may go from tick `from` to `until` as in `made` (rows of the ticks from `from` to `until`,
   * one list per arm) and meet neither one another nor any other arm. Their surroundings are not looked at.
   */
  isApart(arms: readonly number[], made: readonly Float64Array[], from: number, until: number): boolean {
    const { team, ticks } = this;
    // One tick more on either side: what an arm does before and after counts at the ends.
    const first = Math.max(0, from - 1);
    const last = Math.min(ticks - 1, until + 1);
    const tracks: Track[] = [];
    try {
      return arms.every((arm, k) => {
        const n = team.members[arm].arm.start.length;
        const positions = this.positions[arm].slice(first * n, (last + 1) * n);
        positions.set(made[k], (from - first) * n);
        const scene = team.members[arm].room.space;
        const track = team.kernel.createTrack({
          scene,
          positions,
          sampleCount: last - first + 1,
          carried: null,
        });
        tracks.push(track);
        return team.members.every((_, other) => {
          if (other === arm) return true;
          const need = team.needM[arm * team.members.length + other];
          const at = arms.indexOf(other);
          if (at > k) return true;
          return at < 0
            ? team.kernel.firstConflict(
                track,
                this.#tracks[other],
                need,
                first,
                from - first,
                until - first,
              ) < 0
            : team.kernel.firstConflict(track, tracks[at], need, 0, from - first, until - first) < 0;
        });
      });
    } finally {
      for (const track of tracks) track.release();
    }
  }

  /** Lets an arm go from tick `from` on as in `rows`. */
  replace(arm: number, rows: Float64Array, from: number): void {
    const n = this.team.members[arm].arm.start.length;
    this.positions[arm].set(rows, from * n);
    this.#markCorners(arm);
    this.#tracks[arm].release();
    this.#tracks[arm] = this.#fullTrack(arm);
  }

  /** The corners of the motion of all arms. */
  rows(): readonly Row[] {
    const made: number[][] = [];
    for (let tick = 0; tick < this.ticks; tick += 1) {
      if (this.corners.every((corners) => corners[tick] === 0)) continue;
      made.push(
        this.positions.flatMap((positions) => {
          const n = positions.length / this.ticks;
          return Array.from(positions.subarray(tick * n, (tick + 1) * n));
        }),
      );
    }
    return made;
  }

  release(): void {
    for (const track of this.#tracks) track.release();
  }
}

/** Instants at which a motion is cut: its corners are whole numbers. */
function ticksOf(
  team: Team,
  rows: readonly Row[],
): { readonly times: Float64Array; readonly segmentOf: readonly number[] } {
  const steps: number[] = [];
  for (let k = 1; k < rows.length; k += 1) {
    let most = 0;
    let first = 0;
    for (const member of team.members) {
      most = Math.max(most, travelBetween(member, rows[k - 1], rows[k], first));
      first += member.arm.start.length;
    }
    steps.push(Math.max(1, Math.ceil((most * BETWEEN_LOOKS) / TICK_TRAVEL_M)));
  }
  const total = steps.reduce((sum, s) => sum + s, 0);
  const shrink = total > TICKS_MAX ? TICKS_MAX / total : 1;
  const times: number[] = [0];
  const segmentOf: number[] = [0];
  steps.forEach((wanted, k) => {
    const count = Math.max(1, Math.floor(wanted * shrink));
    for (const share of sharesOf(count, k === 0, k === steps.length - 1)) {
      times.push(k + share);
      segmentOf.push(k);
    }
  });
  return { times: Float64Array.from(times), segmentOf };
}

const LOOKS = 2;

/** About how far any point of an arm goes on a straight motion, m: from looks at a few places of it. */
function travelBetween(member: TeamMember, from: Row, to: Row, first: number): number {
  const n = member.arm.start.length;
  const dq = new Float64Array(n);
  const q = new Float64Array(n);
  let moves = false;
  for (let j = 0; j < n; j += 1) {
    dq[j] = to[first + j] - from[first + j];
    if (dq[j] !== 0) moves = true;
  }
  if (!moves) return 0;
  let most = 0;
  for (let look = 0; look <= LOOKS; look += 1) {
    for (let j = 0; j < n; j += 1) q[j] = from[first + j] + (dq[j] * look) / LOOKS;
    placeBody(member.team.body, q, 0);
    most = Math.max(most, travelOf(member.team, dq));
  }
  return most;
}
