import { noGrad } from "../autograd/tape.js";
import { arrayBatches, type Batch } from "../data/batches.js";
import { type DataParts, type Examples, examplesOf } from "../data/examples.js";
import { checkOptions, RondoError } from "../errors.js";
import type { Model } from "../model/model.js";
import { scope } from "../tensor/scope.js";
import { sizeOf } from "../tensor/shape.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import { checkCount } from "./checks.js";

/** Options of `model.predict`. */
export interface PredictOptions {
  /** Examples computed at once. 32 by default. */
  batchSize?: number;
}

/** `Model.predict`: one tensor per output. */
export function predict(model: Model, data: DataParts, options: PredictOptions = {}): Tensor[] {
  checkOptions("predict", options, ["batchSize"]);
  const { batchSize = 32 } = options;
  checkCount("predict", "batchSize", batchSize);
  return predictIn(model, examplesOf("predict", model.partNames, data), batchSize);
}

/** `Model.predictOnBatch`: one tensor per output. */
export function predictOnBatch(model: Model, data: DataParts): Tensor[] {
  const examples = examplesOf("predictOnBatch", model.partNames, data);
  return predictIn(model, examples, examples.x[0]!.length);
}

function predictIn(model: Model, examples: Examples, batchSize: number): Tensor[] {
  return noGrad(() =>
    scope(() => {
      let results: Tensor[] | null = null;
      let at = 0;
      for (const batch of arrayBatches(examples, batchSize).open() as Iterable<Batch>) {
        const size = batch.size;
        const parts = scope(() => {
          const { x } = batch.read();
          model.prepare(x);
          const { outputs } = model.forward(x, { training: false });
          for (const output of outputs) checkOutput(x, output, at);
          return outputs.map((output) => ({ shape: output.shape, dtype: output.dtype, values: output.dataSync() }));
        });
        results ??= parts.map(({ shape, dtype }) => allocate([examples.x[0]!.length, ...shape.slice(1)], dtype));
        for (const [i, { shape, values }] of parts.entries()) {
          results[i]!.view().set(values, at * sizeOf(shape.slice(1)));
        }
        at += size;
      }
      return results!;
    }),
  );
}

/** NaN out because of NaN in is an error; what a model makes of finite numbers is its own business. */
function checkOutput(inputs: readonly Tensor[], output: Tensor, offset: number): void {
  if (output.dtype !== "float32") return;
  const { kernels } = output.storage.engine;
  if (kernels.findNonFinite(output.offset, output.size) < 0) return;
  const find = (input: Tensor) => (input.dtype === "float32" ? kernels.findNonFinite(input.offset, input.size) : -1);
  const input = inputs.find((each) => find(each) >= 0);
  if (!input) return;
  const at = find(input);
  const example = offset + Math.floor(at / (input.size / input.shape[0]!));
  throw new RondoError("nonFinite", "predict: x holds numbers that are not finite", {
    received: `${input.view()[at]} in example ${example}`,
    expected: "finite numbers",
    fix: "remove or fill in missing values first",
  });
}
