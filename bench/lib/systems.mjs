// The systems that are compared: each in a process of its own, asked by lines of JSON.
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const worker = (file) => fileURLToPath(new URL(`../workers/${file}`, import.meta.url));

/** Names for tables and charts. */
export const titles = {
  native: "rondo",
  wasm: "rondo on WASM",
  torch: "PyTorch",
  onnx: "ONNX Runtime",
  tfjs: "TensorFlow.js",
  jax: "jax-js",
};

/** What each system can do, and under which base it is measured. */
const abilities = {
  native: ({ mode }) => mode !== "start",
  torch: ({ base, mode }) => base === "native" && mode !== "start",
  onnx: ({ base, mode }) => base === "native" && (mode === "infer" || mode === "stream"),
  wasm: ({ base }) => base === "wasm",
  tfjs: ({ base }) => base === "wasm",
  jax: ({ base, cell }) => base === "wasm" && cell === "lstm",
};

export const can = (name, test) => abilities[name](test);

/** The Python to use: the one asked for, or python3 if it has PyTorch. Null when there is none. */
export function findPython(asked) {
  for (const python of asked ? [asked] : ["python3", "python"]) {
    try {
      execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
      return python;
    } catch {
      // Try the next one.
    }
  }
  return null;
}

/** How to start each system with so many threads, or why it cannot be had. */
function commands({ python, peers, threads }) {
  const node = (file, env) => ({ command: process.execPath, args: [worker(file)], env });
  const peer = (file, name) =>
    existsSync(path.join(peers, "node_modules", name))
      ? node(file, { RONDO_BENCH_PEERS: path.resolve(peers), RONDO_BENCH_THREADS: String(threads) })
      : "not installed: npm install --prefix bench";
  return {
    native: () => node("rondo.mjs", { RONDO_BACKEND: "native", RONDO_THREADS: String(threads) }),
    wasm: () => node("rondo.mjs", { RONDO_BACKEND: "wasm", RONDO_THREADS: String(threads) }),
    torch: () =>
      python
        ? {
            ...{ command: python, args: [worker("torch_worker.py")] },
            env: { RONDO_BENCH_THREADS: String(threads), OMP_NUM_THREADS: String(threads) },
          }
        : "no Python with torch found: name one by --python",
    onnx: () => peer("onnxruntime.mjs", "onnxruntime-node"),
    tfjs: () => peer("tfjs.mjs", "@tensorflow/tfjs-layers"),
    jax: () => peer("jax.mjs", "@jax-js/jax"),
  };
}

export const systemNames = Object.keys(abilities);

/** A running system, or `{ name, reason }` when it cannot be had. `ask` sends one request and waits for its answer. */
export async function startSystem(name, options) {
  const how = commands(options)[name]();
  if (typeof how === "string") return { name, reason: how };
  const env = { ...process.env, ...how.env };
  const child = spawn(how.command, how.args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((resolve) => child.once("error", (error) => resolve({ failure: error.message })));
  child.stdin.on("error", () => {}); // a system that died is reported by the missing answer
  const read = async () => {
    for (;;) {
      const answer = await Promise.race([lines.next(), failed]);
      if (answer.failure) throw new Error(answer.failure);
      if (answer.done) throw new Error(`${name} ended`);
      if (answer.value.startsWith("{")) return JSON.parse(answer.value);
    }
  };
  try {
    const { description } = await read();
    return {
      name,
      description,
      async ask(request) {
        child.stdin.write(`${JSON.stringify(request)}\n`);
        const answer = await read();
        if (answer.error) throw new Error(answer.error);
        return answer;
      },
      stop: () => child.kill(),
    };
  } catch (error) {
    child.kill();
    return { name, reason: error.message };
  }
}
