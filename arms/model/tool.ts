import { z } from 'zod';
import { quaternionFromRpy } from '../geometry/transform.ts';
import { addSchemaFaults } from './extension.ts';
import { FaultList } from './fault.ts';
import type { ModelFault } from './fault.ts';
import type { Tool } from './manipulator.ts';

/** A tool together with where its figures come from. */
export interface ToolDescription extends Tool {
  readonly source: string;
}

const LengthM = z.number().min(-5).max(5);
const Point = z.tuple([LengthM, LengthM, LengthM]);
const AngleDeg = z.number().min(-360).max(360);

/** A tool file (`config/tools/*.yaml`) as it stands: lengths in metres in the flange frame, z out of the flange. */
const ToolFile = z.strictObject({
  format: z.literal('magpie-tool/1'),
  name: z.string().min(1).max(64),
  kind: z.enum(['suction', 'gripper']),
  source: z.string().trim().min(3).max(2000),
  /** Tool tip in the flange frame; z of the tip points towards the item. */
  tip: z.strictObject({ position_m: Point, rpy_deg: z.tuple([AngleDeg, AngleDeg, AngleDeg]).optional() }),
  capsules: z
    .array(z.strictObject({ from_m: Point, to_m: Point, radius_m: z.number().gt(0).max(1) }))
    .max(32),
  mass_kg: z.number().min(0).max(200),
  payload_max_kg: z.number().gt(0).max(2000),
});

export type ToolResult =
  | { readonly status: 'parsed'; readonly tool: ToolDescription }
  | { readonly status: 'refused'; readonly faults: readonly ModelFault[] };

/** Checks what was read from a tool file. All faults come together, each with the field's path. */
export function parseToolDescription(data: unknown): ToolResult {
  const faults = new FaultList('tool');
  const parsed = ToolFile.safeParse(data);
  if (!parsed.success) {
    addSchemaFaults(parsed.error, data, faults);
    return { status: 'refused', faults: faults.faults };
  }
  const file = parsed.data;
  const [roll, pitch, yaw] = (file.tip.rpy_deg ?? [0, 0, 0]).map((degrees) => (degrees * Math.PI) / 180);
  return {
    status: 'parsed',
    tool: {
      name: file.name,
      kind: file.kind,
      X_FT: { positionM: file.tip.position_m, quaternionXyzw: quaternionFromRpy(roll, pitch, yaw) },
      capsules: file.capsules.map((capsule) => ({
        p: capsule.from_m,
        q: capsule.to_m,
        radiusM: capsule.radius_m,
      })),
      massKg: file.mass_kg,
      payloadMaxKg: file.payload_max_kg,
      source: file.source,
    },
  };
}

/**
 * A suction tool known by its outer dimensions only: a tube on the flange axis whose rounded end closes at the tip.
 * `lengthM` from flange to tip, above `radiusM`.
 */
export function suctionTube(dimensions: {
  readonly name: string;
  readonly lengthM: number;
  readonly radiusM: number;
  readonly massKg: number;
  readonly payloadMaxKg: number;
  readonly source: string;
}): ToolDescription {
  const { name, lengthM, radiusM, massKg, payloadMaxKg, source } = dimensions;
  return {
    name,
    kind: 'suction',
    X_FT: { positionM: [0, 0, lengthM], quaternionXyzw: [0, 0, 0, 1] },
    capsules: [{ p: [0, 0, 0], q: [0, 0, lengthM - radiusM], radiusM }],
    massKg,
    payloadMaxKg,
    source,
  };
}

/** No tool: the tip is the flange itself. For arms whose description already holds all that hangs on them. */
export function bareFlange(payloadMaxKg: number, source: string): ToolDescription {
  return {
    name: 'bare-flange',
    kind: 'gripper',
    X_FT: { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] },
    capsules: [],
    massKg: 0,
    payloadMaxKg,
    source,
  };
}
