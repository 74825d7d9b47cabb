import type { Backend } from "../../src/backend/backend.js";
import type { KernelName, Kernels } from "../../src/backend/kernels.js";

/**
 * How far a result may be from the reference: |difference| <= relative · (|reference| + scale), where scale stands for the
 * size of what was added up and may have cancelled; "largest" is the largest finite |reference| of the whole output.
 * Integers must be equal.
 */
export interface Tolerance {
  relative: number;
  scale?: number | "largest" | ArrayLike<number>;
}

export const exact: Tolerance = { relative: 0 };
/** A few units in the last place of float32. */
export const close: Tolerance = { relative: 1e-6 };

export interface Output {
  label: string;
  values: Float32Array | Int32Array;
  tolerance: Tolerance;
}

interface Block {
  label: string;
  start: number; // in words
  length: number;
  /** What an input held; it must hold it still. */
  before?: Int32Array;
  output?: { type: "float" | "int"; tolerance: Tolerance };
}

const GUARD_WORDS = 32;
/** A NaN as float32, an unlikely number as int32: what guards and unwritten outputs hold. */
const GUARD = 0x7fc0dead;

/**
 * Lays out the arguments of kernels in a backend's arena, with guard words around each block, and reads the results.
 * `shift` moves every block by that many elements from its 64-byte boundary.
 */
export class Bench {
  readonly called = new Set<KernelName>();
  readonly kernels: Kernels;
  private readonly blocks: Block[] = [];
  private readonly results: Output[] = [];
  private readonly first: number;
  private next: number;

  constructor(
    readonly backend: Backend,
    private readonly shift = 0,
  ) {
    this.first = Math.ceil(backend.heapStart / 64) * 16;
    this.next = this.first;
    this.kernels = new Proxy(backend.kernels, {
      get: (target, name: KernelName) => {
        this.called.add(name);
        return target[name];
      },
    });
  }

  /** Inputs: the kernel must leave them as they are. */
  floats(values: ArrayLike<number>): number {
    return this.input(new Int32Array(Float32Array.from(values).buffer));
  }

  ints(values: ArrayLike<number>): number {
    return this.input(Int32Array.from(values));
  }

  /** Outputs the kernel writes in full. */
  outFloats(label: string, length: number, tolerance: Tolerance = close): number {
    return this.allocate({ label, length, output: { type: "float", tolerance } });
  }

  outInts(label: string, length: number): number {
    return this.allocate({ label, length, output: { type: "int", tolerance: exact } });
  }

  /** Float outputs that start with the given values. */
  updatedFloats(label: string, values: ArrayLike<number>, tolerance: Tolerance = close): number {
    const offset = this.outFloats(label, values.length, tolerance);
    new Float32Array(this.backend.memory.buffer, offset, values.length).set(values);
    return offset;
  }

  /** Memory whose contents are the kernel's business. */
  workspace(length: number): number {
    return this.allocate({ label: "workspace", length });
  }

  /** A number that a kernel returned. */
  returned(label: string, value: number): void {
    this.results.push({ label, values: Int32Array.of(value), tolerance: exact });
  }

  /** All outputs. Throws if the kernels wrote outside their outputs. */
  finish(): Output[] {
    const memory = new Int32Array(this.backend.memory.buffer);
    let guard = this.first;
    for (const block of [...this.blocks, { label: "end", start: this.next, length: 0 } as Block]) {
      for (; guard < block.start; guard++) {
        if (memory[guard] !== GUARD) throw new Error(`wrote ${block.start - guard} words before ${block.label}`);
      }
      guard += block.length;
      block.before?.forEach((word, i) => {
        if (memory[block.start + i] !== word) throw new Error(`overwrote element ${i} of ${block.label}`);
      });
      if (block.output) {
        const { type, tolerance } = block.output;
        const words = memory.slice(block.start, block.start + block.length);
        const values = type === "int" ? words : new Float32Array(words.buffer);
        this.results.push({ label: block.label, values, tolerance });
      }
    }
    return this.results;
  }

  private input(words: Int32Array): number {
    const label = `input ${this.blocks.length}`;
    const offset = this.allocate({ label, length: words.length, before: words });
    new Int32Array(this.backend.memory.buffer, offset, words.length).set(words);
    return offset;
  }

  private allocate(block: Omit<Block, "start">): number {
    const start = Math.ceil((this.next + GUARD_WORDS) / 16) * 16 + this.shift;
    const end = start + block.length + GUARD_WORDS;
    const { memory } = this.backend;
    const missing = end * 4 - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    new Int32Array(memory.buffer).fill(GUARD, this.next, end);
    this.blocks.push({ ...block, start });
    this.next = end;
    return start * 4;
  }
}

/** What differs between two runs of a case, in words; nothing if they agree. */
export function differences(reference: readonly Output[], actual: readonly Output[]): string[] {
  return reference.flatMap((expected, k) => {
    const { values, tolerance, label } = expected;
    const got = actual[k]!.values;
    const scale = tolerance.scale === "largest" ? largest(values) : (tolerance.scale ?? 0);
    let wrong = 0;
    let worst = "";
    let worstExcess = -1;
    values.forEach((want, i) => {
      const have = got[i]!;
      if (want === have || (Number.isNaN(want) && Number.isNaN(have))) return;
      const size = Math.abs(want) + (typeof scale === "number" ? scale : scale[i]!);
      const allowed = values instanceof Int32Array ? 0 : tolerance.relative * size + UNDERFLOW;
      const excess = Math.abs(want - have) / allowed;
      if (excess <= 1) return;
      wrong++;
      if (!(excess <= worstExcess)) {
        worstExcess = excess;
        worst = `[${i}] is ${have}, not ${want} (${excess.toPrecision(3)} times the tolerance)`;
      }
    });
    return wrong === 0 ? [] : [`${label}${worst}; ${wrong} of ${values.length} differ`];
  });
}

const largest = (values: Float32Array | Int32Array) =>
  Array.from(values).reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);

/**
 * Vector code may flush subnormal numbers, those below 2^-126, to zero, also on the way to a result a few dozen times
 * larger, such as x · sigmoid(x).
 */
const UNDERFLOW = 2 ** -119;
