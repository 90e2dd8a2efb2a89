import type { Vec3 } from '../arms/geometry/pose.ts';
import type { FixedTask, Place } from '../controller/domain/cell.ts';
import { cellAt } from '../controller/domain/grid.ts';
import type { SizeM } from '../controller/domain/grid.ts';
import type { ContainerDeclaration, SkuDeclaration } from '../controller/ports.ts';
import type { RandomStreams } from './random.ts';
import type { SimSettings } from './settings.ts';

/** The identity of a physical unit: its number in the order of creation. Nothing the controller ever sees. */
export type UnitId = number;

/** A container as it physically is. */
export interface PhysicalContainer {
  readonly id: string;
  readonly kind: ContainerDeclaration['kind'];
  /** Units by grid cell, bottom first. */
  readonly stacks: UnitId[][];
  /** Units that the storage system believes to be on top of a cell's stack, though they are not there. */
  phantoms: { readonly cell: number; readonly sku: string }[];
  /** Units declared at its creation that were not there. */
  declaredShort: number;
  /** Where it stands; null: behind the shuttle, or gone for good. */
  placeId: string | null;
  /** It left the cell for good: an order tote that was shipped, an induct tote that was sent back. */
  gone: boolean;
}

/** A unit that lies outside of any container. */
export interface LooseUnit {
  readonly unit: UnitId;
  /** Centre of its top, world frame, m. */
  readonly topM: Vec3;
}

export interface GoodsSnapshot {
  /** SKU by unit. */
  readonly units: readonly string[];
  readonly containers: readonly PhysicalContainer[];
  readonly tools: Readonly<Record<string, readonly UnitId[]>>;
  readonly floor: readonly LooseUnit[];
  readonly spots: readonly LooseUnit[];
  readonly misplaced: readonly { readonly unit: UnitId; readonly containerId: string }[];
  readonly takenAway: readonly UnitId[];
}

/**
 * Every physical unit of the cell and where it is: in a container, in a tool, on the floor, misplaced, taken away,
 * or (cells with fixed tasks) at a spot in the open. A unit is in exactly one of them; `census` proves it.
 */
export class Goods {
  private readonly skus: Map<string, SkuDeclaration>;
  /** Grows with every change, so that others see whether they have to look again. */
  version = 0;
  private readonly places: ReadonlyMap<string, Place>;
  private readonly settings: SimSettings;
  private readonly random: RandomStreams;
  private units: string[] = [];
  private containers = new Map<string, PhysicalContainer>();
  private standing = new Map<string, PhysicalContainer>();
  private tools = new Map<string, UnitId[]>();
  private floor: LooseUnit[] = [];
  private spots: LooseUnit[] = [];
  private misplaced: { unit: UnitId; containerId: string }[] = [];
  private takenAway: UnitId[] = [];
  private dirty = new Set<string>();
  private open = false;

  constructor(
    places: readonly Place[],
    skus: readonly SkuDeclaration[],
    settings: SimSettings,
    random: RandomStreams,
  ) {
    this.places = new Map(places.map((place) => [place.id, place]));
    this.skus = new Map(skus.map((sku) => [sku.sku, sku]));
    this.settings = settings;
    this.random = random;
  }

  /**
   * A container enters the world with what is declared of it; with the rate of short stock one unit of it is not
   * there. Throws on a known id, an unknown SKU, a place that does not exist or is taken.
   */
  addContainer(declared: ContainerDeclaration): PhysicalContainer {
    if (this.containers.has(declared.containerId)) {
      throw new Error(`container ${declared.containerId} exists already`);
    }
    const container: PhysicalContainer = {
      id: declared.containerId,
      kind: declared.kind,
      stacks: declared.stacks.map((stack) => stack.map((sku) => this.addUnit(sku))),
      phantoms: [],
      declaredShort: 0,
      placeId: null,
      gone: false,
    };
    this.containers.set(container.id, container);
    if (declared.placeId !== null) this.stand(container, declared.placeId);
    if (container.kind === 'storage') this.makeShort(container);
    this.touch(container.id);
    return container;
  }

