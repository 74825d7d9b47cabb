import { describe, expect, test } from "vitest";
import { Source } from "../../../test/parity/inputs.js";
import { onBackend, otherBackends } from "../../../test/support/backends.js";
import type { BackendName } from "../../backend/backend.js";
import {
  concat,
  grad,
  gruSequence,
  lstmSequence,
  memory,
  type SequenceOptions,
  type SequenceResult,
  scope,
  setBackend,
  simpleRnnSequence,
  split,
  stack,
  type Tensor,
  tensor,
  unstack,
  valueAndGrads,
  where,
  zeros,
} from "../../index.js";
import type { Shape } from "../shape.js";

setBackend("reference"); // before the tensors below are made

const [B, T, I, U] = [3, 4, 2, 3];

/** A cell written with ordinary operations, from the formulas: (x_t, states, h for the recurrent product) -> states. */
type Step = (x: Tensor, states: readonly Tensor[], h: Tensor, w: Weights) => Tensor[];
interface Weights {
  kernel: Tensor;
  recurrent: Tensor;
  bias?: Tensor | null;
}
type Flags = Pick<SequenceOptions, "sequences" | "goBackwards" | "zeroOutputForMask">;

/** Keras' loop over steps: masked steps keep the state and repeat the output (or put out zeros). */
function loop(step: Step, states: readonly Tensor[], options: SequenceOptions & Weights): SequenceResult {
  const { mask, recurrentMask, sequences, goBackwards, zeroOutputForMask } = options;
  const order = (list: Tensor[]) => (goBackwards ? list.reverse() : list);
  const steps = order(unstack(options.x!, 1));
  const masks = mask ? order(unstack(mask, 1)) : null;
  let current = [...states];
  let output = zeros([B, U]);
  const outputs = steps.map((x, s) => {
    const h = recurrentMask ? current[0]!.mul(recurrentMask) : current[0]!;
    const next = step(x, current, h, options);
    const valid = masks?.[s]?.expandDims(-1);
    output = valid ? where(valid, next[0]!, zeroOutputForMask ? zeros([B, U]) : output) : next[0]!;
    current = valid ? next.map((n, i) => where(valid, n, current[i]!)) : next;
    return output;
  });
  return { output: sequences ? stack(outputs, 1) : outputs.at(-1)!, states: current };
}

const plus = (x: Tensor, bias?: Tensor | null) => (bias ? x.add(bias) : x);

const lstmStep: Step = (x, [, c], h, { kernel, recurrent, bias }) => {
  const [i, f, g, o] = split(plus(x.matMul(kernel).add(h.matMul(recurrent)), bias), 4, -1) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const next = f.sigmoid().mul(c!).add(i.sigmoid().mul(g.tanh()));
  return [o.sigmoid().mul(next.tanh()), next];
};

const gruStep =
  (resetAfter: boolean): Step =>
  (x, [before], h, { kernel, recurrent, bias }) => {
    const [inputBias, recurrentBias] = bias && resetAfter ? unstack(bias, 0) : [bias, null];
    const [xz, xr, xh] = split(plus(x.matMul(kernel), inputBias), 3, -1) as [Tensor, Tensor, Tensor];
    const [rz, rr, rh] = split(plus(h.matMul(recurrent), recurrentBias), 3, -1) as [Tensor, Tensor, Tensor];
    const z = xz.add(rz).sigmoid();
    const r = xr.add(rr).sigmoid();
    const last = split(recurrent, 3, -1)[2]!;
    const candidate = xh.add(resetAfter ? r.mul(rh) : r.mul(h).matMul(last)).tanh();
    return [z.mul(before!).add(z.mul(-1).add(1).mul(candidate))];
  };

const rnnStep =
  (activation: (x: Tensor) => Tensor): Step =>
  (x, _states, h, { kernel, recurrent, bias }) => [activation(plus(x.matMul(kernel).add(h.matMul(recurrent)), bias))];

interface Cell {
  name: string;
  gates: number;
  bias: Shape;
  states: number;
  step: Step;
  fused: (options: SequenceOptions) => SequenceResult;
}

