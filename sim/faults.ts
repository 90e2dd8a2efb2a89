import type { RandomStreams } from './random.ts';
import type { FaultRates } from './settings.ts';

/** What can be made to go wrong with the equipment, by a person at the simulator or by the seeded rates. */
export type Fault =
  /** The arm comes to a halt on its path without saying why, and goes on after a while. */
  | { readonly kind: 'stall'; readonly armId: string; readonly forUs: number }
  /** The arm moves at a share (0..1) of its speed for a while, as with a lowered override. */
  | { readonly kind: 'slow'; readonly armId: string; readonly share: number; readonly forUs: number }
  /** Nothing gets through to the arm or from it for a while. */
  | { readonly kind: 'comms-lost'; readonly armId: string; readonly forUs: number }
  /** The vacuum breaks down: what is held falls. */
  | { readonly kind: 'gripper-loss'; readonly armId: string }
  /** The robot's own safety function stops it off its path; null: until `fault-cleared` is injected. */
  | { readonly kind: 'protective-stop'; readonly armId: string; readonly clearsAfterUs: number | null }
  /** A person at the robot acknowledges its fault. */
  | { readonly kind: 'fault-cleared'; readonly armId: string }
  /** Shuttle, conveyors and bin sensors cannot be talked to for a while. */
  | { readonly kind: 'io-lost'; readonly forUs: number };

/** The faults of one arm drawn for one second of the world's time. */
export function drawFaults(armId: string, rates: FaultRates, random: RandomStreams): readonly Fault[] {
  const stream = random.of(`faults:${armId}`);
  const faults: Fault[] = [];
  const happens = (perHour: number): number | null => {
    const happening = stream.chance(perHour / 3600);
    const forUs = stream.integer(rates.durationUs.min, rates.durationUs.max);
    return happening ? forUs : null;
  };
  const stall = happens(rates.stallPerHour);
  if (stall !== null) faults.push({ kind: 'stall', armId, forUs: stall });
  const lost = happens(rates.commsLostPerHour);
  if (lost !== null) faults.push({ kind: 'comms-lost', armId, forUs: lost });
  if (happens(rates.gripperLossPerHour) !== null) faults.push({ kind: 'gripper-loss', armId });
  const stopped = happens(rates.protectiveStopPerHour);
  if (stopped !== null) faults.push({ kind: 'protective-stop', armId, clearsAfterUs: stopped });
  const slow = happens(rates.slowPerHour);
  if (slow !== null) faults.push({ kind: 'slow', armId, share: 0.3, forUs: slow });
  return faults;
}

/** True when no rate is above 0, so that nothing needs to be drawn. */
export function faultless(rates: FaultRates): boolean {
  return (
    rates.stallPerHour === 0 &&
    rates.commsLostPerHour === 0 &&
    rates.gripperLossPerHour === 0 &&
    rates.protectiveStopPerHour === 0 &&
    rates.slowPerHour === 0
  );
}
