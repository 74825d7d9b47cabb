import { nodeParent } from "../platform/worker-node.js";
import { serveFit } from "../training/serve-fit.js";
import "./node.js";

serveFit(nodeParent());
