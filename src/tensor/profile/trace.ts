import type { KernelCall, Span } from "./recorder.js";

/** One event of Chrome's trace format; times in microseconds. */
interface TraceEvent {
  readonly name: string;
  /** X: something that takes time; C: a counter; M: a name for what comes. */
  readonly ph: "X" | "C" | "M";
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/**
 * Kernel calls and spans as a trace: kernels lie below the layers and phases that called them, because they lie within
 * their times. Format: "Trace Event Format", JSON object form.
 *
 * @internal
 */
export function chromeTrace(start: number, calls: readonly KernelCall[], spans: readonly Span[]): string {
  const where = { pid: 1, tid: 1 };
  const at = (ms: number) => Math.max(0, (ms - start) * 1000);
  const events: TraceEvent[] = [
    { name: "process_name", ph: "M", ts: 0, ...where, args: { name: "rondo" } },
    { name: "thread_name", ph: "M", ts: 0, ...where, args: { name: "layers and kernels" } },
  ];
  for (const { kind, name, start: from, ms } of spans) {
    events.push({ name, ph: "X", ts: at(from), dur: ms * 1000, ...where, cat: kind });
  }
  let memory = -1;
  for (const call of calls) {
    const args = { layer: call.layer, flops: call.flops, bytes: call.bytes };
    events.push({ name: call.name, ph: "X", ts: at(call.start), dur: call.ms * 1000, ...where, cat: call.phase, args });
    if (call.memory === memory) continue;
    memory = call.memory;
    events.push({ name: "memory", ph: "C", ts: at(call.start), ...where, args: { bytes: memory } });
  }
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: events });
}
