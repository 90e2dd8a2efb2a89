import type { ArmState, CoreState, Job } from './state.ts';

/**
 * Whether an arm has its tool over a place, or is bound to bring it there, whatever became of the task: nothing may
 * be taken away or brought there meanwhile.
 */
export function isVisited(state: CoreState, placeId: string): boolean {
  return Object.values(state.arms).some((arm) => visits(arm, placeId));
}

function visits({ job, next }: ArmState, placeId: string): boolean {
  if (next?.admitted === true && Object.values(next.placeIds).includes(placeId)) return true;
  return job !== null && isBefore(job, placeId);
}

/** The job has not left the place behind it. */
function isBefore(job: Job, placeId: string): boolean {
  const { pick, place } = job.placeIds;
  switch (job.stage) {
    case 'reach':
    case 'grasp':
    case 'inspect':
    case 'put-back':
      return pick === placeId || place === placeId;
    case 'carry':
      return place === placeId || (job.progressUs === 0 && pick === placeId);
    case 'release':
      return place === placeId;
    case 'home':
    case 'keep':
      return job.progressUs === 0 && place === placeId;
    case 'bail':
      return job.progressUs === 0 && pick === placeId;
  }
}
