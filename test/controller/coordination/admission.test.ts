import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit } from '../../../controller/coordination/admission.ts';
import type { Encounter } from '../../../controller/coordination/admission.ts';
import type { ConflictRegion } from '../../../controller/coordination/conflict-regions.ts';
import { judgeGraph } from '../../../controller/coordination/graph-verdict.ts';
import type { DependencyGraph, GraphLeg } from '../../../controller/coordination/dependency-graph.ts';
import { forecast, HANDOVER_US, REST_SLACK_US } from '../../../controller/coordination/forecast.ts';
import type { Situation } from '../../../controller/coordination/forecast.ts';
import type { ArmProgress } from '../../../controller/coordination/grants.ts';
import { grantOf, grantTable } from '../../../controller/coordination/grants.ts';

const SECOND = 1_000_000;

function leg(id: string, durationS = 4): GraphLeg {
  return { id, armId: id.split('.')[0]!, durationUs: durationS * SECOND };
}

/** A rectangle of the diagram of two legs of four seconds, in seconds of each. */
function region(a: readonly [number, number], b: readonly [number, number]): ConflictRegion {
  const [aFromUs, aUntilUs, bFromUs, bUntilUs] = [a[0], a[1], b[0], b[1]].map((s) => s * SECOND) as [
    number,
    number,
    number,
    number,
  ];
  return {
    aFromUs,
    aUntilUs,
    bFromUs,
    bUntilUs,
    aFirst: [{ firstUs: aUntilUs, thenUs: bFromUs }],
    bFirst: [{ firstUs: bUntilUs, thenUs: aFromUs }],
    aEnds: a[1] === 4,
    bEnds: b[1] === 4,
  };
}

function meets(
  ownLegId: string,
  a: readonly [number, number],
  otherLegId: string,
  b: readonly [number, number],
): Encounter {
  return { ownLegId, otherLegId, region: region(a, b) };
}

function at(progress: readonly ArmProgress[]): Situation {
  return { progress, standsUs: progress.map(() => 0), dwellUs: () => 0 };
}

const START: readonly ArmProgress[] = [
  { leg: 0, progressUs: 0 },
  { leg: 0, progressUs: 0 },
];

/** Arm A goes out and comes home; B has nothing yet. */
const ALONE: DependencyGraph = { sequences: [[leg('A.out'), leg('A.home')], []], conflicts: [] };

function admitted(outcome: ReturnType<typeof admit>): Extract<typeof outcome, { status: 'admitted' }> {
  if (outcome.status !== 'admitted') throw new Error(`refused at ${outcome.otherLegId}`);
  return outcome;
}

describe('a forecast', () => {
  it('adds up legs, stops and waiting', () => {
    const conflict = {
      id: 'c',
      legIds: ['A.out', 'B.out'] as const,
      orders: [
        [
          {
            first: { legId: 'A.out', atUs: 2 * SECOND },
            then: { legId: 'B.out', atUs: SECOND, brakeUs: SECOND },
          },
        ],
        null,
      ] as const,
      chosen: 0 as const,
    };
    const graph = { sequences: [[leg('A.out')], [leg('B.out'), leg('B.home')]], conflicts: [conflict] };
    const outcome = forecast(graph, { progress: START, standsUs: [500_000, 0], dwellUs: () => 300_000 });
    if (outcome.status !== 'completes') throw new Error('a cycle was seen where there is none');
    const when = (legId: string, atS: number) => outcome.forecast.instantUs({ legId, atUs: atS * SECOND });
    expect(when('A.out', 2)).toBe(2_500_000);
    expect(when('B.out', 1)).toBe(1_000_000);
    const goesOnUs = 2_500_000 + REST_SLACK_US + HANDOVER_US;
    expect(when('B.out', 4)).toBe(goesOnUs + 3 * SECOND);
    expect(when('B.home', 0)).toBe(goesOnUs + 3 * SECOND + 300_000);
  });

  it('names what waits for itself', () => {
    const wait = (first: string, then: string) => ({
      id: `${first}-${then}`,
      legIds: [first, then] as const,
      orders: [
        [{ first: { legId: first, atUs: 2 * SECOND }, then: { legId: then, atUs: SECOND, brakeUs: SECOND } }],
        null,
      ] as const,
      chosen: 0 as const,
    });
    const graph = {
      sequences: [[leg('A.out')], [leg('B.out')]],
      conflicts: [wait('A.out', 'B.out'), wait('B.out', 'A.out')],
    };
    const outcome = forecast(graph, at(START));
    expect(outcome.status).toBe('cycle');
    if (outcome.status === 'cycle') {
      expect(new Set(outcome.passages.map(({ legId }) => legId))).toEqual(new Set(['A.out', 'B.out']));
    }
  });
});

