import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trainTiny } from "./train-tiny.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const executable = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));
if (!executable) {
  console.warn("browser test skipped: no Chromium found (install it, or set CHROMIUM to its path)");
}

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** What makes a page cross-origin isolated, so that it may share memory among threads. */
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Serves the repository, as any static web server would; pages under /isolated/ may share memory. */
async function serve(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    try {
      const body = path.endsWith("/") ? "<!doctype html><title>rondo</title>" : await readFile(join(root, path));
      const headers = path === "/isolated/" ? isolation : {};
      response.writeHead(200, { ...headers, "content-type": types[extname(path)] ?? "text/html" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describe.runIf(executable)("in a browser", () => {
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    server = await serve();
    browser = await chromium.launch({
      executablePath: executable,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Evaluates an expression in a fresh page; as a string, since functions arrive as the test runner rewrote them. */
  async function evaluate<T>(path: string, expression: string): Promise<T> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    const result = (await page.evaluate(expression)) as T;
    await page.close();
    expect(problems).toEqual([]);
    return result;
  }

  type Result = Awaited<ReturnType<typeof trainTiny>>;
  const load = `Promise.all([import("/dist/entry/web.js"), import("/test/browser/train-tiny.mjs")])`;

  test("the built library trains an LSTM to the same numbers as in Node", async () => {
    const inPage = await evaluate<Result>("/", `${load}.then(([rondo, { trainTiny }]) => trainTiny(rondo))`);
    expect(inPage.backend).toBe("wasm");

    const rondo = await import("../../src/entry/node.js");
    rondo.setBackend("wasm");
    const inNode = await trainTiny(rondo);
    // Node may run the plain and Chromium the relaxed SIMD build: fused multiply-adds round differently in the last bits.
    inPage.loss.forEach((loss, i) => {
      expect(loss).toBeCloseTo(inNode.loss[i]!, 4);
    });
    inPage.predictions.forEach((p, i) => {
      expect(p).toBeCloseTo(inNode.predictions[i]!, 3);
    });
    expect(inNode.loss.at(-1)!).toBeLessThan(0.3 * inNode.loss[0]!);
  });

  test("where a page may share memory, two threads train to the same bits as one", { timeout: 60_000 }, async () => {
    // Large enough to be shared; repeated until the worker, which starts when it is first wanted, has taken part.
    const [alone, together, isolated] = await evaluate<[Result, Result, boolean]>(
      "/isolated/",
      `(async () => {
        let kernels;
        WebAssembly.Instance = class extends WebAssembly.Instance {
          constructor(...given) {
            super(...given);
            kernels = this.exports;
          }
        };
        const [rondo, { trainTiny }] = await ${load};
        const sizes = { units: 96, batchSize: 32 };
        const alone = await trainTiny(rondo, sizes);
        for (;;) {
          const together = await trainTiny(rondo, { ...sizes, threads: 2 });
          if (kernels.helpers() > 0) return [alone, together, crossOriginIsolated];
        }
      })()`,
    );
    expect(isolated).toBe(true);
    expect(together).toEqual(alone);
    expect(alone.loss.at(-1)!).toBeLessThan(alone.loss[0]!);
  });

  test("trains in a worker to the same numbers as in the page", async () => {
    const [inWorker, inPage, ticks] = await evaluate<[number[][], number[][], number]>(
      "/",
      `import("/dist/entry/web.js").then(async (rondo) => {
        const train = async (worker) => {
          rondo.setSeed(7);
          const model = rondo.sequential([
            rondo.layers.lstm({ units: 4, inputShape: [5, 1], name: "lstm" }),
            rondo.layers.dense({ units: 1, name: "out" }),
          ]);
          model.compile({ optimizer: "adam", loss: "mse" });
          const x = { values: Float32Array.from({ length: 100 }, (_, i) => Math.sin(i)), shape: [20, 5, 1] };
          const y = { values: Float32Array.from({ length: 20 }, (_, i) => Math.cos(i)), shape: [20, 1] };
          let ticks = 0;
          const { history } = await model.fit(x, y, { epochs: 5, worker, callbacks: { onEpochEnd: () => { ticks++; } } });
          return [history.loss, [...model.predict(x).dataSync()], ticks];
        };
        const there = await train(true);
        const here = await train(false);
        return [there.slice(0, 2), here.slice(0, 2), there[2]];
      })`,
    );
    expect(inWorker).toEqual(inPage);
    expect(inPage[0]!.length).toBe(5);
    expect(ticks).toBe(5);
  });
});
