import { randomUUID } from 'node:crypto';
import type { IntakeResult } from '../../controller/domain/intake.ts';
import type { CellView } from '../../controller/operations/view.ts';
import type { ControllerService } from '../../controller/runtime/service.ts';
import type { BrokerAccess } from '../mqtt/broker-access.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';
import { CellCommands } from './cell-commands.ts';
import { ARM_METRICS, cellMetrics, CNTRL_CMD, COMMAND_METRICS, RESULT_METRICS } from './cell-metrics.ts';
import type { ShownMetric } from './cell-metrics.ts';
import type { CommandRefusal, WrittenMetric } from './edge-commands.ts';
import { EdgeDriver } from './edge-driver.ts';
import type { TagChange } from './edge-node.ts';
import type { MetricDefinition } from './edge-tags.ts';
import type { Value } from './payload.ts';
import type { EdgeId } from './topic.ts';

export interface CellNodeOptions {
  readonly id: EdgeId;
  readonly servers: readonly BrokerAccess[];
  readonly primaryHostId: string | null;
  readonly historyMax: number;
  readonly cell: string;
  readonly placeIds: readonly string[];
  readonly service: Pick<ControllerService, 'submit' | 'view'>;
  readonly stateNumbers: StateNumbers;
  /** ms since 1970. */
  readonly nowMs: () => number;
  readonly onRefused: (topic: string, refusal: CommandRefusal) => void;
  readonly onTrouble?: (message: string) => void;
}

/** How often the state is looked at, and the rest, ms. */
const STATE_EVERY_MS = 100;
const REST_EVERY_MS = 1_000;

/**
 * The cell as a Sparkplug edge node, its arms as devices. What changed is published as it is seen; what hosts write goes
 * the way of all requests, and its result is published in the metrics `Result/*`.
 */
export class CellNode {
  readonly #options: CellNodeOptions;
  readonly #metrics: readonly ShownMetric<CellView>[];
  readonly #driver: EdgeDriver;
  readonly #commands = new CellCommands();
  readonly #run = randomUUID().slice(0, 8);
  /** What was told last, to be compared as text: lists and records are new in every view. */
  readonly #told = new Map<string, string>();
  #looking: NodeJS.Timeout | null = null;
  #restMs = 0;
  #state = '';
  #requests = 0;

  constructor(options: CellNodeOptions) {
    this.#options = options;
    const view = options.service.view();
    this.#metrics = cellMetrics(options.placeIds, options.stateNumbers);
    const shown = this.#metrics.map((metric) => definitionOf(metric, view));
    this.#driver = new EdgeDriver({
      ...options,
      clientId: `magpie-${options.cell}-sparkplug-edge`,
      metrics: [...shown, ...COMMAND_METRICS],
      devices: new Map(
        view.arms.map((arm) => [arm.id, ARM_METRICS.map((metric) => definitionOf(metric, arm))]),
      ),
      onCommand: (_deviceId, written) => this.#command(written),
    });
    this.#presence(view);
  }

  get isOnline(): boolean {
    return this.#driver.isOnline;
  }

  open(): void {
    this.#driver.open();
    this.#looking = setInterval(() => this.#look(), STATE_EVERY_MS);
  }

  async close(): Promise<void> {
    if (this.#looking !== null) clearInterval(this.#looking);
    await this.#driver.close();
  }

  #look(): void {
    const nowMs = this.#options.nowMs();
    const view = this.#options.service.view();
    if (view.state === this.#state && nowMs < this.#restMs) return;
    this.#state = view.state;
    this.#restMs = nowMs + REST_EVERY_MS;
    this.#presence(view);
    const changes = this.#metrics.flatMap((metric) => this.#changeOf(null, metric, view, nowMs));
    for (const arm of view.arms) {
      changes.push(...ARM_METRICS.flatMap((metric) => this.#changeOf(arm.id, metric, arm, nowMs)));
    }
    if (changes.length > 0) this.#driver.update(changes);
  }

  #changeOf<TView>(
    deviceId: string | null,
    { name, of }: ShownMetric<TView>,
    view: TView,
    nowMs: number,
  ): TagChange[] {
    const value = of(view);
    const key = `${deviceId ?? ''}/${name}`;
    const text = textOf(value);
    if (this.#told.get(key) === text) return [];
    this.#told.set(key, text);
    return [{ deviceId, name, value, timestampMs: nowMs }];
  }

  /** An arm that the controller does not hear is a device that is not there. */
  #presence(view: CellView): void {
    for (const { id, mode } of view.arms) this.#driver.device(id, mode === 'offline' ? 'offline' : 'online');
  }

  #command(written: readonly WrittenMetric[]): void {
    const cntrlCmd = written.find(({ name }) => name === CNTRL_CMD);
    if (cntrlCmd !== undefined) this.#tell([{ name: CNTRL_CMD, value: cntrlCmd.value }]);
    for (const demand of this.#commands.take(written, () => this.#options.service.view())) {
      this.#requests += 1;
      const requestId = demand.requestId ?? `sparkplug-${this.#run}-${this.#requests}`;
      if (demand.kind === 'answer') this.#answer(requestId, demand.result);
      else {
        void this.#options.service
          .submit(demand.request, requestId, 'mqtt')
          .then((result) => this.#answer(requestId, result));
      }
    }
  }

  #answer(requestId: string, result: IntakeResult): void {
    this.#tell([
      { name: RESULT_METRICS.requestId, value: requestId },
      { name: RESULT_METRICS.status, value: result.status },
      { name: RESULT_METRICS.code, value: result.status === 'refused' ? result.code : null },
      { name: RESULT_METRICS.detail, value: result.detail },
    ]);
  }

  #tell(values: readonly { readonly name: string; readonly value: Value | null }[]): void {
    const timestampMs = this.#options.nowMs();
    this.#driver.update(values.map(({ name, value }) => ({ deviceId: null, name, value, timestampMs })));
  }
}

function definitionOf<TView>({ name, type, of }: ShownMetric<TView>, view: TView): MetricDefinition {
  return { name, type, value: of(view), access: 'read' };
}

function textOf(value: Value | null): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each));
}
