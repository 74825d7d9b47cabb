import { checkOptions } from "../../errors.js";
import { losses } from "../losses/index.js";
import { kindOf } from "./accuracy.js";
import { type Metric, meanMetric } from "./metric.js";
import { weightedSums } from "./values.js";

const crossentropies = {
  binary: losses.binaryCrossentropy,
  categorical: losses.categoricalCrossentropy,
  sparse: losses.sparseCategoricalCrossentropy,
};

/** A function of the mean cross-entropy over all tokens that are not masked. */
function perToken(name: string, options: { fromLogits?: boolean }, finish: (nats: number) => number): Metric {
  checkOptions(`metrics.${name}`, options, ["fromLogits"]);
  const { fromLogits = false } = options;
  return meanMetric({
    name,
    direction: "down",
    values: (yTrue, yPred) => crossentropies[kindOf(yTrue, yPred)]({ fromLogits }).call(yTrue, yPred),
    gather: weightedSums,
    finish,
    config: { name, config: { fromLogits } },
  });
}

/**
 * exp of the mean cross-entropy over all tokens that are not masked: how many equally likely next tokens the model is
 * choosing from. Every token counts the same, whatever the lengths of the batches.
 *
 * @example metrics.perplexity({ fromLogits: true })
 */
export function perplexity(options: { fromLogits?: boolean } = {}): Metric {
  return perToken("perplexity", options, Math.exp);
}

/**
 * Mean cross-entropy in bits over all tokens that are not masked; with characters as tokens, bits per character.
 *
 * @example metrics.bitsPerCharacter({ fromLogits: true })
 */
export function bitsPerCharacter(options: { fromLogits?: boolean } = {}): Metric {
  return perToken("bitsPerCharacter", options, (nats) => nats / Math.LN2);
}
