// What machine this is, and whether it is busy with something else.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { significant } from "./statistics.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Identifies what was built: results of different builds are not put together. */
export function buildId() {
  const sum = createHash("sha256");
  for (const file of ["native/rondo.node", "wasm/rondo.simd.wasm", "wasm/rondo.relaxed.wasm", "entry/node.js"]) {
    const full = path.join(root, "dist", file);
    if (existsSync(full)) sum.update(readFileSync(full));
  }
  return sum.digest("hex").slice(0, 12);
}

/** Backends and instruction sets as `rondo doctor` finds them. */
function doctor() {
  try {
    const main = path.join(root, "dist/cli/main.js");
    return JSON.parse(execFileSync(process.execPath, [main, "doctor", "--json"], { encoding: "utf8" }));
  } catch {
    return null;
  }
}

export function describeMachine() {
  const report = doctor();
  const native = report?.backends.find(({ name }) => name === "native");
  return {
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.platform()} ${os.arch()}`,
    node: process.version,
    rondo: report?.rondo ?? "unknown",
    backend: native?.state === "failed" ? `no native backend: ${native.detail}` : (native?.detail ?? "unknown"),
    build: buildId(),
    date: new Date().toISOString().slice(0, 10),
    load: significant(os.loadavg()[0], 3),
  };
}

/** A sentence when something else is using the machine, else null. */
export function busyWarning(load, cores) {
  if (load < 0.25 * cores) return null;
  return `The machine is busy (load average ${load.toFixed(2)} on ${cores} cores before the run): compare ratios, not times.`;
}
