import { it } from 'vitest';

/** A test that shows assertions of the specification, named after each of them; docs/sparkplug.md lists them. */
export function shows(assertions: readonly `tck-id-${string}`[], body: () => void | Promise<void>): void {
  it.each(assertions)('%s', () => body());
}
