import type { Vec3 } from '../../arms/geometry/pose.ts';
import type { CarriedItem, ItemContactAllowance } from '../../arms/planning/scene.ts';
import { NO_ALLOWANCE } from '../../arms/planning/scene.ts';
import { GRAIN_COARSE_US, GRAIN_FINE_US } from '../coordination/zone-spans.ts';
import type { CellModel } from '../domain/cell.ts';
import { sharingOf } from '../domain/cell.ts';
import type { JobArm } from './job-arm.ts';
import { prepareJobArm } from './job-arm.ts';
import type { Column } from './job-columns.ts';
import type { JobContext } from './job-context.ts';
import { above, contactAt, Failed, noMotion } from './job-context.ts';
import type { Lift } from './job-ends.ts';
import { ALONG_YAWS_RAD, freeColumns, liftFrom, placeYaws, sceneAtStart } from './job-ends.ts';
import { timeLeg } from './job-leg.ts';
import type { Haste, LegRoute } from './job-leg.ts';
import { createEncounterFinder } from './job-encounters.ts';
import type { Item, JobPlanRequest, JobPlanResult, LegName, PlannedLeg } from './job-plan.ts';
import { bestPair, bestTo, findWay, otherWay } from './job-routes.ts';
import type { Hubs } from './job-transfer.ts';
import { findHubs, findModestTransfer } from './job-transfer.ts';

/** Plans the motions of one job after another. */
export interface JobPlanner {
  /**
   * All legs of a job, timed and free of contact with obstacles, the arm itself, and other arms' bases and parked
   * bodies; or the reason why there are none. Depends on the cell and the request alone.
   */
  plan(request: JobPlanRequest): JobPlanResult;
}

/** Prepares planning in a cell. One planner serves one thread. */
export function createJobPlanner(cell: CellModel): JobPlanner {
  const arms = new Map<string, { readonly jobArm: JobArm; readonly hubs: Hubs }>();
  const prepared = ({
    armId,
    elsewhere,
  }: JobPlanRequest): { readonly jobArm: JobArm; readonly hubs: Hubs } => {
    const known = arms.get(armId);
    if (known !== undefined && elsewhere.length === 0) return known;
    const arm = cell.arms.find((a) => a.id === armId);
    if (arm === undefined) throw new Error(`the cell has no arm ${armId}`);
    const jobArm = prepareJobArm(cell, arm, elsewhere);
    const state = { jobArm, hubs: known?.hubs ?? findHubs(jobArm) };
    // An arm out of its place is a rare thing: that scene is made for this one request.
    if (elsewhere.length === 0) arms.set(armId, state);
    return state;
  };
  const finder = createEncounterFinder(cell);
  return {
    plan(request) {
      const result =
        request.planned === null
          ? planJob(cell, prepared(request), request)
          : plannedBefore(request, request.planned);
      if (result.status === 'failed' || request.others.length === 0) return result;
      const { encounters, pairs } = finder.find(request, result.legs);
      return { ...result, encounters, iterations: result.iterations + pairs * ITERATIONS_PER_PAIR };
    },
  };
}

/** What comparing two legs costs, in configurations checked: about a quarter of a millisecond. */
const ITERATIONS_PER_PAIR = 10;

function plannedBefore({ requestId, armId }: JobPlanRequest, legs: readonly PlannedLeg[]): JobPlanResult {
  return { status: 'planned', requestId, armId, iterations: 0, legs, encounters: [] };
}

