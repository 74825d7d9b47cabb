import { expect, test } from "vitest";
import { checkedBackend } from "./checked.js";
import { createReferenceBackend } from "./reference/index.js";

const { kernels, memory, name } = checkedBackend(createReferenceBackend());

test("correct calls pass", () => {
  kernels.fill(64, 4, 1.5);
  kernels.sgdUpdate(64, 64, 0, 4, 1, 0, 0, 1, 1); // velocity is optional
  expect([...new Float32Array(memory.buffer, 64, 4)]).toEqual([0, 0, 0, 0]);
  expect(name).toBe("reference");
});

test.each([
  [() => kernels.fill(0, 4, 1), "fill: out = 0 must be given"],
  [() => kernels.fill(66, 4, 1), "out = 66 is not a multiple of 4"],
  [() => kernels.fill(2 ** 31, 4, 1), "lies outside the arena"],
  [() => kernels.fill(32, 4, 1), "lies outside the arena"],
  [() => kernels.fill(64, 1.5, 1), "n = 1.5 is not a whole number"],
  [() => kernels.fill(64, 2 ** 32, 1), "does not fit in 32 bits"],
  [() => (kernels.fill as (...values: unknown[]) => void)(64, 4), "fill takes 3 arguments, got 2"],
  [() => (kernels.fill as (...values: unknown[]) => void)(64, 4, "1"), "value = 1 is not a number"],
])("a wrong call is refused (%#)", (call, message) => {
  expect(call).toThrow(message);
});
