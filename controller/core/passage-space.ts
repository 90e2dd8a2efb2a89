import { durationUs } from '../../arms/trajectory/joint-trajectory.ts';
import { admit } from '../coordination/admission.ts';
import type { Application, OrderDecision } from '../coordination/admission.ts';
import type { DependencyGraph, GraphLeg } from '../coordination/dependency-graph.ts';
import { MARK_EVERY_US } from '../coordination/forecast.ts';
import type { Situation } from '../coordination/forecast.ts';
import type { ArmProgress } from '../coordination/grants.ts';
import { grantOf, grantTable } from '../coordination/grants.ts';
import type { LegName, PlannedLeg } from '../scheduling/job-plan.ts';
import { explain, nextRequestId, sendToArm } from './context.ts';
import type { StepContext } from './context.ts';
import { acceptedLeg, armIdOf, legId, over, settleStand } from './passages.ts';
import { samePositions } from './rest.ts';
import type { SpaceKeeper } from './space-keeper.ts';
import { isLeg } from './stages.ts';
import type { ArmState, Job, NextJob, PlannedJob } from './state.ts';

/** Legs in the order in which a job drives them. */
const LEGS: readonly LegName[] = ['reach', 'carry', 'home'];

/**
 * Space by passing: every accepted leg is compared with those of the other arms, each place where two would meet has
 * an order, and an arm may go as far as whoever is before it has left. Every arm's accepted legs end in its park pose,
 * which nobody else's legs cross, and all of them can be completed: an arm that loses its task drives them all the
 * same, and only one that cannot get rid of what it holds stands until space for another way is found.
 */
export const passageSpace: SpaceKeeper = {
  arrange(context) {
    const waiting = Object.values(context.state.arms).filter(
      (arm) => arm.next !== null && arm.next.result !== null && !arm.next.admitted,
    );
    waiting.sort((a, b) => (a.waitingSinceUs ?? Infinity) - (b.waitingSinceUs ?? Infinity));
    for (const arm of waiting) apply(context, arm, arm.next!);
    extendGrants(context);
    noteWaiting(context);
  },

  admit(context, arm, next) {
    if (next.admitted) return null;
    if (next.refusedBy !== null) {
      const holder = armIdOf(next.refusedBy);
      return { armId: holder, what: `a way past ${holder} on ${next.refusedBy}` };
    }
    const other = context.cell.arms.find(({ id }) => id !== arm.id);
    return { armId: other?.id ?? arm.id, what: 'a way past the other arms' };
  },

  claims: () => new Map(),

  grantUs(context, arm, job, leg) {
    if (isAstray(context, arm)) return durationUs(leg.trajectory);
    const { graph, progress, arms } = graphNow(context);
    const number = arms.indexOf(arm.id);
    const first = graph.sequences[number]![0];
    if (first === undefined || first.id !== legId(arm.id, job.number, leg.name)) return 0;
    const grant = grantOf(grantTable(graph), progress, number);
    return grant.leg > 0 ? durationUs(leg.trajectory) : grant.untilUs;
  },

  marksUs(context, job, leg) {
    const end = durationUs(leg.trajectory);
    const marks = new Set<number>();
    for (let at = MARK_EVERY_US; at < end; at += MARK_EVERY_US) marks.add(at);
    for (const { orders, chosen } of context.state.passages.conflicts) {
      for (const { first } of orders[chosen] ?? []) {
        if (first.legId.endsWith(`.${job.number}.${leg.name}`) && first.atUs < end) marks.add(first.atUs);
      }
    }
    return [...marks].sort((a, b) => a - b);
  },

  moved(context, arm, job) {
    const done = LEGS.slice(0, legsDone(job));
    over(context.state.passages, arm.id, (leg) =>
      done.some((name) => leg.id === legId(arm.id, job.number, name)),
    );
    context.drive = true;
  },

  parked(context, arm, job) {
    over(context.state.passages, arm.id, (leg) =>
      LEGS.some((name) => leg.id === legId(arm.id, job.number, name)),
    );
    context.schedule = true;
  },

  stands(context, arm) {
    context.state.counters.job += 1;
    settleStand(context.state.passages, arm.id, legId(arm.id, context.state.counters.job, 'stand'));
    context.schedule = true;
  },

  lostItsWay(context, arm) {
    over(context.state.passages, arm.id, () => true);
    context.schedule = true;
  },

  isAstray,
  waitsForPlans: true,

  holding(context, arm) {
    return context.state.passages.sequences[arm.id]!.length > 0 ? 'more' : 'park';
  },

  othersOf(context, arm) {
    return otherLegIds(context, arm).map((id) => acceptedLeg(context.state, id));
  },
};

function isAstray(context: StepContext, arm: ArmState): boolean {
  if (arm.positions === null || context.state.passages.sequences[arm.id]!.length > 0) return false;
  return !samePositions(arm.positions, context.derived.armOf.get(arm.id)!.park);
}

