import type { Logger } from 'pino';
import type { LoadedCell } from '../config/loaded-cell.ts';
import type { ExternalBrokerSettings } from '../config/settings.ts';
import type { ControlLoop } from '../controller/runtime/control-loop.ts';
import type { Core } from '../controller/core/create.ts';
import { MACHINE_CLOCK } from '../controller/runtime/runtime-clock.ts';
import type { BrokerAccess } from '../protocols/mqtt/broker-access.ts';
import type { StateNumbers } from '../controller/domain/packml-numbers.ts';
import { CellNode } from '../protocols/sparkplug/cell-node.ts';
import { HostDriver } from '../protocols/sparkplug/host-driver.ts';
import { brokerAddresses } from './broker.ts';

/** Calendar time that never runs backwards, ms since 1970: what it is at the start, and on from there. */
function calendar(): () => number {
  const startMs = Date.now();
  const startUs = MACHINE_CLOCK.monotonicUs();
  return () => startMs + Math.floor((MACHINE_CLOCK.monotonicUs() - startUs) / 1_000);
}

function serversOf(
  servers: readonly ExternalBrokerSettings[],
  own: readonly BrokerAccess[],
): readonly BrokerAccess[] {
  return servers.length === 0 ? own : servers.flatMap(brokerAddresses);
}

/** The cell as a Sparkplug edge node; null: it is not one. `own`: the cell's broker. */
export function sparkplugNode(
  loaded: LoadedCell,
  own: readonly BrokerAccess[],
  loop: ControlLoop<Core>,
  stateNumbers: StateNumbers,
  logger: Logger,
): CellNode | null {
  const settings = loaded.connections.sparkplug.edgeNode;
  if (settings === null) return null;
  return new CellNode({
    id: { groupId: settings.group, edgeNodeId: settings.node },
    servers: serversOf(settings.servers, own),
    primaryHostId: settings.primaryHost,
    historyMax: settings.keepValues,
    cell: loaded.cell.name,
    placeIds: loop.view().places.map(({ id }) => id),
    service: loop,
    stateNumbers,
    nowMs: calendar(),
    onRefused: (topic, { code, detail }) => logger.warn({ code, topic }, detail),
    onTrouble: (message) => logger.warn({ code: 'mqtt' }, message),
  });
}

/** The cell as a Sparkplug host application; null: it is none. */
export function sparkplugHost(
  loaded: LoadedCell,
  own: readonly BrokerAccess[],
  logger: Logger,
): HostDriver | null {
  const settings = loaded.connections.sparkplug.host;
  if (settings === null) return null;
  return new HostDriver({
    hostId: settings.id,
    servers: serversOf(settings.servers, own),
    groups: settings.groups,
    reorderMs: settings.reorderMs,
    expected: settings.nodes.map(({ group, node }) => ({ groupId: group, edgeNodeId: node })),
    clientId: `magpie-${loaded.cell.name}-sparkplug-host`,
    nowMs: calendar(),
    nowUs: () => MACHINE_CLOCK.monotonicUs(),
    onRefused: (source, code, detail) => logger.warn({ code, source }, detail),
    onNoted: (source, detail) => logger.info({ source }, detail),
    onTrouble: (message) => logger.warn({ code: 'mqtt' }, message),
  });
}
