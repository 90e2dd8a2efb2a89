import { z } from 'zod';
import { DurationS, LengthM, PositiveDurationS, RelativePath, Share } from './units.ts';

/** What the built-in simulator makes of the cell: how well its arms do, what stands in storage, which orders come. */

const Orders = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }).describe('Orders come from outside only'),
  z
    .strictObject({
      kind: z.literal('file'),
      file: RelativePath.describe('CSV file of order lines'),
      mapping: RelativePath.optional().describe('Column mapping, where the header is not a known one'),
      orders_per_hour: z.number().gt(0).max(100_000),
    })
    .describe('Orders of a file, one after the other'),
  z
    .strictObject({
      kind: z.literal('generated'),
      skus: z.int().min(1).max(20_000).describe('How many different goods there are'),
      units_per_sku: z.int().min(2).max(1_000).describe('Units of each in storage at the beginning'),
      orders_per_hour: z.number().gt(0).max(100_000),
      stows_per_hour: z.number().min(0).max(1_000).describe('Induct totes with goods to be stowed'),
      consolidations_per_hour: z.number().min(0).max(1_000).describe('Units moved between storage totes'),
    })
    .describe('Orders drawn without end, with goods coming in and moved now and then'),
]);

const PerHour = z.number().min(0).max(1_000);

const FaultRates = z
  .strictObject({
    stall_per_hour: PerHour,
    comms_lost_per_hour: PerHour,
    gripper_loss_per_hour: PerHour,
    protective_stop_per_hour: PerHour,
    slow_per_hour: PerHour,
    lasting_min_s: DurationS,
    lasting_max_s: DurationS,
  })
  .describe('How often equipment fails, per arm and hour');

export const Simulator = z.strictObject({
  seed: z.int().min(0).max(4_294_967_295).describe('The same seed gives the same run'),
  step_s: z.number().min(0.001).max(0.1).describe('Cycle of the simulated controllers in the arms'),
  sample_every_s: z.number().min(0.002).max(5).describe('How often arms report where they are'),
  tracking_lag_s: DurationS.max(1).describe('How far the measured position is behind the commanded one'),
  motion_lease_s: PositiveDurationS.max(60).describe('Without its controller an arm stops after this time'),
  protective_deceleration: z
    .number()
    .min(1)
    .max(20)
    .describe("Of a protective stop, in multiples of each joint's largest planned acceleration"),
  grasp_tolerance: z
    .strictObject({ horizontal_m: LengthM.max(0.2), vertical_m: LengthM.max(0.2) })
    .describe("How far off the centre of an item's top the suction cup still seals"),
  mass_noise: Share.describe('Standard deviation of the measured load, as a share of the true one'),
  induct_arrival_s: DurationS.describe('For an induct tote to come along the conveyor into its place'),
  exception_rates: z
    .strictObject({
      stock_short: Share.describe('Storage totes in which a unit is missing from the beginning'),
      missing_found: Share.describe('Missing units that a person who looks for them finds'),
      grasp_failed: Share.describe('Of grasps'),
      double_pick: Share.describe('Of grasps on a stack of two or more'),
      dropped: Share.describe('Of carried units'),
      place_blocked: Share.describe('Of releases'),
    })
    .describe('How often things go wrong with goods'),
  fault_rates: FaultRates.optional().describe('Without it, equipment does not fail by itself'),
  operator: z
    .strictObject({ answer_after_min_s: DurationS, answer_after_max_s: DurationS })
    .optional()
    .describe('The simulated person who answers exceptions; without it nobody does'),
  items: z
    .strictObject({ file: RelativePath.describe('Articles: BED-BPP JSON or magpie-items/1') })
    .describe('Sizes and masses of goods; the list is shrunk until its largest article fits tools and grids'),
  stock: z
    .strictObject({
      spare_share: Share.describe('Units beyond what the known orders need, as a share of it'),
      spare_units: z.int().min(0).max(10_000).describe('And at least so many'),
      container_mass_max_kg: z
        .number()
        .gt(0)
        .max(1_000)
        .optional()
        .describe('What one storage tote may hold'),
    })
    .describe('What stands in storage'),
  orders: Orders,
});
export type Simulator = z.infer<typeof Simulator>;
