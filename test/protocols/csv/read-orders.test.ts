import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Id } from '../../../controller/domain/intake.ts';
import { cleanId } from '../../../protocols/csv/clean-id.ts';
import { isoInstant } from '../../../protocols/csv/instant.ts';
import { mappingFromOptions, PRESETS, readMapping } from '../../../protocols/csv/mapping.ts';
import type { OrderMapping } from '../../../protocols/csv/mapping.ts';
import { readOrders } from '../../../protocols/csv/read-orders.ts';

function read(input: string | Uint8Array, mapping: OrderMapping | null = null) {
  const result = readOrders(input, mapping);
  if (result.status === 'refused') throw new Error(JSON.stringify(result.faults));
  return result;
}

const returns: OrderMapping = { ...PRESETS['generic']!, negative_quantity: 'return', not_stock: ['POST'] };

describe('readOrders', () => {
  it('groups the lines of an order, also where others stand between', () => {
    const { events } = read('order_id,sku,quantity\nA,x,1\nB,y,2\nA,z,3\n');
    expect(events.map((event) => (event.kind === 'order' ? event.order : null))).toEqual([
      {
        orderId: 'A',
        priority: 50,
        shipBy: null,
        lines: [
          { lineId: '1', sku: 'x', quantity: 1 },
          { lineId: '3', sku: 'z', quantity: 3 },
        ],
      },
      { orderId: 'B', priority: 50, shipBy: null, lines: [{ lineId: '2', sku: 'y', quantity: 2 }] },
    ]);
  });

  it('says when grouping carries units over a return', () => {
    const { events, notes } = read('order_id,sku,quantity\nA,x,1\nR,z,-1\nA,z,3\n', returns);
    expect(events.map((event) => event.kind)).toEqual(['order', 'return']);
    expect(notes).toEqual([
      'line 4: order A began on line 2, before the return of z on line 3; the return may cancel units of this line',
    ]);
  });

  it('makes codes that are no goods named exceptions, whatever their sign or case', () => {
    const { events, counts } = read('order_id,sku,quantity\nA,post,1\nA,x,1\nC,POST,-1\n', returns);
    expect(events).toEqual([
      {
        kind: 'excepted',
        line: 2,
        reason: 'not-stock',
        orderId: 'A',
        code: 'post',
        quantity: 1,
        placedAt: null,
      },
      expect.objectContaining({ kind: 'order', line: 3 }),
      {
        kind: 'excepted',
        line: 4,
        reason: 'not-stock',
        orderId: 'C',
        code: 'POST',
        quantity: -1,
        placedAt: null,
      },
    ]);
    expect(counts).toMatchObject({ rows: 3, orders: 1, orderLines: 1, returns: 0, notStock: 2 });
  });

  it('reads byte order mark, CR LF, CR, quotes and other delimiters alike', () => {
    const plain = read('order_id,sku,quantity\nA,x,1\nB,y,2\n').events;
    for (const same of [
      '\uFEFForder_id,sku,quantity\r\nA,x,1\r\nB,y,2\r\n',
      'order_id,sku,quantity\rA,x,1\rB,y,2',
      '"order_id";"sku";"quantity"\n"A";"x";"1"\n"B";"y";"2"\n',
      'order_id\tsku\tquantity\nA\tx\t1\nB\ty\t+2\n',
      ' order_id | sku | quantity \n A | x | 1 \n B | y | 2 \n',
    ]) {
      expect(read(Buffer.from(same)).events).toEqual(plain);
    }
  });

  it('reads Windows-1252 when told so', () => {
    const mapping: OrderMapping = { ...PRESETS['generic']!, encoding: 'windows-1252' };
    const text = Buffer.concat([
      Buffer.from('order_id,sku,quantity\nM'),
      Buffer.from([0xfc]),
      Buffer.from(',x,1\n'),
    ]);
    expect(read(text, mapping).notes[0]).toContain('"Mü" to Mu_');
  });

  it('takes priority and ship-by', () => {
    const { events } = read(
      'order_id,sku,quantity,priority,ship_by\nA,x,1,90,2026-01-02T15:00:00+01:00\nB,x,1,,\n',
    );
    expect(events).toMatchObject([
      { order: { priority: 90, shipBy: '2026-01-02T15:00:00+01:00' } },
      { order: { priority: 50, shipBy: null } },
    ]);
  });

  it('splits an order that is longer than the intake takes', () => {
    const rows = Array.from({ length: 4_001 }, (_, k) => `A,s${k},1`).join('\n');
    const { events, notes } = read(`order_id,sku,quantity\n${rows}\n`);
    expect(
      events.map((event) => (event.kind === 'order' ? [event.order.orderId, event.order.lines.length] : [])),
    ).toEqual([
      ['A.1', 2000],
      ['A.2', 2000],
      ['A.3', 1],
    ]);
    expect(notes).toEqual(['order A has 4001 lines and was split into 3 parts']);
  });

  it('loses and invents nothing: rows and units add up for any file', () => {
    const row = fc.record({
      order: fc.constantFrom('A', 'B', 'C', 'Ä/1'),
      sku: fc.constantFrom('x', 'y', 'POST', 'z 1'),
      quantity: fc.integer({ min: -50, max: 50 }).filter((quantity) => quantity !== 0),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        const text = rows.map(({ order, sku, quantity }) => `${order},"${sku}",${quantity}`).join('\r\n');
        const { counts, events } = read(`order_id,sku,quantity\r\n${text}`, returns);
        const goods = rows.filter(({ sku }) => sku !== 'POST');
        const net = goods.reduce((sum, { quantity }) => sum + quantity, 0);
        expect(counts.rows).toBe(rows.length);
        expect(counts.orderLines + counts.returns + counts.notStock).toBe(rows.length);
        const ordered = events.flatMap((event) => (event.kind === 'order' ? event.order.lines : []));
        const returned = events.flatMap((event) => (event.kind === 'return' ? [event.request] : []));
        const sum = (list: readonly { quantity: number }[]): number =>
          list.reduce((total, { quantity }) => total + quantity, 0);
        expect(sum(ordered) - sum(returned)).toBe(net);
        expect(ordered.length).toBe(counts.orderLines);
      }),
      { seed: 20, numRuns: 200 },
    );
  });
});

