import type { Vec3 } from '../arms/geometry/pose.ts';
import type { CellModel } from '../controller/domain/cell.ts';
import type { SizeM } from '../controller/domain/grid.ts';
import type { ArmHost, CellIoHost, ContainerDeclaration } from '../controller/ports.ts';
import { SimArm } from './arm.ts';
import type { ArmSnapshot } from './arm.ts';
import type { Stock } from './catalogue.ts';
import { drawFaults, faultless } from './faults.ts';
import type { Fault } from './faults.ts';
import { Goods } from './items.ts';
import type { GoodsSnapshot, LooseUnit, UnitId } from './items.ts';
import { RandomStreams } from './random.ts';
import type { RandomState } from './random.ts';
import type { SimSettings } from './settings.ts';
import { Surroundings } from './surroundings.ts';
import type { SurroundingsSnapshot } from './surroundings.ts';

/** A container with the physical units in it, by cell, bottom first. */
interface TrueContainer {
  readonly id: string;
  readonly kind: ContainerDeclaration['kind'];
  readonly placeId: string | null;
  /** Left the cell for good. */
  readonly gone: boolean;
  readonly stacks: readonly (readonly UnitId[])[];
}

/** What is physically so. Only the simulator, its referee and its tests may look. */
export interface WorldTruth {
  readonly nowUs: number;
  /** SKU of every unit that ever was in this world, by its identity. */
  readonly skus: readonly string[];
  readonly containers: readonly TrueContainer[];
  readonly tools: readonly { readonly armId: string; readonly units: readonly UnitId[] }[];
  readonly floor: readonly LooseUnit[];
  /** Lying in the open, in cells with fixed tasks. */
  readonly spots: readonly LooseUnit[];
  /** Lying somewhere near, where a person who looks may find them. */
  readonly misplaced: readonly UnitId[];
  /** Not in the cell: never delivered, or taken away by a person. */
  readonly takenAway: readonly UnitId[];
}

/** One arm as it is now. Arrays are live views. */
export interface MeasuredArm {
  readonly positions: Float64Array;
  readonly velocities: Float64Array;
  readonly moving: boolean;
}

/** Everything that outlasts a loss of power, as plain data. */
export interface WorldSnapshot {
  readonly version: 1;
  readonly nowUs: number;
  readonly random: Readonly<Record<string, RandomState>>;
  readonly goods: GoodsSnapshot;
  readonly surroundings: SurroundingsSnapshot;
  readonly arms: readonly ArmSnapshot[];
}

/** How a world begins. */
export interface WorldStart extends Stock {
  /** Joint positions by arm; an arm that is not named stands in its park pose. */
  readonly initialPositions?: Readonly<Record<string, readonly number[]>>;
}

const SECOND_US = 1_000_000;

/**
 * The physical cell: arms, goods, surroundings. Time comes in from outside and moves in whole steps of
 * `settings.stepUs`, so that what happens does not depend on how often it is asked; the same seed and the same
 * commands at the same instants give the same world, bit for bit.
 */
export class SimWorld {
  readonly cell: CellModel;
  readonly settings: SimSettings;
  /** Physical goods; for the simulated person, the referee and tests. */
  readonly goods: Goods;
  readonly armHosts: readonly ArmHost[];
  readonly io: CellIoHost;
  private readonly arms: readonly SimArm[];
  private readonly byId: ReadonlyMap<string, SimArm>;
  private readonly surroundings: Surroundings;
  private readonly random: RandomStreams;
  private readonly drawsFaults: boolean;
  private timeUs = 0;

  constructor(cell: CellModel, settings: SimSettings, start: WorldStart) {
    if (!Number.isSafeInteger(settings.stepUs) || settings.stepUs < 1) {
      throw new Error(`stepUs is ${settings.stepUs}; a positive integer of microseconds is needed`);
    }
    this.cell = cell;
    this.settings = settings;
    this.random = new RandomStreams(settings.seed);
    this.goods = new Goods(cell.places, start.skus, settings, this.random);
    for (const container of start.containers) this.goods.addContainer(container);
    if (cell.fixedTasks.length > 0) this.goods.addSpots(cell.fixedTasks);
    this.surroundings = new Surroundings(cell, settings, this.goods);
    this.io = this.surroundings;
    const gripUs = { grasp: cell.graspDwellUs, release: cell.releaseDwellUs };
    this.arms = cell.arms.map((arm) => new SimArm(arm, gripUs, settings, this.goods, this.random));
    for (const arm of this.arms) {
      const positions = start.initialPositions?.[arm.armId];
      if (positions !== undefined) arm.standAt(positions);
    }
    this.armHosts = this.arms;
    this.byId = new Map(this.arms.map((arm) => [arm.armId, arm]));
    this.drawsFaults = !faultless(settings.faults);
  }

  get nowUs(): number {
    return this.timeUs;
  }

  /** Lets time pass up to an instant: every whole step that ends by then is taken. */
  advanceTo(nowUs: number): void {
    const { stepUs } = this.settings;
    while (this.timeUs + stepUs <= nowUs) {
      this.timeUs += stepUs;
      if (this.drawsFaults && this.timeUs % SECOND_US < stepUs) this.drawAllFaults();
      this.surroundings.advanceTo(this.timeUs);
      for (const arm of this.arms) arm.step(this.timeUs);
    }
  }

