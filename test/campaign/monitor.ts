import type { LoadedCell } from '../../config/loaded-cell.ts';
import { stream } from '../../sim/random.ts';
import type { RandomStream } from '../../sim/random.ts';
import { runProvoked } from './provoked-run.ts';
import type { Outcome } from './provoked-run.ts';
import { MEASURING, provocationOf, VIOLATIONS } from './provocation.ts';
import type { Measuring, Provocation, Violation } from './provocation.ts';

export interface MonitorCampaign {
  readonly seed: number;
  /** Situations in which the referee saw a contact while nobody interfered; only these count. */
  readonly provoked: number;
  /** Of these: contacts in spite of the monitor. Has to be 0. */
  readonly contacts: number;
  /** Nothing was stopped. Has to be 0. */
  readonly unnoticed: number;
  /** In so many the arms came nearer than the clearance, and how near at worst, m. */
  readonly nearer: number;
  readonly clearanceMinM: number;
  readonly byKind: Readonly<Record<string, KindTotals>>;
  readonly wrong: readonly string[];
}

interface KindTotals {
  provoked: number;
  contacts: number;
  unnoticed: number;
  nearer: number;
  clearanceMinM: number;
  /** What the first verdict said. */
  readonly verdicts: Record<string, number>;
}

export interface CampaignOptions {
  readonly cells: readonly LoadedCell[];
  readonly seed: number;
  readonly count: number;
  readonly onSituation: ((provocation: Provocation, outcome: Outcome) => void) | null;
}

/**
 * One fault after another. An arm at rest that is not seen, and then moves, cannot be told from one that stays; and of
 * an arm that is measured wrongly from the first moment of a wrong motion nothing is known.
 */
function measuringFor(violation: Violation, random: RandomStream): Measuring {
  const measuring = random.chance(0.5) ? 'good' : random.pick(MEASURING);
  const unknowable: Partial<Record<Violation, readonly Measuring[]>> = {
    unbidden: ['silent', 'late', 'frozen'],
    'wrong-trajectory': ['frozen'],
  };
  return unknowable[violation]?.includes(measuring) === true ? 'good' : measuring;
}

/** Provokes collisions until `count` of them were certain, and counts how many the monitor let happen. */
export async function monitorCampaign(options: CampaignOptions): Promise<MonitorCampaign> {
  const byKind: Record<string, KindTotals> = {};
  const wrong: string[] = [];
  let provoked = 0;
  let unnoticed = 0;
  for (let k = 0; provoked < options.count && k < 20 * options.count; k += 1) {
    const random = stream(options.seed, `provocation ${k}`);
    const loaded = random.pick(options.cells);
    const violation = VIOLATIONS[k % VIOLATIONS.length]!;
    const measuring = measuringFor(violation, random);
    const provocation = provocationOf(loaded, violation, measuring, k, random);
    if (provocation === null) continue;
    const alone = await runProvoked(loaded, provocation, 'unwatched');
    if (alone.contacts === 0) continue;
    provoked += 1;
    const outcome = await runProvoked(loaded, provocation, 'watched');
    options.onSituation?.(provocation, outcome);
    const kind = (byKind[`${violation}, samples ${measuring}`] ??= {
      provoked: 0,
      contacts: 0,
      unnoticed: 0,
      nearer: 0,
      clearanceMinM: Infinity,
      verdicts: {},
    });
    kind.provoked += 1;
    const clearanceM = outcome.clearanceMinM ?? Infinity;
    kind.clearanceMinM = Math.min(kind.clearanceMinM, clearanceM);
    if (clearanceM < loaded.cell.clearanceM) kind.nearer += 1;
    const first = outcome.verdicts[0]?.kind ?? 'none';
    kind.verdicts[first] = (kind.verdicts[first] ?? 0) + 1;
    const name = `${loaded.cell.name}, situation ${k}, ${violation}, samples ${measuring}`;
    if (outcome.contacts > 0) {
      kind.contacts += 1;
      wrong.push(`${name}: contact, in spite of ${outcome.verdicts.map(({ kind }) => kind).join(', ')}`);
    }
    if (outcome.firstStopUs === null) {
      unnoticed += 1;
      kind.unnoticed += 1;
      wrong.push(`${name}: nothing was stopped`);
    }
  }
  const kinds = Object.values(byKind);
  return {
    seed: options.seed,
    provoked,
    contacts: kinds.reduce((sum, kind) => sum + kind.contacts, 0),
    unnoticed,
    nearer: kinds.reduce((sum, kind) => sum + kind.nearer, 0),
    clearanceMinM: Math.min(...kinds.map((kind) => kind.clearanceMinM)),
    byKind,
    wrong,
  };
}
