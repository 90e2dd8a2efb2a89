import type { ArmBody } from '../../arms/planning/arm-body.ts';
import { compileBody, placeBody } from '../../arms/planning/arm-body.ts';
import { CAPSULE_STRIDE } from '../../arms/geometry/distance.ts';
import type { ArmModel, CellModel, Zone } from '../domain/cell.ts';
import { reachBounds } from './zone-cover.ts';
import { createZoneTracker } from './zone-spans.ts';
import type { ZonedCell } from './zone-spans.ts';

/**
 * Cuts a cell's floor plan into zones, the way industry interlocks shared space: vertical prisms which one arm holds
 * at a time. The zones tile all the space that any two arms can reach, so arms that touch disjoint sets of zones
 * with half the clearance around each are never closer than the clearance.
 *
 * There is one zone per place, one around each arm's base and parked body, and tote-wide slices of what remains.
 * The tiling is found by cutting right across (guillotine cuts) between rows of places and bases, then across
 * each row, until every part holds one place or one base.
 */
export type CellLayout = Pick<CellModel, 'arms' | 'places' | 'clearanceM'>;

interface Rect {
  readonly min: readonly [number, number];
  readonly max: readonly [number, number];
}

interface Member extends Rect {
  readonly id: string;
  readonly kind: 'place' | 'base';
}

type Axis = 0 | 1;

/** Width of a slice where the cell has no station to take it from: an industrial 600 x 400 mm tote (EN 13724). */
const TOTE_WIDTH_M = 0.4;

/** What the covered area reaches beyond places, m. */
const RIM_M = 0.5;

/** Zones of a cell, in an order that depends on the layout alone. */
export function partitionZones(cell: CellLayout): Zone[] {
  if (cell.arms.length === 0) return [];
  const places = cell.places.map((place): Member => {
    const [x, y] = place.positionM;
    const [w, d] = place.innerSizeM;
    return { id: place.id, kind: 'place', min: [x - w / 2, y - d / 2], max: [x + w / 2, y + d / 2] };
  });
  const bases = cell.arms.map((arm): Member => ({
    id: arm.id,
    kind: 'base',
    ...footprint(arm, places, cell.clearanceM / 2),
  }));
  const members = [...places, ...bases];
  const zones: Zone[] = [];
  const cutter: Cutter = { pitchM: [slicePitch(cell, 0), slicePitch(cell, 1)], zones, slices: 0 };
  cut(cutter, coveredArea(cell, members), members);
  return zones;
}

interface Cutter {
  readonly pitchM: readonly [number, number];
  readonly zones: Zone[];
  slices: number;
}

/**
 * Bounds of what an arm touches at its park pose, grown by `growM`. Where that reaches over a place, the place's side
 * is cut off as far as the base itself allows: the place must stay of use to others while the arm works elsewhere.
 */
function footprint(arm: ArmModel, places: readonly Member[], growM: number): Rect {
  const body = compileBody(arm.manipulator, arm.X_WB);
  placeBody(body, arm.park, 0);
  const base = bodyRect(body, growM + EDGE_M, 'base');
  let rect = bodyRect(body, growM + EDGE_M, 'all');
  for (const place of places) {
    if (!overlaps(rect, place)) continue;
    let kept = rect;
    let most = -1;
    for (const axis of [0, 1] as const) {
      for (const cutRect of [
        { min: rect.min, max: replaced(rect.max, axis, place.min[axis]) },
        { min: replaced(rect.min, axis, place.max[axis]), max: rect.max },
      ]) {
        if (!contains(cutRect, base)) continue;
        const left = (cutRect.max[0] - cutRect.min[0]) * (cutRect.max[1] - cutRect.min[1]);
        if (left > most) {
          most = left;
          kept = cutRect;
        }
      }
    }
    rect = kept;
  }
  return rect;
}

function replaced(v: readonly [number, number], axis: Axis, value: number): readonly [number, number] {
  return axis === 0 ? [value, v[1]] : [v[0], value];
}

