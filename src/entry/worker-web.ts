import { webParent } from "../platform/training-worker-web.js";
import { serveFit } from "../training/serve-fit.js";
import "./web.js";

serveFit(webParent());
