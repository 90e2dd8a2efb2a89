import { monitor, noteCommand, noteEvent } from '../coordination/monitor.ts';
import type { MonitorInput, MonitorState, MonitorVerdict } from '../coordination/monitor.ts';
import type { ArmCommand, ArmEvent, ArmSample } from '../ports.ts';

/** Runs the monitor beside a loop: passes on what goes over the arms' ports, and evaluates as often as due. */
export class Guard {
  readonly #state: MonitorState;
  readonly #everyUs: number;
  readonly #samples = new Map<string, ArmSample>();
  #dueUs = 0;
  #commands = 0;

  constructor(state: MonitorState, everyUs: number) {
    this.#state = state;
    this.#everyUs = everyUs;
  }

  hear(armId: string, event: ArmEvent, nowUs: number): void {
    if (event.kind === 'state') this.#samples.set(armId, event.sample);
    else noteEvent(this.#state, armId, event, nowUs);
  }

  hearCommand(armId: string, command: ArmCommand, nowUs: number): void {
    noteCommand(this.#state, armId, command, nowUs);
  }

  /** What has to stop, if an evaluation is due. The caller sends the stops; the monitor knows of them already. */
  watch(itemSizeM: MonitorInput['itemSizeM'], nowUs: number): readonly MonitorVerdict[] {
    if (nowUs < this.#dueUs) return [];
    this.#dueUs = nowUs + this.#everyUs;
    return monitor(this.#state, { samples: this.#samples, itemSizeM }, nowUs);
  }

  /** Ids of stops, apart from those that the core gives. */
  nextCommandId(epoch: number): string {
    this.#commands += 1;
    return `e${epoch}-m${this.#commands}`;
  }

  get statistics(): MonitorState['statistics'] {
    return this.#state.statistics;
  }
}
