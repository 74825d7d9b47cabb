import { RondoError } from "../errors.js";

/** Throws RondoError "value" unless the option is a whole number of at least `minimum`. */
export function checkCount(where: string, name: string, value: number, minimum = 1): void {
  if (Number.isInteger(value) && value >= minimum) return;
  throw new RondoError("value", `${where}: ${name} must be a whole number of at least ${minimum}`, {
    received: `${name} = ${value}`,
  });
}

/** Throws RondoError "value" unless the option is a finite number of at least 0. */
export function checkNotNegative(where: string, name: string, value: number): void {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return;
  throw new RondoError("value", `${where}: ${name} must be a number of at least 0`, { received: `${name} = ${value}` });
}

/** Throws RondoError "value" unless 0 <= value < 1. */
export function checkFraction(where: string, name: string, value: number): void {
  if (typeof value === "number" && value >= 0 && value < 1) return;
  throw new RondoError("value", `${where}: ${name} must be at least 0 and below 1`, { received: `${name} = ${value}` });
}

/** Throws RondoError "value" unless low <= value <= high. */
export function checkWithin(where: string, name: string, value: number, low: number, high: number): void {
  if (typeof value === "number" && value >= low && value <= high) return;
  throw new RondoError("value", `${where}: ${name} must be a number from ${low} to ${high}`, {
    received: `${name} = ${value}`,
  });
}
