import { add, div, mul } from "../../tensor/ops/arithmetic.js";
import { expandDims } from "../../tensor/ops/movement.js";
import { mean } from "../../tensor/ops/reduce.js";
import { sqrt, square } from "../../tensor/ops/unary.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkWithin } from "../checks.js";
import { addScaled, blend } from "./in-place.js";
import { Optimizer } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";
import type { SlotStart } from "./slots.js";

/** Options of `optimizers.adafactor`. */
export interface AdafactorOptions extends OptimizerOptions {
  /** The averages of squares forget by 1 - t^beta2Decay in update t; between -1 and 0. -0.8 by default. */
  beta2Decay?: number;
  /** Added to squared gradients. 1e-30 by default. */
  epsilon1?: number;
  /** Steps are relative to the size of the weights, but at least to this. 1e-3 by default. */
  epsilon2?: number;
  /** Steps are scaled down to this root mean square before the rate multiplies them. 1 by default. */
  clipThreshold?: number;
}

/**
 * Like RMSprop with little memory: of a matrix's average squared gradients only those of its rows and columns are kept, r
 * and c, and v = r·cᵀ / mean(r). w -= max(epsilon2, rms(w)) · min(rate, 1/sqrt(t)) · u / max(1, rms(u) / clipThreshold)
 * with u = g / sqrt(v) (Shazeer & Stern 2018). Of more axes the last two are factored.
 */
export class Adafactor extends Optimizer<SettingsOf<AdafactorOptions>> {
  readonly className = "Adafactor";
  protected readonly slotNames: readonly string[] = ["rows", "columns", "velocity"];

  constructor(options: AdafactorOptions = {}) {
    const where = "optimizers.adafactor";
    super(where, options, { beta2Decay: -0.8, epsilon1: 1e-30, epsilon2: 1e-3, clipThreshold: 1 }, 0.001);
    const { beta2Decay, epsilon1, clipThreshold } = this.settings;
    checkWithin(where, "beta2Decay", beta2Decay, -1, 0);
    // Below this a float32 square root of nothing but epsilon1 would divide zero by zero.
    checkWithin(where, "epsilon1", epsilon1, 1e-37, 1);
    checkWithin(where, "clipThreshold", clipThreshold, 1e-6, 1e6);
  }

  protected override slotStart(slot: string, { shape }: Variable): SlotStart | null {
    const factored = shape.length >= 2;
    if (factored !== (slot !== "velocity")) return null;
    if (slot === "rows") return { shape: shape.slice(0, -1), value: 0 };
    if (slot === "columns") return { shape: [...shape.slice(0, -2), shape.at(-1)!], value: 0 };
    return { shape, value: 0 };
  }

  protected override update(w: Variable, g: Tensor, rate: number, slots: Record<string, Variable>): void {
    const t = this.iterations + 1;
    const keep = 1 - t ** this.settings.beta2Decay;
    const squares = add(square(g), this.settings.epsilon1);
    const step = div(g, sqrt(this.meanSquares(squares, keep, slots)));
    const size = Math.max(this.settings.epsilon2, rootMeanSquare(w)) * Math.min(rate, 1 / Math.sqrt(t));
    addScaled(w, -size / Math.max(1, rootMeanSquare(step) / this.settings.clipThreshold), step);
  }

  private meanSquares(squares: Tensor, keep: number, { rows, columns, velocity }: Record<string, Variable>): Tensor {
    if (!rows || !columns) {
      blend(velocity!, keep, squares, 1 - keep);
      return velocity!;
    }
    blend(rows, keep, mean(squares, -1), 1 - keep);
    blend(columns, keep, mean(squares, -2), 1 - keep);
    return mul(expandDims(div(rows, mean(rows, -1, true)), -1), expandDims(columns, -2));
  }
}

function rootMeanSquare(x: Tensor): number {
  return Math.sqrt(mean(square(x)).item());
}

/** Adafactor, learningRate 0.001. @example optimizers.adafactor({ learningRate: 0.01 }) */
export function adafactor(options?: AdafactorOptions): Adafactor {
  return new Adafactor(options);
}