describe('admission', () => {
  const legs = [leg('B.out'), leg('B.home')];

  it('lets whoever is there sooner go first', () => {
    const encounters = [meets('B.out', [1, 2], 'A.out', [3, 4])];
    const early = admitted(admit(ALONE, at(START), START, { arm: 1, keeps: 0, legs, encounters }));
    expect(early.graph.conflicts[0]!.orders[early.graph.conflicts[0]!.chosen]![0]!.first.legId).toBe('B.out');
    const late = [meets('B.out', [3, 4], 'A.out', [1, 2])];
    const waits = admitted(admit(ALONE, at(START), START, { arm: 1, keeps: 0, legs, encounters: late }));
    expect(waits.graph.conflicts[0]!.orders[waits.graph.conflicts[0]!.chosen]![0]!.first.legId).toBe('A.out');
  });

  it('takes nothing back that an arm was told', () => {
    const committed = [{ leg: 0, progressUs: 4 * SECOND }, START[1]!];
    const encounters = [meets('B.out', [1, 2], 'A.out', [3, 3.5])];
    const { graph } = admitted(admit(ALONE, at(START), committed, { arm: 1, keeps: 0, legs, encounters }));
    expect(graph.conflicts[0]!.chosen).toBe(1);
  });

  it('says which rule decided an order, and decides otherwise without what the rule names', () => {
    const application = { arm: 1, keeps: 0, legs };
    const sooner = [meets('B.out', [1, 2], 'A.out', [3, 3.5])];
    const free = admitted(admit(ALONE, at(START), START, { ...application, encounters: sooner }));
    expect(free.decisions).toMatchObject([{ first: 'own', rule: 'less-delay', delayUs: 0 }]);
    expect(free.decisions[0]!.otherDelayUs).toBeGreaterThan(0);
    // Told to go in, the other one cannot be made to wait any more.
    const told = [{ leg: 0, progressUs: 4 * SECOND }, START[1]!];
    const late = admitted(admit(ALONE, at(START), told, { ...application, encounters: sooner }));
    expect(late.decisions).toMatchObject([{ first: 'other', rule: 'only-order' }]);
    // Each place is decided by its own costs.
    const crossing = [
      meets('B.out', [1, 2], 'A.out', [2.6, 3.4]),
      meets('B.out', [2.5, 3.5], 'A.out', [1, 1.5]),
    ];
    const both = admitted(admit(ALONE, at(START), START, { ...application, encounters: crossing }));
    expect(both.decisions).toMatchObject([
      { first: 'own', rule: 'less-delay' },
      { first: 'other', rule: 'less-delay' },
    ]);
    for (const { delayUs, otherDelayUs } of both.decisions) expect(delayUs).toBeLessThan(otherDelayUs);
  });

  it('gives one order to what meets at a rest between two legs', () => {
    const encounters = [meets('B.out', [3, 4], 'A.out', [1, 2]), meets('B.home', [0, 1], 'A.out', [1, 3])];
    const { graph } = admitted(admit(ALONE, at(START), START, { arm: 1, keeps: 0, legs, encounters }));
    expect(graph.conflicts).toHaveLength(1);
    expect(graph.conflicts[0]!.orders[0]).toHaveLength(2);
  });

  it('lets an arm that stands in the way leave first', () => {
    // B stands where it has put something down, and A will come by.
    const graph: DependencyGraph = {
      sequences: [[leg('A.out'), leg('A.home')], [leg('B.stand', 0)]],
      conflicts: [],
    };
    const encounters = [meets('B.out', [0, 1], 'A.out', [0.5, 2])];
    const { graph: after } = admitted(admit(graph, at(START), START, { arm: 1, keeps: 0, legs, encounters }));
    expect(after.conflicts[0]!.chosen).toBe(0);
  });

  it('refuses what would end in two arms waiting for each other', () => {
    // A is on its way to where B stands, B would have to pass where A is already.
    const committed = [{ leg: 0, progressUs: 2 * SECOND }, START[1]!];
    const situation = at([{ leg: 0, progressUs: SECOND }, START[1]!]);
    const encounters = [
      meets('B.out', [0, 0.5], 'A.out', [3, 3.5]),
      meets('B.out', [0.2, 2], 'A.out', [1, 3.5]),
    ];
    const graph: DependencyGraph = { sequences: [ALONE.sequences[0]!, [leg('B.stand', 0)]], conflicts: [] };
    const outcome = admit(graph, situation, committed, { arm: 1, keeps: 0, legs, encounters });
    expect(outcome.status).toBe('refused');
  });

  it('never builds a deadlock, and whoever keeps to the grants never meets anybody', () => {
    const interval = fc
      .tuple(fc.integer({ min: 2, max: 33 }), fc.integer({ min: 1, max: 6 }))
      .map(([from, length]) => [from / 10, (from + length) / 10] as const);
    const meeting = fc.record({ own: fc.nat(2), other: fc.nat(200), a: interval, b: interval });
    const newcomer = fc.record({ arm: fc.nat(3), meetings: fc.array(meeting, { maxLength: 6 }) });
    fc.assert(
      fc.property(
        fc.array(newcomer, { minLength: 2, maxLength: 8 }),
        fc.array(fc.nat(3), { minLength: 40, maxLength: 80 }),
        (newcomers, turns) => {
          const progress: ArmProgress[] = Array.from({ length: 4 }, () => ({ leg: 0, progressUs: 0 }));
          let graph: DependencyGraph = { sequences: [[], [], [], []], conflicts: [] };
          const accepted: Encounter[] = [];
          newcomers.forEach(({ arm, meetings }, number) => {
            const own = ['reach', 'carry', 'home'].map((name) => leg(`${arm}.${number}.${name}`));
            const others = graph.sequences.flatMap((sequence, k) => (k === arm ? [] : sequence));
            const encounters = disjoint(
              meetings.flatMap(({ own: k, other, a, b }) =>
                others.length === 0 ? [] : [meets(own[k]!.id, a, others[other % others.length]!.id, b)],
              ),
            );
            const keeps = graph.sequences[arm]!.length;
            const outcome = admit(graph, at(progress), progress, { arm, keeps, legs: own, encounters });
            // Beginning where nobody comes, a job can always wait for everybody.
            expect(outcome.status).toBe('admitted');
            if (outcome.status !== 'admitted') return;
            graph = outcome.graph;
            accepted.push(...encounters);
            expect(judgeGraph(graph).status).toBe('accepted');
          });
          drive(graph, progress, accepted, turns);
        },
      ),
      { numRuns: 80 },
    );
  });
});

