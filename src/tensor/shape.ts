import { RondoError } from "../errors.js";

/** Sizes of a tensor's axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Element types. A bool is stored as an int32 of 0 or 1. */
export type DType = "float32" | "int32" | "bool";

/** Number of elements: `sizeOf([2, 3])` is 6, `sizeOf([])` is 1. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** `[2, 3]`, as shapes appear in messages; `?` stands for a size not known yet. */
export function formatShape(shape: readonly (number | null)[]): string {
  return `[${shape.map((n) => n ?? "?").join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Strides, in elements, of a contiguous tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** The common shape of numpy broadcasting: sizes must agree or be 1, aligned at the last axis. */
export function broadcastShapes(a: Shape, b: Shape, where = "broadcast"): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RondoError("shape", `${where}: the shapes cannot be broadcast together`, {
        received: `${formatShape(a)} and ${formatShape(b)}`,
        expected: "sizes that agree, or are 1, counted from the last axis",
        fix: "reshape or transpose one of the two",
      });
    }
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}

/** Strides for reading `shape` as if it had the shape `target`: 0 along broadcast axes. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : strides[i - missing]!));
}

/** An axis counted from the front, 0 <= axis < rank; negative axes count from the end. */
export function normalizeAxis(axis: number, rank: number, where: string): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new RondoError("value", `${where}: there is no axis ${axis}`, {
      received: `axis ${axis} of a tensor of rank ${rank}`,
      expected: rank === 0 ? "no axis (the tensor is a scalar)" : `${-rank} to ${rank - 1}`,
    });
  }
  return positive;
}

/** Axes of a reduction, sorted and without repeats; `undefined` or `null` means all. */
export function normalizeAxes(
  axis: number | readonly number[] | null | undefined,
  rank: number,
  where: string,
): number[] {
  if (axis === undefined || axis === null) return Array.from({ length: rank }, (_, i) => i);
  const list = typeof axis === "number" ? [axis] : axis;
  const axes = [...new Set(list.map((a) => normalizeAxis(a, rank, where)))];
  return axes.sort((a, b) => a - b);
}
