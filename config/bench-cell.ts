import { join } from 'node:path';
import type { JointLimits, Manipulator } from '../arms/model/manipulator.ts';
import { suctionTube } from '../arms/model/tool.ts';
import { partitionZones } from '../controller/coordination/zones.ts';
import type { ArmModel, CellModel, FixedTask, Place } from '../controller/domain/cell.ts';
import { summarizeConfiguration } from '../controller/domain/configuration.ts';
import { dhDisagreement } from './bench-kinematics.ts';
import type { BenchManipulator } from './bench-schema.ts';
import { BenchCellFile } from './bench-schema.ts';
import { fixtureOf, poseOfFields } from './cell-model.ts';
import type { Fault, PathKey } from './fault.ts';
import { pathText, valueText } from './fault.ts';
import { faultsOfIssues, valueAt } from './issues.ts';
import { loadArm } from './load-arm.ts';
import type { LoadedArm } from './load-arm.ts';
import type { LoadCellResult } from './loaded-cell.ts';
import { modelHash } from './model-hash.ts';
import { exceptionPolicies } from './policies.ts';
import { NO_PLC } from './plc/load-plc.ts';
import { microseconds } from './settings.ts';
import type { ConnectionSettings, SimulatorSettings } from './settings.ts';
import { shippedPath } from './shipped.ts';
import { faultAt } from './source.ts';
import type { Source } from './source.ts';

/** Arms of which the house has a description, by the name a benchmark cell gives them. */
const DESCRIBED = ['ur5e', 'ur10e'] as const;

/**
 * Rated payload of the UR10e and UR5e, kg (Universal Robots, data sheets). Benchmark cells give the tool's outer
 * dimensions only; its mass plays no part in kinematic runs and counts as nothing.
 */
const PAYLOAD_KG: Readonly<Record<(typeof DESCRIBED)[number], number>> = { ur5e: 5, ur10e: 12.5 };

/**
 * Where arms of a benchmark cell rest, rad: folded over their own base, with joint 1 as at home. The cell's own
 * `home_rad` reaches over the bins, where a resting arm would be in the way; runs begin there all the same.
 */
const FOLD_RAD = [-2.0, 2.6, -2.1708, -1.5708, 0] as const;

/** What the format does not say. Benchmark cells are run in simulated time, without people and without faults. */
const NOTES: readonly string[] = [
  'A benchmark cell does not describe connections: the broker listens on 127.0.0.1:1883, the page on 127.0.0.1:8080.',
  'A benchmark cell has no exception rates: nothing goes wrong with goods.',
  `Arms rest folded, at joints 2 to 6 = ${FOLD_RAD.join(', ')} rad; they start at home_rad.`,
  "The tool's payload is the arm's rated payload, its own mass counts as nothing.",
];

const CONNECTIONS: ConnectionSettings = {
  arms: 'simulated',
  broker: { kind: 'embedded', host: '127.0.0.1', port: 1883, tls: null, users: [] },
  topicRoot: null,
  http: { host: '127.0.0.1', port: 8080, tokenEnv: null },
  sparkplug: { edgeNode: null, host: null },
};

function simulator(): SimulatorSettings {
  const never = { stallPerHour: 0, commsLostPerHour: 0, gripperLossPerHour: 0, protectiveStopPerHour: 0 };
  return {
    world: {
      seed: 1,
      stepUs: 10_000,
      trackingLagUs: 0,
      leaseUs: 500_000,
      sampleEveryUs: 50_000,
      protectiveDeceleration: 1,
      graspToleranceM: { horizontal: 0.015, vertical: 0.008 },
      massNoise: 0,
      rates: { stockShort: 0, missingFound: 0, graspFailed: 0, doublePick: 0, dropped: 0, placeBlocked: 0 },
      faults: { ...never, slowPerHour: 0, durationUs: { min: 1_000_000, max: 10_000_000 } },
      operator: null,
      inductArrivalUs: 8_000_000,
    },
    itemsFile: shippedPath('items/example-items.json'),
    stock: { spareShare: 0, spareUnits: 0, containerMassMaxKg: null },
    orders: { kind: 'none' },
  };
}

