export interface OutputMode {
  readonly json?: boolean;
}

/** Prints a result: as one JSON document for programs, or in words. */
export function output(mode: OutputMode, result: unknown, words: () => string): void {
  process.stdout.write(
    mode.json === true ? `${JSON.stringify(result, null, 2)}\n` : `${words().trimEnd()}\n`,
  );
}

const NO_BORDERS = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
];

/** Columns told apart by space alone, one line a row and no colours: fit for a person, a pipe and `grep`. */
export const PLAIN_TABLE = {
  chars: { ...Object.fromEntries(NO_BORDERS.map((name) => [name, ''])), middle: '  ' },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};
