import { Generator, generatorOf } from "../tensor/generator.js";
import type { LayerState } from "./component.js";

/** A layer's own random numbers: made on first use, advancing with every call, part of the layer's state. */
export class LayerRandom {
  private readonly seed: number | null;
  private made: Generator | null = null;

  /** @param seed null: split off the global generator on first use. */
  constructor(seed: number | null) {
    this.seed = seed;
  }

  get generator(): Generator {
    this.made ??= this.seed === null ? generatorOf().split() : new Generator(this.seed);
    return this.made;
  }

  collect(prefix: string, into: LayerState): void {
    into.generators[`${prefix}/generator`] = this.generator.getState();
  }

  restore(prefix: string, state: LayerState): void {
    const saved = state.generators[`${prefix}/generator`];
    // Without a saved state a seeded generator starts again, and a random one is drawn anew.
    this.made = saved ? new Generator(saved) : null;
  }
}
