import { checkOptions, RondoError } from "../errors.js";
import { type Activation, type ActivationSpec, getActivation } from "./activations.js";
import { Component } from "./component.js";
import { type Constraint, type ConstraintSpec, getConstraint } from "./constraints.js";
import { getInitializer, type Initializer, type InitializerSpec } from "./initializers.js";
import type { Described } from "./named.js";
import { getRegularizer, type Regularizer, type RegularizerSpec } from "./regularizers.js";

/**
 * The options of a layer, declared once: how each is checked and defaulted when the layer is made, and how it is written
 * into a config. A layer has one table of fields; the compiler checks it against the layer's option interface.
 */
export interface Field<In, Out> {
  /** `at` names the layer and option in messages, "layers.lstm units". */
  read(value: In | undefined, at: string): Out;
  /** Plain JSON, or a value that has none (a function), which becomes an error that names the layer. */
  write(value: Out): unknown;
}

/** A field of whatever type. */
export interface AnyField {
  read(value: never, at: string): unknown;
  write(value: never): unknown;
}

/** A field for every option of O; `Common` are those handled elsewhere. */
export type Fields<O, Common extends PropertyKey = never> = {
  readonly [K in Exclude<keyof O, Common>]-?: {
    read(value: Exclude<O[K], undefined> | undefined, at: string): unknown;
  };
};

/** The options after checking, every one present. */
export type Values<F> = { readonly [K in keyof F]: F[K] extends { read(...args: never): infer Out } ? Out : never };

/** Option names that every layer takes. */
export const layerOptionNames = ["name", "trainable", "inputShape", "activityRegularizer"] as const;
/** Option names that every cell takes. */
export const cellOptionNames = ["name", "trainable"] as const;

/** Marks a value that cannot be written as JSON. */
const unwritable = Symbol("unwritable");

/** Checks `options` against the fields. Throws RondoError "option" or "value" for unknown names and bad values. */
export function readFields<F extends { readonly [K in keyof F]: AnyField }>(
  where: string,
  fields: F,
  options: object,
  common: readonly string[],
): Values<F> {
  checkOptions(where, options, [...Object.keys(fields), ...common]);
  const given = options as Record<string, never>;
  const entries = Object.entries<AnyField>(fields).map(([key, field]) => [
    key,
    field.read(given[key] as never, `${where} ${key}`),
  ]);
  return Object.fromEntries(entries) as Values<F>;
}

/** The config that makes an equal layer. Throws RondoError "option" when it would have to hold a function. */
export function writeFields<F extends { readonly [K in keyof F]: AnyField }>(
  owner: Component,
  fields: F,
  values: Values<F>,
): Record<string, unknown> {
  const write = ([key, field]: [string, AnyField]) => {
    const value = field.write(values[key as keyof F] as never);
    if (value !== unwritable) return [key, value];
    throw new RondoError("option", `the ${key} is a function and cannot be saved`, {
      path: owner.describe(),
      fix: `use one of the built-in names for ${key}, or save the weights only`,
    });
  };
  return Object.fromEntries(Object.entries<AnyField>(fields).map(write));
}

/** The part of `options` that a table of fields is about. */
export function pickFields<O extends object>(fields: object, options: O): O {
  return Object.fromEntries(Object.entries(options).filter(([key]) => Object.hasOwn(fields, key))) as O;
}

const same = <T>(value: T): unknown => value;

function bad(at: string, received: unknown, expected: string): RondoError {
  return new RondoError("value", `${at} cannot be this`, {
    received: typeof received === "function" ? "a function" : (JSON.stringify(received) ?? String(received)),
    expected,
  });
}

/** A whole number of at least 1; required unless there is a default. */
export function positive(fallback?: number): Field<number, number> {
  return {
    read: (value = fallback as number, at) => {
      if (Number.isInteger(value) && value >= 1) return value;
      throw bad(at, value, "a whole number of at least 1");
    },
    write: same,
  };
}

/** A finite number. */
export function real(fallback?: number): Field<number, number> {
  return {
    read: (value = fallback as number, at) => {
      if (Number.isFinite(value)) return value;
      throw bad(at, value, "a finite number");
    },
    write: same,
  };
}

/** A finite number above 0. */
export function positiveReal(fallback?: number): Field<number, number> {
  return {
    read: (value = fallback as number, at) => {
      if (Number.isFinite(value) && value > 0) return value;
      throw bad(at, value, "a finite number above 0");
    },
    write: same,
  };
}

