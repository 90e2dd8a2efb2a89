import type { ArmsEvent } from '../../protocols/http/interface/live.ts';

/** Arm positions on their way from the stream to the picture; twenty a second are no business of the page's state. */
export interface ArmFeed {
  push(event: ArmsEvent): void;
  /** Gives the last known position of every arm at once, then what comes. Returns how to stop. */
  listen(listener: (event: ArmsEvent) => void): () => void;
}

export function createArmFeed(): ArmFeed {
  const last = new Map<string, ArmsEvent['arms'][number]>();
  const listeners = new Set<(event: ArmsEvent) => void>();
  return {
    push(event) {
      for (const arm of event.arms) last.set(arm.id, arm);
      for (const listener of listeners) listener(event);
    },
    listen(listener) {
      listeners.add(listener);
      if (last.size > 0) listener({ arms: [...last.values()] });
      return () => listeners.delete(listener);
    },
  };
}
