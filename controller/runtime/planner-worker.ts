import { parentPort, workerData } from 'node:worker_threads';
import type { CellModel } from '../domain/cell.ts';
import { createJobPlanner } from '../scheduling/job-planner.ts';
import { servePlans } from './planner-thread.ts';

/** What a planner thread runs: plans jobs of the one cell it was given. */
if (parentPort === null) throw new Error('planner-worker runs as a worker thread only');
servePlans(parentPort, createJobPlanner(workerData as CellModel));
