import { parkZones } from '../controller/coordination/zones.ts';
import { solveReach } from '../controller/scheduling/reach.ts';
import type { Zone } from '../controller/domain/cell.ts';
import type { Findings } from './findings.ts';
import { millimetres } from './findings.ts';

/**
 * Whether arms can work side by side with these zones: none overlap, every place lies in a zone, resting arms hold
 * none in common, and no resting arm holds a place that others need.
 */
export function checkZones(findings: Findings): void {
  const { cell } = findings.loaded;
  const { zones } = cell;
  zones.forEach((zone, index) => {
    for (const other of zones.slice(0, index)) {
      const overlap = [0, 1].map(
        (k) => Math.min(zone.maxM[k]!, other.maxM[k]!) - Math.max(zone.minM[k]!, other.minM[k]!),
      );
      if (overlap.some((length) => length <= 1e-6)) continue;
      findings.error(
        ['zones'],
        `${zone.id} and ${other.id} overlap by ${overlap.map(millimetres).join(' x ')}`,
        'zones lie side by side: move an edge of one of them',
      );
    }
  });
  for (const place of cell.places) {
    const [x, y] = place.positionM;
    if (zones.some((zone) => contains(zone, x, y))) continue;
    findings.error(['zones'], `no zone holds ${place.id}`, 'add one, so that arms do not meet there');
  }
  const holders = new Map<string, string>();
  for (const arm of cell.arms) {
    const held = parkZones(cell, arm.id);
    const path = findings.arm(arm.id, 'park_state', 'park_rad', 'home_rad');
    if (held.length === 0) {
      findings.error(path, `the resting ${arm.id} is in no zone`, 'let the zones cover where arms rest');
    }
    for (const zone of held) {
      const other = holders.get(zone);
      if (other !== undefined) {
        const problem = `${arm.id} and ${other} rest in the same zone ${zone}: they could never both rest`;
        findings.error(path, problem, 'turn a base or choose other poses to rest in, or divide the zone');
      }
      holders.set(zone, arm.id);
      closedPlaces(findings, arm.id, zone);
    }
  }
}

/** A place in the zone of a resting arm is closed to the other arms for as long as it rests. */
function closedPlaces(findings: Findings, armId: string, zoneId: string): void {
  const { cell } = findings.loaded;
  const zone = cell.zones.find(({ id }) => id === zoneId);
  if (zone === undefined || cell.fixedTasks.length > 0) return;
  const table = solveReach(cell);
  const closed = cell.places.filter((place) => contains(zone, place.positionM[0], place.positionM[1]));
  for (const other of cell.arms) {
    const needed = closed.filter((place) => table.reaches(other.id, place.id)).map(({ id }) => id);
    if (other.id === armId || needed.length === 0) continue;
    findings.error(
      findings.arm(armId, 'park_state', 'park_rad'),
      `the resting ${armId} holds zone ${zoneId} and closes ${needed.join(', ')} to ${other.id}`,
      'turn its base or choose another pose to rest in, or place its base further away',
    );
  }
}

function contains(zone: Zone, x: number, y: number): boolean {
  return x >= zone.minM[0] && x <= zone.maxM[0] && y >= zone.minM[1] && y <= zone.maxM[1];
}
