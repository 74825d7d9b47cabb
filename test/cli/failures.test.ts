import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rondo, text, tiny, useFolder } from "./rondo.js";

const folder = useFolder();
const write = (name: string, content: string | Uint8Array) => writeFile(join(folder.path, name), content);

/** Every failure: a message on stderr that says what to do, nothing on stdout, a code, and no folder left behind. */
async function fails(
  args: readonly string[],
  code: number,
  message: RegExp,
  input?: string | Uint8Array,
): Promise<void> {
  const before = await readdir(folder.path);
  const outcome = await rondo(folder.path, args, input === undefined ? {} : { input });
  expect(outcome.stderr).toMatch(message);
  expect(outcome.stderr).toMatch(/^error: /);
  expect(outcome.stderr).not.toMatch(/should not have happened|\n\s+at /);
  expect(outcome.code).toBe(code);
  expect((await readdir(folder.path)).filter((name) => name !== "runs")).toEqual(
    before.filter((name) => name !== "runs"),
  );
  const runs = await readdir(join(folder.path, "runs")).catch(() => []);
  expect(runs).toEqual([]);
}

describe("bad texts", () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ["empty", "", /bad\.txt: the file is empty[\s\S]*fix: /],
    ["binary", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]), /binary file[\s\S]*offset 4[\s\S]*fix: /],
    ["not UTF-8", Uint8Array.from([0x63, 0x61, 0x66, 0xe9, 0x20]), /byte 0xe9 at offset 3[\s\S]*fix: .*iconv/],
    ["of one distinct character", "aaaaaaaaaa", /nothing to learn[\s\S]*fix: /],
    ["shorter than a window", "short text", /too short[\s\S]*at least 65[\s\S]*fix: /],
  ])("refuses a text that is %s", async (_name, content, message) => {
    await write("bad.txt", content);
    await fails(["train", "text", "bad.txt"], 1, message);
  });

  it("refuses files and folders that are not there, or hold no text", async () => {
    await fails(["train", "text", "none.txt"], 1, /none\.txt: there is no such file or folder[\s\S]*fix: /);
    await mkdir(join(folder.path, "pictures"));
    await write("pictures/a.png", "x");
    await fails(["train", "text", "pictures"], 1, /no text files[\s\S]*\.png[\s\S]*fix: /);
    await fails(["train", "text", "-"], 1, /standard input: the file is empty/);
    await fails(["train", "text"], 2, /nothing to train on[\s\S]*fix: rondo train text FILE/);
  });
});

describe("bad options", () => {
  it.each<[string[], RegExp]>([
    [["--unit", "3"], /unknown option '--unit'[\s\S]*did you mean "--units"/],
    [["--model.layers", "3"], /did you mean "--layers"/],
    [["--learningrate", "3"], /did you mean "--learning-rate"/],
    [["--units", "many"], /--units has a value[\s\S]*"many"[\s\S]*a whole number/],
    [["--units", "0"], /--units[\s\S]*received: 0/],
    [["--dropout", "1"], /--dropout[\s\S]*below 1/],
    [["--cell", "lsmt"], /--cell[\s\S]*did you mean "lstm"/],
    [["--preset", "fastest"], /unknown preset "fastest"[\s\S]*fast, balanced, best/],
    [["--time", "soon"], /not a length of time[\s\S]*"soon"[\s\S]*10m/],
    [["--epochs", "0"], /never end/],
    [["--units"], /argument missing/],
  ])("refuses %j", async (args, message) => {
    await write("cat.txt", text);
    await fails(["train", "text", "cat.txt", ...args], 2, message);
  });

  it("suggests commands", async () => {
    await fails(["trian"], 2, /unknown command 'trian'[\s\S]*did you mean "train"/);
    await fails(["train", "txt"], 2, /unknown command 'txt'[\s\S]*did you mean "text"/);
    await fails(["train"], 2, /what shall be trained/);
    await fails(["generate"], 2, /missing required argument/);
  });
});

describe("bad models", () => {
  it("refuses what is no text model", async () => {
    await fails(["generate", "none"], 1, /no such model or run[\s\S]*fix: /);
    await write("book.safetensors", "Once upon a time there was a file");
    await fails(
      ["generate", "book.safetensors"],
      1,
      /book\.safetensors: this is not a safetensors file[\s\S]*"Once upon a "/,
    );
    const foreign = new TextEncoder().encode('........{"__metadata__":{"format":"pt"}}');
    foreign.set([foreign.length - 8, 0, 0, 0, 0, 0, 0, 0]);
    await write("foreign.safetensors", foreign);
    await fails(["generate", "foreign.safetensors"], 1, /not written by rondo[\s\S]*format "pt"[\s\S]*fix: /);
    await mkdir(join(folder.path, "empty"));
    await fails(["generate", "empty"], 1, /holds no model/);
    await fails(["train", "text", "--resume", "none"], 1, /no such run/);
  });

  it("refuses a truncated model, and generates from the other checkpoint", async () => {
    await write("cat.txt", text);
    expect((await rondo(folder.path, ["train", "text", "cat.txt", ...tiny, "--output", "kept"])).code).toBe(0);
    const whole = await readFile(join(folder.path, "kept/text-1/best.safetensors"));
    await write("kept/text-1/best.safetensors", whole.subarray(0, whole.length - 100));
    await fails(["generate", "kept/text-1"], 1, /best\.safetensors: the file is truncated[\s\S]*fix: /);
    expect((await rondo(folder.path, ["generate", "kept/text-1/last.safetensors", "-n", "5"])).code).toBe(0);
    await fails(["train", "text", "cat.txt", "--resume", "kept/text-1", "--units", "8"], 2, /units cannot change/);
    await write("cat.txt", `${text}!`);
    await fails(["train", "text", "--resume", "kept/text-1"], 1, /not the text the training began with/);
  });

  it("refuses bad options of generate", async () => {
    await write("cat.txt", text);
    const trained = await rondo(folder.path, ["train", "text", "cat.txt", ...tiny, "--output", "kept"]);
    expect(trained.code).toBe(0);
    const cases: [string[], number, RegExp][] = [
      [["--temperature", "hot"], 2, /--temperature needs a number[\s\S]*"hot"/],
      [["--temperature", "-1"], 1, /temperature[\s\S]*received: -1/],
      [["--top-k", "0"], 1, /topK/],
      [["--top-p", "1.5"], 1, /topP/],
      [["--length", "-3"], 1, /received: -3/],
      [["--sead", "1"], 2, /did you mean "--seed"/],
    ];
    for (const [args, code, message] of cases) await fails(["generate", "kept/text-1", ...args], code, message);
  });
});

describe("places that cannot be written to", () => {
  it("says so before training", async () => {
    await write("cat.txt", text);
    await fails(["train", "text", "cat.txt", "--output", "cat.txt/runs"], 1, /a part of this path is a file/);
    await fails(
      ["train", "text", "cat.txt", "--output", "/proc/rondo"],
      1,
      /\/proc\/rondo: folders cannot be made here[\s\S]*fix: /,
    );
  });
});

it("prints errors as JSON too when JSON is asked for", async () => {
  await write("bad.txt", "");
  const { code, stdout } = await rondo(folder.path, ["train", "text", "bad.txt", "--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ type: "error", code: "data", path: "bad.txt", received: "0 bytes" });
});
