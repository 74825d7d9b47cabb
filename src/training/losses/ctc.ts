import { customGrad } from "../../autograd/custom.js";
import { checkOptions, RondoError } from "../../errors.js";
import { formatShape, sameShape, sizeOf } from "../../tensor/shape.js";
import { asTensor, type Tensor, type TensorLike, tensor } from "../../tensor/tensor.js";
import { defineLoss } from "./loss.js";

export interface CtcOptions {
  /** Class that means "no label here"; labels of this class, and negative ones, are padding. 0 by default. */
  blank?: number;
  /**
   * Whether sequences too short for their labels have loss and gradient 0. False by default: RondoError "value", since
   * their loss is infinite.
   */
  zeroInfinity?: boolean;
}

/** Paths through one example: its frames that count, and its labels with blanks around them. */
interface Example {
  readonly frames: readonly number[];
  readonly path: Int32Array;
}

export const LOG_ZERO = Number.NEGATIVE_INFINITY;

export function logAdd(a: number, b: number): number {
  if (a === LOG_ZERO) return b;
  if (b === LOG_ZERO) return a;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}

/** log softmax of every frame that counts, [frames, classes]. */
export function logProbabilities(logits: ArrayLike<number>, frames: readonly number[], classes: number): Float64Array {
  const result = new Float64Array(frames.length * classes);
  frames.forEach((frame, row) => {
    const from = frame * classes;
    let top = LOG_ZERO;
    for (let c = 0; c < classes; c++) top = Math.max(top, logits[from + c]!);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logits[from + c]! - top);
    const norm = top + Math.log(sum);
    for (let c = 0; c < classes; c++) result[row * classes + c] = logits[from + c]! - norm;
  });
  return result;
}

/** Whether the path may go from two places before straight to s: past a blank between different labels. */
function skips(path: Int32Array, s: number): boolean {
  return s >= 2 && s % 2 === 1 && path[s] !== path[s - 2];
}

/** alpha[t][s]: log probability of all beginnings that are at path[s] in frame t, this frame included. */
function forward(logP: Float64Array, path: Int32Array, frames: number, classes: number): Float64Array {
  const size = path.length;
  const alpha = new Float64Array(frames * size).fill(LOG_ZERO);
  for (let t = 0; t < frames; t++) {
    for (let s = 0; s < size; s++) {
      let sum = t === 0 && s < 2 ? 0 : LOG_ZERO;
      if (t > 0) {
        const before = (t - 1) * size;
        sum = alpha[before + s]!;
        if (s > 0) sum = logAdd(sum, alpha[before + s - 1]!);
        if (skips(path, s)) sum = logAdd(sum, alpha[before + s - 2]!);
      }
      alpha[t * size + s] = sum + logP[t * classes + path[s]!]!;
    }
  }
  return alpha;
}

/** beta[t][s]: log probability of all ends after frame t that start at path[s] in it, this frame excluded. */
function backward(logP: Float64Array, path: Int32Array, frames: number, classes: number): Float64Array {
  const size = path.length;
  const beta = new Float64Array(frames * size).fill(LOG_ZERO);
  for (let s = Math.max(0, size - 2); s < size; s++) beta[(frames - 1) * size + s] = 0;
  for (let t = frames - 2; t >= 0; t--) {
    const after = (t + 1) * size;
    const from = (s: number) => beta[after + s]! + logP[(t + 1) * classes + path[s]!]!;
    for (let s = 0; s < size; s++) {
      let sum = from(s);
      if (s + 1 < size) sum = logAdd(sum, from(s + 1));
      if (s + 2 < size && skips(path, s + 2)) sum = logAdd(sum, from(s + 2));
      beta[t * size + s] = sum;
    }
  }
  return beta;
}

/** log probability of the labels: of the paths that end in the last label or the blank after it. */
function logLikelihood(alpha: Float64Array, size: number): number {
  if (alpha.length === 0) return size === 1 ? 0 : LOG_ZERO;
  const last = alpha.length - 1;
  return size === 1 ? alpha[last]! : logAdd(alpha[last]!, alpha[last - 1]!);
}

