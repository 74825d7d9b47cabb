import { RondoError } from "../../errors.js";
import { formatShape, type Shape, sameShape } from "../../tensor/shape.js";
import { allocate, type Tensor, tensor } from "../../tensor/tensor.js";
import { Variable } from "../../tensor/variable.js";

/** What an optimizer's tensor for a variable looks like before the first update. */
export interface SlotStart {
  readonly shape: Shape;
  readonly value: number;
}

/** Slots every optimizer may have besides its own. */
export const EMA = "ema";
export const ACCUMULATED = "accumulated";

/** The tensors an optimizer remembers for each variable, by name. They live as long as the variable. */
export class Slots {
  private readonly known = new WeakMap<Variable, Record<string, Variable>>();

  /** @param start what a slot of a variable starts as; null when this variable needs none. */
  constructor(
    private readonly names: () => readonly string[],
    private readonly start: (slot: string, variable: Variable) => SlotStart | null,
  ) {}

  /** What is remembered for a variable; made when it is first asked for. */
  of(variable: Variable): Record<string, Variable> {
    const known = this.known.get(variable);
    if (known) return known;
    const slots: Record<string, Variable> = {};
    for (const name of this.names()) {
      const start = this.start(name, variable);
      if (!start) continue;
      const initial = allocate(start.shape);
      initial.view().fill(start.value);
      // A variable that joins late averages from what it is.
      if (name === EMA) initial.view().set(variable.view());
      slots[name] = new Variable(initial, { name: `${variable.name}/${name}`, trainable: false });
    }
    this.known.set(variable, slots);
    return slots;
  }

  /** One slot of a variable, if there is one already. */
  find(slot: string, variable: Variable): Variable | undefined {
    return this.known.get(variable)?.[slot];
  }

  /** Copies, named "<variable>/<slot>". */
  collect(variables: readonly Variable[]): Record<string, Tensor> {
    const tensors: Record<string, Tensor> = {};
    const names = uniqueNames(variables);
    variables.forEach((variable, i) => {
      for (const [slot, value] of Object.entries(this.known.get(variable) ?? {})) {
        tensors[`${names[i]}/${slot}`] = tensor(value.dataSync(), value.shape);
      }
    });
    return tensors;
  }

  /** Takes back what `collect` gave; variables without anything start anew. Throws RondoError "shape" before changing anything. */
  restore(tensors: Readonly<Record<string, Tensor>>, variables: readonly Variable[]): void {
    const names = uniqueNames(variables);
    const slotNames = this.names();
    const found = variables.map((variable, i) =>
      slotNames.map((slot) => {
        const saved = tensors[`${names[i]}/${slot}`];
        const shape = this.start(slot, variable)?.shape;
        if (!saved || !shape) return undefined;
        if (!sameShape(saved.shape, shape)) {
          throw new RondoError("shape", `the saved optimizer state does not fit "${variable.name}"`, {
            received: formatShape(saved.shape),
            expected: formatShape(shape),
          });
        }
        return saved;
      }),
    );
    variables.forEach((variable, i) => {
      for (const old of Object.values(this.known.get(variable) ?? {})) old.dispose();
      this.known.delete(variable);
      if (found[i]!.every((saved) => saved === undefined)) return;
      const slots = this.of(variable);
      slotNames.forEach((slot, k) => {
        const saved = found[i]![k];
        if (saved) slots[slot]!.assign(saved);
      });
    });
  }
}

/** The variables' names; repeated ones get a number, in order. */
function uniqueNames(variables: readonly Variable[]): string[] {
  const seen = new Map<string, number>();
  return variables.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}
