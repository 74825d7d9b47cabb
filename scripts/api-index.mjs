// Writes docs/api.md, the list of every public name; with --check says what is missing instead: a list that is not up to
// date, a name without documentation, a function, class or table without an example.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { firstSentence, publicApi, root, tagsOf } from "./public-api.mjs";

/** Headings, and which files belong to them; the first that fits counts. */
export const groups = [
  ["Layers", /^src\/layers\//],
  ["Models", /^src\/model\/(?!stream)/],
  ["Streaming", /^src\/model\/stream/],
  ["Losses", /^src\/training\/losses\//],
  ["Metrics", /^src\/training\/metrics\//],
  ["Optimizers", /^src\/training\/optimizers\//],
  ["Schedules", /^src\/training\/schedules/],
  ["Callbacks", /^src\/training\/(callbacks|early-stopping)/],
  ["Training", /^src\/training\//],
  ["Gradients", /^src\/autograd\//],
  ["Operations", /^src\/tensor\/ops\//],
  ["Profiling", /^src\/tensor\/profile\//],
  ["Backends", /^src\/(backend|tensor\/engine)/],
  ["Tensors", /^src\/tensor\//],
  ["Data", /^src\/data\//],
  ["Files", /^src\/formats\//],
  ["Text models", /^src\/tasks\//],
  ["Errors", /^src\/errors/],
];

export const groupOf = (file) => groups.find(([, files]) => files.test(file))[0];

const line = (name, file, doc) => `- [\`${name}\`](../${file}): ${doc ? firstSentence(doc) : ""}`;

/** The members of a table under the folder or file they come from: "recurrent", "convolution". */
function memberList({ name: table, file, doc, members }) {
  const places = new Map();
  for (const { name, file, doc } of members) {
    const place = table === "layers" ? file.split("/")[2] : "";
    places.set(place, [...(places.get(place) ?? []), line(`${table}.${name}`, file, doc)]);
  }
  const lists = [...places.entries()].sort().map(([place, lines]) => {
    return (place && !place.endsWith(".ts") ? `**${place}**\n\n` : "") + lines.join("\n");
  });
  return [`### [\`${table}\`](../${file})`, doc ? firstSentence(doc) : "", ...lists].join("\n\n");
}

/** The text of docs/api.md. */
export function indexPage(api = publicApi()) {
  const parts = [
    "# API index",
    "Every name that `rondo` exports and what it is, in one sentence. The sources that the names lead to say the rest; " +
      "`npm run docs` makes a site of it, with search. This page is written by `node scripts/api-index.mjs`.",
    groups.map(([title]) => `[${title}](#${title.toLowerCase().replace(" ", "-")})`).join(" · "),
  ];
  for (const [title] of groups) {
    const here = api.filter(({ file }) => groupOf(file) === title);
    parts.push(`## ${title}`, ...here.filter(({ kind }) => kind === "table").map(memberList));
    const sections = [
      ["Functions and values", ["function", "value"]],
      ["Classes", ["class"]],
      ["Types", ["type"]],
    ];
    for (const [heading, kinds] of sections) {
      const lines = here.filter(({ kind }) => kinds.includes(kind)).map((one) => line(one.name, one.file, one.doc));
      if (lines.length > 0) parts.push(`### ${title}: ${heading.toLowerCase()}`, lines.join("\n"));
    }
  }
  return `${parts.join("\n\n")}\n`;
}

/** What the documentation of the public names lacks. */
export function missing(api = publicApi()) {
  const found = [];
  for (const { name, kind, file, doc, members = [] } of api) {
    if (!doc?.text) found.push(`${file}: ${name} has no documentation`);
    if (kind !== "type" && tagsOf(doc, "example").length === 0) found.push(`${file}: ${name} has no @example`);
    for (const one of members) {
      if (!one.doc?.text) found.push(`${one.file}: ${name}.${one.name} has no documentation`);
      if (tagsOf(one.doc, "example").length === 0) found.push(`${one.file}: ${name}.${one.name} has no @example`);
    }
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const api = publicApi();
  const path = join(root, "docs", "api.md");
  const page = indexPage(api);
  if (!process.argv.includes("--check")) writeFileSync(path, page);
  else {
    const problems = missing(api);
    if (readFileSync(path, "utf8") !== page) problems.push("docs/api.md is out of date: node scripts/api-index.mjs");
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exitCode = 1;
    else console.log(`api: ${page.match(/^- /gm).length} public names documented`);
  }
}
