import type { PathGeometry } from './path-geometry.ts';
import type { Span } from './span.ts';

/** The part of a geometry between two parameters, its own parameter beginning at 0. */
export function cutGeometry(geometry: PathGeometry, fromS: number, toS: number): PathGeometry {
  if (fromS === 0 && toS === geometry.lengthS) return geometry;
  const spans: Span[] = [];
  for (const span of geometry.spans) {
    const startS = Math.max(span.startS, fromS);
    const endS = Math.min(span.endS, toS);
    if (endS - startS < 1e-12) continue;
    spans.push({
      startS: startS - fromS,
      endS: endS - fromS,
      cubic: shifted(span.cubic, startS - span.startS),
      shape: span.shape,
    });
  }
  const lengthS = toS - fromS;
  return {
    joints: geometry.joints,
    lengthS,
    spans,
    corners: geometry.corners.map((corner) => ({ ...corner, atS: corner.atS - fromS })),
    waypointS: geometry.waypointS.map((s) => Math.min(Math.max(s - fromS, 0), lengthS)),
    deviation: geometry.deviation,
  };
}

/** The same cubics in powers of x - by. */
function shifted(cubic: Float64Array, by: number): Float64Array {
  if (by === 0) return cubic;
  const out = new Float64Array(cubic.length);
  for (let k = 0; k < cubic.length; k += 4) {
    const c0 = cubic[k]!;
    const c1 = cubic[k + 1]!;
    const c2 = cubic[k + 2]!;
    const c3 = cubic[k + 3]!;
    out[k] = c0 + by * (c1 + by * (c2 + by * c3));
    out[k + 1] = c1 + by * (2 * c2 + 3 * by * c3);
    out[k + 2] = c2 + 3 * by * c3;
    out[k + 3] = c3;
  }
  return out;
}
