import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import type { ArmShape } from '../coordination/arm-shape.ts';
import { armShape } from '../coordination/arm-shape.ts';
import type { ConflictRegion, Passing } from '../coordination/conflict-regions.ts';
import { conflictRegions } from '../coordination/conflict-regions.ts';
import type { SampledLeg } from '../coordination/leg-samples.ts';
import { cellCount, sampleLeg } from '../coordination/leg-samples.ts';
import type { CellModel } from '../domain/cell.ts';
import type { AcceptedLeg, Item, JobPlanRequest, LegEncounter, PlannedLeg } from './job-plan.ts';

/** Progress between two looks along a leg, us. */
const STEP_US = 20_000;

/** Steps to which a passage is simplified: what is sent and kept stays small, an arm waits a little longer. */
const PASSINGS_MAX = 6;

/** Accepted legs whose samples are kept, since every job meets the same ones. */
const KEPT_MAX = 256;

/** Finds where legs of different arms would come closer than the cell's clearance. Serves one thread. */
export interface EncounterFinder {
  find(
    request: JobPlanRequest,
    legs: readonly PlannedLeg[],
  ): { readonly encounters: readonly LegEncounter[]; readonly pairs: number };
}

export function createEncounterFinder(cell: CellModel): EncounterFinder {
  const kept = new Map<string, { readonly trajectory: JointTrajectory; readonly samples: SampledLeg }>();
  const sampled = (armId: string, trajectory: JointTrajectory, item: Item | null): SampledLeg =>
    sampleLeg(shapeOf(cell, armId, item), trajectory, STEP_US, anywhere(trajectory));
  const accepted = (leg: AcceptedLeg): SampledLeg => {
    const known = kept.get(leg.legId);
    if (known !== undefined && isSame(known.trajectory, leg.trajectory)) return known.samples;
    const samples = sampled(leg.armId, leg.trajectory, leg.item);
    kept.delete(leg.legId);
    kept.set(leg.legId, { trajectory: leg.trajectory, samples });
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value as string);
    return samples;
  };
  return {
    find(request, legs) {
      const encounters: LegEncounter[] = [];
      for (const { name, trajectory } of legs) {
        const carried =
          name === 'carry' || (name === 'home' && request.pickM === null && request.placeM === null);
        const own = sampled(request.armId, trajectory, carried ? request.item : null);
        for (const other of request.others) {
          for (const region of conflictRegions(own, accepted(other), cell.clearanceM)) {
            const { aEnds, bEnds } = region;
            encounters.push({
              leg: name,
              otherLegId: other.legId,
              region: {
                ...simplified(region),
                // Motions keep clear of where other arms park: who is there is not in the way for good, however
                // close the looks just before it came.
                aEnds: aEnds && name !== 'home',
                bEnds: bEnds && !other.legId.endsWith('.home'),
              },
            });
          }
        }
      }
      return { encounters, pairs: legs.length * request.others.length };
    },
  };
}

/** Whole diagrams are asked for, in which stopping on the way makes no difference: each cell stands for itself. */
function anywhere(trajectory: JointTrajectory): Int32Array {
  return Int32Array.from({ length: cellCount(durationUs(trajectory), STEP_US) }, (_, cell) => cell);
}

function shapeOf(cell: CellModel, armId: string, item: Item | null): ArmShape {
  const arm = cell.arms.find(({ id }) => id === armId);
  if (arm === undefined) throw new Error(`the cell has no arm ${armId}`);
  return armShape(arm, item);
}

/** Ids are unique in a cell, but one planner may serve one run after the other. */
function isSame(a: JointTrajectory, b: JointTrajectory): boolean {
  if (a === b) return true;
  return (
    a.timesUs.length === b.timesUs.length &&
    a.timesUs.every((timeUs, k) => timeUs === b.timesUs[k]) &&
    a.positions.every((row, k) => row.every((value, j) => value === b.positions[k]?.[j]))
  );
}

function simplified(region: ConflictRegion): ConflictRegion {
  return { ...region, aFirst: fewer(region.aFirst), bFirst: fewer(region.bFirst) };
}

/** Neighbouring steps as one that demands no less: the earlier stop until the later passing. */
function fewer(passings: readonly Passing[]): readonly Passing[] {
  if (passings.length <= PASSINGS_MAX) return passings;
  return Array.from({ length: PASSINGS_MAX }, (_, k) => {
    const from = Math.floor((k * passings.length) / PASSINGS_MAX);
    const until = Math.floor(((k + 1) * passings.length) / PASSINGS_MAX) - 1;
    return { firstUs: passings[until]!.firstUs, thenUs: passings[from]!.thenUs };
  });
}
