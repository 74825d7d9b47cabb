import { noGrad } from "../../autograd/tape.js";
import { RondoError } from "../../errors.js";
import { zeros } from "../../tensor/ops/creation.js";
import { scope } from "../../tensor/scope.js";
import { Tensor } from "../../tensor/tensor.js";
import { layerOptionNames, readFields, sizes } from "../fields.js";
import { type BatchShape, type CallContext, Layer, type LayerOptions } from "../layer.js";

/** What `layers.lambda` computes: from its input and the context of the call to its output. */
export type LambdaFunction = (input: Tensor, context: CallContext) => Tensor;

/** Options of `layers.lambda`. */
export interface LambdaOptions extends LayerOptions {
  /** The computation, or the name of one that was given to `registerFunction`. */
  function: LambdaFunction | string;
  /** Shape of the output without the batch axis, null where it varies. Default: found by trying zeros. */
  outputShape?: BatchShape | null;
}

const registered = new Map<string, LambdaFunction>();

/**
 * Gives a function a name under which models that use it in a lambda layer can be saved, and loaded again where it is
 * registered. Throws RondoError "option" when the name belongs to another function.
 *
 * @example registerFunction("double", (x) => mul(x, 2));
 */
export function registerFunction(name: string, f: LambdaFunction): void {
  if ((registered.get(name) ?? f) !== f) {
    throw new RondoError("option", `registerFunction: "${name}" is another function already`, {
      fix: "use another name",
    });
  }
  registered.set(name, f);
}

const fields = {
  function: {
    read: (value: LambdaFunction | string | undefined, at: string): LambdaFunction => {
      const found = typeof value === "string" ? registered.get(value) : value;
      if (typeof found === "function") return found;
      throw new RondoError("option", `${at} must be a function`, {
        received: JSON.stringify(value) ?? String(value),
        expected: `a function, or one of the registered names: ${[...registered.keys()].join(", ") || "none yet"}`,
        fix: "register the function of a saved model with registerFunction before loading it",
      });
    },
    write: (value: LambdaFunction) => value,
  },
  outputShape: sizes(),
};

/**
 * Any function of a tensor as a layer without weights. The mask ends here, as in Keras. To train what the function uses,
 * write a layer of your own (see `Layer`).
 *
 * @example layers.lambda({ function: (x) => mul(x, 2) })
 */
export class Lambda extends Layer {
  readonly className = "Lambda";
  readonly options: { readonly function: LambdaFunction; readonly outputShape: BatchShape | null };

  constructor(options: LambdaOptions) {
    super(options);
    this.options = readFields("layers.lambda", fields, options, layerOptionNames);
  }

  call(input: Tensor, context: CallContext): Tensor {
    const result = this.options.function(input, context);
    if (result instanceof Tensor) return result;
    throw new RondoError("value", "the function of a lambda layer must return a tensor", {
      path: this.describe(),
      received: String(result),
    });
  }

  override computeMask(): null {
    return null;
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    if (this.options.outputShape) return [inputShape[0] ?? null, ...this.options.outputShape];
    // Sizes that change with the unknown ones are unknown as well.
    const [a, b] = [2, 3].map((n) => this.tryOut(inputShape.map((size) => size ?? n)));
    return a!.map((n, i) => (n === b![i] ? n : null));
  }

  private tryOut(shape: readonly number[]): readonly number[] {
    return noGrad(() => scope(() => this.call(zeros(shape), { training: false, mask: null }).shape));
  }

  override getConfig(): Record<string, unknown> {
    const { function: f, outputShape } = this.options;
    const name = [...registered].find(([, each]) => each === f)?.[0];
    if (name !== undefined) return { ...super.getConfig(), function: name, outputShape };
    throw new RondoError("option", "the function of a lambda layer has no name and cannot be saved", {
      path: this.describe(),
      fix: 'give it one: registerFunction("double", f); or save the weights only',
    });
  }

  override copyOptions(): Record<string, unknown> {
    return { ...this.sharedOptions, ...this.options };
  }
}
