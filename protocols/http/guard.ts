import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { ProblemParts } from './problem.ts';

/**
 * Who may talk to the service. A page of another origin must neither command the cell (CSRF) nor read it by a name
 * that it points here (DNS rebinding): OWASP ASVS 5.0, V3.5. These checks come before everything else.
 */

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * The Host header must be an address or a name that is known to mean this machine: a foreign name that resolves
 * here is the mark of DNS rebinding. Null: fine.
 */
export function checkHost(request: FastifyRequest, hostNames: ReadonlySet<string>): ProblemParts | null {
  const name = hostName(request.headers.host ?? '');
  if (name !== null && (isIP(name) !== 0 || LOOPBACK.has(name) || hostNames.has(name))) return null;
  return {
    status: 421,
    code: 'unknown-host',
    detail: `The Host header is ${JSON.stringify(request.headers.host ?? '')}, which is no name of this service.`,
    remedy: 'Use its address, or add the name to the host names in its configuration.',
  };
}

/** A request that changes something, or that a script could listen to, must come from our own page or no page at all. */
export function checkOrigin(
  request: FastifyRequest,
  always: 'always' | 'when-changing',
): ProblemParts | null {
  if (always === 'when-changing' && SAFE_METHODS.has(request.method)) return null;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const foreign =
    origin === undefined
      ? site === 'cross-site' || site === 'same-site'
      : origin !== `http://${host}` && origin !== `https://${host}`;
  if (!foreign) return null;
  return {
    status: 403,
    code: 'foreign-origin',
    detail: `The request comes from a page of another origin (${origin ?? String(site)}).`,
    remedy: 'Open the page that this service itself serves, or call the interface from a program.',
  };
}

/** Null: the bearer token is right. Compared in constant time. */
export function checkToken(request: FastifyRequest, token: string): ProblemParts | null {
  const header = request.headers.authorization;
  const [scheme, given] = header?.split(' ', 2) ?? [];
  if (scheme?.toLowerCase() === 'bearer' && given !== undefined && sameSecret(given, token)) return null;
  return {
    status: 401,
    code: header === undefined ? 'token-missing' : 'token-wrong',
    detail:
      header === undefined
        ? 'This service asks for a token and the request has none.'
        : 'The token of this request is not the token of this service.',
    remedy: 'Send the header Authorization: Bearer TOKEN with the token that the service was started with.',
  };
}

function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** The name in a Host header, without port and brackets, lower case; null when it is none. */
function hostName(header: string): string | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+))(?::\d{1,5})?$/.exec(header);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : name.toLowerCase();
}
