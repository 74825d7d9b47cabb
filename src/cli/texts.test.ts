import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTexts } from "./texts.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rondo-texts-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("readTexts", () => {
  it("takes the text files of a folder in the order of their names, whatever their depth", async () => {
    await mkdir(join(folder, "b", "deep"), { recursive: true });
    await mkdir(join(folder, "node_modules"));
    await writeFile(join(folder, "c.MD"), "third\n");
    await writeFile(join(folder, "a.txt"), "first");
    await writeFile(join(folder, "b", "deep", "x.rst"), "second\r\n");
    await writeFile(join(folder, "b", "picture.png"), "\0");
    await writeFile(join(folder, ".hidden.txt"), "no");
    await writeFile(join(folder, "node_modules", "readme.md"), "no");
    await symlink("..", join(folder, "b", "loop.txt"));
    await symlink("c.MD", join(folder, "d.md"));
    await writeFile(join(folder, "e.txt"), "");
    const { text, sources } = await readTexts([folder]);
    expect(text).toBe("first\nsecond\nthird\nthird\n");
    expect(sources.map((s) => s.path)).toEqual(
      ["a.txt", "b/deep/x.rst", "c.MD", "d.md"].map((name) => join(folder, name)),
    );
  });

  it("reads files of any name and standard input, in the order given", async () => {
    await writeFile(join(folder, "code.js"), "let x;\n");
    const stdin = Readable.from([Buffer.from("caf"), Buffer.from("é")]);
    const { text, sources } = await readTexts([join(folder, "code.js"), "-"], stdin);
    expect(text).toBe("let x;\ncafé");
    expect(sources[1]).toEqual({ path: "standard input", characters: 4 });
  });

  it("says what is wrong with an input", async () => {
    await writeFile(join(folder, "data.parquet"), "x");
    await writeFile(join(folder, "empty.log"), "");
    await expect(readTexts([join(folder, "none.txt")])).rejects.toThrow(/none\.txt: there is no such file/);
    await expect(readTexts([folder])).rejects.toThrow(/no text files[\s\S]*\.parquet, \.log[\s\S]*\.txt/);
    await expect(readTexts([join(folder, "empty.log")])).rejects.toThrow(/the file is empty/);
    await expect(readTexts(["-"], Readable.from([]))).rejects.toThrow(/standard input: the file is empty/);
    await expect(readTexts(["-", "-"])).rejects.toThrow(/once only/);
  });
});
