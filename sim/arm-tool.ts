import type { ArmOutcome, Holding } from '../controller/ports.ts';
import { grasp, release } from './handling.ts';
import type { Goods } from './items.ts';
import type { RandomStreams } from './random.ts';
import type { SimSettings } from './settings.ts';
import type { ToolTip } from './tool-tip.ts';

/** The tool grasps only when it points down: cosine of 10 degrees. */
const DOWN = 0.985;

/** The suction tool of one arm: what it holds, what its sensors say of it, and when it will lose it. */
export class ArmTool {
  private readonly armId: string;
  private readonly settings: SimSettings;
  private readonly goods: Goods;
  private readonly random: RandomStreams;
  /** As the load cell shows it, kg; 0 when nothing is held. */
  private measuredMassKg = 0;
  /** Share of the next motion after which the item falls; null: it does not. */
  private dropShare: number | null = null;
  /** The same as progress along the motion under way, us. */
  private dropAtUs: number | null = null;

  constructor(armId: string, settings: SimSettings, goods: Goods, random: RandomStreams) {
    this.armId = armId;
    this.settings = settings;
    this.goods = goods;
    this.random = random;
  }

  get holds(): boolean {
    return this.goods.heldBy(this.armId).length > 0;
  }

  holding(): Holding {
    return this.holds ? { vacuum: 'on', massKg: this.measuredMassKg } : { vacuum: 'off', massKg: 0 };
  }

  /** The end of a grasp; `inTime`: the vacuum had the time it needs. A tool that holds already keeps what it has. */
  grasp({ positionM, direction }: ToolTip, inTime: 'in-time' | 'too-late'): ArmOutcome {
    if (this.holds) return { status: 'grasped' };
    if (inTime === 'too-late' || direction[2] > -DOWN) return { status: 'grasp-failed' };
    const result = grasp(this.goods, this.armId, positionM, this.settings, this.random);
    if (result.status !== 'grasped') return { status: 'grasp-failed' };
    this.weigh();
    const stream = this.random.of(`drop:${this.armId}`);
    const falls = stream.chance(this.settings.rates.dropped);
    const share = 0.05 + 0.9 * stream.fraction();
    this.dropShare = falls ? share : null;
    return { status: 'grasped' };
  }

  release({ positionM }: ToolTip, inTime: 'in-time' | 'too-late'): ArmOutcome {
    if (inTime === 'too-late') return { status: 'release-blocked' };
    const result = release(this.goods, this.armId, positionM, this.settings, this.random);
    if (result.status === 'blocked') return { status: 'release-blocked' };
    this.forget();
    return { status: 'released' };
  }

  /** A motion begins; if the item is going to fall, it will be on this one. */
  motionBegins(fromUs: number, endUs: number): void {
    if (this.dropShare !== null) this.dropAtUs = fromUs + Math.round(this.dropShare * (endUs - fromUs));
  }

  /** True when the item falls at this progress of the motion. */
  fallsAt(progressUs: number): boolean {
    return this.dropAtUs !== null && progressUs >= this.dropAtUs;
  }

  /** What is held falls to the floor below the tip. False when nothing was held. */
  lose(tip: ToolTip): boolean {
    const lost = this.goods.drop(this.armId, tip.positionM);
    this.forget();
    return lost.length > 0;
  }

  /** A person took goods out of the tool, or put some into it. */
  touchedByHand(): void {
    if (this.holds) this.weigh();
    else this.forget();
  }

  private weigh(): void {
    const scatter = 1 + this.settings.massNoise * this.random.of(`mass:${this.armId}`).normal();
    this.measuredMassKg = Math.round(this.goods.heldMassKg(this.armId) * scatter * 1000) / 1000;
  }

  private forget(): void {
    this.measuredMassKg = 0;
    this.dropShare = null;
    this.dropAtUs = null;
  }

  get massKg(): number {
    return this.measuredMassKg;
  }

  /** Comes back after a loss of power with the item still on the cup (a check valve keeps the vacuum). */
  restore(massKg: number): void {
    this.forget();
    this.measuredMassKg = massKg;
  }
}
