import type { Handshake, PlcMap, TagValue } from '../../controller/domain/plc-map.ts';
import type { IoRequest } from '../../controller/ports.ts';
import { handshakeStepper } from './handshake-machine.ts';
import type { HandshakeEvent, HandshakeMachineState, HandshakeFaultCode } from './handshake-machine.ts';
import type { TagPipeline } from './tag-pipeline.ts';

/** What a tote has to be doing at a place; what of it the PLC is asked for. */
export type ToteRequest = Exclude<IoRequest, { kind: 'inspect' }>;

export type ToteOutcome =
  | { readonly status: 'done'; readonly request: ToteRequest }
  | { readonly status: 'failed'; readonly request: ToteRequest; readonly detail: string };

/** Of the dialogue, and of what sensors say to its outcome. */
export type ViolationCode = HandshakeFaultCode | ToteFaultCode;
export type ToteFaultCode = 'wrong-tote' | 'tote-missing' | 'tote-still-there';

/** Something that the other side did wrong, for people and for the acceptance kit. */
export interface Violation {
  readonly handshakeId: string;
  readonly code: ViolationCode;
  readonly detail: string;
  readonly atUs: number;
}

/** The words that go to the PLC. */
export interface HandshakeWords {
  readonly request: boolean;
  readonly sequence: number;
  readonly action: number;
  readonly place: number;
  readonly tote: string;
}

export const ACTIONS = { 'take-away': 1, 'bring-empty': 2 } as const;

const SEQUENCE_MAX = 65_535;
/** Violations kept for who asks; older ones are forgotten. */
const VIOLATIONS_MAX = 200;

interface Verifying {
  readonly request: ToteRequest;
  readonly untilUs: number;
}

const WORDS: Readonly<Record<ViolationCode, string>> = {
  'no-answer': 'did not answer the request in time',
  'no-done': 'began and did not come to an end in time',
  'busy-dropped': 'took busy back without done or fault',
  'sequence-wrong': 'answered under the number of another request',
  'done-and-busy': 'says done and busy at the same time',
  'done-and-fault': 'says done and fault at the same time',
  'signals-stuck': 'did not take busy, done and fault back',
  'signals-unasked': 'raised a signal that nobody asked for',
  'wrong-tote': 'read another tote than was asked for',
  'tote-missing': 'says done, but no tote is present',
  'tote-still-there': 'says done, but a tote is still present',
};

/**
 * The controller's side of one handshake: takes requests about totes, one after the other, carries the dialogue and
 * says how each ended. Pure but for its memory.
 */
export class HandshakeDriver {
  readonly handshake: Handshake;
  readonly #map: PlcMap;
  readonly #pipeline: TagPipeline;
  readonly #onViolation: (violation: Violation) => void;
  readonly #stepper;
  #machine: HandshakeMachineState;
  readonly #waiting: ToteRequest[] = [];
  #current: ToteRequest | null = null;
  #verifying: Verifying | null = null;
  #words: HandshakeWords = { request: false, sequence: 0, action: 0, place: 0, tote: '' };
  #outcomes: ToteOutcome[] = [];
  readonly #told = new Map<string, (outcome: ToteOutcome) => void>();
  #violations: Violation[] = [];
  #waitsFor = '';
  #looked = '';

  constructor(
    map: PlcMap,
    handshake: Handshake,
    pipeline: TagPipeline,
    onViolation: (violation: Violation) => void,
  ) {
    this.#onViolation = onViolation;
    this.#map = map;
    this.handshake = handshake;
    this.#pipeline = pipeline;
    this.#stepper = handshakeStepper(handshake.profile);
    this.#machine = this.#stepper.start(handshake.timeouts).state;
  }

  get words(): HandshakeWords {
    return this.#words;
  }

  get state(): string {
    return this.#machine.value;
  }

  /** Why the next request has not begun, in words; empty: none waits. */
  get waitsFor(): string {
    return this.#waitsFor;
  }

  get violations(): readonly Violation[] {
    return this.#violations;
  }

