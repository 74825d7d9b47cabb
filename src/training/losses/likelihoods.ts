import { customGrad } from "../../autograd/custom.js";
import { RondoError } from "../../errors.js";
import { add, div, mul, sub } from "../../tensor/ops/arithmetic.js";
import { mean } from "../../tensor/ops/reduce.js";
import { log, log1p, softplus, square } from "../../tensor/ops/unary.js";
import { type Tensor, tensor } from "../../tensor/tensor.js";
import { digamma, logGamma } from "../../util/gamma.js";
import { parts } from "./align.js";
import { checkNumber, defineLoss } from "./loss.js";

/** Options of likelihoods. */
export interface LikelihoodOptions {
  /** Added to parameters that must be above 0, after softplus. 1e-6 by default. */
  minScale?: number;
}

function checkScale(name: string, minScale: number): void {
  checkNumber(name, "minScale", minScale, minScale > 0, "above 0");
}

/**
 * -log of the normal density, the mean over the last axis. For targets [..., d] the predictions are [..., 2 d]: d means,
 * then d numbers whose softplus (plus `minScale`) is the standard deviation σ:
 * log σ + ((t - μ) / σ)² / 2 + log(2 π) / 2 (Nix and Weigend 1994).
 *
 * @example model.compile({ optimizer: "adam", loss: losses.gaussianNll() }) // last layer: 2 units for each number
 */
export const gaussianNll = defineLoss<LikelihoodOptions>("gaussianNll", { minScale: 1e-6 }, ({ minScale }) => {
  checkScale("gaussianNll", minScale);
  return (yTrue, yPred) => {
    const { t, groups } = parts("gaussianNll", yTrue, yPred, 2);
    const scale = add(softplus(groups[1]!), minScale);
    const z = div(sub(t, groups[0]!), scale);
    return mean(add(add(log(scale), mul(square(z), 0.5)), 0.5 * Math.log(2 * Math.PI)), -1);
  };
});

/** log Γ(ν / 2) - log Γ((ν + 1) / 2), in double precision: the two terms are large and nearly equal. */
const gammaRatio = customGrad((nu: Tensor) => ({
  value: mapped(nu, (v) => logGamma(v / 2) - logGamma((v + 1) / 2)),
  gradFunc: (dy) =>
    mul(
      dy,
      mapped(nu, (v) => (digamma(v / 2) - digamma((v + 1) / 2)) / 2),
    ),
}));

function mapped(t: Tensor, f: (value: number) => number): Tensor {
  return tensor(Float32Array.from(t.view(), f), t.shape);
}

/**
 * -log of Student's t density with location μ, scale σ and ν degrees of freedom, the mean over the last axis; for series
 * with outliers. For targets [..., d] the predictions are [..., 3 d]: d locations, d numbers whose softplus (plus
 * `minScale`) is σ, d whose softplus plus 2 is ν, so that the variance exists (as in DeepAR's implementations):
 * log Γ(ν/2) - log Γ((ν+1)/2) + log(ν π) / 2 + log σ + (ν+1)/2 · log(1 + z²/ν), z = (t - μ) / σ.
 *
 * @example losses.studentTNll() // last layer: 3 units for each number
 */
export const studentTNll = defineLoss<LikelihoodOptions>("studentTNll", { minScale: 1e-6 }, ({ minScale }) => {
  checkScale("studentTNll", minScale);
  return (yTrue, yPred) => {
    const { t, groups } = parts("studentTNll", yTrue, yPred, 3);
    const scale = add(softplus(groups[1]!), minScale);
    const nu = add(softplus(groups[2]!), 2);
    const tail = mul(mul(add(nu, 1), 0.5), log1p(div(square(div(sub(t, groups[0]!), scale)), nu)));
    const normalization = add(add(gammaRatio(nu), mul(log(nu), 0.5)), 0.5 * Math.log(Math.PI));
    return mean(add(add(normalization, log(scale)), tail), -1);
  };
});

/** -log of the negative binomial probability of counts t with mean μ and dispersion α, all of one shape. */
const negativeBinomial = customGrad((t: Tensor, mu: Tensor, alpha: Tensor) => {
  const each = (f: (t: number, mu: number, alpha: number) => number) => {
    const [counts, means, dispersions] = [t.view(), mu.view(), alpha.view()];
    return tensor(
      Float32Array.from(counts, (count, i) => f(count, means[i]!, dispersions[i]!)),
      t.shape,
    );
  };
  const value = each((k, m, a) => {
    const r = 1 / a;
    const odds = Math.log1p(a * m);
    return logGamma(k + 1) + logGamma(r) - logGamma(k + r) + r * odds + k * (odds - Math.log(a * m));
  });
  const gradFunc = (dy: Tensor) => [
    null,
    mul(
      dy,
      each((k, m, a) => (m - k) / (m * (1 + a * m))),
    ),
    mul(
      dy,
      each((k, m, a) => {
        const r = 1 / a;
        const gammas = digamma(r) - digamma(k + r) + Math.log1p(a * m);
        return -r * r * gammas + ((r + k) * m) / (1 + a * m) - k * r;
      }),
    ),
  ];
  return { value, gradFunc };
});

/**
 * -log of the negative binomial probability, the mean over the last axis; for counts whose variance μ + α μ² exceeds their
 * mean. For targets [..., d], whole numbers from 0, the predictions are [..., 2 d]: d numbers whose softplus (plus
 * `minScale`) is the mean μ, d whose softplus (plus `minScale`) is the dispersion α (Salinas et al., DeepAR, arXiv
 * 1704.04110): with r = 1/α, log Γ(t+1) + log Γ(r) - log Γ(t+r) + (r + t) log(1 + α μ) - t log(α μ).
 *
 * @example losses.negativeBinomialNll() // last layer: 2 units for each count
 */
export const negativeBinomialNll = defineLoss<LikelihoodOptions>(
  "negativeBinomialNll",
  { minScale: 1e-6 },
  ({ minScale }) => {
    checkScale("negativeBinomialNll", minScale);
    return (yTrue, yPred) => {
      const { t, groups } = parts("negativeBinomialNll", yTrue, yPred, 2);
      for (const v of t.view()) {
        if (v >= 0) continue;
        throw new RondoError("value", "negativeBinomialNll: targets are counts", {
          received: String(v),
          expected: "numbers of at least 0",
        });
      }
      const [mu, alpha] = groups.map((raw) => add(softplus(raw), minScale)) as [Tensor, Tensor];
      return mean(negativeBinomial(t, mu, alpha), -1);
    };
  },
);
