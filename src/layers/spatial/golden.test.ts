import { expect, test } from "vitest";
import { checkGolden, type GoldenCase } from "../../../test/layers/golden.js";
import { readGolden } from "../../../test/support/golden.js";
import { layerTable } from "../table.js";

const { cases } = readGolden<{ cases: GoldenCase[] }>("spatial");

test.each(cases.map((golden) => [golden.id, golden] as const))("%s agrees with Keras", (_, golden) => {
  checkGolden(golden);
});

test("every layer over a plane is there", () => {
  const kinds = new Set(cases.map(({ layer }) => layer.className));
  expect(Object.keys(layerTable).filter((name) => name.includes("2D") && !kinds.has(name))).toEqual([]);
});
