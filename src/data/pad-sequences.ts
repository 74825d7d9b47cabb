import { checkOptions, RondoError } from "../errors.js";
import type { ShapedValues } from "./host-array.js";

/** Options of `padSequences`. */
export interface PadOptions {
  /** Length of every row; that of the longest by default. */
  maxLength?: number;
  /** Where padding goes: "pre" (default, as in Keras) puts it before the sequence, "post" after it. */
  padding?: "pre" | "post";
  /** Where too long sequences are cut: "pre" (default) drops their beginning, "post" their end. */
  truncating?: "pre" | "post";
  /** What padding consists of. 0 by default. */
  value?: number;
  /** "int32" (default) for tokens, "float32" for numbers. */
  dtype?: "int32" | "float32";
}

const sides = ["pre", "post"] as const;

/**
 * Sequences of different lengths as one array [sequences, maxLength], padded and cut. Steps may be numbers, or vectors of
 * one size: then the result is [sequences, maxLength, size]. Defaults are those of Keras.
 *
 * @example padSequences([[1, 2, 3], [4]]) // { shape: [2, 3], values: [1, 2, 3, 0, 0, 4] }
 */
export function padSequences(
  sequences: readonly ArrayLike<number | ArrayLike<number>>[],
  options: PadOptions = {},
): ShapedValues {
  checkOptions("padSequences", options, ["maxLength", "padding", "truncating", "value", "dtype"]);
  const { padding = "pre", truncating = "pre", value = 0, dtype = "int32" } = options;
  for (const [name, side] of Object.entries({ padding, truncating })) {
    if (sides.includes(side)) continue;
    throw new RondoError("option", `padSequences cannot use this ${name}`, {
      received: JSON.stringify(side),
      expected: '"pre" or "post"',
    });
  }
  const longest = sequences.reduce((n, s) => Math.max(n, s.length), 0);
  const length = options.maxLength ?? longest;
  if (!Number.isInteger(length) || length < 1) {
    throw new RondoError("value", "padSequences needs a length of at least 1", {
      received: options.maxLength === undefined ? "only empty sequences" : `maxLength = ${length}`,
      fix: "give a maxLength of at least 1",
    });
  }
  const first = sequences.find((s) => s.length > 0)?.[0];
  const vector = typeof first === "object";
  const size = vector ? first.length : 1;
  const Type = dtype === "int32" ? Int32Array : Float32Array;
  const values = new Type(sequences.length * length * size).fill(value);
  sequences.forEach((sequence, row) => {
    const count = Math.min(sequence.length, length);
    const from = truncating === "pre" ? sequence.length - count : 0;
    const to = row * length + (padding === "pre" ? length - count : 0);
    for (let i = 0; i < count; i++) {
      const step = sequence[from + i]!;
      const numbers = typeof step === "number" ? [step] : step;
      if ((typeof step === "object") !== vector || numbers?.length !== size) {
        throw new RondoError("shape", "padSequences: the steps of all sequences must have one size", {
          received: `step ${from + i} of sequence ${row} has ${typeof step === "number" ? "one number" : `${numbers?.length ?? 0} numbers`}`,
          expected: vector ? `${size} numbers` : "one number",
        });
      }
      for (let k = 0; k < size; k++) values[(to + i) * size + k] = check(numbers[k]!, dtype, row);
    }
  });
  return { values, shape: vector ? [sequences.length, length, size] : [sequences.length, length] };
}

function check(n: number, dtype: "int32" | "float32", row: number): number {
  if (dtype === "float32" || (n | 0) === n) return n;
  throw new RondoError("value", "padSequences makes whole numbers", {
    received: `${n} in sequence ${row}`,
    fix: 'use dtype: "float32" for other numbers',
  });
}
