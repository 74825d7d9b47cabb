import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { kernelTable } from "../../backend/kernels.js";
import {
  add,
  layers,
  losses,
  matMul,
  mean,
  memory,
  optimizers,
  profile,
  RondoError,
  randomNormal,
  scope,
  sequential,
  square,
  zeros,
} from "../../index.js";
import { engine } from "../engine.js";
import { sectionListener } from "../sections.js";
import type { ProfiledOperation, ProfileReport } from "./report.js";

interface Event {
  name: string;
  ph: string;
  ts: number;
  dur: number;
  cat?: string;
  args?: Record<string, unknown>;
}

const only = (report: ProfileReport, name: string, phase = "forward"): ProfiledOperation => {
  const found = report.operations.filter((each) => each.name === name && each.phase === phase);
  expect(found).toHaveLength(1);
  return found[0]!;
};
const traceOf = (report: ProfileReport) => (JSON.parse(report.toTrace()) as { traceEvents: Event[] }).traceEvents;

/** One training step of an LSTM and a dense layer: batch 3, 5 steps, 4 features, 6 units, 2 outputs. */
async function trainingStep(): Promise<ProfileReport> {
  const model = sequential({
    name: "net",
    layers: [layers.lstm({ units: 6, inputShape: [5, 4], name: "memory" }), layers.dense({ units: 2, name: "out" })],
  });
  model.compile({ optimizer: optimizers.adam(), loss: losses.meanSquaredError() });
  const [x, y] = [randomNormal([3, 5, 4]), zeros([3, 2])];
  return profile(() => model.trainOnBatch(x, y));
}

