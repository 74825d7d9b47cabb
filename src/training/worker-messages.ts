import type { BackendName } from "../backend/backend.js";
import type { PackedExamples } from "../data/examples.js";
import { type ErrorCode, RondoError } from "../errors.js";
import type { SwapEMAWeightsOptions } from "./callbacks/swap-ema-weights.js";
import type { courseHooks, Logs } from "./callbacks.js";
import type { FitOptions, History } from "./fit.js";
import type { Purpose } from "./worker-batches.js";

/** Hooks of callbacks that a worker asks for; the others run where `fit` was called anyway. */
export type RemoteHook = (typeof courseHooks)[number];

/** From the caller to the worker. */
export type ToWorker =
  | {
      readonly type: "fit";
      readonly backend: BackendName;
      /** The model file, with the training state. */
      readonly model: Uint8Array;
      /** Whether the state's position is where to start. */
      readonly resumed: boolean;
      /** Arrays; null for a dataset, whose batches are asked for. */
      readonly examples: PackedExamples | null;
      /** Likewise; "dataset" for one, null without validation. */
      readonly validation: PackedExamples | "dataset" | null;
      /** Whether averages of weights are validated with; done there, as the model is. */
      readonly swapEMA: Required<SwapEMAWeightsOptions> | null;
      readonly options: FitOptions;
      readonly hooks: readonly RemoteHook[];
      readonly modules: readonly string[];
    }
  | { readonly type: "reply"; readonly stop: boolean; readonly learningRate: number | null }
  /** The answer to a pull: the next batch, null at the end of the pass. */
  | { readonly type: "batch"; readonly pass: number; readonly examples: PackedExamples | null }
  | { readonly type: "abort" };

/** From the worker to the caller. States are what `trainingToBytes` gives. */
export type FromWorker =
  | { readonly type: "ready" }
  | {
      readonly type: "hook";
      readonly hook: RemoteHook;
      readonly at: number;
      readonly logs: Logs;
      readonly batchLoss: number;
      readonly batches: number | undefined;
      readonly error: PlainError | null;
      readonly state: Uint8Array | null;
    }
  | { readonly type: "pull"; readonly purpose: Purpose; readonly pass: number }
  | { readonly type: "close"; readonly pass: number }
  | { readonly type: "done"; readonly history: History; readonly logs: Logs; readonly state: Uint8Array }
  | { readonly type: "error"; readonly error: PlainError };

/** An error as a message can carry it. */
export interface PlainError {
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly details: Readonly<Record<string, string | undefined>>;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof RondoError))
    return { code: null, message: String((error as Error)?.message ?? error), details: {} };
  const { code, message, received, expected, fix, path } = error;
  const summary = message.split("\n")[0]!;
  return {
    code,
    message: path && summary.startsWith(`${path}: `) ? summary.slice(path.length + 2) : summary,
    details: { received, expected, fix, path },
  };
}

export function errorFromPlain({ code, message, details }: PlainError): Error {
  return code ? new RondoError(code, message, details) : new Error(message);
}
