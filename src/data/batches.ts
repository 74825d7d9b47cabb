import { RondoError } from "../errors.js";
import { Tensor } from "../tensor/tensor.js";
import { type DataParts, type Examples, examplesOf, type PartNames } from "./examples.js";
import { HostArray } from "./host-array.js";

/** One batch as a dataset gives it: named parts, or [x, y] and perhaps sample weights. */
export type BatchData =
  | { readonly x: DataParts; readonly y?: DataParts; readonly sampleWeight?: DataParts }
  | readonly [x: DataParts, y: DataParts, sampleWeight?: DataParts];

/**
 * Batches in their order: an array of { x, y }, anything iterable (also asynchronously), or a function that makes such a
 * thing anew for every epoch.
 */
export type Dataset =
  | Iterable<BatchData>
  | AsyncIterable<BatchData>
  | (() => Iterable<BatchData> | AsyncIterable<BatchData>);

/** The tensors of a batch, or of a window of time of one: one x per input, one y and weight per output of the model. */
export interface BatchTensors {
  readonly x: readonly Tensor[];
  readonly y: readonly (Tensor | null)[] | null;
  readonly sampleWeight: readonly (Tensor | null)[];
}

/** One batch on its way into the model; `read` makes its tensors, inside the step that uses them. */
export interface Batch {
  /** Number of examples. */
  readonly size: number;
  /** Length of the second axis of x, or 0 without one. */
  readonly steps: number;
  /** The batch as tensors, or only its steps from `from` up to, but not including, `to`. */
  read(time?: readonly [from: number, to: number]): BatchTensors;
}

/** Where batches come from, epoch by epoch. */
export interface BatchSource {
  /** Batches in an epoch, if known beforehand. */
  readonly count: number | undefined;
  /** Examples in all, if known; only then can they be shuffled. */
  readonly examples: number | undefined;
  /** One pass, over the examples in this order if given. */
  open(order?: ArrayLike<number>): Iterable<Batch> | AsyncIterable<Batch>;
}

/** Whether `fit(data)` means batches that come with their targets, rather than an array of inputs. */
export function isDataset(data: unknown): data is Dataset {
  if (typeof data === "function") return true;
  if (typeof data !== "object" || data === null) return false;
  if (data instanceof Tensor || data instanceof HostArray || ArrayBuffer.isView(data)) return false;
  if (Array.isArray(data)) return typeof data[0] === "object" && data[0] !== null && "x" in data[0];
  return Symbol.iterator in data || Symbol.asyncIterator in data;
}

function batchOf(examples: Examples, rows: ArrayLike<number>): Batch {
  const { x, y, sampleWeight } = examples;
  return {
    size: rows.length,
    steps: x[0]!.shape[1] ?? 0,
    read: (time) => ({
      x: x.map((part) => part.rows(rows, time)),
      y: y?.map((part) => part?.rows(rows, time) ?? null) ?? null,
      // Weights of whole examples hold for every window.
      sampleWeight: sampleWeight.map((part) => part?.rows(rows, part.shape.length > 1 ? time : undefined) ?? null),
    }),
  };
}

/** Batches of arrays; only the batch in use is copied into tensor memory. The last batch may be smaller. */
export function arrayBatches(examples: Examples, batchSize: number): BatchSource {
  const { length } = examples.x[0]!;
  return {
    count: Math.ceil(length / batchSize),
    examples: length,
    *open(order) {
      for (let from = 0; from < length; from += batchSize) {
        const size = Math.min(batchSize, length - from);
        yield batchOf(
          examples,
          Int32Array.from({ length: size }, (_, i) => order?.[from + i] ?? from + i),
        );
      }
    },
  };
}

/** What a dataset gives in one pass, read and checked. @internal */
export async function* datasetExamples(where: string, dataset: Dataset, names: PartNames): AsyncGenerator<Examples> {
  const iterate = (): Iterable<BatchData> | AsyncIterable<BatchData> => {
    const made = typeof dataset === "function" ? dataset() : dataset;
    if (typeof made === "object" && made !== null && (Symbol.iterator in made || Symbol.asyncIterator in made))
      return made;
    throw new RondoError("data", `${where}: the dataset function returned nothing to iterate over`, {
      received: String(made),
      expected: "an iterable of { x, y } or [x, y]",
    });
  };
  let index = 0;
  for await (const data of iterate()) yield readExamples(`${where}, batch ${index++} of the dataset`, data, names);
}

/** Batches in a pass, where that is known beforehand. @internal */
export function countOf(dataset: Dataset): number | undefined {
  return Array.isArray(dataset) ? dataset.length : undefined;
}

/** The batches of a dataset as they come. */
export function datasetBatches(where: string, dataset: Dataset, names: PartNames): BatchSource {
  return {
    count: countOf(dataset),
    examples: undefined,
    async *open() {
      for await (const examples of datasetExamples(where, dataset, names)) {
        yield batchOf(
          examples,
          Int32Array.from({ length: examples.x[0]!.length }, (_, i) => i),
        );
      }
    },
  };
}

function readExamples(where: string, data: BatchData, names: PartNames): Examples {
  const parts = Array.isArray(data) ? { x: data[0], y: data[1], sampleWeight: data[2] } : data;
  if (typeof parts !== "object" || parts === null || !("x" in parts) || parts.x === undefined) {
    throw new RondoError("data", `${where}: this is not a batch`, {
      received:
        typeof parts === "object" && parts !== null ? `an object with ${Object.keys(parts).join(", ")}` : String(parts),
      expected: "{ x, y } or [x, y], and perhaps sampleWeight",
    });
  }
  const { x, y, sampleWeight } = parts as Exclude<BatchData, readonly unknown[]>;
  return examplesOf(where, names, x, y, sampleWeight);
}

/**
 * Cuts examples in two: the first part to train with, the last `fraction` to validate with (Keras: before any shuffling).
 * Throws RondoError "value" when either part would be empty.
 */
export function splitExamples(examples: Examples, fraction: number): [train: Examples, validation: Examples] {
  const { length } = examples.x[0]!;
  const at = Math.floor(length * (1 - fraction));
  if (!(fraction > 0 && fraction < 1) || at === 0 || at === length) {
    throw new RondoError("value", "validationSplit must leave examples on both sides", {
      received: `${fraction} of ${length} examples`,
      expected: "a fraction above 0 and below 1",
    });
  }
  const cut = (from: number, to: number): Examples => ({
    x: examples.x.map((part) => part.slice(from, to)),
    y: examples.y?.map((part) => part?.slice(from, to) ?? null) ?? null,
    sampleWeight: examples.sampleWeight.map((part) => part?.slice(from, to) ?? null),
  });
  return [cut(0, at), cut(at, length)];
}