  /** The units of tasks with fixed points: each lies at its pick point in the open. */
  addSpots(tasks: readonly FixedTask[]): void {
    this.open = true;
    for (const task of tasks) {
      this.skus.set(task.id, { sku: task.id, name: task.id, sizeM: task.itemSizeM, massKg: task.itemMassKg });
      this.spots.push({ unit: this.addUnit(task.id), topM: task.pickM });
    }
    this.touch(null);
  }

  private addUnit(sku: string): UnitId {
    if (!this.skus.has(sku)) throw new Error(`SKU ${sku} is not declared`);
    this.units.push(sku);
    return this.units.length - 1;
  }

  private makeShort(container: PhysicalContainer): void {
    const random = this.random.of('stock-short');
    const short = random.chance(this.settings.rates.stockShort);
    const filled = container.stacks.flatMap((stack, cell) => (stack.length > 0 ? [cell] : []));
    const at = random.fraction();
    const found = random.chance(this.settings.rates.missingFound);
    if (!short || filled.length === 0) return;
    const cell = filled[Math.floor(at * filled.length)] as number;
    const unit = (container.stacks[cell] as UnitId[]).pop() as UnitId;
    container.phantoms.push({ cell, sku: this.skuOf(unit) });
    container.declaredShort += 1;
    if (found) this.misplaced.push({ unit, containerId: container.id });
    else this.takenAway.push(unit);
  }

  /** All declared SKUs, in the order of declaration. */
  declaredSkus(): readonly SkuDeclaration[] {
    return [...this.skus.values()];
  }

  /** Size and mass of a SKU; `undefined`: not declared. */
  readonly ofSku = (sku: string): SkuDeclaration | undefined => this.skus.get(sku);

  skuOf(unit: UnitId): string {
    const sku = this.units[unit];
    if (sku === undefined) throw new Error(`unit ${unit} does not exist`);
    return sku;
  }

  itemOf(unit: UnitId): SkuDeclaration {
    return this.skus.get(this.skuOf(unit)) as SkuDeclaration;
  }

  container(id: string): PhysicalContainer | undefined {
    return this.containers.get(id);
  }

  allContainers(): IterableIterator<PhysicalContainer> {
    return this.containers.values();
  }

  at(placeId: string): PhysicalContainer | undefined {
    return this.standing.get(placeId);
  }

  heldBy(armId: string): readonly UnitId[] {
    return this.tools.get(armId) ?? [];
  }

  onFloor(): readonly LooseUnit[] {
    return this.floor;
  }

  missingUnits(): readonly { readonly unit: UnitId; readonly containerId: string }[] {
    return this.misplaced;
  }

  /** True mass under a tool, kg. */
  heldMassKg(armId: string): number {
    let massKg = 0;
    for (const unit of this.heldBy(armId)) massKg += this.itemOf(unit).massKg;
    return massKg;
  }

  /** What hangs under a tool: the largest footprint, the heights added up; null when it is empty. */
  heldSizeM(armId: string): SizeM | null {
    const held = this.heldBy(armId);
    if (held.length === 0) return null;
    let [x, y, z] = [0, 0, 0];
    for (const unit of held) {
      const { sizeM } = this.itemOf(unit);
      x = Math.max(x, sizeM[0]);
      y = Math.max(y, sizeM[1]);
      z += sizeM[2];
    }
    return [x, y, z];
  }

  /** Height of a physical stack above the inner floor, m. */
  stackHeightM(stack: readonly UnitId[]): number {
    let heightM = 0;
    for (const unit of stack) heightM += this.itemOf(unit).sizeM[2];
    return heightM;
  }

  /** A container comes to stand in a place. Throws when the place is taken. */
  stand(container: PhysicalContainer, placeId: string): void {
    if (!this.places.has(placeId)) throw new Error(`place ${placeId} does not exist`);
    const other = this.standing.get(placeId);
    if (other !== undefined) throw new Error(`place ${placeId} is taken by container ${other.id}`);
    container.placeId = placeId;
    this.standing.set(placeId, container);
    this.touch(container.id);
  }

