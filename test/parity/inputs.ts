/** Deterministic numbers for tests: the same seed gives the same sequence everywhere. */
export class Source {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** Uniform in [0, 1): a multiply-and-xorshift mix of a counter. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** float32 numbers, uniform in [low, high). */
  floats(n: number, low = -1, high = 1): Float32Array {
    return Float32Array.from({ length: n }, () => low + (high - low) * this.next());
  }

  /** Whole numbers in [low, high). */
  ints(n: number, low: number, high: number): Int32Array {
    return Int32Array.from({ length: n }, () => Math.floor(low + (high - low) * this.next()));
  }
}
