import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadBenchCell } from '../../config/bench-cell.ts';
import { readSource } from '../../config/source.ts';
import { createConflictTable } from '../../controller/coordination/conflict-table.ts';
import type { DependencyGraph } from '../../controller/coordination/dependency-graph.ts';
import { regionsWith } from '../../controller/coordination/timed-graph.ts';
import type { CellModel } from '../../controller/domain/cell.ts';
import type { BatchSettings } from '../../controller/scheduling/batch-schedule.ts';
import { batchSchedule, openingSchedule } from '../../controller/scheduling/batch-schedule.ts';
import { greedySchedule } from '../../controller/scheduling/greedy-schedule.ts';
import { lowerBoundS } from '../../controller/scheduling/lower-bound.ts';
import type { OtherArms } from '../../controller/scheduling/motion-arm.ts';
import type { MotionLibrary, TaskWay } from '../../controller/scheduling/motion-library.ts';
import { conflictMarginM, createMotionLibrary } from '../../controller/scheduling/motion-library.ts';
import { withRestPoses } from '../../controller/scheduling/rest-poses.ts';
import { releasePlan } from '../../controller/scheduling/schedule-graph.ts';
import type { PlannedEntry, SpaceTime } from '../../controller/scheduling/space-time.ts';
import type { TaskOptions } from '../../controller/scheduling/task-options.ts';
import { taskOptions } from '../../controller/scheduling/task-options.ts';
import { sequentialSchedule, zoneSchedule } from '../../controller/scheduling/zone-schedule.ts';
import type { Execution } from '../../sim/plan-execution.ts';
import { executePlan, SAMPLE_US } from '../../sim/plan-execution.ts';
import type { CarriedSpan } from '../../sim/trace-clearance.ts';
import { traceClearance } from '../../sim/trace-clearance.ts';
import type { TraceTask } from '../../sim/trace-file.ts';
import { traceFile } from '../../sim/trace-file.ts';

export const POLICIES = ['sequential', 'zone-interlock', 'greedy', 'magpie', 'ghost'] as const;
export type BenchPolicy = (typeof POLICIES)[number];

export interface ThroughputOptions {
  readonly cellFile: string;
  readonly seed: number;
  /** Where the trace of policy `magpie` goes, and where those of all policies; null: nowhere. */
  readonly traceFile: string | null;
  readonly traceDirectory: string | null;
}

export interface PolicyFigures {
  readonly policy: BenchPolicy;
  readonly makespanS: number;
  readonly unitsPerHour: number;
  readonly tasksDone: number;
  readonly tasksFailed: number;
  readonly clearanceMinM: number | null;
  readonly contacts: number;
  /**
   * Time from a task's arrival to its accepted plan. Null: all tasks are planned as one batch, so that no task has a
   * time of its own; `cpuSPerTask` is the batch's cost shared out.
   */
  readonly planMsP50: number | null;
  readonly planMsP99: number | null;
  readonly cpuSPerTask: number;
}

export interface ThroughputReport {
  readonly cell: string;
  readonly lowerBoundS: number;
  readonly ghostRatio: number;
  readonly policies: readonly PolicyFigures[];
}

/** The search's budget: the same for `magpie` and `ghost`. Schedules and ruins, never time. */
function budget(arms: number, seed: number): BatchSettings {
  const [width, children, beams] =
    arms <= 2 ? [8, 3, 3] : arms <= 4 ? [5, 3, 1] : arms <= 8 ? [2, 2, 1] : [1, 2, 1];
  return {
    looseIterations: 400,
    looseRounds: arms <= 4 ? 6 : 3,
    beams,
    beam: { width, children, window: 12, stride: 0.5, rearrangements: 4 },
    seed,
  };
}

