import { type Kernels, type OpCode, opCodes } from "../../kernels.js";
import { sigmoid } from "../elementwise.js";
import type { Views } from "../views.js";
import {
  add,
  addOuter,
  dropper,
  inputRows,
  multiply,
  plus,
  product,
  Rows,
  split,
  transposedProduct,
} from "./vector.js";
import { type Sizes, Walk } from "./walk.js";

type RnnKernels = Pick<Kernels, "rnnForward" | "rnnBackward" | "rnnSavedSize" | "rnnScratchSize" | "rnnPackedSize">;

const activations: Record<OpCode<"activation">, (z: number) => number> = {
  linear: (z) => z,
  tanh: Math.tanh,
  relu: (z) => Math.max(z, 0),
  sigmoid,
};

/** The slope of each activation, from its output. */
const slopes: Record<OpCode<"activation">, (h: number) => number> = {
  linear: () => 1,
  tanh: (h) => 1 - h * h,
  relu: (h) => (h > 0 ? 1 : 0),
  sigmoid: (h) => h * (1 - h),
};

/** The simple recurrent layer of Elman (1990). Each step keeps h before and after it: saved [batch, time, 2, units]. */
export function rnnKernels(views: Views): RnnKernels {
  return {
    /** h = activation(x K + h R + b) */
    rnnForward(
      activation,
      x,
      indices,
      kernel,
      recurrent,
      bias,
      h0,
      mask,
      recurrentMask,
      y,
      hT,
      saved,
      _packed,
      _scratch,
      ...sizes: Sizes
    ) {
      const [, , inputs, units] = sizes;
      const f = activations[opCodes.activation[activation]!];
      const X = inputRows(views, x, indices, inputs);
      const K = views.floats(kernel, inputs * units);
      const R = views.floats(recurrent, units * units);
      const b = new Rows(views, bias, units).read(0);
      const kept = new Rows(views, saved, 2 * units);
      const drop = dropper(views, recurrentMask, units);
      const walk = new Walk(views, mask, sizes);

      walk.forward(views.floats(y, walk.outputSize), {
        start: (row) => [new Rows(views, h0, units).read(row)],
        step([before], at) {
          const z = plus(plus(product(X.read(at.x), K, units), product(drop(before!, at.row), R, units)), b);
          const h = z.map(f);
          kept.write(at.s, before!, h);
          return [h];
        },
        end: (row, [h]) => new Rows(views, hT, units).write(row, h!),
      });
    },

    rnnBackward(
      activation,
      x,
      indices,
      kernel,
      recurrent,
      _h0,
      mask,
      recurrentMask,
      saved,
      dy,
      dhT,
      dx,
      dKernel,
      dRecurrent,
      dBias,
      dh0,
      _scratch,
      ...sizes: Sizes
    ) {
      const [batch, time, inputs, units] = sizes;
      const slope = slopes[opCodes.activation[activation]!];
      const X = inputRows(views, x, indices, inputs);
      const K = views.floats(kernel, inputs * units);
      const R = views.floats(recurrent, units * units);
      const kept = new Rows(views, saved, 2 * units);
      const drop = dropper(views, recurrentMask, units);
      const dX = new Rows(views, dx, inputs);
      views.optionalFloats(dx, batch * time * inputs)?.fill(0); // masked steps have no gradient
      const dK = new Float64Array(inputs * units);
      const dR = new Float64Array(units * units);
      const db = new Float64Array(units);
      const walk = new Walk(views, mask, sizes);

      walk.backward(views.optionalFloats(dy, walk.outputSize), {
        start: (row) => [new Rows(views, dhT, units).read(row)],
        step([dh], at) {
          const [before, h] = split(kept.read(at.s), 2);
          const dz = multiply(dh!, h!.map(slope));
          dX.write(at.x, transposedProduct(dz, K, inputs));
          addOuter(dK, X.read(at.x), dz);
          addOuter(dR, drop(before!, at.row), dz);
          add(db, dz);
          return [drop(transposedProduct(dz, R, units), at.row)];
        },
        end: (row, [dh]) => new Rows(views, dh0, units).write(row, dh!),
      });

      new Rows(views, dKernel, dK.length).write(0, dK);
      new Rows(views, dRecurrent, dR.length).write(0, dR);
      new Rows(views, dBias, db.length).write(0, db);
    },

    rnnSavedSize: (batch, time, _inputs, units) => batch * time * 2 * units,
    rnnScratchSize: () => 0,
    rnnPackedSize: () => 0,
  };
}
