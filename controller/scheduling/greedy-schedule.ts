import type { TaskWay } from './motion-library.ts';
import type { SpaceTime } from './space-time.ts';
import type { TaskOptions } from './task-options.ts';

/** Arms that become free within this of one another are free at once, us. */
const AT_ONCE_US = 50_000;

/**
 * First come, first served: whenever an arm is free, the oldest task that a free arm can do goes to the nearest such
 * arm, by the way that takes least. Coordinated in space and time like everything else.
 *
 * @returns per arm the ways in order; tasks for which no motion was found are left out
 */
export function greedySchedule(options: TaskOptions, space: SpaceTime): TaskWay[][] {
  const { library, byTask } = options;
  let open = byTask.flatMap((arms, task) => (arms.length > 0 ? [task] : []));
  const done: TaskWay[][] = library.arms.map(() => []);
  while (open.length > 0) {
    const able = new Set(open.flatMap((task) => byTask[task].map(({ armIndex }) => armIndex)));
    const soonest = Math.min(...[...able].map((arm) => space.plans[arm].freeUs));
    const isFree = (arm: number): boolean => space.plans[arm].freeUs <= soonest + AT_ONCE_US;
    const task = open.find((each) => byTask[each].some(({ armIndex }) => isFree(armIndex)));
    if (task === undefined) break;
    const choices = byTask[task]
      .filter(({ armIndex }) => isFree(armIndex))
      .flatMap(({ armIndex, ways }) =>
        ways.map((way) => ({
          armIndex,
          way,
          costS: library.stepS(armIndex, space.plans[armIndex].spot, way),
        })),
      )
      .sort((a, b) => a.costS - b.costS);
    const chosen = choices.find(({ armIndex, way }) => space.append(armIndex, way) !== null);
    if (chosen !== undefined) done[chosen.armIndex].push(chosen.way);
    open = open.filter((each) => each !== task);
  }
  return done;
}
