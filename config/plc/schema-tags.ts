import { z } from 'zod';
import {
  INPUT_ROLES,
  LOSS_RESPONSES,
  OUTPUT_ROLES,
  RAW_FORMS,
  TAG_TYPES,
} from '../../controller/domain/plc-map.ts';
import { Name } from '../units.ts';

/** One value of a PLC, in a map file: where it comes from or goes to, and what it means. */

const Topic = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^+#\0$][^+#\0]*$/, 'one topic: without the wildcards + and #, not beginning with $');
const SparkplugName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^+#/\0]+$/, 'a Sparkplug id: without + # and /');
const Pointer = z
  .string()
  .max(512)
  .regex(/^(\/([^~/]|~[01])*)*$/, 'a JSON pointer like /guard/closed, or "" for the payload itself');
const Scalar = z.union([z.boolean(), z.number(), z.string().max(128)]);

const sparkplug = {
  group: SparkplugName,
  edge: SparkplugName,
  device: SparkplugName.optional().describe('Without it, a metric of the edge node itself'),
  metric: z.string().min(1).max(512),
};

const Quality = z
  .strictObject({ pointer: Pointer, good: z.array(Scalar).min(1).max(16) })
  .describe('Where the payload says how good its values are, and what it says when they are');

const Raw = z
  .strictObject({
    as: z.enum(RAW_FORMS),
    byte: z.int().min(0).max(65_535).default(0).describe('Where the number begins'),
    bit: z.int().min(0).max(31).optional().describe('One bit of it, 0 is the lowest; without it, the number'),
  })
  .describe('A payload of bytes');

export const TagSource = z
  .union([
    z.strictObject({
      topic: Topic,
      pointer: Pointer.optional().describe('The payload is JSON: where in it the value stands'),
      text: z.literal(true).optional().describe('The payload is the value as plain text'),
      raw: Raw.optional(),
      quality: Quality.optional(),
      sequence: Pointer.optional().describe(
        'Where the payload has its running number: late messages are told by it',
      ),
    }),
    z.strictObject({ sparkplug: z.strictObject(sparkplug) }),
  ])
  .describe('An MQTT topic or a Sparkplug metric');
export type TagSource = z.infer<typeof TagSource>;

export const TagSink = z
  .union([
    z.strictObject({
      topic: Topic,
      pointer: Pointer.optional().describe(
        'Where in the JSON of this topic; outputs of one topic make one object',
      ),
      text: z.literal(true).optional().describe('The payload is the value as plain text'),
    }),
    z.strictObject({ sparkplug: z.strictObject(sparkplug) }),
  ])
  .describe('An MQTT topic or a Sparkplug metric');
export type TagSink = z.infer<typeof TagSink>;

const Seconds = z.number().gt(0).max(3_600);
const ShortSeconds = z.number().min(0).max(10);

/** Units that a map may use, by what a number of the cell is measured in. */
export const UNITS = {
  m: { of: 'length', scale: 1 },
  cm: { of: 'length', scale: 0.01 },
  mm: { of: 'length', scale: 0.001 },
  kg: { of: 'mass', scale: 1 },
  g: { of: 'mass', scale: 0.001 },
  s: { of: 'time', scale: 1 },
  ms: { of: 'time', scale: 0.001 },
  'm/s': { of: 'speed', scale: 1 },
  'mm/s': { of: 'speed', scale: 0.001 },
  'm/min': { of: 'speed', scale: 1 / 60 },
  '%': { of: 'share', scale: 0.01 },
  '1': { of: 'share', scale: 1 },
} as const;
export type Unit = keyof typeof UNITS;

/** What every value from a PLC may say of itself. */
const reading = {
  source: TagSource,
  type: z.enum(TAG_TYPES).default('boolean').describe('What the payload holds'),
  on: z.array(Scalar).min(1).max(16).optional().describe('Payload values that mean true'),
  off: z.array(Scalar).min(1).max(16).optional().describe('Payload values that mean false'),
  invert: z.boolean().default(false).describe('A boolean whose sense is the other way round in the PLC'),
  unit: z
    .enum(Object.keys(UNITS) as [Unit, ...Unit[]])
    .optional()
    .describe('In which the PLC counts; converted'),
  scale: z
    .number()
    .optional()
    .describe('Value of the cell = payload value x scale + offset, before the unit'),
  offset: z.number().optional(),
  min: z
    .number()
    .optional()
    .describe('Below it, in the unit of the cell (m, kg, s), a number is not believed'),
  max: z.number().optional().describe('Above it, in the unit of the cell, a number is not believed'),
  debounce: z
    .strictObject({
      on_s: ShortSeconds.default(0).describe('How long true (or another value) has to stand'),
      off_s: ShortSeconds.default(0).describe('How long false has to stand'),
    })
    .optional(),
  changes_per_s_max: z.int().min(1).max(1_000).optional().describe('More changes than this are not believed'),
  stale_s: Seconds.optional().describe(
    'Silence after which the value is not believed; by the clock of the controller',
  ),
  safe: Scalar.optional().describe('What counts while the value is not to be believed'),
};

/** A value without a role of its own: of a handshake, a heartbeat, a zone. */
export const Reading = z.strictObject(reading);
export type Reading = z.infer<typeof Reading>;

export const Input = z.strictObject({
  id: Name,
  role: z
    .enum(INPUT_ROLES)
    .describe(
      'What it means; guard-closed, light-curtain-clear, estop-chain-closed and permission let arms move',
    ),
  ...reading,
  on_loss: z
    .enum(LOSS_RESPONSES)
    .optional()
    .describe('Permissions: what their loss does. Default: hold; abort for the emergency-stop chain'),
  place: Name.optional().describe('The place it is about; without it, the whole map'),
});
export type Input = z.infer<typeof Input>;

export const Output = z.strictObject({
  id: Name,
  role: z.enum(OUTPUT_ROLES),
  sink: TagSink,
  invert: z.boolean().default(false),
});
export type Output = z.infer<typeof Output>;
