import { type BatchData, type Dataset, datasetExamples } from "../data/batches.js";
import { type Examples, type PackedExamples, type PartNames, packExamples, unpackExamples } from "../data/examples.js";
import { nextOf } from "../data/next-batch.js";
import type { FromWorker, ToWorker } from "./worker-messages.js";

/** Which of the two a batch is for. */
export type Purpose = "training" | "validation";

/**
 * Where `fit` was called: gives a worker the batches of datasets. The worker asks for each, and has one more than the one it
 * works on; nothing piles up.
 */
export class BatchSupply {
  private readonly passes = new Map<number, AsyncGenerator<Examples>>();
  /** The first batch of the first pass, read to see its shapes. */
  private peeked: { readonly pass: AsyncGenerator<Examples>; readonly first: IteratorResult<Examples> } | null = null;

  constructor(
    private readonly datasets: Readonly<Partial<Record<Purpose, Dataset>>>,
    private readonly names: PartNames,
  ) {}

  private open(purpose: Purpose): AsyncGenerator<Examples> {
    const where = purpose === "training" ? "fit" : "validationData";
    return datasetExamples(where, this.datasets[purpose]!, this.names);
  }

  /** The first training batch, which the first pass will begin with; null when there is none, or when aborted. */
  async peek(signal: AbortSignal | undefined): Promise<Examples | null> {
    const pass = this.open("training");
    const first = await nextOf(pass, signal);
    this.peeked = { pass, first };
    return first.done ? null : first.value;
  }

  /** Answers a request for the next batch of a pass, which is opened when it is first asked for. */
  async answer(message: Extract<FromWorker, { type: "pull" }>): Promise<Extract<ToWorker, { type: "batch" }>> {
    const { purpose, pass } = message;
    const peeked = purpose === "training" ? this.peeked : null;
    if (peeked && !this.passes.has(pass)) {
      this.passes.set(pass, peeked.pass);
      this.peeked = null;
      return { type: "batch", pass, examples: peeked.first.done ? null : packExamples(peeked.first.value) };
    }
    if (!this.passes.has(pass)) this.passes.set(pass, this.open(purpose));
    const { value, done } = await this.passes.get(pass)!.next();
    if (done) this.passes.delete(pass);
    return { type: "batch", pass, examples: done ? null : packExamples(value) };
  }

  /** Ends a pass before its end. */
  close(pass: number): void {
    this.passes
      .get(pass)
      ?.return(undefined)
      .catch(() => {});
    this.passes.delete(pass);
  }

  /** Ends all passes. Sources that are still busy with a batch are not waited for. */
  end(): void {
    if (this.peeked) this.passes.set(Number.NaN, this.peeked.pass);
    for (const pass of [...this.passes.keys()]) this.close(pass);
  }
}

/** In the worker: datasets whose batches come from where `fit` was called. */
export class BatchDemand {
  private count = 0;
  private readonly waiting = new Map<number, (batch: PackedExamples | null) => void>();

  constructor(private readonly send: (message: FromWorker) => void) {}

  take({ pass, examples }: Extract<ToWorker, { type: "batch" }>): void {
    this.waiting.get(pass)?.(examples);
    this.waiting.delete(pass);
  }

  dataset(purpose: Purpose): () => AsyncIterable<BatchData> {
    return () => this.pass(purpose, this.count++);
  }

  private async *pass(purpose: Purpose, pass: number): AsyncGenerator<BatchData> {
    const pull = () =>
      new Promise<PackedExamples | null>((resolve) => {
        this.waiting.set(pass, resolve);
        this.send({ type: "pull", purpose, pass });
      });
    let next = pull();
    try {
      for (let batch = await next; batch; batch = await next) {
        // The next one is made there while this one is worked on here.
        next = pull();
        yield batchData(unpackExamples(batch));
      }
    } finally {
      this.waiting.delete(pass);
      this.send({ type: "close", pass });
    }
  }
}

/** Examples as `fit` takes them. */
export function batchData({ x, y, sampleWeight }: Examples): Exclude<BatchData, readonly unknown[]> {
  const weights = sampleWeight.length === 1 ? sampleWeight[0]! : sampleWeight;
  return { x, ...(y ? { y } : {}), ...(sampleWeight.some((each) => each) ? { sampleWeight: weights } : {}) };
}

/** Memory of packed examples, which moves to the other thread rather than being copied again. */
export function buffersOf(packed: PackedExamples | null): ArrayBuffer[] {
  const parts = packed ? [...packed.x, ...(packed.y ?? []), ...packed.sampleWeight] : [];
  return parts.flatMap((part) => (part ? [part.source.buffer as ArrayBuffer] : []));
}
