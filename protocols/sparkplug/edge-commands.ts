import { BD_SEQ, REBIRTH } from './edge-tags.ts';
import type { EdgeTags, TagGroup } from './edge-tags.ts';
import type { Metric, Payload, Value } from './payload.ts';
import { typedValue } from './value.ts';

export interface WrittenMetric {
  readonly name: string;
  readonly value: Value;
}

/** Why a command, or a metric of it, was not taken. */
export type CommandFaultCode =
  | 'retained-command'
  | 'malformed-payload'
  | 'not-born'
  | 'unknown-device'
  | 'unknown-metric'
  | 'not-writable'
  | 'metric-wrong'
  | 'too-many-commands';

export interface CommandRefusal {
  readonly code: CommandFaultCode;
  readonly detail: string;
}

export interface ReadCommand {
  readonly asksRebirth: boolean;
  readonly written: readonly WrittenMetric[];
  readonly refusals: readonly CommandRefusal[];
}

/** What a command asks of an edge node or a device: values to be written, a rebirth, and what has to be refused. */
export function readCommand(tags: EdgeTags, group: TagGroup, payload: Payload): ReadCommand {
  const written: WrittenMetric[] = [];
  const refusals: CommandRefusal[] = [];
  let asksRebirth = false;
  for (const metric of payload.metrics) {
    if (group.deviceId === null && metric.name === REBIRTH) {
      if (metric.value?.kind === 'boolean') asksRebirth ||= metric.value.value;
      else refusals.push({ code: 'metric-wrong', detail: `${REBIRTH} takes a Boolean` });
      continue;
    }
    const read = readMetric(tags, group, metric);
    if ('code' in read) refusals.push(read);
    else written.push(read);
  }
  return { asksRebirth, written, refusals };
}

function readMetric(tags: EdgeTags, group: TagGroup, metric: Metric): WrittenMetric | CommandRefusal {
  const called =
    metric.name ?? (metric.alias === null ? 'a metric without name and alias' : `alias ${metric.alias}`);
  const tag = tags.find(group, metric);
  if (tag === null && metric.name !== BD_SEQ) {
    return { code: 'unknown-metric', detail: `${called} is not in the birth; use its names and aliases` };
  }
  if (tag === null || tag.definition.access !== 'write') {
    return { code: 'not-writable', detail: `${called} can be read only` };
  }
  const { name, type } = tag.definition;
  const wrong = (detail: string): CommandRefusal => ({ code: 'metric-wrong', detail: `${name} ${detail}` });
  if (metric.type !== null && metric.type !== type)
    return wrong(`is written as ${metric.type}; it is a ${type}`);
  if (metric.value === null) return wrong(`is written without a value; send a ${type}`);
  const typed = typedValue(type, metric.value);
  return typed.ok ? { name, value: typed.value } : wrong(typed.message);
}
