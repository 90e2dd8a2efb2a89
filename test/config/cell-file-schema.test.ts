import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { cellFileSchema } from '../../config/cell-file-schema.ts';

describe('docs/cell-file.schema.json', () => {
  // To write it anew: npx vitest run test/config/cell-file-schema.test.ts -u
  it('is what the schema of the code prints', async () => {
    const text = await format(JSON.stringify(cellFileSchema()), { parser: 'json', printWidth: 110 });
    const file = fileURLToPath(new URL('../../docs/cell-file.schema.json', import.meta.url));
    await expect(text).toMatchFileSnapshot(file);
  });

  it('explains itself: every field of the top has a description or parts that have', () => {
    const { $defs } = cellFileSchema() as { $defs: { MagpieCell: { properties: Record<string, object> } } };
    const plain = Object.entries($defs.MagpieCell.properties).filter(
      ([, field]) =>
        !JSON.stringify(field).includes('description') && !('const' in field) && !('pattern' in field),
    );
    expect(plain.map(([name]) => name)).toEqual(['dwell']);
  });
});
