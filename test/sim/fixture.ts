import type { CellModel, Place } from '../../controller/domain/cell.ts';
import { EXCEPTION_KINDS } from '../../controller/domain/exception.ts';
import type { ExceptionKind, PolicyStep } from '../../controller/domain/exception.ts';
import type { Joint, Manipulator } from '../../arms/model/manipulator.ts';
import type { JointTrajectory } from '../../arms/trajectory/joint-trajectory.ts';
import type { ArmCommand, ArmEvent, ContainerDeclaration, SkuDeclaration } from '../../controller/ports.ts';
import { NO_EXCEPTIONS, playSettings } from '../../sim/settings.ts';
import type { SimSettings } from '../../sim/settings.ts';
import { createWorld } from '../../sim/world.ts';

/**
 * A gantry: three prismatic joints along x, y and down, so that a test can say where the tip is. Its limits are
 * made up for the tests.
 */
const axis = (name: string, direction: [number, number, number]): Joint => ({
  name,
  kind: 'prismatic',
  X_PJ: { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] },
  axis: direction,
  limits: { lower: -3, upper: 3, velocityMax: 2, accelerationMax: 10, jerkMax: 100 },
});

const gantry: Manipulator = {
  name: 'gantry',
  joints: [axis('x', [1, 0, 0]), axis('y', [0, 1, 0]), axis('z', [0, 0, 1])],
  // The tool points down: half a turn about x.
  X_JF: { positionM: [0, 0, 0], quaternionXyzw: [1, 0, 0, 0] },
  capsules: [],
  tool: {
    name: 'cup',
    kind: 'suction',
    X_FT: { positionM: [0, 0, 0.1], quaternionXyzw: [0, 0, 0, 1] },
    capsules: [{ p: [0, 0, 0], q: [0, 0, 0.1], radiusM: 0.02 }],
    massKg: 1,
    payloadMaxKg: 5,
  },
  selfPairs: [],
  namedStates: {},
};

/** Joint positions that bring the gantry's tip to a point of the world. */
export const above = ([x, y, z]: readonly [number, number, number]): [number, number, number] => [
  x,
  y,
  z + 0.1,
];

const place = (id: string, kind: Place['kind'], x: number): Place => ({
  id,
  kind,
  positionM: [x, 0, 0],
  innerSizeM: [0.6, 0.4, 0.3],
  grid: [3, 2],
});

export const cell: CellModel = {
  name: 'test',
  clearanceM: 0.05,
  approachM: 0.3,
  graspDwellUs: 200_000,
  releaseDwellUs: 100_000,
  arms: ['A', 'B'].map((id, k) => ({
    id,
    manipulator: gantry,
    X_WB: { positionM: [0, 0, 0], quaternionXyzw: [0, 0, 0, 1] },
    park: [0, k === 0 ? -1 : 1, 1],
  })),
  places: [
    place('BIN1', 'bin', 0),
    place('BIN2', 'bin', 1),
    place('ST1', 'station', 2),
    place('IN1', 'induct', -1),
  ],
  obstacles: [],
  zones: [],
  logistics: { shuttleExchangeUs: 10_000_000, shuttleParallel: 1, toteExchangeUs: 6_000_000 },
  deadlines: {
    acceptUs: 1_000_000,
    motionMarginUs: 5_000_000,
    gripUs: 2_000_000,
    ioUs: 60_000_000,
    planUs: 10_000_000,
  },
  policy: 'sequential',
  exceptionPolicies: Object.fromEntries(EXCEPTION_KINDS.map((kind) => [kind, []])) as unknown as Record<
    ExceptionKind,
    PolicyStep[]
  >,
  planCostUs: 100,
  fixedTasks: [],
};

export const skus: SkuDeclaration[] = [
  { sku: 'soap', name: 'Soap', sizeM: [0.1, 0.06, 0.05], massKg: 0.3 },
  { sku: 'book', name: 'Book', sizeM: [0.18, 0.15, 0.03], massKg: 0.5 },
];

