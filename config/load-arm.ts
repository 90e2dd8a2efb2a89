import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseManipulatorExtension } from '../arms/model/extension.ts';
import type { ModelFault } from '../arms/model/fault.ts';
import { loadManipulator } from '../arms/model/load-manipulator.ts';
import type { Manipulator } from '../arms/model/manipulator.ts';
import { parseSrdf } from '../arms/model/srdf.ts';
import { parseToolDescription } from '../arms/model/tool.ts';
import type { ToolDescription } from '../arms/model/tool.ts';
import { parseUrdf } from '../arms/model/urdf.ts';
import type { Fault, PathKey } from './fault.ts';
import { readMeshFiles } from './mesh-files.ts';
import type { Arm } from './schema.ts';
import { faultAt, readSource, readText } from './source.ts';
import type { Source } from './source.ts';

/** What describes one arm: the model, and the text it was made from. */
export interface LoadedArm {
  readonly manipulator: Manipulator;
  readonly urdf: string;
  /** The link that the cell places, where the limits file names one, and where joints beside the chain are held. */
  readonly baseLink: string | null;
  readonly heldJoints: Readonly<Record<string, number>>;
  readonly files: readonly string[];
  /** What was decided on the author's behalf. */
  readonly notes: readonly string[];
}

export type LoadArmResult =
  | { readonly status: 'loaded'; readonly arm: LoadedArm }
  | { readonly status: 'refused'; readonly faults: readonly Fault[] };

type DescriptionFields = Pick<Arm, 'description' | 'urdf' | 'srdf' | 'limits' | 'tool'>;

/** The files of one arm, as the cell file names them. */
export interface ArmFiles {
  readonly urdf: string;
  readonly srdf: string | null;
  readonly limits: string;
  /** A tool file, or a tool known already. */
  readonly tool: string | ToolDescription;
}

/**
 * Finds the files that describe an arm. `resolve` makes paths of the cell file absolute; `path` is where the arm
 * stands in the cell file, to which a fault with a directory points.
 */
export function armFiles(
  fields: DescriptionFields,
  source: Source,
  path: readonly PathKey[],
  resolve: (path: string) => string,
):
  | { readonly status: 'found'; readonly files: ArmFiles }
  | { readonly status: 'refused'; readonly faults: readonly Fault[] } {
  const tool = resolve(fields.tool);
  if (fields.description === undefined) {
    const srdf = fields.srdf === undefined ? null : resolve(fields.srdf);
    return {
      status: 'found',
      files: { urdf: resolve(fields.urdf!), srdf, limits: resolve(fields.limits!), tool },
    };
  }
  const directory = resolve(fields.description);
  const text = {
    path: `${String(path[0])}[${String(path[1])}].description`,
    value: JSON.stringify(fields.description),
  };
  const refuse = (problem: string, remedy: string) => ({
    status: 'refused' as const,
    faults: [faultAt(source, [...path, 'description'], { ...text, problem, remedy })],
  });
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    const problem = `there is no directory ${directory}`;
    return refuse(problem, 'name a directory with .urdf, .srdf and .limits.yaml, relative to this file');
  }
  const found = ['.urdf', '.srdf', '.limits.yaml'].map((ending) =>
    names.filter((name) => name.endsWith(ending)),
  );
  const wrong = found.findIndex((matches, k) => (k === 1 ? matches.length > 1 : matches.length !== 1));
  if (wrong >= 0) {
    const ending = ['.urdf', '.srdf', '.limits.yaml'][wrong]!;
    return refuse(
      `${directory} has ${found[wrong]!.length} files that end in ${ending}`,
      'it needs exactly one; or name the files with urdf, srdf and limits',
    );
  }
  const [urdf, srdf, limits] = found.map((matches) => matches[0]);
  const file = (name: string): string => join(directory, name);
  return {
    status: 'found',
    files: { urdf: file(urdf!), srdf: srdf === undefined ? null : file(srdf), limits: file(limits!), tool },
  };
}

