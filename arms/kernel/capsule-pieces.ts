import type { Vec3 } from '../geometry/pose.ts';
import { minus, norm, scaled } from '../geometry/vector.ts';

/** The first spheres round a capsule may stand out of it by this, m; where that matters the kernel looks closer. */
const PIECE_EXCESS_M = 0.008;

/** A stretch of a capsule, and a sphere round it. */
export interface Piece {
  /** The sphere's centre and radius; half the stretch, its direction, and its middle as seen from the centre. */
  readonly sphere: readonly number[];
  /** Bit 0: the capsule's end p belongs to the piece; bit 1: q. */
  readonly caps: number;
}

/**
 * Cuts a capsule into pieces with a sphere round each: middle pieces are straight across, the two outer ones have the
 * round ends. A sphere whose centre lies `e` inside the end and whose radius is larger by `e` takes in the round end,
 * and as much of the capsule on its other side as a middle piece's half.
 */
export function piecesOf(p: Vec3, q: Vec3, radiusM: number): readonly Piece[] {
  const length = norm(minus(q, p));
  const direction = directionOf(p, q);
  const piece = (from: number, to: number, centre: number, around: number, caps: number): Piece => ({
    sphere: [
      ...p.map((c, axis) => c + centre * direction[axis]),
      around,
      (to - from) / 2,
      ...direction,
      (from + to) / 2 - centre,
    ],
    caps,
  });
  if (length / 2 <= PIECE_EXCESS_M) return [piece(0, length, length / 2, length / 2 + radiusM, 3)];
  const around = radiusM + PIECE_EXCESS_M;
  const half = Math.sqrt(around * around - radiusM * radiusM);
  // What the outer pieces have to take in, at most.
  const outer = Math.min(length / 2, PIECE_EXCESS_M + half);
  const inset = (outer * outer) / (2 * (radiusM + outer));
  const rest = length - 2 * outer;
  const count = Math.ceil(rest / (2 * half) - 1e-9);
  const step = count > 0 ? rest / count : 0;
  return [
    piece(0, outer, inset, radiusM + inset, 1),
    ...Array.from({ length: count }, (_, k) => {
      const from = outer + k * step;
      const reach = Math.sqrt(radiusM * radiusM + (step * step) / 4);
      return piece(from, from + step, from + step / 2, reach, 0);
    }),
    piece(length - outer, length, length - inset, radiusM + inset, 2),
  ];
}

/** A unit vector along a segment; any when it is a point. */
function directionOf(p: Vec3, q: Vec3): Vec3 {
  const d = minus(q, p);
  const length = norm(d);
  return length > 0 ? scaled(d, 1 / length) : [0, 0, 1];
}
