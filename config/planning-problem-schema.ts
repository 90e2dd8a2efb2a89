import { z } from 'zod';
import { JointValue, LengthM, PointM, QuaternionXyzw, SizeM } from './units.ts';

/** The format of planning problems: several arms, each from a start to a goal, among obstacles. */
export const PLANNING_PROBLEM_FORMAT = 'magpie-planning-problem/1';

/** More arms than one plan holds. */
const ARMS_MAX = 16;

const posed = { position_m: PointM, quaternion_xyzw: QuaternionXyzw };
const Label = z.string().min(1).max(200);
const Positions = z.array(JointValue).min(4).max(7).describe('one position per joint, rad or m');

/** Fields beyond these are kept out of the way of whoever annotates problems: they are reported, not refused. */
export const PlanningProblemFile = z
  .looseObject({
    format: z.literal(PLANNING_PROBLEM_FORMAT),
    name: Label,
    arms: z
      .array(
        z.looseObject({
          id: Label,
          manipulator: z
            .string()
            .min(1)
            .max(1_024)
            .describe('franka-panda, ur5e, ur10e, or a path of a URDF relative to this file'),
          base: z.looseObject(posed),
          start_rad: Positions,
          goal_rad: Positions,
        }),
      )
      .min(1)
      .max(ARMS_MAX),
    obstacles: z
      .array(
        z.discriminatedUnion('type', [
          z.looseObject({ id: Label.optional(), type: z.literal('box'), size_m: SizeM, ...posed }),
          z.looseObject({ id: Label.optional(), type: z.literal('sphere'), radius_m: LengthM, ...posed }),
          z.looseObject({
            id: Label.optional(),
            type: z.literal('cylinder'),
            radius_m: LengthM,
            length_m: LengthM,
            ...posed,
          }),
        ]),
      )
      .max(5_000),
    clearance_min_m: z.number().min(0).max(0.5).describe('least distance between two arms in metres'),
  })
  .meta({ id: 'MagpiePlanningProblem' });
export type PlanningProblemFile = z.infer<typeof PlanningProblemFile>;
