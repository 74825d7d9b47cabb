// The house rules of src/: imports go one way (down the list of layers below), and host globals such as fs, process or
// document appear in the platform, the command line and the entry points only.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The source tree; another one may be named, for tests. */
const root = process.argv[2] ?? fileURLToPath(new URL("../src", import.meta.url));

/** What each folder of src/ may import besides itself, errors.ts and util/. `index.ts` stands for itself. */
const below = {
  util: [],
  backend: [],
  tensor: ["backend"],
  autograd: ["tensor", "backend"],
  layers: ["autograd", "tensor", "backend"],
};
const upper = ["model", "training", "data", "formats"];
for (const folder of upper) below[folder] = [...upper, "layers", ...below.layers];
below.tasks = [...below.model];
below.platform = ["tasks", ...below.tasks];
below["index.ts"] = ["tasks", ...below.tasks];
below.entry = ["index.ts", "platform", ...below.platform];
below.cli = ["entry", ...below.entry];
below.studio = below.cli;

/** Folders that may use what only Node or only browsers have. */
const hostFolders = new Set(["platform", "cli", "studio", "entry"]);
/** Folders that may load an optional package, by import() when it is needed. */
const lazyFolders = new Set(["formats", "data", "tasks"]);
const hostGlobals = [
  ...["process", "Buffer", "require", "__dirname", "__filename", "global", "setImmediate"],
  ...["window", "document", "navigator", "location", "localStorage", "indexedDB", "fetch", "self"],
  ...["Worker", "SharedWorker", "setTimeout", "setInterval", "requestAnimationFrame", "XMLHttpRequest", "WebSocket"],
];
const hostUse = new RegExp(`(?<![\\w$.?"'\`-])(${hostGlobals.join("|")})(?=\\s*[.(\\[]|\\?\\.)`);

const violations = [];

function check(path) {
  const file = relative(root, path).split(sep).join("/");
  const folder = file.split("/")[0];
  const text = readFileSync(path, "utf8");
  const complain = (index, message) =>
    violations.push(`src/${file}:${text.slice(0, index).split("\n").length}: ${message}`);

  for (const match of text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/g)) {
    const target = match[1] ?? match[2];
    const at = match.index + match[0].indexOf(target);
    if (!target.startsWith(".")) {
      const lazy = match[2] !== undefined && lazyFolders.has(folder) && !target.startsWith("node:");
      if (hostFolders.has(folder) || lazy) continue;
      complain(
        at,
        `imports "${target}": Node modules belong in src/platform or src/cli, packages there or in import()`,
      );
      continue;
    }
    const to = relative(root, normalize(join(dirname(path), target)))
      .split(sep)
      .join("/");
    const toFolder = to.split("/")[0].replace(/\.js$/, ".ts");
    if (toFolder === folder || toFolder === "errors.ts" || toFolder === "util") continue;
    if (!target.endsWith(".js") && !target.endsWith(".json")) complain(at, `"${target}" needs the .js ending`);
    const allowed = below[folder];
    if (!allowed) complain(at, `the folder "${folder}" is not in the list of layers (scripts/check-imports.mjs)`);
    else if (!allowed.includes(toFolder)) complain(at, `${folder} must not import from ${toFolder} ("${target}")`);
    // Above the contract nobody names a backend: only these files of src/backend are for others.
    const contract = ["backend/arena.js", "backend/backend.js", "backend/kernels.js"];
    if (toFolder === "backend" && !hostFolders.has(folder) && !contract.includes(to)) {
      complain(at, `only the contract may be imported from backend, not "${target}"`);
    }
  }

  if (hostFolders.has(folder)) return;
  text.split("\n").forEach((line, i) => {
    const code = line
      .replace(/^\s*(\*|\/\*).*$/, "")
      .replace(/(^|\s)\/\/.*$/, "")
      .replace(/(["'`])(?:\\.|(?!\1).)*\1/g, '""');
    const use = hostUse.exec(code);
    if (use) violations.push(`src/${file}:${i + 1}: uses the host's ${use[1]}: give it in from src/platform`);
  });
}

function walk(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) walk(path);
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts")) check(path);
  }
}

walk(root);
for (const violation of violations) console.error(violation);
if (violations.length > 0) process.exitCode = 1;
else console.log("imports: layers and host globals are in order");
