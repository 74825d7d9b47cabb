/**
 * The kernel contract: one row per kernel, shared by every backend.
 *
 * A kernel is a function over one arena of bytes. Pointers are byte offsets into it, 0 meaning "not given" where a
 * parameter's name ends in `?`. Every element is four bytes wide (float32, or int32 which also holds bool as 0/1), so data
 * movement does not care about the type. `scripts/generate-bindings.mjs` turns this table into the C++ prototypes, the
 * Node-API glue and the WASM export list; the reference backend implements the same type in plain TypeScript.
 *
 * Adding a kernel: one row here, one C++ function of the same name in `kernels/`, one function in `reference/`.
 */

/** Parameter kinds: float32 / int32 pointers (read or written), and plain numbers. */
export type ParameterKind = "in" | "out" | "inInt" | "outInt" | "int" | "float";
type Parameter = `${string}:${ParameterKind}`;
interface Signature {
  readonly parameters: readonly Parameter[];
  /** Kernels return nothing, except size queries and searches, which return an int32. */
  readonly returns?: "int";
}

const kernel = <const P extends readonly Parameter[]>(...parameters: P) => ({ parameters });
const query = <const P extends readonly Parameter[]>(...parameters: P) => ({
  parameters,
  returns: "int" as const,
});

/** Sizes of a recurrent layer: x [batch, time, inputs] -> y [batch, time, units]. */
const recurrentSizes = ["batch:int", "time:int", "inputs:int", "units:int"] as const;

/**
 * Flags shared by the recurrent kernels:
 * - sequences: y (and dy) is [batch, time, units]; otherwise only the last output [batch, units].
 * - goBackwards: step s reads x and mask at time-1-s; y stays in processing order.
 * - zeroOutputForMask: a masked step outputs zeros instead of repeating the previous output.
 */
const recurrentFlags = ["sequences:int", "goBackwards:int", "zeroOutputForMask:int"] as const;

/** Heads of the query, of keys and values, sizes within a head, position of the first query, factor of the products. */
const attentionSizes = [
  "heads:int",
  "keyHeads:int",
  "size:int",
  "valueSize:int",
  "offset:int",
  "scale:float",
  "causal:int",
] as const;

/** Factors of the gradient and of the weights that every optimizer update begins with. */
const stepFactors = ["scale:float", "keep:float"] as const;

