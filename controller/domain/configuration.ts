import type { Pose, Vec3 } from '../../arms/geometry/pose.ts';
import type { CellModel, PlaceKind } from './cell.ts';

/**
 * What the journal keeps of the configuration that it was written with: the things that orders, stock and tasks
 * refer to by name. A restart compares it with the present one before anything moves.
 */
export interface ConfigurationSummary {
  readonly cell: string;
  readonly arms: readonly ArmSummary[];
  readonly places: readonly PlaceSummary[];
}

interface ArmSummary {
  readonly id: string;
  readonly manipulator: string;
  readonly tool: string;
  readonly joints: readonly string[];
  readonly X_WB: Pose;
}

interface PlaceSummary {
  readonly id: string;
  readonly kind: PlaceKind;
  readonly positionM: Vec3;
  readonly innerSizeM: readonly [number, number, number];
  readonly grid: readonly [number, number];
}

export function summarizeConfiguration(cell: CellModel): ConfigurationSummary {
  return {
    cell: cell.name,
    arms: cell.arms.map(({ id, manipulator, X_WB }) => ({
      id,
      manipulator: manipulator.name,
      tool: manipulator.tool.name,
      joints: manipulator.joints.map((joint) => joint.name),
      X_WB,
    })),
    places: cell.places.map(({ id, kind, positionM, innerSizeM, grid }) => ({
      id,
      kind,
      positionM,
      innerSizeM,
      grid,
    })),
  };
}

/** What the stored state refers to, in words: arm id -> what it is in the middle of, place id -> what stands there. */
export interface InUse {
  readonly arms: ReadonlyMap<string, string>;
  readonly places: ReadonlyMap<string, string>;
}

/** The parts of the core's state that tell what is in use. */
export interface UsedState {
  readonly arms: Readonly<
    Record<string, { readonly job: unknown; readonly holding: { readonly vacuum: string } }>
  >;
  readonly containers: Readonly<
    Record<
      string,
      {
        readonly id: string;
        readonly placeId: string | null;
        readonly orderId: string | null;
        readonly stacks: readonly (readonly string[])[];
      }
    >
  >;
}

export function inUseOf(state: UsedState): InUse {
  const arms = new Map<string, string>();
  for (const [armId, arm] of Object.entries(state.arms)) {
    if (arm.holding.vacuum === 'on') arms.set(armId, 'holds an item');
    else if (arm.job !== null) arms.set(armId, 'is in the middle of a job');
  }
  const places = new Map<string, string>();
  for (const container of Object.values(state.containers)) {
    if (container.placeId === null) continue;
    const units = container.stacks.reduce((sum, stack) => sum + stack.length, 0);
    const order = container.orderId === null ? '' : ` of order ${container.orderId}`;
    places.set(container.placeId, `holds ${container.id}${order} with ${units} units`);
  }
  return { arms, places };
}

/** `refused`: the stored state would be wrong in the new cell. `noted`: it fits, and a person may want to know. */
export interface ConfigurationDifference {
  readonly severity: 'refused' | 'noted';
  readonly code:
    | 'cell-renamed'
    | 'arm-gone'
    | 'arm-renamed'
    | 'arm-changed'
    | 'arm-moved'
    | 'arm-new'
    | 'place-gone'
    | 'place-changed'
    | 'place-moved'
    | 'place-new';
  readonly subject: string;
  readonly detail: string;
  readonly remedy: string;
}

const KEEP =
  'or, when the cell was really rebuilt, empty it and start with a new state directory (magpie reset)';

/**
 * The differences between the stored configuration and the present one, those that forbid to go on first. An arm or a
 * place that nothing refers to may come and go.
 */
export function compareConfiguration(
  stored: ConfigurationSummary,
  now: ConfigurationSummary,
  inUse: InUse,
): readonly ConfigurationDifference[] {
  const found: ConfigurationDifference[] = [];
  if (stored.cell !== now.cell) {
    found.push({
      severity: 'refused',
      code: 'cell-renamed',
      subject: stored.cell,
      detail: `the state is of cell ${stored.cell}, the configuration is of cell ${now.cell}`,
      remedy: `Give the state directory of ${now.cell} with --state, name the cell ${stored.cell} again, ${KEEP}`,
    });
  }
  compareArms(stored, now, inUse, found);
  comparePlaces(stored, now, inUse, found);
  return found.sort((a, b) => Number(b.severity === 'refused') - Number(a.severity === 'refused'));
}

