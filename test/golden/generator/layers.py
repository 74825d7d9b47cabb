"""Layers that stand beside the recurrent ones in a sequence model."""

import numpy as np

from .common import Spec, in_float32, integers, numbers, run_calls, run_case
from .recurrent import EMPTY_ROW, HOLES, LEADING, MEANING, MIXED

BATCH, TIME, FEATURES = 3, 5, 4

# Everything a Dense layer is likely to be given; softmax and friends work on the last axis.
DENSE_ACTIVATIONS = (
    "linear relu relu6 leaky_relu elu selu celu gelu silu mish softplus softsign tanh sigmoid hard_sigmoid exponential "
    "softmax log_softmax log_sigmoid"
).split()


def cases():
    x = numbers((BATCH, TIME, FEATURES), 0.3)
    flat = numbers((BATCH, FEATURES), 0.3, 1.5)
    ids = integers((BATCH, TIME), 0.5, 0, 6)
    ids[0, 3:] = 0
    ids[2, 1] = 0
    every = []

    def add(name, spec, inputs, **call):
        every.append(run_case(name, spec, inputs, **call))

    for activation in DENSE_ACTIVATIONS:
        add(f"Dense/{activation}", Spec("Dense", units=3, activation=activation), [flat])
    add("Dense/no_bias", Spec("Dense", units=3, use_bias=False), [flat])
    add("Dense/sequence", Spec("Dense", units=3, activation="tanh"), [x])
    add("Dense/sequence_softmax", Spec("Dense", units=3, activation="softmax"), [x])
    add("Dense/large", Spec("Dense", units=19, activation="relu"), [numbers((7, 13), 0.3)])
    add("Embedding/plain", Spec("Embedding", input_dim=6, output_dim=3), [ids])
    add("Embedding/mask_zero", Spec("Embedding", input_dim=6, output_dim=3, mask_zero=True), [ids])
    repeated = np.array([[2, 2, 5, 0, 2]] * BATCH, dtype=np.int32)
    add("Embedding/repeated", Spec("Embedding", input_dim=6, output_dim=3), [repeated])
    scores = [{"inputs": [ids]}, {"inputs": [numbers((2, 3), 0.7)], "call": {"reverse": True}}]
    reversible = Spec("ReversibleEmbedding", input_dim=6, output_dim=3)
    every.append(run_calls("ReversibleEmbedding/tied", reversible, scores))
    untied = reversible.with_options(tie_weights=False, logit_soft_cap=0.8)
    every.append(run_calls("ReversibleEmbedding/untied", untied, scores))
    padded = x.copy()
    padded[0, 3:] = 0
    padded[1, :2] = 0
    padded[2, 4, 1] = 0
    add("Masking/zero", Spec("Masking"), [padded])
    add("Masking/value", Spec("Masking", mask_value=-1.0), [np.where(padded == 0, -1, padded).astype(np.float32)])
    add("TimeDistributed/Dense", Spec("TimeDistributed", layer=Spec("Dense", units=2, activation="tanh")), [x])
    add("Flatten/channels_first", Spec("Flatten", data_format="channels_first"), [x])
    add("RepeatVector", Spec("RepeatVector", n=3), [flat])
    add("LayerNormalization/default", Spec("LayerNormalization"), [x])
    add("LayerNormalization/epsilon", Spec("LayerNormalization", epsilon=1e-5, center=False), [x])
    add("RMSNormalization/default", Spec("RMSNormalization"), [x])
    for causal in ("valid", "same", "causal"):
        add(f"Conv1D/{causal}", Spec("Conv1D", filters=3, kernel_size=2, padding=causal), [x])
    add("Conv1D/causal_dilated", Spec("Conv1D", filters=3, kernel_size=3, padding="causal", dilation_rate=2), [x])
    add("Conv1D/same_strides", Spec("Conv1D", filters=3, kernel_size=3, padding="same", strides=2, activation="relu"), [x])
    for padding in ("valid", "same"):
        add(f"MaxPooling1D/{padding}", Spec("MaxPooling1D", pool_size=2, padding=padding), [x])
        add(f"AveragePooling1D/{padding}", Spec("AveragePooling1D", pool_size=2, padding=padding), [x])
    add("GlobalMaxPooling1D", Spec("GlobalMaxPooling1D"), [x])
    add("GlobalAveragePooling1D/plain", Spec("GlobalAveragePooling1D"), [x])
    add("GlobalAveragePooling1D/mask", Spec("GlobalAveragePooling1D"), [x], mask=HOLES)
    _attention(add)
    _normalization(add, every)
    _convolution(add)
    _pooling(add)
    _shapes(add)
    _activations(add)
    for name in ("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout"):
        spec = Spec(name, stddev=0.5) if name == "GaussianNoise" else Spec(name, rate=0.5)
        add(f"{name}/inference", spec, [x])
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        add(name, Spec(name), [x, numbers(x.shape, 1.4)])
    add("Concatenate/default", Spec("Concatenate"), [x, numbers((BATCH, TIME, 2), 1.4)])
    add("Concatenate/time", Spec("Concatenate", axis=1), [x, numbers((BATCH, 2, FEATURES), 1.4)])
    return {"meaning": MEANING, "cases": every}


