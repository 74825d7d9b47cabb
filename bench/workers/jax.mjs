// jax-js on its WASM backend. It has no loop over time: the LSTM is unrolled, and compiled for its length.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { numbers, samplePlaces, serve, weightsOf } from "./protocol.mjs";

const require = createRequire(`${process.env.RONDO_BENCH_PEERS}/`);
const entry = require.resolve("@jax-js/jax").replace(/\.cjs$/, ".js");
const { defaultDevice, init, jit, nn, numpy: np, valueAndGrad } = await import(pathToFileURL(entry).href);
const { version } = JSON.parse(readFileSync(path.join(path.dirname(entry), "../package.json"), "utf8"));

// Every use of an array ends it; `.ref` is one more use.
const again = ({ kernel, recurrent, bias }) => ({ kernel: kernel.ref, recurrent: recurrent.ref, bias: bias.ref });

/** Outputs [time, batch, units] for x [time · batch, inputs]. */
const lstm =
  ({ time, batch, units }) =>
  ({ kernel, recurrent, bias }, x) => {
    const projected = np.matmul(x, kernel).add(bias).reshape([time, batch, 4, units]);
    let h = np.zeros([batch, units]);
    let c = np.zeros([batch, units]);
    const outputs = [];
    for (let t = 0; t < time; t++) {
      const z = projected.ref.slice(t).add(np.matmul(h, recurrent.ref).reshape([batch, 4, units]));
      const input = nn.sigmoid(z.ref.slice([], 0));
      const forget = nn.sigmoid(z.ref.slice([], 1));
      const candidate = np.tanh(z.ref.slice([], 2));
      const output = nn.sigmoid(z.slice([], 3));
      c = forget.mul(c).add(input.mul(candidate));
      h = output.mul(np.tanh(c.ref));
      outputs.push(h.ref);
    }
    for (const rest of [projected, recurrent, h, c]) rest.dispose();
    return np.stack(outputs);
  };

await serve({
  async describe() {
    await init("wasm");
    defaultDevice("wasm");
    return `jax-js ${version} wasm`;
  },
  setup(test) {
    const { mode, batch, time, inputs, units } = test;
    const [kernel, recurrent, bias] = weightsOf(test);
    let weights = {
      kernel: np.array(kernel).reshape([inputs, 4 * units]),
      recurrent: np.array(recurrent).reshape([units, 4 * units]),
      bias: np.array(bias),
    };
    const x = np
      .array(numbers(batch * time * inputs))
      .reshape([batch, time, inputs])
      .transpose([1, 0, 2])
      .reshape([time * batch, inputs]);
    const run = lstm(test);
    if (mode === "infer") {
      const predict = jit(run);
      const step = () => predict(again(weights), x.ref).data();
      const sample = async () => {
        const y = await step();
        return samplePlaces(test).map(([b, t, u]) => y[(t * batch + b) * units + u]);
      };
      return { step, sample };
    }
    const loss = (w, input) => np.square(run(w, input)).mean();
    const update = jit((w, input) => {
      const [value, gradients] = valueAndGrad(loss)(again(w), input);
      const next = Object.fromEntries(Object.entries(w).map(([name, v]) => [name, v.sub(gradients[name].mul(0.05))]));
      return [value, next];
    });
    const step = async () => {
      const [value, next] = update(weights, x.ref);
      weights = next;
      return (await value.data())[0];
    };
    return { step, sample: async () => [await step(), (await loss(again(weights), x.ref).data())[0]] };
  },
});
