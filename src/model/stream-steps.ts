import { type OpCode, opCode, opCodes } from "../backend/kernels.js";
import { RondoError } from "../errors.js";
import { type Activation, activatedShape } from "../layers/activations.js";
import { ActivationLayer } from "../layers/core/activation.js";
import { Dense } from "../layers/core/dense.js";
import { Dropout } from "../layers/core/dropout.js";
import type { Embedding } from "../layers/core/embedding.js";
import type { Masking } from "../layers/core/masking.js";
import { Add } from "../layers/core/merge.js";
import type { ReversibleEmbedding } from "../layers/core/reversible-embedding.js";
import { TimeDistributed } from "../layers/core/time-distributed.js";
import type { CallFlags, Layer } from "../layers/layer.js";
import type { MultiInputLayer } from "../layers/multi-input-layer.js";
import { reshape } from "../tensor/ops/movement.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Variable } from "../tensor/variable.js";
import { checkAxis, checkOwnAxis, computesAs } from "./stream-checks.js";
import type { FixedKey, Source, StreamPlan, Value } from "./stream-plan.js";
import { copy, plainly } from "./stream-run.js";

/** A step as layers see it: [batch, 1, size] where there is a time axis. */
export function asLayersSee({ source, timed }: Value): Tensor {
  const x = source();
  return timed ? reshape(x, [x.shape[0]!, 1, x.shape[1]!]) : x;
}

/** The shape of that. */
function shapeSeen({ source, timed }: Value): number[] {
  const [batch, size] = source().shape as [number, number];
  return timed ? [batch, 1, size] : [batch, size];
}

export function dense(plan: StreamPlan, layer: Dense, x: Value): Value {
  const [inputs, units] = layer.kernel.shape as [number, number];
  const source = linear(plan, layer.kernel, layer.bias, inputs, units, x.source);
  return activation(plan, layer, layer.options.activation, { ...x, source });
}

/** x · kernel + bias, the kernel taken as [inputs, units]. */
export function linear(
  plan: StreamPlan,
  kernel: Variable,
  bias: Variable | null,
  inputs: number,
  units: number,
  source: Source,
): Source {
  const { batch } = plan;
  const { kernels } = plan.engine;
  const y = plan.buffer([batch, units]);
  if (bias) {
    // The product is added to the bias, which is written to every row first.
    const dims = plan.buffer([7], "int32");
    dims.write([2, batch, units, 0, 1, units, 1]);
    plan.actions.push(() => kernels.copyStrided(bias.offset, y.offset, dims.offset));
  }
  const accumulate = bias ? 1 : 0;
  plan.actions.push(() => {
    kernels.matMul(source().offset, kernel.offset, y.offset, 1, batch, units, inputs, 0, 0, 0, 0, accumulate);
  });
  return () => y;
}

export function activation(plan: StreamPlan, layer: Layer, { config, apply }: Activation, x: Value): Value {
  if (config === "linear") return x;
  if (typeof config === "object" && typeof config["axis"] === "number") checkAxis(layer, config["axis"], x.timed);
  const { source } = x;
  const shape = activatedShape({ config, apply }, shapeSeen(x)) as number[];
  const y = plan.buffer([plan.batch, shape.at(-1)!]);
  const { kernels } = plan.engine;
  const [rows, n] = y.shape as [number, number];
  if (config === "softmax") {
    plan.actions.push(() => kernels.softmaxForward(source().offset, y.offset, rows, n));
  } else if (config === "logSoftmax") {
    plan.actions.push(() => kernels.logSoftmaxForward(source().offset, y.offset, rows, n));
  } else {
    const name = config === "swish" ? "silu" : config === "exponential" ? "exp" : config;
    const op = opCodes.unary.includes(name as OpCode<"unary">) ? opCode("unary", name as OpCode<"unary">) : -1;
    if (op >= 0) plan.actions.push(() => kernels.unary(op, source().offset, y.offset, y.size));
    else plan.actions.push(() => plainly(() => copy(apply(asLayersSee(x)), y)));
  }
  return { ...x, source: () => y };
}

export function embedding(plan: StreamPlan, layer: Embedding | ReversibleEmbedding, { source, timed }: Value): Value {
  const { inputDim, outputDim, maskZero } = layer.options;
  const { batch } = plan;
  if (source() !== plan.input || !plan.tokens) {
    throw new RondoError("option", "an embedding can be streamed as the first layer only", { path: layer.describe() });
  }
  const y = plan.buffer([batch, outputDim]);
  const { kernels } = plan.engine;
  plan.actions.push(() => {
    kernels.gather(layer.embeddings.offset, source().offset, y.offset, 1, inputDim, batch, outputDim);
  });
  const mask = maskZero ? plan.buffer([batch, 1], "bool") : null;
  if (mask) plan.actions.push(() => kernels.castIntToBool(source().offset, mask.offset, batch));
  return { source: () => y, mask, timed };
}

