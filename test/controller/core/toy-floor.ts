import type { CoreEffect } from '../../../controller/core/effect.ts';
import type { CoreEvent } from '../../../controller/core/event.ts';
import type { CellModel } from '../../../controller/domain/cell.ts';
import type { JointTrajectory } from '../../../arms/trajectory/joint-trajectory.ts';
import { sharingOf } from '../../../controller/domain/cell.ts';
import type { ArmCommand, ArmOutcome, Holding, IoRequest } from '../../../controller/ports.ts';
import type {
  AcceptedLeg,
  JobPlanRequest,
  JobPlanResult,
  LegEncounter,
  LegName,
  PlannedLeg,
} from '../../../controller/scheduling/job-plan.ts';
import { stream } from '../../../sim/random.ts';
import type { RandomStream } from '../../../sim/random.ts';

/**
 * A floor without geometry, for testing the core's decisions by the thousand: arms are where their last motion ended,
 * a motion takes a second, and every unit is a serial number that is in exactly one place. What goes wrong is drawn
 * from a seed, far more often than in life, and in ways the simulator does not offer (lost answers, lost arms at any
 * moment, a controller that is restarted).
 */
export interface ToyRates {
  readonly graspFails: number;
  readonly doublePick: number;
  readonly drops: number;
  readonly releaseBlocked: number;
  readonly shortStock: number;
  readonly planFails: number;
  readonly armLostPerMotion: number;
  readonly refusals: number;
}

export const QUIET: ToyRates = {
  graspFails: 0,
  doublePick: 0,
  drops: 0,
  releaseBlocked: 0,
  shortStock: 0,
  planFails: 0,
  armLostPerMotion: 0,
  refusals: 0,
};

interface ToyArm {
  readonly id: string;
  positions: readonly number[];
  held: { readonly sku: string; readonly from: string }[];
  moving: ToyMotion | null;
  /** The leg it is on, or was last on, and how far. */
  way: { readonly trajectory: JointTrajectory; progressUs: number } | null;
  last: { readonly commandId: string; readonly outcome: ArmOutcome } | null;
  seen: Set<string>;
  online: boolean;
  epoch: number;
  /** What it stands over, by the planner's word: container place at its pick and its place point. */
  over: string | null;
}

interface ToyMotion {
  readonly commandId: string;
  readonly trajectory: JointTrajectory;
  readonly marksUs: readonly number[];
  grantedUs: number;
  /** Progress at the instant from which it is reckoned. */
  progressUs: number;
  sinceUs: number;
  /** Where it is heading for at the moment; the same as `progressUs` while it waits. */
  untilUs: number;
}

interface Pending {
  readonly atUs: number;
  readonly order: number;
  readonly run: () => void;
}

export interface ToyContainer {
  readonly id: string;
  readonly kind: 'storage' | 'order' | 'induct';
  readonly stacks: string[][];
  placeId: string | null;
  gone: boolean;
}

const MOTION_US = 1_000_000;
const GRIP_US = 300_000;
const IO_US = 700_000;
const LATENCY_US = 10_000;

export class ToyFloor {
  readonly cell: CellModel;
  readonly arms = new Map<string, ToyArm>();
  readonly containers = new Map<string, ToyContainer>();
  readonly fallen: string[] = [];
  readonly events: CoreEvent[] = [];
  readonly rates: ToyRates;
  readonly #random: RandomStream;
  readonly #pending: Pending[] = [];
  readonly #answered = new Set<string>();
  readonly #targets = new Map<string, { readonly placeId: string; readonly cell: number }>();
  nowUs = 0;
  #order = 0;

  constructor(cell: CellModel, seed: number, rates: ToyRates) {
    this.cell = cell;
    this.rates = rates;
    this.#random = stream(seed, 'toy-floor');
    for (const arm of cell.arms) {
      this.arms.set(arm.id, {
        id: arm.id,
        positions: arm.park,
        held: [],
        moving: null,
        last: null,
        seen: new Set(),
        online: true,
        epoch: 0,
        over: null,
        way: null,
      });
    }
  }

