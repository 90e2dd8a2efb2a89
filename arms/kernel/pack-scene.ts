import type { Vec3 } from '../geometry/pose.ts';
import { dot, minus, norm } from '../geometry/vector.ts';
import type { Arena } from './arena.ts';
import { layOutArm, length2Of, turnKind } from './arm-layout.ts';
import type { ArmLayout } from './arm-layout.ts';
import type { Piece } from './capsule-pieces.ts';
import { piecesOf } from './capsule-pieces.ts';
import type { KernelSceneDescription } from './collision-kernel.ts';
import * as at from './generated/kernel-module.ts';
import type { Solid } from './solids.ts';
import { boxAroundCylinder, solidsOf } from './solids.ts';

const CELL_M = 0.02;
/** A grid has at most this many cells; larger arms get larger cells. */
const CELLS_MAX = 8_000_000;
/** Room for the lists of near solids, bytes per brick on average; a brick beyond that looks at all solids. */
const LIST_BYTES_PER_BRICK = 24;
/** All lengths must stay below this, so that float32 rounding stays below `ROUNDING_M`, m. */
const WORLD_MAX_M = 60;

/** A scene in the kernel's memory. */
export interface PackedScene {
  readonly address: number;
  readonly layout: ArmLayout;
  /** Everything that was allocated for it. */
  readonly addresses: readonly number[];
  /** Room for the points of an allowance. */
  readonly allowed: number;
}

/** The most points that an allowance may have. */
export const ALLOWED_MAX = 64;

/** Writes a scene into the kernel's memory; `arms/kernel/assembly/layout.ts` says what lies where. */
export function packScene(description: KernelSceneDescription, arena: Arena): PackedScene {
  const layout = layOutArm(description.manipulator, description.X_WB, description.selfMarginM);
  const solids = solidsOf(description);
  const addresses: number[] = [];
  const allocate = (bytes: number): number => {
    const address = arena.allocate(bytes);
    addresses.push(address);
    return address;
  };
  try {
    inWorld(description.manipulator.name, layout.centre, layout.reachM);
    const scene = allocate(at.S_SIZE);
    const pack = new Packer(arena, scene, allocate);
    pack.joints(layout);
    pack.bodies(layout);
    pack.pairs(layout, description.selfMarginM);
    pack.solids(solids);
    pack.grid(layout);
    const allowed = pack.item(layout);
    return { address: scene, layout, addresses, allowed };
  } catch (error) {
    for (const address of addresses) arena.release(address);
    throw error;
  }
}

function inWorld(name: string, centre: Vec3, radiusM: number): void {
  if (Math.max(...centre.map(Math.abs)) + radiusM < WORLD_MAX_M) return;
  throw new RangeError(
    `${name} reaches farther than ${WORLD_MAX_M} m from the world's origin, or is no number`,
  );
}

class Packer {
  private readonly arena: Arena;
  private readonly scene: number;
  private readonly allocate: (bytes: number) => number;

  constructor(arena: Arena, scene: number, allocate: (bytes: number) => number) {
    this.arena = arena;
    this.scene = scene;
    this.allocate = allocate;
  }

  private f32(address: number, ...values: readonly number[]): void {
    this.arena.f32.set(values, address >> 2);
  }

  private i32(address: number, ...values: readonly number[]): void {
    this.arena.i32.set(values, address >> 2);
  }

  joints(layout: ArmLayout): void {
    const { scene } = this;
    const n = layout.joints.length;
    const table = this.allocate(n * at.J_SIZE);
    layout.joints.forEach(({ T, slides }, j) => {
      const to = table + j * at.J_SIZE;
      this.f32(to, T[0], T[4], T[8], T[1], T[5], T[9], T[2], T[6], T[10], T[3], T[7], T[11]);
      this.i32(to + at.J_KIND, slides ? at.KIND_TURNS + 1 : at.KIND_TURNS);
      const turns = {
        none: at.TURN_NONE,
        'x-up': at.TURN_X_UP,
        'x-down': at.TURN_X_DOWN,
        any: at.TURN_ANY,
      };
      this.i32(to + at.J_TURN, turns[turnKind(T)]);
      const groups = layout.groups.map((group, g) => ({ group, g })).filter(({ group }) => group.joint === j);
      this.i32(
        to + at.J_GROUP_FIRST,
        groups[0]?.g ?? 0,
        groups.length === 0 ? 0 : groups[0].g + groups.length,
      );
    });
    this.i32(scene + at.S_JOINT_COUNT, n);
    this.i32(scene + at.S_JOINTS, table);
    this.i32(scene + at.S_FRAMES, this.allocate(n * 12 * at.WIDE));
    this.i32(scene + at.S_Q, this.allocate(n * at.WIDE));
  }

