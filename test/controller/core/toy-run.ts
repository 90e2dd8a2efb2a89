import { createCore, restoreCore } from '../../../controller/core/create.ts';
import type { Core } from '../../../controller/core/create.ts';
import type { CoreEffect } from '../../../controller/core/effect.ts';
import type { CoreEvent } from '../../../controller/core/event.ts';
import { nextDeadlineUs, step } from '../../../controller/core/step.ts';
import type { CoreState } from '../../../controller/core/state.ts';
import type { CellModel } from '../../../controller/domain/cell.ts';
import type { Resolution } from '../../../controller/domain/exception.ts';
import type { IntakeRequest } from '../../../controller/domain/intake.ts';
import type { CellCommand } from '../../../controller/domain/packml.ts';
import { viewOf } from '../../../controller/operations/view-of.ts';
import { stream } from '../../../sim/random.ts';
import { ToyFloor } from './toy-floor.ts';
import type { ToyRates } from './toy-floor.ts';

export interface ToyPlan {
  readonly cell: CellModel;
  readonly seed: number;
  readonly rates: ToyRates;
  readonly orders: number;
  readonly cancels: number;
  readonly holds: number;
  readonly restarts: number;
  /** Articles, storage totes of each, units in a tote, and most lines of an order; twelve by three by six, three. */
  readonly stock?: ToyStock;
}

export interface ToyStock {
  readonly skus: number;
  readonly totesEach: number;
  readonly unitsEach: number;
  readonly linesMax: number;
}

const USUAL_STOCK: ToyStock = { skus: 12, totesEach: 3, unitsEach: 6, linesMax: 3 };

const OPERATOR_DELAY_US = 15_000_000;
const LIMIT_US = 40_000_000_000;

/** Runs a day of orders on the toy floor until every line has ended; throws with the seed when it does not. */
export class ToyRun {
  readonly floor: ToyFloor;
  core: Core;
  readonly plan: ToyPlan;
  /** Every tick as a journal would have it. */
  readonly ticks: { readonly nowUs: number; readonly events: readonly CoreEvent[] }[] = [];
  readonly initialCensus: ReadonlyMap<string, number>;
  readonly effects: CoreEffect[] = [];
  #epoch = 0;
  #request = 0;
  readonly #random;
  readonly #stock: ToyStock;
  readonly #skus: readonly string[];

  constructor(plan: ToyPlan) {
    this.plan = plan;
    this.#stock = plan.stock ?? USUAL_STOCK;
    this.#random = stream(plan.seed, 'toy-run');
    this.floor = new ToyFloor(plan.cell, plan.seed, plan.rates);
    const { skus, totesEach, unitsEach } = this.#stock;
    this.#skus = Array.from({ length: skus }, (_, index) => `sku-${index + 1}`);
    let number = 0;
    for (const sku of this.#skus) {
      for (let copy = 0; copy < totesEach; copy += 1) {
        number += 1;
        this.floor.stock(`st-${String(number).padStart(3, '0')}`, sku, unitsEach);
      }
    }
    this.initialCensus = this.floor.census();
    this.core = createCore(plan.cell);
  }

  send(request: IntakeRequest): CoreEvent {
    this.#request += 1;
    return { kind: 'intake', requestId: `toy-${this.#request}`, source: 'cli', request };
  }

  command(command: CellCommand): void {
    this.#step([this.send({ kind: 'cell', body: { command } })]);
  }

  run(): this {
    this.#start();
    for (let index = 0; index < this.plan.orders; index += 1) this.#step([this.send(this.#order(index))]);
    const disturbances = this.#disturbances();
    while (!this.#isDone()) {
      const next = Math.min(
        this.floor.nextUs() ?? Infinity,
        nextDeadlineUs(this.core) ?? Infinity,
        disturbances[0]?.atUs ?? Infinity,
        this.#operatorDueUs(),
      );
      if (next === Infinity || next > LIMIT_US) throw new Error(this.#stuck());
      const events = this.floor.advance(Math.max(next, this.core.state.nowUs));
      this.#step(events);
      while (disturbances.length > 0 && disturbances[0]!.atUs <= this.floor.nowUs)
        disturbances.shift()!.run();
      this.#answer();
      this.#keepRunning();
    }
    return this;
  }

  #isDone(): boolean {
    const { lines, tasks } = viewOf(this.core);
    return (
      lines.open === 0 &&
      tasks.open === 0 &&
      Object.values(this.core.state.arms).every((arm) => arm.job === null)
    );
  }

