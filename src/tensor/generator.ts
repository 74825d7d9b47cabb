import { RondoError } from "../errors.js";
import { philox, type Words4 } from "./philox.js";

/** A generator's complete state, as plain numbers for a checkpoint. */
export interface GeneratorState {
  readonly key: readonly [number, number];
  /** Keys handed out so far (tensors drawn, children split off). */
  readonly keys: number;
  /** 32-bit words drawn so far. */
  readonly words: number;
}

/** Philox counters of different purposes never meet: the purpose is the counter's last word. */
const purpose = { words: 0, keys: 1, split: 2, fold: 3 } as const;

function block(key: readonly [number, number], index: number, use: number): Words4 {
  return philox([index >>> 0, Math.floor(index / 2 ** 32) >>> 0, 0, use], key);
}

/** States of generators before they were first drawn from, while somebody looks. */
let witness: Map<Generator, GeneratorState> | null = null;

/**
 * Seeded random numbers, the same on every backend and machine. Generators can be split into independent ones, which is
 * how layers and workers get their own.
 *
 * @example const random = new Generator(42); randomNormal([3], 0, 1, random);
 */
export class Generator {
  private key: readonly [number, number];
  private keys = 0;
  private words = 0;
  /** The block that `words` points into. */
  private current: Words4 | null = null;

  /** @param seed a whole number from 0 to 2⁵³ - 1, or a state from `getState()`. */
  constructor(seed: number | GeneratorState) {
    if (typeof seed !== "number") {
      this.key = [0, 0];
      this.setState(seed);
      return;
    }
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RondoError("value", "a seed is a whole number from 0 to 2^53 - 1", { received: String(seed) });
    }
    this.key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  }

  /** The state, to go on from here later. */
  getState(): GeneratorState {
    return { key: [...this.key], keys: this.keys, words: this.words };
  }

  /** Goes on from a state taken with `getState()`. Throws RondoError "value" when it is not one. */
  setState({ key, keys, words }: GeneratorState): void {
    const valid =
      Array.isArray(key) &&
      key.length === 2 &&
      key.every((k) => k >>> 0 === k) &&
      [keys, words].every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!valid) {
      throw new RondoError("value", "this is not the state of a generator", {
        received: JSON.stringify({ key, keys, words }),
        expected: "what getState() returned",
      });
    }
    this.key = [key[0]!, key[1]!];
    this.keys = keys;
    this.words = words;
    this.current = null;
  }

  /** A new, independent generator; each call gives another one. */
  split(): Generator {
    this.witnessed();
    return this.child(block(this.key, this.keys++, purpose.split));
  }

  /** An independent generator that depends on the seed and `n` only, not on what was drawn before. */
  fold(n: number): Generator {
    return this.child(block(this.key, n, purpose.fold));
  }

  private witnessed(): void {
    if (witness && !witness.has(this)) witness.set(this, this.getState());
  }

  private child([k0, k1]: Words4): Generator {
    return new Generator({ key: [k0, k1], keys: 0, words: 0 });
  }

  /** A fresh key for one random kernel, as int32. @internal */
  nextKey(): [number, number] {
    this.witnessed();
    const [k0, k1] = block(this.key, this.keys++, purpose.keys);
    return [k0 | 0, k1 | 0];
  }

  /** A whole number from 0 to 2³² - 1. */
  nextUint32(): number {
    this.witnessed();
    const lane = this.words % 4;
    if (lane === 0 || !this.current) this.current = block(this.key, Math.floor(this.words / 4), purpose.words);
    this.words++;
    return this.current[lane]!;
  }

  /** A number in [low, high), with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const bits = (this.nextUint32() >>> 5) * 2 ** 26 + (this.nextUint32() >>> 6);
    return low + (high - low) * (bits / 2 ** 53);
  }

  /** A whole number in [0, low), or with two arguments in [low, high). */
  int(low: number, high?: number): number {
    const [from, to] = high === undefined ? [0, low] : [low, high];
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to <= from) {
      throw new RondoError("value", "int needs whole bounds with low < high", { received: `[${from}, ${to})` });
    }
    return from + Math.floor(this.uniform() * (to - from));
  }

  /** Puts the items in random order, in place, and returns the same array (Fisher and Yates). */
  shuffle<A extends { readonly length: number; [index: number]: unknown }>(items: A): A {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }
}

let shared = new Generator(Math.floor(Math.random() * 2 ** 53));

/**
 * Makes everything random from here on repeatable: initial weights, dropout, shuffling, sampling.
 *
 * @example setSeed(42);
 */
export function setSeed(seed: number): void {
  shared = new Generator(seed);
}

/** The generator used where none is given; a new one is made for a number. @internal */
export function generatorOf(random?: Generator | number): Generator {
  if (random === undefined) return shared;
  return typeof random === "number" ? new Generator(random) : random;
}

/** Where the generators stood that were drawn from. @internal */
export type Draws = ReadonlyMap<Generator, GeneratorState>;

/** Runs `body` and tells which generators it drew from, and where they stood before. @internal */
export function witnessDraws<R>(body: () => R): { result: R; draws: Draws } {
  const outer = witness;
  const own = new Map<Generator, GeneratorState>();
  witness = own;
  try {
    return { result: body(), draws: own };
  } finally {
    witness = outer;
    for (const [generator, state] of own) if (outer && !outer.has(generator)) outer.set(generator, state);
  }
}

/** Runs `body` with the generators where they stood then, and puts them back. @internal */
export function replayDraws<R>(draws: Draws, body: () => R): R {
  const now = [...draws.keys()].map((generator) => [generator, generator.getState()] as const);
  for (const [generator, state] of draws) generator.setState(state);
  try {
    return body();
  } finally {
    for (const [generator, state] of now) generator.setState(state);
  }
}
