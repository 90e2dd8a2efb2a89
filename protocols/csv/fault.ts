/** One thing wrong with a CSV file or its mapping, told so that its author can put it right. */
export interface CsvFault {
  /** Line of the file, from 1; null: the file or the mapping as a whole. */
  readonly line: number | null;
  /** Name of the column, or its number from 1 where it has no name; null: the whole line. */
  readonly column: string | null;
  /** What stands there, shortened. */
  readonly value: string | null;
  readonly problem: string;
  readonly remedy: string;
}

/** Faults kept of one file; more say nothing new and are only counted. */
export const CSV_FAULTS_MAX = 100;

/** Collects faults up to `CSV_FAULTS_MAX` and counts the rest. */
export class CsvFaults {
  readonly list: CsvFault[] = [];
  more = 0;

  add(
    line: number | null,
    column: string | null,
    value: string | null,
    problem: string,
    remedy: string,
  ): void {
    if (this.list.length >= CSV_FAULTS_MAX) {
      this.more += 1;
      return;
    }
    const short = value !== null && value.length > 60 ? `${value.slice(0, 57)}...` : value;
    this.list.push({ line, column, value: short, problem, remedy });
  }

  get any(): boolean {
    return this.list.length > 0;
  }
}

/** A fault as a person reads it. */
export function csvFaultText(fault: CsvFault): string {
  const where = [
    fault.line === null ? null : `line ${fault.line}`,
    fault.column === null ? null : `column ${fault.column}`,
  ].filter((part) => part !== null);
  const value = fault.value === null ? '' : ` (found: ${JSON.stringify(fault.value)})`;
  return `${where.length === 0 ? '' : `${where.join(', ')}: `}${fault.problem}${value}; ${fault.remedy}`;
}
