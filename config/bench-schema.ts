import { z } from 'zod';
import { DurationS, JointValue, LengthM, Name, PointM, QuaternionXyzw, SizeM } from './units.ts';

/** The format of benchmark cells: a layout and all tasks, known at time 0, as points in the world. */
export const BENCH_FORMAT = 'magpie-bench-cell/1';

const six = <T extends z.ZodType>(value: T) => z.tuple([value, value, value, value, value, value]);
const Positive = z.number().gt(0).max(1_000);

const BenchManipulator = z.strictObject({
  source: z.string().max(2_000),
  dh: z
    .strictObject({
      a_m: six(z.number().min(-5).max(5)),
      d_m: six(z.number().min(-5).max(5)),
      alpha_rad: six(z.number().min(-4).max(4)),
    })
    .describe('Denavit-Hartenberg parameters'),
  position_max_rad: six(Positive),
  velocity_max_rad_per_s: six(Positive),
  acceleration_max_rad_per_s2: six(Positive),
  jerk_max_rad_per_s3: six(Positive),
  tool: z.strictObject({ kind: z.literal('suction'), length_m: LengthM, radius_m: LengthM }),
});
export type BenchManipulator = z.infer<typeof BenchManipulator>;

const posed = { position_m: PointM, quaternion_xyzw: QuaternionXyzw };
const BenchPlace = z.strictObject({ id: Name, position_m: PointM, inner_size_m: SizeM });

export const BenchCellFile = z
  .strictObject({
    format: z.literal(BENCH_FORMAT),
    name: Name,
    note: z.string().max(10_000).optional(),
    manipulators: z.record(Name, BenchManipulator),
    clearance_min_m: LengthM.max(0.5),
    approach_m: LengthM.max(2),
    dwell_s: z.strictObject({ grasp: DurationS, release: DurationS }),
    arms: z
      .array(
        z.strictObject({
          id: Name,
          manipulator: Name,
          base: z.strictObject(posed),
          home_rad: six(JointValue),
        }),
      )
      .min(1)
      .max(64),
    bins: z.array(BenchPlace).max(500),
    totes: z.array(BenchPlace).max(500),
    obstacles: z
      .array(
        z.discriminatedUnion('type', [
          z.strictObject({ id: Name, type: z.literal('box'), size_m: SizeM, ...posed }),
          z.strictObject({ id: Name, type: z.literal('sphere'), radius_m: LengthM, ...posed }),
          z.strictObject({
            id: Name,
            type: z.literal('cylinder'),
            radius_m: LengthM,
            length_m: LengthM,
            ...posed,
          }),
        ]),
      )
      .max(5_000),
    tasks: z
      .array(
        z.strictObject({
          id: Name,
          kind: z.enum(['pick', 'stow', 'consolidate']),
          from: Name,
          to: Name,
          pick_m: PointM,
          place_m: PointM,
          item_size_m: SizeM,
          item_mass_kg: z.number().gt(0).max(100),
          reachable_by: z.array(Name).max(64),
        }),
      )
      .max(20_000),
  })
  .meta({ id: 'MagpieBenchCell' });
export type BenchCellFile = z.infer<typeof BenchCellFile>;
