import { describe, expect, it } from 'vitest';
import { loadCell } from '../../../config/load.ts';
import { createCore, restoreCore } from '../../../controller/core/create.ts';
import type { Core } from '../../../controller/core/create.ts';
import type { CoreState } from '../../../controller/core/state.ts';
import { step } from '../../../controller/core/step.ts';
import type { IntakeRequest, IntakeResult } from '../../../controller/domain/intake.ts';

const loaded = loadCell('config/cells/small.yaml');
if (loaded.status !== 'loaded') throw new Error('the small cell does not load');
const { cell } = loaded;

function ask(core: Core, requestId: string, request: IntakeRequest): IntakeResult {
  const effects = step(core, [{ kind: 'intake', requestId, source: 'mqtt', request }], core.state.nowUs + 1);
  const reply = effects.find((effect) => effect.kind === 'reply' && effect.requestId === requestId);
  if (reply?.kind !== 'reply') throw new Error('no answer');
  return reply.result;
}

/** The controller again, with nothing left but its snapshot. */
function restarted(core: Core): Core {
  return restoreCore(cell, JSON.parse(JSON.stringify(core.state)) as CoreState);
}

const ORDER: IntakeRequest = {
  kind: 'order',
  body: {
    orderId: 'O-1',
    priority: 50,
    shipBy: null,
    lines: [{ lineId: '1', sku: 'A', quantity: 5 }],
  },
};
const CANCEL_ONE: IntakeRequest = { kind: 'cancel', body: { orderId: 'O-1', lineId: '1', quantity: 1 } };
const RESET: IntakeRequest = { kind: 'cell', body: { command: 'reset' } };
const STOP: IntakeRequest = { kind: 'cell', body: { command: 'stop' } };

describe('a request that comes again', () => {
  it('cancels nothing a second time, also after a restart from a snapshot', () => {
    let core = createCore(cell);
    ask(core, 'r1', ORDER);
    expect(ask(core, 'r2', CANCEL_ONE)).toMatchObject({ status: 'accepted' });
    expect(ask(core, 'r2', CANCEL_ONE)).toMatchObject({ status: 'duplicate' });
    core = restarted(core);
    expect(ask(core, 'r2', CANCEL_ONE)).toMatchObject({ status: 'duplicate' });
    expect(core.state.orders['O-1']?.lines[0]?.cancelled).toBe(1);
    expect(ask(core, 'r3', CANCEL_ONE)).toMatchObject({ status: 'accepted' });
    expect(core.state.orders['O-1']?.lines[0]?.cancelled).toBe(2);
  });

  it('does not command the cell a second time when others have commanded it since', () => {
    let core = createCore(cell);
    step(core, [{ kind: 'started', epoch: 1, wallMs: 0 }], 1);
    expect(ask(core, 'r1', RESET)).toMatchObject({ status: 'accepted' });
    expect(ask(core, 'r2', STOP)).toMatchObject({ status: 'accepted' });
    core = restarted(core);
    expect(ask(core, 'r1', RESET)).toMatchObject({ status: 'duplicate' });
    expect(core.state.cell.value).toBe('stopped');
  });

  it('is decided anew when it was refused before', () => {
    const core = createCore(cell);
    expect(ask(core, 'r1', CANCEL_ONE)).toMatchObject({ status: 'refused' });
    ask(core, 'r0', ORDER);
    expect(ask(core, 'r1', CANCEL_ONE)).toMatchObject({ status: 'accepted' });
  });
});
