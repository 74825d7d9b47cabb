import * as nodeFiles from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RondoError } from "../errors.js";
import type { Files } from "../util/files.js";

/** What is used of node:fs/promises; tests put failing functions in. */
export type FileFunctions = Pick<
  typeof nodeFiles,
  "appendFile" | "mkdir" | "open" | "readFile" | "rename" | "realpath" | "rm"
>;

let written = 0;

/** Name of the file that `writeFile` fills before it takes the place of `path`; unique among live processes. */
function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${++written}.tmp`);
}

/** Does this name belong to an interrupted write? Its process may be gone; the file is of no use to anyone. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.\d+-\d+\.tmp$/.test(name);
}

/** Files of this computer. */
export function createNodeFiles(fs: FileFunctions = nodeFiles): Files {
  return {
    async read(path) {
      try {
        return await fs.readFile(path);
      } catch (error) {
        throw fileError(error, path, "read");
      }
    },

    async write(path, bytes) {
      // A link goes on pointing where it points: what is replaced is the file behind it.
      const target = await fs.realpath(path).catch(() => path);
      const temporary = temporaryName(target);
      try {
        const file = await fs.open(temporary, "wx");
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await fs.rename(temporary, target);
      } catch (error) {
        await fs.rm(temporary, { force: true }).catch(() => {});
        throw fileError(error, path, "write");
      }
      await syncFolder(fs, dirname(target));
    },

    async append(path, bytes) {
      try {
        await fs.mkdir(dirname(path), { recursive: true });
        await fs.appendFile(path, bytes);
      } catch (error) {
        throw fileError(error, path, "write");
      }
    },

    async remove(path) {
      try {
        await fs.rm(path, { force: true });
      } catch (error) {
        throw fileError(error, path, "write");
      }
    },
  };
}

/** Makes a rename last through a power cut. Not every file system can; the file itself is safe either way. */
async function syncFolder(fs: FileFunctions, folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows cannot open folders.
  }
}

/** A RondoError for what the operating system answered. Errors that are none of its codes pass through. */
export function fileError(error: unknown, path: string, action: "read" | "write" | "make"): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const because = (summary: string, fix: string) =>
    new RondoError("file", summary, { path, received: `${code} from the operating system`, fix, cause: error });
  switch (code) {
    case "ENOENT":
      return action === "read"
        ? because("there is no such file or folder", "check the path; relative paths start at the current folder")
        : action === "make"
          ? because("folders cannot be made here", "choose another place")
          : because("the folder to write to does not exist", `make it: mkdir -p "${dirname(path)}"`);
    case "EACCES":
    case "EPERM":
      return because(`no permission to ${action} this`, "change its permissions, or choose another place");
    case "EROFS":
      return because("the file system is read-only", "choose another place to write to");
    case "ENOSPC":
    case "EDQUOT":
      return because(
        code === "EDQUOT" ? "the disk quota is used up" : "the disk is full",
        "free some space, or choose another disk; the file that was there before is untouched",
      );
    case "EISDIR":
      return because("this is a folder, not a file", "name a file in it");
    case "EEXIST":
    case "ENOTDIR":
      return because("a part of this path is a file, not a folder", "check the path");
    case "EMFILE":
    case "ENFILE":
      return because("too many files are open", "close some programs, or raise the limit (ulimit -n)");
    case "ENAMETOOLONG":
      return because("the name is too long for the file system", "choose a shorter one");
    case undefined:
      return error;
    default:
      return because(`cannot ${action} this (${(error as Error).message})`, "see what the operating system says");
  }
}
