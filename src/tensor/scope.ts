import { RondoError } from "../errors.js";
import type { Tensor } from "./tensor.js";

/**
 * Who frees what. Inside a scope (a training step, a prediction, a gradient) every new tensor belongs to the scope and is
 * freed when it ends, unless it is kept or returned, or a tape that records needs it for a gradient. Outside a scope a tensor's memory returns to the arena when the
 * tensor is garbage-collected. Users need neither; `scope` is there for long synchronous loops of their own.
 */
interface Scope {
  readonly tensors: Tensor[];
}

const scopes: Scope[] = [];
let recordings = 0;
let closures = 0;

/** A tape is recording: intermediates that gradients need must outlive inner scopes. */
export function beginRecording(): void {
  recordings++;
}
export function endRecording(): void {
  recordings--;
}

/** A gradient of the user's own was recorded, which may use any tensor it can see: from here on, all stay. */
export function beginClosure(): void {
  closures++;
}
export function endClosure(): void {
  closures--;
}
/** Whether some tape may still need any tensor that exists. */
export function recordingAnywhere(): boolean {
  return recordings > 0;
}

/** Registers a new tensor with the innermost scope; returns false when there is none. */
export function adopt(tensor: Tensor): boolean {
  const scope = scopes[scopes.length - 1];
  if (!scope) return false;
  scope.tensors.push(tensor);
  return true;
}

/** Collects what a scoped function returned: tensors, however nested in arrays, maps and plain objects. */
function collectTensors(value: unknown, into: Set<Tensor>): void {
  if (value === null || typeof value !== "object") return;
  if (isTensor(value)) into.add(value);
  else if (Array.isArray(value) || value instanceof Map) for (const item of value.values()) collectTensors(item, into);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collectTensors(item, into);
  }
}

/** Set by tensor.ts; breaks the import cycle between scopes and tensors. */
let isTensor: (v: unknown) => v is Tensor = (_v): _v is Tensor => false;
export function teachScopesWhatATensorIs(test: (v: unknown) => v is Tensor): void {
  isTensor = test;
}

/**
 * Runs `body` and frees the tensors it made, except those it returns (also inside arrays, maps and plain objects) and
 * those that were kept. Not for async functions.
 *
 * @example const norm = scope(() => sqrt(sum(square(x))));
 */
export function scope<R>(body: () => R): R {
  const mine: Scope = { tensors: [] };
  const returned = new Set<Tensor>();
  scopes.push(mine);
  try {
    const result = body();
    if (result instanceof Promise) {
      result.catch(() => {}); // its own failure must not hide this one
      throw new RondoError("value", "scope() cannot wrap an async function", {
        expected: "a function that is done when it returns",
        fix: "await first, and put only the synchronous part in scope(); it would free tensors still in use otherwise",
      });
    }
    collectTensors(result, returned);
    return result;
  } finally {
    scopes.pop();
    const outer = scopes[scopes.length - 1];
    for (const tensor of mine.tensors) {
      if (tensor.disposed || tensor.kept) continue;
      if (returned.has(tensor) || (recordings > 0 && isWanted(tensor))) {
        if (outer) outer.tensors.push(tensor);
        else tensor.freeWhenUnreachable();
      } else tensor.dispose();
    }
  }
}

/** Whether a gradient needs a tensor whose scope has ended. */
function isWanted(tensor: Tensor): boolean {
  if (closures > 0) return true;
  tensor.left = true;
  return tensor.awaited > 0;
}

/**
 * Frees what the innermost scope holds and no gradient will read, except `wanted`, and lets go of the rest as soon as its
 * gradients are computed. For a function whose tensors belong to nobody once it has returned.
 *
 * @internal
 */
export function leaveToGradients(wanted: readonly (Tensor | undefined)[]): void {
  const current = scopes[scopes.length - 1];
  if (!current || recordings > 0) return;
  for (const tensor of current.tensors) {
    if (tensor.disposed || tensor.kept || wanted.includes(tensor)) continue;
    tensor.left = true;
    if (tensor.awaited === 0) tensor.dispose();
  }
}

/** Number of scopes open; a training step is one. */
export function scopeDepth(): number {
  return scopes.length;
}
