// rondo's operations through its public functions, on the backend and threads given by RONDO_BACKEND and RONDO_THREADS.
import * as rondo from "../../dist/entry/node.js";
import { parametersOf } from "../operation-cases.mjs";
import { numbers, serve } from "./protocol.mjs";

const random = (...shape) => rondo.tensor(numbers(shape.reduce((a, b) => a * b, 1)), shape);
const whole = (count, below, shape = [count]) => {
  const values = Int32Array.from(numbers(count, 7), (x) => Math.min(below - 1, Math.floor(((x + 1) / 2) * below)));
  return rondo.tensor(values, shape);
};

/** Runs f in a scope and waits until the first element of what it returns is there. */
const inScope = (f) => () => {
  rondo.scope(() => {
    for (const t of [f()].flat()) t.view?.()[0];
  });
};
const gradientOf = (f, ...inputs) => {
  const gradient = rondo.grads(f);
  return inScope(() => gradient(inputs));
};

const { optimizers } = rondo;
const makeOptimizer = {
  sgd: (o) => optimizers.sgd({ learningRate: 1e-3, ...o }),
  momentum: (o) => optimizers.sgd({ learningRate: 1e-3, momentum: 0.9, ...o }),
  rmsprop: (o) => optimizers.rmsprop({ learningRate: 1e-3, ...o }),
  adam: (o) => optimizers.adam({ learningRate: 1e-3, ...o }),
  adamw: (o) => optimizers.adamw({ learningRate: 1e-3, weightDecay: 0.01, ...o }),
  amsgrad: (o) => optimizers.adam({ learningRate: 1e-3, amsgrad: true, ...o }),
  nadam: (o) => optimizers.nadam({ learningRate: 1e-3, ...o }),
  adamax: (o) => optimizers.adamax({ learningRate: 1e-3, ...o }),
  adagrad: (o) => optimizers.adagrad({ learningRate: 1e-3, ...o }),
  adadelta: (o) => optimizers.adadelta({ learningRate: 1e-3, ...o }),
};

const kinds = {
  crossEntropy({ mode, rows, classes }) {
    const logits = random(rows, classes);
    const targets = whole(rows, classes);
    const loss = (x) => rondo.mean(rondo.softmaxCrossEntropy(targets, x));
    return mode === "forward" ? inScope(() => loss(logits)) : gradientOf(loss, logits);
  },
  softmax: (test) => rowsOf(rondo.softmax, test),
  logSoftmax: (test) => rowsOf(rondo.logSoftmax, test),

  embedding({ optimizer, batch, time, words, size }) {
    const table = rondo.variable(random(words, size), { name: "table" });
    const ids = whole(batch * time, words, [batch, time]);
    const upstream = random(batch, time, size);
    const loss = () => rondo.sum(rondo.mul(rondo.gather(table, ids), upstream));
    if (optimizer === "none") return inScope(() => rondo.variableGrads(loss, [table]).grads.get(table));
    const update = makeOptimizer[optimizer]();
    return () => update.minimize(loss, [table]);
  },

  chain({ chain, count }) {
    if (chain === "bias") {
      const bias = random(1024);
      return gradientOf((x, b) => rondo.sum(rondo.tanh(rondo.add(x, b))), random(count / 1024, 1024), bias);
    }
    if (chain === "normalize") {
      const x = random(count / 512, 512);
      return inScope(() => {
        const middle = rondo.mean(x, -1, true);
        const spread = rondo.sqrt(rondo.add(rondo.mean(rondo.square(rondo.sub(x, middle)), -1, true), 1e-5));
        return rondo.div(rondo.sub(x, middle), spread);
      });
    }
    const x = random(count);
    const y = random(count);
    const chains = {
      add: () => rondo.add(x, y),
      exp: () => rondo.exp(x),
    };
    if (chains[chain]) return inScope(chains[chain]);
    const trained = {
      tanh: (a) => rondo.sum(rondo.tanh(rondo.mul(a, 0.5))),
      gelu: (a) => rondo.sum(rondo.gelu(a)),
      swish: (a) => rondo.sum(rondo.silu(a)),
      huber: (a) => rondo.mean(rondo.square(rondo.clip(rondo.sub(a, y), -1, 1))),
    };
    return gradientOf(trained[chain], x);
  },

  optimizer({ optimizer, model, clip }) {
    const update = makeOptimizer[optimizer](clip ? { globalClipNorm: clip } : {});
    const gradients = new Map(
      parametersOf(model).map((shape, i) => [rondo.variable(random(...shape), { name: `w${i}` }), random(...shape)]),
    );
    return () => update.apply(gradients);
  },

  product({ product, m, k, n }) {
    const x = random(m, k);
    const w = random(k, n);
    const dy = random(m, n);
    const products = {
      forward: () => rondo.matMul(x, w),
      dx: () => rondo.matMul(dy, w, { transposeB: true }),
      dw: () => rondo.matMul(x, dy, { transposeA: true }),
    };
    return inScope(products[product]);
  },

  character({ batch, time, units, words }) {
    const { layers } = rondo;
    const model = rondo.sequential([
      layers.embedding({ inputDim: words, outputDim: units, inputShape: [time] }),
      layers.lstm({ units, returnSequences: true }),
      layers.lstm({ units, returnSequences: true }),
      layers.dense({ units: words }),
    ]);
    model.compile({
      optimizer: optimizers.adam({ learningRate: 1e-3, globalClipNorm: 1 }),
      loss: rondo.losses.sparseCategoricalCrossentropy({ fromLogits: true }),
    });
    const x = whole(batch * time, words, [batch, time]);
    const y = whole(batch * time, words, [batch, time]);
    return () => model.trainOnBatch(x, y);
  },
};

function rowsOf(operation, { mode, rows, classes }) {
  const x = random(rows, classes);
  if (mode === "forward") return inScope(() => operation(x));
  const dy = random(rows, classes);
  const gradient = rondo.grads((t) => operation(t));
  return inScope(() => gradient([x], dy));
}

await serve({
  describe: () => `rondo, ${rondo.getBackend()}, ${process.env.RONDO_THREADS ?? 1} thread(s)`,
  setup: (test) => ({ step: kinds[test.kind](test) }),
});
