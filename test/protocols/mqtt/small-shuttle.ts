import type { CellIoHost, ContainerDeclaration, IoEvent, IoRequest } from '../../../controller/ports.ts';

/** Surroundings reduced to what the protocol is about: containers that stand or do not, and requests done once. */
export class SmallShuttle implements CellIoHost {
  readonly containers = new Map<string, ContainerDeclaration>();
  /** How often each request was really carried out. */
  readonly done = new Map<string, number>();
  readonly #answers = new Map<string, IoEvent[]>();
  #events: IoEvent[] = [];

  constructor(storage: number) {
    for (let i = 0; i < storage; i += 1) {
      const containerId = `S${i}`;
      this.containers.set(containerId, {
        containerId,
        kind: 'storage',
        stacks: [[`sku-${i}`, `sku-${i}`], [], [`sku-${i}`], []],
        placeId: null,
      });
    }
  }

  announce(): void {
    const containers = [...this.containers.values()];
    const skus = containers
      .filter((container) => container.kind === 'storage')
      .map((_, i) => ({ sku: `sku-${i}`, name: `Item ${i}`, sizeM: [0.1, 0.1, 0.05] as const, massKg: 0.2 }));
    this.#events.push({ kind: 'inventory', skus, containers });
  }

  execute(request: IoRequest): void {
    const known = this.#answers.get(request.requestId);
    if (known !== undefined) {
      this.#events.push(...known);
      return;
    }
    this.done.set(request.requestId, (this.done.get(request.requestId) ?? 0) + 1);
    const answer = this.#carryOut(request);
    this.#answers.set(request.requestId, answer);
    this.#events.push(...answer);
  }

  takeEvents(): readonly IoEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** A tote comes by itself. */
  arrive(containerId: string, placeId: string): void {
    const container = { containerId, kind: 'induct' as const, stacks: [['sku-1']], placeId };
    this.containers.set(containerId, container);
    this.#events.push({ kind: 'container-arrived', requestId: null, placeId, container });
  }

  failure(reason: string): void {
    this.#events.push({ kind: 'lost', reason });
  }

  repaired(): void {
    this.#events.push({ kind: 'connected' });
    this.announce();
  }

  #carryOut(request: IoRequest): IoEvent[] {
    const { requestId, placeId } = request;
    const standing = [...this.containers.values()].find((container) => container.placeId === placeId);
    if (request.kind === 'inspect') {
      if (standing === undefined)
        return [{ kind: 'refused', requestId, detail: `nothing stands at ${placeId}` }];
      const units = standing.stacks.reduce((sum, stack) => sum + stack.length, 0);
      return [{ kind: 'inspected', requestId, placeId, units }];
    }
    const events: IoEvent[] = [];
    if (standing !== undefined) {
      this.containers.set(standing.containerId, { ...standing, placeId: null });
      events.push({ kind: 'container-left', requestId, placeId, containerId: standing.containerId });
    }
    const { containerId } = request;
    if (containerId === null) return events;
    const known = this.containers.get(containerId);
    if (known === undefined && request.kind === 'exchange') {
      return [...events, { kind: 'refused', requestId, detail: `there is no container ${containerId}` }];
    }
    const container = { ...(known ?? { containerId, kind: 'order' as const, stacks: [[], []] }), placeId };
    this.containers.set(containerId, container);
    return [...events, { kind: 'container-arrived', requestId, placeId, container }];
  }
}
