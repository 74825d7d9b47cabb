import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors.js";
import { rondo, text, tiny, useFolder } from "./rondo.js";

const folder = useFolder();
const built = (path: string) => pathToFileURL(fileURLToPath(new URL(`../../build/js/${path}`, import.meta.url))).href;

it("leaves a readable checkpoint when killed in the middle of a save", async () => {
  // A program that does nothing but save. It is killed when the temporary file of a save is seen; should that save end
  // before the signal arrives, the next round tries again.
  const path = join(folder.path, "last.safetensors");
  const program = `
    import { writeSafetensors } from ${JSON.stringify(built("formats/safetensors.js"))};
    import { createNodeFiles } from ${JSON.stringify(built("platform/files-node.js"))};
    const files = createNodeFiles();
    for (let n = 1; ; n++) {
      const tensors = new Map([["w", { dtype: "F32", shape: [1 << 20], data: new Float32Array(1 << 20).fill(n) }]]);
      await files.write(${JSON.stringify(path)}, writeSafetensors({ tensors, metadata: { n: String(n) } }));
      if (n === 2) console.log("saving");
    }`;
  const temporary = () => readdirSync(folder.path).filter((name) => name.endsWith(".tmp"));
  let interrupted = 0;
  for (let round = 0; round < 100 && interrupted < 3; round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
    await once(child.stdout, "data");
    while (temporary().length === 0 && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
    child.kill("SIGKILL");
    await once(child, "close");
    const { tensors, metadata } = readSafetensors(await readFile(path));
    const values = tensors.get("w")!.data;
    expect(values.every((value) => value === Number(metadata["n"]))).toBe(true);
    const left = temporary();
    interrupted += left.length;
    for (const name of left) await rm(join(folder.path, name));
  }
  // Proof that saves were really cut short: their temporary files were still there.
  expect(interrupted).toBe(3);
});

it("goes on from the last checkpoint after kill -9, and clears away what the killed save left", async () => {
  await writeFile(join(folder.path, "cat.txt"), text);
  const args = ["train", "text", "cat.txt", ...tiny, "--epochs", "8"];
  expect((await rondo(folder.path, [...args, "--output", "whole"])).code).toBe(0);
  // As left by a process that was killed while it wrote: the last checkpoint, metrics beyond it, half a file.
  expect((await rondo(folder.path, [...args.slice(0, -1), "4"])).code).toBe(0);
  const run = join(folder.path, "runs", "text-1");
  await writeFile(join(run, ".last.safetensors.4711-9.tmp"), "half a fi");
  expect((await rondo(folder.path, ["train", "text", "--resume", "text-1", "--epochs", "8"])).code).toBe(0);
  expect((await readdir(run)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

it("keeps the checkpoints there are when the disk is full", async () => {
  await writeFile(join(folder.path, "cat.txt"), text);
  expect((await rondo(folder.path, ["train", "text", "cat.txt", ...tiny])).code).toBe(0);
  const run = join(folder.path, "runs", "text-1");
  const before = await Promise.all(["best", "last"].map((name) => readFile(join(run, `${name}.safetensors`))));
  // Writing to this device always ends with "no space left"; that saves themselves survive it is shown in
  // files-node.test.ts, with a disk that fails in every step of one.
  await rm(join(run, "metrics.jsonl"));
  await symlink("/dev/full", join(run, "metrics.jsonl"));
  const resumed = await rondo(folder.path, ["train", "text", "--resume", "text-1", "--epochs", "9"]);
  expect(resumed.code).toBe(1);
  expect(resumed.stderr).toMatch(/metrics\.jsonl: the disk is full[\s\S]*fix: free some space/);
  expect(resumed.stdout).toMatch(/What was trained so far is in runs.text-1/);
  expect(await Promise.all(["best", "last"].map((name) => readFile(join(run, `${name}.safetensors`))))).toEqual(before);
  expect((await rondo(folder.path, ["generate", "text-1", "-n", "5"])).code).toBe(0);
});
