import { z } from 'zod';
import type { LoadedCell } from '../config/loaded-cell.ts';
import type { IntakeRequest } from '../controller/domain/intake.ts';
import { ExceptionView } from '../controller/operations/view.ts';
import { decodePayload } from '../protocols/mqtt/payload.ts';
import type { PayloadLimits } from '../protocols/mqtt/payload.ts';
import { MqttConnection } from '../protocols/mqtt/connection.ts';
import type { BrokerAccess } from '../protocols/mqtt/broker-access.ts';
import { IntakeClient } from '../protocols/mqtt/intake-client.ts';
import { cellTopics } from '../protocols/mqtt/topics.ts';
import { HostSystem } from '../sim/host-system.ts';
import type { HostPosition, OrderSource } from '../sim/host-system.ts';
import { SimOperator } from '../sim/operator.ts';
import type { DurableWorld } from '../sim/world-file.ts';
import { cellAddress } from './broker.ts';
import { initialStock, streamedOrders } from './world.ts';

const NOTE = 'host-system';

/** How often people and the warehouse system look up, us. */
const ATTEND_EVERY_US = 200_000;

/** What the simulated person sees of the cell's published status. */
const Screen = z.object({ exceptions: z.array(ExceptionView) });

/** The status of a cell with thousands of open exceptions. */
const STATUS_LIMITS: PayloadLimits = { maxBytes: 8_000_000, maxDepth: 8, maxValues: 400_000 };

export interface LiveHost {
  /** To be called after every step of the world. */
  attend(): void;
  close(): Promise<void>;
}

/**
 * The people and systems around a simulated cell, on the same broker as everyone else: a warehouse system that sends
 * orders, and a person who answers exceptions and does by hand what the answer says.
 */
export function startHostSystem(
  durable: DurableWorld,
  loaded: LoadedCell,
  broker: BrokerAccess,
  onTrouble: (message: string) => void,
): LiveHost {
  const { world } = durable;
  const { cell } = loaded;
  const address = cellAddress(loaded.connections, cell.name);
  const host = hostSystem(durable, loaded);
  const { operator: settings } = loaded.simulator.world;
  const operator = settings === null ? null : new SimOperator(world, settings);
  const client = new IntakeClient({
    broker,
    cell: address,
    onResult: (requestId, result) => {
      host?.answered(requestId, result);
      if (host !== null) durable.keep(NOTE, host.position());
    },
    onTrouble,
  });
  client.open();
  const screen = new MqttConnection({
    broker,
    clientId: `magpie-${cell.name}-person-${process.pid}`,
    session: 'clean',
    onTrouble,
  });
  let shown: z.infer<typeof Screen> | null = null;
  screen.subscribe(cellTopics(address).status, 0, (message) => {
    const decoded = decodePayload(Screen, message.payload, STATUS_LIMITS);
    if (decoded.ok) shown = decoded.value;
  });
  screen.open();
  let dueUs = 0;
  let answers = 0;
  return {
    attend() {
      if (world.nowUs < dueUs || !client.connected) return;
      dueUs = world.nowUs + ATTEND_EVERY_US;
      sendOrders();
      answerExceptions();
    },
    close: async () => {
      await Promise.all([client.close(), screen.close()]);
    },
  };

  function sendOrders(): void {
    if (host === null) return;
    const requests = host.due(world.nowUs, Date.now());
    for (const tote of host.takeTotes()) world.receive(tote);
    // Kept before it is sent: after a crash the same requests go out again under the same ids.
    if (requests.length > 0) durable.keep(NOTE, host.position());
    for (const { request, requestId } of requests) client.send(request, requestId);
  }

  function answerExceptions(): void {
    if (operator === null || shown === null) return;
    const asked = shown.exceptions.map((each) => ({ ...each, sinceUs: Math.round(each.sinceS * 1e6) }));
    for (const body of operator.attend(world.nowUs, asked)) {
      answers += 1;
      const request: IntakeRequest = { kind: 'task', body };
      client.send(request, `person-${process.pid}-${Date.now()}-${answers}`);
    }
    // A screen once acted on is out of date until the next one comes.
    shown = null;
  }
}

function hostSystem(durable: DurableWorld, loaded: LoadedCell): HostSystem | null {
  const { orders, world } = loaded.simulator;
  if (orders.kind === 'none') return null;
  const isEndless = orders.kind === 'generated';
  const settings = {
    seed: world.seed,
    ordersPerHour: orders.ordersPerHour,
    stowsPerHour: isEndless ? orders.stowsPerHour : 0,
    consolidationsPerHour: isEndless ? orders.consolidationsPerHour : 0,
  };
  return new HostSystem(loaded.cell, settings, sourceOf(loaded), durable.kept(NOTE) as HostPosition | null);
}

function sourceOf(loaded: LoadedCell): OrderSource {
  if (loaded.simulator.orders.kind === 'generated') return { kind: 'endless', stock: initialStock(loaded) };
  const requests: IntakeRequest[] = [];
  for (const event of streamedOrders(loaded)?.events ?? []) {
    if (event.kind === 'order') requests.push({ kind: 'order', body: event.order });
    else if (event.kind === 'return') requests.push({ kind: 'return', body: event.request });
  }
  return { kind: 'list', requests };
}
