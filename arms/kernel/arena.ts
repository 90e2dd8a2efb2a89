/** Bytes of a page of WebAssembly memory. */
const PAGE = 65_536;
/** Vectors are read fastest from multiples of this. */
const ALIGNMENT = 32;

/** The part of WebAssembly's memory object that is used; its type is not among Node's. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/**
 * Hands out pieces of the kernel's memory. Pieces come in sizes that grow by an eighth of a power of two, and a freed
 * one is used again for the same size: memory use follows the most that was ever in use at once. Grows when it must,
 * and never over `maxBytes`.
 */
export class Arena {
  readonly maxBytes: number;
  private readonly memory: WasmMemory;
  private readonly free = new Map<number, number[]>();
  private readonly sizes = new Map<number, number>();
  private next: number;
  private used = 0;
  private views: { readonly f32: Float32Array; readonly i32: Int32Array; readonly u8: Uint8Array };

  constructor(memory: WasmMemory, maxBytes: number) {
    this.memory = memory;
    this.maxBytes = maxBytes;
    // What was there before belongs to the module's own data.
    this.next = memory.buffer.byteLength;
    this.views = viewsOf(memory.buffer);
  }

  get usedBytes(): number {
    return this.used;
  }

  get f32(): Float32Array {
    return this.current().f32;
  }

  get i32(): Int32Array {
    return this.current().i32;
  }

  get u8(): Uint8Array {
    return this.current().u8;
  }

  private current(): Arena['views'] {
    if (this.views.u8.buffer !== this.memory.buffer) this.views = viewsOf(this.memory.buffer);
    return this.views;
  }

  /**
   * The address of `bytes` zeros, or of whatever was there before.
   * @throws RangeError when the kernel would then use more than it may
   */
  allocate(bytes: number, content: 'zeros' | 'as-it-is' = 'zeros'): number {
    const size = roundedUp(bytes);
    if (this.used + size > this.maxBytes) {
      throw new RangeError(
        `the collision kernel may use ${this.maxBytes} bytes; ${this.used} are in use, ${size} more are needed`,
      );
    }
    const again = this.free.get(size)?.pop();
    const address = again ?? this.extend(size);
    if (again !== undefined && content === 'zeros') this.u8.fill(0, address, address + size);
    this.sizes.set(address, size);
    this.used += size;
    return address;
  }

  release(address: number): void {
    const size = this.sizes.get(address);
    if (size === undefined) throw new Error(`nothing was allocated at ${address}`);
    this.sizes.delete(address);
    this.used -= size;
    const list = this.free.get(size);
    if (list === undefined) this.free.set(size, [address]);
    else list.push(address);
  }

  private extend(size: number): number {
    const address = this.next;
    const missing = address + size - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    this.next = address + size;
    return address;
  }
}

function viewsOf(buffer: ArrayBuffer): Arena['views'] {
  return { f32: new Float32Array(buffer), i32: new Int32Array(buffer), u8: new Uint8Array(buffer) };
}

function roundedUp(bytes: number): number {
  let step = ALIGNMENT;
  while (step * 16 <= bytes) step *= 2;
  return Math.max(ALIGNMENT, Math.ceil(bytes / step) * step);
}
