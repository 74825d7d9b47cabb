// Results as Markdown, the same on the screen and in docs/benchmarks.md.
import { flops, plan } from "../cases.mjs";
import { busyWarning } from "./environment.mjs";
import { keyOf } from "./results.mjs";
import { geometricMean, median } from "./statistics.mjs";
import { titles } from "./systems.mjs";

/** What stands where there are no results. */
export const notMeasured = "Not measured.";

const cellNames = { lstm: "LSTM", gru: "GRU", rnn: "simple RNN" };
const modeNames = { train: "training step", infer: "inference" };
const peersOf = { native: ["torch", "onnx"], wasm: ["tfjs", "jax", "native"] };

/** Rows of strings, the first of them the head. */
export function table([head, ...rows]) {
  if (rows.length === 0) return notMeasured;
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** Three digits, but never an exponent: 0.123, 1.23, 12.3, 1234. */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(3, digits));
}

const times = (ratio) => (ratio === undefined ? "–" : `${short(ratio)}x`);
const percent = (part) => (part === undefined ? "–" : `${Math.round(100 * part)} %`);

/** A target's value in its unit. */
const inUnit = (value, unit) => (unit === "ms" ? `${short(value)} ms` : unit === "%" ? percent(value) : times(value));

/**
 * Share of the peak that a system reaches in a case: of the peak measured in turn with it, else of the run's best.
 * Undefined where no peak was measured.
 */
export function shareOfPeak(row, peak, system = row.base) {
  if (row.share?.[system]) return row.share[system];
  const ms = row.systems[system]?.ms[1];
  const gflops = peak?.[row.threads];
  return ms && gflops ? flops(row) / ms / 1e6 / gflops : undefined;
}

/** A case in words. */
export function caseName(row) {
  if (row.mode === "start") return `LSTM of ${row.units} units`;
  if (row.mode === "stream") return `${row.units} units, ${row.layers} layer${row.layers > 1 ? "s" : ""}`;
  if (row.mode === "text") return `two LSTMs of ${row.units} units`;
  return `${cellNames[row.cell]}, B=${row.batch}, T=${row.time}, H=${row.units}`;
}

/** Weights of a stack of LSTM layers as wide as their inputs, in bytes. */
const weightBytes = ({ units, layers }) => layers * 4 * (4 * units * 2 * units + 4 * units);

export function environmentList({ environment, rows }) {
  const { peak } = environment;
  const peaks = Object.entries(peak).map(([n, x]) => `${Math.round(x)} GFLOP/s on ${n} thread${n === "1" ? "" : "s"}`);
  const items = [
    `${environment.cpu}, ${environment.cores} cores, ${environment.memoryGiB} GiB, ${environment.system}; ${environment.backend}`,
    peaks.length > 0 ? `measured peak: ${peaks.join(", ")}` : "peak not measured (no C++ compiler)",
    `Node ${environment.node.slice(1)}; ${Object.values(environment.systems).join("; ")}`,
    `${environment.date}, load average before the run ${environment.load}`,
  ];
  const warning = busyWarning(environment.load, environment.cores);
  if (warning) items.push(`**${warning}**`);
  const all = new Set(plan({ shapes: "grid", threads: [...new Set(rows.map((row) => row.threads))] }).map(keyOf));
  const measured = rows.filter((row) => all.has(keyOf(row))).length;
  items.push(`${measured} of the ${all.size} cases of the full grid`);
  const older = rows.filter(({ build }) => build !== environment.build).length;
  if (older > 0) items.push(`**${older} of ${rows.length} cases were measured with an earlier build.**`);
  return items.map((item) => `- ${item}`).join("\n");
}

export function targetTable(checks) {
  const measured = checks.filter(({ value }) => value !== null);
  const rows = measured.map(({ name, limit, value, met, cases, worst, unit, statistic }) => [
    ...[name, limit, inUnit(value, unit)],
    cases > 1 ? `${statistic === "mean" ? "mean" : "worst"} of ${cases}` : "",
    statistic === "worst" && cases > 1 ? caseName(worst) : "",
    met ? "met" : "**missed**",
  ]);
  const rest = checks.filter(({ value }) => value === null).map(({ name }) => name);
  const others = rest.length > 0 ? `\n\nNot measured: ${rest.join("; ")}.` : "";
  return `${table([["target", "wanted", "measured", "", "worst case", ""], ...rows])}${others}`;
}

