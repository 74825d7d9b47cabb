import { describe, expect, test } from "vitest";
import { expectClose, readGolden } from "../../test/support/golden.js";
import { scheduleFromConfig, schedules } from "./schedules.js";

interface GoldenSchedule {
  id: string;
  schedule: { className: string; options: Record<string, unknown> };
  steps: number[];
  learningRate: number[];
}

const ours = ["ExponentialDecay", "CosineDecay", "PiecewiseConstantDecay"];
const golden = readGolden<{ schedules: GoldenSchedule[] }>("optimizers").schedules.filter(({ schedule }) =>
  ours.includes(schedule.className),
);

describe("learning rates are Keras'", () => {
  test("there are cases of every schedule Keras has", () => {
    expect(new Set(golden.map(({ schedule }) => schedule.className))).toEqual(new Set(ours));
  });

  test.each(golden.map((c) => [c.id, c] as const))("%s", (_, { schedule, steps, learningRate }) => {
    const made = scheduleFromConfig({ className: schedule.className, config: schedule.options });
    expectClose(
      steps.map((step) => made.at(step)),
      learningRate,
      1e-7,
    );
  });
});

test("step divides by ten every so often", () => {
  const made = schedules.step({ initialLearningRate: 1, stepSize: 2 });
  expectClose([0, 1, 2, 3, 4].map(made.at), [1, 1, 0.1, 0.1, 0.01], 1e-12);
});

test("a configuration makes an equal schedule", () => {
  const all = [
    schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 5, decayRate: 0.5, staircase: true }),
    schedules.cosineDecay({ initialLearningRate: 0, decaySteps: 5, warmupTarget: 0.1, warmupSteps: 3 }),
    schedules.piecewiseConstant({ boundaries: [1, 3], values: [3, 2, 1] }),
    schedules.step({ initialLearningRate: 0.1, stepSize: 5, gamma: 0.3 }),
  ];
  for (const made of all) {
    const again = scheduleFromConfig(
      JSON.parse(JSON.stringify({ className: made.className, config: made.getConfig() })),
    );
    for (let step = 0; step < 12; step++) expect(again.at(step)).toBe(made.at(step));
  }
});

test("wrong options", () => {
  expect(() => schedules.step({ initialLearningRate: 1, stepSize: 0 })).toThrow(/stepSize must be a number above 0/);
  expect(() => schedules.piecewiseConstant({ boundaries: [3, 1], values: [1, 2, 3] })).toThrow(/rising boundaries/);
  expect(() => schedules.cosineDecay({ initialLearningRate: 1, decayStep: 3 } as never)).toThrow(/decaySteps/);
});
