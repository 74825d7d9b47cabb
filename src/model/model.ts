import type { Batch, Dataset } from "../data/batches.js";
import type { DataParts, PartNames } from "../data/examples.js";
import { RondoError } from "../errors.js";
import type { SaveOptions } from "../formats/model-file.js";
import {
  attachMask,
  callFromOutside,
  maskOf,
  type PenaltySink,
  penaltiesWanted,
  reportCall,
} from "../layers/call-watch.js";
import { defaultName } from "../layers/component.js";
import type { BatchShape, Layer, Weight } from "../layers/layer.js";
import { SymbolicTensor } from "../layers/symbolic.js";
import { type Generator, generatorOf } from "../tensor/generator.js";
import { formatShape, sameShape } from "../tensor/shape.js";
import { asTensor, Tensor, type TensorLike, tensor } from "../tensor/tensor.js";
import type { Variable } from "../tensor/variable.js";
import type { Logs } from "../training/callbacks.js";
import { Compiled, type CompileOptions } from "../training/compile.js";
import { type EvaluateOptions, evaluate } from "../training/evaluate.js";
import { type FitOptions, type FitRun, fitModel, type History } from "../training/fit.js";
import type { Direction } from "../training/metrics/index.js";
import { type PredictOptions, predict, predictOnBatch } from "../training/predict.js";
import type { SavedState } from "../training/saved-state.js";
import {
  computeLoss,
  type MetricInputs,
  type Parts,
  type TimeWindow,
  testBatch,
  testStep,
  trainBatch,
  trainStep,
  updateMetrics,
} from "../training/step.js";
import { getTrainingState, setTrainingState } from "../training/training-state.js";
import type { ModelGraph } from "./graph.js";
import { ModelLayer } from "./model-layer.js";
import { OwnCall } from "./own-call.js";
import type { DataCheck, LossCheck, ShapeOf, TargetCheck } from "./shape-types.js";
import { createStepper, type Stepper, type StreamOptions } from "./stream.js";
import { split } from "./stream-graph.js";
import { chainRows, printSummary, type Summary, type SummaryRow, summarize } from "./summary.js";

/** A model's architecture as JSON values. */
export interface SavedModel {
  readonly className: string;
  readonly config: Record<string, unknown>;
  /** What models with a `call` of their own were built for. */
  readonly inputShapes?: readonly BatchShape[];
}

/** What a model makes of its inputs. */
export interface ForwardResult {
  readonly outputs: readonly Tensor[];
  /** Masks of the outputs, [batch, time] bool; null where every value counts. */
  readonly masks: readonly (Tensor | null)[];
}

/** How a model is run. @internal */
export interface ForwardOptions {
  /** Whether dropout and its like are at work. */
  readonly training: boolean;
  /** Masks of the inputs, when the model is part of another one. */
  readonly masks?: readonly (Tensor | null)[];
  /** Called after every layer. */
  readonly observe?: LayerObserver;
  /** Takes what activity regularizers make of outputs. */
  readonly penalties?: PenaltySink;
}

/** One tensor, or for a model made with a list of outputs a list of them. */
export type Outputs = Tensor | Tensor[];

/** Called after every layer, to look at what flows through. @internal */
export type LayerObserver = (layer: Layer, output: Tensor, inputs: readonly Tensor[]) => void;

/** What `call` of a model is told. */
export interface ModelCallContext {
  /** True while training: pass it on to layers that behave differently then (dropout, batch normalization). */
  readonly training: boolean;
  /** Mask of the (first) input, when the model is part of another one. It travels by itself from layer to layer. */
  readonly mask: Tensor | null;
}

/**
 * Layers that are trained together.
 *
 * To write a model of your own, keep layers in fields (also in arrays of them, and models) and answer `call`; weights are
 * made when data is first seen. Everything else, from training to saving, is as for any model: `getConfig` returns what
 * the constructor needs to make an equal one, and `registerModel` makes files that hold it loadable. For another number of
 * inputs or outputs than one, answer `partNames` too; `call` then gets a list. Override `trainStep` for another way to
 * train; further optimizers and random generators that it uses are kept in fields as well, for checkpoints to find them.
 *
 * @example
 * class Tagger extends Model<Tensor> {
 *   readonly className = "Tagger";
 *   readonly lstm = layers.lstm({ units: 16, returnSequences: true });
 *   readonly tags = layers.dense({ units: 4 });
 *   override call(x: Tensor, { training }: ModelCallContext) {
 *     return this.tags.apply(this.lstm.apply(x, { training }) as Tensor);
 *   }
 * }
 *
 * @typeParam Out what `predict` gives. @typeParam In the data it takes.
 */
