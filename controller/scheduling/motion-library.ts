import type { CarriedItem, ItemContactAllowance } from '../../arms/planning/scene.ts';
import { isFree, NO_ALLOWANCE } from '../../arms/planning/scene.ts';
import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import { createConflictTable } from '../coordination/conflict-table.ts';
import { sampleStand } from '../coordination/leg-samples.ts';
import type { CellModel, FixedTask } from '../domain/cell.ts';
import type { Configuration } from './job-arm.ts';
import { restToRestS } from './job-arm.ts';
import type { Column } from './job-columns.ts';
import { bottomOf, columnsOver, shifted, turnsTowards } from './job-columns.ts';
import { above, areFree } from './job-context.ts';
import { timeLeg } from './job-leg.ts';
import type { LegRoute } from './job-leg.ts';
import type { Budget, Transfer } from './job-transfer.ts';
import { findTransfer, searchTransfer } from './job-transfer.ts';
import type { LibraryArm, OtherArms } from './motion-arm.ts';
import { libraryArms } from './motion-arm.ts';
import type { MotionLeg } from './motion-legs.ts';
import { CELL_US, motionLeg, withRests } from './motion-legs.ts';

/** Where an arm rests between legs: over a point it came down to, or free in space (`column` null). */
export interface Spot {
  readonly key: number;
  readonly q: Configuration;
  readonly column: Column | null;
  readonly allowance: ItemContactAllowance;
}

/** One way for an arm to do a task: from above where it picks to where it places. */
export interface TaskWay {
  readonly taskIndex: number;
  /** Its number among the ways of its arm. */
  readonly index: number;
  readonly pick: Spot;
  readonly place: Spot;
  readonly carry: MotionLeg;
}

/** Out of others' way in two legs. */
export interface Withdrawal {
  readonly via: Spot;
  readonly legs: readonly [MotionLeg, MotionLeg];
}

export type TaskWays =
  | { readonly status: 'found'; readonly ways: readonly TaskWay[] }
  | { readonly status: 'none'; readonly reason: string };

/**
 * The motions of all arms of a cell for a set of tasks. Each is planned when first asked for, checked against
 * everything that never moves, and kept; what it has to do with the motions of others is for the schedule.
 * Deterministic: an answer depends on the cell and the question alone.
 */
export interface MotionLibrary {
  readonly cell: CellModel;
  readonly tasks: readonly FixedTask[];
  readonly arms: readonly LibraryArm[];
  /** Where each arm starts, and where it rests in the end. */
  readonly starts: readonly Spot[];
  readonly rests: readonly Spot[];
  ways(armIndex: number, taskIndex: number): TaskWays;
  /** The empty motion to where a way begins; null when there is none. */
  reach(armIndex: number, from: Spot, to: TaskWay): MotionLeg | null;
  /**
   * Time of a task with the empty move before it when nobody is in the way, s: known when `reach` was asked for
   * before, else estimated.
   */
  stepS(armIndex: number, from: Spot, to: TaskWay): number;
  /** The motion to the resting place; null when there is none. */
  retreat(armIndex: number, from: Spot): MotionLeg | null;
  /**
   * The way to the resting place over a spot where the arm is drawn in without having turned: out of others' way
   * sooner, and near to where it may go on. Null where there is none, or nothing is gained.
   */
  withdrawal(armIndex: number, from: Spot): Withdrawal | null;
  /**
   * Least time of a task's own work in a way, s: straight down to the pick point, the carry, straight up from the
   * place point; without any move between tasks.
   */
  workS(armIndex: number, way: TaskWay): number;
  /** Motions planned so far. */
  readonly planned: number;
}

/** Ways kept of a task for an arm. */
const WAYS_MAX = 2;
/** A way that takes this much longer than the quickest is not kept, s. */
const WAY_WORSE_MAX_S = 0.7;
/** Pairs of ends between which a carry is looked for. */
const PAIRS_MAX = 14;
/** Configurations that may be checked for one motion. */
const CHECKS_MAX = 12_000;
const ATTEMPTS_MAX = 3;

/** Angles of the first joint at which arms are drawn in are multiples of this, rad. */
const DRAWN_IN_STEP_RAD = Math.PI / 9;

