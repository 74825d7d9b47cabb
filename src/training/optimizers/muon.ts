import { add, mul } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { transpose } from "../../tensor/ops/movement.js";
import { norm } from "../../tensor/ops/reduce.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import { checkCount } from "../checks.js";
import { addScaled, blend } from "./in-place.js";
import { Optimizer } from "./optimizer.js";
import type { OptimizerOptions, SettingsOf } from "./options.js";
import type { SlotStart } from "./slots.js";

/** Options of `optimizers.muon`. */
export interface MuonOptions extends OptimizerOptions {
  /** How much of the sum of gradients is kept. 0.95 by default. */
  momentum?: number;
  /** Look ahead along the momentum. True by default. */
  nesterov?: boolean;
  /** Newton-Schulz iterations; more make the step closer to orthogonal. 5 by default. */
  nsSteps?: number;
  /** Steps of an m×n matrix are scaled by sqrt(max(m, n)) times this, to the size Adam's have; null: not scaled. 0.2. */
  rmsRate?: number | null;
  /** Embeddings are stepped by Adam. True by default. */
  excludeEmbeddings?: boolean;
  /** Matrices with one of these words in their name are stepped by Adam. */
  excludeLayers?: readonly string[];
  /** Adam's learning rate is the learning rate times this. 1 by default. */
  adamLearningRateRatio?: number;
  /** Adam's beta1. 0.9 by default. */
  adamBeta1?: number;
  /** Adam's beta2. 0.999 by default. */
  adamBeta2?: number;
  /** Decay of what Adam steps. 0.004 by default. */
  adamWeightDecay?: number | null;
  /** Added to Adam's root. 1e-7 by default. */
  epsilon?: number;
  /** The a of a·x + b·x³ + c·x⁵, by which Newton-Schulz drives singular values towards 1 (Jordan 2024). 3.4445 by default. */
  muonA?: number;
  /** The b. -4.775 by default. */
  muonB?: number;
  /** The c. 2.0315 by default. */
  muonC?: number;
}

const defaults: SettingsOf<MuonOptions> = {
  momentum: 0.95,
  nesterov: true,
  nsSteps: 5,
  rmsRate: 0.2,
  excludeEmbeddings: true,
  excludeLayers: [],
  adamLearningRateRatio: 1,
  adamBeta1: 0.9,
  adamBeta2: 0.999,
  adamWeightDecay: 0.004,
  epsilon: 1e-7,
  muonA: 3.4445,
  muonB: -4.775,
  muonC: 2.0315,
};

/**
 * Matrices step along their momentum made nearly orthogonal by Newton-Schulz iterations (Jordan 2024; scaled as in Liu et
 * al. 2025); vectors, embeddings, tensors of more axes and what is excluded step by Adam.
 */
export class Muon extends Optimizer<SettingsOf<MuonOptions>> {
  readonly className = "Muon";
  protected readonly slotNames: readonly string[] = ["momentum", "velocity"];

  constructor(options: MuonOptions = {}) {
    const where = "optimizers.muon";
    const weightDecay = options.weightDecay === undefined ? 0.004 : options.weightDecay;
    super(where, { ...options, weightDecay }, defaults, 0.001);
    checkCount(where, "nsSteps", this.settings.nsSteps);
  }

  private usesAdam({ name, rank }: Variable): boolean {
    const { excludeEmbeddings, excludeLayers } = this.settings;
    if (rank !== 2 || (excludeEmbeddings && name.toLowerCase().includes("embedding"))) return true;
    return excludeLayers.some((word) => name.includes(word));
  }

  protected override slotStart(slot: string, variable: Variable): SlotStart | null {
    return slot === "velocity" && !this.usesAdam(variable) ? null : { shape: variable.shape, value: 0 };
  }

  protected override decayOf(variable: Variable): number {
    return (this.usesAdam(variable) ? this.settings.adamWeightDecay : this.common.weightDecay) ?? 0;
  }

  protected override update(w: Variable, g: Tensor, rate: number, slots: Record<string, Variable>): void {
    const { momentum, velocity } = slots as { momentum: Variable; velocity?: Variable };
    if (velocity) {
      this.adamStep(w, g, rate * this.settings.adamLearningRateRatio, momentum, velocity);
      return;
    }
    const { nesterov, rmsRate } = this.settings;
    blend(momentum, this.settings.momentum, g, 1);
    const direction = this.orthogonalized(nesterov ? add(g, mul(momentum, this.settings.momentum)) : momentum);
    const scale = rmsRate === null ? 1 : Math.sqrt(Math.max(...w.shape)) * rmsRate;
    addScaled(w, -rate * scale, direction);
  }

  /** A matrix with nearly the same singular vectors and singular values near 1. */
  private orthogonalized(matrix: Tensor): Tensor {
    const { nsSteps, muonA, muonB, muonC } = this.settings;
    const tall = matrix.shape[0]! > matrix.shape[1]!;
    let x = tall ? transpose(matrix) : matrix;
    x = mul(x, 1 / (norm(x).item() + 1e-7));
    for (let i = 0; i < nsSteps; i++) {
      const square = matMul(x, x, { transposeB: true });
      const factor = add(mul(square, muonB), mul(matMul(square, square), muonC));
      x = add(mul(x, muonA), matMul(factor, x));
    }
    return tall ? transpose(x) : x;
  }

  private adamStep(w: Variable, g: Tensor, rate: number, m: Variable, v: Variable): void {
    const { adamBeta1: beta1, adamBeta2: beta2, epsilon } = this.settings;
    const t = this.iterations + 1;
    const alpha = (rate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const { kernels } = w.storage.engine;
    kernels.adamUpdate(w.offset, g.offset, m.offset, v.offset, 0, w.size, alpha, beta1, beta2, epsilon, 1, 1);
  }
}

/** Muon, learningRate 0.001, weightDecay 0.004. @example optimizers.muon({ learningRate: 0.02 }) */
export function muon(options?: MuonOptions): Muon {
  return new Muon(options);
}