function overlaps(a: Rect, b: Rect): boolean {
  return [0, 1].every((k) => a.min[k] < b.max[k] - TOUCH_M && b.min[k] < a.max[k] - TOUCH_M);
}

function contains(outer: Rect, inner: Rect): boolean {
  return [0, 1].every((k) => outer.min[k] <= inner.min[k] && outer.max[k] >= inner.max[k]);
}

/** So that a parked arm does not touch the zones next to its own by rounding. */
const EDGE_M = 0.001;

function bodyRect(body: ArmBody, growM: number, part: 'base' | 'all'): Rect {
  const min: [number, number] = [Infinity, Infinity];
  const max: [number, number] = [-Infinity, -Infinity];
  for (let k = 0; k < body.capsuleCount; k += 1) {
    if (part === 'base' && body.joints[k] >= 0) continue;
    const c = k * CAPSULE_STRIDE;
    const r = body.world[c + 6] + growM;
    for (const axis of [0, 1]) {
      min[axis] = Math.min(min[axis], body.world[c + axis] - r, body.world[c + 3 + axis] - r);
      max[axis] = Math.max(max[axis], body.world[c + axis] + r, body.world[c + 3 + axis] + r);
    }
  }
  if (min[0] > max[0]) return { min: [body.T_WB[3], body.T_WB[7]], max: [body.T_WB[3], body.T_WB[7]] };
  return { min, max };
}

/** Usual width of a station's container along an axis, walls and gap included. */
function slicePitch(cell: CellLayout, axis: Axis): number {
  const stations = cell.places.filter((place) => place.kind === 'station');
  const widths = (stations.length > 0 ? stations : cell.places).map((place) => place.innerSizeM[axis]);
  widths.sort((a, b) => a - b);
  return widths.length === 0 ? TOTE_WIDTH_M : Math.max(0.1, widths[widths.length >> 1] + 0.05);
}

/** Everything an arm can touch lies in here, and all places. */
function coveredArea(cell: CellLayout, members: readonly Member[]): Rect {
  const [min, max] = reachBounds(cell.arms);
  for (const member of members) {
    for (const axis of [0, 1]) {
      min[axis] = Math.min(min[axis], member.min[axis] - RIM_M);
      max[axis] = Math.max(max[axis], member.max[axis] + RIM_M);
    }
  }
  return { min, max };
}

/** A run of members that no straight cut across `axis` parts. */
interface Cluster {
  min: number;
  max: number;
  readonly members: Member[];
}

function clusters(members: readonly Member[], axis: Axis): Cluster[] {
  const sorted = [...members].sort((a, b) => a.min[axis] - b.min[axis] || (a.id < b.id ? -1 : 1));
  const found: Cluster[] = [];
  for (const member of sorted) {
    const last = found[found.length - 1];
    if (last !== undefined && member.min[axis] < last.max - TOUCH_M) {
      last.members.push(member);
      last.max = Math.max(last.max, member.max[axis]);
    } else {
      found.push({ min: member.min[axis], max: member.max[axis], members: [member] });
    }
  }
  return found;
}

/** Overlap that still counts as side by side, m. */
const TOUCH_M = 1e-6;

/** Divides `area` among its members; parts without a member become slices. */
function cut(cutter: Cutter, area: Rect, members: readonly Member[]): void {
  const runs: [Cluster[], Cluster[]] = [clusters(members, 0), clusters(members, 1)];
  // Rows first: across the axis along which there are more of them.
  const axis: Axis = runs[1].length >= runs[0].length ? 1 : 0;
  const row = runs[axis];
  const isLoneBase = members.length === 1 && members[0].kind === 'base' && !isTight(area, members[0]);
  if (row.length < 2 && !isLoneBase) {
    cutter.zones.push({ id: zoneName(members), minM: area.min, maxM: area.max });
    return;
  }
  if (isLoneBase) {
    // The base's own zone ends with its footprint; the rest of the area is anyone's.
    const across: Axis = area.min[1] < members[0].min[1] || area.max[1] > members[0].max[1] ? 1 : 0;
    divide(cutter, area, across, clusters(members, across));
    return;
  }
  divide(cutter, area, axis, row);
}

