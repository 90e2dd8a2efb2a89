import { KERNEL_WASM } from './generated/kernel-module.ts';
import type { WasmMemory } from './arena.ts';

/** What `assembly/index.ts` exports; addresses are bytes in `memory`. */
export interface KernelExports {
  readonly memory: WasmMemory;
  areFree(scene: number, q: number, count: number, out: number): number;
  slacks(scene: number, q: number, count: number, cap: number, out: number): void;
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
