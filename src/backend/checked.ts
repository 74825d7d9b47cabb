import type { Backend } from "./backend.js";
import { type KernelName, type Kernels, kernelTable } from "./kernels.js";

/**
 * The same backend with every kernel call checked: pointers must lie inside the arena, be aligned, and be given unless the
 * table says otherwise; numbers must be numbers. For finding bugs: it makes calls about ten times as expensive.
 */
export function checkedBackend(backend: Backend): Backend {
  const kernels: Record<string, unknown> = {};
  for (const [name, { parameters }] of Object.entries(kernelTable)) {
    const kernel = backend.kernels[name as KernelName] as (...values: number[]) => unknown;
    kernels[name] = (...values: number[]) => {
      if (values.length !== parameters.length) {
        throw new RangeError(`kernel ${name} takes ${parameters.length} arguments, got ${values.length}`);
      }
      parameters.forEach((parameter, i) => {
        const problem = findProblem(parameter, values[i]!, backend);
        if (problem) throw new RangeError(`kernel ${name}: ${parameter.split(":")[0]} = ${values[i]} ${problem}`);
      });
      return kernel(...values);
    };
  }
  return Object.defineProperty(Object.create(backend) as Backend, "kernels", { value: kernels as unknown as Kernels });
}

function findProblem(parameter: string, value: number, backend: Backend): string | undefined {
  const [name, kind] = parameter.split(":") as [string, string];
  if (typeof value !== "number") return "is not a number";
  if (kind === "float") return undefined;
  if (!Number.isInteger(value)) return "is not a whole number";
  if (kind === "int") return value < -(2 ** 31) || value >= 2 ** 32 ? "does not fit in 32 bits" : undefined;
  if (value === 0) return name.endsWith("?") ? undefined : "must be given";
  if (value % 4 !== 0) return "is not a multiple of 4";
  if (value < backend.heapStart || value > backend.memory.buffer.byteLength) return "lies outside the arena";
  return undefined;
}
