import { Adam, type AdamOptions } from "./adam.js";

/**
 * Adam whose weights shrink by weightDecay · rate of themselves before every step, apart from the gradient (Loshchilov &
 * Hutter 2017).
 */
export class AdamW extends Adam {
  override readonly className = "AdamW";

  constructor(options: AdamOptions = {}) {
    super({ ...options, weightDecay: options.weightDecay ?? 0.004 }, "optimizers.adamw");
  }
}

/** AdamW, learningRate 0.001, weightDecay 0.004. @example optimizers.adamw({ excludeFromWeightDecay: ["bias"] }) */
export function adamw(options?: AdamOptions): AdamW {
  return new AdamW(options);
}
