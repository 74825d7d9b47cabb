import { RondoError } from "../errors.js";
import { formatShape, sameShape } from "./shape.js";
import { keep, Storage, Tensor } from "./tensor.js";

let unnamed = 0;

/**
 * A tensor whose elements change in place: weights, optimizer slots, recurrent state. It outlives every scope.
 *
 * @example const w = variable(zeros([3, 4]), { name: "w" });
 */
export class Variable extends Tensor {
  name: string;
  /** Trainable variables are watched by every gradient tape. */
  trainable: boolean;

  /** @internal Use `variable()`. Takes a private copy of `initial`. */
  constructor(initial: Tensor, options: { name?: string; trainable?: boolean } = {}) {
    super(duplicate(initial), initial.shape, initial.dtype);
    this.name = options.name ?? `variable_${++unnamed}`;
    this.trainable = options.trainable ?? true;
    keep(this);
    this.ballast = undefined; // meant to last
  }

  /** Overwrites the elements with those of `value` (same shape and type). Throws RondoError "shape". */
  assign(value: Tensor): this {
    if (!sameShape(this.shape, value.shape) || this.dtype !== value.dtype) {
      throw new RondoError("shape", `cannot assign to the variable "${this.name}"`, {
        received: `${value.dtype} ${formatShape(value.shape)}`,
        expected: `${this.dtype} ${formatShape(this.shape)}`,
      });
    }
    this.write(value.view());
    return this;
  }
}

function duplicate(initial: Tensor): Storage {
  const storage = new Storage(initial.storage.engine, Math.max(4, initial.size * 4));
  const { buffer } = initial.storage.engine.backend.memory;
  new Uint8Array(buffer).copyWithin(storage.offset, initial.offset, initial.offset + initial.size * 4);
  return storage;
}

/** Makes a variable from a tensor. @example variable(randomNormal([64, 64]), { name: "kernel" }) */
export function variable(initial: Tensor, options: { name?: string; trainable?: boolean } = {}): Variable {
  return new Variable(initial, options);
}
