import { seededRandom } from '../../arms/geometry/random.ts';
import type { Pose, Quaternion, Vec3 } from '../../arms/geometry/pose.ts';
import type { Obstacle } from '../../arms/geometry/shape.ts';
import { composePoses } from '../../arms/geometry/transform.ts';
import { tipOf } from '../../arms/model/kinematics.ts';
import type { Manipulator } from '../../arms/model/manipulator.ts';
import { solveToolDown } from '../../arms/planning/inverse-kinematics.ts';
import { NO_ALLOWANCE, isFree, prepareScene } from '../../arms/planning/scene.ts';
import type { PlanningScene } from '../../arms/planning/scene.ts';
import { armDistance, compileTeamBody, placeTeamBody } from '../../arms/planning/team-body.ts';
import type { TeamBody } from '../../arms/planning/team-body.ts';
import type { TeamArm, TeamProblem } from '../../arms/planning/team-problem.ts';
import { containerObstacles } from '../../config/obstacles.ts';

/** Problems drawn from a seed: kinds of scenes in which arms have to get past things and past one another. */
export type SceneKind = 'crowd' | 'bins' | 'shelves' | 'shelf' | 'table' | 'box' | 'cage' | 'posts';

export interface SceneRequest {
  readonly kind: SceneKind;
  readonly manipulator: Manipulator;
  readonly arms: number;
  readonly seed: number;
}

/** A place where tool tips may be at start and goal, in the world. */
interface Region {
  readonly isInside: (tipM: Vec3) => boolean;
  /** Draws a point for a tool that hangs straight down; null: any posture with its tip inside will do. */
  readonly drawBelow: ((random: () => number) => Vec3) | null;
}

const anyPosture = (isInside: Region['isInside']): Region => ({ isInside, drawBelow: null });

interface Layout {
  readonly bases: readonly Pose[];
  readonly obstacles: readonly Obstacle[];
  /** Per arm where it starts and where it goes. */
  readonly starts: readonly Region[];
  readonly goals: readonly Region[];
}

/** Draws of a configuration before a layout is given up. */
const DRAWS_MAX = 60_000;
const DRAWS_BEFORE_RESTART = 4_000;
/** Room that starts and goals have, m. */
const ROOM_M = 0.012;

const UPRIGHT: Quaternion = [0, 0, 0, 1];

function turned(yaw: number, positionM: Vec3): Pose {
  return { positionM, quaternionXyzw: [0, 0, Math.sin(yaw / 2), Math.cos(yaw / 2)] };
}

function box(id: string, sizeM: Vec3, positionM: Vec3, yaw = 0): Obstacle {
  return { id, shape: { type: 'box', sizeM }, X_WO: turned(yaw, positionM) };
}

/** A problem of the kind, or null when the draw came to nothing; the same request gives the same problem. */
export function drawProblem(request: SceneRequest): TeamProblem | null {
  const random = seededRandom(request.seed * 7_919 + request.arms);
  const layout = layoutOf(request, random);
  const { manipulator } = request;
  const scenes = layout.bases.map((X_WB) =>
    prepareScene({
      manipulator,
      X_WB,
      obstacles: layout.obstacles,
      standingArms: [],
      keepOut: [],
      obstacleMarginM: ROOM_M,
      selfMarginM: 0,
      armMarginM: 0,
      keepOutMarginM: 0,
    }),
  );
  const starts = drawConfigurations(scenes, layout.starts, random);
  const goals = starts === null ? null : drawConfigurations(scenes, layout.goals, random);
  if (starts === null || goals === null) return null;
  const arms = layout.bases.map((X_WB, k): TeamArm => ({
    id: `arm-${k + 1}`,
    manipulator,
    X_WB,
    start: starts[k],
    goal: goals[k],
  }));
  return { arms, obstacles: layout.obstacles, clearanceM: 0 };
}

