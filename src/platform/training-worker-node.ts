import { fileURLToPath } from "node:url";
import { type MessagePort, parentPort, type Transferable, Worker } from "node:worker_threads";
import type { Port } from "../util/workers.js";

function portOf(line: Worker | MessagePort, close: () => void): Port {
  return {
    post: (message, transfer = []) => line.postMessage(message, transfer as readonly Transferable[]),
    listen(onMessage, onFailure) {
      line.on("message", onMessage);
      if (!onFailure) return;
      line.on("error", onFailure);
      line.on("exit", (code) => onFailure(new Error(`the worker ended with exit code ${code}`)));
    },
    close,
  };
}

/** A thread that runs dist/entry/worker-node.js. */
export function openNodeWorker(): Port {
  // Both src/platform and dist/shared lie two levels below the package root.
  const worker = new Worker(fileURLToPath(new URL("../../dist/entry/worker-node.js", import.meta.url)));
  return portOf(worker, () => void worker.terminate());
}

/** The line to the thread that started this one. */
export function nodeParent(): Port {
  return portOf(parentPort!, () => parentPort!.close());
}
