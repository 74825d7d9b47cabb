import { inspect } from "node:util";
import { expect, test } from "vitest";
import { RondoError } from "./errors.js";

test("an error has the fields that were set, and no others", () => {
  const error = new RondoError("shape", "no", { received: "[2]", path: undefined });
  expect(Object.keys(error).sort()).toEqual(["code", "name", "received"]);
  expect([error.received, error.expected, error.fix, error.path]).toEqual(["[2]", undefined, undefined, undefined]);
  // What Node prints for an error that nobody catches.
  expect(inspect(error)).not.toContain("undefined");
  expect(error.message).toBe("no\n  received: [2]");
});
