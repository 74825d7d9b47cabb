import type { Host } from "../util/host.js";

/** Clock, pauses and output of browsers and workers. */
export const webHost: Host = {
  now: () => performance.now(),
  // A message comes back at once; browsers make nested timers wait at least 4 ms.
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
