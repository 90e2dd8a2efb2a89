import { EMPTY_BOOKS } from '../../../controller/operations/books-view.ts';
import type { CellView } from '../../../controller/operations/view.ts';
import type {
  ControlLoopOptions,
  FatalFault,
  Notice,
  RuntimeCore,
} from '../../../controller/runtime/control-loop-options.ts';
import { createControlLoop } from '../../../controller/runtime/control-loop.ts';
import type { ControlLoop } from '../../../controller/runtime/control-loop.ts';
import type { Journal } from '../../../controller/runtime/journal.ts';
import { createMemoryJournal } from '../../../controller/runtime/memory-journal.ts';
import type { PlannerPort } from '../../../controller/runtime/planner.ts';
import type {
  ArmCommand,
  ArmDriver,
  ArmEvent,
  CellIo,
  IoEvent,
  IoRequest,
} from '../../../controller/ports.ts';
import { countingReducer } from './counting-core.ts';
import type { CountingCore } from './counting-core.ts';

/** An arm on the bench: does nothing by itself, shows what it was told, reports what the test says. */
class BenchArm implements ArmDriver {
  readonly armId: string;
  readonly commands: ArmCommand[] = [];
  /** Instants of lease renewals. */
  readonly kept: number[] = [];
  readonly events: ArmEvent[] = [];
  onSend: (command: ArmCommand) => void = () => undefined;

  constructor(armId: string) {
    this.armId = armId;
  }

  send(command: ArmCommand): void {
    this.commands.push(command);
    this.onSend(command);
  }

  keepAlive(nowUs: number): void {
    this.kept.push(nowUs);
  }

  takeEvents(): readonly ArmEvent[] {
    return this.events.splice(0);
  }
}

class BenchIo implements CellIo {
  readonly requests: IoRequest[] = [];
  readonly events: IoEvent[] = [];

  send(request: IoRequest): void {
    this.requests.push(request);
  }

  takeEvents(): readonly IoEvent[] {
    return this.events.splice(0);
  }
}

export const countingCore: RuntimeCore<CountingCore> = {
  ...countingReducer,
  nextDeadlineUs: (core) => core.state.timerUs,
  isAtRest: () => true,
  heldItemSizeM: () => null,
  view: (core) => ({ cell: 'bench', epoch: core.state.epoch, nowS: core.state.nowUs / 1e6 }) as CellView,
  tasks: () => [],
  task: () => null,
  order: () => null,
  schedule: (_core, nowUs) => ({
    atS: nowUs / 1e6,
    sharing: 'zones',
    zones: {},
    legs: [],
    orders: [],
    certificate: [],
    cycle: [],
  }),
  books: () => EMPTY_BOOKS,
};

const noPlans: PlannerPort = {
  request: () => undefined,
  takeResults: () => [],
  statistics: () => ({ plansTotal: 0, planSecondsTotal: 0, crashes: 0 }),
  close: () => Promise.resolve(),
};

export interface Bench {
  readonly loop: ControlLoop<CountingCore>;
  readonly arms: { readonly a1: BenchArm; readonly a2: BenchArm };
  readonly io: BenchIo;
  readonly journal: Journal;
  readonly notices: Notice[];
  readonly faults: FatalFault[];
  /** Lets time pass and ticks once. */
  pass(us: number): void;
}

type Options = ControlLoopOptions<CountingCore>;

/** Options of a loop on the bench, with small bounds so that tests reach them. */
export function benchOptions(changes: Partial<Options> = {}): Options {
  return {
    core: countingCore,
    journal: createMemoryJournal({ ticksMax: 100_000 }),
    drivers: [new BenchArm('a1'), new BenchArm('a2')],
    io: new BenchIo(),
    monitor: null,
    planner: noPlans,
    clock: { monotonicUs: () => 0, wallMs: () => 1_700_000_000_000 },
    by: { pid: 1, host: 'bench', version: '0.1.0' },
    tickMs: 10,
    intake: { queueMax: 5, urgentMax: 3, rememberedMax: 100, perTickMax: 4 },
    field: { perTickMax: 10, queueMax: 30 },
    snapshotEvery: { events: 1_000, us: 60_000_000 },
    restWithinUs: 4_000_000,
    failedTickFile: null,
    onNotice: () => undefined,
    onFatal: () => undefined,
    ...changes,
  };
}

/** A control loop whose clock and timer are the test. */
export function onTheBench(changes: Partial<Options> = {}): Bench {
  const arms = { a1: new BenchArm('a1'), a2: new BenchArm('a2') };
  const io = new BenchIo();
  const notices: Notice[] = [];
  const faults: FatalFault[] = [];
  let us = 5_000_000;
  const options = benchOptions({
    drivers: [arms.a1, arms.a2],
    io,
    clock: { monotonicUs: () => us, wallMs: () => 1_700_000_000_000 },
    onNotice: (notice) => notices.push(notice),
    onFatal: (fault) => faults.push(fault),
    ...changes,
  });
  const created = createControlLoop(options);
  if (!created.ok) throw new Error(created.fault.detail);
  return {
    loop: created.loop,
    arms,
    io,
    journal: options.journal,
    notices,
    faults,
    pass(passedUs) {
      us += passedUs;
      created.loop.tick();
    },
  };
}
