import { webParent } from "../platform/worker-web.js";
import { serveFit } from "../training/serve-fit.js";
import "./web.js";

serveFit(webParent());
