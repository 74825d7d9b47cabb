import { expect, test } from "vitest";
import { customGrad, grad, memory, scope, setBackend, type Tensor, tanh, zeros } from "../index.js";

setBackend("reference");

test("gradients of intermediates are freed on the way", () => {
  const atStep: number[] = [];
  const probe = customGrad((x: Tensor) => ({
    value: x,
    gradFunc: (dy) => {
      atStep.push(memory().bytes);
      return dy;
    },
  }));
  const size = 4096;
  scope(() => {
    grad((x) => {
      let y = probe(x);
      for (let i = 0; i < 100; i++) y = tanh(y).mul(y);
      return probe(y).sum();
    })(zeros([size]));
  });
  const [start, end] = atStep as [number, number];
  // 100 rounds make 400 gradients and partial sums; only the last few may be left.
  expect((end - start) / (4 * size)).toBeLessThan(6);
});
