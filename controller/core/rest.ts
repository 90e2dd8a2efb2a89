/** Two rests of an arm are the same place when no joint differs by more than this (rad, or m): tracking error. */
const SAME_PLACE = 0.01;

export function samePositions(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, joint) => Math.abs(value - b[joint]!) <= SAME_PLACE);
}
