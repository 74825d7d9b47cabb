/** A layer of one's own, for the library that is handed in. */
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
