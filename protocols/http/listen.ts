import type { HttpApp } from './app.ts';
import { isLoopback } from './guard.ts';

/** Why the service cannot be reached over HTTP, with what to change. */
type ListenFailure =
  | 'port-in-use'
  | 'port-forbidden'
  | 'address-unknown'
  | 'token-required'
  | 'token-too-short'
  | 'listen-failed';

export type ListenResult =
  /** `url` is the address of the page. */
  | { readonly status: 'listening'; readonly url: string; readonly port: number }
  | {
      readonly status: 'failed';
      readonly code: ListenFailure;
      readonly detail: string;
      readonly remedy: string;
    };

/** What people call the settings that these options come from, for messages. */
export interface SettingNames {
  readonly host: string;
  readonly port: string;
  readonly token: string;
}

const TOKEN_LENGTH_MIN = 16;

/** Says whether an address may be listened on with this token at all; null: yes. */
export function checkExposure(
  host: string,
  token: string | null,
  names: SettingNames,
): Extract<ListenResult, { status: 'failed' }> | null {
  if (token !== null && token.length < TOKEN_LENGTH_MIN) {
    return {
      status: 'failed',
      code: 'token-too-short',
      detail: `The token in ${names.token} has ${token.length} characters; ${TOKEN_LENGTH_MIN} are the least.`,
      remedy: 'Make a longer one, e.g. with: openssl rand -hex 24',
    };
  }
  if (isLoopback(host) || token !== null) return null;
  return {
    status: 'failed',
    code: 'token-required',
    detail: `${names.host} is ${host}, which other machines can reach, and there is no token.`,
    remedy: `Set ${names.token} to a secret of at least ${TOKEN_LENGTH_MIN} characters, or listen on 127.0.0.1.`,
  };
}

/** Listens; a port in use and the like are answers, not throws. */
export async function listen(
  app: HttpApp,
  host: string,
  port: number,
  names: SettingNames,
): Promise<ListenResult> {
  const where = `${host} port ${port}`;
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const failed = (failure: ListenFailure, detail: string, remedy: string): ListenResult => ({
      status: 'failed',
      code: failure,
      detail,
      remedy,
    });
    switch (code) {
      case 'EADDRINUSE':
        return failed(
          'port-in-use',
          `Another program listens on ${where} already; it may be a second Magpie.`,
          `Stop that program (\`lsof -i :${port}\` names it), or choose another port with ${names.port}.`,
        );
      case 'EACCES':
        return failed(
          'port-forbidden',
          `This user may not listen on ${where}.`,
          `Choose a port of 1024 or above with ${names.port}.`,
        );
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return failed(
          'address-unknown',
          `${host} is no address of this machine.`,
          `Set ${names.host} to 127.0.0.1, to 0.0.0.0, or to an address that \`ip addr\` shows.`,
        );
      default:
        return failed(
          'listen-failed',
          `Cannot listen on ${where}: ${message}`,
          `Change ${names.port} or ${names.host}.`,
        );
    }
  }
  const address = app.server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return { status: 'listening', url: `http://${shownHost(host)}:${actual}/`, port: actual };
}

/** `0.0.0.0` is no address to open; the machine itself reaches it as localhost. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::' || isLoopback(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
