import { describe, expect } from 'vitest';
import { BASIC_TYPES, DATA_TYPES } from '../../../protocols/sparkplug/data-type.ts';
import { decodePayload, PAYLOAD_LIMITS } from '../../../protocols/sparkplug/decode.ts';
import { encodePayload } from '../../../protocols/sparkplug/encode.ts';
import type { Metric, Property, WireValue } from '../../../protocols/sparkplug/payload.ts';
import { readWirePayload, writeWirePayload } from '../../../protocols/sparkplug/wire.ts';
import type { WireMetric } from '../../../protocols/sparkplug/wire-messages.ts';
import { payloadOf, plainMetric } from './edge-bench.ts';
import { shows } from './tck.ts';

/** A metric as it stands on the wire. */
function onWire(part: Partial<Metric>): WireMetric {
  const payload = { timestampMs: 1, seq: 0, metrics: [plainMetric(part)], uuid: null, body: null };
  return readWirePayload(encodePayload(payload), PAYLOAD_LIMITS).metrics![0]!;
}

function faultOf(metric: WireMetric): string {
  const decoded = decodePayload(writeWirePayload({ metrics: [metric] }));
  return decoded.ok ? 'decoded' : `${decoded.fault.field}: ${decoded.fault.message}`;
}

const DATA_SET: WireValue = {
  kind: 'dataset',
  value: { columns: ['code', 'count'], types: ['String', 'Int64'], rows: [['lost', -1n], [null, 2n]] },
}; // prettier-ignore

describe('data sets', () => {
  shows(
    [
      'tck-id-payloads-dataset-column-size',
      'tck-id-payloads-dataset-column-num-headers',
      'tck-id-payloads-dataset-types-def',
      'tck-id-payloads-dataset-types-num',
      'tck-id-payloads-dataset-types-type',
      'tck-id-payloads-dataset-parameter-type-req',
      'tck-id-payloads-template-dataset-value',
    ],
    () => {
      expect(onWire({ type: 'DataSet', value: DATA_SET }).dataset_value).toEqual({
        num_of_columns: 2n,
        columns: ['code', 'count'],
        types: [DATA_TYPES.String, DATA_TYPES.Int64],
        rows: [
          { elements: [{ string_value: 'lost' }, { long_value: 2n ** 64n - 1n }] },
          { elements: [{}, { long_value: 2n }] },
        ],
      });
      const wrong = { num_of_columns: 2n, columns: ['a', 'b'], types: [3] };
      expect(faultOf({ dataset_value: wrong })).toMatch(/types: send one for each of the 2 columns/);
      expect(faultOf({ dataset_value: { ...wrong, types: [3, 3], num_of_columns: 3n } })).toMatch(
        /number of columns, 2/,
      );
      expect(faultOf({ dataset_value: { ...wrong, types: [3, 3], rows: [{ elements: [] }] } })).toMatch(
        /rows\[0\]/,
      );
    },
  );

  shows(['tck-id-payloads-dataset-types-value'], () => {
    for (const type of Object.values(DATA_TYPES)) {
      const isBasic = BASIC_TYPES.some((basic) => DATA_TYPES[basic] === type);
      const fault = faultOf({ dataset_value: { columns: ['a'], types: [type] } });
      expect(fault).toMatch(isBasic ? /^decoded$/ : /types\[0\]: send one of the basic data types/);
    }
  });
});

