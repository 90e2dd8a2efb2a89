import type { IntakeRequest, IntakeResult } from '../../../controller/domain/intake.ts';
import { EMPTY_BOOKS } from '../../../controller/operations/books-view.ts';
import type { BooksView } from '../../../controller/operations/books-view.ts';
import type { CellView } from '../../../controller/operations/view.ts';
import { pause } from './brokers.ts';

/** A controller reduced to its desk: requests become durable after a moment, and a repeat is told from a new one. */
export class SmallDesk {
  readonly journal = new Map<string, IntakeRequest>();
  state: CellView['state'] = 'execute';
  /** What the desk says instead, while set. */
  instead: IntakeResult | null = null;
  held: BooksView = EMPTY_BOOKS;
  /** While set, nothing becomes durable: the journal's disk hangs. */
  hangs = false;

  async submit(request: IntakeRequest, requestId: string): Promise<IntakeResult> {
    while (this.hangs) await pause(2);
    if (this.instead !== null) return this.instead;
    await pause(2);
    if (this.journal.has(requestId))
      return { status: 'duplicate', detail: `request ${requestId} was taken before` };
    this.journal.set(requestId, request);
    return { status: 'accepted', detail: `${request.kind} taken` };
  }

  books(): BooksView {
    return this.held;
  }

  view(): CellView {
    return {
      cell: 'test',
      state: this.state,
      because: 'orders are waiting',
      policy: 'zone-interlock',
      epoch: 1,
      nowS: 12.5,
      arms: [],
      places: [],
      orders: { waiting: this.journal.size, active: 0, completed: 0 },
      lines: { total: 0, fulfilled: 0, cancelled: 0, excepted: 0, open: 0 },
      units: { done: 0, perHour: 0 },
      tasks: { open: 0, active: 0, done: 0, cancelled: 0, excepted: 0 },
      exceptions: [],
      permissions: [],
      sharedZones: [],
      alarms: [],
    };
  }
}
