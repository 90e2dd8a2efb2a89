import { z } from 'zod';
import { StockView, ToteView } from '../../controller/operations/books-view.ts';
import { ArmView, CellView, OrderView, PlaceView, TaskView } from '../../controller/operations/view.ts';

/**
 * What is so now, thing by thing: retained, published when it changes, and cleared with an empty message when the
 * thing is gone. A subscriber to `state/#` has a copy of the cell at any time.
 */

/** Times, which change all the time, are in the KPIs. */
export const ArmStateMessage = ArmView.omit({ spentS: true, waitingForS: true }).meta({
  id: 'ArmStateNow',
  description: 'What an arm is doing',
});

export const AlarmsMessage = z
  .object({ alarms: CellView.shape.alarms, exceptions: CellView.shape.exceptions })
  .meta({ id: 'Alarms', description: 'All alarms that stand, and all tasks that wait for a person' });

export const KpisMessage = CellView.pick({
  state: true,
  epoch: true,
  nowS: true,
  orders: true,
  lines: true,
  units: true,
  tasks: true,
})
  .extend({
    arms: z.record(z.string(), ArmView.pick({ unitsDone: true, spentS: true, waitingForS: true })),
    leftOut: z
      .object({ orders: z.int(), tasks: z.int(), skus: z.int() })
      .describe('Things that have no state topic because there are too many'),
  })
  .meta({ id: 'Kpis', description: 'Figures, every five seconds' });

/** Every kind of state topic: `state/{kind}/{id}`, or `state/{kind}` where there is one of it. */
export const STATE_MESSAGES = {
  arms: { schema: ArmStateMessage, id: 'armId', what: 'What an arm is doing' },
  orders: { schema: OrderView, id: 'orderId', what: 'An open order, as far as it is' },
  tasks: { schema: TaskView, id: 'taskId', what: 'An open task' },
  places: { schema: PlaceView, id: 'placeId', what: 'A place and what stands there' },
  totes: { schema: ToteView, id: 'containerId', what: 'A container in the cell and what is in it' },
  stock: { schema: StockView, id: 'sku', what: 'Units of an article' },
  alarms: { schema: AlarmsMessage, id: null, what: 'What needs somebody’s attention' },
  kpis: { schema: KpisMessage, id: null, what: 'Figures of the cell' },
} as const;
export type StateKind = keyof typeof STATE_MESSAGES;
