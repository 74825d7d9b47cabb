import { checkOptions, RondoError } from "../../errors.js";
import { host } from "../../util/host.js";
import type { Callback, TrainingContext } from "../callbacks.js";

/**
 * Sets the learning rate before every epoch: `rateOf(epoch, learningRate)` gets the epoch (from 0) and the rate so far. For
 * rates that change within epochs give the optimizer a schedule. `verbose: 1` prints them. Throws RondoError "value" for what is no rate.
 *
 * @example callbacks.learningRateScheduler((epoch, rate) => (epoch < 10 ? rate : rate * 0.9))
 */
export function learningRateScheduler(
  rateOf: (epoch: number, learningRate: number) => number,
  options: { verbose?: 0 | 1 } = {},
): Callback {
  checkOptions("callbacks.learningRateScheduler", options, ["verbose"]);
  if (typeof rateOf !== "function") {
    throw new RondoError("option", "callbacks.learningRateScheduler needs a function", {
      received: String(rateOf),
      expected: "(epoch, learningRate) => number",
    });
  }
  return {
    name: "learningRateScheduler",
    onEpochBegin(epoch: number, { model: { optimizer } }: TrainingContext) {
      optimizer.learningRate = rateOf(epoch, optimizer.learningRate);
      if (options.verbose) host().print(`Epoch ${epoch + 1}: learning rate ${optimizer.learningRate}`);
    },
  };
}
