import type { JointTrajectory } from '../arms/trajectory/joint-trajectory.ts';

/**
 * What the core needs from the world. Each port is implemented once per protocol, in `protocols/` or `sim/`;
 * the core sees neither sockets nor clocks.
 */

/** Microseconds since the cell's journal began; never runs backwards, also not across restarts. */
export interface Clock {
  nowUs(): number;
}

/** How an arm is to stop. `on-path`: decelerate along the trajectory. `protective`: as fast as its drives can. */
export type StopKind = 'on-path' | 'protective';

/** What the controller tells an arm. Commands of an epoch lower than the last claimed one are refused. */
export type ArmCommand =
  /** Take control: the arm stops on its path if it moves, forgets older commands, answers `claimed`. */
  | { readonly kind: 'claim'; readonly commandId: string; readonly epoch: number }
  /** Follow a trajectory, up to the granted progress and no further. Replaces nothing: an arm that is moving refuses. */
  | {
      readonly kind: 'submit';
      readonly commandId: string;
      readonly epoch: number;
      readonly trajectory: JointTrajectory;
      /**
       * Progress at which the arm rests now and begins: 0 for a new motion; where it stopped, to go on with an
       * interrupted one. The arm refuses (`start-deviates`) when it does not stand there.
       */
      readonly fromUs: number;
      /** Progress (nominal trajectory time, us) at which the arm must be able to rest. */
      readonly grantedUntilUs: number;
      /** Progress values (us, increasing) whose passing the driver reports as `progressed`. */
      readonly marksUs: readonly number[];
    }
  | {
      readonly kind: 'extend';
      /** The command whose grant grows. A grant never shrinks: a lower value is ignored. */
      readonly commandId: string;
      readonly epoch: number;
      readonly grantedUntilUs: number;
    }
  | { readonly kind: 'stop'; readonly commandId: string; readonly epoch: number; readonly stop: StopKind }
  | {
      readonly kind: 'grip';
      readonly commandId: string;
      readonly epoch: number;
      readonly action: 'grasp' | 'release';
      /** Time allowed for the tool before it answers with a failure, us. */
      readonly dwellUs: number;
    };

/** What the tool's own sensors say. `unknown`: the tool has no such sensor, or it is not to be believed. */
export interface Holding {
  readonly vacuum: 'on' | 'off' | 'unknown';
  /** Measured load under the tool in kg; null where it is not measured. */
  readonly massKg: number | null;
}

export type ArmRefusal =
  | 'stale-epoch'
  | 'future-epoch'
  | 'duplicate-command'
  | 'late-command'
  | 'retained-command'
  | 'malformed'
  | 'moving'
  | 'unknown-command'
  | 'start-deviates'
  | 'limits-exceeded'
  | 'faulted'
  | 'no-lease';

/** How a commanded motion or grip ended. */
export type ArmOutcome =
  | { readonly status: 'reached' }
  /** Came to rest before the end of its trajectory. */
  | {
      readonly status: 'stopped';
      readonly progressUs: number;
      readonly because: 'commanded' | 'lease-expired' | 'protective' | 'fault';
    }
  | { readonly status: 'grasped' }
  | { readonly status: 'grasp-failed' }
  | { readonly status: 'released' }
  /** The tool is off but something is in the way or the item did not leave: the arm still holds it. */
  | { readonly status: 'release-blocked' };

/** One measurement of an arm. Samples never reach the journal; the events derived from them do. */
export interface ArmSample {
  readonly positions: readonly number[];
  readonly velocities: readonly number[];
  /** Instant of the measurement on the receiver's clock, us. */
  readonly sampledUs: number;
  /** The command being executed and how far it got; null when the arm rests. */
  readonly commandId: string | null;
  readonly progressUs: number;
  readonly holding: Holding;
}

export type ArmEvent =
  | { readonly kind: 'state'; readonly sample: ArmSample }
  /** The answer to `claim`: what is physically true of an arm that now rests (or will not move without command). */
  | {
      readonly kind: 'claimed';
      readonly commandId: string;
      readonly epoch: number;
      readonly positions: readonly number[];
      readonly holding: Holding;
      /** The last command the arm worked on and what became of it, so that a controller that was away can tell. */
      readonly last: { readonly commandId: string; readonly outcome: ArmOutcome } | null;
    }
  | { readonly kind: 'accepted'; readonly commandId: string }
  | {
      readonly kind: 'refused';
      readonly commandId: string;
      readonly reason: ArmRefusal;
      readonly detail: string;
    }
  | { readonly kind: 'progressed'; readonly commandId: string; readonly progressUs: number }
  | {
      readonly kind: 'ended';
      readonly commandId: string;
      readonly outcome: ArmOutcome;
      readonly positions: readonly number[];
      readonly holding: Holding;
    }
  /** The tool's sensor changed outside of a grip command: an item was lost, or added by hand. */
  | { readonly kind: 'holding-changed'; readonly holding: Holding }
  | { readonly kind: 'faulted'; readonly code: string; readonly detail: string }
  | { readonly kind: 'fault-cleared' }
  /** The connection to the arm came up or was lost. A lost arm keeps its space. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost'; readonly reason: string };

/** The controller's side of one arm. Methods only enqueue; what comes of them arrives as events. */
export interface ArmDriver {
  readonly armId: string;
  send(command: ArmCommand): void;
  /** Called every control tick: renews the motion lease, so that a controller that hangs loses its arms. */
  keepAlive(nowUs: number): void;
  /** Events since the last call, oldest first. */
  takeEvents(): readonly ArmEvent[];
}

