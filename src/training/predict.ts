import { noGrad } from "../autograd/tape.js";
import { arrayBatches, type Batch, examplesOf } from "../data/batches.js";
import type { DataLike, HostArray } from "../data/host-array.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import { scope } from "../tensor/scope.js";
import { sizeOf } from "../tensor/shape.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import { checkCount } from "./checks.js";

export interface PredictOptions {
  /** Examples computed at once. 32 by default. */
  batchSize?: number;
}

/** `Model.predict`. */
export function predict(model: Model, data: DataLike, options: PredictOptions = {}): Tensor {
  checkOptions("predict", options, ["batchSize"]);
  const { batchSize = 32 } = options;
  checkCount("predict", "batchSize", batchSize);
  return predictIn(model, examplesOf("predict", data).x, batchSize);
}

/** `Model.predictOnBatch`. */
export function predictOnBatch(model: Model, data: DataLike): Tensor {
  const { x } = examplesOf("predictOnBatch", data);
  return predictIn(model, x, x.length);
}

function predictIn(model: Model, x: HostArray, batchSize: number): Tensor {
  return noGrad(() =>
    scope(() => {
      let result: Tensor | null = null;
      let at = 0;
      for (const batch of arrayBatches({ x, y: null, sampleWeight: null }, batchSize).open() as Iterable<Batch>) {
        const size = batch.size;
        const [shape, values] = scope(() => {
          const { x: input } = batch.read();
          model.build(input.shape);
          const { output } = model.forward(input, false);
          checkOutput(input, output, at);
          return [output.shape, output.dataSync()] as const;
        });
        result ??= allocate([x.length, ...shape.slice(1)]);
        result.view().set(values, at * sizeOf(shape.slice(1)));
        at += size;
      }
      return result!;
    }),
  );
}

/** NaN out because of NaN in is an error; what a model makes of finite numbers is its own business. */
function checkOutput(input: Tensor, output: Tensor, offset: number): void {
  if (output.dtype !== "float32" || input.dtype !== "float32") return;
  const { kernels } = output.storage.engine;
  if (kernels.findNonFinite(output.offset, output.size) < 0) return;
  const at = kernels.findNonFinite(input.offset, input.size);
  if (at < 0) return;
  const example = offset + Math.floor(at / (input.size / input.shape[0]!));
  throw new RondoError("nonFinite", "predict: x holds numbers that are not finite", {
    received: `${input.view()[at]} in example ${example}`,
    expected: "finite numbers",
    fix: "remove or fill in missing values first",
  });
}
