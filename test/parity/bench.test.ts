import { expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.js";
import { createReferenceBackend } from "../../src/backend/reference/index.js";
import { Bench, differences, type Output } from "./bench.js";

/** The reference with another `fill`. */
function backendThatFills(fill: (words: Float32Array, at: number, n: number, value: number) => void): Backend {
  const backend = createReferenceBackend();
  const memory = () => new Float32Array(backend.memory.buffer);
  return {
    ...backend,
    kernels: { ...backend.kernels, fill: (out, n, value) => fill(memory(), out / 4, n, value) },
  };
}

function run(backend: Backend): Output[] {
  const bench = new Bench(backend);
  bench.floats([7, 7, 7]);
  bench.kernels.fill(bench.outFloats("out", 3), 3, 1);
  expect([...bench.called]).toEqual(["fill"]);
  return bench.finish();
}

const expected = run(createReferenceBackend());

test("a right result has no differences", () => {
  const outputs = run(backendThatFills((words, at, n, value) => words.fill(value, at, at + n)));
  expect(differences(expected, outputs)).toEqual([]);
});

test("a wrong or missing element is a difference", () => {
  const wrong = run(backendThatFills((words, at, n, value) => words.fill(value * 1.00001, at, at + n)));
  expect(differences(expected, wrong)).toEqual([expect.stringContaining("3 of 3 differ")]);
  const missing = run(backendThatFills((words, at, n, value) => words.fill(value, at, at + n - 1)));
  expect(differences(expected, missing)).toEqual([expect.stringContaining("[2] is NaN, not 1")]);
});

test("writing past an output or over an input is found", () => {
  const past = backendThatFills((words, at, n, value) => words.fill(value, at, at + n + 1));
  expect(() => run(past)).toThrow("words before end");
  const before = backendThatFills((words, at, n, value) => words.fill(value, at - 1, at + n));
  expect(() => run(before)).toThrow("wrote 1 words before out");
  const input = backendThatFills((words) => words.fill(1, words.indexOf(7), words.indexOf(7) + 1));
  expect(() => run(input)).toThrow("overwrote element 0 of input 0");
});
