/** @see train-tiny.mjs */
export function trainTiny(
  rondo: typeof import("../../src/index.js"),
  sizes?: { threads?: number; units?: number; batchSize?: number },
): Promise<{
  backend: string;
  loss: number[];
  predictions: number[];
}>;
