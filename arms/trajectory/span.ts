/** A cubic over [startS, endS], in powers of s - startS; four coefficients per joint, one joint after the other. */
export interface Span {
  readonly startS: number;
  readonly endS: number;
  readonly cubic: Float64Array;
  /** A straight line: all joints move in proportion. */
  readonly shape: 'line' | 'curve';
}
