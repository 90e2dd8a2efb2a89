import type { Room } from './room.ts';
import { rrtConnect } from './rrt-connect.ts';
import { shortenPath } from './short-path.ts';
import type { TeamMember } from './team.ts';

type Row = readonly number[];

/** Longest extension of the search's trees, rad. */
const EXTENSION_RAD = 0.9;
/** Seeds that a search may get. */
const SEEDS = 0x7fffffff;

export interface PathRequest {
  readonly member: TeamMember;
  /** Where the arm moves: among the obstacles, or among other arms as well. */
  readonly room: Room;
  readonly from: Row;
  /** Any of these will do; those that come first are tried first. */
  readonly goals: readonly Row[];
  readonly random: () => number;
  readonly nodesMax: number;
  readonly shortenRounds: number;
}

/** A free path of one arm on its own: straight if that is free, else by RRT-Connect and shortened; null: not found. */
export function findArmPath(request: PathRequest): readonly Row[] | null {
  const { member, room, from, random } = request;
  const { isLineFree } = room;
  for (const to of request.goals) if (isLineFree(from, to)) return [from, to];
  const search = {
    start: from,
    goals: request.goals,
    lower: member.lower,
    upper: member.upper,
    weights: member.lower.map(() => 1),
    seed: Math.floor(random() * SEEDS),
    nodesMax: request.nodesMax,
  };
  let found: readonly Row[] | null = null;
  if (!room.isTight) {
    const outcome = room.space.planRrtConnect({
      ...search,
      stepMax: EXTENSION_RAD,
      iterationsMax: request.nodesMax * 4,
    });
    if (outcome.status === 'solved') found = outcome.path;
  } else {
    let checks = request.nodesMax * 2;
    const mayGoOn = (): boolean => checks-- > 0;
    found = rrtConnect({ ...search, stepS: EXTENSION_RAD, isLineFree, mayGoOn })?.path ?? null;
  }
  if (found === null) return null;
  const arms = [[0, from.length]] as const;
  return shortenPath({ path: found, isLineFree, random, rounds: request.shortenRounds, arms });
}
