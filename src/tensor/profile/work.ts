import { type KernelName, kernelTable } from "../../backend/kernels.js";

/** What a kernel call has to do, at least. */
export interface Work {
  /**
   * Floating-point operations: 2 m n k for a product of matrices, one per element and step of the formula elsewhere.
   * Recurrent kernels count their products only.
   */
  readonly flops: number;
  /** Bytes of operands and results, each read or written once. */
  readonly bytes: number;
}

type ParameterNames<K extends KernelName> = (typeof kernelTable)[K]["parameters"][number] extends infer P
  ? P extends `${infer N}?:${string}`
    ? N
    : P extends `${infer N}:${string}`
      ? N
      : never
  : never;

type Values<K extends KernelName> = { readonly [N in ParameterNames<K>]: number };
/** Operations, and four-byte elements moved. `words` is the arena, for kernels whose sizes lie there. */
type Row<K extends KernelName> = (v: Values<K>, words: Int32Array) => readonly [flops: number, elements: number];
type Rows = { readonly [K in KernelName]?: Row<K> };

const elementwise = (flops: number, operands: number) => (v: { readonly n: number }) =>
  [flops * v.n, operands * v.n] as const;

/** Elements of the result and of the two operands whose sizes and strides lie at `dims`. */
function broadcast(words: Int32Array, dims: number): { n: number; a: number; b: number } {
  const at = dims / 4;
  const rank = words[at]!;
  let [n, a, b] = [1, 1, 1];
  for (let i = 1; i <= rank; i++) {
    const size = words[at + i]!;
    n *= size;
    if (words[at + rank + i] !== 0) a *= size;
    if (words[at + 2 * rank + i] !== 0) b *= size;
  }
  return { n, a, b };
}

const binary = (v: { readonly dims: number }, words: Int32Array) => {
  const { n, a, b } = broadcast(words, v.dims);
  return [n, n + a + b] as const;
};

const reduction = (v: { readonly outer: number; readonly n: number; readonly inner: number }) =>
  [v.outer * v.n * v.inner, v.outer * v.inner * (v.n + 1)] as const;

const rows =
  (flops: number, operands: number) =>
  ({ rows: m, n }: { readonly rows: number; readonly n: number }) =>
    [flops * m * n, operands * m * n] as const;

interface RecurrentValues {
  readonly batch: number;
  readonly time: number;
  readonly inputs: number;
  readonly units: number;
  readonly sequences: number;
  readonly indices: number;
}

/** `kept` counts the numbers per unit and step that forward leaves for backward. */
const recurrentForward =
  (gates: number, kept: number) =>
  (v: RecurrentValues & { readonly saved: number }): readonly [number, number] => {
    const { batch, time, inputs, units } = v;
    const weights = gates * units * (inputs + units);
    const saved = v.saved === 0 ? 0 : kept * batch * time * units;
    const y = batch * units * (v.sequences ? time : 1);
    const multiplied = v.indices === 0 ? weights : gates * units * units;
    const x = v.indices === 0 ? batch * time * inputs : batch * time;
    return [2 * batch * time * multiplied, x + weights + y + saved];
  };

/** Two products for the weights' gradients, one for the states', one for the inputs' where wanted. */
const recurrentBackward =
  (gates: number, kept: number) =>
  (v: RecurrentValues & { readonly dx: number; readonly dy: number }): readonly [number, number] => {
    const { batch, time, inputs, units } = v;
    const x = v.indices === 0 ? batch * time * inputs : batch * time;
    const inputProducts = v.indices !== 0 ? 0 : v.dx === 0 ? 1 : 2;
    const products = gates * units * (2 * units + inputProducts * inputs);
    const weights = gates * units * (inputs + units);
    const y = v.dy === 0 ? 0 : batch * units * (v.sequences ? time : 1);
    return [2 * batch * time * products, (v.dx === 0 ? x : 2 * x) + 2 * weights + y + kept * batch * time * units];
  };

interface AttentionValues {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly size: number;
  readonly valueSize: number;
  readonly offset: number;
  readonly causal: number;
}

/** `perSize` and `perValue` products of a query with a key or value; each operand is moved `times` times. */
const attention = (perSize: number, perValue: number, times: number) => (v: AttentionValues) => {
  const { batch, queries, keys, heads, keyHeads, size, valueSize } = v;
  let pairs = queries * keys;
  if (v.causal) {
    pairs = 0;
    for (let i = 0; i < queries; i++) pairs += Math.max(0, Math.min(keys, i + v.offset + 1));
  }
  const elements = batch * (queries * heads + keys * keyHeads) * (size + valueSize);
  return [2 * batch * heads * pairs * (perSize * size + perValue * valueSize), times * elements] as const;
};

