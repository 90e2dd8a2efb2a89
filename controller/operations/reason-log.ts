import type { CoreEffect } from '../core/effect.ts';
import { reasonText } from './reason.ts';
import type { Reason } from './reason.ts';
import type { ArmAccount, ExplainedReason, TaskAccount } from './account.ts';

interface Entry {
  readonly atUs: number;
  readonly reason: Reason;
}

/** Reasons that are kept: about an hour of a busy cell. */
const KEPT_MAX = 20_000;

/** Reasons that an answer holds. */
const ANSWERED_MAX = 100;

/** Reasons about an arm that an answer gives beside the cause itself. */
const BESIDE_MAX = 6;

const US_PER_S = 1_000_000;

/** What the core said of its reasons, the newest ones: asked by task, or by arm and instant. */
export class ReasonLog {
  readonly #entries: Entry[] = [];
  readonly #isWanted: (reason: Reason) => boolean;
  #dropped = 0;

  /** @param isWanted which reasons are kept; all by default */
  constructor(isWanted: (reason: Reason) => boolean = () => true) {
    this.#isWanted = isWanted;
  }

  hear(effect: CoreEffect, atUs: number): void {
    const reason = reasonOf(effect);
    if (reason === null || !this.#isWanted(reason)) return;
    this.#entries.push({ atUs, reason });
    if (this.#entries.length < 2 * KEPT_MAX) return;
    this.#dropped += KEPT_MAX;
    this.#entries.splice(0, KEPT_MAX);
  }

  /** Everything known of a task, oldest first; the newest ones when there is much. */
  aboutTask(taskId: string): TaskAccount {
    const found = this.#entries.filter(({ reason }) => concernsTask(reason, taskId));
    return {
      taskId,
      left: Math.max(0, found.length - ANSWERED_MAX),
      reasons: found.slice(-ANSWERED_MAX).map(explained),
    };
  }

  /** What an arm did at an instant, and why; null: nothing is known of it that far back, or at all. */
  aboutArm(armId: string, atUs: number): ArmAccount | null {
    const causes = this.#entries.filter(({ reason }) => reason.kind === 'cause' && reason.armId === armId);
    const index = causes.findLastIndex((entry) => entry.atUs <= atUs);
    const entry = causes[index];
    if (entry?.reason.kind !== 'cause') return null;
    const { cause, waitsFor } = entry.reason;
    const until = causes[index + 1]?.atUs ?? null;
    const beside = this.#entries.filter(
      (each) => each.atUs <= atUs && each.reason.kind !== 'cause' && concernsArm(each.reason, armId),
    );
    return {
      armId,
      atS: atUs / US_PER_S,
      cause,
      waitsFor,
      sinceS: entry.atUs / US_PER_S,
      untilS: until === null ? null : until / US_PER_S,
      text: reasonText(entry.reason),
      reasons: beside.slice(-BESIDE_MAX).map(explained),
    };
  }

  /** Reasons that were forgotten. */
  get dropped(): number {
    return this.#dropped;
  }
}

function reasonOf(effect: CoreEffect): Reason | null {
  if (effect.kind === 'reason') return effect.reason;
  if (effect.kind !== 'notice') return null;
  const { code, armId, taskId, message } = effect;
  return { kind: 'said', code, armId, taskId, message };
}

function explained({ atUs, reason }: Entry): ExplainedReason {
  return { atS: atUs / US_PER_S, text: reasonText(reason), reason };
}

/** Also where the task was a candidate and another was taken. */
export function concernsTask(reason: Reason, taskId: string): boolean {
  if (reason.kind === 'cause') return false;
  if (reason.taskId === taskId) return true;
  return reason.kind === 'assigned' && reason.candidates.some((each) => each.taskId === taskId);
}

export function concernsArm(reason: Reason, armId: string): boolean {
  if (reason.armId === armId) return true;
  return reason.kind === 'passing' && (reason.firstArmId === armId || reason.thenArmId === armId);
}
