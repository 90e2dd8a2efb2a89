import { writeFileSync } from 'node:fs';
import type { CoreEffect } from '../core/effect.ts';
import type { CoreEvent, IntakeSource } from '../core/event.ts';
import type { IntakeRequest, IntakeResult } from '../domain/intake.ts';
import type { BooksLimits, BooksView } from '../operations/books-view.ts';
import type { ArmAccount, TaskAccount } from '../operations/account.ts';
import { ReasonLog } from '../operations/reason-log.ts';
import type { ScheduleAccount } from '../operations/schedule-account.ts';
import type { CellView, OrderView, TaskView } from '../operations/view.ts';
import type { Clock } from '../ports.ts';
import type { ControlLoopOptions, FatalFault } from './control-loop-options.ts';
import { Field } from './field.ts';
import { Guard } from './guard.ts';
import { IntakeDesk } from './intake-desk.ts';
import { JournalFailure } from './journal.ts';
import type { JournalFault, NewTick } from './journal.ts';
import type { Replayed } from './replay.ts';
import { restoreCore } from './restore.ts';
import { clockFrom } from './runtime-clock.ts';
import type { ControllerService, LiveArm, RuntimeStatistics } from './service.ts';

export type CreatedLoop<TCore> =
  | { readonly ok: true; readonly loop: ControlLoop<TCore>; readonly restored: Replayed<TCore> }
  | { readonly ok: false; readonly fault: JournalFault };

/**
 * Rebuilds the core from the journal, takes the journal over under a new epoch, and gives a loop that is ready to
 * start. Nothing moves before the core has seen its `started` event and an operator has said so.
 */
export function createControlLoop<TCore>(options: ControlLoopOptions<TCore>): CreatedLoop<TCore> {
  try {
    const desk = new IntakeDesk(options.intake);
    const reasons = new ReasonLog();
    const restored = restoreCore(options, (effect, nowUs) => {
      reasons.hear(effect, nowUs);
      if (effect.kind === 'reply') desk.remember(effect.requestId, effect.result, null);
    });
    const loop = new ControlLoop(options, restored, desk, reasons);
    return { ok: true, loop, restored };
  } catch (error) {
    if (error instanceof JournalFailure) return { ok: false, fault: error.fault };
    throw error;
  }
}

