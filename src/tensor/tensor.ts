import { RondoError } from "../errors.js";
import { type Engine, engine } from "./engine.js";
import { formatElements } from "./format.js";
import { adopt, teachScopesWhatATensorIs } from "./scope.js";
import { type DType, formatShape, type Shape, sameShape, sizeOf } from "./shape.js";

/** Flat numbers: what float32, int32 and bool tensors are read out as. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;
/** Numbers nested as deep as the tensor's rank. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];
/** Whatever a tensor can be made of. */
export type TensorLike = Tensor | NestedNumbers | TypedArray | Float64Array;

/** A block of the arena, shared by a tensor and its reshaped views. */
export class Storage {
  readonly engine: Engine;
  readonly offset: number;
  readonly bytes: number;
  private references = 1;
  private companion = { offset: 0, bytes: 0 };

  constructor(owner: Engine, bytes: number) {
    this.engine = owner;
    this.bytes = bytes;
    this.offset = owner.arena.allocate(bytes);
  }

  /** Only one tensor uses this block. */
  get exclusive(): boolean {
    return this.references === 1;
  }

  retain(): this {
    this.references++;
    return this;
  }

  release(): void {
    if (--this.references > 0) return;
    this.engine.arena.release(this.offset, this.bytes);
    this.dropCompanion();
  }

  /** Offset of a second block, zeros at first, that lives as long as this one: what kernels remember of its contents. */
  remember(bytes: number): number {
    if (this.companion.bytes !== bytes) {
      this.dropCompanion();
      this.companion = { offset: this.engine.arena.allocate(bytes), bytes };
      this.engine.kernels.fill(this.companion.offset, bytes / 4, 0);
    }
    return this.companion.offset;
  }

  private dropCompanion(): void {
    const { offset, bytes } = this.companion;
    if (bytes > 0) this.engine.arena.release(offset, bytes);
    this.companion = { offset: 0, bytes: 0 };
  }
}

/** What the finalizer needs to free a tensor's storage once, and only once. */
interface Claim {
  readonly storage: Storage;
  live: boolean;
}

/** Bytes from which a tensor has ballast; smaller ones are outnumbered by their own JavaScript objects. */
const BALLAST_FROM = 16384;

let liveTensors = 0;
let made = 0;

/** How many tensors have been made so far: the largest `serial`. @internal */
export const tensorsMade = () => made;

const unreachable = new FinalizationRegistry<Claim>((claim) => release(claim));

function release(claim: Claim): void {
  if (!claim.live) return;
  claim.live = false;
  liveTensors--;
  claim.storage.release();
}

