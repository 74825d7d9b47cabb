import { beforeEach } from "vitest";
import { setSeed } from "../../src/tensor/generator.js";

// Weights, dropout and shuffling are the same in every run, so that a test that passes once passes always.
beforeEach(() => setSeed(7));
