import type { CoreState, Job } from './state.ts';

/**
 * Places over which an arm has its tool, or to which it is bound to bring it, whatever became of the task: nothing may
 * be taken away or brought there meanwhile.
 */
export function visitedPlaces(state: CoreState): ReadonlySet<string> {
  const visited = new Set<string>();
  for (const { job, next } of Object.values(state.arms)) {
    for (const placeId of job === null ? [] : ahead(job)) if (placeId !== null) visited.add(placeId);
    if (next?.admitted !== true) continue;
    const { pick, place } = next.placeIds;
    if (pick !== null) visited.add(pick);
    if (place !== null) visited.add(place);
  }
  return visited;
}

/** The places that a job has not left behind it. */
function ahead({ stage, progressUs, placeIds: { pick, place } }: Job): readonly (string | null)[] {
  switch (stage) {
    case 'reach':
    case 'grasp':
    case 'inspect':
    case 'put-back':
      return [pick, place];
    case 'carry':
      return progressUs === 0 ? [pick, place] : [place];
    case 'release':
      return [place];
    case 'home':
    case 'keep':
      return progressUs === 0 ? [place] : [];
    case 'bail':
      return progressUs === 0 ? [pick] : [];
  }
}
