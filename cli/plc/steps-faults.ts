import type { InputTag, PlcMap } from '../../controller/domain/plc-map.ts';
import { stream } from '../../sim/random.ts';
import type { Publication, Quirk } from '../../protocols/plc/simulated-plc.ts';
import type { AcceptanceBench } from './acceptance-bench.ts';
import { found } from './acceptance-step.ts';
import type { AcceptanceStep, Finding, Outcome } from './acceptance-step.ts';
import { askForTote } from './steps-handshakes.ts';
import { cannotRun } from './steps-permissions.ts';

const REACTION_MS = 400;
const DROPPED_SHARE = 0.2;
const REORDER_US = 60_000;
const SLOW_US = 150_000;
const HOUR_MS = 3_600_000;

/** Everything that goes wrong between a PLC in order and the controller. */
export function faultSteps(map: PlcMap): readonly AcceptanceStep[] {
  const permission = map.inputs.find(({ onLoss }) => onLoss === 'hold');
  const measured = map.inputs.find(({ range, type }) => range !== null && type === 'number');
  const random = stream(1, 'acceptance');
  const steps: AcceptanceStep[] = [
    harmless('drop', `${DROPPED_SHARE * 100} % of all messages are lost`, {
      sent: (publication) => (random.chance(DROPPED_SHARE) ? [] : [{ publication, delayUs: 0 }]),
    }),
    harmless('duplicate', 'every message comes twice', {
      sent: (publication) => [
        { publication, delayUs: 0 },
        { publication, delayUs: 0 },
      ],
    }),
    harmless('reorder', `messages overtake one another within ${REORDER_US / 1_000} ms`, {
      sent: (publication) => [{ publication, delayUs: random.integer(0, REORDER_US) }],
    }),
    harmless('slow', `every message takes ${SLOW_US / 1_000} ms`, {
      sent: (publication) => [{ publication, delayUs: SLOW_US }],
    }),
    harmless('clock-offset', 'the PLC’s clock is wrong by hours: its messages say so', {
      sent: (publication) => [{ publication: stamped(publication), delayUs: 0 }],
    }),
  ];
  const staleUs = Math.max(
    0,
    ...map.inputs.filter(({ onLoss }) => onLoss !== null).map((each) => each.staleUs),
  );
  if (staleUs > 0) {
    steps.push(holding('stale', 'the PLC falls silent', { sent: () => [] }, staleUs, /silent|heartbeat/));
  }
  if (permission !== undefined) {
    steps.push(
      holding(
        'wrong-type',
        `${permission.id} comes as text`,
        written(permission, 'perhaps'),
        0,
        /bad: .* is no boolean/,
      ),
      holding('bouncing', `${permission.id} bounces`, bouncing(permission), 0, new RegExp(permission.id)),
    );
  }
  if (measured !== undefined && map.separation?.inputId === measured.id) {
    steps.push(
      holding(
        'wrong-unit',
        `${measured.id} comes a thousand times too large`,
        { written: (id, value) => (id === measured.id ? Number(value) * 1_000 : value) },
        0,
        /outside/,
      ),
    );
  }
  const { heartbeat } = map;
  if (heartbeat !== null) {
    let frozen: unknown;
    const quirk: Quirk = {
      value: (id, value) => {
        if (id !== heartbeat.fromPlc.id) return value;
        frozen ??= value;
        return frozen as typeof value;
      },
    };
    steps.push(
      holding('late-heartbeat', 'the heartbeat is late', quirk, heartbeat.fromPlc.staleUs, /heartbeat/),
    );
  }
  if (map.handshakes.length > 0) steps.push(reboot(map));
  return steps;
}

/** Goes wrong, and has to change nothing: a tote is brought once, and the cell goes on. */
function harmless(id: string, title: string, quirk: Quirk): AcceptanceStep {
  return {
    id: `fault-${id}`,
    group: 'faults',
    title,
    expected: 'the cell runs on, and what is asked of the PLC is done once',
    run: async (bench) => {
      if (!(await bench.run())) return cannotRun(bench, id);
      const moves = bench.floor.moves;
      const findings: Finding[] = [];
      const handshake = bench.map.handshakes[0];
      const seen = await bench.during(quirk, async () => {
        if (handshake === undefined) {
          await bench.pause(2_000);
          return 'watched for 2 s';
        }
        const placeId = Object.keys(handshake.places)[0]!;
        const { outcome, violations } = await askForTote(bench, handshake.id, placeId);
        findings.push(...violations);
        if (outcome?.status !== 'done')
          findings.push(found('not-moved', handshake.id, 'the tote did not come'));
        return `the tote: ${outcome?.status ?? 'no outcome'}`;
      });
      if (bench.floor.moves - moves > 1)
        findings.push(found('acts-twice', id, 'more than one move for one request'));
      if (!bench.isRunning()) {
        findings.push(
          found('cell-does-not-start', id, `the cell is ${bench.view().state}: ${bench.view().because}`),
        );
      }
      return { seen: `${seen}, cell ${bench.view().state}`, findings };
    },
  };
}

