import { type AnyField, layerOptionNames, readFields, type Values, writeFields } from "./fields.js";
import { type BatchShape, Layer, type LayerOptions } from "./layer.js";

/** A layer whose options are a table of fields, and whose output has the shape of its input unless it says otherwise. */
export abstract class FieldLayer<V extends object> extends Layer {
  readonly options: V;
  private readonly fields: Readonly<Record<string, AnyField>>;

  /** @param where the factory's name for messages, "layers.softmax". */
  constructor(where: string, fields: { readonly [K in keyof V]: AnyField }, options: LayerOptions) {
    super(options);
    this.fields = fields as Readonly<Record<string, AnyField>>;
    this.options = readFields(where, this.fields, options, layerOptionNames) as unknown as V;
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return inputShape;
  }

  override getConfig(): Record<string, unknown> {
    return {
      ...super.getConfig(),
      ...writeFields(this, this.fields, this.options as unknown as Values<typeof this.fields>),
    };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...this.sharedOptions, ...this.options };
  }
}
