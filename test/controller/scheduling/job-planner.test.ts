import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../arms/geometry/random.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { loadCell } from '../../../config/load.ts';
import { createZoneTracker } from '../../../controller/coordination/zone-spans.ts';
import type { ArmModel, CellModel, Place } from '../../../controller/domain/cell.ts';
import { cellCentreM, cellCount } from '../../../controller/domain/grid.ts';
import type {
  AcceptedLeg,
  JobPlanRequest,
  JobPlanResult,
  PlannedLeg,
} from '../../../controller/scheduling/job-plan.ts';
import { createJobPlanner } from '../../../controller/scheduling/job-planner.ts';
import { solveReach } from '../../../controller/scheduling/reach.ts';
import { faultsOf } from './job-judge.ts';

const SEED = 20260104;

function cellAt(path: string): CellModel {
  const loaded = loadCell(fileURLToPath(new URL(`../../../${path}`, import.meta.url)));
  if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
  return loaded.cell;
}

type Planned = Extract<JobPlanResult, { status: 'planned' }>;

function legs(result: JobPlanResult): readonly PlannedLeg[] {
  if (result.status === 'failed') throw new Error(`${result.armId}: ${result.failure}: ${result.detail}`);
  return result.legs;
}

const endOf = (leg: PlannedLeg): readonly number[] => leg.trajectory.positions.at(-1)!;
const secondsOf = (leg: PlannedLeg): number => leg.trajectory.timesUs.at(-1)! / 1e6;

/** Jobs as the cell has them: between places that one arm reaches, items of many sizes in cells of the grids. */
function* jobsOf(cell: CellModel, count: number): Generator<{ arm: ArmModel; request: JobPlanRequest }> {
  const random = seededRandom(SEED);
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const reach = solveReach(cell);
  const point = (place: Place, height: number): [number, number, number] => {
    const [x, y, z] = cellCentreM(place, Math.floor(random() * cellCount(place)));
    return [x, y, z + height];
  };
  for (let n = 0; n < count;) {
    const from = any(cell.places);
    const to = any(cell.places);
    const able = from === to ? [] : reach.armsFor(from.id, to.id);
    if (able.length === 0) continue;
    n += 1;
    const arm = cell.arms.find((a) => a.id === any(able))!;
    const sizeM = [0.04 + random() * 0.08, 0.04 + random() * 0.08, 0.03 + random() * 0.09] as const;
    const below = random() * 0.04;
    yield {
      arm,
      request: {
        requestId: `job-${n}`,
        armId: arm.id,
        start: arm.park,
        pickM: point(from, below + sizeM[2]),
        placeM: point(to, sizeM[2]),
        item: { sizeM, massKg: 0.4 },
        elsewhere: [],
        others: [],
        planned: null,
        seed: n,
        iterationsMax: 20_000,
      },
    };
  }
}

describe('jobs among arms that pass each other', () => {
  const cell = cellAt('config/cells/four-arm.yaml');
  const planner = createJobPlanner(cell);

  it('are planned without ways home that nobody would take, and touch nothing', () => {
    expect(cell.policy).toBe('magpie');
    for (const { arm, request } of jobsOf(cell, 6)) {
      const found = legs(planner.plan(request));
      expect(found.map((leg) => leg.name)).toEqual(['reach', 'carry', 'home']);
      expect(faultsOf(cell, arm, request, found)).toEqual([]);
    }
  });

  it('say where they meet accepted legs, also when they were planned before', () => {
    const jobs = [...jobsOf(cell, 16)];
    const accepted = jobs.slice(0, 10).flatMap(({ arm, request }) =>
      legs(planner.plan(request)).map((leg): AcceptedLeg => ({
        legId: `${request.requestId}.${leg.name}`,
        armId: arm.id,
        trajectory: leg.trajectory,
        item: leg.name === 'carry' ? request.item : null,
      })),
    );
    let met = 0;
    for (const { arm, request: alone } of jobs.slice(10)) {
      const others = accepted.filter((leg) => leg.armId !== arm.id);
      const result = planner.plan({ ...alone, others });
      const again = planner.plan({ ...alone, others, planned: legs(result) });
      if (result.status === 'failed' || again.status === 'failed') throw new Error('not planned');
      expect(again.encounters).toEqual(result.encounters);
      met += result.encounters.length;
      for (const { leg, otherLegId, region } of result.encounters) {
        const own = result.legs.find(({ name }) => name === leg)!.trajectory.timesUs.at(-1)!;
        const other = others.find(({ legId }) => legId === otherLegId)!.trajectory.timesUs.at(-1)!;
        expect(region.aFromUs >= 0 && region.aUntilUs <= own && region.aFromUs <= region.aUntilUs).toBe(true);
        expect(region.bFromUs >= 0 && region.bUntilUs <= other && region.bFromUs <= region.bUntilUs).toBe(
          true,
        );
        expect(Math.max(region.aFirst.length, region.bFirst.length)).toBeLessThanOrEqual(6);
      }
    }
    expect(met).toBeGreaterThan(0);
  });
});