/** Reads a cell of format `magpie-bench-cell/1`. All faults come together. */
export function loadBenchCell(source: Source): LoadCellResult {
  const parsed = BenchCellFile.safeParse(source.value);
  const faults: Fault[] = [];
  if (!parsed.success) faults.push(...faultsOfIssues(source, BenchCellFile, parsed.error.issues));
  const fault = (path: readonly PathKey[], problem: string, remedy: string): void => {
    const value = valueText(valueAt(source.value, path), path);
    faults.push(faultAt(source, path, { path: pathText(path), value, problem, remedy }));
  };
  if (!parsed.success) return { status: 'refused', faults };
  const file = parsed.data;
  checkNames(file, fault);
  const arms = loadManipulators(file, fault, faults);
  const models = file.arms.map((entry): ArmModel | null => {
    const arm = arms.get(entry.manipulator);
    if (arm === undefined) return null;
    const park = [entry.home_rad[0], ...FOLD_RAD];
    return { id: entry.id, manipulator: arm.manipulator, X_WB: poseOfFields(entry.base), park };
  });
  file.arms.forEach((entry, index) => {
    entry.home_rad.forEach((value, joint) => {
      const limits = models[index]?.manipulator.joints[joint]?.limits;
      if (limits === undefined || (value >= limits.lower && value <= limits.upper)) return;
      const path = ['arms', index, 'home_rad', joint];
      fault(path, `is outside the limits ${limits.lower} to ${limits.upper}`, 'choose a value inside');
    });
  });
  if (faults.length > 0) return { status: 'refused', faults };
  const cell = cellModel(
    file,
    models.filter((model) => model !== null),
  );
  return {
    status: 'loaded',
    source,
    cell,
    start: 'on-first-launch',
    connections: CONNECTIONS,
    simulator: simulator(),
    plc: NO_PLC,
    descriptions: file.arms.map((entry) => {
      const { manipulator, urdf, baseLink, heldJoints } = arms.get(entry.manipulator)!;
      return { armId: entry.id, name: manipulator.name, urdf, baseLink, heldJoints };
    }),
    initialPositions: Object.fromEntries(file.arms.map((entry) => [entry.id, entry.home_rad])),
    summary: summarizeConfiguration(cell),
    hash: modelHash(cell),
    notes: NOTES,
  };
}

type AddFault = (path: readonly PathKey[], problem: string, remedy: string) => void;

function checkNames(file: BenchCellFile, fault: AddFault): void {
  const places = new Set<string>();
  const unique = (group: string, ids: readonly string[], seen: Set<string>): void => {
    ids.forEach((id, index) => {
      if (seen.has(id))
        fault([group, index, 'id'], 'is a name already taken', 'give each thing its own name');
      seen.add(id);
    });
  };
  const ids = (group: 'arms' | 'bins' | 'totes' | 'obstacles' | 'tasks'): string[] =>
    file[group].map(({ id }) => id);
  unique('arms', ids('arms'), new Set());
  unique('bins', ids('bins'), places);
  unique('totes', ids('totes'), places);
  unique('obstacles', ids('obstacles'), new Set());
  unique('tasks', ids('tasks'), new Set());
  file.tasks.forEach((task, index) => {
    for (const end of ['from', 'to'] as const) {
      if (!places.has(task[end]))
        fault(['tasks', index, end], 'is no bin or tote of the cell', 'name one that is');
    }
  });
}

