import { checkLine } from '../../arms/planning/motion-check.ts';
import type { CarriedItem, PlanningScene } from '../../arms/planning/scene.ts';
import { isFree, NO_ALLOWANCE } from '../../arms/planning/scene.ts';
import { rrtConnect, shorten } from '../../arms/planning/rrt-connect.ts';
import { toolDownPose } from '../../arms/planning/inverse-kinematics.ts';
import type { Configuration, JobArm, MotionArm } from './job-arm.ts';
import { moveS, routeS } from './job-arm.ts';

/** Straight joint moves from one resting configuration to another. */
export interface Transfer {
  /** Both ends and what lies between. */
  readonly route: readonly Configuration[];
  readonly estimateS: number;
}

/** Counts what planning costs and ends it: configurations checked. */
export interface Budget {
  readonly spent: () => number;
  readonly max: number;
}

/**
 * Postures with the arm drawn in and the tool down, to pass through on the way around the base. What the first and
 * the last joint have in them does not count: they are set to suit the move.
 */
export type Hubs = readonly Configuration[];

const HUB_RADII_M = [0.35, 0.45, 0.6, 0.8];
const HUB_HEIGHTS_M = [0.2, 0.4, 0.65];
/** Hubs tried for one pair of ends: those that promise the shortest motion. */
const SINGLE_TRIES = 6;
const DOUBLE_TRIES = 4;
const REDUNDANCY_SAMPLES = 4;

/** Finds the postures for an arm; they depend on its kinematics alone. */
export function findHubs(jobArm: MotionArm): Hubs {
  const { X_WB, park } = jobArm.arm;
  const [x, y, z] = X_WB.positionM;
  const hubs: Configuration[] = [park];
  for (const radius of HUB_RADII_M) {
    for (const height of HUB_HEIGHTS_M) {
      const outcome = jobArm.inverse.solve(X_WB, toolDownPose([x + radius, y, z + height], 0), {
        near: park,
        turns: 'nearest',
        redundancySamples: REDUNDANCY_SAMPLES,
      });
      if (outcome.status === 'solutions') hubs.push(...outcome.solutions.map((solution) => solution.q));
    }
  }
  return hubs;
}

/**
 * How a route is checked. `looks`: at many configurations along it, which is quick and nearly always right. `whole`:
 * all the way, so that it can be followed with stops at its corners.
 */
export type Care = 'looks' | 'whole';

/**
 * The quickest route of straight joint moves that is free: directly, through one hub half-way, or through one near
 * each end. Null when none of those tried is free or the budget is spent.
 */
export function findTransfer(
  jobArm: MotionArm,
  scene: PlanningScene,
  hubs: Hubs,
  from: Configuration,
  to: Configuration,
  item: CarriedItem | null,
  care: Care,
  budget: Budget,
): Transfer | null {
  const { limits } = jobArm;
  const look = care === 'looks' ? isRouteLikelyFree : isRouteFree;
  const direct = [from, to];
  if (look(scene, direct, item)) return { route: direct, estimateS: moveS(limits, from, to) };
  const last = from.length - 1;
  const through = (hub: Configuration, share: number): Configuration =>
    hub.map((value, j) => (j === 0 || j === last ? from[j] + share * (to[j] - from[j]) : value));
  const candidates: Transfer[] = [];
  const offer = (routes: readonly (readonly Configuration[])[], tries: number): void => {
    const ranked = routes
      .map((route): Transfer => ({ route, estimateS: routeS(limits, route) }))
      .sort((a, b) => a.estimateS - b.estimateS);
    candidates.push(...ranked.slice(0, tries));
  };
  offer(
    hubs.map((hub) => [from, through(hub, 0.5), to]),
    SINGLE_TRIES,
  );
  offer(
    hubs.map((hub) => [from, through(hub, 0.1), through(hub, 0.9), to]),
    DOUBLE_TRIES,
  );
  candidates.sort((a, b) => a.estimateS - b.estimateS);
  for (const candidate of candidates) {
    if (budget.spent() > budget.max) return null;
    if (look(scene, candidate.route, item)) return candidate;
  }
  return null;
}

/** Ways that are compared by the zones they touch. */
const MODEST_TRIES = 12;
/** What touching one more zone is worth, s: a job takes all zones of its legs before it begins. */
const ZONE_COST_S = 1.5;
const ZONE_LOOK_SPACING = 0.25;

/**
 * The way that touches fewest zones beyond those in `held`, and is quick among such: for legs that are seldom driven
 * but whose zones are taken all the same. Draws the arm in before it turns, where that helps.
 */
