import type { CellModel, Place } from '../controller/domain/cell.ts';
import { cellCount } from '../controller/domain/grid.ts';
import type { CellIoHost, ContainerDeclaration, IoEvent, IoRequest } from '../controller/ports.ts';
import type { Goods, PhysicalContainer } from './items.ts';
import type { SimSettings } from './settings.ts';

/** An exchange under way at a place. */
interface Exchange {
  /** null: an induct tote arriving on the conveyor by itself. */
  readonly requestId: string | null;
  readonly placeId: string;
  /** What comes; null: nothing. */
  readonly containerId: string | null;
  /** It is a new, empty order tote. */
  readonly fresh: boolean;
  /** Storage containers travel by shuttle, of which there are few; null start: waiting for one. */
  readonly byShuttle: boolean;
  startedUs: number | null;
  leavesUs: number;
  arrivesUs: number;
}

/** A request that was answered, kept so that a repeat gets the same answer. */
interface Answered {
  readonly requestId: string;
  readonly events: readonly IoEvent[];
}

export interface SurroundingsSnapshot {
  readonly exchanges: readonly Exchange[];
  readonly inspections: readonly {
    readonly requestId: string;
    readonly placeId: string;
    readonly dueUs: number;
  }[];
  readonly answered: readonly Answered[];
  readonly inductQueue: readonly string[];
  readonly events: readonly IoEvent[];
}

/** Time the bin sensor takes for a look, us: a depth picture and its evaluation. */
const INSPECT_US = 400_000;

/** Answers kept for repeats; older requests count as new. */
const ANSWERED_MAX = 256;

/** Events kept for a controller that is away; what it missed beyond that, `announce` tells. */
const EVENTS_MAX = 10_000;

/** Requests the surroundings take at once. */
const EXCHANGES_MAX = 1_000;

/**
 * Shuttle, tote conveyors and bin sensor of the cell. Storage containers come and go by shuttle in bin places,
 * order totes leave full and arrive empty in stations, induct totes arrive by themselves as soon as their place is
 * free.
 */
export class Surroundings implements CellIoHost {
  private readonly cell: CellModel;
  private readonly settings: SimSettings;
  private readonly goods: Goods;
  private readonly places: ReadonlyMap<string, Place>;
  private nowUs = 0;
  private exchanges: Exchange[] = [];
  private inspections: { requestId: string; placeId: string; dueUs: number }[] = [];
  private answered: Answered[] = [];
  private inductQueue: string[] = [];
  private events: IoEvent[] = [];
  private lostUntilUs: number | null = null;
  /** Grows with every event and every change of plan, so that a durable world knows when to write. */
  version = 0;

  constructor(cell: CellModel, settings: SimSettings, goods: Goods) {
    this.cell = cell;
    this.settings = settings;
    this.goods = goods;
    this.places = new Map(cell.places.map((place) => [place.id, place]));
    for (const container of goods.allContainers()) {
      if (container.kind === 'induct' && container.placeId === null) this.inductQueue.push(container.id);
    }
  }

  /** An induct tote with goods to be stowed is put onto the conveyor. */
  receive(container: PhysicalContainer): void {
    this.inductQueue.push(container.id);
    this.version += 1;
  }

  /** Shuttle, conveyors and sensors cannot be talked to for a while; what is under way goes on. */
  loseComms(untilUs: number): void {
    if (this.lostUntilUs === null) this.emit({ kind: 'lost', reason: 'communication lost (simulated)' });
    this.lostUntilUs = Math.max(this.lostUntilUs ?? 0, untilUs);
  }

  announce(): void {
    if (this.lostUntilUs !== null) return;
    this.emit({ kind: 'connected' });
    const containers: ContainerDeclaration[] = [];
    for (const container of this.goods.allContainers()) {
      if (!container.gone) containers.push(this.goods.declared(container));
    }
    this.emit({ kind: 'inventory', skus: this.goods.declaredSkus(), containers });
  }

  execute(request: IoRequest): void {
    if (this.lostUntilUs !== null) return;
    const before = this.answered.find((entry) => entry.requestId === request.requestId);
    if (before !== undefined) {
      for (const event of before.events) this.emit(event);
      return;
    }
    if (this.isPending(request.requestId)) return;
    const detail = request.kind === 'inspect' ? this.whyNotInspect(request) : this.whyNot(request);
    if (detail !== null) {
      this.answer(request.requestId, { kind: 'refused', requestId: request.requestId, detail });
      return;
    }
    this.version += 1;
    if (request.kind === 'inspect') {
      const dueUs = this.nowUs + INSPECT_US;
      this.inspections.push({ requestId: request.requestId, placeId: request.placeId, dueUs });
      return;
    }
    const place = this.places.get(request.placeId) as Place;
    this.exchanges.push({
      requestId: request.requestId,
      placeId: place.id,
      containerId: request.containerId,
      fresh: request.kind === 'bring-empty',
      byShuttle: place.kind === 'bin',
      startedUs: null,
      leavesUs: 0,
      arrivesUs: 0,
    });
    this.startWaiting();
  }

