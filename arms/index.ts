export { durationUs } from './trajectory/joint-trajectory.ts';
export type { JointTrajectory } from './trajectory/joint-trajectory.ts';
export { straightPath } from './trajectory/joint-path.ts';
export type { JointPath, WaypointRule } from './trajectory/joint-path.ts';
export { sampleTrajectory, sampleTrajectoryFrom } from './trajectory/sample-trajectory.ts';
export { timePath } from './trajectory/time-path.ts';
export type { TimedPath } from './trajectory/time-path.ts';
export { validateTrajectory } from './trajectory/validate-trajectory.ts';
export type { TrajectoryFault } from './trajectory/validate-trajectory.ts';
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
export { brakingProgressUs } from './trajectory/braking.ts';
export { stoppingTrajectory } from './trajectory/stopping.ts';
export type { Stopping } from './trajectory/stopping.ts';
export { parseManipulatorExtension } from './model/extension.ts';
export type { ManipulatorExtension } from './model/extension.ts';
export { describeFault } from './model/fault.ts';
export type { ModelFault } from './model/fault.ts';
export { compileChain, forwardKinematics, tipJacobian, tipOf } from './model/kinematics.ts';
export { loadManipulator } from './model/load-manipulator.ts';
export type { LoadResult, ManipulatorSources } from './model/load-manipulator.ts';
export type { Joint, JointLimits, LinkCapsule, Manipulator, Tool } from './model/manipulator.ts';
export { bareFlange, parseToolDescription, suctionTube } from './model/tool.ts';
export type { ToolDescription } from './model/tool.ts';
export { inverseKinematicsOf, solveToolDown, toolDownPose } from './planning/inverse-kinematics.ts';
export type { IkOutcome, IkRequest, JointSolution, ToolDownSolution } from './planning/inverse-kinematics.ts';
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
