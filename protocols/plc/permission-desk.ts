import { HEARTBEAT, plcId, SEPARATION } from '../../controller/domain/permission.ts';
import type { PlcHeartbeat, PlcMap, Separation, SharedZone } from '../../controller/domain/plc-map.ts';
import type { PlcEvent } from '../../controller/ports.ts';
import { armSpeedMaxMPerS, separationDistanceM } from './separation.ts';
import type { TagPipeline } from './tag-pipeline.ts';

/** Whether a permission is given, and why not. */
type Verdict = { readonly granted: true } | { readonly granted: false; readonly because: string };

const GRANTED: Verdict = { granted: true };
const withheld = (because: string): Verdict => ({ granted: false, because });

/** Counters of PLCs begin anew after these. */
const ROUND = [100, 128, 256, 1_000, 10_000, 32_768, 65_536, 2_147_483_648, 4_294_967_296];

/**
 * What the values of one PLC mean for the core: permissions and zones, said when they change. Whatever is not known for
 * good is no permission.
 */
export class PermissionDesk {
  readonly #map: PlcMap;
  readonly #pipeline: TagPipeline;
  readonly #said = new Map<string, boolean>();
  readonly #zones = new Map<string, { requested: boolean; acknowledged: boolean }>();
  #beat: number | null = null;
  #restarts = 0;
  #isFar = false;

  constructor(map: PlcMap, pipeline: TagPipeline) {
    this.#map = map;
    this.#pipeline = pipeline;
  }

  /** Times that the PLC was seen to have been started anew. */
  get restarts(): number {
    return this.#restarts;
  }

  /** What changed since the last call; called in every tick. */
  take(nowUs: number): readonly PlcEvent[] {
    const events: PlcEvent[] = [];
    const { inputs, heartbeat, separation, zones } = this.#map;
    for (const { id, onLoss } of inputs) {
      if (onLoss !== null) this.#say(events, id, this.#permission(id, nowUs));
    }
    if (heartbeat !== null) this.#say(events, HEARTBEAT, this.#life(heartbeat, nowUs));
    if (separation !== null) this.#say(events, SEPARATION, this.#separation(separation, nowUs));
    for (const zone of zones) this.#zone(events, zone, nowUs);
    return events;
  }

  /** Whether the PLC is alive, as far as its heartbeat tells. */
  isAlive(nowUs: number): boolean {
    const { heartbeat } = this.#map;
    if (heartbeat === null) return true;
    const { changedUs } = this.#pipeline.state(heartbeat.fromPlc.id);
    return (
      this.#pipeline.read(heartbeat.fromPlc.id, nowUs).quality === 'good' &&
      changedUs !== null &&
      nowUs - changedUs <= heartbeat.fromPlc.staleUs
    );
  }

  #say(events: PlcEvent[], id: string, verdict: Verdict): void {
    if (this.#said.get(id) === verdict.granted) return;
    // What was never granted needs no word: the core takes nothing for permitted.
    const isFirst = !this.#said.has(id);
    this.#said.set(id, verdict.granted);
    const permissionId = plcId(this.#map, id);
    if (verdict.granted) events.push({ kind: 'permission', permissionId, status: 'granted' });
    else if (!isFirst)
      events.push({ kind: 'permission', permissionId, status: 'withheld', because: verdict.because });
  }

  #permission(id: string, nowUs: number): Verdict {
    const { value, quality, because } = this.#pipeline.read(id, nowUs);
    const dipped = this.#pipeline.state(id).takeDip();
    if (quality !== 'good') return withheld(`${quality}: ${because}`);
    if (value !== true) return withheld('the PLC says no');
    return dipped && this.#said.get(id) === true ? withheld('the PLC said no for a moment') : GRANTED;
  }

  #life(heartbeat: PlcHeartbeat, nowUs: number): Verdict {
    const { fromPlc } = heartbeat;
    const { value, quality, because } = this.#pipeline.read(fromPlc.id, nowUs);
    if (quality !== 'good') {
      this.#beat = null;
      return withheld(`no heartbeat: ${quality}, ${because}`);
    }
    const { changedUs } = this.#pipeline.state(fromPlc.id);
    if (changedUs === null || nowUs - changedUs > fromPlc.staleUs) {
      return withheld(`the heartbeat stands still for more than ${fromPlc.staleUs / 1e6} s`);
    }
    const before = this.#beat;
    this.#beat = typeof value === 'number' ? value : null;
    if (before !== null && this.#beat !== null && isRestart(before, this.#beat, heartbeat.stepMax)) {
      this.#restarts += 1;
      return withheld(`the PLC was started anew: its heartbeat went from ${before} to ${this.#beat}`);
    }
    return GRANTED;
  }

  #separation({ inputId, terms, hysteresisM }: Separation, nowUs: number): Verdict {
    const { value, quality, because } = this.#pipeline.read(inputId, nowUs);
    if (quality !== 'good' || typeof value !== 'number') {
      this.#isFar = false;
      return withheld(`the distance to a person is not known: ${quality}, ${because}`);
    }
    const neededM = separationDistanceM(terms);
    this.#isFar = value >= neededM + (this.#isFar ? 0 : hysteresisM);
    if (this.#isFar) return GRANTED;
    const speed = armSpeedMaxMPerS(terms, value);
    return withheld(
      `a person is ${value.toFixed(2)} m away, ${neededM.toFixed(2)} m are needed at full speed ` +
        `(at this distance arms might do ${speed.toFixed(2)} m/s)`,
    );
  }

  /** Silence frees nothing: what is not known stays as it was, and a person who may be there is there. */
  #zone(events: PlcEvent[], zone: SharedZone, nowUs: number): void {
    const request = this.#pipeline.read(zone.request.id, nowUs);
    const acknowledge = this.#pipeline.read(zone.acknowledge.id, nowUs);
    const before = this.#zones.get(zone.id) ?? { requested: false, acknowledged: false };
    const now = {
      requested:
        request.quality === 'good' ? request.value === true : zone.claimant === 'person' || before.requested,
      acknowledged: acknowledge.quality === 'good' ? acknowledge.value === true : before.acknowledged,
    };
    if (now.requested === before.requested && now.acknowledged === before.acknowledged) return;
    this.#zones.set(zone.id, now);
    events.push({ kind: 'zone', zoneId: plcId(this.#map, zone.id), ...now });
  }
}

function isRestart(before: number, now: number, stepMax: number | null): boolean {
  if (stepMax === null || now === before) return false;
  const step = now - before;
  if (step > 0) return step > stepMax;
  return !ROUND.some((round) => before < round && round - before + now <= stepMax);
}