  /** A container leaves its place; order and induct totes leave for good. */
  leave(container: PhysicalContainer): void {
    if (container.placeId !== null) this.standing.delete(container.placeId);
    container.placeId = null;
    container.gone = container.kind !== 'storage';
    this.touch(container.id);
  }

  /** Place and cell over which a point lies, if a container stands there. */
  under(pointM: Vec3): { place: Place; container: PhysicalContainer; cell: number } | null {
    for (const container of this.standing.values()) {
      const place = this.places.get(container.placeId as string) as Place;
      const cell = cellAt(place, pointM);
      if (cell !== null) return { place, container, cell };
    }
    return null;
  }

  /** Takes up to `count` units off the top of a stack into a tool. Returns them, topmost first. */
  lift(armId: string, container: PhysicalContainer, cell: number, count: 1 | 2): readonly UnitId[] {
    const stack = container.stacks[cell] as UnitId[];
    const units = stack.splice(-count).reverse();
    this.hold(armId, units);
    this.touch(container.id);
    return units;
  }

  /** Takes the unit in the open that is nearest to the tip, by `distanceM`, into a tool; null: none is in reach. */
  liftSpot(armId: string, distanceM: (topM: Vec3) => number): UnitId | null {
    let best = -1;
    let leastM = Infinity;
    this.spots.forEach(({ topM }, k) => {
      const atM = distanceM(topM);
      if (atM < leastM) [best, leastM] = [k, atM];
    });
    if (best < 0) return null;
    const [taken] = this.spots.splice(best, 1) as [LooseUnit];
    this.hold(armId, [taken.unit]);
    return taken.unit;
  }

  private hold(armId: string, units: readonly UnitId[]): void {
    this.tools.set(armId, [...this.heldBy(armId), ...units]);
    this.touch(null);
  }

  /** Sets what a tool holds onto a stack: what came up last hangs lowest and lands first. */
  setDown(armId: string, container: PhysicalContainer, cell: number): void {
    (container.stacks[cell] as UnitId[]).push(...[...this.heldBy(armId)].reverse());
    this.tools.delete(armId);
    this.touch(container.id);
  }

  /** Leaves what a tool holds in the open, with the top at a point (world, m). */
  setDownInTheOpen(armId: string, topM: Vec3): void {
    for (const unit of this.heldBy(armId)) this.spots.push({ unit, topM });
    this.tools.delete(armId);
    this.touch(null);
  }

  /** What an arm holds falls to the floor below the tip. Returns the units. */
  drop(armId: string, tipM: Vec3): readonly UnitId[] {
    const held = this.heldBy(armId);
    for (const unit of held) this.floor.push({ unit, topM: [tipM[0], tipM[1], this.itemOf(unit).sizeM[2]] });
    this.tools.delete(armId);
    if (held.length > 0) this.touch(null);
    return held;
  }

  /** True in cells with fixed tasks: their units lie in the open, whatever containers stand about. */
  inTheOpen(): boolean {
    return this.open;
  }

  /** A person takes a unit from wherever it lies in the open or in a tool. False when it is in none of these. */
  takeByHand(unit: UnitId): boolean {
    const floor = this.floor.findIndex((lying) => lying.unit === unit);
    if (floor >= 0) this.floor.splice(floor, 1);
    const missing = this.misplaced.findIndex((lying) => lying.unit === unit);
    if (missing >= 0) this.misplaced.splice(missing, 1);
    let held = false;
    for (const [armId, units] of this.tools) {
      if (!units.includes(unit)) continue;
      const rest = units.filter((other) => other !== unit);
      if (rest.length > 0) this.tools.set(armId, rest);
      else this.tools.delete(armId);
      held = true;
    }
    if (floor < 0 && missing < 0 && !held) return false;
    this.takenAway.push(unit);
    this.touch(null);
    return true;
  }

