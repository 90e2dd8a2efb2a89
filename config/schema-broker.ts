import { z } from 'zod';
import { EnvironmentName, RelativePath } from './units.ts';

/** How to reach a broker that somebody else runs. */

export const BrokerUrl = z
  .string()
  .max(1_024)
  .regex(
    /^(mqtt|mqtts|ws|wss):\/\/[^\s@/]+(\/\S*)?$/,
    'mqtt://HOST:PORT, mqtts://, ws:// or wss://, without user and password',
  );

export const BrokerLogin = {
  username_env: EnvironmentName.optional(),
  password_env: EnvironmentName.optional(),
  ca_file: RelativePath.optional().describe('Certificate authority for mqtts, PEM'),
  certificate_file: RelativePath.optional().describe('Our certificate for mutual TLS, PEM'),
  key_file: RelativePath.optional().describe('The key of our certificate, PEM'),
};

interface Login {
  readonly username_env?: string | undefined;
  readonly password_env?: string | undefined;
  readonly certificate_file?: string | undefined;
  readonly key_file?: string | undefined;
}

type Rule = readonly [
  holds: (login: Login) => boolean,
  otherwise: { path: string[]; error: string; params: { remedy: string } },
];

/** Rules of a login, for `refine`. */
export const PASSWORD_HAS_USER: Rule = [
  (login: Login): boolean => login.password_env === undefined || login.username_env !== undefined,
  {
    path: ['username_env'],
    error: 'is missing, but password_env is given',
    params: { remedy: 'name the variable that holds the user, or remove password_env' },
  },
];
export const CERTIFICATE_HAS_KEY: Rule = [
  (login: Login): boolean => (login.certificate_file === undefined) === (login.key_file === undefined),
  {
    path: ['key_file'],
    error: 'and certificate_file belong together',
    params: { remedy: 'give both or neither' },
  },
];
