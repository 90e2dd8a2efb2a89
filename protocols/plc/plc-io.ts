import type { CellModel, Place } from '../../controller/domain/cell.ts';
import { cellCount } from '../../controller/domain/grid.ts';
import type { CellIo, IoEvent, IoRequest } from '../../controller/ports.ts';
import type { HandshakeDriver, ToteOutcome } from './handshake-driver.ts';

/**
 * The surroundings of a cell of which some places are served by a PLC: requests about those become handshakes, their
 * outcomes events; everything else goes to the surroundings as before.
 */
export class PlcCellIo implements CellIo {
  readonly #inner: CellIo;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #drivers: readonly HandshakeDriver[];
  readonly #byPlace = new Map<string, HandshakeDriver>();
  /** What stands at places of the PLC, as far as it was told. */
  readonly #standing = new Map<string, string>();

  constructor(cell: CellModel, inner: CellIo, drivers: readonly HandshakeDriver[]) {
    this.#inner = inner;
    this.#places = new Map(cell.places.map((place) => [place.id, place]));
    this.#drivers = drivers;
    for (const driver of drivers) {
      for (const placeId of Object.keys(driver.handshake.places)) this.#byPlace.set(placeId, driver);
    }
  }

  send(request: IoRequest): void {
    const driver = request.kind === 'inspect' ? undefined : this.#byPlace.get(request.placeId);
    if (driver === undefined || request.kind === 'inspect') this.#inner.send(request);
    else driver.ask(request);
  }

  takeEvents(): readonly IoEvent[] {
    const events: IoEvent[] = [];
    for (const event of this.#inner.takeEvents()) {
      this.#learn(event);
      events.push(event);
    }
    for (const driver of this.#drivers) {
      for (const outcome of driver.takeOutcomes()) {
        for (const event of this.#eventsOf(outcome)) {
          this.#learn(event);
          events.push(event);
        }
      }
    }
    return events;
  }

  #learn(event: IoEvent): void {
    if (event.kind === 'inventory') {
      for (const { containerId, placeId } of event.containers) {
        if (placeId !== null) this.#standing.set(placeId, containerId);
      }
    } else if (event.kind === 'container-arrived') {
      this.#standing.set(event.placeId, event.container.containerId);
    } else if (event.kind === 'container-left' && this.#standing.get(event.placeId) === event.containerId) {
      this.#standing.delete(event.placeId);
    }
  }

  #eventsOf(outcome: ToteOutcome): readonly IoEvent[] {
    const { request } = outcome;
    const { requestId, placeId, containerId } = request;
    if (outcome.status === 'failed') {
      return [{ kind: 'refused', requestId, detail: `${placeId}: ${outcome.detail}` }];
    }
    const events: IoEvent[] = [];
    const standing = this.#standing.get(placeId);
    if (standing !== undefined && standing !== containerId) {
      events.push({ kind: 'container-left', requestId, placeId, containerId: standing });
    }
    if (containerId === null && standing === undefined) {
      return [{ kind: 'refused', requestId, detail: `${placeId}: nothing stood there` }];
    }
    const place = this.#places.get(placeId)!;
    if (containerId !== null) {
      const stacks = Array.from({ length: cellCount(place) }, () => []);
      const container = { containerId, kind: 'order' as const, stacks, placeId };
      events.push({ kind: 'container-arrived', requestId, placeId, container });
    }
    return events;
  }
}
