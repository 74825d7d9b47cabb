import { checkOptions } from "../../errors.js";
import { host } from "../../util/host.js";
import type { Callback, TrainingContext } from "../callbacks.js";
import { checkCount, checkNotNegative } from "../checks.js";
import { type LayerStatistics, measureLayers } from "../layer-statistics.js";
import type { SavedState } from "../saved-state.js";

/** One measurement. */
export interface StatisticsReport {
  /** Updates made before it. */
  readonly step: number;
  readonly layers: readonly LayerStatistics[];
  /** What looks wrong, with the layer's place in the model. */
  readonly warnings: readonly string[];
}

/** Options of `callbacks.layerStatistics`. */
export interface LayerStatisticsOptions {
  /** Batches from one measurement to the next; each costs about one more step. 100 by default. */
  every?: number;
  /** Called with every measurement. */
  onReport?: (report: StatisticsReport) => void;
  /** Gradients of a layer's weights below this (root mean square) have vanished. 1e-7 by default. */
  vanishing?: number;
  /** Gradients of a layer's weights above this (root mean square) explode. 100 by default. */
  exploding?: number;
  /** Prints each warning once. True by default. */
  print?: boolean;
}

/** From the last to the first step (or the other way) gradients may change by this factor before there is a warning. */
const THROUGH_TIME = 1e4;
/** Share of a gate's values near 0 or 1, and of an output's zeros, above which there is a warning. */
const MOST = 0.9;

function warningsOf(
  { layer, activations, gradients, gradientsByStep, saturation }: LayerStatistics,
  vanishing: number,
  exploding: number,
): string[] {
  const found: string[] = [];
  const short = (n: number) => n.toPrecision(2);
  if (gradients && gradients.rms < vanishing) found.push(`the gradients vanish (${short(gradients.rms)})`);
  if (gradients && gradients.rms > exploding) found.push(`the gradients explode (${short(gradients.rms)})`);
  if (gradientsByStep && gradientsByStep.length > 1) {
    const largest = Math.max(...gradientsByStep);
    const [first, last] = [gradientsByStep[0]!, gradientsByStep.at(-1)!];
    if (largest > 0 && first < largest / THROUGH_TIME) {
      found.push(`the gradients vanish through time (${short(first)} at the first step, ${short(last)} at the last)`);
    } else if (last > 0 && first > last * THROUGH_TIME) {
      found.push(`the gradients explode through time (${short(first)} at the first step, ${short(last)} at the last)`);
    }
  }
  if (activations.zeros > MOST) found.push(`${Math.round(activations.zeros * 100)} % of the outputs are zero`);
  for (const [gate, share] of Object.entries(saturation ?? {})) {
    if (share > MOST) found.push(`the ${gate} gate is saturated (${Math.round(share * 100)} % near 0 or 1)`);
  }
  return found.map((text) => `${layer}: ${text}`);
}

class LayerStatisticsCallback implements Callback {
  readonly name = "layerStatistics";
  /** The last measurement. */
  report: StatisticsReport | null = null;
  private batches = 0;
  private readonly printed = new Set<string>();

  constructor(private readonly options: Required<Omit<LayerStatisticsOptions, "onReport">> & LayerStatisticsOptions) {}

  onTrainBegin(): void {
    this.batches = 0;
    this.printed.clear();
  }

  onBatchBegin(_batch: number, { model, batch }: TrainingContext): void {
    const { every, vanishing, exploding, onReport, print } = this.options;
    if (this.batches++ % every !== 0 || !batch) return;
    const layers = measureLayers(model, batch);
    const warnings = layers.flatMap((each) => warningsOf(each, vanishing, exploding));
    this.report = { step: model.optimizer.iterations, layers, warnings };
    if (print) {
      for (const warning of warnings) {
        // The numbers in it change from time to time.
        const kind = warning.replace(/[\d.e+-]+/g, "");
        if (!this.printed.has(kind)) host().print(`step ${this.report.step}: ${warning}`);
        this.printed.add(kind);
      }
    }
    onReport?.(this.report);
  }

  getState(): SavedState {
    return { tensors: {}, values: { batches: this.batches } };
  }

  setState({ values }: SavedState): void {
    this.batches = Number(values.batches);
  }
}

export type { LayerStatisticsCallback };

/**
 * Looks at activations and gradients of every layer now and then: sizes, shares of zeros, for recurrent layers by time
 * step and with the saturation of their gates; warns of what vanishes, explodes or is stuck. The training stays the same
 * to the bit.
 *
 * @example
 * const statistics = callbacks.layerStatistics({ every: 200, onReport: ({ layers }) => console.table(layers) });
 */
export function layerStatistics(options: LayerStatisticsOptions = {}): LayerStatisticsCallback {
  const where = "callbacks.layerStatistics";
  checkOptions(where, options, ["every", "onReport", "vanishing", "exploding", "print"]);
  const { every = 100, vanishing = 1e-7, exploding = 100, print = true } = options;
  checkCount(where, "every", every);
  checkNotNegative(where, "vanishing", vanishing);
  checkNotNegative(where, "exploding", exploding);
  return new LayerStatisticsCallback({ ...options, every, vanishing, exploding, print });
}
