// What results become: text for the screen, sections of docs/benchmarks.md, charts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lines, ratios, strips } from "./chart.mjs";
import { geometricMean } from "./statistics.mjs";
import * as tables from "./tables.mjs";
import { checkTargets, targets } from "./targets.mjs";

const docs = (file) => fileURLToPath(new URL(`../../docs/${file}`, import.meta.url));
const cellNames = { lstm: "LSTM", gru: "GRU", rnn: "Simple RNN" };

export const threadsOf = ({ rows }) => [...new Set(rows.map((row) => row.threads))].sort((a, b) => a - b);

/** Every part of the page by name. */
export function sections(results) {
  const threads = threadsOf(results);
  const checks = checkTargets(results, threads);
  const rowsOf = (name) => targets(threads).find((target) => target.name === name).rows;
  return {
    environment: tables.environmentList(results),
    targets: tables.targetTable(checks),
    summary: tables.summaryTable(results),
    missed: tables.missList(checks, results, rowsOf),
    stream: tables.streamTable(results),
    text: tables.textTable(results),
    wasm: tables.wasmTable(results),
    start: tables.startTable(results),
    grid: tables.gridTables(results),
  };
}

/** Replaces what stands between `<!-- measured: name -->` and `<!-- end -->`; every marker must have its section. */
export function fillPage(page, parts) {
  return page.replace(/<!-- measured: (\w+) -->\n[\s\S]*?<!-- end -->/g, (_, name) => {
    if (!(name in parts)) throw new Error(`the page asks for "${name}"; there is ${Object.keys(parts).join(", ")}`);
    return `<!-- measured: ${name} -->\n\n${parts[name]}\n\n<!-- end -->`;
  });
}

const ratioOf = (row, peer) => row.systems[peer]?.ratio?.[1];

/** Strips of one mode against one peer: a row for every cell and number of units, a series for every number of threads. */
function stripRows(rows, mode, peer, threads) {
  const cases = rows.filter((row) => row.base === "native" && row.mode === mode && ratioOf(row, peer));
  return Object.entries(cellNames).flatMap(([cell, name]) => {
    const own = cases.filter((row) => row.cell === cell);
    const units = [...new Set(own.map((row) => row.units))].sort((a, b) => a - b);
    const group = units.map((u) => ({
      label: `${name}, ${u} units`,
      series: threads.map((count) => {
        const values = own.filter((row) => row.units === u && row.threads === count).map((row) => ratioOf(row, peer));
        return { values, mean: geometricMean(values) };
      }),
    }));
    return group.length > 0 ? [...group, { space: 10 }] : [];
  });
}

/** The charts by file name; those without results are left out. */
export function charts({ rows }) {
  const out = {};
  const threads = [...new Set(rows.filter(({ mode }) => mode === "train").map((row) => row.threads))].sort(
    (a, b) => a - b,
  );
  const names = threads.map((n) => `${n} thread${n > 1 ? "s" : ""}`);
  const subtitle = "Each dot is one batch size and length; the bar is the geometric mean.";
  const training = stripRows(rows, "train", "torch", threads);
  if (training.length > 0) {
    const axis = "PyTorch's time / rondo's time (right of 1x: rondo is faster)";
    out["training.svg"] = strips({ title: "A training step against PyTorch", subtitle, axis, names, rows: training });
  }
  const inference = Object.entries({ torch: "against PyTorch", onnx: "against ONNX Runtime" }).flatMap(
    ([peer, heading]) => {
      const own = stripRows(rows, "infer", peer, threads);
      return own.length > 0 ? [{ heading }, ...own] : [];
    },
  );
  if (inference.length > 0) {
    const axis = "their time / rondo's time (right of 1x: rondo is faster)";
    out["inference.svg"] = strips({ title: "Inference on whole sequences", subtitle, axis, names, rows: inference });
  }
  const streams = rows.filter(({ mode, layers }) => mode === "stream" && layers === 1);
  const series = Object.entries({ native: "rondo", onnx: "ONNX Runtime", torch: "PyTorch" })
    .filter(([name]) => streams.length > 1 && streams.every((row) => row.systems[name]))
    .map(([key, name]) => ({
      name,
      points: streams.map(({ units, systems }) => ({
        ...{ size: units, value: systems[key].ms[1] * 1000, high: systems[key].p99 * 1000 },
      })),
    }));
  if (series.length > 0) {
    out["streaming.svg"] = lines({
      title: "One streaming step of an LSTM, batch 1",
      subtitle: "Line: median. Dashed: 99th percentile.",
      xAxis: "units",
      yAxis: "microseconds",
      sizes: streams.map((row) => row.units),
      series,
    });
  }
  const overview = overviewRows(rows);
  if (overview.length > 0) {
    out["overview.svg"] = ratios({
      title: "How many times as fast rondo is, one thread",
      subtitle: "Geometric means over all shapes measured.",
      axis: "their time / rondo's time",
      rows: overview,
    });
  }
  return out;
}

/** The rows of the overview: one number for every kind of work. */
function overviewRows(rows) {
  const list = [];
  const add = (label, peer, filter) => {
    const values = rows.filter((row) => row.threads === 1 && filter(row)).flatMap((row) => ratioOf(row, peer) ?? []);
    if (values.length > 0) list.push({ label, value: geometricMean(values) });
  };
  const group = (heading, fill) => {
    const before = list.length;
    fill();
    if (list.length > before) list.splice(before, 0, { heading });
  };
  const native = (mode, cell) => (row) => row.base === "native" && row.mode === mode && (!cell || row.cell === cell);
  group("against PyTorch", () => {
    for (const [cell, name] of Object.entries(cellNames)) add(`${name}, training step`, "torch", native("train", cell));
    for (const [cell, name] of Object.entries(cellNames)) add(`${name}, inference`, "torch", native("infer", cell));
    add("character model, whole training step", "torch", native("text"));
    add("LSTM, one streaming step", "torch", native("stream"));
  });
  group("against ONNX Runtime", () => {
    for (const [cell, name] of Object.entries(cellNames)) add(`${name}, inference`, "onnx", native("infer", cell));
    for (const units of [32, 128, 512]) {
      add(`LSTM, one streaming step, ${units} units`, "onnx", (row) => native("stream")(row) && row.units === units);
    }
  });
  group("WASM against TensorFlow.js' WASM", () => {
    add("training step", "tfjs", (row) => row.base === "wasm" && row.mode === "train");
    add("inference", "tfjs", (row) => row.base === "wasm" && row.mode === "infer");
  });
  return list;
}

/** Rewrites the measured parts of docs/benchmarks.md and the charts beside it. */
export function publish(results) {
  const page = docs("benchmarks.md");
  writeFileSync(page, fillPage(readFileSync(page, "utf8"), sections(results)));
  mkdirSync(docs("charts"), { recursive: true });
  for (const [name, svg] of Object.entries(charts(results))) writeFileSync(docs(`charts/${name}`), svg);
}

/** All of it as text. */
export function toScreen(results) {
  const headings = {
    ...{ environment: "Machine", targets: "Targets", summary: "Whole sequences", missed: "Missed targets" },
    ...{ stream: "Streaming", text: "Character models", wasm: "WASM", start: "Start-up", grid: "Every case" },
  };
  return Object.entries(sections(results))
    .filter(([, content]) => content !== tables.notMeasured)
    .map(([name, content]) => `## ${headings[name]}\n\n${content}`)
    .join("\n\n");
}
