import { createBackendChooser } from "../backend/select.js";
import { createNodeFiles } from "../platform/files-node.js";
import { nodeHost } from "../platform/host-node.js";
import { backendCandidates, requestedBackend } from "../platform/node.js";
import { profileProcess } from "../platform/profile-node.js";
import { openNodeWorker } from "../platform/training-worker-node.js";
import { provideBackends } from "../tensor/engine.js";
import { addTensorMethods } from "../tensor/methods.js";
import { provideFiles } from "../util/files.js";
import { provideHost } from "../util/host.js";
import { provideWorkers } from "../util/workers.js";

provideBackends(createBackendChooser(backendCandidates(), requestedBackend()));
provideFiles(createNodeFiles());
provideHost(nodeHost);
provideWorkers(openNodeWorker);
addTensorMethods();
profileProcess(process.env["RONDO_PROFILE"]);

export * from "../index.js";
