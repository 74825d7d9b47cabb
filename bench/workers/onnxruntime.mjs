// ONNX Runtime for Node: the same layers with the same weights as ONNX graphs.
import { createRequire } from "node:module";
import { recurrentModel } from "../onnx-model.mjs";
import { numbers, samplePlaces, serve, weightsOf } from "./protocol.mjs";

const require = createRequire(`${process.env.RONDO_BENCH_PEERS}/`);
const ort = require("onnxruntime-node");
const threads = Number(process.env.RONDO_BENCH_THREADS ?? 1);

const open = (model) =>
  ort.InferenceSession.create(model, {
    ...{ intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential" },
    graphOptimizationLevel: "all",
  });

/** [batch, time, n] as ONNX wants it: [time, batch, n]. */
function timeMajor(values, batch, time, size) {
  const out = new Float32Array(values.length);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < time; t++) {
      out.set(values.subarray((b * time + t) * size, (b * time + t + 1) * size), (t * batch + b) * size);
    }
  }
  return out;
}

async function wholeSequence(test) {
  const { cell, batch, time, inputs, units } = test;
  const session = await open(recurrentModel({ cell, time, batch, units, layers: [weightsOf(test)] }));
  const values = timeMajor(numbers(batch * time * inputs), batch, time, inputs);
  const feeds = { x: new ort.Tensor("float32", values, [time, batch, inputs]) };
  const step = async () => void (await session.run(feeds));
  const sample = async () => {
    const { data } = (await session.run(feeds))[session.outputNames[0]];
    return samplePlaces(test).map(([b, t, u]) => data[(t * batch + b) * units + u]);
  };
  return { step, sample, release: () => session.release() };
}

async function stream(test) {
  const { cell, units, layers: depth } = test;
  const layers = Array.from({ length: depth }, (_, i) => weightsOf(test, i));
  const session = await open(recurrentModel({ cell, time: 1, batch: 1, units, layers, stateful: true }));
  const feeds = { x: new ort.Tensor("float32", numbers(units), [1, 1, units]) };
  const names = session.inputNames.filter((name) => name !== "x");
  for (const name of names) feeds[name] = new ort.Tensor("float32", new Float32Array(units), [1, 1, units]);
  const step = async () => {
    const after = await session.run(feeds);
    for (const name of names) feeds[name] = after[`${name}_next`];
  };
  const sample = async () => {
    for (let i = 0; i < 3; i++) await step();
    return feeds[`h${depth - 1}`].data.slice(0, 16);
  };
  return { step, sample, release: () => session.release() };
}

await serve({
  describe: () => `ONNX Runtime ${ort.env.versions.node}`,
  setup: (test) => (test.mode === "stream" ? stream(test) : wholeSequence(test)),
});
