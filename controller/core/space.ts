import type { StepContext } from './context.ts';
import { sharingOf } from '../domain/cell.ts';
import { passageSpace } from './passage-space.ts';
import type { SpaceKeeper } from './space-keeper.ts';
import { zoneSpace } from './zone-space.ts';

/** How arms of this cell come by the space they move in. */
export function spaceOf(context: StepContext): SpaceKeeper {
  return sharingOf(context.cell.policy) === 'zones' ? zoneSpace : passageSpace;
}
