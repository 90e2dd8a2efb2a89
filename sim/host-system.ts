import type { CellModel } from '../controller/domain/cell.ts';
import { cellCount, roomFor } from '../controller/domain/grid.ts';
import type { IntakeRequest, IntakeResult, OrderRequest } from '../controller/domain/intake.ts';
import type { ContainerDeclaration, SkuDeclaration } from '../controller/ports.ts';
import type { Stock } from './catalogue.ts';
import { RandomStream, stream } from './random.ts';
import type { RandomState } from './random.ts';

/** A request on its way to the controller. The id makes a repeat harmless. */
export interface HostRequest {
  readonly requestId: string;
  readonly request: IntakeRequest;
}

/** What the host system asks for next: from a list, or without end from what is in stock. */
export type OrderSource =
  | { readonly kind: 'list'; readonly requests: readonly IntakeRequest[] }
  | { readonly kind: 'endless'; readonly stock: Stock };

export interface HostSettings {
  readonly seed: number;
  readonly ordersPerHour: number;
  /** Induct totes with goods to be stowed, per hour; endless source only. */
  readonly stowsPerHour: number;
  /** Units moved from one storage tote to another of the same SKU, per hour; endless source only. */
  readonly consolidationsPerHour: number;
}

/** How far the host system has come: plain data, to be kept where a restart finds it. */
export interface HostPosition {
  readonly nowUs: number;
  readonly orders: number;
  readonly stows: number;
  readonly consolidations: number;
  readonly random: RandomState;
  /** Sent and not answered for good. */
  readonly open: readonly (HostRequest & { readonly againUs: number; readonly tries: number })[];
  /** Induct totes announced and not yet taken over by the conveyor. */
  readonly totes: readonly ContainerDeclaration[];
  /** Units that have not been ordered yet, by SKU; endless source only. */
  readonly free: Readonly<Record<string, number>>;
}

/** Requests unanswered at a time; no new ones come while there are more. */
const OPEN_MAX = 64;

/** What was refused for the moment, or not answered, is sent again after this, us. */
const AGAIN_US = 10_000_000;

/** Then it is given up. */
const TRIES_MAX = 60;

const HOUR_US = 3_600_000_000;

/** Refusals that time may cure. */
const LATER = new Set(['busy', 'shutting-down', 'unknown-container', 'not-there', 'too-many-orders']);

/** SKUs shared by one induct tote, at most. */
const SKUS_PER_TOTE = 2;

/**
 * A simulated warehouse system: sends orders at an hourly rate and, now and then, goods to be stowed and units to be
 * consolidated. Knows nothing of transports: `due` says what to send, `answered` takes what came back. Everything is
 * sent until it is answered, across restarts, under the same id.
 */
export class HostSystem {
  private readonly cell: CellModel;
  private readonly settings: HostSettings;
  private readonly source: OrderSource;
  private readonly skus: readonly SkuDeclaration[];
  /** Cumulated weights of SKUs: a few are asked for much more often than most. */
  private readonly weights: readonly number[];
  private readonly homes: ReadonlyMap<string, readonly string[]>;
  /** Of those, the ones into which another unit fits, as they were at first. */
  private readonly roomyHomes: ReadonlyMap<string, readonly string[]>;
  private readonly random: RandomStream;
  private nowUs = 0;
  private orders = 0;
  private stows = 0;
  private consolidations = 0;
  private open: { requestId: string; request: IntakeRequest; againUs: number; tries: number }[] = [];
  private totes: ContainerDeclaration[] = [];
  private free: Record<string, number> = {};

  constructor(cell: CellModel, settings: HostSettings, source: OrderSource, position: HostPosition | null) {
    this.cell = cell;
    this.settings = settings;
    this.source = source;
    const stock = source.kind === 'endless' ? source.stock : { skus: [], containers: [] };
    this.skus = stock.skus;
    this.weights = cumulated(stock.skus.length);
    this.homes = homesOf(stock);
    this.roomyHomes = roomyHomesOf(stock, cell);
    this.random =
      position === null ? stream(settings.seed, 'host-system') : new RandomStream(position.random);
    if (position === null) {
      for (const { stacks } of stock.containers) {
        for (const sku of stacks.flat()) this.free[sku] = (this.free[sku] ?? 0) + 1;
      }
      return;
    }
    this.nowUs = position.nowUs;
    this.orders = position.orders;
    this.stows = position.stows;
    this.consolidations = position.consolidations;
    this.open = position.open.map((each) => ({ ...each, againUs: position.nowUs }));
    this.totes = [...position.totes];
    this.free = { ...position.free };
  }