export const containers = (placeId: string | null): ContainerDeclaration[] => [
  {
    containerId: 'S1',
    kind: 'storage',
    stacks: [['soap', 'soap', 'soap'], ['book'], [], [], [], []],
    placeId,
  },
  { containerId: 'S2', kind: 'storage', stacks: [['book', 'book'], [], [], [], [], []], placeId: null },
  { containerId: 'I1', kind: 'induct', stacks: [['soap'], [], [], [], [], []], placeId: null },
];

/** No mishaps, no lag, unless a test asks for them. */
export const settings = (change: Partial<SimSettings> = {}): SimSettings => ({
  ...playSettings(1),
  rates: NO_EXCEPTIONS,
  massNoise: 0,
  sampleEveryUs: null,
  ...change,
});

/** From rest to rest in one quintic. */
export const straight = (
  from: readonly number[],
  to: readonly number[],
  timeUs: number,
): JointTrajectory => ({
  timesUs: [0, timeUs],
  positions: [from, to],
  velocities: [from.map(() => 0), to.map(() => 0)],
  accelerations: [from.map(() => 0), to.map(() => 0)],
});

/** A world with both arms claimed in epoch 1, and a way to let it run while collecting what the arms say. */
export function running(change: Partial<SimSettings> = {}, placeId: string | null = 'BIN1') {
  const world = createWorld(cell, settings(change), { skus, containers: containers(placeId) });
  const said: { armId: string; atUs: number; event: ArmEvent }[] = [];
  const run = (forUs: number): void => {
    const untilUs = world.nowUs + forUs;
    while (world.nowUs < untilUs) {
      world.advanceTo(world.nowUs + world.settings.stepUs);
      collect();
    }
  };
  const collect = (): void => {
    for (const host of world.armHosts) {
      for (const event of host.takeEvents()) said.push({ armId: host.armId, atUs: world.nowUs, event });
    }
  };
  const tell = (armId: string, command: ArmCommand): void => {
    world.armHosts.find((host) => host.armId === armId)?.execute(command);
  };
  const of = (commandId: string): string[] =>
    said.flatMap(({ event }) => {
      if (!('commandId' in event) || event.commandId !== commandId) return [];
      if (event.kind === 'ended') return [`ended ${event.outcome.status}`];
      if (event.kind === 'refused') return [`refused ${event.reason}`];
      if (event.kind === 'progressed') return [`progressed ${event.progressUs}`];
      return [event.kind];
    });
  for (const { armId } of world.armHosts)
    tell(armId, { kind: 'claim', commandId: `claim-${armId}`, epoch: 1 });
  run(world.settings.stepUs);
  let count = 0;
  const submit = (armId: string, trajectory: JointTrajectory, more: Partial<SubmitCommand> = {}): string => {
    count += 1;
    const grantedUntilUs = trajectory.timesUs[trajectory.timesUs.length - 1] as number;
    const commandId = `m${count}`;
    tell(armId, {
      kind: 'submit',
      commandId,
      epoch: 1,
      trajectory,
      fromUs: 0,
      grantedUntilUs,
      marksUs: [],
      ...more,
    });
    return commandId;
  };
  /** Moves an arm to a tip position in the given time and waits until it rests. */
  const go = (armId: string, tipM: readonly [number, number, number], timeUs = 3_000_000): string => {
    const commandId = submit(armId, straight([...world.measured(armId).positions], above(tipM), timeUs));
    for (let k = 0; k < 10_000 && (k === 0 || world.measured(armId).moving); k += 1)
      run(world.settings.stepUs);
    return commandId;
  };
  const grip = (armId: string, action: 'grasp' | 'release', dwellUs = 1_000_000): string => {
    count += 1;
    tell(armId, { kind: 'grip', commandId: `g${count}`, epoch: 1, action, dwellUs });
    run(dwellUs + 2 * world.settings.stepUs);
    return `g${count}`;
  };
  return { world, said, run, tell, of, submit, go, grip };
}
type SubmitCommand = Extract<ArmCommand, { kind: 'submit' }>;
