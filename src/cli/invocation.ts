import { basename, dirname, relative, resolve } from "node:path";

/**
 * How to call this program again from here: by its name where it is installed, through npx in a project that has it or in
 * a clone of its own, else by its path.
 */
export function invocation(script = process.argv[1] ?? "rondo", folder = process.cwd()): string {
  if (basename(script) === "rondo") return basename(dirname(script)) === ".bin" ? "npx rondo" : "rondo";
  const root = resolve(script, "..", "..", "..");
  return root === resolve(folder) ? "npx rondo" : `node ${relative(folder, script)}`;
}
