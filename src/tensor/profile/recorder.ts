import type { KernelName } from "../../backend/kernels.js";
import { host } from "../../util/host.js";
import { type AnyKernel, type Engine, interceptKernels } from "../engine.js";
import { listenToSections, type SectionKind } from "../sections.js";
import { workOf } from "./work.js";

/** What a kernel worked for: outputs, gradients, or an optimizer's update of the weights. */
export type Phase = "forward" | "backward" | "update";

/** One call of one kernel. */
export interface KernelCall {
  readonly name: KernelName;
  readonly phase: Phase;
  /** Path of the innermost layer; null for work outside layers, such as a loss. */
  readonly layer: string | null;
  /** Milliseconds on the host's clock. */
  readonly start: number;
  readonly ms: number;
  /** Null where the work of a kernel is not known. */
  readonly flops: number | null;
  readonly bytes: number | null;
  /** Bytes of tensors and working memory that existed during the call. */
  readonly memory: number;
}

/** A stretch of the program that has a name. */
export interface Span {
  readonly kind: SectionKind;
  readonly name: string;
  readonly start: number;
  readonly ms: number;
}

/** Receives what happens while it is subscribed. */
export interface ProfileSink {
  kernel(call: KernelCall): void;
  span(span: Span): void;
}

interface Section {
  readonly kind: SectionKind;
  readonly name: string;
  readonly start: number;
}

const sinks = new Set<ProfileSink>();
const open: Section[] = [];
let phase: Phase = "forward";
let layer: string | null = null;
/** The layer each recorded operation belongs to, for its gradient. */
let owners = new WeakMap<object, string>();
/** Consecutive gradients of one layer make one span. */
let differentiated: Section | null = null;

/** Size queries answer at once and do no work. */
const isQuery = (name: KernelName) => name.endsWith("Size");

function timed(name: KernelName, kernel: AnyKernel, engine: Engine): AnyKernel {
  if (isQuery(name)) return kernel;
  const { now } = host();
  return (...values) => {
    // Before the call: kernels such as the in-place updates overwrite nothing that is asked here, but arenas may move.
    const work = workOf(name, values, words(engine));
    const start = now();
    const result = kernel(...values);
    const ms = now() - start;
    const call: KernelCall = {
      ...{ name, phase, layer, start, ms },
      flops: work?.flops ?? null,
      bytes: work?.bytes ?? null,
      memory: engine.arena.bytesInUse,
    };
    for (const sink of sinks) sink.kernel(call);
    return result;
  };
}

let view = new Int32Array(0);
function words(engine: Engine): Int32Array {
  const { buffer } = engine.backend.memory;
  if (view.buffer !== buffer) view = new Int32Array(buffer);
  return view;
}

function settle(): void {
  phase = "forward";
  layer = null;
  for (const { kind, name } of open) {
    if (kind === "layer") layer = name;
    else [phase, layer] = [kind, null];
  }
}

function close({ kind, name, start }: Section): void {
  const span = { kind, name, start, ms: host().now() - start };
  for (const sink of sinks) sink.span(span);
}

function endDifferentiated(): void {
  if (differentiated) close(differentiated);
  differentiated = null;
}

const listener = {
  enter(kind: SectionKind, name: string): void {
    open.push({ kind, name, start: host().now() });
    settle();
  },
  leave(): void {
    const section = open.pop();
    if (section?.kind === "backward") endDifferentiated();
    if (section) close(section);
    settle();
  },
  recorded(operation: object): void {
    if (layer !== null) owners.set(operation, layer);
  },
  differentiates(operation: object): void {
    layer = owners.get(operation) ?? null;
    if (differentiated?.name === layer) return;
    endDifferentiated();
    if (layer !== null) differentiated = { kind: "layer", name: layer, start: host().now() };
  },
};

/** Sends what happens from now on to `sink`. */
export function subscribe(sink: ProfileSink): void {
  sinks.add(sink);
  if (sinks.size > 1) return;
  listenToSections(listener);
  interceptKernels(timed);
}

/** The last one to leave brings back the plain kernels. */
export function unsubscribe(sink: ProfileSink): void {
  sinks.delete(sink);
  if (sinks.size > 0) return;
  interceptKernels(null);
  listenToSections(null);
  open.length = 0;
  differentiated = null;
  owners = new WeakMap();
  view = new Int32Array(0);
  settle();
}
