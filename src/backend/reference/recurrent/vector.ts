import type { Views } from "../views.js";

type Vector = Float32Array | Float64Array;

/** The rows of a matrix in the arena, or of none: then reading gives zeros and writing does nothing. */
export class Rows {
  constructor(
    private readonly views: Views,
    private readonly offset: number,
    private readonly width: number,
  ) {}

  /** A copy in double precision. */
  read(row: number): Float64Array {
    return this.offset === 0 ? new Float64Array(this.width) : Float64Array.from(this.view(row));
  }

  write(row: number, ...blocks: readonly Float64Array[]): void {
    if (this.offset === 0) return;
    let position = 0;
    for (const values of blocks) {
      this.view(row).set(values, position);
      position += values.length;
    }
  }

  private view(row: number): Float32Array {
    return this.views.floats(this.offset + 4 * row * this.width, this.width);
  }
}

/** The rows of x, or for indices the rows of zeros with a one at each index, so that x·kernel picks the kernel's row. */
export function inputRows(views: Views, x: number, indices: number, inputs: number): Pick<Rows, "read"> {
  if (indices === 0) return new Rows(views, x, inputs);
  return {
    read(row) {
      const chosen = new Float64Array(inputs);
      chosen[views.ints(indices + 4 * row, 1)[0]!] = 1;
      return chosen;
    },
  };
}

/** Multiplies h by the recurrent mask of its row, if there is one. */
export function dropper(views: Views, recurrentMask: number, units: number) {
  const factors = new Rows(views, recurrentMask, units);
  return (h: Float64Array, row: number) => (recurrentMask === 0 ? h : multiply(h, factors.read(row)));
}

/** The `count` equal blocks of a vector. */
export function split(vector: Float64Array, count: number): Float64Array[] {
  const size = vector.length / count;
  return Array.from({ length: count }, (_, k) => vector.slice(k * size, (k + 1) * size));
}

/** The blocks one after another. */
export function join(...blocks: readonly Float64Array[]): Float64Array {
  return Float64Array.from(blocks.flatMap((values) => Array.from(values)));
}

export const plus = (a: Float64Array, b: Float64Array) => a.map((v, i) => v + b[i]!);
export const multiply = (a: Float64Array, b: Float64Array) => a.map((v, i) => v * b[i]!);

/** out += values, over the length of out. */
export function add(out: Float64Array, values: Vector): void {
  for (let i = 0; i < out.length; i++) out[i]! += values[i]!;
}

/** vector · matrix */
export function product(vector: Vector, matrix: Vector, columns: number): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < vector.length; i++) {
    for (let j = 0; j < columns; j++) out[j]! += vector[i]! * matrix[i * columns + j]!;
  }
  return out;
}

/** vector · matrixᵀ */
export function transposedProduct(vector: Vector, matrix: Vector, rows: number): Float64Array {
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < vector.length; j++) out[i]! += vector[j]! * matrix[i * vector.length + j]!;
  }
  return out;
}

/** matrix += aᵀ · b */
export function addOuter(matrix: Float64Array, a: Vector, b: Vector): void {
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) matrix[i * b.length + j]! += a[i]! * b[j]!;
  }
}