export const kernelTable = {
  // ---- filling, copying, converting -------------------------------------------------------------------------------
  fill: kernel("out:out", "n:int", "value:float"),
  fillInt: kernel("out:outInt", "n:int", "value:int"),
  /** dims: [rank, sizes…, source strides…, destination strides…], strides in elements, possibly 0 or negative. */
  copyStrided: kernel("source:in", "destination:out", "dims:inInt"),
  castFloatToInt: kernel("x:in", "out:outInt", "n:int"), // truncates towards zero; NaN -> 0; saturates
  castIntToFloat: kernel("x:inInt", "out:out", "n:int"),
  castFloatToBool: kernel("x:in", "out:outInt", "n:int"), // x != 0
  castIntToBool: kernel("x:inInt", "out:outInt", "n:int"), // x != 0

  // ---- element-wise -----------------------------------------------------------------------------------------------
  unary: kernel("op:int", "x:in", "out:out", "n:int"),
  unaryInt: kernel("op:int", "x:inInt", "out:outInt", "n:int"),
  classify: kernel("op:int", "x:in", "out:outInt", "n:int"),
  /** dims: [rank, sizes…, strides of a…, strides of b…]; out is contiguous. A stride of 0 broadcasts. */
  binary: kernel("op:int", "a:in", "b:in", "out:out", "dims:inInt"),
  binaryInt: kernel("op:int", "a:inInt", "b:inInt", "out:outInt", "dims:inInt"),
  compare: kernel("op:int", "a:in", "b:in", "out:outInt", "dims:inInt"),
  compareInt: kernel("op:int", "a:inInt", "b:inInt", "out:outInt", "dims:inInt"),
  /** out[i] = condition[i] ? a[i] : b[i]; all contiguous with n elements. */
  select: kernel("condition:inInt", "a:in", "b:in", "out:out", "n:int"),
  clip: kernel("x:in", "out:out", "n:int", "low:float", "high:float"), // NaN passes
  /** dx = dy where low <= x <= high, else 0. */
  clipBackward: kernel("x:in", "dy:in", "dx:out", "n:int", "low:float", "high:float"),
  /** y += alpha * x */
  axpy: kernel("alpha:float", "x:in", "y:out", "n:int"),
  /** x *= factor */
  scaleInPlace: kernel("x:out", "n:int", "factor:float"),

  // ---- reductions over the middle axis of [outer, n, inner] ---------------------------------------------------------
  reduce: kernel("op:int", "x:in", "out:out", "outer:int", "n:int", "inner:int"),
  reduceInt: kernel("op:int", "x:inInt", "out:outInt", "outer:int", "n:int", "inner:int"),
  /** First position of the largest / smallest element; NaN counts as largest / smallest. */
  argReduce: kernel("op:int", "x:in", "out:outInt", "outer:int", "n:int", "inner:int"),
  cumulativeSum: kernel("x:in", "out:out", "outer:int", "n:int", "inner:int", "exclusive:int", "reverse:int"),
  /** out[0] = sum of squares. */
  sumSquares: kernel("x:in", "out:out", "n:int"),

  // ---- linear algebra ---------------------------------------------------------------------------------------------
  /**
   * out[b] = op(a[b]) · op(b[b]) (+ out[b] when accumulate): a is [m,k] ([k,m] if transposeA), b [k,n] ([n,k] if
   * transposeB), out [m,n]; strideA / strideB are the elements between two matrices of the batch, 0 to reuse one.
   */
  matMul: kernel(
    "a:in",
    "b:in",
    "out:out",
    "batch:int",
    "m:int",
    "n:int",
    "k:int",
    "strideA:int",
    "strideB:int",
    "transposeA:int",
    "transposeB:int",
    "accumulate:int",
  ),

  // ---- indexing ---------------------------------------------------------------------------------------------------
  /** x [outer, n, inner], indices [m] -> out [outer, m, inner]. Indices must be in range (see findOutOfRange). */
  gather: kernel("x:in", "indices:inInt", "out:out", "outer:int", "n:int", "m:int", "inner:int"),
  /** out [outer, n, inner] at indices [m] += updates [outer, m, inner]. */
  scatterAdd: kernel("indices:inInt", "updates:in", "out:out", "outer:int", "n:int", "m:int", "inner:int"),
  /** out[r, j] = x[r, indices[r, j]]: x [rows, n], indices [rows, k]. */
  pick: kernel("x:in", "indices:inInt", "out:out", "rows:int", "n:int", "k:int"),
  /** out[r, indices[r, j]] += updates[r, j]: out [rows, n]. */
  pickAdd: kernel("indices:inInt", "updates:in", "out:out", "rows:int", "n:int", "k:int"),
  /** Position of the first index outside [0, n), or -1. */
  findOutOfRange: query("indices:inInt", "count:int", "n:int"),
  /** Position of the first NaN or infinity, or -1. */
  findNonFinite: query("x:in", "n:int"),
  /** indices [count] -> out [count, depth]; an index out of range gives a row of `off`. */
  oneHot: kernel("indices:inInt", "out:out", "count:int", "depth:int", "on:float", "off:float"),
  /** The k largest of each row of x [rows, n], descending, lower index first among equals. */
  topK: kernel("x:in", "values:out", "indices:outInt", "rows:int", "n:int", "k:int"),

  // ---- softmax and cross-entropy over rows of [rows, n] -------------------------------------------------------------
  softmaxForward: kernel("x:in", "y:out", "rows:int", "n:int"),
  softmaxBackward: kernel("y:in", "dy:in", "dx:out", "rows:int", "n:int"),
  logSoftmaxForward: kernel("x:in", "y:out", "rows:int", "n:int"),
  logSoftmaxBackward: kernel("y:in", "dy:in", "dx:out", "rows:int", "n:int"),
  /** loss[r] = log(sum(exp(logits[r]))) - logits[r, targets[r]]; probabilities = softmax(logits), kept for backward. */
  sparseCrossEntropyForward: kernel(
    "logits:in",
    "targets:inInt",
    "loss:out",
    "probabilities?:out",
    "rows:int",
    "n:int",
  ),
  /** dlogits[r] = dloss[r] * (probabilities[r] - onehot(targets[r])). May run in place (dlogits = probabilities). */
  sparseCrossEntropyBackward: kernel(
    "probabilities:in",
    "targets:inInt",
    "dloss:in",
    "dlogits:out",
    "rows:int",
    "n:int",
  ),

  // ---- attention ----------------------------------------------------------------------------------------------------
  /**
   * y_i = sum_j p_ij v_j with p_i = softmax over j of (scale q_i · k_j - slope |i + offset - j|), for every sequence and
   * head: q [batch, queries, heads, size], k [batch, capacity, keyHeads, size], v [batch, capacity, keyHeads, valueSize],
   * y [batch, queries, heads, valueSize]. Head h looks at head h keyHeads / heads (rounded down) of the first `keys`
   * rows. Not looked at: keys where keyMask [batch, capacity] is 0 and, when causal, keys j > i + offset. A query that
   * looks at nothing, or whose queryMask [batch, queries] is 0, gives zeros. logSums [batch, heads, queries]: logarithm
   * of the sum of the exponentials of the scores (infinity for such a query), for backward. slopes: [heads].
   */
  attentionForward: kernel(
    "q:in",
    "k:in",
    "v:in",
    "keyMask?:inInt",
    "queryMask?:inInt",
    "slopes?:in",
    "y:out",
    "logSums?:out",
    "scratch?:out",
    "batch:int",
    "queries:int",
    "keys:int",
    "capacity:int",
    ...attentionSizes,
  ),
  /** As above, with a capacity of `keys`. */
  attentionBackward: kernel(
    "q:in",
    "k:in",
    "v:in",
    "keyMask?:inInt",
    "queryMask?:inInt",
    "slopes?:in",
    "y:in",
    "logSums:in",
    "dy:in",
    "dq:out",
    "dk:out",
    "dv:out",
    "scratch?:out",
    "batch:int",
    "queries:int",
    "keys:int",
    ...attentionSizes,
  ),
  /** Elements of scratch memory; those of forward with at most two queries do not depend on the number of threads. */
  attentionScratchSize: query(
    "batch:int",
    "queries:int",
    "keys:int",
    "heads:int",
    "size:int",
    "valueSize:int",
    "backward:int",
  ),

  // ---- normalization ------------------------------------------------------------------------------------------------
  /**
   * y = (x - mean) factor gamma + beta with factor = 1 / sqrt(variance + epsilon), for every row of x [rows, n]; gamma
   * and beta [n]. stats [rows, 2]: mean and factor, for backward.
   */
  layerNormForward: kernel(
    "x:in",
    "gamma:in",
    "beta:in",
    "y:out",
    "stats?:out",
    "rows:int",
    "n:int",
    "epsilon:float",
  ),
  layerNormBackward: kernel(
    "x:in",
    "gamma:in",
    "stats:in",
    "dy:in",
    "dx:out",
    "dGamma:out",
    "dBeta:out",
    "rows:int",
    "n:int",
  ),

  // ---- random numbers: Philox 4x32-10, key (key0, key1), counter = element index / 4 --------------------------------
  randomBits: kernel("out:outInt", "n:int", "key0:int", "key1:int"),
  /** low + (high - low) * (bits >> 8) * 2^-24 */
  randomUniform: kernel("out:out", "n:int", "low:float", "high:float", "key0:int", "key1:int"),
  /** Box-Muller on consecutive pairs of the Philox stream. */
  randomNormal: kernel("out:out", "n:int", "mean:float", "stddev:float", "key0:int", "key1:int"),
  /** Normal truncated at two standard deviations, by the inverse of the normal distribution function. */
  randomTruncatedNormal: kernel("out:out", "n:int", "mean:float", "stddev:float", "key0:int", "key1:int"),
  /** out = uniform < rate ? 0 : 1 / (1 - rate) */
  dropoutMask: kernel("out:out", "n:int", "rate:float", "key0:int", "key1:int"),

  // ---- optimizer updates, in place ----------------------------------------------------------------------------------
  // All begin with g = scale * g (clipping) and w = keep * w (decay); the gradient's array stays as it is.

  /** velocity = momentum * velocity - lr * g; w += velocity (Nesterov: w += momentum * velocity - lr * g). */
  sgdUpdate: kernel(
    "w:out",
    "g:in",
    "velocity?:out",
    "n:int",
    "lr:float",
    "momentum:float",
    "nesterov:int",
    ...stepFactors,
  ),
  /** v = rho v + (1-rho) g²; denominator = v - mean² if centered (mean given); step = lr g / sqrt(denominator + eps). */
  rmspropUpdate: kernel(
    "w:out",
    "g:in",
    "v:out",
    "velocity?:out",
    "mean?:out",
    "n:int",
    "lr:float",
    "rho:float",
    "momentum:float",
    "epsilon:float",
    ...stepFactors,
  ),
  /** m += (g-m)(1-beta1); v += (g²-v)(1-beta2); w -= alpha m / (sqrt(v) + eps), with max(v) if vMax is given. */
  adamUpdate: kernel(
    "w:out",
    "g:in",
    "m:out",
    "v:out",
    "vMax?:out",
    "n:int",
    "alpha:float",
    "beta1:float",
    "beta2:float",
    "epsilon:float",
    ...stepFactors,
  ),
  /** m and v as in Adam; w -= (fromMean m + fromGradient g) / (sqrt(correction v) + eps). */
  nadamUpdate: kernel(
    "w:out",
    "g:in",
    "m:out",
    "v:out",
    "n:int",
    "fromMean:float",
    "fromGradient:float",
    "correction:float",
    "beta1:float",
    "beta2:float",
    "epsilon:float",
    ...stepFactors,
  ),
  /** m as in Adam; norm = max(beta2 norm, |g|); w -= alpha m / (norm + eps). */
  adamaxUpdate: kernel(
    "w:out",
    "g:in",
    "m:out",
    "norm:out",
    "n:int",
    "alpha:float",
    "beta1:float",
    "beta2:float",
    "epsilon:float",
    ...stepFactors,
  ),
  /** accumulator += g²; w -= lr g / sqrt(accumulator + eps). */
  adagradUpdate: kernel("w:out", "g:in", "accumulator:out", "n:int", "lr:float", "epsilon:float", ...stepFactors),
  /** s = rho s + (1-rho) g²; d = g sqrt((a + eps) / (s + eps)); a = rho a + (1-rho) d²; w -= lr d. */
  adadeltaUpdate: kernel(
    "w:out",
    "g:in",
    "gradientSquares:out",
    "deltaSquares:out",
    "n:int",
    "lr:float",
    "rho:float",
    "epsilon:float",
    ...stepFactors,
  ),
  /** w -= lr sign(beta1 m + (1-beta1) g); m += (g-m)(1-beta2). */
  lionUpdate: kernel(
    "w:out",
    "g:in",
    "m:out",
    "n:int",
    "lr:float",
    "beta1:float",
    "beta2:float",
    ...stepFactors,
  ),

  // ---- whole-sequence recurrences -----------------------------------------------------------------------------------
  // `saved` carries what backward needs from forward; its layout belongs to the backend, its size in elements is asked
  // first. Forward without `saved` (inference) keeps nothing. `scratch` is working memory of the size asked for.
  // A masked step (mask [batch, time] = 0) keeps the state and repeats the previous output, which is zero before the
  // first valid step (Keras). recurrentMask [batch, units] multiplies h before the recurrent product at every step.
  // With `indices` [batch, time] instead of x, a step picks a row of the kernel in place of x·kernel: `inputs` counts the
  // kernel's rows, and backward adds each step's gradient to the row that it picked.
  // Inference keeps its arrangement of the weights in `packed` where that is given: memory that belongs to these weights
  // and this kernel, zeros before the first call. While the weights stay the same, later calls save that work. It has the
  // size asked for; 0 says that calls of these sizes have no use for it.

  /** h = activation(x·kernel + h·recurrent + bias); kernel [inputs, units], recurrent [units, units], bias [units]. */
  rnnForward: kernel(
    "activation:int",
    "x?:in",
    "indices?:inInt",
    "kernel:in",
    "recurrent:in",
    "bias?:in",
    "h0?:in",
    "mask?:inInt",
    "recurrentMask?:in",
    "y:out",
    "hT:out",
    "saved?:out",
    "packed?:out",
    "scratch:out",
    ...recurrentSizes,
    ...recurrentFlags,
  ),
  rnnBackward: kernel(
    "activation:int",
    "x?:in",
    "indices?:inInt",
    "kernel:in",
    "recurrent:in",
    "h0?:in",
    "mask?:inInt",
    "recurrentMask?:in",
    "saved:in",
    "dy?:in",
    "dhT?:in",
    "dx?:out",
    "dKernel:out",
    "dRecurrent:out",
    "dBias?:out",
    "dh0?:out",
    "scratch:out",
    ...recurrentSizes,
    ...recurrentFlags,
  ),
  rnnSavedSize: query(...recurrentSizes),
  rnnScratchSize: query(...recurrentSizes, "backward:int", "indexed:int", "packed:int"),
  rnnPackedSize: query(...recurrentSizes, "indexed:int"),

  /** Gates i, f, c, o (tanh / sigmoid): kernel [inputs, 4 units], recurrent [units, 4 units], bias [4 units]. */
  lstmForward: kernel(
    "x?:in",
    "indices?:inInt",
    "kernel:in",
    "recurrent:in",
    "bias?:in",
    "h0?:in",
    "c0?:in",
    "mask?:inInt",
    "recurrentMask?:in",
    "y:out",
    "hT:out",
    "cT:out",
    "saved?:out",
    "packed?:out",
    "scratch:out",
    ...recurrentSizes,
    ...recurrentFlags,
  ),
  lstmBackward: kernel(
    "x?:in",
    "indices?:inInt",
    "kernel:in",
    "recurrent:in",
    "h0?:in",
    "c0?:in",
    "mask?:inInt",
    "recurrentMask?:in",
    "saved:in",
    "dy?:in",
    "dhT?:in",
    "dcT?:in",
    "dx?:out",
    "dKernel:out",
    "dRecurrent:out",
    "dBias?:out",
    "dh0?:out",
    "dc0?:out",
    "scratch:out",
    ...recurrentSizes,
    ...recurrentFlags,
  ),
  lstmSavedSize: query(...recurrentSizes),
  lstmScratchSize: query(...recurrentSizes, "backward:int", "indexed:int", "packed:int"),
  lstmPackedSize: query(...recurrentSizes, "indexed:int"),

  /**
   * Gates z, r, h (tanh / sigmoid): kernel [inputs, 3 units], recurrent [units, 3 units]; bias [2, 3 units] (input row,
   * recurrent row) when resetAfter, else [3 units]. h' = z h + (1-z) c, with c = tanh(x_h + r (h·R_h + b_rh)) when
   * resetAfter, else tanh(x_h + (r h)·R_h).
   */
  gruForward: kernel(
    "resetAfter:int",
    "x?:in",
    "indices?:inInt",
    "kernel:in",
    "recurrent:in",
    "bias?:in",
    "h0?:in",
    "mask?:inInt",
    "recurrentMask?:in",
    "y:out",
    "hT:out",
    "saved?:out",
    "packed?:out",
    "scratch:out",
    ...recurrentSizes,
    ...recurrentFlags,
  ),
  gruBackward: kernel(
    "resetAfter:int",
    "x?:in",
    "indices?:inInt",
    "kernel:in",
    "recurrent:in",
    "bias?:in",
    "h0?:in",
    "mask?:inInt",
    "recurrentMask?:in",
    "saved:in",
    "dy?:in",
    "dhT?:in",
    "dx?:out",
    "dKernel:out",
    "dRecurrent:out",
    "dBias?:out",
    "dh0?:out",
    "scratch:out",
    ...recurrentSizes,
    ...recurrentFlags,
  ),
  gruSavedSize: query("resetAfter:int", ...recurrentSizes),
  gruScratchSize: query("resetAfter:int", ...recurrentSizes, "backward:int", "indexed:int", "packed:int"),
  gruPackedSize: query("resetAfter:int", ...recurrentSizes, "indexed:int"),
} as const satisfies Record<string, Signature>;

