import { noGrad } from "../../autograd/tape.js";
import { checkOptions, RondoError } from "../../errors.js";
import { add, div } from "../../tensor/ops/arithmetic.js";
import { matMul } from "../../tensor/ops/linalg.js";
import { reshape } from "../../tensor/ops/movement.js";
import { sum } from "../../tensor/ops/reduce.js";
import { sqrt, square } from "../../tensor/ops/unary.js";
import { scope } from "../../tensor/scope.js";
import { Tensor } from "../../tensor/tensor.js";
import type { Variable } from "../../tensor/variable.js";
import type { BatchShape, Component } from "../component.js";
import { layerOptionNames, positive, specOf } from "../fields.js";
import { getInitializer } from "../initializers.js";
import { type CallContext, Layer, type LayerOptions } from "../layer.js";

/** Options of `layers.spectralNormalization`. */
export interface SpectralNormalizationOptions extends LayerOptions {
  /** A layer with a kernel or embeddings: dense, a convolution, embedding. */
  layer: Layer;
  /** Steps of power iteration at every call while training. Default: 1. */
  powerIterations?: number;
}

const EPSILON = 1e-12;
const unit = (x: Tensor) => div(x, sqrt(add(sum(square(x)), EPSILON)));

/**
 * Keeps the largest singular value of a layer's weights near 1 (Miyato et al. 2018, arXiv 1802.05957), which calms the
 * discriminator of a GAN. At every call while training the weights, seen as a matrix [everything else, last axis], are
 * divided by an estimate of that value, as in Keras. Weight vector_u [1, last axis], which is not trained, carries the
 * estimate from call to call. Shapes, masks and outputs are the layer's.
 *
 * @example layers.spectralNormalization({ layer: layers.conv2d({ filters: 64, kernelSize: 4, strides: 2 }) })
 */
export class SpectralNormalization extends Layer {
  readonly className = "SpectralNormalization";
  readonly layer: Layer;
  readonly powerIterations: number;
  vectorU!: Variable;

  constructor(options: SpectralNormalizationOptions) {
    super(options);
    const where = "layers.spectralNormalization";
    checkOptions(where, options, ["layer", "powerIterations", ...layerOptionNames]);
    if (!(options.layer instanceof Layer)) {
      throw new RondoError("option", `${where} wraps a layer`, { received: String(options.layer) });
    }
    this.layer = options.layer;
    this.powerIterations = positive(1).read(options.powerIterations, `${where} powerIterations`);
  }

  protected override get parts(): readonly (readonly [string, Component])[] {
    return [["", this.layer]];
  }

  private get kernel(): Variable {
    const { kernel, embeddings } = this.layer as { kernel?: Variable; embeddings?: Variable };
    const found = kernel ?? embeddings;
    if (found) return found;
    throw new RondoError("option", "this layer has no weights to normalize", {
      path: this.describe(),
      received: this.layer.className,
      expected: "a layer with a kernel or embeddings: dense, conv1d, conv2d, embedding, ...",
    });
  }

  override build(inputShape: BatchShape): void {
    this.layer.path = `${this.describe()} (${this.layer.name})`;
    this.layer.ensureBuilt(inputShape);
    const initial = getInitializer({ name: "truncatedNormal", stddev: 0.02 });
    this.vectorU = this.addWeight("vector_u", [1, this.kernel.shape.at(-1)!], initial, { trainable: false });
  }

  private normalize(): void {
    const { kernel } = this;
    const w = reshape(kernel, [-1, kernel.shape.at(-1)!]);
    let u: Tensor = this.vectorU;
    let v = u;
    for (let i = 0; i < this.powerIterations; i++) {
      v = unit(matMul(u, w, { transposeB: true }));
      u = unit(matMul(v, w));
    }
    const largest = reshape(matMul(matMul(v, w), u, { transposeB: true }), []);
    // Weights that are all zero have nothing to be divided by.
    if (largest.item() === 0) return;
    this.vectorU.assign(u);
    kernel.assign(div(kernel, largest));
  }

  call(input: Tensor, context: CallContext): Tensor | readonly Tensor[] {
    if (context.training) noGrad(() => scope(() => this.normalize()));
    const result = this.layer.call(input, context);
    this.layer.penalize(result instanceof Tensor ? [result] : result, context.penalties);
    return result;
  }

  computeOutputShape(inputShape: BatchShape): BatchShape {
    return this.layer.computeOutputShape(inputShape);
  }

  override computeOutputShapes(inputShape: BatchShape): readonly BatchShape[] {
    return this.layer.computeOutputShapes(inputShape);
  }

  override computeMask(input: Tensor, mask: Tensor | null): Tensor | null {
    return this.layer.computeMask(input, mask);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), layer: specOf(this.layer), powerIterations: this.powerIterations };
  }

  override copyOptions(): Record<string, unknown> {
    return { ...this.sharedOptions, layer: this.layer.clone(), powerIterations: this.powerIterations };
  }
}
