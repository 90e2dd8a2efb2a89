/** Sparkplug's topics (Sparkplug 3.0, chapter 4). */

const NAMESPACE = 'spBv1.0';

export type NodeVerb = 'NBIRTH' | 'NDATA' | 'NDEATH' | 'NCMD';
export type DeviceVerb = 'DBIRTH' | 'DDATA' | 'DDEATH' | 'DCMD';

/** An edge node: its group and its id together are unique. */
export interface EdgeId {
  readonly groupId: string;
  readonly edgeNodeId: string;
}

export type SparkplugTopic =
  | (EdgeId & { readonly verb: NodeVerb; readonly deviceId: null })
  | (EdgeId & { readonly verb: DeviceVerb; readonly deviceId: string });

const NODE_VERBS: readonly string[] = ['NBIRTH', 'NDATA', 'NDEATH', 'NCMD'] satisfies NodeVerb[];
const DEVICE_VERBS: readonly string[] = ['DBIRTH', 'DDATA', 'DDEATH', 'DCMD'] satisfies DeviceVerb[];

export function nodeTopic({ groupId, edgeNodeId }: EdgeId, verb: NodeVerb): string {
  return `${NAMESPACE}/${groupId}/${verb}/${edgeNodeId}`;
}

export function deviceTopic({ groupId, edgeNodeId }: EdgeId, verb: DeviceVerb, deviceId: string): string {
  return `${NAMESPACE}/${groupId}/${verb}/${edgeNodeId}/${deviceId}`;
}

export function stateTopic(hostId: string): string {
  return `${NAMESPACE}/STATE/${hostId}`;
}

/** Where hosts of Sparkplug 2.2 say whether they are there, as the text ONLINE or OFFLINE. */
export function legacyStateTopic(hostId: string): string {
  return `STATE/${hostId}`;
}

/** Everything of a group. */
export function groupFilter(groupId: string): string {
  return `${NAMESPACE}/${groupId}/#`;
}

/** A topic between edge nodes and hosts taken apart; null: it is none, and not STATE. */
export function parseTopic(topic: string): SparkplugTopic | null {
  const [namespace, groupId, verb, edgeNodeId, deviceId, ...rest] = topic.split('/');
  if (namespace !== NAMESPACE || !groupId || !edgeNodeId || verb === undefined || rest.length > 0)
    return null;
  if (deviceId === undefined) {
    return NODE_VERBS.includes(verb) ? { groupId, edgeNodeId, verb: verb as NodeVerb, deviceId: null } : null;
  }
  if (deviceId === '' || !DEVICE_VERBS.includes(verb)) return null;
  return { groupId, edgeNodeId, verb: verb as DeviceVerb, deviceId };
}