def _normalization(add, every):
    x = numbers((BATCH, TIME, FEATURES), 0.3)
    add("LayerNormalization/axes", Spec("LayerNormalization", axis=[1, 2], scale=False), [x])
    add("LayerNormalization/plain", Spec("LayerNormalization", scale=False, center=False), [x])
    add("RMSNormalization/epsilon", Spec("RMSNormalization", epsilon=0.5), [x])
    add("RMSNormalization/axes", Spec("RMSNormalization", axis=[1, 2]), [x])
    add("GroupNormalization/two", Spec("GroupNormalization", groups=2), [x])
    add("GroupNormalization/each", Spec("GroupNormalization", groups=-1, scale=False), [x])
    add("GroupNormalization/axis", Spec("GroupNormalization", groups=1, axis=1, center=False), [x])
    add("UnitNormalization/default", Spec("UnitNormalization"), [x])
    add("UnitNormalization/axes", Spec("UnitNormalization", axis=[1, 2]), [x])
    for name, options in (
        ("default", {}),
        ("fast", {"momentum": 0.6, "epsilon": 0.01}),
        ("no_scale", {"momentum": 0.6, "scale": False}),
        ("no_center", {"momentum": 0.6, "center": False}),
        ("plain", {"momentum": 0.6, "center": False, "scale": False}),
        ("axis", {"momentum": 0.6, "axis": 1}),
    ):
        spec = Spec("BatchNormalization", **options)
        mask = None if name == "axis" else HOLES
        calls = [
            {"inputs": [x], "training": True},
            {"inputs": [numbers(x.shape, 1.7, 0.8, 0.4)], "training": True, "mask": mask},
            {"inputs": [x]},
        ]
        every.append(run_calls(f"BatchNormalization/{name}", spec, calls))
    flat = numbers((6, FEATURES), 0.3, 1.5)
    add("BatchNormalization/vectors", Spec("BatchNormalization"), [flat], training=True)
    add("BatchNormalization/frozen", Spec("BatchNormalization", trainable=False), [flat], training=True)


def _convolution(add):
    x, long = numbers((BATCH, TIME, FEATURES), 0.3), numbers((2, 11, FEATURES), 0.9)
    conv = Spec("Conv1D", filters=6, kernel_size=3)
    add("Conv1D/groups", conv.with_options(groups=2), [x])
    add("Conv1D/strides", conv.with_options(strides=3, use_bias=False), [long])
    add("Conv1D/same_strides_3", conv.with_options(strides=3, kernel_size=4, padding="same"), [long])
    add("Conv1D/same_dilated", conv.with_options(dilation_rate=2, padding="same"), [long])
    add("Conv1D/valid_dilated", conv.with_options(dilation_rate=3, activation="tanh"), [long])
    add("Conv1D/causal_strides", conv.with_options(strides=2, padding="causal", groups=2), [long])
    add("Conv1D/pointwise", conv.with_options(kernel_size=1), [x])
    depthwise = Spec("DepthwiseConv1D", kernel_size=3)
    add("DepthwiseConv1D/default", depthwise, [x])
    add("DepthwiseConv1D/multiplier", depthwise.with_options(depth_multiplier=2, padding="same", strides=2), [long])
    add("DepthwiseConv1D/dilated", depthwise.with_options(dilation_rate=2, use_bias=False, activation="tanh"), [long])
    separable = Spec("SeparableConv1D", filters=3, kernel_size=3)
    add("SeparableConv1D/default", separable, [x])
    add("SeparableConv1D/multiplier", separable.with_options(depth_multiplier=2, padding="same", strides=2), [long])
    add("SeparableConv1D/dilated", separable.with_options(dilation_rate=2, use_bias=False, activation="tanh"), [long])


