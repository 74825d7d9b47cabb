import { expect, test } from "vitest";
import { type KernelName, kernelTable } from "../../src/backend/kernels.js";
import { createReferenceBackend } from "../../src/backend/reference/index.js";
import { loadSubjects } from "./backends.js";
import { Bench, differences } from "./bench.js";
import { cases } from "./cases/index.js";

const reference = createReferenceBackend();
const { subjects, missing } = loadSubjects();
console.log(`compared with the reference: ${subjects.map(({ name }) => name).join(", ")}`);
for (const reason of missing) console.log(`not compared: ${reason}`);

/** Both at a 64-byte boundary and off it, since slices of tensors start anywhere. */
const shifts = [0, 3];

test.each(Object.keys(kernelTable) as KernelName[])("%s agrees with the reference", { timeout: 120_000 }, (kernel) => {
  const problems: string[] = [];
  for (const { name, run } of cases[kernel]()) {
    const bench = new Bench(reference);
    run(bench);
    expect(bench.called, name).toContain(kernel);
    const expected = bench.finish();
    for (const subject of subjects) {
      for (const shift of shifts) {
        const where = `${subject.name}${shift ? ", unaligned" : ""}: ${name}: `;
        try {
          const other = new Bench(subject.backend, shift);
          run(other);
          problems.push(...differences(expected, other.finish()).map((difference) => where + difference));
        } catch (error) {
          problems.push(where + (error as Error).message);
        }
      }
    }
  }
  if (problems.length > 40) problems.splice(40, Infinity, `… and ${problems.length - 40} more`);
  expect(problems.join("\n")).toBe("");
});
