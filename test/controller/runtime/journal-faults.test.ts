import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalFault } from '../../../controller/runtime/journal.ts';
import { JournalFailure } from '../../../controller/runtime/journal.ts';
import { openSqliteJournal } from '../../../controller/runtime/sqlite-journal.ts';
import { orderEvent } from './counting-core.ts';
import { isInstalled, scriptArguments, useScratch } from './scratch.ts';

const scratch = useScratch();
const WRITER = new URL('./journal-writer.ts', import.meta.url);
/** Makes system calls fail on demand; on Linux only. */
const TRACER = 'strace';

/** Opens and reads everything, as a restart does. */
function faultOf(file: string, mode: 'write' | 'read' = 'write'): JournalFault | null {
  const opened = openSqliteJournal({ file, mode });
  if (!opened.ok) return opened.fault;
  try {
    opened.journal.snapshotAt(Infinity);
    for (const tick of opened.journal.ticksAfter(0)) void tick;
    return null;
  } catch (error) {
    if (error instanceof JournalFailure) return error.fault;
    throw error;
  } finally {
    opened.journal.close();
  }
}

const TEMPLATES = mkdtempSync(join(tmpdir(), 'magpie-test-'));

beforeAll(() => {
  const file = join(TEMPLATES, 'closed', 'journal.db');
  mkdirSync(join(TEMPLATES, 'closed'));
  mkdirSync(join(TEMPLATES, 'killed'));
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (!opened.ok) throw new Error(opened.fault.detail);
  opened.journal.takeOver({ wallMs: 1, pid: 1, host: 'h', version: '0.1.0' });
  for (let tick = 1; tick <= 300; tick += 1) {
    opened.journal.append({ nowUs: tick * 10_000, events: [orderEvent(`order-${tick}`)] });
  }
  for (const name of ['journal.db', 'journal.db-wal', 'journal.tail']) {
    copyFileSync(join(TEMPLATES, 'closed', name), join(TEMPLATES, 'killed', name));
  }
  opened.journal.close();
  rmSync(`${file}-wal`);
  rmSync(`${file}-shm`);
});

afterAll(() => rmSync(TEMPLATES, { recursive: true }));

/** A journal with 300 ticks, as a killed process leaves it (with its write-ahead log) or cleanly closed. */
function writtenJournal(end: 'closed' | 'killed'): string {
  const directory = scratch();
  for (const name of readdirSync(join(TEMPLATES, end))) {
    copyFileSync(join(TEMPLATES, end, name), join(directory, name));
  }
  return join(directory, 'journal.db');
}

function flipBit(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 0x10;
  writeFileSync(file, bytes);
}

