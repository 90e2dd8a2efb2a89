import { describe, expect, it } from 'vitest';
import { loadBenchCell } from '../../../config/bench-cell.ts';
import { readSource } from '../../../config/source.ts';
import { createConflictTable } from '../../../controller/coordination/conflict-table.ts';
import { judgeGraph } from '../../../controller/coordination/graph-verdict.ts';
import { regionsWith } from '../../../controller/coordination/timed-graph.ts';
import { batchSchedule, makespanUs, openingSchedule } from '../../../controller/scheduling/batch-schedule.ts';
import { greedySchedule } from '../../../controller/scheduling/greedy-schedule.ts';
import { conflictMarginM, createMotionLibrary } from '../../../controller/scheduling/motion-library.ts';
import { withRestPoses } from '../../../controller/scheduling/rest-poses.ts';
import { releasePlan } from '../../../controller/scheduling/schedule-graph.ts';
import { taskOptions } from '../../../controller/scheduling/task-options.ts';
import { executePlan, SAMPLE_US } from '../../../sim/plan-execution.ts';
import { traceClearance } from '../../../sim/trace-clearance.ts';

const source = readSource('test/bench/cells/bench-pair.json');
const loaded = source.status === 'read' ? loadBenchCell(source.source) : source;
if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
const cell = withRestPoses(loaded.cell);
const starts = cell.arms.map(({ id }) => loaded.initialPositions[id]);
const library = createMotionLibrary(cell, cell.fixedTasks, starts, 'coordinated');
const options = taskOptions(library);
const margin = conflictMarginM(cell);
const table = createConflictTable(margin);
const opening = openingSchedule(options, table, options.neighbours)!;

describe('a schedule in space and time', () => {
  const made = batchSchedule(options, opening, {
    looseIterations: 60,
    looseRounds: 2,
    beams: 1,
    beam: { width: 2, children: 2, window: 6, stride: 1, rearrangements: 2 },
    seed: 1,
  })!;
  const plans = made.plans.map((plan) => plan.entries);
  const released = releasePlan(library, plans, options.neighbours, regionsWith(margin));

  it('has every task once, and every arm at rest in the end', () => {
    const tasks = plans.flat().flatMap(({ taskIndex }) => (taskIndex < 0 ? [] : [taskIndex]));
    expect(tasks.sort((a, b) => a - b)).toEqual(cell.fixedTasks.map((_, k) => k));
    plans.forEach((entries, arm) => {
      const { positions } = entries[entries.length - 1].leg.trajectory;
      positions[positions.length - 1].forEach((q, j) => expect(q).toBeCloseTo(cell.arms[arm].park[j], 6));
    });
  });

  it('has a graph that can be completed', () => {
    expect(judgeGraph(released.graph).status).toBe('accepted');
  });

  it('is driven along its graph without coming closer than the clearance', () => {
    const execution = executePlan(
      released.entries.map((entries, arm) => ({
        standing: starts[arm],
        limits: library.arms[arm].limits,
        legs: entries.map(({ leg, startUs }) => ({ trajectory: leg.trajectory, startUs })),
      })),
      released.graph,
    )!;
    const carried = released.entries.map((entries, arm) =>
      entries.flatMap(({ leg }, k) =>
        leg.item === null
          ? []
          : [{ fromUs: execution.beganUs[arm][k], untilUs: execution.endedUs[arm][k], item: leg.item }],
      ),
    );
    const measured = traceClearance(cell.arms, execution.samples, SAMPLE_US, carried);
    expect(measured.contacts).toBe(0);
    expect(measured.clearanceMinM ?? 1).toBeGreaterThanOrEqual(cell.clearanceM);
    // Granted in time, the arms keep to the schedule to within a few samples.
    released.entries.forEach((entries, arm) =>
      entries.forEach(({ startUs }, k) =>
        expect(execution.beganUs[arm][k]).toBeLessThanOrEqual(startUs + 500_000),
      ),
    );
  });

  it('is better than first come, first served', () => {
    const greedy = opening.copy();
    greedySchedule(options, greedy);
    expect(makespanUs(made)).toBeLessThan(makespanUs(greedy));
  });

  it('is the same again', () => {
    const again = openingSchedule(options, createConflictTable(margin), options.neighbours)!;
    const first = opening.copy();
    greedySchedule(options, first);
    greedySchedule(options, again);
    expect(again.plans.map((plan) => plan.freeUs)).toEqual(first.plans.map((plan) => plan.freeUs));
  });
});
