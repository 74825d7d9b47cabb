import { createRequire } from "node:module";
import type * as workerThreads from "node:worker_threads";
import { type WorkerStarter, workerSource } from "../backend/wasm-worker.js";

const program = `${workerSource}import("node:worker_threads").then(({ workerData }) => run(workerData));`;

/** A worker thread of Node, which does not keep the process alive. */
export const startNodeWorker: WorkerStarter = (order, ended) => {
  // Loaded on first use: most programs never start a worker.
  const { Worker } = createRequire(import.meta.url)("node:worker_threads") as typeof workerThreads;
  // Options of the command line, such as --import, are meant for the program and not for its workers.
  const worker = new Worker(program, { eval: true, execArgv: [], workerData: order });
  let failure: string | undefined;
  worker.on("error", (error) => {
    failure = error instanceof Error ? error.message : String(error);
  });
  worker.on("exit", () => ended(failure));
  worker.unref();
};
