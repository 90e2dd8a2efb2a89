import type { ArmScene, CollisionKernel, Track } from './collision-kernel.ts';
import type { KernelCore } from './wasm-core.ts';
import { createCore } from './wasm-core.ts';
import { WasmGroup, WasmScene } from './wasm-space.ts';
import { conflictMatrix, WasmTrack } from './wasm-track.ts';

/** The most memory that a kernel uses unless told otherwise, bytes. */
const MEMORY_MAX_BYTES = 512 * 1024 * 1024;

/**
 * The collision kernel in WebAssembly SIMD. One instance serves one thread; compiling takes some milliseconds, once
 * per thread.
 */
export function createCollisionKernel(memoryMaxBytes: number = MEMORY_MAX_BYTES): CollisionKernel {
  const core = createCore(memoryMaxBytes);
  return {
    kind: 'wasm-simd',
    get memoryBytes() {
      return core.arena.usedBytes;
    },
    memoryMaxBytes,
    prepareScene: (description) => new WasmScene(core, description),
    prepareGroup: (scenes, armMarginM) =>
      new WasmGroup(
        core,
        scenes.map((scene) => sceneOf(core, scene)),
        armMarginM,
      ),
    createTrack: (request) => new WasmTrack(core, sceneOf(core, request.scene), request),
    firstConflict: (a, b, marginM, shift, fromSample, untilSample) =>
      core.wasm.firstConflict(trackAt(core, a), trackAt(core, b), marginM, shift, fromSample, untilSample),
    conflictMatrix: (a, b, marginM, out) =>
      conflictMatrix(core, trackOf(core, a), trackOf(core, b), marginM, out),
  };
}

function sceneOf(core: KernelCore, scene: ArmScene): WasmScene {
  if (!(scene instanceof WasmScene) || scene.core !== core) {
    throw new TypeError('the scene belongs to another kernel');
  }
  return scene;
}

function trackOf(core: KernelCore, track: Track): WasmTrack {
  if (!(track instanceof WasmTrack)) throw new TypeError('the track belongs to another kernel');
  sceneOf(core, track.scene);
  return track;
}

function trackAt(core: KernelCore, track: Track): number {
  return trackOf(core, track).address;
}