/** One line per group of cases and peer: the geometric mean of the ratios, and how far they lie apart. */
export function summaryTable({ environment, rows }) {
  const groups = new Map();
  for (const row of rows.filter(({ base, mode }) => base === "native" && mode in modeNames)) {
    for (const peer of peersOf.native.filter((name) => row.systems[name]?.ratio)) {
      const key = [row.mode, row.cell, row.threads, peer].join();
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
  }
  const lines = [...groups].map(([key, cases]) => {
    const [mode, cell, threads, peer] = key.split(",");
    const ratios = cases.map((row) => row.systems[peer].ratio[1]);
    const spread = median(
      cases.map(({ systems }) => (systems[peer].ratio[2] - systems[peer].ratio[0]) / systems[peer].ratio[1]),
    );
    const shares = (system) => cases.map((row) => shareOfPeak(row, environment.peak, system)).filter(Boolean);
    const share = (system) => (shares(system).length > 0 ? percent(median(shares(system))) : "–");
    return [
      ...[modeNames[mode], cellNames[cell], threads, titles[peer], String(cases.length)],
      `**${times(geometricMean(ratios))}**`,
      `${times(Math.min(...ratios))} to ${times(Math.max(...ratios))}`,
      percent(spread),
      ...[share("native"), share(peer)],
    ];
  });
  const head = [
    "",
    "cell",
    "threads",
    "against",
    "cases",
    "geometric mean",
    "range",
    "spread",
    "rondo's share of peak",
    "theirs",
  ];
  return table([head, ...lines]);
}

/** Ratio and rondo's share of the peak for every case of a group, batch and time down, units across. */
export function gridTables({ environment, rows }) {
  const parts = [];
  for (const mode of ["train", "infer"]) {
    for (const peer of peersOf.native) {
      const threads = [...new Set(rows.map((row) => row.threads))].sort();
      for (const count of threads) {
        for (const cell of Object.keys(cellNames)) {
          const cases = rows.filter(
            (row) =>
              row.base === "native" &&
              row.mode === mode &&
              row.cell === cell &&
              row.threads === count &&
              row.systems[peer]?.ratio,
          );
          if (cases.length === 0) continue;
          const units = [...new Set(cases.map((row) => row.units))].sort((a, b) => a - b);
          const shapes = [...new Set(cases.map((row) => `${row.batch} x ${row.time}`))];
          const body = shapes.map((shape) => [
            shape,
            ...units.map((u) => {
              const row = cases.find((one) => `${one.batch} x ${one.time}` === shape && one.units === u);
              if (!row) return "";
              const share = shareOfPeak(row, environment.peak);
              return `${times(row.systems[peer].ratio[1])}${share === undefined ? "" : ` (${percent(share)})`}`;
            }),
          ]);
          const title = `${cellNames[cell]}, ${modeNames[mode]}, ${count} thread${count > 1 ? "s" : ""}, against ${titles[peer]}`;
          parts.push(`**${title}**\n\n${table([["B x T", ...units.map((u) => `H=${u}`)], ...body])}`);
        }
      }
    }
  }
  return parts.length > 0 ? parts.join("\n\n") : notMeasured;
}

export function streamTable({ rows }) {
  const peers = ["onnx", "torch"];
  const micro = (system, key) => (system ? short((key === "p99" ? system.p99 : system.ms[1]) * 1000) : "–");
  const lines = rows
    .filter(({ mode }) => mode === "stream")
    .map(({ units, layers, systems }) => [
      ...[String(units), String(layers), micro(systems.native), micro(systems.native, "p99")],
      ...peers.flatMap((name) => [micro(systems[name]), micro(systems[name], "p99"), times(systems[name]?.ratio[1])]),
    ]);
  const head = peers.flatMap((name) => [`${titles[name]} µs`, "99 %", "ratio"]);
  return table([["units", "layers", "rondo µs", "99 %", ...head], ...lines]);
}

export function textTable({ environment, rows }) {
  const lines = rows
    .filter(({ mode }) => mode === "text")
    .map((row) => [
      ...[`2 x ${row.units}`, String(row.batch), String(row.time), String(row.threads)],
      ...[short(row.systems.native.ms[1]), row.systems.torch ? short(row.systems.torch.ms[1]) : "–"],
      ...[times(row.systems.torch?.ratio[1]), percent(shareOfPeak(row, environment.peak))],
    ]);
  return table([["LSTM", "B", "T", "threads", "rondo ms", "PyTorch ms", "ratio", "rondo's share of peak"], ...lines]);
}

export function wasmTable({ rows }) {
  const peers = peersOf.wasm;
  const lines = rows
    .filter(({ base }) => base === "wasm")
    .map(({ mode, cell, batch, time, units, systems }) => [
      ...[modeNames[mode], cellNames[cell], `${batch} x ${time} x ${units}`, short(systems.wasm.ms[1])],
      ...peers.flatMap((name) => [systems[name] ? short(systems[name].ms[1]) : "–", times(systems[name]?.ratio[1])]),
    ]);
  const head = ["TensorFlow.js ms", "ratio", "jax-js ms", "ratio", "rondo native ms", "ratio"];
  return table([["", "cell", "B x T x H", "rondo WASM ms", ...head], ...lines]);
}

export function startTable({ rows }) {
  const row = rows.find(({ mode }) => mode === "start");
  if (!row) return notMeasured;
  const range = (times3) => (times3 ? `${short(times3[1])} (${short(times3[0])} to ${short(times3[2])})` : "–");
  const names = Object.keys(row.systems).filter((name) => !name.includes(" "));
  const lines = names.map((name) => [
    ...[titles[name], range(row.systems[name].ms)],
    ...["first", "second"].map((which) => range(row.systems[`${name} ${which} step`]?.ms)),
  ]);
  return table([
    ["", "import, ms", "from there to the end of the first training step, ms", "second step, ms"],
    ...lines,
  ]);
}

/** What is not reached: how much is missing, where most, and how much any kernel could reach there. */
export function missList(checks, { environment, rows }, targetsOf) {
  const missed = checks.filter(({ met }) => met === false);
  if (missed.length === 0) return "None of the targets that were measured is missed.";
  return missed
    .map(({ name, limit, value, unit, worst, peer, statistic }) => {
      const got = inUnit(value, unit);
      const sentences = [`**${name}**: ${got}, wanted ${limit}.`];
      if (peer && worst.mode !== "stream") {
        const at = statistic === "mean" ? "Least" : "Worst";
        const own = percent(shareOfPeak(worst, environment.peak));
        const theirs = percent(shareOfPeak(worst, environment.peak, peer));
        const ratio = times(worst.systems[peer].ratio[1]);
        sentences.push(
          `${at} at ${caseName(worst)}: ${ratio}, with ${own} of the peak by rondo and ${theirs} by ${titles[peer]}.`,
        );
        const cases = rows.filter((row) => targetsOf(name)(row) && row.systems[peer]?.ratio);
        const bounds = cases.map((row) => 1 / shareOfPeak(row, environment.peak, peer)).filter(Number.isFinite);
        if (statistic === "mean" && bounds.length > 0) {
          sentences.push(`Code that ran at the full peak in every case would reach ${times(geometricMean(bounds))}.`);
        }
      } else if (peer) {
        const { ms } = worst.systems.native;
        const bytes = weightBytes(worst);
        sentences.push(
          `Worst at ${caseName(worst)}: ${short(ms[1] * 1000)} µs, in which ${short(bytes / 1e6)} MB of weights are read once ` +
            `(${short(bytes / ms[1] / 1e6)} GB/s).`,
        );
      } else if (unit === "%") {
        sentences.push(`Least at ${caseName(worst)}: ${percent(worst.share[worst.base])}.`);
      } else if (worst.systems["native second step"] && name.includes("step")) {
        sentences.push(
          `Of this, ${short(worst.systems["native second step"].ms[1])} ms is what the next step takes too.`,
        );
      }
      return `- ${sentences.join(" ")}`;
    })
    .join("\n");
}
