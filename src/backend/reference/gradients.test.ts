import { expect, test } from "vitest";
import { Bench } from "../../../test/parity/bench.js";
import { Source } from "../../../test/parity/inputs.js";
import { type OpCode, opCode } from "../kernels.js";
import { createReferenceBackend } from "./index.js";

const backend = createReferenceBackend();
const rows = 3;
const n = 5;

/** Runs kernels that write one array. */
function output(length: number, run: (bench: Bench, out: number) => void): Float32Array {
  const bench = new Bench(backend);
  run(bench, bench.outFloats("out", length));
  return bench.finish()[0]!.values as Float32Array;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (v, i) => v * b[i]!).reduce((x, y) => x + y, 0);

/** Compares a gradient with fourth-order central differences of sum(forward(x) · dy). */
function check(
  x: Float32Array,
  dy: Float32Array,
  forward: (x: Float32Array) => Float32Array,
  backward: (x: Float32Array, y: Float32Array) => Float32Array,
): void {
  const step = 2 ** -5;
  const gradient = backward(x, forward(x));
  expect(gradient.length).toBe(x.length);
  x.forEach((_, i) => {
    const [a, b, c, d] = [-2, -1, 1, 2].map((k) => dot(forward(x.with(i, x[i]! + k * step)), dy));
    expect(Math.abs(gradient[i]! - (a! - 8 * b! + 8 * c! - d!) / (12 * step)), `element ${i}`).toBeLessThan(2e-5);
  });
}

const source = new Source(7);
const x = source.floats(rows * n, -2, 2);
const dy = source.floats(rows * n);

test("softmax", () => {
  check(
    x,
    dy,
    (v) => output(rows * n, (bench, out) => bench.kernels.softmaxForward(bench.floats(v), out, rows, n)),
    (_, y) =>
      output(rows * n, (bench, out) => bench.kernels.softmaxBackward(bench.floats(y), bench.floats(dy), out, rows, n)),
  );
});

test("logSoftmax", () => {
  check(
    x,
    dy,
    (v) => output(rows * n, (bench, out) => bench.kernels.logSoftmaxForward(bench.floats(v), out, rows, n)),
    (_, y) =>
      output(rows * n, (bench, out) =>
        bench.kernels.logSoftmaxBackward(bench.floats(y), bench.floats(dy), out, rows, n),
      ),
  );
});

test("sparse cross-entropy", () => {
  const targets = [4, 0, 2];
  const dloss = dy.slice(0, rows);
  check(
    x,
    dloss,
    (v) =>
      output(rows, (bench, out) =>
        bench.kernels.sparseCrossEntropyForward(bench.floats(v), bench.ints(targets), out, 0, rows, n),
      ),
    (v) => {
      const bench = new Bench(backend);
      const probabilities = bench.workspace(rows * n);
      const T = bench.ints(targets);
      const loss = bench.workspace(rows);
      bench.kernels.sparseCrossEntropyForward(bench.floats(v), T, loss, probabilities, rows, n);
      const dlogits = bench.outFloats("dlogits", rows * n);
      bench.kernels.sparseCrossEntropyBackward(probabilities, T, bench.floats(dloss), dlogits, rows, n);
      return bench.finish()[0]!.values as Float32Array;
    },
  );
});

test("clip", () => {
  // No value within two steps of a bound, where the gradient jumps.
  const values = Float32Array.of(-2, -0.5, 0.1, 0.8, 1.3);
  check(
    values,
    dy.slice(0, 5),
    (v) => output(5, (bench, out) => bench.kernels.clip(bench.floats(v), out, 5, -1, 1)),
    (v) =>
      output(5, (bench, out) =>
        bench.kernels.clipBackward(bench.floats(v), bench.floats(dy.slice(0, 5)), out, 5, -1, 1),
      ),
  );
});

test.each([
  ["tanh", "tanhGrad", "output"],
  ["sigmoid", "sigmoidGrad", "output"],
  ["relu", "reluGrad", "input"],
  ["gelu", "geluGrad", "input"],
  ["silu", "siluGrad", "input"],
  ["softplus", "softplusGrad", "input"],
  ["elu", "eluGrad", "input"],
] as [OpCode<"unary">, OpCode<"binary">, string][])("%s and %s", (forwardOp, gradOp, takes) => {
  const values = Float32Array.of(-2, -0.7, -0.2, 0.4, 1.9);
  check(
    values,
    dy.slice(0, 5),
    (v) => output(5, (bench, out) => bench.kernels.unary(opCode("unary", forwardOp), bench.floats(v), out, 5)),
    (v, y) =>
      output(5, (bench, out) =>
        bench.kernels.binary(
          opCode("binary", gradOp),
          bench.floats(takes === "input" ? v : y),
          bench.floats(dy.slice(0, 5)),
          out,
          bench.ints([1, 5, 1, 1]),
        ),
      ),
  );
});
