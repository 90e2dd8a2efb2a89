import type { IntakeResult } from '../domain/intake.ts';
import { clearAlarm } from './context.ts';
import type { StepContext } from './context.ts';

export function permissionAlarm(id: string): string {
  return `permission:${id}`;
}

/** What of PLCs stands between the cell and motion, in words; empty: nothing. */
export function missingPermissions({ state }: StepContext): readonly string[] {
  const missing: string[] = [];
  for (const [id, { granted, needsReset, because }] of Object.entries(state.plc.permissions)) {
    if (!granted) missing.push(`no permission of ${id}: ${because}`);
    else if (needsReset)
      missing.push(`${id} was lost (${because}) and is back; give the command reset first`);
  }
  for (const [id, zone] of Object.entries(state.plc.zones)) {
    if (zone.needsReset && zone.machine.value === 'ours') {
      missing.push(`${id} was given to a person and is back; give the command reset first`);
    }
  }
  return missing;
}

/**
 * A person has seen to what was lost. Moves nothing: arms go on with the command that follows. Null: there is nothing
 * to be reset.
 */
export function resetPermissions(context: StepContext): IntakeResult | null {
  const { permissions, zones } = context.state.plc;
  const lost = Object.entries(permissions).filter(([, permission]) => permission.needsReset);
  const returned = Object.entries(zones).filter(([, zone]) => zone.needsReset);
  if (lost.length + returned.length === 0) return null;
  const done: string[] = [];
  for (const [id, permission] of lost) {
    if (!permission.granted) continue;
    permission.needsReset = false;
    clearAlarm(context, permissionAlarm(id));
    done.push(id);
  }
  for (const [id, zone] of returned) {
    if (zone.machine.value !== 'ours') continue;
    zone.needsReset = false;
    done.push(id);
  }
  if (done.length > 0) context.schedule = true;
  const missing = missingPermissions(context);
  if (done.length === 0) return { status: 'refused', code: 'not-ready', detail: missing.join('; ') };
  const rest = missing.length === 0 ? '' : `; still missing: ${missing.join('; ')}`;
  return { status: 'accepted', detail: `reset: ${done.join(', ')}${rest}` };
}
