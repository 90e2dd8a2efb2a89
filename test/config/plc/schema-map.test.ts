import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { plcMapSchema } from '../../../config/plc/schema-map.ts';

describe('docs/plc-map.schema.json', () => {
  // To write it anew: npx vitest run test/config/plc/schema-map.test.ts -u
  it('is what the schema of the code prints', async () => {
    const text = await format(JSON.stringify(plcMapSchema()), { parser: 'json', printWidth: 110 });
    const file = fileURLToPath(new URL('../../../docs/plc-map.schema.json', import.meta.url));
    await expect(text).toMatchFileSnapshot(file);
  });
});
