/** A planner thread in TypeScript, as the product's own is: it shows that such a thread loads uncompiled. */
import { parentPort } from 'node:worker_threads';
import { servePlans } from '../../../controller/runtime/planner-thread.ts';

servePlans(parentPort!, {
  plan: ({ requestId, armId, seed }) => ({
    status: 'planned',
    requestId,
    armId,
    iterations: seed,
    legs: [],
    encounters: [],
  }),
});
