import { seededRandom } from '../../arms/geometry/random.ts';

/** What a generated benchmark cell is to be like. */
export interface CellWish {
  readonly name: string;
  readonly seed: number;
  /** Facing pairs of arms on the floor, side by side. */
  readonly pairs: number;
  /** Whether one more arm hangs over the middle. */
  readonly above: 'nothing' | 'one-arm';
  readonly tasks: number;
}

const PAIR_SPACING_M = 0.95;
const BASE_Y_M = 0.7;
const FLOOR_Z_M = -0.23;
const TOTE_M = [0.35, 0.55, 0.2] as const;
const BIN_M = [0.55, 0.35, 0.18] as const;
const WALL_M = 0.02;
const CEILING_Z_M = 1.45;
/** Items keep this from the walls of their container, m. */
const RIM_M = 0.09;

type Vector = readonly [number, number, number];

interface Container {
  readonly id: string;
  readonly position_m: Vector;
  readonly inner_size_m: Vector;
}

const UPRIGHT = [0, 0, 0, 1] as const;

function box(id: string, size_m: Vector, position_m: Vector): object {
  return { id, type: 'box', size_m, position_m, quaternion_xyzw: UPRIGHT };
}

/** Floor and four walls around a container's inside. */
function walls({ id, position_m: [x, y, z], inner_size_m: [l, w, h] }: Container): object[] {
  const [outerL, outerW] = [l + 2 * WALL_M, w + 2 * WALL_M];
  const height = h + WALL_M;
  const middle = z - WALL_M + height / 2;
  return [
    box(`${id}-floor`, [outerL, outerW, WALL_M], [x, y, z - WALL_M / 2]),
    box(`${id}-left`, [WALL_M, outerW, height], [x - (l + WALL_M) / 2, y, middle]),
    box(`${id}-right`, [WALL_M, outerW, height], [x + (l + WALL_M) / 2, y, middle]),
    box(`${id}-front`, [outerL, WALL_M, height], [x, y - (w + WALL_M) / 2, middle]),
    box(`${id}-back`, [outerL, WALL_M, height], [x, y + (w + WALL_M) / 2, middle]),
  ];
}

/**
 * A benchmark cell in format `magpie-bench-cell/1`: UR10e arms in facing pairs along a strip of totes, bins behind
 * them, tasks between containers within one arm's reach. The same wish gives the same cell.
 */