describe("profile", () => {
  it("counts calls, work and bytes of a matrix product", async () => {
    const [a, b] = [randomNormal([7, 5]), randomNormal([5, 3])];
    const report = await profile(() => scope(() => [matMul(a, b), matMul(a, b)].length));
    expect(report.result).toBe(2);
    const product = only(report, "matMul");
    expect(product.calls).toBe(2);
    expect(product.flops).toBe(2 * (2 * 7 * 3 * 5));
    expect(product.bytes).toBe(2 * 4 * (7 * 5 + 5 * 3 + 7 * 3));
    expect(report.total.calls).toBe(2);
    expect(report.wallMs).toBeGreaterThanOrEqual(report.total.ms);
    expect(product.gflopsPerSecond).toBeCloseTo(product.flops! / product.ms / 1e6, 6);
  });

  it("counts what broadcasting reads", async () => {
    const [a, b] = [zeros([8, 4]), zeros([4])];
    const { bytes, flops } = only(await profile(() => add(a, b)), "binary");
    expect([flops, bytes]).toEqual([32, 4 * (32 + 4 + 32)]);
  });

  it("tells forward, backward and update apart, and layers by their paths", async () => {
    const report = await trainingStep();
    const [batch, time, inputs, units] = [3, 5, 4, 6];
    const forward = only(report, "lstmForward");
    expect(forward.flops).toBe(2 * batch * time * 4 * units * (inputs + units));
    // The input is data: no gradient is computed for it.
    const backward = only(report, "lstmBackward", "backward");
    expect(backward.flops).toBe(2 * batch * time * 4 * units * (2 * units + inputs));
    // Kernel, recurrent kernel and bias of the LSTM, kernel and bias of the dense layer.
    expect(only(report, "adamUpdate", "update").calls).toBe(5);
    // The dense layer: y = x W forward, dW and dx backward.
    expect(only(report, "matMul", "forward").flops).toBe(2 * batch * units * 2);
    expect(only(report, "matMul", "backward").flops).toBe(2 * (2 * batch * units * 2));

    const of = (layer: string | null, phase: string) =>
      report.layers.find((l) => l.layer === layer && l.phase === phase);
    expect(of("net, layer 0 (memory)", "forward")?.flops).toBe(forward.flops);
    expect(of("net, layer 0 (memory)", "backward")?.flops).toBe(backward.flops);
    expect(of("net, layer 1 (out)", "backward")?.calls).toBeGreaterThanOrEqual(2);
    expect(of(null, "update")?.calls).toBeGreaterThanOrEqual(5);
    for (const sums of [report.operations, report.layers]) {
      expect(sums.reduce((sum, each) => sum + each.calls, 0)).toBe(report.total.calls);
      expect(sums.reduce((sum, each) => sum + each.ms, 0)).toBeCloseTo(report.total.ms, 6);
    }
  });

  it("names both directions of a bidirectional layer", async () => {
    const layer = layers.bidirectional({ layer: layers.gru({ units: 2, name: "g" }), name: "both" });
    const x = zeros([1, 3, 2]);
    layer.apply(x);
    const report = await profile(() => layer.apply(x));
    const names = report.layers.filter((l) => l.flops! > 0).map((l) => l.layer);
    expect(names.sort()).toEqual(["both (backward)", "both (forward)"]);
  });

  it("prints tables", async () => {
    const report = await trainingStep();
    const lines: string[] = [];
    report.print((line) => lines.push(line));
    expect(lines[0]).toMatch(/^kernel +phase +calls +ms +% +GFLOP +GFLOP\/s +MB$/);
    expect(lines.some((line) => /^lstmBackward +backward +1 /.test(line))).toBe(true);
    expect(lines.some((line) => /^net, layer 0 \(memory\) +forward +\d/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(/^peak memory [\d.]+ MB$/);
  });

  it("makes a trace in which kernels lie within layers and phases", async () => {
    const events = traceOf(await trainingStep());
    for (const { ph, ts, dur } of events) {
      expect(["X", "C", "M"]).toContain(ph);
      expect(ts).toBeGreaterThanOrEqual(0);
      if (ph === "X") expect(dur).toBeGreaterThanOrEqual(0);
    }
    const find = (name: string, cat: string) => events.find((e) => e.name === name && e.cat === cat)!;
    const within = (inner: Event, outer: Event) => {
      expect(inner.ts).toBeGreaterThanOrEqual(outer.ts);
      expect(inner.ts + inner.dur).toBeLessThanOrEqual(outer.ts + outer.dur + 1e-3);
    };
    within(find("lstmForward", "forward"), find("net, layer 0 (memory)", "layer"));
    within(find("lstmBackward", "backward"), find("backward", "backward"));
    within(find("adamUpdate", "update"), find("update", "update"));
    expect(find("lstmForward", "forward").args).toMatchObject({ layer: "net, layer 0 (memory)", flops: 7200 });
    expect(events.some((e) => e.ph === "C" && (e.args!["bytes"] as number) > 0)).toBe(true);
  });

  it("writes the trace to a file", async () => {
    const path = join(tmpdir(), `rondo-trace-${process.pid}.json`);
    const report = await profile(() => add(1, 2));
    try {
      await report.saveTrace(path);
      expect(await readFile(path, "utf8")).toBe(report.toTrace());
    } finally {
      await rm(path, { force: true });
    }
  });

  it("leaves no trace of itself when it is off", async () => {
    const { kernels, backend } = engine();
    const plain = () => Object.keys(kernelTable).every((k) => kernels[k as "fill"] === backend.kernels[k as "fill"]);
    expect(plain()).toBe(true);
    await profile(async () => {
      expect(kernels.matMul).not.toBe(backend.kernels.matMul);
      expect(sectionListener).not.toBeNull();
    });
    expect(plain()).toBe(true);
    expect(sectionListener).toBeNull();
    const failing = profile(() => {
      throw new Error("mine");
    });
    await expect(failing).rejects.toThrow("mine");
    expect(plain()).toBe(true);
    expect(sectionListener).toBeNull();
  });

  it("sees streams that were made before, and changes no result", async () => {
    const model = sequential([layers.lstm({ units: 3, inputShape: [null, 2], returnSequences: true })]);
    const stream = model.stream();
    const twin = stream.fork();
    const report = await profile(() => stream.step([1, 2]).slice());
    expect(only(report, "lstmForward").calls).toBe(1);
    expect(report.result).toEqual(twin.step([1, 2]));
  });

  it("nests", async () => {
    let inner: ProfileReport | undefined;
    const outer = await profile(async () => {
      add(1, 2);
      inner = await profile(() => add(1, 2));
      add(1, 2);
    });
    expect(only(inner!, "binary").calls).toBe(1);
    expect(only(outer, "binary").calls).toBe(3);
  });

  it("reports the peak of memory", async () => {
    const x = zeros([1000]);
    const before = memory().bytes;
    const report = await profile(() => scope(() => mean(square(add(x, x))).item()));
    // Two temporaries of 4000 bytes, rounded up to their size class of 4096, and scalars.
    expect(report.peakBytes - before).toBeGreaterThanOrEqual(2 * 4096);
    expect(report.peakBytes - before).toBeLessThan(3 * 4096);
  });

  it("keeps a limited number of events, and all sums", async () => {
    const report = await profile(() => [add(1, 2), add(1, 2), add(1, 2)].length, { maxEvents: 2 });
    expect(report.droppedEvents).toBe(1);
    expect(report.total.calls).toBe(3);
    expect(traceOf(report).filter((e) => e.ph === "X")).toHaveLength(2);
    expect(report.toString()).toContain("the trace lacks 1 calls");
  });

  it("says what is wrong with its arguments", async () => {
    await expect(profile((async () => {})() as never)).rejects.toThrow(/wrap it: profile\(\(\) =>/);
    await expect(profile(() => 1, { maxEvents: -1 })).rejects.toThrow(RondoError);
    await expect(profile(() => 1, { maxEvent: 1 } as never)).rejects.toThrow(/did you mean "maxEvents"/);
  });

  it("counts the pairs of a query and a key that causal attention looks at", async () => {
    const { workOf } = await import("./work.js");
    const sizes: Record<string, number> = {
      batch: 2,
      queries: 3,
      keys: 5,
      heads: 4,
      keyHeads: 2,
      size: 8,
      valueSize: 6,
    };
    const flops = (extra: Record<string, number>) => {
      const values = kernelTable.attentionForward.parameters.map(
        (p) => ({ ...sizes, ...extra })[p.split(":")[0]!] ?? 64,
      );
      return workOf("attentionForward", values, new Int32Array(0))!.flops;
    };
    expect(flops({ causal: 0, offset: 0 })).toBe(2 * 2 * 4 * 15 * (8 + 6));
    // The first query is at position 2: it sees 3 keys, the next 4, the last 5.
    expect(flops({ causal: 1, offset: 2 })).toBe(2 * 2 * 4 * 12 * (8 + 6));
  });

  it("knows the work of every kernel that computes", async () => {
    const { workOf } = await import("./work.js");
    const words = new Int32Array([0, 1, 2, 1, 1]);
    const unknown = Object.entries(kernelTable)
      .filter(([name]) => !name.endsWith("Size"))
      .filter(([name, { parameters }]) => {
        const values = parameters.map((p) => (p.startsWith("dims") ? 4 : 2));
        const work = workOf(name as "fill", values, words);
        return work && !(work.bytes > 0 && work.flops >= 0);
      });
    expect(unknown).toEqual([]);
  });
});
