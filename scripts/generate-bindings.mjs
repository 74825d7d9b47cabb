// Turns the kernel table (src/backend/kernels.ts) into C++: prototypes and operation codes for the kernels, a table of
// function pointers per instruction set, and the Node-API functions that unpack the arguments of each kernel.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const cppTypes = {
  in: "const float*",
  out: "float*",
  inInt: "const int32_t*",
  outInt: "int32_t*",
  int: "int32_t",
  float: "float",
};

/** [{ name, result, parameters: [{ name, kind, type }] }] in the table's order. */
export function describeKernels(kernelTable) {
  return Object.entries(kernelTable).map(([name, { parameters, returns }]) => ({
    name,
    result: returns === "int" ? "int32_t" : "void",
    parameters: parameters.map((parameter) => {
      const [parameterName, kind] = parameter.split(":");
      const type = cppTypes[kind];
      if (!type) throw new Error(`kernel ${name}: parameter "${parameter}" has no known kind`);
      return { name: parameterName.replace("?", ""), kind, type, optional: parameterName.endsWith("?") };
    }),
  }));
}

function header(kernels, opCodes, signature) {
  const typed = (k) => k.parameters.map((p) => `${p.type} ${p.name}${p.optional ? " /* or null */" : ""}`).join(", ");
  const enums = Object.entries(opCodes).map(
    ([family, names]) => `namespace ${family} {\nenum Code : int32_t { ${[...names, "count"].join(", ")} };\n}`,
  );
  const prototypes = kernels.map((k) => `RONDO_KERNEL(${k.name}) ${k.result} ${k.name}(${typed(k)});`);
  const pointers = kernels.map((k) => `  ${k.result} (*${k.name})(${k.parameters.map((p) => p.type).join(", ")});`);
  const list = kernels.map((k) => `X(${k.name})`).join(" \\\n  ");
  return `// Generated from src/backend/kernels.ts by scripts/generate-bindings.mjs.
#pragma once
#include <stdint.h>

#ifdef __wasm__
#define RONDO_KERNEL(name) __attribute__((export_name(#name)))
#else
#define RONDO_KERNEL(name)
#endif

// The version of the table, see src/backend/signature.ts.
#define RONDO_TABLE_SIGNATURE ${signature}

namespace RONDO_ARCH {

${prototypes.join("\n")}

// The number passed as \`op\`, e.g. op::binary::add.
namespace op {
${enums.join("\n")}
}

}  // namespace RONDO_ARCH

namespace rondo {
/** The kernels of one instruction set. */
struct KernelTable {
${pointers.join("\n")}
};
}

#define RONDO_FOR_EACH_KERNEL(X) \\
  ${list}
`;
}

/** Arguments arrive as doubles in one array that JavaScript fills before the call; see kernels/native/addon.cpp. */
function glue(kernels) {
  const functions = kernels.map((k) => {
    const values = k.parameters.map((p, i) => {
      if (p.kind === "float") return `call.number(${i})`;
      if (p.kind === "int") return `call.integer(${i})`;
      return `call.pointer<${p.type.replace("*", "")}>(${i})`;
    });
    const run = `call.table().${k.name}(${values.join(", ")})`;
    return `napi_value call_${k.name}(napi_env env, napi_callback_info info) {
  Call call(env, info);
  return ${k.result === "void" ? `${run}, nullptr` : `call.result(${run})`};
}`;
  });
  return `// Generated from src/backend/kernels.ts by scripts/generate-bindings.mjs.
${functions.join("\n")}
constexpr int maximumArguments = ${Math.max(...kernels.map((k) => k.parameters.length))};
`;
}

function writeIfChanged(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  try {
    if (readFileSync(path, "utf8") === text) return;
  } catch {
    // Not there yet.
  }
  writeFileSync(path, text);
}

/** Writes kernels.h and glue.inc into `directory`; files that would not change keep their time stamps. */
export function generateBindings({ kernelTable, opCodes, signature }, directory) {
  const kernels = describeKernels(kernelTable);
  writeIfChanged(join(directory, "kernels.h"), header(kernels, opCodes, signature));
  writeIfChanged(join(directory, "glue.inc"), glue(kernels));
}
