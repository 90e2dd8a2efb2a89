import { fileURLToPath } from 'node:url';
import { faultText } from '../../../config/fault.ts';
import { loadPlcMap } from '../../../config/plc/load-map.ts';
import type { PlcMap } from '../../../controller/domain/plc-map.ts';

export const CONVEYOR_FILE = fileURLToPath(
  new URL('../../../config/plc-maps/conveyor.yaml', import.meta.url),
);

/** The map that ships. */
export function conveyor(): PlcMap {
  const loaded = loadPlcMap(CONVEYOR_FILE);
  if (loaded.status === 'refused') throw new Error(loaded.faults.map(faultText).join('\n'));
  return loaded.map;
}
