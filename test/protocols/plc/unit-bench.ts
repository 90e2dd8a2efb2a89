import type { PlcMap } from '../../../controller/domain/plc-map.ts';
import type { PlcEvent } from '../../../controller/ports.ts';
import { PlcUnit } from '../../../protocols/plc/plc-unit.ts';
import { TimedFloor } from '../../../protocols/plc/simulated-dialogue.ts';
import { SimulatedPlc } from '../../../protocols/plc/simulated-plc.ts';

const TICK_US = 10_000;

/** The controller's side and a simulated PLC with nothing but simulated time between them. */
export class UnitBench {
  readonly unit: PlcUnit;
  readonly plc: SimulatedPlc;
  readonly floor = new TimedFloor(500_000);
  readonly events: PlcEvent[] = [];
  nowUs = 0;

  constructor(map: PlcMap) {
    this.unit = new PlcUnit(map, null, () => undefined);
    this.plc = new SimulatedPlc(map, this.floor);
  }

  /** Lets time pass, tick by tick. */
  pass(seconds: number): this {
    const untilUs = this.nowUs + seconds * 1e6;
    while (this.nowUs < untilUs) {
      this.nowUs += TICK_US;
      for (const { topic, payload, retain } of this.plc.advance(this.nowUs)) {
        this.unit.pipeline.hear(topic, payload, retain ? 'kept' : 'fresh', this.nowUs);
      }
      this.events.push(...this.unit.advance(this.nowUs));
      this.unit.write(this.nowUs, null, {}, (topic, payload) => {
        this.plc.hear(topic, Buffer.from(payload));
        return true;
      });
    }
    return this;
  }

  /** What was said of a permission last. */
  permission(id: string): Extract<PlcEvent, { kind: 'permission' }> | undefined {
    return this.events.findLast(
      (event): event is Extract<PlcEvent, { kind: 'permission' }> =>
        event.kind === 'permission' && event.permissionId === `conveyor.${id}`,
    );
  }
}
