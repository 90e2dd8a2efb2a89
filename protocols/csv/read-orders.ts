import { OrderRequest } from '../../controller/domain/intake.ts';
import type { ReturnRequest } from '../../controller/domain/intake.ts';
import { cleanId } from './clean-id.ts';
import { CsvFaults } from './fault.ts';
import type { CsvFault } from './fault.ts';
import { FIELDS, mappingFromOptions, presetFor, PRESETS } from './mapping.ts';
import type { Field, OrderMapping } from './mapping.ts';
import { RowReader } from './row-reader.ts';
import type { Columns, OrderHead } from './row-reader.ts';
import { columnName, decodeCsv, readTable } from './table.ts';
import type { Table } from './table.ts';

/** What a file asks for, in the order in which it stands there; `line` is that of the file. */
type CsvEvent =
  | {
      readonly kind: 'order';
      readonly line: number;
      readonly order: OrderRequest;
      /** When it came in, ISO 8601; null where the file does not say. */
      readonly placedAt: string | null;
    }
  | {
      readonly kind: 'return';
      readonly line: number;
      readonly request: ReturnRequest;
      readonly placedAt: string | null;
    }
  /** A line that is no request to the cell; the reason is the name of its exception. */
  | {
      readonly kind: 'excepted';
      readonly line: number;
      readonly reason: 'not-stock';
      readonly orderId: string;
      readonly code: string;
      readonly quantity: number;
      readonly placedAt: string | null;
    };

/** `rows = orderLines + returns + notStock`: every line of the file is one of them. */
interface CsvCounts {
  readonly rows: number;
  readonly orders: number;
  readonly orderLines: number;
  readonly orderUnits: number;
  readonly returns: number;
  readonly returnUnits: number;
  readonly notStock: number;
}

export type OrdersResult =
  | {
      readonly status: 'read';
      readonly mapping: OrderMapping;
      readonly events: readonly CsvEvent[];
      readonly counts: CsvCounts;
      /** What was changed on the way in and why, for people. */
      readonly notes: readonly string[];
    }
  /** Nothing of a file with faults is taken, so that it can be corrected and imported whole. */
  | {
      readonly status: 'refused';
      readonly faults: readonly CsvFault[];
      /** Faults beyond those listed. */
      readonly more: number;
      /** Rows that could be read, among them those with faults. */
      readonly rows: number;
    };

/** Lines an order may have at the intake; a longer one is split into parts. */
const ORDER_LINES_MAX = 2_000;

/**
 * Reads orders from a CSV file. `mapping` null: recognised by the header. `options` (`FIELD=COLUMN` and the like, see
 * `mappingFromOptions`) are laid over either. Lines of one order are grouped at its first line, also where others
 * stand between; a negative quantity becomes a return at its place in the sequence; codes that are no goods are named
 * exceptions. Never throws.
 */