describe('jobs in a cell with zones', () => {
  const cell: CellModel = { ...cellAt('config/cells/four-arm.yaml'), policy: 'zone-interlock' };
  const planner = createJobPlanner(cell);
  const planned: { arm: ArmModel; request: JobPlanRequest; result: Planned }[] = [];
  const at = new Map<string, readonly number[]>();

  it('are all planned, one from where the last one ended, without touching anything', () => {
    for (const { arm, request: fresh } of jobsOf(cell, 14)) {
      const request = { ...fresh, start: at.get(arm.id) ?? arm.park };
      const result = planner.plan(request);
      const found = legs(result);
      expect(found.map((leg) => leg.name)).toEqual(['reach', 'carry', 'home', 'keep', 'bail']);
      expect(faultsOf(cell, arm, request, found)).toEqual([]);
      at.set(arm.id, endOf(found[1]));
      if (result.status === 'planned') planned.push({ arm, request, result });
    }
  });

  it('take about as long as the work needs', () => {
    const times = planned.map(({ result }) => secondsOf(result.legs[0]) + secondsOf(result.legs[1]));
    times.sort((a, b) => a - b);
    expect(times[times.length >> 1]).toBeLessThan(6.5);
  });

  it('never wind a joint up', () => {
    for (const { result } of planned) {
      for (const leg of result.legs) {
        for (const row of leg.trajectory.positions) {
          expect(Math.max(...row.map(Math.abs))).toBeLessThan(1.4 * Math.PI);
        }
      }
    }
  });

  it('name every zone they touch for as long as they touch it, and never a zone of another base', () => {
    for (const { arm, result } of planned.slice(0, 6)) {
      const tracker = createZoneTracker(cell, arm);
      const foreign = cell.arms.filter((other) => other !== arm).map((other) => `base-${other.id}`);
      for (const leg of result.legs) {
        const q = new Array<number>(6).fill(0);
        for (let t = 0; t <= leg.trajectory.timesUs.at(-1)!; t += 20_000) {
          sampleTrajectory(leg.trajectory, t, q);
          for (const zone of tracker.at(q, null)) {
            expect(leg.zones.some((s) => s.zoneId === zone && s.enterUs <= t && s.leaveUs >= t)).toBe(true);
          }
        }
        expect(leg.zones.filter((span) => foreign.includes(span.zoneId))).toEqual([]);
      }
    }
  });

  it('depend on the request alone: a new planner answers the same, in any order', () => {
    const fresh = createJobPlanner(cell);
    for (const { request, result } of planned.slice(0, 6).reverse())
      expect(fresh.plan(request)).toEqual(result);
  });

  it('can be begun wherever an arm was stopped, with the item in the tool or not', () => {
    const random = seededRandom(SEED + 1);
    for (const { arm, request, result } of planned.slice(0, 8)) {
      for (const leg of result.legs.slice(0, 2)) {
        const q = new Array<number>(6).fill(0);
        sampleTrajectory(leg.trajectory, random() * leg.trajectory.timesUs.at(-1)!, q);
        const held = leg.name === 'carry';
        const again: JobPlanRequest = { ...request, start: q, pickM: held ? null : request.pickM };
        const found = legs(planner.plan(again));
        expect(found.map((each) => each.name)).toEqual(
          held ? ['carry', 'home', 'keep'] : ['reach', 'carry', 'home', 'keep', 'bail'],
        );
        const home: JobPlanRequest = {
          ...again,
          pickM: null,
          placeM: null,
          item: held ? request.item : null,
        };
        expect(legs(planner.plan(home)).map((each) => each.name)).toEqual(['home']);
        expect(endOf(legs(planner.plan(home))[0])).toEqual(arm.park);
      }
    }
  });

  it('mind an arm that rests elsewhere than parked', () => {
    const { arm, request, result } = planned[0];
    const end = endOf(result.legs[1]);
    const other = cell.arms.find((a) => a !== arm)!;
    // The other arm stands where this one wants to go, as far as its own kinematics let it.
    const there: JobPlanRequest = { ...request, elsewhere: [{ armId: other.id, positions: other.park }] };
    expect(planner.plan(there)).toEqual(result);
    const moved = planner.plan({ ...request, elsewhere: [{ armId: other.id, positions: end }] });
    expect(moved.status === 'failed' || moved.iterations > 0).toBe(true);
  });
});

