import { z } from 'zod';
import { CELL_COMMANDS } from '../../controller/domain/packml.ts';
import type { CellCommand } from '../../controller/domain/packml.ts';
import { commandOfNumber } from '../../controller/domain/packml-numbers.ts';
import { RequestId } from '../mqtt/request-frame.ts';
import { decodePayload } from '../mqtt/payload.ts';
import type { PayloadFault, PayloadLimits } from '../mqtt/payload.ts';
import { PRODUCTION } from './pack-tags.ts';

const LIMITS: PayloadLimits = { maxBytes: 4_096, maxDepth: 2, maxValues: 20 };

/** `Command`: the standard's own names, with an id that makes a repeat harmless. */
const CommandMessage = z.strictObject({
  requestId: RequestId,
  CntrlCmd: z
    .int()
    .min(1)
    .max(CELL_COMMANDS.length)
    .optional()
    .describe(
      '1 Reset, 2 Start, 3 Stop, 4 Hold, 5 Unhold, 6 Suspend, 7 Unsuspend, 8 Abort, 9 Clear, 10 Complete',
    ),
  CmdChangeRequest: z.boolean().optional().describe('The command counts when this is true'),
  UnitMode: z.int().min(0).max(31).optional().describe('1 Production, 2 Maintenance, 3 Manual'),
  UnitModeChangeRequest: z.boolean().optional(),
  MachSpeed: z.number().optional(),
});

/** `Command/Start` and the like: one topic for each command. */
const OneCommandMessage = z.strictObject({ requestId: RequestId });

export type PackCommand =
  | { readonly kind: 'command'; readonly requestId: string; readonly command: CellCommand }
  /** Understood, and answered without the cell. */
  | {
      readonly kind: 'answered';
      readonly requestId: string;
      readonly result:
        | { readonly status: 'duplicate'; readonly detail: string }
        | { readonly status: 'refused'; readonly code: string; readonly detail: string };
    }
  | {
      readonly kind: 'malformed';
      readonly requestId: string | null;
      readonly faults: readonly PayloadFault[];
    };

/** Decodes a message on `Command` (`tag` null) or on `Command/{tag}`. */
export function decodePackCommand(tag: string | null, payload: Uint8Array): PackCommand {
  if (tag === null) return decodeWhole(payload);
  const command = CELL_COMMANDS.find((name) => name.toLowerCase() === tag.toLowerCase());
  if (command === undefined) {
    const message = `there is no command ${tag.slice(0, 64)}; use one of ${CELL_COMMANDS.join(', ')}`;
    return { kind: 'malformed', requestId: null, faults: [{ field: '', value: null, message }] };
  }
  const decoded = decodePayload(OneCommandMessage, payload, LIMITS);
  return decoded.ok
    ? { kind: 'command', requestId: decoded.value.requestId, command }
    : { kind: 'malformed', requestId: requestIdOf(decoded.raw), faults: decoded.faults };
}

function decodeWhole(payload: Uint8Array): PackCommand {
  const decoded = decodePayload(CommandMessage, payload, LIMITS);
  if (!decoded.ok) return { kind: 'malformed', requestId: requestIdOf(decoded.raw), faults: decoded.faults };
  const { requestId, CntrlCmd, CmdChangeRequest, UnitMode, UnitModeChangeRequest, MachSpeed } = decoded.value;
  const refused = (code: string, detail: string): PackCommand => ({
    kind: 'answered',
    requestId,
    result: { status: 'refused', code, detail },
  });
  if (MachSpeed !== undefined) {
    return refused('not-supported', 'MachSpeed cannot be set: arms go as fast as they may');
  }
  if (UnitModeChangeRequest === true) {
    if (CmdChangeRequest === true)
      return refused('not-supported', 'change the mode or the state, not both at once');
    return UnitMode === PRODUCTION.number
      ? {
          kind: 'answered',
          requestId,
          result: { status: 'duplicate', detail: 'the cell is in production mode' },
        }
      : refused('not-supported', `the cell has mode ${PRODUCTION.number} (${PRODUCTION.name}) and no other`);
  }
  const command = CntrlCmd === undefined ? null : commandOfNumber(CntrlCmd);
  if (command === null || CmdChangeRequest !== true) {
    return refused(
      'nothing-asked',
      'give CntrlCmd with CmdChangeRequest true, or UnitMode with UnitModeChangeRequest',
    );
  }
  return { kind: 'command', requestId, command };
}

function requestIdOf(raw: unknown): string | null {
  const parsed = z.object({ requestId: RequestId }).safeParse(raw);
  return parsed.success ? parsed.data.requestId : null;
}
