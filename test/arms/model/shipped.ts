import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { parseManipulatorExtension } from '../../../arms/model/extension.ts';
import { describeFault } from '../../../arms/model/fault.ts';
import { loadManipulator } from '../../../arms/model/load-manipulator.ts';
import type { ManipulatorSources } from '../../../arms/model/load-manipulator.ts';
import type { Manipulator } from '../../../arms/model/manipulator.ts';
import { parseToolDescription } from '../../../arms/model/tool.ts';
import type { ToolDescription } from '../../../arms/model/tool.ts';

/** The arms and tools that ship, read from their files as the product does. */

const config = fileURLToPath(new URL('../../../config/', import.meta.url));

export const SHIPPED_ARMS = readdirSync(`${config}arms`).filter((name) =>
  existsSync(`${config}arms/${name}/${name}.urdf`),
);

function shippedTool(name: string): ToolDescription {
  const result = parseToolDescription(parse(readFileSync(`${config}tools/${name}.yaml`, 'utf8')));
  if (result.status !== 'parsed') throw new Error(result.faults.map(describeFault).join('\n'));
  return result.tool;
}

export function shippedSources(name: string, tool = 'suction-200'): ManipulatorSources {
  const file = (ending: string): string => readFileSync(`${config}arms/${name}/${name}${ending}`, 'utf8');
  const extension = parseManipulatorExtension(parse(file('.limits.yaml')));
  if (extension.status !== 'parsed') throw new Error(extension.faults.map(describeFault).join('\n'));
  return {
    name,
    urdf: file('.urdf'),
    srdf: file('.srdf'),
    extension: extension.extension,
    tool: shippedTool(tool),
  };
}

export function shippedArm(name: string, tool = 'suction-200'): Manipulator {
  const result = loadManipulator(shippedSources(name, tool));
  if (result.status !== 'loaded') throw new Error(result.faults.map(describeFault).join('\n'));
  return result.manipulator;
}
