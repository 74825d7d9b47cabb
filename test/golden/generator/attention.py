"""Attention with shared heads, Transformer blocks and rotary positions."""

import keras
import numpy as np
import torch

from .common import CUSTOM_CLASSES, Spec, numbers, run_case
from .recurrent import EMPTY_ROW, LEADING, MEANING, MIXED


class RotaryEmbedding(keras.layers.Layer):
    """Su et al. 2021 (arXiv 2104.09864) with halves instead of neighbours: feature i turns with feature i + d/2."""

    def __init__(self, max_wavelength=10000, scaling_factor=1.0):
        super().__init__()
        self.max_wavelength, self.scaling_factor = max_wavelength, scaling_factor

    def call(self, x):
        return rotated(x, self.max_wavelength, self.scaling_factor)


def rotated(x, max_wavelength, scaling_factor=1.0):
    """Complex numbers made of the first and the second half of the features, turned by their step."""
    half = x.shape[-1] // 2
    speeds = max_wavelength ** (-torch.arange(half, dtype=x.dtype) / half)
    angles = torch.outer(torch.arange(x.shape[1], dtype=x.dtype) / scaling_factor, speeds)
    turned = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angles), angles).reshape(
        1, x.shape[1], *[1] * (x.ndim - 3), half
    )
    return torch.cat([turned.real, turned.imag], -1)


def masked(x, mask):
    keras.src.backend.set_keras_mask(x, mask)
    return x