function planJob(
  cell: CellModel,
  { jobArm, hubs }: { readonly jobArm: JobArm; readonly hubs: Hubs },
  request: JobPlanRequest,
): JobPlanResult {
  const { requestId, armId, iterationsMax } = request;
  const before = jobArm.scenes.reduce((sum, scene) => sum + scene.checks, 0);
  const spent = (): number => jobArm.scenes.reduce((sum, scene) => sum + scene.checks, 0) - before;
  try {
    const held = request.pickM === null ? carriedOf(request.item) : null;
    refuseOverload(jobArm, request.item);
    const scene = sceneAtStart(jobArm, request.start, held);
    const context: JobContext = { cell, jobArm, hubs, request, scene, budget: { spent, max: iterationsMax } };
    const legs = legsOf(context, held);
    return { status: 'planned', requestId, armId, iterations: spent(), legs, encounters: [] };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const { failure, detail } = error;
    return { status: 'failed', requestId, armId, iterations: spent(), failure, detail };
  }
}

function refuseOverload(jobArm: JobArm, item: Item | null): void {
  const { tool } = jobArm.arm.manipulator;
  if (item === null || item.massKg <= tool.payloadMaxKg) return;
  throw new Failed(
    'payload-exceeded',
    `the item has ${item.massKg} kg, the tool ${tool.name} carries at most ${tool.payloadMaxKg} kg`,
  );
}

function carriedOf(item: Item | null): CarriedItem | null {
  return item === null ? null : { sizeM: item.sizeM };
}

function legsOf(context: JobContext, held: CarriedItem | null): PlannedLeg[] {
  const { pickM, placeM, item } = context.request;
  const lift = liftFrom(context, held);
  if (pickM !== null && placeM !== null) return pickAndPlace(context, lift, pickM, placeM, carriedOf(item));
  if (placeM !== null) return placeOnly(context, lift, placeM, held);
  if (pickM !== null) return pickOnly(context, lift, pickM, carriedOf(item));
  return [homeward(context, 'home', lift, held, [])];
}

function pickAndPlace(
  context: JobContext,
  lift: Lift,
  pickM: Vec3,
  placeM: Vec3,
  item: CarriedItem | null,
): PlannedLeg[] {
  const allowance = above([pickM, placeM]);
  const picks = freeColumns(context, 'pick', pickM, ALONG_YAWS_RAD, item, allowance);
  const places = freeColumns(
    context,
    'place',
    placeM,
    placeYaws(context.cell, placeM, item),
    item,
    allowance,
  );
  const { pick, place, reach, carry } = bestPair(context, lift, picks, places, item);
  const toPick: LegRoute = { up: lift.column, route: reach.route, down: pick };
  const toPlace: LegRoute = { up: pick, route: carry.route, down: place };
  const work = [
    timed(context, 'reach', toPick, null, lift.allowance, 'rounded'),
    timed(context, 'carry', toPlace, item, allowance, 'rounded'),
  ];
  work.push(...leavePlace(context, liftOf(place, allowance), item, work));
  // Where arms pass one after the other, an arm whose pick failed drives the rest of its job all the same.
  if (sharingOf(context.cell.policy) === 'passages') return work;
  return [...work, homeward(context, 'bail', liftOf(pick, allowance), null, work)];
}

function placeOnly(context: JobContext, lift: Lift, placeM: Vec3, item: CarriedItem | null): PlannedLeg[] {
  const allowance = above([placeM, ...lift.allowance.points]);
  const places = freeColumns(
    context,
    'place',
    placeM,
    placeYaws(context.cell, placeM, item),
    item,
    allowance,
  );
  const { column, transfer } = bestTo(context, lift, places, item);
  const leg: LegRoute = { up: lift.column, route: transfer.route, down: column };
  const carry = timed(context, 'carry', leg, item, allowance, 'rounded');
  return [carry, ...leavePlace(context, liftOf(column, allowance), item, [carry])];
}

function pickOnly(context: JobContext, lift: Lift, pickM: Vec3, item: CarriedItem | null): PlannedLeg[] {
  const allowance = above([pickM]);
  const picks = freeColumns(context, 'pick', pickM, ALONG_YAWS_RAD, item, allowance);
  const { column, transfer } = bestTo(context, lift, picks, null);
  const leg: LegRoute = { up: lift.column, route: transfer.route, down: column };
  const reach = timed(context, 'reach', leg, null, lift.allowance, 'rounded');
  return [reach, homeward(context, 'bail', liftOf(column, allowance), null, [reach])];
}

