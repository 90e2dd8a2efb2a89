import type { CellModel, Place } from '../controller/domain/cell.ts';
import { CELL_MARGIN_M, RIM_MARGIN_M, cellCount, cellSizeM } from '../controller/domain/grid.ts';
import type { SizeM } from '../controller/domain/grid.ts';
import type { ContainerDeclaration, SkuDeclaration } from '../controller/ports.ts';
import { hash32, stream } from './random.ts';

/**
 * What the goods are: a list of real articles with sizes and weights, brought to a scale that the cell's tools and
 * containers can handle, given to SKUs by a seeded hash, and stocked in storage containers.
 */

/** An article as a list gives it. */
export interface Article {
  readonly name: string;
  readonly sizeM: SizeM;
  readonly massKg: number;
}

/** What the smallest tool and the tightest container grid of a cell can take. */
export interface ItemBounds {
  readonly sizeMaxM: SizeM;
  readonly massMaxKg: number;
}

export type ItemListResult =
  | { readonly ok: true; readonly articles: readonly Article[] }
  | { readonly ok: false; readonly errors: readonly string[] };

const ARTICLES_MAX = 100_000;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The rows of either layout, each with where it stands in the file. */
function rowsOf(list: unknown): { at: string; row: unknown }[] | string {
  if (!isRecord(list)) return 'is not a JSON object';
  if (list['format'] === 'magpie-items/1') {
    const items = list['items'];
    if (!Array.isArray(items)) return 'items: is not a list';
    return items.map((row: unknown, k) => ({ at: `items[${k}]`, row }));
  }
  const rows: { at: string; row: unknown }[] = [];
  for (const [order, entry] of Object.entries(list)) {
    const sequence = isRecord(entry) ? entry['item_sequence'] : undefined;
    if (!isRecord(sequence)) {
      return `${order}: has no item_sequence; expected are the BED-BPP layout or "format": "magpie-items/1"`;
    }
    for (const [k, row] of Object.entries(sequence)) rows.push({ at: `${order}.item_sequence.${k}`, row });
  }
  return rows;
}

/**
 * Reads an item list (parsed JSON): BED-BPP order files (mm and kg) or the own layout of
 * `config/items/example-items.json`. An article that occurs more than once counts once. All errors come together.
 */
export function parseItemList(list: unknown): ItemListResult {
  const rows = rowsOf(list);
  if (typeof rows === 'string') return { ok: false, errors: [rows] };
  if (rows.length === 0) return { ok: false, errors: ['has no articles; at least one is needed'] };
  if (rows.length > ARTICLES_MAX) {
    return { ok: false, errors: [`has ${rows.length} articles; at most ${ARTICLES_MAX} are taken`] };
  }
  const errors: string[] = [];
  const articles = new Map<string, Article>();
  for (const { at, row } of rows) {
    if (!isRecord(row)) {
      errors.push(`${at}: is not an object`);
      continue;
    }
    const number = (...names: readonly string[]): number => {
      const name = names.find((candidate) => row[candidate] !== undefined) ?? (names[0] as string);
      const value = row[name];
      if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
        errors.push(`${at}.${name}: is ${JSON.stringify(value) ?? 'missing'}; a number above 0 is needed`);
        return NaN;
      }
      return value;
    };
    const name = row['article'];
    if (typeof name !== 'string' || name.length === 0) errors.push(`${at}.article: a name is needed`);
    const sizeM: SizeM = [
      number('length_mm', 'length/mm') / 1000,
      number('width_mm', 'width/mm') / 1000,
      number('height_mm', 'height/mm') / 1000,
    ];
    const massKg = number('weight_kg', 'weight/kg');
    if (typeof name === 'string' && !articles.has(name)) articles.set(name, { name, sizeM, massKg });
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, articles: [...articles.values()] };
}

/**
 * The bounds a cell sets: a unit fits one grid cell of every place with its margin; two of them stand on one
 * another below every rim; half the least payload, so that a double pick does not overload the tool.
 */
export function itemBounds(cell: CellModel): ItemBounds {
  if (cell.places.length === 0) throw new Error(`cell ${cell.name} has no places for containers`);
  const least = (of: (place: Place) => number): number => Math.min(...cell.places.map(of));
  return {
    sizeMaxM: [
      least((place) => cellSizeM(place)[0] - 2 * CELL_MARGIN_M),
      least((place) => cellSizeM(place)[1] - 2 * CELL_MARGIN_M),
      least((place) => (place.innerSizeM[2] - RIM_MARGIN_M) / 2),
    ],
    massMaxKg: Math.min(...cell.arms.map((arm) => arm.manipulator.tool.payloadMaxKg)) / 2,
  };
}

/** Down to whole mm or g: what is rounded must still fit. */
const thousandths = (value: number): number => Math.floor(value * 1000 + 1e-9) / 1000;

/**
 * Shrinks a whole list by one factor until its largest article fits, so that proportions stay; masses shrink with
 * the volume (same density) and then, if still above the bound, by a common factor. Never enlarges. The longer
 * side is laid along the longer side of the grid cell. Sizes come out in whole mm, masses in whole grams, at
 * least 5 mm and 1 g.
 */
