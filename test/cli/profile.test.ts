import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rondo, text, tiny, useFolder } from "./rondo.js";

const folder = useFolder();
const train = ["train", "text", "cat.txt", ...tiny, "--dry-run"];
const write = () => writeFile(join(folder.path, "cat.txt"), text);
const traceIn = async (name: string) => JSON.parse(await readFile(join(folder.path, name), "utf8")).traceEvents;

it("RONDO_PROFILE=1 prints the tables at the end", async () => {
  await write();
  const { code, stderr } = await rondo(folder.path, train, { env: { RONDO_PROFILE: "1" } });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^kernel +phase +calls/);
  expect(stderr).toMatch(/\nlstmBackward +backward +\d+ /);
});

it("RONDO_PROFILE=file writes a trace", async () => {
  await write();
  const { code, stderr } = await rondo(folder.path, train, { env: { RONDO_PROFILE: "trace.json" } });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^RONDO_PROFILE: \d+ kernel calls in trace\.json\n$/);
  const names = (await traceIn("trace.json")).map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(["backward", "lstmForward", "lstmBackward", "memory"]));
});

it("says why a trace cannot be written", async () => {
  await write();
  const { code, stderr } = await rondo(folder.path, train, { env: { RONDO_PROFILE: "none/trace.json" } });
  expect(code).toBe(1);
  expect(stderr).toMatch(/folder to write to does not exist/);
});

it("--profile does the same", async () => {
  await write();
  const table = await rondo(folder.path, [...train, "--profile"]);
  expect(table.stderr).toMatch(/^kernel +phase +calls/);
  await rondo(folder.path, [...train, "--profile", "trace.json"]);
  expect(await traceIn("trace.json")).not.toHaveLength(0);
});
