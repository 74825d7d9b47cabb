import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's folder, from src/cli and dist/cli alike. */
const root = fileURLToPath(new URL("../..", import.meta.url));

const commentedFiles = /\.(ts|cpp|h)$/;

/** Every file of a folder, by name. */
function filesIn(folder: string): string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
  return names.map((name) => join(path, name));
}

/** The sentences of a source file's comments, without their stars and slashes. */
export function commentsOf(source: string): string {
  const blocks = source.match(/\/\*\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n)+/gm) ?? [];
  const texts = blocks.map((block) =>
    block
      .replace(/^[ \t]*(\/\*\*|\/\/|\*\/|\*)[ \t]?/gm, "")
      .replace(/[ \t]*\*\/$/gm, "")
      .split("\n")
      .filter((line) => !line.startsWith("@") && !line.includes("----"))
      .join("\n")
      .trim(),
  );
  return texts.filter((text) => text.includes(" ")).join("\n\n");
}

/**
 * What rondo says about itself: its pages and the comments of its sources (of its declarations, where it is installed
 * without sources). A few hundred thousand characters of plain technical English.
 */
export function ownWords(): string {
  const pages = [join(root, "README.md"), join(root, "CONTRIBUTING.md"), ...filesIn("docs")].filter(
    (path) => path.endsWith(".md") && existsSync(path),
  );
  const sources = [...filesIn("src"), ...filesIn("kernels")];
  const commented = (sources.length > 0 ? sources : filesIn("dist")).filter((path) => commentedFiles.test(path));
  const read = (path: string) => readFileSync(path, "utf8");
  const words = [...pages.map(read), ...commented.map((path) => commentsOf(read(path)))].filter(Boolean);
  // Tables and diagrams would teach it to write numbers and blanks.
  return words
    .join("\n\n")
    .replace(/^(\||<!--).*\n/gm, "")
    .replace(/[ -]{3,}/g, " ");
}
