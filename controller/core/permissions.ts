import type { LossResponse } from '../domain/plc-map.ts';
import type { CellState } from '../domain/packml.ts';
import type { PlcEvent } from '../ports.ts';
import { commandsAllowed } from '../machines/cell.ts';
import { cellState, driveCell } from './cell-mode.ts';
import { clearAlarm, raiseAlarm } from './context.ts';
import type { StepContext } from './context.ts';
import { permissionAlarm } from './permission-book.ts';
import { NOT_HEARD } from './plc-state.ts';

type PermissionEvent = Extract<PlcEvent, { kind: 'permission' }>;

/** States from which motion begins only after a reset that is still to come: losses there need no other one. */
const RESET_FOLLOWS: readonly CellState[] = ['stopping', 'stopped', 'aborting', 'aborted', 'clearing'];

/** A PLC gave a permission or took it back. What is lost stops the arms in this very step. */
export function hearPermission(context: StepContext, event: PermissionEvent): void {
  const { state } = context;
  const permission = state.plc.permissions[event.permissionId];
  const model = context.cell.plc?.permissions.find(({ id }) => id === event.permissionId);
  if (permission === undefined || model === undefined) {
    return raiseAlarm(
      context,
      permissionAlarm(event.permissionId),
      'unknown-permission',
      `${event.permissionId} was reported, but this cell has no such permission`,
    );
  }
  if (event.status === 'granted') {
    permission.granted = true;
    if (!permission.needsReset) clearAlarm(context, permissionAlarm(model.id));
    context.schedule = true;
    return;
  }
  const wasGranted = permission.granted;
  permission.granted = false;
  permission.because = event.because;
  if (!wasGranted) return;
  if (!RESET_FOLLOWS.includes(cellState(state))) permission.needsReset = true;
  raiseAlarm(context, permissionAlarm(model.id), 'permission-lost', `${model.id}: ${event.because}`);
  respond(context, model.onLoss, `${model.id}: ${event.because}`);
}

/** States in which arms move, or will without another command. */
const MOVING_OR_ABOUT: readonly CellState[] = [
  'starting',
  'execute',
  'unholding',
  'unsuspending',
  'suspending',
  'completing',
];

function respond(context: StepContext, response: LossResponse, because: string): void {
  const now = cellState(context.state);
  const allowed = commandsAllowed(now);
  if (response === 'abort') {
    if (allowed.includes('abort')) driveCell(context, 'abort', because);
    return;
  }
  if (response === 'stop') {
    if (allowed.includes('stop')) driveCell(context, 'stop', because);
    return;
  }
  if (!MOVING_OR_ABOUT.includes(now)) return;
  if (response === 'suspend' && (now === 'suspending' || now === 'completing')) return;
  // Not every state can be held or suspended: those that cannot are stopped.
  if (allowed.includes(response)) driveCell(context, response, because);
  else if (allowed.includes('stop')) driveCell(context, 'stop', because);
}

/** A controller begins: what it did not hear itself is not permitted, and an interrupted cell has to be reset. */
export function forgetPermissions(context: StepContext): void {
  const isInterrupted = ['held', 'suspended'].includes(cellState(context.state));
  for (const permission of Object.values(context.state.plc.permissions)) {
    permission.granted = false;
    permission.because = NOT_HEARD;
    if (isInterrupted) permission.needsReset = true;
  }
}
