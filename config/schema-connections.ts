import { z } from 'zod';
import { ExternalBrokerKind } from './schema-broker.ts';
import { Sparkplug } from './schema-sparkplug.ts';
import { EnvironmentName, Host, Port } from './units.ts';

/** How the service speaks. Secrets are named by environment variable; they never stand in the file. */

const Broker = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('embedded'), host: Host, port: Port })
    .describe('The service runs its own MQTT broker'),
  ExternalBrokerKind,
]);

export const Connections = z.strictObject({
  arms: z
    .enum(['simulated', 'mqtt'])
    .describe('simulated: the built-in simulator. mqtt: real arms, or `magpie sim` in another process'),
  broker: Broker,
  http: z.strictObject({
    host: Host,
    port: Port,
    token_env: EnvironmentName.optional().describe('Bearer token that commands need; none: loopback only'),
  }),
  sparkplug: Sparkplug.optional(),
});
export type Connections = z.infer<typeof Connections>;
