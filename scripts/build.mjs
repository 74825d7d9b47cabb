// Builds everything: TypeScript, the bindings generated from the kernel table, the WebAssembly kernels, and the native
// addon where a C++ compiler is present. Repeats only what changed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compileNative } from "./compile-native.mjs";
import { compileTypeScript } from "./compile-typescript.mjs";
import { compileWasm } from "./compile-wasm.mjs";
import { generateBindings } from "./generate-bindings.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
let failed = false;

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
if (!(await compileTypeScript())) failed = true;
if (!existsSync("build/js/backend/signature.js")) process.exit(1);
const built = (path) => import(pathToFileURL(`build/js/backend/${path}`).href);
const { tableSignature } = await built("signature.js");
generateBindings({ ...(await built("kernels.js")), signature: tableSignature() }, "build/generated");
const wasm = ["simd", "relaxed"].map(async (variant) => report(await compileWasm(variant), true));
const native = compileNative().then((result) => report(result, false));
await Promise.all([...wasm, native]);
process.exitCode = failed ? 1 : 0;
