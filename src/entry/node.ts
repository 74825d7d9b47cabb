import { createBackendChooser } from "../backend/select.js";
import { backendCandidates, requestedBackend } from "../platform/node.js";
import { provideBackends } from "../tensor/engine.js";
import { addTensorMethods } from "../tensor/methods.js";

provideBackends(createBackendChooser(backendCandidates(), requestedBackend()));
addTensorMethods();

export * from "../index.js";
