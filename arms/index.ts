/**
 * Arms: what an arm is and how it moves. Models from URDF and SRDF, kinematics, scenes and collision checks, and timed
 * motion: trajectories that are as fast as velocity, acceleration and jerk limits allow. Pure functions on plain data,
 * deterministic to the bit; no clock, no input or output, no dependency on the rest of Magpie.
 *
 * Positions are rad (m for a prismatic joint), lengths m, instants whole microseconds; `X_AB` is the pose of frame B in
 * frame A. What can be expected to go wrong comes back as a tagged value with the numbers that explain it; a throw is
 * a bug.
 *
 * @module
 */

// Timing a path.
export { straightPath } from './trajectory/joint-path.ts';
export type { JointMotion, JointPath, WaypointRule } from './trajectory/joint-path.ts';
export { timePath } from './trajectory/time-path.ts';
export type { PathEnds, TimedPath } from './trajectory/time-path.ts';
export type { PathRefusal } from './trajectory/path-check.ts';

// Going from place to place: straight out, freely across, straight in.
export { prepareRun } from './trajectory/straight-run.ts';
export type { PreparedRun, RunOption, StraightRun } from './trajectory/straight-run.ts';
export { chooseTransfer, timeTransfer } from './trajectory/transfer.ts';
export type { TimedTransfer, TransferChoice, TransferEnd } from './trajectory/transfer.ts';

// From one state of motion to another.
export { moveAlongLine, moveBetween, moveDurationS } from './trajectory/state-move.ts';
export type { JointState, StateFault, StateMove } from './trajectory/state-move.ts';

// Using and changing trajectories.
export { durationUs } from './trajectory/joint-trajectory.ts';
export type { JointTrajectory } from './trajectory/joint-trajectory.ts';
export { sampleTrajectory, sampleTrajectoryFrom } from './trajectory/sample-trajectory.ts';
export type { NumberSink } from './trajectory/sample-trajectory.ts';
export { validateTrajectory } from './trajectory/validate-trajectory.ts';
export type { TrajectoryFault } from './trajectory/validate-trajectory.ts';
export { spliceTrajectory } from './trajectory/splice.ts';
export type { Splice } from './trajectory/splice.ts';
export { stoppingTrajectory } from './trajectory/stopping.ts';
export type { Stopping } from './trajectory/stopping.ts';
export { slowedDown } from './trajectory/slow-down.ts';

// Following a trajectory under a grant.
export {
  advance,
  committedRestUs,
  createFollower,
  extendGrant,
  phaseOf,
  resumeFollower,
  sampleFollower,
  setSpeedFactor,
  stopFollower,
} from './trajectory/follower.ts';
export type { FollowerPhase, PathFollower } from './trajectory/follower.ts';
export type { Brake } from './trajectory/braking.ts';
export { brakingProgressUs } from './trajectory/braking.ts';
export type { RatePiece } from './trajectory/rate-ramp.ts';

// Models of arms and tools.
export type { Pose, Quaternion, Vec3 } from './geometry/pose.ts';
export { parseManipulatorExtension } from './model/extension.ts';
export type { ExtensionResult, JointExtension, ManipulatorExtension } from './model/extension.ts';
export { describeFault } from './model/fault.ts';
export type { ModelFault } from './model/fault.ts';
export { compileChain, forwardKinematics, tipJacobian, tipOf } from './model/kinematics.ts';
export type { KinematicChain, KinematicDescription } from './model/kinematics.ts';
export { loadManipulator } from './model/load-manipulator.ts';
export type { LoadResult, ManipulatorSources } from './model/load-manipulator.ts';
export type { Joint, JointLimits, LinkCapsule, Manipulator, Tool } from './model/manipulator.ts';
export { bareFlange, parseToolDescription, suctionTube } from './model/tool.ts';
export type { ToolDescription, ToolResult } from './model/tool.ts';

// Where an arm can be.
export { inverseKinematicsOf, solveToolDown, toolDownPose } from './planning/inverse-kinematics.ts';
export type {
  IkOutcome,
  IkRequest,
  InverseKinematics,
  JointSolution,
  ToolDownSolution,
} from './planning/inverse-kinematics.ts';
export type { Obstacle, Shape } from './geometry/shape.ts';
export { NO_ALLOWANCE, checkConfiguration, isFree, prepareScene } from './planning/scene.ts';
export type {
  CarriedItem,
  ConfigurationVerdict,
  Contact,
  ItemContactAllowance,
  KeepOut,
  PlanningScene,
  SceneDescription,
  StandingArm,
} from './planning/scene.ts';
export { boundMotion } from './planning/motion-bounds.ts';
export type { MotionBounds } from './planning/motion-bounds.ts';
export { NOTHING_STRAIGHT, checkLine, checkMotion } from './planning/motion-check.ts';
export type { FirstContact, StraightParts } from './planning/motion-check.ts';
export { rrtConnect, shorten } from './planning/rrt-connect.ts';
export type { RrtPath, RrtProblem, ShortenProblem } from './planning/rrt-connect.ts';

// The collision kernel.
export {
  conflictRowBytes,
  createCollisionKernel,
  createReferenceKernel,
  GOALS_MAX,
  KERNEL_CAUTION_M,
  MOTION_FREE,
  MOTION_RESOLUTION_M,
} from './kernel/index.ts';
export type {
  ArmGroup,
  ArmScene,
  CollisionKernel,
  Container,
  ConvexHull,
  KernelAllowance,
  KernelItem,
  KernelObstacle,
  KernelSceneDescription,
  RrtOutcome,
  RrtRequest,
  StateSpace,
  Track,
  TrackRequest,
} from './kernel/index.ts';
