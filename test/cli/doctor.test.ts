import { expect, it } from "vitest";
import { rondo, useFolder } from "./rondo.js";

const folder = useFolder();

it("shows every backend, and why one is not used", async () => {
  const all = await rondo(folder.path, ["doctor"]);
  expect(all.code).toBe(0);
  expect(all.stdout).toMatch(/^rondo +\d+\.\d+\.\d+\nnode +v\d+/);
  for (const name of ["native", "wasm", "reference"])
    expect(all.stdout).toMatch(new RegExp(`^${name} +(in use|works|failed)`, "m"));
  const forced = await rondo(folder.path, ["doctor", "--json"], { env: { RONDO_BACKEND: "reference" } });
  expect(JSON.parse(forced.stdout)).toMatchObject({ backend: "reference", requested: "reference", problem: null });
  const broken = await rondo(folder.path, ["doctor"], { env: { RONDO_BACKEND: "cuda" } });
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/there is no backend "cuda"[\s\S]*native, wasm, reference/);
});

it("shows help and version", async () => {
  const help = await rondo(folder.path, []);
  expect(help.code).toBe(0);
  expect(help.stdout).toMatch(/Examples:\n {2}rondo demo/);
  expect((await rondo(folder.path, ["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const train = await rondo(folder.path, ["train", "text", "--help"]);
  expect(train.stdout).toMatch(/--learning-rate[\s\S]*Presets:\n +fast +balanced +best/);
});
