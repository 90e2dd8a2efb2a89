import type { BasicType, DataType } from './data-type.ts';

/** What Sparkplug's messages say, apart from how they say it on the wire. Instants are ms since 1970, UTC. */

export type BasicValue = number | bigint | boolean | string;

/** 64-bit integers and `DateTime` are bigint; all other numbers are numbers; Bytes and File are bytes. */
export type Value =
  | BasicValue
  | Uint8Array
  | DataSet
  | Template
  | readonly number[]
  | readonly bigint[]
  | readonly boolean[]
  | readonly string[];

export interface DataSet {
  readonly columns: readonly string[];
  /** One for each column. */
  readonly types: readonly BasicType[];
  /** As many values in each as there are columns. */
  readonly rows: readonly (readonly (BasicValue | null)[])[];
}

/** A type that a data message leaves out is null; the value is then what stands on the wire. */
export interface Parameter {
  readonly name: string;
  readonly type: BasicType | null;
  readonly value: BasicValue | null;
}

export interface Template {
  readonly version: string | null;
  /** The definition's name; null for a definition. */
  readonly ref: string | null;
  readonly members: readonly Metric[];
  readonly parameters: readonly Parameter[];
}

export interface Property {
  readonly type: BasicType | 'PropertySet' | 'PropertySetList' | null;
  readonly value: BasicValue | PropertySet | readonly PropertySet[] | null;
}
export type PropertySet = ReadonlyMap<string, Property>;

export interface MetaData {
  readonly isMultiPart?: boolean;
  readonly contentType?: string;
  readonly size?: bigint;
  readonly seq?: bigint;
  readonly fileName?: string;
  readonly fileType?: string;
  readonly md5?: string;
  readonly description?: string;
}

/**
 * A value before its data type is known: data messages leave the type out, and it is that of the metric's birth. See
 * `typedValue`.
 */
export type WireValue =
  | { readonly kind: 'int' | 'float' | 'double'; readonly value: number }
  | { readonly kind: 'long'; readonly value: bigint }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'dataset'; readonly value: DataSet }
  | { readonly kind: 'template'; readonly value: Template };

export interface Metric {
  /** Null where only the alias is sent. */
  readonly name: string | null;
  readonly alias: bigint | null;
  /** When the value was captured. */
  readonly timestampMs: number | null;
  readonly type: DataType | null;
  /** Null: the metric has no value now. */
  readonly value: WireValue | null;
  /** Kept from a time without connection: not the value now. */
  readonly isHistorical: boolean;
  /** Not for historians. */
  readonly isTransient: boolean;
  readonly metadata: MetaData | null;
  readonly properties: PropertySet | null;
}

export interface Payload {
  /** When the message was sent. */
  readonly timestampMs: number | null;
  readonly seq: number | null;
  readonly metrics: readonly Metric[];
  readonly uuid: string | null;
  readonly body: Uint8Array | null;
}
