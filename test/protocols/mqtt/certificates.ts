import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const OPENSSL = spawnSync('openssl', ['version']).error === undefined;

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority of its own in a directory of its own, made with the commands of docs/mqtt-security.md. */
export class TestAuthority {
  readonly directory = mkdtempSync(join(tmpdir(), 'magpie-certificates-'));
  readonly ca: Certificate;

  constructor() {
    this.#openssl(
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '30',
      ],
      ...['-subj', '/CN=Magpie test authority', '-keyout', 'ca.key', '-out', 'ca.crt'],
    );
    this.ca = this.#read('ca');
  }

  /** A certificate for a common name; `names` are those by which a broker is reached, as in `DNS:localhost`. */
  sign(name: string, names: string | null): Certificate {
    writeFileSync(join(this.directory, `${name}.ext`), names === null ? '' : `subjectAltName=${names}\n`);
    this.#openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`],
    );
    this.#openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.crt`],
    );
    return this.#read(name);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #read(name: string): Certificate {
    const certFile = join(this.directory, `${name}.crt`);
    const keyFile = join(this.directory, `${name}.key`);
    return { cert: readFileSync(certFile), key: readFileSync(keyFile), certFile, keyFile };
  }

  #openssl(...args: string[]): void {
    const ran = spawnSync('openssl', args, { cwd: this.directory, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${ran.stderr}`);
  }
}
