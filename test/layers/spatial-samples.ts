import { layers } from "../../src/layers/index.js";
import type { LayerSample } from "./layer-test.js";

const shape = [2, 4, 3];
const plane = [2, 4, 5, 3];
const recurrent = { shape, masked: true };
const both = { returnSequences: true, returnState: true };

/** Ways to use the layers that know space: convolution, pooling, padding, and what looks alike. */
export const spatialSamples = {
  AveragePooling1D: [
    { make: () => layers.averagePooling1d(), shape },
    { make: () => layers.averagePooling1d({ poolSize: 3, strides: 2, padding: "same" }), ...recurrent },
  ],
  AveragePooling2D: [
    { make: () => layers.averagePooling2d(), shape: plane },
    { make: () => layers.averagePooling2d({ poolSize: [3, 2], strides: 2, padding: "same" }), shape: plane },
  ],
  Conv1D: [
    { make: () => layers.conv1d({ filters: 2, kernelSize: 3, padding: "causal", dilationRate: 2 }), ...recurrent },
    { make: () => layers.conv1d({ filters: 6, kernelSize: 2, strides: 2, groups: 3, activation: "tanh" }), shape },
    { make: () => layers.conv1d({ filters: 4, kernelSize: 2, activation: "glu" }), shape },
    { make: () => layers.conv1d({ filters: 2, kernelSize: 3, padding: "same", strides: 3, useBias: false }), shape },
  ],
  Conv1DTranspose: [
    { make: () => layers.conv1dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same" }), ...recurrent },
    { make: () => layers.conv1dTranspose({ filters: 4, kernelSize: 2, activation: "glu" }), shape },
    { make: () => layers.conv1dTranspose({ filters: 2, kernelSize: 2, strides: 3, outputPadding: 2 }), shape },
  ],
  Conv2D: [
    { make: () => layers.conv2d({ filters: 2, kernelSize: [3, 2], strides: [1, 2], padding: "same" }), shape: plane },
    {
      make: () => layers.conv2d({ filters: 6, kernelSize: 2, groups: 3, dilationRate: [1, 2], activation: "tanh" }),
      shape: plane,
    },
    {
      make: () => layers.conv2d({ filters: 2, kernelSize: 2, dataFormat: "channelsFirst", useBias: false }),
      shape: [2, 3, 5, 4],
    },
  ],
  Conv2DTranspose: [
    {
      make: () => layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 2, padding: "same" }),
      shape: [2, 2, 3, 3],
    },
    {
      make: () =>
        layers.conv2dTranspose({ filters: 2, kernelSize: [2, 3], strides: [3, 2], dataFormat: "channelsFirst" }),
      shape: [2, 3, 2, 2],
    },
  ],
  ConvLSTM1D: [
    {
      make: () => layers.convLSTM1d({ filters: 2, kernelSize: 2, dropout: 0.1, recurrentDropout: 0.1, ...both }),
      shape: [2, 3, 4, 2],
      masked: true,
    },
    {
      make: () =>
        layers.convLSTM1d({
          filters: 2,
          kernelSize: 3,
          strides: 2,
          padding: "same",
          dataFormat: "channelsFirst",
          goBackwards: true,
          stateful: true,
          useBias: false,
          ...both,
        }),
      shape: [2, 3, 3, 4],
      masked: true,
    },
    { make: () => layers.convLSTM1d({ filters: 2, kernelSize: 2, dilationRate: 2 }), shape: [2, 3, 4, 2] },
  ],
  ConvLSTM2D: [
    {
      make: () => layers.convLSTM2d({ filters: 2, kernelSize: [2, 1], padding: "same", returnSequences: true }),
      shape: [2, 3, 2, 3, 2],
      masked: true,
    },
    {
      make: () => layers.convLSTM2d({ filters: 2, kernelSize: 2, dataFormat: "channelsFirst", ...both }),
      shape: [2, 2, 2, 3, 2],
    },
  ],
  Cropping1D: [{ make: () => layers.cropping1d({ cropping: [0, 2] }), ...recurrent }],
  Cropping2D: [
    {
      make: () =>
        layers.cropping2d({
          cropping: [
            [0, 2],
            [1, 1],
          ],
        }),
      shape: plane,
    },
    { make: () => layers.cropping2d({ cropping: [1, 0], dataFormat: "channelsFirst" }), shape: plane },
  ],
  DepthwiseConv1D: [
    { make: () => layers.depthwiseConv1d({ kernelSize: 2, depthMultiplier: 2, padding: "same" }), ...recurrent },
  ],
  DepthwiseConv2D: [
    { make: () => layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, padding: "same" }), shape: plane },
    { make: () => layers.depthwiseConv2d({ kernelSize: [1, 2], strides: 2, useBias: false }), shape: plane },
  ],
  GlobalAveragePooling1D: [
    { make: () => layers.globalAveragePooling1d(), ...recurrent },
    { make: () => layers.globalAveragePooling1d({ keepdims: true }), ...recurrent },
  ],
  GlobalAveragePooling2D: [
    { make: () => layers.globalAveragePooling2d(), shape: plane },
    { make: () => layers.globalAveragePooling2d({ keepdims: true, dataFormat: "channelsFirst" }), shape: plane },
  ],
  GlobalMaxPooling1D: [
    { make: () => layers.globalMaxPooling1d(), ...recurrent },
    { make: () => layers.globalMaxPooling1d({ keepdims: true }), shape },
  ],
  GlobalMaxPooling2D: [
    { make: () => layers.globalMaxPooling2d({ keepdims: true }), shape: plane },
    { make: () => layers.globalMaxPooling2d({ dataFormat: "channelsFirst" }), shape: plane },
  ],
  MaxPooling1D: [
    { make: () => layers.maxPooling1d(), ...recurrent },
    { make: () => layers.maxPooling1d({ poolSize: 3, strides: 1, padding: "same" }), shape },
  ],
  MaxPooling2D: [
    { make: () => layers.maxPooling2d(), shape: plane },
    {
      make: () => layers.maxPooling2d({ poolSize: [2, 3], strides: 1, padding: "same", dataFormat: "channelsFirst" }),
      shape: plane,
    },
  ],
  SeparableConv1D: [
    {
      make: () => layers.separableConv1d({ filters: 2, kernelSize: 2, depthMultiplier: 2, padding: "causal" }),
      ...recurrent,
    },
  ],
  SeparableConv2D: [
    {
      make: () => layers.separableConv2d({ filters: 2, kernelSize: [2, 3], depthMultiplier: 2, padding: "same" }),
      shape: plane,
    },
  ],
  SpatialDropout1D: [{ make: () => layers.spatialDropout1d({ rate: 0.3 }), ...recurrent }],
  SpatialDropout2D: [
    { make: () => layers.spatialDropout2d({ rate: 0.3 }), shape: plane },
    { make: () => layers.spatialDropout2d({ rate: 0.3, dataFormat: "channelsFirst", seed: 2 }), shape: plane },
  ],
  UpSampling1D: [{ make: () => layers.upSampling1d({ size: 3 }), ...recurrent }],
  UpSampling2D: [
    { make: () => layers.upSampling2d({ size: [3, 2] }), shape: plane },
    { make: () => layers.upSampling2d({ dataFormat: "channelsFirst" }), shape: plane },
    { make: () => layers.upSampling2d({ size: [2, 3], interpolation: "bicubic" }), shape: plane },
  ],
  ZeroPadding1D: [{ make: () => layers.zeroPadding1d({ padding: [2, 0] }), ...recurrent }],
  ZeroPadding2D: [
    {
      make: () =>
        layers.zeroPadding2d({
          padding: [
            [0, 1],
            [2, 0],
          ],
        }),
      shape: plane,
    },
    { make: () => layers.zeroPadding2d({ padding: [1, 2], dataFormat: "channelsFirst" }), shape: plane },
  ],
} satisfies Readonly<Record<string, readonly [LayerSample, ...LayerSample[]]>>;
