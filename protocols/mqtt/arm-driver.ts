import type { z } from 'zod';
import type { ArmCommand, ArmDriver, ArmEvent, Clock } from '../../controller/ports.ts';
import { ArmClock } from './arm-clock.ts';
import {
  COMMAND_LIMITS,
  EVENT_KINDS,
  EVENT_MESSAGES,
  PresenceMessage,
  SMALL_LIMITS,
  StateMessage,
  toArmEvent,
} from './arm-messages.ts';
import type { EventKind } from './arm-messages.ts';
import type { Inbound, PublishOutcome } from './connection.ts';
import type { ControllerLink } from './controller-link.ts';
import { decodePayload, faultsAsText } from './payload.ts';
import type { RefusalReason, RefusedMessages } from './refused-messages.ts';
import { armTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';

export interface MqttArmDriverOptions {
  readonly link: ControllerLink;
  readonly cell: CellAddress;
  readonly armId: string;
  /** Any clock that runs evenly; samples are restamped to the one that `keepAlive` shows. */
  readonly clock: Clock;
  /** An arm whose newest sample is older than this is lost, us. */
  readonly silenceUs: number;
  /** How long a command may be under way before the arm refuses it as late, by the arm's own clock, us. */
  readonly commandValidUs: number;
  /** Where messages that were not taken are counted. */
  readonly refused?: RefusedMessages;
  readonly onTrouble?: (message: string) => void;
}

export interface ArmDriverStatistics {
  readonly samples: number;
  readonly duplicateEvents: number;
  readonly missingEvents: number;
  /** Refusals not passed on: of other controllers' commands, of repeats made by the broker, of extensions. */
  readonly refusalsKept: number;
  readonly malformed: number;
  readonly grantsRepeated: number;
}

const MAX_EVENTS = 2_048;
const MAX_WAITING_SAMPLES = 64;
const MAX_REMEMBERED_COMMANDS = 1_024;
/** A grant that the arm does not show after this is sent again. */
const REPEAT_GRANT_US = 250_000;
/** Renewals within one lease, so that a lost one does no harm. */
const RENEWALS_PER_LEASE = 8;

type Refused = z.infer<typeof EVENT_MESSAGES.refused>;

interface SentCommand {
  readonly epoch: number;
  /** The arm has taken it: a later refusal concerns a repeat made on the way. */
  taken: boolean;
}

/** What was granted to the motion under way. */
interface Grant {
  readonly commandId: string;
  readonly epoch: number;
  untilUs: number;
  sentUs: number;
}

/**
 * The controller's side of the MQTT arm protocol (docs/mqtt-arm-protocol.md), for one arm.
 *
 * `connected` means: the broker is there, the arm says it is online, and its samples are fresh. `lost` names which
 * of these ended, or that events went missing; what the arm did meanwhile is found out by claiming it again.
 * Commands for an arm that is not connected are not sent and answered `refused` with `no-lease`; stops are tried.
 */
export class MqttArmDriver implements ArmDriver {
  readonly armId: string;
  readonly #options: MqttArmDriverOptions;
  readonly #topics: ReturnType<typeof armTopics>;
  #events: ArmEvent[] = [];
  #waitingSamples = 0;
  #up = false;
  #presence: z.infer<typeof PresenceMessage> | null = null;
  /** The newest word that the arm is offline: it may be the will of a connection that the arm has replaced since. */
  #offline: z.infer<typeof PresenceMessage> | null = null;
  #session: string | null = null;
  #clock = new ArmClock();
  /** The arm's clock as the newest sample showed it: what commands echo. */
  #echoUs = 0;
  #sampledUs = -1;
  #sampledHereUs = 0;
  /** How far the core's clock is ahead of ours; null until the first tick says it. */
  #coreAheadUs: number | null = null;
  /** Highest event number received in this session; a repeat is told by it, also across reconnects. */
  #heardSeq = 0;
  /** Events up to this number are not missed: they were sent while we were away. null: not known yet. */
  #missFromSeq: number | null = null;
  #announcedSeq = 0;
  #missingSinceUs: number | null = null;
  #seq = 0;
  #epoch: number | null = null;
  #leaseSentUs = Number.NEGATIVE_INFINITY;
  #grant: Grant | null = null;
  readonly #sent = new Map<string, SentCommand>();
  #samples = 0;
  #duplicateEvents = 0;
  #missingEvents = 0;
  #refusalsKept = 0;
  #malformed = 0;
  #grantsRepeated = 0;

  constructor(options: MqttArmDriverOptions) {
    this.#options = options;
    this.armId = options.armId;
    this.#topics = armTopics(options.cell, options.armId);
    const { main } = options.link;
    main.subscribe(this.#topics.presence, 1, (message) => this.#onPresence(message));
    main.subscribe(this.#topics.state, 0, (message) => this.#onState(message), 'as-published');
    for (const kind of EVENT_KINDS) {
      main.subscribe(this.#topics.event(kind), 1, (message) => this.#onEvent(kind, message), 'as-published');
    }
    main.onLost((reason) => {
      this.#presence = null;
      this.#offline = null;
      this.#lose(`no connection to the broker: ${reason}`);
    });
  }

  takeEvents(): readonly ArmEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#waitingSamples = 0;
    return events;
  }

  statistics(): ArmDriverStatistics {
    return {
      samples: this.#samples,
      duplicateEvents: this.#duplicateEvents,
      missingEvents: this.#missingEvents,
      refusalsKept: this.#refusalsKept,
      malformed: this.#malformed,
      grantsRepeated: this.#grantsRepeated,
    };
  }

  send(command: ArmCommand): void {
    if (command.kind === 'claim') this.#epoch = command.epoch;
    this.#remember(command);
    const outcome = this.#up || command.kind === 'stop' ? this.#publish(command) : 'not-connected';
    if (outcome === 'sent') {
      this.#noteGrant(command);
      return;
    }
    // The core learns of the loss by `lost`; a motion's extension or stop has no answer of its own.
    if (command.kind === 'extend' || command.kind === 'stop') return;
    this.#push({
      kind: 'refused',
      commandId: command.commandId,
      reason: 'no-lease',
      detail: `not sent: ${outcome === 'not-connected' ? 'the arm is not connected' : outcome}`,
    });
  }

  keepAlive(coreUs: number): void {
    const nowUs = this.#options.clock.nowUs();
    this.#coreAheadUs = coreUs - nowUs;
    if (!this.#up) return;
    const { silenceUs } = this.#options;
    const silentUs = nowUs - this.#sampledHereUs;
    if (silentUs > silenceUs) {
      this.#lose(
        `no sample for ${Math.round(silentUs / 1000)} ms; the limit is ${Math.round(silenceUs / 1000)} ms`,
      );
      return;
    }
    if (this.#missingSinceUs !== null && nowUs - this.#missingSinceUs > silenceUs) {
      this.#eventsMissing(this.#announcedSeq - Math.max(this.#heardSeq, this.#missFromSeq ?? 0));
      return;
    }
    const everyUs = (this.#presence?.leaseUs ?? 0) / RENEWALS_PER_LEASE;
    if (this.#epoch === null || this.#session === null || nowUs - this.#leaseSentUs < everyUs) return;
    this.#leaseSentUs = nowUs;
    const lease = { epoch: this.#epoch, session: this.#session, echoUs: this.#echoUs };
    this.#options.link.main.publish(this.#topics.lease, JSON.stringify(lease), { qos: 0, retain: 'pass' });
  }

  #publish(command: ArmCommand): PublishOutcome {
    if (this.#session === null) return 'not-connected';
    const { kind, ...body } = command;
    this.#seq += 1;
    const frame = { seq: this.#seq, session: this.#session, echoUs: this.#echoUs };
    const payload = JSON.stringify({ ...body, ...frame, validForUs: this.#options.commandValidUs });
    const { main, stops } = this.#options.link;
    const topic = this.#topics.command(kind);
    // A stop is obeyed however late it comes; what else the arm would refuse as late need not be delivered.
    if (kind === 'stop') {
      return (stops.connected ? stops : main).publish(topic, payload, { qos: 1, retain: 'pass' });
    }
    const expiryS = Math.ceil(this.#options.commandValidUs / 1e6);
    return main.publish(topic, payload, { qos: 1, retain: 'pass', properties: { expiryS } });
  }

  #noteGrant(command: ArmCommand): void {
    const nowUs = this.#options.clock.nowUs();
    if (command.kind === 'submit') {
      const { commandId, epoch, grantedUntilUs } = command;
      this.#grant = { commandId, epoch, untilUs: grantedUntilUs, sentUs: nowUs };
    } else if (command.kind === 'extend' && this.#grant?.commandId === command.commandId) {
      this.#grant.untilUs = Math.max(this.#grant.untilUs, command.grantedUntilUs);
      this.#grant.sentUs = nowUs;
    }
  }

  /** An extension may be refused as late, or lost with a connection; the arm's samples show whether it was. */
  #repeatGrant(state: StateMessage, nowUs: number): void {
    const grant = this.#grant;
    if (grant === null || state.commandId !== grant.commandId || state.grantedUntilUs === null) return;
    if (state.grantedUntilUs >= grant.untilUs || nowUs - grant.sentUs < REPEAT_GRANT_US) return;
    this.#grantsRepeated += 1;
    grant.sentUs = nowUs;
    const { commandId, epoch, untilUs } = grant;
    this.#publish({ kind: 'extend', commandId, epoch, grantedUntilUs: untilUs });
  }

  #onPresence(message: Inbound): void {
    const decoded = decodePayload(PresenceMessage, message.payload, SMALL_LIMITS);
    if (!decoded.ok) {
      this.#onMalformed(message, 'arm/presence', decoded.reason, faultsAsText(decoded.faults));
      return;
    }
    const presence = decoded.value;
    if (presence.status === 'offline') {
      // The will of an earlier session may arrive after the next one has begun.
      if (this.#presence !== null && this.#presence.session !== presence.session) return;
      this.#presence = null;
      this.#offline = presence;
      this.#lose('the arm went offline');
      return;
    }
    this.#online(presence);
  }

  #online(presence: z.infer<typeof PresenceMessage>): void {
    this.#offline = null;
    if (this.#session !== presence.session) {
      if (this.#session !== null) this.#lose('the arm’s software was started anew');
      this.#session = presence.session;
      this.#clock = new ArmClock();
      this.#echoUs = 0;
      this.#sampledUs = -1;
      this.#heardSeq = 0;
    }
    this.#presence = presence;
  }

  #onState(message: Inbound): void {
    const decoded = decodePayload(StateMessage, message.payload, SMALL_LIMITS);
    if (!decoded.ok) {
      this.#onMalformed(message, 'arm/state', decoded.reason, faultsAsText(decoded.faults));
      return;
    }
    const state = decoded.value;
    // Who goes on sending has not gone.
    if (!message.retained && state.session === this.#offline?.session) this.#online(this.#offline);
    // Kept, of another session, or overtaken by a newer one: it says nothing of now.
    const unfit = message.retained
      ? 'retained'
      : state.session !== this.#presence?.session
        ? 'other-session'
        : state.sampledUs <= this.#sampledUs
          ? 'out-of-order'
          : null;
    if (unfit !== null) {
      this.#options.refused?.add('arm/state', unfit);
      return;
    }
    const nowUs = this.#options.clock.nowUs();
    this.#clock.note(state.armUs, nowUs);
    const sampledHereUs = Math.min(nowUs, this.#clock.toReceiverUs(state.sampledUs));
    if (nowUs - sampledHereUs > this.#options.silenceUs) {
      this.#options.refused?.add('arm/state', 'expired'); // fresh on arrival only: it was held up
      return;
    }
    this.#samples += 1;
    this.#echoUs = Math.max(this.#echoUs, state.armUs);
    this.#sampledUs = state.sampledUs;
    this.#sampledHereUs = sampledHereUs;
    if (!this.#up) {
      this.#up = true;
      this.#push({ kind: 'connected' });
    }
    if (this.#coreAheadUs === null) return; // no clock yet to stamp it with; the next sample will have one
    this.#expectEvents(state.eventSeq, nowUs);
    this.#repeatGrant(state, nowUs);
    const { positions, velocities, commandId, progressUs, holding } = state;
    this.#push({
      kind: 'state',
      sample: {
        positions,
        velocities,
        sampledUs: Math.floor(sampledHereUs + this.#coreAheadUs),
        commandId,
        progressUs,
        holding,
      },
    });
  }

  /** Events that the arm has sent, by its own count, have to arrive; a broker may drop them and say nothing. */
  #expectEvents(announced: number, nowUs: number): void {
    this.#announcedSeq = announced;
    this.#missFromSeq ??= announced;
    if (announced <= Math.max(this.#heardSeq, this.#missFromSeq)) this.#missingSinceUs = null;
    else this.#missingSinceUs ??= nowUs;
  }

  #onEvent(kind: EventKind, message: Inbound): void {
    const decoded = decodePayload(EVENT_MESSAGES[kind], message.payload, COMMAND_LIMITS);
    if (!decoded.ok) {
      this.#onMalformed(message, 'arm/event', decoded.reason, faultsAsText(decoded.faults));
      return;
    }
    const event = decoded.value;
    if (message.qos === 0) {
      const fault = 'QoS 0 may be lost without a word; publish events with QoS 1';
      this.#onMalformed(message, 'arm/event', 'wrong-qos', fault);
      return;
    }
    if (message.retained || event.session !== this.#session) {
      this.#options.refused?.add('arm/event', message.retained ? 'retained' : 'other-session');
      this.#duplicateEvents += 1;
      return;
    }
    if (event.seq !== null && !this.#isNext(event.seq)) return;
    if (kind === 'refused') this.#onRefused(event as Refused);
    else this.#pass(toArmEvent(kind, event as never));
  }

  /** Whether a numbered event is new; a gap before it is reported. */
  #isNext(seq: number): boolean {
    if (seq <= this.#heardSeq) {
      this.#options.refused?.add('arm/event', 'duplicate');
      this.#duplicateEvents += 1;
      return false;
    }
    const gap = this.#missFromSeq === null ? 0 : seq - 1 - Math.max(this.#heardSeq, this.#missFromSeq);
    this.#heardSeq = seq;
    if (gap > 0) this.#eventsMissing(gap);
    return true;
  }

  #pass(event: ArmEvent): void {
    const sent = 'commandId' in event ? this.#sent.get(event.commandId) : undefined;
    if (sent !== undefined) sent.taken = true;
    if (event.kind === 'ended' && event.commandId === this.#grant?.commandId) this.#grant = null;
    if (event.kind === 'claimed') {
      if (this.#epoch !== null && event.epoch > this.#epoch) {
        this.#lose(`another controller has claimed the arm, with epoch ${event.epoch}`);
        return;
      }
      if (sent === undefined) return; // the answer to an earlier controller
      this.#grant = null;
    }
    this.#push(event);
  }

  #onRefused(refused: Refused): void {
    const { commandId, reason, detail } = refused;
    const sent = commandId === null ? undefined : this.#sent.get(commandId);
    const ours = sent !== undefined && sent.epoch === (refused.epoch ?? this.#epoch);
    // A repeat refused on the way was taken the first time; an extension's motion answers for itself.
    const repeat = refused.seq === null && (sent?.taken === true || reason === 'duplicate-command');
    if (!ours || commandId === null || repeat || refused.command === 'extend') {
      this.#refusalsKept += 1;
      return;
    }
    this.#push({ kind: 'refused', commandId, reason, detail });
  }

  #eventsMissing(count: number): void {
    this.#missingEvents += count;
    this.#lose(`${count} events of the arm were lost on the way`);
  }

  #lose(reason: string): void {
    this.#missFromSeq = null;
    this.#missingSinceUs = null;
    if (!this.#up) return;
    this.#up = false;
    this.#push({ kind: 'lost', reason });
  }

  #remember(command: ArmCommand): void {
    this.#sent.delete(command.commandId);
    const taken = command.kind === 'extend'; // its id is that of the motion
    this.#sent.set(command.commandId, { epoch: command.epoch, taken });
    const oldest = this.#sent.keys().next();
    if (this.#sent.size > MAX_REMEMBERED_COMMANDS && oldest.done !== true) this.#sent.delete(oldest.value);
  }

  #onMalformed(message: Inbound, topic: string, reason: RefusalReason, fault: string): void {
    this.#options.refused?.add(topic, reason);
    this.#malformed += 1;
    if (this.#malformed <= 10) this.#options.onTrouble?.(`${message.topic}: ${fault}`);
  }

  #push(event: ArmEvent): void {
    if (event.kind === 'state') {
      // Nobody takes events: older samples are worth nothing beside newer ones.
      if (this.#waitingSamples >= MAX_WAITING_SAMPLES) {
        this.#events.splice(
          this.#events.findIndex((waiting) => waiting.kind === 'state'),
          1,
        );
      } else this.#waitingSamples += 1;
    } else if (this.#events.length >= MAX_EVENTS) {
      this.#events = [{ kind: 'lost', reason: `more than ${MAX_EVENTS} events were not taken` }];
      this.#waitingSamples = 0;
      this.#up = false;
      return;
    }
    this.#events.push(event);
  }
}
