export { ctcLoss } from "./ctc.js";
export { type CtcDecodeOptions, type CtcPath, ctcDecode } from "./ctc-decode.js";
export type { Loss, LossFunction, Reduction, ReductionOption } from "./loss.js";
export { lossMask, lossValue, reduceLoss } from "./reduce.js";
export { type LossLike, type LossName, losses, lossFromConfig, resolveLoss } from "./table.js";
