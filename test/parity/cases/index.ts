import type { KernelName } from "../../../src/backend/kernels.js";
import { attentionCases } from "./attention.js";
import type { CaseTable } from "./case.js";
import { copyCases } from "./copy.js";
import { elementwiseCases } from "./elementwise.js";
import { indexingCases } from "./indexing.js";
import { matMulCases } from "./matmul.js";
import { optimizerCases } from "./optimizer.js";
import { randomCases } from "./random.js";
import { recurrentCases } from "./recurrent.js";
import { reduceCases } from "./reduce.js";
import { softmaxCases } from "./softmax.js";

/** Cases for every kernel of the table: a kernel without an entry here does not compile. */
export const cases: CaseTable<KernelName> = {
  ...copyCases,
  ...elementwiseCases,
  ...reduceCases,
  ...matMulCases,
  ...indexingCases,
  ...softmaxCases,
  ...attentionCases,
  ...randomCases,
  ...optimizerCases,
  ...recurrentCases,
};
