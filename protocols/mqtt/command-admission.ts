import type { ArmRefusal } from '../../controller/ports.ts';
import type { CommandFrame, CommandKind } from './arm-messages.ts';

export type Admission =
  { readonly ok: true } | { readonly ok: false; readonly reason: ArmRefusal; readonly detail: string };

/** Sequence numbers remembered to tell a repeat from one that was overtaken. */
const REMEMBERED = 256;

/**
 * The arm's side of the command rules: what is live, from whom, in which order, and whether the arm may move at
 * all. Pure but for its own memory; time is the arm's clock. The arm applies it, whoever sent the command,
 * because a broker may repeat, delay, reorder or keep a message, and the controller cannot know.
 *
 * A stop is held to less: it is obeyed when it is late or was overtaken, because stopping is safe.
 */
export class CommandAdmission {
  readonly #session: string;
  readonly #leaseUs: number;
  #epoch: number | null = null;
  #lastSeq = 0;
  #recent: number[] = [];
  #leaseUntilUs = 0;

  /** @param leaseUs how long the arm moves without hearing from its controller, on its own clock. */
  constructor(session: string, leaseUs: number) {
    this.#session = session;
    this.#leaseUs = leaseUs;
  }

  /** Who has claimed the arm; null: nobody yet. */
  get epoch(): number | null {
    return this.#epoch;
  }

  leaseLeftUs(nowUs: number): number {
    return Math.max(0, this.#leaseUntilUs - nowUs);
  }

  /** Judges a command and, if it is admitted, remembers it. */
  admit(kind: CommandKind, frame: CommandFrame, delivery: 'live' | 'retained', nowUs: number): Admission {
    const refused = this.#fault(kind, frame, delivery, nowUs);
    if (refused !== null) return refused;
    if (kind === 'claim' && frame.epoch !== this.#epoch) {
      this.#epoch = frame.epoch;
      this.#recent = [];
      this.#lastSeq = 0;
    }
    this.#lastSeq = Math.max(this.#lastSeq, frame.seq);
    this.#recent.push(frame.seq);
    if (this.#recent.length > REMEMBERED) this.#recent.shift();
    if (kind === 'claim') this.#leaseUntilUs = frame.echoUs + this.#leaseUs;
    return { ok: true };
  }

  /** A renewal counts from the instant it echoes, so that one which was long under way is worth less, or nothing. */
  renew(
    lease: { readonly epoch: number; readonly session: string; readonly echoUs: number },
    nowUs: number,
  ): boolean {
    if (lease.session !== this.#session || lease.epoch !== this.#epoch || lease.echoUs > nowUs) return false;
    const until = lease.echoUs + this.#leaseUs;
    if (until <= nowUs) return false;
    this.#leaseUntilUs = Math.max(this.#leaseUntilUs, until);
    return true;
  }

  #fault(
    kind: CommandKind,
    frame: CommandFrame,
    delivery: 'live' | 'retained',
    nowUs: number,
  ): Exclude<Admission, { ok: true }> | null {
    if (delivery === 'retained') {
      return refuse(
        'retained-command',
        'the broker kept this command from an earlier time; publish with retain off',
      );
    }
    if (this.#epoch !== null && frame.epoch < this.#epoch) {
      return refuse('stale-epoch', `epoch ${frame.epoch}, but epoch ${this.#epoch} has claimed this arm`);
    }
    if (kind !== 'claim' && frame.epoch !== this.#epoch) {
      const claimed =
        this.#epoch === null ? 'nobody has claimed this arm' : `epoch ${this.#epoch} has claimed it`;
      return refuse('future-epoch', `epoch ${frame.epoch}, but ${claimed}; claim it first`);
    }
    if (frame.epoch === this.#epoch && this.#recent.includes(frame.seq)) {
      return refuse('duplicate-command', `sequence ${frame.seq} was taken already`);
    }
    if (kind === 'stop') return null;
    if (frame.epoch === this.#epoch && frame.seq <= this.#lastSeq) {
      return refuse('late-command', `sequence ${frame.seq} was overtaken by ${this.#lastSeq}`);
    }
    return this.#timeFault(kind, frame, nowUs);
  }

  #timeFault(kind: CommandKind, frame: CommandFrame, nowUs: number): Exclude<Admission, { ok: true }> | null {
    if (frame.session !== this.#session) {
      return refuse('late-command', `meant for session ${frame.session}; this is ${this.#session}`);
    }
    if (frame.echoUs > nowUs) {
      return refuse('malformed', `echoUs ${frame.echoUs} is ahead of this arm’s clock, ${nowUs}`);
    }
    const ageUs = nowUs - frame.echoUs;
    if (ageUs > frame.validForUs) {
      return refuse('late-command', `${ageUs} us old by this arm’s clock, valid for ${frame.validForUs} us`);
    }
    if ((kind === 'submit' || kind === 'extend') && this.#leaseUntilUs <= nowUs) {
      return refuse(
        'no-lease',
        `the motion lease ended ${nowUs - this.#leaseUntilUs} us ago; renew it first`,
      );
    }
    return null;
  }
}

function refuse(reason: ArmRefusal, detail: string): Exclude<Admission, { ok: true }> {
  return { ok: false, reason, detail };
}
