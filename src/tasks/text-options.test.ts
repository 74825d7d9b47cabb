import { describe, expect, it } from "vitest";
import { checkTextOption, resolveTextConfig, type TextConfig, textConfigNames, textPresets } from "./text-options.js";

describe("resolveTextConfig", () => {
  it("starts from the preset and takes what is given instead", () => {
    const config = resolveTextConfig({ units: 7, cell: "gru", dropout: undefined }, "best");
    expect(config).toEqual({ ...textPresets.best, units: 7, cell: "gru" });
    expect(resolveTextConfig({})).toEqual(textPresets.fast);
  });

  it("has presets whose values are all allowed", () => {
    for (const preset of Object.values(textPresets)) {
      expect(Object.keys(preset).sort()).toEqual([...textConfigNames].sort());
      for (const name of textConfigNames) checkTextOption(name, preset[name]);
    }
  });

  it.each<[object, RegExp]>([
    [{ cell: "lsmt" }, /cell[\s\S]*"lsmt"[\s\S]*did you mean "lstm"/],
    [{ unit: 3 }, /no option "unit"[\s\S]*did you mean "units"/],
    [{ units: 0 }, /units[\s\S]*received: 0[\s\S]*from 1/],
    [{ units: 2.5 }, /units[\s\S]*2\.5/],
    [{ units: "64" }, /units[\s\S]*"64"/],
    [{ dropout: 1 }, /dropout[\s\S]*below 1/],
    [{ learningRate: Number.NaN }, /learningRate[\s\S]*NaN/],
    [{ learningRate: 0 }, /learningRate[\s\S]*above 0/],
    [{ clip: Number.POSITIVE_INFINITY }, /clip/],
    [{ seed: -1 }, /seed/],
    [{ validationSplit: 1 }, /validationSplit/],
  ])("refuses %o", (given, message) => {
    expect(() => resolveTextConfig(given as Partial<TextConfig>)).toThrow(message);
  });

  it("lets the time alone decide when only a time is given", () => {
    expect(resolveTextConfig({ time: 60 }).epochs).toBe(0);
    expect(resolveTextConfig({ time: 60, epochs: 2 }).epochs).toBe(2);
    expect(() => resolveTextConfig({ epochs: 0 })).toThrow(/never end/);
  });

  it("refuses an unknown preset", () => {
    expect(() => resolveTextConfig({}, "fats" as "fast")).toThrow(/did you mean "fast"/);
  });
});
