/**
 * The quintic polynomial between two knots, for one joint, over the normalised interval u in [0, 1]:
 * position = b0 + b1 u + ... + b5 u^5. Kept in a caller's array so that hot loops allocate nothing.
 */
export type QuinticCoefficients = Float64Array;

/** Writes the six coefficients that match position, velocity and acceleration at both ends of `durationS`. */
export function writeQuintic(
  out: QuinticCoefficients,
  p0: number,
  v0: number,
  a0: number,
  p1: number,
  v1: number,
  a1: number,
  durationS: number,
): void {
  const b1 = v0 * durationS;
  const b2 = (a0 * durationS * durationS) / 2;
  // What the knot at the end asks for beyond the parabola that starts at the first knot.
  const d = p1 - p0 - b1 - b2;
  const e = v1 * durationS - b1 - 2 * b2;
  const f = a1 * durationS * durationS - 2 * b2;
  out[0] = p0;
  out[1] = b1;
  out[2] = b2;
  out[3] = 10 * d - 4 * e + f / 2;
  out[4] = -15 * d + 7 * e - f;
  out[5] = 6 * d - 3 * e + f / 2;
}

/** Largest magnitudes over the closed interval, and where (u) they are reached. */
export interface QuinticExtremes {
  positionLow: number;
  positionHigh: number;
  positionLowAt: number;
  positionHighAt: number;
  velocity: number;
  velocityAt: number;
  acceleration: number;
  accelerationAt: number;
  jerk: number;
  jerkAt: number;
}

export function emptyExtremes(): QuinticExtremes {
  return {
    positionLow: 0,
    positionHigh: 0,
    positionLowAt: 0,
    positionHighAt: 0,
    velocity: 0,
    velocityAt: 0,
    acceleration: 0,
    accelerationAt: 0,
    jerk: 0,
    jerkAt: 0,
  };
}

function evaluate(coefficients: readonly number[], u: number): number {
  let value = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) value = value * u + (coefficients[k] as number);
  return value;
}

function derivative(coefficients: readonly number[]): number[] {
  return coefficients.slice(1).map((c, k) => c * (k + 1));
}

/** Roots inside (0, 1), given the roots of the derivative, between which the polynomial is monotonic. */
function rootsBetween(coefficients: readonly number[], turningPoints: readonly number[]): number[] {
  const roots: number[] = [];
  const cuts = [0, ...turningPoints, 1];
  for (let k = 0; k + 1 < cuts.length; k++) {
    let low = cuts[k] as number;
    let high = cuts[k + 1] as number;
    const atLow = evaluate(coefficients, low);
    const atHigh = evaluate(coefficients, high);
    if (atLow === 0 || atLow * atHigh >= 0) continue;
    for (let n = 0; n < 50; n++) {
      const middle = (low + high) / 2;
      if (evaluate(coefficients, middle) * atLow > 0) low = middle;
      else high = middle;
    }
    roots.push((low + high) / 2);
  }
  return roots;
}

/**
 * The true extremes over the interval, not those at sample points: position, velocity and acceleration are
 * looked at wherever their derivative vanishes. Units: those of the coefficients per second.
 */
export function writeExtremes(out: QuinticExtremes, b: QuinticCoefficients, durationS: number): void {
  const position = Array.from(b);
  const velocity = derivative(position);
  const acceleration = derivative(velocity);
  const jerk = derivative(acceleration);
  const jerkTurns = rootsBetween(derivative(jerk), []);
  const jerkRoots = rootsBetween(jerk, jerkTurns);
  const accelerationRoots = rootsBetween(acceleration, jerkRoots);
  const velocityRoots = rootsBetween(velocity, accelerationRoots);

  out.positionLow = Infinity;
  out.positionHigh = -Infinity;
  for (const u of [0, ...velocityRoots, 1]) {
    const value = evaluate(position, u);
    if (value < out.positionLow) {
      out.positionLow = value;
      out.positionLowAt = u;
    }
    if (value > out.positionHigh) {
      out.positionHigh = value;
      out.positionHighAt = u;
    }
  }
  const largest = (coefficients: readonly number[], turns: readonly number[]): [number, number] => {
    let best = -1;
    let at = 0;
    for (const u of [0, ...turns, 1]) {
      const value = Math.abs(evaluate(coefficients, u));
      if (value > best) {
        best = value;
        at = u;
      }
    }
    return [best, at];
  };
  const h = durationS;
  [out.velocity, out.velocityAt] = largest(velocity, accelerationRoots);
  [out.acceleration, out.accelerationAt] = largest(acceleration, jerkRoots);
  [out.jerk, out.jerkAt] = largest(jerk, jerkTurns);
  out.velocity /= h;
  out.acceleration /= h * h;
  out.jerk /= h * h * h;
}
