import { layers } from "../../src/layers/index.js";
import type { Model } from "../../src/model/model.js";
import { type Sequential, sequential } from "../../src/model/sequential.js";
import type { CompileOptions } from "../../src/training/compile.js";

/** A linear model from one number to one, which starts at weight 0 and bias 0: what it does can be worked out by hand. */
export function line(options: Partial<CompileOptions> = {}): Sequential {
  const model = sequential([layers.dense({ units: 1, kernelInitializer: "zeros", inputShape: [1] })]);
  model.compile({ optimizer: "sgd", loss: "mse", learningRate: 0.1, ...options });
  return model;
}

/** Examples of one number each. */
export const numbers = (...values: number[]): number[][] => values.map((v) => [v]);

export const weightsOf = (model: Model): number[][] => model.weights.map((w) => [...w.dataSync()]);
