// Builds the Node-API addon with the system's C++ compiler: every kernel once per instruction set, linked with run-time
// dispatch.
import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { commonFlags, kernelSources, objectFile } from "./kernel-sources.mjs";
import { hash, isCurrent, markCurrent, removeOthers } from "./stamps.mjs";

const run = promisify(execFile);

/** Instruction sets by processor, fastest first; the names are those of kernels/native/addon.cpp. */
const instructionSets = {
  x64: {
    avx512: "-mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512".split(" "),
    avx2: ["-mavx2", "-mfma"],
    sse2: [],
  },
  arm64: { neon: [] },
};

/** The first C++ compiler that answers, or undefined. */
function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"];
  for (const name of candidates) {
    const [command, ...flags] = name.split(/\s+/);
    try {
      const version = execFileSync(command, [...flags, "--version"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      return { command, flags, version };
    } catch {
      // Try the next one.
    }
  }
  return undefined;
}

/** Runs the jobs, a few at a time; stops at the first failure. */
async function inParallel(jobs, limit) {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      try {
        await job();
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: limit }, worker));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** What the compiler complained about, without the list of files it came through. */
const complaint = (error) => (error.stderr || error.message).trim().split("\n").slice(0, 30).join("\n");

const without = (reason) => ({
  ok: false,
  line:
    `native: not built (${reason}). Everything still works on WebAssembly, two to three times slower; ` +
    "to get the native backend install a C++ compiler (Debian: apt install g++, macOS: xcode-select --install), " +
    "or name one in CXX, and run `npm run build` again.",
});

/**
 * Builds dist/native/rondo.node if anything changed.
 * @returns {Promise<{ ok: boolean, line: string }>} what to tell the user; a failure does not stop the build.
 */
export async function compileNative() {
  if (process.platform === "win32") return without("Windows builds use WebAssembly");
  const compiler = findCompiler();
  if (!compiler) return without(process.env.CXX ? `CXX=${process.env.CXX} does not run` : "no C++ compiler found");

  const include = createRequire(import.meta.url)("node-api-headers").include_dir;
  const { kernels, headers } = kernelSources();
  const variants = instructionSets[process.arch] ?? { generic: [] };
  const mac = process.platform === "darwin";
  const base = [...compiler.flags, ...commonFlags, "-fPIC", "-pthread", "-ffunction-sections", "-fdata-sections"];
  if (mac) base.push("-mmacosx-version-min=11.0");

  const objects = [];
  const jobs = [];
  const add = (source, variant, flags) => {
    const command = [...base, ...flags, "-Ikernels", "-Ikernels/native", "-Ibuild/generated"];
    const object = objectFile(`build/native/${variant}`, source, headers, command.join(" ") + compiler.version);
    objects.push(object);
    if (existsSync(object)) return;
    jobs.push(async () => {
      mkdirSync(dirname(object), { recursive: true });
      const { stderr } = await run(compiler.command, [...command, "-c", source, "-o", `${object}.part`]);
      renameSync(`${object}.part`, object); // an interrupted build leaves no half-written object
      if (stderr) process.stderr.write(stderr);
    });
  };
  for (const [variant, flags] of Object.entries(variants)) {
    const own = [...flags, `-DRONDO_ARCH=rondo_${variant}`];
    for (const source of kernels) add(source, variant, own);
    add("kernels/native/table.cpp", variant, own);
  }
  add("kernels/native/pool.cpp", "host", []);
  add("kernels/native/addon.cpp", "host", [`-isystem${include}`]);

  const link = mac
    ? ["-bundle", "-undefined", "dynamic_lookup", "-mmacosx-version-min=11.0", "-Wl,-dead_strip", "-Wl,-x"]
    : // Pool threads outlive the Node environment that loaded the addon, so its code must stay mapped: nodelete.
      ["-shared", "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections", "-Wl,-z,nodelete", "-s"];
  const output = "dist/native/rondo.node";
  const inputs = hash(...objects, ...link, compiler.version);
  if (jobs.length === 0 && isCurrent(output, inputs)) return { ok: true, line: "native: up to date" };

  const started = performance.now();
  try {
    await inParallel(jobs, Math.max(1, availableParallelism()));
    const temporary = "build/native/rondo.node";
    await run(compiler.command, [...compiler.flags, ...objects, ...link, "-pthread", "-o", temporary]);
    mkdirSync(dirname(output), { recursive: true });
    rmSync(output, { force: true }); // a running process keeps the old file
    copyFileSync(temporary, output);
  } catch (error) {
    if (error.cmd === undefined) throw error; // not the compiler's
    rmSync(output, { force: true });
    return without(`${compiler.command} failed:\n${complaint(error)}\n`);
  }
  for (const directory of new Set(objects.map(dirname))) {
    removeOthers(directory, new Set(objects.filter((o) => dirname(o) === directory).map((o) => basename(o))));
  }
  markCurrent(output, inputs);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return { ok: true, line: `native: ${Object.keys(variants).join(", ")} (${jobs.length} compiled, ${seconds} s)` };
}
