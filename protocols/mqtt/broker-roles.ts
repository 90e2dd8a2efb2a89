import { armTopics, cellTopics, ioTopics } from './topics.ts';
import type { CellAddress } from './topics.ts';
import { filterCovers, topicMatches } from './topic-filter.ts';

/** What a user of the embedded broker is; each may do what its part needs and nothing else. */
export const BROKER_ROLES = ['arm', 'plc', 'host', 'operator', 'viewer'] as const;
export type BrokerRole = (typeof BROKER_ROLES)[number];

/** Topics that somebody may write, and filters below which somebody may subscribe. */
export interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

export interface RoleHolder {
  readonly roles: readonly BrokerRole[];
  /** For the role `arm`: which ones. */
  readonly arms: readonly string[];
  /** Beyond the roles': a PLC's own topics, a Sparkplug group. */
  readonly more: Rights;
}

/** What a user may do in a cell: the sum of its roles and what it was given beside them. */
export function rightsOf(cell: CellAddress, holder: RoleHolder): Rights {
  const parts = [holder.more, ...holder.roles.map((role) => roleRights(cell, role, holder.arms))];
  return {
    publish: [...new Set(parts.flatMap((part) => part.publish))],
    subscribe: [...new Set(parts.flatMap((part) => part.subscribe))],
  };
}

export function mayPublish(rights: Rights, topic: string): boolean {
  return rights.publish.some((filter) => topicMatches(filter, topic));
}

export function maySubscribe(rights: Rights, filter: string): boolean {
  return rights.subscribe.some((allowed) => filterCovers(allowed, filter));
}

function roleRights(cell: CellAddress, role: BrokerRole, arms: readonly string[]): Rights {
  const topics = cellTopics(cell);
  const watching = [
    topics.status,
    topics.presence,
    topics.order('+'),
    topics.task('+'),
    topics.state('#'),
    topics.packml('Status/#'),
    topics.packml('Admin/#'),
  ];
  const asking = [topics.result('+'), topics.errors];
  switch (role) {
    case 'arm':
      return armRights(cell, arms);
    case 'plc': {
      const io = ioTopics(cell);
      return {
        publish: [io.event, io.presence, topics.plc('#'), topics.packml('Command/#'), topics.intake('cell')],
        subscribe: [
          ...[io.hello, io.request, io.acknowledge, io.presence, topics.plc('#')],
          ...watching,
          ...asking,
        ],
      };
    }
    case 'host':
      return {
        publish: ['orders', 'cancel', 'returns', 'stow', 'consolidate'].map((kind) => topics.intake(kind)),
        subscribe: [...watching, ...asking],
      };
    case 'operator':
      return {
        publish: [topics.intake('cell'), topics.intake('task'), topics.packml('Command/#')],
        subscribe: [...watching, ...asking],
      };
    case 'viewer':
      return { publish: [], subscribe: watching };
  }
}

function armRights(cell: CellAddress, arms: readonly string[]): Rights {
  const own = arms.map((armId) => armTopics(cell, armId));
  return {
    publish: own.flatMap((arm) => [arm.state, arm.event('+'), arm.presence]),
    subscribe: [
      cellTopics(cell).presence,
      ...own.flatMap((arm) => [arm.command('+'), arm.lease, arm.presence]),
    ],
  };
}
