import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import {
  firstHeldByOther,
  giveBack,
  heldBy,
  leavingMarksUs,
  take,
  touchesFrom,
  WHOLE_CELL,
  zonesOf,
} from '../coordination/reservations.ts';
import type { LegName, PlannedLeg } from '../scheduling/job-plan.ts';
import type { StepContext } from './context.ts';
import type { Hindrance, SpaceKeeper } from './space-keeper.ts';
import { legOf } from './stages.ts';
import type { ArmState, Job, JobStage } from './state.ts';

/**
 * Space by zones, for policies `sequential` (the cell is one zone) and `zone-interlock`: an arm takes every zone that
 * its whole job can touch before it begins, and gives each back as it leaves it for good.
 */
export const zoneSpace: SpaceKeeper = {
  arrange: () => undefined,

  admit(context, arm, next, claimed) {
    const zones = zonesOf(context.cell.policy, next.result?.legs ?? []);
    const held = firstHeldByOther(context.state.zones, claimed, arm.id, zones);
    if (held !== null) return hindranceAt(held);
    const other = yieldTurn(context, arm);
    if (other !== null) return other;
    take(context.state.zones, arm.id, zones);
    return null;
  },

  claims(context, waiting) {
    const claims = new Map<string, string>();
    for (const arm of waiting) {
      if (arm.next?.result == null || arm.waitingSinceUs === null) continue;
      if (context.nowUs - arm.waitingSinceUs < FIRST_CLAIM_AFTER_US) continue;
      for (const zoneId of zonesOf(context.cell.policy, arm.next.result.legs)) {
        if (!claims.has(zoneId)) claims.set(zoneId, arm.id);
      }
    }
    return claims;
  },

  /** All of it: its zones are held. */
  grantUs: (_context, _arm, _job, leg) => durationUs(leg.trajectory),

  marksUs: (_context, job, leg) => leavingMarksUs(leg, durationUs(leg.trajectory), followingLegs(job)),

  moved(context, arm, job) {
    const leg = legOf(job);
    const following = followingLegs(job);
    const park = parkZonesOf(context, arm);
    const given = giveBack(
      context.state.zones,
      arm.id,
      (zoneId) =>
        zoneId === WHOLE_CELL || park.has(zoneId) || touchesFrom(zoneId, leg, job.progressUs, following),
    );
    if (given) context.schedule = true;
  },

  parked(context, arm) {
    const park = parkZonesOf(context, arm);
    giveBack(context.state.zones, arm.id, (zoneId) => park.has(zoneId));
    context.schedule = true;
  },

  isAstray: () => false,
  waitsForPlans: false,
  stands: () => undefined,
  lostItsWay: () => undefined,
  othersOf: () => [],

  holding(context, arm) {
    const own = parkZonesOf(context, arm);
    const held = heldBy(context.state.zones, arm.id);
    if (held.length === 0) return 'nothing';
    return held.every((zoneId) => own.has(zoneId)) ? 'park' : 'more';
  },
};

/** Legs that may still follow the present stage. */
const FOLLOWING: Record<JobStage, readonly LegName[]> = {
  reach: ['carry', 'bail', 'home', 'keep'],
  grasp: ['carry', 'bail', 'home', 'keep'],
  inspect: ['carry', 'bail', 'home', 'keep'],
  'put-back': ['carry', 'bail', 'home', 'keep'],
  carry: ['home', 'keep'],
  release: ['home', 'keep'],
  home: [],
  bail: [],
  keep: [],
};

/** How many jobs an arm may do in a row while another waits for the whole cell (policy sequential). */
const TURNS_MAX = 4;

/** An arm that has waited this long has first claim to the zones it needs, us. */
const FIRST_CLAIM_AFTER_US = 3_000_000;

function hindranceAt(held: { readonly zoneId: string; readonly holder: string }): Hindrance {
  return { armId: held.holder, what: `zone ${held.zoneId}, held by ${held.holder}` };
}

/** With one arm moving at a time, an arm that has had its turns lets another that waits go first. */
function yieldTurn(context: StepContext, arm: ArmState): Hindrance | null {
  if (context.cell.policy !== 'sequential' || arm.turns < TURNS_MAX) return null;
  const other = Object.values(context.state.arms).find(
    (each) => each !== arm && each.job === null && each.next !== null && each.next.result !== null,
  );
  return other === undefined ? null : { armId: other.id, what: `its turn after ${other.id}` };
}

function followingLegs(job: Job): readonly PlannedLeg[] {
  // A stage at a stop begins with the leg that leads away from it: `home` after a stop counts whole.
  return FOLLOWING[job.stage].flatMap((name) => job.legs[name] ?? []);
}

function parkZonesOf(context: StepContext, arm: ArmState): ReadonlySet<string> {
  return context.derived.parkZones.get(arm.id) ?? new Set();
}
