import { RondoError } from "../errors.js";
import { add } from "../tensor/ops/arithmetic.js";
import { onesLike } from "../tensor/ops/creation.js";
import { type OperationRecord, setRecorder } from "../tensor/run.js";
import { beginRecording, endRecording } from "../tensor/scope.js";
import { formatShape } from "../tensor/shape.js";
import { Tensor } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";
import { gradientOf } from "./rules/table.js";

/**
 * Records operations so that gradients can be taken backwards through them (reverse-mode automatic differentiation).
 * Tapes nest: while an inner tape differentiates, outer tapes record what it does, which gives gradients of gradients.
 */
export class Tape {
  private readonly records: OperationRecord[] = [];
  /** Tensors a gradient may flow to: watched ones and everything computed from them. */
  private readonly tracked = new Set<Tensor>();
  /** With null, every trainable variable is watched as soon as it is used. */
  private readonly variables: ReadonlySet<Tensor> | null;

  /** @param variables watch only these variables; by default all trainable ones. */
  constructor(variables?: readonly Variable[]) {
    this.variables = variables ? new Set<Tensor>(variables) : null;
  }

  watch(...tensors: readonly Tensor[]): void {
    for (const t of tensors) {
      if (t.dtype !== "float32") {
        throw new RondoError("dtype", "gradients exist for float32 tensors only", {
          received: `${t.dtype} ${formatShape(t.shape)}`,
          fix: "cast(x, \"float32\") first",
        });
      }
      this.tracked.add(t);
    }
  }

  tracks(t: Tensor): boolean {
    if (this.tracked.has(t)) return true;
    if (!(t instanceof Variable)) return false;
    return this.variables ? this.variables.has(t) : t.trainable;
  }

  record(operation: OperationRecord): void {
    this.records.push(operation);
    for (const output of operation.outputs) if (output.dtype === "float32") this.tracked.add(output);
  }

  /**
   * Gradients of sum(targets[i] * seeds[i]) with respect to `sources`; a seed defaults to ones.
   * A source that the targets do not depend on gets null.
   */
  gradient(
    targets: readonly Tensor[],
    sources: readonly Tensor[],
    seeds?: readonly (Tensor | null | undefined)[],
  ): (Tensor | null)[] {
    const gradients = new Map<Tensor, Tensor>();
    const accumulate = (t: Tensor, g: Tensor) => {
      const before = gradients.get(t);
      gradients.set(t, before ? add(before, g) : g);
    };
    targets.forEach((t, i) => {
      accumulate(t, seeds?.[i] ?? onesLike(t));
    });
    const wanted = new Set(sources);
    for (let i = this.records.length - 1; i >= 0; i--) {
      const operation = this.records[i]!;
      const incoming = operation.outputs.map((o) => gradients.get(o) ?? null);
      if (incoming.every((g) => g === null)) continue;
      const needs = operation.inputs.map((input) => this.tracks(input));
      const outgoing = gradientOf(operation, incoming, needs);
      operation.inputs.forEach((input, k) => {
        const g = outgoing[k];
        if (needs[k] && g) accumulate(input, g);
      });
      // An intermediate's gradient is complete once the operation that made it has been passed.
      for (const output of operation.outputs) if (!wanted.has(output)) gradients.delete(output);
    }
    return sources.map((s) => gradients.get(s) ?? null);
  }
}

const tapes: Tape[] = [];
let paused = 0;

function install(): void {
  if (tapes.length === 0 || paused > 0) {
    setRecorder(null);
    return;
  }
  setRecorder({
    watches: (inputs) => tapes.some((tape) => inputs.some((t) => tape.tracks(t))),
    record: (operation) => {
      for (const tape of tapes) if (operation.inputs.some((t) => tape.tracks(t))) tape.record(operation);
    },
  });
}

/** Starts recording on a tape. Every `startTape` needs its `stopTape`. @internal */
export function startTape(tape: Tape): void {
  tapes.push(tape);
  beginRecording();
  install();
}

/** @internal */
export function stopTape(tape: Tape): void {
  const at = tapes.lastIndexOf(tape);
  if (at < 0) return;
  tapes.splice(at, 1);
  endRecording();
  install();
}

/** Runs `body` while `tape` records. @internal */
export function recordOn<R>(tape: Tape, body: () => R): R {
  startTape(tape);
  try {
    return body();
  } finally {
    stopTape(tape);
  }
}

/**
 * Runs `body` without recording anything: its result is a constant for every gradient.
 *
 * @example const target = noGrad(() => teacher.predict(x));
 */
export function noGrad<R>(body: () => R): R {
  paused++;
  install();
  try {
    return body();
  } finally {
    paused--;
    install();
  }
}

/** The tapes recording right now, for operations that define their own gradient. @internal */
export function isRecording(): boolean {
  return tapes.length > 0 && paused === 0;
}
