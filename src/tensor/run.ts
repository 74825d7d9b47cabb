import { RondoError } from "../errors.js";
import { engine } from "./engine.js";
import { type AttributesOf, forwardTable, type OperationName } from "./forward/table.js";
import type { Tensor } from "./tensor.js";

/** What happened when an operation ran; a tape keeps a list of these. */
export interface OperationRecord {
  readonly name: OperationName;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** What forward kept for backward, beyond inputs and outputs. */
  readonly saved: readonly Tensor[];
  readonly attributes: object;
}

/** Listens to operations; autograd installs one while a tape records. */
export interface Recorder {
  /** Does a gradient flow to any of these inputs? If not, nothing needs to be kept. */
  watches(inputs: readonly Tensor[]): boolean;
  record(operation: OperationRecord): void;
}

let recorder: Recorder | null = null;

export function setRecorder(next: Recorder | null): void {
  recorder = next;
}

/**
 * Runs one operation of the table and tells the recorder. Every differentiable thing rondo does passes through here;
 * users call the functions of `tensor/ops`, which check their arguments first.
 */
export function run<K extends OperationName>(
  name: K,
  inputs: readonly Tensor[],
  attributes: AttributesOf<K>,
): readonly Tensor[] {
  const current = engine();
  for (const input of inputs) {
    if (input.storage.engine !== current) {
      throw new RondoError("backend", `${name}: a tensor does not live on the current backend`, {
        received: `a tensor on "${input.storage.engine.backend.name}" while "${current.backend.name}" is in use`,
        fix: "call setBackend() before making tensors and models, or copy it with tensor(t.dataSync(), t.shape)",
      });
    }
  }
  const keep = recorder?.watches(inputs) ?? false;
  const forward = forwardTable[name] as (typeof forwardTable)[K] & ForwardAny;
  const { outputs, saved } = forward(inputs, attributes, keep);
  if (keep) recorder!.record({ name, inputs, outputs, saved: saved ?? [], attributes: attributes as object });
  return outputs;
}

type ForwardAny = (
  inputs: readonly Tensor[],
  attributes: unknown,
  keep: boolean,
) => { outputs: readonly Tensor[]; saved?: readonly Tensor[] };

/** `run` for operations with a single output. */
export function run1<K extends OperationName>(name: K, inputs: readonly Tensor[], attributes: AttributesOf<K>): Tensor {
  return run(name, inputs, attributes)[0]!;
}
