import { checkOptions, RondoError } from "../../errors.js";
import { host } from "../../util/host.js";
import { type KernelCall, type Phase, type ProfileSink, type Span, subscribe, unsubscribe } from "./recorder.js";
import { ProfileReport, type ProfileTotals, Totals } from "./report.js";

/** Options of `profile`. */
export interface ProfileOptions {
  /** Kernel calls kept one by one, for the trace; sums count all of them. Default: 500,000 (about 100 MB). */
  maxEvents?: number;
}

/** Sums by two names: kernel or layer, and phase. */
class Groups {
  private readonly groups = new Map<string | null, Map<Phase, Totals>>();

  add(name: string | null, call: KernelCall): void {
    let phases = this.groups.get(name);
    if (!phases) this.groups.set(name, (phases = new Map()));
    let totals = phases.get(call.phase);
    if (!totals) phases.set(call.phase, (totals = new Totals()));
    totals.add(call);
  }

  /** The slowest first. */
  sorted<T>(make: (name: string | null, phase: Phase, totals: ProfileTotals) => T): T[] {
    return [...this.groups]
      .flatMap(([name, phases]) => [...phases].map(([phase, totals]) => ({ name, phase, totals: totals.result() })))
      .sort((a, b) => b.totals.ms - a.totals.ms)
      .map(({ name, phase, totals }) => make(name, phase, totals));
  }
}

/** A profile that runs until its report is asked for. @internal */
export class ProfileSession implements ProfileSink {
  private readonly start = host().now();
  private readonly operations = new Groups();
  private readonly layers = new Groups();
  private readonly total = new Totals();
  private readonly calls: KernelCall[] = [];
  private readonly spans: Span[] = [];
  private peakBytes = 0;
  private dropped = 0;

  constructor(private readonly maxEvents: number) {
    subscribe(this);
  }

  kernel(call: KernelCall): void {
    this.operations.add(call.name, call);
    this.layers.add(call.layer, call);
    this.total.add(call);
    if (call.memory > this.peakBytes) this.peakBytes = call.memory;
    if (this.calls.length < this.maxEvents) this.calls.push(call);
    else this.dropped++;
  }

  span(span: Span): void {
    if (this.spans.length < this.maxEvents) this.spans.push(span);
  }

  stop(): void {
    unsubscribe(this);
  }

  report<R>(result: R): ProfileReport<R> {
    return new ProfileReport({
      result,
      start: this.start,
      wallMs: host().now() - this.start,
      total: this.total.result(),
      operations: this.operations.sorted((name, phase, totals) => ({ name: name!, phase, ...totals })),
      layers: this.layers.sorted((layer, phase, totals) => ({ layer, phase, ...totals })),
      peakBytes: this.peakBytes,
      calls: this.calls,
      spans: this.spans,
      dropped: this.dropped,
    });
  }
}

/**
 * Runs a function, synchronous or not, and tells where its time and memory went: by kernel and by layer, forward,
 * backward and update apart. Profiles may nest. Work between two `await`s of other code counts as well. What the function
 * throws passes through.
 *
 * @example const report = await profile(() => model.fit(x, y)); report.print();
 */
export async function profile<R>(body: () => R, options: ProfileOptions = {}): Promise<ProfileReport<Awaited<R>>> {
  checkOptions("profile", options, ["maxEvents"]);
  const { maxEvents = 500_000 } = options;
  if (!Number.isInteger(maxEvents) || maxEvents < 0) {
    throw new RondoError("value", "profile: maxEvents must be a whole number of at least 0", {
      received: String(maxEvents),
    });
  }
  if (typeof body !== "function") {
    throw new RondoError("value", "profile needs a function to run", {
      received: (body as unknown) instanceof Promise ? "a promise, whose work has begun already" : typeof body,
      fix: "wrap it: profile(() => model.fit(x, y))",
    });
  }
  const session = new ProfileSession(maxEvents);
  try {
    const result = await body();
    return session.report(result);
  } finally {
    session.stop();
  }
}
