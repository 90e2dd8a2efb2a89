import { z } from 'zod';
import { CELL_STATES } from '../../controller/domain/packml.ts';
import { RelativePath } from '../units.ts';

/** The PLCs around a cell, in its file. */
export const Plc = z
  .strictObject({
    maps: z
      .array(RelativePath)
      .max(16)
      .default([])
      .describe('Map files, one for each PLC: what its tags mean to the cell'),
    packml: z
      .strictObject({
        state_numbers: z
          .partialRecord(z.enum(CELL_STATES), z.int().min(0).max(65_535))
          .default({})
          .describe(
            'Where a line numbers states otherwise than ISA-TR88.00.02; states not named keep their number',
          ),
      })
      .optional()
      .describe('With it the cell is published and commanded as PackTags'),
  })
  .describe('PLCs around the cell');
export type Plc = z.infer<typeof Plc>;
