import { describe, expect, it } from 'vitest';
import { CSV_FAULTS_MAX, csvFaultText } from '../../../protocols/csv/fault.ts';
import type { OrderMapping } from '../../../protocols/csv/mapping.ts';
import { PRESETS } from '../../../protocols/csv/mapping.ts';
import { readOrders } from '../../../protocols/csv/read-orders.ts';

const HEADER = 'order_id,line_id,sku,quantity';

function faultsOf(input: string | Uint8Array, mapping: OrderMapping | null = null): string[] {
  const result = readOrders(input, mapping);
  return result.status === 'refused' ? result.faults.map(csvFaultText) : [];
}

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf-8') : Buffer.from(part))),
  );

/** Each with the message a person needs: line, column, what stands there, what to do. */
const BROKEN: readonly (readonly [name: string, input: string | Uint8Array, faults: readonly string[]])[] = [
  ['empty file', '', ['the file is empty; it needs a header line and order lines']],
  ['only blank lines', '\r\n  \n\n', ['the file is empty; it needs a header line and order lines']],
  [
    'only a header',
    `${HEADER}\n`,
    ['the file has a header and no order lines; export it again with its lines'],
  ],
  [
    'no header, only lines',
    'A1,1,X,2\n',
    [
      'line 1: the header is not that of a known file (found: "A1, 1, X, 2"); rename the columns, or map them; ' +
        'known are generic (order_id, sku, quantity); picking-route (OrderNumber, SKU, PCS, DATE); ' +
        'online-retail (InvoiceNo, StockCode, Quantity, InvoiceDate)',
    ],
  ],
  [
    'fraction',
    `${HEADER}\nA1,1,X,1.5\n`,
    [
      'line 2, column quantity: quantity has a fraction or a separator (found: "1.5"); write a whole number of units',
    ],
  ],
  [
    'thousands separator',
    `${HEADER}\nA1,1,X,"1,000"\n`,
    [
      'line 2, column quantity: quantity has a fraction or a separator (found: "1,000"); write a whole number of units',
    ],
  ],
  [
    'scientific notation',
    `${HEADER}\nA1,1,X,1e3\n`,
    [
      'line 2, column quantity: quantity is in scientific notation (found: "1e3"); write a whole number of units',
    ],
  ],
  [
    'empty quantity',
    `${HEADER}\nA1,1,X,\n`,
    ['line 2, column quantity: quantity is empty (found: ""); write a whole number of units'],
  ],
  [
    'word as quantity',
    `${HEADER}\nA1,1,X,two\n`,
    ['line 2, column quantity: quantity is not a number (found: "two"); write a whole number of units'],
  ],
  [
    'infinite quantity',
    `${HEADER}\nA1,1,X,Infinity\n`,
    ['line 2, column quantity: quantity is not a number (found: "Infinity"); write a whole number of units'],
  ],
  [
    'nothing to do',
    `${HEADER}\nA1,1,X,0\n`,
    ['line 2, column quantity: quantity is 0 (found: "0"); remove the line; there is nothing to do'],
  ],
  [
    'quantity beyond any shelf',
    `${HEADER}\nA1,1,X,100001\n`,
    ['line 2, column quantity: quantity is above 100000 (found: "100001"); split the line'],
  ],
  [
    'negative without returns',
    `${HEADER}\nA1,1,X,-2\n`,
    [
      'line 2, column quantity: quantity is negative (found: "-2"); ' +
        'map negative_quantity=return if such lines are returns',
    ],
  ],
  [
    'empty order id and SKU in one row',
    `${HEADER}\n,1,,2\n`,
    [
      'line 2, column order_id: order_id is empty (found: ""); fill it in',
      'line 2, column sku: sku is empty (found: ""); fill it in',
    ],
  ],
  [
    'same line id twice',
    `${HEADER}\nA1,7,X,1\nA2,7,X,1\nA1,7,Y,1\n`,
    [
      'line 4, column line_id: order A1 has this line id on line 2 already (found: "7"); ' +
        'give each line of an order its own id',
    ],
  ],
  [
    'ragged rows',
    `${HEADER}\nA1,1,X\nA2,1,X,1,extra\n`,
    [
      'line 2: has 3 fields, the header has 4 (found: "A1,1,X"); quote fields that contain the delimiter, and leave none out',
      'line 3: has 5 fields, the header has 4 (found: "A2,1,X,1,extra"); ' +
        'quote fields that contain the delimiter, and leave none out',
    ],
  ],
  [
    'quote never closed',
    `${HEADER}\nA1,1,X,1\nA2,1,"X,1\nA3,1,X,none\n`,
    [
      'line 3: a quote is opened and never closed; close it, or double quotes that are part of a field',
      'line 4, column quantity: quantity is not a number (found: "none"); write a whole number of units',
    ],
  ],
  [
    'text after a closing quote',
    `${HEADER}\nA1,1,"X"Y,1\nA2,1,X,x\n`,
    [
      'line 2: a closing quote is followed by more text; double quotes that are part of a field',
      'line 3, column quantity: quantity is not a number (found: "x"); write a whole number of units',
    ],
  ],
  [
    'quote inside a field',
    `${HEADER}\nA1,1,5"disk,1\n`,
    ['line 2: a quote stands inside a field; quote the whole field and double the quotes in it'],
  ],
  [
    'huge line',
    `${HEADER}\nA1,1,${'x'.repeat(70_000)},1\n`,
    ['line 2: the line is longer than 65536 bytes; check for a quote that is never closed'],
  ],
  [
    'huge field',
    `${HEADER}\nA1,1,${'x'.repeat(5_000)},1\n`,
    [
      `line 2, column sku: the field has 5000 characters, more than 4096 (found: "${'x'.repeat(57)}..."); ` +
        'check the quotes before it',
    ],
  ],
  ['NUL', `${HEADER}\nA1,1,X\0,1\n`, ['line 2: character 7 is NUL; export the file again; this is not text']],
  [
    'not UTF-8',
    bytes(`${HEADER}\nA1,1,M`, [0xfc], 'tze,1\n'),
    [
      'line 2: character 7 is not UTF-8 (found: ",sku,quantity\\nA1,1,M\uFFFDtze,1\\n"); ' +
        'save the file as UTF-8, or map encoding=windows-1252',
    ],
  ],
  ['UTF-16', bytes([0xff, 0xfe], 'o\0r\0'), ['the file is UTF-16; save it as UTF-8']],
  [
    'two columns of one name',
    'order_id,sku,quantity,sku\nA1,X,1,Y\n',
    ['line 1, column sku: two columns have this name; rename one of them'],
  ],
  [
    'priority out of range',
    'order_id,sku,quantity,priority\nA1,X,1,101\n',
    [
      'line 2, column priority: is not a priority (found: "101"); write a whole number from 0 to 100, or leave it empty',
    ],
  ],
  [
    'priorities of one order that differ',
    'order_id,sku,quantity,priority\nA1,X,1,10\nA1,Y,1,20\n',
    [
      'line 3, column priority: order A1 has 10 on line 2 (found: "20"); write the same on all lines of an order',
    ],
  ],
  [
    'ship-by on a day that does not exist',
    'order_id,sku,quantity,ship_by\nA1,X,1,2026-02-30T12:00:00Z\n',
    [
      'line 2, column ship_by: is not a date (found: "2026-02-30T12:00:00Z"); ' +
        'write iso with offset, or map utc_offset=Z, or leave it empty',
    ],
  ],
  [
    'ship-by without offset',
    'order_id,sku,quantity,ship_by\nA1,X,1,2026-02-03T12:00:00\n',
    [
      'line 2, column ship_by: is not a date (found: "2026-02-03T12:00:00"); ' +
        'write iso with offset, or map utc_offset=Z, or leave it empty',
    ],
  ],
];

