import { plcId } from '../../controller/domain/permission.ts';
import type { PlcMap, TagSinkAddress, TagValue } from '../../controller/domain/plc-map.ts';
import type { PlcEvent } from '../../controller/ports.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';
import { HandshakeDriver } from './handshake-driver.ts';
import type { Violation } from './handshake-driver.ts';
import { outputValue } from './light.ts';
import type { LitView } from './light.ts';
import { OutputDesk } from './output-desk.ts';
import type { Publish } from './output-desk.ts';
import { PermissionDesk } from './permission-desk.ts';
import { TagPipeline } from './tag-pipeline.ts';
import type { TagSource } from './tag-source.ts';

/** Our counter begins anew after this, as a 16-bit word of a PLC does. */
const HEARTBEAT_ROUND = 65_536;

/** One PLC, as the controller sees it: deterministic, with messages and instants coming in as arguments. */
export class PlcUnit {
  readonly map: PlcMap;
  readonly pipeline: TagPipeline;
  readonly desk: PermissionDesk;
  readonly handshakes: readonly HandshakeDriver[];
  readonly #outputs = new OutputDesk();
  readonly #source: TagSource | null;
  readonly #written = new Map<string, TagValue>();
  readonly #granted = new Map<string, boolean>();
  #beat = 0;
  #beatDueUs = 0;

  constructor(map: PlcMap, source: TagSource | null, onViolation: (violation: Violation) => void) {
    this.map = map;
    this.#source = source;
    this.pipeline = new TagPipeline(map);
    this.desk = new PermissionDesk(map, this.pipeline);
    this.handshakes = map.handshakes.map(
      (handshake) => new HandshakeDriver(map, handshake, this.pipeline, onViolation),
    );
    for (const zone of map.zones) this.#granted.set(zone.id, false);
  }

  /** What changed for the core; carries the handshakes on. */
  advance(nowUs: number): readonly PlcEvent[] {
    if (this.#source !== null) this.pipeline.poll(this.#source, nowUs);
    const events = this.desk.take(nowUs);
    const plc = this.desk.isAlive(nowUs) ? 'alive' : 'silent';
    for (const handshake of this.handshakes) handshake.advance(nowUs, plc);
    return events;
  }

  grantZone(zoneId: string, granted: boolean): void {
    for (const zone of this.map.zones) {
      if (plcId(this.map, zone.id) === zoneId) this.#granted.set(zone.id, granted);
    }
  }

  /** Writes what the PLC is to know: handshakes, zones, heartbeat and, when a view is given, what the cell does. */
  write(nowUs: number, view: LitView | null, numbers: StateNumbers, publish: Publish): void {
    for (const { handshake, words } of this.handshakes) {
      const { toPlc } = handshake;
      if (toPlc.request !== null) this.#set(toPlc.request, words.request);
      this.#set(toPlc.sequence, words.sequence);
      this.#set(toPlc.action, words.action);
      this.#set(toPlc.place, words.place);
      this.#set(toPlc.tote, words.tote);
    }
    for (const zone of this.map.zones) this.#set(zone.granted, this.#granted.get(zone.id) === true);
    const beat = this.map.heartbeat?.toPlc;
    if (beat != null) {
      if (nowUs >= this.#beatDueUs) {
        this.#beatDueUs = nowUs + beat.everyUs;
        this.#beat = (this.#beat + 1) % HEARTBEAT_ROUND;
      }
      this.#set(beat.address, this.#beat);
    }
    if (view !== null) {
      for (const { role, address, invert } of this.map.outputs) {
        const value = outputValue(role, view, numbers);
        this.#set(address, typeof value === 'boolean' ? value !== invert : value);
      }
    }
    this.#outputs.flush(nowUs, publish);
  }

  #set(address: TagSinkAddress, value: TagValue): void {
    if (address.kind === 'mqtt') {
      this.#outputs.set(address, value);
      return;
    }
    const key = `${address.group}/${address.edge}/${address.device ?? ''}/${address.metric}`;
    if (this.#source === null || this.#written.get(key) === value) return;
    this.#written.set(key, value);
    this.#source.write(address, value);
  }
}