export abstract class Model<Out extends Outputs = Outputs, In extends DataParts = DataParts> {
  /** Name in saved files, e.g. "Sequential". */
  abstract readonly className: string;
  readonly name: string;
  /** Set to true to end `fit` after the running batch. */
  stopTraining = false;
  /** Order of the examples in training. @internal */ readonly shuffling: Generator;
  /** What is being or was last trained. @internal */ run: FitRun | null = null;
  /** Where the next `fit` goes on, after `setTrainingState`. @internal */ resume: SavedState | null = null;
  // Not fields that subclasses' layers could be confused with.
  #compiled: Compiled | null = null;
  #layerForm: Layer | null = null;
  readonly #own = new OwnCall(this as Model);

  constructor(options: string | { readonly name?: string } = {}) {
    this.name = (typeof options === "string" ? options : options.name) ?? defaultName(new.target.name);
    this.shuffling = generatorOf().split();
  }

  /** For subclasses: outputs from inputs. A tensor when the model has one input, else the list of them. */
  call(_inputs: never, _context: ModelCallContext): Tensor | readonly Tensor[] {
    throw new RondoError("state", `${this.name} does not say what it computes`, {
      fix: "override call(x, { training }) in the class",
    });
  }

  /** The layers, in the order data passes them; in a class of your own, in the order of its fields. */
  get layers(): readonly Layer[] {
    return this.#own.layers;
  }
  /** The layers under the names their weights have in files. @internal */
  get parts(): readonly (readonly [string, Layer])[] {
    return this.isOwn ? this.#own.parts : this.layers.map((layer) => [layer.name, layer]);
  }
  /** Whether `call` says what the model computes. @internal */
  get isOwn(): boolean {
    return this.forward === Model.prototype.forward;
  }
  /** What the model runs, where that is known. @internal */
  get graph(): ModelGraph | null {
    return null;
  }
  /** Shape of the (first) input with the batch axis, once known; null where sizes vary. */
  get inputShape(): BatchShape | null {
    return this.#own.inputShapes?.[0] ?? null;
  }
  /** Shape of the (first) output with the batch axis, once known. */
  get outputShape(): BatchShape | null {
    return this.#own.outputShapes?.[0] ?? null;
  }
  /** Makes the weights for inputs of this shape, batch axis included. Nothing happens when they exist already. */
  build(inputShape: BatchShape): void {
    this.buildFor([inputShape]);
  }
  /** Shapes to give `buildFor` to build an equal model. @internal */
  get builtFor(): readonly BatchShape[] {
    return this.#own.inputShapes ?? (this.inputShape ? [this.inputShape] : []);
  }
  /** `build` for several inputs. @internal */
  buildFor(inputShapes: readonly BatchShape[]): void {
    if (this.isOwn) this.#own.build(inputShapes);
    else this.build(inputShapes[0]!);
  }
  /** Runs the layers; `build` must have happened. @internal */
  forward(inputs: readonly Tensor[], options: ForwardOptions): ForwardResult {
    return this.#own.forward(inputs, options);
  }
  /** Options that make an equal model, as plain JSON values. */
  getConfig(): Record<string, unknown> {
    return { name: this.name };
  }

  get built(): boolean {
    return this.inputShape !== null && (this.isOwn || this.layers.every((layer) => layer.built));
  }

  /** What inputs and outputs are called, in data, logs and messages. */
  get partNames(): PartNames {
    return { inputs: ["x"], outputs: ["output"] };
  }

  /** Builds for a batch, or checks that it fits. @internal */
  prepare(inputs: readonly Tensor[]): void {
    const expected = this.partNames.inputs.length;
    if (inputs.length !== expected) throw this.wrongCount(inputs.length, expected);
    this.buildFor(inputs.map(({ shape }) => shape));
  }

  /** Shapes of the outputs for inputs of these shapes; the model must be built. @internal */
  shapesFor(inputShapes: readonly BatchShape[]): readonly BatchShape[] {
    return this.#own.shapesFor(inputShapes);
  }

  /** The outputs as callers get them. @internal */
  protected present(outputs: readonly Tensor[]): Out {
    return (this.isOwn && this.partNames.outputs.length > 1 ? [...outputs] : outputs[0]) as Out;
  }

  /** What to throw for too few or too many inputs. @internal */
  protected wrongCount(received: number, expected: number): RondoError {
    return new RondoError("shape", `${this.name} was given another number of inputs than it has`, {
      received: String(received),
      expected: `${expected}: ${this.partNames.inputs.join(", ")}`,
    });
  }

