import { variableGrads } from "../autograd/gradients.js";
import { noGrad } from "../autograd/tape.js";
import { arrayBatches, type Batch, type BatchTensors } from "../data/batches.js";
import { type DataParts, examplesOf } from "../data/examples.js";
import { RondoError } from "../errors.js";
import { latestPenalties, maskOf, watchCalls } from "../layers/call-watch.js";
import type { Weight } from "../layers/layer.js";
import type { ForwardResult, LayerObserver, Model } from "../model/model.js";
import { add, mul } from "../tensor/ops/arithmetic.js";
import { scope } from "../tensor/scope.js";
import { keep, Tensor } from "../tensor/tensor.js";
import type { Logs } from "./callbacks.js";
import { lossValue } from "./losses/index.js";

/** Steps from..to of the second axis of a batch. */
export type TimeWindow = readonly [from: number, to: number];

/** A batch as tensors; targets are there wherever there is a loss. */
interface Targets extends BatchTensors {
  readonly y: readonly (Tensor | null)[];
}

function read(model: Model, batch: Batch, time?: TimeWindow): Targets {
  const { x, y, sampleWeight } = batch.read(time);
  const missing = model.compiled.outputs.find(({ needsTargets }, i) => needsTargets && !y?.[i]);
  if (y && !missing) return { x, y, sampleWeight };
  throw new RondoError("data", "there are no targets to compute the loss with", {
    received: y && missing ? `nothing for the output "${missing.name}"` : "x alone",
    expected: "fit(x, y), or batches { x, y }",
  });
}

interface Losses {
  /** What the model is trained on: the losses of its outputs, weighted, and the penalties of regularized weights and outputs. */
  readonly total: Tensor;
  /** Unweighted, by output; null for an output without one. */
  readonly parts: readonly (Tensor | null)[];
}

function lossesOf(
  model: Model,
  { y, sampleWeight }: Targets,
  { outputs, masks }: ForwardResult,
  trained: readonly Weight[],
  penalties: readonly Tensor[],
): Losses {
  let total = null as Tensor | null;
  const parts = model.compiled.outputs.map(({ loss, lossWeight }, i) => {
    if (!loss) return null;
    const part = judged(model, i, () => lossValue(loss, y[i]!, outputs[i]!, sampleWeight[i] ?? null, masks[i] ?? null));
    const weighted = lossWeight === 1 ? part : mul(part, lossWeight);
    total = total ? add(total, weighted) : weighted;
    return part;
  });
  for (const { variable, regularizer } of trained) {
    if (regularizer && total) total = add(total, regularizer.apply(variable));
  }
  if (total) {
    for (const penalty of penalties) total = add(total, penalty);
    return { total, parts };
  }
  throw new RondoError("state", `${model.name} was compiled without a loss`, {
    fix: "name one in compile(), or compute the loss in trainStep",
  });
}

/** Outputs, and what activity regularizers make of them and of all layers' before, also of layers that layers apply. */
function forward(model: Model, x: readonly Tensor[], training: boolean) {
  const list: Tensor[] = [];
  const penalties = (_: unknown, penalty: Tensor) => list.push(penalty);
  return { made: watchCalls({ penalties }, () => model.forward(x, { training, penalties })), penalties: list };
}

/** Has errors about the shape of an output say where it is made. */
function judged(model: Model, output: number, value: () => Tensor): Tensor {
  try {
    return value();
  } catch (error) {
    if (!(error instanceof RondoError) || error.code !== "shape" || error.path) throw error;
    const { outputs } = model.partNames;
    const path = outputs.length > 1 ? `${model.name}, output ${outputs[output]}` : model.layers.at(-1)?.describe();
    const { received, expected, fix } = error;
    throw new RondoError("shape", error.message.split("\n")[0]!, { received, expected, fix, path, cause: error });
  }
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
    const targets = read(model, batch, time);
    model.prepare(targets.x);
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
    const borrow = <T extends Tensor | null>(t: T): T => {
      if (t && !t.kept) borrowed.push(keep(t));
      return t;
    };
    let result: ForwardResult | undefined;
    let parts: readonly (Tensor | null)[] = [];
    let unscaled: Tensor | undefined;
    const computeLoss = () => {
      const { made, penalties } = forward(model, targets.x, true);
      result = { outputs: made.outputs.map(borrow), masks: made.masks.map(borrow) };
      const losses = lossesOf(model, targets, result, trained, penalties);
      if (model.compiled.outputs.length > 1) parts = losses.parts.map(borrow);
      if (optimizer.lossScale === 1) return losses.total;
      unscaled = borrow(losses.total);
      return optimizer.scaleLoss(unscaled);
    };
    try {
      const { value, grads } = variableGrads(computeLoss, variables, { allowNonFinite: true });
      const loss = (unscaled ?? value).item();
      if (!Number.isFinite(loss)) throw notFinite(model, loss, targets);
      optimizer.apply(grads);
      for (const { variable, constraint } of trained) {
        if (constraint) variable.assign(constraint.apply(variable));
      }
      // Windows of one batch count by their length.
      const weight = batch.size * (time ? time[1] - time[0] : 1);
      model.compiled.update({ loss, parts: parts.map((p) => p?.item() ?? null), weight, ...targets, ...result! });
      return loss;
    } finally {
      for (const t of borrowed) t.dispose();
    }
  });
}

