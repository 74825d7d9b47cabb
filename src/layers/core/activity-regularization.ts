import { RondoError } from "../../errors.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import { type Fields, nonNegative, type Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";
import { regularizers } from "../regularizers.js";

/** Options of `layers.activityRegularization`. */
export interface ActivityRegularizationOptions extends Omit<LayerOptions, "activityRegularizer"> {
  /** Factor of the sum of absolute values. Default: 0. */
  l1?: number;
  /** Factor of the sum of squares. Default: 0. */
  l2?: number;
}

const fields = { l1: nonNegative(0), l2: nonNegative(0) } satisfies Fields<
  ActivityRegularizationOptions,
  keyof LayerOptions
>;

/**
 * Passes its input on and adds (l1 Σ|x| + l2 Σx²) / batch to the loss. Keeps the shape and the mask.
 *
 * @example layers.activityRegularization({ l1: 0.01 })
 */
export class ActivityRegularization extends FieldLayer<Values<typeof fields>> {
  readonly className = "ActivityRegularization";

  constructor(options: ActivityRegularizationOptions = {}) {
    const { l1, l2 } = { l1: 0, l2: 0, ...options };
    if ("activityRegularizer" in options) {
      throw new RondoError("option", "layers.activityRegularization is one by itself", { fix: "use l1 and l2" });
    }
    super("layers.activityRegularization", fields, { ...options, activityRegularizer: regularizers.l1l2({ l1, l2 }) });
  }

  call(input: Tensor): Tensor {
    return input;
  }

  override getConfig(): Record<string, unknown> {
    const { activityRegularizer: _, ...config } = super.getConfig();
    return config;
  }

  protected override get sharedOptions(): Record<string, unknown> {
    const { activityRegularizer: _, ...options } = super.sharedOptions;
    return options;
  }
}