export function createMotionLibrary(
  cell: CellModel,
  tasks: readonly FixedTask[],
  startsRad: readonly (readonly number[])[],
  others: OtherArms,
): MotionLibrary {
  const arms = libraryArms(cell, others);
  const around = aroundOf(cell, arms, others);
  const steps = new StepTimes(arms);
  let spots = 0;
  let planned = 0;
  const spot = (q: Configuration, column: Column | null, allowance: ItemContactAllowance): Spot => ({
    key: spots++,
    q,
    column,
    allowance,
  });
  const starts = startsRad.map((q) => spot(q, null, NO_ALLOWANCE));
  const rests = cell.arms.map(({ park }) => spot(park, null, NO_ALLOWANCE));
  const ways = new Map<number, TaskWays>();
  const reaches = new Map<number, MotionLeg | null>();
  // Spots are numbered as they are made: both keys in one number.
  const reachKey = (from: Spot, to: TaskWay): number => from.key * 0x4000000 + to.pick.key;
  const retreats = new Map<number, MotionLeg | null>();
  const drawnIn = new Map<string, Spot | null>();
  const drawnInAt = (armIndex: number, q: Configuration): Spot | null => {
    const turnRad = DRAWN_IN_STEP_RAD * Math.round(q[0] / DRAWN_IN_STEP_RAD);
    const key = `${armIndex} ${turnRad}`;
    let found = drawnIn.get(key);
    if (found === undefined) {
      const { scene, arm, limits } = arms[armIndex];
      const drawn = [turnRad, ...arm.park.slice(1)];
      const isUseful =
        arm.manipulator.joints[0].kind !== 'prismatic' &&
        Math.abs(turnRad - arm.park[0]) >= DRAWN_IN_STEP_RAD &&
        turnRad >= limits[0].lower &&
        turnRad <= limits[0].upper;
      found =
        isUseful && isFree(scene, drawn, 0, null, NO_ALLOWANCE) ? spot(drawn, null, NO_ALLOWANCE) : null;
      drawnIn.set(key, found);
    }
    return found;
  };
  const withdrawals = new Map<number, Withdrawal | null>();
  const simple = (armIndex: number, from: Spot, to: Spot): MotionLeg | null =>
    count(plannedLeg(around, arms[armIndex], 'retreat', from, to, null, from.allowance, 'simple'));
  const withdraw = (armIndex: number, from: Spot): Withdrawal | null => {
    const via = drawnInAt(armIndex, cornerOf(from));
    if (via === null || via === from) return null;
    const rest = library.retreat(armIndex, via);
    const away = rest === null ? null : simple(armIndex, from, via);
    return rest === null || away === null ? null : { via, legs: [away, rest] };
  };
  const count = <T>(leg: T): T => {
    planned += 1;
    return leg;
  };
  const library: MotionLibrary = {
    cell,
    tasks,
    arms,
    starts,
    rests,
    ways: (armIndex, taskIndex) => {
      const key = armIndex * tasks.length + taskIndex;
      let found = ways.get(key);
      if (found === undefined) {
        found = count(findWays(around, arms[armIndex], tasks[taskIndex], taskIndex, spot, steps));
        if (found.status === 'found') {
          // An arm has to get away from where it ends, and to come from where it rests.
          const able = found.ways.filter(
            (way) =>
              library.retreat(armIndex, way.place) !== null &&
              library.reach(armIndex, rests[armIndex], way) !== null,
          );
          found =
            able.length > 0
              ? { status: 'found', ways: able }
              : { status: 'none', reason: 'no free motion between the resting place and the points' };
        }
        ways.set(key, found);
      }
      return found;
    },
    reach: (armIndex, from, to) => {
      const key = reachKey(from, to);
      let leg = reaches.get(key);
      if (leg === undefined) {
        leg = count(
          plannedLeg(around, arms[armIndex], 'reach', from, to.pick, null, from.allowance, 'search'),
        );
        reaches.set(key, leg);
        steps.learn(from, to, leg);
      }
      return leg;
    },
    stepS: (armIndex, from, to) => steps.get(armIndex, from, to),
    retreat: (armIndex, from) => {
      let leg = retreats.get(from.key);
      if (leg === undefined) {
        leg = count(
          plannedLeg(
            around,
            arms[armIndex],
            'retreat',
            from,
            rests[armIndex],
            null,
            from.allowance,
            'search',
          ),
        );
        retreats.set(from.key, leg);
      }
      return leg;
    },
    withdrawal: (armIndex, from) => {
      let found = withdrawals.get(from.key);
      if (found === undefined) {
        found = withdraw(armIndex, from);
        withdrawals.set(from.key, found);
      }
      return found;
    },
    workS: (armIndex, { pick, place, carry }) =>
      carry.durationUs * 1e-6 + climbS(arms[armIndex], pick) + climbS(arms[armIndex], place),
    get planned() {
      return planned;
    },
  };
  return library;
}

function cornerOf({ column, q }: Spot): Configuration {
  return column === null ? q : column.high;
}

/**
 * Time of a leg over the time of the straight joint move between its corners, s and share: fitted to planned legs on
 * the benchmark cells, and then a little more, since a search that chooses among many falls for what is estimated too
 * low.
 */
const COLUMNS_S = 1.27;
const MOVE_SHARE = 0.81;