export type KernelName = keyof typeof kernelTable;
type Arguments<P extends readonly Parameter[]> = { [I in keyof P]: number };
type Result<S> = S extends { returns: "int" } ? number : void;

/** Every kernel as a function of numbers, in the table's order. */
export type Kernels = {
  readonly [K in KernelName]: (...args: Arguments<(typeof kernelTable)[K]["parameters"]>) => Result<(typeof kernelTable)[K]>;
};

/** Operation codes passed as `op`; the position in the list is the code, in TypeScript and in C++ alike. */
export const opCodes = {
  unary: [
    "neg", "abs", "sign", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "square", "reciprocal", "sin", "cos", "tanh",
    "sigmoid", "hardSigmoid", "relu", "softplus", "softsign", "elu", "gelu", "silu", "erf", "floor", "ceil", "round",
  ],
  unaryInt: ["neg", "abs", "sign", "square", "logicalNot"],
  classify: ["isNaN", "isInf", "isFinite"],
  /** tanhGrad(y, dy) = dy (1 - y²); sigmoidGrad(y, dy) = dy y (1 - y); reluGrad(x, dy) = x > 0 ? dy : 0; the rest alike, from x. */
  binary: [
    "add", "sub", "mul", "div", "pow", "maximum", "minimum", "mod", "floorDiv", "squaredDifference", "tanhGrad",
    "sigmoidGrad", "reluGrad", "geluGrad", "siluGrad", "softplusGrad", "eluGrad",
  ],
  binaryInt: ["add", "sub", "mul", "floorDiv", "mod", "maximum", "minimum", "logicalAnd", "logicalOr", "logicalXor"],
  compare: ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"],
  reduce: ["sum", "mean", "max", "min", "prod", "logSumExp"],
  reduceInt: ["sum", "max", "min", "prod"],
  argReduce: ["argMax", "argMin"],
  activation: ["linear", "tanh", "relu", "sigmoid"],
} as const;

export type OpFamily = keyof typeof opCodes;
export type OpCode<F extends OpFamily> = (typeof opCodes)[F][number];

/** The number a kernel expects for an operation's name. */
export function opCode<F extends OpFamily>(family: F, name: OpCode<F>): number {
  return (opCodes[family] as readonly string[]).indexOf(name);
}
