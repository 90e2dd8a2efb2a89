import { allInputs } from '../../controller/domain/plc-map.ts';
import type { PlcMap } from '../../controller/domain/plc-map.ts';
import { MqttConnection } from '../../protocols/mqtt/connection.ts';
import type { AcceptanceBench } from './acceptance-bench.ts';
import { found } from './acceptance-step.ts';
import type { AcceptanceFaultCode, AcceptanceStep, Finding } from './acceptance-step.ts';

const GOOD_LOOKS = 40;
const LOOK_EVERY_MS = 15;

/** Whether every input comes, is what the map says, and comes often enough. */
export function inputSteps(map: PlcMap): readonly AcceptanceStep[] {
  return [
    {
      id: 'inputs-good',
      group: 'inputs',
      title: `All ${allInputs(map).length} inputs are heard`,
      expected: 'each of good quality: published, of its type, in its range, settled',
      run: async (bench) => {
        await bench.until(() => bench.doubtful().length === 0, 4_000);
        const doubts = new Map<string, Finding>();
        // What chatters is good now and then.
        for (let look = 0; look < GOOD_LOOKS; look += 1) {
          for (const { id, quality, because } of bench.doubtful()) {
            doubts.set(id, found(codeOf(quality, because), id, `${quality}: ${because}`));
          }
          await bench.pause(LOOK_EVERY_MS);
        }
        const findings = [...doubts.values()];
        return { seen: findings.length === 0 ? 'all good' : `${findings.length} not good`, findings };
      },
    },
    {
      id: 'inputs-not-retained',
      group: 'inputs',
      title: 'No input is retained',
      expected: 'a listener that comes late is sent nothing old: a kept value has no age',
      run: async (bench) => {
        const kept = await keptTopics(bench);
        const findings = kept.map((topic) =>
          found('retained-inputs', topic, 'the PLC publishes with retain'),
        );
        return { seen: kept.length === 0 ? 'nothing kept' : `kept: ${kept.join(', ')}`, findings };
      },
    },
    {
      id: 'inputs-cyclic',
      group: 'inputs',
      title: 'Inputs come cyclically, and the heartbeat beats',
      expected: 'every input at least twice within its stale_s while nothing changes',
      run: watchCycles,
    },
  ];
}

function codeOf(quality: string, because: string): AcceptanceFaultCode {
  if (quality === 'unknown') return 'never-published';
  if (quality === 'stale') return 'goes-stale';
  if (because.startsWith('bounces')) return 'bounces';
  return because.includes(' is outside ') ? 'out-of-range' : 'bad-value';
}

async function keptTopics(bench: AcceptanceBench): Promise<readonly string[]> {
  const kept = new Set<string>();
  const late = new MqttConnection({
    broker: { url: bench.service.brokerUrl },
    clientId: bench.fresh('late-listener'),
    session: 'clean',
  });
  for (const topic of bench.unit.pipeline.topics) {
    late.subscribe(topic, 1, ({ retained }) => {
      if (retained) kept.add(topic);
    });
  }
  late.open();
  await bench.until(() => late.connected, 3_000);
  await bench.pause(300);
  await late.close();
  return [...kept];
}

async function watchCycles(bench: AcceptanceBench): Promise<{ seen: string; findings: readonly Finding[] }> {
  const inputs = allInputs(bench.map);
  const heartbeat = bench.map.heartbeat;
  const longestUs = Math.min(3_000_000, 3 * Math.max(...inputs.map(({ staleUs }) => staleUs)));
  const gaps = new Map<string, number>();
  const beats: { readonly value: unknown; readonly atUs: number }[] = [];
  const untilUs = bench.nowUs + longestUs;
  while (bench.nowUs < untilUs) {
    for (const { id } of inputs) {
      const { heardUs } = bench.unit.pipeline.state(id);
      const silentUs = bench.nowUs - (heardUs ?? bench.nowUs - longestUs);
      gaps.set(id, Math.max(gaps.get(id) ?? 0, silentUs));
    }
    if (heartbeat !== null) {
      const { value } = bench.unit.pipeline.read(heartbeat.fromPlc.id, bench.nowUs);
      if (beats.at(-1)?.value !== value) beats.push({ value, atUs: bench.nowUs });
    }
    await bench.pause(5);
  }
  const findings: Finding[] = [];
  for (const { id, staleUs } of inputs) {
    const gapUs = gaps.get(id) ?? 0;
    if (gapUs <= 0.75 * staleUs) continue;
    const detail = `silent for ${(gapUs / 1e6).toFixed(2)} s, stale after ${staleUs / 1e6} s`;
    findings.push(found('cycle-too-slow', id, detail));
    if (gapUs > staleUs) findings.push(found('goes-stale', id, detail));
  }
  if (heartbeat !== null) findings.push(...judgeBeats(beats, heartbeat.fromPlc.staleUs, heartbeat.stepMax));
  const worst = Math.max(...[...gaps.values()]) / 1e6;
  return { seen: `longest silence ${worst.toFixed(2)} s, ${beats.length} beats`, findings };
}

function judgeBeats(
  beats: readonly { readonly value: unknown; readonly atUs: number }[],
  staleUs: number,
  stepMax: number | null,
): readonly Finding[] {
  if (beats.length < 2) return [found('heartbeat-frozen', 'heartbeat', 'its value does not change')];
  const findings: Finding[] = [];
  const pauses = beats.slice(1).map((beat, k) => beat.atUs - beats[k]!.atUs);
  const longestUs = Math.max(...pauses);
  if (longestUs > 0.75 * staleUs) {
    const detail = `${(longestUs / 1e6).toFixed(2)} s between two beats, lost after ${staleUs / 1e6} s`;
    findings.push(found('heartbeat-late', 'heartbeat', detail));
  }
  const jump = beats.slice(1).find(({ value }, k) => {
    const step = Number(value) - Number(beats[k]!.value);
    return stepMax !== null && (step > stepMax || step < 0);
  });
  if (jump !== undefined)
    findings.push(found('heartbeat-jumps', 'heartbeat', `it jumps to ${String(jump.value)}`));
  return findings;
}
