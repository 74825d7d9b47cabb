import { RondoError } from "../../errors.js";
import { add, mul } from "../../tensor/ops/arithmetic.js";
import type { Tensor } from "../../tensor/tensor.js";
import { FieldLayer } from "../field-layer.js";
import type { Field, Fields, Values } from "../fields.js";
import type { LayerOptions } from "../layer.js";

/** Options of `layers.rescaling`. */
export interface RescalingOptions extends LayerOptions {
  /** What the input is multiplied by: a number, or one for each feature. */
  scale: number | readonly number[];
  /** What is added then, likewise. Default: 0. */
  offset?: number | readonly number[];
}

function numbers(fallback?: number): Field<number | readonly number[], number | readonly number[]> {
  return {
    read: (value = fallback as number, at) => {
      const list = [value].flat();
      if (list.length > 0 && list.every((n) => Number.isFinite(n))) return value;
      throw new RondoError("value", `${at} cannot be this`, {
        received: JSON.stringify(value) ?? String(value),
        expected: "a finite number, or a list of them",
      });
    },
    write: (value) => (typeof value === "number" ? value : [...value]),
  };
}

const fields = { scale: numbers(), offset: numbers(0) } satisfies Fields<RescalingOptions, keyof LayerOptions>;

/**
 * x · scale + offset: brings raw numbers into the range that networks like. Keeps the shape and the mask.
 *
 * @example layers.rescaling({ scale: 1 / 127.5, offset: -1 }) // bytes to [-1, 1]
 */
export class Rescaling extends FieldLayer<Values<typeof fields>> {
  readonly className = "Rescaling";

  constructor(options: RescalingOptions) {
    super("layers.rescaling", fields, options);
  }

  call(input: Tensor): Tensor {
    const { scale, offset } = this.options;
    const sizes = [scale, offset].filter((each) => typeof each !== "number").map((each) => [each].flat().length);
    for (const size of sizes) this.requireLastSize(input, size);
    return add(mul(input, scale as number[]), offset as number[]);
  }
}
