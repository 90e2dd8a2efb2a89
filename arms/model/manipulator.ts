import type { Pose, Vec3 } from '../geometry/pose.ts';

/** Limits of one joint; rad for revolute and continuous joints, m for prismatic ones. */
export interface JointLimits {
  readonly lower: number;
  readonly upper: number;
  readonly velocityMax: number;
  readonly accelerationMax: number;
  readonly jerkMax: number;
}

/** One moving joint, together with the fixed transform that leads to it. */
export interface Joint {
  readonly name: string;
  readonly kind: 'revolute' | 'continuous' | 'prismatic';
  /** The joint's frame at position 0, seen from the frame of the joint before it (or the base). */
  readonly X_PJ: Pose;
  /** Unit axis in the joint's own frame. */
  readonly axis: Vec3;
  readonly limits: JointLimits;
}

/** A capsule that moves with a link: the segment from `p` to `q`, inflated by `radiusM`. A sphere has p = q. */
export interface LinkCapsule {
  /** URDF name of the link; fixed links count under their own name. */
  readonly link: string;
  /** Index of the joint that moves it; -1: fixed to the base. */
  readonly joint: number;
  readonly p: Vec3;
  readonly q: Vec3;
  readonly radiusM: number;
}

/** What hangs on the flange. */
export interface Tool {
  readonly name: string;
  readonly kind: 'suction' | 'gripper';
  /** Tool tip in the flange frame; z points out of the tool, towards the item. */
  readonly X_FT: Pose;
  /** Collision capsules in the flange frame. */
  readonly capsules: readonly { readonly p: Vec3; readonly q: Vec3; readonly radiusM: number }[];
  readonly massKg: number;
  readonly payloadMaxKg: number;
}

/** A serial arm with its tool: kinematics, limits and conservative collision geometry. Plain data. */
export interface Manipulator {
  readonly name: string;
  readonly joints: readonly Joint[];
  /** The flange in the frame of the last joint. */
  readonly X_JF: Pose;
  readonly capsules: readonly LinkCapsule[];
  readonly tool: Tool;
  /** Index pairs into `capsules` followed by the tool's, that must be checked for self-collision. */
  readonly selfPairs: readonly (readonly [number, number])[];
  /** SRDF group states, joint values in joint order. */
  readonly namedStates: Readonly<Record<string, readonly number[]>>;
}
