import type { LoadedCell } from '../../config/loaded-cell.ts';
import { createMonitor } from '../../controller/coordination/monitor.ts';
import type { OrderRequest } from '../../controller/domain/intake.ts';
import { createJobPlanner } from '../../controller/scheduling/job-planner.ts';
import { declareSkus, itemBounds, scaleArticles, stockFor } from '../../sim/catalogue.ts';
import { play } from '../../sim/play.ts';
import type { PlayResult, TimedIntake } from '../../sim/play.ts';
import { stream } from '../../sim/random.ts';
import { createReferee } from '../../sim/referee.ts';
import { NO_EXCEPTIONS, PLAY_MONITOR, playSettings } from '../../sim/settings.ts';
import type { SimSettings } from '../../sim/settings.ts';

/** What befalls the arms of one run. */
export type Trouble = 'none' | 'delays' | 'everything';

export interface CoordinationRow {
  readonly cell: string;
  readonly seed: number;
  readonly trouble: Trouble;
  readonly tasks: number;
  readonly unitsPerHour: number;
  readonly contacts: number;
  readonly clearanceMinM: number | null;
  /** Stops by the monitor. Only equipment that fails may cause any. */
  readonly monitorStops: number;
  /** What must not be: a run that stands still, a unit lost or doubled, a line or task without exactly one end. */
  readonly wrong: readonly string[];
}

export interface CoordinationCampaign {
  readonly rows: readonly CoordinationRow[];
  /** Throughput with every tenth motion half as slow again, as a share of that without; the mean over seeds. */
  readonly delayedShare: number;
}

/** Every tenth motion takes half as long again. */
const DELAYED: Partial<SimSettings> = { delays: { share: 0.1, extra: { min: 0.5, max: 0.5 } } };

/** Motions up to four times as long, arms that stall, slow down, fall silent, drop what they hold or fault. */
const TROUBLED: Partial<SimSettings> = {
  delays: { share: 0.1, extra: { min: 0, max: 3 } },
  faults: {
    stallPerHour: 12,
    commsLostPerHour: 6,
    gripperLossPerHour: 4,
    protectiveStopPerHour: 2,
    slowPerHour: 12,
    durationUs: { min: 1_000_000, max: 10_000_000 },
  },
};

/** One run of a cell with so many units asked for, some of which are cancelled on the way. */
export async function coordinationRun(
  loaded: LoadedCell,
  seed: number,
  trouble: Trouble,
  units: number,
): Promise<CoordinationRow> {
  const { cell } = loaded;
  const orders = ordersOf(seed, units);
  const demand = new Map<string, number>();
  for (const { sku, quantity } of orders.flatMap(({ lines }) => lines)) {
    demand.set(sku, (demand.get(sku) ?? 0) + quantity);
  }
  const article = { name: 'box', sizeM: [0.12, 0.09, 0.06] as const, massKg: 0.4 };
  const skus = declareSkus(demand.keys(), scaleArticles([article], itemBounds(cell)), seed);
  const stock = stockFor(demand, skus, cell, {
    seed,
    spareShare: 0.2,
    spareUnits: 4,
    containerMassMaxKg: null,
  });
  const usual = playSettings(seed);
  const extra = trouble === 'none' ? {} : trouble === 'delays' ? DELAYED : TROUBLED;
  const rates = trouble === 'everything' ? usual.rates : NO_EXCEPTIONS;
  const result = await play({
    cell,
    settings: { ...usual, rates, ...extra },
    start: { ...stock, initialPositions: loaded.initialPositions },
    intake: [...intakeOf(orders), ...(trouble === 'everything' ? cancellations(seed, orders, units) : [])],
    planner: createJobPlanner(cell),
    journal: null,
    observer: await createReferee(cell, new Map(loaded.descriptions.map((each) => [each.armId, each.urdf]))),
    monitor: createMonitor(cell, loaded.descriptions, PLAY_MONITOR),
    onProgress: null,
    onNotice: null,
    patienceUs: 1_200_000_000,
    signal: null,
  });
  const { report } = result;
  return {
    cell: cell.name,
    seed,
    trouble,
    tasks: report.units,
    unitsPerHour: report.unitsPerHour,
    contacts: report.contacts ?? 0,
    clearanceMinM: report.clearanceMinM,
    monitorStops: report.monitor?.stops ?? 0,
    wrong: wrongWith(result, trouble),
  };
}

