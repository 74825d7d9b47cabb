// Builds everything: TypeScript, the bindings generated from the kernel table, the WebAssembly kernels, and the native
// addon where a C++ compiler is present. Repeats only what changed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compileNative } from "./compile-native.mjs";
import { compileWasm } from "./compile-wasm.mjs";
import { generateBindings } from "./generate-bindings.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
let failed = false;

/** Removes compiled files whose source is gone, so that they are neither imported nor published. */
function removeOrphans(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (path === join("dist", "wasm") || path === join("dist", "native")) continue;
      removeOrphans(path);
      if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
      continue;
    }
    const source = path.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (!existsSync(source)) rmSync(path);
  }
}

function compileTypeScript() {
  // Without its output the compiler's record of what is up to date is worth nothing.
  if (!existsSync("dist/backend/kernels.js")) {
    for (const name of ["tsconfig", "tsconfig.types"]) rmSync(`build/${name}.tsbuildinfo`, { force: true });
  }
  const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  // The documentation goes into the declarations, where editors show it; the JavaScript is small without it.
  const results = ["tsconfig.json", "tsconfig.types.json"].map((config) =>
    spawnSync(process.execPath, [tsc, "-p", config], { stdio: "inherit" }),
  );
  if (existsSync("dist")) removeOrphans("dist");
  if (results.some(({ status }) => status !== 0)) {
    failed = true;
    console.error("typescript: failed, see above");
  }
}

function report({ ok, line }, required) {
  (ok ? console.log : console.error)(line);
  if (!ok && required) failed = true;
}

/** Waits for another build in this folder to end: they would remove each other's files. */
async function takeTurn() {
  mkdirSync("build", { recursive: true });
  const lock = "build/lock";
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      process.on("exit", () => rmSync(lock, { force: true }));
      return;
    } catch {
      if (!isRunning(Number(readFileSync(lock, "utf8")))) rmSync(lock, { force: true });
      if (!told) console.log("another build is running here: waiting");
      told = true;
      await setTimeout(200);
    }
  }
}

function isRunning(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

await takeTurn();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
compileTypeScript();
if (!existsSync("dist/backend/signature.js")) process.exit(1);
const built = (path) => import(pathToFileURL(`dist/backend/${path}`).href);
const { tableSignature } = await built("signature.js");
generateBindings({ ...(await built("kernels.js")), signature: tableSignature() }, "build/generated");
const wasm = ["simd", "relaxed"].map(async (variant) => report(await compileWasm(variant), true));
const native = compileNative().then((result) => report(result, false));
await Promise.all([...wasm, native]);
process.exitCode = failed ? 1 : 0;
