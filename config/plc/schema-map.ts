import { z } from 'zod';
import { HANDSHAKE_PROFILES, LOSS_RESPONSES } from '../../controller/domain/plc-map.ts';
import { LengthM, Name } from '../units.ts';
import { Input, Output, Reading, TagSink } from './schema-tags.ts';

/** What a map file begins with. */
export const PLC_MAP_FORMAT = 'magpie-plc-map/1';

const Seconds = z.number().gt(0).max(3_600);
const SpeedMPerS = z.number().min(0).max(20);
const ShortS = z.number().min(0).max(10);

const Handshake = z.strictObject({
  id: Name,
  profile: z
    .enum(HANDSHAKE_PROFILES)
    .describe(
      'level: a signal stands until the other side has seen it. edge: a new sequence number is the request, its echo ' +
        'the answer',
    ),
  places: z
    .record(Name, z.int().min(0).max(65_535))
    .describe('Places it serves, by the number under which the PLC knows them'),
  to_plc: z.strictObject({
    request: TagSink.optional().describe('Profile level: high from the request until done or fault was seen'),
    sequence: TagSink.describe('1 to 65535, then 1 again; another number is another request'),
    action: TagSink.describe('1: take the tote away, 2: bring an empty one'),
    place: TagSink,
    tote: TagSink.describe('Name under which the tote that comes is known'),
  }),
  from_plc: z.strictObject({
    busy: Reading,
    done: Reading,
    fault: Reading,
    sequence: Reading.describe('The number of the request that the other signals are about'),
    fault_code: Reading.optional(),
    tote: Reading.optional().describe('Which tote a scanner read'),
  }),
  timeouts: z.strictObject({
    busy_s: Seconds.describe('From the request to busy'),
    done_s: Seconds.describe('From busy to done or fault'),
    clear_s: Seconds.describe('Until busy, done and fault are low again'),
  }),
});

const Heartbeat = z.strictObject({
  from_plc: Reading.describe('A counter or a toggle; every change is a sign of life'),
  on_loss: z.enum(LOSS_RESPONSES).default('hold'),
  step_max: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('A counter: a larger step means that the PLC was started anew'),
  to_plc: z
    .strictObject({ sink: TagSink, every_s: z.number().min(0.02).max(60) })
    .optional()
    .describe('A counter that the controller advances, for the PLC to watch'),
});

const SharedZone = z.strictObject({
  id: Name,
  claimant: z.enum(['plc', 'person']),
  arms: z
    .array(Name)
    .min(1)
    .max(32)
    .describe('Arms that can reach into it; they are parked before it is given away'),
  request: Reading,
  acknowledge: Reading.describe('The PLC has seen that the zone was granted'),
  granted: TagSink,
});

const Separation = z
  .strictObject({
    distance: Name.describe('The input that measures the distance between person and arms'),
    person_m_per_s: SpeedMPerS.describe('Speed of the person towards the arms'),
    arm_m_per_s: SpeedMPerS.describe('Speed of the arms towards the person'),
    reaction_s: ShortS.describe('From the measurement until the arms begin to stop'),
    stopping_s: ShortS.describe('From there until they stand'),
    intrusion_m: z.number().min(0).max(5).describe('How far a body part may intrude before it is noticed'),
    person_uncertainty_m: z.number().min(0).max(5),
    arm_uncertainty_m: z.number().min(0).max(5),
    hysteresis_m: LengthM.max(5).describe(
      'More than the separation distance by so much counts as clear again',
    ),
    on_loss: z.enum(LOSS_RESPONSES).default('hold'),
  })
  .describe('Speed and separation after ISO 10218-2:2025; a calculation, not a safety function');

export const PlcMapFile = z
  .strictObject({
    format: z.literal(PLC_MAP_FORMAT),
    name: Name.describe('Of the PLC; its permissions and zones are known as NAME.ID'),
    stale_s: Seconds.default(2).describe(
      'Silence after which a value is not believed, where an input does not say',
    ),
    inputs: z.array(Input).max(1_000).default([]),
    outputs: z.array(Output).max(200).default([]),
    heartbeat: Heartbeat.optional(),
    handshakes: z.array(Handshake).max(50).default([]),
    zones: z.array(SharedZone).max(50).default([]),
    separation: Separation.optional(),
  })
  .meta({ id: 'MagpiePlcMap', title: 'Magpie PLC map' });
export type PlcMapFile = z.infer<typeof PlcMapFile>;

/** JSON Schema (draft 2020-12) of a map file, for editors; docs/plc-map.schema.json is this, printed. */
export function plcMapSchema(): object {
  return {
    $comment: 'Made from config/plc/schema-map.ts; do not edit.',
    ...z.toJSONSchema(PlcMapFile, { io: 'input' }),
  };
}
