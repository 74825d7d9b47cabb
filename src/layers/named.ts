import { checkOptions, lookUp, RondoError } from "../errors.js";

/**
 * Activations, initializers, regularizers and constraints are all the same kind of thing: functions of tensors that have
 * a name and perhaps options. Each kind is one table of rows; this file turns what a user wrote ("l2", { name: "l2",
 * l2: 0.1 }, regularizers.l2({ l2: 0.1 }) or a function) into a function, and back into plain JSON for files.
 */

type Value = number | string | boolean | null | readonly number[];
type Options = Readonly<Record<string, Value>>;

/** A function ready for use, and how to write it down. */
export interface Described<F> {
  readonly apply: F;
  /** The name, with its options when they are not the defaults; undefined for a function of the user's own. */
  readonly config: string | ({ readonly name: string } & Options) | undefined;
}

/** One row of a table: options with their defaults, and the function they make. */
export interface Row<O, F> {
  readonly defaults: O;
  make(options: O): F;
}

export function row<O extends Options, F>(defaults: O, make: (options: O) => F): Row<O, F> {
  return { defaults, make };
}

type Table<F> = Readonly<Record<string, { readonly defaults: Options; make(options: never): F }>>;
type OptionsOf<R> =
  R extends Row<infer O, unknown> ? { readonly [K in keyof O]?: O[K] extends boolean ? boolean : O[K] } : never;
type FunctionOf<T extends Table<unknown>> = ReturnType<T[keyof T]["make"]>;

/** What a user may write: a name, an object with a name and options, or a function. */
export type Spec<T extends Table<unknown>> =
  | (keyof T & string)
  | { [N in keyof T & string]: { readonly name: N } & OptionsOf<T[N]> }[keyof T & string]
  | Described<FunctionOf<T>>
  | FunctionOf<T>;

function build<F>(kind: string, table: Table<F>, name: string, given: Options, path?: string): Described<F> {
  const { defaults, make } = lookUp(kind, name, table, path) as Row<Options, F>;
  checkOptions(`${kind} "${name}"`, given, Object.keys(defaults));
  const options: Record<string, Value> = { ...defaults };
  const changed: Record<string, Value> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === defaults[key]) continue;
    const expected = defaults[key] === null ? "number" : typeof defaults[key];
    // Axes may be one number or several.
    const several = key === "axis" && Array.isArray(value) && value.every((v) => Number.isInteger(v));
    const fits = several || value === null ? several || defaults[key] === null : typeof value === expected;
    if (!fits || (typeof value === "number" && !Number.isFinite(value))) {
      throw new RondoError("option", `${kind} "${name}" cannot use this ${key}`, {
        path,
        received: JSON.stringify(value) ?? String(value),
        expected: defaults[key] === null ? "a number, or null" : `a ${expected}, as the default ${defaults[key]}`,
      });
    }
    options[key] = changed[key] = value;
  }
  const config = Object.keys(changed).length === 0 ? name : { name, ...changed };
  return { apply: make(options), config };
}

/** From what the user wrote to the function. Throws RondoError "option" for unknown names and options. */
export function resolve<F>(kind: string, table: Table<F>, spec: unknown, path?: string): Described<F> {
  if (typeof spec === "string") return build(kind, table, spec, {}, path);
  if (typeof spec === "function") return { apply: spec as F, config: undefined };
  if (spec !== null && typeof spec === "object") {
    if ("apply" in spec && typeof spec.apply === "function") return spec as Described<F>;
    if ("name" in spec && typeof spec.name === "string") {
      const { name, ...options } = spec as { name: string } & Options;
      return build(kind, table, name, options, path);
    }
  }
  throw new RondoError("option", `this is not ${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`, {
    path,
    received: JSON.stringify(spec) ?? String(spec),
    expected: `a name (${Object.keys(table).join(", ")}), { name, ...options }, or a function`,
  });
}

/** The rows of a table as functions of their options: `regularizers.l2({ l2: 0.1 })`. */
export type Factories<T extends Table<unknown>> = {
  readonly [N in keyof T]: (options?: OptionsOf<T[N]>) => Described<FunctionOf<T>>;
};

export function factories<T extends Table<unknown>>(kind: string, table: T): Factories<T> {
  const entries = Object.keys(table).map((name) => [
    name,
    (options: Options = {}) => build(kind, table, name, options),
  ]);
  return Object.fromEntries(entries) as Factories<T>;
}
