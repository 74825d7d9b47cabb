import { RondoError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import { deserializeLayer } from "../layers/serialize.js";
import type { Tensor } from "../tensor/tensor.js";
import { functionalFromConfig } from "./functional.js";
import type { Model, Outputs } from "./model.js";
import { sequentialFromConfig } from "./sequential.js";

const modelClasses: Readonly<Record<string, (config: Record<string, unknown>) => Model>> = {
  Functional: functionalFromConfig,
  Sequential: sequentialFromConfig,
};

/** A model from `toJSON()`, with new weights. Throws RondoError "format" when it does not describe one. */
export function modelFromJSON<Out extends Outputs = Tensor>(saved: {
  className: string;
  config: Record<string, unknown>;
}): Model<Out> {
  if (Object.hasOwn(modelClasses, saved.className)) return modelClasses[saved.className]!(saved.config) as Model<Out>;
  throw new RondoError("format", "this is not a model that can be read", {
    received: saved.className,
    expected: Object.keys(modelClasses).join(", "),
  });
}

/**
 * An equal model with new weights, drawn anew by the initializers. Throws RondoError "option" when a layer holds a
 * function.
 *
 * @example const second = cloneModel(model);
 */
export function cloneModel<Out extends Outputs>(model: Model<Out>): Model<Out> {
  return modelFromJSON<Out>(JSON.parse(JSON.stringify(model)));
}

/** A layer of a model, perhaps a model itself, from its spec. @internal */
export function layerFromSpec(spec: unknown): Layer {
  const { className, config } = (spec ?? {}) as { className?: string; config?: Record<string, unknown> };
  if (typeof className !== "string" || !config || !Object.hasOwn(modelClasses, className))
    return deserializeLayer(spec);
  const layer = modelFromJSON({ className, config }).asLayer();
  layer.trainable = config.trainable !== false;
  return layer;
}
