/**
 * Randomness from a seed. Each purpose has a stream of its own, derived from the seed and the stream's name, so
 * that one more draw in one place shifts nothing elsewhere. The state is four 32-bit integers: it can be written
 * down and taken up again.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): additions, shifts and xors on 32-bit integers only,
 * which every JavaScript engine does alike; it passes PractRand to 2^44 bytes and has a period of at least 2^32.
 */
export type RandomState = readonly [number, number, number, number];

/** One stream. `state` is live; copy it to keep it. */
export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(state: RandomState) {
    [this.a, this.b, this.c, this.d] = state;
  }

  state(): RandomState {
    return [this.a, this.b, this.c, this.d];
  }

  /** Uniform over the integers 0 .. 2^32 - 1. */
  uint32(): number {
    const sum = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1), with 53 random bits. */
  fraction(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Uniform over the integers `low` .. `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** True with the given probability. Always draws, so that a changed rate does not shift later draws. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Approximately normal with mean 0 and deviation 1: the sum of twelve uniform draws minus six. */
  normal(): number {
    let sum = -6;
    for (let k = 0; k < 12; k += 1) sum += this.fraction();
    return sum;
  }

  /** One of a non-empty list. */
  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)] as T;
  }
}

/** 32-bit FNV-1a over the UTF-16 code units, finished so that short names differ in all bits. */
export function hash32(text: string, seed: number): number {
  let h = (2166136261 ^ seed) >>> 0;
  for (let k = 0; k < text.length; k += 1) {
    h ^= text.charCodeAt(k);
    h = Math.imul(h, 16777619);
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** A fresh stream for one purpose. */
export function stream(seed: number, name: string): RandomStream {
  const low = seed >>> 0;
  const high = Math.floor(seed / 4294967296) >>> 0;
  const made = new RandomStream([hash32(name, low) | 0, hash32(name, high ^ 0x9e3779b9) | 0, low | 0, 1]);
  // The first outputs still show the seed's structure.
  for (let k = 0; k < 15; k += 1) made.uint32();
  return made;
}

/** All streams of a world, made on first use, kept and restored together. */
export class RandomStreams {
  private readonly seed: number;
  private readonly streams = new Map<string, RandomStream>();

  constructor(seed: number) {
    this.seed = seed;
  }

  of(name: string): RandomStream {
    let found = this.streams.get(name);
    if (found === undefined) {
      found = stream(this.seed, name);
      this.streams.set(name, found);
    }
    return found;
  }

  snapshot(): Readonly<Record<string, RandomState>> {
    const names = [...this.streams.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, this.of(name).state()]));
  }

  restore(states: Readonly<Record<string, RandomState>>): void {
    this.streams.clear();
    for (const [name, state] of Object.entries(states)) this.streams.set(name, new RandomStream(state));
  }
}
