import { checkOptions, RondoError } from "../../errors.js";
import { trainingFromBytes, trainingToBytes } from "../../formats/training-backup.js";
import { files } from "../../util/files.js";
import type { Callback, Logs, TrainingContext } from "../callbacks.js";
import { checkCount } from "../checks.js";
import { readBytesIfAny } from "./log-file.js";

/** Options of `callbacks.backupAndRestore`. */
export interface BackupAndRestoreOptions {
  /** "epoch", or every so many batches. "epoch" by default. */
  saveFreq?: "epoch" | number;
  /** Remove the file when the training has come to its end. True by default. */
  deleteCheckpoint?: boolean;
}

class BackupAndRestore implements Callback {
  readonly name = "backupAndRestore";
  /** Whether the last `fit` went on from a backup. */
  restored = false;
  private batches = 0;

  constructor(
    private readonly path: string,
    private readonly saveFreq: "epoch" | number,
    private readonly deleteCheckpoint: boolean,
  ) {}

  async onTrainBegin({ model }: TrainingContext): Promise<void> {
    const bytes = await readBytesIfAny(this.path);
    this.restored = bytes !== null;
    this.batches = 0;
    if (bytes) trainingFromBytes(model, bytes, this.path);
  }

  async onBatchEnd(_batch: number, _logs: Logs, { model }: TrainingContext): Promise<void> {
    if (this.saveFreq === "epoch" || ++this.batches % this.saveFreq !== 0) return;
    await files().write(this.path, trainingToBytes(model));
  }

  async onEpochEnd(_epoch: number, _logs: Logs, { model }: TrainingContext): Promise<void> {
    if (this.saveFreq === "epoch") await files().write(this.path, trainingToBytes(model));
  }

  async onTrainEnd(_logs: Logs, { aborted }: TrainingContext): Promise<void> {
    if (this.deleteCheckpoint && !aborted) await files().remove(this.path);
  }
}

export type { BackupAndRestore };

/**
 * Makes a long training survive crashes: keeps weights, optimizer, position, random numbers and the states of callbacks in
 * one file, and when `fit` starts with that file there, goes on exactly where it was; the result is the same to the bit.
 * Works for any model, also with functions in it, as long as the program makes the same one again. An aborted training
 * (`signal`) keeps its file. Throws RondoError "file", and "format" for a file of another model.
 *
 * @example await model.fit(x, y, { epochs: 100, callbacks: callbacks.backupAndRestore("run.backup") });
 */
export function backupAndRestore(path: string, options: BackupAndRestoreOptions = {}): BackupAndRestore {
  const where = "callbacks.backupAndRestore";
  checkOptions(where, options, ["saveFreq", "deleteCheckpoint"]);
  const { saveFreq = "epoch", deleteCheckpoint = true } = options;
  if (saveFreq !== "epoch") checkCount(where, "saveFreq", saveFreq);
  if (typeof path !== "string" || path === "") {
    throw new RondoError("option", `${where} needs a path to save to`, { received: String(path) });
  }
  return new BackupAndRestore(path, saveFreq, deleteCheckpoint);
}
