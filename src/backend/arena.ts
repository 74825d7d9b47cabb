import { RondoError } from "../errors.js";
import type { Backend } from "./backend.js";

const ALIGNMENT = 64; // one cache line, one AVX-512 register
const SMALL_LIMIT = 64 * 1024;
const PAGE = 65536;

/**
 * Hands out blocks of a backend's memory.
 *
 * Small blocks (up to 64 KiB) come from size classes, so that a training step finds the blocks of the previous step at
 * once. Larger ones come from a list of free ranges, best fit, and are joined with their neighbours when freed, so that
 * changing shapes do not fragment the arena.
 */
export class Arena {
  readonly backend: Backend;
  /** Bytes in use, size-class rounding included. */
  bytesInUse = 0;
  private readonly small = new Map<number, number[]>();
  /** Free ranges of the large area, ordered by offset. */
  private readonly free: { offset: number; size: number }[] = [];
  private top: number;

  constructor(backend: Backend) {
    this.backend = backend;
    this.top = align(Math.max(backend.heapStart, ALIGNMENT));
  }

  /** Bytes the arena has taken from the system. */
  get bytesReserved(): number {
    return this.backend.memory.buffer.byteLength;
  }

  /** Offset of a block of at least `bytes` bytes, 64-byte aligned, contents undefined. Throws RondoError "memory". */
  allocate(bytes: number): number {
    const size = roundUp(bytes);
    this.bytesInUse += size;
    if (size <= SMALL_LIMIT) {
      const list = this.small.get(size);
      const offset = list?.pop();
      if (offset !== undefined) return offset;
      // Classes are carved in slabs so that neighbours in time are neighbours in memory.
      const slab = Math.max(size, Math.min(SMALL_LIMIT, size * 16));
      const count = Math.floor(slab / size);
      const base = this.takeLarge(count * size, size);
      const spare = list ?? [];
      for (let i = count - 1; i > 0; i--) spare.push(base + i * size);
      this.small.set(size, spare);
      return base;
    }
    return this.takeLarge(size, size);
  }

  /** Returns a block obtained with `allocate(bytes)`. */
  release(offset: number, bytes: number): void {
    const size = roundUp(bytes);
    this.bytesInUse -= size;
    if (size <= SMALL_LIMIT) {
      const list = this.small.get(size);
      if (list) list.push(offset);
      else this.small.set(size, [offset]);
      return;
    }
    this.giveBack(offset, size);
  }

  private takeLarge(size: number, requested: number): number {
    let best = -1;
    for (let i = 0; i < this.free.length; i++) {
      const range = this.free[i]!;
      if (range.size >= size && (best < 0 || range.size < this.free[best]!.size)) best = i;
    }
    if (best >= 0) {
      const range = this.free[best]!;
      const offset = range.offset;
      if (range.size === size) this.free.splice(best, 1);
      else {
        range.offset += size;
        range.size -= size;
      }
      return offset;
    }
    const offset = this.top;
    this.ensure(offset + size, requested);
    this.top = offset + size;
    return offset;
  }

  private giveBack(offset: number, size: number): void {
    let low = 0;
    let high = this.free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.free[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    const before = this.free[low - 1];
    const after = this.free[low];
    const joinsBefore = before !== undefined && before.offset + before.size === offset;
    const joinsAfter = after !== undefined && offset + size === after.offset;
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size;
      this.free.splice(low, 1);
    } else if (joinsBefore) before.size += size;
    else if (joinsAfter) {
      after.offset = offset;
      after.size += size;
    } else this.free.splice(low, 0, { offset, size });
    // A free range that touches the top goes back to it, so that the next large block may span both.
    const last = this.free[this.free.length - 1];
    if (last && last.offset + last.size === this.top) {
      this.top = last.offset;
      this.free.pop();
    }
  }

  private ensure(end: number, requested: number): void {
    const have = this.bytesReserved;
    if (end <= have) return;
    // Grow by at least a quarter, so that growing stays rare.
    const wanted = Math.ceil(Math.max(end - have, have / 4) / PAGE);
    const needed = Math.ceil((end - have) / PAGE);
    for (const pages of [wanted, needed]) {
      try {
        this.backend.memory.grow(pages);
        return;
      } catch {
        // The larger request may fail where the exact one fits.
      }
    }
    this.bytesInUse -= requested;
    throw new RondoError("memory", "out of memory for tensors", {
      received: `a request for ${megabytes(requested)} with ${megabytes(this.bytesInUse)} in use`,
      expected: `at most 4096 MB in all`,
      fix: "use a smaller batch or a shorter sequence, or split the sequence into windows with carried state",
    });
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * Multiples of 64 up to 1 KiB, then eight classes per doubling up to 64 KiB, then multiples of 4 KiB and a few cache lines:
 * where neighbours of one size lie whole pages apart, a load seems to the processor to wait for a store to another array.
 */
function roundUp(bytes: number): number {
  if (bytes <= 1024) return Math.max(ALIGNMENT, align(bytes));
  if (bytes > SMALL_LIMIT) return Math.ceil(bytes / 4096) * 4096 + 5 * ALIGNMENT;
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 3);
  return Math.ceil(bytes / step) * step;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1048576).toFixed(1)} MB`;
}