  /**
   * Lets the host system's time pass and returns what is to be sent now: new requests, and unanswered ones again.
   * `wallMs` is the calendar's instant, for ship-by times.
   */
  due(nowUs: number, wallMs: number): readonly HostRequest[] {
    this.nowUs = Math.max(this.nowUs, nowUs);
    while (this.open.length < OPEN_MAX && this.isDue(this.orders, this.settings.ordersPerHour)) {
      const request = this.nextOrder(wallMs);
      if (request === null) break;
      this.send(`order-${this.orders}`, request);
    }
    if (this.source.kind === 'endless') {
      while (this.open.length < OPEN_MAX && this.isDue(this.stows, this.settings.stowsPerHour))
        this.nextStow();
      while (
        this.open.length < OPEN_MAX &&
        this.isDue(this.consolidations, this.settings.consolidationsPerHour)
      ) {
        this.nextConsolidation();
      }
    }
    const sending = this.open.filter(({ againUs }) => againUs <= this.nowUs);
    for (const each of sending) {
      each.againUs = this.nowUs + AGAIN_US;
      each.tries += 1;
    }
    this.open = this.open.filter(({ tries }) => tries <= TRIES_MAX);
    return sending
      .filter(({ tries }) => tries <= TRIES_MAX)
      .map(({ requestId, request }) => ({ requestId, request }));
  }

  /** The n-th event (from 1) of a rate is due at n intervals; the first comes at once. */
  private isDue(sent: number, perHour: number): boolean {
    return perHour > 0 && sent * HOUR_US <= this.nowUs * perHour;
  }

  private send(requestId: string, request: IntakeRequest): void {
    this.open.push({ requestId: `host-${this.settings.seed}-${requestId}`, request, againUs: 0, tries: 0 });
  }

  /** What became of a request. What time may cure is sent again; anything else is over. */
  answered(requestId: string, result: IntakeResult): void {
    if (result.status === 'refused' && LATER.has(result.code)) return;
    this.open = this.open.filter((each) => each.requestId !== requestId);
  }

  /** Induct totes that come in with goods: to be put onto the conveyor of the simulated world, once. */
  takeTotes(): readonly ContainerDeclaration[] {
    return this.totes.splice(0);
  }

  /** True when a list has been sent and answered to its end. */
  finished(): boolean {
    return (
      this.source.kind === 'list' && this.orders >= this.source.requests.length && this.open.length === 0
    );
  }

  position(): HostPosition {
    return structuredClone({
      nowUs: this.nowUs,
      orders: this.orders,
      stows: this.stows,
      consolidations: this.consolidations,
      random: this.random.state(),
      open: this.open,
      totes: this.totes,
      free: this.free,
    });
  }

  private nextOrder(wallMs: number): IntakeRequest | null {
    if (this.source.kind === 'list') {
      const next = this.source.requests[this.orders];
      if (next === undefined) return null;
      this.orders += 1;
      return next;
    }
    const lines = this.drawLines();
    if (lines.length === 0) return null;
    this.orders += 1;
    const rush = this.random.chance(0.1);
    const minutes = rush ? this.random.integer(20, 60) : this.random.integer(90, 480);
    const shipBy = this.random.chance(0.6) || rush ? new Date(wallMs + minutes * 60_000).toISOString() : null;
    const body: OrderRequest = {
      orderId: `W${this.settings.seed}-${String(this.orders).padStart(6, '0')}`,
      priority: rush ? 90 : 50,
      shipBy,
      lines,
    };
    return { kind: 'order', body };
  }

  /** Six orders in ten have one line, most lines one unit; never more of a SKU than is free. */
  private drawLines(): OrderRequest['lines'] {
    const count = this.random.chance(0.6) ? 1 : this.random.integer(2, 5);
    const quantities = new Map<string, number>();
    for (let line = 0; line < count; line += 1) {
      const wanted = this.random.chance(0.75) ? 1 : this.random.integer(2, 4);
      const sku = this.drawSku();
      if (sku === null || quantities.has(sku)) continue;
      const quantity = Math.min(wanted, this.free[sku] ?? 0);
      this.free[sku] = (this.free[sku] ?? 0) - quantity;
      quantities.set(sku, quantity);
    }
    return [...quantities].map(([sku, quantity], k) => ({ lineId: String(k + 1), sku, quantity }));
  }

