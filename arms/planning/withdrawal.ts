import { seededRandom } from '../geometry/random.ts';
import { CAPSULE_STRIDE } from '../geometry/distance.ts';
import { TRANSFORM_SIZE } from '../geometry/transform.ts';
import type { Manipulator } from '../model/manipulator.ts';
import { frameOfJoint } from '../model/kinematics.ts';
import type { ArmBody } from './arm-body.ts';
import { compileBody, placeBody } from './arm-body.ts';
import { findArmPath } from './arm-path.ts';
import { NO_ALLOWANCE, isFree } from './scene.ts';
import { sumOfJoints } from './swept-path.ts';
import type { Team, TeamMember } from './team.ts';

type Row = readonly number[];

/**
 * Withdrawing: an arm draws in towards the axis of its first joint, turns there, and reaches out again. The further it
 * draws in, the less of the shared space it sweeps, down to next to nothing, so that a team whose arms all withdraw
 * far enough can nearly always pass; and the less it draws in, the shorter its way.
 */

/** Configurations looked at once per manipulator, and how many compact ones are kept. */
const SAMPLES = 3_000;
const KEPT = 24;
const SAMPLE_SEED = 77;
/** Joints beyond this range are sampled within it: the same postures, rad. */
const SAMPLE_RANGE = Math.PI;
/** Room that a posture may take beyond the most compact one before its way counts, m. */
const COMPACT_SLACK_M = 0.06;

const compact = new WeakMap<Manipulator, readonly Row[]>();

/** Postures of the manipulator that stay near the axis of its first joint; kept with it. */
export function compactPostures(manipulator: Manipulator): readonly Row[] {
  const known = compact.get(manipulator);
  if (known !== undefined) return known;
  const body = compileBody(manipulator, { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] });
  const random = seededRandom(SAMPLE_SEED);
  const sampled = Array.from({ length: SAMPLES }, () => {
    const q = manipulator.joints.map(({ limits }, j) => {
      const low = Math.max(limits.lower, -SAMPLE_RANGE);
      const high = Math.min(limits.upper, SAMPLE_RANGE);
      return j === 0 ? Math.min(limits.upper, Math.max(limits.lower, 0)) : low + random() * (high - low);
    });
    return { q, extentM: extentAt(body, q) };
  });
  sampled.sort((a, b) => a.extentM - b.extentM);
  const made = sampled.slice(0, KEPT).map(({ q }) => q);
  compact.set(manipulator, made);
  return made;
}

/** Largest distance of any part from the axis of the first joint, m. */
function extentAt(body: ArmBody, q: Row): number {
  placeBody(body, q, 0);
  const T = frameOfJoint(0) * TRANSFORM_SIZE;
  const { frames, world } = body;
  const a = body.chain.axes;
  const axis = [0, 4, 8].map(
    (row) => frames[T + row] * a[0] + frames[T + row + 1] * a[1] + frames[T + row + 2] * a[2],
  );
  let most = 0;
  for (let k = 0; k < body.capsuleCount; k += 1) {
    if (body.joints[k] < 0) continue;
    for (let end = 0; end < 6; end += 3) {
      const at = k * CAPSULE_STRIDE;
      const d = [0, 1, 2].map((i) => world[at + end + i] - frames[T + 3 + 4 * i]);
      const along = d[0] * axis[0] + d[1] * axis[1] + d[2] * axis[2];
      const squared = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] - along * along;
      most = Math.max(most, Math.sqrt(Math.max(0, squared)) + world[at + 6]);
    }
  }
  return most;
}

/** Ways of one arm from its start and from its goal to where it is drawn in; null: none found. */
interface Withdrawal {
  readonly fromStart: readonly Row[];
  readonly fromGoal: readonly Row[];
}

const NODES_MAX = 1_500;
const SHORTEN_ROUNDS = 20;