/** One free configuration an arm, none touching another. */
function drawConfigurations(
  scenes: readonly PlanningScene[],
  regions: readonly Region[],
  random: () => number,
): readonly (readonly number[])[] | null {
  const bodies: TeamBody[] = scenes.map((scene) => compileTeamBody(scene.body));
  const placed = bodies.map((body) => new Float64Array(body.placementSize));
  const chosen: (readonly number[])[] = [];
  let draws = 0;
  while (chosen.length < scenes.length) {
    const k = chosen.length;
    const { manipulator, X_WB } = scenes[k].description;
    draws += 1;
    if (draws > DRAWS_MAX) return null;
    // Those before left no room: all again.
    if (draws % DRAWS_BEFORE_RESTART === 0) {
      chosen.length = 0;
      continue;
    }
    const drawn = drawPosture(scenes[k], regions[k], random);
    if (drawn === null) continue;
    const q = inOneTurn(drawn, manipulator);
    const tip = tipOf(manipulator, X_WB, q);
    if (!regions[k].isInside(tip.positionM) || !isFree(scenes[k], q, 0, null, NO_ALLOWANCE)) continue;
    placeTeamBody(bodies[k], q, 0, placed[k], 0);
    const meets = chosen.some(
      (_, other) =>
        armDistance(bodies[k], placed[k], 0, bodies[other], placed[other], 0, ROOM_M, ROOM_M) < ROOM_M,
    );
    if (!meets) chosen.push(q);
  }
  return chosen;
}

/** Middle of the turn in which the second and the third joint of an arm that can turn full circle are used, rad. */
const TURN_MIDDLES: Readonly<Record<number, number>> = { 1: -Math.PI / 2, 2: 0 };

/**
 * The shoulder of an arm that can turn full circle goes up over itself, never down through what it stands on, and its
 * elbow never through its own upper arm: postures of other turns could not be reached from one another.
 */
function inOneTurn(q: readonly number[], manipulator: Manipulator): readonly number[] {
  return q.map((value, j) => {
    const { lower, upper } = manipulator.joints[j].limits;
    const middle = TURN_MIDDLES[j];
    if (middle === undefined || upper - lower < 2 * Math.PI) return value;
    return value - 2 * Math.PI * Math.round((value - middle) / (2 * Math.PI));
  });
}

function drawPosture(scene: PlanningScene, region: Region, random: () => number): readonly number[] | null {
  const { manipulator, X_WB } = scene.description;
  const q = manipulator.joints.map(({ limits }) => {
    const low = Math.max(limits.lower, -Math.PI);
    const high = Math.min(limits.upper, Math.PI);
    return low + random() * (high - low);
  });
  if (region.drawBelow === null) return q;
  const yaw = (random() * 2 - 1) * Math.PI;
  const found = solveToolDown(manipulator, X_WB, region.drawBelow(random), [yaw], {
    near: q,
    turns: 'nearest',
    redundancySamples: 7,
  });
  if (found.status !== 'solutions') return null;
  return found.solutions[Math.floor(random() * found.solutions.length)].q;
}

function between(random: () => number, low: number, high: number): number {
  return low + random() * (high - low);
}

function layoutOf(request: SceneRequest, random: () => number): Layout {
  switch (request.kind) {
    case 'crowd':
      return crowd(request.arms, random);
    case 'bins':
      return bins(request.arms, random);
    case 'shelves':
      return shelves(request.arms, random);
    default:
      return single(request.kind, random);
  }
}

/** Arms in a circle around a small box, each reaching over the middle. */
function crowd(arms: number, random: () => number): Layout {
  const least = Math.max(0.5, 0.17 / Math.sin(Math.PI / Math.max(2, arms)));
  const radius = between(random, least, Math.max(least, 0.85));
  const side = between(random, 0.15, 0.35);
  const height = between(random, 0.1, 0.45);
  const bases = Array.from({ length: arms }, (_, k) => {
    const angle = (2 * Math.PI * k) / arms;
    return turned(angle + Math.PI, [radius * Math.cos(angle), radius * Math.sin(angle), 0]);
  });
  const reach = between(random, 0.4, 0.6);
  const region = anyPosture(([x, y, z]) => Math.hypot(x, y) < reach && z > 0.05 && z < 0.8);
  return {
    bases,
    obstacles: [
      box('floor', [4, 4, 0.1], [0, 0, -0.08]),
      box('middle', [side, side, height], [0, 0, height / 2 - 0.03]),
    ],
    starts: bases.map(() => region),
    goals: bases.map(() => region),
  };
}

