"""PyTorch's own RNN, LSTM and GRU, with the Keras layer that must give the same numbers."""

import numpy as np
import torch

from .common import Spec, array_form, flat, numbers, scalar, tensor

BATCH, TIME, INPUTS, UNITS = 3, 5, 4, 3
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def cases():
    every = []
    for kind in GATES:
        for options in ({}, {"bias": False}, {"bidirectional": True}, {"nonlinearity": "relu"}):
            if "nonlinearity" not in options or kind == "RNN":
                every.append(_case(kind, options))
    return {
        "meaning": {
            "weights": "PyTorch's names and layout: weight_ih [gates u, in], weight_hh [gates u, u], two biases; gate order "
            "LSTM i,f,g,o, GRU r,z,n; value, and grad of sum over outputs of sum(output * lossProjection)",
            "initialState": "h0 (and c0) [directions, batch, u], with gradients initialStateGrads",
            "outputs": "output [batch, time, directions u] (batch_first), h_n (and c_n) [directions, batch, u]",
            "keras": "the layer and the weights a conversion must give. It was run and agrees: its output sequence is "
            "outputs[0]; its states, forward then backward, are the rows of the others",
        },
        "cases": every,
    }


def _case(kind, options):
    inputs, units = INPUTS, UNITS
    module = getattr(torch.nn, kind)(inputs, units, batch_first=True, **options)
    directions = 2 if options.get("bidirectional") else 1
    weights = []
    for index, (name, parameter) in enumerate(module.named_parameters()):
        # Both biases differ from each other, so that adding and keeping them apart give different numbers.
        amplitude = 0.4 if "bias" in name else min(0.7, 1.3 / np.sqrt(parameter.shape[1]))
        value = numbers(tuple(parameter.shape), 21.0 + 2.7 * index, float(amplitude))
        parameter.data = tensor(value)
        weights.append((name, value, parameter))
    x = numbers((BATCH, TIME, inputs), 0.3)
    h0 = [numbers((directions, BATCH, units), 5.0 + 1.9 * k, 0.6) for k in range(2 if kind == "LSTM" else 1)]
    x_tensor = tensor(x, gradient=True)
    states = [tensor(state, gradient=True) for state in h0]
    y, last = module(x_tensor, tuple(states) if kind == "LSTM" else states[0])
    outputs = [y, *(last if kind == "LSTM" else [last])]
    projections = [numbers(tuple(out.shape), 0.7 + 2.3 * k) for k, out in enumerate(outputs)]
    loss = sum(torch.sum(out * tensor(projection)) for out, projection in zip(outputs, projections))
    wanted = [x_tensor, *states, *[parameter for _, _, parameter in weights]]
    gradients = torch.autograd.grad(loss, wanted)
    label = "_".join([*map(str, options.keys()), *_texts(options)]) or "default"
    converted = _keras(kind, options, units, {name: value for name, value, _ in weights}, x, h0, outputs)
    return {
        "id": f"{kind}/{label}",
        "module": {"className": kind, "inputSize": inputs, "hiddenSize": units, "batchFirst": True, **options},
        "inputs": [{"dtype": "float32", **array_form(x)}],
        "initialState": [array_form(state) for state in h0],
        "weights": [
            {"name": name, "shape": list(value.shape), "value": flat(value), "grad": flat(gradient)}
            for (name, value, _), gradient in zip(weights, gradients[1 + len(states) :])
        ],
        "outputs": [array_form(out) for out in outputs],
        "lossProjection": [array_form(projection) for projection in projections],
        "loss": scalar(loss),
        "inputGrads": [array_form(gradients[0])],
        "initialStateGrads": [array_form(gradient) for gradient in gradients[1 : 1 + len(states)]],
        "keras": converted,
    }


def _texts(options):
    return [value for value in options.values() if isinstance(value, str)]


def _keras(kind, options, units, weights, x, h0, outputs):
    """Converts to Keras' layout, runs Keras and compares."""
    name = "SimpleRNN" if kind == "RNN" else kind
    layer = Spec(name, units=units, return_sequences=True, return_state=True)
    if kind == "RNN" and options.get("nonlinearity") == "relu":
        layer = layer.with_options(activation="relu")
    if options.get("bias") is False:
        layer = layer.with_options(use_bias=False)
    spec = Spec("Bidirectional", layer=layer) if options.get("bidirectional") else layer
    order = [1, 0, 2] if kind == "GRU" else list(range(GATES[kind]))
    arrange = lambda array: np.concatenate([np.split(array, GATES[kind])[block] for block in order])  # noqa: E731
    converted = []
    for suffix in ["_l0", "_l0_reverse"][: 2 if options.get("bidirectional") else 1]:
        prefix = {"_l0": "forward/", "_l0_reverse": "backward/"}[suffix] if options.get("bidirectional") else ""
        converted.append((f"{prefix}kernel", arrange(weights[f"weight_ih{suffix}"]).T))
        converted.append((f"{prefix}recurrent_kernel", arrange(weights[f"weight_hh{suffix}"]).T))
        if options.get("bias") is not False:
            rows = [arrange(weights[f"bias_ih{suffix}"]), arrange(weights[f"bias_hh{suffix}"])]
            converted.append((f"{prefix}bias", np.stack(rows) if kind == "GRU" else rows[0] + rows[1]))
    built = spec.build()
    built(tensor(x))
    for variable, (_, value) in zip(built.trainable_weights, converted, strict=True):
        variable.assign(np.ascontiguousarray(value, dtype=np.float64))
    state = [tensor(part[direction]) for direction in range(h0[0].shape[0]) for part in h0]
    result = built(tensor(x), initial_state=state)
    sequence = outputs[0].detach().numpy()
    np.testing.assert_allclose(result[0].detach().numpy(), sequence, rtol=1e-5, atol=2e-6)
    last = [part[direction] for direction in range(h0[0].shape[0]) for part in outputs[1:]]
    for mine, theirs in zip(result[1:], last, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=2e-6)
    return {
        **spec.case_form(),
        "weights": [
            {"name": label, "shape": list(value.shape), "value": flat(np.asarray(value, dtype=np.float32))}
            for label, value in converted
        ],
    }
