import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { decodeText, longestText } from "../data/decode-text.js";
import { RondoError } from "../errors.js";
import { createNodeFiles, fileError } from "../platform/files-node.js";

/** Endings of the files taken from a folder. Files named one by one may end in anything. */
const textEndings = new Set([".txt", ".text", ".md", ".markdown", ".rst", ".adoc", ".org", ".tex", ".srt", ".abc"]);

/** Where a text came from. */
export interface TextSource {
  readonly path: string;
  readonly characters: number;
}

/** Name of standard input among paths. */
export const standardInput = "-";

/**
 * Reads files, the text files of folders (recursively, by name) and standard input ("-"), one after the other, with a line
 * break between them where there is none. Throws RondoError "file" or "data".
 */
export async function readTexts(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream = process.stdin,
): Promise<{ text: string; sources: TextSource[] }> {
  const files = createNodeFiles();
  const sources: TextSource[] = [];
  const parts: string[] = [];
  let total = 0;
  const add = (path: string, bytes: Uint8Array) => {
    const text = decodeText(bytes, path);
    total += text.length + 1;
    if (total > longestText) {
      throw new RondoError("data", "these texts are too large together", {
        path,
        received: `more than ${longestText} characters`,
        fix: "train on fewer files",
      });
    }
    sources.push({ path, characters: text.length });
    if (parts.length > 0 && !parts.at(-1)!.endsWith("\n")) parts.push("\n");
    parts.push(text);
  };
  if (paths.filter((path) => path === standardInput).length > 1) {
    throw new RondoError("option", "standard input can be read once only", { received: '"-" given twice' });
  }
  for (const path of paths) {
    if (path === standardInput) add("standard input", await buffer(stdin));
    else {
      const before = sources.length;
      for (const file of await listTexts(path)) {
        const bytes = await files.read(file);
        // An empty file among others says nothing; one that was named is a mistake.
        if (bytes.length > 0 || file === path) add(file, bytes);
      }
      if (sources.length === before) {
        throw new RondoError("data", "the text files in this folder are all empty", { path, received: "0 bytes" });
      }
    }
  }
  return { text: parts.join(""), sources };
}

async function listTexts(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error) => {
      throw fileError(error, path, "read");
    },
  );
  if (!isFolder) return [path];
  const found: string[] = [];
  const others = new Set<string>();
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
      throw fileError(error, folder, "read");
    });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      const at = join(folder, entry.name);
      if (entry.isDirectory()) await walk(at);
      else if (textEndings.has(extname(entry.name).toLowerCase())) {
        // Links to files count; links to folders could lead in circles.
        if (entry.isFile() || (await stat(at).catch(() => undefined))?.isFile()) found.push(at);
      } else others.add(extname(entry.name) || entry.name);
    }
  };
  await walk(path);
  if (found.length > 0) return found;
  throw new RondoError("data", "the folder holds no text files", {
    path,
    received: others.size > 0 ? `files ending in ${[...others].slice(0, 8).join(", ")}` : "no files",
    expected: `files ending in ${[...textEndings].join(", ")}`,
    fix: "name files of other kinds one by one, for example with a shell pattern: src/*.js",
  });
}
