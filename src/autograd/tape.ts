import { RondoError } from "../errors.js";
import type { OperationRecord } from "../tensor/run.js";
import { setRecorder } from "../tensor/run.js";
import { beginClosure, beginRecording, endClosure, endRecording } from "../tensor/scope.js";
import { sectionListener } from "../tensor/sections.js";
import { formatShape } from "../tensor/shape.js";
import { type Tensor, tensorsMade } from "../tensor/tensor.js";
import { Variable } from "../tensor/variable.js";
import { backward, type WalkOptions } from "./backward.js";
import { tensorsRead } from "./rules/reads.js";

/**
 * Records operations so that gradients can be taken backwards through them (reverse-mode automatic differentiation).
 * Tapes nest: while an inner tape differentiates, outer tapes record what it does, which gives gradients of gradients.
 */
export class Tape {
  readonly records: OperationRecord[] = [];
  /** Tensors a gradient may flow to: watched ones and everything computed from them. */
  private readonly tracked = new Set<Tensor>();
  /** Variables some recorded operation used. */
  readonly variablesSeen = new Set<Variable>();
  /** For each record the tensors its rule will read. */
  private readonly reads: (readonly Tensor[])[] = [];
  /** Whether gradients of the user's own were recorded: what those read is not known. */
  private closures = false;

  /** @param variables watch only these variables; by default every trainable one as soon as it is used. */
  constructor(private readonly variables?: ReadonlySet<Variable>) {}

  watch(...tensors: readonly Tensor[]): void {
    for (const t of tensors) {
      if (t.dtype !== "float32") {
        throw new RondoError("dtype", "gradients exist for float32 tensors only", {
          received: `${t.dtype} ${formatShape(t.shape)}`,
          fix: 'cast(x, "float32") first',
        });
      }
      this.tracked.add(t);
    }
  }

  tracks(t: Tensor): boolean {
    if (this.tracked.has(t)) return true;
    if (!(t instanceof Variable) || t.dtype !== "float32") return false;
    return this.variables ? this.variables.has(t) : t.trainable;
  }

  record(operation: OperationRecord): void {
    this.records.push(operation);
    this.await(operation);
    for (const input of operation.inputs) if (input instanceof Variable) this.variablesSeen.add(input);
    for (const output of operation.outputs) if (output.dtype === "float32") this.tracked.add(output);
  }

  private await(operation: OperationRecord): void {
    if (operation.name === "custom" && !this.closures) {
      this.closures = true;
      beginClosure();
    }
    // Where tapes nest, gradients are recorded too, and what those rules read is known only later.
    const nested = tapes.length > 1;
    const read = nested
      ? [...operation.inputs, ...operation.outputs, ...operation.saved]
      : tensorsRead(
          operation,
          operation.inputs.map((input) => this.tracks(input)),
        );
    for (const t of read) t.awaited++;
    this.reads.push(read);
  }

  /** @internal The recording has ended. */
  stopped(): void {
    if (this.closures) endClosure();
  }

  /** Whether tensors may be freed as soon as the last rule that reads them has run. @internal */
  get knowsReads(): boolean {
    return !this.closures;
  }

  /** The rule of a record has run, and will not run again: frees what nobody else wants. @internal */
  passed(record: number): void {
    for (const t of this.reads[record]!) {
      t.awaited--;
      if (t.awaited === 0 && t.left && !t.kept && !this.closures) t.dispose();
    }
    this.reads[record] = [];
  }

  /**
   * Gradients of sum(targets[i] * seeds[i]) with respect to `sources`; a seed defaults to ones. A source that the targets
   * do not depend on gets null. Unless an outer tape records, the results share memory with nothing, so that the caller
   * may change them in place.
   *
   * @param options.last no other gradient of this tape will be asked for: what it recorded is freed on the way.
   * @param options.arrived gradients that sources have from elsewhere; they are added to, in place where possible.
   */
  gradient(
    targets: readonly Tensor[],
    sources: readonly Tensor[],
    seeds?: readonly (Tensor | null | undefined)[],
    options: WalkOptions = {},
  ): (Tensor | null)[] {
    return backward(this, targets, sources, seeds, options);
  }
}

const tapes: Tape[] = [];
let paused = 0;

/** A stretch of work that no tape outside of it records. */
interface Probe {
  /** Tapes that began before it. */
  readonly outside: number;
  /** Number of the last tensor made before it. */
  readonly before: number;
  /** Older tensors its operations used. */
  readonly used: Set<Tensor>;
}

let probing: Probe | null = null;

function install(): void {
  const current = probing;
  const active = current ? tapes.slice(current.outside) : tapes;
  if (paused > 0 || (active.length === 0 && !current)) {
    setRecorder(null);
    return;
  }
  setRecorder({
    watches: (inputs) => {
      if (current) for (const t of inputs) if (t.serial <= current.before) current.used.add(t);
      return active.some((tape) => inputs.some((t) => tape.tracks(t)));
    },
    record: (operation) => {
      sectionListener?.recorded(operation);
      for (const tape of active) if (operation.inputs.some((t) => tape.tracks(t))) tape.record(operation);
    },
  });
}

/** Whether a tape records what happens now. @internal */
export function isRecording(): boolean {
  return paused === 0 && tapes.length > (probing?.outside ?? 0);
}

/** Whether a gradient to this tensor is recorded. @internal */
export function isTracked(t: Tensor): boolean {
  return isRecording() && tapes.some((tape) => tape.tracks(t));
}

/** Runs `body` unrecorded; returns its result and the tensors from outside that its operations used. @internal */
export function probe<R>(body: () => R): [result: R, used: Tensor[]] {
  const outer = probing;
  const own: Probe = { outside: tapes.length, before: tensorsMade(), used: new Set() };
  probing = own;
  install();
  try {
    const result = body();
    return [result, [...own.used]];
  } finally {
    probing = outer;
    install();
  }
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
  tape.stopped();
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
    const result = body();
    if (result instanceof Promise) {
      result.catch(() => {}); // its own failure must not hide this one
      throw new RondoError("value", "noGrad() cannot wrap an async function", {
        fix: "await first, and put only the synchronous part in noGrad()",
      });
    }
    return result;
  } finally {
    paused--;
    install();
  }
}
