import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../arms/geometry/random.ts';
import { isConflict } from '../../../controller/coordination/conflict-table.ts';
import type { DependencyGraph, GraphEvent } from '../../../controller/coordination/dependency-graph.ts';
import { precedencesOf } from '../../../controller/coordination/dependency-graph.ts';
import { judgeGraph, withoutRedundant } from '../../../controller/coordination/graph-verdict.ts';
import type { ArmProgress } from '../../../controller/coordination/grants.ts';
import { grantOf, grantsOf, grantTable, startTimes } from '../../../controller/coordination/grants.ts';
import { cheapestBreak, switchOrder } from '../../../controller/coordination/order-switch.ts';
import type { TimedLeg } from '../../../controller/coordination/timed-graph.ts';
import { graphOfSchedule, regionsWith } from '../../../controller/coordination/timed-graph.ts';
import { BALL_M, ballAt, ballLeg, STEP_US } from './moving-balls.ts';
import type { Point } from './moving-balls.ts';

const MARGIN_M = 0.02;
const LEGS = 4;
const POINTS = 7;

/** Balls that go from places of their own into a narrow common room, about in it, and back. */
function routes(seed: number, arms: number): TimedLeg[][] {
  const random = seededRandom(seed);
  return Array.from({ length: arms }, (_, arm) => {
    const angle = (2 * Math.PI * arm) / arms;
    const home: Point = [2 * Math.cos(angle), 2 * Math.sin(angle)];
    let at = home;
    return Array.from({ length: LEGS }, (__, k) => {
      const to: Point = k === LEGS - 1 ? home : [random() - 0.5, random() - 0.5];
      const from = at;
      const points = Array.from({ length: POINTS }, (___, n): Point => {
        const u = n / (POINTS - 1);
        return [from[0] + u * (to[0] - from[0]), from[1] + u * (to[1] - from[1])];
      });
      at = to;
      const samples = ballLeg(`arm-${arm}`, points);
      return {
        id: `arm-${arm}/${k}`,
        armId: `arm-${arm}`,
        durationUs: samples.durationUs,
        startUs: 0,
        samples,
        // A ball can stop at once.
        brakeFromUs: (atUs: number) => atUs,
      };
    });
  });
}

/** The legs with starts: one arm after the other, then moved forward at random as long as the schedule is one. */
function scheduled(seed: number, arms: number): TimedLeg[][] {
  const random = seededRandom(seed + 1);
  let clock = 0;
  let best = routes(seed, arms).map((sequence) =>
    sequence.map((leg) => {
      const startUs = clock;
      clock += leg.durationUs + STEP_US;
      return { ...leg, startUs };
    }),
  );
  const regions = regionsWith(MARGIN_M);
  for (let tries = 0; tries < 60; tries += 1) {
    const arm = Math.floor(random() * arms);
    const from = Math.floor(random() * LEGS);
    const by = Math.floor(random() * best[arm][from].startUs);
    const moved = best.map((sequence, a) =>
      a !== arm
        ? sequence
        : sequence.map((leg, k) => (k < from ? leg : { ...leg, startUs: leg.startUs - by })),
    );
    const before = moved[arm][from - 1];
    if (before !== undefined && before.startUs + before.durationUs > moved[arm][from].startUs) continue;
    if (graphOfSchedule(moved, everyone(arms), regions, 'all').status === 'built') best = moved;
  }
  return best;
}

function everyone(arms: number): number[][] {
  return Array.from({ length: arms }, (_, a) =>
    Array.from({ length: arms }, (__, b) => b).filter((b) => b !== a),
  );
}

function graphOf(
  sequences: readonly (readonly TimedLeg[])[],
  extent: 'all' | 'needed' = 'all',
): DependencyGraph {
  const built = graphOfSchedule(sequences, everyone(sequences.length), regionsWith(MARGIN_M), extent);
  if (built.status !== 'built') throw new Error('not a schedule');
  return built.graph;
}

/**
 * Lets the arms go on by whims within their grants until all are done, and says how close they came; null when they
 * got stuck.
 */