/** A finite number of at least 0. */
export function nonNegative(fallback?: number): Field<number, number> {
  return {
    read: (value = fallback as number, at) => {
      if (Number.isFinite(value) && value >= 0) return value;
      throw bad(at, value, "a finite number of at least 0");
    },
    write: same,
  };
}

/** A value of another field, or null. */
export function optional<In, Out>(field: Field<In, Out>): Field<In | null, Out | null> {
  return {
    read: (value = null, at) => (value === null ? null : field.read(value, at)),
    write: (value) => (value === null ? null : field.write(value)),
  };
}

/** A whole number: an axis, counted from the end when negative. */
export function axis(fallback: number): Field<number, number> {
  return {
    read: (value = fallback, at) => {
      if (Number.isInteger(value)) return value;
      throw bad(at, value, "a whole number");
    },
    write: same,
  };
}

/** One axis or several. */
export function axes(fallback: number): Field<number | readonly number[], number | readonly number[]> {
  return {
    read: (value = fallback, at) => {
      const list = Array.isArray(value) ? value : [value];
      if (list.length > 0 && list.every(Number.isInteger)) return value;
      throw bad(at, value, "a whole number, or a list of them");
    },
    write: (value) => (typeof value === "number" ? value : [...value]),
  };
}

/** A share to drop, 0 <= rate < 1. */
export function rate(fallback?: number): Field<number, number> {
  return {
    read: (value = fallback as number, at) => {
      if (typeof value === "number" && value >= 0 && value < 1) return value;
      throw bad(at, value, "a number of at least 0 and below 1 (the share that is dropped)");
    },
    write: same,
  };
}

export function flag(fallback: boolean): Field<boolean, boolean> {
  return {
    read: (value = fallback, at) => {
      if (typeof value === "boolean") return value;
      throw bad(at, value, "true or false");
    },
    write: same,
  };
}

const isAxis = (value: unknown) => Number.isInteger(value) && value !== 0;

/** An axis for both of two tensors, or one for each. */
export function axisPair(): Field<number | readonly [number, number], number | readonly [number, number]> {
  return {
    read: (value, at) => {
      if (isAxis(value) || (Array.isArray(value) && value.length === 2 && value.every(isAxis))) return value!;
      throw bad(at, value, "a whole number other than 0, or two of them");
    },
    write: same,
  };
}

/** One of a few values. */
export function oneOf<const V extends string | number | null>(choices: readonly V[], fallback: V): Field<V, V> {
  return {
    read: (value = fallback, at) => {
      if (choices.includes(value)) return value;
      throw bad(at, value, choices.map((c) => JSON.stringify(c)).join(", "));
    },
    write: same,
  };
}

/** A whole number of at least 0 that fixes the random numbers, or null to draw from the global generator. */
export function seed(): Field<number | null, number | null> {
  return {
    read: (value = null, at) => {
      if (value === null || (Number.isSafeInteger(value) && value >= 0)) return value;
      throw bad(at, value, "a whole number of at least 0, or null");
    },
    write: same,
  };
}

/** Sizes, some of which may be left open with null; null for none at all. */
export function sizes(): Field<readonly (number | null)[] | null, readonly (number | null)[] | null> {
  return {
    read: (value = null, at) => {
      const fits = (n: number | null) => n === null || (Number.isInteger(n) && n >= 1);
      if (value === null || (Array.isArray(value) && value.every(fits))) return value;
      throw bad(at, value, "a list of whole numbers of at least 1, with null where the input's size is taken");
    },
    write: (value) => (value ? [...value] : null),
  };
}

const described = (value: Described<unknown> | null) => (value === null ? null : (value.config ?? unwritable));

export function activation(fallback: ActivationSpec): Field<ActivationSpec, Activation> {
  return { read: (value = fallback, at) => getActivation(value, at), write: described };
}
export function initializer(fallback: InitializerSpec): Field<InitializerSpec, Initializer> {
  return { read: (value = fallback, at) => getInitializer(value, at), write: described };
}
export function regularizer(): Field<RegularizerSpec, Regularizer | null> {
  return { read: (value = null, at) => getRegularizer(value, at), write: described };
}
export function constraint(): Field<ConstraintSpec, Constraint | null> {
  return { read: (value = null, at) => getConstraint(value, at), write: described };
}

/** How a layer or cell inside another one appears in its config. */
export function specOf(component: Component): { className: string; config: Record<string, unknown> } {
  return { className: component.className, config: component.getConfig() };
}

/** A layer or cell inside another one. */
export function component<C extends Component>(expected: string): Field<C, C> {
  return {
    read: (value, at) => {
      if (value instanceof Component) return value;
      throw bad(at, value, expected);
    },
    write: specOf,
  };
}