  bodies(layout: ArmLayout): void {
    const { scene } = this;
    const { groups, capsules } = layout;
    const n = layout.joints.length;
    const groupTable = this.allocate(groups.length * at.G_SIZE);
    const centres = this.allocate(groups.length * 3 * at.WIDE);
    const levers = this.allocate(groups.length * n * 4);
    groups.forEach((group, g) => {
      const to = groupTable + g * at.G_SIZE;
      this.f32(to + at.G_CENTRE, ...group.centre);
      this.f32(to + at.G_RADIUS, group.radiusM);
      this.i32(to + at.G_JOINT, group.joint, group.first, group.end);
      this.f32(levers + g * n * 4, ...group.levers.map((lever) => lever * LEVER_ROUNDING));
      if (group.joint < 0) this.splat(centres + g * 3 * at.WIDE, group.centre);
    });
    const capsuleTable = this.allocate(capsules.length * at.C_SIZE);
    const ends = this.allocate(capsules.length * 6 * at.WIDE);
    const pieces: Piece[] = [];
    capsules.forEach((capsule, c) => {
      const { p, q, radiusM, joint } = capsule;
      const to = capsuleTable + c * at.C_SIZE;
      const length2 = length2Of(p, q);
      this.f32(to + at.C_P, ...p, ...q, radiusM, length2, length2 > 0 ? 1 / length2 : 0);
      const first = pieces.length;
      pieces.push(...piecesOf(p, q, radiusM));
      this.i32(to + at.C_PIECE_FIRST, first, pieces.length, joint);
      this.f32(to + at.C_REACH, (Math.sqrt(length2) / 2 + radiusM) * LEVER_ROUNDING);
      if (joint < 0) this.splat(ends + c * 6 * at.WIDE, [...p, ...q]);
    });
    const pieceTable = this.allocate(pieces.length * at.P_SIZE);
    pieces.forEach(({ sphere, caps }, k) => {
      this.f32(pieceTable + k * at.P_SIZE, ...sphere);
      this.i32(pieceTable + k * at.P_SIZE + at.P_CAPS, caps);
    });
    this.i32(scene + at.S_GROUP_COUNT, groups.length, layout.movingGroups, capsules.length);
    this.i32(scene + at.S_GROUPS, groupTable, capsuleTable, pieceTable);
    this.i32(scene + at.S_CENTRES, centres, ends, this.allocate(groups.length * 4));
    this.i32(scene + at.S_TRAVEL, this.allocate((groups.length + 1) * 4));
    this.i32(scene + at.S_LEVERS, levers);
    this.i32(scene + at.S_BOUNDS, this.allocate(6 * at.WIDE));
  }

  private splat(address: number, values: readonly number[]): void {
    values.forEach((value, k) => this.f32(address + k * at.WIDE, ...Array<number>(at.LANES).fill(value)));
  }

  pairs(layout: ArmLayout, selfMarginM: number): void {
    const { scene } = this;
    const list = layout.pairs.flatMap((pair) => pair.capsules.flat());
    const table = this.allocate(layout.pairs.length * at.PAIR_SIZE);
    let first = 0;
    layout.pairs.forEach(({ inner, outer, capsules }, k) => {
      this.i32(table + k * at.PAIR_SIZE, inner, outer, first, first + capsules.length);
      first += capsules.length;
    });
    const capsulePairs = this.allocate(list.length * 4);
    this.i32(capsulePairs, ...list);
    this.i32(scene + at.S_PAIRS, table, layout.pairs.length, capsulePairs);
    this.f32(scene + at.S_SELF_MARGIN, selfMarginM);
    this.i32(scene + at.S_PAIR_TRAVEL, this.allocate(layout.pairs.length * 4));
  }

  solids(solids: readonly Solid[]): void {
    const { scene } = this;
    const table = this.allocate(solids.length * at.SOLID_SIZE);
    const list = this.allocate(4 + 4 * solids.length);
    this.i32(list, solids.length);
    solids.forEach((solid, k) => {
      const to = table + k * at.SOLID_SIZE;
      this.i32(list + 4 + 4 * k, to);
      this.solid(solid, to);
    });
    this.i32(scene + at.S_SOLIDS, table, solids.length);
    this.i32(scene + at.S_ALL_LIST, list, this.allocate(8 + 8 * solids.length));
  }

