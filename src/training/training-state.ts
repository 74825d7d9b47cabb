import { RondoError } from "../errors.js";
import type { LayerState } from "../layers/layer.js";
import type { Model } from "../model/model.js";
import { Generator, type GeneratorState } from "../tensor/generator.js";
import type { Tensor } from "../tensor/tensor.js";
import type { FitRun, History } from "./fit.js";
import { Optimizer } from "./optimizers/optimizer.js";
import { putState, type SavedState, takeState } from "./saved-state.js";

/** Where a training is, as JSON values. */
interface Position {
  epoch: number;
  batch: number;
  order: GeneratorState;
  means: Record<string, Record<string, number>>;
  history: History;
}

function layersState(model: Model): SavedState {
  const tensors: Record<string, Tensor> = {};
  const generators: LayerState["generators"] = {};
  for (const [path, layer] of model.parts) layer.collectState(path, { tensors, generators });
  return { tensors, values: { generators } };
}

/**
 * Optimizers and random generators in the fields of a model class (also in arrays), by field: what a training step of its own
 * uses besides the optimizer it was compiled with.
 */
export function keptInFields(model: Model): { optimizers: Map<string, Optimizer>; generators: Map<string, Generator> } {
  const found = { optimizers: new Map<string, Optimizer>(), generators: new Map<string, Generator>() };
  const look = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const [i, item] of value.entries()) look(item, `${path}/${i}`);
    else if (value instanceof Optimizer) found.optimizers.set(path, value);
    else if (value instanceof Generator && value !== model.shuffling) found.generators.set(path, value);
  };
  for (const [field, value] of Object.entries(model)) look(value, field);
  return found;
}

/** `Model.getTrainingState`. */
export function getTrainingState(model: Model): SavedState {
  const { run, compiled } = model;
  const state: SavedState = { tensors: {}, values: {} };
  const position: Position = {
    epoch: run?.epoch ?? 0,
    batch: run?.batch ?? 0,
    order: run?.order ?? model.shuffling.getState(),
    means: compiled.getState(),
    history: {
      epoch: [...(run?.history.epoch ?? [])],
      history: Object.fromEntries(Object.entries(run?.history.history ?? {}).map(([name, v]) => [name, [...v]])),
      aborted: false,
    },
  };
  state.values.position = position;
  putState(state, "optimizer", compiled.optimizer.getState(model.trainableWeights));
  const { optimizers, generators } = keptInFields(model);
  // What they step need not be trainable all the time: one part of a model may be frozen while another is trained.
  for (const [field, each] of optimizers) putState(state, `optimizers/${field}`, each.getState(model.weights));
  if (generators.size > 0) {
    state.values.generators = Object.fromEntries([...generators].map(([field, each]) => [field, each.getState()]));
  }
  putState(state, "layers", layersState(model));
  callbackNames(run).forEach((name, i) => {
    const part = run!.callbacks[i]!.getState?.();
    if (part) putState(state, `callbacks/${name}`, part);
  });
  return state;
}

/** Names of the callbacks; those without one, or with one that is taken, get their position. */
function callbackNames(run: FitRun | null): string[] {
  const names: string[] = [];
  for (const [i, { name }] of (run?.callbacks ?? []).entries()) {
    names.push(name === undefined || names.includes(name) ? `${name ?? "callback"}_${i}` : name);
  }
  return names;
}

/** `Model.setTrainingState`. Position and callbacks wait for the next `fit`. */
export function setTrainingState(model: Model, state: SavedState): void {
  if (!model.built) {
    throw new RondoError("state", `${model.name} must be built before its training can go on`, {
      fix: "load the weights, or call model.build([null, …]), before setTrainingState()",
    });
  }
  const position = positionOf(state);
  model.compiled.optimizer.setState(takeState(state, "optimizer"), model.trainableWeights);
  const { optimizers, generators: ownGenerators } = keptInFields(model);
  for (const [field, each] of optimizers) {
    if (state.values[`optimizers/${field}`]) each.setState(takeState(state, `optimizers/${field}`), model.weights);
  }
  const drawn = (state.values.generators ?? {}) as Record<string, GeneratorState>;
  for (const [field, each] of ownGenerators) if (drawn[field]) each.setState(drawn[field]);
  const layers = takeState(state, "layers");
  const { generators = {} } = layers.values as { generators?: LayerState["generators"] };
  for (const [path, layer] of model.parts) layer.restoreState(path, { tensors: layers.tensors, generators });
  model.shuffling.setState(position.order);
  model.compiled.setState(position.means);
  model.resume = state;
}

function positionOf(state: SavedState): Position {
  const position = state.values.position as Position | undefined;
  if (position && Number.isInteger(position.epoch) && Number.isInteger(position.batch) && position.order)
    return position;
  throw new RondoError("format", "this is not the state of a training", {
    received: `values ${Object.keys(state.values).join(", ") || "(none)"}`,
    expected: "what getTrainingState() returned",
  });
}

/** Puts a fit that is starting where `setTrainingState` said; false when nothing was set, or the position is not wanted. */
export function takeUpTraining(model: Model, run: FitRun, fromElsewhere: boolean): boolean {
  const state = model.resume;
  model.resume = null;
  if (!state) return false;
  callbackNames(run).forEach((name, i) => {
    if (state.values[`callbacks/${name}`]) run.callbacks[i]!.setState?.(takeState(state, `callbacks/${name}`));
  });
  if (fromElsewhere) return false;
  const { epoch, batch, history } = positionOf(state);
  Object.assign(run, { epoch, batch });
  run.history.epoch.push(...history.epoch);
  for (const [name, values] of Object.entries(history.history)) run.history.history[name] = [...values];
  return true;
}
