import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../cli/load-config.ts';
import { settingsForPlay, withPolicy } from '../../cli/play-setup.ts';
import type { LoadedCell } from '../../config/loaded-cell.ts';
import { createJobPlanner } from '../../controller/scheduling/job-planner.ts';
import type { JobPlanner } from '../../controller/scheduling/job-planner.ts';
import type { Verdict, WorldObserver } from '../../sim/observer.ts';
import { play } from '../../sim/play.ts';
import { generateCell } from './generate-cell.ts';

const SEED = 1;
const PAIRS = [1, 2, 4, 8];
const TASKS_PER_ARM = 12;

interface Row {
  readonly arms: number;
  readonly tasks: number;
  readonly tasksDone: number;
  readonly makespanS: number;
  /** Planner's processor time for each task that was done, ms. */
  readonly planCpuMsPerTask: number;
  /** The same as a multiple of that with two arms. */
  readonly ratioToTwoArms: number;
  /**
   * From the request for a task's motions until they are planned, if one thread served all requests in the order of
   * their simulated instants, each taking as long as it took here, ms.
   */
  readonly plannedMsP50: number;
  readonly plannedMsP99: number;
}

/** Facing pairs of arms along a strip, the same for every number of them: what planning costs as the cell grows. */
export async function scalingBench(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'magpie-scaling-'));
  try {
    const rows: Row[] = [];
    for (const pairs of PAIRS) {
      const file = join(folder, `pairs-${pairs}.json`);
      const name = `strip-${2 * pairs}`;
      const wish = { name, seed: SEED, pairs, above: 'nothing', tasks: 2 * pairs * TASKS_PER_ARM } as const;
      writeFileSync(file, JSON.stringify(generateCell(wish)));
      rows.push(await run(loadConfig(file), rows[0]?.planCpuMsPerTask ?? null));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(loaded: LoadedCell, forTwoArmsMs: number | null): Promise<Row> {
  const cell = withPolicy(loaded.cell, 'magpie');
  const planner = new MeteredPlanner(createJobPlanner(cell));
  const settings = settingsForPlay(loaded, SEED, 'off');
  const result = await play({
    cell,
    settings,
    start: { skus: [], containers: [], initialPositions: loaded.initialPositions },
    intake: [],
    planner,
    journal: null,
    observer: planner,
    monitor: null,
    onProgress: null,
    onNotice: null,
    patienceUs: 600_000_000,
    signal: null,
  });
  if (result.status !== 'completed') throw new Error(`${cell.name}: the run is ${result.status}`);
  const done = result.report.units;
  const perTask = planner.cpuMs / Math.max(1, done);
  const waits = planner.waitsMs();
  return {
    arms: cell.arms.length,
    tasks: cell.fixedTasks.length,
    tasksDone: done,
    makespanS: result.report.simulatedS,
    planCpuMsPerTask: perTask,
    ratioToTwoArms: perTask / (forTwoArmsMs ?? perTask),
    plannedMsP50: quantile(waits, 0.5),
    plannedMsP99: quantile(waits, 0.99),
  };
}

interface Planned {
  readonly askedUs: number;
  readonly ms: number;
  readonly isTask: boolean;
}

/** Times every request, and looks at the world's clock to know when it was made. Judges nothing. */
class MeteredPlanner implements JobPlanner, WorldObserver {
  readonly #planner: JobPlanner;
  readonly #planned: Planned[] = [];
  #nowUs = 0;
  cpuMs = 0;

  constructor(planner: JobPlanner) {
    this.#planner = planner;
  }

  plan(...[request]: Parameters<JobPlanner['plan']>): ReturnType<JobPlanner['plan']> {
    const before = process.cpuUsage();
    const result = this.#planner.plan(request);
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1_000;
    this.cpuMs += ms;
    this.#planned.push({ askedUs: this.#nowUs, ms, isTask: request.pickM !== null });
    return result;
  }

  observe(...[, nowUs]: Parameters<WorldObserver['observe']>): void {
    this.#nowUs = nowUs;
  }

  verdict(): Verdict {
    return { contacts: 0, details: [], clearanceMinM: null };
  }

  /** From request to plan, ms, one request after the other. */
  waitsMs(): readonly number[] {
    let freeMs = 0;
    return this.#planned.flatMap(({ askedUs, ms, isTask }) => {
      const askedMs = askedUs / 1_000;
      freeMs = Math.max(freeMs, askedMs) + ms;
      return isTask ? [freeMs - askedMs] : [];
    });
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
