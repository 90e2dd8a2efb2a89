export interface OutputMode {
  readonly json?: boolean;
}

/** Prints a result: as one JSON document for programs, or in words. */
export function output(mode: OutputMode, result: unknown, words: () => string): void {
  process.stdout.write(
    mode.json === true ? `${JSON.stringify(result, null, 2)}\n` : `${words().trimEnd()}\n`,
  );
}
