import type { Pose } from '../../arms/geometry/pose.ts';
import { seededRandom } from '../../arms/geometry/random.ts';
import type { Obstacle } from '../../arms/geometry/shape.ts';
import type { ArmScene, KernelSceneDescription } from '../../arms/kernel/index.ts';
import { MOTION_FREE } from '../../arms/kernel/index.ts';
import type { Manipulator } from '../../arms/model/manipulator.ts';

/** Uniform numbers from a seed. */
export function uniform(seed: number): (from: number, to: number) => number {
  const random = seededRandom(seed);
  return (from, to) => from + random() * (to - from);
}

function at(x: number, y: number, z: number): Pose {
  return { positionM: [x, y, z], quaternionXyzw: [0, 0, 0, 1] };
}

/**
 * A shelf in front of the arm and one beside it, a table, and balls in the compartments: 34 boxes and 8 spheres, as
 * many as in the scene that published speeds of such kernels were measured with.
 */
export function shelfObstacles(): Obstacle[] {
  const obstacles: Obstacle[] = [];
  const box = (x: number, y: number, z: number, sizeM: [number, number, number]): void => {
    obstacles.push({ id: `box-${obstacles.length}`, shape: { type: 'box', sizeM }, X_WO: at(x, y, z) });
  };
  for (const side of [1, -1]) {
    // Five boards and five uprights, then back boards, of a shelf 1.2 m wide.
    for (let board = 0; board < 5; board += 1) box(side * 0.75, 0, 0.05 + 0.3 * board, [0.35, 1.2, 0.02]);
    for (let upright = 0; upright < 5; upright += 1) {
      box(side * 0.75, -0.6 + 0.3 * upright, 0.65, [0.35, 0.02, 1.2]);
    }
    for (let back = 0; back < 4; back += 1) box(side * 0.93, -0.45 + 0.3 * back, 0.65, [0.02, 0.3, 1.2]);
    // What stands in it.
    for (let thing = 0; thing < 3; thing += 1) {
      box(side * 0.78, -0.45 + 0.3 * thing, 0.16 + 0.3 * thing, [0.12, 0.14, 0.2]);
    }
  }
  for (let ball = 0; ball < 8; ball += 1) {
    const y = -0.45 + 0.3 * (ball % 4);
    const shape = { type: 'sphere', radiusM: 0.06 } as const;
    obstacles.push({
      id: `ball-${ball}`,
      shape,
      X_WO: at(ball < 4 ? 0.72 : -0.72, y, 0.43 + 0.3 * (ball % 3)),
    });
  }
  return obstacles;
}

export function describeScene(
  manipulator: Manipulator,
  obstacles: readonly Obstacle[],
  X_WB: Pose,
): KernelSceneDescription & { readonly obstacles: readonly Obstacle[] } {
  return {
    manipulator,
    X_WB,
    obstacles,
    standingArms: [],
    keepOut: [],
    obstacleMarginM: 0,
    selfMarginM: 0,
    armMarginM: 0,
    keepOutMarginM: 0,
  };
}

/** Uniform configurations, at most half a turn either way. */
export function uniformStates(manipulator: Manipulator, count: number, seed: number): Float64Array {
  const u = uniform(seed);
  const n = manipulator.joints.length;
  return Float64Array.from({ length: count * n }, (_, i) => {
    const { lower, upper } = manipulator.joints[i % n].limits;
    return u(Math.max(lower, -Math.PI), Math.min(upper, Math.PI));
  });
}

/** States along free straight motions, `perMotion` each. */
export function statesAlongFreeMotions(
  scene: ArmScene,
  count: number,
  perMotion: number,
  seed: number,
): Float64Array {
  const { manipulator } = scene.description;
  const n = scene.jointCount;
  const out = new Float64Array(count * n);
  const u = uniform(seed);
  for (let done = 0, attempt = 0; done < count; attempt += 1) {
    const from = uniformStates(manipulator, 1, seed + 7 * attempt);
    const to = from.map((v) => v + u(-1, 1));
    if (scene.checkMotion(from, 0, to, 0) !== MOTION_FREE) continue;
    for (let s = 0; s < perMotion && done < count; s += 1, done += 1) {
      for (let j = 0; j < n; j += 1) out[done * n + j] = from[j] + ((to[j] - from[j]) * s) / perMotion;
    }
  }
  return out;
}

/** Samples of a quick motion to and fro of two seconds at 10 ms, well inside the joints' range. */
export function sampledMotion(manipulator: Manipulator, samples: number, seed: number): Float64Array {
  const u = uniform(seed);
  const n = manipulator.joints.length;
  const from = manipulator.joints.map(({ limits }) =>
    u(Math.max(limits.lower, -Math.PI) * 0.9, Math.min(limits.upper, Math.PI) * 0.9),
  );
  const way = manipulator.joints.map(({ limits }, j) => {
    const goal = u(Math.max(limits.lower, -Math.PI) * 0.9, Math.min(limits.upper, Math.PI) * 0.9);
    return Math.max(-1.2, Math.min(1.2, goal - from[j]));
  });
  return Float64Array.from({ length: samples * n }, (_, i) => {
    const t = Math.floor(i / n) / (samples - 1);
    // Minimum jerk.
    return from[i % n] + way[i % n] * t * t * t * (10 - 15 * t + 6 * t * t);
  });
}

/** Four arms at the corners of a square, facing its middle, with shared space between them. */
export function cellBases(sideM: number): Pose[] {
  return [0, 1, 2, 3].map((k) => {
    const angle = (k * Math.PI) / 2 + Math.PI / 4;
    const r = sideM / Math.SQRT2;
    return {
      positionM: [r * Math.cos(angle), r * Math.sin(angle), 0],
      quaternionXyzw: [0, 0, Math.sin((angle + Math.PI) / 2), Math.cos((angle + Math.PI) / 2)],
    };
  });
}
