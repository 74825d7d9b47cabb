// What a program's workers import to know its layer. Tests run the sources, workers what was built: one class for each.
import { Layer, registerLayer } from "../../dist/entry/node.js";
import { doublerOf } from "./doubler-of.mjs";

registerLayer("Doubler", doublerOf(Layer));
