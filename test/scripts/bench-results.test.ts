import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const bench = (file: string) => import(new URL(`../../bench/${file}`, import.meta.url).href);
const { merge, readResults, sorted, writeResults } = await bench("lib/results.mjs");
const { checkTargets, targets } = await bench("lib/targets.mjs");
const { flops, plan, shapeSets } = await bench("cases.mjs");
const { difference } = await bench("lib/measure.mjs");

const environment = { cpu: "A", cores: 2, load: 0, systems: { native: "rondo" }, peak: { 1: 100 } };
const shape = { batch: 32, time: 100, inputs: 64, units: 64 };
/** A row whose ratio to a peer is known. */
const row = (ratio: number, more: object = {}, peer = "torch") => ({
  ...{ mode: "train", cell: "lstm", base: "native", threads: 1, ...shape, rounds: 3, build: "one" },
  systems: { native: { ms: [1, 1, 1] }, [peer]: { ms: [ratio, ratio, ratio], ratio: [ratio, ratio, ratio] } },
  ...more,
});

test("runs with 1 and 2 threads make one file, in the order of the tables", () => {
  const two = { environment: { ...environment, peak: { 2: 190 } }, rows: [row(3, { threads: 2 })] };
  const stream = row(9, { mode: "stream", batch: 1, time: 1 });
  const both = merge(two, { environment, rows: [stream, row(2)] });
  expect(both.rows.map((r: { mode: string; threads: number }) => [r.mode, r.threads])).toEqual([
    ["train", 1],
    ["train", 2],
    ["stream", 1],
  ]);
  expect(both.environment.peak).toEqual({ 1: 100, 2: 190 });
});

test("a case measured again replaces the old one", () => {
  const merged = merge({ environment, rows: [row(2)] }, { environment, rows: [row(3, { build: "two" }, "onnx")] });
  expect(merged.rows).toHaveLength(1);
  expect(Object.keys(merged.rows[0].systems)).toEqual(["native", "onnx"]);
});

test("peers measured apart with the same build are put together", () => {
  const merged = merge({ environment, rows: [row(2)] }, { environment, rows: [row(3, {}, "onnx")] });
  expect(merged.rows[0].systems.torch.ratio[1]).toBe(2);
  expect(merged.rows[0].systems.onnx.ratio[1]).toBe(3);
});

test("another processor's results are not mixed in", () => {
  const merged = merge({ environment, rows: [row(2)] }, { environment: { ...environment, cpu: "B" }, rows: [] });
  expect(merged.rows).toEqual([]);
});

test("results survive the file, and an interrupted writing leaves no half one", () => {
  const folder = mkdtempSync(join(tmpdir(), "rondo-bench-"));
  try {
    const file = join(folder, "deeper", "results.jsonl");
    const results = { environment, rows: sorted([row(2), row(3, { units: 32 })]) };
    expect(readResults(file)).toBeNull();
    writeResults(file, results);
    expect(readResults(file)).toEqual(results);
    expect(readdirSync(join(folder, "deeper"))).toEqual(["results.jsonl"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("targets: means, worst cases, times, and what was not measured", () => {
  const start = row(1, {
    mode: "start",
    systems: { native: { ms: [1, 59, 99] }, "native first step": { ms: [1, 51, 99] } },
  });
  const rows = [row(1, { units: 128 }), row(4), row(0.9, { units: 256 }), row(8, { cell: "gru", threads: 2 }), start];
  const checks = checkTargets({ environment, rows }, [1, 2]);
  const of = (name: string) => checks.find((check: { name: string }) => check.name === name);
  const mean = of("LSTM training step against PyTorch, 1 thread");
  expect(mean.value).toBeCloseTo((1 * 4 * 0.9) ** (1 / 3), 10);
  expect(mean).toMatchObject({ met: true, cases: 3, worst: { units: 256 } });
  expect(of("no training step slower than PyTorch's, 1 thread")).toMatchObject({
    met: false,
    value: 0.9,
    worst: { units: 256 },
  });
  expect(of("GRU training step against PyTorch, 2 threads")).toMatchObject({ met: true, value: expect.closeTo(8, 9) });
  expect(of("GRU training step against PyTorch, 1 thread")).toMatchObject({ met: null, value: null, cases: 0 });
  expect(of('import "rondo"')).toMatchObject({ met: true, value: 59 });
  expect(of("first training step in a new process")).toMatchObject({ met: false, value: 51 });
});

test("a ratio at the limit meets it", () => {
  const checks = checkTargets({ environment, rows: [row(1.5)] }, [1]);
  expect(checks[0]).toMatchObject({ met: true, limit: "at least 1.5x" });
});

test("every target has cases in the whole plan, and every case of the plan is its own", () => {
  const all = plan({ shapes: "grid", threads: [1, 2] });
  for (const target of targets([1, 2])) expect(all.some(target.rows), target.name).toBe(true);
  const keys = new Set(all.map((test: object) => JSON.stringify(test)));
  expect(keys.size).toBe(all.length);
  expect(shapeSets.grid).toHaveLength(60);
  // Two modes, three cells, two numbers of threads.
  expect(
    all.filter((t: { mode: string; base: string }) => /train|infer/.test(t.mode) && t.base === "native"),
  ).toHaveLength(720);
});

test("a plan can be cut down", () => {
  const cut = plan({
    shapes: "grid",
    threads: [2],
    modes: ["train"],
    cells: ["gru"],
    only: { units: [512], batch: [1, 64] },
  });
  expect(cut).toHaveLength(6);
  expect(cut.every((t: { threads: number; units: number }) => t.threads === 2 && t.units === 512)).toBe(true);
});

test("operations are counted as in the papers", () => {
  const test = { mode: "infer", cell: "lstm", batch: 2, time: 3, inputs: 5, units: 7 };
  expect(flops(test)).toBe(2 * 2 * 3 * 4 * 7 * (5 + 7));
  expect(flops({ ...test, mode: "train", cell: "rnn" })).toBe(3 * 2 * 2 * 3 * 7 * (5 + 7));
  // The second layer's inputs are the first one's units; then a dense layer.
  const text = { ...test, mode: "text", layers: 2, vocabulary: 11 };
  expect(flops(text)).toBe(3 * (flops(test) + 2 * 2 * 3 * 4 * 7 * 14 + 2 * 2 * 3 * 7 * 11));
});

test("results that differ are found", () => {
  expect(difference([1, -2], [1, -2])).toBe(0);
  expect(difference([1, -2], [1, -2.002])).toBeCloseTo(0.001, 6);
  expect(difference([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(difference([1, 2], [Number.NaN, 2]) < 1e-3).toBe(false);
});
