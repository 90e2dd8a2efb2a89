import { Id } from '../../controller/domain/intake.ts';

/**
 * What stands before the cell's name unless the cell's configuration says otherwise. The version stands in the topic,
 * so that two versions can live side by side on one broker; a change that an older peer would misread takes a new
 * number. In a Unified Namespace a site's own `enterprise/site/area/line` stands there instead, and requests that need
 * to be sure carry the version in the message.
 */
export const TOPIC_ROOT = 'magpie/v1';

/** A cell by its name alone is below TOPIC_ROOT. */
export type CellAddress = string | { readonly name: string; readonly root: string };

export function cellNameOf(cell: CellAddress): string {
  return typeof cell === 'string' ? cell : cell.name;
}

/** Checks a name that becomes one level of a topic. Returns what is wrong with it, or null. */
export function topicNameFault(what: string, name: string): string | null {
  const parsed = Id.safeParse(name);
  if (parsed.success) return null;
  return `${what} "${name}" cannot be part of an MQTT topic: ${parsed.error.issues[0]?.message ?? 'not a name'}`;
}

/** Throws for a name that would break out of its level of the topic; configuration is checked before this. */
function requireTopicName(what: string, name: string): string {
  const fault = topicNameFault(what, name);
  if (fault !== null) throw new Error(fault);
  return name;
}

/** Where everything of a cell is said: `magpie/v1/{cell}`, or `enterprise/site/area/line/{cell}`. */
export function cellBase(cell: CellAddress): string {
  const { root, name } = typeof cell === 'string' ? { root: TOPIC_ROOT, name: cell } : cell;
  for (const level of root.split('/')) requireTopicName('the level of the topic root', level);
  return `${root}/${requireTopicName('cell', name)}`;
}

/** Topics of one arm. */
export function armTopics(cell: CellAddress, armId: string) {
  const base = `${cellBase(cell)}/arm/${requireTopicName('arm', armId)}`;
  return {
    /** `{command}/{claim|submit|extend|stop|grip}`, from the controller. */
    command: (kind: string) => `${base}/command/${kind}`,
    lease: `${base}/lease`,
    state: `${base}/state`,
    /** `{event}/{accepted|...}`, from the arm. */
    event: (kind: string) => `${base}/event/${kind}`,
    presence: `${base}/presence`,
  } as const;
}

/** Topics between the controller and what surrounds the arms: shuttle, conveyors, sensors. */
export function ioTopics(cell: CellAddress) {
  const base = `${cellBase(cell)}/io`;
  return {
    hello: `${base}/hello`,
    request: `${base}/request`,
    acknowledge: `${base}/acknowledge`,
    event: `${base}/event`,
    presence: `${base}/presence`,
  } as const;
}

/** Topics for people and systems: requests in, results and state out. */
export function cellTopics(cell: CellAddress) {
  const base = cellBase(cell);
  return {
    intake: (kind: string) => `${base}/intake/${kind}`,
    result: (requestId: string) => `${base}/intake/results/${requestId}`,
    errors: `${base}/intake/errors`,
    status: `${base}/status`,
    presence: `${base}/presence`,
    order: (orderId: string) => `${base}/order/${orderId}`,
    task: (taskId: string) => `${base}/task/${taskId}`,
    /** What is so now, retained: `state/{arms|orders|tasks|places|stock}/{id}`, `state/alarms`, `state/kpis`. */
    state: (what: string) => `${base}/state/${what}`,
    /** Of PLCs, by their tag maps. */
    plc: (rest: string) => `${base}/plc/${rest}`,
    /** PackTags: `packml/Status/...`, `packml/Command/...`, `packml/Admin/...`. */
    packml: (rest: string) => `${base}/packml/${rest}`,
  } as const;
}
