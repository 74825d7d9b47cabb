import { checkOptions, RondoError } from "../../errors.js";
import { cast, equal, greater } from "../../tensor/ops/comparison.js";
import { reshape } from "../../tensor/ops/movement.js";
import { argMax } from "../../tensor/ops/reduce.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { checkCount } from "../checks.js";
import type { LossFunction } from "../losses/index.js";
import { type Metric, meanMetric } from "./metric.js";

/** The targets in `shape`, when only axes of size 1 at the end differ. */
export function inShape(name: string, yTrue: Tensor, shape: readonly number[], yPred: Tensor): Tensor {
  const column = sameShape(yTrue.shape, [...shape, 1]);
  const row = shape.at(-1) === 1 && sameShape(yTrue.shape, shape.slice(0, -1));
  if (!column && !row && !sameShape(yTrue.shape, shape)) {
    throw new RondoError("shape", `metric ${name}: the targets do not fit the predictions`, {
      received: `targets ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)}`,
      expected: `targets ${formatShape(shape)}`,
    });
  }
  return reshape(yTrue, shape);
}

const matches: Record<"binary" | "categorical" | "sparse", (name: string, threshold: number) => LossFunction> = {
  binary: (name, threshold) => (yTrue, yPred) => {
    const target = inShape(name, cast(yTrue, "float32"), yPred.shape, yPred);
    return cast(equal(target, cast(greater(yPred, threshold), "float32")), "float32");
  },
  categorical: (name) => (yTrue, yPred) =>
    cast(equal(argMax(inShape(name, yTrue, yPred.shape, yPred), -1), argMax(yPred, -1)), "float32"),
  sparse: (name) => (yTrue, yPred) => {
    const target = inShape(name, cast(yTrue, "int32"), yPred.shape.slice(0, -1), yPred);
    return cast(equal(target, argMax(yPred, -1)), "float32");
  },
};

/** Keras' rule for "accuracy": one output is binary, targets with fewer axes are class numbers, the rest one-hot. */
export function kindOf(yTrue: Tensor, yPred: Tensor): "binary" | "categorical" | "sparse" {
  const outputs = yPred.shape.at(-1);
  if (outputs === 1) return "binary";
  return yTrue.rank < yPred.rank || yTrue.shape.at(-1) === 1 ? "sparse" : "categorical";
}

/**
 * Share of right answers; binary, categorical or sparse is decided by the shapes, as in Keras.
 *
 * @example metrics.accuracy()
 */
export function accuracy(): Metric {
  return meanMetric({
    name: "accuracy",
    direction: "up",
    values: (yTrue, yPred) => matches[kindOf(yTrue, yPred)]("accuracy", 0.5)(yTrue, yPred),
    config: { name: "accuracy", config: {} },
  });
}

/** Share of outputs on the right side of `threshold` (0.5). @example metrics.binaryAccuracy({ threshold: 0.7 }) */
export function binaryAccuracy(options: { threshold?: number } = {}): Metric {
  checkOptions("metrics.binaryAccuracy", options, ["threshold"]);
  const { threshold = 0.5 } = options;
  return meanMetric({
    name: "binaryAccuracy",
    direction: "up",
    values: matches.binary("binaryAccuracy", threshold),
    config: { name: "binaryAccuracy", config: { threshold } },
  });
}

/** Share of examples whose largest output is where the one-hot target is. @example metrics.categoricalAccuracy() */
export function categoricalAccuracy(): Metric {
  return meanMetric({
    name: "categoricalAccuracy",
    direction: "up",
    values: matches.categorical("categoricalAccuracy", 0),
    config: { name: "categoricalAccuracy", config: {} },
  });
}

/**
 * Share of examples whose largest output is at the target's class number.
 *
 * @example metrics.sparseCategoricalAccuracy()
 */
export function sparseCategoricalAccuracy(): Metric {
  return meanMetric({
    name: "sparseCategoricalAccuracy",
    direction: "up",
    values: matches.sparse("sparseCategoricalAccuracy", 0),
    config: { name: "sparseCategoricalAccuracy", config: {} },
  });
}

/** 1 where fewer than k outputs are larger than that of the target's class. */
function amongTop(k: number, targets: Tensor, yPred: Tensor): Tensor {
  const scores = yPred.view();
  const classes = yPred.shape.at(-1)!;
  const hits = Float32Array.from(targets.view(), (target, row) => {
    const own = scores[row * classes + target]!;
    let larger = 0;
    for (let c = 0; c < classes; c++) if (scores[row * classes + c]! > own) larger++;
    return larger < k ? 1 : 0;
  });
  return tensor(hits, yPred.shape.slice(0, -1));
}

/** 1 where the target's class number is among the first k predicted. */
function amongFirst(k: number, targets: Tensor, yPred: Tensor): Tensor {
  const ids = yPred.view();
  const size = yPred.shape.at(-1)!;
  const own = inShape("sparseTopKCategoricalAccuracy", targets, yPred.shape.slice(0, -1), yPred).view();
  const hits = Float32Array.from(own, (target, row) => {
    for (let i = 0; i < Math.min(k, size); i++) if (ids[row * size + i] === target) return 1;
    return 0;
  });
  return tensor(hits, yPred.shape.slice(0, -1));
}

function topK(name: string, options: { k?: number }, targets: LossFunction, hits = amongTop): Metric {
  const known = name === "sparseTopKCategoricalAccuracy" ? ["k", "fromSortedIds"] : ["k"];
  checkOptions(`metrics.${name}`, options, known);
  const { k = 5 } = options;
  checkCount(`metrics.${name}`, "k", k);
  return meanMetric({
    name,
    direction: "up",
    values: (yTrue, yPred) => hits(k, targets(yTrue, yPred), yPred),
    config: { name, config: { k } },
  });
}

/**
 * Share of examples whose one-hot target is among the `k` (5) largest outputs; equal outputs count for the target.
 *
 * @example metrics.topKCategoricalAccuracy({ k: 3 })
 */
export function topKCategoricalAccuracy(options: { k?: number } = {}): Metric {
  const name = "topKCategoricalAccuracy";
  return topK(name, options, (yTrue, yPred) => argMax(inShape(name, yTrue, yPred.shape, yPred), -1));
}

/**
 * Share of examples whose target's class number is among the `k` (5) largest outputs, or with `fromSortedIds` among the first
 * `k` predictions, which then are class numbers.
 *
 * @example metrics.sparseTopKCategoricalAccuracy({ k: 3 })
 */
export function sparseTopKCategoricalAccuracy(options: { k?: number; fromSortedIds?: boolean } = {}): Metric {
  const name = "sparseTopKCategoricalAccuracy";
  const { fromSortedIds = false, ...rest } = options;
  if (fromSortedIds) {
    const metric = topK(name, rest, (yTrue) => yTrue, amongFirst);
    return { ...metric, config: { name, config: { ...metric.config!.config, fromSortedIds } } };
  }
  return topK(name, rest, (yTrue, yPred) => inShape(name, cast(yTrue, "int32"), yPred.shape.slice(0, -1), yPred));
}
