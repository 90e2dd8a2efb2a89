import { cleanId } from './clean-id.ts';
import type { CsvFaults } from './fault.ts';
import { isoInstant } from './instant.ts';
import type { Field, OrderMapping } from './mapping.ts';
import { columnName } from './table.ts';
import type { Row, Table } from './table.ts';

const QUANTITY_MAX = 100_000;

/** Where in a row each field stands. */
export type Columns = Readonly<Partial<Record<Field, number>>>;

/** What the lines of one order have to agree on, as its first line says it. */
export interface OrderHead {
  readonly line: number;
  readonly orderId: string;
  readonly priority: number | null;
  readonly shipBy: string | null;
}

/** One row as values. */
export interface RowFields {
  readonly line: number;
  readonly orderId: string;
  readonly lineId: string;
  readonly sku: string;
  readonly rawSku: string;
  readonly quantity: number;
  readonly priority: number | null;
  readonly shipBy: string | null;
  readonly placedAt: string | null;
}

/** Turns the fields of a row into values; what is wrong with them becomes faults, all of a row together. */
export class RowReader {
  private readonly table: Table;
  private readonly columns: Columns;
  private readonly mapping: OrderMapping;
  private readonly faults: CsvFaults;
  private readonly cleaned: Set<string>;

  constructor(
    table: Table,
    columns: Columns,
    mapping: OrderMapping,
    faults: CsvFaults,
    cleaned: Set<string>,
  ) {
    this.table = table;
    this.columns = columns;
    this.mapping = mapping;
    this.faults = faults;
    this.cleaned = cleaned;
  }

  fields(row: Row, number: number): RowFields | null {
    const orderId = this.id(row, 'order_id');
    const sku = this.id(row, 'sku');
    const lineId = this.columns.line_id === undefined ? String(number) : this.id(row, 'line_id');
    const quantity = this.quantity(row);
    const priority = this.priority(row);
    const shipBy = this.instant(row, 'ship_by');
    const placedAt = this.instant(row, 'placed_at');
    if (orderId === null || sku === null || lineId === null || quantity === null) return null;
    if (priority === undefined || shipBy === undefined || placedAt === undefined) return null;
    return {
      line: row.line,
      orderId,
      lineId,
      sku,
      rawSku: this.text(row, 'sku') ?? '',
      quantity,
      priority,
      shipBy,
      placedAt,
    };
  }

  /** Priority and ship-by belong to the order: its lines have to agree. */
  sameOrder(row: Row, order: OrderHead, fields: RowFields): void {
    for (const [field, first, here] of [
      ['priority', order.priority, fields.priority],
      ['ship_by', order.shipBy, fields.shipBy],
    ] as const) {
      if (first === here) continue;
      const problem = `order ${order.orderId} has ${String(first ?? 'none')} on line ${order.line}`;
      this.fault(row, field, problem, 'write the same on all lines of an order');
    }
  }

  private text(row: Row, field: Field): string | null {
    const at = this.columns[field];
    return at === undefined ? null : (row.fields[at] ?? '');
  }

  private fault(row: Row, field: Field, problem: string, remedy: string): void {
    const at = this.columns[field];
    const column = at === undefined ? null : columnName(this.table.header, at);
    this.faults.add(row.line, column, this.text(row, field), problem, remedy);
  }

  private id(row: Row, field: Field): string | null {
    const raw = this.text(row, field) ?? '';
    const id = cleanId(raw);
    if (id === null) this.fault(row, field, `${field} is empty`, 'fill it in');
    else if (id !== raw) this.cleaned.add(`${JSON.stringify(raw)} to ${id}`);
    return id;
  }

  private quantity(row: Row): number | null {
    const text = this.text(row, 'quantity') ?? '';
    const problem = quantityProblem(text, this.mapping.negative_quantity);
    if (problem === null) return Number(text);
    this.fault(row, 'quantity', problem[0], problem[1]);
    return null;
  }

  private priority(row: Row): number | null | undefined {
    const text = this.text(row, 'priority');
    if (text === null || text === '') return null;
    if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text);
    this.fault(row, 'priority', 'is not a priority', 'write a whole number from 0 to 100, or leave it empty');
    return undefined;
  }

  private instant(row: Row, field: 'ship_by' | 'placed_at'): string | null | undefined {
    const text = this.text(row, field);
    if (text === null || text === '') return null;
    const instant = isoInstant(text, this.mapping.date_format, this.mapping.utc_offset ?? null);
    if (instant !== null) return instant;
    const offset = this.mapping.utc_offset === undefined ? ' with offset, or map utc_offset=Z' : '';
    this.fault(row, field, 'is not a date', `write ${this.mapping.date_format}${offset}, or leave it empty`);
    return undefined;
  }
}

function quantityProblem(text: string, negative: 'return' | 'refuse'): readonly [string, string] | null {
  const whole = 'write a whole number of units';
  if (text === '') return ['quantity is empty', whole];
  if (/^[+-]?\d+[.,]\d+$/.test(text)) return ['quantity has a fraction or a separator', whole];
  if (/^[+-]?\d+(\.\d+)?e[+-]?\d+$/i.test(text)) return ['quantity is in scientific notation', whole];
  if (!/^[+-]?\d+$/.test(text)) return ['quantity is not a number', whole];
  const quantity = Number(text);
  if (quantity === 0) return ['quantity is 0', 'remove the line; there is nothing to do'];
  if (Math.abs(quantity) > QUANTITY_MAX) return [`quantity is above ${QUANTITY_MAX}`, 'split the line'];
  if (quantity < 0 && negative === 'refuse') {
    return ['quantity is negative', 'map negative_quantity=return if such lines are returns'];
  }
  return null;
}