/** Builds every manipulator the arms name: the house's description, with the limits and the tool of the file. */
function loadManipulators(
  file: BenchCellFile,
  fault: AddFault,
  faults: Fault[],
): ReadonlyMap<string, LoadedArm> {
  const loaded = new Map<string, LoadedArm>();
  for (const [name, figures] of Object.entries(file.manipulators)) {
    const path = ['manipulators', name];
    const described = DESCRIBED.find((known) => known === name);
    if (described === undefined) {
      fault(path, 'is an arm without a description here', `known are ${DESCRIBED.join(', ')}`);
      continue;
    }
    const { length_m: lengthM, radius_m: radiusM } = figures.tool;
    if (radiusM >= lengthM) {
      fault([...path, 'tool', 'radius_m'], 'is not below length_m', 'give the radius of the tube');
      continue;
    }
    const directory = shippedPath(`arms/${described}`);
    const result = loadArm({
      urdf: join(directory, `${described}.urdf`),
      srdf: join(directory, `${described}.srdf`),
      limits: join(directory, `${described}.limits.yaml`),
      tool: suctionTube({
        name: 'suction-tube',
        lengthM,
        radiusM,
        massKg: 0,
        payloadMaxKg: PAYLOAD_KG[described],
        source: 'the benchmark cell; payload as rated by the maker of the arm',
      }),
    });
    if (result.status === 'refused') {
      faults.push(...result.faults);
      continue;
    }
    const disagreement = dhDisagreement(result.arm.manipulator, figures.dh);
    if (disagreement !== null) {
      const problem = `puts the flange up to ${disagreement.toFixed(6)} m away from where the description of ${described} has it`;
      fault([...path, 'dh'], problem, 'correct the parameters, or run the arm from its own description');
      continue;
    }
    loaded.set(name, { ...result.arm, manipulator: withLimits(result.arm.manipulator, figures) });
  }
  file.arms.forEach(({ manipulator }, index) => {
    if (Object.hasOwn(file.manipulators, manipulator)) return;
    fault(['arms', index, 'manipulator'], 'is not under manipulators', 'describe it there');
  });
  return loaded;
}

/** The limits of the file; positions never beyond what the description allows. */
function withLimits(manipulator: Manipulator, figures: BenchManipulator): Manipulator {
  const joints = manipulator.joints.map((joint, k) => {
    const reachRad = figures.position_max_rad[k]!;
    const limits: JointLimits = {
      lower: Math.max(joint.limits.lower, -reachRad),
      upper: Math.min(joint.limits.upper, reachRad),
      velocityMax: figures.velocity_max_rad_per_s[k]!,
      accelerationMax: figures.acceleration_max_rad_per_s2[k]!,
      jerkMax: figures.jerk_max_rad_per_s3[k]!,
    };
    return { ...joint, limits };
  });
  return { ...manipulator, joints };
}

function cellModel(file: BenchCellFile, arms: readonly ArmModel[]): CellModel {
  const places = [
    ...file.bins.map((bin): Place => placeOf('bin', bin)),
    ...file.totes.map((tote): Place => placeOf('station', tote)),
  ];
  const cell: CellModel = {
    name: file.name,
    clearanceM: file.clearance_min_m,
    approachM: file.approach_m,
    graspDwellUs: microseconds(file.dwell_s.grasp),
    releaseDwellUs: microseconds(file.dwell_s.release),
    arms,
    places,
    obstacles: file.obstacles.map(fixtureOf),
    zones: [],
    logistics: { shuttleExchangeUs: 0, shuttleParallel: 1, toteExchangeUs: 0 },
    deadlines: {
      acceptUs: 1_000_000,
      motionMarginUs: 5_000_000,
      gripUs: 2_000_000,
      ioUs: 60_000_000,
      planUs: 10_000_000,
    },
    policy: 'zone-interlock',
    exceptionPolicies: exceptionPolicies({}),
    planCostUs: 20,
    fixedTasks: file.tasks.map((task): FixedTask => ({
      id: task.id,
      kind: task.kind,
      from: task.from,
      to: task.to,
      pickM: task.pick_m,
      placeM: task.place_m,
      itemSizeM: task.item_size_m,
      itemMassKg: task.item_mass_kg,
      reachableBy: task.reachable_by,
    })),
  };
  return { ...cell, zones: partitionZones(cell) };
}

/** Tasks give their points themselves, so a container is one cell. */
function placeOf(kind: 'bin' | 'station', place: BenchCellFile['bins'][number]): Place {
  return { id: place.id, kind, positionM: place.position_m, innerSizeM: place.inner_size_m, grid: [1, 1] };
}
