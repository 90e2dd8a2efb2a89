import { lengthOf, sumOfJoints } from './swept-path.ts';

type Row = readonly number[];

export interface ShortenRequest {
  readonly path: readonly Row[];
  readonly isLineFree: (a: Row, b: Row) => boolean;
  readonly random: () => number;
  readonly rounds: number;
  /** Joints that belong together, as [first, end): several arms in one row; a single arm has one such range. */
  readonly arms: readonly (readonly [number, number])[];
}

/** Shares of the shortcuts that straighten one whole arm, and all arms at once; the rest straightens single joints. */
const ARM_SHARE = 0.4;
const WHOLE_SHARE = 0.15;
/** Gains below this are not worth a check, rad. */
const GAIN_MIN = 1e-3;

/**
 * Makes a path shorter, measured as the sum over joints of |dq|. In this measure a path is as short as can be when no
 * joint turns back, so beside cutting corners in all joints at once, single joints are straightened while the others
 * go on as they did (partial shortcuts: Geraerts & Overmars, "Creating high-quality paths for motion planning", 2007).
 * The ends stay.
 */
export function shortenPath(request: ShortenRequest): readonly Row[] {
  const { isLineFree, random, rounds, arms } = request;
  let best = withoutNeedlessCorners(request.path, isLineFree);
  const joints = best[0].length;
  for (let round = 0; round < rounds && best.length > 2; round += 1) {
    const x = random() * (best.length - 1);
    const y = random() * (best.length - 1);
    const kind = random();
    const chosen = Math.floor(random() * joints);
    const range: readonly [number, number] =
      kind < ARM_SHARE ? arms[Math.floor(random() * arms.length)] : [chosen, chosen + 1];
    const whole = arms.length === 1 ? kind < ARM_SHARE : kind > 1 - WHOLE_SHARE;
    const [from, until] = x < y ? [x, y] : [y, x];
    const i = Math.floor(from);
    const k = Math.floor(until);
    if (i === k) continue;
    const p = between(best[i], best[i + 1], from - i);
    const q = between(best[k], best[k + 1], until - k);
    const old = [p, ...best.slice(i + 1, k + 1), q];
    const made = whole ? [p, q] : straightened(old, range);
    if (lengthOf(old) - lengthOf(made) < GAIN_MIN) continue;
    if (!isPathFree(made, isLineFree)) continue;
    best = [...best.slice(0, i + 1), ...made, ...best.slice(k + 1)];
    best = best.filter((row, at) => at === 0 || sumOfJoints(best[at - 1], row) > 1e-9);
  }
  return withoutNeedlessCorners(best, isLineFree);
}

function isPathFree(rows: readonly Row[], isLineFree: (a: Row, b: Row) => boolean): boolean {
  for (let k = 1; k < rows.length; k += 1) if (!isLineFree(rows[k - 1], rows[k])) return false;
  return true;
}

/** Some joints go evenly from their first to their last values, by the way the other joints have gone. */
function straightened(rows: readonly Row[], [from, until]: readonly [number, number]): readonly Row[] {
  const along = [0];
  for (let k = 1; k < rows.length; k += 1) {
    let way = 1e-9;
    for (let j = 0; j < rows[k].length; j += 1) {
      if (j < from || j >= until) way += Math.abs(rows[k][j] - rows[k - 1][j]);
    }
    along.push(along[k - 1] + way);
  }
  const total = along[along.length - 1];
  const first = rows[0];
  const last = rows[rows.length - 1];
  return rows.map((row, k) =>
    row.map((value, j) =>
      j >= from && j < until ? first[j] + ((last[j] - first[j]) * along[k]) / total : value,
    ),
  );
}

/** Leaves out corners as long as the line past them is free: never longer, by the triangle inequality. */
export function withoutNeedlessCorners(
  given: readonly Row[],
  isLineFree: (a: Row, b: Row) => boolean,
): readonly Row[] {
  const path = [...given];
  for (let k = 1; k + 1 < path.length;) {
    if (isLineFree(path[k - 1], path[k + 1])) path.splice(k, 1);
    else k += 1;
  }
  return path;
}

function between(a: Row, b: Row, share: number): Row {
  return a.map((value, j) => value + share * (b[j] - value));
}
