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

/** Walks the records from the last to the first, turning gradients of outputs into gradients of inputs. */
export function backward(
  tape: Recorded,
  targets: readonly Tensor[],
  sources: readonly Tensor[],
  seeds: readonly (Tensor | null | undefined)[] = [],
  last = false,
): (Tensor | null)[] {
  return inSection(
    "backward",
    () => "backward",
    () => walk(tape, targets, sources, seeds, last),
  );
}

function walk(
  tape: Recorded,
  targets: readonly Tensor[],
  sources: readonly Tensor[],
  seeds: readonly (Tensor | null | undefined)[],
  last: boolean,
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
      const outgoing = scope(() => gradientOf(operation, dy, needs));
      operation.inputs.forEach((input, k) => {
        const gradient = outgoing[k];
        if (!needs[k] || !gradient) return;
        accumulate(input, { gradient, owned: mayReuse && madeByRule(gradient, k, operation, dy, outgoing) });
      });
      // An intermediate's gradient has served once the operation that made it is passed.
      operation.outputs.forEach((output, k) => {
        if (wanted.has(output)) return;
        arrived.delete(output);
        const past = incoming[k];
        if (mayReuse && past?.owned && !outgoing.includes(past.gradient)) past.gradient.dispose();
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

/** A gradient the rule made itself and returned once, rather than something that exists elsewhere. */
function madeByRule(
  gradient: Tensor,
  position: number,
  { name, inputs, outputs, saved }: OperationRecord,
  dy: readonly (Tensor | null)[],
  outgoing: readonly (Tensor | null)[],
): boolean {
  if (name === "custom") return false; // the user's function may return anything
  return (
    !dy.includes(gradient) &&
    outgoing.indexOf(gradient) === position &&
    outgoing.lastIndexOf(gradient) === position &&
    ![inputs, outputs, saved].some((list) => list.includes(gradient))
  );
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
