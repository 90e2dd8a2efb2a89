import { cellStepper, commandsAllowed } from '../machines/cell.ts';
import type { CellMachineEffect } from '../machines/cell.ts';
import type { IntakeResult } from '../domain/intake.ts';
import type { CellCommand, CellState } from '../domain/packml.ts';
import { clearArmFault, isUsable, stopArm } from './arm-control.ts';
import { notice } from './context.ts';
import { isLinked } from './link.ts';
import { clearMonitorAlarms } from './monitor-alarm.ts';
import type { StepContext } from './context.ts';
import { missingPermissions, resetPermissions } from './permission-book.ts';
import type { CoreState } from './state.ts';

/**
 * What the cell's state allows. `run`: jobs begin and go on. `finish`: jobs under way go on to the park poses, none
 * begins. `none`: nothing moves.
 */
export type Permission = 'run' | 'finish' | 'none';

export function permissionOf(state: CoreState): Permission {
  switch (cellState(state)) {
    case 'execute':
      return 'run';
    case 'suspending':
    case 'completing':
      return 'finish';
    default:
      return 'none';
  }
}

export function cellState(state: CoreState): CellState {
  return state.cell.value as CellState;
}

/** States in which a command has already had its effect: repeating it is no error. */
const SATISFIED: Partial<Record<CellCommand, readonly CellState[]>> = {
  start: ['starting', 'execute'],
  unhold: ['unholding', 'execute'],
  unsuspend: ['unsuspending', 'execute'],
  hold: ['holding', 'held'],
  suspend: ['suspending', 'suspended'],
  stop: ['stopping', 'stopped'],
  reset: ['resetting', 'idle'],
  abort: ['aborting', 'aborted'],
  clear: ['clearing', 'stopped'],
  complete: ['completing', 'complete'],
};

/** Commands after which arms move. */
const MOVING: readonly CellCommand[] = ['start', 'unhold', 'unsuspend'];

export function commandCell(context: StepContext, command: CellCommand, because: string): IntakeResult {
  const { state } = context;
  const now = cellState(state);
  if (command === 'reset') {
    // Lost permissions are reset in any state; where the standard knows the command, it does the rest.
    const reset = resetPermissions(context);
    if (reset !== null && !commandsAllowed(now).includes('reset')) return reset;
  }
  if (SATISFIED[command]?.includes(now)) return { status: 'duplicate', detail: `the cell is ${now} already` };
  if (!commandsAllowed(now).includes(command)) {
    const allowed = commandsAllowed(now).join(', ');
    return {
      status: 'refused',
      code: 'not-in-this-state',
      detail: `${command} is not possible while the cell is ${now}; possible: ${allowed}`,
    };
  }
  if (MOVING.includes(command)) {
    const missing = missingForMotion(context);
    if (missing.length > 0) return { status: 'refused', code: 'not-ready', detail: missing.join('; ') };
  }
  if (MOVING.includes(command) || command === 'clear') clearMonitorAlarms(context);
  stepCell(context, { type: command, nowUs: context.nowUs, because });
  return { status: 'accepted', detail: `the cell is ${cellState(state)}` };
}

/** What stands between the cell and motion, in words; empty: nothing. One usable arm is enough. */
export function missingForMotion(context: StepContext): readonly string[] {
  const { state } = context;
  const missing: string[] = [];
  if (!isLinked(state.io.link))
    missing.push('the surroundings (shuttle, conveyors, sensors) are not connected');
  else if (!state.io.inventoryKnown) missing.push('the storage system has not declared its inventory yet');
  const arms = Object.values(state.arms);
  if (!arms.some(isUsable)) {
    missing.push(`no arm is ready (${arms.map((arm) => `${arm.id}: ${arm.machine.value}`).join(', ')})`);
  }
  return [...missing, ...missingPermissions(context)];
}

type CellMachineEvent = Parameters<typeof cellStepper.step>[1];

