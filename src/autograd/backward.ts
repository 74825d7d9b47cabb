import { add } from "../tensor/ops/arithmetic.js";
import { clone, onesLike } from "../tensor/ops/creation.js";
import type { OperationRecord } from "../tensor/run.js";
import { recordingAnywhere, scope } from "../tensor/scope.js";
import { inSection, sectionListener } from "../tensor/sections.js";
import type { Tensor } from "../tensor/tensor.js";
import { gradientOf } from "./rules/table.js";

/** A gradient on its way, and whether nothing but the walk refers to it, so that it may be changed and freed. */
interface Incoming {
  readonly gradient: Tensor;
  readonly owned: boolean;
}

interface Recorded {
  readonly records: readonly OperationRecord[];
  tracks(t: Tensor): boolean;
  /** The rule of a record will not run again. */
  passed(record: number): void;
}

export interface WalkOptions {
  /** The records will not be walked again. */
  readonly last?: boolean;
  /** Gradients that sources have from elsewhere; the walk owns them. */
  readonly arrived?: ReadonlyMap<Tensor, Tensor>;
}

/** Walks the records from the last to the first, turning gradients of outputs into gradients of inputs. */
export function backward(
  tape: Recorded,
  targets: readonly Tensor[],
  sources: readonly Tensor[],
  seeds: readonly (Tensor | null | undefined)[] = [],
  options: WalkOptions = {},
): (Tensor | null)[] {
  return inSection(
    "backward",
    () => "backward",
    () => walk(tape, targets, sources, seeds, options),
  );
}

function walk(
  tape: Recorded,
  targets: readonly Tensor[],
  sources: readonly Tensor[],
  seeds: readonly (Tensor | null | undefined)[],
  { last = false, arrived: sums }: WalkOptions,
): (Tensor | null)[] {
  return scope(() => {
    // What an outer tape may have recorded must stay as it is.
    const mayReuse = !recordingAnywhere();
    const passed = (record: number) => {
      if (last && mayReuse) tape.passed(record);
    };
    const arrived = new Map<Tensor, Incoming>();
    const accumulate = (t: Tensor, next: Incoming) => {
      const before = arrived.get(t);
      arrived.set(t, before ? total(before, next, mayReuse) : next);
    };
    for (const [t, gradient] of sums ?? []) accumulate(t, { gradient, owned: true });
    targets.forEach((t, i) => {
      const seed = seeds[i];
      accumulate(t, seed ? { gradient: seed, owned: false } : { gradient: onesLike(t), owned: true });
    });
    const wanted = new Set(sources);

    for (let i = tape.records.length - 1; i >= 0; i--) {
      const operation = tape.records[i]!;
      const incoming = operation.outputs.map((o) => arrived.get(o));
      if (incoming.every((g) => g === undefined)) {
        passed(i);
        continue;
      }
      sectionListener?.differentiates(operation);
      const dy = incoming.map((g) => g?.gradient ?? null);
      const needs = operation.inputs.map((input) => tape.tracks(input));
      const take = (k: number) => {
        const before = arrived.get(operation.inputs[k]!);
        if (!mayReuse || !before?.owned || !before.gradient.storage.exclusive) return null;
        arrived.delete(operation.inputs[k]!);
        return before.gradient;
      };
      const outgoing = scope(() => gradientOf(operation, dy, needs, take));
      const foreign = gradientsOfOthers(operation, dy, outgoing);
      operation.inputs.forEach((input, k) => {
        const gradient = outgoing[k];
        if (!needs[k] || !gradient) return;
        accumulate(input, { gradient, owned: mayReuse && foreign !== null && !foreign.has(gradient) });
      });
      const passedOn = new Set(outgoing);
      // An intermediate's gradient has served once the operation that made it is passed.
      operation.outputs.forEach((output, k) => {
        if (wanted.has(output)) return;
        arrived.delete(output);
        const past = incoming[k];
        if (mayReuse && past?.owned && !passedOn.has(past.gradient)) past.gradient.dispose();
      });
      passed(i);
    }

    const given = new Set<Tensor>();
    return sources.map((source) => {
      const result = arrived.get(source);
      if (!result) return null;
      const { gradient, owned } = result;
      const own = !mayReuse || (owned && gradient.storage.exclusive && !given.has(gradient));
      given.add(gradient);
      return own ? gradient : clone(gradient);
    });
  });
}

/**
 * Which of the tensors that a rule returned exist elsewhere, or were returned twice; all others the rule made itself. Null:
 * that is not known, because the user's function may return anything.
 */
function gradientsOfOthers(
  { name, inputs, outputs, saved }: OperationRecord,
  dy: readonly (Tensor | null)[],
  outgoing: readonly (Tensor | null)[],
): ReadonlySet<Tensor | null> | null {
  if (name === "custom") return null;
  const others = new Set<Tensor | null>([...dy, ...inputs, ...outputs, ...saved]);
  const seen = new Set<Tensor | null>();
  for (const gradient of outgoing) {
    if (seen.has(gradient)) others.add(gradient);
    seen.add(gradient);
  }
  return others;
}

function total(a: Incoming, b: Incoming, mayReuse: boolean): Incoming {
  if (mayReuse && a.owned && a.gradient.storage.exclusive) {
    const { kernels } = a.gradient.storage.engine;
    kernels.axpy(1, b.gradient.offset, a.gradient.offset, a.gradient.size);
    if (b.owned) b.gradient.dispose();
    return a;
  }
  const sum = { gradient: add(a.gradient, b.gradient), owned: mayReuse };
  if (mayReuse) for (const part of [a, b]) if (part.owned) part.gradient.dispose();
  return sum;
}