/** Adds scale · (softmax - share of the probability that goes through each class) to `grad` (Graves 2006, eq. 16). */
function addGradient(
  grad: Float32Array,
  { frames, path }: Example,
  logP: Float64Array,
  alpha: Float64Array,
  classes: number,
  scale: number,
): void {
  const beta = backward(logP, path, frames.length, classes);
  const total = logLikelihood(alpha, path.length);
  frames.forEach((frame, t) => {
    const to = frame * classes;
    for (let c = 0; c < classes; c++) grad[to + c] = scale * Math.exp(logP[t * classes + c]!);
    path.forEach((c, s) => {
      const at = t * path.length + s;
      grad[to + c]! -= scale * Math.exp(alpha[at]! + beta[at]! - total);
    });
  });
}

const computed = (examples: readonly Example[], zeroInfinity: boolean) =>
  customGrad((logits: Tensor) => {
    const [, time, classes] = logits.shape as [number, number, number];
    const view = logits.view();
    const each = examples.map(({ frames, path }, b) => {
      const logP = logProbabilities(view.subarray(b * time * classes, (b + 1) * time * classes), frames, classes);
      const alpha = forward(logP, path, frames.length, classes);
      return { logP, alpha, loss: -logLikelihood(alpha, path.length) };
    });
    const impossible = (loss: number) => loss === Number.POSITIVE_INFINITY;
    each.forEach(({ loss }, b) => {
      if (!impossible(loss) || zeroInfinity) return;
      const { frames, path } = examples[b]!;
      throw new RondoError("value", `ctc: example ${b} of the batch is too short for its labels`, {
        received: `${frames.length} time steps for ${(path.length - 1) / 2} labels`,
        expected: "a step for every label, and one more between equal labels",
        fix: "leave such examples out, shorten the sequences less before the loss, or set zeroInfinity: true",
      });
    });
    return {
      value: tensor(Float32Array.from(each, ({ loss }) => (impossible(loss) ? 0 : loss))),
      gradFunc: (dy) => {
        const scales = dy.dataSync();
        const grad = new Float32Array(sizeOf(logits.shape));
        each.forEach(({ logP, alpha, loss }, b) => {
          if (impossible(loss) || examples[b]!.frames.length === 0) return;
          const part = grad.subarray(b * time * classes, (b + 1) * time * classes);
          addGradient(part, examples[b]!, logP, alpha, classes, scales[b]!);
        });
        return tensor(grad, logits.shape);
      },
    };
  });

function blankOf(where: string, blank: number, classes: number): number {
  if (Number.isInteger(blank) && blank >= 0 && blank < classes) return blank;
  throw new RondoError("value", `${where}: blank is one of the classes`, {
    received: String(blank),
    expected: `0 to ${classes - 1}`,
  });
}

/** The labels of every row that are not padding, with blanks before, between and after them. */
function pathsOf(labels: Tensor, logits: Tensor, blank: number): Int32Array[] {
  const [batch, , classes] = logits.shape as [number, number, number];
  if (labels.rank !== 2 || labels.shape[0] !== batch) {
    throw new RondoError("shape", "ctc: the targets do not fit the predictions", {
      received: `targets ${formatShape(labels.shape)}, predictions ${formatShape(logits.shape)}`,
      expected: `targets [${batch}, labels] (class numbers, padded with ${blank})`,
    });
  }
  const view = labels.view();
  const width = labels.shape[1]!;
  return Array.from({ length: batch }, (_, b) => {
    const own = Array.from(view.subarray(b * width, (b + 1) * width)).filter((c) => c !== blank && c >= 0);
    const wrong = own.find((c) => !Number.isInteger(c) || c >= classes);
    if (wrong !== undefined) {
      throw new RondoError("value", "ctc: a label is not a class of the model", {
        received: `${wrong} in example ${b} of the batch`,
        expected: `whole numbers below ${classes}`,
      });
    }
    const path = new Int32Array(2 * own.length + 1).fill(blank);
    own.forEach((c, i) => {
      path[2 * i + 1] = c;
    });
    return path;
  });
}

