import { z } from 'zod';
import { CELL_COMMANDS } from '../../../controller/domain/packml.ts';
import { CellView } from '../../../controller/operations/view.ts';

export type { ArmView, OrderView } from '../../../controller/operations/view.ts';
export type { CellCommand, CellState } from '../../../controller/domain/packml.ts';
export type { ExceptionKind, Resolution } from '../../../controller/domain/exception.ts';

/** Exceptions that a status carries; it is sent several times a second. */
export const EXCEPTIONS_MAX = 200;

/** What the cell shows of itself, and the commands its state allows now; others would be refused. */
export const CellStatus = CellView.extend({
  commands: z.array(z.enum(CELL_COMMANDS)).describe('Commands that the state of the cell allows now'),
  exceptionsTotal: z.int().describe(`Open exceptions; the first ${EXCEPTIONS_MAX} are in exceptions`),
});
export type CellStatus = z.infer<typeof CellStatus>;
