import { randomUUID } from 'node:crypto';
import type { ArmCommand, ArmEvent, ArmHost, ArmRefusal, ArmSample, Clock } from '../../controller/ports.ts';
import {
  COMMAND_LIMITS,
  COMMAND_MESSAGES,
  LeaseMessage,
  SMALL_LIMITS,
  eventBody,
  toArmCommand,
} from './arm-messages.ts';
import type { CommandKind, StateMessage } from './arm-messages.ts';
import { CommandAdmission } from './command-admission.ts';
import { MqttConnection } from './connection.ts';
import type { BrokerAccess } from './broker-access.ts';
import type { Inbound } from './connection.ts';
import { ControllerWatch } from './controller-watch.ts';
import { Outbox } from './outbox.ts';
import { Presence } from './presence.ts';
import type { PresenceStatus } from './presence.ts';
import { decodePayload, faultsAsText } from './payload.ts';
import { cellNameOf, armTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface MqttArmHostOptions {
  readonly broker: BrokerAccess;
  readonly cell: CellAddress;
  /** The arm itself: the simulator's, or a device's own software. */
  readonly host: ArmHost;
  /** The clock that the host's samples are stamped with. */
  readonly clock: Clock;
  /** How long the arm moves without hearing from its controller, us. */
  readonly leaseUs: number;
  /** How often `state` is published, 1/s. */
  readonly sampleHz: number;
  readonly onTrouble?: (message: string) => void;
}

export interface ArmHostStatistics {
  readonly commands: number;
  readonly refused: number;
  readonly leasesIgnored: number;
  readonly eventsDropped: number;
}

const MAX_WAITING_EVENTS = 512;
/** A broker that takes longer to say that it has an event is connected to anew. */
const ACKNOWLEDGE_WITHIN_MS = 2_000;
const MAX_REFUSALS_PER_S = 100;
/** Commands remembered to say which one the arm refused. */
const REMEMBERED_COMMANDS = 64;

interface Grant {
  readonly commandId: string;
  untilUs: number;
}

interface RefusedCommand {
  readonly commandId: string | null;
  readonly command: CommandKind | null;
  readonly commandSeq: number | null;
  readonly epoch: number | null;
}

/**
 * The arm's side of the MQTT arm protocol (docs/mqtt-arm-protocol.md): puts any `ArmHost` on a broker. It checks
 * every command before the host sees it, renews the host's lease only for the controller that claimed it, and
 * publishes what the host reports. `pump` has to be called after every step of the device.
 */
export class MqttArmHost {
  readonly #host: ArmHost;
  readonly #clock: Clock;
  readonly #options: MqttArmHostOptions;
  readonly #topics: ReturnType<typeof armTopics>;
  readonly #session = randomUUID();
  readonly #admission: CommandAdmission;
  readonly #connection: MqttConnection;
  readonly #presence: Presence;
  readonly #outbox: Outbox;
  readonly #watch: ControllerWatch;
  readonly #recent = new Map<string, RefusedCommand>();
  /** The last submitted motion's grant, and the running one's; a submit may be refused while another runs. */
  #submitted: Grant | null = null;
  #grant: Grant | null = null;
  #sample: ArmSample | null = null;
  #sampleDueUs = 0;
  #deviceLost = false;
  #eventSeq = 0;
  #commands = 0;
  #refused = 0;
  #leasesIgnored = 0;
  #refusalsLeft = MAX_REFUSALS_PER_S;
  #refusalsSinceUs = 0;

  constructor(options: MqttArmHostOptions) {
    this.#options = options;
    this.#host = options.host;
    this.#clock = options.clock;
    this.#topics = armTopics(options.cell, options.host.armId);
    this.#admission = new CommandAdmission(this.#session, options.leaseUs);
    this.#connection = new MqttConnection({
      broker: options.broker,
      clientId: `magpie-${cellNameOf(options.cell)}-arm-${options.host.armId}-${this.#session.slice(0, 8)}`,
      session: 'clean',
      acknowledgeWithinMs: ACKNOWLEDGE_WITHIN_MS,
      will: () => ({ topic: this.#topics.presence, payload: this.#said('offline'), retain: 'retain' }),
      ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
    });
    this.#connection.subscribe(
      this.#topics.command('+'),
      1,
      (message) => this.#command(message),
      'as-published',
    );
    this.#connection.subscribe(this.#topics.lease, 0, (message) => this.#lease(message), 'as-published');
    this.#presence = new Presence(this.#connection, this.#topics.presence, (status) => this.#said(status));
    this.#outbox = new Outbox(this.#connection, MAX_WAITING_EVENTS);
    this.#watch = new ControllerWatch(this.#connection, options.broker, options.cell);
  }

  get connected(): boolean {
    return this.#connection.connected;
  }

  open(): void {
    this.#connection.open();
  }

  /** Says that the arm goes away, and disconnects. */
  async close(): Promise<void> {
    this.#presence.leave();
    this.#watch.close();
    await this.#connection.close();
  }

  statistics(): ArmHostStatistics {
    return {
      commands: this.#commands,
      refused: this.#refused,
      leasesIgnored: this.#leasesIgnored,
      eventsDropped: this.#outbox.dropped,
    };
  }

  /** Publishes what the host reported since the last call, and a sample when one is due. */
  pump(): void {
    for (const event of this.#host.takeEvents()) this.#report(event);
    this.#outbox.flush();
    const nowUs = this.#clock.nowUs();
    if (this.#sample === null || this.#deviceLost || nowUs < this.#sampleDueUs) return;
    this.#publishState(this.#sample, nowUs);
    this.#sample = null; // said; the next one is worth a message again
    this.#sampleDueUs = nowUs + Math.floor(1e6 / this.#options.sampleHz);
  }

  #report(event: ArmEvent): void {
    switch (event.kind) {
      case 'state':
        this.#sample = event.sample;
        return;
      case 'connected':
        this.#deviceLost = false;
        return;
      case 'lost':
        // The device behind this host is gone: falling silent is what tells the controller.
        this.#deviceLost = true;
        this.#options.onTrouble?.(`arm ${this.#host.armId} is lost to its own host: ${event.reason}`);
        return;
      case 'refused': {
        const known = this.#recent.get(event.commandId);
        this.#eventSeq += 1;
        const payload = JSON.stringify({
          session: this.#session,
          seq: this.#eventSeq,
          commandId: event.commandId,
          command: known?.command ?? null,
          commandSeq: known?.commandSeq ?? null,
          epoch: known?.epoch ?? null,
          reason: event.reason,
          detail: event.detail,
        });
        void this.#outbox.add({ topic: this.#topics.event('refused'), payload });
        return;
      }
      default: {
        if (event.kind === 'accepted' && event.commandId === this.#submitted?.commandId) {
          this.#grant = this.#submitted;
        }
        if (event.kind === 'ended' && event.commandId === this.#grant?.commandId) this.#grant = null;
        const { kind, body } = eventBody(event);
        this.#eventSeq += 1;
        const message = { session: this.#session, seq: this.#eventSeq, ...body };
        void this.#outbox.add({ topic: this.#topics.event(kind), payload: JSON.stringify(message) });
      }
    }
  }

  #publishState(sample: ArmSample, nowUs: number): void {
    const moving = sample.commandId !== null && sample.commandId === this.#grant?.commandId;
    const message: StateMessage = {
      session: this.#session,
      armUs: nowUs,
      sampledUs: sample.sampledUs,
      eventSeq: this.#eventSeq,
      epoch: this.#admission.epoch,
      leaseLeftUs: this.#admission.leaseLeftUs(nowUs),
      positions: [...sample.positions],
      velocities: [...sample.velocities],
      commandId: sample.commandId,
      progressUs: sample.progressUs,
      grantedUntilUs: moving ? (this.#grant?.untilUs ?? null) : null,
      holding: sample.holding,
    };
    this.#connection.publish(this.#topics.state, JSON.stringify(message), { qos: 0, retain: 'pass' });
  }

  #command(message: Inbound): void {
    this.#commands += 1;
    const name = message.topic.slice(message.topic.lastIndexOf('/') + 1);
    if (!Object.hasOwn(COMMAND_MESSAGES, name)) {
      const detail = `there is no command "${name}"; the commands are ${Object.keys(COMMAND_MESSAGES).join(', ')}`;
      this.#refuse(framePart(null, undefined), 'malformed', detail);
      return;
    }
    const kind = name as CommandKind;
    const decoded = decodePayload(COMMAND_MESSAGES[kind], message.payload, COMMAND_LIMITS);
    if (!decoded.ok) {
      this.#refuse(framePart(kind, decoded.raw), 'malformed', faultsAsText(decoded.faults));
      return;
    }
    const frame = decoded.value;
    const admission = this.#admission.admit(
      kind,
      frame,
      message.retained ? 'retained' : 'live',
      this.#clock.nowUs(),
    );
    if (!admission.ok) {
      this.#refuse(framePart(kind, frame), admission.reason, admission.detail);
      return;
    }
    this.#execute(toArmCommand(kind, frame), framePart(kind, frame));
  }

  #execute(command: ArmCommand, frame: RefusedCommand): void {
    this.#recent.delete(command.commandId);
    this.#recent.set(command.commandId, frame);
    const oldest = this.#recent.keys().next();
    if (this.#recent.size > REMEMBERED_COMMANDS && oldest.done !== true) this.#recent.delete(oldest.value);
    // Being claimed counts as being heard from: the first motion may follow before the first renewal.
    if (command.kind === 'claim') this.#host.renewLease();
    if (command.kind === 'submit') {
      this.#submitted = { commandId: command.commandId, untilUs: command.grantedUntilUs };
    } else if (command.kind === 'extend') {
      for (const grant of [this.#submitted, this.#grant]) {
        if (grant?.commandId === command.commandId) {
          grant.untilUs = Math.max(grant.untilUs, command.grantedUntilUs);
        }
      }
    }
    this.#host.execute(command);
    this.pump();
  }

  #lease(message: Inbound): void {
    const decoded = decodePayload(LeaseMessage, message.payload, SMALL_LIMITS);
    const renewed =
      !message.retained && decoded.ok && this.#admission.renew(decoded.value, this.#clock.nowUs());
    if (renewed) this.#host.renewLease();
    else this.#leasesIgnored += 1;
  }

  /** A refusal made here and not by the arm. Not numbered and limited in rate: a flood must not crowd out events. */
  #refuse(command: RefusedCommand, reason: ArmRefusal, detail: string): void {
    this.#refused += 1;
    const nowUs = this.#clock.nowUs();
    if (nowUs - this.#refusalsSinceUs >= 1e6) {
      this.#refusalsSinceUs = nowUs;
      this.#refusalsLeft = MAX_REFUSALS_PER_S;
    }
    if (this.#refusalsLeft === 0) return;
    this.#refusalsLeft -= 1;
    this.#connection.publish(
      this.#topics.event('refused'),
      JSON.stringify({
        session: this.#session,
        seq: null,
        ...command,
        reason,
        detail: detail.slice(0, 1_000),
      }),
      { qos: 1, retain: 'pass' },
    );
  }

  #said(status: PresenceStatus): string {
    const { leaseUs, sampleHz } = this.#options;
    return JSON.stringify({ status, session: this.#session, leaseUs, sampleHz });
  }
}

/** What of a command could be read, for naming it in a refusal. */
function framePart(command: CommandKind | null, raw: unknown): RefusedCommand {
  const fields = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
  const id = fields['commandId'];
  const count = (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
  return {
    commandId: typeof id === 'string' && id.length >= 1 && id.length <= 128 ? id : null,
    command,
    commandSeq: count(fields['seq']),
    epoch: count(fields['epoch']),
  };
}
