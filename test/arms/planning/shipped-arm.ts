import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseManipulatorExtension } from '../../../arms/model/extension.ts';
import { loadManipulator } from '../../../arms/model/load-manipulator.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import { parseToolDescription } from '../../../arms/model/tool.ts';

/** One of the arms that ship, with the suction tool that ships. */
export function shippedArm(name: 'ur5e' | 'ur10e'): Manipulator {
  const at = (path: string): string =>
    readFileSync(new URL(`../../../config/${path}`, import.meta.url), 'utf8');
  const extension = parseManipulatorExtension(parse(at(`arms/${name}/${name}.limits.yaml`)));
  const tool = parseToolDescription(parse(at('tools/suction-200.yaml')));
  if (extension.status === 'refused') throw new Error(JSON.stringify(extension.faults));
  if (tool.status === 'refused') throw new Error(JSON.stringify(tool.faults));
  const loaded = loadManipulator({
    name,
    urdf: at(`arms/${name}/${name}.urdf`),
    srdf: null,
    extension: extension.extension,
    tool: tool.tool,
  });
  if (loaded.status === 'refused') throw new Error(JSON.stringify(loaded.faults));
  return loaded.manipulator;
}