/**
 * A multi-dimensional array of numbers, always contiguous, row-major, living in a backend's memory.
 *
 * Memory is managed for you: training and prediction steps free their temporaries, everything else is freed when it is
 * garbage-collected. `dispose()` (or `using`) frees at once.
 *
 * @example tensor([[1, 2], [3, 4]]).shape // [2, 2]
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly size: number;
  /** @internal */ readonly storage: Storage;
  /** @internal Tensors are numbered in the order they are made. */ readonly serial = ++made;
  /** @internal Survives the scope it was made in. */ kept = false;
  /** @internal How many recorded operations will read the elements for a gradient. */ awaited = 0;
  /** @internal Its scope has ended: nobody but recorded operations may want it. */ left = false;
  private readonly claim: Claim;
  /**
   * The garbage collector does not see the arena, and would let gigabytes of unreachable tensors wait. A buffer of the
   * same size that nobody touches, so that it takes address space only, tells it how much there is to gain.
   */
  protected ballast?: ArrayBuffer;

  /** @internal Use `tensor()`, `zeros()`, … Takes over one reference to `storage`. */
  constructor(storage: Storage, shape: Shape, dtype: DType) {
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.claim = { storage, live: true };
    liveTensors++;
    if (!adopt(this)) this.freeWhenUnreachable();
  }

  get rank(): number {
    return this.shape.length;
  }

  get disposed(): boolean {
    return !this.claim.live;
  }

  /** Offset of the first element in the arena, for kernels. Throws when the tensor was disposed. @internal */
  get offset(): number {
    if (!this.claim.live) {
      throw new RondoError("state", `this tensor ${formatShape(this.shape)} was already freed`, {
        fix: "return it from the scope that made it, or keep(tensor) it",
      });
    }
    return this.storage.offset;
  }

  /** The elements in place, valid until the next tensor is made. For the library's own use. @internal */
  view(): Float32Array | Int32Array {
    const { buffer } = this.storage.engine.backend.memory;
    const Type = this.dtype === "float32" ? Float32Array : Int32Array;
    return new Type(buffer, this.offset, this.size);
  }

  /** A copy of the elements in row-major order: Float32Array, Int32Array, or Uint8Array (0/1) for bool. */
  dataSync(): TypedArray {
    const view = this.view();
    return this.dtype === "bool" ? Uint8Array.from(view) : view.slice();
  }

  /** Like `dataSync`, for code that may one day run on a GPU. */
  async data(): Promise<TypedArray> {
    return this.dataSync();
  }

  /** The elements as nested arrays; a number (or boolean) for a scalar. */
  arraySync(): NestedNumbers {
    const flat = this.view();
    const bool = this.dtype === "bool";
    let at = 0;
    const build = (axis: number): NestedNumbers => {
      if (axis === this.shape.length) {
        const value = flat[at++]!;
        return bool ? value !== 0 : value;
      }
      return Array.from({ length: this.shape[axis]! }, () => build(axis + 1));
    };
    return build(0);
  }

  /** The elements as nested arrays; a plain number for a scalar. */
  async array(): Promise<NestedNumbers> {
    return this.arraySync();
  }

  /** The only element of a tensor of size 1, as a number. Throws RondoError "shape" otherwise. */
  item(): number {
    if (this.size !== 1) {
      throw new RondoError("shape", "item() needs a tensor with one element", {
        received: `shape ${formatShape(this.shape)}`,
        fix: "use dataSync() or arraySync()",
      });
    }
    return this.view()[0]!;
  }

  /** Overwrites the elements. `values` must have the tensor's size. @internal */
  write(values: ArrayLike<number>): void {
    if (values.length !== this.size) {
      throw new RondoError("shape", "cannot write these values into the tensor", {
        received: `${values.length} values`,
        expected: `${this.size} values (shape ${formatShape(this.shape)})`,
      });
    }
    this.view().set(values);
  }

  /** A tensor of another shape (or integer type) on the same elements. @internal */
  alias(shape: Shape, dtype: DType = this.dtype): Tensor {
    if (this.disposed) void this.offset; // throws
    return new Tensor(this.storage.retain(), shape, dtype);
  }

  /** The elements as text, long axes shortened. @example tensor([1, 2]).toString() // "Tensor float32 [2]\n[1, 2]" */
  toString(): string {
    const heading = `${this.constructor.name} ${this.dtype} ${formatShape(this.shape)}`;
    return this.disposed ? `${heading} (freed)` : `${heading}\n${formatElements(this.view(), this.shape, this.dtype)}`;
  }

  /** Shows `toString()` on the console. */
  print(): void {
    console.log(this.toString());
  }

  /** What console.log shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Frees the memory now. Harmless when repeated. */
  dispose(): void {
    this.ballast = undefined;
    release(this.claim);
  }

  /** At the end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal Left the last scope: from now on the garbage collector decides. */
  freeWhenUnreachable(): void {
    if (this.storage.bytes >= BALLAST_FROM) this.ballast = new ArrayBuffer(this.storage.bytes);
    unreachable.register(this, this.claim);
  }
}

teachScopesWhatATensorIs((v): v is Tensor => v instanceof Tensor);

/** A new tensor with undefined contents. @internal */
export function allocate(shape: Shape, dtype: DType = "float32"): Tensor {
  return new Tensor(new Storage(engine(), Math.max(4, sizeOf(shape) * 4)), shape, dtype);
}

/**
 * Keeps a tensor alive beyond the scope that made it; it is then freed by `dispose()` or the garbage collector.
 *
 * @example state = keep(newState);
 */
export function keep<T extends Tensor>(tensor: T): T {
  if (!tensor.kept) {
    tensor.kept = true;
    tensor.freeWhenUnreachable();
  }
  return tensor;
}

/**
 * Makes a tensor from nested arrays or a typed array. Without `dtype`: float32, or bool for booleans, int32 for an
 * Int32Array. Throws RondoError "shape" for ragged arrays or values that do not fill `shape`.
 *
 * @example tensor([1, 2, 3, 4], [2, 2]); tensor([[1, 2], [3, 4]], undefined, "int32")
 */
