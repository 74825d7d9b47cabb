import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const bench = (file: string) => import(new URL(`../../bench/${file}`, import.meta.url).href);
const { logScale, lines, powersAround, ratios, strips } = await bench("lib/chart.mjs");
const { charts, fillPage, sections } = await bench("lib/report.mjs");
const { short, table } = await bench("lib/tables.mjs");
const { busyWarning } = await bench("lib/environment.mjs");

/** Every element closed, every attribute quoted; returns the names of the elements. */
function elementsOf(svg: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const body = svg.replace(/<style>[\s\S]*?<\/style>/, "");
  for (const [tag, slash, name, attributes, closed] of body.matchAll(
    /<(\/?)([a-z]+)((?:\s+[a-zA-Z0-9-]+="[^"<]*")*)\s*(\/?)>/g,
  )) {
    if (slash) expect(open.pop(), tag).toBe(name);
    else {
      names.push(name!);
      if (!closed) open.push(name!);
    }
    expect(attributes).not.toMatch(/NaN|Infinity|undefined/);
  }
  expect(open).toEqual([]);
  // Nothing that looks like a tag was left unread.
  expect(body.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]/);
  expect(names.length).toBe(body.match(/<[a-z]/g)!.length);
  return names;
}

test("a logarithmic scale and its ticks", () => {
  const two = logScale([0.5, 8], [0, 400]);
  expect(two.ticks).toEqual([0.5, 1, 2, 4, 8]);
  expect(two.at(0.5)).toBe(0);
  expect(two.at(1)).toBeCloseTo(100, 9);
  expect(two.at(8)).toBeCloseTo(400, 9);
  expect(logScale([1, 100], [0, 1], 10).ticks).toEqual([1, 2, 5, 10, 20, 50, 100]);
  expect(powersAround([0.9, 1, 5])).toEqual([0.5, 8]);
  expect(powersAround([1])).toEqual([1, 2]);
});

test("a strip chart has a dot for every value and a bar for every mean", () => {
  const rows = [
    { heading: "against <them> & others" },
    {
      label: "LSTM",
      series: [
        { values: [0.8, 2, 3], mean: 1.7 },
        { values: [], mean: Number.NaN },
      ],
    },
  ];
  const svg = strips({ title: "T", subtitle: "S", axis: "times", names: ["1 thread", "2 threads"], rows });
  const names = elementsOf(svg);
  expect(svg.match(/class="a dot"/g)).toHaveLength(3);
  expect(svg.match(/class="a mark"/g)).toHaveLength(1);
  expect(svg).toContain("against &lt;them&gt; &amp; others");
  expect(names.filter((name) => name === "circle")).toHaveLength(5);
  expect(svg).toContain("prefers-color-scheme: dark");
});

test("lines keep inside the chart and name themselves", () => {
  const points = [
    { size: 32, value: 1.5, high: 4 },
    { size: 512, value: 330, high: 900 },
  ];
  const series = [
    { name: "rondo", points },
    { name: "them", points: points.map((p) => ({ ...p, high: undefined })) },
  ];
  const svg = lines({ title: "T", subtitle: "S", xAxis: "units", yAxis: "µs", sizes: [32, 512], series });
  elementsOf(svg);
  const [width, height] = /viewBox="0 0 (\d+) (\d+)/.exec(svg)!.slice(1).map(Number);
  for (const [, list] of svg.matchAll(/points="([^"]+)"/g)) {
    for (const pair of list!.split(" ")) {
      const [x, y] = pair.split(",").map(Number);
      expect(x! > 0 && x! < width! && y! > 0 && y! < height!, pair).toBe(true);
    }
  }
  // Both medians, one 99th percentile; equal ends do not put one name on the other.
  expect(svg.match(/<polyline/g)).toHaveLength(3);
  const ends = [...svg.matchAll(/y="([\d.]+)">(rondo|them)</g)].map(([, y]) => Number(y));
  expect(Math.abs(ends[0]! - ends[1]!)).toBeGreaterThanOrEqual(16);
});

test("one number per row", () => {
  const svg = ratios({ title: "T", subtitle: "S", axis: "x", rows: [{ heading: "H" }, { label: "a", value: 12.34 }] });
  elementsOf(svg);
  expect(svg).toContain(">12.3x<");
});

test("tables and numbers", () => {
  expect(
    table([
      ["a", "b"],
      ["1", "2"],
    ]),
  ).toBe("| a | b |\n|---|---|\n| 1 | 2 |");
  expect(table([["a"]])).toBe("Not measured.");
  expect([0.01234, 1.234, 12.34, 123.4, 1234.5, Number.NaN].map(short)).toEqual([
    "0.012",
    "1.23",
    "12.3",
    "123",
    "1235",
    "–",
  ]);
});

