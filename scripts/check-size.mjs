// What is published stays small: the JavaScript and WebAssembly of dist/ together under 1 MB.
import { readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const limit = 1_000_000;
const dist = fileURLToPath(new URL("../dist", import.meta.url));

const sums = { ".js": 0, ".wasm": 0 };
for (const name of readdirSync(dist, { recursive: true })) {
  const kind = extname(name);
  if (kind in sums) sums[kind] += statSync(join(dist, name)).size;
}
const total = sums[".js"] + sums[".wasm"];
const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;
console.log(
  `size: ${kilobytes(total)} of ${kilobytes(limit)} (JavaScript ${kilobytes(sums[".js"])}, WebAssembly ${kilobytes(sums[".wasm"])})`,
);
if (total > limit) {
  console.error(`size: ${kilobytes(total - limit)} too much; see what grew, or move it out of the package`);
  process.exitCode = 1;
}