/** The only part with a clock: takes in what happened, steps the core, makes it durable, carries out what follows. */
export class ControlLoop<TCore> implements ControllerService {
  readonly #options: ControlLoopOptions<TCore>;
  readonly #core: TCore;
  readonly #desk: IntakeDesk;
  readonly #reasons: ReasonLog;
  readonly #field: Field;
  readonly #guard: Guard | null;
  readonly #clock: Clock;
  readonly #epoch: number;
  readonly #queued: CoreEvent[] = [];
  #phase: 'created' | 'running' | 'ending' | 'ended' | 'failed' = 'created';
  #timer: NodeJS.Timeout | undefined;
  #nextTickAtUs = 0;
  #deadlineUs: number | null;
  #snapshot: { events: number; nowUs: number };
  /** Made when asked for, good until the next step. */
  #view: CellView | null = null;
  #statistics = {
    ticks: 0,
    stepSecondsTotal: 0,
    tickOverruns: 0,
    journalCommits: 0,
    journalCommitSecondsTotal: 0,
    eventsTotal: 0,
    monitorSecondsTotal: 0,
  };

  constructor(
    options: ControlLoopOptions<TCore>,
    restored: Replayed<TCore>,
    desk: IntakeDesk,
    reasons: ReasonLog,
  ) {
    const { journal, clock } = options;
    this.#options = options;
    this.#core = restored.core;
    this.#desk = desk;
    this.#reasons = reasons;
    // Evaluated in every tick: 100 times a second.
    this.#guard = options.monitor === null ? null : new Guard(options.monitor, 0);
    this.#field = new Field(options.drivers, options.io, options.field, this.#guard);
    this.#snapshot = { events: restored.from?.events ?? 0, nowUs: journal.head().nowUs };
    // A long tail is replayed once, not at every restart that follows.
    if (restored.events >= options.snapshotEvery.events) {
      journal.saveSnapshot(restored.stateJson);
      this.#snapshot = journal.head();
    }
    const wallMs = clock.wallMs();
    this.#epoch = journal.takeOver({ ...options.by, wallMs });
    this.#clock = clockFrom(journal.head().nowUs, clock);
    this.#deadlineUs = options.core.nextDeadlineUs(this.#core);
    this.#queued.push({ kind: 'started', epoch: this.#epoch, wallMs });
  }

  get epoch(): number {
    return this.#epoch;
  }

  start(): void {
    if (this.#phase !== 'created') throw new Error('a control loop starts once');
    this.#phase = 'running';
    this.#nextTickAtUs = this.#options.clock.monotonicUs();
    this.#arm();
  }

  #arm(): void {
    const { clock, tickMs } = this.#options;
    const nowUs = clock.monotonicUs();
    this.#nextTickAtUs += tickMs * 1_000;
    // After a stall the missed ticks are left out: a burst of them would only stall again.
    if (this.#nextTickAtUs <= nowUs) this.#nextTickAtUs = nowUs + 1_000;
    this.#timer = setTimeout(
      () => {
        this.tick();
        if (this.#phase === 'running' || this.#phase === 'ending') this.#arm();
      },
      Math.max(1, Math.round((this.#nextTickAtUs - nowUs) / 1_000)),
    );
  }

  /** One tick; called by the loop's own timer, or by a test that is the timer. */
  tick(): void {
    if (this.#phase === 'failed' || this.#phase === 'ended') return;
    const { clock, tickMs } = this.#options;
    const beganUs = clock.monotonicUs();
    const nowUs = this.#clock.nowUs();
    this.#statistics.ticks += 1;
    let tick: NewTick = { nowUs, events: [] };
    try {
      tick = this.#gather(nowUs);
      if (tick.events.length > 0 || (this.#deadlineUs !== null && nowUs >= this.#deadlineUs)) {
        this.#advance(tick);
      }
      this.#field.keepAlive(nowUs);
    } catch (error) {
      this.#fail(error, tick);
    }
    if (clock.monotonicUs() - beganUs > tickMs * 1_000) this.#statistics.tickOverruns += 1;
  }

  #gather(nowUs: number): NewTick {
    const events = this.#queued.splice(0);
    for (const event of this.#field.take(nowUs)) events.push(event);
    for (const event of this.#watch(nowUs)) events.push(event);
    for (const event of this.#options.plc?.takeEvents() ?? []) events.push({ kind: 'plc', event });
    for (const result of this.#options.planner.takeResults()) events.push({ kind: 'planned', result });
    for (const event of this.#desk.take(this.#options.intake.perTickMax)) events.push(event);
    if (events.length === 0) return { nowUs, events };
    // The core gets exactly what a replay will read back: JSON knows no -0, no undefined, no NaN.
    const eventsJson = JSON.stringify(events);
    return { nowUs, events: JSON.parse(eventsJson) as CoreEvent[], eventsJson };
  }

  /** What the monitor finds. Its stops go out here and now, whatever the core and the journal make of it afterwards. */
  #watch(nowUs: number): CoreEvent[] {
    const guard = this.#guard;
    if (guard === null) return [];
    const { core, clock } = this.#options;
    const beganUs = clock.monotonicUs();
    const verdicts = guard.watch((armId) => core.heldItemSizeM(this.#core, armId), nowUs);
    this.#statistics.monitorSecondsTotal += (clock.monotonicUs() - beganUs) / 1e6;
    for (const verdict of verdicts) {
      for (const { armId, stop } of verdict.stops) {
        const commandId = guard.nextCommandId(this.#epoch);
        this.#field.command(armId, { kind: 'stop', commandId, epoch: this.#epoch, stop }, nowUs);
      }
    }
    return verdicts.map((verdict) => ({ kind: 'monitor', verdict }));
  }

  /** Steps the core, commits, carries out. */
  #advance(tick: NewTick): void {
    const { core, journal, clock } = this.#options;
    const { events, nowUs } = tick;
    const steppedUs = clock.monotonicUs();
    this.#view = null;
    const effects = core.step(this.#core, events, nowUs);
    for (const effect of effects) this.#reasons.hear(effect, nowUs);
    // A stop waits for nothing, least of all for a disk.
    for (const effect of effects) if (isStop(effect)) this.#carryOut(effect, nowUs);
    const committingUs = clock.monotonicUs();
    journal.append(tick);
    const committedUs = clock.monotonicUs();
    for (const effect of effects) if (!isStop(effect)) this.#carryOut(effect, nowUs);
    this.#answerTheRest(events);
    this.#deadlineUs = core.nextDeadlineUs(this.#core);
    this.#statistics.stepSecondsTotal += (committingUs - steppedUs) / 1e6;
    this.#statistics.journalCommitSecondsTotal += (committedUs - committingUs) / 1e6;
    this.#statistics.journalCommits += 1;
    this.#statistics.eventsTotal += events.length;
    this.#snapshotIfDue(nowUs);
  }

  #carryOut(effect: CoreEffect, nowUs: number): void {
    switch (effect.kind) {
      case 'arm':
        return this.#field.command(effect.armId, effect.command, nowUs);
      case 'io':
        return this.#field.ask(effect.request);
      case 'plc':
        return this.#options.plc?.send(effect.command);
      case 'plan':
        return this.#options.planner.request(effect.request);
      case 'reason':
        return;
      case 'reply':
        return this.#desk.answer(effect.requestId, effect.result);
      case 'notice':
        return this.#options.onNotice(effect);
    }
  }

  /** Nobody is left waiting, not even by a core that forgot to answer. */
  #answerTheRest(events: readonly CoreEvent[]): void {
    for (const event of events) {
      if (event.kind !== 'intake' || !this.#desk.isPending(event.requestId)) continue;
      this.#desk.answer(event.requestId, {
        status: 'refused',
        code: 'unanswered',
        detail: 'the controller took the request and gave no answer; please report this',
      });
    }
  }

  #snapshotIfDue(nowUs: number): void {
    const { journal, snapshotEvery } = this.#options;
    const events = journal.head().events - this.#snapshot.events;
    const isDue =
      events >= snapshotEvery.events || (events > 0 && nowUs - this.#snapshot.nowUs >= snapshotEvery.us);
    if (isDue) this.#saveSnapshot();
  }

  #saveSnapshot(): void {
    const { core, journal } = this.#options;
    // Not canonical: this runs within a tick, and takes a tenth of the time.
    journal.saveSnapshot(JSON.stringify(core.stateOf(this.#core)));
    this.#snapshot = journal.head();
  }

  /** Arms first. Their leases are renewed no more, so that they stop even if they did not hear. */
  #fail(error: unknown, tick: NewTick): void {
    this.#phase = 'failed';
    clearTimeout(this.#timer);
    this.#field.stopAll(this.#epoch, tick.nowUs);
    const fault = error instanceof JournalFailure ? error.fault : this.#recordBug(error, tick);
    this.#desk.close('failed', `the controller had to end: ${fault.detail}`);
    this.#options.onFatal(fault);
  }

  #recordBug(error: unknown, { nowUs, events }: NewTick): FatalFault {
    const { failedTickFile, journal } = this.#options;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    let file = 'no file';
    if (failedTickFile !== null) {
      const record = { afterTick: journal.head().ticks, nowUs, events, error: stack };
      try {
        writeFileSync(failedTickFile, JSON.stringify(record, null, 2));
        file = failedTickFile;
      } catch (cause) {
        file = `${failedTickFile} (could not be written: ${(cause as Error).message})`;
      }
    }
    return {
      code: 'controller-failed',
      file,
      detail: `the controller broke one of its own rules (${stack.split('\n', 1)[0]})`,
      remedy:
        'The arms were told to stop. Restart the controller, which asks every arm for the truth, and report the ' +
        'bug with this file and the journal',
    };
  }

  /**
   * Ends in order: no more work is taken in, the core holds the cell, the arms come to rest (or the time allowed
   * passes), the state is stored, the leases are let go. Resolves when the journal is closed.
   */
  async shutdown(): Promise<void> {
    if (this.#phase === 'ending' || this.#phase === 'ended') return;
    if (this.#phase !== 'failed') {
      const { clock, restWithinUs, tickMs, core } = this.#options;
      const manual = this.#phase === 'created';
      this.#phase = 'ending';
      this.#desk.close('shutting-down', 'the controller is shutting down; send it again when it is back');
      this.#queued.push({ kind: 'shutdown' });
      const endUs = clock.monotonicUs() + restWithinUs;
      do {
        if (manual) this.tick();
        await new Promise((resolve) => setTimeout(resolve, tickMs));
      } while (
        this.#isRunning() &&
        (this.#queued.length > 0 || !core.isAtRest(this.#core)) &&
        clock.monotonicUs() < endUs
      );
      clearTimeout(this.#timer);
    }
    await this.#close();
  }

  #isRunning(): boolean {
    return this.#phase === 'ending';
  }

  async #close(): Promise<void> {
    const { planner, journal } = this.#options;
    await planner.close();
    if (this.#phase === 'ending') {
      this.#phase = 'ended';
      try {
        if (journal.head().events > this.#snapshot.events) this.#saveSnapshot();
      } catch (error) {
        if (!(error instanceof JournalFailure)) throw error;
        this.#options.onFatal(error.fault);
      }
    }
    journal.close();
  }

  submit(request: IntakeRequest, requestId: string, source: IntakeSource): Promise<IntakeResult> {
    return this.#desk.submit(request, requestId, source);
  }

  view(): CellView {
    this.#view ??= this.#options.core.view(this.#core);
    return this.#view;
  }

  tasks(filter: { readonly state: string | null; readonly limit: number }): readonly TaskView[] {
    return this.#options.core.tasks(this.#core, filter);
  }

  task(taskId: string): TaskView | null {
    return this.#options.core.task(this.#core, taskId);
  }

  order(orderId: string): OrderView | null {
    return this.#options.core.order(this.#core, orderId);
  }

  books(limits: BooksLimits): BooksView {
    return this.#options.core.books(this.#core, limits);
  }

  whyTask(taskId: string): TaskAccount {
    return this.#reasons.aboutTask(taskId);
  }

  whyArm(armId: string, atS: number | Date | null): ArmAccount | null {
    const nowUs = this.#clock.nowUs();
    const atUs =
      atS === null
        ? nowUs
        : typeof atS === 'number'
          ? atS * 1_000_000
          : nowUs - (this.#options.clock.wallMs() - atS.getTime()) * 1_000;
    return this.#reasons.aboutArm(armId, atUs);
  }

  schedule(): ScheduleAccount {
    return this.#options.core.schedule(this.#core, this.#clock.nowUs());
  }

  live(): readonly LiveArm[] {
    return [...this.#field.samples()].map(([id, sample]) => ({ id, positions: sample.positions }));
  }

  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    const reasons = this.#field.missing();
    if (this.#phase === 'created') reasons.unshift('the control loop has not started');
    if (this.#phase === 'ending' || this.#phase === 'ended')
      reasons.unshift('the controller is shutting down');
    if (this.#phase === 'failed') reasons.unshift('the controller failed and has to be restarted');
    return { ready: reasons.length === 0, reasons };
  }

  statistics(): RuntimeStatistics {
    const { plansTotal, planSecondsTotal } = this.#options.planner.statistics();
    const monitor = this.#options.monitor?.statistics;
    return {
      ...this.#statistics,
      monitorEvaluations: monitor?.evaluations ?? 0,
      monitorStops: monitor?.stops ?? 0,
      monitorPredictedMinM: monitor?.predictedMinM ?? null,
      eventsDropped: this.#field.dropped + this.#desk.refused,
      plansTotal,
      planSecondsTotal,
    };
  }
}

function isStop(effect: CoreEffect): boolean {
  return effect.kind === 'arm' && effect.command.kind === 'stop';
}
