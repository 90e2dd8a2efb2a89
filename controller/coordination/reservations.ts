import type { CoordinationPolicy } from '../domain/cell.ts';
import type { PlannedLeg } from '../scheduling/job-plan.ts';

/**
 * Who may be where. An arm takes every zone that its whole job can touch, retreats included, before it starts, all
 * at once; so nobody ever waits for a zone while holding one that another waits for, beyond what it needs to get
 * away: no deadlock can be built. It gives each zone back as it leaves it for good.
 */

/** Zone id to the arm that holds it. */
export type ZoneHolders = Record<string, string>;

/** The one zone of policy `sequential`: whoever holds it is the only one to move. */
export const WHOLE_CELL = '*';

/** Zones that a job needs, sorted, so that all arms ask in the same order. */
export function zonesOf(policy: CoordinationPolicy, legs: readonly PlannedLeg[]): readonly string[] {
  if (policy === 'sequential') return [WHOLE_CELL];
  const zones = new Set<string>();
  for (const leg of legs) for (const span of leg.zones) zones.add(span.zoneId);
  return [...zones].sort();
}

/** The first zone that somebody else holds or has first claim to; null: all are to be had. */
export function firstHeldByOther(
  holders: ZoneHolders,
  claimed: ReadonlyMap<string, string>,
  armId: string,
  zones: readonly string[],
): { readonly zoneId: string; readonly holder: string } | null {
  for (const zoneId of zones) {
    const holder = holders[zoneId] ?? claimed.get(zoneId);
    if (holder !== undefined && holder !== armId) return { zoneId, holder };
  }
  return null;
}

export function take(holders: ZoneHolders, armId: string, zones: readonly string[]): void {
  for (const zoneId of zones) {
    const holder = holders[zoneId];
    if (holder !== undefined && holder !== armId) {
      throw new Error(`zone ${zoneId} was to be taken by ${armId} while ${holder} holds it`);
    }
    holders[zoneId] = armId;
  }
}

/** Zones an arm holds, sorted. */
export function heldBy(holders: ZoneHolders, armId: string): readonly string[] {
  return Object.keys(holders)
    .filter((zoneId) => holders[zoneId] === armId)
    .sort();
}

/** Gives back what the arm holds and neither keeps nor needs; returns whether anything was given back. */
export function giveBack(
  holders: ZoneHolders,
  armId: string,
  stillNeeded: (zoneId: string) => boolean,
): boolean {
  let given = false;
  for (const zoneId of heldBy(holders, armId)) {
    if (stillNeeded(zoneId)) continue;
    delete holders[zoneId];
    given = true;
  }
  return given;
}

/** Whether an arm at this progress of a leg, or on any leg that may follow, touches a zone. */
export function touchesFrom(
  zoneId: string,
  leg: PlannedLeg | undefined,
  progressUs: number,
  following: readonly PlannedLeg[],
): boolean {
  if (leg?.zones.some((span) => span.zoneId === zoneId && span.leaveUs > progressUs)) return true;
  return following.some((each) => each.zones.some((span) => span.zoneId === zoneId));
}

/** Progress values of a leg at which a zone is left for good: the arm reports as it passes them. */
export function leavingMarksUs(
  leg: PlannedLeg,
  legDurationUs: number,
  following: readonly PlannedLeg[],
): readonly number[] {
  const lastLeave = new Map<string, number>();
  for (const span of leg.zones) {
    lastLeave.set(span.zoneId, Math.max(lastLeave.get(span.zoneId) ?? 0, span.leaveUs));
  }
  const marks = new Set<number>();
  for (const [zoneId, leaveUs] of lastLeave) {
    if (leaveUs < legDurationUs && !touchesFrom(zoneId, undefined, 0, following)) marks.add(leaveUs);
  }
  return [...marks].sort((a, b) => a - b);
}
