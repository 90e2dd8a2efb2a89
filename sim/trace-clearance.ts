import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule } from '../arms/geometry/distance.ts';
import { boxBoxSeparation } from '../arms/geometry/box-separation.ts';
import { placeBody } from '../arms/planning/arm-body.ts';
import type { CarriedItem, PlanningScene } from '../arms/planning/scene.ts';
import { placeItem, prepareScene } from '../arms/planning/scene.ts';
import type { ArmModel } from '../controller/domain/cell.ts';

/** What an arm carries, from when until when, us. */
export interface CarriedSpan {
  readonly fromUs: number;
  readonly untilUs: number;
  readonly item: CarriedItem;
}

export interface TraceClearance {
  /** Least distance of any two arms with what they carry, at the samples, m; null: never below `lookM`. */
  readonly clearanceMinM: number | null;
  /** Samples at which two arms touched, per pair, counted once per touch. */
  readonly contacts: number;
}

/** Distances beyond this are not told apart, m. */
const LOOK_M = 0.25;

/**
 * Measures executed motion by the arms' full collision geometry, items as boxes: everything against everything, at
 * every sample.
 */
export function traceClearance(
  arms: readonly ArmModel[],
  samples: readonly (readonly Float64Array[])[],
  sampleUs: number,
  carried: readonly (readonly CarriedSpan[])[],
): TraceClearance {
  const bodies = arms.map((arm) => new Measured(arm));
  const touching = new Set<number>();
  let least = LOOK_M;
  let contacts = 0;
  const count = samples[0]?.length ?? 0;
  for (let k = 0; k < count; k += 1) {
    const nowUs = k * sampleUs;
    bodies.forEach((body, a) => body.place(samples[a][k], carried[a], nowUs));
    for (let a = 0; a < bodies.length; a += 1) {
      for (let b = a + 1; b < bodies.length; b += 1) {
        const distance = bodies[a].distanceTo(bodies[b], least);
        const pair = a * bodies.length + b;
        if (distance > 0) touching.delete(pair);
        else if (!touching.has(pair)) {
          touching.add(pair);
          contacts += 1;
        }
        if (distance < least) least = distance;
      }
    }
  }
  return { clearanceMinM: least < LOOK_M ? least : null, contacts };
}

class Measured {
  readonly #scene: PlanningScene;
  readonly #bounds = new Float64Array(6);
  #next = 0;
  #item: CarriedItem | null = null;

  constructor(arm: ArmModel) {
    this.#scene = prepareScene({
      manipulator: arm.manipulator,
      X_WB: arm.X_WB,
      obstacles: [],
      standingArms: [],
      keepOut: [],
      obstacleMarginM: 0,
      selfMarginM: 0,
      armMarginM: 0,
      keepOutMarginM: 0,
    });
  }

  place(q: Float64Array, carried: readonly CarriedSpan[], nowUs: number): void {
    while (this.#next < carried.length && carried[this.#next].untilUs < nowUs) this.#next += 1;
    const span = carried[this.#next];
    this.#item = span !== undefined && nowUs >= span.fromUs ? span.item : null;
    const { body } = this.#scene;
    placeBody(body, q, 0);
    const bounds = this.#bounds;
    bounds.fill(Infinity, 0, 3);
    bounds.fill(-Infinity, 3, 6);
    for (let c = 0; c < body.capsuleCount * CAPSULE_STRIDE; c += CAPSULE_STRIDE) {
      const r = body.world[c + 6];
      for (let axis = 0; axis < 3; axis += 1) {
        const p = body.world[c + axis];
        const s = body.world[c + 3 + axis];
        bounds[axis] = Math.min(bounds[axis], p - r, s - r);
        bounds[3 + axis] = Math.max(bounds[3 + axis], p + r, s + r);
      }
    }
    if (this.#item === null) return;
    placeItem(this.#scene, this.#item);
    const [x, y, z] = this.#item.sizeM;
    const half = Math.hypot(x, y, z) / 2;
    for (let axis = 0; axis < 3; axis += 1) {
      bounds[axis] = Math.min(bounds[axis], this.#scene.item[9 + axis] - half);
      bounds[3 + axis] = Math.max(bounds[3 + axis], this.#scene.item[9 + axis] + half);
    }
  }

  /** Distance to another arm, or `capM` when it is no less. */
  distanceTo(other: Measured, capM: number): number {
    for (let axis = 0; axis < 3; axis += 1) {
      if (this.#bounds[axis] - other.#bounds[3 + axis] > capM) return capM;
      if (other.#bounds[axis] - this.#bounds[3 + axis] > capM) return capM;
    }
    const a = this.#scene.body;
    const b = other.#scene.body;
    let least = capM;
    for (let m = 0; m < a.capsuleCount; m += 1) {
      for (let n = 0; n < b.capsuleCount; n += 1) {
        if (a.joints[m] < 0 && b.joints[n] < 0) continue;
        if (farApart(a.world, m * CAPSULE_STRIDE, b.world, n * CAPSULE_STRIDE, least)) continue;
        const d = capsuleCapsule(a.world, m * CAPSULE_STRIDE, b.world, n * CAPSULE_STRIDE);
        if (d < least) least = d;
      }
    }
    least = Math.min(least, this.#itemTo(other, least), other.#itemTo(this, least));
    if (this.#item !== null && other.#item !== null) {
      least = Math.min(least, boxBoxSeparation(this.#scene.item, 0, other.#scene.item, 0));
    }
    return least;
  }

  #itemTo(other: Measured, capM: number): number {
    if (this.#item === null) return capM;
    const { body } = other.#scene;
    let least = capM;
    for (let n = 0; n < body.capsuleCount; n += 1) {
      least = Math.min(least, capsuleBox(body.world, n * CAPSULE_STRIDE, this.#scene.item, 0));
    }
    return least;
  }
}

function farApart(a: Float64Array, m: number, b: Float64Array, n: number, thanM: number): boolean {
  const x = a[m] + a[m + 3] - b[n] - b[n + 3];
  const y = a[m + 1] + a[m + 4] - b[n + 1] - b[n + 4];
  const z = a[m + 2] + a[m + 5] - b[n + 2] - b[n + 5];
  const reach = 2 * (thanM + a[m + 6] + b[n + 6]) + length(a, m) + length(b, n);
  return x * x + y * y + z * z > reach * reach;
}

function length(v: Float64Array, at: number): number {
  return Math.hypot(v[at + 3] - v[at], v[at + 4] - v[at + 1], v[at + 5] - v[at + 2]);
}
