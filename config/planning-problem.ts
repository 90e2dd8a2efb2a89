import { dirname } from 'node:path';
import { unitQuaternion } from '../arms/geometry/transform.ts';
import type { Obstacle, Shape } from '../arms/geometry/shape.ts';
import type { Pose, Quaternion, Vec3 } from '../arms/geometry/pose.ts';
import type { TeamArm, TeamProblem } from '../arms/planning/team-problem.ts';
import type { Fault, PathKey } from './fault.ts';
import { pathText, valueText } from './fault.ts';
import { faultsOfIssues, valueAt } from './issues.ts';
import { PlanningProblemFile } from './planning-problem-schema.ts';
import type { ProblemArms } from './problem-arm.ts';
import { faultAt, readSource } from './source.ts';
import type { Source } from './source.ts';

export type LoadProblemResult =
  | {
      readonly status: 'loaded';
      readonly name: string;
      readonly problem: TeamProblem;
      /** What was decided on the author's behalf, one sentence each. */
      readonly notes: readonly string[];
    }
  | { readonly status: 'refused'; readonly name: string | null; readonly faults: readonly Fault[] };

/** How far a quaternion's length may be from 1: written with few decimals, not something else. */
const QUATERNION_TOLERANCE = 0.01;

/** Reads a planning problem and every arm it names. All faults come together. */
export function loadPlanningProblem(path: string, arms: ProblemArms): LoadProblemResult {
  const read = readSource(path);
  if (read.status === 'refused') return { status: 'refused', name: null, faults: read.faults };
  const { source } = read;
  const stated = valueAt(source.value, ['name']);
  const name = typeof stated === 'string' ? stated : null;
  const parsed = PlanningProblemFile.safeParse(source.value);
  if (!parsed.success) {
    return {
      status: 'refused',
      name,
      faults: faultsOfIssues(source, PlanningProblemFile, parsed.error.issues),
    };
  }
  const faults: Fault[] = [];
  const notes: string[] = [];
  const fault = (at: readonly PathKey[], problem: string, remedy: string): void => {
    const value = valueText(valueAt(source.value, at), at);
    faults.push(faultAt(source, at, { path: pathText(at), value, problem, remedy }));
  };
  const file = parsed.data;
  const teamArms = file.arms.flatMap((arm, index): TeamArm[] => {
    if (file.arms.findIndex((other) => other.id === arm.id) !== index) {
      fault(['arms', index, 'id'], 'is a name already taken', 'give each arm its own name');
    }
    if (arm.start_rad.length !== arm.goal_rad.length) {
      fault(['arms', index, 'goal_rad'], 'has not as many values as start_rad', 'give one per joint');
      return [];
    }
    const X_WB = poseOf(arm.base, ['arms', index, 'base'], fault);
    const loaded = arms.load(arm.manipulator, dirname(path), arm.start_rad.length);
    if (loaded.status === 'refused') {
      fault(['arms', index, 'manipulator'], loaded.problem, loaded.remedy);
      return [];
    }
    const { manipulator } = loaded;
    if (manipulator.joints.length !== arm.start_rad.length) {
      const has = `${arm.manipulator} has ${manipulator.joints.length} joints`;
      fault(
        ['arms', index, 'start_rad'],
        `has ${arm.start_rad.length} values, but ${has}`,
        'give one per joint',
      );
      return [];
    }
    for (const note of loaded.notes) {
      const line = `${arm.manipulator}: ${note}`;
      if (!notes.includes(line)) notes.push(line);
    }
    return [{ id: arm.id, manipulator, X_WB, start: arm.start_rad, goal: arm.goal_rad }];
  });
  const obstacles = file.obstacles.map((obstacle, index): Obstacle => ({
    id: obstacle.id ?? `obstacles[${index}]`,
    shape: shapeOf(obstacle),
    X_WO: poseOf(obstacle, ['obstacles', index], fault),
  }));
  notes.push(...unknownFields(source, file));
  if (faults.length > 0) return { status: 'refused', name, faults };
  const problem = { arms: teamArms, obstacles, clearanceM: file.clearance_min_m };
  return { status: 'loaded', name: file.name, problem, notes };
}

function shapeOf(obstacle: PlanningProblemFile['obstacles'][number]): Shape {
  switch (obstacle.type) {
    case 'box':
      return { type: 'box', sizeM: obstacle.size_m };
    case 'sphere':
      return { type: 'sphere', radiusM: obstacle.radius_m };
    case 'cylinder':
      return { type: 'cylinder', radiusM: obstacle.radius_m, lengthM: obstacle.length_m };
  }
}

function poseOf(
  posed: { readonly position_m: Vec3; readonly quaternion_xyzw: Quaternion },
  at: readonly PathKey[],
  fault: (at: readonly PathKey[], problem: string, remedy: string) => void,
): Pose {
  const [x, y, z, w] = posed.quaternion_xyzw;
  const length = Math.sqrt(x * x + y * y + z * z + w * w);
  if (Math.abs(length - 1) > QUATERNION_TOLERANCE) {
    fault(
      [...at, 'quaternion_xyzw'],
      `has length ${length.toFixed(4)}`,
      'divide it by its length; [0, 0, 0, 1] turns nothing',
    );
    return { positionM: posed.position_m, quaternionXyzw: [0, 0, 0, 1] };
  }
  return { positionM: posed.position_m, quaternionXyzw: unitQuaternion(posed.quaternion_xyzw) };
}

const ARM_FIELDS = ['id', 'manipulator', 'base', 'start_rad', 'goal_rad'];
const FILE_FIELDS = ['format', 'name', 'arms', 'obstacles', 'clearance_min_m'];

/** Fields that the format does not have are passed over, but not in silence. */
function unknownFields(source: Source, file: PlanningProblemFile): readonly string[] {
  const found = [
    ...Object.keys(file).filter((key) => !FILE_FIELDS.includes(key)),
    ...file.arms.flatMap((arm, k) =>
      Object.keys(arm)
        .filter((key) => !ARM_FIELDS.includes(key))
        .map((key) => `arms[${k}].${key}`),
    ),
  ];
  return found.length === 0 ? [] : [`${source.file}: fields passed over: ${found.join(', ')}.`];
}
