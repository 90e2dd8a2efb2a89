/** Why units of a line were not delivered. `unmatched-return`: a return for units that were never ordered. */
export type LineException =
  | 'item-missing'
  | 'dropped'
  | 'unreachable'
  | 'place-blocked'
  | 'grasp-failed'
  | 'double-pick'
  | 'bin-full'
  | 'arm-lost'
  | 'in-doubt'
  | 'no-stock'
  | 'too-large'
  | 'unmatched-return'
  | 'not-stock';

/** One line of an order. `fulfilled + cancelled + excepted <= quantity`, equal once the line has ended. */
export interface OrderLine {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  fulfilled: number;
  cancelled: number;
  excepted: number;
  /** The first reason for which units were excepted. */
  exception: LineException | null;
}

/**
 * `waiting`: not begun. `active`: has an order tote in the cell, or one on its way. `completed`: every unit has
 * ended in one way or another and the last tote has left.
 */
export type OrderStatus = 'waiting' | 'active' | 'completed';

export interface Order {
  readonly id: string;
  /** Counts orders as they arrive. */
  readonly number: number;
  /** Higher goes first. */
  readonly priority: number;
  /** Instant by which it has to leave, us on the core's clock; null: none. */
  readonly shipByUs: number | null;
  readonly receivedUs: number;
  readonly lines: OrderLine[];
  status: OrderStatus;
  /** The order tote(s) its units went to, latest last. */
  readonly totes: string[];
}
