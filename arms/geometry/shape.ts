import type { Pose } from './pose.ts';

/** A solid shape centred on its own frame; a cylinder and a capsule have their axis along z. */
export type Shape =
  | { readonly type: 'box'; readonly sizeM: readonly [number, number, number] }
  | { readonly type: 'sphere'; readonly radiusM: number }
  | { readonly type: 'cylinder'; readonly radiusM: number; readonly lengthM: number }
  /** `lengthM` is the length of the segment inside, without the two caps. */
  | { readonly type: 'capsule'; readonly radiusM: number; readonly lengthM: number };

/** Something in the world which no arm may touch. */
export interface Obstacle {
  readonly id: string;
  readonly shape: Shape;
  /** The shape's frame in the world. */
  readonly X_WO: Pose;
}
