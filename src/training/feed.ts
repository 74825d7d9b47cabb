import type { Batch, BatchSource } from "../data/batches.js";
import { closePass, iteratorOf, nextOf } from "../data/next-batch.js";
import { RondoError } from "../errors.js";

/** Batches one after the other, through the ends of epochs where asked to. */
export class Feed {
  private iterator: AsyncIterator<Batch> | Iterator<Batch> | null = null;

  constructor(
    private readonly source: BatchSource,
    private readonly steps: number | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Starts an epoch. With a fixed number of steps an open pass over a dataset goes on. */
  begin(order: ArrayLike<number> | undefined): void {
    if (this.steps !== undefined && this.source.examples === undefined && this.iterator) return;
    this.iterator = iteratorOf<Batch>(this.source.open(order));
  }

  /** The next batch of the epoch, or null at its end or when aborted. `done` batches of the epoch came before. */
  async next(done: number): Promise<Batch | null> {
    if (this.steps !== undefined && done >= this.steps) return null;
    const { value, done: ended } = await nextOf(this.iterator!, this.signal);
    if (!ended) return value;
    if (this.signal?.aborted) return null;
    this.iterator = null;
    if (done > 0 && (this.steps === undefined || this.source.examples !== undefined)) return null;
    if (this.steps !== undefined) {
      // A dataset shorter than the steps starts over.
      this.begin(undefined);
      const again = await nextOf(this.iterator!, this.signal);
      if (!again.done) return again.value;
      if (this.signal?.aborted) return null;
    }
    throw noBatches(done);
  }

  /** Passes over what was trained before a state was taken: `done` batches of epoch number `epoch`. */
  async skip(epoch: number, done: number): Promise<void> {
    const through = this.steps !== undefined && this.source.examples === undefined;
    const count = through ? epoch * this.steps! + done : done;
    for (let i = 0; i < count; i++) await this.next(through ? i % this.steps! : i);
  }

  async close(): Promise<void> {
    await closePass(this.iterator, this.signal);
  }
}

/** A dataset had fewer batches than are needed. */
export function noBatches(done: number): RondoError {
  return new RondoError("data", done > 0 ? "the dataset ran out of batches" : "the dataset gave no batches", {
    fix: "pass a function that makes the dataset anew for every epoch: fit(() => batches(), …)",
  });
}
