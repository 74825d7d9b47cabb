// The adding problem and the copy task: what does a network remember over T steps?
//
//   node bench/long-memory.mjs --task adding --cells lstm,gru,irnn,rnn --time 100 --minutes 3
//
// adding (Hochreiter & Schmidhuber, 1997): of T pairs (number in [0, 1], mark) two are marked; the answer is the sum of
// their numbers. Always answering 1 has a mean squared error of 1/6.
// copy (Arjovsky, Shah & Bengio, 2016): ten symbols of eight, T blanks, a sign, and then the ten symbols are wanted. Not
// remembering has a cross-entropy of 10 ln 8 / (T + 20).
//
// Training ends when the task is solved, after --steps updates or after --minutes (3, unless steps are given), whichever comes
// first. --chrono starts the biases of LSTM and GRU for memories of up to T steps; --progress 500 shows the error after every
// 500 updates.
//
// Adding counts as solved at an error of 0.01 over the last 100 batches, copying at a tenth of the cross-entropy above.
// For every network the size of the gradient that arrives at the first, middle and last step is shown, before training.
import { parseArgs } from "node:util";
import { callbacks, Generator, layers, optimizers, sequential, setSeed } from "../dist/entry/node.js";

const { values: options } = parseArgs({
  options: {
    task: { type: "string", default: "adding" },
    cells: { type: "string", default: "lstm,gru,irnn,rnn" },
    time: { type: "string", default: "100" },
    units: { type: "string", default: "128" },
    batch: { type: "string", default: "50" },
    rate: { type: "string", default: "0.001" },
    minutes: { type: "string" },
    steps: { type: "string" },
    clip: { type: "string", default: "1" },
    optimizer: { type: "string", default: "adam" },
    chrono: { type: "boolean", default: false },
    progress: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
  },
});
const [time, units, batch] = [options.time, options.units, options.batch].map(Number);
const most = Number(options.steps ?? Number.POSITIVE_INFINITY);
const minutesAtMost = Number(options.minutes ?? (options.steps ? Number.POSITIVE_INFINITY : 3));

const tasks = {
  adding: {
    baseline: 1 / 6,
    solved: 0.01,
    loss: "meanSquaredError",
    build: (recurrent) => [recurrent({ inputShape: [time, 2] }), layers.dense({ units: 1 })],
    make(random) {
      const x = new Float32Array(batch * time * 2);
      const y = new Float32Array(batch);
      const half = Math.floor(time / 2);
      for (let b = 0; b < batch; b++) {
        for (let t = 0; t < time; t++) x[(b * time + t) * 2] = random.uniform();
        for (const t of [random.int(half), half + random.int(time - half)]) {
          x[(b * time + t) * 2 + 1] = 1;
          y[b] += x[(b * time + t) * 2];
        }
      }
      return [
        { values: x, shape: [batch, time, 2] },
        { values: y, shape: [batch, 1] },
      ];
    },
  },
  copy: {
    baseline: (10 * Math.log(8)) / (time + 20),
    solved: Math.log(8) / (time + 20),
    loss: "sparseCategoricalCrossentropy",
    build: (recurrent) => [
      layers.embedding({ inputDim: 10, outputDim: 10, embeddingsInitializer: "identity", inputShape: [time + 20] }),
      recurrent({ returnSequences: true }),
      layers.dense({ units: 9, activation: "softmax" }),
    ],
    make(random) {
      const length = time + 20;
      const x = new Int32Array(batch * length);
      const y = new Int32Array(batch * length);
      for (let b = 0; b < batch; b++) {
        for (let i = 0; i < 10; i++) {
          const symbol = 1 + random.int(8);
          x[b * length + i] = symbol;
          y[b * length + time + 10 + i] = symbol;
        }
        x[b * length + time + 9] = 9;
      }
      const shape = [batch, length];
      return [
        { values: x, shape },
        { values: y, shape },
      ];
    },
  },
};

const chrono = (cell) => (options.chrono ? { biasInitializer: { name: "chrono", cell, maxTime: time } } : {});
const cells = {
  lstm: (more) => layers.lstm({ units, ...chrono("lstm"), ...more }),
  gru: (more) => layers.gru({ units, ...chrono("gru"), ...more }),
  rnn: (more) => layers.simpleRNN({ units, ...more }),
  // Le, Jaitly & Hinton, 2015.
  irnn: (more) =>
    layers.simpleRNN({
      units,
      activation: "relu",
      recurrentInitializer: "identity",
      kernelInitializer: { name: "randomNormal", stddev: 0.001 },
      ...more,
    }),
};

const task = tasks[options.task];
if (!task) throw new Error(`--task is one of ${Object.keys(tasks).join(", ")}, not ${options.task}`);
console.log(
  `${options.task}, ${time} steps, ${units} units, batches of ${batch}; baseline ${task.baseline.toFixed(4)}`,
);
console.log("| cell | steps | minutes | last loss | solved after | gradient at first, middle, last step |");
console.log("|---|---|---|---|---|---|");
for (const cell of options.cells.split(",")) {
  if (!cells[cell]) throw new Error(`--cells are of ${Object.keys(cells).join(", ")}, not ${cell}`);
  setSeed(Number(options.seed));
  const random = new Generator(Number(options.seed));
  const model = sequential(task.build(cells[cell]));
  const learningRate = Number(options.rate);
  const optimizer = optimizers[options.optimizer]({ learningRate, globalClipNorm: Number(options.clip) });
  model.compile({ optimizer, loss: task.loss });

  let gradients = [];
  const onReport = (report) => {
    gradients = report.layers.find(({ gradientsByStep }) => gradientsByStep)?.gradientsByStep ?? [];
  };
  const statistics = callbacks.layerStatistics({ onReport, print: false });
  await model.fit(...task.make(random), { batchSize: "all", epochs: 1, callbacks: statistics });

  const started = performance.now();
  const recent = [];
  let step = 1;
  let solvedAt = null;
  const mean = () => recent.reduce((a, b) => a + b, 0) / recent.length;
  const inTime = () => step < most && performance.now() - started < minutesAtMost * 60_000;
  while (solvedAt === null && inTime()) {
    const { loss } = await model.trainOnBatch(...task.make(random));
    recent.push(loss);
    if (recent.length > 100) recent.shift();
    step++;
    if (step % Number(options.progress) === 0) console.error(`${cell} ${step} ${mean().toFixed(4)}`);
    if (recent.length === 100 && mean() < task.solved) solvedAt = step;
  }
  const places = [0, Math.floor(gradients.length / 2), gradients.length - 1].map((t) => gradients[t]?.toExponential(1));
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  console.log(
    `| ${cell} | ${step} | ${minutes} | ${mean().toFixed(4)} | ${solvedAt ?? "not"} | ${places.join(", ")} |`,
  );
  model.dispose();
}
