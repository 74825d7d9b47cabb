// Time to `import "rondo"` in a fresh process: median of 15, and what an empty process costs beside it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const entry = new URL("../dist/entry/node.js", import.meta.url);
const program = `const t = performance.now(); await import(${JSON.stringify(fileURLToPath(entry))}); console.log(performance.now() - t)`;
const times = Array.from({ length: 15 }, () =>
  Number(spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }).stdout),
).sort((a, b) => a - b);
console.log(
  `import "rondo": median ${times[7].toFixed(1)} ms, from ${times[0].toFixed(1)} to ${times[14].toFixed(1)} ms`,
);
