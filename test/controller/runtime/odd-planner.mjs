// A planner thread that does what the request's id says; plain JavaScript, so that a new one is there at once.
import process from 'node:process';
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ requestId, armId, seed }) => {
  if (requestId.startsWith('throw')) throw new Error(`cannot do ${requestId}`);
  if (requestId.startsWith('exit')) process.exit(7);
  if (requestId.startsWith('hang')) for (;;) Math.sqrt(2);
  const result = { status: 'planned', requestId, armId, iterations: seed, legs: [] };
  parentPort.postMessage({ kind: 'answer', result, seconds: 0.001 });
});
parentPort.postMessage({ kind: 'ready' });
