/**
 * Typed views of an arena. Each call makes a fresh one, so growing the memory, which detaches its old buffer, never leaves
 * a stale view behind.
 */
export class Views {
  constructor(private readonly memory: WebAssembly.Memory) {}

  /** `length` float32 elements at byte `offset`. */
  floats(offset: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, offset, length);
  }

  /** `length` int32 elements at byte `offset`. Also moves elements of either type without touching their bits. */
  ints(offset: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, offset, length);
  }

  /** Like `floats`, for a pointer that may be 0, "not given". */
  optionalFloats(offset: number, length: number): Float32Array | undefined {
    return offset === 0 ? undefined : this.floats(offset, length);
  }

  /** Like `ints`, for a pointer that may be 0, "not given". */
  optionalInts(offset: number, length: number): Int32Array | undefined {
    return offset === 0 ? undefined : this.ints(offset, length);
  }

  /** The whole arena as int32 elements, for kernels whose extent follows from strides. */
  allInts(): Int32Array {
    return new Int32Array(this.memory.buffer);
  }

  /** The whole arena as float32 elements. */
  allFloats(): Float32Array {
    return new Float32Array(this.memory.buffer);
  }
}
