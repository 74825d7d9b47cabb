import { checkOptions, RondoError } from "../../errors.js";
import { transpose } from "../../tensor/ops/movement.js";
import { formatShape, sameShape } from "../../tensor/shape.js";
import { Tensor } from "../../tensor/tensor.js";
import type { BatchShape } from "../component.js";
import { pickFields } from "../fields.js";
import type { CallContext } from "../layer.js";
import { ConvLSTMCell, type ConvLSTMCellOptions, convLSTMFields } from "./conv-lstm-cell.js";
import { cellConfig, RecurrentLayer, type RecurrentOptions, recurrentOptionNames } from "./recurrent-layer.js";

/** Options of convolutional LSTMs. */
export interface ConvLSTMOptions<Size = number> extends ConvLSTMCellOptions<Size>, RecurrentOptions {}

/** A convolutional LSTM whose steps have so many spatial axes. States are kept with features last. */
export abstract class ConvLSTM extends RecurrentLayer<ConvLSTMCell> {
  readonly axes: number;

  constructor(where: string, options: ConvLSTMOptions<number | readonly [number, number]>, axes: number) {
    const fields = convLSTMFields(axes);
    checkOptions(where, options, [...Object.keys(fields), ...recurrentOptionNames]);
    super(where, new ConvLSTMCell(pickFields(fields, options), where, axes), options);
    this.axes = axes;
  }

  /** Moves the features from one place among the axes to another where the data format asks for it. */
  private moved<T>(list: readonly T[], toLast: boolean): T[] {
    if (this.cell.options.dataFormat === "channelsLast") return [...list];
    const at = list.length - this.axes - 1;
    const [head, tail] = [list.slice(0, at), list.slice(at)];
    return toLast ? [...head, ...tail.slice(1), tail[0]!] : [...head, tail.at(-1)!, ...tail.slice(0, -1)];
  }

  private move(x: Tensor, toLast: boolean): Tensor {
    return transpose(x, this.moved([...x.shape.keys()], toLast));
  }

  private checkRank(shape: BatchShape): void {
    if (shape.length === this.axes + 3) return;
    throw new RondoError("shape", `${this.className} cannot take an input of this rank`, {
      path: this.describe(),
      received: formatShape(shape),
      expected: `[${this.moved(["batch", "time", ...["height", "width"].slice(-this.axes), "features"], false).join(", ")}]`,
    });
  }

  override build(inputShape: BatchShape): void {
    this.checkRank(inputShape);
    super.build(this.moved(inputShape, true));
  }

  override call(input: Tensor, context: CallContext): Tensor | readonly Tensor[] {
    this.checkRank(input.shape);
    const x = this.move(input, true);
    const wanted = this.cell.shapeAfter([x.shape[0]!, ...x.shape.slice(2)]) as number[];
    const given = context.initialState?.map((state) => (state.rank === wanted.length ? this.move(state, true) : state));
    const stray = given?.find((state) => !sameShape(state.shape, wanted));
    if (stray) {
      throw new RondoError("shape", "the initialState does not fit the layer", {
        path: this.describe(),
        received: formatShape(stray.shape),
        expected: formatShape(this.moved(wanted, false)),
      });
    }
    const result = super.call(x, { ...context, ...(given ? { initialState: given } : {}) });
    return result instanceof Tensor ? this.move(result, false) : result.map((each) => this.move(each, false));
  }

  private stepShape(inputShape: BatchShape): BatchShape {
    this.checkRank(inputShape);
    const [batch, , ...step] = this.moved(inputShape, true);
    return this.cell.shapeAfter([batch ?? null, ...step]);
  }

  override computeOutputShape(inputShape: BatchShape): BatchShape {
    const [batch, ...step] = this.stepShape(inputShape);
    const time = this.settings.returnSequences ? [inputShape[1] ?? null] : [];
    return this.moved([batch ?? null, ...time, ...step], false);
  }

  override computeOutputShapes(inputShape: BatchShape): readonly BatchShape[] {
    const output = this.computeOutputShape(inputShape);
    const state = this.moved(this.stepShape(inputShape), false);
    return this.settings.returnState ? [output, state, state] : [output];
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...cellConfig(this.cell) };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...super.copyOptions(), ...this.cell.options };
  }
}