function compareArms(
  stored: ConfigurationSummary,
  now: ConfigurationSummary,
  inUse: InUse,
  found: ConfigurationDifference[],
): void {
  const before = new Map(stored.arms.map((arm) => [arm.id, arm]));
  const present = new Map(now.arms.map((arm) => [arm.id, arm]));
  const renamed = new Set<string>();
  for (const arm of stored.arms) {
    const other = present.get(arm.id);
    const use = inUse.arms.get(arm.id);
    if (other === undefined) {
      // The same machine on the same spot under a name that was not there before.
      const twin = now.arms.find((each) => !before.has(each.id) && same({ ...each, id: arm.id }, arm));
      if (twin !== undefined) renamed.add(twin.id);
      found.push({
        severity: twin !== undefined || use !== undefined ? 'refused' : 'noted',
        code: twin !== undefined ? 'arm-renamed' : 'arm-gone',
        subject: arm.id,
        detail:
          twin !== undefined
            ? `arm ${arm.id} is now named ${twin.id}; the journal, and the arm itself, know it as ${arm.id}`
            : `arm ${arm.id} is gone${use === undefined ? '' : `, but ${use}`}`,
        remedy: twin !== undefined ? `Name it ${arm.id} again, ${KEEP}` : `Put arm ${arm.id} back, ${KEEP}`,
      });
    } else if (!same({ ...other, X_WB: arm.X_WB }, arm)) {
      found.push({
        severity: 'refused',
        code: 'arm-changed',
        subject: arm.id,
        detail:
          `arm ${arm.id} was a ${arm.manipulator} with ${arm.tool} and ${arm.joints.length} joints, ` +
          `it is a ${other.manipulator} with ${other.tool} and ${other.joints.length} joints` +
          (use === undefined ? '' : `, and ${use}`),
        remedy: `Give the new arm a new name, put the old one back, ${KEEP}`,
      });
    } else if (!same(other.X_WB, arm.X_WB)) {
      found.push({
        severity: use === undefined ? 'noted' : 'refused',
        code: 'arm-moved',
        subject: arm.id,
        detail:
          `arm ${arm.id} stood at ${metres(arm.X_WB.positionM)}, it stands at ${metres(other.X_WB.positionM)}` +
          (use === undefined ? '' : `, and ${use}: its motion was planned from where it stood`),
        remedy: `Correct X_WB of arm ${arm.id}, ${KEEP}`,
      });
    }
  }
  for (const arm of now.arms) {
    if (before.has(arm.id) || renamed.has(arm.id)) continue;
    found.push(note('arm-new', arm.id, `arm ${arm.id} is new`));
  }
}

function comparePlaces(
  stored: ConfigurationSummary,
  now: ConfigurationSummary,
  inUse: InUse,
  found: ConfigurationDifference[],
): void {
  const before = new Set(stored.places.map((place) => place.id));
  const present = new Map(now.places.map((place) => [place.id, place]));
  for (const place of stored.places) {
    const other = present.get(place.id);
    const use = inUse.places.get(place.id);
    if (other === undefined) {
      found.push({
        severity: use === undefined ? 'noted' : 'refused',
        code: 'place-gone',
        subject: place.id,
        detail: `${place.kind} ${place.id} is gone${use === undefined ? '' : `, but ${use}`}`,
        remedy: `Put ${place.id} back, or let it be emptied with the old configuration first, ${KEEP}`,
      });
    } else if (!same({ ...other, positionM: place.positionM }, place)) {
      found.push({
        severity: use === undefined ? 'noted' : 'refused',
        code: 'place-changed',
        subject: place.id,
        detail:
          `${place.id} was a ${shape(place)}, it is a ${shape(other)}` +
          (use === undefined ? '' : `, and ${use}`),
        remedy: `Undo the change of ${place.id}, or let it be emptied with the old configuration first, ${KEEP}`,
      });
    } else if (!same(other.positionM, place.positionM)) {
      found.push(
        note(
          'place-moved',
          place.id,
          `${place.id} stood at ${metres(place.positionM)}, it stands at ${metres(other.positionM)}`,
        ),
      );
    }
  }
  for (const place of now.places) {
    if (!before.has(place.id)) found.push(note('place-new', place.id, `${place.kind} ${place.id} is new`));
  }
}

function note(
  code: ConfigurationDifference['code'],
  subject: string,
  detail: string,
): ConfigurationDifference {
  return { severity: 'noted', code, subject, detail, remedy: 'Nothing has to be done' };
}

function shape(place: PlaceSummary): string {
  return `${place.kind} of ${place.innerSizeM.join(' x ')} m with ${place.grid.join(' x ')} cells`;
}

function metres(position: Vec3): string {
  return `(${position.join(', ')}) m`;
}

/** Equality of plain data, whatever the order of its keys. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) => key in b && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}