/** How many of a job's legs the arm has behind it. */
function legsDone(job: Job): number {
  switch (job.stage) {
    case 'reach':
      return 0;
    case 'grasp':
    case 'inspect':
    case 'put-back':
    case 'carry':
    case 'bail':
      return 1;
    case 'release':
    case 'home':
    case 'keep':
      return 2;
  }
}

function otherLegIds(context: StepContext, arm: ArmState): string[] {
  return Object.entries(context.state.passages.sequences).flatMap(([armId, legs]) =>
    armId === arm.id ? [] : legs.map(({ id }) => id),
  );
}

interface GraphNow {
  readonly graph: DependencyGraph;
  readonly progress: readonly ArmProgress[];
  /** How far each arm was told to go. */
  readonly committed: readonly ArmProgress[];
  /** Arm ids in the order of the graph's sequences. */
  readonly arms: readonly string[];
}

function graphNow({ state }: StepContext): GraphNow {
  const arms = Object.keys(state.passages.sequences);
  const sequences = arms.map((id) => state.passages.sequences[id]!);
  const progress = arms.map((id, k): ArmProgress => ({
    leg: 0,
    progressUs: progressOn(state.arms[id]!, sequences[k]![0]),
  }));
  const committed = arms.map((id, k): ArmProgress => {
    const { command, job } = state.arms[id]!;
    const isUnderWay = command?.kind === 'leg' && job !== null;
    const progressUs = progress[k]!.progressUs;
    return { leg: 0, progressUs: isUnderWay ? Math.max(progressUs, command.grantedUs) : progressUs };
  });
  return { graph: { sequences, conflicts: state.passages.conflicts }, progress, committed, arms };
}

function progressOn(arm: ArmState, leg: GraphLeg | undefined): number {
  const { job } = arm;
  if (job === null || leg === undefined || !isLeg(job.stage)) return 0;
  return leg.id === legId(arm.id, job.number, job.stage) ? job.progressUs : 0;
}

function situationOf(
  context: StepContext,
  progress: readonly ArmProgress[],
  arms: readonly string[],
): Situation {
  const { graspDwellUs, releaseDwellUs } = context.cell;
  return {
    progress,
    standsUs: arms.map((id) => {
      const stage = context.state.arms[id]!.job?.stage;
      return stage === 'grasp' ? graspDwellUs : stage === 'release' ? releaseDwellUs : 0;
    }),
    dwellUs: ({ id }) => (id.endsWith('.reach') ? graspDwellUs : id.endsWith('.carry') ? releaseDwellUs : 0),
  };
}

/** Fits a planned job among what is accepted, if it was compared with all of that. */
function apply(context: StepContext, arm: ArmState, next: NextJob): void {
  if (isAstray(context, arm)) {
    // What follows after its way home is fitted in when it is there.
    if (next.towards !== 'park') return;
    const others = Object.values(context.state.arms).filter((other) => other !== arm);
    next.admitted = others.every(
      ({ machine }) => !['moving', 'stopping', 'gripping'].includes(machine.value),
    );
    return;
  }
  const result = next.result!;
  const missing = otherLegIds(context, arm).filter((id) => !next.known.includes(id));
  if (missing.length > 0) return compare(context, arm, next, result, missing);
  const { state } = context;
  const { graph, progress, committed, arms } = graphNow(context);
  const application = applicationOf(context, arm, next, result, arms.indexOf(arm.id));
  const admission = admit(graph, situationOf(context, progress, arms), committed, application);
  if (admission.status === 'refused') {
    const { otherLegId, cycle } = admission;
    if (next.refusedBy === otherLegId) return;
    next.refusedBy = otherLegId;
    explain(context, {
      kind: 'no-way-past',
      armId: arm.id,
      taskId: next.taskId,
      otherArmId: armIdOf(otherLegId),
      otherLegId,
      cycle: cycle.map(({ legId: id, atUs }) => `${id} at ${(atUs / US_PER_S).toFixed(2)} s`),
    });
    return;
  }
  next.admitted = true;
  next.refusedBy = null;
  for (const decision of admission.decisions) explainOrder(context, arm, next, decision);
  arms.forEach((id, k) => (state.passages.sequences[id] = admission.graph.sequences[k]!));
  state.passages.conflicts = admission.graph.conflicts;
  context.schedule = true;
}

const US_PER_S = 1_000_000;

function explainOrder(context: StepContext, arm: ArmState, next: NextJob, decision: OrderDecision): void {
  const { ownLegId, otherLegId, first, rule, delayUs, otherDelayUs } = decision;
  const [firstLegId, thenLegId] = first === 'own' ? [ownLegId, otherLegId] : [otherLegId, ownLegId];
  explain(context, {
    kind: 'passing',
    armId: arm.id,
    taskId: next.taskId,
    firstLegId,
    thenLegId,
    firstArmId: armIdOf(firstLegId),
    thenArmId: armIdOf(thenLegId),
    rule,
    delayS: delayUs / US_PER_S,
    otherDelayS: otherDelayUs / US_PER_S,
  });
}

