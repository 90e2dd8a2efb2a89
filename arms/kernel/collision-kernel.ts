import type { Pose, Vec3 } from '../geometry/pose.ts';
import type { Shape } from '../geometry/shape.ts';
import type { Manipulator } from '../model/manipulator.ts';

/**
 * The questions that planning and coordination ask millions of times: would an arm here touch anything, how near is
 * it, is the way from here to there free, do two timed motions meet?
 *
 * There are two implementations behind this interface: `createCollisionKernel` (WebAssembly SIMD, eight
 * configurations at a time) and `createReferenceKernel` (plain TypeScript in float64, slow and simple). Both are
 * *cautious*: what they call free is free. The reference decides on the arm's capsules exactly; the kernel may call a
 * configuration not free whose slack is below a few millimetres (see `KERNEL_CAUTION_M`).
 *
 * Conventions: lengths in metres, joint positions in rad (m for prismatic joints), poses in the world. Configurations
 * lie one after the other, `jointCount` numbers each. A *slack* is a distance less the margin to be kept there; it is
 * negative when something is closer than it may be. A kernel and all its handles belong to one thread. Handles hold
 * memory until `release`d; using a released handle throws. Results depend on the arguments alone.
 */
export interface CollisionKernel {
  readonly kind: 'wasm-simd' | 'reference';
  /** Memory in use for handles, bytes, and the most that may be used: a `prepare...` that needs more throws. */
  readonly memoryBytes: number;
  readonly memoryMaxBytes: number;
  /** Lays out one arm and what stands still around it. */
  prepareScene(description: KernelSceneDescription): ArmScene;
  /** Several arms that move together; the scenes stay the caller's. Two to sixteen arms. */
  prepareGroup(scenes: readonly ArmScene[], armMarginM: number): ArmGroup;
  /** Writes down where all links of an arm are along a sampled motion. */
  createTrack(request: TrackRequest): Track;
  /**
   * Looks for the first instant at which two tracks meet. Sample i of `a` is compared with sample `i + shift` of `b`;
   * before its first and after its last sample a track rests there.
   *
   * The answer holds for all instants between samples as well, as long as every joint moves monotonically from each
   * sample to the next.
   *
   * @returns the first sample in [fromSample, untilSample] near which the tracks are closer than `marginM`, or -1
   */
  firstConflict(
    a: Track,
    b: Track,
    marginM: number,
    shift: number,
    fromSample: number,
    untilSample: number,
  ): number;
  /**
   * Which samples of `a` conflict with which of `b`, whatever the time: bit `j % 8` of
   * `out[i * conflictRowBytes(b) + (j >> 3)]` is set when sample i of `a` and sample j of `b` are closer than
   * `marginM` or may come so close on the way to a neighbouring sample. If the bits of (i, j), (i + 1, j), (i, j + 1)
   * and (i + 1, j + 1) are clear, nothing meets in the whole rectangle between them.
   *
   * @returns the number of bits set
   */
  conflictMatrix(a: Track, b: Track, marginM: number, out: Uint8Array): number;
}

/** Bytes of one row of `conflictMatrix`. */
export function conflictRowBytes(b: Track): number {
  return (b.sampleCount + 7) >> 3;
}

/**
 * The kernel may call something not free although the reference finds at most this much slack, m: what its spheres
 * stand out of the capsules, and all rounding. The other way round never happens.
 */
export const KERNEL_CAUTION_M = 0.006;

/** A convex solid spanned by points in its own frame; at least four of them, not all in one plane. */
export interface ConvexHull {
  readonly type: 'convex-hull';
  readonly pointsM: readonly Vec3[];
}

/**
 * A container, open at the top (+z of its frame): floor and four walls. Outer sizes; its frame is in the middle of
 * the outer box.
 */
export interface Container {
  readonly type: 'container';
  readonly sizeM: readonly [number, number, number];
  readonly wallM: number;
  readonly floorM: number;
}

export interface KernelObstacle {
  readonly id: string;
  readonly shape: Shape | ConvexHull | Container;
  readonly X_WO: Pose;
}

/** What one moving arm has to mind; a `SceneDescription` of the planning scene is one of these. */
export interface KernelSceneDescription {
  readonly manipulator: Manipulator;
  readonly X_WB: Pose;
  readonly obstacles: readonly KernelObstacle[];
  /** Other arms that stand still. */
  readonly standingArms: readonly {
    readonly id: string;
    readonly manipulator: Manipulator;
    readonly X_WB: Pose;
    readonly positions: readonly number[];
  }[];
  /** Vertical prisms of any height; world bounds, m. */
  readonly keepOut: readonly {
    readonly id: string;
    readonly minM: readonly [number, number];
    readonly maxM: readonly [number, number];
  }[];
  readonly obstacleMarginM: number;
  readonly selfMarginM: number;
  readonly armMarginM: number;
  readonly keepOutMarginM: number;
}

