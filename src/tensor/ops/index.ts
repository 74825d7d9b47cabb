/** Every operation, for the parts of rondo that are built on tensors; users get them from `rondo` itself. */
export { tensor } from "../tensor.js";
export * from "./arithmetic.js";
export * from "./attention.js";
export * from "./comparison.js";
export * from "./creation.js";
export * from "./indexing.js";
export * from "./linalg.js";
export * from "./movement.js";
export * from "./random.js";
export * from "./recurrent.js";
export * from "./reduce.js";
export * from "./slicing.js";
export * from "./softmax.js";
export * from "./unary.js";
