import { createCore, restoreCore } from '../core/create.ts';
import type { Core } from '../core/create.ts';
import { heldItemSizeM } from '../core/held-item.ts';
import type { CoreState } from '../core/state.ts';
import { nextDeadlineUs, step } from '../core/step.ts';
import type { CellModel } from '../domain/cell.ts';
import { booksOf } from '../operations/books-view.ts';
import { scheduleAccount } from '../operations/schedule-account.ts';
import { findTask, listTasks, orderView, viewOf } from '../operations/view-of.ts';
import type { RuntimeCore } from './control-loop-options.ts';

const MOVING = ['moving', 'stopping', 'gripping'];

/** The core of a cell, as the control loop and a replay take it. */
export function runtimeCore(cell: CellModel): RuntimeCore<Core> {
  return {
    create: () => createCore(cell),
    restore: (state) => restoreCore(cell, state as CoreState),
    step,
    stateOf: (core) => core.state,
    nextDeadlineUs,
    isAtRest: (core) => Object.values(core.state.arms).every((arm) => !MOVING.includes(arm.machine.value)),
    heldItemSizeM: (core, armId) => heldItemSizeM(core.state, armId),
    view: viewOf,
    tasks: listTasks,
    task: findTask,
    order: orderView,
    schedule: scheduleAccount,
    books: booksOf,
  };
}
