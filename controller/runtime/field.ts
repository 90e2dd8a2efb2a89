import type { CoreEvent } from '../core/event.ts';
import type { Guard } from './guard.ts';
import type { ArmCommand, ArmDriver, ArmEvent, ArmSample, CellIo, IoEvent, IoRequest } from '../ports.ts';

export interface FieldLimits {
  /** Events of one arm, or of the surroundings, given to the core in one tick. */
  readonly perTickMax: number;
  /** Events of one arm, or of the surroundings, that may wait for later ticks. */
  readonly queueMax: number;
}

interface Link<TEvent> {
  isConnected: boolean;
  /** Oldest first. */
  readonly waiting: TEvent[];
}

type ArmFact = Exclude<ArmEvent, { kind: 'state' }>;

/**
 * The arms and the cell's surroundings as the loop sees them: takes in their events, keeps their latest measurements
 * aside, and hands on commands. Events of an arm are never dropped one by one: when too many wait, the arm counts as
 * lost and is claimed anew, which finds out what is true.
 */
export class Field {
  readonly #drivers: ReadonlyMap<string, ArmDriver>;
  readonly #io: CellIo;
  readonly #limits: FieldLimits;
  readonly #guard: Guard | null;
  readonly #samples = new Map<string, ArmSample>();
  readonly #links = new Map<string, Link<ArmFact>>();
  readonly #ioLink: Link<IoEvent> = { isConnected: false, waiting: [] };
  #dropped = 0;

  constructor(drivers: readonly ArmDriver[], io: CellIo, limits: FieldLimits, guard: Guard | null) {
    this.#drivers = new Map(drivers.map((driver) => [driver.armId, driver]));
    this.#io = io;
    this.#limits = limits;
    this.#guard = guard;
    for (const driver of drivers) this.#links.set(driver.armId, { isConnected: false, waiting: [] });
  }

  /** Events that were given up because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What happened since the last call: arms first, in the order of the configuration. `nowUs`: the tick's instant. */
  take(nowUs: number): CoreEvent[] {
    const events: CoreEvent[] = [];
    for (const [armId, driver] of this.#drivers) {
      const link = this.#links.get(armId)!;
      for (const event of driver.takeEvents()) {
        this.#guard?.hear(armId, event, nowUs);
        if (event.kind === 'state') this.#samples.set(armId, event.sample);
        else this.#receive(link, event);
      }
      if (this.#isOverrun(link)) {
        const reason = this.#giveUp(link);
        events.push({ kind: 'arm', armId, event: { kind: 'lost', reason } });
        if (link.isConnected) events.push({ kind: 'arm', armId, event: { kind: 'connected' } });
      }
      for (const event of link.waiting.splice(0, this.#limits.perTickMax)) {
        events.push({ kind: 'arm', armId, event });
      }
    }
    for (const event of this.#io.takeEvents()) this.#receive(this.#ioLink, event);
    if (this.#isOverrun(this.#ioLink)) {
      // Not connected by our own word: the surroundings have to declare what they hold first.
      const reason = this.#giveUp(this.#ioLink);
      this.#ioLink.isConnected = false;
      events.push({ kind: 'io', event: { kind: 'lost', reason } });
    }
    for (const event of this.#ioLink.waiting.splice(0, this.#limits.perTickMax)) {
      events.push({ kind: 'io', event });
    }
    return events;
  }

  #receive<TEvent extends { readonly kind: string }>(link: Link<TEvent>, event: TEvent): void {
    if (event.kind === 'connected') link.isConnected = true;
    if (event.kind === 'lost') link.isConnected = false;
    link.waiting.push(event);
  }

  #isOverrun(link: Link<unknown>): boolean {
    return link.waiting.length > this.#limits.queueMax;
  }

  #giveUp(link: Link<unknown>): string {
    const count = link.waiting.splice(0).length;
    this.#dropped += count;
    return `${count} events were waiting, at most ${this.#limits.queueMax} may`;
  }

  command(armId: string, command: ArmCommand, nowUs: number): void {
    const driver = this.#drivers.get(armId);
    if (driver === undefined) throw new Error(`no driver for arm ${armId}`);
    this.#guard?.hearCommand(armId, command, nowUs);
    driver.send(command);
  }

  ask(request: IoRequest): void {
    this.#io.send(request);
  }

  /** Renews the motion leases: called by a loop that is alive, and by nothing else. */
  keepAlive(nowUs: number): void {
    for (const driver of this.#drivers.values()) driver.keepAlive(nowUs);
  }

  /**
   * Stops every arm without asking the core, which is not to be trusted any more. A driver that throws keeps none of
   * the others from being stopped; its own arm loses its lease.
   */
  stopAll(epoch: number, nowUs: number): void {
    for (const armId of this.#drivers.keys()) {
      const commandId = `e${epoch}-fatal-${armId}`;
      try {
        this.command(armId, { kind: 'stop', commandId, epoch, stop: 'on-path' }, nowUs);
      } catch {
        continue;
      }
    }
  }

  samples(): ReadonlyMap<string, ArmSample> {
    return this.#samples;
  }

  /** Who has not been heard from, in words. */
  missing(): string[] {
    const missing = [...this.#links].filter(([, link]) => !link.isConnected).map(([armId]) => `arm ${armId}`);
    if (!this.#ioLink.isConnected) missing.push('the surroundings of the cell');
    return missing.map((who) => `${who}: not connected`);
  }
}
