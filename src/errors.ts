/** What a RondoError says; every field but `code` and `message` is optional. */
export interface RondoErrorDetails {
  /** What rondo got, as the user would recognise it: a shape, a value, a file. */
  received?: string;
  /** What it needed instead. */
  expected?: string;
  /** What to change, as an instruction. */
  fix?: string;
  /** Where: the layer's path in the model, a file name, an option. */
  path?: string;
  cause?: unknown;
}

/** Stable, documented kinds of failure; programs may switch on them. */
export type ErrorCode =
  | "shape"
  | "dtype"
  | "value"
  | "option"
  | "state"
  | "memory"
  | "backend"
  | "gradient"
  | "nonFinite"
  | "data"
  | "file"
  | "format"
  | "aborted";

/**
 * The one error rondo throws on purpose. The message names what was received, what was expected and how to fix it.
 *
 * @example
 * throw new RondoError("shape", "matMul cannot multiply these matrices", {
 *   received: "[2, 3] and [4, 5]", expected: "inner sizes that agree", fix: "transpose one of them" });
 */
export class RondoError extends Error {
  override readonly name = "RondoError";
  readonly code: ErrorCode;
  // Declared only: fields without a value would be printed with errors that nobody catches.
  declare readonly received?: string;
  declare readonly expected?: string;
  declare readonly fix?: string;
  declare readonly path?: string;

  constructor(code: ErrorCode, summary: string, details: RondoErrorDetails = {}) {
    const lines = [details.path ? `${details.path}: ${summary}` : summary];
    if (details.received !== undefined) lines.push(`  received: ${details.received}`);
    if (details.expected !== undefined) lines.push(`  expected: ${details.expected}`);
    if (details.fix !== undefined) lines.push(`  fix: ${details.fix}`);
    super(lines.join("\n"), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    const { received, expected, fix, path } = details;
    for (const [name, text] of Object.entries({ received, expected, fix, path })) {
      if (text !== undefined) Object.assign(this, { [name]: text });
    }
  }
}

/** Edit distance (insert, delete, replace, swap neighbours), for did-you-mean. */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = best;
    }
  }
  return rows[a.length]![b.length]!;
}

/** The candidate most like `name`, if any is close enough to be what was meant. Case and `_`/`-` do not count. */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  const plain = (s: string) => s.toLowerCase().replace(/[_-]/g, "");
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return bestDistance <= Math.max(1, Math.floor(name.length / 3)) ? best : undefined;
}

/**
 * Looks a name up in a table, or throws a RondoError that lists what exists and what was probably meant.
 *
 * @example lookUp("activation", "sigmod", activations) // error: … did you mean "sigmoid"?
 */
export function lookUp<V>(kind: string, name: string, table: Readonly<Record<string, V>>, path?: string): V {
  if (Object.hasOwn(table, name)) return table[name]!;
  const names = Object.keys(table);
  const near = closest(name, names);
  throw new RondoError("option", `unknown ${kind} "${name}"`, {
    path,
    received: JSON.stringify(name),
    expected: `one of ${names.join(", ")}`,
    fix: near ? `did you mean "${near}"?` : `use one of the names above`,
  });
}

/** Throws when `options` has a key that is not in `allowed`. `where` names the function or layer, e.g. "layers.lstm". */
export function checkOptions(where: string, options: object, allowed: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (allowed.includes(key)) continue;
    const near = closest(key, allowed);
    throw new RondoError("option", `${where} has no option "${key}"`, {
      received: key,
      expected: allowed.join(", "),
      fix: near ? `did you mean "${near}"?` : `remove "${key}"`,
    });
  }
}
