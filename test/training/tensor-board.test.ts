import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callbacks, layers, sequential, tensor } from "../../src/index.js";
import { numbersLike } from "../support/sine.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rondo-events-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** CRC-32C bit by bit, by the definition. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
const masked = (crc: number) => Number((((BigInt(crc) >> 15n) | (BigInt(crc) << 17n)) + 0xa282ead8n) & 0xffffffffn);

/** The bytes of every record, checked. */
function records(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(crc32c(file.subarray(at, at + 8))));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(crc32c(data)));
    found.push(data);
    at += 16 + length;
  }
  return found;
}

type Message = Map<number, (number | bigint | Buffer)[]>;

/** Any protocol buffer, as values by field number. */
function message(bytes: Buffer): Message {
  const fields: Message = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    let value: number | bigint | Buffer;
    if (key % 8 === 0) value = varint();
    else if (key % 8 === 1) value = bytes.readDoubleLE((at += 8) - 8);
    else if (key % 8 === 5) value = bytes.readFloatLE((at += 4) - 4);
    else {
      const length = Number(varint());
      value = bytes.subarray(at, (at += length));
    }
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

const only = <T>(m: Message, field: number) => m.get(field)?.[0] as T;

/** Tag, step and value of everything in the one event file of a folder. */
async function eventsIn(path: string) {
  const [name, ...others] = await readdir(path);
  expect([name, others]).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\./), []]);
  const [head, ...rest] = records(await readFile(join(path, name!))).map(message);
  expect(String(only<Buffer>(head!, 3))).toBe("brain.Event:2");
  return rest.flatMap((event) => {
    expect(only<number>(event, 1)).toBeGreaterThan(1.6e9); // seconds, not milliseconds
    const step = Number(only<bigint>(event, 2));
    return message(only<Buffer>(event, 5))
      .get(1)!
      .map((each) => {
        const value = message(each as Buffer);
        return { step, tag: String(only<Buffer>(value, 1)), value };
      });
  });
}

const CHECK = new TextEncoder().encode("123456789");

test("the reader's own checksum is CRC-32C", () => {
  expect(crc32c(CHECK)).toBe(0xe3069283);
});

test("scalars, histograms and the summary, as TensorBoard reads them", async () => {
  const model = sequential([layers.dense({ units: 2, inputShape: [3], name: "answer" })]);
  model.compile({ optimizer: "sgd", loss: "mse", metrics: ["mae"] });
  const [x, y] = [tensor(numbersLike(30, 0.2), [10, 3]), tensor(numbersLike(20, 0.7), [10, 2])];
  const board = callbacks.tensorBoard(folder, { histogramFreq: 2, updateFreq: "batch" });
  const { history } = await model.fit(x, y, { epochs: 3, batchSize: 5, validationSplit: 0.2, callbacks: board });

  const train = await eventsIn(join(folder, "train"));
  const scalars = (tag: string) =>
    train.filter((event) => event.tag === tag).map(({ step, value }) => [step, only<number>(value, 2)]);
  expect(scalars("epoch_loss")).toEqual(history.loss!.map((v, i) => [i, Math.fround(v)]));
  expect(scalars("epoch_mae")).toEqual(history.mae!.map((v, i) => [i, Math.fround(v)]));
  expect(scalars("epoch_learning_rate")).toEqual([0, 1, 2].map((i) => [i, Math.fround(0.01)]));
  expect(scalars("batch_loss").map(([step]) => step)).toEqual([0, 1, 2, 3, 4, 5]);
  const validation = await eventsIn(join(folder, "validation"));
  expect(validation.map(({ tag, step, value }) => [tag, step, only<number>(value, 2)])).toEqual(
    [0, 1, 2].flatMap((i) => [
      ["epoch_loss", i, Math.fround(history.val_loss![i]!)],
      ["epoch_mae", i, Math.fround(history.val_mae![i]!)],
    ]),
  );

  const kernels = train.filter(({ tag }) => tag === "answer/kernel");
  expect(kernels.map(({ step }) => step)).toEqual([0, 2]);
  const histogram = message(only<Buffer>(kernels[1]!.value, 5));
  const doubles = (field: number) => {
    const bytes = only<Buffer>(histogram, field);
    return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
  };
  const weights = [...model.getWeights()[0]!.dataSync()];
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  expect(only(histogram, 1)).toBe(Math.min(...weights));
  expect(only(histogram, 2)).toBe(Math.max(...weights));
  expect(only(histogram, 3)).toBe(6);
  expect(only<number>(histogram, 4)).toBeCloseTo(sum(weights), 10);
  expect(only<number>(histogram, 5)).toBeCloseTo(sum(weights.map((w) => w * w)), 10);
  const [limits, counts] = [doubles(6), doubles(7)];
  expect(sum(counts)).toBe(6);
  limits.forEach((limit, i) => {
    const below = weights.filter((w) => w < limit - 1e-9).length;
    expect(sum(counts.slice(0, i + 1))).toBeGreaterThanOrEqual(below);
  });

  const summary = message(only<Buffer>(train.find(({ tag }) => tag === "model")!.value, 8));
  expect(only(summary, 1)).toBe(7n); // a string
  expect(String(only<Buffer>(summary, 8))).toMatch(/answer \(Dense\)/);
});

test("nothing is written that was not asked for", async () => {
  const model = sequential([layers.dense({ units: 1, inputShape: [1] })]);
  model.compile({ optimizer: "sgd", loss: "mse" });
  await model.fit([[1]], [[1]], { callbacks: callbacks.tensorBoard(folder, { writeSummary: false }) });
  const events = await eventsIn(join(folder, "train"));
  expect(events.map(({ tag }) => tag)).toEqual(["epoch_loss", "epoch_learning_rate"]);
  await expect(readdir(join(folder, "validation"))).rejects.toThrow(/ENOENT/);
  expect(() => callbacks.tensorBoard("")).toThrow(/folder/);
  expect(() => callbacks.tensorBoard(folder, { updateFreq: 0 })).toThrow(/updateFreq/);
});
