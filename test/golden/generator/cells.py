"""Recurrent cells that Keras does not have, written down from their formulas as Keras cells."""

import keras
import torch
from keras import ops

from .common import CUSTOM_CLASSES, Spec, numbers, run_case
from .recurrent import MEANING, MIXED
from .wrappers import BATCH, INPUTS, TIME, _states

SIGMOID, TANH, MUL = ops.sigmoid, ops.tanh, ops.matmul


class _Cell(keras.layers.Layer):
    """A cell whose weights are named in a table: name -> function from (inputs, units) to a shape."""

    WEIGHTS = {}

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, units]
        self.output_size = units

    def get_config(self):
        return {**super().get_config(), "units": self.units}

    def build(self, input_shape):
        for name, shape in self.WEIGHTS.items():
            setattr(self, name, self.add_weight(shape=shape(input_shape[-1], self), name=name))


def _normed(x, gamma, beta=0.0):
    mean = ops.mean(x, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(x - mean), axis=-1, keepdims=True)
    return (x - mean) / ops.sqrt(variance + 1e-3) * gamma + beta


class PeepholeLSTMCell(_Cell):
    WEIGHTS = {
        "kernel": lambda d, cell: (d, 4 * cell.units),
        "recurrent_kernel": lambda d, cell: (cell.units, 4 * cell.units),
        "bias": lambda d, cell: (4 * cell.units,),
        "peephole_kernel": lambda d, cell: (3, cell.units),
    }

    def call(self, inputs, states):
        h, c = states
        i, f, g, o = ops.split(MUL(inputs, self.kernel) + MUL(h, self.recurrent_kernel) + self.bias, 4, axis=1)
        p = self.peephole_kernel
        c = SIGMOID(f + p[1] * c) * c + SIGMOID(i + p[0] * c) * TANH(g)
        h = SIGMOID(o + p[2] * c) * TANH(c)
        return h, [h, c]


class CoupledLSTMCell(_Cell):
    WEIGHTS = {
        "kernel": lambda d, cell: (d, 3 * cell.units),
        "recurrent_kernel": lambda d, cell: (cell.units, 3 * cell.units),
        "bias": lambda d, cell: (3 * cell.units,),
    }

    def call(self, inputs, states):
        h, c = states
        i, g, o = ops.split(MUL(inputs, self.kernel) + MUL(h, self.recurrent_kernel) + self.bias, 3, axis=1)
        i = SIGMOID(i)
        c = (1 - i) * c + i * TANH(g)
        h = SIGMOID(o) * TANH(c)
        return h, [h, c]


class ProjectedLSTMCell(_Cell):
    WEIGHTS = {
        "kernel": lambda d, cell: (d, 4 * cell.units),
        "recurrent_kernel": lambda d, cell: (cell.projection_units, 4 * cell.units),
        "bias": lambda d, cell: (4 * cell.units,),
        "projection_kernel": lambda d, cell: (cell.units, cell.projection_units),
    }

    def __init__(self, units, projection_units, **kwargs):
        super().__init__(units, **kwargs)
        self.projection_units = projection_units
        self.state_size = [projection_units, units]
        self.output_size = projection_units

    def get_config(self):
        return {**super().get_config(), "projection_units": self.projection_units}

    def call(self, inputs, states):
        h, c = states
        i, f, g, o = ops.split(MUL(inputs, self.kernel) + MUL(h, self.recurrent_kernel) + self.bias, 4, axis=1)
        c = SIGMOID(f) * c + SIGMOID(i) * TANH(g)
        h = MUL(SIGMOID(o) * TANH(c), self.projection_kernel)
        return h, [h, c]


class LayerNormLSTMCell(_Cell):
    WEIGHTS = {
        "kernel": lambda d, cell: (d, 4 * cell.units),
        "recurrent_kernel": lambda d, cell: (cell.units, 4 * cell.units),
        "bias": lambda d, cell: (4 * cell.units,),
        "kernel_gamma": lambda d, cell: (4 * cell.units,),
        "recurrent_gamma": lambda d, cell: (4 * cell.units,),
        "state_gamma": lambda d, cell: (cell.units,),
        "state_beta": lambda d, cell: (cell.units,),
    }

    def call(self, inputs, states):
        h, c = states
        left = _normed(MUL(inputs, self.kernel), self.kernel_gamma)
        right = _normed(MUL(h, self.recurrent_kernel), self.recurrent_gamma)
        i, f, g, o = ops.split(left + right + self.bias, 4, axis=1)
        c = SIGMOID(f) * c + SIGMOID(i) * TANH(g)
        h = SIGMOID(o) * TANH(_normed(c, self.state_gamma, self.state_beta))
        return h, [h, c]


