import { z } from 'zod';
import { CellFile } from './schema.ts';

/** JSON Schema (draft 2020-12) of the cell file, for editors; docs/cell-file.schema.json is this, printed. */
export function cellFileSchema(): object {
  return {
    $comment: 'Made from config/schema.ts; do not edit.',
    ...z.toJSONSchema(CellFile, { io: 'input' }),
  };
}
