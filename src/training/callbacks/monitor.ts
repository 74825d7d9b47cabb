import { closest, RondoError } from "../../errors.js";
import type { Model } from "../../model/model.js";
import type { Logs } from "../callbacks.js";

/** Whether smaller or larger is better; "auto" knows it for the loss and the metrics. */
export type MonitorMode = "auto" | "min" | "max";

/** Throws RondoError "option" for any other mode. */
export function checkMode(where: string, mode: MonitorMode): void {
  if (["auto", "min", "max"].includes(mode)) return;
  throw new RondoError("option", `${where} cannot use this mode`, {
    received: JSON.stringify(mode),
    expected: '"auto", "min" or "max"',
  });
}

/** 1 where smaller values are better, -1 where larger ones are: values times this are to become small. */
export function signOf(model: Model, monitor: string, mode: MonitorMode): 1 | -1 {
  if (mode !== "auto") return mode === "min" ? 1 : -1;
  return model.metricDirection(monitor.replace(/^val_/, "")) === "up" ? -1 : 1;
}

/** The watched value. Throws RondoError "option" when this training does not compute it. */
export function monitored(who: string, monitor: string, logs: Logs): number {
  const current = logs[monitor];
  if (current !== undefined) return current;
  const near = closest(monitor, Object.keys(logs));
  throw new RondoError("option", `${who} watches "${monitor}", which this training does not compute`, {
    received: Object.keys(logs).join(", "),
    expected: monitor,
    fix: monitor.startsWith("val_")
      ? "pass validationData or validationSplit to fit"
      : near
        ? `did you mean "${near}"?`
        : "watch one of the names above",
  });
}
