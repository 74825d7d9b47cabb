"""Layers that stand beside the recurrent ones in a sequence model."""

import numpy as np

from .common import Spec, in_float32, integers, numbers, run_case
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
    padded = x.copy()
    padded[0, 3:] = 0
    padded[1, :2] = 0
    padded[2, 4, 1] = 0
    add("Masking/zero", Spec("Masking"), [padded])
    add("Masking/value", Spec("Masking", mask_value=-1.0), [np.where(padded == 0, -1, padded).astype(np.float32)])
    add("TimeDistributed/Dense", Spec("TimeDistributed", layer=Spec("Dense", units=2, activation="tanh")), [x])
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
    for name in ("Dropout", "SpatialDropout1D", "GaussianNoise"):
        spec = Spec(name, stddev=0.5) if name == "GaussianNoise" else Spec(name, rate=0.5)
        add(f"{name}/inference", spec, [x])
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        add(name, Spec(name), [x, numbers(x.shape, 1.4)])
    add("Concatenate/default", Spec("Concatenate"), [x, numbers((BATCH, TIME, 2), 1.4)])
    add("Concatenate/time", Spec("Concatenate", axis=1), [x, numbers((BATCH, 2, FEATURES), 1.4)])
    return {"meaning": MEANING, "cases": every}


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