/** A box hanging under the tool tip: its top's centre at the tip, its edges along the tip frame's axes, m. */
export interface KernelItem {
  readonly sizeM: readonly [number, number, number];
}

/** Where the item may touch obstacles: while the tip is within `lateralM` of the vertical through one of the points. */
export interface KernelAllowance {
  readonly points: readonly Vec3[];
  readonly lateralM: number;
}

/** What a motion check answers when the whole motion is free; else where it is not, as a fraction of the way. */
export const MOTION_FREE = -1;

/** Configurations and motions, of one arm or of several together. */
export interface StateSpace {
  readonly jointCount: number;
  /**
   * Writes 1 (free) or 0 to `out[0..count)`.
   * @returns how many are free
   */
  areFree(q: ArrayLike<number>, count: number, out: Uint8Array): number;
  /** Writes a lower bound of the least slack of each configuration, at most `capM`; negative when it is not free. */
  slacks(q: ArrayLike<number>, count: number, capM: number, out: Float32Array): void;
  /**
   * Is the straight line in joint space from `from[fromAt..]` to `to[toAt..]` free, ends included? Nothing is missed
   * between the configurations looked at: every one of them is free with as much room as the arm can travel to the
   * next. Room below `MOTION_RESOLUTION_M` counts as contact.
   *
   * @returns `MOTION_FREE`, or a fraction of the way near which it is not free (not necessarily the first)
   */
  checkMotion(from: ArrayLike<number>, fromAt: number, to: ArrayLike<number>, toAt: number): number;
  /**
   * Looks for a motion by RRT-Connect (Kuffner, LaValle 2000). The same request gives the same result. The path is as
   * the trees grew, each of its straight motions checked as by `checkMotion`: shorten it before use.
   */
  planRrtConnect(request: RrtRequest): RrtOutcome;
  release(): void;
}

export interface RrtRequest {
  readonly start: readonly number[];
  /** Any of these will do; at most `GOALS_MAX`. */
  readonly goals: readonly (readonly number[])[];
  /** Range in which each joint is used. */
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** Distances are Euclidean after each joint is multiplied by its weight. */
  readonly weights: readonly number[];
  /** Longest single extension, in the same distance. */
  readonly stepMax: number;
  readonly seed: number;
  /** Random samples, and nodes of either tree, after which the search ends. */
  readonly iterationsMax: number;
  readonly nodesMax: number;
}

/** The most goals of a request. */
export const GOALS_MAX = 64;

/** `checks`: configurations looked at, in blocks of eight. */
export type RrtOutcome =
  | {
      readonly status: 'solved';
      /** From the start to the goal, both included. */
      readonly path: readonly (readonly number[])[];
      /** Which goal was reached. */
      readonly goal: number;
      readonly iterations: number;
      readonly checks: number;
    }
  | {
      readonly status: 'start-not-free' | 'no-goal-free' | 'exhausted';
      readonly iterations: number;
      readonly checks: number;
    };

/** A motion that anywhere has less slack than this may be called not free, m. */
export const MOTION_RESOLUTION_M = 0.001;

/** One arm among what stands still. */
export interface ArmScene extends StateSpace {
  readonly description: KernelSceneDescription;
  /** From now on the arm carries `item`, or nothing. */
  carry(item: KernelItem | null, allowance: KernelAllowance): void;
}

/** Several arms; a configuration is those of all arms one after the other. */
export interface ArmGroup extends StateSpace {
  readonly scenes: readonly ArmScene[];
  /** The same as `areFree`, for arms against one another only: neither surroundings nor each arm itself. */
  areApart(q: ArrayLike<number>, count: number, out: Uint8Array): number;
}

export interface TrackRequest {
  /** Its surroundings do not matter, only the arm and where it stands. */
  readonly scene: ArmScene;
  /** Samples at a fixed step, the same for all tracks that are compared. */
  readonly positions: ArrayLike<number>;
  readonly sampleCount: number;
  /** What the arm carries between two samples, both included. */
  readonly carried: {
    readonly item: KernelItem;
    readonly fromSample: number;
    readonly untilSample: number;
  } | null;
}

/** Where all links of an arm are along a motion. */
export interface Track {
  readonly scene: ArmScene;
  readonly sampleCount: number;
  release(): void;
}