/** Runs all policies on the tasks of a cell and executes what each of them plans. Throws on cells that cannot be read. */
export function throughputBench(options: ThroughputOptions): ThroughputReport {
  const cell = readCell(options.cellFile);
  const free = prepare(cell.model, cell.starts, 'ghost');
  const minded = prepare(cell.model, cell.starts, 'coordinated');
  const figures = new Map<BenchPolicy, PolicyFigures>();
  const run = (policy: BenchPolicy, prepared: Prepared, plan: () => Planned): void => {
    const began = process.cpuUsage();
    const planned = plan();
    const used = process.cpuUsage(began);
    const cpuS = (used.user + used.system) * 1e-6 + prepared.cpuS;
    figures.set(policy, judged(options, policy, prepared, planned, cpuS));
  };
  const settings = budget(cell.model.arms.length, options.seed);
  const others = minded.options.neighbours;
  const margin = conflictMarginM(cell.model);
  const table = createConflictTable(margin);
  const open = (): SpaceTime => {
    const opening = openingSchedule(minded.options, table, others);
    if (opening === null) throw new Error('some arm cannot leave where it starts');
    return opening;
  };
  const released = (space: SpaceTime): Planned =>
    releasePlan(minded.library, space.plans.map((p) => p.entries), others, regionsWith(margin)); // prettier-ignore
  let assigned: TaskWay[][] = [];
  run('greedy', minded, () => {
    const space = open();
    assigned = greedySchedule(minded.options, space);
    return released(space);
  });
  run('sequential', minded, () => {
    return { entries: sequentialSchedule(minded.options, open(), assigned), graph: null };
  });
  run('zone-interlock', minded, () => {
    // The best of several manners of taking turns; one arm after the other is one of them.
    const schedules = CLAIMS_AFTER_US.map((us) => zoneSchedule(minded.options, open(), assigned, us));
    schedules.push(sequentialSchedule(minded.options, open(), assigned));
    schedules.sort((a, b) => lastReleaseUs(a) - lastReleaseUs(b));
    return { entries: schedules[0], graph: null };
  });
  run('magpie', minded, () => {
    const space = batchSchedule(minded.options, open(), settings);
    if (space === null) throw new Error('no schedule was found');
    return released(space);
  });
  run('ghost', free, () => {
    const nobody = free.options.neighbours.map(() => []);
    const opening = openingSchedule(free.options, table, nobody);
    const space = opening === null ? null : batchSchedule(free.options, opening, settings);
    if (space === null) throw new Error('no schedule was found');
    return { entries: space.plans.map((plan) => plan.entries), graph: null };
  });
  return {
    cell: cell.model.name,
    lowerBoundS: rounded(boundOf(free)),
    ghostRatio: rounded(figures.get('ghost')!.makespanS / figures.get('magpie')!.makespanS),
    policies: POLICIES.map((policy) => figures.get(policy)!),
  };
}

/** Waits after which an arm gets first claim to its zones: short ones take turns often, long ones seldom. */
const CLAIMS_AFTER_US = [3e6, 15e6, 60e6, 1e9] as const;

function lastReleaseUs(entries: readonly (readonly PlannedEntry[])[]): number {
  const ends = entries
    .flat()
    .map(({ leg, startUs, taskIndex }) => (taskIndex < 0 ? 0 : startUs + leg.durationUs));
  return Math.max(0, ...ends);
}

interface Planned {
  readonly entries: readonly (readonly PlannedEntry[])[];
  readonly graph: DependencyGraph | null;
}

interface Prepared {
  readonly library: MotionLibrary;
  readonly options: TaskOptions;
  readonly cpuS: number;
}

function readCell(file: string): {
  readonly model: CellModel;
  readonly starts: readonly (readonly number[])[];
} {
  const source = readSource(file);
  const loaded = source.status === 'read' ? loadBenchCell(source.source) : source;
  if (loaded.status === 'refused') {
    throw new Error(loaded.faults.map(({ path, problem }) => `${file}: ${path}: ${problem}`).join('\n'));
  }
  const starts = loaded.cell.arms.map(({ id, park }) => loaded.initialPositions[id] ?? park);
  return { model: withRestPoses(loaded.cell), starts };
}

function prepare(model: CellModel, starts: readonly (readonly number[])[], others: OtherArms): Prepared {
  const began = process.cpuUsage();
  const library = createMotionLibrary(model, model.fixedTasks, starts, others);
  const options = taskOptions(library);
  const used = process.cpuUsage(began);
  return { library, options, cpuS: (used.user + used.system) * 1e-6 };
}

