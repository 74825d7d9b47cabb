import type { Host } from "../util/host.js";

/** Clock, pauses and output of Node. */
export const nodeHost: Host = {
  now: () => performance.now(),
  yieldToEventLoop: () => new Promise((resolve) => setImmediate(resolve)),
  print: (line) => console.log(line),
};