  #start(): void {
    this.#epoch += 1;
    this.#step([{ kind: 'started', epoch: this.#epoch, wallMs: 0 }]);
    this.floor.connect();
  }

  #restart(): void {
    this.floor.forgetController();
    // The state goes through the journal: keys come back sorted, instances are new.
    const stored = JSON.parse(JSON.stringify(sortKeys(this.core.state))) as CoreState;
    this.core = restoreCore(this.plan.cell, stored);
    this.#start();
  }

  #keepRunning(): void {
    const { state, arms } = viewOf(this.core);
    if (state === 'execute' && arms.some((arm) => arm.mode === 'faulted')) this.command('abort');
    else if (state === 'aborted') this.command('clear');
    else if (state === 'held') this.command('unhold');
    else if (state === 'stopped') this.command('reset');
    else if (state === 'idle') this.command('start');
  }

  #step(events: readonly CoreEvent[]): void {
    const nowUs = Math.max(this.floor.nowUs, this.core.state.nowUs);
    this.floor.nowUs = nowUs;
    this.ticks.push({ nowUs, events: structuredClone(events) });
    let effects: readonly CoreEffect[];
    try {
      effects = step(this.core, structuredClone(events), nowUs);
    } catch (error) {
      throw new Error(`seed ${this.plan.seed} at ${nowUs} us: ${(error as Error).message}`, { cause: error });
    }
    this.effects.push(...effects);
    this.floor.carryOut(effects);
  }

  #order(index: number): IntakeRequest {
    const lines = Array.from({ length: this.#random.integer(1, this.#stock.linesMax) }, (_, line) => ({
      lineId: `${line + 1}`,
      sku: this.#random.pick(this.#skus),
      quantity: this.#random.integer(1, 2),
    }));
    return {
      kind: 'order',
      body: { orderId: `order-${index + 1}`, priority: this.#random.integer(1, 3) * 10, shipBy: null, lines },
    };
  }

  #disturbances(): { readonly atUs: number; readonly run: () => void }[] {
    const { cancels, holds, restarts, orders } = this.plan;
    const found: { readonly atUs: number; readonly run: () => void }[] = [];
    const draw = (count: number, run: () => void): void => {
      for (let index = 0; index < count; index += 1) {
        found.push({ atUs: this.#random.integer(1_000_000, orders * 4_000_000), run });
      }
    };
    draw(cancels, () => {
      const orderId = `order-${this.#random.integer(1, orders)}`;
      this.#step([this.send({ kind: 'cancel', body: { orderId, lineId: null, quantity: null } })]);
    });
    draw(holds, () => this.command('hold'));
    draw(restarts, () => this.#restart());
    return found.sort((a, b) => a.atUs - b.atUs);
  }

  #operatorDueUs(): number {
    const open = viewOf(this.core).exceptions;
    return open.length === 0
      ? Infinity
      : Math.min(...open.map((each) => each.sinceS * 1e6 + OPERATOR_DELAY_US));
  }

  /** A person who looks, moves what has to be moved, and says the truth. */
  #answer(): void {
    for (const exception of viewOf(this.core).exceptions) {
      if (exception.sinceS * 1e6 + OPERATOR_DELAY_US > this.floor.nowUs) continue;
      const task = this.core.state.tasks[exception.taskId]!;
      const resolution = this.#act(task.id, exception.options);
      this.#step([
        this.send({
          kind: 'task',
          body: { action: 'resolve', taskId: task.id, resolution, by: 'toy operator' },
        }),
      ]);
    }
  }

  #act(taskId: string, options: readonly Resolution[]): Resolution {
    const task = this.core.state.tasks[taskId]!;
    const unitAt = task.exception!.unitAt;
    const choice = this.#random.pick(options);
    const destination = this.floor.containers.get(task.destination.containerId ?? '');
    const arm = task.armId === null ? undefined : this.floor.arms.get(task.armId);
    if (unitAt.at === 'tool') {
      const inTool = this.floor.arms.get(unitAt.armId)!;
      if (choice === 'done-by-hand' && destination !== undefined && !destination.gone) {
        destination.stacks[task.destination.cell ?? 0]!.push(
          ...inTool.held.splice(0).map((unit) => unit.sku),
        );
        this.#sensor(unitAt.armId);
        return 'done-by-hand';
      }
      if (choice === 'give-up') {
        this.floor.fallen.push(...inTool.held.splice(0).map((unit) => unit.sku));
        this.#sensor(unitAt.armId);
        return 'give-up';
      }
      return 'retry';
    }
    if (unitAt.at === 'source') return choice === 'done-by-hand' ? 'retry' : choice;
    // In doubt: what the arm's tool holds is taken out and put aside, so that nothing is counted twice.
    if (arm !== undefined && arm.held.length > 0) {
      this.floor.fallen.push(...arm.held.splice(0).map((unit) => unit.sku));
      this.#sensor(arm.id);
    }
    return options.includes('retry') && choice === 'retry' ? 'retry' : 'give-up';
  }

  #sensor(armId: string): void {
    this.floor.events.push({
      kind: 'arm',
      armId,
      event: { kind: 'holding-changed', holding: { vacuum: 'off', massKg: 0 } },
    });
  }

  #stuck(): string {
    const view = viewOf(this.core);
    const tasks = Object.values(this.core.state.tasks).map(
      (task) =>
        `${task.id} ${task.machine.value} ${task.armId ?? '-'} ${task.source.containerId ?? '-'}>${task.destination.containerId ?? '-'} (${task.because})`,
    );
    const arms = Object.values(this.core.state.arms).map(
      (arm) =>
        `${arm.id} ${arm.machine.value} ${arm.job?.stage ?? '-'} ${JSON.stringify(arm.command)} next ${arm.next?.taskId ?? '-'} ${arm.holding.vacuum}`,
    );
    return [
      `seed ${this.plan.seed}: stuck at ${view.nowS} s, ${view.state}: ${view.because}; ${view.lines.open} lines open`,
      ...arms,
      ...tasks.slice(0, 12),
      JSON.stringify(this.core.state.places),
      JSON.stringify(this.core.state.zones),
      JSON.stringify(view.alarms),
    ].join('\n');
  }
}

export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sortKeys(each)]),
  );
}