/** Work of a task: the least, over arms and ways, of its carry and of going straight down before and up after it. */
function boundOf({ options, library }: Prepared): number {
  const work = options.byTask.map((arms) => ({
    arms: arms.map(({ armIndex }) => armIndex),
    workS: Math.min(...arms.flatMap(({ armIndex, ways }) => ways.map((way) => library.workS(armIndex, way)))),
  }));
  return lowerBoundS(work, library.arms.length);
}

/** Executes a plan and measures what came of it. */
function judged(
  options: ThroughputOptions,
  policy: BenchPolicy,
  { library, options: { failed } }: Prepared,
  { entries, graph }: Planned,
  cpuS: number,
): PolicyFigures {
  const { cell } = library;
  const execution = executePlan(
    entries.map((list, arm) => ({
      standing: library.starts[arm].q,
      limits: library.arms[arm].limits,
      legs: list.map(({ leg, startUs }) => ({ trajectory: leg.trajectory, startUs })),
    })),
    graph,
  );
  if (execution === null) throw new Error(`${policy}: the arms got stuck`);
  const tasks = tasksDone(library, entries, execution);
  const carried = entries.map((list, arm) =>
    list.flatMap((entry, k): CarriedSpan[] => {
      if (entry.leg.item === null) return [];
      const fromUs = execution.beganUs[arm][k] + cell.graspDwellUs;
      return [{ fromUs, untilUs: execution.endedUs[arm][k], item: entry.leg.item }];
    }),
  );
  const measured =
    policy === 'ghost'
      ? { clearanceMinM: null, contacts: 0 }
      : traceClearance(cell.arms, execution.samples, SAMPLE_US, carried);
  const done = new Set(tasks.map(({ id }) => id));
  const failures = cell.fixedTasks
    .filter(({ id }) => !done.has(id))
    .map(({ id }) => {
      const known = failed.find(({ taskIndex }) => cell.fixedTasks[taskIndex].id === id);
      return { id, reason: known?.reason ?? 'no motion from where the arm was' };
    });
  const makespanS = Math.max(0, ...tasks.map((task) => task.placed_s));
  const files = [
    policy === 'magpie' ? options.traceFile : null,
    options.traceDirectory === null ? null : join(options.traceDirectory, `${policy}.json`),
  ].filter((file) => file !== null);
  for (const file of files) {
    write(
      file,
      traceFile({
        cell: cell.name,
        policy,
        armIds: cell.arms.map(({ id }) => id),
        samples: execution.samples,
        sampleUs: SAMPLE_US,
        tasks,
        failed: failures,
      }),
    );
  }
  return {
    policy,
    makespanS: rounded(makespanS),
    unitsPerHour: rounded(makespanS > 0 ? (tasks.length / makespanS) * 3600 : 0),
    tasksDone: tasks.length,
    tasksFailed: failures.length,
    clearanceMinM: measured.clearanceMinM === null ? null : rounded(measured.clearanceMinM),
    contacts: measured.contacts,
    planMsP50: null,
    planMsP99: null,
    cpuSPerTask: rounded(cpuS / Math.max(1, tasks.length)),
  };
}

function tasksDone(
  { cell }: MotionLibrary,
  entries: readonly (readonly PlannedEntry[])[],
  { beganUs, endedUs }: Execution,
): TraceTask[] {
  return entries.flatMap((list, arm) =>
    list.flatMap(({ taskIndex }, k): TraceTask[] => {
      if (taskIndex < 0) return [];
      return [
        {
          id: cell.fixedTasks[taskIndex].id,
          arm: cell.arms[arm].id,
          picked_s: (beganUs[arm][k] + cell.graspDwellUs) * 1e-6,
          placed_s: endedUs[arm][k] * 1e-6,
        },
      ];
    }),
  );
}

function write(file: string, pieces: Iterable<string>): void {
  mkdirSync(dirname(file), { recursive: true });
  const handle = openSync(file, 'w');
  try {
    for (const piece of pieces) writeSync(handle, piece);
  } finally {
    closeSync(handle);
  }
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
