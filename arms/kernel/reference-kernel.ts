import { BOX_STRIDE, CAPSULE_STRIDE } from '../geometry/distance.ts';
import { compileBody, placeBody } from '../planning/arm-body.ts';
import type { ArmBody } from '../planning/arm-body.ts';
import { conflictRowBytes } from './collision-kernel.ts';
import type {
  ArmGroup,
  ArmScene,
  CollisionKernel,
  RrtOutcome,
  RrtRequest,
  Track,
  TrackRequest,
} from './collision-kernel.ts';
import { referenceRrtConnect } from './reference-rrt.ts';
import { capsuleLevers, itemLevers, leastBetween, placeItemBox } from './reference-body.ts';
import type { PlacedSolids } from './reference-body.ts';
import type { Room } from './reference-scene.ts';
import { advance, leastSlack, markFree, ReferenceScene } from './reference-scene.ts';

/**
 * The collision kernel in plain TypeScript: every part against every part with exact distances in float64, no
 * culling, no tables. Slow, and simple enough to be seen to be right: the WebAssembly kernel is compared with it.
 */
export function createReferenceKernel(): CollisionKernel {
  return {
    kind: 'reference',
    memoryBytes: 0,
    memoryMaxBytes: 0,
    prepareScene: (description) => new ReferenceScene(description),
    prepareGroup: (scenes, armMarginM) => new ReferenceGroup(scenes.map(referenceScene), armMarginM),
    createTrack: (request) => new ReferenceTrack(request),
    firstConflict: (a, b, marginM, shift, fromSample, untilSample) => {
      const [one, other] = [referenceTrack(a), referenceTrack(b)];
      for (let i = fromSample; i <= untilSample; i += 1) {
        if (one.least(clamp(i, one), other, clamp(i + shift, other)) < marginM) return i;
      }
      return -1;
    },
    conflictMatrix: (a, b, marginM, out) => {
      const [one, other] = [referenceTrack(a), referenceTrack(b)];
      const row = conflictRowBytes(b);
      out.fill(0, 0, row * a.sampleCount);
      let set = 0;
      for (let i = 0; i < a.sampleCount; i += 1) {
        for (let j = 0; j < b.sampleCount; j += 1) {
          if (one.least(i, other, j) >= marginM) continue;
          out[i * row + (j >> 3)] |= 1 << (j & 7);
          set += 1;
        }
      }
      return set;
    },
  };
}

function clamp(sample: number, track: Track): number {
  return Math.min(track.sampleCount - 1, Math.max(0, sample));
}

function referenceScene(scene: ArmScene): ReferenceScene {
  if (!(scene instanceof ReferenceScene)) throw new TypeError('the scene belongs to another kernel');
  return scene;
}

function referenceTrack(track: Track): ReferenceTrack {
  if (!(track instanceof ReferenceTrack)) throw new TypeError('the track belongs to another kernel');
  return track;
}

/** How many capsules, the first ones, are fixed to the base. */
function fixedCount(body: ArmBody): number {
  const first = body.joints.findIndex((joint) => joint >= 0);
  return first < 0 ? body.capsuleCount : first;
}

class ReferenceGroup implements ArmGroup {
  readonly scenes: readonly ReferenceScene[];
  readonly jointCount: number;
  private readonly offsets: readonly number[];
  private readonly armMarginM: number;

  constructor(scenes: readonly ReferenceScene[], armMarginM: number) {
    this.scenes = scenes;
    this.armMarginM = armMarginM;
    const offsets: number[] = [];
    let count = 0;
    for (const scene of scenes) {
      offsets.push(count);
      count += scene.jointCount;
    }
    this.offsets = offsets;
    this.jointCount = count;
  }

  /** Least slack between arms; each part less what joint movements of `dq` can carry it, if given. */
  private between(q: ArrayLike<number>, at: number): number {
    const placed = this.scenes.map((scene, s): PlacedSolids => {
      placeBody(scene.body, q, at + this.offsets[s]);
      return { capsules: scene.body.world, count: scene.body.capsuleCount, item: scene.placedItem() };
    });
    let least = Infinity;
    for (let a = 0; a < placed.length; a += 1) {
      const none = new Float64Array(placed[a].count + 1);
      for (let b = a + 1; b < placed.length; b += 1) {
        const [fixedA, fixedB] = [fixedCount(this.scenes[a].body), fixedCount(this.scenes[b].body)];
        const noneB = new Float64Array(placed[b].count + 1);
        least = Math.min(least, leastBetween(placed[a], none, fixedA, placed[b], noneB, fixedB));
      }
    }
    return least - this.armMarginM;
  }

