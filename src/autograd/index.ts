export { customGrad, stopGradient } from "./custom.js";
export { GradientTape, type GradientTapeOptions } from "./gradient-tape.js";
export { grad, grads, type VariableGradsOptions, valueAndGrad, valueAndGrads, variableGrads } from "./gradients.js";
export { noGrad } from "./tape.js";
