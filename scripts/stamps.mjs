// Content hashes that tell what is up to date, so that a build repeats nothing.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Hash of strings and files (`{ file }`), in order. */
export function hash(...parts) {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(typeof part === "string" ? part : readFileSync(part.file)).update("\0");
  return sum.digest("hex").slice(0, 16);
}

const stampOf = (output) => join("build", "stamps", basename(output));

/** True when `output` exists and was last made from inputs with this hash. */
export function isCurrent(output, inputs) {
  const stamp = stampOf(output);
  return existsSync(output) && existsSync(stamp) && readFileSync(stamp, "utf8") === inputs;
}

export function markCurrent(output, inputs) {
  mkdirSync(dirname(stampOf(output)), { recursive: true });
  writeFileSync(stampOf(output), inputs);
}

/** Removes the files of `directory` that are not in `keep` (names). */
export function removeOthers(directory, keep) {
  for (const name of readdirSync(directory)) if (!keep.has(name)) rmSync(join(directory, name), { recursive: true });
}