  takeEvents(): readonly IoEvent[] {
    if (this.events.length === 0) return [];
    if (this.lostUntilUs === null) return this.events.splice(0);
    const lost = this.events.findIndex((event) => event.kind === 'lost');
    return lost < 0 ? [] : this.events.splice(lost, 1);
  }

  private isPending(requestId: string): boolean {
    return (
      this.exchanges.some((exchange) => exchange.requestId === requestId) ||
      this.inspections.some((inspection) => inspection.requestId === requestId)
    );
  }

  private whyNotInspect(request: { readonly placeId: string }): string | null {
    if (!this.places.has(request.placeId)) return `there is no place ${request.placeId}`;
    if (this.goods.at(request.placeId) === undefined) return `no container stands at ${request.placeId}`;
    if (this.inspections.length >= EXCHANGES_MAX) return 'too many requests under way';
    return null;
  }

  private whyNot(request: Exclude<IoRequest, { kind: 'inspect' }>): string | null {
    const place = this.places.get(request.placeId);
    if (place === undefined) return `there is no place ${request.placeId}`;
    if (this.exchanges.length >= EXCHANGES_MAX) return 'too many requests under way';
    const busy = this.exchanges.find((exchange) => exchange.placeId === place.id);
    if (busy !== undefined) {
      return `place ${place.id} is busy with ${busy.requestId ?? `the arrival of ${busy.containerId}`}`;
    }
    if (request.kind === 'bring-empty') {
      if (place.kind !== 'station')
        return `place ${place.id} is a ${place.kind}, not a station for order totes`;
      const known =
        this.goods.container(request.containerId) !== undefined ||
        this.exchanges.some((exchange) => exchange.containerId === request.containerId);
      return known ? `container ${request.containerId} exists already` : null;
    }
    if (request.containerId === null) return null;
    const container = this.goods.container(request.containerId);
    if (container === undefined) return `there is no container ${request.containerId}`;
    if (container.gone) return `container ${container.id} has left`;
    if (container.placeId !== null) return `container ${container.id} stands at ${container.placeId}`;
    const promised = this.exchanges.find((exchange) => exchange.containerId === container.id);
    if (promised !== undefined) return `container ${container.id} is on its way to ${promised.placeId}`;
    if (container.stacks.length !== cellCount(place)) {
      return `container ${container.id} has ${container.stacks.length} cells, place ${place.id} ${cellCount(place)}`;
    }
    const wanted = { bin: 'storage', station: 'order', induct: 'induct' }[place.kind];
    if (container.kind !== wanted) {
      return `container ${container.id} is of kind ${container.kind}; ${place.id} takes ${wanted}`;
    }
    return null;
  }

  /** Starts what waits: totes at once, storage containers as shuttles become free, first come first served. */
  private startWaiting(): void {
    let underWay = 0;
    for (const exchange of this.exchanges)
      if (exchange.byShuttle && exchange.startedUs !== null) underWay += 1;
    for (const exchange of this.exchanges) {
      if (exchange.startedUs !== null) continue;
      if (exchange.byShuttle && underWay >= this.cell.logistics.shuttleParallel) continue;
      exchange.startedUs = this.nowUs;
      if (exchange.byShuttle) {
        underWay += 1;
        // The shuttle brings the next container along and takes the old one on the same visit.
        exchange.arrivesUs = this.nowUs + this.cell.logistics.shuttleExchangeUs;
        exchange.leavesUs = this.nowUs + Math.floor(this.cell.logistics.shuttleExchangeUs / 2);
      } else {
        exchange.leavesUs = this.nowUs;
        const travelUs =
          exchange.requestId === null ? this.settings.inductArrivalUs : this.cell.logistics.toteExchangeUs;
        exchange.arrivesUs = this.nowUs + travelUs;
      }
    }
  }

  /** Lets everything happen that is due. Called once per step of the world. */
  advanceTo(nowUs: number): void {
    this.nowUs = nowUs;
    if (this.lostUntilUs !== null && nowUs >= this.lostUntilUs) {
      this.lostUntilUs = null;
      this.announce();
    }
    if (this.inductQueue.length > 0) this.bringInduct();
    if (this.exchanges.length > 0) this.advanceExchanges();
    if (this.inspections.length > 0) this.advanceInspections();
  }

