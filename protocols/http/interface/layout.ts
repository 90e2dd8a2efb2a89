import { z } from 'zod';

/**
 * The cell as it is built, for showing: fixed while the service runs. World frame W has z up; lengths in metres,
 * joint values in rad (m for prismatic joints), quaternions x, y, z, w.
 */

const Vec3 = z.tuple([z.number(), z.number(), z.number()]);

export const PoseBody = z.object({
  positionM: Vec3,
  quaternionXyzw: z.tuple([z.number(), z.number(), z.number(), z.number()]),
});

const ShapeBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('box'), sizeM: Vec3 }),
  z.object({ type: z.literal('sphere'), radiusM: z.number() }),
  z.object({ type: z.literal('cylinder'), radiusM: z.number(), lengthM: z.number() }),
  z.object({
    type: z.literal('capsule'),
    radiusM: z.number(),
    lengthM: z.number().describe('Without the two caps'),
  }),
]);
export type ShapeBody = z.infer<typeof ShapeBody>;

const Segment = z.object({ p: Vec3, q: Vec3, radiusM: z.number() });

export const ArmLayout = z.object({
  id: z.string(),
  manipulator: z.string().describe('Name of its description: GET /api/v1/manipulators/{name}.urdf'),
  X_WB: PoseBody.describe('Base in the world'),
  joints: z.array(
    z.object({
      name: z.string().describe('As in the URDF'),
      kind: z.enum(['revolute', 'continuous', 'prismatic']),
      X_PJ: PoseBody.describe('Joint frame at position 0 in the frame before it'),
      axis: Vec3,
      lower: z.number(),
      upper: z.number(),
    }),
  ),
  X_JF: PoseBody.describe('Flange in the frame of the last joint'),
  linkCapsules: z
    .array(Segment.extend({ joint: z.int().describe('Index of the joint that moves it; -1: the base') }))
    .describe('Collision geometry; shown where the description has none of its own'),
  tool: z.object({
    name: z.string(),
    kind: z.enum(['suction', 'gripper']),
    X_FT: PoseBody.describe('Tool tip in the flange frame; z points out of the tool'),
    capsules: z.array(Segment).describe('In the flange frame'),
  }),
  park: z.array(z.number()).describe('Joint values of the resting pose'),
});
export type ArmLayout = z.infer<typeof ArmLayout>;

export const CellLayout = z.object({
  cell: z.string(),
  clearanceM: z.number(),
  arms: z.array(ArmLayout),
  places: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['bin', 'station', 'induct']),
      positionM: Vec3.describe('Centre of the inner floor'),
      innerSizeM: Vec3,
      grid: z.tuple([z.int(), z.int()]).describe('Cells of the item grid along x and y'),
    }),
  ),
  obstacles: z.array(z.object({ id: z.string(), shape: ShapeBody, X_WO: PoseBody })),
  zones: z.array(
    z.object({
      id: z.string(),
      minM: z.tuple([z.number(), z.number()]),
      maxM: z.tuple([z.number(), z.number()]),
    }),
  ),
});
export type CellLayout = z.infer<typeof CellLayout>;
export type PlaceLayout = CellLayout['places'][number];
export type PoseBody = z.infer<typeof PoseBody>;
