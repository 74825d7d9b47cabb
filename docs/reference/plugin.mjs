// Puts every page of the reference under the heading of docs/api.md that its source belongs to, and takes in the types that
// public signatures name but `rondo` does not export, such as the options of each layer.
import { relative } from "node:path";
import { Comment, CommentTag, Context, Converter, ReferenceType, ReflectionKind, TypeScript as ts } from "typedoc";
import { groupOf, groups } from "../../scripts/api-index.mjs";
import { publicApi, root } from "../../scripts/public-api.mjs";

const tables = new Map(publicApi().flatMap(({ name, kind, file }) => (kind === "table" ? [[name, file]] : [])));

const fileOf = (symbol) => {
  const source = symbol?.declarations?.[0]?.getSourceFile().fileName;
  return source && relative(root, source).replaceAll("\\", "/");
};

function addTag(reflection, tag, text) {
  reflection.comment ??= new Comment();
  reflection.comment.blockTags.push(new CommentTag(tag, [{ kind: "text", text }]));
}

/** What the members of some tables make, under its name rather than as the compiler spells it out. */
const made = {
  activations: "Activation",
  constraints: "Constraint",
  initializers: "Initializer",
  regularizers: "Regularizer",
};

function nameResults(home) {
  for (const [table, result] of Object.entries(made)) {
    for (const { signatures = [] } of home.getChildByName(table).children) {
      for (const signature of signatures) {
        signature.type = ReferenceType.createResolvedReference(result, home.getChildByName(result), home.project);
      }
    }
  }
}

/** The operations that are also methods of tensors: their pages say it all. */
function describeMethods(home, name) {
  for (const method of home.getChildByName(name)?.children ?? []) {
    if (method.hasComment() || !method.kindOf(ReflectionKind.Property)) continue;
    const operation = home.getChildByName(method.name);
    if (!operation) continue;
    const link = { kind: "inline-tag", tag: "@link", text: method.name, target: operation };
    // Which function it is, the comment says.
    delete method.defaultValue;
    method.comment = new Comment([{ kind: "text", text: "With this tensor as the first argument: " }, link]);
  }
}

/** Every option says what it does and what it is when left out. */
function checkOptions(home, logger) {
  for (const { name, children = [] } of home.children) {
    if (!name.endsWith("Options")) continue;
    for (const option of children) {
      if (!option.hasComment()) logger.warn(`the option ${name}.${option.name} has no documentation`);
    }
  }
}

/** @param {import("typedoc").Application} app */
export function load(app) {
  const mentioned = new Set();
  let program;
  const createSymbolReference = Context.prototype.createSymbolReference;
  Context.prototype.createSymbolReference = function (symbol, context, name) {
    mentioned.add(symbol);
    program = context.program;
    return createSymbolReference.call(this, symbol, context, name);
  };

  /** Options and other types that several sources share; neither the compiler's arithmetic of shapes nor the engine room. */
  const wanted = (symbol) => {
    const declaration = symbol.declarations?.[0];
    if (!declaration || !(ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)))
      return false;
    const exported = declaration.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    const inside = /^src\/(backend|util|tensor\/(forward|scope))\b|shape-types/;
    return exported && fileOf(symbol).startsWith("src/") && !inside.test(fileOf(symbol));
  };

  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    (context) => {
      context.setActiveProgram(program);
      // Until it is merged into the project, everything is in one module.
      const [home = context.project] = context.project.getChildrenByKind(ReflectionKind.Module);
      const inside = context.withScope(home);
      for (const symbol of mentioned) {
        // Converting one may mention others, which the loop then comes to.
        if (wanted(symbol) && !context.getReflectionFromSymbol(symbol)) inside.converter.convertSymbol(inside, symbol);
      }
      for (const reflection of home.children ?? []) {
        const file = tables.get(reflection.name) ?? fileOf(context.getSymbolFromReflection(reflection));
        if (file?.startsWith("src/")) addTag(reflection, "@category", groupOf(file));
        else app.logger.warn(`${reflection.name} belongs to no group`);
      }
      nameResults(home);
      checkOptions(home, app.logger);
      for (const name of ["Tensor", "Variable"]) describeMethods(home, name);
      for (const page of context.project.documents ?? []) {
        addTag(page, "@category", "Pages");
        page.name = /^# (.+)$/m.exec(page.content[0]?.text ?? "")?.[1] ?? page.name;
      }
      context.setActiveProgram(undefined);
    },
    1e9,
  );
  app.on("bootstrapEnd", () => {
    app.options.setValue("categoryOrder", ["Pages", ...groups.map(([title]) => title)]);
  });
}