const cells: Cell[] = [
  { name: "LSTM", gates: 4, bias: [4 * U], states: 2, step: lstmStep, fused: lstmSequence },
  { name: "GRU", gates: 3, bias: [2, 3 * U], states: 1, step: gruStep(true), fused: gruSequence },
  {
    name: "GRU, reset before",
    gates: 3,
    bias: [3 * U],
    states: 1,
    step: gruStep(false),
    fused: (options) => gruSequence({ ...options, resetAfter: false }),
  },
  ...(["tanh", "relu", "sigmoid", "linear"] as const).map((activation) => ({
    name: `RNN with ${activation}`,
    gates: 1,
    bias: [U],
    states: 1,
    step: rnnStep((x) => (activation === "linear" ? x : x[activation]())),
    fused: (options: SequenceOptions) => simpleRnnSequence({ ...options, activation }),
  })),
];

interface Variant extends Flags {
  name: string;
  bias?: boolean;
  initialState?: boolean;
  mask?: boolean;
  recurrentMask?: boolean;
}

const everything = { bias: true, initialState: true, mask: true, recurrentMask: true };
const variants: Variant[] = [
  { name: "the last output" },
  { name: "all outputs", sequences: true },
  { name: "a bias and an initial state", bias: true, initialState: true, sequences: true },
  { name: "a mask", mask: true, sequences: true },
  { name: "a mask and the last output", mask: true, bias: true },
  { name: "a mask and zeros", mask: true, sequences: true, zeroOutputForMask: true },
  { name: "a mask, zeros and the last output", mask: true, zeroOutputForMask: true },
  { name: "a recurrent mask", recurrentMask: true, sequences: true },
  { name: "steps backwards", goBackwards: true, sequences: true },
  { name: "everything", ...everything, sequences: true },
  { name: "everything backwards", ...everything, sequences: true, goBackwards: true },
  { name: "everything backwards, zeros", ...everything, goBackwards: true, zeroOutputForMask: true },
];

/** Masked at the start, in the middle, at the end, and one row wholly. */
const maskRows = [
  [0, 1, 0, 1],
  [1, 1, 0, 0],
  [0, 0, 0, 0],
];

/** Output, states and all gradients of a weighted sum of them, as plain numbers. */
function run(cell: Cell, variant: Variant, way: "fused" | "loop", backend: BackendName = "reference") {
  return onBackend(backend, () =>
    scope(() => {
      const source = new Source(3);
      const random = (shape: Shape) => tensor(source.floats(shape.reduce((a, b) => a * b, 1)), shape);
      const named: Record<string, Tensor> = {
        x: random([B, T, I]),
        kernel: random([I, cell.gates * U]),
        recurrent: random([U, cell.gates * U]),
      };
      if (variant.bias) named["bias"] = random(cell.bias);
      if (variant.initialState) for (let i = 0; i < cell.states; i++) named[`state ${i}`] = random([B, U]);
      const { sequences, goBackwards, zeroOutputForMask } = variant;
      const mask = variant.mask ? tensor(maskRows, undefined, "bool") : null;
      const recurrentMask = variant.recurrentMask
        ? tensor([
            [0, 2, 1],
            [1, 0, 2],
            [2, 2, 0],
          ])
        : null;
      const weights = [
        random([B, ...(sequences ? [T] : []), U]),
        ...Array.from({ length: cell.states }, () => random([B, U])),
      ];

      const names = Object.keys(named);
      const entries: { what: string; shape: Shape; values: number[] }[] = [];
      const note = (what: string, t: Tensor) =>
        entries.push({ what, shape: t.shape, values: Array.from(t.dataSync()) });
      const loss = (...tensors: Tensor[]) => {
        const of = (name: string) => tensors[names.indexOf(name)]!;
        const initialState = variant.initialState
          ? Array.from({ length: cell.states }, (_, i) => of(`state ${i}`))
          : null;
        const options = {
          x: of("x"),
          kernel: of("kernel"),
          recurrent: of("recurrent"),
          bias: variant.bias ? of("bias") : null,
          initialState,
          mask,
          recurrentMask,
          sequences,
          goBackwards,
          zeroOutputForMask,
        };
        const start = initialState ?? Array.from({ length: cell.states }, () => zeros([B, U]));
        const { output, states } = way === "fused" ? cell.fused(options) : loop(cell.step, start, options);
        const results = [output, ...states];
        for (const [i, r] of results.entries()) note(i === 0 ? "output" : `final state ${i - 1}`, r);
        return concat(results.map((r, i) => r.mul(weights[i]!).flatten())).sum();
      };
      const { grads: gradients } = valueAndGrads(loss)(Object.values(named));
      for (const [i, g] of gradients.entries()) note(`gradient of ${names[i]}`, g);
      return entries;
    }),
  );
}

