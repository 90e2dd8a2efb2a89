import { z } from 'zod';
import { FaultList } from './fault.ts';
import type { ModelFault } from './fault.ts';

/**
 * What URDF cannot say about an arm: greatest acceleration and jerk of each joint, the range of continuous joints,
 * where side joints are held. The file form (`<arm>.limits.yaml`) is `ManipulatorExtensionFile`.
 */
export interface ManipulatorExtension {
  readonly manipulator: string;
  /** Where the figures come from. */
  readonly source: string;
  readonly baseLink: string | null;
  readonly flangeLink: string | null;
  readonly joints: Readonly<Record<string, JointExtension>>;
  /** Positions of moving joints beside the chain (fingers, for instance), rad or m. */
  readonly heldJoints: Readonly<Record<string, number>>;
}

export interface JointExtension {
  readonly unit: 'rad' | 'm';
  /** rad/s^2 or m/s^2 */
  readonly accelerationMax: number;
  /** rad/s^3 or m/s^3 */
  readonly jerkMax: number;
  /** Range of a joint whose URDF gives none; a continuous joint has hoses too. */
  readonly range: { readonly lower: number; readonly upper: number } | null;
  readonly source: string;
}

const Source = z.string().trim().min(3).max(2000);
const LinkName = z.string().min(1).max(200);
const Positive = z.number().gt(0).max(1e6);
const Position = z.number().min(-1000).max(1000);

const TurningJoint = z.strictObject({
  acceleration_max_rad_per_s2: Positive,
  jerk_max_rad_per_s3: Positive,
  position_range_rad: z.tuple([Position, Position]).optional(),
  source: Source,
});
const SlidingJoint = z.strictObject({
  acceleration_max_m_per_s2: Positive,
  jerk_max_m_per_s3: Positive,
  source: Source,
});

/** `<arm>.limits.yaml` as it stands in the file. */
const ManipulatorExtensionFile = z.strictObject({
  format: z.literal('magpie-manipulator-limits/1'),
  manipulator: z.string().min(1).max(64),
  source: Source,
  base_link: LinkName.optional(),
  flange_link: LinkName.optional(),
  joints: z.record(LinkName, z.union([TurningJoint, SlidingJoint])),
  held_joints: z.record(LinkName, z.strictObject({ position: Position, source: Source })).optional(),
});

export type ExtensionResult =
  | { readonly status: 'parsed'; readonly extension: ManipulatorExtension }
  | { readonly status: 'refused'; readonly faults: readonly ModelFault[] };

/** Checks what was read from a limits file. All faults come together, each with the field's path. */
export function parseManipulatorExtension(data: unknown): ExtensionResult {
  const faults = new FaultList('extension');
  const parsed = ManipulatorExtensionFile.safeParse(data);
  if (!parsed.success) {
    addSchemaFaults(parsed.error, data, faults);
    return { status: 'refused', faults: faults.faults };
  }
  const file = parsed.data;
  const joints: Record<string, JointExtension> = {};
  for (const [name, joint] of Object.entries(file.joints)) {
    if ('acceleration_max_rad_per_s2' in joint) {
      const range = joint.position_range_rad;
      if (range !== undefined && range[0] >= range[1]) {
        faults.add(
          `joints.${name}.position_range_rad`,
          range.join(', '),
          'the lower end must be below the upper end',
          'write [lower, upper]',
        );
      }
      joints[name] = {
        unit: 'rad',
        accelerationMax: joint.acceleration_max_rad_per_s2,
        jerkMax: joint.jerk_max_rad_per_s3,
        range: range === undefined ? null : { lower: range[0], upper: range[1] },
        source: joint.source,
      };
    } else {
      joints[name] = {
        unit: 'm',
        accelerationMax: joint.acceleration_max_m_per_s2,
        jerkMax: joint.jerk_max_m_per_s3,
        range: null,
        source: joint.source,
      };
    }
  }
  if (faults.faults.length > 0) return { status: 'refused', faults: faults.faults };
  const heldJoints: Record<string, number> = {};
  for (const [name, held] of Object.entries(file.held_joints ?? {})) heldJoints[name] = held.position;
  return {
    status: 'parsed',
    extension: {
      manipulator: file.manipulator,
      source: file.source,
      baseLink: file.base_link ?? null,
      flangeLink: file.flange_link ?? null,
      joints,
      heldJoints,
    },
  };
}

/** Turns a schema's issues into faults with path, value and remedy. */
export function addSchemaFaults(error: z.ZodError, data: unknown, faults: FaultList): void {
  for (const issue of error.issues) {
    const path = issue.path.map(String).join('.') || 'document';
    let value: unknown = data;
    for (const key of issue.path) {
      value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
    }
    faults.add(
      path,
      value === undefined ? null : (JSON.stringify(value) ?? String(value)),
      messageOf(issue),
      REMEDIES[issue.code] ?? 'correct the value',
    );
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  unrecognized_keys: 'remove or correct the name of the field',
  invalid_union:
    'a turning joint needs acceleration_max_rad_per_s2, jerk_max_rad_per_s3 and source, a sliding one ' +
    'acceleration_max_m_per_s2, jerk_max_m_per_s3 and source, all above 0; none has a default',
  invalid_type: 'give a value of that type; no physical quantity has a default',
  too_small: 'give a greater value',
  too_big: 'give a smaller value',
};

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const branches = issue.errors.map((branch) =>
    branch.map((inner) => `${inner.path.map(String).join('.')} ${inner.message}`.trim()).join(', '),
  );
  return `fits neither form (${branches.join('; or: ')})`;
}
