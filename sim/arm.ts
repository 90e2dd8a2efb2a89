import { durationUs } from '../arms/trajectory/joint-trajectory.ts';
import type { JointLimits } from '../arms/model/manipulator.ts';
import type { ArmModel } from '../controller/domain/cell.ts';
import type { ArmCommand, ArmEvent, ArmHost, ArmOutcome, ArmRefusal, Holding } from '../controller/ports.ts';
import { ArmMotion } from './arm-motion.ts';
import { ArmTool } from './arm-tool.ts';
import type { Goods } from './items.ts';
import type { RandomStream, RandomStreams } from './random.ts';
import type { SimSettings } from './settings.ts';
import { whyNotFollow } from './submission.ts';
import { toolTip } from './tool-tip.ts';
import type { ToolTip } from './tool-tip.ts';

/** The commands whose ids an arm remembers, so that a repeat is refused. */
const REMEMBERED_MAX = 256;

/** Events kept for a controller that does not take them; the oldest go first. */
const EVENTS_MAX = 10_000;

/**
 * A trajectory has to begin where the arm stands, within this (rad; m for prismatic joints); what is left is eased
 * out. MoveIt refuses from 0.01 on (`allowed_start_tolerance`); a little more, so that nobody is refused for rounding.
 */
const START_TOLERANCE = 0.011;

/** Time a tool needs to build up its vacuum and to let it go, us. */
export type GripTimes = Readonly<Record<'grasp' | 'release', number>>;

interface Grip {
  readonly commandId: string;
  readonly action: 'grasp' | 'release';
  readonly endsUs: number;
  readonly inTime: boolean;
}

/** The arm's memory: what survives a loss of its power. */
export interface ArmSnapshot {
  readonly id: string;
  readonly epoch: number;
  readonly remembered: readonly string[];
  readonly positions: readonly number[];
  readonly last: { readonly commandId: string; readonly outcome: ArmOutcome } | null;
  readonly massKg: number;
  readonly faulted: boolean;
}

/** A simulated arm with its controller: executes commands as `ArmHost` says, in steps of the world. */
export class SimArm implements ArmHost {
  readonly armId: string;
  readonly model: ArmModel;
  private readonly settings: SimSettings;
  private readonly limits: readonly JointLimits[];
  private readonly tool: ArmTool;
  private readonly gripUs: GripTimes;
  private readonly motion: ArmMotion;
  private nowUs = 0;
  private epoch = 0;
  private remembered: string[] = [];
  private command: { commandId: string; marksUs: readonly number[]; nextMark: number } | null = null;
  private stopping: 'commanded' | 'lease-expired' | 'protective' | 'fault' | null = null;
  private grip: Grip | null = null;
  private claim: { commandId: string } | null = null;
  private last: ArmSnapshot['last'] = null;
  private fault: { code: string; detail: string; clearsAtUs: number | null } | null = null;
  private lostUntilUs: number | null = null;
  private readonly delays: RandomStream;
  /** Of its speed, that the motion under way is driven at. */
  private motionShare = 1;
  private speedShare = 1;
  private speedUntilUs = 0;
  private heardUs = 0;
  private events: ArmEvent[] = [{ kind: 'connected' }];
  private sample: ArmEvent | null = null;
  private sampleDueUs = 0;
  /** Grows with everything that has to outlast a crash of the simulator. */
  version = 0;

  constructor(
    model: ArmModel,
    gripUs: GripTimes,
    settings: SimSettings,
    goods: Goods,
    random: RandomStreams,
  ) {
    this.armId = model.id;
    this.model = model;
    this.settings = settings;
    this.limits = model.manipulator.joints.map((joint) => joint.limits);
    this.gripUs = gripUs;
    this.delays = random.of(`delays:${model.id}`);
    this.tool = new ArmTool(model.id, settings, goods, random);
    this.motion = new ArmMotion(model.manipulator, settings, model.park);
  }

  /** Measured joint positions: rad (m for prismatic joints). A live view: copy it to keep it. */
  get positions(): Float64Array {
    return this.motion.positions;
  }

  /** Measured joint velocities, per second. A live view. */
  get velocities(): Float64Array {
    return this.motion.velocities;
  }

  get moving(): boolean {
    return this.motion.moving;
  }

  /** Nothing is under way here that time alone will bring on. */
  get resting(): boolean {
    return !this.motion.moving && this.grip === null && this.claim === null;
  }

