import { describe, expect, it } from "vitest";
import {
  add,
  customGrad,
  GradientTape,
  matMul,
  memory,
  mul,
  profile,
  scope,
  sum,
  type Tensor,
  tanh,
  variable,
  variableGrads,
  zeros,
} from "../index.js";

/** Bytes of a block large enough to be taken exactly as it is. */
const size = 1 << 18;
const make = () => variable(zeros([size / 4]));
const chain = (x: Tensor, f: (t: Tensor) => Tensor) => {
  let t = x;
  for (let i = 0; i < 20; i++) t = f(t);
  return t;
};
/** Most bytes in use while `body` runs, beyond those before, in blocks. */
async function peak(body: () => unknown): Promise<number> {
  const before = memory().bytes;
  return ((await profile(body)).peakBytes - before) / size;
}

describe("what a gradient does not read is freed", () => {
  it("when the scope that made it ends, although a tape records", async () => {
    const w = make();
    const twice = (f: (t: Tensor) => Tensor) => () => {
      variableGrads(() => {
        const half = scope(() => chain(w, f));
        return sum(scope(() => chain(half, f)));
      });
    };
    // All of a scope's tensors exist at its end, but not those of the scope before.
    expect(await peak(twice((t) => add(t, 1)))).toBeLessThan(23);
    // The derivative of tanh is computed from every result.
    expect(await peak(twice(tanh))).toBeGreaterThan(40);
  });

  it("when the loss is there, before the gradients", async () => {
    const w = make();
    const wide = variable(zeros([1, size / 4]));
    // 20 sums stay until the loss exists; computing gradients needs the room of 16 more.
    const loss = () => add(sum(chain(w, (t) => add(t, 1))), sum(matMul(zeros([16, 1]), wide)));
    const before = memory().bytes;
    const report = await profile(() => void variableGrads(loss));
    const { traceEvents } = JSON.parse(report.toTrace()) as {
      traceEvents: { name: string; cat?: string; ph: string; ts: number; args?: { bytes: number } }[];
    };
    const start = traceEvents.find((e) => e.cat === "backward" && e.name === "backward")!.ts;
    const memories = traceEvents
      .filter((e) => e.ph === "C")
      .map((e) => ({ ts: e.ts, blocks: (e.args!.bytes - before) / size }));
    expect(Math.max(...memories.filter((e) => e.ts < start).map((e) => e.blocks))).toBeGreaterThan(35);
    expect(Math.max(...memories.filter((e) => e.ts >= start).map((e) => e.blocks))).toBeLessThan(20);
  });

  it("as soon as the last rule that reads it has run", async () => {
    const w = make();
    const before = memory().bytes;
    const seen: number[] = [];
    const report = await profile(() => void variableGrads(() => sum(chain(w, tanh))));
    for (const { ph, args } of JSON.parse(report.toTrace()).traceEvents) {
      if (ph === "C") seen.push((args.bytes - before) / size);
    }
    expect(Math.max(...seen)).toBeGreaterThan(20);
    expect(seen.at(-1)).toBeLessThan(6);
  });
});

describe("what somebody may still read stays", () => {
  it("for the gradient of the user's own", () => {
    const w = variable(zeros([4]));
    const { grads } = variableGrads(() =>
      scope(() => {
        const three = add(zeros([4]), 3);
        const timesThree = customGrad((x: Tensor) => ({ value: mul(x, 3), gradFunc: (dy) => mul(dy, three) }));
        return sum(timesThree(w));
      }),
    );
    expect([...grads.get(w)!.dataSync()]).toEqual([3, 3, 3, 3]);
  });

  it("for a persistent tape", () => {
    const w = variable(add(zeros([2]), 0.5));
    using tape = new GradientTape({ persistent: true });
    const y = scope(() => tanh(tanh(w)));
    const first = tape.gradient(y, w).dataSync();
    expect(tape.gradient(y, w).dataSync()).toEqual(first);
    const inner = Math.tanh(0.5);
    expect(first[0]).toBeCloseTo((1 - Math.tanh(inner) ** 2) * (1 - inner ** 2), 6);
  });
});
