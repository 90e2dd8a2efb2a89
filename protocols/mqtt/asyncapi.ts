import { z } from 'zod';
import {
  COMMAND_MESSAGES,
  EVENT_MESSAGES,
  LeaseMessage,
  PresenceMessage,
  StateMessage,
} from './arm-messages.ts';
import {
  CellPresenceMessage,
  INTAKE_TOPICS,
  IntakeErrorMessage,
  IntakeResultMessage,
  NoticeMessage,
  StatusMessage,
} from './intake-messages.ts';
import {
  IoAcknowledgeMessage,
  IoEventMessage,
  IoHelloMessage,
  IoPresenceMessage,
  IoRequestMessage,
} from './io-messages.ts';
import { STATE_MESSAGES } from './state-messages.ts';
import { RequestFrame } from './request-frame.ts';
import { TOPIC_ROOT } from './topics.ts';

/** One topic of the interface as the document describes it; `action` is the controller's. */
interface Described {
  /** Name of the channel and, capitalised, of its message. */
  readonly id: string;
  readonly address: string;
  readonly action: 'send' | 'receive';
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly summary: string;
  readonly schema: z.ZodType;
  /** The request's own fields stand beside those of `RequestFrame`. */
  readonly withFrame?: true;
}

type Json = Record<string, unknown>;

const CELL = `${TOPIC_ROOT}/{cell}`;
const ARM = `${CELL}/arm/{armId}`;

const PARAMETERS: Readonly<Record<string, string>> = {
  cell: 'The cell’s name in its configuration',
  armId: 'The arm’s id in the cell',
  requestId: 'The id that the sender gave its request',
  orderId: 'The order’s id',
  taskId: 'The task’s id',
  placeId: 'The place’s id in the cell',
  containerId: 'The container’s id',
  sku: 'The article',
};

const COMMAND_SUMMARIES: Readonly<Record<keyof typeof COMMAND_MESSAGES, string>> = {
  claim: 'Take control of the arm',
  submit: 'Follow a trajectory as far as granted',
  extend: 'Let the motion go further',
  stop: 'Stop; on a connection of its own',
  grip: 'Close or open the tool',
};

const EVENT_SUMMARIES: Readonly<Record<keyof typeof EVENT_MESSAGES, string>> = {
  accepted: 'The command is being carried out',
  refused: 'The command is not carried out, and why',
  progressed: 'The motion passed one of its marks',
  ended: 'How the motion or grip ended',
  claimed: 'The answer to a claim: what is physically true',
  holding: 'The tool’s sensor changed outside of a grip',
  fault: 'The arm has a fault, or has it no longer',
};

/** Every topic, once. */
export function describedTopics(): readonly Described[] {
  const commands = Object.entries(COMMAND_MESSAGES).map(([kind, schema]): Described => ({
    id: `arm${capital(kind)}`,
    address: `${ARM}/command/${kind}`,
    action: 'send',
    qos: 1,
    retain: false,
    summary: COMMAND_SUMMARIES[kind as keyof typeof COMMAND_SUMMARIES],
    schema,
  }));
  const events = Object.entries(EVENT_MESSAGES).map(([kind, schema]): Described => ({
    id: `arm${capital(kind)}`,
    address: `${ARM}/event/${kind}`,
    action: 'receive',
    qos: 1,
    retain: false,
    summary: EVENT_SUMMARIES[kind as keyof typeof EVENT_SUMMARIES],
    schema,
  }));
  const requests = Object.entries(INTAKE_TOPICS).map(([topic, { body, what }]): Described => ({
    id: `intake${capital(topic)}`,
    address: `${CELL}/intake/${topic}`,
    action: 'receive',
    qos: 1,
    retain: false,
    summary: what,
    schema: body,
    withFrame: true,
  }));
  const states = Object.entries(STATE_MESSAGES).map(([kind, { schema, id, what }]): Described => ({
    id: `state${capital(kind)}`,
    address: `${CELL}/state/${kind}${id === null ? '' : `/{${id}}`}`,
    action: 'send',
    qos: 1,
    retain: true,
    summary: what,
    schema,
  }));
  const rest: readonly (readonly [string, string, Described['action'], 0 | 1, boolean, string, z.ZodType])[] =
    [
      ['armLease', `${ARM}/lease`, 'send', 0, false, 'Renews the motion lease', LeaseMessage],
      ['armState', `${ARM}/state`, 'receive', 0, false, 'One measurement of the arm', StateMessage],
      ['armPresence', `${ARM}/presence`, 'receive', 1, true, 'Whether the arm is there', PresenceMessage],
      ['ioHello', `${CELL}/io/hello`, 'send', 1, false, 'A controller connected', IoHelloMessage],
      ['ioRequest', `${CELL}/io/request`, 'send', 1, false, 'Bring, take away, look', IoRequestMessage],
      [
        'ioAcknowledge',
        `${CELL}/io/acknowledge`,
        'send',
        0,
        false,
        'Events are durable',
        IoAcknowledgeMessage,
      ],
      ['ioEvent', `${CELL}/io/event`, 'receive', 1, false, 'What happened around the arms', IoEventMessage],
      [
        'ioPresence',
        `${CELL}/io/presence`,
        'receive',
        1,
        true,
        'Whether the surroundings are there',
        IoPresenceMessage,
      ],
      [
        'intakeResult',
        `${CELL}/intake/results/{requestId}`,
        'send',
        1,
        false,
        'The answer to a request',
        IntakeResultMessage,
      ],
      [
        'intakeError',
        `${CELL}/intake/errors`,
        'send',
        1,
        false,
        'A message that was not understood',
        IntakeErrorMessage,
      ],
      ['cellStatus', `${CELL}/status`, 'send', 1, true, 'What the cell is doing', StatusMessage],
      [
        'cellPresence',
        `${CELL}/presence`,
        'send',
        1,
        true,
        'Whether the controller is there',
        CellPresenceMessage,
      ],
      [
        'orderNotice',
        `${CELL}/order/{orderId}`,
        'send',
        1,
        false,
        'What happened to an order',
        NoticeMessage,
      ],
      ['taskNotice', `${CELL}/task/{taskId}`, 'send', 1, false, 'What happened to a task', NoticeMessage],
    ];
  return [
    ...requests,
    ...commands,
    ...events,
    ...states,
    ...rest.map(([id, address, action, qos, retain, summary, schema]): Described => ({
      id,
      address,
      action,
      qos,
      retain,
      summary,
      schema,
    })),
  ];
}

