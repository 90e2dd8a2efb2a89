import { randomUUID } from 'node:crypto';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import type { CellIoHost, IoEvent } from '../../controller/ports.ts';
import { MqttConnection } from '../../protocols/mqtt/connection.ts';
import type { BrokerAccess } from '../../protocols/mqtt/broker-access.ts';
import type { ToteFloor } from '../../protocols/plc/simulated-dialogue.ts';
import { SimulatedPlc } from '../../protocols/plc/simulated-plc.ts';

/** Cycle of a simulated PLC, ms. */
const CYCLE_MS = 20;
/** The surroundings do not move the tote: fault code of the simulated PLC. */
const FAULT_REFUSED = 910;

interface Move {
  readonly requestId: string;
  readonly brings: boolean;
  state: 'moving' | 'done' | number;
}

/**
 * The surroundings of a simulated world with PLCs between: what PLCs ask for happens in the world, and only they hear of
 * it; everything else goes its way.
 */
export class WorldToteFloor implements ToteFloor {
  /** The surroundings as the controller sees them. */
  readonly surroundings: CellIoHost;
  /** Places at which a move jams, and the fault code. */
  readonly jams = new Map<string, number>();
  /** Moves begun, for a bench that counts whether something was done twice. */
  moves = 0;
  readonly #host: CellIoHost;
  readonly #run = `plc-${randomUUID().slice(0, 8)}`;
  readonly #standing = new Map<string, string>();
  readonly #moves = new Map<string, Move>();

  constructor(host: CellIoHost) {
    this.#host = host;
    this.surroundings = {
      announce: () => host.announce(),
      execute: (request) => host.execute(request),
      takeEvents: () => host.takeEvents().filter((event) => this.#isForOthers(event)),
    };
  }

  begin(placeId: string, tote: string | null): void {
    this.moves += 1;
    const requestId = `${this.#run}-${this.moves}`;
    const brings = tote !== null;
    const isThere = brings || this.#standing.has(placeId);
    this.#moves.set(placeId, { requestId, brings, state: isThere ? 'moving' : 'done' });
    // A jam keeps the conveyor from even beginning.
    if (!isThere || this.jams.has(placeId)) return;
    this.#host.execute(
      tote === null
        ? { kind: 'exchange', requestId, placeId, containerId: null }
        : { kind: 'bring-empty', requestId, placeId, containerId: tote },
    );
  }

  progress(placeId: string): 'moving' | 'done' | number {
    return this.jams.get(placeId) ?? this.#moves.get(placeId)?.state ?? 'done';
  }

  toteAt(placeId: string): string | null {
    return this.#standing.get(placeId) ?? null;
  }

  #isForOthers(event: IoEvent): boolean {
    switch (event.kind) {
      case 'inventory':
        for (const { containerId, placeId } of event.containers) {
          if (placeId !== null) this.#standing.set(placeId, containerId);
        }
        return true;
      case 'container-arrived':
        this.#standing.set(event.placeId, event.container.containerId);
        return !this.#settle(event.requestId, 'done');
      case 'container-left':
        if (this.#standing.get(event.placeId) === event.containerId) this.#standing.delete(event.placeId);
        return !this.#settle(event.requestId, 'left');
      case 'refused':
        return !this.#settle(event.requestId, FAULT_REFUSED);
      default:
        return true;
    }
  }

  /** Whether the event belongs to a PLC's request. */
  #settle(requestId: string | null, state: 'done' | 'left' | number): boolean {
    if (requestId === null || !requestId.startsWith(this.#run)) return false;
    for (const move of this.#moves.values()) {
      if (move.requestId !== requestId) continue;
      if (state !== 'left') move.state = state;
      else if (!move.brings) move.state = 'done';
    }
    return true;
  }
}

export interface RunningPlc {
  readonly plc: SimulatedPlc;
  close(): Promise<void>;
}

/** A simulated PLC on a broker, on the machine's clock. */
export function startSimulatedPlc(options: {
  readonly map: PlcMap;
  readonly broker: BrokerAccess;
  readonly floor: ToteFloor;
  readonly nowUs: () => number;
  readonly onTrouble: (message: string) => void;
}): RunningPlc {
  const { map, broker, floor, nowUs, onTrouble } = options;
  const plc = new SimulatedPlc(map, floor);
  const connection = new MqttConnection({
    broker,
    clientId: `plc-${map.name}-${randomUUID().slice(0, 8)}`,
    session: 'clean',
    onTrouble,
  });
  for (const topic of plc.topics) connection.subscribe(topic, 1, ({ payload }) => plc.hear(topic, payload));
  connection.open();
  const timer = setInterval(() => {
    for (const { topic, payload, retain } of plc.advance(nowUs())) {
      connection.publish(topic, Buffer.from(payload), { qos: 1, retain: retain ? 'retain' : 'pass' });
    }
  }, CYCLE_MS);
  return {
    plc,
    close: async () => {
      clearInterval(timer);
      await connection.close();
    },
  };
}

/** The PLCs of a simulated cell, with what they move; without any the surroundings are as they were. */
export function simulatePlcs(options: {
  readonly maps: readonly PlcMap[];
  readonly broker: BrokerAccess;
  readonly surroundings: CellIoHost;
  readonly nowUs: () => number;
  readonly onTrouble: (message: string) => void;
}): { readonly surroundings: CellIoHost; close(): Promise<void> } {
  const { maps, surroundings, ...common } = options;
  if (maps.length === 0) return { surroundings, close: () => Promise.resolve() };
  const floor = new WorldToteFloor(surroundings);
  const running = maps.map((map) => startSimulatedPlc({ ...common, map, floor }));
  return {
    surroundings: floor.surroundings,
    close: async () => {
      await Promise.all(running.map((plc) => plc.close()));
    },
  };
}
