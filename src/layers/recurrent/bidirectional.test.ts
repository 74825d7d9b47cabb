import { describe, expect, test } from "vitest";
import { mul } from "../../tensor/ops/arithmetic.js";
import { ones, zeros } from "../../tensor/ops/creation.js";
import type { Tensor } from "../../tensor/tensor.js";
import { layers } from "../index.js";

describe("bidirectional", () => {
  test("both directions are copies with weights of their own", () => {
    const pattern = layers.lstm({ units: 2, activation: (x) => mul(x, 0.5), name: "pattern" });
    const both = layers.bidirectional({ layer: pattern });
    both.apply(ones([1, 3, 2]));
    expect(pattern.built).toBe(false);
    expect(both.forwardLayer.name).toBe("forward_pattern");
    expect(both.backwardLayer.name).toBe("backward_pattern");
    expect(both.backwardLayer.settings.goBackwards).toBe(true);
    const [forward, backward] = [both.forwardLayer.weights[0]!, both.backwardLayer.weights[0]!];
    expect([...forward.dataSync()]).not.toEqual([...backward.dataSync()]);
  });

  test("pairs that do not fit are refused", () => {
    const gru = (options = {}) => layers.gru({ units: 2, ...options });
    const pair = (a: object, b: object, mergeMode: "concat" | "sum" = "concat") =>
      layers.bidirectional({ layer: gru(a), backwardLayer: gru(b), mergeMode });
    expect(() => pair({}, {})).toThrow(/goes forwards and one that goes backwards/);
    expect(() => pair({ goBackwards: true }, { goBackwards: true })).toThrow(/goes forwards/);
    expect(() => pair({ returnSequences: true }, { goBackwards: true })).toThrow(/same returnSequences/);
    expect(() => pair({}, { goBackwards: true, units: 3 }, "sum")).toThrow(/different size/);
    expect(() => layers.bidirectional({ layer: layers.dense({ units: 2 }) as never })).toThrow(
      /wraps a recurrent layer/,
    );
    expect(() => layers.bidirectional({ layer: gru(), mergeMode: "max" as never })).toThrow(
      /"concat", "sum", "mul", "ave", null/,
    );
    expect(() => layers.bidirectional({ layer: gru(), mergemode: "sum" } as never)).toThrow(/did you mean "mergeMode"/);
    const plain = { stateSize: 1, call: (x: Tensor): [Tensor, Tensor] => [x, x] };
    expect(() => layers.bidirectional({ layer: layers.rnn({ cell: plain }) })).toThrow(/cannot be saved or copied/);
  });

  test("states of the wrong number are refused by name", () => {
    const both = layers.bidirectional({ layer: layers.lstm({ units: 2 }), name: "both" });
    expect(() => both.apply(ones([1, 3, 2]), { initialState: [zeros([1, 2]), zeros([1, 2])] })).toThrow(
      /both \(forward\)/,
    );
  });

  test("the mask ends where the sequence does", () => {
    const mask = ones([1, 3], "bool");
    const x = ones([1, 3, 2]);
    expect(layers.bidirectional({ layer: layers.gru({ units: 1 }) }).computeMask(x, mask)).toBeNull();
    const sequences = layers.bidirectional({ layer: layers.gru({ units: 1, returnSequences: true }) });
    expect(sequences.computeMask(x, mask)).toBe(mask);
  });
});