function expectSame(found: ReturnType<typeof run>, expected: ReturnType<typeof run>) {
  expect(found.map(({ what, shape }) => [what, shape])).toEqual(expected.map(({ what, shape }) => [what, shape]));
  found.forEach(({ what, values }, k) => {
    values.forEach((v, i) => {
      const e = expected[k]!.values[i]!;
      expect(Math.abs(v - e), `${what}[${i}]: ${v} instead of ${e}`).toBeLessThan(1e-5 * Math.max(1, Math.abs(e)));
    });
  });
}

describe.each(cells)("$name in one call does what its steps do", (cell) => {
  test.each(variants)("with $name", (variant) => {
    const expected = run(cell, variant, "loop");
    expectSame(run(cell, variant, "fused"), expected);
    for (const backend of otherBackends()) expectSame(run(cell, variant, "fused", backend), expected);
  });
});

describe("sequence operations", () => {
  const weights = { kernel: zeros([I, 4 * U]), recurrent: zeros([U, 4 * U]) };

  test.each([
    ["x of two axes", { x: zeros([B, I]), ...weights }, /x has the wrong number of axes[\s\S]*\[batch, time, inputs\]/],
    ["no steps", { x: zeros([B, 0, I]), ...weights }, /at least one step/],
    [
      "another number of inputs",
      { x: zeros([B, T, 5]), ...weights },
      /kernel has the wrong shape[\s\S]*\[2, 12\][\s\S]*\[5, 12\]/,
    ],
    [
      "a mask of another shape",
      { x: zeros([B, T, I]), ...weights, mask: zeros([B, 1]) },
      /mask has the wrong shape[\s\S]*\[3, 4\]/,
    ],
    ["one state of two", { x: zeros([B, T, I]), ...weights, initialState: [zeros([B, U])] }, /\[h, c\]/],
    ["an unknown option", { x: zeros([B, T, I]), ...weights, sequence: true }, /did you mean "sequences"/],
  ] as const)("refuse %s", (_what, options, message) => {
    expect(() => lstmSequence(options as SequenceOptions)).toThrow(message);
  });

  test("refuse an unknown activation", () => {
    const options = { x: zeros([B, T, I]), kernel: zeros([I, U]), recurrent: zeros([U, U]) };
    expect(() => simpleRnnSequence({ ...options, activation: "tahn" as never })).toThrow(/did you mean "tanh"/);
  });

  test("give empty results for an empty batch", () => {
    const { output, states } = lstmSequence({ x: zeros([0, T, I]), ...weights, sequences: true });
    expect([output.shape, states[0]!.shape, states[1]!.shape]).toEqual([
      [0, T, U],
      [0, U],
      [0, U],
    ]);
    const dk = grad((kernel) => lstmSequence({ ...weights, x: zeros([0, T, I]), kernel }).output)(weights.kernel);
    expect(dk.arraySync()).toEqual(zeros([I, 4 * U]).arraySync());
  });

  test("refuse to differentiate their recurrent mask and their gradient, with the way out", () => {
    const x = zeros([B, T, I]);
    const f = (recurrentMask: Tensor) => lstmSequence({ x, ...weights, recurrentMask }).output;
    expect(() => grad(f)(zeros([B, U]))).toThrow(/dropout mask[\s\S]*unroll: true/);
    const twice = grad((y) => grad((z) => lstmSequence({ x: z, ...weights }).output)(y));
    expect(() => twice(x)).toThrow(/first derivatives only[\s\S]*unroll: true/);
  });

  test("return their working memory", () => {
    const round = () => scope(() => void lstmSequence({ x: zeros([B, T, I]), ...weights }));
    round();
    const before = memory();
    for (let i = 0; i < 100; i++) round();
    expect(memory()).toEqual(before);
  });
});
