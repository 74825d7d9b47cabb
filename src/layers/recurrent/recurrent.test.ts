import { describe, expect, test } from "vitest";
import { OwnGatedUnitCell } from "../../../test/layers/cells.js";
import { expectClose } from "../../../test/support/golden.js";
import { grads, noGrad } from "../../autograd/index.js";
import { Generator, setSeed } from "../../tensor/generator.js";
import { add, mul } from "../../tensor/ops/arithmetic.js";
import { ones, zeros } from "../../tensor/ops/creation.js";
import { sum } from "../../tensor/ops/reduce.js";
import { scope } from "../../tensor/scope.js";
import { memory, type Tensor, tensor } from "../../tensor/tensor.js";
import { type Layer, layers } from "../index.js";
import type { RNNCell } from "./cell.js";
import type { RecurrentLayer, RecurrentOptions } from "./recurrent-layer.js";
import type { StandardCellOptions } from "./standard-cell.js";

const random = new Generator(1);
const numbers = (...shape: number[]) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform(-1, 1)),
    shape,
  );

type Options = StandardCellOptions & RecurrentOptions;
const kinds: [string, (options: Options) => RecurrentLayer][] = [
  ["simpleRNN", (options) => layers.simpleRNN(options)],
  ["lstm", (options) => layers.lstm(options)],
  ["gru", (options) => layers.gru(options)],
  ["gru, reset before", (options) => layers.gru({ ...options, resetAfter: false })],
];

/** A second layer with the same weights. */
function twin<L extends Layer>(layer: L, other: L, shape: readonly number[]): L {
  layer.ensureBuilt(shape);
  other.ensureBuilt(shape);
  other.setWeights(layer.getWeights());
  return other;
}

const flat = (result: Tensor | readonly Tensor[]) =>
  (Array.isArray(result) ? result : [result]).flatMap((t: Tensor) => [...t.dataSync()]);

describe.each(kinds)("%s", (_, make) => {
  const x = numbers(3, 6, 4);
  const mask = [
    [1, 1, 0, 1, 1, 0],
    [0, 0, 1, 1, 0, 1],
    [1, 1, 1, 1, 1, 1],
  ];

  test("the fused kernels and the step loop agree with dropout, masks and states, gradients included", () => {
    const options = {
      units: 5,
      returnSequences: true,
      returnState: true,
      dropout: 0.4,
      recurrentDropout: 0.3,
      seed: 9,
    };
    const fused = make(options);
    const loop = twin(fused, make({ ...options, unroll: true }), x.shape);
    const states = fused
      .computeOutputShapes(x.shape)
      .slice(1)
      .map(() => numbers(3, 5));
    const run = (layer: RecurrentLayer) => {
      const all = (input: Tensor) =>
        (layer.apply(input, { training: true, mask, initialState: states }) as Tensor[])
          .map((t, i) => sum(mul(t, i + 1)))
          .reduce((a, b) => add(a, b));
      return grads((input: Tensor) => all(input))([x]).map((g) => [...g!.dataSync()]);
    };
    expectClose(run(fused)[0]!, run(loop)[0]!, 1e-5);
    expectClose(flat(fused.apply(x, { training: true, mask })), flat(loop.apply(x, { training: true, mask })), 1e-5);
  });

  test("dropout is off outside of training, and drawn anew at every call", () => {
    const layer = make({ units: 5, dropout: 0.5, recurrentDropout: 0.5, seed: 1 });
    const plain = twin(layer, make({ units: 5 }), x.shape);
    expect(flat(layer.apply(x))).toEqual(flat(plain.apply(x)));
    const [first, second] = [flat(layer.apply(x, { training: true })), flat(layer.apply(x, { training: true }))];
    expect(first).not.toEqual(second);
    const again = twin(layer, make({ units: 5, dropout: 0.5, recurrentDropout: 0.5, seed: 1 }), x.shape);
    expect(flat(again.apply(x, { training: true }))).toEqual(first);
    expect(flat(again.apply(x, { training: true }))).toEqual(second);
  });

  test("one mask per gate with implementation 1", () => {
    const layer = make({ units: 5, dropout: 0.5, recurrentDropout: 0.5, implementation: 1, seed: 1 });
    layer.ensureBuilt(x.shape);
    const gates = layer.weights[0]!.shape[1]! / 5;
    const drawn = layer.cell.draw(3, 4, true) as { input: Tensor[]; recurrent: Tensor[] };
    expect(drawn.input.map((m) => m.shape)).toEqual(Array(gates).fill([3, 4]));
    expect(drawn.recurrent.map((m) => m.shape)).toEqual(Array(gates).fill([3, 5]));
    const distinct = new Set([...drawn.input, ...drawn.recurrent].map((m) => m.dataSync().join()));
    expect(distinct.size).toBe(2 * gates);
    expect((layer.apply(x, { training: true }) as Tensor).shape).toEqual([3, 5]);
  });

  test("an initial state of the wrong shape or number, a mask that does not fit, no step at all", () => {
    const layer = make({ units: 5, name: "memory" });
    layer.apply(x);
    expect(() => layer.apply(x, { initialState: [zeros([3, 4])] })).toThrow(
      /memory: the initialState does not fit[\s\S]*\[3, 5\]/,
    );
    expect(() => layer.apply(x, { initialState: [] })).toThrow(/no states/);
    expect(() => layer.apply(x, { mask: zeros([3, 5]) })).toThrow(/memory: the mask does not fit[\s\S]*\[3, 6\]/);
    expect(() => layer.apply(zeros([3, 0, 4]))).toThrow(/memory: a recurrent layer needs at least one step/);
    expect(() => layer.apply(zeros([3, 4]))).toThrow(
      /memory: .* cannot take an input of this rank[\s\S]*returnSequences/,
    );
    expect(() => layer.apply(zeros([3, 6, 5]))).toThrow(/memory: .* built for inputs of another size/);
  });
});

