import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { asyncApiDocument, describedTopics } from '../../../protocols/mqtt/asyncapi.ts';
import { COMMAND_KINDS, EVENT_KINDS } from '../../../protocols/mqtt/arm-messages.ts';
import { STATE_MESSAGES } from '../../../protocols/mqtt/state-messages.ts';
import { armTopics, cellTopics, ioTopics } from '../../../protocols/mqtt/topics.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const document = asyncApiDocument(version);

function at(reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === '$ref' ? [part as string] : references(part),
  );
}

describe('the AsyncAPI document', () => {
  // After a change of the interface: npx vitest run test/protocols/mqtt/asyncapi.test.ts -u
  it('is what docs/asyncapi.json says', async () => {
    const config = await resolveConfig('docs/asyncapi.json');
    const text = await format(JSON.stringify(document), { ...config, parser: 'json' });
    await expect(text).toMatchFileSnapshot('../../../docs/asyncapi.json');
  });

  it('is valid by the official schema of AsyncAPI 3.0', () => {
    const schema = specs.schemasWithoutId['3.0.0'] as object;
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
    expect(validate(document) ? [] : validate.errors).toEqual([]);
    // The check itself can fail.
    const broken = { ...document, operations: { x: { action: 'shout', channel: { $ref: '#/channels/x' } } } };
    expect(validate(broken)).toBe(false);
  });

  it('describes payloads by schemas that can be used, and that take what is published', () => {
    const { schemas } = document['components'] as { schemas: Record<string, object> };
    const ajv = new Ajv({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'doc', components: { schemas } });
    const takes = (name: string, message: unknown) => {
      const validate = ajv.compile({ $ref: `doc#/components/schemas/${name}` });
      return validate(message) ? [] : validate.errors;
    };
    for (const name of Object.keys(schemas)) expect(() => takes(name, {})).not.toThrow();
    const order = { requestId: 'R', orderId: 'O', lines: [{ lineId: '1', sku: 'A', quantity: 1 }] };
    expect(takes('IntakeOrdersMessage', order)).toEqual([]);
    expect(takes('IntakeOrdersMessage', { ...order, epoch: 'now' })).not.toEqual([]);
    const result = { requestId: 'R', result: { status: 'accepted', detail: '' } };
    expect(takes('IntakeResultMessage', result)).toEqual([]);
  });

  it('has no reference into nowhere, and nothing that is not referred to', () => {
    const used = references(document);
    expect(used.length).toBeGreaterThan(50);
    expect(used.filter((reference) => at(reference) === undefined)).toEqual([]);
    const { schemas, messages } = document['components'] as Record<string, Record<string, unknown>>;
    const unused = [
      ...Object.keys(schemas ?? {}).map((name) => `#/components/schemas/${name}`),
      ...Object.keys(messages ?? {}).map((name) => `#/components/messages/${name}`),
    ].filter((name) => !used.includes(name));
    expect(unused).toEqual([]);
  });

  it('declares every parameter of an address', () => {
    for (const channel of Object.values(document['channels'] as Record<string, Record<string, unknown>>)) {
      const names = [...(channel['address'] as string).matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(Object.keys(channel['parameters'] as object)).toEqual(names);
      for (const parameter of Object.values(
        channel['parameters'] as Record<string, Record<string, unknown>>,
      )) {
        expect(parameter['description']).toBeTypeOf('string');
      }
    }
  });

  it('has exactly the topics that the code uses', () => {
    const arm = armTopics('c', 'a');
    const io = ioTopics('c');
    const cell = cellTopics('c');
    const used = [
      ...COMMAND_KINDS.map((kind) => arm.command(kind)),
      ...EVENT_KINDS.map((kind) => arm.event(kind)),
      arm.lease,
      arm.state,
      arm.presence,
      ...Object.values(io),
      ...['orders', 'cancel', 'returns', 'stow', 'consolidate', 'task', 'cell'].map((name) =>
        cell.intake(name),
      ),
      cell.result('{requestId}'),
      cell.errors,
      cell.status,
      cell.presence,
      cell.order('{orderId}'),
      cell.task('{taskId}'),
      ...Object.entries(STATE_MESSAGES).map(([kind, { id }]) =>
        cell.state(id === null ? kind : `${kind}/{${id}}`.replace('{armId}', 'a')),
      ),
    ];
    const described = describedTopics().map(({ address }) =>
      address.replace('{cell}', 'c').replace('{armId}', 'a'),
    );
    expect([...described].sort()).toEqual([...used].sort());
  });

  it('retains what says how things are, and nothing that asks or tells', () => {
    const retained = describedTopics().filter((topic) => topic.retain);
    expect(retained.map((topic) => topic.id).sort()).toEqual([
      'armPresence',
      'cellPresence',
      'cellStatus',
      'ioPresence',
      'stateAlarms',
      'stateArms',
      'stateKpis',
      'stateOrders',
      'statePlaces',
      'stateStock',
      'stateTasks',
      'stateTotes',
    ]);
  });
});
