import type { Place } from '../controller/domain/cell.ts';
import { CELL_MARGIN_M, cellSizeM } from '../controller/domain/grid.ts';
import { solveReach } from '../controller/scheduling/reach.ts';
import type { Findings } from './findings.ts';
import { millimetres } from './findings.ts';

/** A grid cell narrower than this takes no goods worth picking, m. */
const GRID_CELL_MIN_M = 0.03;

/** Geometry of the places, and which arms serve them. */
export function checkPlaces(findings: Findings): void {
  const { cell } = findings.loaded;
  cell.places.forEach((place, index) => {
    for (const other of cell.places.slice(0, index)) apart(findings, place, other);
    notUnderArm(findings, place);
  });
  approach(findings);
  for (const kind of ['bin', 'station', 'induct'] as const) grid(findings, kind);
  reach(findings);
}

function apart(findings: Findings, place: Place, other: Place): void {
  const overlap = [0, 1, 2].map((axis) => {
    const [a, b] = [place, other].map((each) => {
      const half = axis === 2 ? 0 : each.innerSizeM[axis]! / 2;
      const low = each.positionM[axis]! - half;
      return [low, axis === 2 ? low + each.innerSizeM[2] : low + 2 * half] as const;
    }) as [readonly [number, number], readonly [number, number]];
    return Math.min(a[1], b[1]) - Math.max(a[0], b[0]);
  });
  if (overlap.some((length) => length <= 1e-9)) return;
  findings.error(
    findings.place(place.id, 'position_m'),
    `${place.id} and ${other.id} overlap by ${overlap.slice(0, 2).map(millimetres).join(' x ')}`,
    'move one of them',
  );
}

/** At the top of the approach what hangs under the tool has to be above the rim. */
function approach(findings: Findings): void {
  const { approachM, places } = findings.loaded.cell;
  const highest = places.reduce((a, b) => (b.innerSizeM[2] > a.innerSizeM[2] ? b : a), places[0]!);
  if (approachM > highest.innerSizeM[2]) return;
  findings.error(
    ['approach_m'],
    `is not longer than the walls of ${highest.id} are high, ${highest.innerSizeM[2]} m`,
    'an item lifted from the floor has to clear the rim: write more than the height of the walls',
  );
}

/** All containers of a kind have one grid. */
function grid(findings: Findings, kind: Place['kind']): void {
  const place = findings.loaded.cell.places.find((each) => each.kind === kind);
  if (place === undefined) return;
  const narrow = Math.min(...cellSizeM(place)) - 2 * CELL_MARGIN_M;
  if (narrow >= GRID_CELL_MIN_M) return;
  findings.error(
    ['containers', { bin: 'storage', station: 'order', induct: 'induct' }[kind], 'grid'],
    `leaves ${millimetres(Math.max(0, narrow))} for an item`,
    'divide the tote into fewer cells',
  );
}

function notUnderArm(findings: Findings, place: Place): void {
  for (const arm of findings.loaded.cell.arms) {
    const [x, y] = arm.X_WB.positionM;
    const inside = [x, y].every(
      (at, axis) => Math.abs(at - place.positionM[axis]!) < place.innerSizeM[axis]! / 2,
    );
    if (!inside) continue;
    findings.error(
      findings.place(place.id, 'position_m'),
      `${arm.id} stands in ${place.id}`,
      'move one of them',
    );
  }
}

/**
 * Every place is reached, floor and top of approach of each grid cell, by some arm; every storage place together with
 * some station by the same arm, and every induct with some storage place.
 */
function reach(findings: Findings): void {
  const { cell } = findings.loaded;
  if (cell.fixedTasks.length > 0) return;
  const table = solveReach(cell);
  const reached = (place: Place): boolean => cell.arms.some((arm) => table.reaches(arm.id, place.id));
  for (const place of cell.places) {
    if (reached(place)) continue;
    findings.error(
      findings.place(place.id, 'position_m'),
      `no arm reaches every grid cell of ${place.id}; the nearest base is ${nearest(findings, place)}`,
      'move it nearer to an arm (or further from it: an arm cannot reach down beside its own base)',
    );
  }
  const partners: readonly (readonly [Place['kind'], Place['kind'], string])[] = [
    ['bin', 'station', 'what lies there can go into no order tote'],
    ['station', 'bin', 'nothing can be picked into it'],
    ['induct', 'bin', 'what comes in there can be stowed nowhere'],
  ];
  for (const [from, to, consequence] of partners) {
    const targets = cell.places.filter((place) => place.kind === to && reached(place));
    for (const place of cell.places.filter((each) => each.kind === from && reached(each))) {
      if (targets.some((target) => table.armsFor(place.id, target.id).length > 0)) continue;
      findings.error(
        findings.place(place.id, 'position_m'),
        `no arm reaches ${place.id} together with a ${to}: ${consequence}`,
        'move it, so that one arm reaches both',
      );
    }
  }
  for (const arm of cell.arms) {
    if (cell.places.some((place) => table.reaches(arm.id, place.id))) continue;
    findings.error(
      findings.arm(arm.id, 'base'),
      `${arm.id} reaches no place`,
      'move its base, or remove the arm',
    );
  }
}

function nearest(findings: Findings, place: Place): string {
  const distances = findings.loaded.cell.arms.map(({ id, X_WB }) => {
    const [x, y] = X_WB.positionM;
    return { id, distanceM: Math.hypot(x - place.positionM[0], y - place.positionM[1]) };
  });
  distances.sort((a, b) => a.distanceM - b.distanceM);
  const [first] = distances;
  return first === undefined ? 'none' : `that of ${first.id}, ${first.distanceM.toFixed(2)} m away`;
}