const table: Rows = {
  fill: elementwise(0, 1),
  fillInt: elementwise(0, 1),
  copyStrided: (v, words) => {
    const { n, a } = broadcast(words, v.dims);
    return [0, n + a];
  },
  castFloatToInt: elementwise(0, 2),
  castIntToFloat: elementwise(0, 2),
  castFloatToBool: elementwise(0, 2),
  castIntToBool: elementwise(0, 2),
  unary: elementwise(1, 2),
  unaryInt: elementwise(1, 2),
  classify: elementwise(1, 2),
  binary,
  binaryInt: binary,
  compare: binary,
  compareInt: binary,
  select: elementwise(0, 4),
  clip: elementwise(2, 2),
  clipBackward: elementwise(2, 3),
  axpy: elementwise(2, 3),
  scaleInPlace: elementwise(1, 2),
  reduce: reduction,
  reduceInt: reduction,
  argReduce: reduction,
  cumulativeSum: (v) => [v.outer * v.n * v.inner, 2 * v.outer * v.n * v.inner],
  sumSquares: elementwise(2, 1),
  matMul: ({ batch, m, n, k, strideA, strideB, accumulate }) => [
    2 * batch * m * n * k,
    (strideA === 0 ? 1 : batch) * m * k + (strideB === 0 ? 1 : batch) * k * n + batch * m * n * (accumulate ? 2 : 1),
  ],
  attentionForward: attention(1, 1, 1),
  // Scores once more, then the gradients of queries and keys, of weights and values.
  attentionBackward: attention(3, 2, 2),
  gather: ({ outer, m, inner }) => [0, m + 2 * outer * m * inner],
  scatterAdd: ({ outer, m, inner }) => [outer * m * inner, m + 3 * outer * m * inner],
  pick: (v) => [0, 3 * v.rows * v.k],
  pickAdd: (v) => [v.rows * v.k, 4 * v.rows * v.k],
  findOutOfRange: (v) => [0, v.count],
  findNonFinite: elementwise(0, 1),
  oneHot: ({ count, depth }) => [0, count * (1 + depth)],
  topK: (v) => [0, v.rows * (v.n + 2 * v.k)],
  // Largest, difference, exponential, sum, quotient.
  softmaxForward: rows(5, 2),
  softmaxBackward: rows(4, 3),
  logSoftmaxForward: rows(5, 2),
  logSoftmaxBackward: rows(4, 3),
  sparseCrossEntropyForward: ({ rows: m, n, probabilities }) => [5 * m * n, m * n * (probabilities ? 2 : 1) + 2 * m],
  sparseCrossEntropyBackward: rows(2, 2),
  randomBits: elementwise(0, 1),
  randomUniform: elementwise(2, 1),
  randomNormal: elementwise(2, 1),
  randomTruncatedNormal: elementwise(2, 1),
  dropoutMask: elementwise(0, 1),
  sgdUpdate: ({ n, velocity }) => [(velocity ? 4 : 2) * n, (velocity ? 5 : 3) * n],
  rmspropUpdate: ({ n, velocity, mean }) => [
    (7 + (velocity ? 2 : 0) + (mean ? 5 : 0)) * n,
    (5 + (velocity ? 2 : 0) + (mean ? 2 : 0)) * n,
  ],
  adamUpdate: ({ n, vMax }) => [(11 + (vMax ? 1 : 0)) * n, (7 + (vMax ? 2 : 0)) * n],
  rnnForward: recurrentForward(1, 1),
  rnnBackward: recurrentBackward(1, 1),
  lstmForward: recurrentForward(4, 6),
  lstmBackward: recurrentBackward(4, 6),
  gruForward: (v) => recurrentForward(3, v.resetAfter ? 5 : 4)(v),
  gruBackward: (v) => recurrentBackward(3, v.resetAfter ? 5 : 4)(v),
};

const namesOf = new Map<string, readonly string[]>();

/** What a call with these arguments has to do; null for kernels whose work is not known. @internal */
export function workOf(name: KernelName, values: readonly number[], words: Int32Array): Work | null {
  const row = table[name] as ((v: Record<string, number>, words: Int32Array) => readonly [number, number]) | undefined;
  if (!row) return null;
  let names = namesOf.get(name);
  if (!names) {
    names = kernelTable[name].parameters.map((parameter) => parameter.replace(/\??:.*/, ""));
    namesOf.set(name, names);
  }
  const named: Record<string, number> = {};
  for (let i = 0; i < names.length; i++) named[names[i]!] = values[i]!;
  const [flops, elements] = row(named, words);
  return { flops, bytes: 4 * elements };
}
