import { beforeEach, expect, test } from "vitest";
import { weightsOf } from "../../../test/support/line.js";
import { modelFromBytes, modelToBytes } from "../../formats/model-file.js";
import { layers } from "../../layers/index.js";
import { resetLayerNames } from "../../layers/layer.js";
import { sequential } from "../../model/sequential.js";
import { setSeed } from "../../tensor/generator.js";
import { schedules } from "../schedules.js";
import { type OptimizerName, optimizers } from "./index.js";

beforeEach(() => resetLayerNames());

const x = [
  [1, 2, 3],
  [3, 1, 2],
  [2, 2, 1],
  [1, 3, 3],
  [2, 1, 1],
];
const y = [[0], [1], [1], [0], [1]];

function make(name: OptimizerName) {
  setSeed(11);
  const model = sequential([
    layers.embedding({ inputDim: 4, outputDim: 2, inputShape: [3] }),
    layers.gru({ units: 3 }),
    layers.dense({ units: 1 }),
  ]);
  const decay = schedules.cosineDecayRestarts({ initialLearningRate: 0.05, firstDecaySteps: 2 });
  const optimizer = optimizers[name]({
    learningRate: schedules.warmup({ steps: 3, from: 0.01, learningRate: decay }),
    weightDecay: 0.1,
    excludeFromWeightDecay: ["bias"],
    globalClipNorm: 1,
    useEma: true,
    emaMomentum: 0.9,
    emaOverwriteFrequency: 3,
    gradientAccumulationSteps: 2,
  });
  model.compile({ optimizer, loss: "mse" });
  return model;
}

// Three batches an epoch: the file is written between two gradients of one update.
const names = Object.keys(optimizers).filter((name) => !["groups", "lossScale"].includes(name)) as OptimizerName[];

test.each(names)("%s goes on from a file to the same bits", async (name) => {
  const options = { epochs: 4, batchSize: 2 };
  const whole = make(name);
  let bytes: Uint8Array | undefined;
  const save = (epoch: number) => {
    if (epoch === 0) bytes = modelToBytes(whole, { includeTrainingState: true });
  };
  const before = weightsOf(whole);
  const { history } = await whole.fit(x, y, { ...options, callbacks: { onEpochEnd: save } });
  const loaded = modelFromBytes(bytes!);
  expect(loaded.optimizer.getConfig()).toEqual(whole.optimizer.getConfig());
  const again = await loaded.fit(x, y, options);
  expect(weightsOf(loaded)).toEqual(weightsOf(whole));
  expect(again.history).toEqual(history);
  expect(weightsOf(whole)).not.toEqual(before);
});
