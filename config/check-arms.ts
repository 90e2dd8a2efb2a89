import { checkConfiguration, NO_ALLOWANCE, prepareScene } from '../arms/planning/scene.ts';
import type { Contact } from '../arms/planning/scene.ts';
import type { ArmModel } from '../controller/domain/cell.ts';
import type { Findings } from './findings.ts';
import { millimetres } from './findings.ts';

/** Arms whose bases are closer than this stand inside one another, m: two pedestals of an arm's usual width. */
const BASES_APART_M = 0.2;

/**
 * Bases apart; resting poses inside the limits, free of the cell's obstacles and of the arm itself, and apart from
 * the other resting arms by the clearance; likewise where a simulated run begins.
 */
export function checkArms(findings: Findings): void {
  const { arms } = findings.loaded.cell;
  arms.forEach((arm, index) => {
    for (const other of arms.slice(0, index)) basesApart(findings, arm, other);
    restingPose(findings, arm, arms.slice(0, index), {
      what: 'park pose',
      field: ['park_state', 'park_rad', 'home_rad'],
      of: (a) => a.park,
    });
    const start = findings.loaded.initialPositions;
    if (start[arm.id]?.some((value, joint) => value !== arm.park[joint]) ?? false) {
      restingPose(findings, arm, arms.slice(0, index), {
        what: 'start pose',
        field: ['home_rad'],
        of: (a) => start[a.id] ?? a.park,
      });
    }
  });
}

function basesApart(findings: Findings, arm: ArmModel, other: ArmModel): void {
  const [x, y, z] = arm.X_WB.positionM;
  const [ox, oy, oz] = other.X_WB.positionM;
  const distanceM = Math.hypot(x - ox, y - oy, z - oz);
  if (distanceM >= BASES_APART_M) return;
  findings.error(
    findings.arm(arm.id, 'base'),
    `the base is ${millimetres(distanceM)} from that of ${other.id}`,
    `place them at least ${millimetres(BASES_APART_M)} apart`,
  );
}

interface Pose {
  readonly what: string;
  readonly field: readonly string[];
  of(arm: ArmModel): readonly number[];
}

function restingPose(findings: Findings, arm: ArmModel, others: readonly ArmModel[], pose: Pose): void {
  const { cell } = findings.loaded;
  const path = findings.arm(arm.id, ...pose.field);
  const q = pose.of(arm);
  arm.manipulator.joints.forEach(({ name, limits }, joint) => {
    const value = q[joint]!;
    if (value >= limits.lower && value <= limits.upper) return;
    const problem = `the ${pose.what} has ${name} at ${value}, outside ${limits.lower} to ${limits.upper}`;
    findings.error(path, problem, 'choose a value inside the limits');
  });
  const scene = (standing: readonly ArmModel[]) =>
    prepareScene({
      manipulator: arm.manipulator,
      X_WB: arm.X_WB,
      obstacles: standing.length === 0 ? cell.obstacles : [],
      standingArms: standing.map((other) => ({
        id: other.id,
        manipulator: other.manipulator,
        X_WB: other.X_WB,
        positions: pose.of(other),
      })),
      keepOut: [],
      obstacleMarginM: 0,
      selfMarginM: 0,
      keepOutMarginM: 0,
      armMarginM: cell.clearanceM,
    });
  const inCell = contactOf(scene([]), q);
  if (inCell !== null) {
    const problem = `in the ${pose.what} ${inCell.first} is ${millimetres(inCell.depthM)} inside ${inCell.second}`;
    findings.error(path, problem, 'choose another pose, or move what is in the way');
    return;
  }
  if (others.length === 0) return;
  const withArms = contactOf(scene(others), q);
  if (withArms !== null) {
    const problem =
      `in the ${pose.what} ${withArms.first} is closer to ${withArms.second} than the clearance, ` +
      `by ${millimetres(withArms.depthM)}`;
    findings.error(path, problem, 'turn a base, choose other poses, or place the arms further apart');
  }
}

function contactOf(scene: ReturnType<typeof prepareScene>, q: readonly number[]): Contact | null {
  const verdict = checkConfiguration(scene, q, null, NO_ALLOWANCE);
  return verdict.status === 'free' ? null : verdict.contact;
}