export function readOrders(
  input: string | Uint8Array,
  mapping: OrderMapping | null,
  options: readonly string[] = [],
): OrdersResult {
  const faults = new CsvFaults();
  const optional = (name: string): string | undefined =>
    options.findLast((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  // What is needed before the header can be read; everything else waits until the header has been.
  const latin = (optional('encoding') ?? mapping?.encoding) === 'windows-1252';
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf-8') : input;
  const text = decodeCsv(bytes, latin && typeof input !== 'string' ? 'windows-1252' : 'utf-8', faults);
  const named = optional('delimiter')?.replace(/^tab$/, '\t');
  const delimiter = named !== undefined && /^[,;\t|]$/.test(named) ? named : mapping?.delimiter;
  const table = text === null ? null : readTable(text, delimiter, faults);
  if (table === null) return refused(faults, 0);
  const chosen = chooseMapping(table, mapping, options, faults);
  if (chosen === null) return refused(faults, table.rows.length);
  const columns = findColumns(table, chosen, faults);
  if (columns === null) return refused(faults, table.rows.length);
  if (table.rows.length === 0 && !faults.any) {
    faults.add(
      null,
      null,
      null,
      'the file has a header and no order lines',
      'export it again with its lines',
    );
  }
  const collected = collect(table, columns, chosen, faults);
  return faults.any ? refused(faults, table.rows.length) : { status: 'read', mapping: chosen, ...collected };
}

/** The given mapping, or that of the header, with the options laid over it. */
function chooseMapping(
  table: Table,
  mapping: OrderMapping | null,
  options: readonly string[],
  faults: CsvFaults,
): OrderMapping | null {
  const base = mapping ?? presetFor(table.header);
  if (options.length > 0) {
    const overlaid = mappingFromOptions(options, base);
    if (overlaid.status === 'read') return overlaid.mapping;
    for (const { line, column, value, problem, remedy } of overlaid.faults) {
      faults.add(line, column, value, problem, remedy);
    }
    return null;
  }
  if (base !== null) return base;
  const known = Object.values(PRESETS).map(
    (preset) => `${preset.name} (${neededColumns(preset).join(', ')})`,
  );
  faults.add(
    1,
    null,
    table.header.join(', '),
    'the header is not that of a known file',
    `rename the columns, or map them; known are ${known.join('; ')}`,
  );
  return null;
}

function refused(faults: CsvFaults, rows: number): OrdersResult {
  const list = [...faults.list].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return { status: 'refused', faults: list, more: faults.more, rows };
}

function neededColumns(mapping: OrderMapping): readonly string[] {
  return FIELDS.filter((field) => !mapping.optional.includes(field))
    .map((field) => mapping.columns[field])
    .filter((column) => column !== undefined);
}

function findColumns(table: Table, mapping: OrderMapping, faults: CsvFaults): Columns | null {
  const columns: Partial<Record<Field, number>> = {};
  let complete = true;
  for (const field of FIELDS) {
    const name = mapping.columns[field];
    if (name === undefined) continue;
    const at = table.header.indexOf(name);
    if (at >= 0 && table.header.indexOf(name, at + 1) < 0) columns[field] = at;
    else if (at >= 0) {
      faults.add(1, name, null, 'two columns have this name', 'rename one of them');
      complete = false;
    } else if (!mapping.optional.includes(field)) {
      const remedy = `the header has ${table.header.map((_, k) => columnName(table.header, k)).join(', ')}; map ${field}=COLUMN`;
      faults.add(1, name, null, `the column for ${field} is missing`, remedy);
      complete = false;
    }
  }
  return complete ? columns : null;
}

interface DraftOrder extends OrderHead {
  readonly placedAt: string | null;
  readonly lines: { lineId: string; sku: string; quantity: number }[];
  readonly lineIds: Map<string, number>;
}

type Draft = { readonly kind: 'draft'; readonly order: DraftOrder } | Exclude<CsvEvent, { kind: 'order' }>;

function collect(
  table: Table,
  columns: Columns,
  mapping: OrderMapping,
  faults: CsvFaults,
): { events: CsvEvent[]; counts: CsvCounts; notes: string[] } {
  const drafts: Draft[] = [];
  const orders = new Map<string, DraftOrder>();
  const notStock = new Set(mapping.not_stock.map((code) => code.toUpperCase()));
  const counts = {
    rows: 0,
    orders: 0,
    orderLines: 0,
    orderUnits: 0,
    returns: 0,
    returnUnits: 0,
    notStock: 0,
  };
  const cleaned = new Set<string>();
  const lateReturns = new Map<string, number>();
  const notes: string[] = [];
  const read = new RowReader(table, columns, mapping, faults, cleaned);
  table.rows.forEach((row, index) => {
    const fields = read.fields(row, index + 1);
    if (fields === null) return;
    const { line, orderId, lineId, sku, quantity, placedAt } = fields;
    counts.rows += 1;
    if (notStock.has(fields.rawSku.toUpperCase())) {
      counts.notStock += 1;
      drafts.push({
        kind: 'excepted',
        line,
        reason: 'not-stock',
        orderId,
        code: fields.rawSku,
        quantity,
        placedAt,
      });
      return;
    }
    if (quantity < 0) {
      const returnId = cleanId(`${orderId}:${lineId}`)!;
      counts.returns += 1;
      counts.returnUnits -= quantity;
      lateReturns.set(sku, line);
      drafts.push({ kind: 'return', line, request: { returnId, sku, quantity: -quantity }, placedAt });
      return;
    }
    counts.orderLines += 1;
    counts.orderUnits += quantity;
    let order = orders.get(orderId);
    if (order === undefined) {
      const { priority, shipBy } = fields;
      order = { line, orderId, placedAt, priority, shipBy, lines: [], lineIds: new Map() };
      orders.set(orderId, order);
      drafts.push({ kind: 'draft', order });
    } else {
      read.sameOrder(row, order, fields);
      const returned = lateReturns.get(sku) ?? 0;
      if (returned > order.line) {
        notes.push(
          `line ${line}: order ${orderId} began on line ${order.line}, before the return of ${sku} on line ${returned}; ` +
            'the return may cancel units of this line',
        );
      }
    }
    const before = order.lineIds.get(lineId);
    if (before !== undefined) {
      const problem = `order ${orderId} has this line id on line ${before} already`;
      faults.add(
        line,
        mapping.columns.line_id ?? null,
        lineId,
        problem,
        'give each line of an order its own id',
      );
      return;
    }
    order.lineIds.set(lineId, line);
    order.lines.push({ lineId, sku, quantity });
  });
  if (cleaned.size > 0) {
    const some = [...cleaned].slice(0, 5).join('; ');
    notes.push(`${cleaned.size} ids had characters the intake does not allow and were changed: ${some}`);
  }
  const events: CsvEvent[] = [];
  if (!faults.any) {
    for (const draft of drafts) {
      if (draft.kind !== 'draft') events.push(draft);
      else events.push(...ordersOf(draft.order, notes));
    }
  }
  counts.orders = events.filter((event) => event.kind === 'order').length;
  return { events, counts, notes: notes.slice(0, 100) };
}

/** One order, or its parts where it has more lines than the intake takes. */
function ordersOf(draft: DraftOrder, notes: string[]): CsvEvent[] {
  const { line, orderId, placedAt, lines } = draft;
  const parts = Math.ceil(lines.length / ORDER_LINES_MAX);
  if (parts > 1) notes.push(`order ${orderId} has ${lines.length} lines and was split into ${parts} parts`);
  return Array.from({ length: parts }, (_, part) => ({
    kind: 'order',
    line,
    placedAt,
    order: OrderRequest.parse({
      orderId: parts === 1 ? orderId : cleanId(`${orderId}.${part + 1}`),
      ...(draft.priority === null ? {} : { priority: draft.priority }),
      shipBy: draft.shipBy,
      lines: lines.slice(part * ORDER_LINES_MAX, (part + 1) * ORDER_LINES_MAX),
    }),
  }));
}