describe("variational dropout", () => {
  test("the input mask is the same at every step, and scaled", () => {
    // With a kernel of ones and no recurrence the output counts the inputs that were kept.
    const layer = layers.simpleRNN({
      ...{ units: 1, activation: "linear", kernelInitializer: "ones", recurrentInitializer: "zeros", useBias: false },
      ...{ dropout: 0.5, returnSequences: true, seed: 4 },
    });
    const y = (layer.apply(ones([50, 8, 20]), { training: true }) as Tensor).arraySync() as number[][][];
    for (const steps of y) expect(new Set(steps.map(([v]) => v)).size).toBe(1);
    const kept = y.map((steps) => steps[0]![0]! / 2);
    expect(new Set(kept).size).toBeGreaterThan(3);
    const mean = kept.reduce((a, b) => a + b, 0) / kept.length;
    // 1000 draws of 1/2: four standard errors of the mean over 50 rows of 20.
    expect(Math.abs(mean - 10)).toBeLessThan(4 * Math.sqrt(20 / 4 / 50));
  });

  test("the recurrent mask is the same at every step: dropped units never feed back", () => {
    // h' = x + 1 * (mask * h): a kept unit sums mask^k, a dropped one stays at x.
    const layer = layers.simpleRNN({
      ...{
        units: 30,
        activation: "linear",
        kernelInitializer: "identity",
        recurrentInitializer: "identity",
        useBias: false,
      },
      ...{ recurrentDropout: 0.5, returnSequences: true, seed: 2 },
    });
    const y = (layer.apply(ones([1, 5, 30]), { training: true }) as Tensor).arraySync() as number[][][];
    const [first, last] = [y[0]![0]!, y[0]![4]!];
    expect(new Set(first)).toEqual(new Set([1]));
    expect(new Set(last)).toEqual(new Set([1, 1 + 2 + 4 + 8 + 16]));
  });
});

