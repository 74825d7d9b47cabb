import type { Port } from "../util/workers.js";

/** A worker that runs dist/entry/worker-web.js. */
export function openWebWorker(): Port {
  // Spelled out so that bundlers see it and take the file along.
  const worker = new Worker(new URL("../../dist/entry/worker-web.js", import.meta.url), { type: "module" });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen(onMessage, onFailure) {
      worker.onmessage = ({ data }) => onMessage(data);
      worker.onerror = ({ message }) => onFailure?.(new Error(message || "the worker could not be loaded"));
    },
    close: () => worker.terminate(),
  };
}

/** The line to the page that started this worker. */
export function webParent(): Port {
  const scope = self as unknown as Worker & { close(): void };
  return {
    post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
    listen(onMessage) {
      scope.onmessage = ({ data }) => onMessage(data);
    },
    close: () => scope.close(),
  };
}
