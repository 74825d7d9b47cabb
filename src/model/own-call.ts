import { noGrad } from "../autograd/tape.js";
import { RondoError } from "../errors.js";
import { attachMask, maskOf, watchCalls } from "../layers/call-watch.js";
import { Component } from "../layers/component.js";
import { type BatchShape, Layer } from "../layers/layer.js";
import { zeros } from "../tensor/ops/creation.js";
import { scope } from "../tensor/scope.js";
import { Tensor } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";
import { type ForwardOptions, type ForwardResult, Model, type ModelCallContext } from "./model.js";
import { ModelLayer } from "./model-layer.js";
import type { SummaryRow } from "./summary.js";

type Call = (inputs: Tensor | readonly Tensor[], context: ModelCallContext) => Tensor | readonly Tensor[];

/** What is asked of a model that is a class with a `call`: its layers are the fields, its shapes are found by calling. */
export class OwnCall {
  inputShapes: readonly BatchShape[] | null = null;
  outputShapes: readonly BatchShape[] | null = null;
  private readonly shapes = new Map<Layer, BatchShape>();

  constructor(private readonly model: Model) {}

  get layers(): readonly Layer[] {
    return this.parts.map(([, layer]) => layer);
  }

  /** The layers by the fields they are kept in: "encoder", "blocks/0". */
  get parts(): readonly (readonly [string, Layer])[] {
    const found = new Map<Layer, string>();
    const visit = (value: unknown, path: string): void => {
      if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, `${path}/${i}`);
      const layer = value instanceof Layer ? value : value instanceof Model ? value.asLayer() : null;
      if (layer instanceof ModelLayer) layer.byPosition = true;
      if (layer && !found.has(layer)) found.set(layer, path);
      const cell = value instanceof Component && !(value instanceof Layer);
      if (cell || (value instanceof Variable && value.trainable)) {
        throw new RondoError("state", `${this.model.name}: what is in "${path}" would not be trained or saved`, {
          received: cell ? "a cell" : "a variable",
          expected: "layers, models, and arrays of them",
          fix: cell ? "use layers.rnn({ cell })" : "extend Layer and make the weight with addWeight in build()",
        });
      }
    };
    for (const [field, value] of Object.entries(this.model)) visit(value, field);
    return [...found].map(([layer, path]) => [path, layer]);
  }

  forward(inputs: readonly Tensor[], { training, masks, observe, penalties }: ForwardOptions): ForwardResult {
    for (const [i, x] of inputs.entries()) attachMask(x, masks?.[i] ?? null);
    const call = (this.model.call as unknown as Call).bind(this.model);
    const made = watchCalls({ observe, penalties }, () => {
      return call(inputs.length === 1 ? inputs[0]! : inputs, { training, mask: masks?.[0] ?? null });
    });
    const outputs = made instanceof Tensor ? [made] : made;
    const { outputs: names } = this.model.partNames;
    const fits = Array.isArray(outputs) && outputs.every((each) => each instanceof Tensor);
    if (!fits || outputs.length !== names.length) {
      throw new RondoError("shape", `${this.model.name}: call() must return ${names.length} tensors`, {
        received: fits ? `${outputs.length} tensors` : String(made),
        expected: `one for each of partNames.outputs: ${names.join(", ")}`,
      });
    }
    return { outputs, masks: outputs.map(maskOf) };
  }

  /** Makes the weights by calling the model on zeros, one example. */
  build(shapes: readonly BatchShape[]): void {
    if (this.inputShapes) return;
    const given = shapes.map((shape) => shape.map((n, axis) => (axis === 0 ? null : n)));
    const { parts } = this;
    for (const [path, layer] of parts) layer.path = `${this.model.name}, layer ${path}`;
    this.outputShapes = this.probe(given, (layer, output) => this.shapes.set(layer, [null, ...output.shape.slice(1)]));
    this.inputShapes = given;
    // Names in messages, files and the optimizer's state: by field, as a loaded copy of the class has them too.
    for (const [name, variable] of this.model.namedWeights) variable.name = name;
  }

  shapesFor(shapes: readonly BatchShape[]): readonly BatchShape[] {
    return this.probe(shapes);
  }

  /** Shapes of the outputs. Sizes that are not known are tried with two numbers: what follows them is not known either. */
  private probe(shapes: readonly BatchShape[], observe?: ForwardOptions["observe"]): readonly BatchShape[] {
    const run = (unknown: number) =>
      noGrad(() =>
        scope(() => {
          const inputs = shapes.map((shape) => zeros(shape.map((n, axis) => (axis === 0 ? 1 : (n ?? unknown)))));
          const { outputs } = this.forward(inputs, { training: false, ...(observe ? { observe } : {}) });
          return outputs.map(({ shape }) => shape);
        }),
      );
    const first = run(16);
    const open = shapes.some((shape) => shape.slice(1).includes(null));
    const second = open ? run(17) : first;
    for (const layer of this.layers) layer.resetStates();
    return first.map((shape, i) => shape.map((n, axis) => (axis === 0 || n !== second[i]![axis] ? null : n)));
  }

  rows(): SummaryRow[] {
    return this.parts.map(([name, layer]) => ({
      name,
      type: layer.className,
      outputShape: this.shapes.get(layer) ?? null,
      params: layer.built ? layer.countParams() : null,
      trainable: layer.trainable,
    }));
  }
}
