// Builds the WebAssembly kernels with clang from npm (@yowasp/clang): SIMD for every engine of the last years, relaxed
// SIMD (with fused multiply-add) for those that have it.
//
// As a module: compileWasm(variant) starts a process of its own when anything changed, so that both variants compile at
// the same time and an up-to-date build never loads the compiler. As a program: node compile-wasm.mjs <variant>.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { commonFlags, kernelSources, objectFile } from "./kernel-sources.mjs";
import { hash, isCurrent, markCurrent, removeOthers } from "./stamps.mjs";

const variants = { simd: ["-msimd128"], relaxed: ["-msimd128", "-mrelaxed-simd"] };

const compileFlags = [
  "--target=wasm32",
  ...commonFlags,
  "-ffreestanding",
  "-fno-unroll-loops", // a quarter smaller; loops that gain from it ask for it
  "-nostdlib",
  "-nostdinc++",
  "-mbulk-memory",
  "-matomics",
  "-mnontrapping-fptoint",
  "-mllvm",
  "-disable-lsr", // keeps constant offsets foldable into loads: 6 % on the matrix product in V8
  "-Ikernels",
  "-Ibuild/generated",
];
/** As fast when compiled for size (measured): their loops are spelled out in vectors already. A tenth of the module. */
const compactSources = new Set([
  ...["copy", "elementwise", "fold", "indexing", "normalization", "optimizer", "random"],
  ...["recurrent", "reduce", "softmax"],
]);
const sourceFlags = (source) => (compactSources.has(basename(source, ".cpp")) ? ["-Os"] : []);

const linkFlags = [
  "--target=wasm32",
  "-nostdlib",
  "-Wl,--no-entry",
  // Shared memory, for threads. Where there is none, the loader takes the mark off again (src/backend/wasm-memory.ts).
  "-Wl,--import-memory",
  "-Wl,--shared-memory",
  "-Wl,--initial-memory=16777216",
  "-Wl,--max-memory=4294967296", // reserved at most, never committed before it is used
  "-Wl,--export=__heap_base",
  "-Wl,--export=__stack_pointer",
  "-Wl,--export=__wasm_init_tls",
  "-Wl,--export=__tls_size",
  "-Wl,--stack-first", // overflowing the stack traps instead of overwriting data
  "-Wl,-z,stack-size=262144",
  "-Wl,--strip-all",
  "-Wl,--gc-sections",
];

function plan(variant) {
  const { version } = JSON.parse(
    readFileSync(join(dirname(createRequire(import.meta.url).resolve("@yowasp/clang")), "../package.json"), "utf8"),
  );
  const { kernels, headers } = kernelSources();
  const flags = [...compileFlags, ...variants[variant], `-DRONDO_ARCH=rondo_${variant}`];
  const sources = [...kernels, "kernels/wasm/pool.cpp", "kernels/wasm/runtime.cpp"];
  const directory = `build/wasm-${variant}`;
  const objects = sources.map((source) =>
    objectFile(directory, source, headers, [...flags, ...sourceFlags(source)].join(" ") + version),
  );
  const output = `dist/wasm/rondo.${variant}.wasm`;
  return { sources, objects, headers, flags, directory, output, inputs: hash(...objects, ...linkFlags) };
}

async function build(variant) {
  const { sources, objects, headers, flags, directory, output, inputs } = plan(variant);
  const { runClang } = await import("@yowasp/clang");
  mkdirSync(directory, { recursive: true });

  const tree = (paths) => {
    const root = {};
    for (const path of paths) {
      const folders = path.split("/");
      const name = folders.pop();
      let at = root;
      for (const folder of folders) at = at[folder] ??= {};
      at[name] = readFileSync(path);
    }
    return root;
  };
  const clang = async (args, paths, result) => {
    const messages = [];
    const stderr = (bytes) => bytes && messages.push(Buffer.from(bytes));
    try {
      const files = await runClang(["clang++", ...args, "-o", "out"], tree(paths), { stderr, fetchProgress: () => {} });
      writeFileSync(`${result}.part`, files.out);
      renameSync(`${result}.part`, result); // an interrupted build leaves no half-written file
    } finally {
      process.stderr.write(Buffer.concat(messages));
    }
  };
  for (const [i, source] of sources.entries()) {
    if (!existsSync(objects[i]))
      await clang([...flags, ...sourceFlags(source), "-c", source], [source, ...headers], objects[i]);
  }
  mkdirSync(dirname(output), { recursive: true });
  await clang([...linkFlags, ...objects], objects, output);
  removeOthers(directory, new Set(objects.map((o) => basename(o))));
  markCurrent(output, inputs);
}

/**
 * Builds dist/wasm/rondo.<variant>.wasm if anything changed.
 * @returns {Promise<{ ok: boolean, line: string }>}
 */
export async function compileWasm(variant) {
  const { objects, output, inputs } = plan(variant);
  if (isCurrent(output, inputs)) return { ok: true, line: `wasm ${variant}: up to date` };
  const stale = objects.filter((object) => !existsSync(object)).length;
  const started = performance.now();
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), variant], {
      maxBuffer: 1 << 26,
    });
    if (stderr) process.stderr.write(stderr);
  } catch (error) {
    return { ok: false, line: `wasm ${variant}: failed\n${error.stderr || error.message}` };
  }
  const kilobytes = (readFileSync(output).length / 1024).toFixed(0);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return { ok: true, line: `wasm ${variant}: ${kilobytes} KB (${stale} compiled, ${seconds} s)` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(process.argv[2]);
