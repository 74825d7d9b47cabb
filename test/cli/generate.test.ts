import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { rondo, text, tiny, useFolder } from "./rondo.js";

const folder = useFolder();

async function train(): Promise<void> {
  await writeFile(join(folder.path, "cat.txt"), text);
  const { code } = await rondo(folder.path, ["train", "text", "cat.txt", ...tiny]);
  expect(code).toBe(0);
}

describe("rondo generate", () => {
  it("writes the prompt and as many characters as asked for, the same for the same seed", async () => {
    await train();
    const args = ["--prompt", "the c", "--length", "30", "--seed", "3", "--temperature", "0.9"];
    const first = await rondo(folder.path, ["generate", "runs/text-1", ...args]);
    expect([first.code, first.stderr]).toEqual([0, ""]);
    expect(first.stdout).toMatch(/^the c[ .acehmnost]{30}\n$/);
    // By the run's name, and by the file itself.
    for (const model of ["text-1", "runs/text-1/best.safetensors"]) {
      expect((await rondo(folder.path, ["generate", model, ...args])).stdout).toBe(first.stdout);
    }
    const other = await rondo(folder.path, ["generate", "text-1", ...args.with(5, "4")]);
    expect(other.stdout).not.toBe(first.stdout);
    const greedy = ["generate", "text-1", "-p", "the c", "-n", "30", "-t", "0"];
    const likeliest = await rondo(folder.path, greedy);
    const single = await rondo(folder.path, [...greedy.slice(0, -1), "1", "--top-k", "1"]);
    expect(single.stdout).toBe(likeliest.stdout);
  });

  it("ends quietly when nobody reads any more", async () => {
    await train();
    const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
    const child = spawn(process.execPath, [main, "generate", "text-1", "-n", "100000000"], { cwd: folder.path });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [code] = await once(child, "close");
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("names unknown characters of the prompt, and leaves them out on demand", async () => {
    await train();
    const refused = await rondo(folder.path, ["generate", "text-1", "--prompt", "the Cat€"]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toMatch(/received: "C", "€"\n.*11 characters.*\n.*--skip-unknown/);
    const args = ["generate", "text-1", "--prompt", "the Cat€", "--skip-unknown", "-n", "1", "--seed", "1"];
    expect((await rondo(folder.path, args)).stdout).toMatch(/^the at.\n$/s);
  });
});
