import type { CellStatus, OrderView } from '../../protocols/http/interface/status.ts';
import { count, duration } from '../words.ts';

/** The figures that a floor watches, large. */
export function Figures({
  status,
  rates,
}: {
  readonly status: CellStatus;
  readonly rates: readonly number[];
}) {
  const { total, fulfilled, cancelled, excepted, open } = status.lines;
  const ended = fulfilled + cancelled + excepted;
  const share = total === 0 ? 0 : ended / total;
  return (
    <section class="figures" aria-label="Throughput and progress">
      <div class="figure">
        <p class="figure-value">{count(status.units.perHour)}</p>
        <p class="figure-name">units per hour</p>
        <Trend values={rates} />
      </div>
      <div class="figure figure-wide">
        <p class="figure-value">
          {count(ended)} <small>of {count(total)} lines</small>
        </p>
        <div class="bar" role="img" aria-label={`${Math.floor(share * 100)} % of the lines have ended`}>
          <span style={{ width: `${share * 100}%` }} />
        </div>
        <p class="small">
          {count(fulfilled)} fulfilled · {count(cancelled)} cancelled · {count(excepted)} not delivered ·{' '}
          {count(open)} open
        </p>
      </div>
      <div class="figure">
        <p class="figure-value">{count(status.units.done)}</p>
        <p class="figure-name">units placed</p>
        <p class="small">{count(status.tasks.active)} tasks under way</p>
      </div>
      <div class="figure">
        <p class="figure-value">{count(status.orders.active)}</p>
        <p class="figure-name">orders in work</p>
        <p class="small">
          {count(status.orders.waiting)} waiting · {count(status.orders.completed)} done
        </p>
      </div>
    </section>
  );
}

/** The rate over the last minutes, for its shape only; the number beside it is exact. */
function Trend({ values }: { readonly values: readonly number[] }) {
  if (values.length < 2) return <div class="trend" />;
  const most = Math.max(...values, 1);
  const points = values
    .map(
      (value, index) =>
        `${((index / (values.length - 1)) * 100).toFixed(2)},${(24 - (value / most) * 22).toFixed(2)}`,
    )
    .join(' ');
  return (
    <svg class="trend" viewBox="0 0 100 25" preserveAspectRatio="none" aria-hidden="true">
      <polyline
        points={points}
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}

/** The orders whose totes stand in the cell. */
export function OrdersPanel({
  status,
  orders,
}: {
  readonly status: CellStatus;
  readonly orders: ReadonlyMap<string, OrderView>;
}) {
  const stations = status.places.filter(({ kind }) => kind === 'station');
  return (
    <section class="panel" aria-labelledby="orders-title">
      <h2 id="orders-title">Orders at the stations</h2>
      {stations.length === 0 && <p class="quiet">This cell has no stations.</p>}
      <ul class="orders">
        {stations.map((station) => {
          const order = station.orderId === null ? undefined : orders.get(station.orderId);
          const wanted = order?.lines.reduce((sum, line) => sum + line.quantity, 0) ?? 0;
          const done = order?.lines.reduce((sum, line) => sum + line.fulfilled, 0) ?? 0;
          return (
            <li key={station.id} class="order">
              <span class="order-place">{station.id}</span>
              <span class="order-name">
                {station.orderId ??
                  (station.exchanging
                    ? 'tote on its way'
                    : station.containerId === null
                      ? 'no tote'
                      : 'tote waits for an order')}
              </span>
              {order !== undefined && (
                <>
                  <span class="order-count">
                    {done} of {wanted}
                  </span>
                  <div class="bar bar-thin" aria-hidden="true">
                    <span style={{ width: `${wanted === 0 ? 0 : (100 * done) / wanted}%` }} />
                  </div>
                  {order.shipByS !== null && (
                    <span class={`small order-due${order.shipByS < status.nowS ? ' late' : ''}`}>
                      {order.shipByS < status.nowS
                        ? `late by ${duration(status.nowS - order.shipByS)}`
                        : `due in ${duration(order.shipByS - status.nowS)}`}
                    </span>
                  )}
                </>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
