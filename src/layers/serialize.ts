import { lookUp, RondoError } from "../errors.js";
import { Component } from "./component.js";
import { specOf } from "./fields.js";
import { Layer } from "./layer.js";
import { cellTable, layerTable } from "./table.js";

/** A layer as plain JSON: what it is and the options that make an equal one. Weights are kept elsewhere. */
export interface LayerSpec {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

type AnyClass = new (options: never) => object;

const registered = new Map<string, AnyClass>();

/**
 * Makes a layer or cell class of your own loadable from files. The class is made with its `getConfig()`.
 *
 * @param className the name that instances give as `className`.
 * @example registerLayer("Scale", Scale);
 */
export function registerLayer(className: string, layerClass: AnyClass): void {
  if (Object.hasOwn(layerTable, className) || Object.hasOwn(cellTable, className)) {
    throw new RondoError("option", `registerLayer: there is a built-in layer "${className}"`, {
      fix: "use another className",
    });
  }
  registered.set(className, layerClass);
}

/**
 * The spec of a layer. Throws RondoError "option", naming the layer, when it holds a function.
 *
 * @example serializeLayer(layers.dense({ units: 3 })).className // "Dense"
 */
export function serializeLayer(layer: Layer): LayerSpec {
  return specOf(layer);
}

/**
 * Makes the layer (or cell) a spec describes, with new weights. Throws RondoError "format" for anything else, "option"
 * for an unknown class or option.
 *
 * @example deserializeLayer({ className: "Dense", config: { units: 3 } })
 */
export function deserializeLayer(spec: unknown): Layer {
  const made = revive(spec);
  if (made instanceof Layer) return made;
  throw new RondoError("format", "this does not describe a layer", {
    received: JSON.stringify(spec)?.slice(0, 200) ?? String(spec),
    expected: '{ className: "Dense", config: { units: 3 } } or the like',
  });
}

function isSpec(value: unknown): value is LayerSpec {
  if (value === null || typeof value !== "object" || value instanceof Component) return false;
  const { className, config } = value as Partial<LayerSpec>;
  return typeof className === "string" && config !== null && typeof config === "object";
}

/** Turns specs, also inside arrays, into layers and cells; everything else stays. */
function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (!isSpec(value)) return value;
  const table: Record<string, AnyClass> = { ...layerTable, ...cellTable, ...Object.fromEntries(registered) };
  const Class = lookUp("layer", value.className, table) as new (options: object) => object;
  return new Class(Object.fromEntries(Object.entries(value.config).map(([key, v]) => [key, revive(v)])));
}
