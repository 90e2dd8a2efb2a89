import { dirname, resolve as resolvePath } from 'node:path';
import { partitionZones } from '../controller/coordination/zones.ts';
import type { ArmModel } from '../controller/domain/cell.ts';
import { summarizeConfiguration } from '../controller/domain/configuration.ts';
import { plcModelOf } from '../controller/domain/permission.ts';
import { loadBenchCell } from './bench-cell.ts';
import { BENCH_FORMAT } from './bench-schema.ts';
import { cellModelOf, poseOfFields } from './cell-model.ts';
import { crossFaults } from './cross-checks.ts';
import type { Fault, PathKey } from './fault.ts';
import { pathText, valueText } from './fault.ts';
import { faultsOfIssues, valueAt } from './issues.ts';
import { armFiles, loadArm } from './load-arm.ts';
import type { ArmFiles, LoadArmResult, LoadedArm } from './load-arm.ts';
import type { LoadCellResult } from './loaded-cell.ts';
import { modelHash } from './model-hash.ts';
import { Arm, CellFile } from './schema.ts';
import { mapInCellFaults } from './plc/load-map.ts';
import { loadPlcs } from './plc/load-plc.ts';
import { connectionSettings, simulatorSettings } from './settings.ts';
import { faultAt, readSource } from './source.ts';
import type { Source } from './source.ts';
import { nearestName } from './suggest.ts';

/** Reads a cell file and everything it names. Never throws; all faults of all files come together. */
export function loadCell(path: string): LoadCellResult {
  const file = resolvePath(path);
  const read = readSource(file);
  if (read.status === 'refused') return read;
  const format = valueAt(read.source.value, ['format']);
  return format === BENCH_FORMAT ? loadBenchCell(read.source) : loadCellFile(read.source);
}

function loadCellFile(source: Source): LoadCellResult {
  const resolve = (path: string): string => resolvePath(dirname(source.file), path);
  const parsed = CellFile.safeParse(source.value);
  const faults: Fault[] = [];
  if (!parsed.success) faults.push(...faultsOfIssues(source, CellFile, parsed.error.issues));
  faults.push(...crossFaults(source));
  const arms = loadArms(source, resolve, faults);
  const plc = loadPlcs(source, resolve, faults);
  if (!parsed.success || faults.length > 0) return { status: 'refused', faults };
  const notes: string[] = [];
  const models = parsed.data.arms.map((fields, index): ArmModel => {
    const { manipulator, notes: armNotes } = arms.get(index)!;
    notes.push(...armNotes.map((note) => `${fields.id}: ${note}`));
    const park = fields.park_rad ?? manipulator.namedStates[fields.park_state ?? ''] ?? [];
    return { id: fields.id, manipulator, X_WB: poseOfFields(fields.base), park };
  });
  const cell = cellModelOf(parsed.data, models, partitionZones, plcModelOf(plc.maps));
  const unknown = plc.sources.flatMap((map) => mapInCellFaults(map, cell));
  if (unknown.length > 0) return { status: 'refused', faults: unknown };
  return {
    status: 'loaded',
    source,
    cell,
    start: parsed.data.start,
    connections: connectionSettings(parsed.data.connections, resolve),
    simulator: simulatorSettings(parsed.data.simulator, resolve),
    plc,
    descriptions: models.map(({ id, manipulator }, index) => ({
      armId: id,
      name: manipulator.name,
      urdf: arms.get(index)!.urdf,
      baseLink: arms.get(index)!.baseLink,
      heldJoints: arms.get(index)!.heldJoints,
    })),
    initialPositions: Object.fromEntries(models.map(({ id, park }) => [id, park])),
    summary: summarizeConfiguration(cell),
    hash: modelHash(cell),
    notes,
  };
}

/** Loads the arms that can be told from the file, also when other parts of it are wrong. */
function loadArms(
  source: Source,
  resolve: (path: string) => string,
  faults: Fault[],
): ReadonlyMap<number, LoadedArm> {
  const loaded = new Map<number, LoadedArm>();
  const results = new Map<string, LoadArmResult>();
  const entries = valueAt(source.value, ['arms']);
  if (!Array.isArray(entries)) return loaded;
  entries.slice(0, 32).forEach((entry: unknown, index) => {
    const path = ['arms', index];
    const fields = Arm.safeParse(entry);
    if (!fields.success) return;
    const found = armFiles(fields.data, source, path, resolve);
    if (found.status === 'refused') {
      faults.push(...found.faults);
      return;
    }
    const key = JSON.stringify(found.files);
    let result = results.get(key);
    if (result === undefined) {
      result = loadArm(found.files);
      results.set(key, result);
      if (result.status === 'refused')
        faults.push(...result.faults.map(namedBy(source, path, fields.data, found.files)));
    }
    if (result.status === 'refused') return;
    loaded.set(index, result.arm);
    faults.push(...parkFaults(source, path, fields.data, result.arm));
  });
  return loaded;
}

/** A file that cannot be read is a fault of the field that names it. */
function namedBy(
  source: Source,
  path: readonly PathKey[],
  fields: Arm,
  files: ArmFiles,
): (fault: Fault) => Fault {
  return (fault) => {
    const field = (['tool', 'urdf', 'srdf', 'limits'] as const).find((name) => files[name] === fault.file);
    if (field === undefined || fields[field] === undefined || fault.path !== '' || fault.line !== null)
      return fault;
    const whole = [...path, field];
    const { remedy } = fault;
    const problem = `${fault.file} ${fault.problem}`;
    return faultAt(source, whole, {
      path: pathText(whole),
      value: valueText(fields[field], whole),
      problem,
      remedy,
    });
  };
}

function parkFaults(source: Source, path: readonly PathKey[], fields: Arm, arm: LoadedArm): readonly Fault[] {
  const { joints, namedStates } = arm.manipulator;
  const fault = (key: readonly PathKey[], value: unknown, problem: string, remedy: string): Fault => {
    const whole = [...path, ...key];
    return faultAt(source, whole, { path: pathText(whole), value: valueText(value, whole), problem, remedy });
  };
  if (fields.park_state !== undefined) {
    if (Object.hasOwn(namedStates, fields.park_state)) return [];
    const known = Object.keys(namedStates);
    const near = nearestName(fields.park_state, known);
    const remedy =
      known.length === 0
        ? 'the arm has no group states; write park_rad instead'
        : `${near === null ? '' : `did you mean ${near}? `}the SRDF has ${known.join(', ')}`;
    return [fault(['park_state'], fields.park_state, 'is no group state of this arm', remedy)];
  }
  const park = fields.park_rad ?? [];
  if (park.length !== joints.length) {
    const problem = `has ${park.length} values, the arm has ${joints.length} joints`;
    return [
      fault(
        ['park_rad'],
        park,
        problem,
        `write one for each of ${joints.map(({ name }) => name).join(', ')}`,
      ),
    ];
  }
  return park.flatMap((value, joint) => {
    const { name, limits } = joints[joint]!;
    if (value >= limits.lower && value <= limits.upper) return [];
    const problem = `is outside the limits of ${name}, ${limits.lower.toFixed(3)} to ${limits.upper.toFixed(3)}`;
    return [fault(['park_rad', joint], value, problem, 'choose a value inside; joint values are radians')];
  });
}
