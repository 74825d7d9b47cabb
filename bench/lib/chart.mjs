// Small SVG charts, readable on light and dark pages. Colours follow the reader's setting.

const escaped = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const round = (value) => Number(value.toFixed(1));

/** Blue, orange and grey: distinct in every kind of colour vision, on both backgrounds. */
const style = `
  .page { fill: #ffffff } .ink { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d9dee3 } .one { stroke: #59636e }
  .a { --c: #1f6feb } .b { --c: #bc5a00 } .c { --c: #6e7781 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 } .grid { stroke: #2b323b } .one { stroke: #9198a1 }
    .a { --c: #58a6ff } .b { --c: #f0883e } .c { --c: #8b949e }
  }
  text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif }
  .title { font-size: 15px; font-weight: 600 } .strong { font-weight: 600 } .middle { text-anchor: middle } .end { text-anchor: end }
  .dot { fill: var(--c); fill-opacity: 0.45 } .mark { stroke: var(--c); stroke-width: 3; stroke-linecap: round }
  .line { stroke: var(--c); stroke-width: 2; fill: none } .thin { stroke: var(--c); stroke-width: 1.2; stroke-dasharray: 3 3; fill: none }
  .name { fill: var(--c); font-weight: 600 } .solid { fill: var(--c) }`;

const classes = ["a", "b", "c"];

const text = (x, y, content, kind = "ink") =>
  `<text class="${kind}" x="${round(x)}" y="${round(y)}">${escaped(content)}</text>`;
