import type { ArmGroup } from '../kernel/collision-kernel.ts';
import { MOTION_FREE } from '../kernel/collision-kernel.ts';
import { withoutNeedlessCorners } from './short-path.ts';
import type { Team } from './team.ts';

type Row = readonly number[];

/** Longest extension per square root of the number of arms, rad: distances grow with the number of joints. */
const EXTENSION_RAD = 0.9;
const SEEDS = 0x7fffffff;

/** All arms as one, with the distances that they have to keep. */
export class CoupledArms {
  readonly #team: Team;
  readonly #group: ArmGroup;
  readonly #start: Row;
  readonly #goal: Row;

  constructor(team: Team) {
    const { members, kernel, needM } = team;
    this.#team = team;
    // Starts and goals keep this distance, the closest pair just so.
    let armMarginM = Infinity;
    for (let a = 0; a < members.length; a += 1) {
      for (let b = a + 1; b < members.length; b += 1) {
        armMarginM = Math.min(armMarginM, needM[a * members.length + b]);
      }
    }
    this.#group = kernel.prepareGroup(
      members.map((m) => m.room.space),
      armMarginM,
    );
    this.#start = members.flatMap((m) => m.arm.start);
    this.#goal = members.flatMap((m) => m.arm.goal);
  }

  /** All arms straight to their goals at once; null: not free. */
  straight(): readonly Row[] | null {
    return this.isLineFree(this.#start, this.#goal) ? [this.#start, this.#goal] : null;
  }

  readonly isLineFree = (a: Row, b: Row): boolean => this.#group.checkMotion(a, 0, b, 0) === MOTION_FREE;

  /** A way found by RRT-Connect in the space of all joints; rows hold the joints of all arms. Null: not found. */
  plan(nodesMax: number): readonly Row[] | null {
    const { members, random } = this.#team;
    const outcome = this.#group.planRrtConnect({
      start: this.#start,
      goals: [this.#goal],
      ...rangesAbout(this.#team, this.#start, this.#goal),
      weights: this.#start.map(() => 1),
      stepMax: EXTENSION_RAD * Math.sqrt(members.length),
      seed: Math.floor(random() * SEEDS),
      iterationsMax: nodesMax,
      nodesMax,
    });
    return outcome.status === 'solved' ? withoutNeedlessCorners(outcome.path, this.isLineFree) : null;
  }

  /** Leaves out corners past which all arms can go straight. */
  simplified(rows: readonly Row[]): readonly Row[] {
    return withoutNeedlessCorners(rows, this.isLineFree);
  }

  release(): void {
    this.#group.release();
  }
}

/** How far beyond start and goal joints that can turn more than full circle are used, rad. */
const BEYOND_RAD = Math.PI;

function rangesAbout(team: Team, start: Row, goal: Row): { readonly lower: Row; readonly upper: Row } {
  const lowest = team.members.flatMap((m) => m.lower);
  const highest = team.members.flatMap((m) => m.upper);
  return {
    lower: lowest.map((low, j) => Math.max(low, Math.min(start[j], goal[j]) - BEYOND_RAD)),
    upper: highest.map((high, j) => Math.min(high, Math.max(start[j], goal[j]) + BEYOND_RAD)),
  };
}
