import type { StepContext } from './context.ts';
import type { SpaceKeeper } from './space-keeper.ts';
import { zoneSpace } from './zone-space.ts';

/** How arms of this cell come by the space they move in. */
export function spaceOf(_context: StepContext): SpaceKeeper {
  return zoneSpace;
}
