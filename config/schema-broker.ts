import { z } from 'zod';
import { EnvironmentName, RelativePath } from './units.ts';

const fields = {
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
};

const needsUser = {
  path: ['username_env'],
  error: 'is missing, but password_env is given',
  params: { remedy: 'name the variable that holds the user, or remove password_env' },
};

/** How to reach a broker that somebody else runs. */
export const ExternalBroker = z
  .strictObject(fields)
  .refine((broker) => broker.password_env === undefined || broker.username_env !== undefined, needsUser);
export type ExternalBroker = z.infer<typeof ExternalBroker>;

/** The same, where kinds of brokers are told apart. */
export const ExternalBrokerKind = z
  .strictObject({ kind: z.literal('external'), ...fields })
  .refine((broker) => broker.password_env === undefined || broker.username_env !== undefined, needsUser);
