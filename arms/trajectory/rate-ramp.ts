/**
 * A piece of a change of rate, where the rate is progress (nominal trajectory time) per unit of time: a cubic over
 * time in seconds, rate + slope t + bend t^2/2 + twist t^3/6. Plain data.
 */
export interface RatePiece {
  readonly durationS: number;
  readonly rate: number;
  readonly slope: number;
  readonly bend: number;
  readonly twist: number;
}

export function rateAt(piece: RatePiece, t: number): number {
  return piece.rate + t * (piece.slope + t * (piece.bend / 2 + (t * piece.twist) / 6));
}

export function slopeAt(piece: RatePiece, t: number): number {
  return piece.slope + t * (piece.bend + (t * piece.twist) / 2);
}

/** Progress in seconds of nominal time made in the first `t` seconds of the piece. */
export function progressAt(piece: RatePiece, t: number): number {
  return t * (piece.rate + t * (piece.slope / 2 + t * (piece.bend / 6 + (t * piece.twist) / 24)));
}

export function rampProgressS(pieces: readonly RatePiece[]): number {
  let sum = 0;
  for (const piece of pieces) sum += progressAt(piece, piece.durationS);
  return sum;
}

/**
 * From one steady rate to another: the slope rises over `easeS` at most half of the duration, stays, and falls
 * again. Covers exactly the mean of both rates times the duration.
 */
export function steadyRamp(from: number, to: number, durationS: number, easeS: number): readonly RatePiece[] {
  const ease = Math.min(easeS, durationS / 2);
  const slope = (to - from) / (durationS - ease);
  const bend = slope / ease;
  const middle = durationS - 2 * ease;
  const pieces: RatePiece[] = [{ durationS: ease, rate: from, slope: 0, bend, twist: 0 }];
  const low = from + (slope * ease) / 2;
  if (middle > 1e-9) pieces.push({ durationS: middle, rate: low, slope, bend: 0, twist: 0 });
  pieces.push({ durationS: ease, rate: low + slope * middle, slope, bend: -bend, twist: 0 });
  return pieces;
}

/** From a changing rate to a steady one, as one cubic. */
export function changingRamp(
  from: number,
  slope: number,
  to: number,
  durationS: number,
): readonly RatePiece[] {
  const d = durationS;
  const bend = (6 * (to - from)) / (d * d) - (4 * slope) / d;
  const twist = (-12 * (to - from)) / (d * d * d) + (6 * slope) / (d * d);
  return [{ durationS: d, rate: from, slope, bend, twist }];
}

/** Whether the rate goes below 0 somewhere in the piece, which would run the arm backwards. */
export function runsBackwards(piece: RatePiece): boolean {
  const { durationS, slope, bend, twist } = piece;
  if (rateAt(piece, durationS) < -1e-9) return true;
  // Where the slope vanishes: slope + bend t + twist t^2 / 2 = 0.
  const discriminant = bend * bend - 2 * twist * slope;
  if (discriminant < 0) return false;
  const q = -(bend + (bend < 0 ? -1 : 1) * Math.sqrt(discriminant));
  for (const t of [q / twist, (2 * slope) / q]) {
    if (t > 0 && t < durationS && rateAt(piece, t) < 0) return true;
  }
  return false;
}