  private drawAllFaults(): void {
    for (const { armId } of this.arms) {
      for (const fault of drawFaults(armId, this.settings.faults, this.random)) this.inject(fault);
    }
  }

  /** Makes something go wrong now. Throws on an arm that does not exist. */
  inject(fault: Fault): void {
    if (fault.kind === 'io-lost') return this.surroundings.loseComms(this.timeUs + fault.forUs);
    const arm = this.arm(fault.armId);
    switch (fault.kind) {
      case 'stall':
        return arm.setSpeed(0, fault.forUs);
      case 'slow':
        return arm.setSpeed(fault.share, fault.forUs);
      case 'comms-lost':
        return arm.loseComms(fault.forUs);
      case 'gripper-loss':
        return arm.loseHeld();
      case 'protective-stop':
        return arm.protectiveStop(fault.clearsAfterUs);
      case 'fault-cleared':
        return arm.clearFault();
    }
  }

  /** An induct tote with goods is put onto the conveyor; it arrives when an induct place is free. */
  receive(declared: ContainerDeclaration): void {
    if (declared.kind !== 'induct') throw new Error(`container ${declared.containerId} is no induct tote`);
    this.surroundings.receive(this.goods.addContainer({ ...declared, placeId: null }));
  }

  private arm(armId: string): SimArm {
    const found = this.byId.get(armId);
    if (found === undefined) throw new Error(`there is no arm ${armId}`);
    return found;
  }

  /** Measured joint positions and velocities of an arm. */
  measured(armId: string): MeasuredArm {
    return this.arm(armId);
  }

  /** World position of an arm's tool tip, m. */
  tipM(armId: string): Vec3 {
    return this.arm(armId).tip().positionM;
  }

  /** Size of what hangs under an arm's tool, m; null when it is empty. */
  heldSizeM(armId: string): SizeM | null {
    return this.goods.heldSizeM(armId);
  }

  /** A person took goods out of a tool, or put some into it: its sensors notice. */
  toolTouched(armId: string): void {
    this.arm(armId).touchedByHand();
  }

  /** True when nothing moves and nothing is under way: only a command can change anything. */
  atRest(): boolean {
    return !this.surroundings.busy() && this.arms.every((arm) => arm.resting);
  }

  /** Grows whenever something happened that must not be forgotten; motion alone does not count. */
  version(): number {
    let version = this.goods.version + this.surroundings.version;
    for (const arm of this.arms) version += arm.version;
    return version;
  }

  truth(): WorldTruth {
    const loose = this.goods.looseSnapshot();
    return {
      nowUs: this.timeUs,
      skus: this.goods.unitsFrom(0),
      containers: [...this.goods.allContainers()].map(({ id, kind, placeId, gone, stacks }) => ({
        id,
        kind,
        placeId,
        gone,
        stacks: stacks.map((stack) => [...stack]),
      })),
      tools: Object.entries(loose.tools).map(([armId, units]) => ({ armId, units })),
      floor: loose.floor,
      spots: loose.spots,
      misplaced: loose.misplaced.map(({ unit }) => unit),
      takenAway: loose.takenAway,
    };
  }

  armsMove(): boolean {
    return this.arms.some((arm) => arm.moving);
  }

  snapshot(): WorldSnapshot {
    return {
      version: 1,
      nowUs: this.timeUs,
      random: this.randomSnapshot(),
      goods: this.goods.snapshot(),
      surroundings: this.surroundingsSnapshot(),
      arms: this.armSnapshots(),
    };
  }

  /** The parts of a snapshot, for who writes only what has changed. */
  randomSnapshot(): WorldSnapshot['random'] {
    return this.random.snapshot();
  }

  surroundingsSnapshot(): SurroundingsSnapshot {
    return this.surroundings.snapshot();
  }

  surroundingsVersion(): number {
    return this.surroundings.version;
  }

  armSnapshots(): readonly ArmSnapshot[] {
    return this.arms.map((arm) => arm.snapshot());
  }

  /**
   * Takes up a snapshot as the world after a loss of power: goods, shuttle and sensors as they were, arms at rest
   * where they were, what they were doing over. Throws when it is of other arms or of another version.
   */
  restore(snapshot: WorldSnapshot): void {
    if (snapshot.version !== 1) throw new Error(`world snapshot of version ${String(snapshot.version)}`);
    const [have, want] = [
      snapshot.arms.map(({ id }) => id).join(),
      this.arms.map(({ armId }) => armId).join(),
    ];
    if (have !== want) throw new Error(`the snapshot is of arms ${have}, the cell has ${want}`);
    this.timeUs = snapshot.nowUs;
    this.random.restore(snapshot.random);
    this.goods.restore(snapshot.goods);
    this.surroundings.restore(snapshot.surroundings, snapshot.nowUs);
    for (const arm of snapshot.arms) this.arm(arm.id).restore(arm, snapshot.nowUs);
  }
}

/** A world for a cell with what is in stock. */
export function createWorld(cell: CellModel, settings: SimSettings, start: WorldStart): SimWorld {
  return new SimWorld(cell, settings, start);
}
