import type { CellModel } from '../controller/domain/cell.ts';
import type { ConfigurationSummary } from '../controller/domain/configuration.ts';
import type { Fault } from './fault.ts';
import type { PlcSettings } from './plc/load-plc.ts';
import type { ConnectionSettings, SimulatorSettings } from './settings.ts';
import type { Source } from './source.ts';

/** The description of one arm for whoever draws it. */
interface ArmDescription {
  readonly armId: string;
  /** Name of the manipulator, the same for arms of one make. */
  readonly name: string;
  readonly urdf: string;
  /** The link that stands where the cell puts the arm; null: the description's root. */
  readonly baseLink: string | null;
  /** Joints beside the chain and where they are held, rad or m. */
  readonly heldJoints: Readonly<Record<string, number>>;
}

/** A cell as read from its files. */
export interface LoadedCell {
  readonly status: 'loaded';
  /** Absolute name of the cell file, and what it is parsed to. */
  readonly source: Source;
  readonly cell: CellModel;
  readonly start: 'on-first-launch' | 'by-command';
  readonly connections: ConnectionSettings;
  readonly simulator: SimulatorSettings;
  readonly plc: PlcSettings;
  readonly descriptions: readonly ArmDescription[];
  /** Joint positions by arm id with which a simulated run begins. */
  readonly initialPositions: Readonly<Record<string, readonly number[]>>;
  /** What a journal keeps of the configuration, to compare at a restart. */
  readonly summary: ConfigurationSummary;
  /** SHA-256 of the cell model. */
  readonly hash: string;
  /** What was decided on the author's behalf, one sentence each. */
  readonly notes: readonly string[];
}

export type LoadCellResult = LoadedCell | { readonly status: 'refused'; readonly faults: readonly Fault[] };