  chance(probability: number): boolean {
    return probability > 0 && this.#random.chance(probability);
  }

  /** Everything connects, as after the start of a controller. */
  connect(): void {
    for (const arm of this.arms.values()) if (arm.online) this.#tell(arm.id, { kind: 'connected' });
    this.events.push({ kind: 'io', event: { kind: 'connected' } });
    this.events.push({
      kind: 'io',
      event: {
        kind: 'inventory',
        skus: [...this.#skus.values()],
        containers: [...this.containers.values()]
          .filter((container) => !container.gone)
          .map((container) => ({
            containerId: container.id,
            kind: container.kind,
            stacks: container.stacks.map((stack) => [
              ...stack,
              ...(this.#short.get(container.id) === stack ? [stack[0] ?? 'x'] : []),
            ]),
            placeId: container.placeId,
          })),
      },
    });
  }

  readonly #skus = new Map<
    string,
    { sku: string; name: string; sizeM: [number, number, number]; massKg: number }
  >();
  readonly #short = new Map<string, string[]>();

  stock(id: string, sku: string, units: number): void {
    this.#skus.set(sku, { sku, name: sku, sizeM: [0.1, 0.1, 0.05], massKg: 0.5 });
    const stacks: string[][] = [[], [], [], []];
    for (let unit = 0; unit < units; unit += 1) stacks[unit % 4]!.push(sku);
    const container: ToyContainer = { id, kind: 'storage', stacks, placeId: null, gone: false };
    if (units > 1 && this.chance(this.rates.shortStock)) {
      // One unit fewer lies there than is declared.
      const stack = stacks.find((each) => each.length > 0)!;
      stack.pop();
      if (stack.length > 0) this.#short.set(id, stack);
      else stack.push(sku);
    }
    this.containers.set(id, container);
  }

  /** Units anywhere, by SKU: never changes by itself. */
  census(): Map<string, number> {
    const count = new Map<string, number>();
    const add = (sku: string): void => void count.set(sku, (count.get(sku) ?? 0) + 1);
    for (const container of this.containers.values())
      for (const stack of container.stacks) stack.forEach(add);
    for (const arm of this.arms.values()) arm.held.forEach((unit) => add(unit.sku));
    this.fallen.forEach(add);
    return count;
  }

  carryOut(effects: readonly CoreEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'arm') this.#command(this.arms.get(effect.armId)!, effect.command);
      else if (effect.kind === 'io') this.#io(effect.request);
      else if (effect.kind === 'plan') this.#plan(effect.request);
    }
  }

