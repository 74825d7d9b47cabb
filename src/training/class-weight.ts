import type { Examples } from "../data/examples.js";
import { type HostArray, hostArray } from "../data/host-array.js";
import { RondoError } from "../errors.js";
import { formatShape } from "../tensor/shape.js";
import type { Loss } from "./losses/index.js";

/** What one target of a class counts; classes that are not named count 1. */
export type ClassWeight = Readonly<Record<number, number>>;

/** How targets tell classes: by their number, or by the place of the largest of several numbers. */
function targetsOf(loss: Loss, y: HostArray): "numbers" | "oneHot" {
  if (/^sparse|^categoricalGeneralized/.test(loss.name)) return "numbers";
  if (y.shape.length === 1 || y.shape.at(-1) === 1) return "numbers";
  if (/^categorical/.test(loss.name)) return "oneHot";
  throw new RondoError("option", `classWeight: with ${loss.name} these targets do not say one class each`, {
    received: `targets ${formatShape(y.shape)}`,
    expected: `targets [${y.length}] or [${y.length}, …, 1], or a categorical cross-entropy`,
    fix: "pass sampleWeight instead",
  });
}

function check(classWeight: ClassWeight): void {
  for (const [key, weight] of Object.entries(classWeight)) {
    if (/^\d+$/.test(key) && Number.isFinite(weight) && weight >= 0) continue;
    throw new RondoError("value", "classWeight gives a weight of at least 0 for class numbers", {
      received: `${key}: ${weight}`,
      expected: "for example { 0: 1, 1: 5 }",
    });
  }
}

/**
 * The examples with sample weights made of their classes, [examples] or, for targets per step, [examples, time].
 * @param losses of the model's outputs; only a model with one output has classes to weight, as in Keras.
 */
export function weightClasses(
  examples: Examples,
  losses: readonly (Loss | null)[],
  classWeight: ClassWeight,
): Examples {
  check(classWeight);
  if (losses.length > 1) {
    throw new RondoError("option", "classWeight is for models with one output", {
      received: `a model with ${losses.length} outputs`,
      fix: "pass sampleWeight by output instead",
    });
  }
  const y = examples.y?.[0];
  const loss = losses[0];
  if (!y || !loss) return examples;
  if (examples.sampleWeight[0]) {
    throw new RondoError("option", "fit takes either classWeight or sampleWeight", {
      fix: "multiply the class weights into sampleWeight",
    });
  }
  const oneHot = targetsOf(loss, y) === "oneHot";
  const classes = y.shape.at(-1)!;
  const column = y.shape.length > 1 && classes === 1;
  const shape = oneHot || column ? y.shape.slice(0, -1) : y.shape;
  const size = oneHot ? classes : 1;
  const perExample = y.rowSize / size;
  const values = new Float32Array(y.length * perExample);
  for (let i = 0; i < y.length; i++) {
    const row = y.row(i);
    for (let k = 0; k < perExample; k++) {
      const target = oneHot ? largest(row, k * size, size) : Math.round(row[k]!);
      values[i * perExample + k] = classWeight[target] ?? 1;
    }
  }
  return { ...examples, sampleWeight: [hostArray("classWeight", { values, shape })] };
}

function largest(row: readonly number[], from: number, size: number): number {
  let best = 0;
  for (let c = 1; c < size; c++) if (row[from + c]! > row[from + best]!) best = c;
  return best;
}