describe("stateful layers", () => {
  const x = numbers(2, 6, 3);
  const part = (from: number, to: number) => {
    const rows = x.arraySync() as number[][][];
    return tensor(rows.map((steps) => steps.slice(from, to)));
  };

  test.each(kinds)("%s: two halves give what the whole gives", (_, make) => {
    const plain = make({ units: 4, returnSequences: true });
    const layer = twin(plain, make({ units: 4, returnSequences: true, stateful: true }), x.shape);
    const expected = (plain.apply(x) as Tensor).arraySync() as number[][][];
    const halves = [part(0, 2), part(2, 6)].map((half) => (layer.apply(half) as Tensor).arraySync() as number[][][]);
    for (const b of [0, 1]) expectClose([...halves[0]![b]!, ...halves[1]![b]!].flat(), expected[b]!.flat(), 1e-6);
    layer.resetStates();
    expect(flat(layer.apply(part(0, 2)))).toEqual(halves[0]!.flat(2));
  });

  test.each(kinds)("%s: gradients use the state the call started from, not the one it left behind", (_, kind) => {
    // In the step loop: the kernels keep what they need of the first state themselves.
    const make = (stateful: boolean) => kind({ units: 4, stateful, returnState: true, unroll: true });
    const plain = make(false);
    const layer = twin(plain, make(true), x.shape);
    const [, ...states] = plain.apply(part(0, 3)) as Tensor[];
    layer.apply(part(0, 3));
    const second = part(3, 6);
    const loss = (run: (input: Tensor) => Tensor | readonly Tensor[]) => (input: Tensor) =>
      sum((run(input) as Tensor[])[0]!);
    const [actual] = grads(loss((input) => layer.apply(input)))([second]);
    const [expected] = grads(loss((input) => plain.apply(input, { initialState: states })))([second]);
    expectClose(actual!.dataSync(), expected!.dataSync(), 1e-6);
    // The recurrent kernel's gradient depends on the starting state directly.
    const weight = (l: RecurrentLayer) => l.weights[1]!;
    layer.resetStates(states);
    const [a] = grads(() => sum((layer.apply(second) as Tensor[])[0]!))([weight(layer)]);
    const [b] = grads(() => sum((plain.apply(second, { initialState: states }) as Tensor[])[0]!))([weight(plain)]);
    expectClose(a!.dataSync(), b!.dataSync(), 1e-6);
  });

  test("the batch size is fixed until the states are reset", () => {
    const layer = layers.gru({ units: 2, stateful: true, name: "memory" });
    layer.apply(x);
    expect(() => layer.apply(zeros([3, 1, 3]))).toThrow(
      /memory: a stateful layer[\s\S]*batch of 3[\s\S]*batch of 2[\s\S]*resetStates/,
    );
    layer.resetStates();
    layer.apply(zeros([3, 1, 3]));
    expect(layer.states!.map((s) => s.shape)).toEqual([[3, 2]]);
  });

  test("states can be set, and are forgotten by resetStates", () => {
    const layer = layers.lstm({ units: 2, stateful: true });
    layer.ensureBuilt([2, null, 3]);
    const states = [ones([2, 2]), zeros([2, 2])];
    layer.resetStates(states);
    const from = flat(layer.apply(x));
    const plain = twin(layer, layers.lstm({ units: 2 }), x.shape);
    expect(flat(plain.apply(x, { initialState: states }))).toEqual(from);
    layer.resetStates();
    expect(layer.states).toBeNull();
    expect(() => layer.resetStates([ones([2, 3])])).toThrow(/does not fit/);
    expect(() => layers.lstm({ units: 2 }).resetStates(states)).toThrow(/only a stateful layer/);
  });

  test("an initial state given to a call wins over the carried one", () => {
    const layer = layers.gru({ units: 2, stateful: true });
    layer.apply(x);
    const given = flat(layer.apply(x, { initialState: [zeros([2, 2])] }));
    layer.resetStates();
    expect(flat(layer.apply(x))).toEqual(given);
  });

  test("getState and setState carry states and generators to an equal layer", () => {
    const make = () =>
      layers.bidirectional({
        name: "both",
        layer: layers.gru({ units: 2, stateful: true, recurrentDropout: 0.5, returnSequences: true }),
      });
    setSeed(1);
    const layer = make();
    layer.apply(x, { training: true });
    const state = layer.getState();
    expect(Object.keys(state.tensors)).toEqual(["both/forward/state_0", "both/backward/state_0"]);
    expect(Object.keys(state.generators)).toEqual(["both/forward/generator", "both/backward/generator"]);
    const next = flat(layer.apply(x, { training: true }));
    const other = twin(layer, make(), x.shape);
    other.setState(state);
    expect(flat(other.apply(x, { training: true }))).toEqual(next);
    other.setState({ tensors: {}, generators: {} });
    expect((other as ReturnType<typeof make>).forwardLayer.states).toBeNull();
  });

  test("states outlive scopes and do not pile up", () => {
    const layer = layers.lstm({ units: 4, stateful: true });
    const step = () =>
      noGrad(() =>
        scope(() => {
          layer.apply(tensor(new Float32Array(6), [1, 2, 3]));
        }),
      );
    step();
    const before = memory().tensors;
    for (let i = 0; i < 20; i++) step();
    expect(memory().tensors).toBe(before);
  });
});

