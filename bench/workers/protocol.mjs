import { createInterface } from "node:readline";

/**
 * Serves one system. A line {"setup": case} answers {"ok": true, "sample": a few numbers of the result, to compare with the
 * other systems, "sampleMs": how long they took}; a line {"steps": n} answers {"ms": [n times]}. `setup(case)` returns `step`, which does one step and does
 * not return before the result is there, `sample`, and optionally `release`.
 */
export async function serve({ describe, setup }) {
  // Ctrl-C is for the comparison, which lets the case at hand end; a system ends with its input.
  process.on("SIGINT", () => {});
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ ready: true, description: await describe() });
  let current = null;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      if (request.setup) {
        await current?.release?.();
        current = null;
        current = await setup(request.setup);
        const start = performance.now();
        const sample = await current.sample?.();
        say({ ok: true, sample: sample && Array.from(sample), sampleMs: performance.now() - start });
      } else {
        const { step } = current;
        const ms = [];
        for (let i = 0; i < request.steps; i++) {
          const start = performance.now();
          const done = step();
          if (done instanceof Promise) await done;
          ms.push(performance.now() - start);
        }
        say({ ms });
      }
    } catch (error) {
      say({ error: String(error?.message ?? error) });
    }
  }
}

/** The same numbers everywhere: a hash of their position, in [-1, 1). torch_worker.py has the same. */
export function numbers(count, seed = 1) {
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let x = Math.imul(i + 1, 2654435761) + Math.imul(seed, 40503);
    x = Math.imul(x ^ (x >>> 15), 2246822519);
    x = Math.imul(x ^ (x >>> 13), 3266489917);
    out[i] = (x ^ (x >>> 16)) / 2147483648;
  }
  return out;
}

const scaled = (values, factor) => values.map((x) => x * factor);

/** Kernel [inputs, gates·units], recurrent kernel [units, gates·units] and bias of layer number `index`, in rondo's order. */
export function weightsOf({ cell, inputs, units }, index = 0) {
  const width = { lstm: 4, gru: 3, rnn: 1 }[cell] * units;
  const seed = 100 + 10 * index;
  return [
    scaled(numbers(inputs * width, seed), 1 / Math.sqrt(inputs)),
    scaled(numbers(units * width, seed + 1), 1 / Math.sqrt(units)),
    scaled(numbers(cell === "gru" ? 2 * width : width, seed + 2), 0.1),
  ];
}

/** Tokens of the character models' batch, and what should follow them. */
export function tokens(count, vocabulary, seed) {
  return Int32Array.from(numbers(count, seed), (x) => Math.floor(((x + 1) / 2) * vocabulary) % vocabulary);
}

/** Where outputs [batch, time, units] are compared: 16 positions spread over them, as [row, step, unit]. */
export function samplePlaces({ batch, time, units }) {
  return Array.from({ length: 16 }, (_, i) => [
    (i * 7) % batch,
    Math.floor(((i + 1) * time) / 16) - 1 < 0 ? 0 : Math.floor(((i + 1) * time) / 16) - 1,
    (i * 13) % units,
  ]);
}
