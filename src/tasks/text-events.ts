import type { TextConfig } from "./text-options.js";

/** Why a training ended. */
export type TextEnd = "epochs" | "time" | "patience" | "interrupted" | "dryRun";

/** What `trainText` tells while it works. Steps, epochs and batches count from 1; times are in seconds. */
export type TextEvent =
  | {
      readonly type: "start";
      readonly config: TextConfig;
      /** Distinct characters. */
      readonly vocabulary: number;
      readonly parameters: number;
      readonly trainingCharacters: number;
      readonly validationCharacters: number;
      readonly stepsPerEpoch: number;
      /** Steps already made by the run that is resumed; 0 for a new one. */
      readonly resumedAt: number;
      /** What was adapted to the text, in sentences. */
      readonly notes: readonly string[];
    }
  | {
      readonly type: "step";
      readonly step: number;
      readonly epoch: number;
      readonly batch: number;
      readonly batches: number;
      /** Cross-entropy of this batch, in nats per character. */
      readonly loss: number;
      readonly learningRate: number;
      readonly charactersPerSecond: number;
      readonly elapsed: number;
      /** Seconds until the end, estimated. */
      readonly left: number;
      /** How much of the training is done, 0 to 1. */
      readonly progress: number;
    }
  | {
      readonly type: "validation";
      readonly step: number;
      readonly epoch: number;
      /** Mean over the steps since the last validation, in nats per character. */
      readonly loss: number;
      /** On the text kept for validation, in nats per character; null when none is kept. */
      readonly validationLoss: number | null;
      /** Is this the best so far? */
      readonly best: boolean;
      readonly elapsed: number;
    }
  | {
      readonly type: "sample";
      readonly step: number;
      readonly temperature: number;
      readonly text: string;
    }
  | {
      readonly type: "end";
      readonly reason: TextEnd;
      readonly step: number;
      readonly epoch: number;
      readonly elapsed: number;
      /** The validation (or, without one, training) loss of the best checkpoint; null before the first validation. */
      readonly bestLoss: number | null;
      readonly bestStep: number;
    };
