import { closest, RondoError } from "../errors.js";

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * One entry per output from a list or from entries by name; null where nothing is said. Throws RondoError "option" for
 * unknown names and lists of another length.
 */
export function perOutput<T>(
  option: string,
  given: readonly T[] | { readonly [output: string]: T },
  names: readonly string[],
): (T | null)[] {
  if (isRecord(given)) {
    for (const name of Object.keys(given)) {
      if (names.includes(name)) continue;
      const near = closest(name, names);
      throw new RondoError("option", `compile: the model has no output "${name}"`, {
        received: `${option}: { ${Object.keys(given).join(", ")} }`,
        expected: names.join(", "),
        fix: near ? `did you mean "${near}"?` : `remove "${name}"`,
      });
    }
    return names.map((name) => (given[name] as T | undefined) ?? null);
  }
  if (given.length === names.length) return given.map((each) => each ?? null);
  throw new RondoError("option", `compile: ${option} must have one entry for each output`, {
    received: `${given.length} entries`,
    expected: `${names.length}: ${names.join(", ")}`,
  });
}