/** How arms of a team withdraw, found when first asked for. */
export class Withdrawals {
  readonly #team: Team;
  readonly #known = new Map<number, Withdrawal | null>();

  constructor(team: Team) {
    this.#team = team;
  }

  /**
   * A free way of the arm from start to goal that draws in by `share` (above 0, at most 1) of the whole withdrawal in
   * between; null: there is none that was found.
   */
  path(arm: number, share: number): readonly Row[] | null {
    const { members, random } = this.#team;
    const member = members[arm];
    let withdrawal = this.#known.get(arm);
    if (withdrawal === undefined) {
      const fromStart = drawIn(member, member.arm.start, random);
      const fromGoal = fromStart === null ? null : drawIn(member, member.arm.goal, random);
      withdrawal = fromStart === null || fromGoal === null ? null : { fromStart, fromGoal };
      this.#known.set(arm, withdrawal);
    }
    if (withdrawal === null) return null;
    const out = partOf(withdrawal.fromStart, share);
    const back = partOf(withdrawal.fromGoal, share);
    const across = findArmPath({
      member,
      room: member.room,
      from: out[out.length - 1],
      goals: [back[back.length - 1]],
      random,
      nodesMax: NODES_MAX,
      shortenRounds: SHORTEN_ROUNDS,
    });
    if (across === null) return null;
    return [...out, ...across.slice(1, -1), ...[...back].reverse()];
  }
}

/** A free way from a configuration to a compact posture; the first joint stays where it is. */
function drawIn(member: TeamMember, from: Row, random: () => number): readonly Row[] | null {
  const goals = placesToDrawIn(member, from);
  if (goals.length === 0) return null;
  return findArmPath({
    member,
    room: member.room,
    from,
    goals,
    random,
    nodesMax: NODES_MAX,
    shortenRounds: SHORTEN_ROUNDS,
  });
}

/** Free compact postures for an arm that is at `from`, those with the shortest way first; none if there is none. */
export function placesToDrawIn(member: TeamMember, from: Row): readonly Row[] {
  const { scene } = member;
  const choices = compactPostures(member.arm.manipulator)
    .flatMap((posture) => [3, from.length - 1].map((joints) => near(member, from, posture, joints)))
    .filter((q) => isFree(scene, q, 0, null, NO_ALLOWANCE))
    .map((q) => ({ q, extentM: extentAt(scene.body, q), way: sumOfJoints(from, q) }));
  const least = Math.min(...choices.map((choice) => choice.extentM));
  return choices
    .filter((choice) => choice.extentM <= least + COMPACT_SLACK_M)
    .sort((a, b) => a.way - b.way)
    .map(({ q }) => q);
}

/** The posture taken by so many joints after the first, each by the turn that is nearest to where it is. */
function near(member: TeamMember, from: Row, posture: Row, joints: number): Row {
  const { lower, upper } = member;
  return from.map((value, j) => {
    if (j === 0 || j > joints) return value;
    if (member.arm.manipulator.joints[j].kind === 'prismatic') return posture[j];
    const turns = Math.round((value - posture[j]) / (2 * Math.PI));
    const turned = posture[j] + turns * 2 * Math.PI;
    return turned >= lower[j] && turned <= upper[j] ? turned : posture[j];
  });
}

/** The first part of a way, by its length. */
function partOf(way: readonly Row[], share: number): readonly Row[] {
  let left = 0;
  for (let k = 1; k < way.length; k += 1) left += sumOfJoints(way[k - 1], way[k]);
  left *= share;
  const made = [way[0]];
  for (let k = 1; k < way.length; k += 1) {
    const length = sumOfJoints(way[k - 1], way[k]);
    if (length >= left) {
      const part = length === 0 ? 0 : left / length;
      made.push(way[k].map((value, j) => way[k - 1][j] + (value - way[k - 1][j]) * part));
      return made;
    }
    left -= length;
    made.push(way[k]);
  }
  return made;
}
