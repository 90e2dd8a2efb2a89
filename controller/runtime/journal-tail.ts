import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/**
 * A second witness of how far the journal came: one line in a file beside it, overwritten after every commit. SQLite
 * takes a damaged write-ahead log for one that a crash cut short, and silently goes on without its end; the witness
 * tells the two apart. It is not synchronised to the disk: after a loss of power it may be older than the journal,
 * which is fine, but it is never newer.
 */
export interface TailMark {
  readonly sequence: number;
  readonly epoch: number;
  /** Checksum of the last tick. */
  readonly checksum: number;
}

/** @returns null when there is no file, or no whole mark in it. */
export function readTailMark(file: string): TailMark | null {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const found = /^(\d{16}) (\d{10}) (\d{10}) (\d{10})\n$/.exec(text);
  if (found === null || Number(found[4]) !== crc32(text.slice(0, 38))) return null;
  return { sequence: Number(found[1]), epoch: Number(found[2]), checksum: Number(found[3]) };
}

export class TailWriter {
  readonly #fd: number;

  constructor(file: string) {
    // Not truncated: until the first mark is written, the old one holds.
    this.#fd = openSync(file, constants.O_RDWR | constants.O_CREAT);
  }

  write(mark: TailMark): void {
    const body = `${digits(mark.sequence, 16)} ${digits(mark.epoch, 10)} ${digits(mark.checksum, 10)}`;
    writeSync(this.#fd, `${body} ${digits(crc32(body), 10)}\n`, 0, 'latin1');
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
