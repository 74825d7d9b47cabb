// Compiles the TypeScript: declarations with their documentation to dist/, plain modules to build/js/, and from those the
// few files that are published. Node spends about a millisecond on every module it loads; as one file per source the
// library took four times as long to import.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const modules = "build/js";
/** What users and programs start from; everything these have in common goes to dist/shared/. */
const entries = ["entry/node", "entry/web", "entry/worker-node", "entry/worker-web", "cli/main"];

/** Removes files that nothing produces any more, so that they are neither imported nor published. */
function removeOthers(directory, keep) {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) {
      if (!keep(path)) rmSync(path);
    } else if (path !== join("dist", "wasm") && path !== join("dist", "native")) {
      removeOthers(path, keep);
      if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
    }
  }
}

function runCompiler(config, result, record) {
  // Without its output the compiler's record of what is up to date is worth nothing.
  if (!existsSync(result)) rmSync(record, { force: true });
  const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  return spawnSync(process.execPath, [tsc, "-p", config], { stdio: "inherit" }).status === 0;
}

/** One statement per line, because Node prints the whole line that threw. */
function inLines(code, parseAst) {
  const starts = new Set();
  const visit = (node) => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (typeof node?.type === "string") {
      if (/^(Program|BlockStatement|StaticBlock|ClassBody)$/.test(node.type)) {
        for (const { start } of node.body) starts.add(start);
      }
      Object.values(node).forEach(visit);
    }
  };
  visit(parseAst(code));
  starts.delete(0);
  let from = 0;
  const lines = [...starts].sort((a, b) => a - b).map((start) => code.slice(from, (from = start)));
  return [...lines, code.slice(from)].join("\n");
}

async function bundle() {
  const { rolldown } = await import("rolldown");
  const { parseAst } = await import("rolldown/parseAst");
  const build = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, resolve(modules, `${name}.js`)])),
    platform: "node",
    external: [/^node:/, "commander"],
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await build.write({
    dir: "dist",
    entryFileNames: "[name].js",
    chunkFileNames: "shared/[name].js",
    // The library in one piece; the command line and the platforms apart.
    // Short local names and no spaces keep the package small; functions and classes keep their names for stack traces.
    minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
    codeSplitting: { groups: [{ name: "rondo", test: /build\/js\/(?!cli|platform|entry)/ }] },
  });
  await build.close();
  for (const { fileName } of output) {
    const path = join("dist", fileName);
    writeFileSync(path, inLines(readFileSync(path, "utf8"), parseAst));
  }
  return new Set(output.map(({ fileName }) => join("dist", fileName)));
}

/** @returns {Promise<boolean>} whether everything compiled */
export async function compileTypeScript() {
  mkdirSync("build", { recursive: true });
  const compiled = [
    runCompiler("tsconfig.json", `${modules}/index.js`, "build/tsconfig.tsbuildinfo"),
    runCompiler("tsconfig.types.json", "dist/index.d.ts", "build/tsconfig.types.tsbuildinfo"),
  ].every(Boolean);
  const sourceOf = (path) => path.replace(/^(dist|build\/js)\//, "src/").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
  removeOthers(modules, (path) => existsSync(sourceOf(path)));
  const bundled = await bundle();
  removeOthers("dist", (path) => bundled.has(path) || (path.endsWith(".d.ts") && existsSync(sourceOf(path))));
  if (!compiled) console.error("typescript: failed, see above");
  return compiled;
}