function stepCell(context: StepContext, event: CellMachineEvent): void {
  const { state } = context;
  const before = cellState(state);
  const step = cellStepper.step(state.cell, event);
  state.cell = step.state;
  context.schedule = true;
  for (const effect of step.effects) carryOut(context, effect);
  if (cellState(state) !== before) {
    notice(
      context,
      'info',
      `cell-${cellState(state)}`,
      `cell ${before} -> ${cellState(state)}: ${state.cell.context.because}`,
    );
  }
}

function carryOut(context: StepContext, effect: CellMachineEffect): void {
  const arms = Object.values(context.state.arms);
  switch (effect.type) {
    case 'stopOnPath':
      for (const arm of arms) stopArm(context, arm, 'on-path');
      return;
    case 'stopProtective':
      for (const arm of arms) stopArm(context, arm, 'protective');
      return;
    case 'clearFaults':
      for (const arm of arms) clearArmFault(context, arm);
      return;
    default:
      // What may move is read from the state itself, and arms are claimed whenever they connect.
      return;
  }
}

/** A command that no person gave, in a state that takes it. */
export function driveCell(context: StepContext, command: CellCommand, because: string): void {
  stepCell(context, { type: command, nowUs: context.nowUs, because });
}

/** A hold that nobody commanded; remembered as the reason. */
export function holdBecause(context: StepContext, because: string): void {
  if (commandsAllowed(cellState(context.state)).includes('hold')) {
    stepCell(context, { type: 'hold', nowUs: context.nowUs, because });
  } else if (permissionOf(context.state) !== 'none' || cellState(context.state) === 'starting') {
    stepCell(context, { type: 'stop', nowUs: context.nowUs, because });
  }
}

/** Nothing moves by itself after a restart: what ran is held, what was ending has ended. */
export function settleAfterRestart(context: StepContext): void {
  const { state } = context;
  const now = cellState(state);
  const settled: Partial<Record<CellState, CellState>> = {
    starting: 'held',
    execute: 'held',
    unholding: 'held',
    holding: 'held',
    suspending: 'held',
    unsuspending: 'held',
    suspended: 'held',
    held: 'held',
    completing: 'held',
    resetting: 'stopped',
    stopping: 'stopped',
    clearing: 'aborted',
    aborting: 'aborted',
  };
  const value = settled[now];
  if (value === undefined) return;
  const because = `the controller was restarted while the cell was ${now}; nothing moves until a person resumes it`;
  state.cell = { value, context: { sinceUs: context.nowUs, because } };
  notice(context, 'warn', `cell-${value}`, because);
}

/** Ends acting states whose work is done, and holds a cell that lost what it needs. */
export function governCell(context: StepContext): void {
  const { state } = context;
  const arms = Object.values(state.arms);
  if (permissionOf(state) !== 'none') {
    if (!isLinked(state.io.link))
      holdBecause(context, 'the surroundings (shuttle, conveyors, sensors) were lost');
    else if (!arms.some(isUsable)) holdBecause(context, 'every arm is lost or faulted');
  }
  // Acting states follow one another at most a few times in a step; the bound keeps a bug from looping.
  for (let round = 0; round < 4 && isComplete(context); round += 1) {
    stepCell(context, { type: 'sc', nowUs: context.nowUs });
  }
}

function isComplete(context: StepContext): boolean {
  const { state } = context;
  const arms = Object.values(state.arms);
  const still = arms.every((arm) => !['moving', 'stopping', 'gripping'].includes(arm.machine.value));
  const noJobs = arms.every((arm) => arm.job === null || !isUsable(arm));
  switch (cellState(state)) {
    case 'starting':
    case 'unholding':
    case 'unsuspending':
      return missingForMotion(context).length === 0;
    case 'resetting':
    case 'clearing':
      return true;
    case 'holding':
    case 'stopping':
    case 'aborting':
      return still;
    case 'suspending':
    case 'completing':
      return noJobs;
    default:
      return false;
  }
}
