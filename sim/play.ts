import { performance } from 'node:perf_hooks';
import { createCore } from '../controller/core/create.ts';
import type { Core } from '../controller/core/create.ts';
import type { CoreEffect } from '../controller/core/effect.ts';
import type { Task } from '../controller/core/state.ts';
import type { CoreEvent, IntakeSource } from '../controller/core/event.ts';
import { nextDeadlineUs, step } from '../controller/core/step.ts';
import { cellState } from '../controller/core/cell-mode.ts';
import type { CellModel } from '../controller/domain/cell.ts';
import type { IntakeRequest } from '../controller/domain/intake.ts';
import type { CellCommand } from '../controller/domain/packml.ts';
import { createInlinePlanner } from '../controller/runtime/inline-planner.ts';
import type { InlinePlanner } from '../controller/runtime/inline-planner.ts';
import type { Journal } from '../controller/runtime/journal.ts';
import type { JobPlanner } from '../controller/runtime/planner.ts';
import { heldItemSizeM } from '../controller/core/held-item.ts';
import type { MonitorState } from '../controller/coordination/monitor.ts';
import type { ArmHost } from '../controller/ports.ts';
import { Guard } from '../controller/runtime/guard.ts';

import type { WorldObserver } from './observer.ts';
import { SimOperator } from './operator.ts';
import { askedOf } from './play-queue.ts';
import { PlayMeter, reportOf, stuckBecause } from './play-report.ts';
import type { PlayProgress, PlayReport } from './play-report.ts';
import type { SimSettings } from './settings.ts';
import { TraceHash } from './trace-hash.ts';
import { SimWorld } from './world.ts';
import type { WorldStart } from './world.ts';

/** Something asked of the cell at an instant of the run. */
export interface TimedIntake {
  readonly atUs: number;
  readonly requestId: string;
  readonly source: IntakeSource;
  readonly request: IntakeRequest;
}

export interface PlayOptions {
  readonly cell: CellModel;
  readonly settings: SimSettings;
  readonly start: WorldStart;
  /** In order of their instants. */
  readonly intake: readonly TimedIntake[];
  readonly planner: JobPlanner;
  /** Where the run is kept; null: nowhere. */
  readonly journal: Journal | null;
  readonly observer: WorldObserver | null;
  /** What watches the arms' measured positions and stops them; null: nothing does. */
  readonly monitor: MonitorState | null;
  /** Called about every `progressEveryS` of simulated time. */
  readonly onProgress: ((progress: PlayProgress) => void) | null;
  readonly onNotice: ((notice: Extract<CoreEffect, { kind: 'notice' }>, nowUs: number) => void) | null;
  /** Simulated time without any progress after which the run counts as stuck, us. */
  readonly patienceUs: number;
  /** Ends the run early. */
  readonly signal: AbortSignal | null;
}

/** `stuck`: nothing went on for longer than the patience; `aborted`: the caller's signal. The report is up to then. */
export type PlayResult =
  | { readonly status: 'completed'; readonly report: PlayReport }
  | { readonly status: 'stuck'; readonly report: PlayReport; readonly because: readonly string[] }
  | { readonly status: 'aborted'; readonly report: PlayReport };

const SECOND_US = 1_000_000;

/** How long the simulated person lets a hold last before resuming, us. */
const RESUME_AFTER_US = 30 * SECOND_US;

/** Simulated time between two evaluations of the monitor, us. */
const MONITOR_EVERY_US = 20_000;

/** Wall time after which the event loop gets a turn, ms: for signals and progress bars. */
const TURN_MS = 100;

