import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { append, createRun, findModel, findRun, removeTemporaryFiles } from "./runs.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "rondo-runs-"));
});
afterEach(() => rm(root, { recursive: true }));

describe("createRun", () => {
  it("numbers runs from 1, past the highest there is", async () => {
    expect(await createRun(join(root, "new", "runs"), "text")).toBe(join(root, "new", "runs", "text-1"));
    await mkdir(join(root, "text-9"));
    await mkdir(join(root, "forecast-40"));
    await mkdir(join(root, "text-10-old"));
    expect(await createRun(root, "text")).toBe(join(root, "text-10"));
  });

  it("gives every one of several at the same time its own", async () => {
    const folders = await Promise.all(Array.from({ length: 8 }, () => createRun(root, "text")));
    expect(new Set(folders).size).toBe(8);
  });

  it("explains when the folder cannot be made", async () => {
    await writeFile(join(root, "file"), "");
    await expect(createRun(join(root, "file", "runs"), "text")).rejects.toThrow(/a part of this path is a file/);
  });
});

describe("findModel and findRun", () => {
  it("finds a model by file, folder or name, best before last", async () => {
    const run = join(root, "text-1");
    await mkdir(run);
    await expect(findModel(run, root)).rejects.toThrow(/holds no model/);
    await writeFile(join(run, "last.safetensors"), "");
    expect(await findModel("text-1", root)).toBe(join(run, "last.safetensors"));
    await writeFile(join(run, "best.safetensors"), "");
    expect(await findModel(run, root)).toBe(join(run, "best.safetensors"));
    expect(await findModel(join(run, "last.safetensors"), root)).toBe(join(run, "last.safetensors"));
    for (const name of ["text-1", run, join(run, "last.safetensors")]) expect(await findRun(name, root)).toBe(run);
  });

  it("suggests what there is", async () => {
    await mkdir(join(root, "text-12"));
    await expect(findModel("text12", root)).rejects.toThrow(/did you mean ".*text-12"/);
    await expect(findRun("other", join(root, "none"))).rejects.toThrow(/rondo train text/);
  });
});

it("removes what interrupted writes left, and nothing else", async () => {
  const names = [".last.safetensors.4711-3.tmp", "last.safetensors", ".gitignore"];
  for (const name of names) await writeFile(join(root, name), "");
  await removeTemporaryFiles(root);
  expect((await readdir(root)).sort()).toEqual([".gitignore", "last.safetensors"]);
});

it("explains when it cannot append", () => {
  expect(() => append(join(root, "none", "metrics.jsonl"), "{}\n")).toThrow(/folder to write to does not exist/);
});
