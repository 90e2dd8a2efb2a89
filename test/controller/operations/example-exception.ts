import type { ExceptionView } from '../../../controller/operations/view.ts';

/** An open exception as the cell shows it, with what a test cares about. */
export function exampleException(changes: Partial<ExceptionView>): ExceptionView {
  return {
    taskId: 't-000001',
    kind: 'dropped',
    detail: '',
    sinceS: 1,
    unitAt: 'unknown',
    sku: 'SKU-1',
    armId: 'A2',
    from: 'S00001',
    to: 'ot-00001',
    toCell: 0,
    fromBooked: 3,
    toBooked: 1,
    options: ['retry', 'done-by-hand', 'give-up'],
    ...changes,
  };
}
