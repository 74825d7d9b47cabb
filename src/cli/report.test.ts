import { describe, expect, it } from "vitest";
import type { TextEvent } from "../tasks/text-events.js";
import { textPresets } from "../tasks/text-options.js";
import { jsonReporter, LossHistory, liveReporter, type Output, plainReporter } from "./report.js";

const esc = "\u001b";
const tokens = new RegExp(`${esc}\\[\\??[\\d;]*[A-Za-z]|\\n|[^${esc}\\n]+`, "g");
const cursorUp = new RegExp(`^${esc}\\[(\\d+)A$`);

/** Enough of a terminal to read what a person would see: lines, cursor up, erase below. */
class Screen implements Output {
  readonly isTTY = true;
  readonly columns: number;
  lines = [""];
  row = 0;
  cursorHidden = false;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (const [token] of text.matchAll(tokens)) {
      const move = cursorUp.exec(token);
      if (token === "\n") {
        this.row++;
        this.lines[this.row] ??= "";
      } else if (move) {
        this.row -= Number(move[1]);
        if (this.row < 0) throw new Error("the cursor left the screen");
      } else if (token === "\u001b[0J") {
        this.lines.length = this.row;
        this.lines[this.row] = "";
      } else if (token === "\u001b[?25l") this.cursorHidden = true;
      else if (token === "\u001b[?25h") this.cursorHidden = false;
      else if (token.startsWith("\u001b")) continue;
      else {
        if (token.length > this.columns) throw new Error(`a line is too wide: ${token}`);
        this.lines[this.row] += token;
      }
    }
  }

  get text(): string {
    return this.lines.join("\n");
  }
}

const start: TextEvent = {
  type: "start",
  config: { ...textPresets.fast, units: 128 },
  vocabulary: 65,
  parameters: 91_000,
  trainingCharacters: 1_003_854,
  validationCharacters: 111_540,
  stepsPerEpoch: 490,
  resumedAt: 0,
  notes: ["the text is short: 8 streams instead of 32"],
};
const step = (n: number, loss: number): TextEvent => ({
  type: "step",
  step: n,
  epoch: 1,
  batch: n,
  batches: 490,
  loss,
  learningRate: 0.004,
  charactersPerSecond: 81_234,
  elapsed: n,
  left: 65,
  progress: n / 100,
});
const validation: TextEvent = {
  type: "validation",
  step: 490,
  epoch: 1,
  loss: 1.9,
  validationLoss: 1.8,
  best: true,
  elapsed: 61,
};
const sample: TextEvent = {
  type: "sample",
  step: 490,
  temperature: 0.8,
  text: `ROMEO:\n${"long ".repeat(40)}\u001b[2J`,
};
const end: TextEvent = {
  type: "end",
  reason: "epochs",
  step: 490,
  epoch: 1,
  elapsed: 61,
  bestLoss: 1.8,
  bestStep: 490,
};

describe("liveReporter", () => {
  it("redraws one block and keeps the lines above it", () => {
    const screen = new Screen(100);
    let now = 0;
    const reporter = liveReporter(screen, () => now);
    reporter.event(start);
    for (let i = 1; i <= 50; i++) {
      now += 60;
      reporter.event(step(i, 4 - i / 20));
    }
    reporter.event(validation);
    reporter.event(sample);
    reporter.line("saved");
    now += 1000;
    reporter.event(step(51, 1.5));
    expect(screen.text.match(/batch/g)).toHaveLength(1);
    expect(screen.text).toMatch(
      /^lstm 1 x 128[\s\S]*8 streams instead of 32\nepoch 1 {2}step 490.*best so far\nsaved\n\n/,
    );
    expect(screen.text).toMatch(/━+─+ 51% {2}epoch 1 {2}batch 51 of 490/);
    expect(screen.text).toContain("validation 1.8000 (best 1.8000)");
    expect(screen.text).toContain("81,234 characters/s  elapsed 0:51  left 1:05");
    expect(screen.text).toMatch(/[\u2801-\u28ff]/);
    expect(screen.text).toContain("│ ROMEO:\n│ long long");
    expect(screen.cursorHidden).toBe(true);
    reporter.event(end);
    reporter.line("all done");
    expect(screen.text).toMatch(/batch 51 of 490[\s\S]*│ ROMEO:[\s\S]*\nall done\n$/);
    reporter.close();
    expect(screen.cursorHidden).toBe(false);
  });
});

it("liveReporter fits narrow terminals", () => {
  const screen = new Screen(32);
  let now = 0;
  const reporter = liveReporter(screen, () => now);
  for (let i = 1; i <= 5; i++) {
    now += 200;
    reporter.event(step(i, 4));
    reporter.event({ ...sample, text: `${"日本語".repeat(20)}\n${"x".repeat(99)}` } as TextEvent);
  }
  expect(screen.text.match(/epoch/g)).toHaveLength(1);
  expect(screen.text).toContain("│ xxx");
});

describe("plainReporter", () => {
  it("prints steps now and then, and everything else", () => {
    const lines: string[] = [];
    let now = 0;
    const reporter = plainReporter({ write: (text) => lines.push(text) }, () => now, 1000);
    reporter.event(start);
    lines.length = 0;
    for (let i = 1; i <= 25; i++) {
      now += 100;
      reporter.event(step(i, 2));
    }
    reporter.event(validation);
    reporter.event({ ...sample, text: "a\u001b[2J" } as TextEvent);
    expect(lines).toEqual([
      "epoch 1  batch 10 of 490  loss 2.0000  81,234 characters/s  left 1:05\n",
      "epoch 1  batch 20 of 490  loss 2.0000  81,234 characters/s  left 1:05\n",
      "epoch 1  step 490  loss 1.9000  validation 1.8000  1:01  best so far\n",
      "│ a␛[2J\n",
    ]);
  });
});

it("jsonReporter prints each event as one line", () => {
  let text = "";
  const reporter = jsonReporter({ write: (part) => (text += part) });
  for (const event of [start, step(1, 3), sample]) reporter.event(event);
  reporter.line("for people");
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([start, step(1, 3), sample]);
});

it("LossHistory stays small and keeps the shape of the curve", () => {
  const history = new LossHistory();
  const steps = 300_000;
  for (let i = 0; i < steps; i++) history.add(i);
  expect(history.points.length).toBeLessThan(1024);
  const perPoint = history.points[1]! - history.points[0]!;
  for (const [i, value] of history.points.entries()) expect(value).toBe(i * perPoint + (perPoint - 1) / 2);
  expect(history.points.length * perPoint).toBeGreaterThan(steps - perPoint);
  expect(history.current).toBe(steps - 1 - 9.5);
});
