import type { Kernels } from "../../kernels.js";
import { sigmoid } from "../elementwise.js";
import type { Views } from "../views.js";
import {
  add,
  addOuter,
  dropper,
  inputRows,
  join,
  multiply,
  plus,
  product,
  Rows,
  split,
  transposedProduct,
} from "./vector.js";
import { type Sizes, Walk } from "./walk.js";

type LstmKernels = Pick<
  Kernels,
  "lstmForward" | "lstmBackward" | "lstmSavedSize" | "lstmScratchSize" | "lstmPackedSize"
>;

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
 * Each step keeps h and c before it and the four gates: saved [batch, time, 6, units].
 */
export function lstmKernels(views: Views): LstmKernels {
  return {
    /**
     * z = x K + h R + b, in blocks i, f, c, o
     * c = sigmoid(z_f) c + sigmoid(z_i) tanh(z_c)
     * h = sigmoid(z_o) tanh(c)
     */
    lstmForward(
      x,
      indices,
      kernel,
      recurrent,
      bias,
      h0,
      c0,
      mask,
      recurrentMask,
      y,
      hT,
      cT,
      saved,
      _packed,
      _scratch,
      ...sizes: Sizes
    ) {
      const [, , inputs, units] = sizes;
      const X = inputRows(views, x, indices, inputs);
      const K = views.floats(kernel, inputs * 4 * units);
      const R = views.floats(recurrent, units * 4 * units);
      const b = new Rows(views, bias, 4 * units).read(0);
      const kept = new Rows(views, saved, 6 * units);
      const drop = dropper(views, recurrentMask, units);
      const walk = new Walk(views, mask, sizes);

      walk.forward(views.floats(y, walk.outputSize), {
        start: (row) => [new Rows(views, h0, units).read(row), new Rows(views, c0, units).read(row)],
        step([h, c], at) {
          const z = plus(plus(product(X.read(at.x), K, 4 * units), product(drop(h!, at.row), R, 4 * units)), b);
          const [zi, zf, zc, zo] = split(z, 4);
          const i = zi!.map(sigmoid);
          const f = zf!.map(sigmoid);
          const g = zc!.map(Math.tanh);
          const o = zo!.map(sigmoid);
          kept.write(at.s, h!, c!, i, f, g, o);
          const cNew = plus(multiply(f, c!), multiply(i, g));
          return [multiply(o, cNew.map(Math.tanh)), cNew];
        },
        end(row, [h, c]) {
          new Rows(views, hT, units).write(row, h!);
          new Rows(views, cT, units).write(row, c!);
        },
      });
    },

    lstmBackward(
      x,
      indices,
      kernel,
      recurrent,
      _h0,
      _c0,
      mask,
      recurrentMask,
      saved,
      dy,
      dhT,
      dcT,
      dx,
      dKernel,
      dRecurrent,
      dBias,
      dh0,
      dc0,
      _scratch,
      ...sizes: Sizes
    ) {
      const [batch, time, inputs, units] = sizes;
      const X = inputRows(views, x, indices, inputs);
      const K = views.floats(kernel, inputs * 4 * units);
      const R = views.floats(recurrent, units * 4 * units);
      const kept = new Rows(views, saved, 6 * units);
      const drop = dropper(views, recurrentMask, units);
      const dX = new Rows(views, dx, inputs);
      views.optionalFloats(dx, batch * time * inputs)?.fill(0); // masked steps have no gradient
      const dK = new Float64Array(inputs * 4 * units);
      const dR = new Float64Array(units * 4 * units);
      const db = new Float64Array(4 * units);
      const walk = new Walk(views, mask, sizes);

      walk.backward(views.optionalFloats(dy, walk.outputSize), {
        start: (row) => [new Rows(views, dhT, units).read(row), new Rows(views, dcT, units).read(row)],
        step([dh, dcAfter], at) {
          const [h, c, i, f, g, o] = split(kept.read(at.s), 6) as [Kept, Kept, Kept, Kept, Kept, Kept];
          const tanhC = plus(multiply(f, c), multiply(i, g)).map(Math.tanh);
          const dc = dcAfter!.map((d, j) => d + dh![j]! * o[j]! * (1 - tanhC[j]! ** 2));
          const dz = join(
            dc.map((d, j) => d * g[j]! * i[j]! * (1 - i[j]!)),
            dc.map((d, j) => d * c[j]! * f[j]! * (1 - f[j]!)),
            dc.map((d, j) => d * i[j]! * (1 - g[j]! ** 2)),
            dh!.map((d, j) => d * tanhC[j]! * o[j]! * (1 - o[j]!)),
          );
          dX.write(at.x, transposedProduct(dz, K, inputs));
          addOuter(dK, X.read(at.x), dz);
          addOuter(dR, drop(h, at.row), dz);
          add(db, dz);
          return [drop(transposedProduct(dz, R, units), at.row), multiply(dc, f)];
        },
        end(row, [dh, dc]) {
          new Rows(views, dh0, units).write(row, dh!);
          new Rows(views, dc0, units).write(row, dc!);
        },
      });

      new Rows(views, dKernel, dK.length).write(0, dK);
      new Rows(views, dRecurrent, dR.length).write(0, dR);
      new Rows(views, dBias, db.length).write(0, db);
    },

    lstmSavedSize: (batch, time, _inputs, units) => batch * time * 6 * units,
    lstmScratchSize: () => 0,
    lstmPackedSize: () => 0,
  };
}

type Kept = Float64Array;
