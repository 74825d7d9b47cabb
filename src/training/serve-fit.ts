import { unpackExamples } from "../data/examples.js";
import { modelFromBytes } from "../formats/model-file.js";
import { trainingToBytes } from "../formats/training-backup.js";
import { setBackend } from "../tensor/engine.js";
import type { Port } from "../util/workers.js";
import { swapEMAWeights } from "./callbacks/swap-ema-weights.js";
import type { Callback, Logs, TrainingContext } from "./callbacks.js";
import type { FitOptions, ValidationData } from "./fit.js";
import { BatchDemand, batchData } from "./worker-batches.js";
import { type FromWorker, plainError, type RemoteHook, type ToWorker } from "./worker-messages.js";

type Request = Extract<ToWorker, { type: "fit" }>;

/** The worker's side of `fit(…, { worker: true })`: trains what it is sent, asks callbacks over there, sends it back. */
export function serveFit(port: Port): void {
  const stop = new AbortController();
  let answer: ((reply: Extract<ToWorker, { type: "reply" }>) => void) | null = null;
  const send = (message: FromWorker, state: Uint8Array | null = null) =>
    port.post(message, state ? [state.buffer as ArrayBuffer] : []);
  const demand = new BatchDemand(send);
  const ask = (message: FromWorker, state: Uint8Array | null) =>
    new Promise<Extract<ToWorker, { type: "reply" }>>((resolve) => {
      answer = resolve;
      send(message, state);
    });
  port.listen((received) => {
    const message = received as ToWorker;
    if (message.type === "abort") stop.abort();
    else if (message.type === "reply") answer?.(message);
    else if (message.type === "batch") demand.take(message);
    else train(message).catch((error: unknown) => send({ type: "error", error: plainError(error) }));
  });

  // Messages sent while a worker still loads may be lost.
  send({ type: "ready" });

  async function train(request: Request): Promise<void> {
    setBackend(request.backend);
    for (const url of request.modules) await import(/* @vite-ignore */ url);
    const model = modelFromBytes(request.model, "the model for the worker");
    if (!request.resumed) model.resume = null;
    let last: Logs = {};

    const call = async (hook: RemoteHook, at: number, logs: Logs, context: TrainingContext, error?: unknown) => {
      // Whoever looks at the model at the end of an epoch finds it as it is then.
      const state = hook === "onEpochEnd" ? trainingToBytes(model) : null;
      const { batchLoss, batches } = context;
      const plain = error ? plainError(error) : null;
      const reply = await ask({ type: "hook", hook, at, logs, batchLoss, batches, error: plain, state }, state);
      if (reply.stop) context.stop();
      if (reply.learningRate !== null && reply.learningRate !== model.optimizer.learningRate) {
        model.optimizer.learningRate = reply.learningRate;
      }
    };
    const hooks: { [K in RemoteHook]: Callback[K] } = {
      onEpochBegin: (epoch, context) => call("onEpochBegin", epoch, {}, context),
      onEpochEnd: (epoch, logs, context) => call("onEpochEnd", epoch, logs, context),
      onBatchBegin: (batch, context) => call("onBatchBegin", batch, {}, context),
      onBatchEnd: (batch, logs, context) => call("onBatchEnd", batch, logs, context),
      onTestBegin: (context) => call("onTestBegin", 0, {}, context),
      onTestEnd: (logs, context) => call("onTestEnd", 0, logs, context),
      onNonFinite: (error, context) => call("onNonFinite", 0, {}, context, error),
    };
    const wanted = Object.fromEntries(request.hooks.map((name) => [name, hooks[name]]));
    const final: Callback = {
      onTrainEnd: (logs) => {
        last = logs;
      },
    };
    const { examples, validation, swapEMA } = request;
    const held =
      validation === "dataset" ? demand.dataset("validation") : validation && batchData(unpackExamples(validation));
    const options: FitOptions = {
      ...request.options,
      ...(held ? { validationData: held as ValidationData } : {}),
      callbacks: [...(swapEMA ? [swapEMAWeights(swapEMA)] : []), wanted, final],
      signal: stop.signal,
    };
    const { x, y, ...weights } = examples ? batchData(unpackExamples(examples)) : {};
    const history = await (x
      ? model.fit(x, y!, { ...options, ...weights })
      : model.fit(demand.dataset("training"), options));
    const state = trainingToBytes(model);
    send({ type: "done", history, logs: last, state }, state);
  }
}