export function findModestTransfer(
  jobArm: JobArm,
  scene: PlanningScene,
  hubs: Hubs,
  from: Configuration,
  to: Configuration,
  item: CarriedItem | null,
  held: ReadonlySet<string>,
  budget: Budget,
): Transfer | null {
  const { limits, tracker } = jobArm;
  const last = from.length - 1;
  const withEnd = (hub: Configuration, end: Configuration): Configuration =>
    hub.map((value, j) => (j === 0 || j === last ? end[j] : value));
  const routes = [[from, to], ...hubs.map((hub) => [from, withEnd(hub, from), to])]
    .map((route): Transfer => ({ route, estimateS: routeS(limits, route) }))
    .sort((a, b) => a.estimateS - b.estimateS);
  let best: Transfer | null = null;
  let bestS = Infinity;
  for (const candidate of routes.slice(0, MODEST_TRIES)) {
    if (candidate.estimateS >= bestS || budget.spent() > budget.max) break;
    const touched = tracker.along(candidate.route, item, ZONE_LOOK_SPACING);
    const more = touched.reduce((sum, zoneId) => sum + (held.has(zoneId) ? 0 : 1), 0);
    const cost = candidate.estimateS + ZONE_COST_S * more;
    if (cost >= bestS || !isRouteLikelyFree(scene, candidate.route, item)) continue;
    bestS = cost;
    best = candidate;
  }
  return best;
}

/** Longest extension of the search trees, s at full speed. */
const SEARCH_STEP_S = 0.35;
const SEARCH_NODES_MAX = 3_000;
const SHORTEN_ROUNDS = 40;
/** How far beyond the ends the search looks, rad or m. */
const SEARCH_SPREAD = 1.8;

/**
 * Looks for a way from one configuration to any of several by random search; for ends between which no simple route
 * is free. The same seed gives the same way.
 */
export function searchTransfer(
  jobArm: MotionArm,
  scene: PlanningScene,
  from: Configuration,
  goals: readonly Configuration[],
  item: CarriedItem | null,
  seed: number,
  budget: Budget,
): { readonly transfer: Transfer; readonly goal: number } | null {
  const ends = [from, ...goals];
  const bound = (j: number, side: -1 | 1): number => {
    const values = ends.map((q) => q[j]);
    const limit = side < 0 ? jobArm.lower[j] : jobArm.upper[j];
    return side < 0
      ? Math.min(...values, Math.max(limit, Math.min(...values) - SEARCH_SPREAD))
      : Math.max(...values, Math.min(limit, Math.max(...values) + SEARCH_SPREAD));
  };
  const problem = {
    start: from,
    goals,
    lower: from.map((_, j) => bound(j, -1)),
    upper: from.map((_, j) => bound(j, 1)),
    weights: jobArm.limits.map((limit) => 1 / limit.velocityMax),
    stepS: SEARCH_STEP_S,
    seed,
    nodesMax: SEARCH_NODES_MAX,
    isLineFree: (a: Configuration, b: Configuration) => checkLine(scene, a, b, item, NO_ALLOWANCE) < 0,
    mayGoOn: () => budget.spent() < budget.max,
  };
  const found = rrtConnect(problem);
  if (found === null) return null;
  const route = shorten(problem, found.path, SHORTEN_ROUNDS);
  return { transfer: { route, estimateS: routeS(jobArm.limits, route) }, goal: found.goal };
}

/** Joints move by at most this between looks at a route, rad or m. */
const LOOK_SPACING = 0.12;

/**
 * Looks at a route from place to place, first where a bad one is most likely to fail: at its inner corners, then at
 * ever finer divisions of its lines. What happens between the looks the timed motion's own check finds.
 */
function isRouteLikelyFree(
  scene: PlanningScene,
  route: readonly Configuration[],
  item: CarriedItem | null,
): boolean {
  for (let k = 1; k + 1 < route.length; k += 1) {
    if (!isFree(scene, route[k], 0, item, NO_ALLOWANCE)) return false;
  }
  const q = scene.scratchQ;
  let most = 0;
  for (let k = 1; k < route.length; k += 1) {
    for (let j = 0; j < q.length; j += 1) most = Math.max(most, Math.abs(route[k][j] - route[k - 1][j]));
  }
  for (let parts = 2; ; parts *= 2) {
    for (let k = 1; k < route.length; k += 1) {
      for (let part = 1; part < parts; part += 2) {
        for (let j = 0; j < q.length; j += 1) {
          q[j] = route[k - 1][j] + ((route[k][j] - route[k - 1][j]) * part) / parts;
        }
        if (!isFree(scene, q, 0, item, NO_ALLOWANCE)) return false;
      }
    }
    if (most / parts <= LOOK_SPACING) return true;
  }
}

function isRouteFree(
  scene: PlanningScene,
  route: readonly Configuration[],
  item: CarriedItem | null,
): boolean {
  if (!isRouteLikelyFree(scene, route, item)) return false;
  for (let k = 1; k < route.length; k += 1) {
    if (checkLine(scene, route[k - 1], route[k], item, NO_ALLOWANCE) >= 0) return false;
  }
  return true;
}
