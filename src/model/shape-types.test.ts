import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, expectTypeOf, test } from "vitest";
import { layers } from "../layers/index.js";
import type { BatchShape } from "../layers/layer.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Sequential, sequential } from "./sequential.js";

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
      const fine: readonly [number, 1] = model.predict([[1, 2, 3, 4]]).shape;
      export { fine };
    `);
    expect(said).toMatch(/program.ts\(3,.*\n[\s\S]*gru takes \[batch, time, features\] but is given \[null, 32\]/);
    expect(said).toMatch(/program.ts\(4,.*\n[\s\S]*lstm takes \[batch, time, features\] but is given \[null, 2\]/);
    expect(said).toMatch(/forget returnSequences: true/);
    expect(said).toMatch(/program.ts\(6,.*categoricalCrossentropy needs one output per class/);
    expect(said).toMatch(/program.ts\(7,.*Did you mean '"binaryCrossentropy"'/);
    expect(said).toMatch(/program.ts\(8,.*'number' is not assignable to type 'readonly \(number \| boolean\)\[\]'/);
    expect(said).toMatch(/program.ts\(9,.*Did you mean to write 'returnSequences'/);
    expect(said).not.toMatch(/program.ts\((2|5|10|11),/);
  });
});
