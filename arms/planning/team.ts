import { seededRandom } from '../geometry/random.ts';
import type { CollisionKernel } from '../kernel/collision-kernel.ts';
import type { Room } from './room.ts';
import { roomOf } from './room.ts';
import type { Contact, PlanningScene } from './scene.ts';
import { NO_ALLOWANCE, checkConfiguration, checkRows, prepareScene } from './scene.ts';
import type { TeamBody } from './team-body.ts';
import { armDistance, compileTeamBody, placeTeamBody } from './team-body.ts';
import type { TeamArm, TeamOutcome, TeamProblem } from './team-problem.ts';

/** One arm made ready: among the obstacles it meets its scene, among the others its body. */
export interface TeamMember {
  readonly arm: TeamArm;
  readonly scene: PlanningScene;
  readonly team: TeamBody;
  /** The same scene in the kernel. */
  readonly room: Room;
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** By how much a margin may be undercut between two looks, m. */
  readonly stepMinM: number;
  readonly placement: Float64Array;
}

/** A problem made ready for planning. Holds scratch space: one thread at a time. */
export interface Team {
  readonly problem: TeamProblem;
  readonly kernel: CollisionKernel;
  readonly members: readonly TeamMember[];
  /** Per pair of arms the distance to be kept, m, by `first * members.length + second`. */
  readonly needM: Float64Array;
  readonly random: () => number;
}

/** Distance kept beyond what is asked, where start and goal leave room for it, m. */
const MARGIN_M = 0.003;
/** Share of the room at start and goal that the margin may take. */
const MARGIN_SHARE = 0.5;
/** Joint values this far beyond a limit are rounding, rad. */
const LIMIT_TOLERANCE_RAD = 1e-4;
const FAR_M = 0.4;

export type TeamResult =
  | { readonly status: 'ready'; readonly team: Team }
  | Exclude<TeamOutcome, { readonly status: 'solved' } | { readonly status: 'not-found' }>;

/** Makes a problem ready, or says what is wrong with its starts and goals. */
export function prepareTeam(kernel: CollisionKernel, problem: TeamProblem, seed: number): TeamResult {
  const arms = problem.arms.map(withinLimits);
  for (const what of ['start', 'goal'] as const) {
    for (const arm of arms) {
      const { joints } = arm.manipulator;
      for (let j = 0; j < joints.length; j += 1) {
        const { lower, upper } = joints[j].limits;
        const value = arm[what][j];
        if (value >= lower && value <= upper) continue;
        return { status: `${what}-beyond-limits`, arm: arm.id, joint: joints[j].name, value, lower, upper };
      }
    }
  }
  const members: TeamMember[] = [];
  const found: { readonly what: 'start' | 'goal'; readonly arm: string; readonly contact: Contact }[] = [];
  for (const arm of arms) {
    const bare = prepareScene(sceneOf(problem, arm, 0));
    let room = Infinity;
    for (const what of ['start', 'goal'] as const) {
      const verdict = checkConfiguration(bare, arm[what], null, NO_ALLOWANCE);
      if (verdict.status === 'contact') found.push({ what, arm: arm.id, contact: verdict.contact });
      room = Math.min(room, checkRows(bare, arm[what], 0, null, NO_ALLOWANCE));
    }
    const marginM = Math.min(MARGIN_M, room * MARGIN_SHARE);
    const description = sceneOf(problem, arm, Math.max(0, marginM));
    const scene = prepareScene(description);
    const team = compileTeamBody(scene.body);
    const stepMinM = Math.max(5e-4, marginM * 0.7);
    const space = kernel.prepareScene(description);
    members.push({
      arm,
      scene,
      team,
      room: roomOf(scene, space, [arm.start, arm.goal], stepMinM),
      lower: arm.manipulator.joints.map((joint) => joint.limits.lower),
      upper: arm.manipulator.joints.map((joint) => joint.limits.upper),
      stepMinM,
      placement: new Float64Array(team.placementSize),
    });
  }
  const count = members.length;
  const needM = new Float64Array(count * count);
  for (const what of ['start', 'goal'] as const) {
    for (const member of members) placeTeamBody(member.team, member.arm[what], 0, member.placement, 0);
    for (let i = 0; i < count; i += 1) {
      for (let k = i + 1; k < count; k += 1) {
        const [a, b] = [members[i], members[k]];
        const distance = armDistance(a.team, a.placement, 0, b.team, b.placement, 0, FAR_M, -Infinity);
        if (distance < problem.clearanceM) {
          const depthM = problem.clearanceM - distance;
          found.push({ what, arm: a.arm.id, contact: { first: a.arm.id, second: b.arm.id, depthM } });
        }
        const need = problem.clearanceM + Math.min(MARGIN_M, (distance - problem.clearanceM) * MARGIN_SHARE);
        const before = what === 'start' ? Infinity : needM[i * count + k];
        needM[i * count + k] = needM[k * count + i] = Math.min(before, need);
      }
    }
  }
  const worst = found.sort((a, b) =>
    a.what === b.what ? b.contact.depthM - a.contact.depthM : a.what === 'start' ? -1 : 1,
  )[0];
  if (worst !== undefined) {
    for (const member of members) member.room.space.release();
    return { status: `${worst.what}-in-collision`, arm: worst.arm, contact: worst.contact };
  }
  return { status: 'ready', team: { problem, kernel, members, needM, random: seededRandom(seed) } };
}

/** Values a rounding beyond a limit count as at the limit. */
function withinLimits(arm: TeamArm): TeamArm {
  const clamp = (values: readonly number[]): readonly number[] =>
    values.map((value, j) => {
      const limits = arm.manipulator.joints[j].limits;
      const inside = Math.min(limits.upper, Math.max(limits.lower, value));
      return Math.abs(inside - value) <= LIMIT_TOLERANCE_RAD ? inside : value;
    });
  return { ...arm, start: clamp(arm.start), goal: clamp(arm.goal) };
}

function sceneOf(problem: TeamProblem, arm: TeamArm, marginM: number) {
  return {
    manipulator: arm.manipulator,
    X_WB: arm.X_WB,
    obstacles: problem.obstacles,
    standingArms: [],
    keepOut: [],
    obstacleMarginM: marginM,
    // Which pairs of links can meet at all is proven once per margin: one value for all problems.
    selfMarginM: 0,
    armMarginM: 0,
    keepOutMarginM: 0,
  };
}
