import { expect, it } from "vitest";
import { invocation } from "./invocation.js";

it.each([
  ["/home/me/app/node_modules/.bin/rondo", "/home/me/app", "npx rondo"],
  ["/usr/local/bin/rondo", "/home/me", "rondo"],
  ["/home/me/rondo/dist/cli/main.js", "/home/me/rondo", "npx rondo"],
  ["/home/me/rondo/dist/cli/main.js", "/home/me/texts", "node ../rondo/dist/cli/main.js"],
])("%s from %s is called again as %s", (script, folder, command) => {
  expect(invocation(script, folder)).toBe(command);
});
