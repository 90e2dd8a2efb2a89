import { z } from 'zod';
import { EnvironmentName, Host, Port, RelativePath } from './units.ts';

/** How the service speaks. Secrets are named by environment variable; they never stand in the file. */

const BrokerUrl = z
  .string()
  .max(1_024)
  .regex(
    /^(mqtt|mqtts|ws|wss):\/\/[^\s@/]+(\/\S*)?$/,
    'mqtt://HOST:PORT, mqtts://, ws:// or wss://, without user and password',
  );

/** A filter of topics: levels, `+` for one, a last `#` for the rest. */
const TopicFilter = z
  .string()
  .max(512)
  .regex(
    /^(\+|[^+#/\0$][^+#/\0]*)(\/(\+|[^+#/\0]*))*(\/#)?$/,
    'levels between /, + for one, a last # for the rest',
  );

const BrokerUser = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]*$/, 'letters, digits and _ . @ - only'),
    roles: z.array(z.enum(['arm', 'plc', 'host', 'operator', 'viewer'])).min(1),
    arms: z.array(z.string()).optional().describe('For the role arm: which ones'),
    password_env: EnvironmentName.optional().describe(
      'None: known by its certificate, whose common name is `name`',
    ),
    publish: z.array(TopicFilter).max(64).optional().describe('Topics beyond those of the roles'),
    subscribe: z.array(TopicFilter).max(64).optional().describe('Topics beyond those of the roles'),
  })
  .refine((user) => user.roles.includes('arm') === (user.arms !== undefined), {
    path: ['arms'],
    error: 'names the arms of the role arm, and only of it',
    params: { remedy: 'list the ids of the arms that this user speaks for, or leave out the role' },
  });

const BrokerTls = z
  .strictObject({
    certificate_file: RelativePath.describe(
      'PEM; the names in it are those by which clients reach the broker',
    ),
    key_file: RelativePath.describe('PEM'),
    ca_file: RelativePath.optional().describe('Who signed the certificate, for `magpie sim` on this file'),
    client_ca_file: RelativePath.optional().describe(
      'Mutual TLS: clients have to show a certificate signed by it',
    ),
  })
  .describe('The embedded broker speaks TLS alone');

const Broker = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('embedded'),
      host: Host,
      port: Port,
      tls: BrokerTls.optional(),
      users: z
        .array(BrokerUser)
        .max(256)
        .optional()
        .describe('Who may connect, and what for; everything else is denied'),
    })
    .describe('The service runs its own MQTT broker'),
  z
    .strictObject({
      kind: z.literal('external'),
      url: BrokerUrl,
      fallback_urls: z
        .array(BrokerUrl)
        .max(8)
        .optional()
        .describe('Used in turn when the one before does not answer'),
      protocol: z
        .enum(['auto', '5', '3.1.1'])
        .optional()
        .describe('auto, the default: MQTT 5, and 3.1.1 where the broker refuses it'),
      username_env: EnvironmentName.optional(),
      password_env: EnvironmentName.optional(),
      ca_file: RelativePath.optional().describe('Certificate authority for mqtts, PEM'),
      certificate_file: RelativePath.optional().describe('Our certificate for mutual TLS, PEM'),
      key_file: RelativePath.optional().describe('The key of our certificate, PEM'),
    })
    .refine((broker) => broker.password_env === undefined || broker.username_env !== undefined, {
      path: ['username_env'],
      error: 'is missing, but password_env is given',
      params: { remedy: 'name the variable that holds the user, or remove password_env' },
    })
    .refine((broker) => (broker.certificate_file === undefined) === (broker.key_file === undefined), {
      path: ['key_file'],
      error: 'and certificate_file belong together',
      params: { remedy: 'give both or neither' },
    }),
]);

export const Connections = z.strictObject({
  arms: z
    .enum(['simulated', 'mqtt'])
    .describe('simulated: the built-in simulator. mqtt: real arms, or `magpie sim` in another process'),
  broker: Broker,
  topic_root: z
    .string()
    .max(256)
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9 _.:@-]*(\/[A-Za-z0-9][A-Za-z0-9 _.:@-]*){0,7}$/,
      'up to eight levels between /, as in acme/berlin/picking/line-2',
    )
    .optional()
    .describe('What stands before the cell’s name in its MQTT topics; magpie/v1 unless given'),
  http: z.strictObject({
    host: Host,
    port: Port,
    token_env: EnvironmentName.optional().describe('Bearer token that commands need; none: loopback only'),
  }),
});
export type Connections = z.infer<typeof Connections>;
