import { describe, expect, test } from "vitest";
import { checkGolden, type GoldenCase } from "../../../test/layers/golden.js";
import { readGolden } from "../../../test/support/golden.js";

const cases = ["recurrent", "recurrent-large", "wrappers", "cells", "further-cells"].flatMap(
  (file) => readGolden<{ cases: GoldenCase[] }>(file).cases,
);

test("the golden files hold what these tests are about", () => {
  expect(cases.length).toBeGreaterThan(300);
});

describe.each([
  ["fused kernels where there are any", {}],
  ["the step loop", { unroll: true }],
])("outputs, states, masks and gradients agree with Keras: %s", (_, changes) => {
  test.each(cases.map((golden) => [golden.id, golden] as const))("%s", (_, golden) => {
    checkGolden(golden, changes);
  });
});