class LayerNormGRUCell(_Cell):
    WEIGHTS = {
        "kernel": lambda d, cell: (d, 3 * cell.units),
        "recurrent_kernel": lambda d, cell: (cell.units, 3 * cell.units),
        "bias": lambda d, cell: (3 * cell.units,),
        "kernel_gamma": lambda d, cell: (3 * cell.units,),
        "recurrent_gamma": lambda d, cell: (3 * cell.units,),
    }

    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        self.state_size = units

    def call(self, inputs, states):
        h, u = states[0], self.units
        x, m = MUL(inputs, self.kernel), MUL(h, self.recurrent_kernel)
        gates = _normed(x[:, : 2 * u], self.kernel_gamma[: 2 * u]) + _normed(m[:, : 2 * u], self.recurrent_gamma[: 2 * u])
        z, r = ops.split(SIGMOID(gates + self.bias[: 2 * u]), 2, axis=1)
        x = _normed(x[:, 2 * u :], self.kernel_gamma[2 * u :]) + self.bias[2 * u :]
        candidate = TANH(x + r * _normed(m[:, 2 * u :], self.recurrent_gamma[2 * u :]))
        h = z * h + (1 - z) * candidate
        return h, [h]


class JordanCell(_Cell):
    WEIGHTS = {
        "kernel": lambda d, cell: (d, cell.units),
        "recurrent_kernel": lambda d, cell: (cell.output_units, cell.units),
        "bias": lambda d, cell: (cell.units,),
        "output_kernel": lambda d, cell: (cell.units, cell.output_units),
        "output_bias": lambda d, cell: (cell.output_units,),
    }

    def __init__(self, units, output_units, **kwargs):
        super().__init__(units, **kwargs)
        self.output_units = output_units
        self.state_size = output_units
        self.output_size = output_units

    def get_config(self):
        return {**super().get_config(), "output_units": self.output_units}

    def call(self, inputs, states):
        h = TANH(MUL(inputs, self.kernel) + MUL(states[0], self.recurrent_kernel) + self.bias)
        y = MUL(h, self.output_kernel) + self.output_bias
        return y, [y]


class ZoneoutCell(keras.layers.Layer):
    """Outside of training: the expectation of what zoneout does to every state."""

    def __init__(self, cell, rates, **kwargs):
        super().__init__(**kwargs)
        self.cell = keras.layers.deserialize(cell) if isinstance(cell, dict) else cell
        self.rates = rates
        self.state_size = self.cell.state_size
        self.output_size = self.cell.output_size

    def get_config(self):
        return {**super().get_config(), "cell": keras.layers.serialize(self.cell), "rates": self.rates}

    def build(self, input_shape):
        self.cell.build(input_shape)

    def call(self, inputs, states):
        _, new = self.cell(inputs, states)
        kept = [rate * old + (1 - rate) * now for rate, old, now in zip(self.rates, states, new)]
        return kept[0], kept


CELLS = {
    "PeepholeLSTMCell": (PeepholeLSTMCell, Spec("PeepholeLSTMCell", units=3), [3, 3]),
    "CoupledLSTMCell": (CoupledLSTMCell, Spec("CoupledLSTMCell", units=3), [3, 3]),
    "ProjectedLSTMCell": (ProjectedLSTMCell, Spec("ProjectedLSTMCell", units=3, projection_units=2), [2, 3]),
    "LayerNormLSTMCell": (LayerNormLSTMCell, Spec("LayerNormLSTMCell", units=3), [3, 3]),
    "LayerNormGRUCell": (LayerNormGRUCell, Spec("LayerNormGRUCell", units=3), [3]),
    "JordanCell": (JordanCell, Spec("JordanCell", units=3, output_units=2), [2]),
    "ZoneoutCell": (ZoneoutCell, Spec("ZoneoutCell", cell=Spec("LSTMCell", units=3), rates=[0.1, 0.4]), [3, 3]),
}
CUSTOM_CLASSES.update({name: each for name, (each, _, _) in CELLS.items()})

BOTH = {"return_sequences": True, "return_state": True}


def cases():
    x = numbers((BATCH, TIME, INPUTS), 0.3)
    every = []
    for name, (_, cell, sizes) in CELLS.items():
        every.append(run_case(f"RNN/{name}/default", Spec("RNN", cell=cell), [x]))
        spec = Spec("RNN", cell=cell, **BOTH)
        every.append(run_case(f"RNN/{name}/mask_initial", spec, [x], mask=MIXED, initial_state=_states(sizes)))
    _check_projection(next(case for case in every if case["id"] == "RNN/ProjectedLSTMCell/default"))
    return {"meaning": MEANING, "cases": every}


def _check_projection(case):
    """The projected LSTM must agree with PyTorch's."""
    layer = torch.nn.LSTM(INPUTS, 3, proj_size=2, batch_first=True, dtype=torch.float64)
    kernel, recurrent, bias, projection = (
        torch.tensor(list(w["value"]), dtype=torch.float64).reshape(w["shape"]) for w in case["weights"]
    )
    with torch.no_grad():
        layer.weight_ih_l0.copy_(kernel.T)
        layer.weight_hh_l0.copy_(recurrent.T)
        layer.bias_ih_l0.copy_(bias)
        layer.bias_hh_l0.zero_()
        layer.weight_hr_l0.copy_(projection.T)
        given = case["inputs"][0]
        y, _ = layer(torch.tensor(list(given["value"]), dtype=torch.float64).reshape(given["shape"]))
    wanted = torch.tensor(list(case["outputs"][0]["value"]), dtype=torch.float64).reshape(case["outputs"][0]["shape"])
    if not torch.allclose(y[:, -1], wanted, atol=1e-9):
        raise SystemExit("the projected LSTM differs from PyTorch's")
