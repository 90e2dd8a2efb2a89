import { cellStepper } from '../machines/cell.ts';
import { connectionStepper } from '../machines/connection.ts';
import type { ConnectionMachineState } from '../machines/connection.ts';
import { take } from '../coordination/reservations.ts';
import type { CellModel } from '../domain/cell.ts';
import { derive } from './derived.ts';
import type { Derived } from './derived.ts';
import { unheardPlcs } from './plc-state.ts';
import type { ArmState, CoreState, PlaceState } from './state.ts';
import { LOSS_CAUSES } from '../domain/loss-cause.ts';
import type { LossCause } from '../domain/loss-cause.ts';

/** The core of one cell: what it is, what is known, and what follows from both. `step` owns and changes it. */
export interface Core {
  readonly cell: CellModel;
  readonly state: CoreState;
  readonly derived: Derived;
}

/** A core that knows its cell and nothing else. Arms are taken to stand in their park zones until they say more. */
export function createCore(cell: CellModel): Core {
  const state = emptyState(cell);
  const core = { cell, state, derived: derive(cell, state) };
  for (const arm of cell.arms) take(state.zones, arm.id, [...(core.derived.parkZones.get(arm.id) ?? [])]);
  return core;
}

/** A core that goes on from a stored state, which it owns from now on. */
export function restoreCore(cell: CellModel, stored: CoreState): Core {
  const state = inOrder(cell, stored);
  const core = { cell, state, derived: derive(cell, state) };
  for (const [armId, zones] of core.derived.parkZones) {
    for (const zoneId of zones) state.zones[zoneId] ??= armId;
  }
  return core;
}

/**
 * The same state with its records in the order in which a running core made them. A stored state has its keys
 * sorted, and what is looked at first must not depend on whether the process was restarted.
 */
function inOrder(cell: CellModel, stored: CoreState): CoreState {
  // Arms and places that are new in the cell begin as in a new one; those that are gone are forgotten.
  const fresh = emptyState(cell);
  const pick = <T>(stored: Record<string, T>, known: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(known).map(([id, initial]) => [id, stored[id] ?? initial]));
  const tasks = Object.values(stored.tasks).sort((a, b) => a.number - b.number);
  const requests = Object.entries(stored.ioRequests).sort(([a], [b]) => requestNumber(a) - requestNumber(b));
  const held = Object.entries(stored.zones).filter(([, armId]) => fresh.arms[armId] !== undefined);
  return {
    ...stored,
    arms: pick(stored.arms, fresh.arms),
    places: pick(stored.places, fresh.places),
    plc: {
      // A state of before there were PLCs has none of it.
      permissions: pick(stored.plc?.permissions ?? {}, fresh.plc.permissions),
      zones: pick(stored.plc?.zones ?? {}, fresh.plc.zones),
    },
    tasks: Object.fromEntries(tasks.map((task) => [task.id, task])),
    ioRequests: Object.fromEntries(requests),
    zones: Object.fromEntries(held),
    passages: {
      sequences: pick(stored.passages.sequences, fresh.passages.sequences),
      conflicts: stored.passages.conflicts,
    },
  };
}

/** The running number at the end of a request id; it never starts anew, also not with a new epoch. */
function requestNumber(requestId: string): number {
  return Number(requestId.slice(requestId.lastIndexOf('r') + 1));
}

function emptyState(cell: CellModel): CoreState {
  const arms: Record<string, ArmState> = {};
  for (const arm of cell.arms) {
    arms[arm.id] = {
      id: arm.id,
      machine: { value: 'offline' },
      positions: null,
      holding: { vacuum: 'unknown', massKg: null },
      job: null,
      next: null,
      command: null,
      waitingSinceUs: null,
      turns: 0,
      troubles: 0,
      fault: null,
      unitsDone: 0,
      waitsFor: null,
      loss: emptyLoss(),
    };
  }
  const places: Record<string, PlaceState> = {};
  for (const place of cell.places) {
    places[place.id] = {
      id: place.id,
      containerId: null,
      orderId: null,
      nextOrderId: null,
      exchange: null,
    };
  }
  return {
    version: 1,
    nowUs: 0,
    epoch: 0,
    anchor: { wallMs: 0, nowUs: 0 },
    cell: cellStepper.start({ nowUs: 0, because: 'not started yet' }).state,
    counters: { command: 0, request: 0, task: 0, order: 0, tote: 0, job: 0 },
    arms,
    io: { link: unheardLink(), inventoryKnown: false },
    plc: unheardPlcs(cell.plc),
    skus: {},
    containers: {},
    places,
    orders: {},
    waitingOrders: [],
    completedOrders: [],
    tasks: {},
    endedTasks: [],
    returns: {},
    seenRequests: [],
    ioRequests: {},
    zones: {},
    passages: { sequences: Object.fromEntries(cell.arms.map((arm) => [arm.id, []])), conflicts: [] },
    unreachable: {},
    alarms: {},
    totals: {
      unitsDone: 0,
      tasksDone: 0,
      tasksCancelled: 0,
      tasksExcepted: 0,
      linesEnded: { fulfilled: 0, cancelled: 0, excepted: 0 },
      linesTotal: 0,
      ordersCompleted: 0,
      plans: 0,
      plansFailed: 0,
    },
    recentUnitsUs: [],
  };
}

/** What an arm's time went to before it began. */
function emptyLoss(): ArmState['loss'] {
  const totalsUs = Object.fromEntries(LOSS_CAUSES.map((cause) => [cause, 0])) as Record<LossCause, number>;
  return { cause: 'held', waitsFor: null, totalsUs, waitingUs: {} };
}

/** From the start of a controller until shuttle, conveyors and sensors must have been heard, us. */
const CONNECT_US = 30_000_000;

/**
 * Silence after the first sign of life is judged by whoever speaks the protocol, and comes here as `lost`: this link
 * hears nothing in between, so no time of silence means anything to it. About thirty years, us.
 */
const NEVER_US = 1_000_000_000_000_000;

/** The link of a controller that has not begun. */
function unheardLink(): ConnectionMachineState {
  return connectionStepper.start({ connectUs: CONNECT_US, staleUs: NEVER_US, lostUs: NEVER_US }).state;
}
