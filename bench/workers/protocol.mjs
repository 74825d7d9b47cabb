import { createInterface } from "node:readline";

/**
 * Serves one system: a line {"setup": case} answers {"ok": true}, a line {"steps": n} answers {"ms": [n times]}.
 * `setup(case)` returns the function that does one step and does not return before the result is there.
 */
export async function serve({ describe, setup }) {
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ ready: true, description: await describe() });
  let step = null;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      if (request.setup) {
        step = await setup(request.setup);
        say({ ok: true });
      } else {
        const ms = [];
        for (let i = 0; i < request.steps; i++) {
          const start = performance.now();
          await step();
          ms.push(performance.now() - start);
        }
        say({ ms });
      }
    } catch (error) {
      say({ error: String(error?.message ?? error) });
    }
  }
}

/** The same inputs everywhere: a fixed pseudo-random sequence in [-1, 1). */
export function numbers(count, seed = 1) {
  const out = new Float32Array(count);
  let state = seed >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state / 2147483648 - 1;
  }
  return out;
}