const line = (x1, y1, x2, y2, kind) =>
  `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
const dot = (x, y, kind, radius = 3.5) => `<circle class="${kind}" cx="${round(x)}" cy="${round(y)}" r="${radius}"/>`;

function page(width, height, title, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${round(height)}" width="${width}" height="${round(height)}" role="img" aria-label="${escaped(title).replace(/"/g, "&quot;")}">`,
    `<style>${style}\n</style>`,
    `<rect class="page" width="100%" height="100%" rx="6"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** A logarithmic scale from values to pixels, and its round ticks (powers of two, or of ten with 2 and 5 between). */
export function logScale([low, high], [from, to], base = 2) {
  const [a, b] = [Math.log(low), Math.log(high)];
  const at = (value) => from + ((Math.log(value) - a) / (b - a)) * (to - from);
  const ticks = [];
  const steps = base === 2 ? [1] : [1, 2, 5];
  for (let power = Math.floor(a / Math.log(base)); base ** power <= high * 1.0001; power++) {
    for (const step of steps) {
      const value = step * base ** power;
      if (value >= low * 0.9999 && value <= high * 1.0001) ticks.push(value);
    }
  }
  return { at, ticks };
}

/** Powers of two around all values. */
export function powersAround(values) {
  const low = 2 ** Math.floor(Math.log2(Math.min(...values)));
  const high = 2 ** Math.ceil(Math.log2(Math.max(...values)));
  return [low, Math.max(high, 2 * low)];
}

/** Names of the series with their colours, side by side. */
function legend(names, x, y) {
  let at = x;
  return names.flatMap((name, i) => {
    const parts = [dot(at + 4, y - 4, `${classes[i]} solid`, 4), text(at + 13, y, name, "soft")];
    at += 30 + name.length * 6.6;
    return parts;
  });
}

/**
 * Ratios as dots on one logarithmic axis, a strip for every row, a bar at each series' mean. Rows: { label, series:
 * [{ values, mean }] }, the same series everywhere, or { heading }, or { space } in pixels.
 */
export function strips({ title, subtitle, axis, names, rows }) {
  const [width, left, right, top] = [760, 150, 24, 84];
  const heights = rows.map((row) => row.space ?? (row.heading ? 30 : 14 + 10 * names.length));
  const bottom = top + heights.reduce((sum, h) => sum + h, 0);
  const values = rows.flatMap((row) => (row.series ?? []).flatMap((one) => one.values));
  const scale = logScale(powersAround([...values, 1]), [left, width - right]);
  const parts = [text(16, 28, title, "ink title"), text(16, 47, subtitle, "soft"), ...legend(names, 16, 69)];
  for (const tick of scale.ticks) {
    parts.push(line(scale.at(tick), top, scale.at(tick), bottom, tick === 1 ? "one" : "grid"));
    parts.push(text(scale.at(tick), bottom + 17, `${tick}x`, "soft middle"));
  }
  parts.push(text((left + width - right) / 2, bottom + 36, axis, "soft middle"));
  let y = top;
  rows.forEach((row, i) => {
    if (row.heading) parts.push(text(16, y + 20, row.heading, "ink strong"));
    else if (row.label) {
      const middle = y + heights[i] / 2;
      parts.push(text(left - 12, middle + 4, row.label, "ink end"));
      row.series.forEach((one, s) => {
        if (one.values.length === 0) return;
        const at = middle + 10 * (s - (names.length - 1) / 2);
        for (const value of one.values) parts.push(dot(scale.at(value), at, `${classes[s]} dot`));
        const mean = scale.at(one.mean);
        parts.push(line(mean, at - 6, mean, at + 6, `${classes[s]} mark`));
      });
    }
    y += heights[i];
  });
  return page(width, bottom + 48, title, parts);
}

/** Lines over a few sizes, both axes logarithmic, named at their ends; `high` (optional) is drawn thin and dashed. */
export function lines({ title, subtitle, xAxis, yAxis, sizes, series }) {
  const [width, left, right, top, bottom] = [760, 64, 130, 76, 356];
  const values = series.flatMap(({ points }) => points.flatMap(({ value, high }) => (high ? [value, high] : [value])));
  const tens = (x, how) =>
    [1, 2, 5, 10]
      .map((s) => s * 10 ** Math.floor(Math.log10(x)))
      [how === "low" ? "findLast" : "find"]((tick) => (how === "low" ? tick <= x : tick >= x));
  const y = logScale([tens(Math.min(...values), "low"), tens(Math.max(...values), "high")], [bottom, top], 10);
  const x = logScale([sizes[0], sizes.at(-1)], [left, width - right]);
  const parts = [text(16, 28, title, "ink title"), text(16, 47, subtitle, "soft"), text(16, 66, yAxis, "soft")];
  for (const tick of y.ticks) {
    parts.push(line(left, y.at(tick), width - right, y.at(tick), "grid"));
    parts.push(text(left - 8, y.at(tick) + 4, tick, "soft end"));
  }
  for (const size of sizes) parts.push(text(x.at(size), bottom + 18, size, "soft middle"));
  parts.push(text((left + width - right) / 2, bottom + 38, xAxis, "soft middle"));
  // Names next to each other would overlap: push them apart.
  const ends = series.map(({ points }, i) => ({ i, y: y.at(points.at(-1).value) + 4 })).sort((a, b) => a.y - b.y);
  ends.forEach((end, k) => {
    if (k > 0) end.y = Math.max(end.y, ends[k - 1].y + 16);
  });
  series.forEach(({ name, points }, i) => {
    const path = (key) => points.map((p) => `${round(x.at(p.size))},${round(y.at(p[key]))}`).join(" ");
    parts.push(`<polyline class="${classes[i]} line" points="${path("value")}"/>`);
    if (points.every((p) => p.high)) parts.push(`<polyline class="${classes[i]} thin" points="${path("high")}"/>`);
    for (const p of points) parts.push(dot(x.at(p.size), y.at(p.value), `${classes[i]} solid`, 3));
    parts.push(text(width - right + 10, ends.find((end) => end.i === i).y, name, `${classes[i]} name`));
  });
  return page(width, bottom + 50, title, parts);
}

/** One number per row on a logarithmic axis: a line from 1 to it, and the number. Rows: { label, value } or { heading }. */
export function ratios({ title, subtitle, axis, rows }) {
  const [width, left, right, top] = [760, 330, 70, 62];
  const heights = rows.map((row) => (row.heading ? 32 : 23));
  const bottom = top + heights.reduce((sum, h) => sum + h, 0) + 4;
  const scale = logScale(powersAround([...rows.flatMap((row) => row.value ?? []), 1]), [left, width - right]);
  const parts = [text(16, 28, title, "ink title"), text(16, 47, subtitle, "soft")];
  for (const tick of scale.ticks) {
    parts.push(line(scale.at(tick), top + 6, scale.at(tick), bottom, tick === 1 ? "one" : "grid"));
    parts.push(text(scale.at(tick), bottom + 17, `${tick}x`, "soft middle"));
  }
  parts.push(text((left + width - right) / 2, bottom + 36, axis, "soft middle"));
  let y = top;
  rows.forEach((row, i) => {
    const middle = y + heights[i] / 2;
    if (row.heading) parts.push(text(16, y + 24, row.heading, "ink strong"));
    else {
      const end = scale.at(row.value);
      parts.push(text(left - 14, middle + 4, row.label, "ink end"));
      parts.push(
        `<line class="${classes[0]} mark" x1="${round(scale.at(1))}" y1="${round(middle)}" x2="${round(end)}" y2="${round(middle)}"/>`,
      );
      parts.push(dot(end, middle, `${classes[0]} solid`, 5));
      const digits = row.value < 10 ? 2 : row.value < 100 ? 1 : 0;
      parts.push(text(Math.max(end, scale.at(1)) + 11, middle + 4, `${row.value.toFixed(digits)}x`, "ink strong"));
    }
    y += heights[i];
  });
  return page(width, bottom + 48, title, parts);
}
