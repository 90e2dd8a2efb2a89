import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Below the ports that systems hand out by themselves: no connection that opens meanwhile is given one of these. */
const FIRST = 20_000;
const BEYOND = 30_000;

/** One file for each port that a test process has, with its process id: test files run side by side. */
const CLAIMS = join(tmpdir(), `magpie-test-ports-${userInfo().uid}`);

const mine = new Set<string>();
process.once('exit', () => mine.forEach((file) => rmSync(file, { force: true })));

/** A port that nothing listens on, and that no other test is given while this process lives. */
export async function freePort(): Promise<number> {
  mkdirSync(CLAIMS, { recursive: true });
  for (;;) {
    const port = randomInt(FIRST, BEYOND);
    if (claim(join(CLAIMS, String(port))) && (await canListen(port))) return port;
  }
}

function claim(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    mine.add(file);
    return true;
  } catch {
    // Another's, or left by one that was killed: then it is free for the next one who comes by.
    if (!isClaimed(file)) rmSync(file, { force: true });
    return false;
  }
}

function isClaimed(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
