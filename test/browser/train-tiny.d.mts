/** @see train-tiny.mjs */
export function trainTiny(rondo: typeof import("../../src/index.js")): Promise<{
  backend: string;
  loss: number[];
  predictions: number[];
}>;
