import type { Backend } from "../backend.js";
import { type KernelName, type Kernels, kernelTable } from "../kernels.js";
import { attentionKernels } from "./attention.js";
import { copyKernels } from "./copy.js";
import { elementwiseKernels } from "./elementwise.js";
import { indexingKernels } from "./indexing.js";
import { matMulKernels } from "./matmul.js";
import { optimizerKernels } from "./optimizer.js";
import { randomKernels } from "./random.js";
import { gruKernels } from "./recurrent/gru.js";
import { lstmKernels } from "./recurrent/lstm.js";
import { rnnKernels } from "./recurrent/rnn.js";
import { reduceKernels } from "./reduce.js";
import { softmaxKernels } from "./softmax.js";
import { Views } from "./views.js";

/** Offset 0 means "not given", so nothing may lie there. */
const HEAP_START = 64;

/** The same kernels with `float` arguments rounded to float32, which is what a C++ kernel receives. */
function roundFloats(kernels: Kernels): Kernels {
  const entries = Object.entries(kernels).map(([name, kernel]) => {
    const isFloat = kernelTable[name as KernelName].parameters.map((parameter) => parameter.endsWith(":float"));
    if (!isFloat.includes(true)) return [name, kernel];
    const call = kernel as (...args: number[]) => number | void;
    return [name, (...args: number[]) => call(...args.map((value, i) => (isFloat[i] ? Math.fround(value) : value)))];
  });
  return Object.fromEntries(entries);
}

/**
 * Every kernel in plain TypeScript: double precision inside, rounded when stored. The other backends are tested against
 * it, and where neither of them loads it still computes, slowly.
 */
export function createReferenceBackend(): Backend {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const views = new Views(memory);
  const kernels: Kernels = {
    ...copyKernels(views),
    ...elementwiseKernels(views),
    ...reduceKernels(views),
    ...matMulKernels(views),
    ...indexingKernels(views),
    ...softmaxKernels(views),
    ...attentionKernels(views),
    ...randomKernels(views),
    ...optimizerKernels(views),
    ...rnnKernels(views),
    ...lstmKernels(views),
    ...gruKernels(views),
  };
  return {
    name: "reference",
    description: "plain TypeScript, double precision inside, 1 thread",
    memory,
    heapStart: HEAP_START,
    kernels: roundFloats(kernels),
    threads: 1,
    setThreads() {}, // always one
  };
}
