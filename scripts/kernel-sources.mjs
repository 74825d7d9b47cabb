// What the kernel library consists of, for both compilers.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { hash } from "./stamps.mjs";

const files = (directory, ending) =>
  readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(directory, name));

/** Paths, relative to the package root, of the kernel files and of all headers. */
export function kernelSources() {
  const headers = [...files("kernels", ".h"), ...files("kernels/native", ".h"), ...files("build/generated", "")];
  return { kernels: files("kernels", ".cpp"), headers };
}

/** A source and the headers it includes, directly or not. */
function withIncludes(source, headers, found = new Set()) {
  found.add(source);
  for (const [, name] of readFileSync(source, "utf8").matchAll(/^\s*#include "([^"]+)"/gm)) {
    const header = headers.find((path) => basename(path) === name);
    if (header && !found.has(header)) withIncludes(header, headers, found);
  }
  return found;
}

/**
 * The object file of one source: its name carries the hash of everything it depends on, so that a file that exists is
 * up to date.
 */
export function objectFile(directory, source, headers, command) {
  const inputs = [...withIncludes(source, headers)].map((file) => ({ file }));
  return join(directory, `${basename(source, ".cpp")}-${hash(...inputs, command)}.o`);
}

/** Flags that every build of the kernels shares. Contraction is wanted: it makes a * b + c one instruction. */
export const commonFlags = [
  "-std=c++17",
  "-O3",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-ffp-contract=fast",
  "-fno-strict-aliasing", // elements are moved without regard to their type
  "-fno-exceptions",
  "-fno-rtti",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
  "-Wno-psabi",
  "-Wno-unknown-pragmas",
];