function isTight(area: Rect, member: Member): boolean {
  return [0, 1].every(
    (k) => area.min[k] >= member.min[k] - SLIVER_M && area.max[k] <= member.max[k] + SLIVER_M,
  );
}

/** A strip narrower than this is not worth a zone, m. */
const SLIVER_M = 0.1;

function divide(cutter: Cutter, area: Rect, axis: Axis, row: readonly Cluster[]): void {
  let from = area.min[axis];
  row.forEach((cluster, i) => {
    const next = row[i + 1];
    const bounds = ownBounds(cutter, area, axis, row, i);
    if (bounds[0] > from + TOUCH_M) {
      // Between members: about a tote wide each. At the rim of the cell one is enough.
      const count = i > 0 ? Math.max(1, Math.round((bounds[0] - from) / cutter.pitchM[axis])) : 1;
      slices(cutter, slab(area, axis, from, bounds[0]), axis, count);
    }
    cut(cutter, slab(area, axis, Math.max(from, bounds[0]), bounds[1]), cluster.members);
    from = bounds[1];
    if (next === undefined && area.max[axis] > from + TOUCH_M) {
      slices(cutter, slab(area, axis, from, area.max[axis]), axis, 1);
    }
  });
}

/**
 * A cluster with places owns the gap to its neighbours, up to half a tote's width (up to the neighbour where that is
 * a base); one of bases owns nothing beyond its members.
 */
function ownBounds(
  cutter: Cutter,
  area: Rect,
  axis: Axis,
  row: readonly Cluster[],
  i: number,
): readonly [number, number] {
  const cluster = row[i];
  if (isBases(cluster)) return [cluster.min, cluster.max];
  const most = cutter.pitchM[axis] / 2;
  const before = row[i - 1];
  const after = row[i + 1];
  const reach = (gap: number, neighbour: Cluster): number =>
    isBases(neighbour) ? (gap <= 2 * most ? gap : most) : Math.min(gap / 2, most);
  const low = before === undefined ? area.min[axis] : cluster.min - reach(cluster.min - before.max, before);
  const high = after === undefined ? area.max[axis] : cluster.max + reach(after.min - cluster.max, after);
  return [low, high];
}

function isBases(cluster: Cluster): boolean {
  return cluster.members.every((member) => member.kind === 'base');
}

function slab(area: Rect, axis: Axis, from: number, until: number): Rect {
  return axis === 0
    ? { min: [from, area.min[1]], max: [until, area.max[1]] }
    : { min: [area.min[0], from], max: [area.max[0], until] };
}

/** Cuts a part without members into `count` slices. */
function slices(cutter: Cutter, area: Rect, axis: Axis, count: number): void {
  const width = area.max[axis] - area.min[axis];
  for (let i = 0; i < count; i += 1) {
    const from = area.min[axis] + (width * i) / count;
    const until = i === count - 1 ? area.max[axis] : area.min[axis] + (width * (i + 1)) / count;
    cutter.slices += 1;
    const part = slab(area, axis, from, until);
    cutter.zones.push({ id: `slice-${cutter.slices}`, minM: part.min, maxM: part.max });
  }
}

function zoneName(members: readonly Member[]): string {
  return members.map((member) => (member.kind === 'base' ? `base-${member.id}` : member.id)).join('+');
}

/**
 * Zones which an arm touches at its park pose, its base's included, with half the clearance around it. Nobody else
 * can have them while it rests there. Throws on an arm that the cell does not have.
 */
export function parkZones(cell: ZonedCell, armId: string): string[] {
  const arm = cell.arms.find((a) => a.id === armId);
  if (arm === undefined) throw new Error(`the cell has no arm ${armId}`);
  return createZoneTracker(cell, arm).at(arm.park, null);
}
