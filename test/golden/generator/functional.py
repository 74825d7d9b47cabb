"""Models with several inputs and outputs: evaluation and training in Keras."""

import keras
import numpy as np

from .common import array_form, integers, numbers, scalar, set_weights, tensor, typed_form, weight_name

MEANING = (
    "model: tokens [4, 5] (0 is padding) -> embedding(6, 3, maskZero) -> gru(4) -> h; features [4, 2] -> dense(4, tanh) "
    "-> f; concatenate(h, shared(h), shared(f)) with one dense(4, tanh) as shared -> dense(3, softmax) 'kind' and dense(1) 'size'. Losses "
    "sparseCategoricalCrossentropy and meanSquaredError with lossWeights, metrics accuracy and mae, an l2 penalty on the "
    "kernel of 'size'. weights: initial, by name; steps[i].logs and weights after each update with SGD(0.1) on the whole "
    "batch; evaluation: before training."
)


def _model():
    keras.backend.clear_session()
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    features = keras.Input((2,), name="features")
    hidden = keras.layers.GRU(4, name="gru")(keras.layers.Embedding(6, 3, mask_zero=True, name="embedding")(tokens))
    widen = keras.layers.Dense(4, activation="tanh", name="widen")(features)
    shared = keras.layers.Dense(4, activation="tanh", name="shared")
    both = keras.layers.Concatenate(name="both")([hidden, shared(hidden), shared(widen)])
    kind = keras.layers.Dense(3, activation="softmax", name="kind")(both)
    size = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.05), name="size")(both)
    return keras.Model([tokens, features], [kind, size])


def _weights(model):
    return {
        f"{layer.name}/{weight_name(v.path)}": array_form(v.value)
        for layer in model.layers
        for v in layer.trainable_weights
    }


def cases():
    model = _model()
    set_weights(model.trainable_weights)
    tokens = integers((4, 5), 0.4, 1, 6)
    for row, length in enumerate([5, 3, 4, 1]):
        tokens[row, length:] = 0
    features = numbers((4, 2), 0.3)
    kinds, sizes = integers((4,), 0.9, 0, 3), numbers((4, 1), 2.5)
    weight = np.array([0.5, 2.0, 1.25, 1.0], dtype=np.float32)
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss={"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"kind": 0.5, "size": 2.0},
        metrics={"kind": ["accuracy"], "size": ["mae"]},
    )
    case = {"id": "two_inputs_two_outputs", "weights": _weights(model), "lossWeights": {"kind": 0.5, "size": 2.0}}
    case["tokens"], case["features"] = typed_form(tokens), typed_form(features)
    case["kind"], case["size"], case["sampleWeight"] = typed_form(kinds), typed_form(sizes), typed_form(weight)
    x, y = [tensor(tokens), tensor(features)], [tensor(kinds), tensor(sizes)]
    case["outputs"] = [array_form(out) for out in model(x)]
    keep = lambda logs: {name: scalar(value) for name, value in logs.items()}  # noqa: E731
    case["evaluation"] = keep(model.test_on_batch(x, y, return_dict=True))
    model.reset_metrics()
    weights = [tensor(weight), tensor(weight)]
    case["weighted"] = keep(model.test_on_batch(x, y, sample_weight=weights, return_dict=True))
    case["steps"] = []
    for _ in range(3):
        model.reset_metrics()
        logs = keep(model.train_on_batch(x, y, return_dict=True))
        case["steps"].append({"logs": logs, "weights": _weights(model)})
    return {"meaning": MEANING, "cases": [case]}