function liftOf(column: Column, allowance: ItemContactAllowance): Lift {
  return { column, high: column.high, low: column.low, allowance };
}

/** The way home with the item still in the tool serves without it as well; so do the zones it touches. */
function leavePlace(
  context: JobContext,
  lift: Lift,
  item: CarriedItem | null,
  work: readonly PlannedLeg[],
): PlannedLeg[] {
  if (sharingOf(context.cell.policy) === 'passages') return [quicklyHome(context, lift)];
  const keep = homeward(context, 'keep', lift, item, work);
  return [{ ...keep, name: 'home' }, keep];
}

function homeward(
  context: JobContext,
  name: LegName,
  lift: Lift,
  item: CarriedItem | null,
  work: readonly PlannedLeg[],
): PlannedLeg {
  const { park } = context.jobArm.arm;
  const contact = contactAt(context.scene, park, item, NO_ALLOWANCE);
  if (contact !== null) throw new Failed('goal-in-collision', `at the park pose ${contact}`);
  const { jobArm, scene, hubs, budget } = context;
  const held = new Set(work.flatMap((leg) => leg.zones.map((span) => span.zoneId)));
  const modest = findModestTransfer(jobArm, scene, hubs, lift.low, park, item, held, budget);
  const found = modest === null ? findWay(context, lift.low, [park], item) : { transfer: modest };
  if (found === null) throw noMotion(context, `${name}: to the park pose`);
  const leg: LegRoute = { up: lift.column, route: found.transfer.route, down: null };
  return timed(context, name, leg, item, lift.allowance, 'stopping');
}

/** The way home where nothing is won by touching few zones: it is driven whenever there is no next job yet. */
function quicklyHome(context: JobContext, lift: Lift): PlannedLeg {
  const { park } = context.jobArm.arm;
  const found = findWay(context, lift.low, [park], null) ?? findWay(context, lift.high, [park], null);
  if (found === null) throw noMotion(context, 'home: to the park pose');
  const leg: LegRoute = { up: lift.column, route: found.transfer.route, down: null };
  return timed(context, 'home', leg, null, lift.allowance, 'rounded');
}

/** How exactly zones are given: legs that are seldom driven may hold theirs a little longer. */
const GRAIN_US: Readonly<Record<Haste, number>> = { rounded: GRAIN_FINE_US, stopping: GRAIN_COARSE_US };

/** Other ways tried for a leg that looked free and is not. */
const ATTEMPTS_MAX = 4;

/** Times a leg and checks it whole; a route that looked free and is not is replaced by one checked all the way. */
function timed(
  context: JobContext,
  name: LegName,
  leg: LegRoute,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
  haste: Haste,
): PlannedLeg {
  const { jobArm, scene } = context;
  let result = timeLeg(jobArm, scene, leg, item, allowance, haste);
  for (let attempt = 0; result.status === 'failed' && attempt < ATTEMPTS_MAX; attempt += 1) {
    const other = otherWay(context, leg.route[0], leg.route[leg.route.length - 1], item, attempt);
    if (other === null) continue;
    result = timeLeg(jobArm, scene, { ...leg, route: other.route }, item, allowance, haste);
  }
  if (result.status === 'failed') throw new Failed('no-motion', `${name}: ${result.detail}`);
  if (sharingOf(context.cell.policy) === 'passages')
    return { name, trajectory: result.trajectory, zones: [] };
  const spans = jobArm.tracker.spans(result.trajectory, item, GRAIN_US[haste]);
  // Spans are generous: they may name zones that the motion has been proven to keep out of.
  const isKeptOut = scene.description.keepOut.length > 0;
  const zones = isKeptOut ? spans.filter((span) => !jobArm.foreignZones.has(span.zoneId)) : spans;
  return { name, trajectory: result.trajectory, zones };
}
