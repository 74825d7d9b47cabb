import { createBackendChooser } from "../backend/select.js";
import { webHost } from "../platform/host-web.js";
import { openWebWorker } from "../platform/training-worker-web.js";
import { backendCandidates } from "../platform/web.js";
import { provideBackends } from "../tensor/engine.js";
import { addTensorMethods } from "../tensor/methods.js";
import { provideHost } from "../util/host.js";
import { provideWorkers } from "../util/workers.js";

provideBackends(createBackendChooser(backendCandidates()));
provideHost(webHost);
provideWorkers(openWebWorker);
addTensorMethods();

export * from "../index.js";
