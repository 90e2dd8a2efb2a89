import { randomUUID } from 'node:crypto';
import type { ArmCommand, ArmEvent, Clock } from '../../../controller/ports.ts';
import { MqttArmDriver } from '../../../protocols/mqtt/arm-driver.ts';
import { MqttArmHost } from '../../../protocols/mqtt/arm-host.ts';
import { ControllerLink } from '../../../protocols/mqtt/controller-link.ts';
import type { MqttCellIo } from '../../../protocols/mqtt/io-driver.ts';
import { until } from './brokers.ts';
import { SmallArm, straightMotion } from './small-arm.ts';

/** The core's clock against the machine's. */
export const CORE_OFFSET_US = 400_000_000;
export const LEASE_US = 1_000_000;
const SILENCE_US = 1_000_000;
const COMMAND_VALID_US = 2_000_000;

/** A busy machine may keep this process waiting for longer than a lease: what is above this does not count, us. */
const STALL_US = 50_000;
let seenUs = performance.now() * 1000;
let stalledUs = 0;

/** Real time but for stalls of this process, in which neither the arm nor its controller could have done anything. */
function countedUs(): number {
  const realUs = performance.now() * 1000;
  stalledUs += Math.max(0, realUs - seenUs - STALL_US);
  seenUs = realUs;
  return realUs - stalledUs;
}

/** That time from an arbitrary beginning; the arm's differs from the controller's. */
export function realClock(offsetUs: number): Clock {
  return { nowUs: () => Math.floor(countedUs()) + offsetUs };
}

/** One arm's device program: the arm, its host, and the loop that steps both. */
export class Device {
  readonly arm: SmallArm;
  readonly host: MqttArmHost;
  readonly #loop: NodeJS.Timeout;

  constructor(url: string, armId: string, clock: Clock) {
    this.arm = new SmallArm(armId, [0, 0], clock, LEASE_US);
    this.host = new MqttArmHost({
      broker: { url },
      cell: 'test',
      host: this.arm,
      clock,
      leaseUs: LEASE_US,
      sampleHz: 50,
    });
    this.host.open();
    this.#loop = setInterval(() => {
      this.arm.step();
      this.host.pump();
    }, 5);
  }

  /** The device's program hangs or is killed: nothing more comes from it. */
  halt(): void {
    clearInterval(this.#loop);
  }

  async close(): Promise<void> {
    this.halt();
    await this.host.close();
  }
}

/** A controller reduced to one arm: it sends what the test says and notes what comes. */
export class Controller {
  readonly link: ControllerLink;
  readonly driver: MqttArmDriver;
  readonly events: ArmEvent[] = [];
  epoch: number;
  #loop: NodeJS.Timeout | null = null;

  readonly io: MqttCellIo | null;

  constructor(url: string, armId: string, epoch: number, io?: (link: ControllerLink) => MqttCellIo) {
    const clock = realClock(7_000_000_000);
    this.epoch = epoch;
    this.link = new ControllerLink({ broker: { url }, cell: 'test' });
    this.driver = new MqttArmDriver({
      link: this.link,
      cell: 'test',
      armId,
      clock,
      silenceUs: SILENCE_US,
      commandValidUs: COMMAND_VALID_US,
    });
    this.io = io?.(this.link) ?? null;
    this.link.open();
    // The core's clock began with its journal, long after the one that the driver has.
    const core = realClock(CORE_OFFSET_US);
    this.#loop = setInterval(() => {
      this.driver.keepAlive(core.nowUs());
      this.take();
    }, 5);
  }

  /** The control loop hangs: no lease is renewed. */
  hang(): void {
    if (this.#loop !== null) clearInterval(this.#loop);
  }

  take(): void {
    this.events.push(...this.driver.takeEvents());
  }

  of<K extends ArmEvent['kind']>(kind: K): Extract<ArmEvent, { kind: K }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<ArmEvent, { kind: K }>[];
  }

  async waitFor(kind: ArmEvent['kind'], count = 1): Promise<void> {
    await until(
      () => this.of(kind).length >= count,
      () => `${count} x ${kind}; heard ${this.summary()}`,
    );
  }

  summary(): string {
    return this.events
      .filter((event) => event.kind !== 'state')
      .map((event) => event.kind)
      .join(' ');
  }

  async claim(): Promise<void> {
    const before = this.of('claimed').length;
    await until(
      () => this.of('connected').length > this.of('lost').length,
      () => `connected; heard ${this.summary()}`,
    );
    this.driver.send({ kind: 'claim', commandId: `claim-${randomUUID()}`, epoch: this.epoch });
    await this.waitFor('claimed', before + 1);
  }

  submit(commandId: string, durationS: number, granted: number): ArmCommand {
    const command: ArmCommand = {
      kind: 'submit',
      commandId,
      epoch: this.epoch,
      trajectory: straightMotion([0, 0], [1, -1], durationS),
      fromUs: 0,
      grantedUntilUs: Math.round(granted * durationS * 1e6),
      marksUs: [Math.round(durationS * 0.25e6)],
    };
    this.driver.send(command);
    return command;
  }

  async close(): Promise<void> {
    this.hang();
    await this.link.close();
  }
}
