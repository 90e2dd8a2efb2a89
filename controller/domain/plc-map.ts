/**
 * What a PLC's tags mean to the cell, as plain data: made by `config/` from a map file, read by `protocols/plc`.
 * Durations are whole microseconds, lengths metres.
 */

/** What happens to the cell when a permission is missing, as PackML names it. */
export const LOSS_RESPONSES = ['suspend', 'hold', 'stop', 'abort'] as const;
export type LossResponse = (typeof LOSS_RESPONSES)[number];

/** Inputs without which no arm may move. Their value is true when motion is permitted. */
export const PERMISSION_ROLES = [
  'guard-closed',
  'light-curtain-clear',
  'estop-chain-closed',
  'permission',
] as const;

/** Inputs that say how the floor does; a handshake looks at them, no arm is stopped by them. */
export const PROCESS_ROLES = [
  'conveyor-running',
  'tote-present',
  'tote-id',
  'lane-full',
  'person-distance',
] as const;

export const INPUT_ROLES = [...PERMISSION_ROLES, ...PROCESS_ROLES, 'information'] as const;
export type InputRole = (typeof INPUT_ROLES)[number];

export const TAG_TYPES = ['boolean', 'integer', 'number', 'text'] as const;
export type TagType = (typeof TAG_TYPES)[number];
export type TagValue = boolean | number | string;

/** Numbers as they lie in a payload that is neither JSON nor text. */
export const RAW_FORMS = [
  'uint8', 'int8', 'uint16-be', 'uint16-le', 'int16-be', 'int16-le', 'uint32-be', 'uint32-le', 'int32-be',
  'int32-le', 'float32-be', 'float32-le',
] as const; // prettier-ignore
export type RawForm = (typeof RAW_FORMS)[number];

export type TagAddress =
  | {
      readonly kind: 'mqtt';
      readonly topic: string;
      readonly decode:
        /** `pointer`: RFC 6901, into the payload; empty: the payload is the value. */
        | { readonly form: 'json'; readonly pointer: string }
        | { readonly form: 'text' }
        | {
            readonly form: 'raw';
            readonly as: RawForm;
            readonly byte: number;
            /** 0: the lowest; null: the whole number. */
            readonly bit: number | null;
          };
      /** Where the payload says how good its values are, and what it says then; null: it does not. */
      readonly quality: { readonly pointer: string; readonly good: readonly TagValue[] } | null;
      /** Where the payload has its running number, by which late and repeated messages are told; null: it has none. */
      readonly sequencePointer: string | null;
    }
  | {
      readonly kind: 'sparkplug';
      readonly group: string;
      readonly edge: string;
      readonly device: string | null;
      readonly metric: string;
    };

/** One value that a PLC says. */
export interface InputTag {
  readonly id: string;
  readonly address: TagAddress;
  readonly type: TagType;
  /** Payload values that mean true and false, where they are not booleans or 0 and 1. */
  readonly words: { readonly on: readonly TagValue[]; readonly off: readonly TagValue[] } | null;
  readonly invert: boolean;
  /** Value of the cell = payload value x scale + offset. */
  readonly scale: number;
  readonly offset: number;
  /** Outside of it a number is not believed; null: any finite number is. */
  readonly range: { readonly min: number; readonly max: number } | null;
  /** How long a new value has to stand before it counts, us; of booleans, towards true and towards false. */
  readonly debounce: { readonly onUs: number; readonly offUs: number };
  /** Changes in a second beyond which the input is not believed; null: no limit. */
  readonly changesPerSMax: number | null;
  /** Silence after which the value is not believed any more, us, by the receiver's clock. */
  readonly staleUs: number;
  /** What counts while the value is not to be believed. */
  readonly safe: TagValue;
}

export interface CellInput extends InputTag {
  readonly role: InputRole;
  /** Permissions: what their loss does; null for all others. */
  readonly onLoss: LossResponse | null;
  /** Process inputs that belong to one place; null: to the whole map. */
  readonly placeId: string | null;
}

/** Where a value is written. Outputs of one topic with pointers make one JSON object. */
export type TagSinkAddress =
  | {
      readonly kind: 'mqtt';
      readonly topic: string;
      readonly encode: { readonly form: 'json'; readonly pointer: string } | { readonly form: 'text' };
    }
  | Extract<TagAddress, { kind: 'sparkplug' }>;