/** Adds the row of this step. */
export function positions(plan: StreamPlan, table: Tensor, x: Value): Value {
  return { ...x, source: plus(plan, x.source, () => table.offset + 4 * plan.position * table.shape[1]!, 0) };
}

/** x [batch, n] plus what lies at an offset, whose rows are `stride` elements apart. */
export function plus(plan: StreamPlan, x: Source, offset: () => number, stride: number): Source {
  const y = plan.buffer(x().shape);
  const [batch, n] = y.shape as [number, number];
  const dims = plan.buffer([7], "int32");
  dims.write([2, batch, n, n, 1, stride, 1]);
  const add = opCode("binary", "add");
  plan.actions.push(() => plan.engine.kernels.binary(add, x().offset, offset(), y.offset, dims.offset));
  return () => y;
}

export function masking(plan: StreamPlan, layer: Masking, { source, timed }: Value): Value {
  const y = plan.buffer(source().shape);
  const mask = plan.buffer([plan.batch, 1], "bool");
  plan.actions.push(() =>
    plainly(() => {
      copy(layer.computeMask(source()), mask);
      copy(layer.call(source()), y);
    }),
  );
  return { source: () => y, mask, timed };
}

/** A layer that treats every step by itself, or is told to by timeDistributed, which sees no time axis then. */
export function everyStep(plan: StreamPlan, layer: Layer, x: Value, flags: CallFlags = {}): Value {
  if (layer instanceof TimeDistributed) {
    return { ...everyStep(plan, layer.layer, { ...x, timed: false, mask: null }), timed: x.timed, mask: x.mask };
  }
  if (computesAs(layer, Dropout)) return x;
  if (computesAs(layer, Dense)) return dense(plan, layer as Dense, x);
  if (computesAs(layer, ActivationLayer)) {
    return activation(plan, layer, (layer as ActivationLayer).options.activation, x);
  }
  checkOwnAxis(layer, x.timed);
  const shape = layer.computeOutputShapesMany([shapeSeen(x)], flags)[0] as number[];
  if (shape.length !== (x.timed ? 3 : 2)) {
    throw new RondoError("shape", "only steps that are vectors can be streamed", { path: layer.describe() });
  }
  const y = plan.buffer([plan.batch, shape.at(-1)!]);
  plan.actions.push(() =>
    plainly(() => copy(layer.callMany([asLayersSee(x)], { ...flags, training: false, masks: [null] }) as Tensor, y)),
  );
  return { ...x, source: () => y };
}

/** Sums, products and the like of steps, or of a step and what is the same at every step. */
export function merge(plan: StreamPlan, layer: MultiInputLayer, inputs: readonly (Value | FixedKey)[]): Value {
  const steps = inputs.filter((each) => "source" in each);
  const [first] = steps as [Value, ...Value[]];
  const masks = inputs.map((each) => ("source" in each ? each.mask : null));
  const oneMask = masks.every((each) => each === masks[0]) ? masks[0]! : null;
  const joined = !oneMask && masks.every((each) => each !== null);
  const alikeInSize = steps.every(
    ({ source, timed }) => timed === first.timed && source().size === first.source().size,
  );
  if (layer instanceof Add && steps.length === inputs.length && alikeInSize && !joined) {
    const source = steps.slice(1).reduce((sum, { source: x }) => {
      return plus(plan, sum, () => x().offset, x().shape[1]!);
    }, first.source);
    return { ...first, source, mask: oneMask };
  }
  checkOwnAxis(layer, first.timed);
  const shapes = inputs.map((each) => ("source" in each ? shapeSeen(each) : [plan.batch, ...each.shape.slice(1)]));
  const alike = steps.every(({ timed }) => timed === first.timed) && shapes.every((s) => s.length < 3 || s[1] === 1);
  const shape = layer.computeOutputShapeMany(shapes) as number[];
  if (!alike || shape.length !== shapeSeen(first).length) {
    throw new RondoError("option", "only values of the same step can be merged while streaming", {
      path: layer.describe(),
      received: inputs.map((each) => ("source" in each ? "a step" : "a sequence that is known whole")).join(", "),
      expected: "steps, and values [batch, size] that are the same at every step",
    });
  }
  const y = plan.buffer([plan.batch, shape.at(-1)!]);
  const readers = inputs.map((each) => {
    if ("source" in each) return () => asLayersSee(each);
    const kept = plan.keepFixed((read) => [read(each).tensor]);
    return () => kept()[0]!;
  });
  const mask = joined ? plan.buffer([plan.batch, 1], "bool") : null;
  plan.actions.push(() =>
    plainly(() => {
      const values = readers.map((reader) => reader());
      copy(layer.callMany(values, { training: false, masks }) as Tensor, y);
      if (mask) copy(layer.computeMaskMany(values, masks)!, mask);
    }),
  );
  return { source: () => y, mask: mask ?? oneMask, timed: first.timed };
}
