/** One thing wrong with a file of configuration: where it stands, what stands there, and what to do. */
export interface Fault {
  readonly file: string;
  /** Where in the file, like `arms[1].base.position_m`; empty: the file as a whole. */
  readonly path: string;
  /** What stands there, shortened; empty where nothing does. */
  readonly value: string;
  readonly problem: string;
  readonly remedy: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** A fault, or something that works but is probably not meant. */
export interface Finding extends Fault {
  readonly severity: 'error' | 'warning';
}

export type PathKey = string | number;

/** `['arms', 1, 'id']` as `arms[1].id`. */
export function pathText(path: readonly PathKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}

/** A value as one short line; empty for a map, whose fields have faults of their own. Secrets do not show. */
export function valueText(value: unknown, path: readonly PathKey[]): string {
  if (value === undefined) return '';
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return '';
  if (typeof value === 'string' && /password|token|secret/i.test(String(path[path.length - 1]))) return '***';
  const text = stringify(value).replace(/:\/\/[^@/"\s]*@/g, '://***@');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function stringify(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return JSON.stringify(value) ?? String(value);
}

/** A fault as a person reads it. */
export function faultText(fault: Fault): string {
  const place = fault.line === null ? fault.file : `${fault.file}:${fault.line}:${fault.column ?? 1}`;
  const subject = [fault.path, fault.value].filter((part) => part !== '').join(' = ');
  return `${place}: ${subject === '' ? '' : `${subject}: `}${fault.problem}\n    ${fault.remedy}`;
}