  tip(): ToolTip {
    return toolTip(this.model, this.motion.positions);
  }

  holding(): Holding {
    return this.tool.holding();
  }

  renewLease(): void {
    if (this.lostUntilUs === null) this.heardUs = this.nowUs;
  }

  takeEvents(): readonly ArmEvent[] {
    if (this.lostUntilUs !== null) {
      const lost = this.events.findIndex((event) => event.kind === 'lost');
      return lost < 0 ? [] : this.events.splice(lost, 1);
    }
    if (this.sample !== null) {
      this.events.push(this.sample);
      this.sample = null;
    }
    return this.events.length === 0 ? [] : this.events.splice(0);
  }

  execute(command: ArmCommand): void {
    if (this.lostUntilUs !== null) return;
    this.heardUs = this.nowUs;
    const refuse = (reason: ArmRefusal, detail: string): void =>
      this.emit({ kind: 'refused', commandId: command.commandId, reason, detail });
    if (command.epoch < this.epoch) {
      return refuse('stale-epoch', `epoch ${command.epoch} was superseded by ${this.epoch}`);
    }
    if (command.kind === 'extend') return this.extend(command, refuse);
    if (this.remembered.includes(command.commandId)) {
      return refuse('duplicate-command', `command ${command.commandId} was given before`);
    }
    if (command.kind !== 'claim' && command.epoch > this.epoch) {
      return refuse('future-epoch', `epoch ${command.epoch} has not been claimed; ${this.epoch} is in force`);
    }
    this.remember(command.commandId);
    switch (command.kind) {
      case 'claim':
        return this.beClaimed(command.commandId, command.epoch);
      case 'stop':
        this.emit({ kind: 'accepted', commandId: command.commandId });
        return this.stopMotion(command.stop === 'protective' ? 'protective' : 'commanded');
      case 'submit':
      case 'grip': {
        if (this.fault !== null) return refuse('faulted', `${this.fault.code}: ${this.fault.detail}`);
        if (this.motion.moving) return refuse('moving', 'the arm is still moving');
        if (this.grip !== null) return refuse('moving', 'the tool is still at work');
        if (this.claim !== null) return refuse('moving', 'the arm is being claimed');
        if (command.kind === 'grip') return this.beginGrip(command);
        return this.beginMotion(command, refuse);
      }
    }
  }

  private remember(commandId: string): void {
    this.remembered.push(commandId);
    if (this.remembered.length > REMEMBERED_MAX) this.remembered.shift();
    this.version += 1;
  }

  private extend(
    command: Extract<ArmCommand, { kind: 'extend' }>,
    refuse: (reason: ArmRefusal, detail: string) => void,
  ): void {
    if (command.epoch > this.epoch)
      return refuse('future-epoch', `epoch ${command.epoch} has not been claimed`);
    if (!Number.isSafeInteger(command.grantedUntilUs)) {
      return refuse('malformed', `grantedUntilUs: ${command.grantedUntilUs} is not an integer`);
    }
    if (this.command?.commandId === command.commandId) return this.motion.extend(command.grantedUntilUs);
    if (this.remembered.includes(command.commandId)) {
      return refuse('late-command', `command ${command.commandId} has ended`);
    }
    refuse('unknown-command', `command ${command.commandId} is not known`);
  }

  private beClaimed(commandId: string, epoch: number): void {
    if (this.claim !== null) {
      this.emit({
        kind: 'refused',
        commandId: this.claim.commandId,
        reason: 'stale-epoch',
        detail: `superseded by claim ${commandId}`,
      });
    }
    this.epoch = epoch;
    this.claim = { commandId };
    this.stopMotion('commanded');
    this.version += 1;
  }

  private stopMotion(because: 'commanded' | 'lease-expired' | 'protective' | 'fault'): void {
    if (!this.motion.moving) return;
    if (because === 'protective' || because === 'fault') this.motion.brakeOffPath();
    else this.motion.stop();
    if (this.stopping === null || because === 'protective' || because === 'fault') this.stopping = because;
  }

