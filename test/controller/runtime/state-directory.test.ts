import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  openStateDirectory,
  resetStateDirectory,
  stateFilesIn,
} from '../../../controller/runtime/state-directory.ts';
import { openSqliteJournal } from '../../../controller/runtime/sqlite-journal.ts';
import { scriptArguments, useScratch } from './scratch.ts';

const scratch = useScratch();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const open = (directory: string) =>
  openStateDirectory({ directory, wallMs: 1_700_000_000_000, version: '0.1.0' });

/** Starts a process that takes the directory; resolves with what it says. */
function holder(directory: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [
    '--expose-gc',
    ...scriptArguments(new URL('./state-holder.ts', import.meta.url), directory),
  ]);
  children.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve({ child, said: chunk.toString().trim() }));
    child.once('error', reject);
    child.once('close', () => reject(new Error('the process ended')));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('close', () => resolve()));
}

describe('a state directory', () => {
  it('is made when missing, with its parents', () => {
    const directory = join(scratch(), 'a', 'b');
    const opened = open(directory);
    if (!opened.ok) throw new Error(opened.fault.detail);
    expect(opened.state.journalFile).toBe(join(directory, 'journal.db'));
    opened.state.release();
  });

  it('is refused to a second one in the same process, and free after release', () => {
    const directory = scratch();
    const first = open(directory);
    if (!first.ok) throw new Error(first.fault.detail);
    expect(open(directory)).toMatchObject({ ok: false, fault: { code: 'state-in-use' } });
    first.state.release();
    first.state.release();
    const again = open(directory);
    expect(again.ok).toBe(true);
    if (again.ok) again.state.release();
  });

  it('is refused while another process has it, naming that process, and free once it was killed', async () => {
    const directory = scratch();
    const { child, said } = await holder(directory);
    expect(said).toBe('held');
    const refused = open(directory);
    if (refused.ok) throw new Error('two controllers');
    expect(refused.fault.code).toBe('state-in-use');
    expect(refused.fault.detail).toContain(`process id ${child.pid} on ${hostname()}`);
    expect(refused.fault.remedy).toContain(`kill ${child.pid}`);
    expect((await holder(directory)).said).toContain('state-in-use');

    child.kill('SIGKILL');
    await ended(child);
    const opened = open(directory);
    if (!opened.ok) throw new Error(opened.fault.detail);
    opened.state.release();
  });

  it('stays with a process that is merely paused', async () => {
    const directory = scratch();
    const { child } = await holder(directory);
    child.kill('SIGSTOP');
    expect(open(directory)).toMatchObject({ ok: false, fault: { code: 'state-in-use' } });
  });

  it('keeps its lock however much garbage is collected', async () => {
    const directory = scratch();
    await holder(directory);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(open(directory)).toMatchObject({ ok: false, fault: { code: 'state-in-use' } });
  });

  it('is not made out of a directory that holds something else', () => {
    const directory = scratch();
    writeFileSync(join(directory, 'thesis.tex'), '');
    expect(open(directory)).toMatchObject({
      ok: false,
      fault: { code: 'state-foreign', detail: expect.stringContaining('thesis.tex') },
    });
    expect(readdirSync(directory)).toEqual(['thesis.tex']);
  });

  it('is made where only the logs of an earlier one are left', () => {
    const directory = scratch();
    writeFileSync(join(directory, 'service.log'), '{}\n');
    writeFileSync(join(directory, 'simulator.log'), '');
    const opened = open(directory);
    if (!opened.ok) throw new Error(opened.fault.detail);
    opened.state.release();
  });

  it('is refused where nothing can be written', () => {
    const file = join(scratch(), 'file');
    writeFileSync(file, '');
    expect(open(join(file, 'state'))).toMatchObject({ ok: false, fault: { code: 'state-unusable' } });
    const directory = join(scratch(), 'closed');
    mkdirSync(directory);
    chmodSync(directory, 0o555);
    // The superuser may write anywhere.
    if (process.getuid?.() !== 0) {
      expect(open(directory)).toMatchObject({ ok: false, fault: { code: 'state-unusable' } });
    }
    chmodSync(directory, 0o755);
  });
});

describe('a reset', () => {
  const reset = (directory: string) => resetStateDirectory({ directory, wallMs: 0, version: '0.1.0' });

  it('deletes our files and no others', () => {
    const directory = scratch();
    const opened = open(directory);
    if (!opened.ok) throw new Error(opened.fault.detail);
    const journal = openSqliteJournal({ file: opened.state.journalFile, mode: 'write' });
    if (!journal.ok) throw new Error(journal.fault.detail);
    journal.journal.append({ nowUs: 1, events: [] });
    journal.journal.close();
    opened.state.release();
    writeFileSync(join(directory, 'notes.txt'), 'mine');

    expect(stateFilesIn(directory).map((file) => file.name)).toContain('journal.db');
    expect(reset(directory)).toMatchObject({
      ok: true,
      deleted: expect.arrayContaining(['journal.db', 'lock.db']),
    });
    expect(readdirSync(directory)).toEqual(['notes.txt']);
  });

  it('is refused while a controller has the directory', async () => {
    const directory = scratch();
    await holder(directory);
    expect(reset(directory)).toMatchObject({ ok: false, fault: { code: 'state-in-use' } });
    expect(existsSync(join(directory, 'lock.db'))).toBe(true);
  });

  it('has nothing to do where nothing is', () => {
    expect(reset(join(scratch(), 'missing'))).toEqual({ ok: true, deleted: [] });
  });
});
