/**
 * What each second of an arm went to; the causes sum to the time that passed.
 * - `working`: moves, grips, or is being planned for.
 * - `waiting`: for space that another arm holds.
 * - `starved`: there is nothing for it to do.
 * - `excepted`: blocked by an exception, such as an item in its tool of which a person has to decide.
 * - `faulted`: faulted, lost, or not heard yet.
 * - `held`: the cell does not run.
 */
export const LOSS_CAUSES = ['working', 'waiting', 'starved', 'excepted', 'faulted', 'held'] as const;
export type LossCause = (typeof LOSS_CAUSES)[number];
