import { describe, expect, it } from 'vitest';
import { changeCourse } from '../../docs/arms/examples/change-course.ts';
import { pickAndPlace } from '../../docs/arms/examples/pick-and-place.ts';
import { timeAPath } from '../../docs/arms/examples/time-a-path.ts';
import { underAGrant } from '../../docs/arms/examples/under-a-grant.ts';

describe('examples of the motion library', () => {
  it('time a path', () => {
    const lines = timeAPath();
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/0 faults$/);
    const [stopping, rounded] = lines.map((line) => Number(/: ([\d.]+) s/.exec(line)![1]));
    expect(rounded).toBeLessThan(stopping! - 0.2);
  });

  it('pick and place', () => {
    const [summary, contact] = pickAndPlace();
    expect(summary).toMatch(/^straight until [\d.]+ s and from [\d.]+ s on, there after [\d.]+ s$/);
    expect(contact).toBe('nothing is touched');
  });

  it('change course', () => {
    const seconds = changeCourse().map((line) => Number(/([\d.]+) s$/.exec(line)![1]));
    expect(seconds).toHaveLength(5);
    const [planned, stopped, elsewhere, slow, meets] = seconds as [number, number, number, number, number];
    expect(stopped).toBeLessThan(planned);
    expect(elsewhere).toBeGreaterThan(stopped);
    expect(slow).toBeCloseTo(2 * planned, 2);
    expect(meets).toBeGreaterThan(0.4);
  });

  it('move under a grant', () => {
    const lines = underAGrant();
    expect(lines.map((line) => /: (\w+),/.exec(line)![1])).toEqual([
      'moving',
      'resting',
      'moving',
      'reached',
    ]);
    expect(lines.at(-1)).toContain('committed to 1.00 of the way');
  });
});
