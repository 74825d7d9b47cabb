import { RondoError } from "../errors.js";
import { type DType, formatShape, type Shape, sizeOf } from "../tensor/shape.js";
import { allocate, flatten, Tensor, type TensorLike, type TypedArray } from "../tensor/tensor.js";

/** A typed array together with the shape it fills, row-major. */
export interface ShapedValues {
  readonly values: TypedArray | Float64Array;
  readonly shape: Shape;
}

/** Whatever training data can be made of: tensors, nested arrays, typed arrays with or without a shape. */
export type DataLike = TensorLike | ShapedValues | HostArray;

type Source = Tensor | TypedArray | Float64Array;

/** Where rows lie in their source, in elements. */
export interface Layout {
  readonly start: number;
  readonly rowStride: number;
  /** Which row each row really is; null: the same. */
  readonly order: Int32Array | null;
}

/** A `HostArray` as a message can carry it. @internal */
export interface PackedArray {
  readonly source: TypedArray | Float64Array;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly layout: Layout;
}

/**
 * Numbers that stay outside the tensor memory until a batch of them is needed: examples along the first axis.
 *
 * Rows may overlap (`rowStride` smaller than a row), so that a million windows over one series cost no more memory than
 * the series.
 *
 * @example const x = hostArray("x", [[1, 2], [3, 4], [5, 6]]); x.shape // [3, 2]
 */
export class HostArray {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Elements of one example. */
  readonly rowSize: number;
  private readonly source: Source;
  private readonly layout: Layout;

  /** @internal Use `hostArray()`. */
  constructor(source: Source, shape: Shape, dtype: DType, layout: Partial<Layout> = {}) {
    this.source = source;
    this.shape = shape;
    this.dtype = dtype;
    this.rowSize = sizeOf(shape.slice(1));
    this.layout = { start: 0, rowStride: this.rowSize, order: null, ...layout };
  }

  /** Number of examples. */
  get length(): number {
    return this.shape[0]!;
  }

  /** Rows `from` to `to` (excluded); shares memory. */
  slice(from: number, to: number): HostArray {
    const { start, rowStride, order } = this.layout;
    const part = order ? { order: order.subarray(from, to) } : { start: start + from * rowStride };
    return this.view([to - from, ...this.shape.slice(1)], part);
  }

  /** The rows at `indices`, in that order; shares memory. */
  select(indices: ArrayLike<number>): HostArray {
    const { order } = this.layout;
    const chosen = Int32Array.from(indices, (i) => (order ? order[i]! : i));
    return this.view([chosen.length, ...this.shape.slice(1)], { order: chosen });
  }

  /** Rows of `length` consecutive rows of this array, beginning every `stride` rows; shares memory. @internal */
  windows(count: number, length: number, stride: number, offset: number): HostArray {
    const { start, rowStride, order } = this.layout;
    if (order) {
      throw new RondoError("data", "windows need a series in its own order", {
        fix: "cut windows first, then shuffle them",
      });
    }
    const rest = this.shape.length > 1 ? this.shape.slice(1) : [1];
    return this.view([count, length, ...rest], { start: start + offset * rowStride, rowStride: stride * rowStride });
  }

  /** The same rows under another shape; shares memory. @internal */
  reshaped(shape: Shape): HostArray {
    return this.view(shape, {});
  }

  private view(shape: Shape, changes: Partial<Layout>): HostArray {
    return new HostArray(this.source, shape, this.dtype, { ...this.layout, ...changes });
  }

  private rowStart(index: number): number {
    const { start, rowStride, order } = this.layout;
    return start + (order ? order[index]! : index) * rowStride;
  }

  private get values(): TypedArray | Float64Array {
    return this.source instanceof Tensor ? this.source.view() : this.source;
  }

