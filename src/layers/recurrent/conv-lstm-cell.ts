import { RondoError } from "../../errors.js";
import { add, mul } from "../../tensor/ops/arithmetic.js";
import { zeros } from "../../tensor/ops/creation.js";
import { dropoutMask } from "../../tensor/ops/random.js";
import { concat, split } from "../../tensor/ops/slicing.js";
import { formatShape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape, ComponentOptions, LayerState } from "../component.js";
import { checkWindows } from "../convolution/convolution.js";
import { convolve } from "../convolution/convolve.js";
import { type Fields, oneOf, pickFields, positive, readFields, type Values, writeFields } from "../fields.js";
import { LayerRandom } from "../random.js";
import { type DataFormat, perAxis, spatialFields } from "../spatial/spatial-layer.js";
import { type ConvolutionPadding, type WindowSpec, windowCount } from "../spatial/windows.js";
import { Cell, type CellContext, type StepResult } from "./cell.js";
import { type Gates, type LSTMCellOptions, lstmCellFields, withForgetBias } from "./lstm-cell.js";
import type { DropoutMasks } from "./standard-cell.js";

/** Options of a convolutional LSTM's step. Size is a number, or in the plane also [height, width]. */
export interface ConvLSTMCellOptions<Size = number> extends Omit<LSTMCellOptions, "units" | "implementation"> {
  /** Number of output features, and of those of each state. */
  filters: number;
  /** Places in a window, of the input's convolution and of the states'. */
  kernelSize: Size;
  /** Places from one window of the input to the next. Default: 1. */
  strides?: Size;
  /** Of the input: "valid" (default), whole windows only, or "same". The states are always padded to their size. */
  padding?: "valid" | "same";
  /** Whether the features are the last axis (default) or the first after time. */
  dataFormat?: DataFormat;
  /** Distance between the places of a window of the input. Default: 1. Not together with strides above 1. */
  dilationRate?: Size;
}

export function convLSTMFields(axes: number) {
  const { units: _, implementation: __, ...shared } = lstmCellFields;
  return {
    filters: positive(),
    kernelSize: perAxis(axes),
    strides: perAxis(axes, 1),
    padding: oneOf<ConvolutionPadding>(["valid", "same"], "valid"),
    ...spatialFields,
    dilationRate: perAxis(axes, 1),
    ...shared,
  } satisfies Fields<ConvLSTMCellOptions, keyof ComponentOptions>;
}

type FieldTable = ReturnType<typeof convLSTMFields>;

const one = (size: number): WindowSpec => ({ size, strides: 1, dilationRate: 1, padding: "same" });

/** One step of a convolutional LSTM on [batch, places …, features]; features are last here, whatever the data format. */
export class ConvLSTMCell extends Cell {
  readonly className = "ConvLSTMCell";
  readonly options: Values<FieldTable>;
  private readonly fields: FieldTable;
  private readonly random: LayerRandom | null;
  /** Of the input, batch left out. */
  private inputSizes: readonly number[] = [];
  kernel!: Variable;
  recurrentKernel!: Variable;
  bias: Variable | null = null;

  constructor(options: object, where: string, axes: number) {
    super();
    this.fields = convLSTMFields(axes);
    this.options = readFields(where, this.fields, options, []);
    const { dropout, recurrentDropout, seed } = this.options;
    this.random = dropout > 0 || recurrentDropout > 0 ? new LayerRandom(seed) : null;
  }

  get stateSize(): readonly number[] {
    return [this.options.filters, this.options.filters];
  }

  private get windows(): readonly WindowSpec[] {
    const { kernelSize, strides, padding, dilationRate } = this.options;
    return kernelSize.map((size, i) => ({ size, strides: strides[i]!, padding, dilationRate: dilationRate[i]! }));
  }

  /** Shape of the output and of each state for a step [batch, places …, features]. */
  shapeAfter(shape: BatchShape): BatchShape {
    const places = this.windows.map((window, i) => windowCount(this, shape, i + 1, window));
    return [shape[0] ?? null, ...places, this.options.filters];
  }

  override build(inputShape: BatchShape): void {
    const { filters, kernelSize, useBias, ...o } = this.options;
    checkWindows(this.describe(), this.options);
    if (inputShape.slice(1).includes(null)) {
      throw new RondoError("shape", "a convolutional LSTM needs to know the sizes of a step", {
        path: this.describe(),
        received: formatShape(inputShape),
        expected: "numbers for all axes but batch and time",
      });
    }
    this.inputSizes = inputShape.slice(1) as number[];
    this.kernel = this.addWeight("kernel", [...kernelSize, inputShape.at(-1)!, 4 * filters], o.kernelInitializer, {
      regularizer: o.kernelRegularizer,
      constraint: o.kernelConstraint,
    });
    this.recurrentKernel = this.addWeight(
      "recurrent_kernel",
      [...kernelSize, filters, 4 * filters],
      o.recurrentInitializer,
      { regularizer: o.recurrentRegularizer, constraint: o.recurrentConstraint },
    );
    if (!useBias) return;
    this.bias = this.addWeight("bias", [4 * filters], withForgetBias({ ...o, units: filters }), {
      regularizer: o.biasRegularizer,
      constraint: o.biasConstraint,
    });
  }

  override getInitialState(batch: number): readonly Tensor[] {
    const shape = this.shapeAfter([batch, ...this.inputSizes]) as number[];
    return [zeros(shape), zeros(shape)];
  }

  override draw(batch: number, _inputs: number, training: boolean): DropoutMasks {
    const { dropout, recurrentDropout } = this.options;
    const { random } = this;
    if (!training || !random) return { input: [], recurrent: [] };
    const input = [batch, ...this.inputSizes];
    const masks = (shape: readonly number[], rate: number) =>
      Array.from({ length: rate === 0 ? 0 : 4 }, () => dropoutMask(shape, rate, random.generator));
    return { input: masks(input, dropout), recurrent: masks(this.shapeAfter(input) as number[], recurrentDropout) };
  }

  call(input: Tensor, [h, c]: readonly Tensor[], { training, drawn }: CellContext): StepResult {
    const { activation, recurrentActivation, kernelSize } = this.options;
    const masks = (drawn as DropoutMasks | undefined) ?? this.draw(input.shape[0]!, 0, training);
    const left = this.sums(input, this.kernel, masks.input, this.windows);
    const right = this.sums(h!, this.recurrentKernel, masks.recurrent, kernelSize.map(one));
    const sum = add(this.bias ? add(left, this.bias) : left, right);
    const [i, f, candidate, o] = split(sum, 4, -1) as Gates;
    const kept = mul(recurrentActivation.apply(f), c!);
    const nextC = add(kept, mul(recurrentActivation.apply(i), activation.apply(candidate)));
    const nextH = mul(recurrentActivation.apply(o), activation.apply(nextC));
    return [nextH, [nextH, nextC]];
  }

  /** One convolution for all gates, or with masks one for each. */
  private sums(x: Tensor, kernel: Tensor, masks: readonly Tensor[], windows: readonly WindowSpec[]): Tensor {
    if (masks.length === 0) return convolve(this, x, kernel, windows);
    const kernels = split(kernel, masks.length, -1);
    return concat(
      masks.map((mask, gate) => convolve(this, mul(x, mask), kernels[gate]!, windows)),
      -1,
    );
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...writeFields(this, this.fields, this.options) };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...pickFields(this.fields, this.options) };
  }

  override collectState(prefix: string, into: LayerState): void {
    this.random?.collect(prefix, into);
  }

  override restoreState(prefix: string, state: LayerState): void {
    this.random?.restore(prefix, state);
  }
}
