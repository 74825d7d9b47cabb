import { closest, RondoError } from "../errors.js";
import { formatShape } from "../tensor/shape.js";
import { Tensor } from "../tensor/tensor.js";
import { type DataLike, HostArray, hostArray, type PackedArray } from "./host-array.js";

/** Data of a model: one array, or for models with several inputs (outputs) a list of them, or one by name. */
export type DataParts = DataLike | readonly (DataLike | null)[] | { readonly [name: string]: DataLike | null };

/** What a model's inputs and outputs are called. */
export interface PartNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Examples that belong together, not yet tensors: one x per input, one y and one weight per output. */
export interface Examples {
  readonly x: readonly HostArray[];
  readonly y: readonly (HostArray | null)[] | null;
  readonly sampleWeight: readonly (HostArray | null)[];
}

/** Whether data are parts by name. */
function isRecord(data: unknown): data is { readonly [name: string]: DataLike | null } {
  if (typeof data !== "object" || data === null || Array.isArray(data) || ArrayBuffer.isView(data)) return false;
  if (data instanceof Tensor || data instanceof HostArray) return false;
  return !("values" in data && "shape" in data);
}

/** One entry per name, from a list or from parts by name; a model with one part takes that part alone as well. */
function lineUp(where: string, what: string, data: DataParts, names: readonly string[]): (DataLike | null)[] {
  const single = names.length === 1;
  // An object that does not look like parts by name is left to fail as data.
  if (isRecord(data) && (!single || Object.keys(data).some((name) => closest(name, names)))) {
    for (const name of Object.keys(data)) {
      if (names.includes(name)) continue;
      const near = closest(name, names);
      throw new RondoError("option", `${where}: the model has no ${what === "x" ? "input" : "output"} "${name}"`, {
        received: Object.keys(data).join(", "),
        expected: names.join(", "),
        fix: near ? `did you mean "${near}"?` : `remove "${name}"`,
      });
    }
    return names.map((name) => data[name] ?? null);
  }
  if (single) {
    const wrapped =
      Array.isArray(data) && data.length === 1 && (data[0] instanceof Tensor || data[0] instanceof HostArray);
    return [wrapped ? (data[0] as DataLike) : (data as DataLike)];
  }
  if (Array.isArray(data) && data.length === names.length) return [...data] as (DataLike | null)[];
  throw new RondoError(
    "data",
    `${where}: ${what} must hold ${names.length} arrays, one for each of ${names.join(", ")}`,
    {
      received: Array.isArray(data) ? `a list of ${data.length}` : "one array",
      expected: `[${names.join(", ")}] or { ${names.map((name) => `${name}: …`).join(", ")} }`,
    },
  );
}

/** Sample weights: one array for all outputs, or for each output its own (or null). */
function weightsOf(where: string, data: DataParts | null | undefined, names: readonly string[]): (DataLike | null)[] {
  if (data === null || data === undefined) return names.map(() => null);
  const each = isRecord(data) || (Array.isArray(data) && typeof data[0] !== "number" && data.length === names.length);
  if (names.length > 1 && !each) return names.map(() => data as DataLike);
  return lineUp(where, "sampleWeight", data, names);
}

/** Reads x, y and sample weights, and checks that they have the same number of examples. */
export function examplesOf(
  where: string,
  { inputs, outputs }: PartNames,
  x: DataParts,
  y?: DataParts | null,
  sampleWeight?: DataParts | null,
): Examples {
  const named = (what: string, names: readonly string[], i: number) =>
    names.length === 1 ? what : `${what}, ${names[i]!}`;
  const optional = (what: string, list: readonly (DataLike | null)[]) =>
    list.map((part, i) => (part === null ? null : hostArray(named(what, outputs, i), part)));
  const examples: Examples = {
    x: lineUp(where, "x", x, inputs).map((part, i) => hostArray(named("x", inputs, i), part as DataLike)),
    y: y === undefined || y === null ? null : optional("y", lineUp(where, "y", y, outputs)),
    sampleWeight: optional("sampleWeight", weightsOf(where, sampleWeight, outputs)),
  };
  const first = examples.x[0]!;
  const parts = [
    ...examples.x.map((part, i) => [named("x", inputs, i), part] as const),
    ...(examples.y ?? []).map((part, i) => [named("y", outputs, i), part] as const),
    ...examples.sampleWeight.map((part, i) => [named("sampleWeight", outputs, i), part] as const),
  ];
  for (const [name, part] of parts) {
    if (!part || part.length === first.length) continue;
    throw new RondoError("shape", `${where}: ${parts[0]![0]} and ${name} hold different numbers of examples`, {
      received: `${parts[0]![0]} ${formatShape(first.shape)}, ${name} ${formatShape(part.shape)}`,
      expected: `${first.length} examples in both`,
    });
  }
  return examples;
}

/** Examples as a message can carry them. @internal */
export interface PackedExamples {
  readonly x: readonly PackedArray[];
  readonly y: readonly (PackedArray | null)[] | null;
  readonly sampleWeight: readonly (PackedArray | null)[];
}

/** A copy for another thread. @internal */
export function packExamples({ x, y, sampleWeight }: Examples): PackedExamples {
  const pack = (part: HostArray | null) => part?.pack() ?? null;
  return { x: x.map((part) => part.pack()), y: y?.map(pack) ?? null, sampleWeight: sampleWeight.map(pack) };
}

/** What `packExamples` made. @internal */
export function unpackExamples({ x, y, sampleWeight }: PackedExamples): Examples {
  const unpack = (part: PackedArray | null) => part && HostArray.unpack(part);
  return { x: x.map(HostArray.unpack), y: y?.map(unpack) ?? null, sampleWeight: sampleWeight.map(unpack) };
}
