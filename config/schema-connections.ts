import { z } from 'zod';
import { EnvironmentName, Host, Port, RelativePath } from './units.ts';

/** How the service speaks. Secrets are named by environment variable; they never stand in the file. */

const Broker = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('embedded'), host: Host, port: Port })
    .describe('The service runs its own MQTT broker'),
  z
    .strictObject({
      kind: z.literal('external'),
      url: z
        .string()
        .max(1_024)
        .regex(
          /^(mqtt|mqtts|ws|wss):\/\/[^\s@/]+(\/\S*)?$/,
          'mqtt://HOST:PORT, mqtts://, ws:// or wss://, without user and password',
        ),
      username_env: EnvironmentName.optional(),
      password_env: EnvironmentName.optional(),
      ca_file: RelativePath.optional().describe('Certificate authority for mqtts, PEM'),
    })
    .refine((broker) => broker.password_env === undefined || broker.username_env !== undefined, {
      path: ['username_env'],
      error: 'is missing, but password_env is given',
      params: { remedy: 'name the variable that holds the user, or remove password_env' },
    }),
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
});
export type Connections = z.infer<typeof Connections>;
