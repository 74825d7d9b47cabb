import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RondoError } from "../errors.js";
import { createNodeFiles, type FileFunctions, isTemporaryName } from "./files-node.js";

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "rondo-files-"));
});
afterEach(async () => {
  await fs.chmod(folder, 0o700);
  await fs.rm(folder, { recursive: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const failure = (code: string) => Object.assign(new Error(`${code}: no luck`), { code });

/** node:fs whose file handles fail in one method. */
function failing(method: "writeFile" | "sync" | "close", code: string): FileFunctions {
  return {
    ...fs,
    open: async (path, flags) => {
      const handle = await fs.open(path, flags);
      return new Proxy(handle, {
        get(target, key) {
          if (key === method) {
            return async () => {
              if (method === "close") await target.close();
              else await target.write("half");
              throw failure(code);
            };
          }
          const value = Reflect.get(target, key);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
}

async function errorOf(promise: Promise<unknown>): Promise<RondoError> {
  return promise.then(
    () => {
      throw new Error("no error was thrown");
    },
    (error) => error,
  );
}

describe("files of this computer", () => {
  it("writes, replaces and reads", async () => {
    const files = createNodeFiles();
    const path = join(folder, "a.bin");
    await files.write(path, bytes("one"));
    await files.write(path, bytes("two"));
    expect(Buffer.from(await files.read(path)).toString()).toBe("two");
    expect(await fs.readdir(folder)).toEqual(["a.bin"]);
  });

  it("writes through a link", async () => {
    await fs.writeFile(join(folder, "real"), "old");
    await fs.symlink("real", join(folder, "link"));
    await createNodeFiles().write(join(folder, "link"), bytes("new"));
    expect((await fs.lstat(join(folder, "link"))).isSymbolicLink()).toBe(true);
    expect(await fs.readFile(join(folder, "real"), "utf8")).toBe("new");
  });

  it.each([
    ["the disk fills up while writing", failing("writeFile", "ENOSPC"), "the disk is full"],
    ["the disk fills up while flushing", failing("sync", "EDQUOT"), "the disk quota is used up"],
    ["closing fails", failing("close", "EIO"), "cannot write this"],
    ["renaming fails", { ...fs, rename: () => Promise.reject(failure("EACCES")) }, "no permission to write"],
  ])("keeps the old file and leaves no other when %s", async (_name, functions, summary) => {
    const path = join(folder, "model.safetensors");
    await fs.writeFile(path, "old");
    const error = await errorOf(createNodeFiles(functions).write(path, bytes("new content")));
    expect(error.code).toBe("file");
    expect(error.message).toContain(summary);
    expect(error.fix).toBeTruthy();
    expect(await fs.readFile(path, "utf8")).toBe("old");
    expect(await fs.readdir(folder)).toEqual(["model.safetensors"]);
  });

  it("tells what is wrong with a path", async () => {
    const files = createNodeFiles();
    await fs.writeFile(join(folder, "file"), "x");
    const missing = join(folder, "none", "x");
    expect((await errorOf(files.read(missing))).message).toMatch(/no such file or folder/);
    expect((await errorOf(files.write(missing, bytes("x")))).message).toMatch(/folder to write to does not exist/);
    expect((await errorOf(files.read(folder))).message).toMatch(/this is a folder/);
    expect((await errorOf(files.write(join(folder, "file", "x"), bytes("x")))).message).toMatch(/not a folder/);
    expect((await errorOf(files.write(join(folder, "n".repeat(300)), bytes("x")))).message).toMatch(/too long/);
  });

  it("knows its temporary files by their names", async () => {
    const names: string[] = [];
    const spying: FileFunctions = { ...fs, rename: async (from) => void names.push(String(from)) };
    await createNodeFiles(spying).write(join(folder, "last.safetensors"), bytes("x"));
    const left = await fs.readdir(folder);
    expect(left.map((name) => join(folder, name))).toEqual(names);
    expect(left.every(isTemporaryName)).toBe(true);
    expect(["last.safetensors", ".hidden", "notes.tmp"].some(isTemporaryName)).toBe(false);
  });
});