describe("cells of the user's own", () => {
  const x = numbers(2, 5, 3);
  const halving = {
    stateSize: 3,
    call: (input: Tensor, [s]: readonly Tensor[]): [Tensor, Tensor] => {
      const next = add(input, mul(s!, 0.5));
      return [next, next];
    },
  };

  test("a plain object is enough", () => {
    const y = (layers.rnn({ cell: halving, returnSequences: true }).apply(x) as Tensor).arraySync() as number[][][];
    const input = x.arraySync() as number[][][];
    for (const b of [0, 1]) {
      const s = [0, 0, 0];
      for (const t of [0, 1, 2, 3, 4]) {
        for (const i of [0, 1, 2]) s[i] = input[b]![t]![i]! + 0.5 * s[i]!;
        expectClose(y[b]![t]!, s, 1e-6);
      }
    }
  });

  test("a layer with a state that does not start at zero", () => {
    const cell: RNNCell = { ...halving, getInitialState: (batch) => [ones([batch, 3])] };
    const y = layers.rnn({ cell }).apply(zeros([2, 3, 3])) as Tensor;
    expectClose(y.dataSync(), Array(6).fill(0.125), 1e-7);
  });

  test("stacked with built-in cells it is one layer after the other", () => {
    const cells = [layers.lstmCell({ units: 3 }), new OwnGatedUnitCell({ units: 2 })];
    const stacked = layers.rnn({ cell: cells, returnSequences: true, returnState: true });
    const outputs = stacked.apply(x, {
      mask: [
        [1, 1, 0, 1, 0],
        [0, 1, 1, 1, 1],
      ],
    }) as Tensor[];
    expect(outputs.map((o) => o.shape)).toEqual([
      [2, 5, 2],
      [2, 3],
      [2, 3],
      [2, 2],
    ]);
    const lower = layers.lstm({ units: 3, returnSequences: true });
    const upper = layers.rnn({ cell: new OwnGatedUnitCell({ units: 2 }), returnSequences: true });
    lower.ensureBuilt(x.shape);
    upper.ensureBuilt([2, 5, 3]);
    lower.setWeights(stacked.getWeights().slice(0, 3));
    upper.setWeights(stacked.getWeights().slice(3));
    const expected = upper.apply(lower.apply(x) as Tensor) as Tensor;
    expectClose((stacked.apply(x) as Tensor[])[0]!.dataSync(), expected.dataSync(), 1e-6);
  });

  test("stacked built-in cells: the kernels and the step loop agree on every option", () => {
    const mask = [
      [1, 1, 0, 1, 0],
      [0, 1, 1, 0, 1],
    ];
    for (const goBackwards of [false, true]) {
      for (const zeroOutputForMask of [false, true]) {
        const make = (unroll: boolean) =>
          layers.rnn({
            cell: [
              layers.lstmCell({ units: 3, dropout: 0.3, seed: 1 }),
              layers.gruCell({ units: 4, recurrentDropout: 0.3, seed: 2 }),
              layers.simpleRNNCell({ units: 2, dropout: 0.3, recurrentDropout: 0.3, seed: 3 }),
            ],
            ...{ returnSequences: true, returnState: true, goBackwards, zeroOutputForMask, unroll },
          });
        const kernels = make(false);
        const loop = twin(kernels, make(true), x.shape);
        const initialState = kernels
          .computeOutputShapes(x.shape)
          .slice(1)
          .map((shape) => numbers(...(shape as number[])));
        const options = { mask, initialState, training: true };
        expectClose(flat(kernels.apply(x, options)), flat(loop.apply(x, options)), 1e-6);
      }
    }
  });

  test("mistakes are found where they were made", () => {
    const rnn = (cell: unknown) => layers.rnn({ cell: cell as RNNCell, name: "mine" });
    expect(() => rnn({ call: halving.call })).toThrow(/layers\.rnn cannot use this as a cell[\s\S]*stateSize/);
    expect(() => rnn({ stateSize: 3 })).toThrow(/call/);
    expect(() => rnn({ ...halving, stateSize: 0 })).toThrow(/at least 1/);
    expect(() => rnn(null)).toThrow(/cannot use this as a cell/);
    expect(() => rnn([])).toThrow(/at least one cell/);
    expect(() => rnn({ ...halving, stateSize: 4, getInitialState: () => [zeros([2, 3])] }).apply(x)).toThrow(
      /mine: the cell returned something else[\s\S]*\[2, 3\][\s\S]*\[2, 4\]/,
    );
    expect(() => rnn({ ...halving, call: (i: Tensor) => [i, []] }).apply(x)).toThrow(
      /the cell returned something else/,
    );
  });
});

describe("options", () => {
  test("unknown names and bad values", () => {
    expect(() => layers.lstm({ units: 2, returnSequence: true } as never)).toThrow(/did you mean "returnSequences"/);
    expect(() => layers.gru({ units: 2, resetafter: true } as never)).toThrow(/did you mean "resetAfter"/);
    expect(() => layers.simpleRNN({ units: 2, unitForgetBias: true } as never)).toThrow(/has no option/);
    expect(() => layers.lstm({ units: 2, dropout: 1 })).toThrow(/layers\.lstm dropout/);
    expect(() => layers.lstm({ units: 2, implementation: 3 as never })).toThrow(/1, 2/);
    expect(() => layers.lstm({ units: 2, stateful: "yes" as never })).toThrow(/true or false/);
    expect(() => layers.lstmCell({ units: 2, returnState: true } as never)).toThrow(/layers\.lstmCell has no option/);
  });
});