class Block(keras.layers.Layer):
    """A Transformer block put together from Keras layers; subclasses say which."""

    def __init__(self, intermediate_dim, num_heads, activation="relu", layer_norm_epsilon=1e-5, normalize_first=False):
        super().__init__()
        self.intermediate_dim, self.num_heads, self.activation = intermediate_dim, num_heads, activation
        self.epsilon, self.normalize_first = layer_norm_epsilon, normalize_first
        self.supports_masking = True

    def parts(self, inputs):
        """The layers for inputs of this many features, in the order of their weights."""
        # With dropout (unused here) Keras computes the scores itself, and a query that may look at nothing sees zeros.
        # Without, torch's own function decides, which lets it look at everything alike.
        attention = lambda: keras.layers.MultiHeadAttention(self.num_heads, inputs // self.num_heads, dropout=0.5)  # noqa: E731
        norm = lambda: keras.layers.LayerNormalization(epsilon=self.epsilon)  # noqa: E731
        self.self_attention, self.self_norm = attention(), norm()
        if self.crossed:
            self.cross_attention, self.cross_norm = attention(), norm()
        self.dense = keras.layers.Dense(self.intermediate_dim, activation=self.activation)
        self.out, self.norm = keras.layers.Dense(inputs), norm()

    def residual(self, x, norm, function):
        """x + function(x), with the normalization before or after."""
        if self.normalize_first:
            return x + function(norm(x))
        return norm(x + function(x))


class TransformerEncoder(Block):
    crossed = False

    def build(self, shape):
        self.parts(shape[-1])

    def call(self, x, mask=None):
        look = lambda h: self.self_attention(masked(h, mask), h)  # noqa: E731
        x = self.residual(x, self.self_norm, look)
        return self.residual(x, self.norm, lambda h: self.out(self.dense(h)))


class TransformerDecoder(Block):
    def build(self, shape):
        self.crossed = isinstance(shape[0], (list, tuple))
        self.parts(shape[0][-1] if self.crossed else shape[-1])

    def call(self, inputs, mask=None):
        x, memory = inputs if self.crossed else (inputs, None)
        own, other = (mask or (None, None)) if self.crossed else (mask, None)
        look = lambda h: self.self_attention(masked(h, own), h, use_causal_mask=True)  # noqa: E731
        x = self.residual(x, self.self_norm, look)
        if self.crossed:
            read = lambda h: self.cross_attention(masked(h, own), masked(memory, other))  # noqa: E731
            x = self.residual(x, self.cross_norm, read)
        return self.residual(x, self.norm, lambda h: self.out(self.dense(h)))

    def compute_mask(self, inputs, mask=None):
        return mask[0] if self.crossed and mask is not None else mask


CUSTOM_CLASSES.update(
    {each.__name__: each for each in (RotaryEmbedding, TransformerEncoder, TransformerDecoder)}
)


def cases():
    every = []
    query, value, key = numbers((3, 2, 4), 0.3), numbers((3, 5, 4), 1.4), numbers((3, 5, 4), 2.5)
    own, memory = numbers((3, 5, 4), 0.3), numbers((3, 5, 6), 1.4)
    explicit = {"dropout": 0.5}  # as in Block.parts
    queries = np.array([[1, 1], [1, 0], [1, 1]], dtype=bool)
    scores = {"return_attention_scores": True}

    def add(name, spec, inputs, **call):
        every.append(run_case(name, spec, inputs, **call))

    group = Spec("GroupQueryAttention", head_dim=3, num_query_heads=4, num_key_value_heads=2)
    single = group.with_options(num_query_heads=3, num_key_value_heads=1, use_bias=False)
    add("GroupQueryAttention/cross", group, [query, value, key], call=scores)
    add("GroupQueryAttention/single", single, [query, value])
    add("GroupQueryAttention/masks", group.with_options(**explicit), [query, value, key], mask=[queries, MIXED, LEADING])
    add("GroupQueryAttention/empty_row", group.with_options(**explicit), [query, value], mask=[None, EMPTY_ROW])
    causal = {"use_causal_mask": True}
    add("GroupQueryAttention/causal", group, [own, own], call=causal)
    add("GroupQueryAttention/causal_scores", group, [own, own], call={**causal, **scores})
    add("GroupQueryAttention/causal_masks", group.with_options(**explicit), [own, own], mask=[None, LEADING], call=causal)
    allowed = np.stack([np.outer(row, other) for row, other in zip(queries, EMPTY_ROW)])
    add("GroupQueryAttention/attention_mask", single.with_options(**explicit), [query, value], call={"attention_mask": allowed})
    near = group.with_options(sliding_window=2, use_gate=True)
    add("GroupQueryAttention/window_gate", near, [own, own], call=scores)
    add("GroupQueryAttention/causal_window", near.with_options(**explicit, use_bias=False), [own, own], mask=[None, LEADING], call=causal)
    heads = Spec("MultiHeadAttention", num_heads=2, key_dim=3, **explicit)
    add("MultiHeadAttention/gate", heads.with_options(use_gate=True, value_dim=2), [query, value, key])
    add("MultiHeadAttention/window", heads.with_options(sliding_window=1), [query, value], mask=[queries, MIXED])
    add("MultiHeadAttention/causal_window_gate", heads.with_options(sliding_window=3, use_gate=True), [own, own], call={**causal, **scores})
    add("MultiHeadAttention/masks", heads, [query, value, key], mask=[queries, MIXED, LEADING])
    add("MultiHeadAttention/causal_masks", heads, [own, own], mask=[MIXED, MIXED], call=causal)

    encoder = Spec("TransformerEncoder", intermediate_dim=6, num_heads=2)
    first = {"normalize_first": True, "activation": "gelu", "layer_norm_epsilon": 0.01}
    add("TransformerEncoder/default", encoder, [own])
    add("TransformerEncoder/mask", encoder, [own], mask=MIXED)
    add("TransformerEncoder/normalize_first", encoder.with_options(**first), [own], mask=LEADING)
    decoder = Spec("TransformerDecoder", intermediate_dim=6, num_heads=2)
    add("TransformerDecoder/default", decoder, [own])
    add("TransformerDecoder/normalize_first", decoder.with_options(**first), [own], mask=MIXED)
    add("TransformerDecoder/cross", decoder, [own, memory])
    add("TransformerDecoder/cross_mask", decoder, [own, memory], mask=[MIXED, LEADING])
    add("TransformerDecoder/cross_normalize_first", decoder.with_options(**first), [own, memory])

    add("RotaryEmbedding/default", Spec("RotaryEmbedding"), [own])
    add("RotaryEmbedding/heads", Spec("RotaryEmbedding"), [numbers((2, 5, 3, 6), 0.3)])
    scaled = Spec("RotaryEmbedding", max_wavelength=100, scaling_factor=2.5)
    add("RotaryEmbedding/scaled", scaled, [numbers((2, 7, 6), 0.3)])
    return {"meaning": MEANING, "cases": every}
