import type { DType, Shape } from "./shape.js";

const EDGE = 3; // elements shown at each end of a shortened axis
const LIMIT = 1000; // tensors of more elements are shortened

/** Elements in numpy's layout: one row per line, columns aligned, long axes shortened to three items at each end. */
export function formatElements(elements: ArrayLike<number>, shape: Shape, dtype: DType): string {
  const shorten = elements.length > LIMIT;
  const rowSizes = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  /** Positions to show along an axis; -1 stands for the gap. */
  const shown = (n: number) =>
    shorten && n > 2 * EDGE ? [0, 1, 2, -1, n - 3, n - 2, n - 1] : Array.from({ length: n }, (_, i) => i);

  const texts = new Map<number, string>();
  const collect = (axis: number, at: number): void => {
    if (axis === shape.length) {
      texts.set(at, formatElement(elements[at]!, dtype));
      return;
    }
    for (const i of shown(shape[axis]!)) if (i >= 0) collect(axis + 1, at + i * rowSizes[axis]!);
  };
  collect(0, 0);
  const width = shape.length === 0 ? 0 : Math.max(0, ...[...texts.values()].map((t) => t.length));

  const build = (axis: number, at: number): string => {
    if (axis === shape.length) return texts.get(at)!.padStart(width);
    const parts = shown(shape[axis]!).map((i) => (i < 0 ? "..." : build(axis + 1, at + i * rowSizes[axis]!)));
    const innermost = axis === shape.length - 1;
    const blankLines = Math.max(0, shape.length - axis - 2);
    const separator = innermost ? ", " : `,\n${"\n".repeat(blankLines)}${" ".repeat(axis + 1)}`;
    return `[${parts.join(separator)}]`;
  };
  return build(0, 0);
}

/** Enough digits to tell values apart by eye: six significant ones. */
function formatElement(value: number, dtype: DType): string {
  if (dtype === "bool") return value ? "true" : "false";
  if (dtype === "int32" || Number.isInteger(value)) return String(value);
  const rounded = Number(value.toPrecision(6));
  return Math.abs(rounded) < 1e-4 ? rounded.toExponential() : String(rounded);
}
