import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../free-ports.ts';
import { EmbeddedBroker } from '../../../protocols/mqtt/embedded-broker.ts';
import { BROKER_LIMITS } from '../../../protocols/mqtt/broker-guard.ts';
import type { BeforeAcknowledge } from '../../../protocols/mqtt/broker-guard.ts';

/** A real broker on a port of its own which a test pulls down and up again. */
export interface TestBroker {
  readonly name: 'embedded' | 'mosquitto';
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function embeddedBroker(beforeAcknowledge?: BeforeAcknowledge): Promise<TestBroker> {
  const port = await freePort();
  let running: EmbeddedBroker | null = null;
  return {
    name: 'embedded',
    url: `mqtt://127.0.0.1:${port}`,
    start: async () => {
      const started = await EmbeddedBroker.start({
        host: '127.0.0.1',
        port,
        credentials: null,
        limits: BROKER_LIMITS,
        ...(beforeAcknowledge === undefined ? {} : { beforeAcknowledge }),
      });
      if (!started.ok) throw new Error(started.message);
      running = started.broker;
    },
    stop: async () => {
      await running?.close();
      running = null;
    },
  };
}

export const MOSQUITTO = [
  '/usr/sbin/mosquitto',
  '/usr/local/sbin/mosquitto',
  '/opt/homebrew/sbin/mosquitto',
  'mosquitto',
].find((path) => spawnSync(path, ['-h']).error === undefined);

/** @param memory `kept`: sessions and queues outlast a restart, as far as Mosquitto has written them down. */
export async function mosquittoBroker(memory: 'lost' | 'kept' = 'lost'): Promise<TestBroker> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'magpie-mosquitto-'));
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(
    config,
    [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      ...(memory === 'kept'
        ? ['persistence true', `persistence_location ${folder}/`, 'autosave_interval 1']
        : ['persistence false']),
      'max_queued_messages 0',
      'set_tcp_nodelay true',
      '',
    ].join('\n'),
  );
  let child: ChildProcess | null = null;
  const stop = async (): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    ending.kill('SIGKILL');
    await gone;
  };
  endWithProcess(() => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    name: 'mosquitto',
    url: `mqtt://127.0.0.1:${port}`,
    start: async () => {
      child = spawn(MOSQUITTO ?? 'mosquitto', ['-c', config], { stdio: 'ignore' });
      await until(() => canConnect(port), 'mosquitto listens');
    },
    stop,
  };
}

const atExit: (() => void)[] = [];

function endWithProcess(end: () => void): void {
  if (atExit.length === 0) process.once('exit', () => atExit.forEach((last) => last()));
  atExit.push(end);
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Waits until a condition holds, looking every few milliseconds; fails after a minute, naming it. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`never came true: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
