import type { Host } from "../util/host.js";

/** Clock, pauses and output in a page or a worker. */
export const webHost: Host = {
  now: () => performance.now(),
  // A message, unlike a timer, is not delayed when several follow each other.
  yieldToEventLoop: () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    }),
  print: (line) => console.log(line),
};
