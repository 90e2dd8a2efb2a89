import { brakingTable, latestBrake } from '../../arms/trajectory/braking.ts';
import type { DependencyGraph } from '../coordination/dependency-graph.ts';
import { judgeGraph } from '../coordination/graph-verdict.ts';
import { startTimes } from '../coordination/grants.ts';
import type { RegionsOf, TimedLeg } from '../coordination/timed-graph.ts';
import { graphOfSchedule } from '../coordination/timed-graph.ts';
import type { MotionLibrary } from './motion-library.ts';
import type { PlannedEntry } from './space-time.ts';

/** A schedule as what is executed: legs in order, who passes where first, and when each leg had best set out. */
export interface ReleasedPlan {
  readonly entries: readonly (readonly PlannedEntry[])[];
  readonly graph: DependencyGraph;
}

/**
 * Makes the graph of a schedule and moves all its legs forward as far as the graph lets them, so that what was kept
 * free for retreats which were not needed is made use of.
 *
 * @throws when legs of the schedule meet, or its graph cannot be completed: both are excluded by how schedules are made
 */
export function releasePlan(
  library: MotionLibrary,
  plans: readonly (readonly PlannedEntry[])[],
  neighbours: readonly (readonly number[])[],
  regionsOf: RegionsOf,
): ReleasedPlan {
  const sequences = plans.map((entries, arm) =>
    entries.map(({ leg, startUs }, k): TimedLeg => {
      const { limits } = library.arms[arm];
      return {
        id: `${library.cell.arms[arm].id}/${k}`,
        armId: library.cell.arms[arm].id,
        durationUs: leg.durationUs,
        startUs,
        samples: leg.samples(),
        brakeFromUs: (atUs) => {
          if (atUs >= leg.durationUs) return leg.durationUs;
          const brake = latestBrake(brakingTable(leg.trajectory, limits), 1, 0, atUs * 1e-6);
          return brake === null ? 0 : Math.max(0, Math.floor(brake.startS * 1e6) - GRANT_LAG_US);
        },
      };
    }),
  );
  const built = graphOfSchedule(sequences, neighbours, regionsOf, 'needed');
  if (built.status === 'conflict') {
    const { aFromUs, aUntilUs, bFromUs, bUntilUs } = built.region;
    const starts = built.legIds.map((id) => sequences.flat().find((leg) => leg.id === id)!.startUs);
    throw new Error(
      `the schedule has ${built.legIds.join(' and ')} too close: begun at ${starts.join(' and ')} us, ` +
        `contested at ${aFromUs} to ${aUntilUs} and ${bFromUs} to ${bUntilUs} us of progress`,
    );
  }
  const verdict = judgeGraph(built.graph);
  if (verdict.status === 'cyclic') {
    const waits = verdict.cycle.map(({ precedence: { first, then } }) => `${then.legId} for ${first.legId}`);
    throw new Error(`the schedule cannot be completed: ${waits.join(', ')}`);
  }
  const progress = sequences.map(() => ({ leg: 0, progressUs: 0 }));
  const starts = startTimes(built.graph, progress, 0);
  const entries = plans.map((list, arm) =>
    list.map((entry, k): PlannedEntry => ({ ...entry, startUs: starts?.[arm][k] ?? entry.startUs })),
  );
  return { entries, graph: built.graph };
}

/** A grant is given out with the samples of progress: up to one of them late. */
const GRANT_LAG_US = 15_000;
