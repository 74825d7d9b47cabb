import { variableGrads } from "../autograd/gradients.js";
import { noGrad } from "../autograd/tape.js";
import { arrayBatches, type Batch, examplesOf } from "../data/batches.js";
import type { DataLike } from "../data/host-array.js";
import { RondoError } from "../errors.js";
import type { Weight } from "../layers/layer.js";
import type { ForwardResult, Model } from "../model/model.js";
import { add } from "../tensor/ops/arithmetic.js";
import { scope } from "../tensor/scope.js";
import { keep, type Tensor } from "../tensor/tensor.js";
import type { Logs } from "./callbacks.js";
import { lossValue } from "./losses/index.js";

/** Steps from..to of the second axis of a batch. */
export type TimeWindow = readonly [from: number, to: number];

interface Targets {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly sampleWeight: Tensor | null;
}

function read(batch: Batch, time?: TimeWindow): Targets {
  const { x, y, sampleWeight } = batch.read(time);
  if (y) return { x, y, sampleWeight };
  throw new RondoError("data", "there are no targets to compute the loss with", {
    received: "x alone",
    expected: "fit(x, y), or batches { x, y }",
  });
}

/** The loss the model is trained on: that of its output, and the penalties of regularized weights that are trained. */
function totalLoss(
  model: Model,
  { y, sampleWeight }: Targets,
  { output, mask }: ForwardResult,
  trained: readonly Weight[],
): Tensor {
  let loss = lossValue(model.compiled.loss, y, output, sampleWeight, mask);
  for (const { variable, regularizer } of trained) {
    if (regularizer) loss = add(loss, regularizer.apply(variable));
  }
  return loss;
}

/** The weights that are not frozen. */
function trainedWeights(model: Model): Weight[] {
  const trainable = new Set(model.trainableWeights);
  return model.allWeights.filter(({ variable }) => trainable.has(variable));
}

/**
 * One update: forward, loss, backward, optimizer, constraints, metrics. Every temporary is freed at the end. Returns the
 * loss. Throws RondoError "nonFinite" before any weight changes when the loss or a gradient is not finite.
 */
export function trainStep(model: Model, batch: Batch, time?: TimeWindow): number {
  return scope(() => {
    const targets = read(batch, time);
    model.build(targets.x.shape);
    const { optimizer } = model.compiled;
    const trained = trainedWeights(model);
    const variables = trained.map(({ variable }) => variable);
    if (variables.length === 0) {
      throw new RondoError("state", `${model.name} has no weights to train`, {
        fix: "set trainable: true on a layer that has weights",
      });
    }
    // Metrics look at what the gradient's own scope would free.
    const borrowed: Tensor[] = [];
    const borrow = (t: Tensor) => {
      if (!t.kept) borrowed.push(keep(t));
      return t;
    };
    let output: Tensor | undefined;
    let mask: Tensor | null = null;
    const computeLoss = () => {
      const result = model.forward(targets.x, true);
      output = borrow(result.output);
      mask = result.mask && borrow(result.mask);
      return totalLoss(model, targets, result, trained);
    };
    try {
      const { value, grads } = variableGrads(computeLoss, variables, { allowNonFinite: true });
      const loss = value.item();
      if (!Number.isFinite(loss)) throw notFinite(model, loss, targets);
      optimizer.apply(grads);
      for (const { variable, constraint } of trained) {
        if (constraint) variable.assign(constraint.apply(variable));
      }
      // Windows of one batch count by their length.
      const weight = batch.size * (time ? time[1] - time[0] : 1);
      model.compiled.update(loss, weight, targets.y, output!, targets.sampleWeight, mask);
      return loss;
    } finally {
      for (const t of borrowed) t.dispose();
    }
  });
}

/** Loss and metrics of one batch, without an update. Returns the loss. */
export function testStep(model: Model, batch: Batch): number {
  return noGrad(() =>
    scope(() => {
      const targets = read(batch);
      model.build(targets.x.shape);
      const result = model.forward(targets.x, false);
      const value = totalLoss(model, targets, result, trainedWeights(model)).item();
      if (!Number.isFinite(value)) throw notFinite(model, value, targets);
      model.compiled.update(value, batch.size, targets.y, result.output, targets.sampleWeight, result.mask);
      return value;
    }),
  );
}

function firstNonFinite(t: Tensor | null): number {
  if (t?.dtype !== "float32") return -1;
  return t.storage.engine.kernels.findNonFinite(t.offset, t.size);
}

/** Says where NaN or infinity came from: the data, or the first layer whose output has it. */
function notFinite(model: Model, loss: number, targets: Targets): RondoError {
  const where = `step ${model.compiled.optimizer.iterations + 1}`;
  for (const [name, part] of Object.entries(targets) as [string, Tensor | null][]) {
    const at = firstNonFinite(part);
    if (at < 0) continue;
    const example = Math.floor(at / (part!.size / part!.shape[0]!));
    return new RondoError("nonFinite", `${where}: the loss is ${loss} because ${name} holds ${part!.view()[at]}`, {
      received: `${part!.view()[at]} in example ${example} of the batch`,
      expected: "finite numbers",
      fix: "remove or fill in missing values before training; the weights are as they were before this step",
    });
  }
  let first: string | null = null;
  scope(() =>
    noGrad(() => {
      model.forward(targets.x, false, (layer, output) => {
        if (first === null && firstNonFinite(output) >= 0) first = layer.describe();
      });
    }),
  );
  return new RondoError("nonFinite", `${where}: the loss is ${loss}`, {
    path: first ?? undefined,
    received: first ? `the output of ${first} is the first that is not finite` : "finite outputs of all layers",
    expected: "a finite loss",
    fix: `lower the learning rate (now ${model.compiled.optimizer.learningRate}), clip gradients with globalClipNorm, or scale the data; the weights are as they were before this step`,
  });
}

function single(where: string, x: DataLike, y: DataLike, sampleWeight?: DataLike): Batch {
  const examples = examplesOf(where, x, y, sampleWeight);
  const [batch] = [...(arrayBatches(examples, examples.x.length).open() as Iterable<Batch>)];
  return batch!;
}

/** `Model.trainOnBatch`. */
export function trainBatch(model: Model, x: DataLike, y: DataLike, sampleWeight?: DataLike): Logs {
  return aside(model, () => trainStep(model, single("trainOnBatch", x, y, sampleWeight)));
}

/** `Model.testOnBatch`. */
export function testBatch(model: Model, x: DataLike, y: DataLike, sampleWeight?: DataLike): Logs {
  return aside(model, () => testStep(model, single("testOnBatch", x, y, sampleWeight)));
}

/** Loss and metrics of `body` alone, leaving the running means of a training around it as they were. */
function aside(model: Model, body: () => void): Logs {
  const { compiled } = model;
  const before = compiled.getState();
  compiled.reset();
  try {
    body();
    return compiled.logs();
  } finally {
    compiled.setState(before);
  }
}
