import { files } from "../../util/files.js";
import { host } from "../../util/host.js";
import { profileTable } from "./format.js";
import type { KernelCall, Phase, Span } from "./recorder.js";
import { chromeTrace } from "./trace.js";

/** What a group of kernel calls took together. */
export interface ProfileTotals {
  readonly calls: number;
  /** Milliseconds inside kernels. */
  readonly ms: number;
  /**
   * Floating-point operations: 2 m n k for a product of matrices; recurrent kernels count their products only. Null where
   * the work of a kernel is not known.
   */
  readonly flops: number | null;
  /** Bytes of operands and results, each counted once per call. */
  readonly bytes: number | null;
  /** 10⁹ floating-point operations per second of kernel time; null where unknown or without any. */
  readonly gflopsPerSecond: number | null;
}

/** The calls of one kernel in one phase. */
export interface ProfiledOperation extends ProfileTotals {
  /** Name of the kernel, e.g. "lstmForward". */
  readonly name: string;
  readonly phase: Phase;
}

/** The calls made for one layer in one phase. */
export interface ProfiledLayer extends ProfileTotals {
  /** Path of the layer in its model; null for work outside layers: losses, metrics, optimizers. */
  readonly layer: string | null;
  readonly phase: Phase;
}

/** Sums up calls. @internal */
export class Totals {
  calls = 0;
  ms = 0;
  private flops: number | null = 0;
  private bytes: number | null = 0;

  add(call: KernelCall): void {
    this.calls++;
    this.ms += call.ms;
    this.flops = this.flops === null || call.flops === null ? null : this.flops + call.flops;
    this.bytes = this.bytes === null || call.bytes === null ? null : this.bytes + call.bytes;
  }

  result(): ProfileTotals {
    const { calls, ms, flops, bytes } = this;
    return { calls, ms, flops, bytes, gflopsPerSecond: flops && ms > 0 ? flops / ms / 1e6 : null };
  }
}

/** What a profile found. @internal */
export interface Measured<R> {
  readonly result: R;
  readonly start: number;
  readonly wallMs: number;
  readonly total: ProfileTotals;
  readonly operations: readonly ProfiledOperation[];
  readonly layers: readonly ProfiledLayer[];
  readonly peakBytes: number;
  readonly calls: readonly KernelCall[];
  readonly spans: readonly Span[];
  readonly dropped: number;
}

/**
 * Where time and memory went while a function ran; made by `profile()`.
 *
 * @example const report = await profile(() => model.predict(x)); console.log(report.toString());
 */
export class ProfileReport<R = unknown> {
  /** What the profiled function returned. */
  readonly result: R;
  /** Milliseconds from start to end. */
  readonly wallMs: number;
  /** All kernel calls together; `wallMs - total.ms` is JavaScript and waiting. */
  readonly total: ProfileTotals;
  /** By kernel and phase, the slowest first. */
  readonly operations: readonly ProfiledOperation[];
  /** By layer and phase, the slowest first. */
  readonly layers: readonly ProfiledLayer[];
  /** Largest number of bytes that tensors and kernels' working memory took at once. */
  readonly peakBytes: number;
  /** Calls the trace lacks because there were more than `maxEvents`; all sums include them. */
  readonly droppedEvents: number;
  private readonly start: number;
  private readonly calls: readonly KernelCall[];
  private readonly spans: readonly Span[];

  /** @internal Use `profile()`. */
  constructor(measured: Measured<R>) {
    this.result = measured.result;
    this.start = measured.start;
    this.wallMs = measured.wallMs;
    this.total = measured.total;
    this.operations = measured.operations;
    this.layers = measured.layers;
    this.peakBytes = measured.peakBytes;
    this.calls = measured.calls;
    this.spans = measured.spans;
    this.droppedEvents = measured.dropped;
  }

  /** The tables as text. */
  toString(): string {
    return profileTable(this);
  }

  /** Prints the tables. @param print takes the lines; to the console by default. */
  print(print: (line: string) => void = (line) => host().print(line)): void {
    for (const line of this.toString().split("\n")) print(line);
  }

  /**
   * Every kernel call, layer and phase on a time axis, and the memory in use, as JSON in Chrome's trace format, which
   * chrome://tracing and https://ui.perfetto.dev open.
   */
  toTrace(): string {
    return chromeTrace(this.start, this.calls, this.spans);
  }

  /** Writes `toTrace()` to a file. Throws RondoError "file". @example await report.saveTrace("trace.json"); */
  async saveTrace(path: string): Promise<void> {
    await files().write(path, new TextEncoder().encode(this.toTrace()));
  }
}
