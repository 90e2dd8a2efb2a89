import { readFileSync } from 'node:fs';
import { csvFaultText } from '../protocols/csv/fault.ts';
import { readMapping } from '../protocols/csv/mapping.ts';
import type { OrderMapping } from '../protocols/csv/mapping.ts';
import { readOrders } from '../protocols/csv/read-orders.ts';
import type { OrdersResult } from '../protocols/csv/read-orders.ts';
import type { ControlOptions } from './control.ts';
import { CommandFailure } from './failure.ts';
import { output } from './output.ts';
import { ServiceClient } from './service-client.ts';

export interface CsvOptions {
  /** A mapping file (YAML or JSON). */
  readonly mapping?: string;
  /** `field=column` options laid over it. */
  readonly map?: readonly string[];
}

export type ReadOrders = Extract<OrdersResult, { status: 'read' }>;

const SETTLE_MS = 500;

/** Reads an order file whole; every fault of it at once as one failure. */
export function readOrderFile(file: string, options: CsvOptions): ReadOrders {
  const mapping = mappingOf(options);
  const result = readOrders(readInput(file), mapping, options.map ?? []);
  if (result.status === 'read') return result;
  const lines = result.faults.map((fault) => `  ${csvFaultText(fault)}`);
  if (result.more > 0) lines.push(`  and ${result.more} more`);
  throw new CommandFailure(`${file} was not taken, nothing of it was imported:\n${lines.join('\n')}`, 2);
}

function mappingOf(options: CsvOptions): OrderMapping | null {
  if (options.mapping === undefined) return null;
  const read = readMapping(readInput(options.mapping).toString('utf8'));
  if (read.status === 'refused') throw mappingFailure(options.mapping, read.faults.map(csvFaultText));
  return read.mapping;
}

function mappingFailure(where: string, faults: readonly string[]): CommandFailure {
  return new CommandFailure(
    `the mapping ${where} is not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    2,
  );
}

function readInput(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailure(`cannot read ${file}: ${(error as Error).message}`, 2);
  }
}

/** Imports a file into the running service, in the file's order. Repeating an import changes nothing. */
export async function importOrders(
  file: string,
  options: ControlOptions & CsvOptions & { readonly dryRun?: boolean },
): Promise<void> {
  const read = readOrderFile(file, options);
  const tally = {
    accepted: 0,
    duplicate: 0,
    refused: [] as { line: number; code: string; detail: string }[],
  };
  const notes = [...read.notes];
  if (options.dryRun !== true) {
    const client = new ServiceClient(options.url);
    const exceptedBefore = (await client.status()).lines.excepted;
    for (const [index, event] of read.events.entries()) {
      if (event.kind === 'excepted') continue;
      showProgress(index, read.events.length);
      const { result } =
        event.kind === 'order'
          ? await client.post('/api/v1/orders', event.order, `csv:${event.order.orderId}`)
          : await client.post('/api/v1/returns', event.request, `csv:${event.request.returnId}`);
      if (result.status === 'refused')
        tally.refused.push({ line: event.line, code: result.code, detail: result.detail });
      else tally[result.status] += 1;
    }
    showProgress(null, read.events.length);
    // What the cell has no goods for ends within a tick or two.
    if (tally.accepted > 0) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const excepted = (await client.status()).lines.excepted - exceptedBefore;
    if (excepted > 0) {
      notes.push(
        `${excepted} lines ended as an exception meanwhile: no-stock means that the cell has no goods of this SKU`,
      );
    }
  }
  const excepted = read.events.filter((event) => event.kind === 'excepted');
  const report = {
    file,
    mapping: read.mapping.name,
    counts: read.counts,
    ...tally,
    excepted,
    notes,
  };
  output(options, report, () =>
    [
      `${file}: ${read.counts.rows} lines (columns as ${read.mapping.name}): ${read.counts.orders} orders with ${read.counts.orderLines} lines, ${read.counts.returns} returns, ${read.counts.notStock} not-stock`,
      options.dryRun === true
        ? 'dry run: nothing was sent'
        : `${tally.accepted} accepted, ${tally.duplicate} known already, ${tally.refused.length} refused`,
      ...tally.refused.slice(0, 20).map((each) => `  line ${each.line}: ${each.code}: ${each.detail}`),
      ...notes.map((note) => `note: ${note}`),
    ].join('\n'),
  );
  if (tally.refused.length > 0) process.exitCode = 1;
}

/** One line that is written over, where somebody sees it; null: takes it away. */
function showProgress(sent: number | null, total: number): void {
  if (!process.stderr.isTTY || (sent !== null && sent % 20 !== 0)) return;
  process.stderr.write(sent === null ? '\r\u001B[2K' : `\r${sent} of ${total} sent`);
}
