import { expect, test } from "vitest";
import { type KernelName, kernelTable } from "../../src/backend/kernels.js";
import { createNativeBackend } from "../../src/backend/native.js";
import { loadAddon } from "./backends.js";
import { Bench } from "./bench.js";
import type { Case } from "./cases/case.js";
import { cases } from "./cases/index.js";

const addon = loadAddon();
if (typeof addon === "string") console.log(`threads are not compared: ${addon}`);
const backend = typeof addon === "string" ? undefined : createNativeBackend({ addon, threads: 1 });

/** The bits of all outputs of a case with a number of threads. */
function bitsOf({ run }: Case, threads: number): Int32Array[] {
  backend!.setThreads(threads);
  const bench = new Bench(backend!);
  run(bench);
  return bench.finish().map(({ values }) => new Int32Array(values.buffer));
}

test.each(Object.keys(kernelTable) as KernelName[])(
  "%s gives the same bits on any number of threads",
  { timeout: 120_000 },
  (kernel) => {
    if (!backend) return; // said above; there is nothing with threads here
    const different: string[] = [];
    for (const each of cases[kernel]()) {
      const alone = bitsOf(each, 1);
      for (const threads of [2, 3]) {
        const together = bitsOf(each, threads);
        const same = together.every((bits, k) => bits.every((word, i) => word === alone[k]![i]));
        if (!same) different.push(`${each.name}, ${threads} threads`);
      }
    }
    expect(different.join("\n")).toBe("");
  },
);
