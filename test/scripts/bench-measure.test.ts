import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const bench = (file: string) => import(new URL(`../../bench/${file}`, import.meta.url).href);
const { measure } = await bench("lib/measure.mjs");
const { writeResults } = await bench("lib/results.mjs");
const { numbers, samplePlaces, weightsOf } = await bench("workers/protocol.mjs");

interface Request {
  setup?: object;
  steps?: number;
}

/** A system whose steps always take so long; `log` sees whose turn it is. */
function system(name: string, ms: number, sample: number[] | undefined, log: string[] = []) {
  return {
    name,
    async ask({ setup, steps }: Request) {
      if (setup) return { ok: true, sample, sampleMs: 2 * ms };
      log.push(name);
      return { ms: Array.from({ length: steps! }, () => ms) };
    },
  };
}

const case1 = { mode: "train", cell: "lstm", base: "native", threads: 1, batch: 1, time: 1, inputs: 1, units: 1 };
const limits = { budgetMs: 0, minimum: 3, maximum: 5 };

test("systems take turns, in alternating order, and ratios come out", async () => {
  const log: string[] = [];
  const systems = [system("native", 2000, [1, 2], log), system("torch", 5000, [1, 2.0001], log)];
  const row = await measure(systems, case1, limits);
  expect(row).toMatchObject({ ...case1, rounds: 3, systems: { native: { ms: [2000, 2000, 2000] } } });
  expect(row.systems.torch.ratio).toEqual([2.5, 2.5, 2.5]);
  expect(log).toEqual(["native", "torch", "torch", "native", "native", "torch"]);
  expect(row.failed).toBeUndefined();
});

test("with time left there are more rounds, up to the limit", async () => {
  const row = await measure([system("native", 1, undefined)], case1, { ...limits, budgetMs: 1e9 });
  expect(row.rounds).toBe(5);
});

test("a system with other results is left out and named", async () => {
  const systems = [system("native", 2000, [1, 2]), system("torch", 10, [1, 2.1]), system("onnx", 10, [Number.NaN, 2])];
  const row = await measure(systems, case1, limits);
  expect(Object.keys(row.systems)).toEqual(["native"]);
  expect(row.failed).toEqual({ torch: "its results differ by 0.05", onnx: "its results differ by NaN" });
});

test("a system that fails does not stop the others", async () => {
  const broken = { name: "torch", ask: async () => Promise.reject(new Error("out of memory")) };
  const row = await measure([system("native", 2000, [1]), broken], case1, limits);
  expect(row.systems.native.ms[1]).toBe(2000);
  expect(row.failed).toEqual({ torch: "out of memory" });
});

test("a system that dies in the middle keeps its rounds, and the others go on", async () => {
  const dying = system("torch", 4000, [1]);
  const { ask } = dying;
  let turns = 0;
  dying.ask = async (request: Request) => {
    if (request.steps && ++turns > 2) throw new Error("torch ended");
    return ask(request);
  };
  const row = await measure([system("native", 2000, [1]), dying], case1, { ...limits, budgetMs: 1e9 });
  expect(row).toMatchObject({ rounds: 5, failed: { torch: "torch ended" } });
  expect(row.systems.torch.ratio).toEqual([2, 2, 2]);
});

test("streaming has a 99th percentile", async () => {
  const row = await measure([system("native", 0.001, [1])], { ...case1, mode: "stream" }, limits);
  expect(row.systems.native).toEqual({ ms: [0.001, 0.001, 0.001], p99: 0.001 });
});

test("the numbers are spread over [-1, 1), differ by seed, and repeat", () => {
  const values = numbers(20_000);
  const mean = values.reduce((sum: number, x: number) => sum + x, 0) / values.length;
  const square = values.reduce((sum: number, x: number) => sum + x * x, 0) / values.length;
  // A uniform distribution has mean 0 and variance 1/3; its mean over n has a standard deviation of sqrt(1/(3n)).
  expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / (3 * values.length)));
  expect(square).toBeCloseTo(1 / 3, 1);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
  expect(numbers(5, 2)).not.toEqual(numbers(5, 3));
  expect(numbers(5, 2)).toEqual(numbers(9, 2).slice(0, 5));
});

test("weights have rondo's shapes, and samples are inside the outputs", () => {
  const sizes = (cell: string) => weightsOf({ cell, inputs: 3, units: 5 }).map((w: Float32Array) => w.length);
  expect(sizes("lstm")).toEqual([60, 100, 20]);
  expect(sizes("gru")).toEqual([45, 75, 30]);
  expect(sizes("rnn")).toEqual([15, 25, 5]);
  for (const shape of [
    { batch: 1, time: 1, units: 1 },
    { batch: 3, time: 100, units: 7 },
  ]) {
    const places: [number, number, number][] = samplePlaces(shape);
    expect(places.every(([b, t, u]) => b < shape.batch && t >= 0 && t < shape.time && u < shape.units)).toBe(true);
    expect(places.at(-1)![1]).toBe(shape.time - 1);
  }
});

/** What the command prints and how it ends. */
function command(...options: string[]) {
  const script = fileURLToPath(new URL("../../bench/compare.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...options], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test.each([
  [["--shapes", "huge"], "--shapes huge: expected some of floor, quick, grid"],
  [["--threads", "two"], "--threads two: expected positive whole numbers"],
  [["--budget", "20"], "--budget 20: expected a number and s, m or h"],
  [["--bugdet", "20m"], "--bugdet"],
])("a mistake in the options is explained: %j", (options, message) => {
  const { status, stderr } = command(...options);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

test("results are shown again without measuring", () => {
  const folder = mkdtempSync(join(tmpdir(), "rondo-bench-"));
  try {
    const file = join(folder, "results.jsonl");
    expect(command("--report", "--results", file).stderr).toContain("there are no results");
    const environment = { cpu: "A", cores: 2, load: 0, build: "x", node: "v20", systems: {}, peak: {} };
    const systems = { native: { ms: [1, 1, 1] }, torch: { ms: [3, 3, 3], ratio: [3, 3, 3] } };
    writeResults(file, { environment, rows: [{ ...case1, build: "x", rounds: 3, systems }] });
    const { status, stdout } = command("--report", "--results", file);
    expect(status).toBe(0);
    expect(stdout).toContain("| training step | LSTM | 1 | PyTorch | 1 | **3.00x** |");
    expect(stdout).not.toContain("## Streaming");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
