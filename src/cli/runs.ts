import { appendFileSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { closest, RondoError } from "../errors.js";
import { fileError, isTemporaryName } from "../platform/files-node.js";

/** Where runs are kept unless the user says otherwise. */
export const defaultRunsFolder = "runs";

/** Names of the files in a run's folder. */
export const runFiles = {
  config: "config.json",
  metrics: "metrics.jsonl",
  samples: "samples.txt",
  /** The text itself, when it came from nowhere it could be read again. */
  text: "text.txt",
  best: "best.safetensors",
  last: "last.safetensors",
} as const;

/** Makes the next numbered folder, for example runs/text-3. Throws RondoError "file". */
export async function createRun(root: string, kind: string): Promise<string> {
  await makeFolder(root);
  const pattern = new RegExp(`^${kind}-(\\d+)$`);
  const numbers = (await readdir(root)).map((name) => Number(pattern.exec(name)?.[1] ?? 0));
  // Another process may take a number between looking and making.
  for (let number = Math.max(0, ...numbers) + 1; ; number++) {
    const folder = join(root, `${kind}-${number}`);
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError(error, folder, "make");
    }
  }
}

/** Makes a folder and those above it. Node's own recursive mkdir never returns where a new folder stays invisible (/proc). */
async function makeFolder(path: string): Promise<void> {
  if ((await kindOf(path)) === "folder") return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have been faster.
    if ((await kindOf(path)) !== "folder") throw fileError(error, path, "make");
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && (found.isDirectory() ? "folder" : "file");
}

/**
 * The folder of a run named by its folder, by its name in `root`, or by a file in it. Throws RondoError "file" with the
 * runs there are.
 */
export async function findRun(name: string, root: string): Promise<string> {
  for (const path of [name, join(root, name)]) {
    const kind = await kindOf(path);
    if (kind === "file") return dirname(path);
    if (kind === "folder") return path;
  }
  throw await noSuch("run", name, root);
}

/**
 * The model file a user means: a file, or the best (else the last) checkpoint of a run. Throws RondoError "file".
 */
export async function findModel(name: string, root: string): Promise<string> {
  for (const path of [name, join(root, name)]) {
    const kind = await kindOf(path);
    if (kind === "file") return path;
    if (kind !== "folder") continue;
    for (const file of [runFiles.best, runFiles.last]) {
      if ((await kindOf(join(path, file))) === "file") return join(path, file);
    }
    throw new RondoError("file", "this folder holds no model", {
      path,
      expected: `${runFiles.best} or ${runFiles.last}`,
      fix: "name a run that has been trained, or a .safetensors file",
    });
  }
  throw await noSuch("model or run", name, root);
}

async function noSuch(what: string, name: string, root: string): Promise<RondoError> {
  const names = await readdir(root).catch(() => []);
  const near = closest(basename(name), names);
  return new RondoError("file", `there is no such ${what}`, {
    path: name,
    received: "a path at which there is nothing",
    expected: names.length > 0 ? `one of ${names.map((n) => join(root, n)).join(", ")}` : "a file or folder",
    fix: near ? `did you mean "${join(root, near)}"?` : "check the path, or train first: rondo train text FILE",
  });
}

/** Removes what interrupted writes left behind. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (isTemporaryName(name)) await rm(join(folder, name), { force: true });
}

/** Adds text to the end of a file. Throws RondoError "file". */
export function append(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    throw fileError(error, path, "write");
  }
}