  /** A SKU of which something is free, the first ones more often; null: the draws met none. */
  private drawSku(): string | null {
    const total = this.weights[this.weights.length - 1] ?? 0;
    for (let attempt = 0; attempt < 50 && total > 0; attempt += 1) {
      const at = this.random.fraction() * total;
      const index = this.weights.findIndex((weight) => weight > at);
      const sku = this.skus[index]?.sku;
      if (sku !== undefined && (this.free[sku] ?? 0) > 0) return sku;
    }
    return null;
  }

  /** An induct tote with the SKUs of which least is free, and the requests to stow them. */
  private nextStow(): void {
    this.stows += 1;
    const induct = this.cell.places.find((place) => place.kind === 'induct');
    if (induct === undefined || this.skus.length === 0) return;
    const sizes = new Map(this.skus.map((sku) => [sku.sku, sku]));
    const scarce = [...this.skus]
      .sort((a, b) => (this.free[a.sku] ?? 0) - (this.free[b.sku] ?? 0) || (a.sku < b.sku ? -1 : 1))
      .slice(0, SKUS_PER_TOTE);
    const stacks: string[][] = Array.from({ length: cellCount(induct) }, () => []);
    const containerId = `IN${this.settings.seed}-${String(this.stows).padStart(6, '0')}`;
    for (const { sku } of scarce) {
      const wanted = this.random.integer(2, 6);
      let quantity = 0;
      for (; quantity < wanted; quantity += 1) {
        const cell = roomFor(induct, { stacks }, sku, (name) => sizes.get(name), 'same-sku');
        if (cell === null) break;
        stacks[cell]?.push(sku);
      }
      if (quantity === 0) continue;
      this.free[sku] = (this.free[sku] ?? 0) + quantity;
      const stowId = `${containerId}-${sku}`;
      this.send(`stow-${stowId}`, { kind: 'stow', body: { stowId, containerId, sku, quantity } });
    }
    this.totes.push({ containerId, kind: 'induct', stacks, placeId: null });
  }

  /** One unit from one of a SKU's storage totes to another that has room, as far as a warehouse system can know. */
  private nextConsolidation(): void {
    this.consolidations += 1;
    const sku = this.drawSku();
    const to = this.drawOf(this.roomyHomes.get(sku ?? '') ?? []);
    const from = this.drawOf((this.homes.get(sku ?? '') ?? []).filter((home) => home !== to));
    if (sku === null || from === null || to === null) return;
    const consolidateId = `C${this.settings.seed}-${this.consolidations}`;
    const body = {
      consolidateId,
      fromContainerId: from,
      toContainerId: to,
      sku,
      quantity: 1,
    };
    this.send(`consolidate-${consolidateId}`, { kind: 'consolidate', body });
  }

  private drawOf(names: readonly string[]): string | null {
    return names.length === 0 ? null : (names[this.random.integer(0, names.length - 1)] as string);
  }
}

/** Weights 1/(rank + 4), cumulated: of a thousand SKUs the first hundred get six lines in ten. */
function cumulated(count: number): readonly number[] {
  let sum = 0;
  return Array.from({ length: count }, (_, rank) => (sum += 1 / (rank + 4)));
}

/** The storage totes in which each SKU lies at first. */
function homesOf({ containers }: Stock): ReadonlyMap<string, readonly string[]> {
  const homes = new Map<string, string[]>();
  for (const { containerId, stacks } of containers) {
    for (const sku of new Set(stacks.flat())) homes.set(sku, [...(homes.get(sku) ?? []), containerId]);
  }
  return homes;
}

function roomyHomesOf(stock: Stock, cell: CellModel): ReadonlyMap<string, readonly string[]> {
  const bin = cell.places.find((place) => place.kind === 'bin');
  const sizes = new Map(stock.skus.map((sku) => [sku.sku, sku]));
  const roomy = new Map<string, readonly string[]>();
  for (const [sku, homes] of homesOf(stock)) {
    const hasRoom = (home: string): boolean => {
      const container = stock.containers.find(({ containerId }) => containerId === home);
      return (
        bin !== undefined &&
        container !== undefined &&
        roomFor(bin, container, sku, (name) => sizes.get(name), 'same-sku') !== null
      );
    };
    roomy.set(sku, homes.filter(hasRoom));
  }
  return roomy;
}