  /** A person takes the topmost unit of a SKU out of a container; null when there is none to be got at. */
  takeFromContainer(containerId: string, sku: string): UnitId | null {
    const container = this.containers.get(containerId);
    for (const stack of container?.stacks ?? []) {
      const top = stack[stack.length - 1];
      if (top === undefined || this.skuOf(top) !== sku) continue;
      stack.pop();
      this.takenAway.push(top);
      this.touch(containerId);
      return top;
    }
    return null;
  }

  /** A person puts a unit in hand onto a cell of a container. False when it is not in hand. */
  putByHand(unit: UnitId, containerId: string, cell: number): boolean {
    const stack = this.containers.get(containerId)?.stacks[cell];
    const at = this.takenAway.indexOf(unit);
    if (at < 0 || stack === undefined) return false;
    this.takenAway.splice(at, 1);
    stack.push(unit);
    this.touch(containerId);
    return true;
  }

  /** The storage system counted a container: its record is right again. */
  recount(container: PhysicalContainer): void {
    if (container.phantoms.length === 0) return;
    container.phantoms = [];
    this.touch(container.id);
  }

  /** A container as the storage system declares it, right or wrong. */
  declared(container: PhysicalContainer): ContainerDeclaration {
    const stacks = container.stacks.map((stack) => stack.map((unit) => this.skuOf(unit)));
    for (const { cell, sku } of container.phantoms) stacks[cell]?.push(sku);
    return { containerId: container.id, kind: container.kind, stacks, placeId: container.placeId };
  }

  /** SKUs as they physically lie, by cell. */
  contents(container: PhysicalContainer): string[][] {
    return container.stacks.map((stack) => stack.map((unit) => this.skuOf(unit)));
  }

  /** How many times every unit is somewhere: all ones in a sound world. */
  census(): Uint8Array {
    const seen = new Uint8Array(this.units.length);
    const count = (unit: UnitId): void => {
      seen[unit] = (seen[unit] ?? 0) + 1;
    };
    for (const container of this.containers.values())
      for (const stack of container.stacks) stack.forEach(count);
    for (const held of this.tools.values()) held.forEach(count);
    for (const { unit } of this.floor) count(unit);
    for (const { unit } of this.spots) count(unit);
    for (const { unit } of this.misplaced) count(unit);
    this.takenAway.forEach(count);
    return seen;
  }

  private touch(containerId: string | null): void {
    this.version += 1;
    if (containerId !== null) this.dirty.add(containerId);
  }

  /** Containers changed since the last call. */
  takeDirty(): readonly string[] {
    const ids = [...this.dirty];
    this.dirty.clear();
    return ids;
  }

  snapshot(): GoodsSnapshot {
    return structuredClone({
      units: this.units,
      containers: [...this.containers.values()],
      ...this.looseSnapshot(),
    });
  }

  /** Everything but the units' SKUs and the containers: small, and written often. */
  looseSnapshot(): Omit<GoodsSnapshot, 'units' | 'containers'> {
    return structuredClone({
      tools: Object.fromEntries([...this.tools].sort(([a], [b]) => (a < b ? -1 : 1))),
      floor: this.floor,
      spots: this.spots,
      misplaced: this.misplaced,
      takenAway: this.takenAway,
    });
  }

  /** SKU by unit, from a number on: what has been created since. */
  unitsFrom(first: number): readonly string[] {
    return this.units.slice(first);
  }

  restore(snapshot: GoodsSnapshot): void {
    const copy = structuredClone(snapshot);
    this.units = [...copy.units];
    this.containers = new Map(copy.containers.map((container) => [container.id, container]));
    this.standing = new Map();
    for (const container of this.containers.values()) {
      if (container.placeId !== null) this.standing.set(container.placeId, container);
    }
    this.tools = new Map(Object.entries(copy.tools).map(([armId, units]) => [armId, [...units]]));
    this.floor = [...copy.floor];
    this.spots = [...copy.spots];
    this.misplaced = [...copy.misplaced];
    this.takenAway = [...copy.takenAway];
    this.dirty.clear();
    this.version += 1;
  }
}
