import { RondoError } from "../errors.js";

/** Throws RondoError "value" unless the option is a whole number of at least `minimum`. */
export function checkCount(where: string, name: string, value: number, minimum = 1): void {
  if (Number.isInteger(value) && value >= minimum) return;
  throw new RondoError("value", `${where}: ${name} must be a whole number of at least ${minimum}`, {
    received: `${name} = ${value}`,
  });
}
