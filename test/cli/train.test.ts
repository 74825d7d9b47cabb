import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rondo, text, tiny, useFolder } from "./rondo.js";

const folder = useFolder();
const file = async (name: string, content: string | Uint8Array = text) => {
  await writeFile(join(folder.path, name), content);
  return name;
};
const read = (...path: string[]) => readFile(join(folder.path, ...path));
const lines = async (...path: string[]) =>
  (await read(...path))
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("rondo train text", () => {
  it("trains, and leaves everything in a numbered folder", async () => {
    await file("cat.txt");
    const { code, stdout, stderr } = await rondo(folder.path, ["train", "text", "cat.txt", ...tiny]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /cat\.txt: 960 characters\nlstm 1 x 16[\s\S]*epoch \d+ {2}step \d+ {2}loss [\d.]+ {2}validation/,
    );
    expect(stdout).toMatch(/Next: .*generate runs.text-1 --prompt "the"/);
    expect((await readdir(join(folder.path, "runs", "text-1"))).sort()).toEqual([
      ...["best.safetensors", "config.json", "last.safetensors", "metrics.jsonl", "samples.txt"],
    ]);
    const { config, files } = JSON.parse((await read("runs", "text-1", "config.json")).toString());
    expect(files).toEqual(["cat.txt"]);
    expect(config).toMatchObject({
      cell: "lstm",
      units: 16,
      epochs: 4,
      learningRate: 0.02,
      seed: 1,
      validationSplit: 0.1,
    });
    const metrics = await lines("runs", "text-1", "metrics.jsonl");
    expect(metrics.map((m) => m.type)).toEqual(expect.arrayContaining(["start", "step", "validation", "end"]));
    expect(metrics.at(-1).bestLoss).toBeLessThan(metrics.find((m) => m.type === "step").loss);
    expect((await read("runs", "text-1", "samples.txt")).toString()).toMatch(/^--- step \d+, temperature 0\.8\n/);
  });

  it("reads folders and standard input, and prints JSON", async () => {
    await mkdir(join(folder.path, "notes"));
    await file("notes/a.md");
    const args = ["train", "text", "notes", "-", "--json", "--cell", "gru", ...tiny];
    const { code, stdout } = await rondo(folder.path, args, { input: "a dog ate. ".repeat(20) });
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: "start", config: { cell: "gru" }, vocabulary: 14 });
    expect(events[0].trainingCharacters + events[0].validationCharacters).toBe(960 + 1 + 220);
    expect(events.at(-1)).toMatchObject({ type: "end", reason: "epochs" });
    // Standard input cannot be read again: the text stays with the run.
    const resumed = await rondo(folder.path, ["train", "text", "--resume", "text-1", "--epochs", "5", "--json"]);
    expect([resumed.code, resumed.stderr]).toEqual([0, ""]);
    expect(JSON.parse(resumed.stdout.split("\n")[0]!).resumedAt).toBe(events.at(-1).step);
  });

  it("gives the same bytes for the same seed, also with another number of threads", async () => {
    await file("cat.txt");
    for (const [run, threads, seed] of [
      ["a", "1", "5"],
      ["b", "2", "5"],
      ["c", "2", "6"],
    ] as const) {
      const args = ["train", "text", "cat.txt", ...tiny, "--dropout", "0.1", "--seed", seed, "--output", run];
      expect((await rondo(folder.path, args, { env: { RONDO_THREADS: threads } })).code).toBe(0);
    }
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((run) => read(run, "text-1", "best.safetensors")));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
  });

  it("saves on Ctrl-C and goes on to the same bytes", async () => {
    await file("cat.txt");
    const args = ["train", "text", "cat.txt", ...tiny, "--epochs", "40", "--dropout", "0.1", "--json"];
    expect((await rondo(folder.path, [...args, "--output", "whole"])).code).toBe(0);
    let sent = false;
    const stopped = await rondo(folder.path, args, {
      onOutput: (stdout, child) => {
        if (sent || !stdout.includes('"step":20,')) return;
        sent = true;
        child.kill("SIGINT");
      },
    });
    expect([stopped.code, stopped.signal]).toEqual([130, null]);
    const end = JSON.parse(stopped.stdout.trimEnd().split("\n").at(-1)!);
    expect(end).toMatchObject({ type: "end", reason: "interrupted" });
    expect(end.step).toBeLessThan(40 * 18);
    const resumed = await rondo(folder.path, ["train", "text", "--resume", "runs/text-1", "--json"]);
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout.split("\n")[0]!).resumedAt).toBe(end.step);
    const whole = await read("whole", "text-1", "best.safetensors");
    expect((await read("runs", "text-1", "best.safetensors")).equals(whole)).toBe(true);
    expect((await lines("runs", "text-1", "metrics.jsonl")).filter((m) => m.type === "start")).toHaveLength(2);
  });

  it("tells a person how to go on after Ctrl-C", async () => {
    await file("cat.txt");
    let sent = false;
    const { code, stdout } = await rondo(folder.path, ["train", "text", "cat.txt", "--time", "1h"], {
      onOutput: (printed, child) => {
        if (sent || !printed.includes("best so far")) return;
        sent = true;
        child.kill("SIGINT");
      },
    });
    expect(code).toBe(130);
    expect(stdout).toMatch(
      /Saving; once more[\s\S]*Interrupted after \d+ steps.*\nGo on: .*train text --resume runs.text-1\n$/,
    );
  });

  it("quits at once on the second Ctrl-C", async () => {
    await file("cat.txt");
    let sent = false;
    const { code } = await rondo(folder.path, ["train", "text", "cat.txt", "--time", "1h", "--json"], {
      onOutput: (printed, child) => {
        if (sent || !printed.includes('"step":5,')) return;
        sent = true;
        child.kill("SIGINT");
        child.kill("SIGINT");
      },
    });
    expect(code).toBe(130);
  });

  it("saves and ends when nobody reads any more", async () => {
    await file("cat.txt");
    const { code, stderr } = await rondo(folder.path, ["train", "text", "cat.txt", "--time", "1h", "--json"], {
      onOutput: (printed, child) => {
        if (printed.includes('"step":5,')) child.stdout!.destroy();
      },
    });
    expect([code, stderr]).toEqual([130, ""]);
    expect(await readdir(join(folder.path, "runs", "text-1"))).toContain("last.safetensors");
  });

  it("only tries out with --dry-run", async () => {
    await file("cat.txt");
    const { code, stdout } = await rondo(folder.path, ["train", "text", "cat.txt", ...tiny, "--dry-run"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/nothing was written\. The training would take about \d+:\d\d/);
    expect(await readdir(folder.path)).toEqual(["cat.txt"]);
  });
});