/** The arm's side of the same port: what the simulator and a device's own software implement. */
export interface ArmHost {
  readonly armId: string;
  execute(command: ArmCommand): void;
  /** The controller was heard from; a host with a lease moves only while this keeps happening. */
  renewLease(): void;
  /** Events since the last call, oldest first. */
  takeEvents(): readonly ArmEvent[];
}

/** What the controller asks of the cell around the arms: shuttle, conveyors, sensors. */
export type IoRequest =
  /** Take away what stands at `placeId` (if anything) and bring `containerId` (null: bring nothing). */
  | {
      readonly kind: 'exchange';
      readonly requestId: string;
      readonly placeId: string;
      readonly containerId: string | null;
    }
  /** Bring an empty order tote, to be known as `containerId`, in place of what stands there. */
  | {
      readonly kind: 'bring-empty';
      readonly requestId: string;
      readonly placeId: string;
      readonly containerId: string;
    }
  /** Look into the container at a place: how many units does the sensor see? */
  | { readonly kind: 'inspect'; readonly requestId: string; readonly placeId: string };

/** Content of a storage container as the storage system declares it. */
export interface ContainerDeclaration {
  readonly containerId: string;
  readonly kind: 'storage' | 'order' | 'induct';
  /** Unit SKUs in each cell of the container's grid, bottom first. */
  readonly stacks: readonly (readonly string[])[];
  /** Where it stands in the cell; null: in the storage system behind the shuttle. */
  readonly placeId: string | null;
}

export type IoEvent =
  /** The world as the storage system and the shuttle know it; sent once per connection. */
  | {
      readonly kind: 'inventory';
      readonly skus: readonly SkuDeclaration[];
      readonly containers: readonly ContainerDeclaration[];
    }
  | {
      readonly kind: 'container-left';
      readonly requestId: string | null;
      readonly placeId: string;
      readonly containerId: string;
    }
  | {
      readonly kind: 'container-arrived';
      readonly requestId: string | null;
      readonly placeId: string;
      readonly container: ContainerDeclaration;
    }
  | {
      readonly kind: 'inspected';
      readonly requestId: string;
      readonly placeId: string;
      readonly units: number;
    }
  | { readonly kind: 'refused'; readonly requestId: string; readonly detail: string }
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost'; readonly reason: string };

/** What PLCs say of what the core decides on; a level, said again whenever it changes. */
export type PlcEvent =
  | { readonly kind: 'permission'; readonly permissionId: string; readonly status: 'granted' }
  | {
      readonly kind: 'permission';
      readonly permissionId: string;
      readonly status: 'withheld';
      /** In words: open, silent since, not to be believed because. */
      readonly because: string;
    }
  | {
      readonly kind: 'zone';
      readonly zoneId: string;
      readonly requested: boolean;
      readonly acknowledged: boolean;
    };

/** What the core tells PLCs. */
export type PlcCommand = { readonly kind: 'zone'; readonly zoneId: string; readonly granted: boolean };

/** The PLCs around the cell: permissions and shared zones. Totes go over `CellIo`. */
export interface PlcPort {
  /** What changed since the last call; called every control tick, so that silence is noticed. */
  takeEvents(): readonly PlcEvent[];
  send(command: PlcCommand): void;
}

export interface SkuDeclaration {
  readonly sku: string;
  readonly name: string;
  /** Length, width, height as it lies, m. */
  readonly sizeM: readonly [number, number, number];
  readonly massKg: number;
}

/** The cell's surroundings: shuttle, conveyors, sensors. Requests are idempotent on `requestId`. */
export interface CellIo {
  send(request: IoRequest): void;
  takeEvents(): readonly IoEvent[];
}

/** The surroundings' side of the same port. */
export interface CellIoHost {
  /** A controller connected (the first time, or again): report `inventory` as it is now. */
  announce(): void;
  execute(request: IoRequest): void;
  takeEvents(): readonly IoEvent[];
}
