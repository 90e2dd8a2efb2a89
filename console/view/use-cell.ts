import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CellLayout } from '../../protocols/http/interface/layout.ts';
import type { CellStatus, OrderView } from '../../protocols/http/interface/status.ts';
import { get, getText } from '../api/client.ts';
import { openLiveLink } from '../api/live-link.ts';
import type { Link } from '../api/live-link.ts';
import { createArmFeed } from './arm-feed.ts';
import type { ArmFeed } from './arm-feed.ts';

/** The rate is kept every 2 s for 10 min. */
const RATE_EVERY_MS = 2_000;
const RATES_MAX = 300;
const ORDERS_EVERY_MS = 2_000;
const ORDERS_MAX = 16;
const LAYOUT_RETRY_MS = 1_500;

interface CellBuild {
  readonly layout: CellLayout;
  readonly urdfs: ReadonlyMap<string, string>;
}

export interface LiveCell {
  readonly link: Link;
  readonly status: CellStatus | null;
  readonly build: CellBuild | null;
  readonly orders: ReadonlyMap<string, OrderView>;
  readonly rates: readonly number[];
  readonly lastHeard: Date | null;
  readonly feed: ArmFeed;
  readonly reconnect: () => void;
}

/** Everything the page knows of the cell, kept up to date. */
export function useCell(): LiveCell {
  const [link, setLink] = useState<Link>({ kind: 'connecting' });
  const [status, setStatus] = useState<CellStatus | null>(null);
  const [instance, setInstance] = useState<string | null>(null);
  const [build, setBuild] = useState<CellBuild | null>(null);
  const [orders, setOrders] = useState<ReadonlyMap<string, OrderView>>(new Map());
  const [rates, setRates] = useState<readonly number[]>([]);
  const feed = useMemo(createArmFeed, []);
  const lastHeard = useRef<Date | null>(null);
  const latest = useRef<CellStatus | null>(null);
  const restart = useRef<() => void>(() => undefined);

  useEffect(() => {
    const stream = openLiveLink({
      link: (next) => setLink((before) => (sameLink(before, next) ? before : next)),
      hello: (event) => setInstance(event.instance),
      status: (next) => {
        lastHeard.current = new Date();
        latest.current = next;
        setStatus(next);
      },
      arms: (event) => feed.push(event),
    });
    restart.current = stream.restart;
    return () => stream.close();
  }, [feed]);

  // Another instance may run another cell.
  useEffect(() => {
    if (instance === null) return;
    let left = false;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      const loaded = await loadBuild();
      if (left) return;
      if (loaded === null) retry = setTimeout(() => void load(), LAYOUT_RETRY_MS);
      else setBuild((before) => (before !== null && sameBuild(before, loaded) ? before : loaded));
    };
    void load();
    return () => {
      left = true;
      clearTimeout(retry);
    };
  }, [instance]);

  const live = link.kind === 'live';
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => {
      const rate = latest.current?.units.perHour;
      if (rate !== undefined) setRates((before) => [...before.slice(1 - RATES_MAX), rate]);
    }, RATE_EVERY_MS);
    return () => clearInterval(timer);
  }, [live]);

  useEffect(() => {
    if (!live) return;
    let left = false;
    const refresh = async (): Promise<void> => {
      const ids = new Set(latest.current?.places.flatMap(({ orderId }) => orderId ?? []) ?? []);
      const found = new Map<string, OrderView>();
      for (const id of [...ids].slice(0, ORDERS_MAX)) {
        const answer = await get<OrderView>(`api/v1/orders/${encodeURIComponent(id)}`);
        if (answer.status === 'ok') found.set(id, answer.value);
      }
      if (!left) setOrders(found);
    };
    void refresh();
    const timer = setInterval(() => void refresh(), ORDERS_EVERY_MS);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, [live]);

  return {
    link,
    status,
    build,
    orders,
    rates,
    lastHeard: lastHeard.current,
    feed,
    reconnect: () => restart.current(),
  };
}

async function loadBuild(): Promise<CellBuild | null> {
  const layout = await get<CellLayout>('api/v1/cell');
  if (layout.status !== 'ok') return null;
  const urdfs = new Map<string, string>();
  for (const name of new Set(layout.value.arms.map(({ manipulator }) => manipulator))) {
    const text = await getText(`api/v1/manipulators/${encodeURIComponent(name)}.urdf`);
    if (text.status === 'ok') urdfs.set(name, text.value);
    else if (text.status === 'unreachable') return null;
  }
  return { layout: layout.value, urdfs };
}

function sameLink(a: Link, b: Link): boolean {
  return a.kind === b.kind && ('detail' in a ? a.detail : '') === ('detail' in b ? b.detail : '');
}

function sameBuild(a: CellBuild, b: CellBuild): boolean {
  const text = ({ layout, urdfs }: CellBuild): string => JSON.stringify([layout, [...urdfs]]);
  return text(a) === text(b);
}
