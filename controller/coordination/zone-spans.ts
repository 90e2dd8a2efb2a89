import { CAPSULE_STRIDE, segmentBox } from '../../arms/geometry/distance.ts';
import { boxBoxSeparation, setBox } from '../../arms/geometry/box-separation.ts';
import type { ArmBody } from '../../arms/planning/arm-body.ts';
import { compileBody, groupFactors, placeBody, tipAt, travelFactors } from '../../arms/planning/arm-body.ts';
import type { MotionBounds } from '../../arms/planning/motion-bounds.ts';
import { addTravel, boundMotion, pieceAt, positionsAt } from '../../arms/planning/motion-bounds.ts';
import type { CarriedItem } from '../../arms/planning/scene.ts';
import { prismBox } from '../../arms/planning/scene.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import type { ArmModel, CellModel, Zone } from '../domain/cell.ts';
import type { ZoneSpan } from '../scheduling/job-plan.ts';
import { openSpace } from './zone-cover.ts';

/** What of a cell decides which zones an arm touches. */
export type ZonedCell = Pick<CellModel, 'arms' | 'zones' | 'clearanceM'>;

/**
 * How exactly the instants of the first and the last touch are found, us: they are given at most this much too early
 * or too late. Coarser is quicker to compute.
 */
export const GRAIN_FINE_US = 50_000;
export const GRAIN_COARSE_US = 100_000;

/**
 * Looks up zones for one arm. Space that the cell's zones leave open counts as zones of its own. Holds scratch space:
 * one thread at a time.
 */
export interface ZoneTracker {
  /**
   * Progress intervals in which the arm, its tool and what it carries, grown by half the clearance, touch each zone:
   * one per zone touched, from the first touch to the last. Never too short: between looks every point is assumed to
   * go as far as the trajectory's bounds allow.
   *
   * @param grainUs how much too early or too late a span may begin or end: `GRAIN_FINE_US`, `GRAIN_COARSE_US`
   */
  spans(trajectory: JointTrajectory, item: CarriedItem | null, grainUs: number): ZoneSpan[];
  /** Zones touched at rest. */
  at(positions: readonly number[], item: CarriedItem | null): string[];
  /** Zones touched at looks along straight joint moves, about `spacing` (rad or m) apart: to compare routes by. */
  along(route: readonly (readonly number[])[], item: CarriedItem | null, spacing: number): string[];
  /** Zones that the arm's fixed base touches: nobody else can ever have them. */
  readonly permanent: readonly string[];
}

export function createZoneTracker(cell: ZonedCell, arm: ArmModel): ZoneTracker {
  const look = new Look([...cell.zones, ...openSpace(cell.zones, cell.arms)], arm, cell.clearanceM / 2);
  return {
    spans: (trajectory, item, grainUs) => look.spans(trajectory, item, grainUs),
    at: (positions, item) => look.at(positions, item),
    along: (route, item, spacing) => look.along(route, item, spacing),
    permanent: look.permanent(),
  };
}

/** Per zone: not touched, may be touched, touched now, touched throughout. */
const MISSED = 0;
const POSSIBLE = 1;
const TOUCHED = 2;
const THROUGHOUT = 3;

class Look {
  readonly #zones: readonly Zone[];
  readonly #growM: number;
  readonly #body: ArmBody;
  readonly #prisms: Float64Array[];
  readonly #travel: Float64Array;
  readonly #half: Float64Array;
  readonly #factors: Float64Array;
  readonly #groupTravel: Float64Array;
  readonly #q: Float64Array;
  readonly #box = new Float64Array(15);
  readonly #middle = new Float64Array(4);
  readonly #near: Int32Array;
  readonly #verdicts: Uint8Array;
  #grainUs = GRAIN_FINE_US;
  readonly #enter: Float64Array;
  readonly #leave: Float64Array;

  constructor(zones: readonly Zone[], arm: ArmModel, growM: number) {
    this.#zones = zones;
    this.#growM = growM;
    this.#body = compileBody(arm.manipulator, arm.X_WB);
    const n = this.#body.chain.jointCount;
    this.#prisms = zones.map((zone) => prismBox(zone.minM, zone.maxM));
    this.#travel = new Float64Array(n);
    this.#half = new Float64Array(n);
    this.#factors = new Float64Array(n);
    this.#groupTravel = new Float64Array(this.#body.groupCount);
    this.#q = new Float64Array(n);
    this.#verdicts = new Uint8Array(zones.length);
    this.#near = new Int32Array(zones.length);
    this.#enter = new Float64Array(zones.length);
    this.#leave = new Float64Array(zones.length);
  }