describe('broken files', () => {
  it.each(BROKEN)('%s', (_, input, faults) => {
    expect(faultsOf(input)).toEqual(faults);
  });

  it('says which column of a mapping is missing and what the header has', () => {
    expect(faultsOf('Bestellung,SKU,PCS\nA1,X,1\n', PRESETS['picking-route']!)).toEqual([
      'line 1, column OrderNumber: the column for order_id is missing; the header has Bestellung, SKU, PCS; map order_id=COLUMN',
      'line 1, column DATE: the column for placed_at is missing; the header has Bestellung, SKU, PCS; map placed_at=COLUMN',
    ]);
  });

  it('names lines rightly after quoted line breaks and blank lines', () => {
    const text = `${HEADER}\r\n\r\nA1,1,"X\r\ny\r\nz",1\r\nA2,1,X,q\r\n"A3,1,X,1\r\n`;
    expect(faultsOf(text).map((fault) => fault.slice(0, 7))).toEqual(['line 6,', 'line 7:']);
  });

  it('lists the first hundred faults and counts the rest', () => {
    const text = `${HEADER}\n${'A1,1,X,zero\n'.repeat(250)}`;
    const result = readOrders(text, null);
    expect(result).toMatchObject({ status: 'refused', more: 250 - CSV_FAULTS_MAX, rows: 250 });
    expect(result.status === 'refused' && result.faults.length).toBe(CSV_FAULTS_MAX);
  });

  it('takes nothing of a file with one fault', () => {
    expect(readOrders(`${HEADER}\nA1,1,X,1\nA2,1,X,?\n`, null).status).toBe('refused');
  });
});