export function scaleArticles(articles: readonly Article[], bounds: ItemBounds): readonly Article[] {
  const [maxX, maxY, maxZ] = bounds.sizeMaxM;
  const laid = articles.map(({ name, sizeM: [a, b, c], massKg }) => {
    const long = Math.max(a, b);
    const short = Math.min(a, b);
    return { name, sizeM: (maxX + 1e-6 >= maxY ? [long, short, c] : [short, long, c]) as SizeM, massKg };
  });
  let factor = 1;
  for (const { sizeM } of laid) {
    factor = Math.min(factor, maxX / sizeM[0], maxY / sizeM[1], maxZ / sizeM[2]);
  }
  const volumeFactor = factor * factor * factor;
  const heaviestKg = Math.max(...laid.map(({ massKg }) => massKg * volumeFactor));
  const massFactor = volumeFactor * Math.min(1, bounds.massMaxKg / heaviestKg);
  const side = (lengthM: number): number => Math.max(0.005, thousandths(lengthM * factor));
  return laid.map(({ name, sizeM, massKg }) => ({
    name,
    sizeM: [side(sizeM[0]), side(sizeM[1]), side(sizeM[2])],
    massKg: Math.max(0.001, thousandths(massKg * massFactor)),
  }));
}

/** The same SKU is always the same article: which one is decided by a hash of its name and the seed. */
export function declareSkus(
  skus: Iterable<string>,
  articles: readonly Article[],
  seed: number,
): readonly SkuDeclaration[] {
  if (articles.length === 0) throw new Error('no articles to give to SKUs');
  return [...new Set(skus)].sort().map((sku) => {
    const article = articles[hash32(sku, seed) % articles.length] as Article;
    return { sku, name: article.name, sizeM: article.sizeM, massKg: article.massKg };
  });
}

export interface StockSettings {
  readonly seed: number;
  /** Units beyond the demand, as a share of it. */
  readonly spareShare: number;
  /** Least number of units beyond the demand. */
  readonly spareUnits: number;
  /** What one storage container may hold, kg; null: no bound. */
  readonly containerMassMaxKg: number | null;
}

export interface Stock {
  readonly skus: readonly SkuDeclaration[];
  readonly containers: readonly ContainerDeclaration[];
}

/**
 * Storage containers that cover a demand with spare: stacks of one SKU each, as high as fits below the rim. A SKU
 * that fills whole containers gets them to itself; what remains shares containers with others. Every SKU lies in
 * two containers at least, so that there is another location when one turns out short. All are behind the shuttle.
 */
export function stockFor(
  demand: ReadonlyMap<string, number>,
  skus: readonly SkuDeclaration[],
  cell: CellModel,
  settings: StockSettings,
): Stock {
  const bin = cell.places.find((place) => place.kind === 'bin');
  if (bin === undefined) throw new Error(`cell ${cell.name} has no bin place: nowhere to take stock from`);
  const cells = cellCount(bin);
  const massMaxKg = settings.containerMassMaxKg ?? Infinity;
  const heightM = bin.innerSizeM[2] - RIM_MARGIN_M;
  const whole: string[][][] = [];
  const loose: { stack: string[]; massKg: number; copy: number; order: number }[] = [];
  const random = stream(settings.seed, 'stock');
  for (const { sku, sizeM, massKg } of skus) {
    const wanted = demand.get(sku) ?? 0;
    const units = wanted + Math.max(settings.spareUnits, Math.ceil(wanted * settings.spareShare));
    const perStack = Math.min(
      Math.floor((heightM + 1e-9) / sizeM[2]),
      Math.floor((massMaxKg + 1e-9) / (massKg * cells)),
    );
    if (perStack < 1)
      throw new Error(`SKU ${sku}: ${sizeM[2]} m and ${massKg} kg do not fit a storage container`);
    const stacksWanted = Math.max(2, Math.ceil(units / perStack));
    let left = units;
    let stacksLeft = stacksWanted;
    while (stacksLeft >= 2 * cells) {
      whole.push(Array.from({ length: cells }, () => new Array<string>(perStack).fill(sku)));
      left -= cells * perStack;
      stacksLeft -= cells;
    }
    for (let copy = 0; copy < stacksLeft; copy += 1) {
      const height = Math.min(perStack, Math.ceil(left / (stacksLeft - copy)));
      left -= height;
      const stack = new Array<string>(height).fill(sku);
      if (height > 0) loose.push({ stack, massKg: height * massKg, copy, order: random.uint32() });
    }
  }
  // First stacks of all SKUs, then second ones, and so on: no two of one SKU meet unless there are few SKUs.
  loose.sort((a, b) => a.copy - b.copy || a.order - b.order);
  const shared: { stacks: string[][]; massKg: number }[] = [];
  let open: { stacks: string[][]; massKg: number } | null = null;
  for (const { stack, massKg } of loose) {
    const meets = open?.stacks.some((other) => other[0] === stack[0]) ?? false;
    if (open === null || open.stacks.length === cells || meets || open.massKg + massKg > massMaxKg) {
      open = { stacks: [], massKg: 0 };
      shared.push(open);
    }
    open.stacks.push(stack);
    open.massKg += massKg;
  }
  const all = [...whole, ...shared.map(({ stacks }) => stacks)];
  return {
    skus,
    containers: all.map((stacks, k) => ({
      containerId: `S${String(k + 1).padStart(5, '0')}`,
      kind: 'storage',
      stacks: Array.from({ length: cells }, (_, at) => stacks[at] ?? []),
      placeId: null,
    })),
  };
}
