import type { Place } from '../controller/domain/cell.ts';
import { cellCount } from '../controller/domain/grid.ts';
import type { ExceptionKind, Resolution } from '../controller/domain/exception.ts';
import type { TaskCommandRequest } from '../controller/domain/intake.ts';
import type { UnitId } from './items.ts';
import { stream } from './random.ts';
import type { RandomStream } from './random.ts';
import type { OperatorSettings } from './settings.ts';
import type { SimWorld } from './world.ts';

/** An open exception as a person sees it on the screen. */
export interface AskedException {
  readonly taskId: string;
  readonly kind: ExceptionKind;
  /** Since when, on the cell's clock, which may be another than the world's: tells this question from an earlier one. */
  readonly sinceUs: number;
  /** Where the controller believes the unit to be. */
  readonly unitAt: 'source' | 'tool' | 'destination' | 'unknown';
  readonly options: readonly Resolution[];
  readonly sku: string;
  /** The arm that worked on it, or has the unit in its tool. */
  readonly armId: string | null;
  /** Source and destination container; null: not chosen. */
  readonly from: string | null;
  readonly to: string | null;
  /** Grid cell of the destination that the controller has in mind; null: it does not say. */
  readonly toCell: number | null;
  /** Units booked in both containers; null: not known. */
  readonly fromBooked: number | null;
  readonly toBooked: number | null;
}

/** Answers to one task after which the person gives up on it. */
const ANSWERS_MAX = 4;

interface Pending {
  readonly sinceUs: number;
  readonly dueUs: number;
}

/**
 * The simulated person at the cell. Sees the queue of exceptions as the screen shows it, walks over after a while,
 * does by hand what the answer says, and gives it. What is done to the world and what is answered always agree.
 */
export class SimOperator {
  private readonly world: SimWorld;
  private readonly settings: OperatorSettings;
  private readonly random: RandomStream;
  private readonly pending = new Map<string, Pending>();
  private readonly answers = new Map<string, number>();

  constructor(world: SimWorld, settings: OperatorSettings) {
    this.world = world;
    this.settings = settings;
    this.random = stream(world.settings.seed, 'operator');
  }

  /** The instant of the next answer, us; null: nothing is waiting that this person has seen. */
  nextAnswerUs(): number | null {
    let next: number | null = null;
    for (const { dueUs } of this.pending.values()) next = next === null ? dueUs : Math.min(next, dueUs);
    return next;
  }

  /** Looks at the queue; acts on and answers what is due. To be called now and then, with the whole queue. */
  attend(nowUs: number, queue: readonly AskedException[]): readonly TaskCommandRequest[] {
    const answers: TaskCommandRequest[] = [];
    const seen = new Set<string>();
    for (const asked of queue) {
      seen.add(asked.taskId);
      const pending = this.notice(nowUs, asked);
      if (nowUs < pending.dueUs) continue;
      this.pending.delete(asked.taskId);
      const count = (this.answers.get(asked.taskId) ?? 0) + 1;
      this.answers.set(asked.taskId, count);
      const resolution = this.resolve(asked, count);
      if (resolution !== null) {
        answers.push({ action: 'resolve', taskId: asked.taskId, resolution, by: 'simulated-operator' });
      }
    }
    for (const taskId of this.pending.keys()) if (!seen.has(taskId)) this.pending.delete(taskId);
    return answers;
  }

  private notice(nowUs: number, asked: AskedException): Pending {
    const known = this.pending.get(asked.taskId);
    if (known !== undefined && known.sinceUs === asked.sinceUs) return known;
    const { min, max } = this.settings.answerAfterUs;
    const pending = { sinceUs: asked.sinceUs, dueUs: nowUs + this.random.integer(min, max) };
    this.pending.set(asked.taskId, pending);
    return pending;
  }

  /** Does what has to be done by hand and says which answer is true then; null: none of the options is. */
  private resolve(asked: AskedException, count: number): Resolution | null {
    const may = (resolution: Resolution): boolean => asked.options.includes(resolution);
    switch (asked.unitAt) {
      case 'tool':
        if (count < ANSWERS_MAX && may('retry')) return 'retry';
        return this.fromTool(asked, may);
      case 'source':
        // Straightened, or another unit lies elsewhere: the first answer is to try again.
        if (count === 1 && may('retry')) return 'retry';
        return this.fromSource(asked, count, may);
      default:
        return asked.options.includes('not-done') ? this.inDoubt(asked, may) : this.fromFloor(asked, may);
    }
  }

  private fromTool(asked: AskedException, may: (resolution: Resolution) => boolean): Resolution | null {
    const unit = asked.armId === null ? undefined : this.world.goods.heldBy(asked.armId)[0];
    if (unit !== undefined) this.takeUp(unit);
    if (unit !== undefined && may('done-by-hand') && this.putIntoDestination(unit, asked))
      return 'done-by-hand';
    return may('give-up') ? 'give-up' : null;
  }

