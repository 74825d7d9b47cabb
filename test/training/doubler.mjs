// A layer of one's own, as a program would keep it in a module that its workers import as well.
import { Layer, registerLayer } from "../../dist/entry/node.js";

/** The class, for the library that is handed in: tests run the sources, workers what was built. */
export const doublerOf = (Base) =>
  class Doubler extends Base {
    className = "Doubler";
    call(x) {
      return x.mul(2);
    }
    computeOutputShape(shape) {
      return shape;
    }
  };

registerLayer("Doubler", doublerOf(Layer));
