import type { Pose, Vec3 } from '../geometry/pose.ts';
import type { Shape } from '../geometry/shape.ts';
import { pointInPose } from '../geometry/transform.ts';

/** The segment from p to q inflated by `radiusM`. */
export interface Capsule {
  readonly p: Vec3;
  readonly q: Vec3;
  readonly radiusM: number;
}

/** A box may stand out of its capsules sideways by at most this, m, as long as `CELLS_MAX` a side suffice. */
const SIDE_EXCESS_M = 0.015;
const CELLS_MAX = 4;
/** Steps of the search for the best end of a capsule round a flat-ended shape. */
const END_STEPS = 16;

/**
 * Capsules that together enclose a shape: nothing of it lies outside. Exact for spheres and capsules. A cylinder
 * gets one, a fat box several side by side, so that the corners do not blow it up. `X_LS` is the shape's frame in
 * the link's; the result is in the link's frame.
 */
export function enclosingCapsules(shape: Shape, X_LS: Pose): readonly Capsule[] {
  const place = (p: Vec3, q: Vec3, radiusM: number): Capsule => ({
    p: pointInPose(X_LS, p),
    q: pointInPose(X_LS, q),
    radiusM,
  });
  switch (shape.type) {
    case 'sphere':
      return [place([0, 0, 0], [0, 0, 0], shape.radiusM)];
    case 'capsule':
      return [place([0, 0, -shape.lengthM / 2], [0, 0, shape.lengthM / 2], shape.radiusM)];
    case 'cylinder': {
      const { half, radiusM } = capsuleRoundCylinder(shape.radiusM, shape.lengthM / 2);
      return [place([0, 0, -half], [0, 0, half], radiusM)];
    }
    case 'box':
      return boxCapsules(shape.sizeM, place);
  }
}

/**
 * The capsule of least volume with the axis of a cylinder that holds it whole: its rim must lie in the end spheres,
 * `radius^2 + (halfLength - half)^2 <= R^2`. Long cylinders keep their radius; flat discs get a sphere.
 */
function capsuleRoundCylinder(radius: number, halfLength: number): { half: number; radiusM: number } {
  let best = { half: halfLength, radiusM: radius };
  let bestVolume = Infinity;
  for (let step = 0; step <= END_STEPS; step++) {
    const half = (halfLength * (END_STEPS - step)) / END_STEPS;
    const over = halfLength - half;
    const radiusM = Math.sqrt(radius * radius + over * over);
    const volume = radiusM * radiusM * (2 * half + (4 / 3) * radiusM);
    if (volume < bestVolume) {
      bestVolume = volume;
      best = { half, radiusM };
    }
  }
  return best;
}

/** Cuts the box lengthwise into cells of nearly square section and puts a capsule round each. */
function boxCapsules(
  sizeM: readonly [number, number, number],
  place: (p: Vec3, q: Vec3, radiusM: number) => Capsule,
): readonly Capsule[] {
  const axes = [0, 1, 2].sort((a, b) => sizeM[b] - sizeM[a]);
  const [long, middle, short] = axes;
  const { across, along } = cellsFor(sizeM[middle] / 2, sizeM[short] / 2);
  const cellMiddle = sizeM[middle] / 2 / across;
  const cellShort = sizeM[short] / 2 / along;
  const { half, radiusM } = capsuleRoundCylinder(
    Math.sqrt(cellMiddle * cellMiddle + cellShort * cellShort),
    sizeM[long] / 2,
  );
  const capsules: Capsule[] = [];
  for (let i = 0; i < across; i++) {
    for (let k = 0; k < along; k++) {
      const p: [number, number, number] = [0, 0, 0];
      p[middle] = (2 * i + 1 - across) * cellMiddle;
      p[short] = (2 * k + 1 - along) * cellShort;
      const q: [number, number, number] = [...p];
      p[long] = -half;
      q[long] = half;
      capsules.push(place(p, q, radiusM));
    }
  }
  return capsules;
}

/** The fewest cells whose round cover stands out by no more than `SIDE_EXCESS_M`. */
function cellsFor(halfMiddle: number, halfShort: number): { across: number; along: number } {
  let best = { across: CELLS_MAX, along: CELLS_MAX };
  let fewest = Infinity;
  for (let across = 1; across <= CELLS_MAX; across++) {
    for (let along = 1; along <= CELLS_MAX; along++) {
      const m = halfMiddle / across;
      const s = halfShort / along;
      const excess = Math.sqrt(m * m + s * s) - Math.min(m, s);
      if (excess <= SIDE_EXCESS_M && across * along < fewest) {
        fewest = across * along;
        best = { across, along };
      }
    }
  }
  return best;
}

/** Micrometres are rounding in a description, not space: how far shapes may miss one another and count as joined, m. */
const JOINED_TOLERANCE_M = 1e-6;

/**
 * Capsules round all shapes of one link. A cylinder with a sphere of its radius at either end is how a URDF writes a
 * capsule, and is taken as exactly that; whatever lies wholly inside another capsule is left out.
 */
export function linkCapsules(
  collisions: readonly { readonly shape: Shape; readonly X_LS: Pose }[],
): readonly Capsule[] {
  const isSphereAt = (point: Vec3, radiusM: number): boolean =>
    collisions.some(
      ({ shape, X_LS }) =>
        shape.type === 'sphere' &&
        shape.radiusM >= radiusM - JOINED_TOLERANCE_M &&
        distanceToAxis({ p: point, q: point }, X_LS.positionM) <= JOINED_TOLERANCE_M,
    );
  return withoutContained(
    collisions.flatMap(({ shape, X_LS }) => {
      if (shape.type === 'cylinder') {
        const p = pointInPose(X_LS, [0, 0, -shape.lengthM / 2]);
        const q = pointInPose(X_LS, [0, 0, shape.lengthM / 2]);
        if (isSphereAt(p, shape.radiusM) && isSphereAt(q, shape.radiusM)) {
          return [{ p, q, radiusM: shape.radiusM }];
        }
      }
      return enclosingCapsules(shape, X_LS);
    }),
  );
}

/** Leaves out every capsule that lies wholly inside another; of equal ones the first stays. */
function withoutContained<C extends Capsule>(capsules: readonly C[]): readonly C[] {
  return capsules.filter(
    (inner, i) =>
      !capsules.some((outer, k) => k !== i && contains(outer, inner) && !(contains(inner, outer) && i < k)),
  );
}

function contains(outer: Capsule, inner: Capsule): boolean {
  const room = outer.radiusM - inner.radiusM + JOINED_TOLERANCE_M;
  return room >= 0 && distanceToAxis(outer, inner.p) <= room && distanceToAxis(outer, inner.q) <= room;
}

/** Distance of a point from a capsule's segment, m. */
export function distanceToAxis(capsule: Pick<Capsule, 'p' | 'q'>, point: Vec3): number {
  const { p, q } = capsule;
  const d: Vec3 = [q[0] - p[0], q[1] - p[1], q[2] - p[2]];
  const r: Vec3 = [point[0] - p[0], point[1] - p[1], point[2] - p[2]];
  const length2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
  const along = length2 === 0 ? 0 : (d[0] * r[0] + d[1] * r[1] + d[2] * r[2]) / length2;
  const t = Math.min(1, Math.max(0, along));
  const x = r[0] - t * d[0];
  const y = r[1] - t * d[1];
  const z = r[2] - t * d[2];
  return Math.sqrt(x * x + y * y + z * z);
}