/** The AsyncAPI 3.0 document of the MQTT interface, made of the schemas that the code itself checks messages by. */
export function asyncApiDocument(version: string): Json {
  const topics = describedTopics();
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Magpie over MQTT',
      version,
      description:
        'Arms, surroundings, requests and status of a cell. `send` and `receive` are the controller’s. ' +
        'The rules behind the messages are in mqtt-arm-protocol.md and mqtt-intake.md.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      broker: {
        host: 'localhost:1883',
        protocol: 'mqtt',
        protocolVersion: '3.1.1',
        description: 'The embedded broker or one of your own',
      },
    },
    channels: Object.fromEntries(topics.map((topic) => [topic.id, channel(topic)])),
    operations: Object.fromEntries(
      topics.map((topic) => [`${topic.action}${capital(topic.id)}`, operation(topic)]),
    ),
    components: { schemas: schemas(topics), messages: Object.fromEntries(topics.map(message)) },
  };
}

function channel(topic: Described): Json {
  const names = [...topic.address.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  return {
    address: topic.address,
    summary: topic.summary,
    messages: { [messageName(topic)]: { $ref: `#/components/messages/${messageName(topic)}` } },
    parameters: Object.fromEntries(names.map((name) => [name, { description: PARAMETERS[name] }])),
  };
}

function operation(topic: Described): Json {
  return {
    action: topic.action,
    summary: topic.summary,
    channel: { $ref: `#/channels/${topic.id}` },
    messages: [{ $ref: `#/channels/${topic.id}/messages/${messageName(topic)}` }],
    bindings: { mqtt: { qos: topic.qos, retain: topic.retain, bindingVersion: '0.2.0' } },
  };
}

function message(topic: Described): [string, Json] {
  return [
    messageName(topic),
    {
      name: messageName(topic),
      title: topic.summary,
      contentType: 'application/json',
      payload: { $ref: `#/components/schemas/${schemaName(topic)}` },
    },
  ];
}

function messageName(topic: Described): string {
  return capital(topic.id);
}

function schemaName(topic: Described): string {
  return topic.withFrame === true ? `${capital(topic.id)}Message` : String(topic.schema.meta()?.id);
}

/** All payloads in JSON Schema draft 7, which is AsyncAPI's own dialect; shared parts once each. */
function schemas(topics: readonly Described[]): Json {
  const registry = z.registry<{ id: string }>();
  for (const topic of topics) registerNamed(topic.schema, registry);
  const made = z.toJSONSchema(registry, {
    target: 'draft-7',
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
  });
  const all: Json = {};
  for (const [id, schema] of Object.entries(made.schemas)) {
    const { $schema: _schema, $id: _id, ...body } = schema as Json;
    all[id] = body;
  }
  const frame = withoutDialect(z.toJSONSchema(RequestFrame, { target: 'draft-7', io: 'input' }) as Json);
  for (const topic of topics) {
    if (topic.withFrame !== true) continue;
    const id = String(topic.schema.meta()?.id);
    all[schemaName(topic)] = withFrame(all[id] as Json, frame);
    delete all[id];
  }
  return all;
}

/** Registers a schema and every named one inside it under its own name, so that each is described once. */
function registerNamed(schema: z.ZodType, registry: z.core.$ZodRegistry<{ id: string }>): void {
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (value instanceof z.ZodType) {
      const id = value.meta()?.id;
      if (id !== undefined && !registry.has(value)) registry.add(value, { id });
      visit(value.def);
    } else for (const part of Object.values(value)) visit(part);
  };
  visit(schema);
}

function withoutDialect({ $schema: _schema, ...schema }: Json): Json {
  return schema;
}

/** Adds a request's frame to an object's fields, or to each of several forms. */
function withFrame(schema: Json, frame: Json): Json {
  const forms = (schema['oneOf'] ?? schema['anyOf']) as Json[] | undefined;
  if (forms !== undefined) {
    const { oneOf: _oneOf, anyOf: _anyOf, ...rest } = schema;
    return { ...rest, oneOf: forms.map((form) => withFrame(form, frame)) };
  }
  return {
    ...schema,
    properties: { ...(frame['properties'] as Json), ...(schema['properties'] as Json) },
    required: [...(frame['required'] as string[]), ...((schema['required'] as string[] | undefined) ?? [])],
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