/** Regions of two legs that overlap would be one region. */
function disjoint(encounters: readonly Encounter[]): Encounter[] {
  const kept: Encounter[] = [];
  for (const each of encounters) {
    const clashes = kept.some(
      (other) => other.ownLegId === each.ownLegId && other.otherLegId === each.otherLegId,
    );
    if (!clashes) kept.push(each);
  }
  return kept;
}

/** Lets arms go on in an arbitrary order, each by an arbitrary bit, always within its grant, until all are done. */
function drive(
  graph: DependencyGraph,
  progress: ArmProgress[],
  encounters: readonly Encounter[],
  turns: readonly number[],
): void {
  const table = grantTable(graph);
  const place = new Map(
    graph.sequences.flatMap((sequence, arm) =>
      sequence.map(({ id }, index) => [id, { arm, index }] as const),
    ),
  );
  const inside = (legId: string, fromUs: number, untilUs: number): boolean => {
    const { arm, index } = place.get(legId)!;
    const now = progress[arm]!;
    return now.leg === index && now.progressUs > fromUs && now.progressUs < untilUs;
  };
  const isDone = (arm: number): boolean => progress[arm]!.leg >= graph.sequences[arm]!.length;
  for (let round = 0; round < 4_000 && !progress.every((_, arm) => isDone(arm)); round += 1) {
    let moved = false;
    for (let k = 0; k < 4; k += 1) {
      const arm = (turns[round % turns.length]! + k) % 4;
      if (isDone(arm)) continue;
      const grant = grantOf(table, progress, arm);
      const now = progress[arm]!;
      const end = graph.sequences[arm]![now.leg]!.durationUs;
      const limit = grant.leg > now.leg ? end : grant.untilUs;
      if (limit <= now.progressUs && limit < end) continue;
      const next = Math.min(limit, now.progressUs + 130_000);
      progress[arm] = next >= end ? { leg: now.leg + 1, progressUs: 0 } : { leg: now.leg, progressUs: next };
      moved = true;
      for (const { ownLegId, otherLegId, region: r } of encounters) {
        const both = inside(ownLegId, r.aFromUs, r.aUntilUs) && inside(otherLegId, r.bFromUs, r.bUntilUs);
        if (both) throw new Error(`${ownLegId} and ${otherLegId} meet`);
      }
      break;
    }
    if (!moved) throw new Error('nobody may go on');
  }
  expect(progress.every((_, arm) => isDone(arm))).toBe(true);
}
