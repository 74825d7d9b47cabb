import { describe, expect, test } from "vitest";
import { expectClose, readGolden } from "../../test/support/golden.js";
import { scheduleFromConfig, schedules } from "./schedules.js";

interface GoldenSchedule {
  id: string;
  schedule: { className: string; options: Record<string, unknown> };
  steps: number[];
  learningRate: number[];
}

const golden = readGolden<{ schedules: GoldenSchedule[] }>("optimizers").schedules;

describe("learning rates are Keras'", () => {
  test("there are cases of every schedule Keras has", () => {
    expect([...new Set(golden.map(({ schedule }) => schedule.className))].sort()).toEqual([
      "CosineDecay",
      "CosineDecayRestarts",
      "ExponentialDecay",
      "InverseTimeDecay",
      "PiecewiseConstantDecay",
      "PolynomialDecay",
    ]);
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

// Computed by torch.optim.lr_scheduler.OneCycleLR of PyTorch 2.13.
const oneCycleCases = [
  [
    { maxLearningRate: 0.1, totalSteps: 20 },
    [
      0.004, 0.0131671843, 0.0371671843, 0.0668328157, 0.0908328157, 0.1, 0.0987464006, 0.0950484632, 0.0890916178,
      0.0811745654, 0.0716943002, 0.0611262022, 0.0500002, 0.0388741978, 0.0283060998, 0.0188258346, 0.0109087822,
      0.0049519368, 0.00125399938, 4e-7,
    ],
  ],
  [
    { maxLearningRate: 0.1, totalSteps: 11, pctStart: 0.4, annealing: "linear", divFactor: 10, finalDivFactor: 100 },
    [
      0.01, 0.0364705882, 0.0629411765, 0.0894117647, 0.0909181818, 0.0757818182, 0.0606454545, 0.0455090909,
      0.0303727273, 0.0152363636, 0.0001,
    ],
  ],
] as const;

test.each(oneCycleCases)("oneCycle is PyTorch's: %o", (options, expected) => {
  const made = schedules.oneCycle(options);
  expectClose(
    expected.map((_, n) => made.at(n)),
    expected,
    1e-9,
  );
  expect(made.at(expected.length + 5)).toBe(made.at(expected.length - 1));
});

test("warmup rises to where another schedule starts", () => {
  const made = schedules.warmup({
    steps: 4,
    from: 0.2,
    learningRate: schedules.step({ initialLearningRate: 1, stepSize: 2 }),
  });
  expectClose([0, 1, 2, 3, 4, 5, 6, 8].map(made.at), [0.2, 0.4, 0.6, 0.8, 1, 1, 0.1, 0.01], 1e-12);
  expectClose([0, 5, 10, 99].map(schedules.warmup({ steps: 10, learningRate: 3 }).at), [0, 1.5, 3, 3], 1e-12);
});

test("cosine restarts begin exactly at the ends of periods of any length", () => {
  for (const tMul of [1, 1.5, 2, 3]) {
    const made = schedules.cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 4, tMul });
    for (let start = 0, length = 4; start < 1000; start += length, length *= tMul) {
      if (!Number.isInteger(start)) break;
      expect(made.at(start), `tMul ${tMul}, step ${start}`).toBeCloseTo(1, 9);
    }
  }
});

test("a configuration makes an equal schedule", () => {
  const all = [
    schedules.exponentialDecay({ initialLearningRate: 0.1, decaySteps: 5, decayRate: 0.5, staircase: true }),
    schedules.cosineDecay({ initialLearningRate: 0, decaySteps: 5, warmupTarget: 0.1, warmupSteps: 3 }),
    schedules.piecewiseConstant({ boundaries: [1, 3], values: [3, 2, 1] }),
    schedules.step({ initialLearningRate: 0.1, stepSize: 5, gamma: 0.3 }),
    schedules.polynomialDecay({ initialLearningRate: 0.1, decaySteps: 5, power: 2, cycle: true }),
    schedules.inverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 5, decayRate: 0.5, staircase: true }),
    schedules.cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 3, tMul: 1.5, mMul: 0.5, alpha: 0.1 }),
    schedules.oneCycle({ maxLearningRate: 0.1, totalSteps: 9, annealing: "linear" }),
    schedules.warmup({ steps: 3, learningRate: 0.1 }),
    schedules.warmup({ steps: 3, learningRate: schedules.step({ initialLearningRate: 1, stepSize: 2 }), from: 0.5 }),
  ];
  expect(new Set(all.map((made) => made.className)).size).toBe(new Set(Object.values(schedules)).size);
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
  expect(() => schedules.cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 2, tMul: 0.5 })).toThrow(
    /tMul/,
  );
  expect(() => schedules.oneCycle({ maxLearningRate: 1, totalSteps: 10, pctStart: 1 })).toThrow(/pctStart/);
  expect(() => schedules.oneCycle({ maxLearningRate: 1, totalSteps: 9, annealing: "cos" as never })).toThrow(/cosine/);
  expect(() => schedules.warmup({ steps: 5, learningRate: "adam" as never })).toThrow(/a number or a schedule/);
  expect(() => schedules.polynomialDecay({ initialLearningRate: 1, decaySteps: -1 })).toThrow(/decaySteps/);
  expect(() => schedules.cosineDecay({ initialLearningRate: 1, decayStep: 3 } as never)).toThrow(/decaySteps/);
});
