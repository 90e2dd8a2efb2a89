import { z } from 'zod';
import { COORDINATION_POLICIES } from '../controller/domain/cell.ts';
import { EXCEPTION_KINDS, POLICY_STEPS } from '../controller/domain/exception.ts';
import { Plc } from './plc/schema-plc.ts';
import { Connections } from './schema-connections.ts';
import { Simulator } from './schema-simulator.ts';
import {
  CoordinateM,
  DurationS,
  JointValue,
  LengthM,
  Name,
  PointM,
  PositiveDurationS,
  QuaternionXyzw,
  RelativePath,
  RpyDeg,
  SizeM,
} from './units.ts';

/** What a cell file begins with, so that a reader of another kind of file is told so. */
const CELL_FORMAT = 'magpie-cell/1';

/** A rule across fields: judged also if other fields are wrong, so that all errors come at once. */
const rule = (problem: string, remedy: string, path: readonly string[] = []) => ({
  when: () => true,
  error: problem,
  params: { remedy },
  path: [...path],
});
const has = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && (value as Record<string, unknown>)[key] !== undefined;

const orientation = {
  rpy_deg: RpyDeg.optional(),
  quaternion_xyzw: QuaternionXyzw.optional(),
};
const ONE_ORIENTATION = rule('has two orientations', 'give rpy_deg or quaternion_xyzw, not both');
const oneOrientation = (value: unknown): boolean => !(has(value, 'rpy_deg') && has(value, 'quaternion_xyzw'));
const unitQuaternion = (value: { quaternion_xyzw?: readonly number[] | undefined }): boolean => {
  const q: unknown = value?.quaternion_xyzw;
  return !Array.isArray(q) || q.length !== 4 || !(Math.abs(Math.hypot(...(q as number[])) - 1) >= 1e-3);
};
const UNIT_QUATERNION = rule('is not of length 1', 'divide by its length: x, y, z, w', ['quaternion_xyzw']);

const BasePose = z
  .strictObject({ position_m: PointM, ...orientation })
  .refine(oneOrientation, ONE_ORIENTATION)
  .refine(unitQuaternion, UNIT_QUATERNION)
  .describe('Where the base frame of the arm (URDF root link) stands in the world, z up');

const OWN_FILES = ['urdf', 'srdf', 'limits'] as const;

export const Arm = z
  .strictObject({
    id: Name,
    description: RelativePath.optional().describe(
      'Directory that holds one .urdf, one .srdf and one .limits.yaml; or name the files one by one',
    ),
    urdf: RelativePath.optional(),
    srdf: RelativePath.optional(),
    limits: RelativePath.optional(),
    tool: RelativePath.describe('File of the tool on the flange'),
    base: BasePose,
    park_state: z.string().min(1).max(64).optional().describe('SRDF group state to rest in'),
    park_rad: z
      .array(JointValue)
      .min(1)
      .max(16)
      .optional()
      .describe('Resting pose in joint order (m for a prismatic joint)'),
    pedestal: z
      .strictObject({
        width_m: LengthM,
        height_m: LengthM,
        gap_m: z.number().min(0).max(0.5).describe('Between the top of the pedestal and the base frame, m'),
      })
      .optional()
      .describe('A square column under the base'),
  })
  .refine(
    (arm) => has(arm, 'description') !== OWN_FILES.some((file) => has(arm, file)),
    rule('needs one description', 'give description (a directory), or urdf and limits (files), not both'),
  )
  .refine(
    (arm) => has(arm, 'description') || !has(arm, 'srdf') || has(arm, 'urdf'),
    rule('has an SRDF but no URDF', 'name the URDF that it belongs to'),
  )
  .refine(
    (arm) => has(arm, 'urdf') === has(arm, 'limits'),
    rule('has an incomplete description', 'own files are urdf and limits, and srdf where there is one'),
  )
  .refine(
    (arm) => has(arm, 'park_state') !== has(arm, 'park_rad'),
    rule('needs one pose to rest in', 'give park_state (a group state of the SRDF) or park_rad, not both'),
  );
export type Arm = z.infer<typeof Arm>;

const Container = z
  .strictObject({
    inner_size_m: SizeM.describe('Inside: along x, along y, height of the walls over the floor'),
    wall_thickness_m: LengthM.max(0.2).describe('Of walls and floor; they are obstacles'),
    grid: z
      .tuple([z.int().min(1).max(20), z.int().min(1).max(20)])
      .describe('Cells for items along x and along y'),
  })
  .describe('All containers of a kind are alike, because any of them may come to stand in any of its places');

