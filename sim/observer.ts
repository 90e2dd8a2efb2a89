import type { SimWorld } from './world.ts';

/**
 * Somebody who watches the physical world during a run and judges it afterwards, knowing nothing of the controller.
 * The referee is one.
 */
export interface WorldObserver {
  /** Called once per step of the world, after it. */
  observe(world: SimWorld, nowUs: number): void;
  verdict(): Verdict;
}

export interface Verdict {
  /** Contacts that must not be: between arms, and of arms or what they carry with fixtures. */
  readonly contacts: number;
  /** Least distance seen between any two arms, m; null: none was measured. */
  readonly clearanceMinM: number | null;
  /** The first contacts, in words. */
  readonly details: readonly string[];
}
