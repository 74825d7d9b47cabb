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
    { batch: 32, time: 100, inputs: 256, units: 256 },
  ],
  full: [1, 16, 32, 64, 128].flatMap((batch) =>
    [25, 100, 400].flatMap((time) => [64, 128, 256, 512].map((units) => ({ batch, time, inputs: units, units }))),
  ),
};

export const cells = ["lstm", "gru", "rnn"];
export const modes = ["train", "infer"];

/** Floating-point operations of one pass: forward is 2·B·T·G·H·(I+H), backward twice that. */
export function flops({ cell, mode, batch, time, inputs, units }) {
  const gates = { lstm: 4, gru: 3, rnn: 1 }[cell];
  const forward = 2 * batch * time * gates * units * (inputs + units);
  return mode === "train" ? 3 * forward : forward;
}
