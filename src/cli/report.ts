import type { TextEvent } from "../tasks/text-events.js";
import { brailleCurve, clipLine, formatCount, formatDuration, printable, progressBar } from "./format.js";

/** Shows a training to whoever watches. */
export interface Reporter {
  /** What happens. */
  event(event: TextEvent): void;
  /** A line that stays. */
  line(text: string): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

/** Where reports go: a terminal, a pipe or a file. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

type StepEvent = Extract<TextEvent, { type: "step" }>;
type ValidationEvent = Extract<TextEvent, { type: "validation" }>;

/** Milliseconds from some fixed moment; tests put their own in. */
type Clock = () => number;

/** One JSON object per line, for programs. */
export function jsonReporter(out: Output): Reporter {
  return { event: (event) => out.write(`${JSON.stringify(event)}\n`), line: () => {}, close: () => {} };
}

/** Lines that stay: for logs, pipes and terminals that cannot redraw. At most one line per step in `interval` ms. */
export function plainReporter(out: Output, clock: Clock = () => performance.now(), interval = 5000): Reporter {
  const print = (text: string) => void out.write(`${text}\n`);
  let due = clock() + interval;
  return {
    event(event) {
      if (event.type === "start") for (const text of startLines(event)) print(text);
      else if (event.type === "validation") print(validationLine(event));
      else if (event.type === "sample") for (const text of sampleLines(event.text)) print(text);
      else if (event.type === "step" && clock() >= due) {
        due = clock() + interval;
        print(
          `${placeOf(event)}  loss ${event.loss.toFixed(4)}  ${speedOf(event)}  left ${formatDuration(event.left)}`,
        );
      }
    },
    line: print,
    close() {},
  };
}

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const dim = (text: string, color: boolean) => (color ? `\u001b[2m${text}\u001b[22m` : text);

/** A loss for every step, however many there are: points that become means of 2, 4, 8, … steps. */
export class LossHistory {
  points: number[] = [];
  private stepsPerPoint = 1;
  private pending: number[] = [];
  private recent: number[] = [];

  add(loss: number): void {
    this.recent = [...this.recent.slice(-19), loss];
    this.pending.push(loss);
    if (this.pending.length < this.stepsPerPoint) return;
    this.points.push(mean(this.pending));
    this.pending = [];
    if (this.points.length < 1024) return;
    this.points = Array.from({ length: 512 }, (_, i) => mean(this.points.slice(2 * i, 2 * i + 2)));
    this.stepsPerPoint *= 2;
  }

  /** Mean over the last 20 steps. */
  get current(): number {
    return mean(this.recent);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A block at the bottom of a terminal that is drawn anew as training goes on; lines that stay scroll above it. */
export function liveReporter(out: Output, clock: Clock = () => performance.now(), color = true): Reporter {
  const losses = new LossHistory();
  let step: StepEvent | undefined;
  let validated: ValidationEvent | undefined;
  let best = Number.POSITIVE_INFINITY;
  let sample = "";
  let drawn = 0;
  let due = 0;

  const erase = () => (drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : "");
  const draw = () => {
    const lines = step ? liveLines({ step, losses, validated, best, sample }, out.columns ?? 80, color) : [];
    out.write(`${erase()}${hideCursor}${lines.map((text) => `${text}\n`).join("")}`);
    drawn = lines.length;
    due = clock() + 100;
  };
  const stay = (lines: readonly string[]) => {
    out.write(erase() + lines.map((text) => `${text}\n`).join(""));
    drawn = 0;
    draw();
  };

  return {
    event(event) {
      switch (event.type) {
        case "start":
          return stay(startLines(event));
        case "step":
          step = event;
          losses.add(event.loss);
          if (clock() >= due) draw();
          return;
        case "validation":
          validated = event;
          if (event.best) best = event.validationLoss ?? event.loss;
          return stay([validationLine(event)]);
        case "sample":
          sample = event.text;
          return draw();
        case "end":
          // The block stays as it is; what is printed from now on comes below.
          draw();
          step = undefined;
          drawn = 0;
      }
    },
    line: (text) => stay([text]),
    close() {
      out.write(showCursor);
    },
  };
}

interface LiveState {
  readonly step: StepEvent;
  readonly losses: LossHistory;
  readonly validated: ValidationEvent | undefined;
  readonly best: number;
  readonly sample: string;
}

/** The block, no line wider than the terminal. */
function liveLines({ step, losses, validated, best, sample }: LiveState, columns: number, color: boolean): string[] {
  const width = Math.max(20, columns - 1);
  const validation = validated?.validationLoss;
  const curve = brailleCurve(losses.points, Math.min(60, width - 12), 2);
  const figures = [
    "",
    `${progressBar(step.progress, Math.min(30, width - 30))} ${Math.floor(step.progress * 100)}%  ${placeOf(step)}`,
    [
      `loss ${losses.current.toFixed(4)}`,
      validation == null ? "" : `  validation ${validation.toFixed(4)} (best ${best.toFixed(4)})`,
      `  rate ${step.learningRate.toPrecision(2)}`,
    ].join(""),
    `${speedOf(step)}  elapsed ${formatDuration(step.elapsed)}  left ${formatDuration(step.left)}`,
  ];
  const ends = [Math.max(...losses.points), Math.min(...losses.points)].map((value) => value.toFixed(2));
  const samples = sample ? ["", ...sampleLines(sample, width, 6)] : [];
  // Colours come last: escape sequences take no room and must not be cut.
  return [
    ...figures.map((text) => clipLine(text, width)),
    ...curve.map((row, i) => `${row} ${dim(ends[i]!, color)}`),
    ...samples.map((text) => dim(text, color)),
  ];
}

function placeOf({ epoch, batch, batches }: StepEvent): string {
  return `epoch ${epoch}  batch ${formatCount(batch)} of ${formatCount(batches)}`;
}

function speedOf({ charactersPerSecond }: StepEvent): string {
  return `${formatCount(charactersPerSecond)} characters/s`;
}

function startLines(event: Extract<TextEvent, { type: "start" }>): string[] {
  const { config } = event;
  const again = event.resumedAt > 0 ? [`going on after step ${formatCount(event.resumedAt)}`] : [];
  return [
    `${config.cell} ${config.layers} x ${config.units}, embedding ${config.embedding}, dropout ${config.dropout}: ` +
      `${formatCount(event.parameters)} parameters`,
    `${event.vocabulary} distinct characters, ${formatCount(event.trainingCharacters)} to train on and ` +
      `${formatCount(event.validationCharacters)} to validate with`,
    ...event.notes,
    ...again,
  ];
}

function validationLine({ epoch, step, loss, validationLoss, best, elapsed }: ValidationEvent): string {
  const validation = validationLoss === null ? "" : `  validation ${validationLoss.toFixed(4)}`;
  const mark = best ? "  best so far" : "";
  return `epoch ${epoch}  step ${formatCount(step)}  loss ${loss.toFixed(4)}${validation}  ${formatDuration(elapsed)}${mark}`;
}

/** A sample, set off from the rest by a line at its left. */
export function sampleLines(text: string, width = 100, most = Number.POSITIVE_INFINITY): string[] {
  return printable(text)
    .replaceAll("\t", "  ")
    .split("\n")
    .slice(0, most)
    .map((line) => clipLine(`│ ${line}`, width));
}
