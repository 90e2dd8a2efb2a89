import type {
  ArmView,
  CellStatus,
  CellCommand,
  CellState,
  ExceptionKind,
  Resolution,
} from '../protocols/http/interface/status.ts';

type UnitAt = CellStatus['exceptions'][number]['unitAt'];

/** The cell's states as people say them. `tone`: `plain` is the usual, `notice` wants a glance, `alarm` an answer. */
export interface StateWords {
  readonly title: string;
  readonly meaning: string;
  readonly icon: 'work' | 'pause' | 'stop' | 'busy' | 'alarm' | 'done';
  readonly tone: 'plain' | 'notice' | 'alarm';
}

const words = (
  title: string,
  meaning: string,
  icon: StateWords['icon'],
  tone: StateWords['tone'] = 'plain',
): StateWords => ({ title, meaning, icon, tone });

export const STATE_WORDS: Readonly<Record<CellState, StateWords>> = {
  execute: words('Working', 'Arms move.', 'work'),
  held: words('Held', 'Nothing moves until you press Resume.', 'pause', 'notice'),
  holding: words('Holding', 'The arms come to rest on their paths.', 'busy', 'notice'),
  unholding: words('Resuming', 'Arms and surroundings are being checked.', 'busy'),
  idle: words('Ready', 'Nothing moves until you press Start.', 'pause'),
  starting: words('Starting', 'Arms and surroundings are being checked.', 'busy'),
  stopped: words('Stopped', 'Nothing moves. Press Reset, then Start.', 'stop', 'notice'),
  stopping: words('Stopping', 'The arms come to rest on their paths.', 'busy', 'notice'),
  resetting: words('Resetting', 'Arms and surroundings are being checked.', 'busy'),
  suspended: words('Suspended', 'The cell waits for its surroundings.', 'pause', 'notice'),
  suspending: words('Suspending', 'Work under way is being finished.', 'busy', 'notice'),
  unsuspending: words('Resuming', 'Arms and surroundings are being checked.', 'busy'),
  completing: words('Finishing', 'Work under way is being finished.', 'busy'),
  complete: words('Complete', 'The work is done. Press Reset to begin anew.', 'done'),
  aborting: words('Aborting', 'The arms stop as fast as they can.', 'alarm', 'alarm'),
  aborted: words('Aborted', 'Nothing moves. See to the fault, then press Clear.', 'alarm', 'alarm'),
  clearing: words('Clearing', 'Faults are being cleared.', 'busy', 'notice'),
};

export interface CommandWords {
  readonly label: string;
  readonly effect: string;
}

export const COMMAND_WORDS: Readonly<Record<CellCommand, CommandWords>> = {
  hold: { label: 'Hold', effect: 'The arms stop on their paths and wait' },
  unhold: { label: 'Resume', effect: 'The arms go on where they are' },
  start: { label: 'Start', effect: 'The arms begin to work' },
  reset: { label: 'Reset', effect: 'Checks arms and surroundings; nothing moves yet' },
  stop: { label: 'Stop', effect: 'Ends the work: the arms stop on their paths; Reset and Start begin anew' },
  abort: { label: 'Abort', effect: 'The arms stop as fast as their drives can; this is no emergency stop' },
  clear: { label: 'Clear', effect: 'Forgets the faults that you have seen to; nothing moves yet' },
  suspend: { label: 'Suspend', effect: 'Finishes the work under way, begins no new' },
  unsuspend: { label: 'Resume', effect: 'The arms go on' },
  complete: { label: 'Finish', effect: 'Finishes the work under way and ends the run' },
};

export const MODE_WORDS: Readonly<Record<ArmView['mode'], string>> = {
  offline: 'Not connected',
  idle: 'Idle',
  planning: 'Planning',
  waiting: 'Waiting',
  moving: 'Moving',
  gripping: 'Gripping',
  held: 'Held',
  faulted: 'Fault',
};

export const EXCEPTION_WORDS: Readonly<Record<ExceptionKind, string>> = {
  'item-missing': 'Item missing',
  'grasp-failed': 'Grasp failed',
  dropped: 'Item dropped',
  'double-pick': 'Two items picked',
  'place-blocked': 'Place blocked',
  'bin-full': 'Bin full',
  unreachable: 'Out of reach',
  'arm-lost': 'Arm lost',
  'in-doubt': 'In doubt',
};

export const RESOLUTION_WORDS: Readonly<
  Record<Resolution, { readonly label: string; readonly effect: string; readonly confirm: string | null }>
> = {
  retry: { label: 'Try again', effect: 'The cause is gone; an arm does it again', confirm: null },
  'done-by-hand': {
    label: 'Done by hand',
    effect: 'You have put the unit where it belongs; it counts as delivered',
    confirm: null,
  },
  'not-done': {
    label: 'Still at source',
    effect: 'You have looked: the unit is still where it was taken from',
    confirm: null,
  },
  'give-up': {
    label: 'Give up',
    effect: 'The unit will not be delivered',
    confirm: 'The unit will not be delivered. This cannot be undone.',
  },
};

/** Where a unit is, for a person who has to look for it. */
export function unitWords({
  unitAt,
  armId,
}: {
  readonly unitAt: UnitAt;
  readonly armId: string | null;
}): string {
  switch (unitAt) {
    case 'source':
      return 'where it was to be taken from';
    case 'destination':
      return 'where it was to be put';
    case 'tool':
      return `in the tool of ${armId ?? 'an arm'}`;
    case 'unknown':
      return 'somewhere unknown: look for it before you answer';
  }
}

const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(value: number): string {
  return COUNT.format(value);
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}

/** Begins with a capital, unless the first word is the name of a thing: those are written as they are. */
export function sentence(text: string): string {
  return /^[a-z]+\b(?![-_.:\d])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
