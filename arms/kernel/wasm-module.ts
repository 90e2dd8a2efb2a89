import { KERNEL_WASM } from './generated/kernel-module.ts';
import type { WasmMemory } from './arena.ts';

/** What `assembly/index.ts` exports; all but numbers and flags are addresses, bytes in `memory`. */
export interface KernelExports {
  readonly memory: WasmMemory;
  areFree(space: number, q: number, count: number, what: number, out: number): number;
  slacks(space: number, q: number, count: number, capM: number, out: number): void;
  checkLine(space: number, from: number, to: number): number;
  planRrtConnect(space: number, request: number): number;
  fillTrack(track: number, q: number): void;
  firstConflict(a: number, b: number, gapM: number, shift: number, from: number, until: number): number;
  conflictMatrix(a: number, b: number, gapM: number, one: number, out: number, rowBytes: number): number;
}

interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

let compiled: object | null = null;

/** Compiles the kernel once per thread, and makes an instance with a memory of its own. Synchronous. */
export function instantiateKernel(): KernelExports {
  const api = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
  compiled ??= new api.Module(Uint8Array.from(atob(KERNEL_WASM), (c) => c.charCodeAt(0)));
  const abort = (): never => {
    throw new Error('the collision kernel stopped: a bug');
  };
  return new api.Instance(compiled, { env: { abort } }).exports as KernelExports;
}
