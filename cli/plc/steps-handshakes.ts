import type { PlcMap } from '../../controller/domain/plc-map.ts';
import type { HandshakeDriver, ToteOutcome } from '../../protocols/plc/handshake-driver.ts';
import type { AcceptanceBench } from './acceptance-bench.ts';
import { found } from './acceptance-step.ts';
import type { AcceptanceStep, Finding, Outcome } from './acceptance-step.ts';

const JAM = 17;

/** Every handshake at every place: a tote comes, another takes its place, a jam is told, and after it all goes on. */
export function handshakeSteps(map: PlcMap): readonly AcceptanceStep[] {
  return map.handshakes.flatMap((handshake) => {
    const places = Object.keys(handshake.places);
    return [
      ...places.map((placeId): AcceptanceStep => ({
        id: `handshake-${handshake.id}-${placeId}`,
        group: 'handshakes',
        title: `${handshake.id}: an empty tote is brought to ${placeId}`,
        expected:
          'request, busy, done, rest; the tote is there, moved once; no rule of the profile is broken',
        run: (bench) => bringTote(bench, handshake.id, placeId),
      })),
      {
        id: `handshake-${handshake.id}-jam`,
        group: 'handshakes',
        title: `${handshake.id}: the conveyor jams at ${places[0]}`,
        expected: 'the PLC says fault; after the jam the next request is done',
        run: (bench) => jam(bench, handshake.id, places[0]!),
      } satisfies AcceptanceStep,
    ];
  });
}

function driverOf(bench: AcceptanceBench, handshakeId: string): HandshakeDriver {
  return bench.unit.handshakes.find(({ handshake }) => handshake.id === handshakeId)!;
}

/** Asks for a tote as the core does, and waits for how it ends; null: it does not. */
export async function askForTote(
  bench: AcceptanceBench,
  handshakeId: string,
  placeId: string,
): Promise<{
  readonly outcome: ToteOutcome | null;
  readonly containerId: string;
  readonly violations: readonly Finding[];
}> {
  const driver = driverOf(bench, handshakeId);
  const containerId = bench.fresh('TOTE');
  const outcome = await new Promise<ToteOutcome | null>((resolve) => {
    const { busyUs, doneUs, clearUs } = driver.handshake.timeouts;
    const timer = setTimeout(() => resolve(null), (busyUs + doneUs + 2 * clearUs) / 1_000 + 2_000);
    driver.ask({ kind: 'bring-empty', requestId: bench.fresh('accept'), placeId, containerId }, (ended) => {
      clearTimeout(timer);
      resolve(ended);
    });
  });
  // Both have to be at rest again before anything else is asked.
  await bench.until(() => driver.state === 'rest', driver.handshake.timeouts.clearUs / 1_000 + 500);
  await bench.pause(100);
  const violations = bench
    .newViolations(driver)
    .map(({ code, detail }): Finding => ({ code, subject: handshakeId, detail }));
  return { outcome, containerId, violations };
}

async function bringTote(bench: AcceptanceBench, handshakeId: string, placeId: string): Promise<Outcome> {
  const moves = bench.floor.moves;
  const { outcome, containerId, violations } = await askForTote(bench, handshakeId, placeId);
  const findings = [...violations];
  const there = bench.floor.toteAt(placeId);
  const moved = bench.floor.moves - moves;
  if (moved > 1) findings.push(found('acts-twice', handshakeId, `${moved} moves for one request`));
  const isDone = outcome?.status === 'done';
  if (findings.length === 0 && (!isDone || there !== containerId)) {
    const waits = driverOf(bench, handshakeId).waitsFor;
    const detail =
      outcome === null ? `no outcome${waits === '' ? '' : `, it waits for ${waits}`}` : 'no tote came';
    findings.push(found('not-moved', handshakeId, detail));
  }
  return {
    seen: `${outcome?.status ?? 'no outcome'}, ${there ?? 'nothing'} at ${placeId}, ${moved} moves`,
    findings,
  };
}

async function jam(bench: AcceptanceBench, handshakeId: string, placeId: string): Promise<Outcome> {
  bench.floor.jams.set(placeId, JAM);
  const first = await askForTote(bench, handshakeId, placeId);
  bench.floor.jams.delete(placeId);
  const findings = [...first.violations];
  const said =
    first.outcome === null ? 'no outcome' : first.outcome.status === 'failed' ? first.outcome.detail : 'done';
  if (!said.includes('the PLC says fault')) {
    findings.push(found('fault-not-reported', handshakeId, `the conveyor jams, and the PLC says: ${said}`));
  }
  const second = await askForTote(bench, handshakeId, placeId);
  findings.push(...second.violations);
  if (second.outcome?.status !== 'done') {
    findings.push(found('not-moved', handshakeId, 'the jam is gone, and the next request is not done'));
  }
  return { seen: `${said}; then ${second.outcome?.status ?? 'no outcome'}`, findings };
}
