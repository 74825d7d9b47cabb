import { Generator, generatorOf } from "../tensor/generator.js";
import type { LayerState } from "./component.js";

/** A layer's own random numbers, advancing with every call and part of the layer's state. */
export class LayerRandom {
  generator: Generator;
  private readonly seed: number | null;

  /** @param seed null: split off the global generator, now. */
  constructor(seed: number | null) {
    this.seed = seed;
    this.generator = this.start();
  }

  private start(): Generator {
    return this.seed === null ? generatorOf().split() : new Generator(this.seed);
  }

  collect(prefix: string, into: LayerState): void {
    into.generators[`${prefix}/generator`] = this.generator.getState();
  }

  /** Without a saved state a seeded generator starts again, and another one is split off anew. */
  restore(prefix: string, state: LayerState): void {
    const saved = state.generators[`${prefix}/generator`];
    this.generator = saved ? new Generator(saved) : this.start();
  }
}
