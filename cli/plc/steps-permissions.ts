import { HEARTBEAT, plcId, SEPARATION } from '../../controller/domain/permission.ts';
import type { InputTag, LossResponse, PlcMap, TagValue } from '../../controller/domain/plc-map.ts';
import type { CellView } from '../../controller/operations/view.ts';
import type { AcceptanceBench } from './acceptance-bench.ts';
import { found } from './acceptance-step.ts';
import type { AcceptanceStep, Outcome } from './acceptance-step.ts';

/** From the switch in the PLC until the cell stops, ms, beside what the map itself allows for. */
const REACTION_MS = 400;
/** How long it is watched that nothing starts by itself, ms. */
const WATCH_MS = 300;

const STOPPED: Readonly<Record<LossResponse, readonly CellView['state'][]>> = {
  hold: ['holding', 'held'],
  suspend: ['suspending', 'suspended'],
  stop: ['stopping', 'stopped'],
  abort: ['aborting', 'aborted'],
};

interface Switch {
  readonly permission: string;
  readonly input: InputTag;
  readonly onLoss: LossResponse;
  readonly lost: TagValue;
  readonly given: TagValue;
}

function switches(map: PlcMap): readonly Switch[] {
  const direct = map.inputs.flatMap((input): Switch[] =>
    input.onLoss === null
      ? []
      : [{ permission: input.id, input, onLoss: input.onLoss, lost: false, given: true }],
  );
  const { separation } = map;
  const distance = map.inputs.find(({ id }) => id === separation?.inputId);
  if (separation === null || distance === undefined) return direct;
  return [
    ...direct,
    { permission: SEPARATION, input: distance, onLoss: separation.onLoss, lost: 0.1, given: 10 },
  ];
}

/** Every permission: its loss stops the cell, its return starts nothing, a reset and a start do. */
export function permissionSteps(map: PlcMap): readonly AcceptanceStep[] {
  return switches(map).map((each): AcceptanceStep => ({
    id: `permission-${each.permission}`,
    group: 'permissions',
    title: `${each.permission} is lost and given again`,
    expected:
      `cell ${STOPPED[each.onLoss][1]} within ${REACTION_MS} ms with the reason; nothing starts when it is given ` +
      'again, nor by a reset alone; after reset and start the cell runs',
    run: (bench) => tryPermission(bench, each),
  }));
}

async function tryPermission(bench: AcceptanceBench, tried: Switch): Promise<Outcome> {
  const { permission, input, onLoss, lost, given } = tried;
  if (!(await bench.run())) return cannotRun(bench, permission);
  const beganUs = bench.nowUs;
  bench.plc.set(input.id, lost);
  const stopped = await bench.until(() => STOPPED[onLoss].includes(bench.view().state), 3_000);
  const tookMs = (bench.nowUs - beganUs) / 1_000;
  if (!stopped) {
    bench.plc.set(input.id, given);
    const detail = `the cell is ${bench.view().state} 3 s after ${input.id} was switched`;
    return { seen: detail, findings: [found('permission-stuck', permission, detail)] };
  }
  const findings = [];
  const id = plcId(bench.map, permission);
  const { because } = bench.view();
  if (!because.includes(id))
    findings.push(found('cell-does-not-stop', permission, `the reason is: ${because}`));
  const allowedMs = REACTION_MS + input.debounce.offUs / 1_000;
  if (tookMs > allowedMs) {
    findings.push(
      found('permission-slow', permission, `the stop took ${tookMs.toFixed(0)} ms, allowed ${allowedMs} ms`),
    );
  }
  bench.plc.set(input.id, given);
  const isGiven = (): boolean => bench.view().permissions.every(({ granted }) => granted);
  await bench.until(isGiven, 4_000);
  if (await bench.until(() => bench.isRunning(), WATCH_MS)) {
    findings.push(found('restarts-by-itself', permission, 'the cell runs without reset and start'));
  }
  const early = onLoss === 'hold' ? await bench.command('unhold') : null;
  if (early !== null && early.status !== 'refused') {
    findings.push(found('restarts-by-itself', permission, 'unhold was taken without a reset'));
  }
  await bench.command('reset');
  if (await bench.until(() => bench.isRunning(), WATCH_MS)) {
    findings.push(found('restarts-by-itself', permission, 'the cell runs after a reset alone'));
  }
  if (!(await bench.run())) findings.push(...cannotRun(bench, permission).findings);
  return { seen: `stopped after ${tookMs.toFixed(0)} ms: ${because}`, findings };
}

/** Why the cell does not run although the bench has closed everything. */
export function cannotRun(bench: AcceptanceBench, subject: string): Outcome {
  const { state, because, permissions } = bench.view();
  const withheld = permissions.filter(({ granted }) => !granted);
  const inverted = withheld.filter((each) => each.because === 'the PLC says no' || isNo(bench, each.id));
  const findings = inverted.map(({ id }) =>
    found('permission-inverted', id, 'it says no while the bench has everything closed'),
  );
  if (findings.length > 0) return { seen: `cell ${state}`, findings };
  const detail = `the cell is ${state}: ${withheld.map(({ id, because: why }) => `${id}: ${why}`).join('; ') || because}`;
  return { seen: detail, findings: [found('cell-does-not-start', subject, detail)] };
}

function isNo(bench: AcceptanceBench, permissionId: string): boolean {
  const id = permissionId.slice(bench.map.name.length + 1);
  if (id === HEARTBEAT || id === SEPARATION) return false;
  const { quality, value } = bench.unit.pipeline.read(id, bench.nowUs);
  return quality === 'good' && value === false;
}
