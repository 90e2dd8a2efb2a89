import { sumOfJoints } from './swept-path.ts';
import type { Team } from './team.ts';
import { TeamMotion } from './team-motion.ts';

type Row = readonly number[];

/** Shares of the trials that straighten an arm, and a pair of arms; the rest straightens single joints. */
const ARM_SHARE = 0.45;
const PAIR_SHARE = 0.15;
/** Share of the ends of a trial that are corners: the rest is any tick. */
const CORNER_SHARE = 0.6;
/** Gains below this are not worth a check, rad. */
const GAIN_MIN = 1e-3;
/** Excess over the straight lines, as a share, below which nothing is left to gain. */
const GOOD_ENOUGH = 0.015;
/** So many trials in a row have to gain at least this share of the straight lines, or it ends. */
const PATIENCE = 50;
const PATIENCE_GAIN = 0.003;
/** Draws without anything to gain that count as one trial. */
const DRAWS_PER_TRIAL = 8;

/**
 * Makes a motion of all arms shorter, measured as the sum over joints of |dq|, while all arms go on at the same
 * instants as before: an arm, two arms or a single joint goes straight from one instant to another, if that meets
 * neither the surroundings nor the other arms, whose tracks are at hand.
 */
export function shortenTogether(team: Team, rows: readonly Row[], trials: number): readonly Row[] {
  if (rows.length <= 2) return rows;
  const motion = new TeamMotion(team, rows);
  try {
    new Shortener(motion).run(trials);
    return motion.rows();
  } finally {
    motion.release();
  }
}

class Shortener {
  readonly #motion: TeamMotion;
  readonly #team: Team;
  /** Per arm how much longer its way is than the straight one, rad. */
  readonly #excess: number[];
  readonly #straight: number;

  constructor(motion: TeamMotion) {
    this.#motion = motion;
    this.#team = motion.team;
    const straight = this.#team.members.map(({ arm }) => sumOfJoints(arm.start, arm.goal));
    this.#straight = straight.reduce((sum, s) => sum + s, 0);
    this.#excess = straight.map((s, arm) => motion.way(arm, 0, motion.ticks - 1) - s);
  }

  run(trials: number): void {
    const { random } = this.#team;
    let tried = 0;
    let before = Infinity;
    for (let draws = trials * DRAWS_PER_TRIAL; draws > 0; draws -= 1) {
      const over = this.#excess.reduce((sum, e) => sum + e, 0);
      if (over <= GOOD_ENOUGH * this.#straight) return;
      const arm = this.#drawArm(over);
      const [from, until] = this.#drawSpan(arm);
      if (until - from < 2) continue;
      const kind = random();
      let isTried: boolean;
      if (kind < PAIR_SHARE && this.#team.members.length > 1) {
        const other = Math.floor(random() * this.#team.members.length);
        isTried = this.#straighten(other === arm ? [arm] : [arm, other], from, until);
      } else if (kind < PAIR_SHARE + ARM_SHARE) isTried = this.#straighten([arm], from, until);
      else isTried = this.#straightenJoint(arm, from, until);
      if (!isTried) continue;
      draws -= DRAWS_PER_TRIAL - 1;
      tried += 1;
      if (tried % PATIENCE !== 0) continue;
      if (before - over < PATIENCE_GAIN * this.#straight) return;
      before = over;
    }
  }

  #drawArm(over: number): number {
    let at = this.#team.random() * over;
    for (let arm = 0; arm < this.#excess.length; arm += 1) {
      at -= this.#excess[arm];
      if (at <= 0) return arm;
    }
    return this.#excess.length - 1;
  }

  #drawSpan(arm: number): readonly [number, number] {
    const { random } = this.#team;
    const corners = this.#motion.corners[arm];
    const draw = (): number => {
      const tick = Math.floor(random() * this.#motion.ticks);
      if (random() > CORNER_SHARE) return tick;
      const step = random() < 0.5 ? 1 : -1;
      for (let t = tick; t >= 0 && t < corners.length; t += step) if (corners[t] === 1) return t;
      return tick;
    };
    const [a, b] = [draw(), draw()];
    return a < b ? [a, b] : [b, a];
  }

  /** Lets arms go straight between two ticks; false: there was nothing to gain. */
  #straighten(arms: readonly number[], from: number, until: number): boolean {
    const motion = this.#motion;
    const { times } = motion;
    let gain = 0;
    const made = arms.map((arm) => {
      const n = this.#team.members[arm].arm.start.length;
      const positions = motion.positions[arm];
      const rows = positions.slice(from * n, (until + 1) * n);
      const end = (until - from) * n;
      let straight = 0;
      for (let j = 0; j < n; j += 1) straight += Math.abs(rows[end + j] - rows[j]);
      gain += motion.way(arm, from, until) - straight;
      for (let t = 1; t < until - from; t += 1) {
        const share = (times[from + t] - times[from]) / (times[until] - times[from]);
        for (let j = 0; j < n; j += 1) rows[t * n + j] = rows[j] + (rows[end + j] - rows[j]) * share;
      }
      return rows;
    });
    if (gain < GAIN_MIN) return false;
    const isFree = arms.every((arm, k) => {
      const n = this.#team.members[arm].arm.start.length;
      const row = (t: number): Row => Array.from(made[k].subarray(t * n, (t + 1) * n));
      return this.#team.members[arm].room.isLineFree(row(0), row(until - from));
    });
    if (isFree && motion.isApart(arms, made, from, until)) this.#take(arms, made, from);
    return true;
  }

  /** Lets one joint go evenly between two ticks, the arm's other joints as they did; false: nothing to gain. */
  #straightenJoint(arm: number, from: number, until: number): boolean {
    const motion = this.#motion;
    const { times } = motion;
    const corners = motion.corners[arm];
    const n = this.#team.members[arm].arm.start.length;
    const j = Math.floor(this.#team.random() * n);
    const rows = motion.positions[arm].slice(from * n, (until + 1) * n);
    const last = until - from;
    const [start, end] = [rows[j], rows[last * n + j]];
    let way = 0;
    for (let t = 0; t < last; t += 1) way += Math.abs(rows[(t + 1) * n + j] - rows[t * n + j]);
    if (way - Math.abs(end - start) < GAIN_MIN) return false;
    for (let t = 1; t < last; t += 1) {
      const share = (times[from + t] - times[from]) / (times[until] - times[from]);
      rows[t * n + j] = start + (end - start) * share;
    }
    const { isLineFree } = this.#team.members[arm].room;
    let before: Row = Array.from(rows.subarray(0, n));
    for (let t = 1; t <= last; t += 1) {
      if (t < last && corners[from + t] === 0) continue;
      const here: Row = Array.from(rows.subarray(t * n, (t + 1) * n));
      if (!isLineFree(before, here)) return true;
      before = here;
    }
    if (motion.isApart([arm], [rows], from, until)) this.#take([arm], [rows], from);
    return true;
  }

  #take(arms: readonly number[], made: readonly Float64Array[], from: number): void {
    const motion = this.#motion;
    arms.forEach((arm, k) => {
      const { start, goal } = this.#team.members[arm].arm;
      motion.replace(arm, made[k], from);
      this.#excess[arm] = motion.way(arm, 0, motion.ticks - 1) - sumOfJoints(start, goal);
    });
  }
}
