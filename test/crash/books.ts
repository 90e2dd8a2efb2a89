import { createCore, restoreCore } from '../../controller/core/create.ts';
import type { Core } from '../../controller/core/create.ts';
import type { CoreEffect } from '../../controller/core/effect.ts';
import type { CoreState } from '../../controller/core/state.ts';
import { step } from '../../controller/core/step.ts';
import type { CellModel } from '../../controller/domain/cell.ts';
import type { JournalSnapshot, StoredTick } from '../../controller/runtime/journal.ts';
import { openSqliteJournal } from '../../controller/runtime/sqlite-journal.ts';
import { stateHash } from '../../controller/runtime/state-hash.ts';

/** A replay from the newest snapshot is compared as well where it is no longer than this, ticks. */
const TAIL_MAX = 1_000;

/** The last tick known so far and those after it, and where a restart would begin. */
export interface Written {
  readonly ticks: readonly StoredTick[];
  readonly snapshot: JournalSnapshot | null;
}

/** How tasks in doubt went on, by what settled them. */
export interface DoubtCounts {
  total: number;
  /** The tool's sensor, or the sensor over a container, told where the unit is. */
  heldByTool: number;
  atSource: number;
  placed: number;
  /** A person was asked. */
  asked: number;
  cancelled: number;
}

/**
 * The journal executed again from its very beginning, by a process that never crashes: each round it goes on from
 * where it was. Its state has to be that of the controller, however often that one was killed.
 */
export class Books {
  readonly core: Core;
  readonly doubts: DoubtCounts = { total: 0, heldByTool: 0, atSource: 0, placed: 0, asked: 0, cancelled: 0 };
  readonly #cell: CellModel;
  readonly #inDoubt = new Set<string>();
  #ticks = 0;
  #last: StoredTick | null = null;
  /** Ticks since the newest snapshot. */
  #tail: StoredTick[] = [];

  constructor(cell: CellModel) {
    this.#cell = cell;
    this.core = createCore(cell);
  }

  get state(): CoreState {
    return this.core.state;
  }

  get ticks(): number {
    return this.#ticks;
  }

  hash(): string {
    return stateHash(this.core.state);
  }

  /** Reads what was written since the last time, quickly: the controller stands still meanwhile. */
  read(journalFile: string): Written {
    const opened = openSqliteJournal({ file: journalFile, mode: 'read' });
    if (!opened.ok) throw new Error(`the journal cannot be read: ${opened.fault.detail}`);
    const { journal } = opened;
    try {
      const ticks = [...journal.ticksAfter(Math.max(0, this.#ticks - 1))];
      return { ticks, snapshot: journal.snapshotAt(Infinity) };
    } finally {
      journal.close();
    }
  }

  /** Takes in what was read; returns what is wrong with the journal, in words. */
  advance({ ticks, snapshot }: Written): readonly string[] {
    const wrong: string[] = [];
    const [again] = this.#ticks === 0 ? [undefined] : ticks;
    if (this.#last !== null && JSON.stringify(again) !== JSON.stringify(this.#last)) {
      wrong.push(`tick ${this.#ticks} was lost or is another one than before the kill`);
    }
    for (const tick of this.#ticks === 0 ? ticks : ticks.slice(1)) {
      if (tick.sequence !== this.#ticks + 1) wrong.push(`after tick ${this.#ticks} follows ${tick.sequence}`);
      try {
        this.#note(step(this.core, tick.events, tick.nowUs));
      } catch (error) {
        return [...wrong, `at tick ${tick.sequence} the replay fails: ${String(error)}`];
      }
      this.#ticks = tick.sequence;
      this.#last = tick;
      this.#tail.push(tick);
      if (snapshot?.ticks === tick.sequence && stateHash(JSON.parse(snapshot.stateJson)) !== this.hash()) {
        wrong.push(`the snapshot at tick ${tick.sequence} is not the state that the journal leads to`);
      }
    }
    return [...wrong, ...this.#fromSnapshot(snapshot)];
  }

  /** A controller begins at its newest snapshot: the same state has to come of it. */
  #fromSnapshot(snapshot: JournalSnapshot | null): string[] {
    if (snapshot === null) return [];
    this.#tail = this.#tail.filter((tick) => tick.sequence > snapshot.ticks);
    if (this.#tail.length > TAIL_MAX) return [];
    const core = restoreCore(this.#cell, JSON.parse(snapshot.stateJson) as CoreState);
    for (const tick of this.#tail) step(core, tick.events, tick.nowUs);
    if (stateHash(core.state) === this.hash()) return [];
    return [`from the snapshot at tick ${snapshot.ticks} the journal leads to another state`];
  }

  #note(effects: readonly CoreEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'notice' || effect.taskId === null) continue;
      if (effect.code === 'task-inDoubt') {
        this.#inDoubt.add(effect.taskId);
        this.doubts.total += 1;
        continue;
      }
      const how = SETTLED_AS[effect.code];
      if (how !== undefined && this.#inDoubt.delete(effect.taskId)) this.doubts[how] += 1;
    }
  }
}

const SETTLED_AS: Readonly<Record<string, keyof DoubtCounts>> = {
  'task-carrying': 'heldByTool',
  'task-returning': 'heldByTool',
  'task-waiting': 'atSource',
  'task-done': 'placed',
  'task-asking': 'asked',
  'task-cancelled': 'cancelled',
};
