/**
 * What `operations.mjs` measures, by group. `kind` says what a step does; the workers know how in their system.
 * Everything is float32; a gradient is taken with respect to everything that could be trained.
 */
const rows = 3200;
const lines = 100;

export const groups = {
  softmax: [
    { kind: "crossEntropy", mode: "forward", rows, classes: 10000 },
    { kind: "crossEntropy", mode: "train", rows, classes: 10000 },
    { kind: "crossEntropy", mode: "train", rows, classes: 65 },
    { kind: "softmax", mode: "forward", rows, classes: 10000 },
    { kind: "softmax", mode: "train", rows, classes: 10000 },
    { kind: "logSoftmax", mode: "train", rows, classes: 10000 },
    { kind: "softmax", mode: "train", rows: 25600, classes: 100 },
  ],
  embedding: [
    { kind: "embedding", optimizer: "none", batch: 32, time: lines, words: 10000, size: 128 },
    { kind: "embedding", optimizer: "none", batch: 32, time: lines, words: 10000, size: 256 },
    { kind: "embedding", optimizer: "sgd", batch: 32, time: lines, words: 10000, size: 128 },
    { kind: "embedding", optimizer: "adam", batch: 32, time: lines, words: 10000, size: 128 },
    { kind: "embedding", optimizer: "adam", batch: 32, time: lines, words: 10000, size: 256 },
  ],
  elementwise: [
    { kind: "chain", chain: "add", count: 4e6 },
    { kind: "chain", chain: "bias", count: 3200 * 1024 },
    { kind: "chain", chain: "tanh", count: 4e6 },
    { kind: "chain", chain: "gelu", count: 4e6 },
    { kind: "chain", chain: "swish", count: 4e6 },
    { kind: "chain", chain: "exp", count: 4e6 },
    { kind: "chain", chain: "huber", count: 4e6 },
    { kind: "chain", chain: "normalize", count: 3200 * 512 },
    { kind: "chain", chain: "tanh", count: 4096 },
  ],
  optimizers: [
    "sgd",
    "momentum",
    "rmsprop",
    "adam",
    "adamw",
    "amsgrad",
    "nadam",
    "adamax",
    "adagrad",
    "adadelta",
  ].flatMap((optimizer) => [
    { kind: "optimizer", optimizer, model: "large" },
    { kind: "optimizer", optimizer, model: "character" },
  ]),
  clipping: [
    { kind: "optimizer", optimizer: "adam", model: "large", clip: 1 },
    { kind: "optimizer", optimizer: "adam", model: "character", clip: 1 },
  ],
  products: [
    ["forward", 3200, 128, 5000],
    ["dx", 3200, 128, 5000],
    ["dw", 3200, 128, 5000],
    ["forward", 32, 128, 5000],
    ["dx", 32, 128, 5000],
    ["dw", 32, 128, 5000],
    ["forward", 3200, 256, 10000],
    ["forward", 3200, 256, 65],
    ["dx", 3200, 256, 65],
    ["dw", 3200, 256, 65],
    ["forward", 3200, 256, 1024],
    ["dx", 3200, 256, 1024],
    ["dw", 3200, 256, 1024],
    ["forward", 64, 512, 512],
    ["forward", 1, 512, 2048],
  ].map(([product, m, k, n]) => ({ kind: "product", product, m, k, n })),
  character: [
    { kind: "character", batch: 32, time: 64, units: 128, words: 65 },
    { kind: "character", batch: 32, time: 100, units: 128, words: 65 },
    { kind: "character", batch: 32, time: 100, units: 256, words: 65 },
    { kind: "character", batch: 32, time: 64, units: 512, words: 65 },
    { kind: "character", batch: 8, time: 32, units: 64, words: 65 },
    { kind: "character", batch: 32, time: 35, units: 256, words: 10000 },
  ],
};

/** One line for a case. */
export function nameOf({ kind, ...rest }) {
  return `${kind} ${Object.values(rest).join(" ")}`;
}

/** Sizes of the parameters a "model" stands for: one big one, or those of a character model with two LSTM layers. */
export function parametersOf(model) {
  if (model === "large") return [[5000, 1000]];
  const units = 256;
  const lstm = [[units, 4 * units], [units, 4 * units], [4 * units]];
  return [[65, units], ...lstm, ...lstm, [units, 65], [65]];
}
