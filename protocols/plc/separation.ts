import type { SeparationTerms } from '../../controller/domain/plc-map.ts';

/**
 * The protective separation distance of ISO 10218-2:2025 (before: ISO/TS 15066), with constant speeds, m:
 *
 *     S = v_h (T_r + T_s) + v_r T_r + v_r T_s / 2 + C + Z_d + Z_r
 *
 * the way of the person while the arm reacts and stops, the way of the arm until it stands (braking evenly), the
 * intrusion before a sensor notices, and what both positions are uncertain by. A calculation for the controller's own
 * behaviour; it is not a safety function, and a certified device has to do the same without it.
 */
export function separationDistanceM(terms: SeparationTerms): number {
  const { personMPerS, armMPerS, reactionS, stoppingS } = terms;
  return (
    personMPerS * (reactionS + stoppingS) +
    armMPerS * reactionS +
    (armMPerS * stoppingS) / 2 +
    terms.intrusionM +
    terms.personUncertaintyM +
    terms.armUncertaintyM
  );
}

/** The speed at which an arm could still keep the separation distance at this distance, m/s; 0: it has to stand. */
export function armSpeedMaxMPerS(terms: SeparationTerms, distanceM: number): number {
  const standing = separationDistanceM({ ...terms, armMPerS: 0 });
  const perSpeedS = terms.reactionS + terms.stoppingS / 2;
  if (distanceM <= standing) return 0;
  return perSpeedS === 0 ? Infinity : (distanceM - standing) / perSpeedS;
}