export function tensor(values: TensorLike, shape?: Shape, dtype?: DType): Tensor {
  if (values instanceof Tensor) {
    const same = (!shape || sameShape(shape, values.shape)) && (!dtype || dtype === values.dtype);
    return same ? values : tensor(values.dataSync(), shape ?? values.shape, dtype ?? values.dtype);
  }
  if (typeof values === "number" && !shape && (dtype ?? "float32") === "float32") return scalarFloat(values);
  const { flat, shape: found, boolean } = flatten(values);
  const target = shape ?? found;
  checkShape(target);
  if (sizeOf(target) !== flat.length) {
    throw new RondoError("shape", "the values do not fill the shape", {
      received: `${flat.length} values`,
      expected: `${sizeOf(target)} values for shape ${formatShape(target)}`,
    });
  }
  const type = dtype ?? (boolean ? "bool" : values instanceof Int32Array ? "int32" : "float32");
  const result = allocate(target, type);
  const view = result.view();
  if (type === "float32") view.set(flat);
  else if (type === "bool") for (let i = 0; i < flat.length; i++) view[i] = flat[i] ? 1 : 0;
  else {
    for (let i = 0; i < flat.length; i++) {
      const value = flat[i]!;
      if ((value | 0) !== value) {
        throw new RondoError("value", "an int32 tensor holds whole numbers between -2147483648 and 2147483647", {
          received: `${value} at position ${i}`,
          fix: "round the values first, or make a float32 tensor",
        });
      }
      view[i] = value;
    }
  }
  return result;
}

function scalarFloat(value: number): Tensor {
  const result = allocate([]);
  result.view()[0] = value;
  return result;
}

/** The tensor itself, or a new one made of plain numbers (of type `dtype`, if given). @internal */
export function asTensor(value: TensorLike, dtype?: DType): Tensor {
  return value instanceof Tensor ? value : tensor(value, undefined, dtype);
}

/** Throws RondoError "shape" unless every size is a whole number of at least 0. @internal */
export function checkShape(shape: Shape): void {
  if (!Array.isArray(shape) || shape.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new RondoError("shape", "a shape is an array of whole numbers of at least 0", {
      received: Array.isArray(shape) ? formatShape(shape) : String(shape),
    });
  }
}

/** Nested arrays as one flat array and its shape; throws RondoError for ragged arrays and non-numbers. @internal */
export function flatten(values: NestedNumbers | TypedArray | Float64Array): {
  flat: ArrayLike<number>;
  shape: number[];
  boolean: boolean;
} {
  if (ArrayBuffer.isView(values)) return { flat: values as TypedArray, shape: [values.length], boolean: false };
  const shape: number[] = [];
  for (let v: unknown = values; Array.isArray(v) || ArrayBuffer.isView(v); v = (v as ArrayLike<unknown>)[0]) {
    shape.push((v as unknown as ArrayLike<unknown>).length);
    if ((v as unknown as ArrayLike<unknown>).length === 0) break;
  }
  const flat = new Float64Array(sizeOf(shape));
  let at = 0;
  let boolean = false;
  const fill = (value: unknown, axis: number, path: string): void => {
    if (axis === shape.length) {
      if (typeof value === "boolean") boolean = true;
      else if (typeof value !== "number") {
        throw new RondoError("value", "a tensor holds numbers or booleans", {
          received: value === undefined ? "undefined" : Array.isArray(value) ? "a deeper array" : JSON.stringify(value),
          path: `values${path}`,
          fix: "arrays must be nested equally deep everywhere",
        });
      }
      flat[at++] = Number(value);
      return;
    }
    const list = value as ArrayLike<unknown>;
    const isList = Array.isArray(value) || ArrayBuffer.isView(value);
    if (!isList || list.length !== shape[axis]) {
      throw new RondoError("shape", "the nested arrays are ragged", {
        received: isList ? `length ${list.length}` : typeof value,
        expected: `length ${shape[axis]}`,
        path: `values${path}`,
        fix: "pad the rows to one length, for example with padSequences",
      });
    }
    for (let i = 0; i < list.length; i++) fill(list[i], axis + 1, `${path}[${i}]`);
  };
  fill(values, 0, "");
  return { flat, shape, boolean };
}

/**
 * Tensors alive, bytes they take, and bytes the arena holds.
 *
 * @example memory() // { tensors: 12, bytes: 40960, reserved: 1048576 }
 */
export function memory(): { tensors: number; bytes: number; reserved: number } {
  const { arena } = engine();
  return { tensors: liveTensors, bytes: arena.bytesInUse, reserved: arena.bytesReserved };
}
