import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Rights } from './broker-roles.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The embedded broker's user, from MAGPIE_MQTT_USERNAME and MAGPIE_MQTT_PASSWORD; null where neither is set. */
export function credentialsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Credentials | null {
  const username = environment['MAGPIE_MQTT_USERNAME'] ?? '';
  const password = environment['MAGPIE_MQTT_PASSWORD'] ?? '';
  return username === '' || password === '' ? null : { username, password };
}

/** A user of the embedded broker. */
export interface BrokerUser {
  readonly name: string;
  /** null: known by its certificate alone, whose common name is `name`. */
  readonly password: string | null;
  readonly rights: Rights;
}

/** Who a client turned out to be. */
export interface Identity {
  readonly name: string;
  readonly rights: Rights;
}

export type Identified =
  { readonly ok: true; readonly identity: Identity } | { readonly ok: false; readonly reason: string };

/** What a client shows of itself when it connects. */
export interface Claims {
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** Common name of its certificate, which the listener has verified; null: it has none. */
  readonly commonName: string | null;
  /** How it came in: `inside` is a listener for the service itself. */
  readonly door: 'inside' | 'outside';
}

const EVERYTHING: Rights = { publish: ['#'], subscribe: ['#'] };
const ANYBODY: Identity = { name: 'anybody', rights: EVERYTHING };

/**
 * The users of the embedded broker. Without any, everybody who reaches it may do everything, and it listens on this
 * machine alone. With users nobody else gets in, and nobody may do what no role allows.
 */
export class BrokerUsers {
  /** The service's own user, made anew with each start and known to it alone. */
  readonly own: Credentials = {
    username: 'magpie-controller',
    password: randomBytes(24).toString('base64url'),
  };
  readonly #users = new Map<string, BrokerUser>();

  /** @param whole a user that may do everything, as the simulator needs; from the environment. */
  constructor(users: readonly BrokerUser[], whole: Credentials | null) {
    for (const user of users) this.#users.set(user.name, user);
    if (whole !== null) {
      const { username: name, password } = whole;
      this.#users.set(name, { name, password, rights: EVERYTHING });
    }
  }

  get isOpen(): boolean {
    return this.#users.size === 0;
  }

  identify(claims: Claims): Identified {
    const { username, password, commonName, door } = claims;
    if (this.#isOwn(username, password))
      return { ok: true, identity: { name: this.own.username, rights: EVERYTHING } };
    if (door === 'inside') return { ok: false, reason: 'this listener is the service’s own' };
    if (this.isOpen) return { ok: true, identity: ANYBODY };
    const name = username ?? commonName ?? '';
    const user = this.#users.get(name);
    if (user === undefined) return { ok: false, reason: `there is no user "${name.slice(0, 64)}"` };
    if (commonName !== null && commonName !== user.name) {
      return { ok: false, reason: `user "${name}" shows the certificate of "${commonName.slice(0, 64)}"` };
    }
    if (user.password === null) {
      if (commonName === null) return { ok: false, reason: `user "${name}" has to show its certificate` };
    } else if (!sameSecret(user.password, password ?? '')) {
      return { ok: false, reason: `wrong password of user "${name}"` };
    }
    return { ok: true, identity: user };
  }

  #isOwn(username: string | undefined, password: Uint8Array | undefined): boolean {
    return username === this.own.username && sameSecret(this.own.password, password ?? '');
  }
}

/** Equal in constant time for equal lengths of digests, so that a wrong guess does not tell how wrong it was. */
function sameSecret(expected: string, given: string | Uint8Array): boolean {
  const digest = (value: string | Uint8Array) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(expected), digest(given));
}