describe('jobs of other arms', () => {
  it('are planned for a seven-axis arm beside a six-axis one, without touching anything', () => {
    const cell = cellAt('config/cells/two-arm.yaml');
    const planner = createJobPlanner(cell);
    const at = new Map<string, readonly number[]>();
    for (const { arm, request: fresh } of jobsOf(cell, 8)) {
      const request = { ...fresh, start: at.get(arm.id) ?? arm.park };
      const found = legs(planner.plan(request));
      expect(faultsOf(cell, arm, request, found)).toEqual([]);
      at.set(arm.id, endOf(found[1]));
    }
    expect(at.size).toBe(2);
  });
});

describe('what cannot be planned', () => {
  const cell = cellAt('config/cells/four-arm.yaml');
  const planner = createJobPlanner(cell);
  const [first] = jobsOf(cell, 1);
  const failureOf = (change: Partial<JobPlanRequest>): string => {
    const result = planner.plan({ ...first.request, ...change });
    return result.status === 'failed' ? `${result.failure} | ${result.detail}` : result.status;
  };

  it('is named with the numbers that explain it', () => {
    expect(failureOf({ pickM: [5, 0, 0] })).toMatch(
      /^no-ik-solution \| pick: tip at \(5\.000, 0\.000, 0\.000\)/,
    );
    expect(failureOf({ item: { sizeM: [0.1, 0.1, 0.1], massKg: 40 } })).toMatch(
      /^payload-exceeded \| .*40 kg/,
    );
    const [x, y] = cell.places[0].positionM;
    expect(failureOf({ placeM: [x, y, cell.places[0].positionM[2] - 0.06] })).toMatch(
      /^(goal-in-collision|no-ik-solution) \| place: /,
    );
    expect(failureOf({ start: [0, 0.3, 0, 0, 0, 0] })).toMatch(
      /^start-in-collision \| where the arm stands .* mm$/,
    );
  });
});

const BENCH = '../shared/cells/bench-4-floor-1.json';
describe.skipIf(!existsSync(new URL(`../../../${BENCH}`, import.meta.url)))(
  `${BENCH} (skipped when absent)`,
  () => {
    it('has nearly every task planned by every arm that reaches it', () => {
      const cell = cellAt(BENCH);
      const planner = createJobPlanner(cell);
      const reach = solveReach(cell);
      let asked = 0;
      let found = 0;
      for (const task of cell.fixedTasks.filter((_, i) => i % 16 === 0)) {
        for (const armId of reach.armsFor(task.from, task.to)) {
          const arm = cell.arms.find((a) => a.id === armId)!;
          const request: JobPlanRequest = {
            requestId: task.id,
            armId,
            start: arm.park,
            pickM: task.pickM,
            placeM: task.placeM,
            item: { sizeM: task.itemSizeM, massKg: task.itemMassKg },
            elsewhere: [],
            others: [],
            planned: null,
            seed: 1,
            iterationsMax: 20_000,
          };
          const result = planner.plan(request);
          asked += 1;
          if (result.status === 'failed') continue;
          found += 1;
          expect(faultsOf(cell, arm, request, result.legs)).toEqual([]);
        }
      }
      expect(found / asked).toBeGreaterThanOrEqual(0.9);
    });
  },
);
