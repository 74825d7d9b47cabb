import { RondoError } from "../../errors.js";
import { reshape } from "../../tensor/ops/movement.js";
import { moments } from "../../tensor/ops/reduce.js";
import { formatShape, normalizeAxis } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { axis, type Field, type Fields, positive, type Values } from "../fields.js";
import type { BatchShape, LayerOptions } from "../layer.js";
import { sizesAlong } from "./axes.js";
import { ScaledNormalization, type ScaledOptions, scaledFields } from "./scaled.js";

/** Options of `layers.groupNormalization`. */
export interface GroupNormalizationOptions extends ScaledOptions {
  /** Number of groups the channels are divided into; -1 gives every channel its own. Default: 32. */
  groups?: number;
  /** The axis of the channels. Default: -1. */
  axis?: number;
}

const groups: Field<number, number> = {
  read: (value = 32, at) => (value === -1 ? -1 : positive().read(value, at)),
  write: (value) => value,
};

const fields = { groups, axis: axis(-1), ...scaledFields } satisfies Fields<
  GroupNormalizationOptions,
  keyof LayerOptions
>;

/**
 * Normalizes groups of channels, over all steps and the channels of the group (Wu and He 2018, arXiv 1803.08494):
 *
 *     y = (x - mean) / sqrt(variance + epsilon) · gamma + beta
 *
 * with mean and variance of each example and group. Keeps the shape and the mask; the mask does not change the mean.
 * Weights gamma and beta, [channels] each. Throws RondoError "shape" when the channels cannot be divided evenly.
 *
 * @example layers.groupNormalization({ groups: 4 })
 */
export class GroupNormalization extends ScaledNormalization<Values<typeof fields>> {
  readonly className = "GroupNormalization";

  constructor(options: GroupNormalizationOptions = {}) {
    super("layers.groupNormalization", fields, options);
  }

  override build(inputShape: BatchShape): void {
    const [channels] = sizesAlong(this, inputShape, this.options.axis) as [number];
    if (channels % this.groupsOf(channels) !== 0) {
      throw new RondoError("shape", "the channels cannot be divided into these groups", {
        path: this.describe(),
        received: `${channels} channels in ${formatShape(inputShape)}, groups: ${this.options.groups}`,
        expected: "a number of groups that divides the number of channels",
      });
    }
    this.addScale([channels]);
  }

  private groupsOf(channels: number): number {
    return this.options.groups === -1 ? channels : this.options.groups;
  }

  call(input: Tensor): Tensor {
    const { shape } = input;
    const channelAxis = normalizeAxis(this.options.axis, input.rank, this.describe());
    const channels = shape[channelAxis]!;
    const count = this.groupsOf(channels);
    const split = [...shape.slice(0, channelAxis), count, channels / count, ...shape.slice(channelAxis + 1)];
    const grouped = reshape(input, split);
    const others = split.map((_, i) => i).filter((i) => i !== 0 && i !== channelAxis);
    const { mean, variance } = moments(grouped, others, true);
    return this.rescale(reshape(this.standardize(grouped, mean, variance), shape), [channelAxis]);
  }
}
