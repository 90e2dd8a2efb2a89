import { createHash } from 'node:crypto';
import type { CoreEffect } from '../controller/core/effect.ts';
import { canonicalJson } from '../controller/runtime/state-hash.ts';
import type { SimWorld } from './world.ts';

/** Values gathered before they are hashed: one call of the hash costs more than copying a few hundred numbers. */
const BUFFERED = 8_192;

/**
 * The fingerprint of a run: SHA-256 over the ordered effects and, every step, the measured joint positions of all
 * arms. Effects go in as canonical JSON, each followed by a line feed; the numbers of a submitted trajectory, which
 * are most of it, follow their effect as Float64 in little-endian order, as the joint positions do.
 */
export class TraceHash {
  private readonly hash = createHash('sha256');
  private readonly buffer = new Float64Array(BUFFERED);
  private filled = 0;

  effect(effect: CoreEffect): void {
    // Why something was decided shows in what was.
    if (effect.kind === 'reason') return;
    if (effect.kind !== 'arm' || effect.command.kind !== 'submit') {
      this.text(canonicalJson(effect));
      return;
    }
    const { trajectory, ...command } = effect.command;
    this.text(canonicalJson({ ...effect, command: { ...command, knots: trajectory.timesUs.length } }));
    this.numbers(trajectory.timesUs);
    for (const rows of [trajectory.positions, trajectory.velocities, trajectory.accelerations]) {
      for (const row of rows) this.numbers(row);
    }
  }

  /** The arms as they are now. */
  sample(world: SimWorld): void {
    for (const { id } of world.cell.arms) this.numbers(world.measured(id).positions);
  }

  private text(line: string): void {
    this.flush();
    this.hash.update(line).update('\n');
  }

  private numbers(values: ArrayLike<number>): void {
    if (this.filled + values.length > BUFFERED) this.flush();
    for (let k = 0; k < values.length; k += 1) {
      this.buffer[this.filled] = values[k] as number;
      this.filled += 1;
      if (this.filled === BUFFERED) this.flush();
    }
  }

  private flush(): void {
    if (this.filled === 0) return;
    this.hash.update(new Uint8Array(this.buffer.buffer, 0, this.filled * 8));
    this.filled = 0;
  }

  /** Ends the hash: 64 hexadecimal digits. */
  digest(): string {
    this.flush();
    return this.hash.digest('hex');
  }
}
