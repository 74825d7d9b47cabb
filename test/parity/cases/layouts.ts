/** Shapes with the strides of two operands: the ways in which arrays are broadcast, transposed, reversed and sliced. */
export interface Layout {
  name: string;
  shape: number[];
  a: number[];
  b: number[];
}

export function layouts(): Layout[] {
  return [
    { name: "scalar", shape: [], a: [], b: [] },
    { name: "empty vector", shape: [0], a: [1], b: [1] },
    { name: "empty inner axis", shape: [3, 0], a: [0, 1], b: [0, 1] },
    { name: "empty outer axis", shape: [0, 3], a: [3, 1], b: [0, 1] },
    { name: "one element", shape: [1, 1, 1], a: [0, 0, 0], b: [1, 1, 1] },
    ...[1, 3, 7, 13, 33, 1003].flatMap((n) => [
      { name: `${n} and ${n}`, shape: [n], a: [1], b: [1] },
      { name: `scalar and ${n}`, shape: [n], a: [0], b: [1] },
      { name: `${n} and scalar`, shape: [n], a: [1], b: [0] },
      { name: `scalar and scalar to ${n}`, shape: [n], a: [0], b: [0] },
      { name: `${n} by reversed`, shape: [n], a: [1], b: [-1] },
      { name: `every third of ${n}`, shape: [n], a: [3], b: [1] },
    ]),
    { name: "matrix and row", shape: [7, 13], a: [13, 1], b: [0, 1] },
    { name: "row and matrix", shape: [7, 13], a: [0, 1], b: [13, 1] },
    { name: "matrix and column", shape: [7, 13], a: [13, 1], b: [1, 0] },
    { name: "column and row", shape: [33, 5], a: [1, 0], b: [0, 1] },
    { name: "row and column", shape: [5, 33], a: [0, 1], b: [1, 0] },
    { name: "matrix and its transpose", shape: [33, 33], a: [33, 1], b: [1, 33] },
    { name: "transposes", shape: [5, 64], a: [1, 5], b: [1, 7] },
    { name: "rows of a wider matrix", shape: [5, 13], a: [20, 1], b: [13, 1] },
    { name: "both axes reversed", shape: [5, 7], a: [-7, -1], b: [7, -1] },
    { name: "middle axis broadcast", shape: [3, 5, 7], a: [35, 7, 1], b: [7, 0, 1] },
    { name: "outer and inner broadcast", shape: [3, 5, 33], a: [0, 1, 0], b: [165, 33, 1] },
    { name: "inner two broadcast", shape: [5, 3, 13], a: [39, 13, 1], b: [1, 0, 0] },
    { name: "permuted", shape: [5, 3, 7], a: [1, 35, 5], b: [21, 7, 1] },
    { name: "heads first", shape: [2, 3, 5, 16], a: [240, 16, 48, 1], b: [240, 80, 16, 1] },
    { name: "rank 5", shape: [2, 3, 1, 4, 5], a: [60, 20, 20, 5, 1], b: [1, 0, 0, 10, 2] },
    { name: "rank 6", shape: [2, 2, 2, 2, 2, 3], a: [48, 24, 12, 6, 3, 1], b: [1, 2, 4, 8, 16, 32] },
    { name: "rank 8", shape: [2, 1, 2, 1, 2, 3, 2, 2], a: [96, 0, 48, 0, 24, 4, 2, 1], b: [1, 0, 2, 0, 4, 8, 0, 24] },
  ];
}

/** Enough for several threads. */
export function largeLayouts(): Layout[] {
  return [
    { name: "large rows", shape: [300, 401], a: [401, 1], b: [0, 1] },
    { name: "large columns", shape: [300, 401], a: [1, 300], b: [1, 0] },
    { name: "large vector", shape: [100_003], a: [1], b: [1] },
    { name: "large vector and scalar", shape: [100_003], a: [1], b: [0] },
  ];
}

/** Elements that strides reach, and where among them the element with index zero lies. */
export function extent(shape: readonly number[], strides: readonly number[]): { length: number; base: number } {
  if (shape.includes(0)) return { length: 0, base: 0 };
  let low = 0;
  let high = 0;
  shape.forEach((size, axis) => {
    const reach = (size - 1) * strides[axis]!;
    low += Math.min(0, reach);
    high += Math.max(0, reach);
  });
  return { length: high - low + 1, base: -low };
}