export function generateCell(wish: CellWish): object {
  const random = seededRandom(wish.seed);
  const between = (low: number, high: number): number => round(low + random() * (high - low));
  const turned = Math.SQRT1_2;
  const arms: { id: string; manipulator: string; base: object; home_rad: number[]; at: Vector }[] = [];
  for (let pair = 0; pair < wish.pairs; pair += 1) {
    const x = round((pair - (wish.pairs - 1) / 2) * PAIR_SPACING_M);
    for (const side of [-1, 1]) {
      arms.push({
        id: `arm-${arms.length + 1}`,
        manipulator: 'ur10e',
        base: { position_m: [x, side * BASE_Y_M, 0], quaternion_xyzw: [0, 0, -side * turned, turned] },
        home_rad: [0, -1.5708, 1.5708, -1.5708, -1.5708, 0],
        at: [x, side * BASE_Y_M, 0],
      });
    }
  }
  if (wish.above === 'one-arm') {
    arms.push({
      id: `arm-${arms.length + 1}`,
      manipulator: 'ur10e',
      // Half a turn about x: the base's z axis points down.
      base: { position_m: [0, 0, CEILING_Z_M], quaternion_xyzw: [1, 0, 0, 0] },
      home_rad: [0, -2.0, 2.6, -2.1708, -1.5708, 0],
      at: [0, 0, CEILING_Z_M],
    });
  }
  const half = (wish.pairs * PAIR_SPACING_M) / 2;
  const containers = (kind: string, ys: readonly number[], pitch: number, size: Vector): Container[] => {
    const count = Math.max(1, Math.floor((2 * half) / pitch));
    return ys.flatMap((y, row) =>
      Array.from({ length: count }, (_, k): Container => {
        const x = round((k - (count - 1) / 2) * pitch);
        return { id: `${kind}-${row * count + k + 1}`, position_m: [x, y, FLOOR_Z_M], inner_size_m: size };
      }),
    );
  };
  const totes = containers('tote', [0], 0.42, TOTE_M);
  const bins = containers('bin', [-1.3, 1.3], 0.6, BIN_M);
  const isNear = (arm: { readonly at: Vector }, { position_m: [x, y] }: Container): boolean => {
    const reach = arm.at[2] > 0 ? 0.55 : 0.8;
    return Math.hypot(x - arm.at[0], y - arm.at[1]) < reach;
  };
  const kinds = [
    { kind: 'pick', from: bins, to: totes },
    { kind: 'stow', from: totes, to: bins },
    { kind: 'consolidate', from: totes, to: totes },
  ] as const;
  const tasks: object[] = [];
  while (tasks.length < wish.tasks) {
    const share = random();
    const { kind, from, to } = kinds[share < 0.5 ? 0 : share < 0.8 ? 1 : 2];
    const source = from[Math.floor(random() * from.length)];
    const target = to[Math.floor(random() * to.length)];
    const able = arms.filter((arm) => isNear(arm, source) && isNear(arm, target));
    if (source === target || able.length === 0) continue;
    const size = [between(0.05, 0.14), between(0.05, 0.12), between(0.04, 0.11)];
    const point = ({ position_m: [x, y, z], inner_size_m: [l, w] }: Container): number[] => [
      round(x + between(RIM_M - l / 2, l / 2 - RIM_M)),
      round(y + between(RIM_M - w / 2, w / 2 - RIM_M)),
      round(z + size[2] + 0.005),
    ];
    tasks.push({
      id: `task-${String(tasks.length + 1).padStart(4, '0')}`,
      kind,
      from: source.id,
      to: target.id,
      pick_m: point(source),
      place_m: point(target),
      item_size_m: size,
      item_mass_kg: between(0.1, 2.5),
      reachable_by: able.map(({ id }) => id),
    });
  }
  const pedestals = arms
    .filter(({ at }) => at[2] === 0)
    .map(({ at: [x, y] }, k) => box(`pedestal-${k + 1}`, [0.2, 0.2, 0.24], [x, y, -0.13]));
  return {
    format: 'magpie-bench-cell/1',
    name: wish.name,
    note: `Generated (seed ${wish.seed}). Poses are world frame, metres, z up; yaw is free; items are virtual.`,
    manipulators: { ur10e: UR10E },
    clearance_min_m: 0.02,
    approach_m: 0.22,
    dwell_s: { grasp: 0.35, release: 0.25 },
    arms: arms.map(({ at: _, ...arm }) => arm),
    bins,
    totes,
    obstacles: [
      ...pedestals,
      box('table', [round(2 * half + 1.6), 3.6, 0.1], [0, 0, -0.3]),
      ...[...totes, ...bins].flatMap(walls),
    ],
    tasks,
  };
}

/** Universal Robots' published kinematics and speeds; accelerations and jerks are chosen for benchmarks. */
const UR10E = {
  source: 'Universal Robots published DH parameters and speed limits; accelerations and jerks chosen',
  dh: {
    a_m: [0, -0.6127, -0.57155, 0, 0, 0],
    d_m: [0.1807, 0, 0, 0.17415, 0.11985, 0.11655],
    alpha_rad: [1.570796327, 0, 0, 1.570796327, -1.570796327, 0],
  },
  position_max_rad: [6.2832, 6.2832, 6.2832, 6.2832, 6.2832, 6.2832],
  velocity_max_rad_per_s: [2.0944, 2.0944, 3.1416, 3.1416, 3.1416, 3.1416],
  acceleration_max_rad_per_s2: [4, 4, 5, 8, 8, 8],
  jerk_max_rad_per_s3: [40, 40, 50, 80, 80, 80],
  tool: { kind: 'suction', length_m: 0.2, radius_m: 0.03 },
};

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
