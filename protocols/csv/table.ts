import { parse } from 'csv-parse/sync';
import type { CsvFaults } from './fault.ts';

/** One record of a file: its fields, trimmed, and the line on which it begins. */
export interface Row {
  readonly line: number;
  readonly fields: readonly string[];
}

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly Row[];
}

/** Larger files are imported in parts. */
const CSV_MAX_BYTES = 64 * 1024 * 1024;
/** More order lines than a cell works off in months. */
const CSV_MAX_ROWS = 1_000_000;
/** Longer records are damage: an opening quote that is never closed swallows the rest of a file. */
const RECORD_MAX_BYTES = 64 * 1024;
const FIELD_MAX_CHARACTERS = 4_096;
/** Records with broken quotes after which reading goes on; each costs another look at the rest of the file. */
const RESUMPTIONS_MAX = 25;
const DELIMITERS = [',', ';', '\t', '|'] as const;

/**
 * The bytes of a file as text, or null with the fault noted. UTF-8 with or without byte order mark, or Windows-1252
 * (which holds ISO 8859-1's letters); UTF-16, binary files and broken UTF-8 are refused with the line.
 */
export function decodeCsv(
  bytes: Uint8Array,
  encoding: 'utf-8' | 'windows-1252',
  faults: CsvFaults,
): string | null {
  if (bytes.length > CSV_MAX_BYTES) {
    faults.add(
      null,
      null,
      null,
      `the file has ${bytes.length} bytes, more than ${CSV_MAX_BYTES}`,
      'split it',
    );
    return null;
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    faults.add(null, null, null, 'the file is UTF-16', 'save it as UTF-8');
    return null;
  }
  const text = new TextDecoder(encoding).decode(bytes);
  if (encoding === 'utf-8') {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      const at = text.indexOf('\uFFFD');
      const { line, column } = placeIn(text, at);
      faults.add(
        line,
        null,
        text.slice(Math.max(0, at - 20), at + 10),
        `character ${column} is not UTF-8`,
        'save the file as UTF-8, or map encoding=windows-1252',
      );
      return null;
    }
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    const { line, column } = placeIn(text, nul);
    faults.add(line, null, null, `character ${column} is NUL`, 'export the file again; this is not text');
    return null;
  }
  return text;
}

function placeIn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, at)).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before[before.length - 1]?.length ?? 0) + 1 };
}

/**
 * Header and rows of a CSV text (RFC 4180; also semicolon, tab or bar, LF, CR LF or CR, blank lines skipped). Rows
 * that cannot be read become faults with their line, the others are still read, so that all errors come at once.
 * Null: there is nothing to read rows from.
 */
export function readTable(text: string, delimiter: string | undefined, faults: CsvFaults): Table | null {
  const firstLine = /[^\r\n]*\S[^\r\n]*/.exec(text)?.[0];
  if (firstLine === undefined) {
    faults.add(null, null, null, 'the file is empty', 'it needs a header line and order lines');
    return null;
  }
  const read = readRecords(text, delimiter ?? likelyDelimiter(firstLine), faults);
  const [header, ...rows] = read;
  if (header === undefined) {
    faults.add(null, null, null, 'the file has no header line that can be read', 'begin with a header line');
    return null;
  }
  if (rows.length > CSV_MAX_ROWS) {
    faults.add(null, null, null, `the file has more than ${CSV_MAX_ROWS} rows`, 'split it');
    return null;
  }
  return { header: header.fields, rows: rows.filter((row) => wellFormed(row, header.fields, faults)) };
}

