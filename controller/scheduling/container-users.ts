import type { StepContext } from '../core/context.ts';
import type { Task } from '../core/state.ts';
import { visitedPlaces } from '../core/visits.ts';
import { isAtWork } from './orders.ts';

/** Which open tasks take from or put into each container, and how soon: read once a pass, asked for every place. */
export interface ContainerUsers {
  of(containerId: string): readonly Task[];
  /** An arm is about to take from or put into it. */
  isInUse(containerId: string): boolean;
  /** An arm has its tool there, or is bound to bring it there. */
  isVisited(placeId: string): boolean;
  /** 0: the task belongs to what is served now; 1: to what follows. */
  rankOf(task: Task): TaskRank;
}

export type TaskRank = 0 | 1;

const NOBODY: readonly Task[] = [];

export function containerUsers({ state }: StepContext): ContainerUsers {
  const users = new Map<string, Task[]>();
  const busy = new Set<string>();
  for (const task of Object.values(state.tasks)) {
    for (const { containerId } of [task.source, task.destination]) {
      if (containerId === null) continue;
      const known = users.get(containerId);
      if (known === undefined) users.set(containerId, [task]);
      else known.push(task);
      if (isAtWork(task)) busy.add(containerId);
    }
  }
  const visited = visitedPlaces(state);
  const served = new Set(Object.values(state.places).map((place) => place.orderId));
  return {
    of: (containerId) => users.get(containerId) ?? NOBODY,
    isInUse: (containerId) => busy.has(containerId),
    isVisited: (placeId) => visited.has(placeId),
    rankOf: (task) => (task.orderId === null || served.has(task.orderId) ? 0 : 1),
  };
}
