import { loadConfig } from '../../cli/load-config.ts';
import { partitionZones } from '../../controller/coordination/zones.ts';
import type { CellModel } from '../../controller/domain/cell.ts';
import type { OrderRequest } from '../../controller/domain/intake.ts';
import { createJobPlanner } from '../../controller/scheduling/job-planner.ts';
import { declareSkus, itemBounds, scaleArticles, stockFor } from '../../sim/catalogue.ts';
import { play } from '../../sim/play.ts';
import type { TimedIntake } from '../../sim/play.ts';
import { stream } from '../../sim/random.ts';
import { createReferee } from '../../sim/referee.ts';
import { NO_EXCEPTIONS, playSettings } from '../../sim/settings.ts';

const SEED = 1;
const ORDERS_PER_ARM = 60;
/** Distance between two copies of the four-arm cell, m: they share no space. */
const COPY_PITCH_M = 8;

interface Row {
  readonly arms: number;
  readonly simulatedS: number;
  readonly wallS: number;
  readonly realTimeFactor: number;
  readonly tasks: number;
  readonly planningS: number;
  /** The same run with the referee looking, and what it costs. */
  readonly realTimeFactorWithReferee: number;
  readonly refereeS: number;
  readonly contacts: number | null;
}

/** The shipped four-arm cell: one arm of it, all of it, and two of it side by side. */
export async function simulationBench(): Promise<readonly Row[]> {
  const loaded = loadConfig('config/cells/four-arm.yaml');
  const urdf = loaded.descriptions[0]!.urdf;
  const rows: Row[] = [];
  for (const cell of [oneArm(loaded.cell), loaded.cell, copies(loaded.cell, 2)]) {
    const urdfOf = new Map(cell.arms.map((arm) => [arm.id, urdf]));
    const alone = await run(cell, null);
    const judged = await run(cell, urdfOf);
    rows.push({
      arms: cell.arms.length,
      simulatedS: alone.simulatedS,
      wallS: alone.wallS,
      realTimeFactor: alone.simulatedS / alone.wallS,
      tasks: alone.units,
      planningS: alone.planningS,
      realTimeFactorWithReferee: judged.simulatedS / judged.wallS,
      refereeS: judged.refereeS,
      contacts: judged.contacts,
    });
  }
  return rows;
}

async function run(cell: CellModel, urdfOf: ReadonlyMap<string, string> | null) {
  const orders = ordersFor(cell);
  const demand = new Map<string, number>();
  for (const line of orders.flatMap((order) => order.lines)) {
    demand.set(line.sku, (demand.get(line.sku) ?? 0) + line.quantity);
  }
  const article = { name: 'box', sizeM: [0.12, 0.09, 0.06] as const, massKg: 0.4 };
  const skus = declareSkus(demand.keys(), scaleArticles([article], itemBounds(cell)), SEED);
  const stock = stockFor(demand, skus, cell, {
    seed: SEED,
    spareShare: 0.2,
    spareUnits: 4,
    containerMassMaxKg: null,
  });
  const intake: TimedIntake[] = orders.map((body) => ({
    atUs: 0,
    requestId: `bench:${body.orderId}`,
    source: 'cli',
    request: { kind: 'order', body },
  }));
  const result = await play({
    cell,
    settings: { ...playSettings(SEED), rates: NO_EXCEPTIONS },
    start: stock,
    intake,
    planner: createJobPlanner(cell),
    journal: null,
    observer: urdfOf === null ? null : await createReferee(cell, urdfOf),
    monitor: null,
    onProgress: null,
    onNotice: null,
    patienceUs: 1_200_000_000,
    signal: null,
  });
  if (result.status !== 'completed') throw new Error(`${cell.name}: the run is ${result.status}`);
  return result.report;
}

/** A few SKUs asked for often, most seldom, as in life. */
function ordersFor(cell: CellModel): readonly OrderRequest[] {
  const random = stream(SEED, 'bench-orders');
  return Array.from({ length: ORDERS_PER_ARM * cell.arms.length }, (_, index) => ({
    orderId: `O-${index + 1}`,
    priority: 50,
    shipBy: null,
    lines: Array.from({ length: random.chance(0.7) ? 1 : 2 }, (__, line) => ({
      lineId: String(line + 1),
      sku: `SKU-${random.chance(0.3) ? random.integer(1, 5) : random.integer(6, 200)}`,
      quantity: 1,
    })),
  }));
}

function oneArm(cell: CellModel): CellModel {
  const one = { ...cell, name: 'one-arm', arms: cell.arms.slice(0, 1) };
  return { ...one, zones: partitionZones(one) };
}

/** Several cells beside one another as one cell, each moved on by `COPY_PITCH_M`. */
export function copies(cell: CellModel, count: number): CellModel {
  const indices = Array.from({ length: count }, (_, index) => index);
  const moved = (at: readonly [number, number, number], index: number) =>
    [at[0] + index * COPY_PITCH_M, at[1], at[2]] as const;
  const all = {
    ...cell,
    name: `${cell.arms.length * count}-arms`,
    logistics: { ...cell.logistics, shuttleParallel: cell.logistics.shuttleParallel * count },
    arms: indices.flatMap((index) =>
      cell.arms.map((arm) => ({
        ...arm,
        id: `${arm.id}-${index + 1}`,
        X_WB: { ...arm.X_WB, positionM: moved(arm.X_WB.positionM, index) },
      })),
    ),
    places: indices.flatMap((index) =>
      cell.places.map((place) => ({
        ...place,
        id: `${place.id}-${index + 1}`,
        positionM: moved(place.positionM, index),
      })),
    ),
    obstacles: indices.flatMap((index) =>
      cell.obstacles.map((obstacle) => ({
        ...obstacle,
        id: `${obstacle.id}-${index + 1}`,
        X_WO: { ...obstacle.X_WO, positionM: moved(obstacle.X_WO.positionM, index) },
      })),
    ),
  };
  return { ...all, zones: partitionZones(all) };
}
