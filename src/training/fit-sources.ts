import {
  arrayBatches,
  type BatchSource,
  type Dataset,
  datasetBatches,
  isDataset,
  splitExamples,
} from "../data/batches.js";
import { type DataParts, type Examples, examplesOf } from "../data/examples.js";
import { RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import { weightClasses } from "./class-weight.js";
import type { FitOptions, ValidationData } from "./fit.js";
import { checkTruncation } from "./truncated.js";

export interface Sources {
  training: BatchSource;
  validation: BatchSource | null;
}

/** Where the batches of `fit` come from, with its options checked against the data. */
export function sources(
  model: Model,
  data: DataParts | Dataset,
  y: DataParts | undefined,
  options: FitOptions,
): Sources {
  const { validationSplit, validationData } = options;
  const names = model.partNames;
  const sizeFor = (examples: Examples) => {
    const { batchSize = 32 } = options;
    return batchSize === "all" ? Math.max(1, examples.x[0]!.length) : batchSize;
  };
  const ofValidation = (held: Examples) => arrayBatches(held, options.validationBatchSize ?? sizeFor(held));
  let validation: BatchSource | null = null;
  if (validationData !== undefined) {
    validation = isPair(validationData)
      ? ofValidation(examplesOf("validationData", names, ...partsOf(validationData)))
      : datasetBatches("validationData", validationData as Dataset, names);
  }
  if (isDataset(data)) {
    if (options.truncate) checkTruncation(model, options.truncate, null);
    return { training: datasetBatches("fit", data, names), validation };
  }
  let examples = examplesOf("fit", names, data, y, options.sampleWeight);
  if (!examples.y) {
    throw new RondoError("data", "fit needs targets", { received: "x alone", expected: "fit(x, y, options)" });
  }
  if (validationSplit) {
    const [train, held] = splitExamples(examples, validationSplit);
    examples = train;
    validation = ofValidation(held);
  }
  if (options.classWeight) {
    const losses = model.compiled.outputs.map(({ loss }) => loss);
    examples = weightClasses(examples, losses, options.classWeight);
  }
  if (options.truncate) checkTruncation(model, options.truncate, examples);
  const batchSize = sizeFor(examples);
  const { length } = examples.x[0]!;
  if (model.stateful && length % batchSize !== 0) {
    throw new RondoError("shape", "a stateful model needs batches of one size", {
      received: `${length} examples in batches of ${batchSize}`,
      expected: `a number of examples that is a multiple of ${batchSize}`,
      fix: "leave some examples out, or choose another batchSize",
    });
  }
  return { training: arrayBatches(examples, batchSize), validation };
}

export function isPair(data: ValidationData): data is Exclude<ValidationData, Dataset> {
  if (Array.isArray(data)) return !isDataset(data);
  return typeof data === "object" && "x" in data && "y" in data;
}

export function partsOf(data: Exclude<ValidationData, Dataset>): [DataParts, DataParts, DataParts | undefined] {
  if (Array.isArray(data)) return [data[0], data[1], data[2]];
  const { x, y, sampleWeight } = data as { x: DataParts; y: DataParts; sampleWeight?: DataParts };
  return [x, y, sampleWeight];
}