  spans(trajectory: JointTrajectory, item: CarriedItem | null, grainUs: number): ZoneSpan[] {
    this.#grainUs = grainUs;
    const bounds = boundMotion(trajectory);
    const all = this.#zones.map((_, z) => z);
    this.#enter.fill(Infinity);
    this.#leave.fill(-Infinity);
    // First touches are looked for from the beginning, last ones from the end: what lies between is not asked for.
    this.#visit(bounds, item, 0, bounds.durationUs, 0, all, 'first');
    const touched = all.filter((z) => this.#enter[z] < Infinity);
    this.#visit(bounds, item, 0, bounds.durationUs, 0, touched, 'last');
    const spans: ZoneSpan[] = [];
    this.#zones.forEach((zone, z) => {
      if (this.#leave[z] < this.#enter[z]) return;
      spans.push({
        zoneId: zone.id,
        enterUs: Math.floor(this.#enter[z]),
        leaveUs: Math.min(bounds.durationUs, Math.ceil(this.#leave[z])),
      });
    });
    return spans;
  }

  at(positions: readonly number[], item: CarriedItem | null): string[] {
    const all = this.#zones.map((_, z) => z);
    this.#travel.fill(0);
    placeBody(this.#body, positions, 0);
    this.#judge(item, all, 0);
    return this.#zones.filter((_, z) => this.#verdicts[z] >= TOUCHED).map((zone) => zone.id);
  }

  along(route: readonly (readonly number[])[], item: CarriedItem | null, spacing: number): string[] {
    const touched = new Set<number>();
    let open = this.#zones.map((_, z) => z);
    for (let k = 1; k < route.length; k += 1) {
      const [from, to] = [route[k - 1], route[k]];
      const most = Math.max(...from.map((value, j) => Math.abs(to[j] - value)));
      const parts = Math.max(1, Math.ceil(most / spacing));
      for (let part = k === 1 ? 0 : 1; part <= parts; part += 1) {
        for (let j = 0; j < from.length; j += 1) this.#q[j] = from[j] + ((to[j] - from[j]) * part) / parts;
        placeBody(this.#body, this.#q, 0);
        this.#judge(item, open, 0);
        for (const z of open) if (this.#verdicts[z] >= TOUCHED) touched.add(z);
        open = open.filter((z) => !touched.has(z));
      }
    }
    return this.#zones.filter((_, z) => touched.has(z)).map((zone) => zone.id);
  }

  permanent(): string[] {
    const q = this.#body.manipulator.joints.map((joint) => (joint.limits.lower + joint.limits.upper) / 2);
    placeBody(this.#body, q, 0);
    this.#verdicts.fill(MISSED);
    for (let k = 0; k < this.#body.capsuleCount; k += 1) {
      if (this.#body.joints[k] >= 0) continue;
      for (let z = 0; z < this.#zones.length; z += 1) this.#judgeCapsule(k, z, 0);
    }
    return this.#zones.filter((_, z) => this.#verdicts[z] >= TOUCHED).map((zone) => zone.id);
  }

  #mark(z: number, fromUs: number, untilUs: number): void {
    if (fromUs < this.#enter[z]) this.#enter[z] = fromUs;
    if (untilUs > this.#leave[z]) this.#leave[z] = untilUs;
  }

  #visit(
    bounds: MotionBounds,
    item: CarriedItem | null,
    fromUs: number,
    untilUs: number,
    hint: number,
    candidates: readonly number[],
    which: 'first' | 'last',
  ): void {
    const middle = (fromUs + untilUs) / 2;
    const piece = positionsAt(bounds, middle, hint, this.#q);
    const first = pieceAt(bounds.trajectory.timesUs, fromUs, piece);
    this.#travel.fill(0);
    addTravel(bounds, fromUs, middle, first, this.#travel);
    this.#half.fill(0);
    addTravel(bounds, middle, untilUs, piece, this.#half);
    for (let j = 0; j < this.#half.length; j += 1) {
      if (this.#half[j] > this.#travel[j]) this.#travel[j] = this.#half[j];
    }
    placeBody(this.#body, this.#q, 0);
    const span = untilUs - fromUs;
    this.#judge(item, candidates, span);
    const open: number[] = [];
    for (const z of candidates) {
      const verdict = this.#verdicts[z];
      if (verdict === MISSED) continue;
      const settled =
        verdict === THROUGHOUT || span <= this.#grainUs || (verdict === TOUCHED && span <= 3 * this.#grainUs);
      if (settled) this.#mark(z, fromUs, untilUs);
      else open.push(z);
    }
    if (open.length === 0) return;
    for (const half of which === 'first' ? [0, 1] : [1, 0]) {
      const from = half === 0 ? fromUs : middle;
      const until = half === 0 ? middle : untilUs;
      // Only the first touch and the last are asked for.
      const left = open.filter((z) => (which === 'first' ? this.#enter[z] > from : this.#leave[z] < until));
      if (left.length > 0) this.#visit(bounds, item, from, until, half === 0 ? first : piece, left, which);
    }
  }

  /** Judges the candidates at the placed configuration, with `#travel` possible to either side of it. */
  #judge(item: CarriedItem | null, candidates: readonly number[], spanUs: number): void {
    const body = this.#body;
    for (const z of candidates) this.#verdicts[z] = MISSED;
    for (let g = 0; g < body.groupCount; g += 1) {
      let travel = 0;
      if (spanUs > 0) {
        groupFactors(body, g, this.#factors, 0);
        for (let j = 0; j <= body.groupJoint[g]; j += 1) travel += this.#factors[j] * this.#travel[j];
      }
      this.#groupTravel[g] = travel;
    }
    const near = this.#near;
    let count = 0;
    this.#boundBody();
    for (const z of candidates) {
      const prism = this.#prisms[z];
      const x = this.#middle[0] - prism[9];
      const y = this.#middle[1] - prism[10];
      if (Math.abs(x) > prism[12] + this.#middle[2] || Math.abs(y) > prism[13] + this.#middle[3]) continue;
      near[count] = z;
      count += 1;
    }
    for (let k = 0; k < body.capsuleCount; k += 1) {
      const travel = body.groupOf[k] < 0 ? 0 : this.#groupTravel[body.groupOf[k]];
      for (let i = 0; i < count; i += 1) {
        if (this.#verdicts[near[i]] !== THROUGHOUT) this.#judgeCapsule(k, near[i], travel);
      }
    }
    if (item === null) return;
    const tip = tipAt(body);
    const [x, y, h] = item.sizeM;
    setBox(body.frames, tip, x / 2, y / 2, h / 2, this.#box, 0);
    for (let k = 0; k < 3; k += 1) {
      this.#box[9 + k] += (body.frames[tip + 4 * k + 2] * h) / 2;
    }
    const reach = Math.sqrt(x * x + y * y + h * h) / 2;
    travelFactors(body, body.chain.jointCount - 1, this.#box[9], this.#box[10], this.#box[11], reach, this.#factors, 0); // prettier-ignore
    let travel = 0;
    for (let j = 0; j < this.#travel.length; j += 1) travel += this.#factors[j] * this.#travel[j];
    const b = this.#box;
    const reachX =
      Math.abs(b[0]) * b[12] + Math.abs(b[1]) * b[13] + Math.abs(b[2]) * b[14] + this.#growM + travel;
    const reachY =
      Math.abs(b[3]) * b[12] + Math.abs(b[4]) * b[13] + Math.abs(b[5]) * b[14] + this.#growM + travel;
    for (const z of candidates) {
      const prism = this.#prisms[z];
      if (this.#verdicts[z] === THROUGHOUT) continue;
      if (Math.abs(b[9] - prism[9]) > prism[12] + reachX || Math.abs(b[10] - prism[10]) > prism[13] + reachY)
        continue;
      this.#settle(z, boxBoxSeparation(b, 0, prism, 0), travel);
    }
  }

  /** Bounds of the whole arm in plan view, with all it may travel: middle and half extents. */
  #boundBody(): void {
    const { world, capsuleCount, groupOf } = this.#body;
    let x0 = Infinity;
    let y0 = Infinity;
    let x1 = -Infinity;
    let y1 = -Infinity;
    for (let k = 0; k < capsuleCount; k += 1) {
      const c = k * CAPSULE_STRIDE;
      const r = world[c + 6] + this.#growM + (groupOf[k] < 0 ? 0 : this.#groupTravel[groupOf[k]]);
      for (let end = c; end <= c + 3; end += 3) {
        if (world[end] - r < x0) x0 = world[end] - r;
        if (world[end] + r > x1) x1 = world[end] + r;
        if (world[end + 1] - r < y0) y0 = world[end + 1] - r;
        if (world[end + 1] + r > y1) y1 = world[end + 1] + r;
      }
    }
    this.#middle[0] = (x0 + x1) / 2;
    this.#middle[1] = (y0 + y1) / 2;
    this.#middle[2] = (x1 - x0) / 2;
    this.#middle[3] = (y1 - y0) / 2;
  }

  #judgeCapsule(k: number, z: number, travel: number): void {
    const world = this.#body.world;
    const c = k * CAPSULE_STRIDE;
    const prism = this.#prisms[z];
    const px = world[c] - prism[9];
    const py = world[c + 1] - prism[10];
    const qx = world[c + 3] - prism[9];
    const qy = world[c + 4] - prism[10];
    const reachX = prism[12] + world[c + 6] + this.#growM + travel;
    const reachY = prism[13] + world[c + 6] + this.#growM + travel;
    if ((px > reachX && qx > reachX) || (px < -reachX && qx < -reachX)) return;
    if ((py > reachY && qy > reachY) || (py < -reachY && qy < -reachY)) return;
    // In plan view: the prism's height leaves x and y to decide.
    const distance =
      segmentBox(px, py, 0, qx - px, qy - py, 0, prism[12], prism[13], prism[14]) - world[c + 6];
    this.#settle(z, distance, travel);
  }

  #settle(z: number, distance: number, travel: number): void {
    const slack = distance - this.#growM;
    const verdict =
      slack > travel ? MISSED : slack + travel <= 0 ? THROUGHOUT : slack <= 0 ? TOUCHED : POSSIBLE;
    if (verdict > this.#verdicts[z]) this.#verdicts[z] = verdict;
  }
}