describe('cleanId', () => {
  it('leaves fit ids alone, makes others fit and keeps them apart', () => {
    expect(cleanId(' A-1 ')).toBe('A-1');
    expect(cleanId('   ')).toBeNull();
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300 }), (raw) => {
        const id = cleanId(raw);
        if (id === null) expect(raw.trim()).toBe('');
        else expect(Id.safeParse(id).success).toBe(true);
      }),
      { seed: 21, numRuns: 500 },
    );
    expect(new Set(['a/b', 'a#b', 'a_b', 'a\\b'].map(cleanId)).size).toBe(4);
  });
});

describe('isoInstant', () => {
  it('reads each format and refuses days that do not exist', () => {
    expect(isoInstant('12/4/2018', 'M/D/YYYY', 'Z')).toBe('2018-12-04T00:00:00Z');
    expect(isoInstant('4/12/2018 7:05', 'D/M/YYYY', '+02:00')).toBe('2018-12-04T07:05:00+02:00');
    expect(isoInstant('4.12.2018', 'D.M.YYYY', 'Z')).toBe('2018-12-04T00:00:00Z');
    expect(isoInstant('2010-12-01 08:26:00', 'YYYY-MM-DD HH:mm:ss', 'Z')).toBe('2010-12-01T08:26:00Z');
    expect(isoInstant('13/4/2018', 'M/D/YYYY', 'Z')).toBeNull();
    expect(isoInstant('2/29/2018', 'M/D/YYYY', 'Z')).toBeNull();
  });
});

describe('mappings', () => {
  it('reads a mapping file', () => {
    const result = readMapping(
      'columns: {order_id: Auftrag, sku: Artikel, quantity: Menge}\ndelimiter: ";"\nnot_stock: [PORTO]\n',
    );
    if (result.status === 'refused') throw new Error(JSON.stringify(result.faults));
    const { events } = read('Auftrag;Artikel;Menge\n1;x;2\n1;PORTO;1\n', result.mapping);
    expect(events.map((event) => event.kind)).toEqual(['order', 'excepted']);
  });

  it('names everything wrong with a mapping file', () => {
    const result = readMapping(
      'columns: {order_id: A, sku: B, quantty: C}\ndelimiter: x\nencodding: utf-8\n',
    );
    expect(
      result.status === 'refused' && result.faults.map(({ value, problem }) => `${value}: ${problem}`),
    ).toEqual([
      'columns.quantity: the mapping does not name this field',
      'columns.quantty: the mapping has an unknown field',
      'delimiter: the mapping is wrong here: Invalid option: expected one of ","|";"|"\t"|"|"',
      'encodding: the mapping has an unknown field',
    ]);
  });

  it('lays options over the preset that the header calls for', () => {
    const result = readOrders('order_id,sku,quantity\n1,FEE,1\n1,x,-2\n1,y,1\n', null, [
      'not_stock=FEE',
      'negative_quantity=return',
    ]);
    expect(result).toMatchObject({ status: 'read', counts: { notStock: 1, returns: 1, orderLines: 1 } });
    const own = readOrders(Buffer.from('Nr\tArtikel\tMenge\nM\xfc\tx\t2\n', 'latin1'), null, [
      'order_id=Nr',
      'sku=Artikel',
      'quantity=Menge',
      'delimiter=tab',
      'encoding=windows-1252',
    ]);
    expect(own).toMatchObject({ status: 'read', counts: { orders: 1, orderUnits: 2 } });
    const unknown = readOrders('Nr,Artikel,Menge\n1,x,2\n', null, ['order_id=Nr', 'farbe=rot']);
    expect(unknown).toMatchObject({ status: 'refused', faults: [{ value: 'farbe=rot' }, {}, {}] });
  });

  it('lays options over a preset', () => {
    const result = mappingFromOptions(
      ['order_id=Nr', 'delimiter=tab', 'not_stock=FEE', 'negative_quantity=return'],
      PRESETS['generic']!,
    );
    if (result.status === 'refused') throw new Error(JSON.stringify(result.faults));
    expect(result.mapping).toMatchObject({
      delimiter: '\t',
      negative_quantity: 'return',
      not_stock: ['FEE'],
    });
    expect(read('Nr\tsku\tquantity\n1\tx\t-2\n', result.mapping).counts.returns).toBe(1);
    expect(mappingFromOptions(['colour=red'], null).status).toBe('refused');
  });
});