  /** A tensor of the rows at `indices`, in that order; with `time`, only steps from..to of the second axis. */
  rows(indices: ArrayLike<number>, time?: readonly [from: number, to: number]): Tensor {
    const [steps, ...rest] = this.shape.slice(1);
    const stepSize = sizeOf(rest);
    const [from, to] = time ?? [0, steps ?? 1];
    const shape = time ? [indices.length, to - from, ...rest] : [indices.length, ...this.shape.slice(1)];
    const result = allocate(shape, this.dtype);
    // The source is read only now: making the result may have moved the view of a tensor's memory.
    const source = this.values;
    const target = result.view();
    const size = time ? (to - from) * stepSize : this.rowSize;
    const skipped = time ? from * stepSize : 0;
    for (let i = 0; i < indices.length; i++) {
      const at = this.rowStart(indices[i]!) + skipped;
      const base = i * size;
      if (size > 32) target.set(source.subarray(at, at + size), base);
      else for (let k = 0; k < size; k++) target[base + k] = source[at + k]!;
    }
    return result;
  }

  /** A copy that can be sent to another thread. @internal */
  pack(): PackedArray {
    const { shape, dtype, layout } = this;
    return { source: this.values.slice(), shape, dtype, layout };
  }

  /** What `pack` made. @internal */
  static unpack({ source, shape, dtype, layout }: PackedArray): HostArray {
    return new HostArray(source, shape, dtype, layout);
  }

  /** The elements of one row, copied. */
  row(index: number): number[] {
    const at = this.rowStart(index);
    return Array.from(this.values.subarray(at, at + this.rowSize));
  }
}

function isShaped(value: unknown): value is ShapedValues {
  return typeof value === "object" && value !== null && "values" in value && "shape" in value;
}

/** Elements of int32 arrays are int32, booleans bool, everything else float32. */
function dtypeOf(values: TypedArray | Float64Array): DType {
  return values instanceof Int32Array ? "int32" : "float32";
}

/**
 * Takes data as users have it. Tensors and typed arrays are not copied; nested arrays are flattened once.
 *
 * @param name what the data is called in messages, e.g. "x".
 * @throws RondoError "shape" when values do not fill the shape or arrays are ragged, "data" when there is no example.
 * @example hostArray("x", { values: new Float32Array(600), shape: [100, 6] }).length // 100
 */
export function hostArray(name: string, data: DataLike): HostArray {
  if (data instanceof HostArray) return data;
  const result = read(name, data);
  if (result.shape.length === 0) {
    throw new RondoError("shape", `${name} needs examples along its first axis`, {
      received: "a single number",
      fix: `pass an array with one entry per example`,
    });
  }
  if (result.length === 0)
    throw new RondoError("data", `${name} holds no examples`, { received: formatShape(result.shape) });
  return result;
}

function read(name: string, data: Exclude<DataLike, HostArray>): HostArray {
  if (data === null || data === undefined) {
    throw new RondoError("data", `${name} is missing`, {
      received: String(data),
      expected: "arrays of numbers or tensors",
    });
  }
  if (data instanceof Tensor) return new HostArray(data, data.shape, data.dtype);
  if (ArrayBuffer.isView(data))
    return new HostArray(data as TypedArray, [(data as TypedArray).length], dtypeOf(data as TypedArray));
  if (isShaped(data)) {
    if (data.values.length !== sizeOf(data.shape)) {
      throw new RondoError("shape", `${name}: the values do not fill the shape`, {
        received: `${data.values.length} values`,
        expected: `${sizeOf(data.shape)} values for shape ${formatShape(data.shape)}`,
      });
    }
    return new HostArray(data.values, data.shape, dtypeOf(data.values));
  }
  if (typeof data !== "number" && typeof data !== "boolean" && !Array.isArray(data)) {
    throw new RondoError("data", `${name} is not something numbers can be read from`, {
      received:
        typeof data === "object" ? `an object with ${Object.keys(data).join(", ") || "no fields"}` : typeof data,
      expected: "a tensor, nested arrays, a typed array, or { values, shape }",
    });
  }
  const { flat, shape, boolean } = flatten(data);
  return new HostArray(flat as Float64Array, shape, boolean ? "bool" : "float32");
}
