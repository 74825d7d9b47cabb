// The rate of independent fused multiply-adds in registers (peak.cpp), which no product can exceed.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

let program;

/** The program, compiled for this machine; null without a C++ compiler. */
function compiled() {
  if (program !== undefined) return program;
  const folder = mkdtempSync(path.join(os.tmpdir(), "rondo-peak-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  program = path.join(folder, "peak");
  try {
    const source = fileURLToPath(new URL("../peak.cpp", import.meta.url));
    const [command, ...flags] = (process.env.CXX ?? "c++").split(/\s+/);
    execFileSync(command, [...flags, "-O3", "-march=native", "-pthread", source, "-o", program], { stdio: "ignore" });
  } catch {
    program = null;
  }
  return program;
}

/** The best of several short bursts on 1 and more threads, in GFLOP/s. Empty without a C++ compiler. */
export function measurePeak(threads) {
  if (!compiled()) return {};
  return Object.fromEntries(threads.map((n) => [n, Number(execFileSync(program, [String(n)], { encoding: "utf8" }))]));
}

/**
 * The same as a process that takes turns with the systems: a machine that others use, or whose clock changes, has another
 * peak from moment to moment, and a share of the peak only means something when both were measured side by side. Null
 * without a C++ compiler.
 */
export function startGauge(threads) {
  if (!compiled()) return null;
  const child = spawn(program, [String(threads), "serve"], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** GFLOP/s of a burst now. */
    async measure() {
      child.stdin.write("\n");
      return Number((await lines.next()).value);
    },
    stop: () => child.kill(),
  };
}
