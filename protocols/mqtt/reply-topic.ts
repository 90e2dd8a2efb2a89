import { cellTopics, TOPIC_ROOT } from './topics.ts';
import type { CellAddress } from './topics.ts';

const MAX_LENGTH = 512;

/**
 * Why the controller will not publish a result on the response topic that a sender named (MQTT 5), or null. Who may
 * ask for something may not have the controller, which may write everywhere, write a command for him.
 */
export function replyFault(cell: CellAddress, topic: string): string | null {
  const results = cellTopics(cell).result('');
  if (topic.startsWith(results) && !/[+#\0]/.test(topic)) return null;
  const said = `the response topic "${topic.slice(0, 100)}"`;
  if (topic.length === 0 || topic.length > MAX_LENGTH || /[+#\0]/.test(topic)) {
    return `${said} is no topic of 1 to ${MAX_LENGTH} characters without wildcards`;
  }
  const root = typeof cell === 'string' ? TOPIC_ROOT : cell.root;
  for (const taken of [`${root}/`, `${TOPIC_ROOT}/`, 'spBv1.0/', '$', 'STATE/']) {
    if (topic.startsWith(taken)) {
      return `${said} begins with ${taken}, where messages have meanings of their own; use ${results}... or a topic of your own`;
    }
  }
  return null;
}