/** What the cell tells a PLC of itself. */
export const OUTPUT_ROLES = [
  'light-green',
  'light-amber',
  'light-red',
  'light-blue',
  'buzzer',
  'cell-running',
  'cell-ready',
  'state-number',
  'state-text',
] as const;
export type OutputRole = (typeof OUTPUT_ROLES)[number];

export interface CellOutput {
  readonly id: string;
  readonly role: OutputRole;
  readonly address: TagSinkAddress;
  readonly invert: boolean;
}

export const HANDSHAKE_PROFILES = ['level', 'edge'] as const;
export type HandshakeProfile = (typeof HANDSHAKE_PROFILES)[number];

/**
 * A dialogue of request, busy, done and fault about totes. `level`: a signal stands until the other side has seen
 * it, and both return to rest. `edge`: a new sequence number is the request, its echo with done or fault the answer.
 */
export interface Handshake {
  readonly id: string;
  readonly profile: HandshakeProfile;
  /** Places it serves, by the number under which the PLC knows them. */
  readonly places: Readonly<Record<string, number>>;
  readonly toPlc: {
    readonly request: TagSinkAddress | null;
    readonly sequence: TagSinkAddress;
    /** 1: take the tote away; 2: bring an empty one (after taking away what stands there). */
    readonly action: TagSinkAddress;
    readonly place: TagSinkAddress;
    readonly tote: TagSinkAddress;
  };
  readonly fromPlc: {
    readonly busy: InputTag;
    readonly done: InputTag;
    readonly fault: InputTag;
    readonly sequence: InputTag;
    readonly faultCode: InputTag | null;
    /** Which tote the PLC's scanner read; null: it has none. */
    readonly tote: InputTag | null;
  };
  readonly timeouts: {
    /** From the request to busy, us. */
    readonly busyUs: number;
    /** From busy to done or fault, us. */
    readonly doneUs: number;
    /** From the end of the request until busy, done and fault are low again, us. */
    readonly clearUs: number;
  };
}

export interface PlcHeartbeat {
  readonly fromPlc: InputTag;
  readonly onLoss: LossResponse;
  /** Largest step of a counter that is no restart of the PLC; null: any change is life. */
  readonly stepMax: number | null;
  readonly toPlc: { readonly address: TagSinkAddress; readonly everyUs: number } | null;
}

/** A zone that arms share with a PLC's machine or a person. */
export interface SharedZone {
  readonly id: string;
  readonly claimant: 'plc' | 'person';
  /** Arms that can reach into it: they are parked before it is given away. */
  readonly arms: readonly string[];
  readonly request: InputTag;
  /** The PLC has seen the grant, and its machine or gate acts on it. */
  readonly acknowledge: InputTag;
  readonly granted: TagSinkAddress;
}

/** Terms of the protective separation distance; see `separation.ts` of `protocols/plc`. */
export interface SeparationTerms {
  /** Speed of the person towards the arms, m/s. */
  readonly personMPerS: number;
  /** Speed of the arms towards the person, m/s. */
  readonly armMPerS: number;
  readonly reactionS: number;
  readonly stoppingS: number;
  /** How far a body part may intrude before it is noticed, m. */
  readonly intrusionM: number;
  readonly personUncertaintyM: number;
  readonly armUncertaintyM: number;
}

export interface Separation {
  /** The input that measures the distance between person and arms, m. */
  readonly inputId: string;
  readonly terms: SeparationTerms;
  /** More than the separation distance by so much gives the permission back, m. */
  readonly hysteresisM: number;
  readonly onLoss: LossResponse;
}

export interface PlcMap {
  readonly name: string;
  readonly inputs: readonly CellInput[];
  readonly outputs: readonly CellOutput[];
  readonly handshakes: readonly Handshake[];
  readonly heartbeat: PlcHeartbeat | null;
  readonly zones: readonly SharedZone[];
  readonly separation: Separation | null;
}

/** Every input of a map, also those of handshakes, heartbeat and zones, under ids that do not meet. */
export function allInputs(map: PlcMap): readonly InputTag[] {
  return [
    ...map.inputs,
    ...map.handshakes.flatMap(({ fromPlc: { busy, done, fault, sequence, faultCode, tote } }) =>
      [busy, done, fault, sequence, faultCode, tote].filter((input) => input !== null),
    ),
    ...(map.heartbeat === null ? [] : [map.heartbeat.fromPlc]),
    ...map.zones.flatMap(({ request, acknowledge }) => [request, acknowledge]),
  ];
}
