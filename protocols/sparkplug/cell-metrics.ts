import { CELL_COMMANDS } from '../../controller/domain/packml.ts';
import type { ArmView, CellView } from '../../controller/operations/view.ts';
import { INTAKE_TOPICS } from '../mqtt/intake-messages.ts';
import type { IntakeTopic } from '../mqtt/intake-messages.ts';
import { stateNumber } from '../../controller/domain/packml-numbers.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';
import type { MetricDefinition } from './edge-tags.ts';
import type { DataType } from './data-type.ts';
import type { Value } from './payload.ts';

/** What the cell shows of itself as Sparkplug metrics: PackML's tags, its figures, its places, its arms. */

/** A metric that is read from a view. */
export interface ShownMetric<TView> {
  readonly name: string;
  readonly type: DataType;
  readonly of: (view: TView) => Value | null;
}

/** The only mode in which the cell works; PackML numbers it 1. */
export const PRODUCTION_MODE = 1;

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Metrics of the edge node, whose names begin as PackML's tags do. */
export function cellMetrics(
  places: readonly string[],
  numbers: StateNumbers,
): readonly ShownMetric<CellView>[] {
  const whole = (name: string, of: (view: CellView) => number): ShownMetric<CellView> => ({
    name,
    type: 'Int64',
    of: (view) => BigInt(of(view)),
  });
  return [
    { name: 'Status/StateCurrent', type: 'Int32', of: ({ state }) => stateNumber(state, numbers) },
    { name: 'Status/StateCurrentStr', type: 'String', of: ({ state }) => state.toUpperCase() },
    { name: 'Status/UnitModeCurrent', type: 'Int32', of: () => PRODUCTION_MODE },
    { name: 'Status/UnitModeCurrentStr', type: 'String', of: () => 'PRODUCTION' },
    { name: 'Status/Because', type: 'String', of: ({ because }) => because },
    whole('Admin/ProdProcessedCount', ({ units }) => units.done),
    whole('Admin/ProdDefectiveCount', ({ lines }) => lines.excepted),
    { name: 'Admin/StopReason', type: 'String', of: stopReason },
    { name: 'Admin/Alarms', type: 'DataSet', of: alarms },
    { name: 'Kpi/UnitsPerHour', type: 'Double', of: ({ units }) => round(units.perHour, 0) },
    whole('Kpi/Orders/Waiting', ({ orders }) => orders.waiting),
    whole('Kpi/Orders/Active', ({ orders }) => orders.active),
    whole('Kpi/Orders/Completed', ({ orders }) => orders.completed),
    whole('Kpi/Lines/Total', ({ lines }) => lines.total),
    whole('Kpi/Lines/Fulfilled', ({ lines }) => lines.fulfilled),
    whole('Kpi/Lines/Cancelled', ({ lines }) => lines.cancelled),
    whole('Kpi/Lines/Excepted', ({ lines }) => lines.excepted),
    whole('Kpi/Lines/Open', ({ lines }) => lines.open),
    whole('Kpi/Tasks/Open', ({ tasks }) => tasks.open),
    whole('Kpi/Tasks/Active', ({ tasks }) => tasks.active),
    whole('Kpi/Tasks/Excepted', ({ tasks }) => tasks.excepted),
    ...places.flatMap((id) => placeMetrics(id)),
  ];
}

function stopReason({ alarms: raised, state, because }: CellView): string | null {
  if (state === 'execute' || state === 'idle' || state === 'starting') return null;
  return raised[0]?.code ?? because;
}

function alarms({ alarms: raised }: CellView): Value {
  return {
    columns: ['code', 'message'],
    types: ['String', 'String'],
    rows: raised.map(({ code, message }) => [code, message]),
  };
}

function placeMetrics(placeId: string): readonly ShownMetric<CellView>[] {
  const place = (view: CellView) => view.places.find(({ id }) => id === placeId);
  return [
    { name: `Places/${placeId}/ContainerId`, type: 'String', of: (view) => place(view)?.containerId ?? null },
    { name: `Places/${placeId}/OrderId`, type: 'String', of: (view) => place(view)?.orderId ?? null },
    {
      name: `Places/${placeId}/Units`,
      type: 'Int64',
      of: (view) => BigInt(place(view)?.units ?? 0),
    },
  ];
}

/** Metrics of the device that is an arm. */
export const ARM_METRICS: readonly ShownMetric<ArmView>[] = [
  { name: 'Mode', type: 'String', of: ({ mode }) => mode },
  { name: 'Doing', type: 'String', of: ({ doing }) => doing },
  { name: 'TaskId', type: 'String', of: ({ taskId }) => taskId },
  { name: 'Holding', type: 'Boolean', of: ({ holding }) => holding },
  { name: 'UnitsDone', type: 'Int64', of: ({ unitsDone }) => BigInt(unitsDone) },
];

export const CNTRL_CMD = 'Command/CntrlCmd';
export const CMD_CHANGE_REQUEST = 'Command/CmdChangeRequest';
export const UNIT_MODE = 'Command/UnitMode';
export const UNIT_MODE_CHANGE_REQUEST = 'Command/UnitModeChangeRequest';
export const REQUEST_ID = 'Command/RequestId';
export const commandMetric = (command: string): string =>
  `Command/${command.slice(0, 1).toUpperCase()}${command.slice(1)}`;
export const intakeMetric = (topic: IntakeTopic): string => `Intake/${topic}`;

export const RESULT_METRICS = {
  requestId: 'Result/RequestId',
  status: 'Result/Status',
  code: 'Result/Code',
  detail: 'Result/Detail',
} as const;

const writable = (name: string, type: DataType, value: Value): MetricDefinition => ({
  name,
  type,
  value,
  access: 'write',
});

/** Metrics of the edge node that a host writes, and those that say what became of it. */
export const COMMAND_METRICS: readonly MetricDefinition[] = [
  writable(CNTRL_CMD, 'Int32', 0),
  writable(CMD_CHANGE_REQUEST, 'Boolean', false),
  writable(UNIT_MODE, 'Int32', PRODUCTION_MODE),
  writable(UNIT_MODE_CHANGE_REQUEST, 'Boolean', false),
  writable(REQUEST_ID, 'String', ''),
  ...CELL_COMMANDS.map((command) => writable(commandMetric(command), 'Boolean', false)),
  ...(Object.keys(INTAKE_TOPICS) as IntakeTopic[]).map((topic) =>
    writable(intakeMetric(topic), 'String', ''),
  ),
  ...Object.values(RESULT_METRICS).map((name): MetricDefinition => ({
    name,
    type: 'String',
    value: null,
    access: 'read',
  })),
];