function execute(
  graph: DependencyGraph,
  sequences: readonly (readonly TimedLeg[])[],
  seed: number,
): number | null {
  const random = seededRandom(seed);
  const table = grantTable(graph);
  const progress = sequences.map((): ArmProgress => ({ leg: 0, progressUs: 0 }));
  const spot = (arm: number): Point => {
    const { leg, progressUs } = progress[arm];
    const done = leg === sequences[arm].length;
    const { samples } = sequences[arm][done ? leg - 1 : leg];
    return ballAt(samples, done ? samples.durationUs : progressUs);
  };
  let closest = Infinity;
  for (let idle = 0; idle < 400; idle += 1) {
    const arm = Math.floor(random() * sequences.length);
    const { leg, progressUs } = progress[arm];
    if (leg === sequences[arm].length) {
      if (progress.every((each, a) => each.leg === sequences[a].length)) return closest;
      continue;
    }
    const grant = grantOf(table, progress, arm);
    const endUs = sequences[arm][leg].durationUs;
    const untilUs = grant.leg > leg ? endUs : grant.untilUs;
    const next = Math.min(untilUs, progressUs + Math.ceil(random() * 150_000));
    if (next > progressUs) idle = 0;
    const ended = next >= endUs && grant.leg > leg;
    if (ended) idle = 0;
    progress[arm] = ended
      ? { leg: leg + 1, progressUs: 0 }
      : next >= endUs && leg === sequences[arm].length - 1
        ? { leg: leg + 1, progressUs: 0 }
        : { leg, progressUs: Math.max(progressUs, next) };
    const [x, y] = spot(arm);
    for (let other = 0; other < sequences.length; other += 1) {
      if (other === arm) continue;
      const [u, v] = spot(other);
      closest = Math.min(closest, Math.hypot(x - u, y - v) - 2 * BALL_M);
    }
  }
  return null;
}

const seeds = fc.integer({ min: 0, max: 1_000_000 });

describe('a dependency graph made of a schedule', () => {
  it('is acyclic, and its certificate keeps every demand', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 5 }), (seed, arms) => {
        const graph = graphOf(scheduled(seed, arms));
        const verdict = judgeGraph(graph);
        expect(verdict.status).toBe('accepted');
        if (verdict.status === 'accepted') expect(broken(graph, verdict.order)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps arms apart and lets them finish, however fast or slow each of them is', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 5 }), seeds, (seed, arms, whim) => {
        const sequences = scheduled(seed, arms);
        const graphs = [graphOf(sequences), graphOf(sequences, 'needed')];
        for (const graph of [...graphs, ...graphs.map(withoutRedundant)]) {
          const closest = execute(graph, sequences, whim);
          expect(closest).not.toBeNull();
          expect(closest!).toBeGreaterThanOrEqual(MARGIN_M);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('still does after orders were switched', () => {
    let switched = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 4 }), seeds, (seed, arms, whim) => {
        const sequences = scheduled(seed, arms);
        let graph = graphOf(sequences);
        const progress = sequences.map(() => ({ leg: 0, progressUs: 0 }));
        const random = seededRandom(whim);
        for (let tries = 0; tries < 12 && graph.conflicts.length > 0; tries += 1) {
          const { id } = graph.conflicts[Math.floor(random() * graph.conflicts.length)];
          const turned = switchOrder(graph, id, progress);
          if (turned.status !== 'switched') continue;
          graph = turned.graph;
          switched += 1;
        }
        const closest = execute(graph, sequences, whim);
        expect(closest).not.toBeNull();
        expect(closest!).toBeGreaterThanOrEqual(MARGIN_M);
      }),
      { numRuns: 60 },
    );
    expect(switched).toBeGreaterThan(20);
  });

  it('loses no more than demands that follow from others', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const graph = graphOf(scheduled(seed, 4));
        const less = withoutRedundant(graph);
        const count = (g: DependencyGraph): number => g.conflicts.flatMap((c) => precedencesOf(c)).length;
        expect(count(less)).toBeLessThanOrEqual(count(graph));
        const progress = graph.sequences.map(() => ({ leg: 0, progressUs: 0 }));
        expect(startTimes(less, progress, 0)).toEqual(startTimes(graph, progress, 0));
      }),
      { numRuns: 30 },
    );
  });

  it('begins legs no later than the schedule did when nobody is late', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const sequences = scheduled(seed, 3);
        const progress = sequences.map(() => ({ leg: 0, progressUs: 0 }));
        const starts = startTimes(graphOf(sequences), progress, 0);
        expect(starts).not.toBeNull();
        sequences.forEach((sequence, arm) =>
          sequence.forEach((leg, k) => expect(starts![arm][k]).toBeLessThanOrEqual(leg.startUs)),
        );
      }),
      { numRuns: 30 },
    );
  });
});

