import type { CarriedItem, ItemContactAllowance, PlanningScene } from '../../arms/planning/scene.ts';
import { boundMotion } from '../../arms/planning/motion-bounds.ts';
import type { StraightParts } from '../../arms/planning/motion-check.ts';
import { checkMotion } from '../../arms/planning/motion-check.ts';
import type { JointPath, WaypointRule } from '../../arms/trajectory/joint-path.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import { timePath } from '../../arms/trajectory/time-path.ts';
import type { Configuration, MotionArm } from './job-arm.ts';
import type { Column } from './job-columns.ts';

/** Geometry of one leg: up a column, along a route, down a column; either column may be missing. */
export interface LegRoute {
  readonly up: Column | null;
  /** From the corner above `up` to the corner above `down`, high or low; at least one configuration. */
  readonly route: readonly Configuration[];
  readonly down: Column | null;
}

/**
 * `rounded`: as fast as can be. `stopping`: stops at every corner, which is quicker to plan and hardly slower where
 * corners are not raised; for legs that are seldom driven.
 */
export type Haste = 'rounded' | 'stopping';

/** How corners are treated, in the order in which it is tried. */
type Corners = { readonly tops: WaypointRule; readonly vias: WaypointRule };

const STOP: WaypointRule = { kind: 'stop' };
const CURVE: WaypointRule = { kind: 'curve' };

/** Roundings, wide to none: what a joint may leave the unrounded path by, rad. */
const CORNERS: Readonly<Record<Haste, readonly Corners[]>> = {
  rounded: [
    { tops: { kind: 'blend', deviationMax: 1.5 }, vias: { kind: 'blend', deviationMax: 1.5 } },
    { tops: { kind: 'blend', deviationMax: 0.25 }, vias: { kind: 'blend', deviationMax: 0.25 } },
    { tops: STOP, vias: { kind: 'blend', deviationMax: 0.05 } },
    { tops: STOP, vias: STOP },
  ],
  stopping: [
    { tops: STOP, vias: { kind: 'blend', deviationMax: 0.5 } },
    { tops: STOP, vias: STOP },
  ],
};

/** A fitted curve passes its samples by at most this, rad: under a millimetre at the tip. */
const CURVE_DEVIATION_RAD = 0.0005;

/** Horizontal distance from its point within which the tip counts as straight above it, m. */
export const LATERAL_M = 0.01;

export type TimedLeg =
  | { readonly status: 'timed'; readonly trajectory: JointTrajectory }
  | { readonly status: 'failed'; readonly detail: string };

/** Times a leg as fast as a free motion allows: corners rounded as widely as nothing is touched. */
export function timeLeg(
  { limits }: MotionArm,
  scene: PlanningScene,
  leg: LegRoute,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
  haste: Haste,
): TimedLeg {
  let detail = '';
  for (const corners of CORNERS[haste]) {
    const { path, upEnd, downBegin } = pathOf(leg, corners);
    const timed = timePath(path, limits);
    if (timed.status === 'refused') {
      detail = timed.detail;
      continue;
    }
    const parts: StraightParts = {
      upUntilUs: upEnd === null ? 0 : timed.waypointTimesUs[upEnd],
      downFromUs: downBegin === null ? Infinity : timed.waypointTimesUs[downBegin],
    };
    const at = checkMotion(scene, boundMotion(timed.trajectory), item, allowance, parts);
    if (at < 0) return { status: 'timed', trajectory: timed.trajectory };
    detail = `something is touched ${(at * 1e-6).toFixed(3)} s into the motion`;
  }
  return { status: 'failed', detail };
}

/** The leg as a path, and the waypoints with which its straight parts end and begin; null where it has none. */
function pathOf(
  leg: LegRoute,
  corners: Corners,
): { readonly path: JointPath; readonly upEnd: number | null; readonly downBegin: number | null } {
  const waypoints: Configuration[] = [];
  const rules: WaypointRule[] = [];
  const add = (q: Configuration, rule: WaypointRule): void => {
    const last = waypoints[waypoints.length - 1];
    if (last !== undefined && last.every((value, j) => Math.abs(value - q[j]) < 1e-9)) {
      // Two corners in one place: the one that stops, or the later one, stands for both.
      if (rules[rules.length - 1].kind !== 'stop') rules[rules.length - 1] = rule;
      return;
    }
    waypoints.push(q);
    rules.push(rule);
  };
  const { up, route, down } = leg;
  let afterUp = 0;
  if (up !== null) {
    up.straight.forEach((q) => add(q, CURVE));
    afterUp = waypoints.length - 1;
  }
  const upTop = waypoints.length;
  route.forEach((q, k) => {
    const isTop = (k === 0 && up !== null) || (k === route.length - 1 && down !== null);
    add(q, isTop ? corners.tops : corners.vias);
  });
  const downTop = waypoints.length - 1;
  let beforeDown = waypoints.length - 1;
  if (down !== null) {
    [...down.straight].reverse().forEach((q) => add(q, CURVE));
    beforeDown = waypoints.length - down.straight.length;
  }
  // The lower parts of columns stay straight; everything between may be cut by the blends.
  const bounded = rules.map((rule, k): WaypointRule => {
    if (k === 0 || k === waypoints.length - 1) return STOP;
    if (rule.kind !== 'blend') return rule;
    const first = k === upTop && up !== null ? afterUp : k - 1;
    const last = k === downTop && down !== null ? beforeDown : k + 1;
    return { ...rule, within: [Math.min(first, k - 1), Math.max(last, k + 1)] };
  });
  return {
    path: { waypoints, rules: bounded, curveDeviationMax: CURVE_DEVIATION_RAD },
    upEnd: up === null ? null : afterUp,
    downBegin: down === null ? null : beforeDown,
  };
}