  private rooms(q: ArrayLike<number>, at: number): Room[] {
    const rooms = this.scenes.flatMap((scene, s) =>
      scene.rooms(q, at + this.offsets[s]).map((room): Room => {
        const levers = new Float64Array(this.jointCount);
        levers.set(Array.from(room.levers), this.offsets[s]);
        return { slackM: room.slackM, levers };
      }),
    );
    // Every part of an arm travels at most as far as the farthest lever of any of its parts says.
    const levers = new Float64Array(this.jointCount);
    this.scenes.forEach((scene, s) => {
      for (let j = 0; j < scene.jointCount; j += 1) {
        const unit = new Float64Array(scene.jointCount);
        unit[j] = 1;
        levers[this.offsets[s] + j] = Math.max(...scene.reach(unit, 0));
      }
    });
    rooms.push({ slackM: this.between(q, at), levers });
    return rooms;
  }

  areFree(q: ArrayLike<number>, count: number, out: Uint8Array): number {
    return markFree(count, out, (i) => leastSlack(this.rooms(q, i * this.jointCount)));
  }

  areApart(q: ArrayLike<number>, count: number, out: Uint8Array): number {
    return markFree(count, out, (i) => this.between(q, i * this.jointCount));
  }

  slacks(q: ArrayLike<number>, count: number, capM: number, out: Float32Array): void {
    for (let i = 0; i < count; i += 1) {
      out[i] = Math.min(capM, leastSlack(this.rooms(q, i * this.jointCount)));
    }
  }

  checkMotion(from: ArrayLike<number>, fromAt: number, to: ArrayLike<number>, toAt: number): number {
    return advance(this.jointCount, from, fromAt, to, toAt, (q) => this.rooms(q, 0));
  }

  planRrtConnect(request: RrtRequest): RrtOutcome {
    return referenceRrtConnect(this, request);
  }

  release(): void {
    // Nothing is held outside of the heap.
  }
}

class ReferenceTrack implements Track {
  readonly scene: ArmScene;
  readonly sampleCount: number;
  private readonly request: TrackRequest;
  private readonly body: ArmBody;
  private readonly levers: Float64Array;
  private readonly itemLevers: Float64Array;
  private readonly box = new Float64Array(BOX_STRIDE);

  constructor(request: TrackRequest) {
    this.request = request;
    this.scene = request.scene;
    this.sampleCount = request.sampleCount;
    const { description } = request.scene;
    this.body = compileBody(description.manipulator, description.X_WB);
    this.levers = capsuleLevers(description);
    this.itemLevers =
      request.carried === null ? new Float64Array(0) : itemLevers(description, request.carried.item);
  }

  /** The arm placed at a sample, and per part half of what it may travel to the sample before or after. */
  private placed(sample: number): { readonly solids: PlacedSolids; readonly reach: Float64Array } {
    const { positions, carried } = this.request;
    const n = this.scene.jointCount;
    placeBody(this.body, positions, sample * n);
    const isCarrying = carried !== null && sample >= carried.fromSample && sample <= carried.untilSample;
    if (isCarrying) placeItemBox(this.body, carried.item, this.box);
    const count = this.body.capsuleCount;
    const reach = new Float64Array(count + 1);
    for (const neighbour of [sample - 1, sample + 1]) {
      if (neighbour < 0 || neighbour >= this.sampleCount) continue;
      for (let part = 0; part < count + (isCarrying ? 1 : 0); part += 1) {
        let travel = 0;
        for (let j = 0; j < n; j += 1) {
          const lever = part < count ? this.levers[part * n + j] : this.itemLevers[j];
          travel += lever * Math.abs(positions[neighbour * n + j] - positions[sample * n + j]);
        }
        reach[part] = Math.max(reach[part], travel / 2);
      }
    }
    const capsules = this.body.world.slice(0, count * CAPSULE_STRIDE);
    return { solids: { capsules, count, item: isCarrying ? this.box.slice() : null }, reach };
  }

  least(sample: number, other: ReferenceTrack, otherSample: number): number {
    const a = this.placed(sample);
    const b = other.placed(otherSample);
    return leastBetween(a.solids, a.reach, fixedCount(this.body), b.solids, b.reach, fixedCount(other.body));
  }

  release(): void {
    // Nothing is held outside of the heap.
  }
}
