import { lambda } from "../callbacks.js";
import { earlyStopping } from "../early-stopping.js";
import { backupAndRestore } from "./backup-and-restore.js";
import { csvLogger } from "./csv-logger.js";
import { history } from "./history.js";
import { jsonLogger } from "./json-logger.js";
import { layerStatistics } from "./layer-statistics.js";
import { learningRateScheduler } from "./learning-rate-scheduler.js";
import { modelCheckpoint } from "./model-checkpoint.js";
import { reduceLROnPlateau } from "./reduce-lr-on-plateau.js";
import { swapEMAWeights } from "./swap-ema-weights.js";
import { tensorBoard } from "./tensor-board.js";
import { terminateOnNaN } from "./terminate-on-nan.js";

/**
 * Ready-made callbacks.
 *
 * @example await model.fit(x, y, { callbacks: [callbacks.earlyStopping({ patience: 5 }), callbacks.csvLogger("log.csv")] })
 */
export const callbacks = {
  earlyStopping,
  reduceLROnPlateau,
  learningRateScheduler,
  modelCheckpoint,
  backupAndRestore,
  layerStatistics,
  swapEMAWeights,
  terminateOnNaN,
  tensorBoard,
  csvLogger,
  jsonLogger,
  history,
  lambda,
} as const;