  /**
   * Calls the model on a batch, layer by layer, without compiling it; differentiable. Several inputs are a list. On
   * symbolic tensors it becomes part of a larger model, as a layer that has its weights.
   *
   * @example const y = model.apply(x, { training: true });
   * @example const [mean, spread] = encoder.apply(input({ shape: [null, 4] }));
   */
  apply(x: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor<ShapeOf<Out>>;
  apply(x: TensorLike | readonly TensorLike[], options?: { training?: boolean }): Out;
  apply(
    x: SymbolicTensor | readonly SymbolicTensor[] | TensorLike | readonly TensorLike[],
    options: { training?: boolean } = {},
  ): SymbolicTensor | Out {
    const symbolic = x instanceof SymbolicTensor || (Array.isArray(x) && x[0] instanceof SymbolicTensor);
    if (symbolic) return this.asLayer().apply(x as SymbolicTensor);
    const several = Array.isArray(x) && (x[0] instanceof Tensor || this.partNames.inputs.length > 1);
    const inputs = several ? (x as readonly TensorLike[]).map((each) => asTensor(each)) : [asTensor(x as TensorLike)];
    this.prepare(inputs);
    this.#layerForm?.ensureBuiltMany(inputs.map(({ shape }) => shape));
    const { training = false } = options;
    const { outputs, masks } = callFromOutside(
      () => this.layers,
      () => this.forward(inputs, { training, masks: inputs.map(maskOf), ...penaltiesWanted() }),
    );
    for (const [i, output] of outputs.entries()) attachMask(output, masks[i] ?? null);
    if (this.#layerForm) reportCall(this.#layerForm, outputs[0]!, inputs);
    return this.present(outputs);
  }

  /** The model as a layer of another one: the same weights, wherever it is used. */
  asLayer(): Layer {
    this.#layerForm ??= new ModelLayer(this);
    return this.#layerForm;
  }

  // ---- weights and states ----

  get allWeights(): readonly Weight[] {
    return this.layers.flatMap((layer) => layer.allWeights);
  }
  /** Weights by full name, e.g. "lstm/recurrent_kernel". */
  get namedWeights(): ReadonlyMap<string, Variable> {
    const entries = this.parts.flatMap(([path, layer]) => [...layer.weightEntries(path)]);
    return new Map(entries.map(([name, { variable }]) => [name, variable]));
  }
  get weights(): readonly Variable[] {
    return this.layers.flatMap((layer) => layer.weights);
  }
  get trainableWeights(): readonly Variable[] {
    return this.layers.flatMap((layer) => layer.trainableWeights);
  }
  get nonTrainableWeights(): readonly Variable[] {
    return this.layers.flatMap((layer) => layer.nonTrainableWeights);
  }

  /** Number of weights. Throws RondoError "state" before the model is built. */
  countParams(): number {
    this.requireBuilt("countParams()");
    return this.weights.reduce((sum, v) => sum + v.size, 0);
  }

  /** Copies of all weights, layer by layer. */
  getWeights(): Tensor[] {
    return this.weights.map((v) => tensor(v.dataSync(), v.shape, v.dtype));
  }

  /** Overwrites all weights. Throws RondoError "shape" and changes nothing when they do not fit. */
  setWeights(values: readonly TensorLike[]): void {
    this.requireBuilt("setWeights()");
    const variables = this.weights;
    const tensors = values.map((v) => asTensor(v));
    if (tensors.length !== variables.length) {
      throw new RondoError("shape", `${this.name}: setWeights needs one value per weight`, {
        received: `${tensors.length} values`,
        expected: `${variables.length} values`,
      });
    }
    for (const [i, v] of variables.entries()) {
      if (sameShape(tensors[i]!.shape, v.shape) && tensors[i]!.dtype === v.dtype) continue;
      throw new RondoError("shape", `${this.name}: value ${i} does not fit the weight "${v.name}"`, {
        received: `${tensors[i]!.dtype} ${formatShape(tensors[i]!.shape)}`,
        expected: `${v.dtype} ${formatShape(v.shape)}`,
      });
    }
    for (const [i, v] of variables.entries()) v.assign(tensors[i]!);
  }

  /** The layer of this name, or at this position. Throws RondoError "option" when there is none. */
  getLayer(nameOrIndex: string | number): Layer {
    const found = this.parts.find(([path, { name }], i) => [name, path, i].includes(nameOrIndex));
    if (found) return found[1];
    throw new RondoError("option", `${this.name} has no layer ${JSON.stringify(nameOrIndex)}`, {
      received: JSON.stringify(nameOrIndex),
      expected: this.parts.map(([path], i) => `${i}: ${path}`).join(", ") || "(the model has no layers)",
    });
  }

  /** Whether any layer carries its state from one batch to the next. */
  get stateful(): boolean {
    return this.layers.some((layer) => (layer as { stateful?: boolean }).stateful === true);
  }

  /** Sets the states of stateful layers back to their start. */
  resetStates(): void {
    for (const layer of this.layers) layer.resetStates();
  }

  // ---- training and use ----

  /**
   * Says how to train: optimizer, loss, metrics. A loss that does not suit the output's shape is a type error where the
   * shape is known.
   *
   * @example model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy", metrics: ["accuracy"] });
   */
  compile<const L extends CompileOptions["loss"]>(
    options: Omit<CompileOptions, "loss"> & { loss?: L } & { loss?: LossCheck<NoInfer<L>, Out> },
  ): void {
    const ownStep = this.trainStep !== Model.prototype.trainStep;
    this.#compiled = new Compiled(options, this.partNames.outputs, ownStep);
  }

  /** What `compile` was given, resolved. Throws RondoError "state" before. */
  get compiled(): Compiled {
    if (this.#compiled) return this.#compiled;
    throw new RondoError("state", `${this.name} is not compiled`, {
      fix: 'call model.compile({ optimizer: "adam", loss: "…" }) first',
    });
  }
  get isCompiled(): boolean {
    return this.#compiled !== null;
  }
  get optimizer(): Compiled["optimizer"] {
    return this.compiled.optimizer;
  }

  /** Whether larger ("up") or smaller values of a metric are better; the loss counts as one. */
  metricDirection(name: string): Direction {
    return this.compiled.direction(name);
  }

  /**
   * Trains on a dataset of batches: an epoch is all of it, or `stepsPerEpoch` batches. The rest is as for arrays.
   *
   * @example await model.fit(dataset, { epochs: 3 });
   */
  fit(dataset: Dataset, options?: FitOptions): Promise<History>;
  /**
   * Trains on arrays. Data stays where it is; only the running batch becomes tensors.
   *
   * @param x examples along the first axis: nested arrays, typed arrays, `{ values, shape }` or tensors. For several
   *   inputs a list of those, or an object with the names of the inputs.
   * @param y targets, as many as examples; for several outputs in order or by name. They have the axes of the output, or
   *   one less: where the types tell otherwise, that is a type error.
   * @returns values by epoch. Throws RondoError "nonFinite" when the loss or a gradient is NaN or infinite.
   * @example const { history } = await model.fit(x, y, { epochs: 10, validationSplit: 0.1 });
   */
  fit<X extends DataParts, Y extends DataParts>(
    x: X & DataCheck<X, In>,
    y: Y & TargetCheck<Y, Out>,
    options?: FitOptions,
  ): Promise<History>;
  fit(data: DataParts | Dataset, yOrOptions?: DataParts | FitOptions, options?: FitOptions): Promise<History> {
    return fitModel(this, data, yOrOptions, options);
  }

  /**
   * Loss and metrics on other data, without training.
   *
   * @example const { loss, accuracy } = await model.evaluate(xTest, yTest);
   */
  evaluate(dataset: Dataset, options?: EvaluateOptions): Promise<Logs>;
  evaluate<X extends DataParts, Y extends DataParts>(
    x: X & DataCheck<X, In>,
    y: Y & TargetCheck<Y, Out>,
    options?: EvaluateOptions,
  ): Promise<Logs>;
  evaluate(
    data: DataParts | Dataset,
    yOrOptions?: DataParts | EvaluateOptions,
    options?: EvaluateOptions,
  ): Promise<Logs> {
    return evaluate(this, data, yOrOptions, options);
  }

  /** Outputs for all examples, computed batch by batch: [examples, …]. @example model.predict([[1, 2, 3]]).arraySync() */
  predict<X extends DataParts>(x: X & DataCheck<X, In>, options?: PredictOptions): Out {
    return this.present(predict(this, x, options));
  }

  /** Outputs for one batch, whatever its size. */
  predictOnBatch<X extends DataParts>(x: X & DataCheck<X, In>): Out {
    return this.present(predictOnBatch(this, x));
  }

  /** One update on one batch; loss and metrics of that batch. */
  async trainOnBatch<X extends DataParts, Y extends DataParts>(
    x: X & DataCheck<X, In>,
    y: Y & TargetCheck<Y, Out>,
    sampleWeight?: DataParts,
  ): Promise<Logs> {
    return trainBatch(this, x, y, sampleWeight);
  }

  /** Loss and metrics of one batch, without an update. */
  async testOnBatch<X extends DataParts, Y extends DataParts>(
    x: X & DataCheck<X, In>,
    y: Y & TargetCheck<Y, Out>,
    sampleWeight?: DataParts,
  ): Promise<Logs> {
    return testBatch(this, x, y, sampleWeight);
  }

  /**
   * One update on one batch, as `fit` and `trainOnBatch` do it; returns the loss, or values by name, whose means are then
   * logged. Subclasses may do something else here or around it: `batch.read()` gives its tensors, inside a `scope`.
   *
   * @param time only these steps (from, to) of the batch: truncated backpropagation.
   */
  trainStep(batch: Batch, time?: TimeWindow): number | Logs {
    return trainStep(this, batch, time);
  }

  /** Loss and metrics of one batch, as `evaluate` and validation take them; subclasses may do something else here. */
  testStep(batch: Batch): number | Logs {
    return testStep(this, batch);
  }

  /**
   * For a `trainStep` of your own: the loss `compile` names, with the penalties of regularized weights and of what layers
   * with an `activityRegularizer` gave when they (or the model) were last applied; differentiable.
   *
   * @example const loss = this.computeLoss(y, this.apply(x, { training: true }));
   */
  computeLoss(y: Parts, yPred: Parts, sampleWeight?: Parts | null): Tensor {
    return computeLoss(this, y, yPred, sampleWeight);
  }

  /** For a `trainStep` or `testStep` of your own: takes a batch into the running means of the loss and the metrics. */
  updateMetrics(results: MetricInputs): void {
    updateMetrics(this, results);
  }

  /**
   * Runs the model one time step at a time, remembering the state in between. Of several inputs one comes step by step;
   * the others must be fixed, and what depends on them alone, such as an encoder, is run once. Throws RondoError "option"
   * for layers that need later steps.
   *
   * @example const stepper = model.stream(); const y = stepper.step([0.1, 0.2]);
   * @example const stepper = translator.stream({ fixed: { source: sentences }, maxLength: 50 });
   */
  stream(options: StreamOptions = {}): Stepper {
    this.requireBuilt("stream()");
    const { graph } = this;
    if (graph) return createStepper(split(this.name, graph, Object.keys(options.fixed ?? {})), options);
    throw new RondoError("option", `${this.name} cannot be streamed: what call() does is not known`, {
      fix: "make a sequential or functional model of its layers, which may share them",
    });
  }

  /**
   * Everything besides the weights that training needs to go on exactly: position, optimizer, order of examples, layer
   * states and generators, callbacks. Valid during `fit` (in callbacks) and after it.
   */
  getTrainingState(): SavedState {
    return getTrainingState(this);
  }

  /** The next `fit` goes on where the state was taken; weights must be set separately. */
  setTrainingState(state: SavedState): void {
    setTrainingState(this, state);
  }

  // ---- keeping it ----

  /**
   * Writes the model to one safetensors file, atomically: weights, architecture and compilation, with
   * `includeTrainingState` also what exact continuation needs. `loadModel` reads it. Throws RondoError "file".
   *
   * @example await model.save("model.safetensors");
   */
  async save(path: string, options?: SaveOptions): Promise<void> {
    // The file format knows the kinds of models, which know this class: imported late, the circle does no harm.
    const { saveModel } = await import("../formats/model-file.js");
    await saveModel(this, path, options);
  }

  // ---- looking at it ----

  /** Prints a table of the layers, and returns it as data. @param options.print takes the lines; to the console by default. */
  summary(options: { print?: (line: string) => void } = {}): Summary {
    const table = summarize(this);
    printSummary(table, options.print);
    return table;
  }

  /** Rows of the summary. @internal */
  summaryRows(): SummaryRow[] {
    return this.isOwn ? this.#own.rows() : chainRows(this);
  }

  /** The model's architecture as plain JSON values; `modelFromJSON` reads it. */
  toJSON(): SavedModel {
    const { inputShapes } = this.#own;
    const build = inputShapes ? { inputShapes: inputShapes.map((shape) => [...shape]) } : {};
    return { className: this.className, config: this.getConfig(), ...build };
  }

  /** Frees the memory of all weights now. The model cannot be used afterwards. */
  dispose(): void {
    this.resetStates();
    for (const v of this.weights) v.dispose();
  }

  /** Throws RondoError "state" before there are weights. @internal */
  protected requireBuilt(what: string): void {
    if (this.built) return;
    throw new RondoError("state", `${this.name}: ${what} needs the model to be built`, {
      fix: "give the first layer an inputShape, call model.build([null, …]), or train or predict once",
    });
  }
}