  private fromSource(
    asked: AskedException,
    count: number,
    may: (resolution: Resolution) => boolean,
  ): Resolution | null {
    if (may('done-by-hand') && this.roomInDestination(asked) !== null) {
      const unit = this.fromShelf(asked) ?? this.found(asked);
      if (unit !== null && this.putIntoDestination(unit, asked)) return 'done-by-hand';
    }
    if (count < ANSWERS_MAX && asked.kind !== 'item-missing' && may('retry')) return 'retry';
    return may('give-up') ? 'give-up' : null;
  }

  /** The lost unit lies on the floor: it goes where it belongs, or away. */
  private fromFloor(asked: AskedException, may: (resolution: Resolution) => boolean): Resolution | null {
    const unit = this.lyingAbout(asked);
    if (unit !== null) {
      this.takeUp(unit);
      if (may('done-by-hand') && this.putIntoDestination(unit, asked)) return 'done-by-hand';
    }
    // Taken away (or never found): another one is picked in its place.
    if (may('retry')) return 'retry';
    return may('give-up') ? 'give-up' : null;
  }

  /**
   * The controller does not know what became of the unit. The person counts: one more than booked at the
   * destination means that it arrived; if it lies about it is put there; else it never left.
   */
  private inDoubt(asked: AskedException, may: (resolution: Resolution) => boolean): Resolution | null {
    const arrived = asked.toBooked !== null && this.count(asked.to) > asked.toBooked;
    if (arrived && may('done-by-hand')) return 'done-by-hand';
    const unit = this.lyingAbout(asked);
    if (unit !== null) {
      this.takeUp(unit);
      if (may('done-by-hand') && this.putIntoDestination(unit, asked)) return 'done-by-hand';
      return may('give-up') ? 'give-up' : null;
    }
    return may('not-done') ? 'not-done' : null;
  }

  private count(containerId: string | null): number {
    const stacks = containerId === null ? [] : (this.world.goods.container(containerId)?.stacks ?? []);
    return stacks.reduce((units, stack) => units + stack.length, 0);
  }

  /** A unit of the SKU in the arm's tool or on the floor. */
  private lyingAbout(asked: AskedException): UnitId | null {
    const { goods } = this.world;
    const fits = (unit: UnitId): boolean => goods.skuOf(unit) === asked.sku;
    const held = asked.armId === null ? undefined : goods.heldBy(asked.armId).find(fits);
    return held ?? goods.onFloor().find(({ unit }) => fits(unit))?.unit ?? null;
  }

  /** Takes a unit into the hand, from a tool or from the floor. */
  private takeUp(unit: UnitId): void {
    const arm = this.world.cell.arms.find(({ id }) => this.world.goods.heldBy(id).includes(unit));
    this.world.goods.takeByHand(unit);
    if (arm !== undefined) this.world.toolTouched(arm.id);
  }

  /** Takes the unit out of the source container, if it stands in the cell and the unit can be got at. */
  private fromShelf(asked: AskedException): UnitId | null {
    const container = asked.from === null ? undefined : this.world.goods.container(asked.from);
    if (container === undefined || container.placeId === null) return null;
    return this.world.goods.takeFromContainer(container.id, asked.sku);
  }

  /** Looks around for a unit that is missing from its container. */
  private found(asked: AskedException): UnitId | null {
    // What is still booked at the source must not be delivered from elsewhere: it would be there twice.
    if (asked.fromBooked !== null && asked.fromBooked > 0) return null;
    const lying = this.world.goods
      .missingUnits()
      .find(({ unit }) => this.world.goods.skuOf(unit) === asked.sku);
    if (lying === undefined) return null;
    this.world.goods.takeByHand(lying.unit);
    return lying.unit;
  }

  /** The destination's cell for the unit; null: the container does not stand in the cell. */
  private roomInDestination(asked: AskedException): number | null {
    const container = asked.to === null ? undefined : this.world.goods.container(asked.to);
    if (container === undefined || container.placeId === null) return null;
    if (asked.toCell !== null) return asked.toCell;
    const place = this.world.cell.places.find(({ id }) => id === container.placeId) as Place;
    let best = 0;
    let bestM = Infinity;
    for (let cell = 0; cell < cellCount(place); cell += 1) {
      const heightM = this.world.goods.stackHeightM(container.stacks[cell] ?? []);
      if (heightM < bestM) [best, bestM] = [cell, heightM];
    }
    return best;
  }

  /** Puts a unit in hand where its task wanted it. */
  private putIntoDestination(unit: UnitId, asked: AskedException): boolean {
    const cell = this.roomInDestination(asked);
    return cell !== null && this.world.goods.putByHand(unit, asked.to as string, cell);
  }
}
