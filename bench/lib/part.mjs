// The tables of docs/benchmarks.md that have a command of their own.
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../../docs/benchmarks.md", import.meta.url));

/** Replaces what stands between `<!-- table: name -->` and `<!-- end -->`, with the date and the machine. */
export function publishPart(name, table, versions = []) {
  const text = readFileSync(page, "utf8");
  const marked = new RegExp(`<!-- table: ${name} -->\\n[\\s\\S]*?<!-- end -->`);
  if (!marked.test(text)) throw new Error(`docs/benchmarks.md has no place for "${name}"`);
  const about = [new Date().toISOString().slice(0, 10), os.cpus()[0]?.model, `Node ${process.version}`, ...versions];
  const content = `<!-- table: ${name} -->\n\n${table}\n\n${about.join("; ")}.\n\n<!-- end -->`;
  writeFileSync(
    page,
    text.replace(marked, () => content),
  );
}