  /** The instant of the next thing that happens; null: nothing will. */
  nextUs(): number | null {
    return this.events.length > 0 ? this.nowUs : (this.#pending[0]?.atUs ?? null);
  }

  /** Lets everything happen up to an instant, and hands over what the controller is told. */
  advance(untilUs: number): readonly CoreEvent[] {
    while (this.#pending.length > 0 && this.#pending[0]!.atUs <= untilUs) {
      const next = this.#pending.shift()!;
      this.nowUs = Math.max(this.nowUs, next.atUs);
      next.run();
      if (sharingOf(this.cell.policy) === 'passages') this.#refuseMeetings();
    }
    this.nowUs = Math.max(this.nowUs, untilUs);
    return this.events.splice(0);
  }

  loseArm(armId: string): void {
    const arm = this.arms.get(armId)!;
    if (!arm.online) return;
    arm.online = false;
    if (arm.moving !== null) this.#halt(arm, 'lease-expired');
    this.events.push({ kind: 'arm', armId, event: { kind: 'lost', reason: 'drawn' } });
    this.#later(5_000_000, () => {
      arm.online = true;
      this.#tell(armId, { kind: 'connected' });
    });
  }

  /** The controller's process is gone: what was under way towards it is lost. */
  forgetController(): void {
    this.events.length = 0;
    for (const arm of this.arms.values()) if (arm.moving !== null) this.#halt(arm, 'lease-expired');
    for (let index = this.#pending.length - 1; index >= 0; index -= 1) {
      if (this.#plans.has(this.#pending[index]!)) this.#pending.splice(index, 1);
    }
  }

  readonly #plans = new WeakSet<Pending>();

  #later(afterUs: number, run: () => void): Pending {
    this.#order += 1;
    const pending = { atUs: this.nowUs + afterUs, order: this.#order, run };
    this.#pending.push(pending);
    this.#pending.sort((a, b) => a.atUs - b.atUs || a.order - b.order);
    return pending;
  }

  #tell(armId: string, event: Extract<CoreEvent, { kind: 'arm' }>['event']): void {
    if (event.kind !== 'connected' && !this.arms.get(armId)!.online) return;
    this.events.push({ kind: 'arm', armId, event });
  }

  #holding(arm: ToyArm): Holding {
    return { vacuum: arm.held.length > 0 ? 'on' : 'off', massKg: arm.held.length * 0.5 };
  }

  #ended(arm: ToyArm, commandId: string, outcome: ArmOutcome): void {
    arm.last = { commandId, outcome };
    this.#tell(arm.id, {
      kind: 'ended',
      commandId,
      outcome,
      positions: arm.positions,
      holding: this.#holding(arm),
    });
  }

  #halt(arm: ToyArm, because: 'commanded' | 'lease-expired'): void {
    const moving = arm.moving!;
    arm.moving = null;
    const progressUs = Math.min(MOTION_US - 1, this.#progressOf(moving));
    arm.way = { trajectory: moving.trajectory, progressUs };
    const [from, to] = endsOf(moving.trajectory);
    arm.positions = from.map((q, joint) => q + (to[joint]! - q) * (progressUs / MOTION_US));
    this.#ended(arm, moving.commandId, { status: 'stopped', progressUs, because });
  }

  #command(arm: ToyArm, command: ArmCommand): void {
    if (!arm.online) return;
    if (command.kind !== 'claim' && command.epoch < arm.epoch) return;
    // An extension names the motion that it extends.
    if (command.kind !== 'extend' && arm.seen.has(command.commandId))
      throw new Error(`command ${command.commandId} was sent twice`);
    arm.seen.add(command.commandId);
    switch (command.kind) {
      case 'claim': {
        arm.epoch = command.epoch;
        if (arm.moving !== null) this.#halt(arm, 'commanded');
        const { last } = arm;
        this.#later(LATENCY_US, () => {
          const { commandId, epoch } = command;
          this.#tell(arm.id, {
            kind: 'claimed',
            commandId,
            epoch,
            positions: arm.positions,
            holding: this.#holding(arm),
            last,
          });
        });
        return;
      }
      case 'submit': {
        if (arm.moving !== null) throw new Error(`${arm.id} was told to move while it moved`);
        if (this.chance(this.rates.refusals)) {
          this.#tell(arm.id, {
            kind: 'refused',
            commandId: command.commandId,
            reason: 'late-command',
            detail: 'drawn',
          });
          return;
        }
        const moving: ToyMotion = {
          commandId: command.commandId,
          trajectory: command.trajectory,
          marksUs: command.marksUs,
          grantedUs: command.grantedUntilUs,
          progressUs: command.fromUs,
          sinceUs: this.nowUs,
          untilUs: command.fromUs,
        };
        arm.moving = moving;
        this.#later(LATENCY_US, () => this.#tell(arm.id, { kind: 'accepted', commandId: command.commandId }));
        if (this.chance(this.rates.armLostPerMotion)) this.#later(MOTION_US / 2, () => this.loseArm(arm.id));
        this.#later(Math.round(MOTION_US / 3), () => {
          if (arm.moving === moving && arm.held.length > 0 && this.chance(this.rates.drops)) this.#drop(arm);
        });
        this.#proceed(arm, moving);
        return;
      }
      case 'stop':
        if (arm.moving !== null) this.#halt(arm, 'commanded');
        return;
      case 'grip':
        if (command.action === 'release' && this.chance(this.rates.drops)) {
          this.#later(GRIP_US / 2, () => {
            if (arm.epoch === command.epoch) this.#drop(arm);
          });
        }
        this.#later(GRIP_US, () => {
          // A controller that claims the arm meanwhile ends the grip before it took effect.
          if (arm.epoch === command.epoch && arm.online) this.#grip(arm, command.commandId, command.action);
        });
        return;
      case 'extend': {
        const { moving } = arm;
        if (moving === null || moving.commandId !== command.commandId) return;
        moving.grantedUs = Math.max(moving.grantedUs, command.grantedUntilUs);
        if (moving.untilUs === moving.progressUs) this.#proceed(arm, moving);
        return;
      }
    }
  }

  #drop(arm: ToyArm): void {
    if (arm.held.length === 0) return;
    this.fallen.push(...arm.held.splice(0).map((unit) => unit.sku));
    this.#tell(arm.id, { kind: 'holding-changed', holding: this.#holding(arm) });
  }

  /** On to the next mark, the end of the grant or of the leg. */
  #proceed(arm: ToyArm, moving: ToyMotion): void {
    const { progressUs } = moving;
    const limitUs = Math.min(moving.grantedUs, MOTION_US);
    moving.sinceUs = this.nowUs;
    moving.untilUs = Math.min(limitUs, ...moving.marksUs.filter((markUs) => markUs > progressUs));
    if (moving.untilUs <= progressUs) {
      moving.untilUs = progressUs;
      if (progressUs < MOTION_US) return;
    }
    this.#later(moving.untilUs - progressUs, () => {
      if (arm.moving !== moving) return;
      moving.progressUs = moving.untilUs;
      moving.sinceUs = this.nowUs;
      arm.way = { trajectory: moving.trajectory, progressUs: moving.progressUs };
      if (moving.progressUs < MOTION_US) {
        this.#tell(arm.id, {
          kind: 'progressed',
          commandId: moving.commandId,
          progressUs: moving.progressUs,
        });
        return this.#proceed(arm, moving);
      }
      arm.moving = null;
      arm.positions = endsOf(moving.trajectory)[1];
      this.#ended(arm, moving.commandId, { status: 'reached' });
    });
  }

  #progressOf(moving: ToyMotion): number {
    return Math.min(moving.untilUs, moving.progressUs + this.nowUs - moving.sinceUs);
  }

  /** No two arms may be at one place, wherever on their ways they are. */
  #refuseMeetings(): void {
    const taken = new Map<string, string>();
    for (const arm of this.arms.values()) {
      if (arm.way === null) continue;
      const progressUs = arm.moving === null ? arm.way.progressUs : this.#progressOf(arm.moving);
      const { trajectory } = arm.moving ?? arm.way;
      for (const { placeId, fromUs, untilUs } of this.#stays(trajectory)) {
        if (progressUs <= fromUs && fromUs > 0) continue;
        if (progressUs >= untilUs && untilUs < MOTION_US) continue;
        const other = taken.get(placeId);
        if (other !== undefined) throw new Error(`${other} and ${arm.id} meet at ${placeId}`);
        taken.set(placeId, arm.id);
      }
    }
  }

  /** Progress during which a leg is at the places where it begins and ends. */
  #stays(
    trajectory: JointTrajectory,
  ): readonly { readonly placeId: string; readonly fromUs: number; readonly untilUs: number }[] {
    const [from, to] = endsOf(trajectory).map((positions) => this.#targets.get(positions.join())?.placeId);
    const durationUs = trajectory.timesUs[trajectory.timesUs.length - 1]!;
    if (durationUs === 0) return from === undefined ? [] : [{ placeId: from, fromUs: 0, untilUs: 0 }];
    if (from !== undefined && from === to) return [{ placeId: from, fromUs: 0, untilUs: MOTION_US }];
    return [
      ...(from === undefined ? [] : [{ placeId: from, fromUs: 0, untilUs: 0.3 * MOTION_US }]),
      ...(to === undefined ? [] : [{ placeId: to, fromUs: 0.6 * MOTION_US, untilUs: MOTION_US }]),
    ];
  }

  #encounters(legs: readonly PlannedLeg[], others: readonly AcceptedLeg[]): LegEncounter[] {
    const encounters: LegEncounter[] = [];
    for (const leg of legs) {
      for (const other of others) {
        const endUs = other.trajectory.timesUs[other.trajectory.timesUs.length - 1]!;
        for (const a of this.#stays(leg.trajectory)) {
          for (const b of this.#stays(other.trajectory)) {
            if (a.placeId !== b.placeId) continue;
            encounters.push({
              leg: leg.name,
              otherLegId: other.legId,
              region: {
                aFromUs: a.fromUs,
                aUntilUs: a.untilUs,
                bFromUs: b.fromUs,
                bUntilUs: b.untilUs,
                aFirst: [{ firstUs: a.untilUs, thenUs: b.fromUs }],
                bFirst: [{ firstUs: b.untilUs, thenUs: a.fromUs }],
                aEnds: a.untilUs === MOTION_US,
                bEnds: b.untilUs === endUs,
              },
            });
          }
        }
      }
    }
    return encounters;
  }

  #grip(arm: ToyArm, commandId: string, action: 'grasp' | 'release'): void {
    if (arm.moving !== null) throw new Error(`${arm.id} gripped while it moved`);
    const target = this.#targets.get(arm.positions.join());
    const container = target === undefined ? undefined : this.#at(target.placeId);
    if (action === 'grasp') {
      const stack = target === undefined ? undefined : container?.stacks[target.cell];
      if (stack === undefined || stack.length === 0 || this.chance(this.rates.graspFails)) {
        return this.#ended(arm, commandId, { status: 'grasp-failed' });
      }
      arm.held.push({ sku: stack.pop()!, from: container!.id });
      if (stack.length > 0 && this.chance(this.rates.doublePick))
        arm.held.push({ sku: stack.pop()!, from: container!.id });
      return this.#ended(arm, commandId, { status: 'grasped' });
    }
    if (arm.held.length > 0 && this.chance(this.rates.releaseBlocked)) {
      return this.#ended(arm, commandId, { status: 'release-blocked' });
    }
    const put = arm.held.splice(0).map((unit) => unit.sku);
    if (container === undefined || target === undefined) this.fallen.push(...put);
    else {
      while (container.stacks.length <= target.cell) container.stacks.push([]);
      container.stacks[target.cell]!.push(...put);
    }
    this.#ended(arm, commandId, { status: 'released' });
  }

  #at(placeId: string): ToyContainer | undefined {
    return [...this.containers.values()].find(
      (container) => container.placeId === placeId && !container.gone,
    );
  }

  /** Nothing may be taken away from under a tool that holds something. */
  #refuseExchangeUnderArm(placeId: string): void {
    for (const arm of this.arms.values()) {
      if (arm.moving !== null || arm.held.length === 0 || !arm.online) continue;
      if (this.#targets.get(arm.positions.join())?.placeId === placeId)
        throw new Error(`${placeId} is exchanged while ${arm.id} is over it`);
    }
  }

  #io(request: IoRequest): void {
    if (this.#answered.has(request.requestId)) return;
    this.#answered.add(request.requestId);
    this.#later(IO_US, () => {
      const { requestId, placeId } = request;
      const present = this.#at(placeId);
      if (request.kind === 'inspect') {
        const units =
          present === undefined ? 0 : present.stacks.reduce((sum, stack) => sum + stack.length, 0);
        this.events.push({ kind: 'io', event: { kind: 'inspected', requestId, placeId, units } });
        return;
      }
      this.#refuseExchangeUnderArm(placeId);
      if (present !== undefined) {
        present.placeId = null;
        if (present.kind !== 'storage') present.gone = true;
        this.events.push({
          kind: 'io',
          event: { kind: 'container-left', requestId, placeId, containerId: present.id },
        });
      }
      if (request.containerId === null) return;
      let container = this.containers.get(request.containerId);
      if (request.kind === 'bring-empty') {
        container = {
          id: request.containerId,
          kind: 'order',
          stacks: [[], [], [], []],
          placeId: null,
          gone: false,
        };
        this.containers.set(container.id, container);
      }
      if (container === undefined || container.placeId !== null) {
        this.events.push({ kind: 'io', event: { kind: 'refused', requestId, detail: 'not in storage' } });
        return;
      }
      container.placeId = placeId;
      this.events.push({
        kind: 'io',
        event: {
          kind: 'container-arrived',
          requestId,
          placeId,
          container: {
            containerId: container.id,
            kind: container.kind,
            stacks: container.stacks.map((stack) => [...stack]),
            placeId,
          },
        },
      });
    });
  }

  /** Plans by name: a point is known by the joint positions that stand for it, and every leg touches the two places. */
  #plan(request: JobPlanRequest): void {
    const pending = this.#later(LATENCY_US, () => {
      this.events.push({ kind: 'planned', result: this.#planned(request) });
    });
    this.#plans.add(pending);
  }

  #planned(request: JobPlanRequest): JobPlanResult {
    const { requestId, armId } = request;
    if (request.planned !== null) {
      const encounters = this.#encounters(request.planned, request.others);
      return { status: 'planned', requestId, armId, iterations: 1, legs: request.planned, encounters };
    }
    const isHomeOnly = request.pickM === null && request.placeM === null;
    if (!isHomeOnly && this.chance(this.rates.planFails)) {
      return { status: 'failed', requestId, armId, iterations: 1, failure: 'no-motion', detail: 'drawn' };
    }
    const arm = this.cell.arms.find((each) => each.id === armId)!;
    const zones: string[] = [];
    const stand = (point: readonly [number, number, number] | null): readonly number[] | null => {
      if (point === null) return null;
      const target = this.#targetOf(point);
      zones.push(`zone-${target.placeId}`);
      const positions = [point[0], point[1], point[2], armId.length, 0, 0].slice(0, arm.park.length);
      this.#targets.set(positions.join(), target);
      return positions;
    };
    const pick = stand(request.pickM);
    const place = stand(request.placeM);
    const leg = (name: LegName, from: readonly number[], to: readonly number[]): PlannedLeg => ({
      name,
      trajectory: {
        timesUs: [0, MOTION_US],
        positions: [from, to],
        velocities: [from.map(() => 0), from.map(() => 0)],
        accelerations: [from.map(() => 0), from.map(() => 0)],
      },
      zones: [...new Set(zones)].map((zoneId) => ({ zoneId, enterUs: 0, leaveUs: MOTION_US })),
    });
    const legs: PlannedLeg[] = [];
    if (pick !== null) legs.push(leg('reach', request.start, pick), leg('bail', pick, arm.park));
    if (place !== null) {
      legs.push(
        leg('carry', pick ?? request.start, place),
        leg('home', place, arm.park),
        leg('keep', place, arm.park),
      );
    }
    if (pick === null && place === null) legs.push(leg('home', request.start, arm.park));
    const passes = sharingOf(this.cell.policy) === 'passages';
    const kept = passes ? legs.filter(({ name }) => name !== 'bail' && name !== 'keep') : legs;
    const encounters = this.#encounters(kept, request.others);
    return { status: 'planned', requestId, armId, iterations: 10, legs: kept, encounters };
  }

  #targetOf(point: readonly [number, number, number]): { readonly placeId: string; readonly cell: number } {
    const place = this.cell.places.find(
      (each) =>
        Math.abs(point[0] - each.positionM[0]) <= each.innerSizeM[0] / 2 &&
        Math.abs(point[1] - each.positionM[1]) <= each.innerSizeM[1] / 2,
    )!;
    const column = Math.floor(((point[0] - place.positionM[0]) / place.innerSizeM[0] + 0.5) * place.grid[0]);
    const row = Math.floor(((point[1] - place.positionM[1]) / place.innerSizeM[1] + 0.5) * place.grid[1]);
    return { placeId: place.id, cell: row * place.grid[0] + column };
  }
}

function endsOf({ positions }: JointTrajectory): [readonly number[], readonly number[]] {
  return [positions[0]!, positions[positions.length - 1]!];
}