/** Runs of both shipped cells with several arms: undisturbed, delayed, and with everything going wrong. */
export async function coordinationCampaign(
  cells: readonly LoadedCell[],
  seeds: number,
  firstSeed: number,
  units: number,
  onRow: (row: CoordinationRow) => void,
): Promise<CoordinationCampaign> {
  const rows: CoordinationRow[] = [];
  const shares: number[] = [];
  for (let k = 0; k < seeds; k += 1) {
    const seed = firstSeed + k;
    const loaded = cells[k % cells.length]!;
    const run = async (trouble: Trouble): Promise<CoordinationRow> => {
      const row = await coordinationRun(loaded, seed, trouble, units);
      rows.push(row);
      onRow(row);
      return row;
    };
    await run('everything');
    // The comparison needs two runs more: every tenth seed.
    if (k % 10 !== 0) continue;
    const undisturbed = await run('none');
    const delayed = await run('delays');
    shares.push(delayed.unitsPerHour / undisturbed.unitsPerHour);
  }
  return { rows, delayedShare: shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length) };
}

function wrongWith(result: PlayResult, trouble: Trouble): readonly string[] {
  const { report } = result;
  const wrong: string[] = [];
  if (result.status === 'stuck') wrong.push(...result.because);
  else if (result.status !== 'completed') wrong.push(`the run is ${result.status}`);
  if ((report.contacts ?? 0) > 0) wrong.push(...report.contactDetails);
  const { lost, doubled } = report.reconciliation;
  if (lost > 0 || doubled > 0) wrong.push(`${lost} units lost, ${doubled} doubled`);
  const { total, fulfilled, cancelled, excepted } = report.lines;
  if (fulfilled + cancelled + excepted !== total) {
    wrong.push(`of ${total} lines ${fulfilled + cancelled + excepted} ended`);
  }
  if (trouble !== 'everything' && fulfilled !== total) wrong.push(`${total - fulfilled} lines not fulfilled`);
  if (trouble !== 'everything' && (report.monitor?.stops ?? 0) > 0) {
    wrong.push(`the monitor stopped arms ${report.monitor?.stops} times though all did as told`);
  }
  return wrong;
}

/** A few articles asked for often, most seldom, as in life; in all so many units. */
function ordersOf(seed: number, units: number): readonly OrderRequest[] {
  const random = stream(seed, 'campaign-orders');
  const orders: OrderRequest[] = [];
  for (let left = units; left > 0;) {
    const lines = Array.from({ length: Math.min(left, random.integer(1, 3)) }, (_, line) => ({
      lineId: String(line + 1),
      sku: `SKU-${random.chance(0.4) ? random.integer(1, 6) : random.integer(7, 120)}`,
      quantity: 1,
    }));
    left -= lines.length;
    orders.push({
      orderId: `O-${orders.length + 1}`,
      priority: random.chance(0.1) ? 90 : 50,
      shipBy: null,
      lines,
    });
  }
  return orders;
}

function intakeOf(orders: readonly OrderRequest[]): readonly TimedIntake[] {
  return orders.map((body) => ({
    atUs: 0,
    requestId: `campaign:${body.orderId}`,
    source: 'cli',
    request: { kind: 'order', body },
  }));
}

/** One order in twenty is taken back at some time of the run. */
function cancellations(seed: number, orders: readonly OrderRequest[], units: number): readonly TimedIntake[] {
  const random = stream(seed, 'campaign-cancellations');
  const drawn = orders.flatMap(({ orderId }): TimedIntake[] => {
    if (!random.chance(0.05)) return [];
    const body = { orderId, lineId: null, quantity: null };
    return [
      {
        atUs: random.integer(1, units) * 2_000_000,
        requestId: `cancel:${orderId}`,
        source: 'cli',
        request: { kind: 'cancel', body },
      },
    ];
  });
  return drawn.sort((a, b) => a.atUs - b.atUs);
}