function applicationOf(
  context: StepContext,
  arm: ArmState,
  next: NextJob,
  result: PlannedJob,
  number: number,
): Application {
  const sequence = context.state.passages.sequences[arm.id]!;
  const fromPark = samePositions(next.start, context.derived.armOf.get(arm.id)!.park);
  // What leads home, or a stand, gives way to a job that begins before it.
  const isLast = (leg: GraphLeg): boolean => leg.id.endsWith('.home') || leg.id.endsWith('.stand');
  const keeps = fromPark ? sequence.length : sequence.filter((leg) => !isLast(leg)).length;
  return {
    arm: number,
    keeps,
    legs: LEGS.flatMap((name): GraphLeg[] => {
      const leg = result.legs.find((each) => each.name === name);
      if (leg === undefined) return [];
      return [
        { id: legId(arm.id, next.number, name), armId: arm.id, durationUs: durationUs(leg.trajectory) },
      ];
    }),
    encounters: result.encounters.map(({ leg, otherLegId, region }) => ({
      ownLegId: legId(arm.id, next.number, leg),
      otherLegId,
      region,
    })),
  };
}

/** Others' legs were accepted while this job was being planned: where it meets them is asked before anything else. */
function compare(
  context: StepContext,
  arm: ArmState,
  next: NextJob,
  result: PlannedJob,
  missing: readonly string[],
): void {
  const requestId = nextRequestId(context);
  arm.next = {
    ...next,
    requestId,
    deadlineUs: context.nowUs + context.cell.deadlines.planUs,
    partial: result,
    result: null,
    known: [...next.known, ...missing],
  };
  const task = next.taskId === null ? undefined : context.state.tasks[next.taskId];
  context.effects.push({
    kind: 'plan',
    request: {
      requestId,
      armId: arm.id,
      start: next.start,
      pickM: null,
      placeM: null,
      item: next.item,
      elsewhere: [],
      others: missing.map((id) => acceptedLeg(context.state, id)),
      planned: result.legs,
      seed: task === undefined ? 1 : task.number,
      iterationsMax: 1,
    },
  });
}

/** Tells arms under way that they may go further, as others have passed. */
function extendGrants(context: StepContext): void {
  const { state, cell } = context;
  const moving = Object.values(state.arms).filter(
    ({ command, machine }) => command?.kind === 'leg' && command.accepted && machine.value === 'moving',
  );
  if (moving.length === 0) return;
  const { graph, progress, arms } = graphNow(context);
  const table = grantTable(graph);
  for (const arm of moving) {
    const command = arm.command!;
    const leg = legUnderWay(arm);
    const number = arms.indexOf(arm.id);
    if (leg === undefined || graph.sequences[number]![0]?.id !== legId(arm.id, arm.job!.number, leg.name))
      continue;
    const end = durationUs(leg.trajectory);
    const grant = grantOf(table, progress, number);
    const untilUs = grant.leg > 0 ? end : grant.untilUs;
    if (untilUs <= command.grantedUs) continue;
    command.grantedUs = untilUs;
    command.deadlineUs = untilUs < end ? null : context.nowUs + 4 * end + cell.deadlines.motionMarginUs;
    sendToArm(context, arm, {
      kind: 'extend',
      commandId: command.id,
      epoch: state.epoch,
      grantedUntilUs: untilUs,
    });
  }
}

/** Progress before the end of its grant from which an arm is slowed by it, us. */
const SLOWED_FROM_US = 250_000;

/** Whom each arm with a job waits for: on its way, or before it sets out. */
function noteWaiting(context: StepContext): void {
  const { graph, progress, arms } = graphNow(context);
  const table = grantTable(graph);
  const armOf = new Map(graph.sequences.flat().map(({ id, armId }) => [id, armId]));
  for (const arm of Object.values(context.state.arms)) {
    if (arm.job === null) continue;
    const before = arm.waitsFor;
    arm.waitsFor = null;
    if (legUnderWay(arm) === undefined) continue;
    const { leg, untilUs, heldBy } = grantOf(table, progress, arms.indexOf(arm.id));
    if (leg > 0 || heldBy === null) continue;
    const isSlowed = arm.job.progressUs >= untilUs - SLOWED_FROM_US;
    if (!isSlowed) continue;
    const { legId: firstId, atUs } = heldBy.first;
    arm.waitsFor = armOf.get(firstId) ?? null;
    if (arm.waitsFor === null || arm.waitsFor === before) continue;
    explain(context, {
      kind: 'waits',
      armId: arm.id,
      taskId: arm.job.taskId,
      forArmId: arm.waitsFor,
      what: `${arm.waitsFor} to be ${(atUs / US_PER_S).toFixed(2)} s along ${firstId}, before ${(untilUs / US_PER_S).toFixed(2)} s of its own ${heldBy.then.legId}`,
    });
  }
}

function legUnderWay({ job }: ArmState): PlannedLeg | undefined {
  return job === null || !isLeg(job.stage) ? undefined : job.legs[job.stage];
}
