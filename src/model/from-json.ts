import { RondoError } from "../errors.js";
import type { Layer } from "../layers/layer.js";
import { deserializeLayer } from "../layers/serialize.js";
import type { Tensor } from "../tensor/tensor.js";
import { functionalFromConfig } from "./functional.js";
import type { Model, Outputs, SavedModel } from "./model.js";
import { sequentialFromConfig } from "./sequential.js";

const modelClasses: Readonly<Record<string, (config: Record<string, unknown>) => Model>> = {
  Functional: functionalFromConfig,
  Sequential: sequentialFromConfig,
};

type OwnClass = new (config: never) => Model;

const registered = new Map<string, OwnClass>();

/**
 * Makes a model class of your own loadable from files. The class is made with its `getConfig()`.
 *
 * @param className the name that instances give as `className`.
 * @example registerModel("Tagger", Tagger);
 */
export function registerModel(className: string, modelClass: OwnClass): void {
  if (Object.hasOwn(modelClasses, className)) {
    throw new RondoError("option", `registerModel: there is a built-in model "${className}"`, {
      fix: "use another className",
    });
  }
  registered.set(className, modelClass);
}

/**
 * A model from `toJSON()`, with new weights. Throws RondoError "format" when it does not describe one.
 *
 * @example const untrained = modelFromJSON(model.toJSON());
 */
export function modelFromJSON<Out extends Outputs = Tensor>(saved: SavedModel): Model<Out> {
  const { className, config, inputShapes } = saved;
  if (Object.hasOwn(modelClasses, className)) return modelClasses[className]!(config) as Model<Out>;
  const Own = registered.get(className) as (new (config: object) => Model) | undefined;
  if (Own) {
    const model = new Own(config);
    if (inputShapes) model.buildFor(inputShapes);
    return model as Model<Out>;
  }
  throw new RondoError("format", "this is not a model that can be read", {
    received: className,
    expected: [...Object.keys(modelClasses), ...registered.keys()].join(", "),
    fix: `if it is a class of your own, call registerModel("${className}", …) first`,
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
  const known = typeof className === "string" && (Object.hasOwn(modelClasses, className) || registered.has(className));
  if (!known || !config) return deserializeLayer(spec);
  const { trainable, ...rest } = config;
  const layer = modelFromJSON({ className, config: rest }).asLayer();
  layer.trainable = trainable !== false;
  return layer;
}
