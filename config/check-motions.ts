import type { Vec3 } from '../arms/geometry/pose.ts';
import type { ArmModel, Place } from '../controller/domain/cell.ts';
import { CELL_MARGIN_M, RIM_MARGIN_M, cellCentreM, cellCount, cellSizeM } from '../controller/domain/grid.ts';
import { createJobPlanner } from '../controller/scheduling/job-planner.ts';
import type { JobPlanner } from '../controller/scheduling/job-planner.ts';
import type { Item } from '../controller/scheduling/job-plan.ts';
import { solveReach } from '../controller/scheduling/reach.ts';
import type { Findings } from './findings.ts';

/** Work allowed for one job, in checked configurations: far more than the service spends on it. */
const ITERATIONS_MAX = 50_000;
/** Jobs tried for each pair of places; the grid cells take turns from pair to pair. */
const JOBS_PER_PAIR = 2;
/** Jobs tried in one check; a cell with more pairs than this is tried in part, and says so. */
const JOBS_MAX = 2_000;

/** Pairs of kinds between which units are moved: picks, and stowing from the inducts. */
const TRANSFERS: readonly (readonly [Place['kind'], Place['kind']])[] = [
  ['bin', 'station'],
  ['induct', 'bin'],
];

/**
 * Whether there are motions, not only joint positions, with the largest item that fits: for every arm and every pair
 * of places it reaches, at the floor. The grid cells take turns, so that those of a place are all tried when an arm
 * reaches it together with a few others; not all combinations are.
 */
export function checkMotions(findings: Findings): void {
  const { cell } = findings.loaded;
  if (cell.fixedTasks.length > 0) return;
  const planner = createJobPlanner(cell);
  const table = solveReach(cell);
  let jobs = 0;
  for (const arm of cell.arms) {
    for (const [fromKind, toKind] of TRANSFERS) {
      for (const from of cell.places.filter(({ kind }) => kind === fromKind)) {
        for (const to of cell.places.filter(({ kind }) => kind === toKind)) {
          if (!table.armsFor(from.id, to.id).includes(arm.id)) continue;
          if (jobs + JOBS_PER_PAIR > JOBS_MAX) {
            const problem = `more than ${JOBS_MAX} motions would have to be tried; the rest was not`;
            findings.warning(findings.arm(arm.id), problem, 'check parts of the cell in files of their own');
            return;
          }
          tryPair(findings, planner, { arm, from, to, first: jobs });
          jobs += JOBS_PER_PAIR;
        }
      }
    }
  }
}

function tryPair(
  findings: Findings,
  planner: JobPlanner,
  { arm, from, to, first }: { arm: ArmModel; from: Place; to: Place; first: number },
): void {
  const item = largestItem(from, to, arm);
  for (let k = first; k < first + JOBS_PER_PAIR; k += 1) {
    const [fromCell, toCell] = [k % cellCount(from), k % cellCount(to)];
    const result = planner.plan({
      requestId: 'check',
      armId: arm.id,
      start: arm.park,
      pickM: raised(cellCentreM(from, fromCell), item.sizeM[2]),
      placeM: raised(cellCentreM(to, toCell), item.sizeM[2]),
      item,
      elsewhere: [],
      others: [],
      planned: null,
      seed: 1,
      iterationsMax: ITERATIONS_MAX,
    });
    if (result.status === 'planned') continue;
    findings.error(
      findings.place(from.id, 'position_m'),
      `${arm.id} finds no motion from ${from.id} (grid cell ${fromCell}) to ${to.id} (grid cell ${toCell}) with an item ` +
        `of ${item.sizeM.map((side) => side.toFixed(3)).join(' x ')} m: ${result.failure}, ${result.detail}`,
      'move one of the places, nearer to the arm or out of its reach, or what is in the way',
    );
    return;
  }
}

function raised([x, y, z]: Vec3, byM: number): Vec3 {
  return [x, y, z + byM];
}

/** The largest item that fits a grid cell of both places, two of them on one another below the rims. */
function largestItem(from: Place, to: Place, arm: ArmModel): Item {
  const least = (of: (place: Place) => number): number => Math.min(of(from), of(to));
  return {
    sizeM: [
      least((place) => cellSizeM(place)[0] - 2 * CELL_MARGIN_M),
      least((place) => cellSizeM(place)[1] - 2 * CELL_MARGIN_M),
      least((place) => (place.innerSizeM[2] - RIM_MARGIN_M) / 2),
    ],
    massKg: arm.manipulator.tool.payloadMaxKg / 2,
  };
}
