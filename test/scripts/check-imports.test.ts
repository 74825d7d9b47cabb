import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../../scripts/check-imports.mjs", import.meta.url));

/** What the script says about a source tree with these files. */
function complaints(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), "imports-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
    const lines = stderr.split("\n").filter(Boolean);
    expect(status).toBe(lines.length > 0 ? 1 : 0);
    return lines;
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("imports down the layers, platform code and lazy packages pass", () => {
  const files = {
    "layers/dense.ts": 'import { grad } from "../autograd/tape.js";\nimport { RondoError } from "../errors.js";',
    "platform/node.ts": 'import { readFileSync } from "node:fs";\nprocess.exit(readFileSync.length);',
    "formats/zip.ts":
      'export const load = () => import("fflate");\n// process.env and fetch(…) in a comment\nconst s = "process.env";',
    "tensor/a.ts": "const process = 1;\nexport const twice = process * 2;",
    "tensor/a.test.ts": 'import { readFileSync } from "node:fs";',
  };
  expect(complaints(files)).toEqual([]);
});

test.each([
  ["tensor/a.ts", 'import { layer } from "../layers/layer.js";', "tensor must not import from layers"],
  ["layers/a.ts", 'export { x } from "../training/fit.js";', "layers must not import from training"],
  ["layers/a.ts", 'import type {\n  X,\n} from "../cli/main.js";', "layers must not import from cli"],
  ["model/a.ts", 'import { x } from "../backend/native.js";', "only the contract may be imported from backend"],
  ["tensor/a.ts", 'import { readFileSync } from "node:fs";', 'imports "node:fs"'],
  ["formats/a.ts", 'const fs = await import("node:fs");', 'imports "node:fs"'],
  ["formats/a.ts", 'import { unzip } from "fflate";', 'imports "fflate"'],
  ["unknown/a.ts", 'import { x } from "../tensor/tensor.js";', "not in the list of layers"],
  ["data/a.ts", "\nexport const home = process.env.HOME;", "a.ts:2: uses the host's process"],
  ["data/a.ts", 'export const page = await fetch("x");', "uses the host's fetch"],
])("a violation in %s is found: %s", (path, text, message) => {
  expect(complaints({ [path]: text }).join("\n")).toContain(message);
});
