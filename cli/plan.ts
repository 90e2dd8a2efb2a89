import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createCollisionKernel } from '../arms/kernel/index.ts';
import type { CollisionKernel } from '../arms/kernel/index.ts';
import { planTeam, warmTeamPlanner } from '../arms/planning/plan-team.ts';
import type { TeamOutcome, TeamPlan, TeamProblem } from '../arms/planning/team-problem.ts';
import { sampleTrajectory } from '../arms/trajectory/sample-trajectory.ts';
import { faultText } from '../config/fault.ts';
import type { Fault } from '../config/fault.ts';
import { loadPlanningProblem } from '../config/planning-problem.ts';
import { ProblemArms } from '../config/problem-arm.ts';
import { CommandFailure } from './failure.ts';
import { output } from './output.ts';
import type { OutputMode } from './output.ts';

export interface PlanCommandOptions extends OutputMode {
  readonly trace?: string;
  readonly iterations: number;
  readonly seed: number;
}

/** What is printed for one problem. */
interface PlanReport {
  readonly name: string;
  readonly file: string;
  readonly solved: boolean;
  readonly reason: string;
  readonly planning_ms: number;
  readonly duration_s: number | null;
  readonly path_length_rad: number | null;
  readonly ghost_length_rad: number | null;
  readonly clearance_min_m: number | null;
  /** For a start or goal in collision: the pair, and how far it overlaps or comes too near. */
  readonly pair?: readonly [string, string];
  readonly depth_m?: number;
  readonly detail?: string;
  readonly faults?: readonly Fault[];
  readonly notes?: readonly string[];
}

/** Plans one problem, or every problem of a folder, and says what came of it. */
export function planCommand(path: string, options: PlanCommandOptions): void {
  const arms = new ProblemArms();
  const kernel = createCollisionKernel();
  const isFolder = statOf(path).isDirectory();
  const files = isFolder ? problemFiles(path) : [path];
  if (files.length === 0) throw new CommandFailure(`${path} holds no .json file`, 2);
  const reports = files.map((file) => planFile(file, arms, kernel, options, isFolder));
  const result = isFolder ? reports : reports[0];
  output(options, result, () => reports.map(words).join('\n'));
  if (reports.some((report) => report.reason === 'invalid-problem')) process.exitCode = 2;
  else if (reports.some((report) => !report.solved)) process.exitCode = 1;
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch {
    throw new CommandFailure(`${path} does not exist: name a problem file or a folder of them`, 2);
  }
}

/** All problem files below a folder, by name. */
function problemFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function planFile(
  file: string,
  arms: ProblemArms,
  kernel: CollisionKernel,
  options: PlanCommandOptions,
  isFolder: boolean,
): PlanReport {
  const loaded = loadPlanningProblem(file, arms);
  const nothing = {
    file,
    solved: false,
    planning_ms: 0,
    duration_s: null,
    path_length_rad: null,
    ghost_length_rad: null,
    clearance_min_m: null,
  };
  if (loaded.status === 'refused') {
    return { ...nothing, name: loaded.name ?? file, reason: 'invalid-problem', faults: loaded.faults };
  }
  const { name, problem } = loaded;
  const notes = loaded.notes.length === 0 ? {} : { notes: loaded.notes };
  for (const manipulator of new Set(problem.arms.map((arm) => arm.manipulator)))
    warmTeamPlanner(kernel, manipulator);
  const began = performance.now();
  const outcome = planTeam(kernel, problem, { seed: options.seed, iterations: options.iterations });
  const planning_ms = round(performance.now() - began, 3);
  if (outcome.status !== 'solved') {
    return { ...nothing, name, planning_ms, reason: outcome.status, ...reasonOf(outcome), ...notes };
  }
  const { plan } = outcome;
  if (options.trace !== undefined) writeTrace(options.trace, isFolder ? file : null, name, problem, plan);
  return {
    name,
    file,
    solved: true,
    reason: 'solved',
    planning_ms,
    duration_s: round(plan.durationUs * 1e-6, 6),
    path_length_rad: round(plan.pathLength, 6),
    ghost_length_rad: round(plan.ghostLength, 6),
    clearance_min_m: Number.isFinite(plan.clearanceM) ? round(plan.clearanceM, 6) : null,
    ...notes,
  };
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

function reasonOf(
  outcome: Exclude<TeamOutcome, { readonly status: 'solved' }>,
): Pick<PlanReport, 'pair' | 'depth_m' | 'detail'> {
  switch (outcome.status) {
    case 'start-in-collision':
    case 'goal-in-collision': {
      const { first, second, depthM } = outcome.contact;
      return { pair: [first, second], depth_m: round(depthM, 6), detail: `arm ${outcome.arm}` };
    }
    case 'start-beyond-limits':
    case 'goal-beyond-limits': {
      const { arm, joint, value, lower, upper } = outcome;
      return { detail: `${arm}: ${joint} at ${value} is outside ${lower} to ${upper}` };
    }
    case 'not-found':
      return { detail: outcome.detail };
  }
}

/** Step of a written trace, s. */
const SAMPLE_S = 0.01;
/** Decimals of a trace: fewer would show up as jerk. */
const TRACE_DECIMALS = 10;

/** Writes what would be executed; for a folder of problems into a folder of traces. */
function writeTrace(
  target: string,
  file: string | null,
  name: string,
  problem: TeamProblem,
  plan: TeamPlan,
): void {
  const stepUs = SAMPLE_S * 1e6;
  const count = Math.ceil(plan.durationUs / stepUs) + 1;
  const arms = problem.arms.map((arm, k) => {
    const q = new Array<number>(arm.start.length).fill(0);
    const samples = Array.from({ length: count }, (_, i) => {
      sampleTrajectory(plan.trajectories[k]!, i * stepUs, q);
      return q.map((value) => round(value, TRACE_DECIMALS));
    });
    return { id: arm.id, samples };
  });
  const trace = {
    format: 'magpie-trace/1',
    cell: name,
    policy: 'planned',
    sample_s: SAMPLE_S,
    arms,
    tasks: [],
    failed: [],
  };
  let path = target;
  if (file !== null) {
    mkdirSync(target, { recursive: true });
    path = join(target, `${name.replace(/[^A-Za-z0-9._-]/g, '_')}.trace.json`);
  }
  writeFileSync(path, `${JSON.stringify(trace)}\n`);
}

function words(report: PlanReport): string {
  const file = relative(process.cwd(), report.file);
  if (!report.solved) {
    const pair = report.pair === undefined ? '' : ` ${report.pair.join(' - ')}, ${report.depth_m} m deep;`;
    const faults = (report.faults ?? []).map((fault) => `\n  ${faultText(fault)}`).join('');
    return `${report.name} (${file}): ${report.reason}${pair} ${report.detail ?? ''}${faults}`.trimEnd();
  }
  const ratio = report.path_length_rad! / Math.max(report.ghost_length_rad!, 1e-9);
  const clearance = report.clearance_min_m === null ? '' : `, clearance ${report.clearance_min_m} m`;
  return `${report.name}: solved in ${report.planning_ms} ms, ${report.duration_s} s, path ${ratio.toFixed(3)} of straight${clearance}`;
}
