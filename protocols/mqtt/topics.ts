import { Id } from '../../controller/domain/intake.ts';

/**
 * Where everything is said. The version stands in the topic, so that two versions can live side by side on one
 * broker; a change that an older peer would misread takes a new number.
 */
export const TOPIC_ROOT = 'magpie/v1';

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

/** Topics of one arm. */
export function armTopics(cell: string, armId: string) {
  const base = `${TOPIC_ROOT}/${requireTopicName('cell', cell)}/arm/${requireTopicName('arm', armId)}`;
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
export function ioTopics(cell: string) {
  const base = `${TOPIC_ROOT}/${requireTopicName('cell', cell)}/io`;
  return {
    hello: `${base}/hello`,
    request: `${base}/request`,
    acknowledge: `${base}/acknowledge`,
    event: `${base}/event`,
    presence: `${base}/presence`,
  } as const;
}

/** Topics for people and systems: requests in, results and state out. */
export function cellTopics(cell: string) {
  const base = `${TOPIC_ROOT}/${requireTopicName('cell', cell)}`;
  return {
    intake: (kind: string) => `${base}/intake/${kind}`,
    result: (requestId: string) => `${base}/intake/results/${requestId}`,
    errors: `${base}/intake/errors`,
    /** PackTags: `Status/{tag}`, `Admin/{tag}`, `Command` and `Command/{name}`. */
    packml: (tag: string) => `${base}/packml/${tag}`,
    status: `${base}/status`,
    presence: `${base}/presence`,
    order: (orderId: string) => `${base}/order/${orderId}`,
    task: (taskId: string) => `${base}/task/${taskId}`,
  } as const;
}
