import { expect, test } from "vitest";
import { Bench } from "../../../test/parity/bench.js";
import { type OpCode, type OpFamily, opCode } from "../kernels.js";
import { createReferenceBackend } from "./index.js";

const backend = createReferenceBackend();

function run(call: (bench: Bench) => void): number[] {
  const bench = new Bench(backend);
  call(bench);
  return Array.from(bench.finish()[0]!.values);
}

const unary = (op: OpCode<"unary">, x: number[]) =>
  run((b) => b.kernels.unary(opCode("unary", op), b.floats(x), b.outFloats("out", x.length), x.length));

function pairwise<F extends OpFamily>(
  kernel: "binary" | "binaryInt" | "compare",
  family: F,
  op: OpCode<F>,
  a: number[],
  b: number[],
): number[] {
  return run((bench) => {
    const lay = (values: number[]) => (kernel === "binaryInt" ? bench.ints(values) : bench.floats(values));
    const out = kernel === "binary" ? bench.outFloats("out", a.length) : bench.outInts("out", a.length);
    bench.kernels[kernel](opCode(family, op), lay(a), lay(b), out, bench.ints([1, a.length, 1, 1]));
  });
}
const binary = (op: OpCode<"binary">, a: number[], b: number[]) => pairwise("binary", "binary", op, a, b);
const binaryInt = (op: OpCode<"binaryInt">, a: number[], b: number[]) => pairwise("binaryInt", "binaryInt", op, a, b);

/** Equal up to the rounding of float32, NaN equal to NaN; zeros of either sign are the same. */
function expectClose(actual: number[], expected: number[]): void {
  expect(actual.map((v, i) => (Math.abs(v - expected[i]!) <= 1e-7 * Math.abs(v) ? expected[i] : v))).toEqual(expected);
}

const x = [-3, -1, -0.25, 0, 0.5, 1, 2.5];
// PyTorch 2.13, double precision; hardSigmoid and round agree with Keras 3.15 and numpy 2.4 too.
test.each<[OpCode<"unary">, number[]]>([
  ["neg", [3, 1, 0.25, -0, -0.5, -1, -2.5]],
  ["abs", [3, 1, 0.25, 0, 0.5, 1, 2.5]],
  ["sign", [-1, -1, -1, 0, 1, 1, 1]],
  ["exp", [0.0497870684, 0.367879441, 0.778800783, 1, 1.64872127, Math.E, 12.182494]],
  ["expm1", [-0.950212932, -0.632120559, -0.221199217, 0, 0.648721271, 1.71828183, 11.182494]],
  ["log", [NaN, NaN, NaN, -Infinity, -Math.LN2, 0, 0.916290732]],
  ["log1p", [NaN, -Infinity, -0.287682072, 0, 0.405465108, Math.LN2, 1.25276297]],
  ["sqrt", [NaN, NaN, NaN, 0, Math.SQRT1_2, 1, 1.58113883]],
  ["rsqrt", [NaN, NaN, NaN, Infinity, Math.SQRT2, 1, 0.632455532]],
  ["square", [9, 1, 0.0625, 0, 0.25, 1, 6.25]],
  ["reciprocal", [-1 / 3, -1, -4, Infinity, 2, 1, 0.4]],
  ["sin", [-0.141120008, -0.841470985, -0.247403959, 0, 0.479425539, 0.841470985, 0.598472144]],
  ["cos", [-0.989992497, 0.540302306, 0.968912422, 1, 0.877582562, 0.540302306, -0.801143616]],
  ["tanh", [-0.995054754, -0.761594156, -0.244918662, 0, 0.462117157, 0.761594156, 0.986614298]],
  ["sigmoid", [0.0474258732, 0.268941421, 0.437823499, 0.5, 0.622459331, 0.731058579, 0.92414182]],
  ["hardSigmoid", [0, 1 / 3, 0.458333333, 0.5, 0.583333333, 2 / 3, 0.916666667]],
  ["relu", [0, 0, 0, 0, 0.5, 1, 2.5]],
  ["softplus", [0.0485873516, 0.313261688, 0.57593942, Math.LN2, 0.974076984, 1.31326169, 2.57888973]],
  ["softsign", [-0.75, -0.5, -0.2, 0, 1 / 3, 0.5, 0.714285714]],
  ["elu", [-0.950212932, -0.632120559, -0.221199217, 0, 0.5, 1, 2.5]],
  ["gelu", [-0.00404969409, -0.158655254, -0.100323419, 0, 0.345731231, 0.841344746, 2.48447584]],
  ["silu", [-0.14227762, -0.268941421, -0.109455875, 0, 0.311229666, 0.731058579, 2.31035455]],
  ["erf", [-0.99997791, -0.842700793, -0.27632639, 0, 0.520499878, 0.842700793, 0.999593048]],
  ["floor", [-3, -1, -1, 0, 0, 1, 2]],
  ["ceil", [-3, -1, 0, 0, 1, 1, 3]],
  ["round", [-3, -1, 0, 0, 0, 1, 2]],
])("%s", (op, expected) => {
  expectClose(unary(op, x), expected);
});

