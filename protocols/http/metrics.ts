import { Counter, Gauge, Registry, collectDefaultMetrics, register as processRegistry } from 'prom-client';
import { CELL_STATES } from '../../controller/domain/packml.ts';
import { ARM_MODES } from '../../controller/operations/view.ts';
import type { ControllerService, RuntimeStatistics } from '../../controller/runtime/service.ts';
import type { HttpApp } from './app.ts';
import type { LiveHub } from './live-route.ts';

/** The one figure of the runtime that is no counter stands on its own. */
type RuntimeCounter = Exclude<keyof RuntimeStatistics, 'monitorPredictedMinM'>;

/** Counters of the runtime: name, help, value. Totals only grow, as Prometheus expects of a counter. */
const RUNTIME: readonly (readonly [string, string, RuntimeCounter])[] = [
  ['magpie_ticks_total', 'Ticks of the control loop', 'ticks'],
  ['magpie_step_seconds_total', 'Time spent in the core', 'stepSecondsTotal'],
  ['magpie_tick_overruns_total', 'Ticks that took longer than their period', 'tickOverruns'],
  ['magpie_journal_commits_total', 'Durable group commits', 'journalCommits'],
  ['magpie_journal_commit_seconds_total', 'Time spent in group commits', 'journalCommitSecondsTotal'],
  ['magpie_events_total', 'Events taken in by the core', 'eventsTotal'],
  ['magpie_events_dropped_total', 'Events dropped because a queue was full', 'eventsDropped'],
  ['magpie_monitor_evaluations_total', 'Evaluations of the collision monitor', 'monitorEvaluations'],
  ['magpie_monitor_seconds_total', 'Time spent in the collision monitor', 'monitorSecondsTotal'],
  ['magpie_monitor_stops_total', 'Stops that the collision monitor sent to arms', 'monitorStops'],
  ['magpie_plans_total', 'Motion plans computed', 'plansTotal'],
  ['magpie_plan_seconds_total', 'Time spent planning motions', 'planSecondsTotal'],
];

/** What became of messages on the broker, as far as the service itself decided. */
export interface MessageFigures {
  readonly refused: readonly { readonly topic: string; readonly reason: string; readonly count: number }[];
  /** Results and notices that the broker has not acknowledged. */
  readonly waiting: number;
  /** Given up because too many were waiting. */
  readonly dropped: number;
}

/** Metrics of the process are made once: every call would add observers to the garbage collector. */
let processMetrics = false;

/** `GET /metrics` in the text form of Prometheus. Values are read when asked for; nothing is sampled in between. */
export function registerMetricsRoute(
  app: HttpApp,
  service: ControllerService,
  hub: LiveHub,
  messages: () => MessageFigures,
): void {
  if (!processMetrics) {
    collectDefaultMetrics();
    processMetrics = true;
  }
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name, help, labelNames, registers });

  const runtime = RUNTIME.map(([name, help, key]) => ({ metric: counter(name, help), key }));
  const predicted = gauge(
    'magpie_monitor_predicted_separation_min_meters',
    'Least distance between two arms that the collision monitor foresaw since the service began',
  );
  const ready = gauge('magpie_ready', '1 when the service can take work');
  const cellState = gauge('magpie_cell_state', '1 for the state the cell is in, 0 for the others', ['state']);
  const lines = gauge('magpie_order_lines', 'Order lines by state', ['state']);
  const orders = gauge('magpie_orders', 'Orders by state', ['state']);
  const tasks = gauge('magpie_tasks', 'Tasks by state', ['state']);
  const units = counter('magpie_units_done_total', 'Units placed where they belong');
  const rate = gauge('magpie_units_per_hour', 'Units per hour, as the status shows it');
  const exceptions = gauge('magpie_open_exceptions', 'Tasks waiting for a person, by kind', ['kind']);
  const alarms = gauge('magpie_alarms', 'Alarms that stand', ['code']);
  const armMode = gauge('magpie_arm_mode', '1 for the mode an arm is in, 0 for the others', ['arm', 'mode']);
  const armUnits = counter('magpie_arm_units_done_total', 'Units placed by an arm', ['arm']);
  const armSeconds = counter('magpie_arm_seconds_total', 'Time of an arm by what it was spent on', [
    'arm',
    'spent',
  ]);
  const armWaiting = counter(
    'magpie_arm_waiting_seconds_total',
    'Time an arm waited for space, by the arm that held it',
    ['arm', 'holder'],
  );
  const listeners = gauge('magpie_live_clients', 'Clients that listen to the live stream');
  const refused = counter('magpie_mqtt_refused_total', 'MQTT messages that were not taken', [
    'topic',
    'reason',
  ]);
  const outbox = gauge('magpie_mqtt_outbox', 'Results and notices that the broker has not acknowledged');
  const outboxDropped = counter('magpie_mqtt_outbox_dropped_total', 'Results and notices given up');
  const dropped = counter('magpie_live_clients_dropped_total', 'Clients dropped for not keeping up');

  const set = (metric: Counter, value: number, labels: Record<string, string> = {}): void => {
    metric.remove(labels);
    metric.inc(labels, Math.max(0, value));
  };

  const collect = (): void => {
    const statistics = service.statistics();
    for (const { metric, key } of runtime) set(metric, statistics[key]);
    predicted.set(statistics.monitorPredictedMinM ?? NaN);
    const view = service.view();
    ready.set(service.readiness().ready ? 1 : 0);
    for (const state of CELL_STATES) cellState.set({ state }, state === view.state ? 1 : 0);
    const { total: _total, ...lineStates } = view.lines;
    for (const [state, count] of Object.entries(lineStates)) lines.set({ state }, count);
    for (const [state, count] of Object.entries(view.orders)) orders.set({ state }, count);
    for (const [state, count] of Object.entries(view.tasks)) tasks.set({ state }, count);
    set(units, view.units.done);
    rate.set(view.units.perHour);
    exceptions.reset();
    for (const { kind } of view.exceptions) exceptions.inc({ kind });
    alarms.reset();
    for (const { code } of view.alarms) alarms.inc({ code });
    for (const arm of view.arms) {
      for (const mode of ARM_MODES) armMode.set({ arm: arm.id, mode }, mode === arm.mode ? 1 : 0);
      set(armUnits, arm.unitsDone, { arm: arm.id });
      for (const [kind, seconds] of Object.entries(arm.spentS)) {
        set(armSeconds, seconds, { arm: arm.id, spent: kind });
      }
      for (const [holder, seconds] of Object.entries(arm.waitingForS)) {
        set(armWaiting, seconds, { arm: arm.id, holder });
      }
    }
    const { refused: reasons, waiting, dropped: givenUp } = messages();
    for (const { topic, reason, count } of reasons) set(refused, count, { topic, reason });
    outbox.set(waiting);
    set(outboxDropped, givenUp);
    listeners.set(hub.clients());
    set(dropped, hub.dropped());
  };

  app.get(
    '/metrics',
    { schema: { summary: 'Metrics in the text form of Prometheus', tags: ['operations'] } },
    async (_request, reply) => {
      collect();
      const text = (await registry.metrics()) + (await processRegistry.metrics());
      return reply.header('content-type', registry.contentType).send(text);
    },
  );
}