  private beginMotion(
    command: Extract<ArmCommand, { kind: 'submit' }>,
    refuse: (reason: ArmRefusal, detail: string) => void,
  ): void {
    const { trajectory, fromUs, grantedUntilUs, marksUs } = command;
    const refusal = whyNotFollow(command, this.limits);
    if (refusal !== null) return refuse(refusal.reason, refusal.detail);
    const { joint, by } = this.motion.deviation(trajectory, fromUs);
    if (by > START_TOLERANCE) {
      return refuse('start-deviates', `joint ${joint} stands ${by.toPrecision(3)} away from the start`);
    }
    this.motion.begin(trajectory, fromUs, grantedUntilUs);
    this.motionShare = this.drawMotionShare();
    const nextMark = marksUs.findIndex((mark) => mark >= fromUs);
    this.command = {
      commandId: command.commandId,
      marksUs,
      nextMark: nextMark < 0 ? marksUs.length : nextMark,
    };
    this.stopping = null;
    this.tool.motionBegins(fromUs, durationUs(trajectory));
    this.emit({ kind: 'accepted', commandId: command.commandId });
  }

  private drawMotionShare(): number {
    const { delays } = this.settings;
    if (delays === undefined || !this.delays.chance(delays.share)) return 1;
    const { min, max } = delays.extra;
    return 1 / (1 + min + (max - min) * this.delays.fraction());
  }

  private beginGrip(command: Extract<ArmCommand, { kind: 'grip' }>): void {
    const needsUs = this.gripUs[command.action];
    const inTime = needsUs <= command.dwellUs;
    this.grip = {
      commandId: command.commandId,
      action: command.action,
      endsUs: this.nowUs + (inTime ? needsUs : command.dwellUs),
      inTime,
    };
    this.emit({ kind: 'accepted', commandId: command.commandId });
  }

  /** One step of the arm's own controller. */
  step(nowUs: number): void {
    this.nowUs = nowUs;
    if (this.lostUntilUs !== null && nowUs >= this.lostUntilUs) {
      this.lostUntilUs = null;
      this.events.push({ kind: 'connected' });
    }
    const clearsAtUs = this.fault?.clearsAtUs ?? null;
    if (clearsAtUs !== null && nowUs >= clearsAtUs) this.clearFault();
    if (this.motion.moving) this.stepMotion();
    if (this.grip !== null && nowUs >= this.grip.endsUs) this.endGrip(this.grip);
    if (this.claim !== null && !this.motion.moving && this.grip === null)
      this.answerClaim(this.claim.commandId);
    if (this.settings.sampleEveryUs !== null && nowUs >= this.sampleDueUs) this.takeSample();
  }

  private stepMotion(): void {
    const { leaseUs } = this.settings;
    if (leaseUs !== null && this.stopping === null && this.nowUs - this.heardUs > leaseUs) {
      this.stopMotion('lease-expired');
    }
    const share = this.nowUs < this.speedUntilUs ? this.speedShare : 1;
    this.motion.step(share * this.motionShare);
    const progressUs = this.motion.progressUs;
    if (this.tool.fallsAt(progressUs)) this.loseHeld();
    const command = this.command;
    if (command === null) return;
    while (command.nextMark < command.marksUs.length) {
      const mark = command.marksUs[command.nextMark] as number;
      if (mark > progressUs) break;
      command.nextMark += 1;
      if (this.claim === null) {
        this.emit({ kind: 'progressed', commandId: command.commandId, progressUs: mark });
      }
    }
    if (!this.motion.moving) this.endMotion(command.commandId);
  }

  private endMotion(commandId: string): void {
    const outcome: ArmOutcome = this.motion.atEnd
      ? { status: 'reached' }
      : {
          status: 'stopped',
          progressUs: Math.floor(this.motion.progressUs),
          because: this.stopping ?? 'fault',
        };
    this.command = null;
    this.stopping = null;
    this.end(commandId, outcome);
  }

  private end(commandId: string, outcome: ArmOutcome): void {
    this.last = { commandId, outcome };
    this.version += 1;
    if (this.claim !== null) return;
    this.emit({
      kind: 'ended',
      commandId,
      outcome,
      positions: [...this.motion.positions],
      holding: this.holding(),
    });
  }

  private endGrip(grip: Grip): void {
    this.grip = null;
    const inTime = grip.inTime ? 'in-time' : 'too-late';
    const tip = this.tip();
    const outcome = grip.action === 'grasp' ? this.tool.grasp(tip, inTime) : this.tool.release(tip, inTime);
    this.end(grip.commandId, outcome);
  }

