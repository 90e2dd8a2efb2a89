import type {
  CellInput,
  CellOutput,
  Handshake,
  InputTag,
  LossResponse,
  PlcMap,
  SharedZone,
  TagAddress,
  TagSinkAddress,
  TagType,
  TagValue,
} from '../../controller/domain/plc-map.ts';
import { PERMISSION_ROLES } from '../../controller/domain/plc-map.ts';
import { microseconds } from '../settings.ts';
import type { PlcMapFile } from './schema-map.ts';
import { UNITS } from './schema-tags.ts';
import type { Input, Output, Reading, TagSink, TagSource } from './schema-tags.ts';

/** The model of a valid map file: durations in microseconds, units converted, every absence explicit. */
export function plcMapOf(file: PlcMapFile): PlcMap {
  const read = (id: string, reading: Reading, type: TagType = reading.type): InputTag =>
    inputTag(id, { ...reading, type }, file.stale_s);
  const heartbeat = file.heartbeat;
  const separation = file.separation;
  return {
    name: file.name,
    inputs: file.inputs.map((input) => cellInput(input, file.stale_s)),
    outputs: file.outputs.map(cellOutput),
    handshakes: file.handshakes.map((handshake) => handshakeOf(handshake, read)),
    heartbeat:
      heartbeat === undefined
        ? null
        : {
            fromPlc: read('heartbeat', heartbeat.from_plc),
            onLoss: heartbeat.on_loss,
            stepMax: heartbeat.step_max ?? null,
            toPlc:
              heartbeat.to_plc === undefined
                ? null
                : {
                    address: sinkAddress(heartbeat.to_plc.sink),
                    everyUs: microseconds(heartbeat.to_plc.every_s),
                  },
          },
    zones: file.zones.map((zone): SharedZone => ({
      id: zone.id,
      claimant: zone.claimant,
      arms: zone.arms,
      request: read(`${zone.id}.request`, zone.request),
      acknowledge: read(`${zone.id}.acknowledge`, zone.acknowledge),
      granted: sinkAddress(zone.granted),
    })),
    separation:
      separation === undefined
        ? null
        : {
            inputId: separation.distance,
            terms: {
              personMPerS: separation.person_m_per_s,
              armMPerS: separation.arm_m_per_s,
              reactionS: separation.reaction_s,
              stoppingS: separation.stopping_s,
              intrusionM: separation.intrusion_m,
              personUncertaintyM: separation.person_uncertainty_m,
              armUncertaintyM: separation.arm_uncertainty_m,
            },
            hysteresisM: separation.hysteresis_m,
            onLoss: separation.on_loss,
          },
  };
}

type Read = (id: string, reading: Reading, type?: TagType) => InputTag;

function handshakeOf(file: PlcMapFile['handshakes'][number], read: Read): Handshake {
  const { id, from_plc: from, to_plc: to, timeouts } = file;
  return {
    id,
    profile: file.profile,
    places: file.places,
    toPlc: {
      request: to.request === undefined ? null : sinkAddress(to.request),
      sequence: sinkAddress(to.sequence),
      action: sinkAddress(to.action),
      place: sinkAddress(to.place),
      tote: sinkAddress(to.tote),
    },
    fromPlc: {
      busy: read(`${id}.busy`, from.busy),
      done: read(`${id}.done`, from.done),
      fault: read(`${id}.fault`, from.fault),
      sequence: read(`${id}.sequence`, from.sequence, 'integer'),
      faultCode: from.fault_code === undefined ? null : read(`${id}.fault_code`, from.fault_code),
      tote: from.tote === undefined ? null : read(`${id}.tote`, from.tote, 'text'),
    },
    timeouts: {
      busyUs: microseconds(timeouts.busy_s),
      doneUs: microseconds(timeouts.done_s),
      clearUs: microseconds(timeouts.clear_s),
    },
  };
}

const SAFE: Readonly<Record<TagType, TagValue>> = { boolean: false, integer: 0, number: 0, text: '' };

function inputTag(id: string, reading: Reading, defaultStaleS: number): InputTag {
  const unit = reading.unit === undefined ? 1 : UNITS[reading.unit].scale;
  const { min, max } = reading;
  return {
    id,
    address: sourceAddress(reading.source),
    type: reading.type,
    words:
      reading.on === undefined && reading.off === undefined
        ? null
        : { on: reading.on ?? [], off: reading.off ?? [] },
    invert: reading.invert,
    scale: (reading.scale ?? 1) * unit,
    offset: (reading.offset ?? 0) * unit,
    range: min === undefined && max === undefined ? null : { min: min ?? -1e308, max: max ?? 1e308 },
    debounce: {
      onUs: microseconds(reading.debounce?.on_s ?? 0),
      offUs: microseconds(reading.debounce?.off_s ?? 0),
    },
    changesPerSMax: reading.changes_per_s_max ?? null,
    staleUs: microseconds(reading.stale_s ?? defaultStaleS),
    safe: reading.safe ?? SAFE[reading.type],
  };
}

function cellInput(input: Input, defaultStaleS: number): CellInput {
  return {
    ...inputTag(input.id, input, defaultStaleS),
    role: input.role,
    onLoss: lossOf(input),
    placeId: input.place ?? null,
  };
}

/** What the loss of a permission does; null for what is none. */
function lossOf(input: Input): LossResponse | null {
  if (!(PERMISSION_ROLES as readonly string[]).includes(input.role)) return null;
  return input.on_loss ?? (input.role === 'estop-chain-closed' ? 'abort' : 'hold');
}

function cellOutput(output: Output): CellOutput {
  return { id: output.id, role: output.role, address: sinkAddress(output.sink), invert: output.invert };
}

function sourceAddress(source: TagSource): TagAddress {
  if ('sparkplug' in source) return sparkplugAddress(source.sparkplug);
  return {
    kind: 'mqtt',
    topic: source.topic,
    decode:
      source.raw !== undefined
        ? { form: 'raw', as: source.raw.as, byte: source.raw.byte, bit: source.raw.bit ?? null }
        : source.text === true
          ? { form: 'text' }
          : { form: 'json', pointer: source.pointer ?? '' },
    quality: source.quality ?? null,
    sequencePointer: source.sequence ?? null,
  };
}

function sinkAddress(sink: TagSink): TagSinkAddress {
  if ('sparkplug' in sink) return sparkplugAddress(sink.sparkplug);
  return {
    kind: 'mqtt',
    topic: sink.topic,
    encode: sink.text === true ? { form: 'text' } : { form: 'json', pointer: sink.pointer ?? '' },
  };
}

function sparkplugAddress(named: {
  readonly group: string;
  readonly edge: string;
  readonly device?: string | undefined;
  readonly metric: string;
}): Extract<TagAddress, { kind: 'sparkplug' }> {
  const { group, edge, device, metric } = named;
  return { kind: 'sparkplug', group, edge, device: device ?? null, metric };
}
