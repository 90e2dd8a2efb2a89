import type { ArmCommand, ArmEvent, ArmSample } from '../../ports.ts';
import { odometerOf } from './reach.ts';
import type { Odometer } from './reach.ts';
import type { ItemBox } from './placement.ts';
import type { WatchedArm } from './watched-arm.ts';

/**
 * What an arm is supposed to do, taken from what is said over its port: commands as they go out, events as they come
 * in. The monitor measures the arm against it, and believes nothing else of the controller.
 */
export type Claim =
  /** Not claimed by this controller yet: nothing is known of its motions. */
  | { readonly kind: 'none' }
  | { readonly kind: 'resting'; readonly positions: readonly number[] }
  | {
      readonly kind: 'following';
      readonly commandId: string;
      readonly odometer: Odometer;
      readonly fromUs: number;
      grantedUntilUs: number;
      /** A mark that the arm said it has passed, us, and when it was heard. */
      passedUs: number;
      passedAtUs: number;
      /** What it stands on if the arm refuses the command. */
      readonly before: readonly number[] | null;
    }
  /** Brakes off its path, told to or by itself. */
  | { readonly kind: 'braking' };

/** One arm as the monitor knows it. */
export interface Watch {
  readonly arm: WatchedArm;
  claim: Claim;
  /** Since when the claim holds, us. */
  sinceUs: number;
  /** `lost`: its driver says so. */
  link: 'up' | 'lost';
  sample: ArmSample | null;
  /** Samples in a row that say that the arm moves while its positions stay what they were to the last bit. */
  frozen: number;
  /** Rate of progress as measured last, and the one from which the arm began to slow down; null: none measured. */
  pace: { readonly sampledUs: number; readonly rate: number; readonly peak: number } | null;
  item: ItemBox | null;
  /** The strongest stop under way, and since when, us. */
  stop: { kind: 'on-path' | 'protective'; sinceUs: number } | null;
  /** What was said about this claim already. */
  readonly said: Set<string>;
  /** How far any of it may have moved since the monitor began, m: grows with every sample. */
  movedM: number;
  /** Grows with everything but measurements that may change where the arm can be. */
  version: number;
}

export function watchOf(arm: WatchedArm): Watch {
  return {
    arm,
    claim: { kind: 'none' },
    sinceUs: 0,
    link: 'lost',
    sample: null,
    frozen: 0,
    pace: null,
    item: null,
    stop: null,
    said: new Set(),
    movedM: 0,
    version: 0,
  };
}

function claims(watch: Watch, claim: Claim, nowUs: number): void {
  watch.claim = claim;
  watch.sinceUs = nowUs;
  watch.stop = null;
  watch.pace = null;
  watch.said.clear();
  watch.version += 1;
}

/** A command goes out to the arm. */
export function hearCommand(watch: Watch, command: ArmCommand, nowUs: number): void {
  const { claim } = watch;
  switch (command.kind) {
    case 'submit':
      return claims(
        watch,
        {
          kind: 'following',
          commandId: command.commandId,
          // A copy: what is worked out of a trajectory is kept by its identity, and the arm's own limits are others.
          odometer: odometerOf(watch.arm, { ...command.trajectory }),
          fromUs: command.fromUs,
          grantedUntilUs: command.grantedUntilUs,
          passedUs: command.fromUs,
          passedAtUs: nowUs,
          before: claim.kind === 'resting' ? claim.positions : (watch.sample?.positions ?? null),
        },
        nowUs,
      );
    case 'extend':
      if (claim.kind !== 'following' || claim.commandId !== command.commandId) return;
      claim.grantedUntilUs = Math.max(claim.grantedUntilUs, command.grantedUntilUs);
      watch.version += 1;
      return;
    case 'stop':
      return noteStop(watch, command.stop, nowUs);
    case 'claim':
      // It stops on its path, and says where it then rests.
      if (claim.kind === 'following') noteStop(watch, 'on-path', nowUs);
      return;
    case 'grip':
      return;
  }
}

/** The arm was told to stop, or stops by itself. A stop off the path ends what was claimed of it. */
export function noteStop(watch: Watch, kind: 'on-path' | 'protective', nowUs: number): void {
  if (watch.claim.kind === 'resting' || watch.claim.kind === 'none') return;
  if (watch.stop?.kind === 'protective' || watch.stop?.kind === kind) return;
  watch.stop = { kind, sinceUs: nowUs };
  if (kind === 'protective') watch.claim = { kind: 'braking' };
  watch.version += 1;
}

/** The arm said something. Measurements come by `hearSample`. */
export function hearEvent(watch: Watch, event: Exclude<ArmEvent, { kind: 'state' }>, nowUs: number): void {
  const { claim } = watch;
  switch (event.kind) {
    case 'claimed':
      watch.link = 'up';
      return claims(watch, { kind: 'resting', positions: event.positions }, nowUs);
    case 'ended':
      if (claim.kind === 'none') return;
      // Of an older motion than the one that is claimed now.
      if (claim.kind === 'following' && claim.commandId !== event.commandId) return;
      return claims(watch, { kind: 'resting', positions: event.positions }, nowUs);
    case 'refused':
      if (claim.kind !== 'following' || claim.commandId !== event.commandId) return;
      return claims(
        watch,
        claim.before === null ? { kind: 'none' } : { kind: 'resting', positions: claim.before },
        nowUs,
      );
    case 'progressed':
      if (claim.kind !== 'following' || claim.commandId !== event.commandId) return;
      claim.passedUs = Math.max(claim.passedUs, event.progressUs);
      claim.passedAtUs = nowUs;
      return;
    case 'faulted':
      // Its own safety function may have stopped it off its path.
      return noteStop(watch, 'protective', nowUs);
    case 'connected':
      watch.link = 'up';
      return;
    case 'lost':
      watch.link = 'lost';
      watch.version += 1;
      return;
    case 'accepted':
    case 'holding-changed':
    case 'fault-cleared':
      return;
  }
}

/** Below this an arm that stands still may be said to move, rad/s or m/s: noise of its sensors. */
const STILL = 0.02;

export function hearSample(watch: Watch, sample: ArmSample): void {
  const before = watch.sample;
  if (sample === before) return;
  if (sample.positions.length !== watch.arm.jointCount || sample.positions.some((q) => !Number.isFinite(q)))
    return;
  if (before !== null && sample.sampledUs < before.sampledUs) return;
  watch.sample = sample;
  if (before === null) {
    watch.movedM = Infinity;
    return;
  }
  let movedM = 0;
  let isSame = true;
  let moves = false;
  for (let j = 0; j < watch.arm.jointCount; j += 1) {
    const step = Math.abs(sample.positions[j] - before.positions[j]);
    movedM += step * watch.arm.leverM[j];
    if (step > 0) isSame = false;
    if (Math.abs(sample.velocities[j]) > STILL && Math.abs(before.velocities[j]) > STILL) moves = true;
  }
  watch.movedM = Number.isFinite(watch.movedM) ? watch.movedM + movedM : movedM;
  watch.frozen = isSame && moves && sample.sampledUs > before.sampledUs ? watch.frozen + 1 : 0;
}