  private bringInduct(): void {
    for (const place of this.cell.places) {
      if (place.kind !== 'induct' || this.inductQueue.length === 0) continue;
      if (this.goods.at(place.id) !== undefined) continue;
      if (this.exchanges.some((exchange) => exchange.placeId === place.id)) continue;
      const at = this.inductQueue.findIndex(
        (id) => this.goods.container(id)?.stacks.length === cellCount(place),
      );
      if (at < 0) continue;
      const [containerId] = this.inductQueue.splice(at, 1) as [string];
      this.version += 1;
      this.exchanges.push({
        requestId: null,
        placeId: place.id,
        containerId,
        fresh: false,
        byShuttle: false,
        startedUs: null,
        leavesUs: 0,
        arrivesUs: 0,
      });
      this.startWaiting();
    }
  }

  private advanceExchanges(): void {
    let ended = false;
    for (const exchange of this.exchanges) {
      if (exchange.startedUs === null || this.nowUs < exchange.leavesUs) continue;
      const standing = this.goods.at(exchange.placeId);
      if (standing !== undefined) {
        this.goods.leave(standing);
        this.note(exchange, {
          kind: 'container-left',
          requestId: exchange.requestId,
          placeId: exchange.placeId,
          containerId: standing.id,
        });
      }
      if (this.nowUs < exchange.arrivesUs && exchange.containerId !== null) continue;
      if (exchange.containerId !== null) this.arrive(exchange, exchange.containerId);
      this.exchanges = this.exchanges.filter((other) => other !== exchange);
      ended = true;
    }
    if (ended) this.startWaiting();
  }

  private arrive(exchange: Exchange, containerId: string): void {
    const place = this.places.get(exchange.placeId) as Place;
    const container = exchange.fresh
      ? this.goods.addContainer({
          containerId,
          kind: 'order',
          stacks: Array.from({ length: cellCount(place) }, () => []),
          placeId: null,
        })
      : (this.goods.container(containerId) as PhysicalContainer);
    this.goods.stand(container, place.id);
    this.note(exchange, {
      kind: 'container-arrived',
      requestId: exchange.requestId,
      placeId: place.id,
      container: this.goods.declared(container),
    });
  }

  private advanceInspections(): void {
    for (const { requestId, placeId, dueUs } of this.inspections) {
      if (this.nowUs < dueUs) continue;
      this.inspections = this.inspections.filter((other) => other.requestId !== requestId);
      const container = this.goods.at(placeId);
      if (container === undefined) {
        this.answer(requestId, { kind: 'refused', requestId, detail: `no container stands at ${placeId}` });
        continue;
      }
      this.goods.recount(container);
      let units = 0;
      for (const stack of container.stacks) units += stack.length;
      this.answer(requestId, { kind: 'inspected', requestId, placeId, units });
    }
  }

  /** An event of an exchange: sent, and remembered for a repeat of the request. */
  private note(exchange: Exchange, event: IoEvent): void {
    if (exchange.requestId === null) this.emit(event);
    else this.answer(exchange.requestId, event);
  }

  private answer(requestId: string, event: IoEvent): void {
    const before = this.answered.findIndex((entry) => entry.requestId === requestId);
    const events = before < 0 ? [] : (this.answered.splice(before, 1)[0] as Answered).events;
    this.answered.push({ requestId, events: [...events, event] });
    if (this.answered.length > ANSWERED_MAX) this.answered.shift();
    this.emit(event);
  }

  private emit(event: IoEvent): void {
    if (this.events.length >= EVENTS_MAX) this.events.shift();
    this.events.push(event);
    this.version += 1;
  }

  /** Something is under way that will show without being asked for. */
  busy(): boolean {
    return this.exchanges.length > 0 || this.inspections.length > 0 || this.inductQueue.length > 0;
  }

  snapshot(): SurroundingsSnapshot {
    return structuredClone({
      exchanges: this.exchanges,
      inspections: this.inspections,
      answered: this.answered,
      inductQueue: this.inductQueue,
      events: this.events,
    });
  }

  restore(snapshot: SurroundingsSnapshot, nowUs: number): void {
    const copy = structuredClone(snapshot);
    this.nowUs = nowUs;
    this.exchanges = [...copy.exchanges];
    this.inspections = [...copy.inspections];
    this.answered = [...copy.answered];
    this.inductQueue = [...copy.inductQueue];
    this.events = [...copy.events];
    this.lostUntilUs = null;
    this.version += 1;
  }
}
