import { z } from 'zod';
import { BrokerLogin, BrokerUrl, CERTIFICATE_HAS_KEY, PASSWORD_HAS_USER } from './schema-broker.ts';
import { PositiveDurationS } from './units.ts';

/** Sparkplug 3.0: the cell as an edge node, and as a host application that hears the edge nodes of PLCs. */

const SparkplugId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^+/#\p{Cc}]+$/u, 'a text without + / # and control characters: it becomes a level of a topic');

const Server = z
  .strictObject({ url: BrokerUrl, ...BrokerLogin })
  .refine(...PASSWORD_HAS_USER)
  .refine(...CERTIFICATE_HAS_KEY);
export type SparkplugServer = z.infer<typeof Server>;

const Servers = z
  .array(Server)
  .min(1)
  .max(8)
  .optional()
  .describe('MQTT servers; without them the broker of this file');

const EdgeNode = z
  .strictObject({
    group: SparkplugId.describe('Group id, such as the site'),
    node: SparkplugId.describe('Edge node id; with the group unique among all edge nodes'),
    primary_host: SparkplugId.optional().describe(
      'Host without which nothing is published: the next server is tried, and values are kept for later',
    ),
    keep_values: z
      .int()
      .min(0)
      .max(1_000_000)
      .describe('Values kept while nobody can be told; the oldest are dropped'),
    servers: Servers,
  })
  .describe('The cell as an edge node, its arms as devices');

const Host = z
  .strictObject({
    id: SparkplugId.describe('Host id, unique among all hosts'),
    groups: z.array(SparkplugId).min(1).max(32).describe('Groups of edge nodes that are listened to'),
    reorder_timeout_s: PositiveDurationS.max(60).describe(
      'How long a message that is missing is waited for before the births are asked for',
    ),
    nodes: z
      .array(z.strictObject({ group: SparkplugId, node: SparkplugId }))
      .max(256)
      .default([])
      .describe('Edge nodes whose births are asked for when they do not come by themselves'),
    servers: Servers,
  })
  .describe('The cell as a host application: where Sparkplug metrics of a tag map come from');

export const Sparkplug = z.strictObject({ edge_node: EdgeNode.optional(), host: Host.optional() });
export type Sparkplug = z.infer<typeof Sparkplug>;