/** All records that can be read. After one that cannot, reading goes on with the line after its beginning. */
function readRecords(text: string, delimiter: string, faults: CsvFaults): readonly Row[] {
  const bytes = Buffer.from(text, 'utf-8');
  const lineAt = lineCounter(bytes);
  const rows: Row[] = [];
  let offset = 0;
  for (let resumed = 0; ; resumed += 1) {
    const base = offset;
    try {
      parse(bytes.subarray(base), {
        delimiter,
        record_delimiter: ['\r\n', '\n', '\r'],
        relax_column_count: true,
        skip_empty_lines: true,
        max_record_size: RECORD_MAX_BYTES,
        to: CSV_MAX_ROWS + 2,
        on_record: (record: string[], context) => {
          const line = lineAt(firstNot(bytes, offset, isLineEnd));
          offset = base + context.bytes;
          const fields = record.map((field) => field.trim());
          if (fields.some((field) => field !== '')) rows.push({ line, fields });
          return null;
        },
      });
      return rows;
    } catch (error) {
      const start = firstNot(bytes, offset, isLineEnd);
      const [problem, remedy] = wordsFor((error as { code?: string }).code ?? String(error));
      faults.add(lineAt(start), null, null, problem, remedy);
      offset = firstNot(bytes, start, (byte) => !isLineEnd(byte));
      if (resumed < RESUMPTIONS_MAX) continue;
      faults.add(
        lineAt(start),
        null,
        null,
        'the lines after this one were not read',
        'correct those before it',
      );
      return rows;
    }
  }
}

const isLineEnd = (byte: number): boolean => byte === 10 || byte === 13;

function firstNot(bytes: Uint8Array, from: number, passed: (byte: number) => boolean): number {
  let at = from;
  while (at < bytes.length && passed(bytes[at]!)) at += 1;
  return at;
}

function wellFormed(row: Row, header: readonly string[], faults: CsvFaults): boolean {
  if (row.fields.length !== header.length) {
    faults.add(
      row.line,
      null,
      row.fields.join(','),
      `has ${row.fields.length} fields, the header has ${header.length}`,
      'quote fields that contain the delimiter, and leave none out',
    );
    return false;
  }
  const long = row.fields.findIndex((field) => field.length > FIELD_MAX_CHARACTERS);
  if (long >= 0) {
    faults.add(
      row.line,
      columnName(header, long),
      row.fields[long]!,
      `the field has ${row.fields[long]!.length} characters, more than ${FIELD_MAX_CHARACTERS}`,
      'check the quotes before it',
    );
    return false;
  }
  return true;
}

/** The name of a column, or its number from 1 where it has none. */
export function columnName(header: readonly string[], index: number): string {
  const name = header[index] ?? '';
  return name === '' ? String(index + 1) : name;
}

function likelyDelimiter(header: string): string {
  const outside = header.replace(/"(?:[^"]|"")*"/g, '');
  let best = ',';
  let most = 0;
  for (const delimiter of DELIMITERS) {
    const count = outside.split(delimiter).length - 1;
    if (count > most) {
      best = delimiter;
      most = count;
    }
  }
  return best;
}

function wordsFor(code: string): readonly [problem: string, remedy: string] {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return ['a quote is opened and never closed', 'close it, or double quotes that are part of a field'];
    case 'CSV_INVALID_CLOSING_QUOTE':
      return ['a closing quote is followed by more text', 'double quotes that are part of a field'];
    case 'INVALID_OPENING_QUOTE':
      return ['a quote stands inside a field', 'quote the whole field and double the quotes in it'];
    case 'CSV_MAX_RECORD_SIZE':
      return [`the line is longer than ${RECORD_MAX_BYTES} bytes`, 'check for a quote that is never closed'];
    default:
      return [`cannot be read (${code})`, 'check quotes and delimiters'];
  }
}

/** The line of a byte offset, from 1; asked with growing offsets. LF, CR LF and CR each end a line. */
function lineCounter(bytes: Uint8Array): (offset: number) => number {
  let at = 0;
  let line = 1;
  return (offset) => {
    for (; at < offset && at < bytes.length; at += 1) {
      if (bytes[at] === 10 || (bytes[at] === 13 && bytes[at + 1] !== 10)) line += 1;
    }
    return line;
  };
}