def _pooling(add):
    long = numbers((2, 11, FEATURES), 0.9)
    for name in ("MaxPooling1D", "AveragePooling1D"):
        add(f"{name}/overlapping", Spec(name, pool_size=3, strides=1), [long])
        add(f"{name}/same_overlapping", Spec(name, pool_size=4, strides=3, padding="same"), [long])
        add(f"{name}/gaps", Spec(name, pool_size=2, strides=4), [long])
    add("GlobalMaxPooling1D/keepdims", Spec("GlobalMaxPooling1D", keepdims=True), [long])
    x = numbers((BATCH, TIME, FEATURES), 0.3)
    add("GlobalAveragePooling1D/keepdims", Spec("GlobalAveragePooling1D", keepdims=True), [x], mask=HOLES)


def _shapes(add):
    x = numbers((BATCH, TIME, FEATURES), 0.3)
    add("UpSampling1D/two", Spec("UpSampling1D", size=2), [x])
    add("UpSampling1D/three", Spec("UpSampling1D", size=3), [x])
    add("ZeroPadding1D/both", Spec("ZeroPadding1D", padding=2), [x])
    add("ZeroPadding1D/uneven", Spec("ZeroPadding1D", padding=[1, 3]), [x])
    add("Cropping1D/both", Spec("Cropping1D", cropping=1), [x])
    add("Cropping1D/uneven", Spec("Cropping1D", cropping=[0, 3]), [x])
    add("Permute/two", Spec("Permute", dims=[2, 1]), [x])
    add("Permute/three", Spec("Permute", dims=[3, 1, 2]), [numbers((2, 3, 4, 2), 0.3)])


def _activations(add):
    x, flat = numbers((BATCH, TIME, FEATURES), 0.3, 1.5), numbers((BATCH, TIME), 0.3, 1.5)
    add("Softmax/default", Spec("Softmax"), [x])
    add("Softmax/time", Spec("Softmax", axis=1), [x])
    add("Softmax/mask", Spec("Softmax"), [flat], mask=HOLES)
    add("ReLU/default", Spec("ReLU"), [x])
    add("ReLU/options", Spec("ReLU", max_value=1.2, negative_slope=0.2, threshold=0.4), [x])
    add("LeakyReLU/default", Spec("LeakyReLU"), [x])
    add("LeakyReLU/slope", Spec("LeakyReLU", negative_slope=0.05), [x])
    add("ELU/default", Spec("ELU"), [x])
    add("ELU/alpha", Spec("ELU", alpha=0.4), [x])
    add("PReLU/default", Spec("PReLU"), [x])
    add("PReLU/shared", Spec("PReLU", shared_axes=[1]), [x])


def _attention(add):
    query, value, key = numbers((3, 2, 4), 0.3), numbers((3, 5, 4), 1.4), numbers((3, 5, 4), 2.5)
    queries = np.array([[1, 1], [1, 0], [1, 1]], dtype=bool)
    scores = {"return_attention_scores": True}
    causal = {**scores, "use_causal_mask": True}
    own = numbers((3, 5, 4), 0.3)
    for mode in ("dot", "concat"):
        add(f"Attention/{mode}", Spec("Attention", score_mode=mode), [query, value, key], call=scores)
        spec = Spec("Attention", score_mode=mode, use_scale=True)
        add(f"Attention/{mode}_scale_mask", spec, [query, value, key], mask=[queries, LEADING, None], call=scores)
    add("Attention/causal", Spec("Attention", use_scale=True), [own, own * 0.5], call=causal)
    with in_float32():  # a fully masked row is uniform only because -1e9 swallows the scores
        add("Attention/empty_row", Spec("Attention"), [query, value], mask=[None, EMPTY_ROW])
    additive = Spec("AdditiveAttention")
    add("AdditiveAttention/default", additive, [query, value, key], call=scores)
    add("AdditiveAttention/mask", additive, [query, value, key], mask=[queries, MIXED, None], call=scores)
    add("AdditiveAttention/no_scale", Spec("AdditiveAttention", use_scale=False), [query, value])
    heads = Spec("MultiHeadAttention", num_heads=2, key_dim=3)
    add("MultiHeadAttention/cross", heads, [query, value, key], call=scores)
    add("MultiHeadAttention/value_dim", heads.with_options(value_dim=2, output_shape=5), [query, value])
    add("MultiHeadAttention/no_bias", heads.with_options(use_bias=False), [query, value])
    add("MultiHeadAttention/self_causal", heads, [own, own], call=causal)
    allowed = np.stack([np.outer(row, other) for row, other in zip(queries, EMPTY_ROW)])
    add("MultiHeadAttention/attention_mask", heads, [query, value], call={**scores, "attention_mask": allowed})
