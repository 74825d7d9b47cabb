import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const snippetsOf = (page: string) => [...page.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1]!);
const snippets = snippetsOf(readme);
/** The code of the other pages: name, code. */
const pages = readdirSync(join(root, "docs"))
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) =>
    snippetsOf(readFileSync(join(root, "docs", name), "utf8")).map(
      (code, i) => [`${name.replace(".md", "")}-${i}`, code] as const,
    ),
  );

/** A project of someone who installed rondo and pasted the README into files. */
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "rondo-readme-"));
  mkdirSync(join(project, "node_modules"));
  symlinkSync(root, join(project, "node_modules", "rondo"));
  symlinkSync(join(root, "node_modules", "@types"), join(project, "node_modules", "@types"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "book.txt"), readFileSync(join(root, "docs", "architecture.md")));
  const compilerOptions = {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    types: ["node"],
    rootDir: ".",
    outDir: "out",
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  snippets.forEach((code, i) => {
    writeFileSync(join(project, `snippet-${i}.ts`), code);
  });
  for (const [name, code] of pages) writeFileSync(join(project, `${name}.ts`), code);
  // Compiled with the published types, as its reader would.
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", project], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

function run(snippet: number | string): string {
  const name = typeof snippet === "number" ? `snippet-${snippet}` : snippet;
  return execFileSync(process.execPath, [`out/${name}.js`], {
    cwd: project,
    encoding: "utf8",
    timeout: 60_000,
  });
}

describe("the README's code", () => {
  test("trains and runs a text model", () => {
    const output = run(0);
    expect(Number(/validation loss ([\d.]+)/.exec(output)![1])).toBeLessThan(4);
    expect(output.split("\n").slice(1).join("\n").length).toBeGreaterThanOrEqual(200);
  });

  test("trains a classifier", () => {
    const output = run(1);
    expect(output).toMatch(/bidirectional/);
    expect(Number(/accuracy ([\d.]+)/.exec(output)![1])).toBeGreaterThan(0.9);
    expect(output).toMatch(/prediction Float32Array\(1\)/);
  });

  test("fits a line by hand and runs a cell of its own", () => {
    const output = run(2);
    const [slope, intercept] = /slope \[ \[ ([\d.]+) \] \] intercept \[ ([\d.]+) \]/.exec(output)!.slice(1).map(Number);
    expect(slope).toBeCloseTo(2, 1);
    expect(intercept).toBeCloseTo(1, 1);
    // 1; 0.9 + 1; 0.81 + 0.9 + 1 in the first place, 0; 1; 0.9 in the second.
    const sums = output
      .slice(output.indexOf("leaky sums"))
      .match(/-?\d+\.?\d*/g)!
      .map(Number);
    [1, 0, 1.9, 1, 2.71, 0.9].forEach((expected, i) => {
      expect(sums[i]).toBeCloseTo(expected, 5);
    });
  });

  test("streams", () => {
    expect(run(3)).toMatch(/streamed \[ -?[\d.e-]+, -?[\d.e-]+ \] state of \d+ bytes/);
  });

  test("is all tested", () => {
    expect(snippets.length).toBe(4);
  });

  test("names commands that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    for (const [, script] of readme.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty(script!);
    const help = execFileSync(process.execPath, [join(root, "dist/cli/main.js"), "--help"], { encoding: "utf8" });
    for (const [, command] of readme.matchAll(/^npx rondo (\w+)/gm)) expect(help).toContain(` ${command}`);
    for (const [, option] of readme.matchAll(/^npx rondo .*?(--[\w-]+)/gm)) {
      const all = ["train text", "generate"]
        .map((name) =>
          execFileSync(process.execPath, [join(root, "dist/cli/main.js"), ...name.split(" "), "--help"], {
            encoding: "utf8",
          }),
        )
        .join();
      expect(all).toContain(option!);
    }
  });
});

test.each(pages.map(([name]): string => name))("the code of docs: %s", (name) => {
  const output = run(name);
  expect(output).not.toBe("");
  if (name === "from-tfjs-0") expect(output).toMatch(/left behind: 0\n/);
  if (name === "from-keras-1") expect(output).toMatch(/2\.71/);
  // On this page every snippet prints whether what it claims is so.
  if (name.startsWith("training-")) {
    const lines = output.trim().split("\n");
    expect(lines).toContain("true");
    expect(lines).not.toContain("false");
  }
});