const Place = z.strictObject({
  id: Name,
  position_m: PointM.describe("Centre of the container's inner floor"),
});

const posed = { id: Name, position_m: PointM, ...orientation };
const Fixture = z.discriminatedUnion('type', [
  z
    .strictObject({ type: z.literal('box'), size_m: SizeM, ...posed })
    .refine(oneOrientation, ONE_ORIENTATION)
    .refine(unitQuaternion, UNIT_QUATERNION),
  z.strictObject({ type: z.literal('sphere'), radius_m: LengthM, id: Name, position_m: PointM }),
  z
    .strictObject({ type: z.literal('cylinder'), radius_m: LengthM, length_m: LengthM, ...posed })
    .refine(oneOrientation, ONE_ORIENTATION)
    .refine(unitQuaternion, UNIT_QUATERNION),
]);
export type Fixture = z.infer<typeof Fixture>;

const Zones = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('automatic') })
    .describe('One zone for each place, and tote-wide slices of the rest of the shared space'),
  z.strictObject({
    kind: z.literal('listed'),
    zones: z
      .array(
        z.strictObject({
          id: Name,
          min_m: z.tuple([CoordinateM, CoordinateM]),
          max_m: z.tuple([CoordinateM, CoordinateM]),
        }),
      )
      .min(1)
      .max(500),
  }),
]);

const policySteps = z.array(z.enum(POLICY_STEPS)).max(8);

export const CellFile = z
  .strictObject({
    format: z.literal(CELL_FORMAT),
    name: Name,
    policy: z
      .enum(COORDINATION_POLICIES)
      .describe(
        'sequential: one arm moves at a time. zone-interlock: arms take zones before they enter them. greedy, magpie: ' +
          'arms pass each contested place one after the other',
      ),
    start: z
      .enum(['on-first-launch', 'by-command'])
      .describe(
        'on-first-launch: a cell without history starts by itself. After a restart a person always starts',
      ),
    clearance_m: LengthM.max(0.5).describe('Any two arms (links, tools, items) keep this distance'),
    approach_m: LengthM.max(2).describe(
      'Straight vertical approach and retreat above each pick and place point',
    ),
    dwell: z.strictObject({ grasp_s: DurationS, release_s: DurationS }),
    arms: z.array(Arm).min(1).max(32),
    containers: z.strictObject({ storage: Container, order: Container, induct: Container.optional() }),
    bins: z.array(Place).min(1).max(200).describe('Where storage totes stand'),
    stations: z.array(Place).min(1).max(200).describe('Where order totes stand'),
    inducts: z.array(Place).max(50).default([]).describe('Where totes with goods to be stowed stand'),
    table: z
      .strictObject({ size_m: SizeM, position_m: PointM })
      .optional()
      .describe('What everything stands on: a box, position is its centre'),
    fixtures: z.array(Fixture).max(500).default([]).describe('What else stands around; no arm may touch it'),
    zones: Zones,
    logistics: z.strictObject({
      shuttle_exchange_s: DurationS.describe('From asking for another storage tote until it stands there'),
      shuttle_parallel: z.int().min(1).max(64).describe('Exchanges under way at once'),
      tote_exchange_s: DurationS.describe("From a full order tote's leaving until the next one stands there"),
    }),
    exception_policies: z
      .partialRecord(z.enum(EXCEPTION_KINDS), policySteps)
      .default({})
      .describe('What is tried, in order, before a person is asked; kinds not named keep the usual steps'),
    deadlines: z.strictObject({
      accept_s: PositiveDurationS.describe('For an arm to accept or refuse a command'),
      motion_margin_s: PositiveDurationS.describe("Over a motion's nominal duration"),
      grip_s: PositiveDurationS.describe('For the tool to answer'),
      io_s: PositiveDurationS.describe('For shuttle, conveyor and sensors to answer'),
      plan_s: PositiveDurationS.describe('For the planner to answer'),
    }),
    planning: z.strictObject({
      iteration_cost_us: z
        .number()
        .gt(0)
        .max(100_000)
        .describe('Declared cost of one planner iteration in simulated time, us'),
    }),
    connections: Connections,
    plc: Plc.optional(),
    simulator: Simulator,
  })
  .refine(
    (cell) => !Array.isArray(cell.inducts) || cell.inducts.length === 0 || has(cell.containers, 'induct'),
    rule('is missing, but there are inducts', 'describe the induct totes, or remove inducts', [
      'containers',
      'induct',
    ]),
  )
  .meta({ id: 'MagpieCell', title: 'Magpie cell file' });
export type CellFile = z.infer<typeof CellFile>;
