import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const script = (name: string) => import(new URL(`../scripts/${name}`, import.meta.url).href);
const { publicApi, tagsOf } = await script("public-api.mjs");
const { missing } = await script("api-index.mjs");

/** The parts of a comment. */
interface Documentation {
  text: string;
  tags: [name: string, text: string][];
}

interface PublicName {
  name: string;
  kind: "function" | "class" | "type" | "value" | "table";
  doc?: Documentation;
  members?: { name: string; doc?: Documentation }[];
}

/** What names stand for that examples use without saying where they come from. */
const given: Readonly<Record<string, string>> = {
  model: "Model<Tensor>",
  second: "Model<Tensor>",
  teacher: "Model<Tensor>",
  encoder: "Functional",
  x: "Tensor",
  y: "Tensor",
  a: "Tensor",
  b: "Tensor",
  c: "Tensor",
  q: "Tensor",
  k: "Tensor",
  v: "Tensor",
  gates: "Tensor",
  kernel: "Tensor",
  recurrent: "Tensor",
  bias: "Tensor",
  labels: "Tensor",
  logits: "Tensor",
  predicted: "Tensor",
  inputs: "Tensor",
  targets: "Tensor",
  ids: "SymbolicTensor",
  decoded: "SymbolicTensor",
  encoded: "SymbolicTensor",
  past: "SymbolicTensor",
  future: "SymbolicTensor",
  queries: "SymbolicTensor",
  weights: "Variable",
  w: "Variable",
  newState: "Tensor",
  state: "Tensor",
  previous: "Tensor",
  truthAt: "(t: number) => Tensor",
  t: "number",
  f: "(...x: any[]) => Tensor",
  optimizer: "Optimizer",
  stepper: "Stepper",
  sample: "number[]",
  samples: "number[][]",
  temperatures: "number[]",
  trainingValues: "number[]",
  data: "Uint8Array<ArrayBuffer>",
  bytes: "Uint8Array<ArrayBuffer>",
  response: "Response",
  saved: "CompileConfig",
  text: "string",
  writer: "TextModel",
  Scale: "any",
  Tagger: "any",
};

interface Example {
  name: string;
  code: string;
  /** What the comment at the end says that comes out. */
  value?: unknown;
}

function exampleOf(name: string, code: string): Example {
  const claim = /^(.*)\s\/\/ (\S.*)$/s.exec(code);
  if (claim && !/\n/.test(claim[2]!)) {
    try {
      const value: unknown = JSON.parse(claim[2]!);
      const statements = claim[1]!.replace(/;\s*$/, "").split(/;\s/);
      const last = statements.pop()!;
      return { name, value, code: `${statements.map((each) => `${each};\n`).join("")}return ${last.trim()};` };
    } catch {
      // The comment explains.
    }
  }
  return { name, code };
}

const api: PublicName[] = publicApi();
const own = (name: string, doc: Documentation | undefined) =>
  tagsOf(doc, "example").map((code: string) => exampleOf(name, code));
const examples: Example[] = api.flatMap(({ name, doc, members = [] }) => [
  ...own(name, doc),
  ...members.flatMap((member) => own(`${name}.${member.name}`, member.doc)),
]);

function functionOf({ name, code }: Example, i: number): string {
  const plain = code.replace(/"[^"\n]*"/g, '""').replace(/\/\/.*$/gm, "");
  const uses = (word: string) =>
    new RegExp(`(?<![\\w.])${word}\\b(?!\\??:)${word === "model" ? "(?!\\()" : ""}`).test(plain);
  const makes = (word: string) => new RegExp(`\\b(const|let|class) ${word}\\b`).test(plain);
  const parameters = Object.entries(given).filter(([word]) => uses(word) && !makes(word));
  const list = parameters.map(([word, type]) => `${word}: ${type}`).join(", ");
  return `// ${name}\nexport ${/\bawait\b/.test(plain) ? "async " : ""}function example${i}(${list}) {\n  {\n${code}\n  }\n}\n`;
}

let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "rondo-examples-"));
  mkdirSync(join(project, "node_modules"));
  symlinkSync(root, join(project, "node_modules", "rondo"));
  symlinkSync(join(root, "node_modules", "@types"), join(project, "node_modules", "@types"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  const compilerOptions = { target: "ES2022", module: "NodeNext", strict: true, types: ["node"], skipLibCheck: true };
  const lib = ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable"];
  const config = { compilerOptions: { ...compilerOptions, lib, rootDir: ".", outDir: "out" }, include: ["*.ts"] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  const imports = api.map(({ name, kind }) => (kind === "type" ? `type ${name}` : name)).join(", ");
  writeFileSync(
    join(project, "examples.ts"),
    `import { ${imports} } from "rondo";\n\n${examples.map(functionOf).join("\n")}`,
  );
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

test("the examples of the documentation compile, and give what they say", () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", project], { encoding: "utf8" });
  expect(stdout).toBe("");

  const claims = examples.flatMap((example, i) => ("value" in example ? [{ ...example, i }] : []));
  expect(claims.length).toBeGreaterThan(100);
  const plain = "(value) => (value instanceof rondo.Tensor ? value.arraySync() : value)";
  writeFileSync(
    join(project, "run.js"),
    `import * as rondo from "rondo"; import * as examples from "./out/examples.js";
    const plain = ${plain};
    const numbers = ${JSON.stringify(claims.map(({ i }) => i))};
    console.log(JSON.stringify(numbers.map((i) => plain(examples["example" + i]()))));`,
  );
  const output = execFileSync(process.execPath, ["run.js"], { cwd: project, encoding: "utf8" });
  const rounded = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rounded);
    return typeof value === "number" ? Math.round(value * 1e5) / 1e5 + 0 : value;
  };
  const results: unknown[] = JSON.parse(output);
  const said = Object.fromEntries(claims.map(({ name, i, value }) => [`${name} ${i}`, rounded(value)]));
  const given = Object.fromEntries(claims.map(({ name, i }, at) => [`${name} ${i}`, rounded(results[at])]));
  expect(given).toEqual(said);
});

test("what has no documentation or no example is found", () => {
  const doc: Documentation = { text: "A layer.", tags: [["example", "layers.dense({ units: 1 })"]] };
  const file = "src/layers/x.ts";
  expect(missing([{ name: "dense", kind: "function", file, doc }])).toEqual([]);
  expect(missing([{ name: "Options", kind: "type", file, doc: { text: "Options.", tags: [] } }])).toEqual([]);
  const members = [
    { name: "a", file, doc: { ...doc, tags: [] } },
    { name: "b", file },
  ];
  expect(missing([{ name: "layers", kind: "table", file, doc, members }])).toEqual([
    `${file}: layers.a has no @example`,
    `${file}: layers.b has no documentation`,
    `${file}: layers.b has no @example`,
  ]);
  expect(missing([{ name: "Options", kind: "type", file }])).toEqual([`${file}: Options has no documentation`]);
});
