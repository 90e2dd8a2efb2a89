import { parseDocument } from 'yaml';
import { z } from 'zod';
import { CsvFaults } from './fault.ts';
import type { CsvFault } from './fault.ts';
import { DATE_FORMATS } from './instant.ts';

/** What a column of a file may mean. Columns that are not named are left alone. */
export const FIELDS = ['order_id', 'line_id', 'sku', 'quantity', 'priority', 'ship_by', 'placed_at'] as const;
export type Field = (typeof FIELDS)[number];

const ColumnName = z.string().max(200);

/** Which column is what, and how to read it; the content of a mapping file. */
export const OrderMapping = z
  .strictObject({
    name: z.string().min(1).max(64).default('own'),
    columns: z.strictObject({
      order_id: ColumnName,
      sku: ColumnName,
      quantity: ColumnName,
      line_id: ColumnName.optional().describe('Without it lines are numbered as they stand in the file'),
      priority: ColumnName.optional().describe('0 to 100, higher goes first'),
      ship_by: ColumnName.optional(),
      placed_at: ColumnName.optional().describe('When the order came in'),
    }),
    optional: z
      .array(z.enum(FIELDS))
      .max(FIELDS.length)
      .default([])
      .describe('Fields whose column need not be there'),
    delimiter: z.enum([',', ';', '\t', '|']).optional().describe('Without it, taken from the header'),
    encoding: z.enum(['utf-8', 'windows-1252']).default('utf-8'),
    date_format: z.enum(DATE_FORMATS).default('iso'),
    utc_offset: z
      .string()
      .regex(/^(Z|[+-]\d{2}:\d{2})$/, 'Z, or +HH:MM')
      .optional()
      .describe('Of dates that do not carry it themselves'),
    negative_quantity: z.enum(['return', 'refuse']).default('refuse'),
    not_stock: z
      .array(z.string().min(1).max(128))
      .max(1_000)
      .default([])
      .describe('Codes that are no goods: postage, discounts, fees'),
  })
  .describe('Mapping of CSV columns to orders');
export type OrderMapping = z.infer<typeof OrderMapping>;

/**
 * Known files, recognised by their header: `generic` is the product's own; `picking-route` that of the data set of
 * the same name; `online-retail` that of UCI's Online Retail data set, whose codes that are no goods are listed by
 * name (POST postage, D discount, M manual, DOT dotcom postage, C2 carriage, S samples, B bad debt, CRUK commission).
 */
export const PRESETS: Readonly<Record<string, OrderMapping>> = {
  generic: preset('generic', {
    columns: {
      order_id: 'order_id',
      line_id: 'line_id',
      sku: 'sku',
      quantity: 'quantity',
      priority: 'priority',
      ship_by: 'ship_by',
      placed_at: 'placed_at',
    },
    optional: ['line_id', 'priority', 'ship_by', 'placed_at'],
  }),
  'picking-route': preset('picking-route', {
    columns: { order_id: 'OrderNumber', sku: 'SKU', quantity: 'PCS', placed_at: 'DATE' },
    date_format: 'M/D/YYYY',
    utc_offset: 'Z',
  }),
  'online-retail': preset('online-retail', {
    columns: { order_id: 'InvoiceNo', sku: 'StockCode', quantity: 'Quantity', placed_at: 'InvoiceDate' },
    date_format: 'YYYY-MM-DD HH:mm:ss',
    utc_offset: 'Z',
    negative_quantity: 'return',
    not_stock: ['POST', 'D', 'M', 'DOT', 'C2', 'S', 'B', 'CRUK', 'BANK CHARGES', 'AMAZONFEE'],
  }),
};

function preset(name: string, mapping: z.input<typeof OrderMapping>): OrderMapping {
  return OrderMapping.parse({ ...mapping, name });
}

/** The preset whose needed columns are all in the header; null when none or more than one fits. */
export function presetFor(header: readonly string[]): OrderMapping | null {
  const fitting = Object.values(PRESETS).filter((mapping) =>
    FIELDS.every((field) => {
      const column = mapping.columns[field];
      return column === undefined || mapping.optional.includes(field) || header.includes(column);
    }),
  );
  return fitting.length === 1 ? fitting[0]! : null;
}

export type MappingResult =
  | { readonly status: 'read'; readonly mapping: OrderMapping }
  | { readonly status: 'refused'; readonly faults: readonly CsvFault[] };

/** Reads the text of a mapping file (YAML or JSON); all its errors at once. */
export function readMapping(text: string): MappingResult {
  const faults = new CsvFaults();
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  for (const error of document.errors) {
    const line = error.linePos?.[0].line ?? null;
    faults.add(line, null, null, `the mapping is not valid YAML: ${error.code}`, 'correct this line');
  }
  if (faults.any) return { status: 'refused', faults: faults.list };
  return checkMapping(document.toJS({ maxAliasCount: 100 }), faults);
}

/**
 * A mapping from options such as `order_id=OrderNumber`, `not_stock=POST`, `negative_quantity=return`, laid over
 * a preset or an own mapping where there is one.
 */
export function mappingFromOptions(options: readonly string[], base: OrderMapping | null): MappingResult {
  const faults = new CsvFaults();
  const columns: Record<string, string | undefined> = { ...base?.columns };
  const rest: Record<string, unknown> = { ...base };
  const notStock = [...(base?.not_stock ?? [])];
  for (const option of options) {
    const split = option.indexOf('=');
    const key = option.slice(0, Math.max(0, split)).trim();
    const value = option.slice(split + 1);
    if (key === 'not_stock') notStock.push(value);
    else if ((FIELDS as readonly string[]).includes(key)) columns[key] = value;
    else if (['delimiter', 'encoding', 'date_format', 'utc_offset', 'negative_quantity'].includes(key)) {
      rest[key] = key === 'delimiter' && value === 'tab' ? '\t' : value;
    } else {
      faults.add(
        null,
        null,
        option,
        'this mapping option is not known',
        `write FIELD=COLUMN with one of ${FIELDS.join(', ')}, or delimiter=, encoding=, date_format=, ` +
          'utc_offset=, negative_quantity=, not_stock=',
      );
    }
  }
  return checkMapping({ ...rest, columns, not_stock: notStock }, faults);
}

function checkMapping(value: unknown, faults: CsvFaults): MappingResult {
  const parsed = OrderMapping.safeParse(value);
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.join('.');
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        const full = path === '' ? key : `${path}.${key}`;
        faults.add(null, null, full, 'the mapping has an unknown field', `remove it; ${knownIn(path)}`);
      }
    } else if (missing) {
      faults.add(null, null, path, 'the mapping does not name this field', `add it, like ${path}: COLUMN`);
    } else faults.add(null, null, path, `the mapping is wrong here: ${issue.message}`, 'correct the mapping');
  }
  if (faults.any || parsed.data === undefined) return { status: 'refused', faults: faults.list };
  return { status: 'read', mapping: parsed.data };
}

function knownIn(path: string): string {
  const known = path === 'columns' ? FIELDS : Object.keys(OrderMapping.shape);
  return `known are ${known.join(', ')}`;
}
