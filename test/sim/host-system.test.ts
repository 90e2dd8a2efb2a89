import { describe, expect, it } from 'vitest';
import { ConsolidateRequest, OrderRequest, StowRequest } from '../../controller/domain/intake.ts';
import { HostSystem } from '../../sim/host-system.ts';
import type { HostPosition, HostRequest, HostSettings, OrderSource } from '../../sim/host-system.ts';
import { createWorld } from '../../sim/world.ts';
import { cell, settings, skus } from './fixture.ts';

const HOUR_US = 3_600_000_000;
const rates: HostSettings = { seed: 5, ordersPerHour: 60, stowsPerHour: 6, consolidationsPerHour: 2 };
const storage = (containerId: string) => ({
  containerId,
  kind: 'storage' as const,
  stacks: [new Array<string>(40).fill('soap'), new Array<string>(40).fill('book'), [], [], [], []],
  placeId: null,
});
const endless: OrderSource = { kind: 'endless', stock: { skus, containers: [storage('S1'), storage('S2')] } };
const made = (
  source: OrderSource = endless,
  position: HostPosition | null = null,
  change: Partial<HostSettings> = {},
) => new HostSystem(cell, { ...rates, ...change }, source, position);
const accepted = { status: 'accepted', detail: '' } as const;

/** An hour in steps of a second, everything accepted. */
function hour(host: HostSystem): HostRequest[] {
  const sent: HostRequest[] = [];
  for (let nowUs = 0; nowUs < HOUR_US; nowUs += 1_000_000) {
    for (const request of host.due(nowUs, 1_700_000_000_000)) {
      sent.push(request);
      host.answered(request.requestId, accepted);
    }
  }
  return sent;
}

describe('the simulated warehouse system', () => {
  it('keeps its hourly rates, with requests that the intake takes', () => {
    const sent = hour(made());
    const of = (kind: string) => sent.filter(({ request }) => request.kind === kind);
    expect(of('order')).toHaveLength(60);
    expect(of('stow').length).toBeGreaterThanOrEqual(6);
    expect(of('consolidate')).toHaveLength(2);
    for (const { request } of sent) {
      if (request.kind === 'order') expect(OrderRequest.safeParse(request.body).success).toBe(true);
      if (request.kind === 'stow') expect(StowRequest.safeParse(request.body).success).toBe(true);
      if (request.kind === 'consolidate')
        expect(ConsolidateRequest.safeParse(request.body).success).toBe(true);
    }
    expect(new Set(sent.map(({ requestId }) => requestId)).size).toBe(sent.length);
    expect(of('order').some(({ request }) => request.kind === 'order' && request.body.lines.length > 1)).toBe(
      true,
    );
    expect(of('order').some(({ request }) => request.kind === 'order' && request.body.shipBy !== null)).toBe(
      true,
    );
  });

  it('never orders more than lies in stock', () => {
    const sent = hour(
      made(endless, null, { ordersPerHour: 3_000, stowsPerHour: 0, consolidationsPerHour: 0 }),
    );
    const ordered = new Map<string, number>();
    for (const { request } of sent) {
      if (request.kind !== 'order') continue;
      for (const { sku, quantity } of request.body.lines)
        ordered.set(sku, (ordered.get(sku) ?? 0) + quantity);
    }
    expect(Object.fromEntries(ordered)).toEqual({ soap: 80, book: 80 });
  });

  it('moves units only into totes that have room for them', () => {
    const full = {
      ...storage('S3'),
      stacks: new Array<string[]>(6).fill(new Array<string>(40).fill('soap')),
    };
    const source: OrderSource = { kind: 'endless', stock: { skus, containers: [storage('S1'), full] } };
    const sent = hour(made(source, null, { consolidationsPerHour: 60, ordersPerHour: 0, stowsPerHour: 0 }));
    const moves = sent.flatMap(({ request }) => (request.kind === 'consolidate' ? [request.body] : []));
    expect(moves.length).toBeGreaterThan(20);
    expect(
      new Set(moves.map((move) => `${move.sku}: ${move.fromContainerId} to ${move.toContainerId}`)),
    ).toEqual(new Set(['soap: S3 to S1']));
  });

  it('brings goods in induct totes that the conveyor of the world takes, with just what is to be stowed', () => {
    const host = made();
    const sent = hour(host);
    const totes = host.takeTotes();
    expect(totes).toHaveLength(6);
    expect(host.takeTotes()).toEqual([]);
    const world = createWorld(cell, settings(), { skus, containers: [] });
    for (const tote of totes) world.receive(tote);
    for (const { containerId, stacks } of totes) {
      for (const sku of new Set(stacks.flat())) {
        const units = stacks.flat().filter((unit) => unit === sku).length;
        const asked = sent.find(
          ({ request }) =>
            request.kind === 'stow' && request.body.containerId === containerId && request.body.sku === sku,
        );
        expect(asked?.request).toMatchObject({ body: { quantity: units } });
      }
    }
  });

  it('sends again what was not answered or was refused for the moment, and nothing else', () => {
    const host = made(endless, null, { stowsPerHour: 0, consolidationsPerHour: 0, ordersPerHour: 1 });
    const [first] = host.due(0, 0);
    expect(host.due(5_000_000, 0)).toEqual([]);
    expect(host.due(10_000_000, 0)).toEqual([first]);
    host.answered(first?.requestId ?? '', { status: 'refused', code: 'busy', detail: '' });
    expect(host.due(20_000_000, 0)).toEqual([first]);
    host.answered(first?.requestId ?? '', { status: 'refused', code: 'malformed', detail: '' });
    expect(host.due(30_000_000, 0)).toEqual([]);
  });

  it('goes on after a restart where it was: same next requests, unanswered ones again', () => {
    const host = made();
    for (let nowUs = 0; nowUs < HOUR_US / 2; nowUs += 1_000_000) {
      for (const { requestId } of host.due(nowUs, 0))
        if (nowUs < HOUR_US / 2 - 120_000_000) host.answered(requestId, accepted);
    }
    const kept = JSON.parse(JSON.stringify(host.position())) as HostPosition;
    const again = made(endless, kept);
    const unanswered = kept.open.map(({ requestId }) => requestId);
    expect(unanswered.length).toBeGreaterThan(0);
    expect(again.due(kept.nowUs, 0).map(({ requestId }) => requestId)).toEqual(unanswered);
    const later = (system: HostSystem) =>
      system.due(HOUR_US, 0).filter(({ requestId }) => !unanswered.includes(requestId));
    expect(later(again)).toEqual(later(host));
  });

  it('works through a list and says when it is finished', () => {
    const order = (orderId: string) => ({
      kind: 'order' as const,
      body: { orderId, priority: 50, shipBy: null, lines: [{ lineId: '1', sku: 'soap', quantity: 1 }] },
    });
    const host = made({ kind: 'list', requests: [order('a'), order('b')] }, null, { ordersPerHour: 3_600 });
    const [a] = host.due(0, 0);
    expect(a?.request).toEqual(order('a'));
    host.answered(a?.requestId ?? '', accepted);
    expect(host.finished()).toBe(false);
    const [b] = host.due(1_000_000, 0);
    host.answered(b?.requestId ?? '', { status: 'duplicate', detail: '' });
    expect(host.finished()).toBe(true);
    expect(host.due(HOUR_US, 0)).toEqual([]);
  });
});
