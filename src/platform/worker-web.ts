import { type WorkerStarter, workerSource } from "../backend/wasm-worker.js";

const program = `${workerSource}onmessage = ({ data }) => { run(data); postMessage("ended"); close(); };`;

/** A worker of the page. */
export const startWebWorker: WorkerStarter = (order, ended) => {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "rondo" });
  worker.onmessage = () => {
    URL.revokeObjectURL(url);
    ended();
  };
  worker.onerror = (event) => {
    URL.revokeObjectURL(url);
    event.preventDefault();
    ended(event.message || "the page does not allow them");
  };
  worker.postMessage(order);
};
