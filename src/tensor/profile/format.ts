import type { ProfileReport, ProfileTotals } from "./report.js";

const count = (n: number) => String(n);
const milliseconds = (n: number) => (n >= 100 ? n.toFixed(0) : n.toPrecision(3));
const known = (n: number | null, unit: number) => (n === null ? "?" : n === 0 ? "-" : (n / unit).toPrecision(3));

function table(heading: readonly string[], rows: readonly (readonly string[])[], left: number): string[] {
  const widths = heading.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  return [heading, ...rows].map((row) =>
    row
      .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}

const totalsHeading = ["calls", "ms", "%", "GFLOP", "GFLOP/s", "MB"];

function totals({ calls, ms, flops, bytes, gflopsPerSecond }: ProfileTotals, wallMs: number): string[] {
  return [
    count(calls),
    milliseconds(ms),
    ((100 * ms) / Math.max(wallMs, ms, 1e-9)).toFixed(1),
    known(flops, 1e9),
    gflopsPerSecond === null ? "-" : gflopsPerSecond.toPrecision(3),
    known(bytes, 1e6),
  ];
}

/** The tables of a profile as text: by kernel, then by layer. @internal */
export function profileTable(report: ProfileReport): string {
  const { wallMs, total, operations, layers, peakBytes, droppedEvents } = report;
  const outside = Math.max(0, wallMs - total.ms);
  const share = ((100 * outside) / Math.max(wallMs, 1e-9)).toFixed(1);
  const lines = table(
    ["kernel", "phase", ...totalsHeading],
    [
      ...operations.map((each) => [each.name, each.phase, ...totals(each, wallMs)]),
      ["(outside kernels)", "", "", milliseconds(outside), share, "", "", ""],
      ["total", "", count(total.calls), milliseconds(wallMs), "100.0", ...totals(total, wallMs).slice(3)],
    ],
    2,
  );
  if (layers.some(({ layer }) => layer !== null)) {
    const rows = layers.map((each) => [each.layer ?? "(outside layers)", each.phase, ...totals(each, wallMs)]);
    lines.push("", ...table(["layer", "phase", ...totalsHeading], rows, 2));
  }
  lines.push("", `peak memory ${(peakBytes / 1e6).toFixed(1)} MB`);
  if (droppedEvents > 0) lines.push(`the trace lacks ${droppedEvents} calls (maxEvents)`);
  return lines.join("\n");
}