/** Goes wrong, and has to stop the cell, with the reason; when it is over, nothing starts by itself. */
function holding(id: string, title: string, quirk: Quirk, afterUs: number, reason: RegExp): AcceptanceStep {
  return {
    id: `fault-${id}`,
    group: 'faults',
    title,
    expected: `the cell stops${afterUs > 0 ? ` within ${afterUs / 1e6} s and ${REACTION_MS} ms` : ''}, says why, and does not start by itself`,
    run: async (bench) => {
      if (!(await bench.run())) return cannotRun(bench, id);
      const findings: Finding[] = [];
      const because = await bench.during(quirk, async () => {
        // A message that is under way when it begins may still count, and a machine under load is late.
        const withinMs = (1.3 * afterUs) / 1_000 + 2 * REACTION_MS;
        if (!(await bench.until(() => !bench.isRunning(), withinMs))) {
          findings.push(found('cell-does-not-stop', id, `the cell is ${bench.view().state}`));
        }
        await bench.pause(200);
        return bench.view().because;
      });
      if (findings.length === 0 && !reason.test(because)) {
        findings.push(found('cell-does-not-stop', id, `it stopped, but the reason is: ${because}`));
      }
      await bench.until(() => bench.doubtful().length === 0, 4_000);
      if (await bench.until(() => bench.isRunning(), 300)) {
        findings.push(found('restarts-by-itself', id, 'the cell runs without reset and start'));
      }
      if (!(await bench.run())) findings.push(...cannotRun(bench, id).findings);
      return { seen: because, findings };
    },
  };
}

/** The PLC is started anew while it moves a tote: the cell stops, and the tote is moved once. */
function reboot(map: PlcMap): AcceptanceStep {
  const handshake = map.handshakes[0]!;
  const placeId = Object.keys(handshake.places)[0]!;
  return {
    id: 'fault-reboot',
    group: 'faults',
    title: 'the PLC is started anew while it moves a tote',
    expected:
      'the cell stops if a permission depends on it; nothing is moved twice; after reset and start all goes on',
    run: async (bench): Promise<Outcome> => {
      if (!(await bench.run())) return cannotRun(bench, 'reboot');
      const findings: Finding[] = [];
      const moves = bench.floor.moves;
      const asked = askForTote(bench, handshake.id, placeId);
      await bench.until(() => bench.floor.moves > moves, 3_000);
      bench.plc.reboot(bench.nowUs, 1.5 * Math.max(...map.inputs.map(({ staleUs }) => staleUs), 0));
      await asked;
      if (map.heartbeat !== null && bench.isRunning()) {
        findings.push(found('cell-does-not-stop', 'reboot', 'the cell runs on'));
      }
      const moved = bench.floor.moves - moves;
      if (moved > 1) findings.push(found('acts-twice', handshake.id, `${moved} moves for one request`));
      await bench.until(() => bench.doubtful().length === 0, 4_000);
      if (!(await bench.run())) findings.push(...cannotRun(bench, 'reboot').findings);
      const next = await askForTote(bench, handshake.id, placeId);
      if (next.outcome?.status !== 'done')
        findings.push(found('not-moved', handshake.id, 'nothing is moved after the restart'));
      return { seen: `${moved} moves, then ${next.outcome?.status ?? 'no outcome'}`, findings };
    },
  };
}

function written(input: InputTag, wrong: unknown): Quirk {
  return { written: (id, value) => (id === input.id ? wrong : value) };
}

function bouncing(input: InputTag): Quirk {
  return { value: (id, value, nowUs) => (id === input.id ? Math.floor(nowUs / 40_000) % 2 === 0 : value) };
}

/** A JSON object with a time stamp that is wrong; other payloads have no room for one. */
function stamped(publication: Publication): Publication {
  const text = Buffer.from(publication.payload).toString();
  if (!text.startsWith('{')) return publication;
  const stamp = new Date(Date.now() - 5 * HOUR_MS).toISOString();
  return { ...publication, payload: Buffer.from(`{"timestamp":"${stamp}",${text.slice(1)}`) };
}

/** The whole way: an order is picked into a tote that came through the handshake. */
export function workSteps(map: PlcMap): readonly AcceptanceStep[] {
  if (map.handshakes.length === 0) return [];
  return [
    {
      id: 'work-order',
      group: 'work',
      title: 'An order of one unit is picked',
      expected: 'its tote comes through the handshake, an arm puts the unit in, the order ends',
      run: async (bench: AcceptanceBench): Promise<Outcome> => {
        if (!(await bench.run())) return cannotRun(bench, 'order');
        const orderId = bench.fresh('ORDER');
        const lines = [{ lineId: '1', sku: bench.sku, quantity: 1 }];
        await bench.submit({ kind: 'order', body: { orderId, priority: 50, shipBy: null, lines } });
        const isPicked = (): boolean => bench.service.loop.order(orderId)?.lines[0]?.fulfilled === 1;
        if (await bench.until(isPicked, 90_000)) return { seen: `${orderId} is picked`, findings: [] };
        const order = bench.service.loop.order(orderId);
        const detail = `${order?.status ?? 'unknown'}, cell ${bench.view().state}: ${bench.view().because}`;
        return { seen: detail, findings: [found('order-not-picked', orderId, detail)] };
      },
    },
  ];
}
