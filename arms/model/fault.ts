/** Something wrong in the description of an arm or tool, told so that its author can put it right. */
export interface ModelFault {
  readonly document: 'urdf' | 'srdf' | 'extension' | 'tool';
  /** Where it stands: element and name, or the field's path; e.g. `joint 'elbow_joint' limit`. */
  readonly path: string;
  /** The offending value as written; null where something is missing. */
  readonly value: string | null;
  readonly problem: string;
  readonly remedy: string;
}

/** Faults of one document, collected; more than this many say nothing new. */
const FAULTS_MAX = 100;

/** Collects faults up to `FAULTS_MAX`. */
export class FaultList {
  readonly faults: ModelFault[] = [];
  private readonly document: ModelFault['document'];

  constructor(document: ModelFault['document']) {
    this.document = document;
  }

  add(path: string, value: string | null, problem: string, remedy: string): void {
    if (this.faults.length >= FAULTS_MAX) return;
    this.faults.push({ document: this.document, path, value: value?.slice(0, 120) ?? null, problem, remedy });
  }
}

/** One line for people: where, what, remedy. */
export function describeFault(fault: ModelFault): string {
  const value = fault.value === null ? '' : ` (found: ${fault.value})`;
  return `${fault.document}: ${fault.path}: ${fault.problem}${value}; ${fault.remedy}`;
}