/** Open containers in a row between two lines of arms: out of one, into another. */
function bins(arms: number, random: () => number): Layout {
  const perSide = Math.ceil(arms / 2);
  const pitch = between(random, 0.6, 0.75);
  const away = between(random, 0.55, 0.68);
  const bases = Array.from({ length: arms }, (_, k) => {
    const side = k % 2 === 0 ? -1 : 1;
    const along = (Math.floor(k / 2) - (perSide - 1) / 2) * pitch;
    return turned(side < 0 ? Math.PI / 2 : -Math.PI / 2, [along, side * away, 0]);
  });
  const count = perSide + 1;
  const inner: Vec3 = [pitch * 0.75, between(random, 0.4, 0.5), between(random, 0.12, 0.22)];
  const centres = Array.from({ length: count }, (_, k): Vec3 => [(k - (count - 1) / 2) * pitch, 0, 0.02]);
  const inBin = (k: number): Region => {
    const [cx, cy, cz] = centres[k];
    return {
      isInside: ([x, y, z]) =>
        Math.abs(x - cx) < inner[0] / 2 && Math.abs(y - cy) < inner[1] / 2 && z > cz + 0.01,
      drawBelow: (draw) => [
        cx + (draw() - 0.5) * (inner[0] - 0.1),
        cy + (draw() - 0.5) * (inner[1] - 0.1),
        cz + 0.03 + draw() * (inner[2] - 0.03),
      ],
    };
  };
  const near = (k: number): readonly number[] => {
    const slot = Math.floor(k / 2);
    return random() < 0.5 ? [slot, slot + 1] : [slot + 1, slot];
  };
  const choices = bases.map((_, k) => near(k));
  return {
    bases,
    obstacles: [
      box('floor', [4, 4, 0.1], [0, 0, -0.08]),
      ...centres.flatMap((centre, k) => containerObstacles(`bin-${k + 1}`, centre, inner, 0.02)),
    ],
    starts: choices.map(([from]) => inBin(from)),
    goals: choices.map(([, to]) => inBin(to)),
  };
}

/** Boards and uprights of a shelf that stands at `centre` and is open along its local x. */
function shelf(id: string, X_WS: Pose, sizeM: Vec3, boards: number, columns: number): readonly Obstacle[] {
  const [depth, width, height] = sizeM;
  const at = (name: string, size: Vec3, positionM: Vec3): Obstacle => ({
    id: `${id}-${name}`,
    shape: { type: 'box', sizeM: size },
    X_WO: composePoses(X_WS, { positionM, quaternionXyzw: UPRIGHT }),
  });
  return [
    ...Array.from({ length: boards + 1 }, (_, k) =>
      at(`board-${k}`, [depth, width, 0.02], [0, 0, (height * k) / boards]),
    ),
    ...Array.from({ length: columns + 1 }, (_, k) =>
      at(`upright-${k}`, [depth, 0.02, height], [0, width * (k / columns - 0.5), height / 2]),
    ),
  ];
}

/** Arms on both sides of a long shelf that is open to both. */
function shelves(arms: number, random: () => number): Layout {
  const perSide = Math.ceil(arms / 2);
  const pitch = between(random, 0.6, 0.75);
  const away = between(random, 0.6, 0.7);
  const depth = between(random, 0.25, 0.35);
  const width = perSide * pitch;
  const height = between(random, 0.8, 1);
  const boards = random() < 0.5 ? 2 : 3;
  const bases = Array.from({ length: arms }, (_, k) => {
    const side = k % 2 === 0 ? -1 : 1;
    const along = (Math.floor(k / 2) - (perSide - 1) / 2) * pitch;
    return turned(side < 0 ? 0 : Math.PI, [side * away, along, 0]);
  });
  const region = anyPosture(
    ([x, y, z]) =>
      Math.abs(x) < depth / 2 + 0.12 && Math.abs(y) < width / 2 + 0.1 && z > 0.05 && z < height + 0.1,
  );
  return {
    bases,
    obstacles: [
      box('floor', [4, 6, 0.1], [0, 0, -0.08]),
      ...shelf('shelf', turned(0, [0, 0, 0.05]), [depth, width, height], boards, perSide),
    ],
    starts: bases.map(() => region),
    goals: bases.map(() => region),
  };
}