  private solid(solid: Solid, to: number): void {
    const values = to + at.SOLID_VALUES;
    this.i32(to + at.SOLID_GROUP, solid.group === 'obstacle' ? at.GROUP_OBSTACLE : 0);
    this.f32(to + at.SOLID_MARGIN, solid.marginM);
    const round = (centre: Vec3, radiusM: number): void => {
      inWorld(solid.name, centre, radiusM);
      this.f32(to + at.SOLID_ROUND, ...centre, radiusM * LEVER_ROUNDING);
    };
    switch (solid.kind) {
      case 'box': {
        const v = solid.values;
        this.i32(to + at.SOLID_KIND, at.SOLID_BOX);
        this.f32(values, ...v);
        return round([v[9], v[10], v[11]], norm([v[12], v[13], v[14]]));
      }
      case 'capsule': {
        const v = solid.values;
        const half: Vec3 = [(v[3] - v[0]) / 2, (v[4] - v[1]) / 2, (v[5] - v[2]) / 2];
        this.i32(to + at.SOLID_KIND, at.SOLID_CAPSULE);
        this.f32(values, ...v);
        return round([v[0] + half[0], v[1] + half[1], v[2] + half[2]], norm(half) + v[6]);
      }
      case 'cylinder': {
        const v = solid.values;
        this.i32(to + at.SOLID_KIND, at.SOLID_CYLINDER);
        this.f32(values, ...v);
        const box = this.allocate(15 * 4);
        this.f32(box, ...boxAroundCylinder(v));
        this.i32(values + 32, box);
        return round([v[3], v[4], v[5]], norm([v[6], v[7], 0]));
      }
      case 'hull': {
        const { triangles, normals } = solid.mesh;
        const table = this.allocate(triangles.length * TRIANGLE_SIZE);
        triangles.forEach((corners, k) => {
          const n = normals[k];
          this.f32(table + k * TRIANGLE_SIZE, ...n, dot(n, corners[0]), ...corners.flat());
        });
        this.i32(to + at.SOLID_KIND, at.SOLID_HULL);
        this.i32(values, table, triangles.length);
        const corners = triangles.flat();
        const centre = [0, 1, 2].map((k) => {
          const along = corners.map((c) => c[k]);
          return (Math.min(...along) + Math.max(...along)) / 2;
        }) as unknown as Vec3;
        return round(centre, Math.max(...corners.map((c) => norm(minus(c, centre)))));
      }
    }
  }

  grid(layout: ArmLayout): void {
    const { scene } = this;
    // Bricks have four cells a side.
    const sideOf = (cellM: number): number => 4 * Math.ceil((2 * layout.reachM) / cellM / 4);
    const fewest = Math.cbrt(CELLS_MAX);
    const side = Math.min(sideOf(CELL_M), 4 * Math.floor(fewest / 4));
    const cellM = Math.max(CELL_M, (2 * layout.reachM) / side);
    const origin = layout.centre.map((c) => c - (side * cellM) / 2);
    const bricks = (side / 4) * (side / 4) * (side / 4);
    const listBytes = bricks * LIST_BYTES_PER_BRICK;
    this.f32(scene + at.S_GRID_X, ...origin, 1 / cellM, side, side, side);
    this.i32(scene + at.S_GRID_CELLS, this.allocate(side * side * side));
    this.f32(scene + at.S_GRID_SIZE, cellM);
    this.i32(scene + at.S_BRICKS, this.allocate(bricks * 4));
    const lists = this.allocate(listBytes);
    this.i32(scene + at.S_LISTS, lists, lists + listBytes);
  }

  item(layout: ArmLayout): number {
    const { scene } = this;
    const { tip: T } = layout;
    const allowed = this.allocate(ALLOWED_MAX * 8);
    this.i32(scene + at.S_ALLOWED, allowed, 0);
    this.f32(scene + at.S_TIP, T[0], T[4], T[8], T[1], T[5], T[9], T[2], T[6], T[10], T[3], T[7], T[11]);
    this.i32(scene + at.S_ITEM_LAST_JOINT, layout.joints.length - 3);
    this.i32(scene + at.S_ITEM_CENTRES, this.allocate(3 * at.WIDE + 16));
    this.i32(scene + at.S_ITEM_LEVERS, this.allocate(layout.joints.length * 4));
    return allowed;
  }
}

/** Normal, plane offset, corners: thirteen floats. */
const TRIANGLE_SIZE = 52;

/** Makes up for rounding to float32, where a length must not become shorter. */
export const LEVER_ROUNDING = 1 + 1e-6;
