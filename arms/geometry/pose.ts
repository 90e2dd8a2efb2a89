/** A point or direction: x, y, z; metres for points. */
export type Vec3 = readonly [number, number, number];

/** A unit quaternion: x, y, z, w. */
export type Quaternion = readonly [number, number, number, number];

/**
 * Where a frame stands in another one. Variables holding poses are named `X_AB`: frame B as seen in frame A
 * (W world, B manipulator base, F flange, T tool tip, O object). z of the world points up.
 */
export interface Pose {
  readonly positionM: Vec3;
  readonly quaternionXyzw: Quaternion;
}
