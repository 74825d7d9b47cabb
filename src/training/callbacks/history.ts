import type { Callback, Logs } from "../callbacks.js";
import type { SavedState } from "../saved-state.js";

class HistoryCallback implements Callback {
  readonly name = "history";
  /** Numbers of the completed epochs, from 0. */
  epoch: number[] = [];
  /** Values of every completed epoch by name. */
  history: Record<string, number[]> = {};

  onTrainBegin(): void {
    this.epoch = [];
    this.history = {};
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }

  getState(): SavedState {
    return { tensors: {}, values: structuredClone({ epoch: this.epoch, history: this.history }) };
  }

  setState({ values }: SavedState): void {
    const { epoch, history } = structuredClone(values) as { epoch: number[]; history: Record<string, number[]> };
    Object.assign(this, { epoch, history });
  }
}

export type { HistoryCallback };

/**
 * The values of the epochs so far, to look at while training runs or after it failed; `fit` returns the same at its end.
 *
 * @example const seen = callbacks.history(); model.fit(x, y, { callbacks: seen }); seen.history.loss
 */
export function history(): HistoryCallback {
  return new HistoryCallback();
}
