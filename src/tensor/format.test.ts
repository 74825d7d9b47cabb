import { inspect } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { arange, scalar, setBackend, tensor, variable, zeros } from "../index.js";

beforeAll(() => setBackend("reference"));

test("a matrix has one row per line", () => {
  expect(
    String(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ),
  ).toBe("Tensor float32 [2, 3]\n[[1, 2, 3],\n [4, 5, 6]]");
});

test("columns are aligned and numbers have six digits", () => {
  expect(
    String(
      tensor([
        [0.1, -12.5],
        [1 / 3, 1e-9],
      ]),
    ),
  ).toBe("Tensor float32 [2, 2]\n[[     0.1,    -12.5],\n [0.333333,     1e-9]]");
});

test("scalars, empty tensors, types and variables", () => {
  expect(String(scalar(2))).toBe("Tensor float32 []\n2");
  expect(String(zeros([0, 2]))).toBe("Tensor float32 [0, 2]\n[]");
  expect(String(zeros([2, 0]))).toBe("Tensor float32 [2, 0]\n[[],\n []]");
  expect(String(tensor([true, false]))).toBe("Tensor bool [2]\n[ true, false]");
  expect(String(variable(tensor([1], undefined, "int32")))).toBe("Variable int32 [1]\n[1]");
  expect(String(tensor([Number.NaN, Infinity]))).toBe("Tensor float32 [2]\n[     NaN, Infinity]");
});

test("matrices of a stack are a line apart", () => {
  expect(String(zeros([2, 1, 2]))).toBe("Tensor float32 [2, 1, 2]\n[[[0, 0]],\n\n [[0, 0]]]");
});

test("large tensors are shortened on every long axis", () => {
  const text = String(arange(0, 2000).reshape([200, 10]));
  expect(text).toBe(
    [
      "Tensor float32 [200, 10]",
      "[[   0,    1,    2, ...,    7,    8,    9],",
      " [  10,   11,   12, ...,   17,   18,   19],",
      " [  20,   21,   22, ...,   27,   28,   29],",
      " ...,",
      " [1970, 1971, 1972, ..., 1977, 1978, 1979],",
      " [1980, 1981, 1982, ..., 1987, 1988, 1989],",
      " [1990, 1991, 1992, ..., 1997, 1998, 1999]]",
    ].join("\n"),
  );
});

test("console.log in Node shows the same", () => {
  const x = tensor([1, 2]);
  expect(inspect(x)).toBe(String(x));
});