  /**
   * A newer request about the same place takes the place of one that has not begun. `onEnd` is told of the outcome in
   * place of whoever takes them all.
   */
  ask(request: ToteRequest, onEnd?: (outcome: ToteOutcome) => void): void {
    if (this.#current?.requestId === request.requestId) return;
    if (this.#verifying?.request.requestId === request.requestId) return;
    if (onEnd !== undefined) this.#told.set(request.requestId, onEnd);
    const at = this.#waiting.findIndex(({ placeId }) => placeId === request.placeId);
    if (at < 0) this.#waiting.push(request);
    else this.#waiting[at] = request;
  }

  takeOutcomes(): readonly ToteOutcome[] {
    return this.#outcomes.splice(0);
  }

  /** Looks at the PLC's signals and at the time. To be called in every tick. */
  advance(nowUs: number, plc: 'alive' | 'silent'): void {
    const { deadlineUs } = this.#machine.context;
    if (deadlineUs !== null && nowUs >= deadlineUs) this.#send({ type: 'TICK', nowUs }, nowUs);
    if (plc === 'alive') this.#look(nowUs);
    this.#verify(nowUs);
    if (plc === 'alive') this.#begin(nowUs);
    else if (this.#waiting.length > 0) this.#waitsFor = 'the PLC is silent';
  }

  #look(nowUs: number): void {
    const { busy, done, fault, sequence } = this.handshake.fromPlc;
    const [b, d, f, s] = [busy, done, fault, sequence].map(({ id }) => this.#pipeline.read(id, nowUs));
    if (b!.quality !== 'good' || d!.quality !== 'good' || f!.quality !== 'good' || s!.quality !== 'good')
      return;
    const signals = {
      busy: b!.value === true,
      done: d!.value === true,
      fault: f!.value === true,
      sequence: Number(s!.value),
    };
    // Levels: the same ones say nothing new to a machine that has not moved since.
    const looked = `${this.#machine.value} ${JSON.stringify(signals)}`;
    if (looked === this.#looked) return;
    this.#looked = looked;
    this.#send({ type: 'SIGNALS', ...signals, nowUs }, nowUs);
  }

  #begin(nowUs: number): void {
    this.#waitsFor = '';
    const next = this.#waiting[0];
    if (next === undefined) return;
    if (this.#machine.value !== 'rest' || this.#current !== null || this.#verifying !== null) {
      this.#waitsFor = 'the request before it';
      return;
    }
    const hindrance = this.#hindrance(next, nowUs);
    if (hindrance !== null) {
      this.#waitsFor = hindrance;
      return;
    }
    this.#waiting.shift();
    this.#current = next;
    this.#send({ type: 'REQUEST', sequence: this.#nextSequence(nowUs), nowUs }, nowUs);
  }

  /** Never the number under which the PLC still has its last answer, also not after a restart of this side. */
  #nextSequence(nowUs: number): number {
    const heard = this.#pipeline.read(this.handshake.fromPlc.sequence.id, nowUs);
    const plc = heard.quality === 'good' ? Number(heard.value) : 0;
    const after = (number: number): number =>
      number >= SEQUENCE_MAX || number < 0 ? 1 : Math.trunc(number) + 1;
    const next = after(this.#words.sequence === 0 ? plc : this.#words.sequence);
    return next === plc ? after(next) : next;
  }

  /** What of the floor stands in the way of a request, in words; null: nothing. Unknown is in the way. */
  #hindrance({ placeId }: ToteRequest, nowUs: number): string | null {
    for (const input of this.#map.inputs) {
      if (input.placeId !== null && input.placeId !== placeId) continue;
      if (input.role !== 'conveyor-running' && input.role !== 'lane-full') continue;
      const { value, quality, because } = this.#pipeline.read(input.id, nowUs);
      if (quality !== 'good') return `${input.id} is ${quality}: ${because}`;
      if (input.role === 'conveyor-running' && value !== true)
        return `the conveyor does not run (${input.id})`;
      if (input.role === 'lane-full' && value !== false) return `the lane is full (${input.id})`;
    }
    return null;
  }

  #send(event: HandshakeEvent, nowUs: number): void {
    const step = this.#stepper.step(this.#machine, event);
    this.#machine = step.state;
    for (const effect of step.effects) {
      switch (effect.type) {
        case 'raiseRequest':
          this.#raise(event.type === 'REQUEST' ? event.sequence : this.#words.sequence);
          break;
        case 'dropRequest':
          this.#words = { ...this.#words, request: false };
          break;
        case 'answerDone':
          this.#done(nowUs);
          break;
        case 'answerFault':
          this.#fail(this.#faultText(nowUs));
          break;
        case 'violated':
          this.#violated((effect.params as { readonly code: HandshakeFaultCode }).code, '', nowUs);
          break;
      }
    }
  }

  #raise(sequence: number): void {
    const request = this.#current!;
    const brings = request.kind === 'bring-empty';
    this.#words = {
      request: true,
      sequence,
      action: brings ? ACTIONS['bring-empty'] : ACTIONS['take-away'],
      place: this.handshake.places[request.placeId] ?? 0,
      tote: request.containerId ?? '',
    };
  }

  #done(nowUs: number): void {
    const request = this.#current;
    this.#current = null;
    if (request === null) return;
    this.#verifying = { request, untilUs: nowUs + this.handshake.timeouts.clearUs };
    this.#verify(nowUs);
  }

  /** The PLC says done: what its sensors see has to agree, at the latest after the time to clear. */
  #verify(nowUs: number): void {
    if (this.#verifying === null) return;
    const { request, untilUs } = this.#verifying;
    const doubt = this.#doubt(request, nowUs);
    if (doubt !== null && nowUs < untilUs) return;
    this.#verifying = null;
    if (doubt === null) this.#end({ status: 'done', request });
    else {
      this.#violated(doubt.code, doubt.detail, nowUs);
      this.#end({ status: 'failed', request, detail: `${WORDS[doubt.code]}${doubt.detail}` });
    }
  }

  #doubt(
    request: ToteRequest,
    nowUs: number,
  ): { readonly code: ViolationCode; readonly detail: string } | null {
    const brings = request.containerId !== null;
    const present = this.#map.inputs.find(
      ({ role, placeId }) => role === 'tote-present' && placeId === request.placeId,
    );
    if (present !== undefined) {
      const reading = this.#pipeline.read(present.id, nowUs);
      const isThere = reading.quality === 'good' ? reading.value === true : null;
      if (brings && isThere !== true) return { code: 'tote-missing', detail: ` (${present.id})` };
      if (!brings && isThere !== false) return { code: 'tote-still-there', detail: ` (${present.id})` };
    }
    const scanner =
      this.handshake.fromPlc.tote ??
      this.#map.inputs.find(({ role, placeId }) => role === 'tote-id' && placeId === request.placeId);
    if (!brings || scanner === undefined || scanner === null) return null;
    const { value, quality } = this.#pipeline.read(scanner.id, nowUs);
    if (quality === 'good' && String(value) === request.containerId) return null;
    return {
      code: 'wrong-tote',
      detail: `: ${quality === 'good' ? JSON.stringify(value) : quality}, not "${request.containerId}"`,
    };
  }

  #fail(detail: string): void {
    const request = this.#current;
    this.#current = null;
    if (request !== null) this.#end({ status: 'failed', request, detail });
  }

  #end(outcome: ToteOutcome): void {
    const { requestId } = outcome.request;
    const told = this.#told.get(requestId);
    this.#told.delete(requestId);
    if (told === undefined) this.#outcomes.push(outcome);
    else told(outcome);
  }

  #faultText(nowUs: number): string {
    const { faultCode } = this.handshake.fromPlc;
    const code: TagValue | null = faultCode === null ? null : this.#pipeline.read(faultCode.id, nowUs).value;
    return code === null ? 'the PLC says fault' : `the PLC says fault ${String(code)}`;
  }

  #violated(code: ViolationCode, detail: string, nowUs: number): void {
    const violation: Violation = {
      handshakeId: this.handshake.id,
      code,
      detail: `${WORDS[code]}${detail}`,
      atUs: nowUs,
    };
    this.#violations.push(violation);
    this.#onViolation(violation);
    if (this.#violations.length > VIOLATIONS_MAX) this.#violations.shift();
    if (code !== 'wrong-tote' && code !== 'tote-missing' && code !== 'tote-still-there')
      this.#fail(WORDS[code]);
  }
}
