// What the library exports, read from the sources: every name with its documentation, and the members of tables such as
// `layers` and `losses`. The reference, its index and the tests of its examples start from here.
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "rolldown/parseAst";

export const root = fileURLToPath(new URL("..", import.meta.url));

const tags = /(?:^|\s)@(example|see|internal|param|returns|throws|typeParam|defaultValue|deprecated)\b/;

/** The parts of the comment that ends where a declaration starts: its text, and [name, text] of every tag. */
function documentation(text, start) {
  // Notes to the linter may stand between.
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:\/\/[^\n]*\n\s*)*$/.exec(text.slice(0, start));
  if (!comment) return undefined;
  const plain = comment[1].replace(/^[ \t]*\* ?/gm, "").trim();
  const [summary, ...rest] = plain.split(tags);
  const found = [];
  for (let i = 0; i < rest.length; i += 2) found.push([rest[i], rest[i + 1].trim()]);
  return { text: summary.trim(), tags: found };
}

export const tagsOf = (doc, name) => (doc?.tags ?? []).filter(([tag]) => tag === name).map(([, text]) => text);

/** The first sentence, on one line. */
export function firstSentence(doc) {
  const line = doc.text.split(/\n\s*\n/)[0].replace(/\s+/g, " ");
  const end = /(?<!e\.g|i\.e|et al|vs)\.(?= [A-Z`\d]|$)/.exec(line);
  return end ? line.slice(0, end.index + 1) : line;
}

const modules = new Map();

function parse(file) {
  if (modules.has(file)) return modules.get(file);
  const text = readFileSync(join(root, file), "utf8");
  const parsed = { file, declared: new Map(), imported: new Map(), exported: new Map() };
  modules.set(file, parsed);
  const target = (source) => normalize(join(dirname(file), source.value)).replace(/\.js$/, ".ts");
  const declare = (node, statement, exported) => {
    const nodes = node.type === "VariableDeclaration" ? node.declarations : [node];
    for (const one of nodes) {
      if (one.id?.type !== "Identifier") continue;
      const { name } = one.id;
      // Of overloads the first one has the documentation.
      const known = parsed.declared.get(name);
      if (!known) {
        parsed.declared.set(name, { file, name, text, node: one, doc: documentation(text, statement.start) });
      } else {
        known.doc ??= documentation(text, statement.start);
        if (known.node.type === "TSDeclareFunction" || node.type === "ClassDeclaration") known.node = one;
      }
      if (exported) parsed.exported.set(name, { local: name });
    }
  };
  for (const statement of parseAst(text, { lang: "ts" }).body) {
    if (statement.type === "ImportDeclaration") {
      for (const { local, imported, type } of statement.specifiers) {
        const name = type === "ImportNamespaceSpecifier" ? "*" : imported.name;
        parsed.imported.set(local.name, { from: target(statement.source), name });
      }
    } else if (statement.type === "ExportAllDeclaration") {
      const from = target(statement.source);
      for (const name of parse(from).exported.keys()) parsed.exported.set(name, { from, name });
    } else if (statement.type === "ExportNamedDeclaration") {
      if (statement.declaration) declare(statement.declaration, statement, true);
      for (const { local, exported } of statement.specifiers) {
        const from = statement.source ? { from: target(statement.source), name: local.name } : { local: local.name };
        parsed.exported.set(exported.name, from);
      }
    } else {
      declare(statement, statement, false);
    }
  }
  return parsed;
}

/** Where something that a file can see is declared. */
function inFile(file, name) {
  const { declared, imported } = parse(file);
  if (declared.has(name)) return declared.get(name);
  const there = imported.get(name);
  return there?.from.startsWith("src/") ? exportOf(there.from, there.name) : undefined;
}

function exportOf(file, name) {
  const found = parse(file).exported.get(name);
  if (!found) return undefined;
  return found.from ? exportOf(found.from, found.name) : inFile(file, found.local);
}

const kinds = {
  FunctionDeclaration: "function",
  TSDeclareFunction: "function",
  ClassDeclaration: "class",
  TSInterfaceDeclaration: "type",
  TSTypeAliasDeclaration: "type",
};

/** The object literal that a table is written as. */
function tableOf({ file, node }) {
  let value = node.init;
  while (value?.type === "TSAsExpression" || value?.type === "TSSatisfiesExpression") value = value.expression;
  if (value?.type === "ObjectExpression") return { file, value, text: parse(file).declared.get(node.id.name).text };
  // activations, initializers and their like: factories("activation", activationTable)
  if (value?.type === "CallExpression" && value.callee.name === "factories") {
    return tableOf(inFile(file, value.arguments[1].name));
  }
  return undefined;
}

function member({ file, text }, property) {
  const name = property.key.name;
  let doc = documentation(text, property.start);
  let from = file;
  let details;
  const { value } = property;
  // Layers: documented by their class.
  const [see] = tagsOf(doc, "see");
  if (see && inFile(file, see)) {
    const shown = inFile(file, see);
    from = shown.file;
    details = shown.doc;
    doc = { text: doc.text, tags: details?.tags ?? [] };
  } else if (value.type === "Identifier") {
    const declared = inFile(file, value.name);
    from = declared?.file ?? file;
    doc ??= declared?.doc;
    // Optimizers: the formula is with the class of the same name.
    const made = [...parse(from).declared.values()].find(
      (one) => one.node.type === "ClassDeclaration" && one.name.toLowerCase() === name.toLowerCase(),
    );
    if (made?.doc) details = { text: `${doc.text}\n\n${made.doc.text}`, tags: doc.tags };
  } else if (value.type === "CallExpression" && value.arguments[0]?.type === "MemberExpression") {
    // A loss as a metric: the same formula.
    const [{ object, property: of }] = value.arguments;
    const table = object.type === "Identifier" && inFile(file, object.name);
    const same = table && members(table)?.find((one) => one.name === of.name);
    if (same) {
      const metric = tagsOf(same.doc, "example").map((text) => ["example", text.replaceAll("losses.", "metrics.")]);
      doc ??= { text: same.doc?.text ?? "", tags: metric };
    }
  }
  return { name, file: from, doc, details, options: optionsOf(file, value) };
}

/** The first parameter's type by name, without what the compiler uses it for besides: `options?: DenseOptions & …`. */
function optionsOf(file, { params: [parameter] = [] }) {
  let type = parameter?.typeAnnotation?.typeAnnotation;
  if (type?.type === "TSIntersectionType") [type] = type.types;
  const declared = type?.type === "TSTypeReference" && !type.typeArguments && inFile(file, type.typeName.name);
  return declared ? { name: declared.name, file: declared.file, optional: parameter.optional === true } : undefined;
}

function members(declared) {
  const table = tableOf(declared);
  return table?.value.properties
    .filter(({ type }) => type === "Property")
    .map((property) => member(table, property))
    .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
}

/** Names whose value is a table of things to make: `losses.huber`. */
const tables = new Set([
  ...["activations", "constraints", "initializers", "layers", "regularizers"],
  ...["callbacks", "losses", "metrics", "optimizers", "schedules", "textMetrics"],
]);

/**
 * Every public name: { name, kind: "function" | "class" | "type" | "value" | "table", file, doc, members? }. The members of
 * `layers` and `optimizers` have a sentence of their own (doc), and what their class says (details).
 */
export function publicApi(entry = "src/index.ts") {
  return [...parse(entry).exported.keys()].sort().map((name) => {
    const declared = exportOf(entry, name);
    if (!declared) throw new Error(`${entry} exports ${name}, which is declared nowhere`);
    const { file, node, doc } = declared;
    if (tables.has(name)) return { name, kind: "table", file, doc, members: members(declared) };
    let kind = kinds[node.type] ?? "value";
    if (/Function/.test(node.init?.type ?? "") || node.init?.type === "Identifier") kind = "function";
    return { name, kind, file, doc };
  });
}
