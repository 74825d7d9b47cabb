// Builds the reference site into docs/reference/out: writes down what there is to document, installs TypeDoc
// beside this file where it is missing, and runs it. `npm run docs` calls it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publicApi, root } from "../../scripts/public-api.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const entries = join(root, "build", "reference");

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** A comment as it stands in a source file. */
function comment({ text, tags }, ...more) {
  const lines = [text, ...tags.map(([tag, value]) => `@${tag} ${value}`), ...more].join("\n\n").split("\n");
  return `/**\n${lines.map((line) => ` * ${line}`).join("\n")}\n */\n`;
}

/**
 * Every member of a table as a function of its own: pages instead of rows of one large object. Layers are shown without the
 * arithmetic of shapes in their types, which is for the compiler.
 */
function tableModule({ name, doc, members }) {
  const functions = members.map(({ name: member, options, doc: sentence, details: doc = sentence }) => {
    if (name !== "layers" || !options) return `${comment(doc, "@function")}export const ${member} = table.${member};\n`;
    const type = `import("../../${options.file.replace(/\.ts$/, ".js")}").${options.name}`;
    const result = /Cells?$/.test(member) ? "Cell" : "Layer";
    return `${comment(doc)}export declare function ${member}(options${options.optional ? "?" : ""}: ${type}): ${result};\n`;
  });
  const imports = `import { type Cell, type Layer, ${name} as table } from "../../src/index.js";`;
  return `${comment(doc, "@module")}${imports}\n\n${functions.join("\n")}`;
}

rmSync(entries, { recursive: true, force: true });
mkdirSync(entries, { recursive: true });
const api = publicApi();
const lines = api.map((one) => {
  if (one.kind !== "table") {
    return `export { ${one.kind === "type" ? "type " : ""}${one.name} } from "../../src/index.js";`;
  }
  writeFileSync(join(entries, `${one.name}.ts`), tableModule(one));
  return `export * as ${one.name} from "./${one.name}.js";`;
});
const merged = "/**\n * @module rondo\n * @mergeModuleWith <project>\n */\n";
writeFileSync(join(entries, "index.ts"), `${merged}${lines.join("\n")}\n`);

/** Whether what is installed is what package-lock.json names. */
function installed() {
  const versions = (lock) => {
    const path = join(here, lock);
    if (!existsSync(path)) return "";
    const { packages } = JSON.parse(readFileSync(path, "utf8"));
    return ["typedoc", "typescript"].map((name) => packages[`node_modules/${name}`]?.version).join();
  };
  return versions("node_modules/.package-lock.json") === versions("package-lock.json");
}

if (!installed()) run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here });
const typedoc = join(here, "node_modules", "typedoc", "bin", "typedoc");
run(process.execPath, [typedoc, "--options", join(here, "typedoc.json"), ...process.argv.slice(2)]);