describe('properties', () => {
  shows(
    [
      'tck-id-payloads-propertyset-keys-array-size',
      'tck-id-payloads-propertyset-values-array-size',
      'tck-id-payloads-metric-propertyvalue-type-type',
      'tck-id-payloads-metric-propertyvalue-type-req',
    ],
    () => {
      const properties = new Map<string, Property>([
        ['engUnit', { type: 'String', value: 'mm' }],
        ['Quality', { type: 'Int32', value: 192 }],
        ['limits', { type: 'PropertySet', value: new Map([['high', { type: 'Double', value: 2.5 }]]) }],
      ]);
      expect(onWire({ properties }).properties).toEqual({
        keys: ['engUnit', 'Quality', 'limits'],
        values: [
          { type: 12, string_value: 'mm' },
          { type: 3, int_value: 192 },
          { type: 20, propertyset_value: { keys: ['high'], values: [{ type: 10, double_value: 2.5 }] } },
        ],
      });
      expect(faultOf({ properties: { keys: ['a'] } })).toMatch(/values: send one for each of the 1 keys/);
      expect(faultOf({ properties: { keys: ['a', 'a'], values: [{}, {}] } })).toMatch(/send each key once/);
    },
  );

  shows(['tck-id-payloads-metric-propertyvalue-type-value'], () => {
    for (const [name, type] of Object.entries(DATA_TYPES)) {
      const isAllowed = (BASIC_TYPES as readonly string[]).includes(name) || name.startsWith('PropertySet');
      const fault = faultOf({ properties: { keys: ['a'], values: [{ type, is_null: true }] } });
      expect(fault).toMatch(
        isAllowed ? /^decoded$/ : /type: send a basic data type, PropertySet or PropertySetList/,
      );
    }
  });
});

describe('templates', () => {
  const parameters = [{ name: 'axes', type: 'Int32', value: 6 }] as const;
  const members = [plainMetric({ name: 'speed', type: 'Float', value: { kind: 'float', value: 1 } })];

  shows(
    [
      'tck-id-payloads-template-is-definition',
      'tck-id-payloads-template-is-definition-definition',
      'tck-id-payloads-template-definition-is-definition',
      'tck-id-payloads-template-definition-ref',
      'tck-id-payloads-template-ref-definition',
      'tck-id-payloads-template-definition-parameters-default',
      'tck-id-payloads-template-version',
    ],
    () => {
      const value = { kind: 'template', value: { version: '1', ref: null, members, parameters } } as const;
      const { template_value: template } = onWire({ type: 'Template', value });
      expect(template).toMatchObject({ version: '1', is_definition: true });
      expect(template).not.toHaveProperty('template_ref');
      expect(template!.parameters).toEqual([{ name: 'axes', type: 3, int_value: 6 }]);
      expect(faultOf({ template_value: { is_definition: true, template_ref: 'x' } })).toMatch(/leave it out/);
    },
  );

  shows(
    [
      'tck-id-payloads-template-is-definition-instance',
      'tck-id-payloads-template-instance-is-definition',
      'tck-id-payloads-template-instance-ref',
      'tck-id-payloads-template-ref-instance',
    ],
    () => {
      const value = {
        kind: 'template',
        value: { version: null, ref: 'Arm', members, parameters: [] },
      } as const;
      expect(onWire({ type: 'Template', value }).template_value).toMatchObject({
        is_definition: false,
        template_ref: 'Arm',
      });
      expect(faultOf({ template_value: { is_definition: false } })).toMatch(/name the definition/);
    },
  );

  shows(
    [
      'tck-id-payloads-template-parameter-name-required',
      'tck-id-payloads-template-parameter-name-type',
      'tck-id-payloads-template-parameter-value-type',
      'tck-id-payloads-template-parameter-type-value',
      'tck-id-payloads-template-parameter-type-req',
      'tck-id-payloads-template-parameter-value',
    ],
    () => {
      for (const type of BASIC_TYPES) {
        const parameter = { name: 'p', type, value: null };
        const value = { version: null, ref: 'T', members: [], parameters: [parameter] };
        const bytes = payloadOf([plainMetric({ type: 'Template', value: { kind: 'template', value } })]);
        const decoded = decodePayload(bytes);
        expect(decoded.ok && decoded.payload.metrics[0]!.value).toMatchObject({
          value: { parameters: [parameter] },
        });
      }
      const instance = { is_definition: false, template_ref: 'T' };
      expect(faultOf({ template_value: { ...instance, parameters: [{ type: 3 }] } })).toMatch(
        /name: name the parameter/,
      );
      expect(faultOf({ template_value: { ...instance, parameters: [{ name: 'p', type: 16 }] } })).toMatch(
        /basic data types/,
      );
    },
  );
});