function estimateS({ limits }: LibraryArm, from: Spot, to: Spot): number {
  const a = cornerOf(from);
  const b = cornerOf(to);
  let longest = 0;
  for (let j = 0; j < a.length; j += 1) {
    const time = restToRestS(Math.abs(b[j] - a[j]), limits[j]);
    if (time > longest) longest = time;
  }
  return MOVE_SHARE * longest + COLUMNS_S;
}

/** What a move that does not exist counts as, s: to be avoided, and still comparable. */
const NO_MOTION_S = 1_000;

/** Times of tasks with the empty moves before them, by where they are begun from; estimates until they are known. */
class StepTimes {
  readonly #arms: readonly LibraryArm[];
  /** By the number of the spot, then by that of the way; NaN: not asked for yet. */
  readonly #rows: (Float64Array | undefined)[] = [];
  readonly #ways: number[];

  constructor(arms: readonly LibraryArm[]) {
    this.#arms = arms;
    this.#ways = arms.map(() => 0);
  }

  /** A number for one more way of an arm. */
  number(armIndex: number): number {
    return this.#ways[armIndex]++;
  }

  get(armIndex: number, from: Spot, to: TaskWay): number {
    const row = this.#row(armIndex, from);
    const known = row[to.index];
    if (known === known) return known;
    const estimated = estimateS(this.#arms[armIndex], from, to.pick) + to.carry.durationUs * 1e-6;
    row[to.index] = estimated;
    return estimated;
  }

  learn(from: Spot, to: TaskWay, reach: MotionLeg | null): void {
    const reachS = reach === null ? NO_MOTION_S : reach.durationUs * 1e-6;
    this.#row(to.carry.armIndex, from)[to.index] = reachS + to.carry.durationUs * 1e-6;
  }

  #row(armIndex: number, from: Spot): Float64Array {
    const row = this.#rows[from.key];
    if (row !== undefined && row.length >= this.#ways[armIndex]) return row;
    const grown = new Float64Array(2 * this.#ways[armIndex]).fill(NaN);
    if (row !== undefined) grown.set(row);
    this.#rows[from.key] = grown;
    return grown;
  }
}

function budgetOf(arm: LibraryArm): Budget {
  const before = arm.scene.checks;
  return { spent: () => arm.scene.checks - before, max: CHECKS_MAX };
}

/** Time straight up from a point to the end of the approach, or down, s. */
function climbS(arm: LibraryArm, { column, allowance }: Spot): number {
  if (column === null) return 0;
  const leg: LegRoute = { up: column, route: [column.low], down: null };
  const timed = timeLeg(arm, arm.scene, leg, null, allowance, 'rounded');
  return timed.status === 'timed' ? durationUs(timed.trajectory) * 1e-6 : 0;
}

/** What is around all arms. */
interface Around {
  readonly cell: CellModel;
  /** Whether a motion keeps away from where other arms rest, also by what conflicts are found with. */
  mayDrive(leg: MotionLeg): boolean;
}

function aroundOf(cell: CellModel, arms: readonly LibraryArm[], others: OtherArms): Around {
  const stands = arms.map((arm) => sampleStand(arm.shapeWith(null), arm.arm.park, CELL_US));
  const table = createConflictTable(conflictMarginM(cell));
  return {
    cell,
    mayDrive: (leg) =>
      others === 'ghost' ||
      stands.every(
        (stand, other) =>
          other === leg.armIndex ||
          !table.mayMeet(stand, leg.samples()) ||
          table.spans(stand, leg.samples()).length === 0,
      ),
  };
}

/** How far an arm may be from where its progress says, m: what is added to the clearance between moving arms. */
const TRACKING_M = 0.005;

/** Distance that planned motions of two arms keep, m. */
export function conflictMarginM(cell: CellModel): number {
  return cell.clearanceM + TRACKING_M;
}

/** `simple`: over resting postures only. `search`: by random search where that fails. */
type Effort = 'simple' | 'search';

function plannedLeg(
  around: Around,
  arm: LibraryArm,
  kind: MotionLeg['kind'],
  from: Spot,
  to: Spot,
  item: CarriedItem | null,
  allowance: ItemContactAllowance,
  effort: Effort,
): MotionLeg | null {
  const dwelling = (trajectory: MotionLeg['trajectory']): MotionLeg['trajectory'] =>
    withRests(trajectory, around.cell.graspDwellUs, around.cell.releaseDwellUs);
  const budget = budgetOf(arm);
  const a = cornerOf(from);
  const b = cornerOf(to);
  const timed = (transfer: Transfer | null): MotionLeg | null => {
    if (transfer === null) return null;
    const leg: LegRoute = { up: from.column, route: transfer.route, down: to.column };
    const result = timeLeg(arm, arm.scene, leg, item, allowance, 'rounded');
    if (result.status !== 'timed') return null;
    const motion = motionLeg(
      arm,
      kind,
      kind === 'carry' ? dwelling(result.trajectory) : result.trajectory,
      item,
    );
    return around.mayDrive(motion) ? motion : null;
  };
  const quick = timed(findTransfer(arm, arm.scene, arm.hubs, a, b, item, 'looks', budget));
  if (quick !== null) return quick;
  const whole = timed(findTransfer(arm, arm.scene, arm.hubs, a, b, item, 'whole', budget));
  if (whole !== null || effort === 'simple') return whole;
  for (let attempt = 0; attempt < ATTEMPTS_MAX && budget.spent() < budget.max; attempt += 1) {
    const found = searchTransfer(arm, arm.scene, a, [b], item, attempt + 1, budget);
    const searched = timed(found?.transfer ?? null);
    if (searched !== null) return searched;
  }
  return null;
}

type MakeSpot = (q: Configuration, column: Column | null, allowance: ItemContactAllowance) => Spot;

function findWays(
  around: Around,
  arm: LibraryArm,
  task: FixedTask,
  taskIndex: number,
  makeSpot: MakeSpot,
  steps: StepTimes,
): TaskWays {
  const { cell } = around;
  const { tool } = arm.arm.manipulator;
  if (task.itemMassKg > tool.payloadMaxKg) {
    const reason = `the item has ${task.itemMassKg} kg, ${tool.name} carries at most ${tool.payloadMaxKg} kg`;
    return { status: 'none', reason };
  }
  const item: CarriedItem = { sizeM: task.itemSizeM };
  const allowance = above([task.pickM, task.placeM]);
  const picks = columnsTo(cell, arm, task.pickM, item, allowance);
  if (typeof picks === 'string') return { status: 'none', reason: `pick: ${picks}` };
  const places = columnsTo(cell, arm, task.placeM, item, allowance);
  if (typeof places === 'string') return { status: 'none', reason: `place: ${places}` };
  const pickSpots = picks.map((column) => makeSpot(bottomOf(column), column, allowance));
  const placeSpots = places.map((column) => makeSpot(bottomOf(column), column, allowance));
  const pairs = pickSpots
    .flatMap((pick) => placeSpots.map((place) => ({ pick, place, boundS: estimateS(arm, pick, place) })))
    .sort((a, b) => a.boundS - b.boundS);
  for (const effort of ['simple', 'search'] as const) {
    const ways: TaskWay[] = [];
    let bestUs = Infinity;
    for (const { pick, place } of pairs.slice(0, PAIRS_MAX)) {
      if (ways.length >= WAYS_MAX || (effort === 'search' && ways.length > 0)) break;
      const carry = plannedLeg(around, arm, 'carry', pick, place, item, allowance, effort);
      if (carry === null) continue;
      if (carry.durationUs > bestUs + WAY_WORSE_MAX_S * 1e6) break;
      bestUs = Math.min(bestUs, carry.durationUs);
      ways.push({ taskIndex, index: steps.number(arm.index), pick, place, carry });
    }
    if (ways.length > 0) return { status: 'found', ways };
  }
  return { status: 'none', reason: 'no free motion from above the pick point to above the place point' };
}

/** Free ways straight down to a point, each joint near the resting pose or joint 1 the other way round. */
function columnsTo(
  cell: CellModel,
  arm: LibraryArm,
  pointM: FixedTask['pickM'],
  item: CarriedItem,
  allowance: ItemContactAllowance,
): Column[] | string {
  const found = columnsOver(arm, pointM, cell.approachM, arm.spinRad === null ? YAWS_RAD : [0]);
  if (found.status === 'none') return found.detail;
  const spun = found.columns.map((column) => (arm.spinRad === null ? column : withSpin(arm, column)));
  const free = spun
    .flatMap((column) => turnsTowards(arm, column, arm.arm.park).map((turns) => shifted(column, turns)))
    .map((column) =>
      isFree(arm.scene, column.high, 0, item, NO_ALLOWANCE) ? column : { ...column, high: column.low },
    )
    .filter(({ straight, low }) =>
      areFree(arm.scene, [straight[0], straight[straight.length >> 1], low], item, allowance),
    );
  return free.length > 0 ? free : `of ${spun.length} ways straight down none is free`;
}

const YAWS_RAD = [0, Math.PI / 2, Math.PI, -Math.PI / 2];

/** The column with the joint that spins the tool at its usual place. */
function withSpin(arm: LibraryArm, column: Column): Column {
  const spin = (q: Configuration): Configuration =>
    q.map((value, j) => (j === q.length - 1 ? (arm.spinRad ?? value) : value));
  return { straight: column.straight.map(spin), low: spin(column.low), high: spin(column.high) };
}
