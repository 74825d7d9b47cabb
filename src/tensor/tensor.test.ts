import { beforeAll, describe, expect, test } from "vitest";
import { setBackend, Tensor, tensor, variable, zeros } from "../index.js";

beforeAll(() => setBackend("reference"));

describe("tensor()", () => {
  test("finds shape and type of nested arrays", () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect([x.shape, x.dtype, x.size, x.rank]).toEqual([[2, 3], "float32", 6, 2]);
    expect(x.arraySync()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.dataSync()).toEqual(new Float32Array([1, 2, 3, 4, 5, 6]));
  });

  test("a number is a scalar", () => {
    expect(tensor(2.5).shape).toEqual([]);
    expect(tensor(2.5).item()).toBe(2.5);
    expect(tensor(3, undefined, "int32").dtype).toBe("int32");
  });

  test("booleans make bool, typed arrays their own type", () => {
    expect(tensor([true, false]).dtype).toBe("bool");
    expect(tensor([true, false]).dataSync()).toEqual(new Uint8Array([1, 0]));
    expect(tensor([true, false]).arraySync()).toEqual([true, false]);
    expect(tensor(new Int32Array([7])).dtype).toBe("int32");
    expect(tensor(new Float64Array([0.5])).dtype).toBe("float32");
    expect(tensor([new Float32Array([1, 2]), new Float32Array([3, 4])] as never).shape).toEqual([2, 2]);
  });

  test("takes a shape for flat values", () => {
    expect(tensor([1, 2, 3, 4], [2, 2]).arraySync()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([], [0, 3]).shape).toEqual([0, 3]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
  });

  test("copies, so that later changes of the source do not matter", () => {
    const source = new Float32Array([1, 2]);
    const x = tensor(source);
    source[0] = 9;
    const out = x.dataSync();
    out[1] = 9;
    expect(x.arraySync()).toEqual([1, 2]);
  });

  test.each([
    ["ragged rows", () => tensor([[1, 2], [3]]), /ragged[\s\S]*length 1[\s\S]*length 2[\s\S]*padSequences/],
    ["deeper rows", () => tensor([[1], [[2]]] as never), /nested equally deep/],
    ["undefined", () => tensor(undefined as never), /received: undefined/],
    ["text", () => tensor(["a"] as never), /numbers or booleans/],
    ["too few values", () => tensor([1, 2, 3], [2, 2]), /3 values[\s\S]*4 values for shape \[2, 2\]/],
    ["a negative size", () => tensor([1], [-1]), /whole numbers of at least 0/],
    ["a fractional size", () => zeros([1.5]), /whole numbers of at least 0/],
    ["a size instead of a shape", () => zeros(3 as never), /a shape is an array/],
    ["fractions as int32", () => tensor([1, 2.5], undefined, "int32"), /2.5 at position 1/],
    ["too large an int32", () => tensor([2 ** 31], undefined, "int32"), /2147483648 at position 0/],
    ["NaN as int32", () => tensor([Number.NaN], undefined, "int32"), /NaN at position 0/],
    ["item() of many", () => tensor([1, 2]).item(), /one element[\s\S]*\[2\]/],
  ])("refuses %s", (_what, make, message) => {
    expect(make).toThrow(message);
  });
});

test("dispose() frees once, and use after it says so", () => {
  const x = tensor([1, 2, 3]);
  x.dispose();
  x.dispose();
  expect(x.disposed).toBe(true);
  expect(() => x.dataSync()).toThrow(/already freed/);
  expect(() => x.add(1)).toThrow(/already freed/);
  expect(() => x.reshape([3, 1])).toThrow(/already freed/);
  expect(String(x)).toBe("Tensor float32 [3] (freed)");
});

test("a reshaped tensor outlives its source", () => {
  const x = tensor([1, 2, 3, 4]);
  const y = x.reshape([2, 2]);
  x.dispose();
  expect(y.arraySync()).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

describe("variables", () => {
  test("change in place and keep their name", () => {
    const w = variable(zeros([2]), { name: "w", trainable: false });
    expect(w.assign(tensor([1, 2]))).toBe(w);
    expect([w.name, w.trainable, w.arraySync()]).toEqual(["w", false, [1, 2]]);
    expect(w).toBeInstanceOf(Tensor);
  });

  test("have memory of their own", () => {
    const x = tensor([1, 2]);
    const w = variable(x);
    w.assign(tensor([3, 4]));
    expect(x.arraySync()).toEqual([1, 2]);
  });

  test("results computed from them do not change with them", () => {
    const w = variable(tensor([1, 2, 3, 4]));
    const results = [w.reshape([2, 2]), w.flatten().clone(), w.clone()];
    w.assign(zeros([4]));
    expect(results.map((r) => Array.from(r.dataSync()))).toEqual(new Array(3).fill([1, 2, 3, 4]));
  });

  test("refuse another shape or type", () => {
    const w = variable(zeros([2]), { name: "bias" });
    expect(() => w.assign(zeros([3]))).toThrow(/variable "bias"[\s\S]*\[3\][\s\S]*\[2\]/);
    expect(() => w.assign(zeros([2], "int32"))).toThrow(/int32/);
  });
});

test("integer arithmetic stays int32, mixed arithmetic is float32", () => {
  const i = tensor([5, -7], undefined, "int32");
  const f = tensor([0.5, 0.5]);
  const b = tensor([true, false]);
  expect(i.add(1).dtype).toBe("int32");
  expect(i.add(0.5).dtype).toBe("float32");
  expect(i.mul(f).dtype).toBe("float32");
  expect(i.add(b).arraySync()).toEqual([6, -7]);
  expect(b.add(b).dtype).toBe("int32");
  expect(i.div(2).arraySync()).toEqual([2.5, -3.5]);
  expect(i.sqrt().dtype).toBe("float32");
  expect(f.add(1).dtype).toBe("float32");
  expect(i.floorDiv(0).arraySync()).toEqual([0, 0]);
  expect(i.mod(0).arraySync()).toEqual([0, 0]);
  expect(tensor([2147483647], undefined, "int32").add(1).item()).toBe(-2147483648);
});

test("tensors of another backend are refused with the way out", () => {
  const x = tensor([1]);
  // A backend of the same kind would do, but the reference is the only one that is always there: pretend.
  const foreign = Object.create(x, { storage: { value: { ...x.storage, engine: { ...x.storage.engine } } } }) as Tensor;
  expect(() => x.add(foreign)).toThrow(/current backend[\s\S]*setBackend/);
});

test("methods chain", () => {
  expect(
    tensor([
      [1, 2],
      [3, 4],
    ])
      .add(1)
      .mul(2)
      .sum(0)
      .slice(1)
      .arraySync(),
  ).toEqual([16]);
  expect(tensor([1, 2]).equal([1, 3]).logicalNot().arraySync()).toEqual([false, true]);
});
