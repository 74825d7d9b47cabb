import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { DataParts } from "../data/examples.js";
import { RondoError } from "../errors.js";
import { input, layers } from "../layers/index.js";
import type { BatchShape } from "../layers/layer.js";
import type { Mistake } from "../layers/shape-types.js";
import { sub } from "../tensor/ops/arithmetic.js";
import { zeros } from "../tensor/ops/creation.js";
import { mean } from "../tensor/ops/reduce.js";
import { square } from "../tensor/ops/unary.js";
import type { Tensor } from "../tensor/tensor.js";
import type { CompileOptions } from "../training/compile.js";
import { type LossLike, type LossName, losses } from "../training/losses/index.js";
import { model } from "./functional.js";
import type { Model as AnyModel } from "./model.js";
import { type Sequential, sequential } from "./sequential.js";
import type { LossCheck, TargetCheck, TensorOf } from "./shape-types.js";

// `npm run check` compiles this file, and with it what expectTypeOf says; run, it shows that the shapes are true.

const sequences = { units: 5, returnSequences: true } as const;

describe("shapes known at compile time are those of the run", () => {
  test("a recurrent classifier", () => {
    const model = sequential([
      layers.embedding({ inputDim: 9, outputDim: 8, inputShape: [null] }),
      layers.bidirectional({ layer: layers.lstm(sequences) }),
      layers.layerNormalization(),
      layers.gru({ units: 3 }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 2, activation: "softmax" }),
    ]);
    expectTypeOf(model).toEqualTypeOf<Sequential<readonly [null, null], readonly [null, 2]>>();
    const { shape } = model.predict([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expectTypeOf(shape[1]).toEqualTypeOf<2>();
    expect(shape).toEqual([2, 2]);
  });

  test("what is not known stays open", () => {
    expectTypeOf(sequential()).toEqualTypeOf<Sequential>();
    expectTypeOf(sequential().predict).returns.toEqualTypeOf<Tensor>();
    const units = Number("3");
    const model = sequential([layers.lstm({ units })]);
    expectTypeOf(model).toEqualTypeOf<Sequential<BatchShape, readonly [null, number]>>();
    const lambda = sequential([layers.permute({ dims: [2, 1] }), layers.lstm({ units: 3 })]);
    expectTypeOf(lambda).toEqualTypeOf<Sequential<BatchShape, readonly [null, 3]>>();
    const anyModel: Sequential = model;
    expect(anyModel).toBe(model);
  });
});

type MessageOf<C> = C extends Mistake<infer M> ? M : never;
// biome-ignore lint/suspicious/noExplicitAny: of any input.
type Model<Out extends BatchShape> = Sequential<any, Out>;

/** Compiles a model with a loss that suits its output. */
function accepts<S extends BatchShape, const L extends LossLike>(
  model: Model<S>,
  loss: L & LossCheck<NoInfer<L>, TensorOf<S>>,
): void {
  model.compile({ optimizer: "adam", loss: loss as LossLike });
  expect(model.isCompiled).toBe(true);
}

/** The compiler refuses a loss for an output with this message, and training with an error that begins likewise. */
async function refuses<S extends BatchShape, const L extends LossName>(
  model: Model<S>,
  loss: L,
  message: MessageOf<LossCheck<L, TensorOf<S>>>,
): Promise<void> {
  (model as Sequential).compile({ optimizer: "adam", loss: loss as LossLike });
  const [, ...rest] = (model.outputShape as readonly number[]).map((n) => n ?? 2);
  const error = await (model as Sequential).trainOnBatch(zeros([2, 2, 3]), zeros([2, ...rest])).catch((e) => e);
  expect(error).toBeInstanceOf(RondoError);
  expect(error).toMatchObject({ code: "shape", path: expect.stringMatching(/layer \d \(/) });
  expect(message).toMatch(/needs/);
}

const encoder = <const R extends boolean>(returnSequences: R) =>
  layers.lstm({ units: 4, returnSequences, inputShape: [2, 3] });
/** Models of so many outputs, for the last step. */
const last = {
  1: () => sequential([encoder(false), layers.dense({ units: 1 })]),
  2: () => sequential([encoder(false), layers.dense({ units: 2 })]),
  3: () => sequential([encoder(false), layers.dense({ units: 3 })]),
  5: () => sequential([encoder(false), layers.dense({ units: 5 })]),
  32: () => sequential([encoder(false), layers.dense({ units: 32 })]),
  42: () => sequential([encoder(false), layers.dense({ units: 42 })]),
};
/** The same for every step. */
const all = {
  1: () => sequential([encoder(true), layers.dense({ units: 1 })]),
  2: () => sequential([encoder(true), layers.dense({ units: 2 })]),
  3: () => sequential([encoder(true), layers.dense({ units: 3 })]),
  5: () => sequential([encoder(true), layers.dense({ units: 5 })]),
  14: () => sequential([encoder(true), layers.dense({ units: 14 })]),
};

/** Every loss says which outputs it takes. A new one without an entry here does not compile. */
const rules: { readonly [N in keyof typeof losses]: () => void | Promise<void> } = {
  meanSquaredError() {
    accepts(last[1](), "meanSquaredError");
    accepts(last[1](), "mse");
    accepts(last[1](), losses.meanSquaredError());
  },
  meanAbsoluteError() {
    accepts(all[3](), "meanAbsoluteError");
    accepts(all[3](), "mae");
  },
  meanAbsolutePercentageError() {
    accepts(last[1](), "meanAbsolutePercentageError");
    accepts(last[1](), "mape");
  },
  meanSquaredLogarithmicError() {
    accepts(last[1](), "meanSquaredLogarithmicError");
    accepts(last[1](), "msle");
  },
  logCosh: () => accepts(last[1](), "logCosh"),
  huber() {
    accepts(last[1](), "huber");
    accepts(last[1](), losses.huber({ delta: 2 }));
  },
  cosineSimilarity: () => accepts(last[1](), "cosineSimilarity"),
  poisson: () => accepts(last[1](), "poisson"),
  binaryCrossentropy: () => accepts(last[1](), "binaryCrossentropy"),
  async categoricalCrossentropy() {
    accepts(all[2](), "categoricalCrossentropy");
    await refuses(
      last[1](),
      "categoricalCrossentropy",
      'categoricalCrossentropy needs one output per class, and the model has a single output; did you mean "binaryCrossentropy"?',
    );
  },
  async sparseCategoricalCrossentropy() {
    accepts(last[2](), "sparseCategoricalCrossentropy");
    accepts(last[1](), losses.sparseCategoricalCrossentropy({ axis: 1 }));
    await refuses(
      all[1](),
      "sparseCategoricalCrossentropy",
      'sparseCategoricalCrossentropy needs one output per class, and the model has a single output; did you mean "binaryCrossentropy"?',
    );
  },
  binaryFocalCrossentropy: () => accepts(last[1](), "binaryFocalCrossentropy"),
  async categoricalFocalCrossentropy() {
    accepts(last[2](), "categoricalFocalCrossentropy");
    await refuses(
      last[1](),
      "categoricalFocalCrossentropy",
      'categoricalFocalCrossentropy needs one output per class, and the model has a single output; did you mean "binaryCrossentropy"?',
    );
  },
  async categoricalGeneralizedCrossEntropy() {
    accepts(last[2](), "categoricalGeneralizedCrossEntropy");
    await refuses(
      last[1](),
      "categoricalGeneralizedCrossEntropy",
      'categoricalGeneralizedCrossEntropy needs one output per class, and the model has a single output; did you mean "binaryCrossentropy"?',
    );
  },
  klDivergence() {
    accepts(last[2](), "klDivergence");
    accepts(last[2](), "kld");
  },
  hinge: () => accepts(last[1](), "hinge"),
  squaredHinge: () => accepts(last[1](), "squaredHinge"),
  async categoricalHinge() {
    accepts(last[2](), "categoricalHinge");
    await refuses(
      last[1](),
      "categoricalHinge",
      'categoricalHinge needs one output per class, and the model has a single output; did you mean "binaryCrossentropy"?',
    );
  },
  contrastive: () => accepts(last[1](), "contrastive"),
  async circle() {
    accepts(last[5](), "circle");
    await refuses(
      all[5](),
      "circle",
      "circle needs outputs [batch, size], and the model gives [null, 2, 5]; end time first, for example with returnSequences: false",
    );
  },
  dice: () => accepts(last[1](), "dice"),
  tversky: () => accepts(last[1](), "tversky"),
  async ctc() {
    accepts(all[5](), "ctc");
    accepts(all[5](), losses.ctc({ blank: 4 }));
    await refuses(
      last[5](),
      "ctc",
      "ctc needs outputs [batch, time, classes], and the model gives [null, 5]; did the last recurrent layer forget returnSequences: true?",
    );
  },
  quantile() {
    accepts(last[3](), "quantile");
    accepts(last[3](), losses.quantile({ quantiles: [0.1, 0.5, 0.9] }));
  },
  async gaussianNll() {
    accepts(last[2](), "gaussianNll");
    accepts(last[2](), losses.gaussianNll());
    accepts(all[14](), "gaussianNll");
    await refuses(
      last[1](),
      "gaussianNll",
      "gaussianNll needs 2 outputs for every number to predict, and the model gives [null, 1]; give the last layer 2 units for each",
    );
  },
  async studentTNll() {
    accepts(last[3](), "studentTNll");
    accepts(last[42](), "studentTNll");
    await refuses(
      last[32](),
      "studentTNll",
      "studentTNll needs 3 outputs for every number to predict, and the model gives [null, 32]; give the last layer 3 units for each",
    );
  },
  async negativeBinomialNll() {
    accepts(last[2](), "negativeBinomialNll");
    await refuses(
      all[3](),
      "negativeBinomialNll",
      "negativeBinomialNll needs 2 outputs for every number to predict, and the model gives [null, 2, 3]; give the last layer 2 units for each",
    );
  },
};

describe("losses and outputs", () => {
  test.each(Object.entries(rules))("%s", async (_name, check) => {
    expect.hasAssertions();
    await check();
  });

  test("losses of several outputs are judged one by one", () => {
    const x = input({ shape: [3] });
    const made = () =>
      model({ inputs: x, outputs: [layers.dense({ units: 1 }).apply(x), layers.dense({ units: 4 }).apply(x)] });
    made().compile({ optimizer: "adam", loss: ["mse", "categoricalCrossentropy"] });
    made().compile({ optimizer: "adam", loss: ["mse", null] });
    made().compile({ optimizer: "adam", loss: "mse" });
    // @ts-expect-error The first output is a single number.
    made().compile({ optimizer: "adam", loss: ["categoricalCrossentropy", "mse"] });
    // @ts-expect-error A single number is no sequence.
    model({ inputs: x, outputs: layers.dense({ units: 1 }).apply(x) }).compile({ optimizer: "adam", loss: "ctc" });
  });

  test("what is not known passes", () => {
    const open: Sequential = last[1]();
    open.compile({ optimizer: "adam", loss: "ctc" });
    const names: LossLike[] = ["categoricalCrossentropy"];
    last[1]().compile({ optimizer: "adam", loss: names[0]! });
    last[1]().compile({ optimizer: "adam", loss: (t, p) => mean(square(sub(t, p)), -1) });
    const options: CompileOptions = { optimizer: "adam", loss: "ctc" };
    last[1]().compile(options);
    sequential([encoder(false), layers.dense({ units: Number("1") })]).compile({
      optimizer: "adam",
      loss: "gaussianNll",
    });
    expect(open.isCompiled).toBe(true);
  });
});

describe("targets and outputs", () => {
  /** What the compiler says about targets, if anything. */
  const said = <S extends BatchShape, Y>(_model: Model<S>, _y: Y, message: MessageOf<TargetCheck<Y, TensorOf<S>>>) =>
    message;

  test("have the output's axes, or one less", async () => {
    const x = zeros([2, 2, 3]);
    const model = last[2]();
    model.compile({ optimizer: "adam", loss: "mse" });
    await model.fit(x, [
      [1, 0],
      [0, 1],
    ]);
    await model.fit(x, zeros([2, 2]));
    await model.evaluate(x, { values: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
    model.compile({ optimizer: "adam", loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
    await model.fit(x, [0, 1]);
    await model.fit(x, Int32Array.of(0, 1));
    await model.trainOnBatch(x, [[0], [1]]);
    await model.testOnBatch(x, [0, 1]);
    const steps = all[2]();
    steps.compile({ optimizer: "adam", loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
    await steps.fit(x, [
      [1, 0],
      [0, 1],
    ]);
    await steps.trainOnBatch(x, [
      [[1], [0]],
      [[0], [1]],
    ]);
  });

  test("of other ranks are refused with a message", async () => {
    const y = [
      [
        [1, 0],
        [0, 1],
      ],
      [
        [0, 1],
        [1, 0],
      ],
    ];
    const x = zeros([2, 2, 3]);
    const model = last[2]();
    model.compile({ optimizer: "adam", loss: "mse" });
    // @ts-expect-error One target per step, but one output per sequence.
    await expect(model.fit(x, y)).rejects.toThrow(/layer 1 \(.*returnSequences: true/s);
    // @ts-expect-error
    await expect(model.evaluate(x, y)).rejects.toThrow(/returnSequences: true/);
    // @ts-expect-error
    await expect(model.trainOnBatch(x, y)).rejects.toThrow(/returnSequences: true/);
    // @ts-expect-error
    await expect(model.testOnBatch(x, y)).rejects.toThrow(/returnSequences: true/);
    said(
      model,
      y,
      "targets with 3 axes do not fit outputs [null, 2]; for one target per time step, the last recurrent layer needs returnSequences: true",
    );
    const steps = all[2]();
    steps.compile({ optimizer: "adam", loss: "mse" });
    // @ts-expect-error
    await expect(steps.fit(x, [0, 1])).rejects.toThrow(/returnSequences: false/);
    said(
      steps,
      Int32Array.of(0, 1),
      "targets with 1 axis do not fit outputs [null, 2, 2]; they take 3 axes, or 2 for class numbers; for one target per sequence, the last recurrent layer needs returnSequences: false",
    );
  });

  test("of another last size are refused where both are known", async () => {
    const single = last[1]();
    single.compile({ optimizer: "adam", loss: "mse" });
    const pairs: (readonly [number, number])[] = [
      [1, 2],
      [3, 4],
    ];
    // @ts-expect-error
    await expect(single.fit(zeros([2, 2, 3]), pairs)).rejects.toThrow(/different shapes/);
    said(single, pairs, "targets with a last size of 2 do not fit outputs [null, 1]; give the last layer 2 units");
    said(
      single,
      last[2]().predict(zeros([2, 2, 3])),
      "targets with a last size of 2 do not fit outputs [null, 1]; give the last layer 2 units",
    );
  });

  test("that do not tell their axes pass", async () => {
    const model = last[2]();
    model.compile({ optimizer: "adam", loss: "mse" });
    const x = zeros([2, 2, 3]);
    // biome-ignore lint/suspicious/noExplicitAny: this is about it.
    const anything: any = [
      [1, 0],
      [0, 1],
    ];
    await model.fit(x, anything);
    const data: DataParts = anything;
    await model.fit(x, data);
    await model.fit(x, [zeros([2, 2])]);
    const train = <Out extends Tensor>(of: AnyModel<Out>) => of.trainOnBatch(x, data);
    expect(await train(model)).toHaveProperty("loss");
    const open: Sequential = model;
    await expect(open.fit(x, [[[1]], [[0]]])).rejects.toThrow(RondoError);
  });
});

describe("mistakes are found by the compiler", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));

  /** What the compiler says about a program, without the line breaks and places. */
  function compile(program: string): string {
    // Beside the sources, where imports are found as they are here.
    const folder = mkdtempSync(join(root, "build", "types-"));
    try {
      const source = `import { input, layers, sequential } from "${join(root, "src", "index.js")}";\n${program}`;
      writeFileSync(join(folder, "program.ts"), source);
      const options = { extends: join(root, "tsconfig.json"), include: [join(folder, "program.ts")] };
      const compilerOptions = { noEmit: true, incremental: false, rootDir: dirname(join(root, "src")) };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...options, compilerOptions }));
      const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
      return spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test("with a message that says what is wrong and how to mend it", () => {
    const said = compile(`
      sequential([layers.lstm({ units: 32, inputShape: [null, 4] }), layers.gru({ units: 8 })]);
      layers.lstm({ units: 3 }).apply(layers.dense({ units: 2 }).apply(input({ shape: [6] })));
      const model = sequential([layers.dense({ units: 1, inputShape: [4] })]);
      model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
      model.compile({ optimizer: "adam", loss: "binaryCrosentropy" });
      model.predict([1, 2, 3, 4]);
      layers.gru({ units: 3, returnSequence: true });
      model.fit([[1, 2, 3, 4]], [[[1]]]);
      model.compile({ optimizer: "adam", loss: "gaussianNll" });
      layers.attention().apply([input({ shape: [2, 3] }), input({ shape: [3] })]);
      const fine: readonly [number, 1] = model.predict([[1, 2, 3, 4]]).shape;
      export { fine };
    `);
    expect(said).toMatch(/program.ts\(3,.*\n[\s\S]*gru takes \[batch, time, features\] but is given \[null, 32\]/);
    expect(said).toMatch(/program.ts\(4,.*\n[\s\S]*lstm takes \[batch, time, features\] but is given \[null, 2\]/);
    expect(said).toMatch(/forget returnSequences: true/);
    expect(said).toMatch(/program.ts\(6,.*categoricalCrossentropy needs one output per class/);
    expect(said).toMatch(/program.ts\(7,.*Did you mean '"binaryCrossentropy"'/);
    expect(said).toMatch(
      /program.ts\(8,.*\n[\s\S]*data with 1 axis do not fit an input of 2 axes, the first of which counts/,
    );
    expect(said).toMatch(/program.ts\(9,.*Did you mean to write 'returnSequences'/);
    expect(said).toMatch(/program.ts\(10,.*\n[\s\S]*targets with 3 axes do not fit outputs \[null, 1\]/);
    expect(said).toMatch(/program.ts\(11,.*gaussianNll needs 2 outputs for every number to predict/);
    expect(said).toMatch(/program.ts\(12,.*\n[\s\S]*attention takes \[query, value\] or/);
    expect(said).not.toMatch(/program.ts\((2|5|13|14),/);
  }, 120_000); // Compiling takes seconds, on a busy machine many.
});
