import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { memory } from "../tensor/tensor.js";
import type { TextEvent } from "./text-events.js";
import { trainText } from "./text-training.js";

// In a file, and so in a process, of its own: tensors of other tests would be collected meanwhile.
it("needs no more memory the longer it trains", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rondo-memory-"));
  const seen: { tensors: number; bytes: number }[] = [];
  const onEvent = (event: TextEvent) => {
    // After the first validation everything that lasts is there: optimizer slots, states, the best weights.
    if (event.type === "step" && event.step > 60) seen.push(memory());
  };
  const text = "the cat sat on the mat. ".repeat(40);
  const size = { units: 24, embedding: 8, layers: 2, batchSize: 4, window: 12, dropout: 0.2 };
  await trainText({ text, ...size, epochs: 30, patience: 0, folder, onEvent });
  await rm(folder, { recursive: true });
  expect(seen.length).toBeGreaterThan(200);
  expect(seen.at(-1)!.tensors).toBeLessThanOrEqual(seen[0]!.tensors);
  expect(seen.at(-1)!.bytes).toBeLessThanOrEqual(seen[0]!.bytes);
});
