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

type GruKernels = Pick<Kernels, "gruForward" | "gruBackward" | "gruSavedSize" | "gruScratchSize" | "gruPackedSize">;

/**
 * Gated recurrent unit. resetAfter: the reset gate scales the recurrent product (Cho et al. 2014, arXiv 1406.1078v1);
 * otherwise it scales h before the product (v3).
 * Each step keeps h before it, z, r, the candidate c and, for resetAfter, m = h R_h + b_rh: saved [batch, time, 5, units].
 */
export function gruKernels(views: Views): GruKernels {
  return {
    /**
     * z = sigmoid(x K_z + h R_z + b_z), r = sigmoid(x K_r + h R_r + b_r)
     * c = tanh(x K_h + b_h + r (h R_h + b_rh)) when resetAfter, else tanh(x K_h + b_h + (r h) R_h)
     * h = z h + (1 - z) c
     */
    gruForward(
      resetAfter,
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
      const X = inputRows(views, x, indices, inputs);
      const K = views.floats(kernel, inputs * 3 * units);
      const R = views.floats(recurrent, units * 3 * units);
      const b = new Rows(views, bias, 3 * units);
      const inputBias = b.read(0);
      const recurrentBias = resetAfter ? b.read(1) : new Float64Array(3 * units);
      const kept = new Rows(views, saved, 5 * units);
      const drop = dropper(views, recurrentMask, units);
      const walk = new Walk(views, mask, sizes);

      walk.forward(views.floats(y, walk.outputSize), {
        start: (row) => [new Rows(views, h0, units).read(row)],
        step([before], at) {
          const h = drop(before!, at.row);
          const [xz, xr, xh] = split(plus(product(X.read(at.x), K, 3 * units), inputBias), 3);
          const [mz, mr, mh] = split(plus(product(h, R, 3 * units), recurrentBias), 3);
          const z = plus(xz!, mz!).map(sigmoid);
          const r = plus(xr!, mr!).map(sigmoid);
          const inner = resetAfter ? multiply(r, mh!) : split(product(multiply(r, h), R, 3 * units), 3)[2]!;
          const c = plus(xh!, inner).map(Math.tanh);
          kept.write(at.s, before!, z, r, c, mh!);
          return [before!.map((v, j) => z[j]! * v + (1 - z[j]!) * c[j]!)];
        },
        end: (row, [h]) => new Rows(views, hT, units).write(row, h!),
      });
    },

    gruBackward(
      resetAfter,
      x,
      indices,
      kernel,
      recurrent,
      _bias,
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
      const X = inputRows(views, x, indices, inputs);
      const K = views.floats(kernel, inputs * 3 * units);
      const R = views.floats(recurrent, units * 3 * units);
      const kept = new Rows(views, saved, 5 * units);
      const drop = dropper(views, recurrentMask, units);
      const dX = new Rows(views, dx, inputs);
      views.optionalFloats(dx, batch * time * inputs)?.fill(0); // masked steps have no gradient
      const dK = new Float64Array(inputs * 3 * units);
      const dR = new Float64Array(units * 3 * units);
      const dInputBias = new Float64Array(3 * units);
      const dRecurrentBias = new Float64Array(3 * units);
      const none = new Float64Array(units);
      const walk = new Walk(views, mask, sizes);

      walk.backward(views.optionalFloats(dy, walk.outputSize), {
        start: (row) => [new Rows(views, dhT, units).read(row)],
        step([dh], at) {
          const [before, z, r, c, mh] = split(kept.read(at.s), 5) as [Kept, Kept, Kept, Kept, Kept];
          const h = drop(before, at.row);
          const dz = dh!.map((d, j) => d * (before[j]! - c[j]!) * z[j]! * (1 - z[j]!));
          const dc = dh!.map((d, j) => d * (1 - z[j]!) * (1 - c[j]! ** 2));
          // Gradients of r, of the product with R_h, and of the vector that enters this product.
          const dProduct = resetAfter ? multiply(dc, r) : dc;
          const entering = resetAfter ? h : multiply(r, h);
          const dEntering = transposedProduct(join(none, none, dProduct), R, units);
          const dr = multiply(
            resetAfter ? multiply(dc, mh) : multiply(dEntering, h),
            r.map((v) => v * (1 - v)),
          );
          const dGates = join(dz, dr, none);
          addOuter(dR, h, dGates);
          addOuter(dR, entering, join(none, none, dProduct));
          add(dRecurrentBias, join(dz, dr, dProduct));

          const dInput = join(dz, dr, dc);
          dX.write(at.x, transposedProduct(dInput, K, inputs));
          addOuter(dK, X.read(at.x), dInput);
          add(dInputBias, dInput);

          const dDropped = plus(transposedProduct(dGates, R, units), resetAfter ? dEntering : multiply(dEntering, r));
          return [plus(multiply(dh!, z), drop(dDropped, at.row))];
        },
        end: (row, [dh]) => new Rows(views, dh0, units).write(row, dh!),
      });

      new Rows(views, dKernel, dK.length).write(0, dK);
      new Rows(views, dRecurrent, dR.length).write(0, dR);
      const db = new Rows(views, dBias, 3 * units);
      db.write(0, dInputBias);
      if (resetAfter) db.write(1, dRecurrentBias);
    },

    gruSavedSize: (_resetAfter, batch, time, _inputs, units) => batch * time * 5 * units,
    gruScratchSize: () => 0,
    gruPackedSize: () => 0,
  };
}

type Kept = Float64Array;