/** Reads and builds an arm from its files. All faults of all its files come together. */
export function loadArm(files: ArmFiles): LoadArmResult {
  const faults: Fault[] = [];
  const text = (file: string): string | null => {
    const read = readText(file);
    if (read.status === 'read') return read.text;
    faults.push(read.fault);
    return null;
  };
  const data = (file: string): Source | null => {
    const read = readSource(file);
    if (read.status === 'read') return read.source;
    faults.push(...read.faults);
    return null;
  };
  const urdf = text(files.urdf);
  const meshes = urdf === null ? undefined : readMeshFiles(files.urdf, urdf);
  const srdf = files.srdf === null ? null : text(files.srdf);
  const limits = data(files.limits);
  const tool = typeof files.tool === 'string' ? data(files.tool) : null;
  const explain = (fault: ModelFault): Fault => inFile(fault, files, { urdf, srdf, limits, tool });
  const extension = limits === null ? null : parseManipulatorExtension(limits.value);
  const known = typeof files.tool === 'string' ? null : ({ status: 'parsed', tool: files.tool } as const);
  const description = tool === null ? known : parseToolDescription(tool.value);
  for (const result of [extension, description]) {
    if (result?.status === 'refused') faults.push(...result.faults.map(explain));
  }
  if (extension?.status !== 'parsed' || description?.status !== 'parsed') {
    // What can be said of the other files is said now, not at the next attempt.
    const parsed = [urdf === null ? null : parseUrdf(urdf, meshes), srdf === null ? null : parseSrdf(srdf)];
    for (const result of parsed) {
      if (result?.status === 'refused') faults.push(...result.faults.map(explain));
    }
    return { status: 'refused', faults };
  }
  if (urdf === null || (files.srdf !== null && srdf === null)) return { status: 'refused', faults };
  const loaded = loadManipulator({
    name: basename(files.urdf, '.urdf'),
    urdf,
    ...(meshes === undefined ? {} : { meshes }),
    srdf,
    extension: extension.extension,
    tool: description.tool,
  });
  if (loaded.status === 'refused') faults.push(...loaded.faults.map(explain));
  if (loaded.status === 'refused' || faults.length > 0) return { status: 'refused', faults };
  const named = [files.urdf, files.srdf, files.limits, files.tool].filter((file) => typeof file === 'string');
  return {
    status: 'loaded',
    arm: {
      manipulator: loaded.manipulator,
      urdf,
      baseLink: extension.extension.baseLink,
      heldJoints: extension.extension.heldJoints,
      files: named,
      notes: loaded.notes,
    },
  };
}

interface Texts {
  readonly urdf: string | null;
  readonly srdf: string | null;
  readonly limits: Source | null;
  readonly tool: Source | null;
}

/** A fault of a description, with the file it is in and, where it can be told, the line. */
function inFile(fault: ModelFault, files: ArmFiles, texts: Texts): Fault {
  const { path, problem, remedy } = fault;
  const value = fault.value ?? '';
  const source =
    fault.document === 'extension' ? texts.limits : fault.document === 'tool' ? texts.tool : null;
  if (source !== null) return faultAt(source, path.split('.'), { path, value, problem, remedy });
  const file = fault.document === 'urdf' ? files.urdf : (files.srdf ?? files.urdf);
  const xml = fault.document === 'urdf' ? texts.urdf : texts.srdf;
  const position = xml === null ? null : elementPosition(xml, path);
  return {
    file,
    path,
    value,
    problem,
    remedy,
    line: position?.line ?? null,
    column: position?.column ?? null,
  };
}

/** Where the element named in a path like `joint 'elbow_joint' limit` begins. */
function elementPosition(xml: string, path: string): { line: number; column: number } | null {
  const named = /^(\w+) '([^']+)'/.exec(path);
  if (named === null) return null;
  const [, element, name] = named;
  const escaped = name!.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const at = xml.search(new RegExp(`<${element}\\b[^>]*\\bname\\s*=\\s*["']${escaped}["']`));
  if (at < 0) return null;
  const before = xml.slice(0, at).split('\n');
  return { line: before.length, column: before[before.length - 1]!.length + 1 };
}
