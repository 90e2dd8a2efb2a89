import type { Span } from './span.ts';

/**
 * A smooth curve (cubic spline, continuous to the second derivative) through samples at increasing parameters,
 * with as few spans as keep every sample within `deviationMax` of it in every joint. The first and the last sample
 * are met exactly. With a deviation of 0 the curve passes through all of them. Ends: not-a-knot, which takes the
 * curvature from the samples instead of assuming one.
 */
export function fitCurve(
  samples: readonly (readonly number[])[],
  parameters: readonly number[],
  deviationMax: number,
): { readonly spans: Span[]; readonly deviation: number } {
  const last = samples.length - 1;
  for (let count = 3; ; count *= 2) {
    const chosen: number[] = [];
    const spans = Math.min(count, last);
    for (let k = 0; k <= spans; k++) chosen.push(Math.round((k * last) / spans));
    const fitted = spline(
      chosen.map((k) => samples[k] as readonly number[]),
      chosen.map((k) => parameters[k] as number),
    );
    const deviation = deviationFrom(fitted, samples, parameters);
    if (spans === last || deviation <= deviationMax) return { spans: fitted, deviation };
  }
}

function deviationFrom(
  spans: readonly Span[],
  samples: readonly (readonly number[])[],
  parameters: readonly number[],
): number {
  let worst = 0;
  let k = 0;
  for (let n = 0; n < samples.length; n++) {
    const s = parameters[n] as number;
    while (k + 1 < spans.length && s > (spans[k] as Span).endS) k++;
    const { startS, cubic } = spans[k] as Span;
    const x = s - startS;
    const row = samples[n] as readonly number[];
    for (let j = 0; j < row.length; j++) {
      const c = 4 * j;
      const value =
        (cubic[c] as number) +
        x * ((cubic[c + 1] as number) + x * ((cubic[c + 2] as number) + x * (cubic[c + 3] as number)));
      worst = Math.max(worst, Math.abs(value - (row[j] as number)));
    }
  }
  return worst;
}

/** Second derivatives of the not-a-knot cubic spline through `values`; `h` are the widths of the spans. */
function secondDerivatives(values: readonly number[], h: readonly number[]): number[] {
  const n = h.length;
  const slope = (k: number): number => ((values[k + 1] as number) - (values[k] as number)) / (h[k] as number);
  const m = new Array<number>(n + 1).fill(0);
  if (n === 1) return m;
  if (n === 2) {
    return m.fill((2 * (slope(1) - slope(0))) / ((h[0] as number) + (h[1] as number)));
  }
  const lower: number[] = [];
  const middle: number[] = [];
  const upper: number[] = [];
  const right: number[] = [];
  for (let k = 1; k < n; k++) {
    const before = h[k - 1] as number;
    const after = h[k] as number;
    lower.push(before);
    middle.push(2 * (before + after));
    upper.push(after);
    right.push(6 * (slope(k) - slope(k - 1)));
  }
  const h0 = h[0] as number;
  const h1 = h[1] as number;
  middle[0] = (middle[0] as number) + h0 * (1 + h0 / h1);
  upper[0] = h1 - (h0 * h0) / h1;
  const g0 = h[n - 1] as number;
  const g1 = h[n - 2] as number;
  const e = n - 2;
  middle[e] = (middle[e] as number) + g0 * (1 + g0 / g1);
  lower[e] = g1 - (g0 * g0) / g1;
  for (let k = 1; k <= e; k++) {
    const factor = (lower[k] as number) / (middle[k - 1] as number);
    middle[k] = (middle[k] as number) - factor * (upper[k - 1] as number);
    right[k] = (right[k] as number) - factor * (right[k - 1] as number);
  }
  for (let k = e; k >= 0; k--) {
    const next = k === e ? 0 : (upper[k] as number) * (m[k + 2] as number);
    m[k + 1] = ((right[k] as number) - next) / (middle[k] as number);
  }
  m[0] = (1 + h0 / h1) * (m[1] as number) - (h0 / h1) * (m[2] as number);
  m[n] = (1 + g0 / g1) * (m[n - 1] as number) - (g0 / g1) * (m[n - 2] as number);
  return m;
}

function spline(rows: readonly (readonly number[])[], parameters: readonly number[]): Span[] {
  const joints = (rows[0] as readonly number[]).length;
  const h = parameters.slice(1).map((s, k) => s - (parameters[k] as number));
  const spans: Span[] = h.map((_, k) => ({
    startS: parameters[k] as number,
    endS: parameters[k + 1] as number,
    cubic: new Float64Array(4 * joints),
    shape: 'curve',
  }));
  for (let j = 0; j < joints; j++) {
    const values = rows.map((row) => row[j] as number);
    const m = secondDerivatives(values, h);
    for (let k = 0; k < h.length; k++) {
      const width = h[k] as number;
      const m0 = m[k] as number;
      const m1 = m[k + 1] as number;
      const cubic = (spans[k] as Span).cubic;
      cubic[4 * j] = values[k] as number;
      cubic[4 * j + 1] =
        ((values[k + 1] as number) - (values[k] as number)) / width - (width * (2 * m0 + m1)) / 6;
      cubic[4 * j + 2] = m0 / 2;
      cubic[4 * j + 3] = (m1 - m0) / (6 * width);
    }
  }
  return spans;
}
