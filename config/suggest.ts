/** The known name nearest to an unknown one, or null when none is near. */
export function nearestName(unknown: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(Math.min(unknown.length, 24) / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(unknown.toLowerCase().slice(0, 64), name.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  if (best !== null) return best;
  // A name without its unit, or with a forgotten suffix: `clearance` for `clearance_m`.
  const stem = unknown.toLowerCase();
  return known.find((name) => stem.length >= 3 && (name.startsWith(stem) || stem.startsWith(name))) ?? null;
}

/** Insertions, deletions, substitutions and swaps of neighbours; stops counting at `bound`. */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, beforeLast[j - 2]! + 1);
      }
      row.push(value);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