  /** What the tool holds falls to the floor; its sensor notices. */
  loseHeld(): void {
    if (this.tool.lose(this.tip())) this.emit({ kind: 'holding-changed', holding: this.holding() });
  }

  /** Goods were taken out of the tool, or put into it, by a person. */
  touchedByHand(): void {
    this.tool.touchedByHand();
    this.emit({ kind: 'holding-changed', holding: this.holding() });
  }

  private answerClaim(commandId: string): void {
    this.claim = null;
    this.emit({
      kind: 'claimed',
      commandId,
      epoch: this.epoch,
      positions: [...this.motion.positions],
      holding: this.holding(),
      last: this.last,
    });
  }

  private takeSample(): void {
    this.sampleDueUs = this.nowUs + (this.settings.sampleEveryUs as number);
    this.sample = {
      kind: 'state',
      sample: {
        positions: [...this.motion.positions],
        velocities: [...this.motion.velocities],
        sampledUs: this.nowUs,
        commandId: this.command?.commandId ?? null,
        progressUs: Math.floor(this.motion.progressUs),
        holding: this.holding(),
      },
    };
  }

  private emit(event: ArmEvent): void {
    if (this.events.length >= EVENTS_MAX) this.events.shift();
    this.events.push(event);
    this.version += 1;
  }

  loseComms(forUs: number): void {
    if (this.lostUntilUs === null) this.emit({ kind: 'lost', reason: 'communication lost (simulated)' });
    this.lostUntilUs = Math.max(this.lostUntilUs ?? 0, this.nowUs + forUs);
  }

  setSpeed(share: number, forUs: number): void {
    this.speedShare = share;
    this.speedUntilUs = this.nowUs + forUs;
  }

  protectiveStop(clearsAfterUs: number | null): void {
    this.stopMotion('protective');
    const clearsAtUs = clearsAfterUs === null ? null : this.nowUs + clearsAfterUs;
    this.fault = {
      code: 'protective-stop',
      detail: 'stopped by its own safety function (simulated)',
      clearsAtUs,
    };
    this.emit({ kind: 'faulted', code: this.fault.code, detail: this.fault.detail });
  }

  clearFault(): void {
    if (this.fault === null) return;
    this.fault = null;
    this.emit({ kind: 'fault-cleared' });
  }

  /** Puts the arm somewhere before anything happens. Throws when the number of joints is another. */
  standAt(positions: readonly number[]): void {
    const joints = this.model.manipulator.joints.length;
    if (positions.length !== joints) {
      throw new Error(`arm ${this.armId} has ${joints} joints, ${positions.length} positions were given`);
    }
    this.motion.standAt(positions);
  }

  snapshot(): ArmSnapshot {
    return {
      id: this.armId,
      epoch: this.epoch,
      remembered: [...this.remembered],
      positions: [...this.motion.positions],
      last: this.interrupted() ?? this.last,
      massKg: this.tool.massKg,
      faulted: this.fault !== null,
    };
  }

  /** What becomes of the command under way if the power fails now. */
  private interrupted(): ArmSnapshot['last'] {
    if (this.command !== null) {
      const progressUs = Math.floor(this.motion.progressUs);
      return {
        commandId: this.command.commandId,
        outcome: { status: 'stopped', progressUs, because: 'fault' },
      };
    }
    if (this.grip !== null) {
      const status = this.grip.action === 'grasp' ? ('grasp-failed' as const) : ('release-blocked' as const);
      return { commandId: this.grip.commandId, outcome: { status } };
    }
    return null;
  }

  /** Comes back as after a loss of power: at rest where it was, what it was doing is over. */
  restore(snapshot: ArmSnapshot, nowUs: number): void {
    this.nowUs = nowUs;
    this.heardUs = nowUs;
    this.epoch = snapshot.epoch;
    this.remembered = [...snapshot.remembered];
    this.motion.standAt(snapshot.positions);
    this.last = snapshot.last;
    this.tool.restore(snapshot.massKg);
    this.fault = null;
    this.command = null;
    this.stopping = null;
    this.grip = null;
    this.claim = null;
    this.lostUntilUs = null;
    this.speedUntilUs = 0;
    this.events = [{ kind: 'connected' }];
    if (snapshot.faulted) this.emit({ kind: 'fault-cleared' });
    this.sample = null;
    this.version += 1;
  }
}
