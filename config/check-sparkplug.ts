import { allInputs } from '../controller/domain/plc-map.ts';
import { checkBroker } from './check-broker.ts';
import type { PathKey } from './fault.ts';
import type { Findings } from './findings.ts';

const HERE = ['connections', 'sparkplug'] as const;

/** Sparkplug settings that are possible each by itself and do not work together. */
export function checkSparkplug(findings: Findings): void {
  const { edgeNode, host } = findings.loaded.connections.sparkplug;
  if (host === null) checkReaders(findings);
  for (const [field, part] of [
    ['edge_node', edgeNode],
    ['host', host],
  ] as const) {
    part?.servers.forEach((server, index) => {
      const path: readonly PathKey[] = [...HERE, field, 'servers', index];
      checkBroker(findings, path, server);
      if (part.servers.findIndex(({ urls }) => urls[0] === server.urls[0]) < index) {
        findings.error([...path, 'url'], 'stands twice', 'name each server once');
      }
    });
  }
  if (edgeNode !== null) checkDevices(findings);
  if (host !== null) checkNodes(findings, host.groups, host.nodes);
  if (edgeNode !== null && host !== null && edgeNode.primaryHost === host.id) {
    findings.error(
      [...HERE, 'edge_node', 'primary_host'],
      'is the cell’s own host: it would wait for itself',
      'name the host that reads the cell, or leave it out',
    );
  }
}

/** Metrics that a PLC map names are read by the cell's host application. */
function checkReaders(findings: Findings): void {
  findings.loaded.plc.maps.forEach((map, index) => {
    const metrics = allInputs(map).filter(({ address }) => address.kind === 'sparkplug');
    if (metrics.length === 0) return;
    const ids = metrics.map(({ id }) => id).join(', ');
    findings.error(
      ['plc', 'maps', index],
      `reads Sparkplug metrics (${ids}), and the cell is no Sparkplug host application`,
      'add `host: { id, groups, reorder_timeout_s }` under connections.sparkplug, or map MQTT topics',
    );
  });
}

/** Devices of an edge node must not differ in capitals only. */
function checkDevices(findings: Findings): void {
  const ids = findings.loaded.cell.arms.map(({ id }) => id);
  ids.forEach((id, index) => {
    const same = ids.slice(0, index).find((other) => other.toLowerCase() === id.toLowerCase());
    if (same === undefined) return;
    const problem = `differs from ${same} in capitals only, which Sparkplug does not allow its devices`;
    findings.error(findings.arm(id, 'id'), problem, 'rename one of the two arms');
  });
}

function checkNodes(
  findings: Findings,
  groups: readonly string[],
  nodes: readonly { readonly group: string; readonly node: string }[],
): void {
  groups.forEach((group, index) => {
    if (groups.indexOf(group) < index) {
      findings.error([...HERE, 'host', 'groups', index], 'stands twice', 'name each group once');
    }
  });
  nodes.forEach((each, index) => {
    const path: readonly PathKey[] = [...HERE, 'host', 'nodes', index];
    if (!groups.includes(each.group)) {
      const remedy = `add ${each.group} to groups, or correct it`;
      findings.error([...path, 'group'], 'is not one of the groups that are listened to', remedy);
    }
    if (nodes.findIndex((other) => other.group === each.group && other.node === each.node) < index) {
      findings.error([...path, 'node'], 'stands twice', 'name each edge node once');
    }
  });
}