/** One tensor, or one for each output. */
export type Parts = Tensor | readonly Tensor[];

const listOf = (parts: Parts): readonly Tensor[] => (parts instanceof Tensor ? [parts] : parts);

/** `Model.computeLoss`. */
export function computeLoss(model: Model, y: Parts, yPred: Parts, sampleWeight?: Parts | null): Tensor {
  const outputs = listOf(yPred);
  const targets = { x: [], y: listOf(y), sampleWeight: sampleWeight ? listOf(sampleWeight) : [] };
  const result = { outputs, masks: outputs.map(maskOf) };
  return lossesOf(model, targets, result, trainedWeights(model), latestPenalties(model.layers)).total;
}

/** What metrics look at; lists for several outputs. */
export interface MetricInputs {
  readonly loss: Tensor | number;
  readonly y: Parts;
  readonly yPred: Parts;
  readonly sampleWeight?: Parts | null;
}

/** `Model.updateMetrics`. */
export function updateMetrics(model: Model, { loss, y, yPred, sampleWeight }: MetricInputs): void {
  const outputs = listOf(yPred);
  model.compiled.update({
    loss: typeof loss === "number" ? loss : loss.item(),
    parts: [],
    weight: outputs[0]!.shape[0]!,
    y: listOf(y),
    outputs,
    sampleWeight: sampleWeight ? listOf(sampleWeight) : [],
    masks: outputs.map(maskOf),
  });
}

/** Runs `trainStep` or `testStep` of a model, which may be its own, and logs what it returns. Returns the loss. */
export function runStep(model: Model, batch: Batch, step: () => number | Logs): number {
  const made = step();
  const values = typeof made === "number" ? { "the loss": made } : made;
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "number" && Number.isFinite(value)) continue;
    throw new RondoError("nonFinite", `step ${model.optimizer.iterations + 1}: ${name} is not a finite number`, {
      received: String(value),
      fix: "lower the learning rate, clip gradients, or scale the data",
    });
  }
  if (typeof made === "number") return made;
  model.compiled.addLogs(made, batch.size);
  return made.loss ?? Number.NaN;
}

/** Loss and metrics of one batch, without an update. Returns the loss. */
export function testStep(model: Model, batch: Batch): number {
  return noGrad(() =>
    scope(() => {
      const targets = read(model, batch);
      model.prepare(targets.x);
      const { made: result, penalties } = forward(model, targets.x, false);
      const { total, parts } = lossesOf(model, targets, result, trainedWeights(model), penalties);
      const loss = total.item();
      if (!Number.isFinite(loss)) throw notFinite(model, loss, targets);
      const values = model.compiled.outputs.length > 1 ? parts.map((p) => p?.item() ?? null) : [];
      model.compiled.update({ loss, parts: values, weight: batch.size, ...targets, ...result });
      return loss;
    }),
  );
}

function firstNonFinite(t: Tensor | null | undefined): number {
  if (t?.dtype !== "float32") return -1;
  return t.storage.engine.kernels.findNonFinite(t.offset, t.size);
}

/** Says where NaN or infinity came from: the data, or the first layer whose output has it. */
function notFinite(model: Model, loss: number, targets: Targets): RondoError {
  const where = `step ${model.compiled.optimizer.iterations + 1}`;
  const { inputs, outputs } = model.partNames;
  const parts = (["x", "y", "sampleWeight"] as const).flatMap((what) => {
    const names = what === "x" ? inputs : outputs;
    return targets[what].map((part, i) => [names.length > 1 ? `${what} (${names[i]})` : what, part] as const);
  });
  for (const [name, part] of parts) {
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
      const observe: LayerObserver = (layer, output) => {
        if (first === null && firstNonFinite(output) >= 0) first = layer.describe();
      };
      model.forward(targets.x, { training: false, observe });
    }),
  );
  return new RondoError("nonFinite", `${where}: the loss is ${loss}`, {
    path: first ?? undefined,
    received: first ? `the output of ${first} is the first that is not finite` : "finite outputs of all layers",
    expected: "a finite loss",
    fix: `lower the learning rate (now ${model.compiled.optimizer.learningRate}), clip gradients with globalClipNorm, or scale the data; the weights are as they were before this step`,
  });
}

function single(where: string, model: Model, x: DataParts, y: DataParts, sampleWeight?: DataParts): Batch {
  const examples = examplesOf(where, model.partNames, x, y, sampleWeight);
  const [batch] = [...(arrayBatches(examples, examples.x[0]!.length).open() as Iterable<Batch>)];
  return batch!;
}

/** `Model.trainOnBatch`. */
export function trainBatch(model: Model, x: DataParts, y: DataParts, sampleWeight?: DataParts): Logs {
  const batch = single("trainOnBatch", model, x, y, sampleWeight);
  return aside(model, () => runStep(model, batch, () => model.trainStep(batch)));
}

/** `Model.testOnBatch`. */
export function testBatch(model: Model, x: DataParts, y: DataParts, sampleWeight?: DataParts): Logs {
  const batch = single("testOnBatch", model, x, y, sampleWeight);
  return aside(model, () => runStep(model, batch, () => model.testStep(batch)));
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
