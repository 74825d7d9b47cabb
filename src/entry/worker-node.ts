import { nodeParent } from "../platform/training-worker-node.js";
import { serveFit } from "../training/serve-fit.js";
import "./node.js";

serveFit(nodeParent());