describe('a damaged journal is refused, and left as it is', () => {
  it('is accepted while it is whole, also after a kill', () => {
    expect(faultOf(writtenJournal('closed'))).toBeNull();
    expect(faultOf(writtenJournal('killed'))).toBeNull();
  });

  it('bit flips anywhere in the file are noticed or harmless, never a wrong tick', () => {
    const file = writtenJournal('closed');
    const whole = readFileSync(file);
    const clean = contentOf(file);
    const tail = readFileSync(file.replace('.db', '.tail'));
    let noticed = 0;
    // A prime stride reaches headers, cells, bodies and free space of the pages alike.
    for (let at = 0; at < whole.length; at += 1_009) {
      const directory = scratch();
      const copy = join(directory, 'journal.db');
      writeFileSync(copy, whole);
      writeFileSync(join(directory, 'journal.tail'), tail);
      flipBit(copy, at);
      if (faultOf(copy, 'read') === null) expect(contentOf(copy), `bit at ${at}`).toEqual(clean);
      else noticed += 1;
    }
    expect(noticed).toBeGreaterThan(50);
  });

  it('a flipped bit in the write-ahead log is not taken for its end', () => {
    const file = writtenJournal('killed');
    const length = statSync(`${file}-wal`).size;
    flipBit(`${file}-wal`, Math.floor(length / 2));
    const fault = faultOf(file);
    expect(fault).toMatchObject({ code: 'journal-truncated', file });
    expect(fault?.detail).toContain('had come to tick 300');
    expect(fault?.remedy).toContain('Restore the state directory from a backup');
  });

  it('a lost write-ahead log is noticed', () => {
    const file = writtenJournal('killed');
    rmSync(`${file}-wal`);
    expect(faultOf(file)?.code).toMatch(/journal-(truncated|corrupt)/);
  });

  it('a torn file is noticed', () => {
    for (const keep of [0.9, 0.5, 0.1]) {
      const file = writtenJournal('closed');
      truncateSync(file, Math.floor(statSync(file).size * keep));
      expect(faultOf(file)?.code).toMatch(/journal-(truncated|corrupt)/);
    }
  });

  it('a journal that vanished beside its witness is noticed', () => {
    const file = writtenJournal('closed');
    rmSync(file);
    expect(faultOf(file)?.code).toBe('journal-truncated');
    expect(existsSync(file)).toBe(false);
  });

  it('an older copy put in its place is noticed', () => {
    const file = writtenJournal('closed');
    const older = join(scratch(), 'journal.db');
    const opened = openSqliteJournal({ file: older, mode: 'write' });
    if (!opened.ok) throw new Error(opened.fault.detail);
    opened.journal.append({ nowUs: 1, events: [] });
    opened.journal.close();
    copyFileSync(older, file);
    expect(faultOf(file)?.code).toBe('journal-truncated');
  });

  it('a changed, a missing and a swapped row are noticed', () => {
    for (const sql of [
      `UPDATE ticks SET body = CAST(replace(CAST(body AS TEXT), 'order-7"', 'order-8"') AS BLOB) WHERE sequence = 7`,
      'UPDATE ticks SET now_us = now_us + 1 WHERE sequence = 7',
      'DELETE FROM ticks WHERE sequence = 7',
      'UPDATE ticks SET sequence = 1007 - sequence WHERE sequence IN (7, 1000)',
    ]) {
      const file = writtenJournal('closed');
      const db = new Database(file);
      db.exec(sql);
      db.close();
      expect(faultOf(file), sql).toMatchObject({ code: expect.stringMatching(/corrupt|truncated/) });
    }
  });

  it('a changed snapshot is noticed', () => {
    const file = writtenJournal('closed');
    const db = new Database(file);
    db.exec(`INSERT INTO snapshots VALUES (300, 300, 3000000, 'ab', '{}')`);
    db.close();
    expect(faultOf(file)).toMatchObject({
      code: 'journal-corrupt',
      detail: expect.stringContaining('snapshot after tick 300'),
    });
  });
});

