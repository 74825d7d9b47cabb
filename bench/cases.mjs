// What is measured.

/** Shapes by set: batch, time steps, input size, hidden size. */
export const shapeSets = {
  /** The floor every release must hold. */
  floor: [
    { batch: 32, time: 100, inputs: 128, units: 128 },
    { batch: 32, time: 100, inputs: 256, units: 256 },
  ],
  quick: [
    { batch: 1, time: 100, inputs: 64, units: 64 },
    { batch: 32, time: 25, inputs: 64, units: 64 },
    { batch: 32, time: 100, inputs: 128, units: 128 },
    { batch: 64, time: 25, inputs: 256, units: 256 },
  ],
  grid: [1, 16, 32, 64, 128].flatMap((batch) =>
    [25, 100, 400].flatMap((time) => [64, 128, 256, 512].map((units) => ({ batch, time, inputs: units, units }))),
  ),
};

export const cells = ["lstm", "gru", "rnn"];
/** One training step, inference on whole sequences, a character model's training step, one streaming step, start-up. */
export const modes = ["train", "infer", "text", "stream", "start"];

const gates = { lstm: 4, gru: 3, rnn: 1 };

/** Floating-point operations of one step: forward is 2·B·T·G·H·(I+H) per layer, backward twice that. */
export function flops({ mode, cell, batch, time, inputs, units, layers = 1, vocabulary = 0 }) {
  if (mode === "start") return 0;
  const recurrent = (from) => 2 * batch * time * gates[cell] * units * (from + units);
  const forward = recurrent(inputs) + (layers - 1) * recurrent(units) + 2 * batch * time * units * vocabulary;
  return mode === "train" || mode === "text" ? 3 * forward : forward;
}

const streams = {
  quick: [32, 128, 512].map((units) => ({ units, layers: 1 })),
  full: [32, 64, 128, 256, 512].flatMap((units) => [1, 2, 3].map((layers) => ({ units, layers }))),
};

/** Character models: embedding, two LSTM layers, dense, softmax cross-entropy, clipping, Adam. */
const texts = {
  quick: [{ units: 128, time: 50, batch: 32 }],
  full: [128, 256, 384].map((units) => ({ units, time: 100, batch: 32 })),
};

/**
 * Every case of a run. `base` is the system whose time the others are divided by: rondo's native kernels, or its WASM ones
 * for the comparison with other WASM libraries (floor shapes).
 */
export function plan({ shapes, threads, modes: wantedModes, cells: wantedCells, only = {} }) {
  const extent = shapes === "grid" ? "full" : "quick";
  const all = [];
  const add = (row) => all.push({ base: "native", inputs: row.units, ...row });
  add({ mode: "start", cell: "lstm", threads: 1, batch: 32, time: 50, units: 64 });
  for (const count of threads) {
    for (const mode of ["train", "infer"]) {
      for (const cell of cells) for (const shape of shapeSets[shapes]) add({ mode, cell, threads: count, ...shape });
    }
    for (const text of texts[extent]) {
      add({ mode: "text", cell: "lstm", threads: count, layers: 2, vocabulary: 65, ...text, inputs: 64 });
    }
  }
  for (const stream of streams[extent]) add({ mode: "stream", cell: "lstm", threads: 1, batch: 1, time: 1, ...stream });
  // The others take seconds for each step of the floor shapes.
  const floor = shapes === "quick" ? [{ ...shapeSets.floor[0], time: 25 }] : shapeSets.floor;
  for (const mode of ["train", "infer"]) {
    for (const cell of cells) for (const shape of floor) add({ mode, cell, threads: 1, ...shape, base: "wasm" });
  }
  const among = (list, value) => !list || list.length === 0 || list.includes(value);
  return all.filter(
    (row) =>
      among(wantedModes, row.mode) &&
      among(wantedCells, row.cell) &&
      among(only.batch, row.batch) &&
      among(only.time, row.time) &&
      among(only.units, row.units) &&
      among(only.base, row.base) &&
      threads.includes(row.threads),
  );
}
