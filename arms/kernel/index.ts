export { conflictRowBytes, KERNEL_CAUTION_M, MOTION_FREE, MOTION_RESOLUTION_M } from './collision-kernel.ts';
export type {
  ArmGroup,
  RrtOutcome,
  RrtRequest,
  ArmScene,
  CollisionKernel,
  Container,
  ConvexHull,
  KernelAllowance,
  KernelItem,
  KernelObstacle,
  KernelSceneDescription,
  StateSpace,
  Track,
  TrackRequest,
} from './collision-kernel.ts';
export { createReferenceKernel } from './reference-kernel.ts';
export { createCollisionKernel } from './wasm-kernel.ts';
