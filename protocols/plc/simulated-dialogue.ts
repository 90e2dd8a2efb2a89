import type { Handshake } from '../../controller/domain/plc-map.ts';
import { ACTIONS } from './handshake-driver.ts';

/** What a PLC says in a handshake. */
export interface Dialogue {
  readonly busy: boolean;
  readonly done: boolean;
  readonly fault: boolean;
  readonly sequence: number;
  readonly faultCode: number;
  readonly tote: string;
}

/** What the controller says in it; `request` is null where the profile has no such signal. */
export interface Told {
  readonly request: boolean | null;
  readonly sequence: number;
  readonly action: number;
  readonly place: number;
  readonly tote: string;
}

/** The totes that a simulated PLC moves. */
export interface ToteFloor {
  /** Begins to take away what stands at a place and, where a tote is named, to bring it. */
  begin(placeId: string, tote: string | null, nowUs: number): void;
  /** How the move at a place does; a number is a fault code. */
  progress(placeId: string, nowUs: number): 'moving' | 'done' | number;
  /** What stands there; null: nothing. */
  toteAt(placeId: string): string | null;
}

/** A totes' floor of its own: every move takes the same time. */
export class TimedFloor implements ToteFloor {
  readonly #moveUs: number;
  readonly #standing = new Map<string, string>();
  readonly #moves = new Map<string, { readonly tote: string | null; readonly endsUs: number }>();
  /** Places at which a move jams, and the fault code. */
  readonly jams = new Map<string, number>();
  /** Moves begun, for a bench that counts whether something was done twice. */
  moves = 0;

  constructor(moveUs: number) {
    this.#moveUs = moveUs;
  }

  begin(placeId: string, tote: string | null, nowUs: number): void {
    this.moves += 1;
    this.#moves.set(placeId, { tote, endsUs: nowUs + this.#moveUs });
  }

  progress(placeId: string, nowUs: number): 'moving' | 'done' | number {
    const jam = this.jams.get(placeId);
    if (jam !== undefined) return jam;
    const move = this.#moves.get(placeId);
    if (move === undefined) return 'done';
    if (nowUs < move.endsUs) return 'moving';
    this.#moves.delete(placeId);
    if (move.tote === null) this.#standing.delete(placeId);
    else this.#standing.set(placeId, move.tote);
    return 'done';
  }

  toteAt(placeId: string): string | null {
    return this.#standing.get(placeId) ?? null;
  }
}

const FAULT_UNKNOWN_PLACE = 901;
const FAULT_UNKNOWN_ACTION = 902;

/** The PLC's side of one handshake, done right, also over a restart: the last number it acted on is retentive. */
export class SimulatedDialogue {
  readonly handshake: Handshake;
  readonly #floor: ToteFloor;
  readonly #places: ReadonlyMap<number, string>;
  #signals: Dialogue = { busy: false, done: false, fault: false, sequence: 0, faultCode: 0, tote: '' };
  #phase: 'rest' | 'moving' | 'answered' = 'rest';
  #placeId = '';
  /** Retentive: the number of the last request acted on. */
  #acted = 0;

  constructor(handshake: Handshake, floor: ToteFloor) {
    this.handshake = handshake;
    this.#floor = floor;
    this.#places = new Map(Object.entries(handshake.places).map(([id, number]) => [number, id]));
  }

  get signals(): Dialogue {
    return this.#signals;
  }

  reboot(): void {
    this.#phase = 'rest';
    this.#signals = { ...this.#signals, busy: false, done: false, fault: false, faultCode: 0 };
  }

  advance(told: Told, nowUs: number): void {
    const isAsked =
      told.sequence > 0 && (told.request === null ? told.sequence !== this.#acted : told.request);
    if (this.#phase === 'answered') {
      if (told.request === null ? isAsked : !told.request) this.#rest(told.request === null);
      else return;
    }
    if (this.#phase === 'rest' && isAsked) this.#begin(told, nowUs);
    if (this.#phase === 'moving') this.#look(nowUs);
  }

  #rest(keep: boolean): void {
    this.#phase = 'rest';
    if (!keep) this.#signals = { ...this.#signals, busy: false, done: false, fault: false, faultCode: 0 };
  }

  #begin(told: Told, nowUs: number): void {
    const isRepeat = told.sequence === this.#acted;
    this.#acted = told.sequence;
    this.#signals = {
      busy: true,
      done: false,
      fault: false,
      sequence: told.sequence,
      faultCode: 0,
      tote: '',
    };
    const placeId = this.#places.get(told.place);
    if (placeId === undefined) return this.#answer(FAULT_UNKNOWN_PLACE);
    const brings = told.action === ACTIONS['bring-empty'];
    if (!brings && told.action !== ACTIONS['take-away']) return this.#answer(FAULT_UNKNOWN_ACTION);
    this.#placeId = placeId;
    this.#phase = 'moving';
    // Asked again under the same number, after a restart: it is under way, or done.
    if (!isRepeat) this.#floor.begin(placeId, brings ? told.tote : null, nowUs);
  }

  #look(nowUs: number): void {
    const progress = this.#floor.progress(this.#placeId, nowUs);
    if (progress === 'moving') return;
    this.#answer(progress === 'done' ? 0 : progress);
  }

  #answer(faultCode: number): void {
    this.#phase = 'answered';
    const isFault = faultCode !== 0;
    const tote = isFault ? '' : (this.#floor.toteAt(this.#placeId) ?? '');
    this.#signals = { ...this.#signals, busy: false, done: !isFault, fault: isFault, faultCode, tote };
  }
}
