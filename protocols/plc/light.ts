import type { OutputRole, TagValue } from '../../controller/domain/plc-map.ts';
import type { CellView } from '../../controller/operations/view.ts';
import { stateNumber } from '../../controller/domain/packml-numbers.ts';
import type { StateNumbers } from '../../controller/domain/packml-numbers.ts';

/** The parts of a view that outputs are made of. */
export type LitView = Pick<CellView, 'state' | 'alarms' | 'exceptions' | 'permissions' | 'sharedZones'>;

const MOVES: readonly CellView['state'][] = [
  'starting',
  'execute',
  'unholding',
  'unsuspending',
  'suspending',
  'completing',
];

/**
 * What an output says of the cell. Colours after IEC 60204-1: green normal, amber a person should look, red the cell
 * stands because something is wrong, blue a person has to act (reset, clear, answer).
 */
export function outputValue(role: OutputRole, view: LitView, numbers: StateNumbers): TagValue {
  const isAborted = view.state === 'aborting' || view.state === 'aborted' || view.state === 'clearing';
  const isHeld = view.state === 'holding' || view.state === 'held';
  const needsPerson =
    view.exceptions.length > 0 ||
    view.permissions.some(({ needsReset }) => needsReset) ||
    view.sharedZones.some(({ needsReset }) => needsReset) ||
    view.state === 'aborted';
  switch (role) {
    case 'light-green':
      return view.state === 'execute';
    case 'light-amber':
      return view.alarms.length > 0 || isHeld || view.state === 'suspended';
    case 'light-red':
      return isAborted;
    case 'light-blue':
      return needsPerson;
    case 'buzzer':
      return view.state === 'aborting' || view.state === 'holding';
    case 'cell-running':
      return MOVES.includes(view.state);
    case 'cell-ready':
      return view.permissions.every(({ granted, needsReset }) => granted && !needsReset);
    case 'state-number':
      return stateNumber(view.state, numbers);
    case 'state-text':
      return view.state;
  }
}