/** Scenes for one arm. */
function single(kind: Exclude<SceneKind, 'crowd' | 'bins' | 'shelves'>, random: () => number): Layout {
  const anywhere = anyPosture(([, , z]) => z > 0.1);
  const yaw = between(random, -0.6, 0.6);
  const ahead = between(random, 0.5, 0.7);
  const centre = (z: number): Vec3 => [ahead * Math.cos(yaw), ahead * Math.sin(yaw), z];
  const inside = (half: Vec3, z: number): Region => {
    const [cx, cy] = centre(z);
    return anyPosture(([x, y, h]) => {
      const along = (x - cx) * Math.cos(yaw) + (y - cy) * Math.sin(yaw);
      const across = -(x - cx) * Math.sin(yaw) + (y - cy) * Math.cos(yaw);
      return Math.abs(along) < half[0] && Math.abs(across) < half[1] && Math.abs(h - z) < half[2];
    });
  };
  const layout = (obstacles: readonly Obstacle[], goal: Region): Layout => ({
    bases: [turned(0, [0, 0, 0])],
    obstacles,
    starts: [anywhere],
    goals: [goal],
  });
  const litter = (count: number, z: number, spread: number): Obstacle[] =>
    Array.from({ length: count }, (_, k): Obstacle => {
      const [cx, cy] = centre(z);
      const height = between(random, 0.08, 0.2);
      const positionM: Vec3 = [
        cx + between(random, -spread, spread),
        cy + between(random, -spread, spread),
        z + height / 2,
      ];
      return k % 3 === 2
        ? { id: `thing-${k}`, shape: { type: 'sphere', radiusM: 0.05 }, X_WO: turned(0, positionM) }
        : {
            id: `thing-${k}`,
            shape: { type: 'cylinder', radiusM: 0.035, lengthM: height },
            X_WO: turned(0, positionM),
          };
    });
  switch (kind) {
    case 'shelf': {
      const boards = 2 + Math.floor(random() * 2);
      const z = between(random, 0.1, 0.3);
      const height = between(random, 0.7, 0.9);
      return layout(
        [
          ...shelf('shelf', turned(yaw, centre(z)), [0.3, 0.9, height], boards, 1 + Math.floor(random() * 2)),
          ...litter(6, z + 0.02, 0.15),
        ],
        inside([0.13, 0.42, height / 2], z + height / 2),
      );
    }
    case 'table': {
      const z = between(random, 0.15, 0.4);
      const under = random() < 0.4;
      return layout(
        [
          box('top', [0.7, 1, 0.04], centre(z), yaw),
          ...[-1, 1].map((side) =>
            box(`leg-${side}`, [0.05, 0.05, 0.6], [centre(0)[0], centre(0)[1] + side * 0.45, z - 0.32], yaw),
          ),
          ...litter(8, z + 0.02, 0.3),
        ],
        under ? inside([0.3, 0.4, 0.12], z - 0.16) : inside([0.3, 0.4, 0.15], z + 0.2),
      );
    }
    case 'box': {
      const z = between(random, 0.1, 0.25);
      const inner: Vec3 = [0.4, 0.5, between(random, 0.2, 0.35)];
      return layout(
        containerObstacles('box', centre(z), inner, 0.03),
        inside([0.17, 0.22, inner[2] / 2], z + inner[2] / 2),
      );
    }
    case 'cage': {
      const z = between(random, 0.25, 0.4);
      const side = between(random, 0.45, 0.6);
      const bar = 0.03;
      const bars: Obstacle[] = [];
      for (const a of [-0.5, 0, 0.5]) {
        for (const b of [-0.5, 0.5]) {
          const [cx, cy] = centre(z);
          bars.push(box(`bar-x-${a}-${b}`, [bar, bar, side], [cx + b * side, cy + a * side, z]));
          bars.push(box(`bar-y-${a}-${b}`, [bar, side, bar], [cx + b * side, cy, z + a * side]));
          bars.push(box(`bar-z-${a}-${b}`, [side, bar, bar], [cx, cy + b * side, z + a * side]));
        }
      }
      return layout(bars, inside([side / 2 - 0.05, side / 2 - 0.05, side / 2 - 0.05], z));
    }
    case 'posts': {
      const posts = Array.from({ length: 10 }, (_, k): Obstacle => {
        const angle = between(random, -Math.PI, Math.PI);
        const distance = between(random, 0.35, 0.7);
        return {
          id: `post-${k}`,
          shape: { type: 'cylinder', radiusM: 0.03, lengthM: 1.2 },
          X_WO: turned(0, [distance * Math.cos(angle), distance * Math.sin(angle), 0.6]),
        };
      });
      return layout(posts, anywhere);
    }
  }
}
