// What rondo wants to reach, and whether results reach it.
import { geometricMean } from "./statistics.mjs";

const sequence = (mode, cell, threads) => (row) =>
  row.base === "native" && row.mode === mode && (!cell || row.cell === cell) && row.threads === threads;

/** Each target: which rows, against whom, which statistic of the ratios, and how much it should be. */
export function targets(threads) {
  const list = [];
  for (const count of threads) {
    const suffix = count === 1 ? "1 thread" : `${count} threads`;
    const names = { lstm: "LSTM", gru: "GRU", rnn: "simple RNN" };
    for (const [cell, atLeast] of Object.entries({ lstm: 1.5, gru: 2.5, rnn: 2.5 })) {
      const name = `${names[cell]} training step against PyTorch, ${suffix}`;
      list.push({ name, rows: sequence("train", cell, count), peer: "torch", statistic: "mean", atLeast });
    }
    for (const [peer, title] of Object.entries({ torch: "PyTorch", onnx: "ONNX Runtime" })) {
      const name = `inference against ${title}, ${suffix}`;
      list.push({ name, rows: sequence("infer", null, count), peer, statistic: "mean", atLeast: 1.5 });
    }
    for (const [mode, peer, title] of [
      ["train", "torch", "training step slower than PyTorch's"],
      ["infer", "torch", "inference slower than PyTorch's"],
      ["infer", "onnx", "inference slower than ONNX Runtime's"],
    ]) {
      const name = `no ${title}, ${suffix}`;
      list.push({ name, rows: sequence(mode, null, count), peer, statistic: "worst", atLeast: 0.97 });
    }
    const wide = (row) => sequence("train", null, count)(row) && row.units >= 128 && row.batch >= 32;
    const shareName = `training step's share of the peak from 128 units and batch 32 on, ${suffix}`;
    list.push({ name: shareName, rows: wide, share: true, statistic: "mean", atLeast: count === 1 ? 0.88 : 0.85 });
    const name = `whole step of a character model against PyTorch, ${suffix}`;
    list.push({ name, rows: sequence("text", null, count), peer: "torch", statistic: "worst", atLeast: 1.5 });
  }
  for (const [units, atLeast] of Object.entries({ 32: 15, 64: 10, 128: 4, 256: 1.5, 512: 1 })) {
    const rows = (row) => row.mode === "stream" && row.units === Number(units);
    const name = `streaming step against ONNX Runtime, ${units} units`;
    list.push({ name, rows, peer: "onnx", statistic: "worst", atLeast });
  }
  const wasm = (row) => row.base === "wasm" && row.mode === "train";
  const name = "training step on WASM against TensorFlow.js on WASM";
  list.push({ name, rows: wasm, peer: "tfjs", statistic: "mean", atLeast: 12 });
  const start = (row) => row.mode === "start";
  list.push({ name: 'import "rondo"', rows: start, milliseconds: "native", atMost: 60 });
  list.push({
    name: "first training step in a new process",
    rows: start,
    milliseconds: "native first step",
    atMost: 50,
  });
  return list;
}

/**
 * Checks every target. `value` is null where nothing was measured; `worst` is the case furthest from the target.
 * @returns {{ name: string, limit: string, value: number | null, met: boolean | null, cases: number, worst: object | null }[]}
 */
export function checkTargets(results, threads) {
  return targets(threads).map((target) => {
    const time = target.milliseconds;
    const measure = (row) =>
      time ? row.systems[time]?.ms[1] : target.share ? row.share?.[row.base] : row.systems[target.peer]?.ratio?.[1];
    const rows = results.rows.filter((row) => target.rows(row) && measure(row) !== undefined);
    const percent = Math.round(100 * target.atLeast);
    const limit = time
      ? `at most ${target.atMost} ms`
      : target.share
        ? `at least ${percent} %`
        : `at least ${target.atLeast}x`;
    if (rows.length === 0) {
      return { name: target.name, limit, value: null, met: null, cases: 0, worst: null };
    }
    const values = rows.map(measure);
    const extreme = time ? Math.max(...values) : Math.min(...values);
    const value = target.statistic === "mean" ? geometricMean(values) : extreme;
    const met = time ? value <= target.atMost : value >= target.atLeast - 1e-9;
    const worst = rows[values.indexOf(extreme)];
    return {
      ...{ name: target.name, limit, value, met, cases: rows.length, worst },
      ...{
        unit: time ? "ms" : target.share ? "%" : "x",
        peer: target.peer ?? null,
        statistic: target.statistic ?? "worst",
      },
    };
  });
}
