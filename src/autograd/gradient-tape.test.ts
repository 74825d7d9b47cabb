import { afterEach, beforeAll, expect, test } from "vitest";
import { GradientTape, grad, memory, noGrad, scope, setBackend, square, tensor, variable } from "../index.js";
import { recordingAnywhere } from "../tensor/scope.js";

beforeAll(() => setBackend("reference"));
afterEach(() => expect(recordingAnywhere()).toBe(false));

test("records variables by themselves and other tensors when watched", () => {
  const w = variable(tensor([1, 2]));
  const x = tensor([3, 4]);
  const tape = new GradientTape();
  tape.watch(x);
  const loss = w.mul(x).mul(x).sum();
  const [dw, dx] = tape.gradient(loss, [w, x]);
  expect(dw!.arraySync()).toEqual([9, 16]);
  expect(dx!.arraySync()).toEqual([6, 16]);
});

test("one source gives one gradient; seeds weigh the target", () => {
  const w = variable(tensor([1, 2]));
  const tape = new GradientTape();
  const y = square(w);
  expect(tape.gradient(y, w, tensor([1, 10])).arraySync()).toEqual([2, 40]);
});

test("several targets add up", () => {
  const w = variable(tensor(3));
  const tape = new GradientTape();
  const [a, b] = [square(w), w.mul(5)];
  expect(tape.gradient([a, b], [w])[0]!.item()).toBe(11);
});

test("gradient() ends the recording; what follows is not recorded", () => {
  const w = variable(tensor(3));
  const tape = new GradientTape({ persistent: true });
  const y = square(w);
  expect(tape.gradient(y, w).item()).toBe(6);
  const z = y.mul(2);
  expect(() => tape.gradient(z, w)).toThrow(/does not depend on any of the sources/);
  expect(tape.gradient(y, w).item()).toBe(6);
});

test("is used up after one gradient unless persistent", () => {
  const w = variable(tensor(3));
  const tape = new GradientTape();
  const y = square(w);
  tape.gradient(y, w);
  expect(() => tape.gradient(y, w)).toThrow(/used up[\s\S]*persistent/);
  expect(() => tape.watch(w)).toThrow(/used up/);
});

test("an unconnected source among others gives null", () => {
  const [w, v] = [variable(tensor(3)), variable(tensor(4))];
  const tape = new GradientTape();
  const y = square(w);
  const found = tape.gradient(y, [w, v]);
  expect([found[0]!.item(), found[1]]).toEqual([6, null]);
});

test("nested tapes give second derivatives", () => {
  const x = variable(tensor(2));
  const outer = new GradientTape();
  const inner = new GradientTape();
  const y = x.mul(x).mul(x);
  const dy = inner.gradient(y, x);
  expect(dy.item()).toBe(12);
  expect(outer.gradient(dy, x).item()).toBe(12);
});

test("works around functions that differentiate, and inside them", () => {
  const x = variable(tensor(2));
  const tape = new GradientTape();
  const dy = grad((z) => z.pow(3))(x);
  expect(tape.gradient(dy, x).item()).toBeCloseTo(12, 5);
  const value = grad((z) => {
    const inside = new GradientTape();
    inside.watch(z);
    const y = z.pow(3);
    return inside.gradient(y, z);
  })(2);
  expect(value.item()).toBeCloseTo(12, 5);
});

test("stop() and using end the recording", () => {
  const w = variable(tensor(3));
  const tape = new GradientTape();
  const y = square(w);
  tape.stop();
  tape.stop();
  const z = square(w);
  expect(tape.gradient(y, w).item()).toBe(6);
  const fail = () => {
    using _tape = new GradientTape();
    throw new Error("stop");
  };
  expect(fail).toThrow("stop");
  expect(recordingAnywhere()).toBe(false);
  expect(z.item()).toBe(9);
});

test("noGrad inside a tape is not recorded", () => {
  const w = variable(tensor(3));
  const tape = new GradientTape();
  const y = w.mul(noGrad(() => square(w)));
  expect(tape.gradient(y, w).item()).toBe(9);
});

test("intermediates of an inner scope live until the gradient is taken", () => {
  const w = variable(tensor([1, 2]));
  const before = memory().tensors;
  scope(() => {
    const tape = new GradientTape();
    const loss = scope(() => square(square(w)).sum());
    expect(tape.gradient(loss, w).arraySync()).toEqual([4, 32]);
  });
  expect(memory().tensors).toBe(before);
});

test("refuses unknown options", () => {
  expect(() => new GradientTape({ persistant: true } as never)).toThrow(/did you mean "persistent"/);
});