test("round takes halves to the even neighbour", () => {
  expect(unary("round", [0.5, 1.5, 2.5, 3.5, -1.5, -2.5, 8388609])).toEqual([0, 2, 2, 4, -2, -2, 8388609]);
});

test("functions far from zero", () => {
  expectClose(unary("softplus", [1000, -1000]), [1000, 0]);
  expectClose(unary("sigmoid", [1000, -1000]), [1, 0]);
  expectClose(unary("expm1", [1e-8]), [Math.fround(1e-8)]);
  expectClose(unary("elu", [-Infinity]), [-1]);
});

test("NaN stays NaN", () => {
  for (const op of ["relu", "sign", "hardSigmoid", "elu", "softplus", "round", "gelu"] as const) {
    expect(unary(op, [NaN]), op).toEqual([NaN]);
  }
  expect(binary("maximum", [NaN, 1], [1, NaN])).toEqual([NaN, NaN]);
  expect(binary("minimum", [NaN, 1], [1, NaN])).toEqual([NaN, NaN]);
  expect(run((b) => b.kernels.clip(b.floats([NaN, 5, -5]), b.outFloats("out", 3), 3, -1, 1))).toEqual([NaN, 1, -1]);
});

// numpy 2.4
test("mod and floorDiv take the floor of the quotient", () => {
  const a = [7, -7, 7, -7, 1, -1, 5.5];
  const b = [3, 3, -3, -3, Infinity, Infinity, -2];
  expectClose(binary("mod", a, b), [1, 2, -2, -1, 1, Infinity, -0.5]);
  expectClose(binary("floorDiv", [7, -7, 7, -7, 5.5], [3, 3, -3, -3, -2]), [2, -3, -3, 2, -3]);
  expect(binary("floorDiv", [1, -1, 0], [0, 0, 0])).toEqual([Infinity, -Infinity, NaN]);
  expect(binary("floorDiv", [1], [0.1])).toEqual([9]); // 0.1 is a little more than a tenth in float32
  expect(binaryInt("mod", [7, -7, 7, -7], [3, 3, -3, -3])).toEqual([1, 2, -2, -1]);
  expect(binaryInt("floorDiv", [7, -7, 7, -7], [3, 3, -3, -3])).toEqual([2, -3, -3, 2]);
});

test("pow", () => {
  expectClose(binary("pow", [1, -1, -1, 2, 0, -8, 2], [NaN, Infinity, -Infinity, -2, 0, 1 / 3, 0.5]), [
    ...[1, 1, 1, 0.25, 1, NaN, Math.SQRT2],
  ]);
});

test("integers wrap, and a division by zero gives zero", () => {
  const most = 2 ** 31 - 1;
  const least = -(2 ** 31);
  expect(binaryInt("add", [most, least], [1, -1])).toEqual([least, most]);
  expect(binaryInt("mul", [65536, 46341], [65536, 46341])).toEqual([0, -2147479015]);
  expect(binaryInt("floorDiv", [least, 5, 0], [-1, 0, 0])).toEqual([least, 0, 0]);
  expect(binaryInt("mod", [least, 5, 0], [-1, 0, 0])).toEqual([0, 0, 0]);
});

test("comparisons with NaN are false but for notEqual", () => {
  const results = (["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const).map(
    (op) => pairwise("compare", "compare", op, [NaN], [1])[0],
  );
  expect(results).toEqual([0, 1, 0, 0, 0, 0]);
});

test("strides broadcast, reverse and transpose", () => {
  const out = run((b) => {
    const a = b.floats([1, 2, 3]);
    const reversed = b.floats([10, 20]) + 4;
    b.kernels.binary(opCode("binary", "sub"), reversed, a, b.outFloats("out", 6), b.ints([2, 2, 3, -1, 0, 0, 1]));
  });
  expect(out).toEqual([19, 18, 17, 9, 8, 7]);
});