/** A whole run in simulated time: controller, planner and world in one process, with one clock. */
export async function play(options: PlayOptions): Promise<PlayResult> {
  const run = new PlayRun(options);
  const startMs = performance.now();
  let turnMs = startMs;
  for (;;) {
    const ended = run.tick();
    const nowMs = performance.now();
    if (ended !== null || options.signal?.aborted === true) {
      const report = run.report((nowMs - startMs) / 1000);
      if (ended === null) return { status: 'aborted', report };
      if (ended.length > 0) return { status: 'stuck', report, because: ended };
      return { status: 'completed', report };
    }
    if (nowMs - turnMs < TURN_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    turnMs = performance.now();
  }
}

class PlayRun {
  readonly core: Core;
  readonly world: SimWorld;
  private readonly options: PlayOptions;
  private readonly planner: InlinePlanner;
  private readonly operator: SimOperator | null;
  private readonly trace = new TraceHash();
  private readonly meter = new PlayMeter();
  private nowUs = 0;
  private deadlineUs: number | null = null;
  private nextIntake = 0;
  private commands = 0;
  private haltedUs: number | null = null;
  private began = false;
  private readonly due: CoreEvent[] = [];
  private readonly guard: Guard | null;
  private readonly epoch: number;

  constructor(options: PlayOptions) {
    this.options = options;
    this.world = new SimWorld(options.cell, options.settings, options.start);
    this.core = createCore(options.cell);
    this.planner = createInlinePlanner(options.planner, options.cell.planCostUs);
    const { operator } = options.settings;
    this.operator = operator === null ? null : new SimOperator(this.world, operator);
    const by = { wallMs: 0, pid: 0, host: 'play', version: 'play' };
    this.epoch = options.journal?.takeOver(by) ?? 1;
    this.guard = options.monitor === null ? null : new Guard(options.monitor, MONITOR_EVERY_US);
    this.world.io.announce();
    this.stepCore([{ kind: 'started', epoch: this.epoch, wallMs: 0 }]);
  }

  /** One step of the world. Null: go on. An empty list: all is done; else what is stuck. */
  tick(): readonly string[] | null {
    const { world, options, due } = this;
    this.nowUs += options.settings.stepUs;
    world.advanceTo(this.nowUs);
    if (this.nowUs % SECOND_US < options.settings.stepUs) this.attend();
    for (const host of world.armHosts) {
      if (options.settings.leaseUs !== null) host.renewLease();
      for (const event of host.takeEvents()) {
        if (event.kind !== 'state') due.push({ kind: 'arm', armId: host.armId, event });
        this.guard?.hear(host.armId, event, this.nowUs);
      }
    }
    this.watch();
    for (const event of world.io.takeEvents()) due.push({ kind: 'io', event });
    for (const result of this.planner.takeArrived(this.nowUs)) due.push({ kind: 'planned', result });
    this.takeIntake();
    if (due.length > 0 || (this.deadlineUs !== null && this.nowUs >= this.deadlineUs)) {
      this.stepCore(due.splice(0));
    }
    this.trace.sample(world);
    if (options.observer !== null) {
      const beganMs = performance.now();
      options.observer.observe(world, this.nowUs);
      this.meter.observingMs += performance.now() - beganMs;
    }
    return this.nowUs % SECOND_US < options.settings.stepUs ? this.judge() : null;
  }

  /** Stops that the monitor asks for go out at once; the core hears of them with what else happened. */
  private watch(): void {
    const { guard, core, epoch } = this;
    if (guard === null) return;
    const beganMs = performance.now();
    const verdicts = guard.watch((armId) => heldItemSizeM(core.state, armId), this.nowUs);
    this.meter.monitoringMs += performance.now() - beganMs;
    for (const verdict of verdicts) {
      for (const { armId, stop } of verdict.stops) {
        const commandId = guard.nextCommandId(epoch);
        this.host(armId)?.execute({ kind: 'stop', commandId, epoch, stop });
      }
      this.due.push({ kind: 'monitor', verdict });
    }
  }

  private host(armId: string): ArmHost | undefined {
    return this.world.armHosts.find((host) => host.armId === armId);
  }

  private takeIntake(): void {
    const { intake } = this.options;
    for (; this.nextIntake < intake.length; this.nextIntake += 1) {
      const { atUs, requestId, source, request } = intake[this.nextIntake] as TimedIntake;
      if (atUs > this.nowUs) return;
      this.due.push({ kind: 'intake', requestId, source, request });
    }
  }

  private stepCore(events: readonly CoreEvent[]): void {
    this.options.journal?.append({ nowUs: this.nowUs, events });
    // The core gets what a replay reads back: JSON knows no -0.
    const heard = JSON.parse(JSON.stringify(events)) as CoreEvent[];
    for (const effect of step(this.core, heard, this.nowUs)) this.carryOut(effect);
    this.deadlineUs = nextDeadlineUs(this.core);
  }

  private carryOut(effect: CoreEffect): void {
    this.trace.effect(effect);
    switch (effect.kind) {
      case 'arm':
        this.guard?.hearCommand(effect.armId, effect.command, this.nowUs);
        return this.host(effect.armId)?.execute(effect.command);
      case 'io':
        return this.world.io.execute(effect.request);
      case 'plan': {
        const beganMs = performance.now();
        this.planner.plan(effect.request, this.nowUs);
        this.meter.planningMs += performance.now() - beganMs;
        return;
      }
      case 'reason':
        return;
      case 'reply':
        return this.meter.noteReply(effect.requestId, effect.result);
      case 'notice':
        this.meter.noteNotice(effect);
        this.options.onNotice?.(effect, this.nowUs);
    }
  }

  /** What people do, once a second: start the cell, resume it, answer exceptions. */
  private attend(): void {
    this.drive();
    if (this.operator === null) return;
    for (const body of this.operator.attend(this.nowUs, askedOf(this.core))) {
      this.meter.answers += 1;
      this.ask({ kind: 'task', body });
    }
  }

  private ask(request: IntakeRequest): void {
    this.commands += 1;
    this.due.push({ kind: 'intake', requestId: `play-${this.commands}`, source: 'operator', request });
  }

  private drive(): void {
    const state = cellState(this.core.state);
    if (state === 'execute') {
      this.began = true;
      this.haltedUs = null;
      return;
    }
    const next: Partial<Record<typeof state, CellCommand>> = {
      stopped: 'reset',
      idle: 'start',
      held: 'unhold',
      suspended: 'unsuspend',
      aborted: 'clear',
      complete: 'reset',
    };
    const command = next[state];
    if (command === undefined) return;
    this.haltedUs ??= this.nowUs;
    if (this.began && this.nowUs - this.haltedUs < RESUME_AFTER_US) return;
    this.ask({ kind: 'cell', body: { command } });
  }

  private judge(): readonly string[] | null {
    const { state } = this.core;
    this.meter.noteProgress(state, this.nowUs);
    if (this.options.onProgress !== null && this.meter.progressDue(this.nowUs)) {
      this.options.onProgress(this.meter.progress(state, this.nowUs));
    }
    if (this.isDone()) return [];
    if (this.nowUs - this.meter.progressedUs <= this.options.patienceUs) return null;
    return stuckBecause(this.core, this.options.patienceUs);
  }

  private isDone(): boolean {
    const { state, cell } = this.core;
    const { fulfilled, cancelled, excepted } = state.totals.linesEnded;
    const { tasksDone, tasksCancelled, tasksExcepted } = state.totals;
    return (
      this.began &&
      this.nextIntake === this.options.intake.length &&
      this.due.length === 0 &&
      fulfilled + cancelled + excepted === state.totals.linesTotal &&
      tasksDone + tasksCancelled + tasksExcepted + Object.keys(state.tasks).length >=
        cell.fixedTasks.length &&
      Object.values(state.tasks).every((task) => this.isBeyondHelp(task)) &&
      Object.values(state.arms).every((arm) => arm.job === null && arm.next === null) &&
      cell.arms.every(({ id }) => !this.world.measured(id).moving)
    );
  }

  /** A task of a benchmark cell that no arm can do, with nobody to ask: reported as failed, not waited for. */
  private isBeyondHelp(task: Task): boolean {
    return task.kind === 'fixed' && task.exception !== null && this.operator === null;
  }

  report(wallS: number): PlayReport {
    return reportOf({
      core: this.core,
      world: this.world,
      meter: this.meter,
      verdict: this.options.observer?.verdict() ?? null,
      monitor: this.options.monitor?.statistics ?? null,
      traceHash: this.trace.digest(),
      simulatedS: this.nowUs / SECOND_US,
      wallS,
    });
  }
}
