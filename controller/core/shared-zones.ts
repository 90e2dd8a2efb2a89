import type { SharedZoneModel } from '../domain/permission.ts';
import { sharedZoneStepper } from '../machines/shared-zone.ts';
import type { SharedZoneEvent } from '../machines/shared-zone.ts';
import type { PlcEvent } from '../ports.ts';
import { dropNext, isParkPose } from '../scheduling/planning.ts';
import { notice } from './context.ts';
import type { StepContext } from './context.ts';
import type { SharedZoneState } from './plc-state.ts';
import type { ArmState } from './state.ts';

/** Tells the PLCs again which zones are theirs: a controller that begins has told nobody yet. */
export function announceZones(context: StepContext): void {
  for (const [zoneId, zone] of Object.entries(context.state.plc.zones)) {
    const granted = ['granted', 'theirs'].includes(zone.machine.value);
    context.effects.push({ kind: 'plc', command: { kind: 'zone', zoneId, granted } });
  }
}

/** A PLC said what it wants and has seen of a zone. */
export function hearZone(context: StepContext, event: Extract<PlcEvent, { kind: 'zone' }>): void {
  const zone = context.state.plc.zones[event.zoneId];
  if (zone === undefined) return;
  zone.requested = event.requested;
  zone.acknowledged = event.acknowledged;
  context.schedule = true;
}

/** Whether an arm may begin nothing new because a zone that it can reach into is not the cell's. */
export function isWithheld(context: StepContext, armId: string): boolean {
  const { zones } = context.state.plc;
  return (context.cell.plc?.zones ?? []).some(
    ({ id, arms }) => arms.includes(armId) && (zones[id]?.machine.value !== 'ours' || zones[id].needsReset),
  );
}

/** Moves every zone on as far as what is known allows. */
export function governZones(context: StepContext): void {
  for (const model of context.cell.plc?.zones ?? []) {
    const zone = context.state.plc.zones[model.id];
    if (zone === undefined) continue;
    // A zone goes through its states once at most; the bound keeps a bug from looping.
    for (let round = 0; round < 5; round += 1) {
      const event = nextEvent(context, model, zone);
      if (event === null) break;
      const step = sharedZoneStepper.step(zone.machine, { type: event });
      zone.machine = step.state;
      for (const effect of step.effects) carryOut(context, model, zone, effect.type);
    }
  }
}

function nextEvent(
  context: StepContext,
  model: SharedZoneModel,
  zone: SharedZoneState,
): SharedZoneEvent['type'] | null {
  switch (zone.machine.value) {
    case 'ours':
      return zone.requested ? 'REQUESTED' : null;
    case 'clearing':
      if (!zone.requested) return 'WITHDRAWN';
      return model.arms.every((armId) => isOut(context, context.state.arms[armId])) ? 'CLEARED' : null;
    case 'granted':
      if (!zone.requested) return 'WITHDRAWN';
      return zone.acknowledged ? 'ACKNOWLEDGED' : null;
    case 'theirs':
      return zone.requested ? null : 'WITHDRAWN';
    case 'returning':
      return zone.acknowledged ? null : 'UNACKNOWLEDGED';
    default:
      return null;
  }
}

/** Rests in its park pose with nothing to do. An arm that is lost or faulted is nowhere for certain. */
function isOut(context: StepContext, arm: ArmState | undefined): boolean {
  return (
    arm !== undefined &&
    arm.machine.value === 'resting' &&
    arm.command === null &&
    arm.job === null &&
    arm.next === null &&
    arm.positions !== null &&
    isParkPose(context, arm, arm.positions)
  );
}

function carryOut(context: StepContext, model: SharedZoneModel, zone: SharedZoneState, effect: string): void {
  context.schedule = true;
  switch (effect) {
    case 'parkArms':
      notice(context, 'info', 'zone-requested', `${model.id} is wanted: ${model.arms.join(', ')} go to park`);
      for (const armId of model.arms) {
        const arm = context.state.arms[armId];
        if (arm?.next != null && !arm.next.admitted) dropNext(context, arm, `${model.id} is wanted`);
      }
      return;
    case 'grantZone':
      notice(context, 'info', 'zone-granted', `${model.id} is given to the ${model.claimant}`);
      context.effects.push({ kind: 'plc', command: { kind: 'zone', zoneId: model.id, granted: true } });
      return;
    case 'revokeZone':
      context.effects.push({ kind: 'plc', command: { kind: 'zone', zoneId: model.id, granted: false } });
      return;
    case 'zoneReturned':
      zone.needsReset = model.claimant === 'person';
      notice(
        context,
        'info',
        'zone-returned',
        `${model.id} is the cell's again${zone.needsReset ? '; reset it before arms enter' : ''}`,
      );
      return;
  }
}