test("a busy machine is named", () => {
  expect(busyWarning(0.1, 2)).toBeNull();
  expect(busyWarning(1.5, 2)).toMatch(/1\.50 on 2 cores/);
});

test("only what stands between markers is replaced, and it can be replaced again", () => {
  const page = "# A\n\n<!-- measured: one -->\nold\n<!-- end -->\n\ntext\n\n<!-- measured: two -->\n<!-- end -->\n";
  const filled = fillPage(page, { one: "1", two: "2" });
  expect(filled).toBe(
    "# A\n\n<!-- measured: one -->\n\n1\n\n<!-- end -->\n\ntext\n\n<!-- measured: two -->\n\n2\n\n<!-- end -->\n",
  );
  expect(fillPage(filled, { one: "3", two: "2" })).toContain("\n\n3\n\n");
  expect(() => fillPage(page, { one: "1" })).toThrow('"two"');
});

const environment = {
  ...{ cpu: "A", cores: 2, memoryGiB: 8, system: "linux", backend: "native", node: "v20", date: "2026-01-01", load: 0 },
  ...{ systems: { native: "rondo", torch: "PyTorch" }, peak: { 1: 100 } },
};
const at = (ms: number, ratio?: number) => ({ ms: [ms, ms, ms], ...(ratio ? { ratio: [ratio, ratio, ratio] } : {}) });
const rows = [
  {
    ...{ mode: "train", cell: "lstm", base: "native", threads: 1, batch: 10, time: 10, inputs: 50, units: 50 },
    // 3·2·10·10·4·50·100 = 12 million operations: 0.24 ms is half of 100 GFLOP/s.
    systems: { native: at(0.24), torch: at(0.18, 0.75) },
  },
  {
    ...{
      mode: "stream",
      cell: "lstm",
      base: "native",
      threads: 1,
      batch: 1,
      time: 1,
      inputs: 32,
      units: 32,
      layers: 1,
    },
    systems: { native: { ...at(0.002), p99: 0.003 }, onnx: { ...at(0.02, 10), p99: 0.05 } },
  },
];

test("the page says what was measured, what is missed and why", () => {
  const parts = sections({ environment, rows });
  expect(parts.summary).toContain(
    "| training step | LSTM | 1 | PyTorch | 1 | **0.750x** | 0.750x to 0.750x | 0 % | 50 % | 67 % |",
  );
  expect(parts.missed).toContain(
    "**LSTM training step against PyTorch, 1 thread**: 0.750x, wanted at least 1.5x. Least at LSTM, B=10, T=10, H=50: 0.750x, " +
      "with 50 % of the peak by rondo and 67 % by PyTorch. Code that ran at the full peak in every case would reach 1.50x.",
  );
  expect(parts.stream).toContain("| 32 | 1 | 2.00 | 3.00 | 20.0 | 50.0 | 10.0x | – | – | – |");
  expect(parts.grid).toContain("| 10 x 10 | 0.750x (50 %) |");
  expect(parts.wasm).toBe("Not measured.");
  expect(parts.environment).not.toContain("earlier build");
  // 2 modes x 3 cells x 60 shapes, 3 character models, 15 streams, 12 on WASM, start-up; here one stream is of the grid.
  expect(parts.environment).toContain("1 of the 391 cases of the full grid");
  const stale = sections({
    environment: { ...environment, build: "new" },
    rows: [rows[0], { ...rows[1], build: "new" }],
  });
  expect(stale.environment).toContain("1 of 2 cases were measured with an earlier build.");
});

test("a missed streaming target says how fast the weights are read", () => {
  // 8·32² + 4·32 weights of four bytes in 2 µs.
  const slow = { ...rows[1], systems: { native: { ...at(0.002), p99: 0.003 }, onnx: { ...at(0.004, 2), p99: 0.05 } } };
  expect(sections({ environment, rows: [slow] }).missed).toContain(
    "2.00x, wanted at least 15x. Worst at 32 units, 1 layer: 2.00 µs, in which 0.033 MB of weights are read once (16.6 GB/s).",
  );
});

test("charts are drawn of what is there", () => {
  const drawn: Record<string, string> = charts({ rows });
  expect(Object.keys(drawn).sort()).toEqual(["overview.svg", "training.svg"]);
  for (const svg of Object.values(drawn)) elementsOf(svg);
});

test("the page in docs shows every section and chart there is", () => {
  const page = readFileSync(new URL("../../docs/benchmarks.md", import.meta.url), "utf8");
  const parts = sections({ environment, rows });
  const asked = [...page.matchAll(/<!-- measured: (\w+) -->/g)].map(([, name]) => name);
  expect(asked.sort()).toEqual(Object.keys(parts).sort());
  for (const name of ["overview", "training", "inference", "streaming"]) expect(page).toContain(`charts/${name}.svg`);
});