describe('a file that is not ours', () => {
  it('no database', () => {
    const file = join(scratch(), 'journal.db');
    writeFileSync(file, 'order,sku\n'.repeat(500));
    expect(faultOf(file)).toMatchObject({ code: 'journal-corrupt', file });
    expect(readFileSync(file, 'utf8').startsWith('order,sku')).toBe(true);
  });

  it('the database of another program', () => {
    const file = join(scratch(), 'journal.db');
    const db = new Database(file);
    db.exec('CREATE TABLE recipes (name TEXT)');
    db.close();
    expect(faultOf(file)).toMatchObject({ code: 'journal-foreign' });
  });

  it('an empty file that is to be read', () => {
    const file = join(scratch(), 'journal.db');
    writeFileSync(file, '');
    expect(faultOf(file, 'read')).toMatchObject({ code: 'journal-foreign', detail: 'holds no journal' });
  });

  it('a newer version', () => {
    const file = writtenJournal('closed');
    const db = new Database(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const fault = faultOf(file);
    expect(fault).toMatchObject({ code: 'journal-newer' });
    expect(fault?.detail).toContain('schema version 99');
  });

  it('a missing file, for reading', () => {
    expect(faultOf(join(scratch(), 'journal.db'), 'read')).toMatchObject({ code: 'journal-io' });
  });

  it('a file in use by another writer', () => {
    const file = writtenJournal('closed');
    const db = new Database(file);
    db.exec('BEGIN IMMEDIATE');
    const opened = openSqliteJournal({ file, mode: 'write' });
    if (!opened.ok) throw new Error('opening alone needs no lock');
    expect(() => opened.journal.append({ nowUs: 9e9, events: [] })).toThrow('journal-busy');
    opened.journal.close();
    db.close();
  });
});

describe('kill -9', () => {
  it('loses nothing that was called durable', async () => {
    const file = join(scratch(), 'journal.db');
    let acknowledged = 0;
    for (let round = 0; round < 4; round += 1) {
      acknowledged = await new Promise<number>((resolve, reject) => {
        const writer = spawn(process.execPath, scriptArguments(WRITER, file, '1000000'));
        let out = '';
        let last = acknowledged;
        writer.stdout.on('data', (chunk: Buffer) => {
          out += chunk.toString();
          const lines = out.split('\n');
          out = lines.pop()!;
          for (const line of lines) {
            const found = /^ack (\d+)$/.exec(line);
            if (found !== null) last = Number(found[1]);
            if (line.startsWith('fault')) reject(new Error(line));
          }
          // A different moment in each round: within the first ticks, across snapshots and checkpoints.
          if (last >= acknowledged + [3, 120, 400, 45][round]!) writer.kill('SIGKILL');
        });
        writer.on('close', () => resolve(last));
      });
      const opened = openSqliteJournal({ file, mode: 'read' });
      if (!opened.ok) throw new Error(opened.fault.detail);
      const ticks = [...opened.journal.ticksAfter(0)];
      opened.journal.close();
      expect(ticks.length).toBeGreaterThanOrEqual(acknowledged);
      // At most the one that was under way when the process died.
      expect(ticks.length).toBeLessThanOrEqual(acknowledged + 64);
      expect(ticks.map((tick) => tick.events[0])).toEqual(
        ticks.map((_, at) => orderEvent(`order-${at + 1}`)),
      );
      acknowledged = ticks.length;
    }
  });
});

describe('a disk that fails', () => {
  it('no space: refused, then nothing more is written', () => {
    const file = join(scratch(), 'journal.db');
    const opened = openSqliteJournal({ file, mode: 'write' });
    if (!opened.ok) throw new Error(opened.fault.detail);
    opened.journal.append({ nowUs: 1, events: [orderEvent('o1')] });
    // The file system's refusal, as the process gets it: no file of this user may grow any further.
    const limited = spawnSync(
      'bash',
      ['-c', `trap '' XFSZ; ulimit -f 200; exec "$0" "$@"`, process.execPath].concat(
        scriptArguments(WRITER, file, '100000'),
      ),
      { encoding: 'utf8' },
    );
    opened.journal.close();
    const lines = limited.stdout.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('fault'))).toEqual([
      expect.stringMatching(/fault journal-(full|io)/),
      'fault journal-failed',
    ]);
    const acknowledged = lines.filter((line) => line.startsWith('ack')).length;
    expect(acknowledged).toBeGreaterThan(5);
    expect(faultOf(file)).toBeNull();
    expect(contentOf(file).length).toBeGreaterThanOrEqual(acknowledged + 1);
  });

  const canTrace = isInstalled(TRACER);
  if (!canTrace) console.warn('strace is not installed: failures of fsync are not injected');

  it.skipIf(!canTrace).each(['EIO', 'ENOSPC'])(
    'an fsync that answers %s ends the right to go on',
    (errno) => {
      const file = join(scratch(), 'journal.db');
      expect(spawnSync(process.execPath, scriptArguments(WRITER, file, '3')).status).toBe(0);
      const traced = spawnSync(
        TRACER,
        [
          '-f',
          '-qq',
          '-o',
          '/dev/null',
          '-e',
          `inject=fsync,fdatasync:error=${errno}:when=20`,
          process.execPath,
        ].concat(scriptArguments(WRITER, file, '100')),
        { encoding: 'utf8' },
      );
      const lines = traced.stdout.trim().split('\n');
      const faults = lines.filter((line) => line.startsWith('fault'));
      expect(faults).toEqual(['fault journal-io', 'fault journal-failed']);
      // Only the second write after the failure is refused without touching the disk; none succeeds.
      expect(lines.findLastIndex((line) => line.startsWith('ack'))).toBeLessThan(lines.indexOf(faults[0]!));
      const acknowledged = lines.filter((line) => line.startsWith('ack')).length;
      expect(faultOf(file)).toBeNull();
      expect(contentOf(file).length).toBeGreaterThanOrEqual(acknowledged + 3);
    },
  );

  it('a directory that cannot be written to', () => {
    const directory = join(scratch(), 'missing');
    expect(faultOf(join(directory, 'journal.db'))).toMatchObject({ code: 'journal-io' });
    expect(existsSync(directory)).toBe(false);
  });
});

function contentOf(file: string): unknown[] {
  const opened = openSqliteJournal({ file, mode: 'read' });
  if (!opened.ok) throw new Error(opened.fault.detail);
  const ticks = [...opened.journal.ticksAfter(0)];
  opened.journal.close();
  return ticks;
}

it('is whole without its log once it is closed', () => {
  const file = join(scratch(), 'journal.db');
  const opened = openSqliteJournal({ file, mode: 'write' });
  if (!opened.ok) throw new Error(opened.fault.detail);
  opened.journal.append({ nowUs: 1, events: [orderEvent('o1')] });
  opened.journal.close();
  expect(statSync(`${file}-wal`).size).toBe(0);
  rmSync(`${file}-wal`);
  expect(contentOf(file)).toEqual([{ sequence: 1, nowUs: 1, events: [orderEvent('o1')] }]);
});