/** Numbers of the steps of row b that count. */
function framesOf(mask: Tensor | null, b: number, time: number): number[] {
  const all = Array.from({ length: time }, (_, t) => t);
  if (!mask) return all;
  const view = mask.view();
  return all.filter((t) => view[b * time + t] !== 0);
}

function compute(labels: Tensor, logits: Tensor, mask: Tensor | null, options: Required<CtcOptions>): Tensor {
  if (logits.rank !== 3) {
    throw new RondoError("shape", "ctc: predictions are logits for every time step", {
      received: formatShape(logits.shape),
      expected: "[batch, time, classes]",
      fix: "the last recurrent layer needs returnSequences: true",
    });
  }
  const [batch, time, classes] = logits.shape as [number, number, number];
  if (mask && !sameShape(mask.shape, [batch, time])) {
    throw new RondoError("shape", "ctc: the mask does not fit the predictions", {
      received: formatShape(mask.shape),
      expected: formatShape([batch, time]),
    });
  }
  const paths = pathsOf(labels, logits, blankOf("ctc", options.blank, classes));
  const examples = paths.map((path, b) => ({ path, frames: framesOf(mask, b, time) }));
  return computed(examples, options.zeroInfinity)(logits);
}

/**
 * Connectionist temporal classification (Graves et al. 2006): -log of the probability that the frames, after merging
 * repeats and removing blanks, spell the labels, summed over all alignments. One value per sequence, [batch].
 *
 * Predictions are logits [batch, time, classes], targets class numbers [batch, labels], padded with the blank (or negative
 * numbers). Steps that are masked count as not there, so that sequences of several lengths need nothing but `masking`.
 * Computed in double precision in the log domain. Unlike PyTorch's mean, the mean over a batch does not divide by the
 * number of labels.
 *
 * @example model.compile({ optimizer: "adam", loss: losses.ctc() })
 */
export const ctc = defineLoss<CtcOptions>("ctc", { blank: 0, zeroInfinity: false }, (options) => ({
  values: (yTrue, yPred, mask) => compute(yTrue, yPred, mask ?? null, options),
  readsMask: true,
}));

/**
 * The loss of `losses.ctc` for hand-written loops: one value per sequence, [batch], differentiable in the logits.
 *
 * @param labels class numbers [batch, labels], padded with the blank
 * @param logits [batch, time, classes]
 * @param options `inputLengths`: number of steps of every sequence that count, [batch]; all by default
 *
 * @example const loss = mean(ctcLoss(labels, logits, { inputLengths: [30, 25] }));
 */
export function ctcLoss(
  labels: TensorLike,
  logits: TensorLike,
  options: CtcOptions & { inputLengths?: readonly number[] } = {},
): Tensor {
  checkOptions("ctcLoss", options, ["blank", "zeroInfinity", "inputLengths"]);
  const { blank = 0, zeroInfinity = false, inputLengths } = options;
  const x = asTensor(logits);
  return compute(asTensor(labels), x, inputLengths ? prefixMask(inputLengths, x) : null, { blank, zeroInfinity });
}

function prefixMask(lengths: readonly number[], logits: Tensor): Tensor {
  const [batch, time] = logits.shape as [number, number];
  if (lengths.length !== batch || lengths.some((n) => !Number.isInteger(n) || n < 0 || n > time)) {
    throw new RondoError("value", "ctcLoss: inputLengths are whole numbers of steps, one for every sequence", {
      received: JSON.stringify(lengths),
      expected: `${batch} numbers of at most ${time}`,
    });
  }
  return tensor(
    lengths.map((n) => Array.from({ length: time }, (_, t) => t < n)),
    [batch, time],
    "bool",
  );
}
