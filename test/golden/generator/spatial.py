"""Layers over planes, transposed convolutions, the convolutional LSTM, and rescaling."""

import keras
import torch

from .common import CUSTOM_CLASSES, Spec, numbers, run_calls, run_case
from .recurrent import MEANING, MIXED

FIRST = {"data_format": "channels_first"}


class AveragePooling2D(keras.layers.Layer):
    """Means of the elements that a window holds. With padding "same" this is what Keras gives on TensorFlow and JAX; on
    PyTorch uneven padding repeats elements, which then count twice."""

    def __init__(self, pool_size, strides=None, padding="valid", data_format="channels_last", **kwargs):
        super().__init__(**kwargs)
        self.size = [pool_size] * 2 if isinstance(pool_size, int) else pool_size
        self.strides = [strides] * 2 if isinstance(strides, int) else strides or self.size
        self.padding, self.data_format = padding, data_format

    def call(self, x):
        last = self.data_format == "channels_last"
        x = x.permute(0, 3, 1, 2) if last else x
        total, counts = (self._sums(t) for t in (x, torch.ones_like(x)))
        y = total / counts
        return y.permute(0, 2, 3, 1) if last else y

    def _sums(self, x):
        pads = []
        for n, size, stride in zip(x.shape[:1:-1], self.size[::-1], self.strides[::-1]):
            missing = max(0, (-(-n // stride) - 1) * stride + size - n) if self.padding == "same" else 0
            pads += [missing // 2, missing - missing // 2]
        windows = torch.nn.functional.pad(x, pads)
        for axis in (2, 3):
            windows = windows.unfold(axis, self.size[axis - 2], self.strides[axis - 2])
        return windows.sum((-1, -2))


class UpSampling2D(keras.layers.UpSampling2D):
    """Also what Keras gives on JAX and TensorFlow where PyTorch has another formula ("bicubic") or none ("lanczos"): a mean
    of neighbours, weighted by a kernel of their distance."""

    KERNELS = {
        "bicubic": (2, lambda x: torch.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2)),
        "lanczos3": (3, lambda x: torch.sinc(x) * torch.sinc(x / 3)),
        "lanczos5": (5, lambda x: torch.sinc(x) * torch.sinc(x / 5)),
    }

    def call(self, x):
        if self.interpolation not in self.KERNELS:
            return super().call(x)
        for axis, factor in zip((2, 3) if self.data_format == "channels_first" else (1, 2), self.size):
            x = torch.movedim(self._along(torch.movedim(x, axis, -1), factor), -1, axis)
        return x

    def _along(self, x, factor):
        radius, kernel = self.KERNELS[self.interpolation]
        n = x.shape[-1]
        places = (torch.arange(n * factor, dtype=x.dtype) + 0.5) / factor - 0.5
        distances = torch.abs(places[None] - torch.arange(n, dtype=x.dtype)[:, None])
        weights = torch.where(distances < radius, kernel(distances), torch.zeros_like(distances))
        return x @ (weights / weights.sum(0))


CUSTOM_CLASSES["AveragePooling2D"] = AveragePooling2D
CUSTOM_CLASSES["UpSampling2D"] = UpSampling2D


def cases():
    every = []
    plane = numbers((2, 5, 6, 3), 0.3)
    small = numbers((2, 3, 4, 3), 1.4)
    first = numbers((2, 3, 5, 6), 0.9)

    def add(name, spec, inputs, **call):
        every.append(run_case(name, spec, inputs, **call))

    conv = Spec("Conv2D", filters=4, kernel_size=[2, 3])
    add("Conv2D/valid", conv, [plane])
    add("Conv2D/same", conv.with_options(padding="same", activation="tanh"), [plane])
    add("Conv2D/strides", conv.with_options(strides=[2, 1], use_bias=False), [plane])
    add("Conv2D/same_strides", conv.with_options(strides=[2, 3], kernel_size=3, padding="same"), [plane])
    add("Conv2D/dilated", conv.with_options(dilation_rate=[2, 1]), [plane])
    add("Conv2D/same_dilated", conv.with_options(dilation_rate=2, padding="same"), [plane])
    add("Conv2D/groups", conv.with_options(filters=6, groups=3), [plane])
    add("Conv2D/pointwise", conv.with_options(kernel_size=1, strides=2), [plane])
    add("Conv2D/channels_first", conv.with_options(padding="same", strides=2, **FIRST), [first])
    time = numbers((2, 3, 7), 0.9)
    add("Conv1D/channels_first", Spec("Conv1D", filters=4, kernel_size=3, **FIRST), [time])

    depthwise = Spec("DepthwiseConv2D", kernel_size=[3, 2])
    add("DepthwiseConv2D/valid", depthwise, [plane])
    add("DepthwiseConv2D/multiplier", depthwise.with_options(depth_multiplier=2, padding="same", strides=2), [plane])
    add("DepthwiseConv2D/channels_first", depthwise.with_options(depth_multiplier=2, **FIRST), [first])
    separable = Spec("SeparableConv2D", filters=4, kernel_size=[3, 2])
    add("SeparableConv2D/valid", separable, [plane])
    add("SeparableConv2D/same", separable.with_options(depth_multiplier=2, padding="same", use_bias=False), [plane])

    _transposed(add, small)
    _pooling(add, plane, first)
    _shapes(add, small)
    _convolutional_lstm(add, every)
    return {"meaning": MEANING, "cases": every}


def _transposed(add, small):
    steps = numbers((2, 4, 3), 0.6)
    for size, strides in ((3, 1), (3, 2), (2, 2), (4, 2), (2, 3), (5, 3), (1, 2)):
        for padding in ("valid", "same"):
            spec = Spec("Conv1DTranspose", filters=2, kernel_size=size, strides=strides, padding=padding)
            add(f"Conv1DTranspose/{padding}_{size}_{strides}", spec, [steps])
    spec = Spec("Conv1DTranspose", filters=2, kernel_size=3, strides=3)
    for padding in ("valid", "same"):
        for extra in (0, 1, 2):
            more = spec.with_options(padding=padding, output_padding=extra)
            add(f"Conv1DTranspose/{padding}_output_padding_{extra}", more, [steps])
        dilated = Spec("Conv1DTranspose", filters=2, kernel_size=3, dilation_rate=2, padding=padding, activation="tanh")
        add(f"Conv1DTranspose/{padding}_dilated", dilated, [steps])
    plane = Spec("Conv2DTranspose", filters=2, kernel_size=[3, 2], strides=[2, 3])
    add("Conv2DTranspose/valid", plane, [small])
    add("Conv2DTranspose/same", plane.with_options(padding="same", use_bias=False), [small])
    add("Conv2DTranspose/gan", plane.with_options(kernel_size=4, strides=2, padding="same", activation="relu"), [small])
    add("Conv2DTranspose/output_padding", plane.with_options(padding="same", output_padding=[1, 0]), [small])
    add("Conv2DTranspose/channels_first", plane.with_options(**FIRST), [numbers((2, 3, 2, 4), 2.2)])


def _pooling(add, plane, first):
    for name in ("MaxPooling2D", "AveragePooling2D"):
        add(f"{name}/default", Spec(name, pool_size=2), [plane])
        add(f"{name}/same", Spec(name, pool_size=[2, 4], padding="same"), [plane])
        add(f"{name}/overlapping", Spec(name, pool_size=3, strides=[1, 2], padding="same"), [plane])
        add(f"{name}/channels_first", Spec(name, pool_size=[3, 2], strides=2, **FIRST), [first])
    for name in ("GlobalMaxPooling2D", "GlobalAveragePooling2D"):
        add(f"{name}/default", Spec(name), [plane])
        add(f"{name}/keepdims", Spec(name, keepdims=True, **FIRST), [first])


def _shapes(add, small):
    first = numbers((2, 3, 4, 5), 1.9)
    add("Identity", Spec("Identity"), [small])
    add("Rescaling/numbers", Spec("Rescaling", scale=0.3, offset=-1.2), [small])
    add("Rescaling/features", Spec("Rescaling", scale=[0.3, 2.0, -1.0], offset=[0.1, 0.2, 0.4]), [small])
    add("SpatialDropout2D/inference", Spec("SpatialDropout2D", rate=0.5), [small])
    add("UpSampling2D/default", Spec("UpSampling2D"), [small])
    add("UpSampling2D/uneven", Spec("UpSampling2D", size=[3, 1], **FIRST), [first])
    between = Spec("UpSampling2D", size=[3, 2], interpolation="bilinear")
    add("UpSampling2D/bilinear", between, [small])
    add("UpSampling2D/bilinear_first", between.with_options(size=2, **FIRST), [first])
    add("UpSampling2D/bicubic", between.with_options(interpolation="bicubic"), [small])
    add("UpSampling2D/lanczos3", between.with_options(interpolation="lanczos3", size=2), [small])
    add("UpSampling2D/lanczos5", between.with_options(interpolation="lanczos5", **FIRST), [first])
    add("ZeroPadding2D/default", Spec("ZeroPadding2D"), [small])
    add("ZeroPadding2D/axes", Spec("ZeroPadding2D", padding=[0, 2]), [small])
    add("ZeroPadding2D/edges", Spec("ZeroPadding2D", padding=[[1, 2], [0, 3]], **FIRST), [first])
    add("Cropping2D/default", Spec("Cropping2D"), [small])
    add("Cropping2D/axes", Spec("Cropping2D", cropping=[1, 0]), [small])
    add("Cropping2D/edges", Spec("Cropping2D", cropping=[[1, 0], [2, 1]], **FIRST), [first])


def _convolutional_lstm(add, every):
    steps, batch = MIXED.shape[1], MIXED.shape[0]
    x = numbers((batch, steps, 5, 2), 0.3)
    both = {"return_sequences": True, "return_state": True}
    layer = Spec("ConvLSTM1D", filters=3, kernel_size=2)
    add("ConvLSTM1D/default", layer, [x])
    add("ConvLSTM1D/same", layer.with_options(kernel_size=3, padding="same", **both), [x])
    add("ConvLSTM1D/strides", layer.with_options(strides=2, kernel_size=3, padding="same", **both), [x])
    add("ConvLSTM1D/dilated", layer.with_options(dilation_rate=2, go_backwards=True, **both), [x])
    options = {"use_bias": False, "activation": "relu", "recurrent_activation": "hard_sigmoid"}
    add("ConvLSTM1D/options", layer.with_options(**options), [x])
    states = [numbers((batch, 4, 3), 1.4, 0.6), numbers((batch, 4, 3), 2.5, 0.6)]
    add("ConvLSTM1D/mask_initial", layer.with_options(**both), [x], mask=MIXED, initial_state=states)
    first = numbers((batch, steps, 2, 5), 0.9)
    add("ConvLSTM1D/channels_first", layer.with_options(**both, **FIRST), [first])
    calls = [{"inputs": [x]}, {"inputs": [numbers(x.shape, 1.9)]}, {"inputs": [x], "reset": True}]
    every.append(run_calls("ConvLSTM1D/stateful", layer.with_options(stateful=True), calls))
    plane = Spec("ConvLSTM2D", filters=2, kernel_size=[2, 3], padding="same")
    add("ConvLSTM2D/default", plane, [numbers((2, 3, 3, 4, 2), 0.6)])
    add("ConvLSTM2D/sequences", plane.with_options(**both), [numbers((2, 2, 3, 2, 2), 1.6)])
