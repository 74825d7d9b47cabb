import { expect, test } from "vitest";
import type { Backend } from "./backend.js";
import { createReferenceBackend } from "./reference/index.js";
import { createBackendChooser } from "./select.js";

function chooser(requested?: string) {
  const tried: string[] = [];
  const candidate = (name: "native" | "wasm" | "reference", create: () => Backend) => ({
    name,
    create: () => {
      tried.push(name);
      return create();
    },
  });
  const missing = () => {
    throw new Error("not built");
  };
  const candidates = [
    candidate("native", missing),
    candidate("wasm", createReferenceBackend),
    candidate("reference", createReferenceBackend),
  ];
  return { ...createBackendChooser(candidates, requested), tried };
}

test("the first that loads is chosen, and tried once", () => {
  const { open, tried } = chooser();
  const backend = open();
  expect(open()).toBe(backend);
  expect(open("wasm")).toBe(backend);
  expect(tried).toEqual(["native", "wasm"]);
});

test("a request is fulfilled or refused with the reason, never replaced", () => {
  expect(chooser("reference").open().name).toBe("reference");
  expect(() => chooser("native").open()).toThrow(/native backend cannot be loaded\n {2}received: not built/);
  expect(() => chooser("webgl").open()).toThrow(/no backend "webgl" here.*one of native, wasm, reference/s);
  expect(() => createBackendChooser([]).open()).toThrow("no backend can be loaded");
});

test("the report tells what became of each", () => {
  const { open, report } = chooser();
  open();
  expect(report().map(({ name, state }) => [name, state])).toEqual([
    ["native", "failed"],
    ["wasm", "loaded"],
    ["reference", "available"],
  ]);
  expect(report()[0]!.detail).toBe("not built");
});