/** Demands of which the order tells the second event before the first. */
function broken(graph: DependencyGraph, order: readonly GraphEvent[]): string[] {
  const key = (kind: string, legId: string, atUs: number): string => `${kind}|${legId}|${atUs}`;
  const position = new Map(order.map((event, k) => [key(event.kind, event.legId, event.atUs), k]));
  return graph.conflicts.flatMap((conflict) =>
    precedencesOf(conflict)
      .filter(({ first, then }) => {
        const before = position.get(key('reach', first.legId, first.atUs));
        const after = position.get(key('leave', then.legId, then.atUs));
        return before === undefined || after === undefined || before >= after;
      })
      .map(() => conflict.id),
  );
}

describe('a graph that locks up', () => {
  /** Two arms that swap places through two gates, each first at the gate that the other needs next. */
  const graph: DependencyGraph = {
    sequences: [[{ id: 'a', armId: 'A', durationUs: 100 }], [{ id: 'b', armId: 'B', durationUs: 300 }]],
    conflicts: [
      {
        id: 'near-a',
        legIds: ['a', 'b'],
        orders: [
          [{ first: { legId: 'a', atUs: 90 }, then: { legId: 'b', atUs: 60, brakeUs: 60 } }],
          [{ first: { legId: 'b', atUs: 90 }, then: { legId: 'a', atUs: 10, brakeUs: 10 } }],
        ],
        chosen: 1,
      },
      {
        id: 'near-b',
        legIds: ['a', 'b'],
        orders: [
          [{ first: { legId: 'a', atUs: 80 }, then: { legId: 'b', atUs: 20, brakeUs: 20 } }],
          [{ first: { legId: 'b', atUs: 50 }, then: { legId: 'a', atUs: 60, brakeUs: 60 } }],
        ],
        chosen: 0,
      },
    ],
  };
  const atRest = [
    { leg: 0, progressUs: 0 },
    { leg: 0, progressUs: 0 },
  ];

  it('is refused with its cycle and the cheapest way to break it', () => {
    const verdict = judgeGraph(graph);
    if (verdict.status !== 'cyclic') throw new Error('accepted');
    expect(verdict.cycle.map((step) => step.conflictId).sort()).toEqual(['near-a', 'near-b']);
    const way = cheapestBreak(graph, verdict.cycle, atRest, 0);
    // Letting b through both gates first is done at 300, a through both first at 360.
    expect(way).toMatchObject({ conflictId: 'near-b', first: 'b', completedUs: 300 });
    expect(judgeGraph(way!.graph).status).toBe('accepted');
  });

  it('cannot be switched when the arm that would wait is past the place', () => {
    const late = [
      { leg: 0, progressUs: 0 },
      { leg: 0, progressUs: 70 },
    ];
    expect(switchOrder(graph, 'near-a', late).status).toBe('too-late');
  });

  it('grants up to the first demand that is not met, and says which it is', () => {
    const [a, b] = grantsOf(graph, atRest);
    expect(a).toMatchObject({ armId: 'A', leg: 0, untilUs: 10 });
    expect(b).toMatchObject({ armId: 'B', leg: 0, untilUs: 20, heldBy: graph.conflicts[1].orders[0]![0] });
  });
});

describe('cells of moving balls', () => {
  it('meet whenever the balls could, anywhere in them', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [[, a], [, b]] = routes(seed, 2);
        const random = seededRandom(seed);
        for (let n = 0; n < 60; n += 1) {
          const p = random() * a.durationUs;
          const q = random() * b.durationUs;
          const [x, y] = ballAt(a.samples, p);
          const [u, v] = ballAt(b.samples, q);
          if (Math.hypot(x - u, y - v) - 2 * BALL_M >= MARGIN_M) continue;
          const cells = [Math.round(p / STEP_US), Math.round(q / STEP_US)];
          expect(isConflict(a.samples, cells[0], b.samples, cells[1], MARGIN_M)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
