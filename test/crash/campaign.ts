import { join } from 'node:path';
import type { CellView } from '../../controller/operations/view.ts';
import { stream } from '../../sim/random.ts';
import type { RandomStream } from '../../sim/random.ts';
import { until } from '../integration/process.ts';
import { Rig } from '../integration/rig.ts';
import { Books } from './books.ts';
import { checkGoods, checkProgress, checkRequests, progressOf } from './checks.ts';
import type { Progress } from './checks.ts';
import { Load } from './load.ts';
import { Person } from './person.ts';
import { DRAIN_MS, MOMENT_MS, MOMENTS, SETTINGS, SETTLE_MS, STILL_MS } from './plan.ts';
import type { CampaignOptions, CampaignReport, Target } from './plan.ts';
import { Watch } from './watch.ts';

/** Rounds of killing and restarting, each with everything checked that must hold. Ends at the first thing wrong. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #rig: Rig;
  readonly #random: RandomStream;
  readonly #books: Books;
  readonly #load: Load;
  readonly #person = new Person();
  readonly #watch: Watch;
  readonly #beganMs = performance.now();
  readonly #kills = { controller: 0, simulator: 0, both: 0, duringRestart: 0 };
  readonly #wrong: string[] = [];
  #lost = 0;
  #doubled = 0;
  #keys = 0;
  #rounds = 0;
  #progress: Progress;

  private constructor(options: CampaignOptions, rig: Rig) {
    this.#options = options;
    this.#rig = rig;
    this.#random = stream(options.seed, 'crash');
    this.#books = new Books(rig.loaded.cell);
    this.#progress = progressOf(this.#books.state);
    this.#watch = new Watch(rig.copy.brokerUrl, rig.copy.name, (requestId, result) =>
      this.#load.heard(requestId, result),
    );
    this.#load = new Load(
      stream(options.seed, 'load'),
      rig.skus,
      rig.client,
      () => this.#watch,
      options.openUnitsMax,
    );
  }

  static async run(options: CampaignOptions): Promise<CampaignReport> {
    const rig = await Rig.create({
      cellFile: options.cellFile,
      seed: options.seed,
      broker: 'embedded',
      settings: SETTINGS,
    });
    const campaign = new Campaign(options, rig);
    try {
      await campaign.#begin();
      for (let round = 1; round <= options.rounds && campaign.#wrong.length === 0; round += 1) {
        await campaign.#round(round);
      }
      if (campaign.#wrong.length === 0) await campaign.#drain();
      if (campaign.#wrong.length === 0) await campaign.#endInOrder();
    } catch (error) {
      campaign.#wrong.push(
        `round ${campaign.#rounds + 1}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    await campaign.#watch.close();
    await rig.end(campaign.#wrong.length === 0 ? 'remove' : 'keep');
    return campaign.#report();
  }

  async #begin(): Promise<void> {
    this.#rig.startController();
    this.#rig.startSimulator();
    await this.#stateIs(['execute']);
  }

  async #round(round: number): Promise<void> {
    const beganMs = performance.now();
    const target = this.#drawTarget();
    const moment = await this.#work();
    this.#kills[target] += 1;
    await this.#kill(target);
    await this.#load.quiet();
    await this.#settled(target === 'simulator' ? /lost|did not hear/ : /restarted|lost|did not hear/);
    const before = this.#books.doubts.total;
    this.#check(`round ${round}, ${target} killed ${moment}`);
    this.#load.repeatUnanswered();
    await until('every request answered', SETTLE_MS, () => this.#load.unanswered === 0);
    if (this.#wrong.length === 0) await this.#maybeVisit(round);
    this.#note(`round ${round}`, this.#watch.endStillness());
    this.#note(`round ${round}`, this.#load.wrong);
    if (this.#wrong.length > 0) return;
    await this.#resume();
    this.#rounds = round;
    this.#options.onRound({
      round,
      target,
      moment,
      inDoubt: this.#books.doubts.total - before,
      seconds: (performance.now() - beganMs) / 1_000,
    });
  }

  #drawTarget(): Target {
    const draw = this.#random.fraction();
    return draw < 0.7 ? 'controller' : draw < 0.85 ? 'simulator' : 'both';
  }

  /** Lets the cell work under load until the moment for the kill has come; says which it was. */
  async #work(): Promise<string> {
    let draw = this.#random.fraction() * 100;
    const [, moment, afterMaxMs] = MOMENTS.find(([share]) => (draw -= share) < 0) ?? MOMENTS[0]!;
    const acts = this.#random.integer(1, 3);
    for (let act = 0; act < acts; act += 1) this.#load.act(this.#openOrders());
    const afterMs = this.#random.fraction() * afterMaxMs;
    if (moment === 'commit') {
      await pause(this.#random.fraction() * 800);
      for (let act = 0; act < 6; act += 1) this.#load.act(this.#openOrders());
    } else if (moment !== 'any') await this.#watch.moment(moment, MOMENT_MS);
    await pause(afterMs);
    return `${afterMs.toFixed(1)} ms after ${moment}`;
  }

  #openOrders(): { orderId: string; lineIds: string[]; units: number }[] {
    return Object.values(this.#books.state.orders).flatMap((order) => {
      const open = order.lines.filter(
        (line) => line.quantity > line.fulfilled + line.cancelled + line.excepted,
      );
      const units = open.reduce(
        (sum, line) => sum + line.quantity - line.fulfilled - line.cancelled - line.excepted,
        0,
      );
      return units === 0 ? [] : [{ orderId: order.id, lineIds: open.map(({ id }) => id), units }];
    });
  }

  /** Kills, and starts again what was killed; sometimes the controller once more while it is just coming up. */
  async #kill(target: Target): Promise<void> {
    const rig = this.#rig;
    if (target === 'simulator') {
      await rig.simulator?.kill();
      const view = await this.#stateIs(['held']);
      this.#checkReason(view, /lost|did not hear/);
      this.#watch.beginStillness();
      rig.startSimulator();
      return;
    }
    const killed = [rig.controller, ...(target === 'both' ? [rig.simulator] : [])];
    await Promise.all(killed.map((each) => each?.kill()));
    this.#watch.beginStillness();
    const simulatorFirst = this.#random.chance(0.5);
    if (target === 'both' && simulatorFirst) rig.startSimulator();
    rig.startController();
    if (target === 'both' && !simulatorFirst) rig.startSimulator();
    if (!this.#random.chance(0.15)) return;
    await pause(this.#random.fraction() * 2_500);
    await rig.controller?.kill();
    this.#kills.duringRestart += 1;
    rig.startController();
  }

  async #stateIs(states: readonly string[]): Promise<CellView> {
    let last: CellView | null = null;
    return until(
      `cell ${states.join(' or ')}`,
      SETTLE_MS,
      async () => {
        this.#alive();
        last = await this.#rig.client.status();
        return last !== null && states.includes(last.state) ? last : null;
      },
      () => `(it is ${last?.state ?? 'not answering'}: ${last?.because ?? ''})`,
    );
  }

  /** A process that ended by itself is a fault of its own. */
  #alive(): void {
    for (const [name, each] of Object.entries({
      controller: this.#rig.controller,
      simulator: this.#rig.simulator,
    })) {
      if (each?.isRunning === false && name === 'controller') {
        throw new Error(`the ${name} ended by itself: ${each.output().slice(-2_000)}`);
      }
    }
  }

  /** Held with a reason, arms and surroundings heard from, what can be settled by sensors settled, nothing moving. */
  async #settled(reason: RegExp): Promise<void> {
    const view = await this.#stateIs(['held']);
    this.#checkReason(view, reason);
    const arms = this.#rig.loaded.cell.arms.length;
    let why = '';
    await until(
      'arms claimed, doubts settled, nothing moving',
      SETTLE_MS,
      async () => {
        this.#alive();
        const [status, doubts] = [await this.#rig.client.status(), await this.#rig.client.tasks('inDoubt')];
        const offline = status?.arms.filter((arm) => arm.mode === 'offline').map((arm) => arm.id) ?? ['?'];
        why = `(offline: ${offline.join()}; in doubt: ${doubts?.map(({ id, because }) => `${id} ${because}`).join('; ')}; resting: ${this.#watch.resting})`;
        // Two units in a tool are known to be there; they are put back once the cell is resumed.
        const open = doubts?.filter(
          ({ armId }) => !/putting back/.test(status?.arms.find(({ id }) => id === armId)?.doing ?? ''),
        );
        return offline.length === 0 && open?.length === 0 && this.#watch.resting === arms;
      },
      () => why,
    );
    await pause(STILL_MS);
  }

  #checkReason(view: CellView, reason: RegExp): void {
    if (!reason.test(view.because)) this.#wrong.push(`held, but the reason is "${view.because}"`);
  }

  /** Everything that must hold while the cell is held, from both files as of one instant. */
  #check(when: string): void {
    const [rig, books] = [this.#rig, this.#books];
    const { written, file } = rig.frozen(() => ({
      written: books.read(rig.journalFile),
      file: rig.copyWorld(),
    }));
    this.#note(when, books.advance(written));
    const world = rig.openWorld(file);
    const goods = checkGoods(world.world, books.state);
    world.close();
    this.#lost += goods.lost;
    this.#doubled += goods.doubled;
    this.#note(when, goods.wrong);
    this.#note(when, checkRequests(books.state, this.#load.sent));
    const progress = progressOf(books.state);
    this.#note(when, checkProgress(this.#progress, progress));
    this.#progress = progress;
  }

  #note(when: string, wrong: readonly string[]): void {
    for (const each of wrong) this.#wrong.push(`${when}: ${each}`);
  }

  async #maybeVisit(round: number): Promise<void> {
    const waiting = Person.queue(this.#books.state).length;
    if (waiting >= 3 || (waiting > 0 && this.#random.chance(0.35))) await this.#visit(`round ${round}`);
  }

  /** The person comes, with the simulated world stopped: does by hand what is to be done, and answers. */
  async #visit(when: string): Promise<void> {
    const rig = this.#rig;
    await rig.simulator?.kill();
    this.#kills.simulator += 1;
    const world = rig.openWorld(rig.worldFile);
    const answers = this.#person.visit(this.#books.core, world.world);
    world.close();
    const answersFirst = this.#random.chance(0.5);
    if (!answersFirst) {
      rig.startSimulator();
      await this.#settled(/./);
    }
    for (const { taskId, ...body } of answers) {
      const result = await rig.client.post(`/api/v1/tasks/${taskId}/commands`, body, this.#key());
      if (result.status === 'refused') {
        this.#wrong.push(
          `${when}: the answer to task ${taskId} was refused: ${result.code}: ${result.detail}`,
        );
      }
    }
    if (answersFirst) {
      rig.startSimulator();
      await this.#settled(/./);
    }
    this.#check(`${when}, after the person answered ${JSON.stringify(answers)}`);
  }

  #key(): string {
    this.#keys += 1;
    return `crash-${this.#options.seed}-${this.#keys}`;
  }

  /** Like a person who tries again while the cell says that it is not ready. */
  async #resume(): Promise<void> {
    let detail = '';
    await until(
      'the cell resumed',
      SETTLE_MS,
      async () => {
        const result = await this.#rig.client.command('unhold', this.#key());
        detail = `(${result.status}: ${result.detail})`;
        return result.status === 'accepted' || result.status === 'duplicate';
      },
      () => detail,
    );
  }

  /** No more kills: everything that was asked for comes to its end. */
  async #drain(): Promise<void> {
    const untilMs = performance.now() + DRAIN_MS;
    for (;;) {
      const view = await this.#stateIs(['execute', 'held']);
      // On a busy machine a process may be silent for so long that the cell is held: a person resumes it.
      if (view.state === 'held') await this.#resume();
      const waiting = (await this.#rig.client.tasks('asking')) ?? [];
      const resting = view.arms.every((arm) => arm.mode === 'idle' || arm.mode === 'faulted');
      if (view.lines.open === 0 && view.tasks.open === 0 && resting) return;
      if (performance.now() > untilMs) {
        this.#wrong.push(
          `after ${DRAIN_MS / 1_000} s ${view.lines.open} lines and ${view.tasks.open} tasks are open`,
        );
        return;
      }
      const isBlocked =
        waiting.length > 0 && (waiting.length === view.tasks.open || this.#random.chance(0.1));
      if (isBlocked) {
        await this.#rig.client.command('hold', this.#key());
        await this.#stateIs(['held']);
        this.#watch.beginStillness();
        await this.#settledAfterHold();
        await this.#visit('at the end');
        this.#note('at the end', this.#watch.endStillness());
        if (this.#wrong.length > 0) return;
        await this.#resume();
      }
      await pause(500);
    }
  }

  async #settledAfterHold(): Promise<void> {
    await until('at rest', SETTLE_MS, () => this.#watch.resting === this.#rig.loaded.cell.arms.length);
    this.#check('at the end, held');
  }

  /** SIGTERM, both gone in order; then files are compared once more, with nobody having them. */
  async #endInOrder(): Promise<void> {
    const rig = this.#rig;
    rig.controller?.signal('SIGTERM');
    const controller = await rig.controller?.ended;
    rig.simulator?.signal('SIGTERM');
    const simulator = await rig.simulator?.ended;
    if (controller?.code !== 0) this.#wrong.push(`the controller ended with ${JSON.stringify(controller)}`);
    if (simulator?.code !== 0) this.#wrong.push(`the simulator ended with ${JSON.stringify(simulator)}`);
    this.#check('at the end');
    const { orders, tasks } = this.#books.state;
    if (Object.keys(tasks).length > 0) this.#wrong.push(`${Object.keys(tasks).length} tasks are left`);
    for (const order of Object.values(orders)) {
      for (const line of order.lines) {
        const ended = line.fulfilled + line.cancelled + line.excepted;
        if (ended !== line.quantity) {
          this.#wrong.push(`order ${order.id} line ${line.id}: ${ended} of ${line.quantity} units ended`);
        }
      }
    }
    const replay = await rig.command(['replay', rig.journalFile, '--json']);
    const stateHash = /"stateHash": "(\w+)"/.exec(replay.output)?.[1];
    if (replay.code !== 0 || stateHash !== this.#books.hash()) {
      this.#wrong.push(`magpie replay came to ${stateHash ?? replay.output}, not to ${this.#books.hash()}`);
    }
  }

  #report(): CampaignReport {
    const { state } = this.#books;
    const units = { placed: 0, cancelled: 0, excepted: 0 };
    for (const line of Object.values(state.orders).flatMap((order) => order.lines)) {
      units.placed += line.fulfilled;
      units.cancelled += line.cancelled;
      units.excepted += line.excepted;
    }
    return {
      seed: this.#options.seed,
      rounds: this.#rounds,
      kills: this.#kills,
      requests: { sent: this.#load.sent.length, repeated: this.#load.repeats },
      orders: Object.keys(state.orders).length,
      units,
      motions: this.#watch.commands,
      inDoubt: this.#books.doubts,
      answersByPerson: this.#person.answered,
      journal: { ticks: this.#books.ticks, epochs: state.epoch },
      lost: this.#lost,
      doubled: this.#doubled,
      wrong: this.#wrong,
      seconds: (performance.now() - this.#beganMs) / 1_000,
      directory: this.#wrong.length === 0 ? null : join(this.#rig.directory),
    };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
