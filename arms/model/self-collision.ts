import { CAPSULE_STRIDE, capsuleCapsule } from '../geometry/distance.ts';
import { seededRandom } from '../geometry/random.ts';
import { TRANSFORM_SIZE, setIdentity } from '../geometry/transform.ts';
import { allocateFrames, compileChain, flangeFrame, forwardKinematics, frameOfJoint } from './kinematics.ts';
import type { LinkCapsule, Manipulator } from './manipulator.ts';

/** A manipulator whose pairs are still to be found. */
export type UnpairedManipulator = Omit<Manipulator, 'selfPairs'>;

/** Two links that need no check. */
type LinkPair = readonly [string, string];

export interface SelfPairs {
  readonly pairs: readonly (readonly [number, number])[];
  /** Link pairs left out because a joint joins them directly. */
  readonly adjacent: readonly LinkPair[];
  /** Link pairs left out because they touch in every sampled state. */
  readonly alwaysTouching: readonly LinkPair[];
}

const SAMPLES = 400;
const SEED = 20_251;

/** A key for an unordered pair of links. */
export function linkPairKey(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}

/**
 * Which pairs of capsules have to be checked for self-collision: all that move against one another, except those of
 * link pairs that `disabled` names, of links joined directly (when `adjacency` says they are `allowed`), and of link
 * pairs that touch in each of many seeded states, for which the arm could never move at all.
 */
export function findSelfPairs(
  manipulator: UnpairedManipulator,
  disabled: ReadonlySet<string>,
  adjacency: 'allowed' | 'checked',
): SelfPairs {
  const last = manipulator.joints.length - 1;
  const bodies: readonly { link: string; joint: number }[] = [
    ...manipulator.capsules,
    ...manipulator.tool.capsules.map(() => ({ link: manipulator.tool.name, joint: last })),
  ];
  const adjacent = new Map<string, LinkPair>();
  const candidates = new Map<string, { links: LinkPair; pairs: [number, number][] }>();
  for (let i = 0; i < bodies.length; i++) {
    for (let k = i + 1; k < bodies.length; k++) {
      const a = bodies[i];
      const b = bodies[k];
      const key = linkPairKey(a.link, b.link);
      if (a.joint === b.joint || disabled.has(key)) continue;
      if (adjacency === 'allowed' && Math.abs(a.joint - b.joint) === 1) {
        adjacent.set(key, [a.link, b.link]);
        continue;
      }
      const candidate = candidates.get(key) ?? { links: [a.link, b.link] as const, pairs: [] };
      candidate.pairs.push([i, k]);
      candidates.set(key, candidate);
    }
  }
  const undecided = new Map(candidates);
  const placed = placer(manipulator);
  const random = seededRandom(SEED);
  for (let sample = 0; sample < SAMPLES && undecided.size > 0; sample++) {
    const capsules = placed(
      manipulator.joints.map(({ limits }) => limits.lower + random() * (limits.upper - limits.lower)),
    );
    for (const [key, { pairs }] of undecided) {
      const touching = pairs.some(
        ([i, k]) => capsuleCapsule(capsules, i * CAPSULE_STRIDE, capsules, k * CAPSULE_STRIDE) < 0,
      );
      if (!touching) undecided.delete(key);
    }
  }
  for (const key of undecided.keys()) candidates.delete(key);
  return {
    pairs: [...candidates.values()].flatMap(({ pairs }) => pairs),
    adjacent: [...adjacent.values()],
    alwaysTouching: [...undecided.values()].map(({ links }) => links),
  };
}

/** A function that places all capsules of an arm, the tool's last, as `p q r` rows in the base frame. */
export function placer(manipulator: UnpairedManipulator): (q: readonly number[]) => Float64Array {
  const chain = compileChain(manipulator);
  const T_BB = new Float64Array(TRANSFORM_SIZE);
  setIdentity(T_BB, 0);
  const frames = allocateFrames(chain);
  const tool = manipulator.tool.capsules;
  const capsules = new Float64Array((manipulator.capsules.length + tool.length) * CAPSULE_STRIDE);
  return (q) => {
    forwardKinematics(chain, T_BB, 0, q, 0, frames, 0);
    manipulator.capsules.forEach((capsule, i) => {
      place(frames, frameOfJoint(capsule.joint), capsule, capsules, i * CAPSULE_STRIDE);
    });
    tool.forEach((capsule, i) => {
      const at = (manipulator.capsules.length + i) * CAPSULE_STRIDE;
      place(frames, flangeFrame(chain), capsule, capsules, at);
    });
    return capsules;
  };
}

function place(
  frames: Float64Array,
  frame: number,
  capsule: Pick<LinkCapsule, 'p' | 'q' | 'radiusM'>,
  out: Float64Array,
  at: number,
): void {
  const T = frame * TRANSFORM_SIZE;
  for (let row = 0; row < 3; row++) {
    const r = T + 4 * row;
    const { p, q } = capsule;
    out[at + row] = frames[r] * p[0] + frames[r + 1] * p[1] + frames[r + 2] * p[2] + frames[r + 3];
    out[at + 3 + row] = frames[r] * q[0] + frames[r + 1] * q[1] + frames[r + 2] * q[2] + frames[r + 3];
  }
  out[at + 6] = capsule.radiusM;
}
