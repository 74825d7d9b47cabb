"""RNN over cells, Bidirectional, TimeDistributed, and masks made by Embedding and Masking."""

import keras
import numpy as np
from keras import ops

from .common import CUSTOM_CLASSES, Spec, integers, numbers, run_calls, run_case
from .recurrent import EMPTY_ROW, HOLES, LEADING, MEANING, MIXED

BATCH, TIME, INPUTS = 3, 5, 4


class MinimalGatedUnitCell(keras.layers.Layer):
    """One gate, one state (arXiv 1603.09420)."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = units

    def get_config(self):
        return {**super().get_config(), "units": self.units}

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 2 * self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, 2 * self.units), name="recurrent_kernel")
        self.bias = self.add_weight(shape=(2 * self.units,), name="bias")

    def call(self, inputs, states):
        h = states[0]
        u = self.units
        x = ops.matmul(inputs, self.kernel) + self.bias
        f = ops.sigmoid(x[:, :u] + ops.matmul(h, self.recurrent_kernel[:, :u]))
        c = ops.tanh(x[:, u:] + ops.matmul(f * h, self.recurrent_kernel[:, u:]))
        h = (1 - f) * h + f * c
        return h, [h]


class ReadoutCell(keras.layers.Layer):
    """Two states of different size, an output of a third size, and the output fed back (Jordan 1986)."""

    def __init__(self, units, output_units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.output_units = output_units
        self.state_size = [units, output_units]
        self.output_size = output_units

    def get_config(self):
        return {**super().get_config(), "units": self.units, "output_units": self.output_units}

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.feedback_kernel = self.add_weight(shape=(self.output_units, self.units), name="feedback_kernel")
        self.output_kernel = self.add_weight(shape=(self.units, self.output_units), name="output_kernel")

    def call(self, inputs, states):
        memory, fed_back = states
        memory = ops.tanh(ops.matmul(inputs, self.kernel) + ops.matmul(fed_back, self.feedback_kernel) + 0.5 * memory)
        y = ops.matmul(memory, self.output_kernel)
        return y, [memory, y]


CUSTOM_CLASSES.update(MinimalGatedUnitCell=MinimalGatedUnitCell, ReadoutCell=ReadoutCell)

MGU_FORMULA = (
    "kernel [d,2u] = [K_f, K_h], recurrent_kernel [u,2u] = [U_f, U_h], bias [2u]; f = sigmoid(x K_f + b_f + h U_f); "
    "c = tanh(x K_h + b_h + (f*h) U_h); h' = (1-f)*h + f*c; output h', states [h']"
)
READOUT_FORMULA = (
    "kernel K [d,u], feedback_kernel F [o,u], output_kernel V [u,o]; states [m [u], y [o]]; "
    "m' = tanh(x K + y F + 0.5 m); y' = m' V; output y', states [m', y']"
)

BOTH = {"return_sequences": True, "return_state": True}

CELLS = {
    "SimpleRNNCell": Spec("SimpleRNNCell", units=3),
    "LSTMCell": Spec("LSTMCell", units=3),
    "GRUCell_reset_after": Spec("GRUCell", units=3, reset_after=True),
    "GRUCell_reset_before": Spec("GRUCell", units=3, reset_after=False),
}

LAYERS = {
    "SimpleRNN": Spec("SimpleRNN", units=2),
    "LSTM": Spec("LSTM", units=2, use_cudnn=False),
    "GRU": Spec("GRU", units=2, use_cudnn=False),
}


def cases():
    x = numbers((BATCH, TIME, INPUTS), 0.3)
    return {
        "meaning": MEANING,
        "cases": [*_cells(x), *_stacked(x), *_custom(x), *_bidirectional(x), *_time_distributed(x), *_embedded()],
    }


def _states(sizes, phase=0.0):
    """Nested sizes -> nested initial states."""
    count = iter(range(100))

    def make(size):
        if isinstance(size, list):
            return [make(item) for item in size]
        return numbers((BATCH, size), 5.0 + 1.9 * next(count) + phase, 0.6)

    return make(sizes)


def _cells(x):
    for name, cell in CELLS.items():
        sizes = [3, 3] if cell.class_name == "LSTMCell" else [3]
        yield run_case(f"RNN/{name}/default", Spec("RNN", cell=cell), [x])
        yield run_case(
            f"RNN/{name}/mask_initial_backwards",
            Spec("RNN", cell=cell, go_backwards=True, **BOTH),
            [x],
            mask=MIXED,
            initial_state=_states(sizes),
        )


def _stacked(x):
    mixed = [Spec("LSTMCell", units=3), Spec("GRUCell", units=2), Spec("SimpleRNNCell", units=4)]
    mixed_sizes = [[3, 3], 2, 4]
    twice = [Spec("LSTMCell", units=3), Spec("LSTMCell", units=2)]
    yield run_case("RNN/stacked/default", Spec("RNN", cell=mixed), [x])
    yield run_case("RNN/stacked/sequences", Spec("RNN", cell=mixed, return_sequences=True), [x])
    yield run_case("RNN/stacked/state", Spec("RNN", cell=mixed, return_state=True), [x])
    yield run_case("RNN/stacked/sequences_state", Spec("RNN", cell=mixed, **BOTH), [x])
    yield run_case("RNN/stacked/mask", Spec("RNN", cell=mixed, **BOTH), [x], mask=HOLES)
    yield run_case(
        "RNN/stacked/mask_leading_initial",
        Spec("RNN", cell=mixed, **BOTH),
        [x],
        mask=LEADING,
        initial_state=_states(mixed_sizes),
    )
    yield run_case(
        "RNN/stacked/backwards_initial",
        Spec("RNN", cell=mixed, go_backwards=True, **BOTH),
        [x],
        initial_state=_states(mixed_sizes),
    )
    yield run_case(
        "RNN/stacked/mask_zero_output", Spec("RNN", cell=mixed, zero_output_for_mask=True, **BOTH), [x], mask=MIXED
    )
    yield run_case("RNN/stacked_LSTM/sequences_state", Spec("RNN", cell=twice, **BOTH), [x])
    yield run_case(
        "RNN/stacked_LSTM/mask_initial", Spec("RNN", cell=twice, **BOTH), [x], mask=MIXED, initial_state=_states([[3, 3], [2, 2]])
    )
    yield run_calls(
        "RNN/stacked_LSTM/stateful",
        Spec("RNN", cell=twice, stateful=True, return_sequences=True),
        [{"inputs": [x]}, {"inputs": [numbers(x.shape, 1.4)]}, {"inputs": [numbers(x.shape, 2.5)], "reset": True}],
    )
    yield run_case(
        "RNN/StackedRNNCells/state", Spec("RNN", cell=Spec("StackedRNNCells", cells=twice), return_state=True), [x]
    )


def _custom(x):
    gated = Spec("MinimalGatedUnitCell", units=3)
    readout = Spec("ReadoutCell", units=3, output_units=2)
    for name, cell, formula, sizes in (
        ("MinimalGatedUnit", gated, MGU_FORMULA, [3]),
        ("Readout", readout, READOUT_FORMULA, [3, 2]),
    ):
        spec = lambda **options: Spec("RNN", cell=cell, **options)  # noqa: B023, E731
        yield run_case(f"RNN/{name}/default", spec(), [x], note=formula)
        yield run_case(f"RNN/{name}/sequences_state", spec(**BOTH), [x], note=formula)
        yield run_case(f"RNN/{name}/backwards", spec(go_backwards=True, return_sequences=True), [x], note=formula)
        yield run_case(
            f"RNN/{name}/mask_initial", spec(**BOTH), [x], mask=MIXED, initial_state=_states(sizes), note=formula
        )
    yield run_case(
        "RNN/MinimalGatedUnit/stacked_on_LSTM",
        Spec("RNN", cell=[Spec("LSTMCell", units=2), gated], **BOTH),
        [x],
        mask=LEADING,
        note=MGU_FORMULA,
    )


def _bidirectional(x):
    for kind, layer in LAYERS.items():
        sizes = [2, 2] if kind == "LSTM" else [2]
        for mode in ("concat", "sum", "mul", "ave", None):
            for name, options in (("last", {}), ("sequences", {"return_sequences": True})):
                spec = Spec("Bidirectional", layer=layer.with_options(**options), merge_mode=mode)
                yield run_case(f"Bidirectional/{kind}/{mode}/{name}", spec, [x])
                yield run_case(f"Bidirectional/{kind}/{mode}/{name}_mask", spec, [x], mask=MIXED)
        for mode in ("concat", None):
            state = Spec("Bidirectional", layer=layer.with_options(return_state=True), merge_mode=mode)
            both = Spec("Bidirectional", layer=layer.with_options(**BOTH), merge_mode=mode)
            yield run_case(f"Bidirectional/{kind}/{mode}/state", state, [x])
            yield run_case(f"Bidirectional/{kind}/{mode}/sequences_state", both, [x])
            yield run_case(
                f"Bidirectional/{kind}/{mode}/sequences_state_mask_initial",
                both,
                [x],
                mask=EMPTY_ROW,
                initial_state=_states(sizes * 2),
            )
        yield run_case(
            f"Bidirectional/{kind}/concat/last_initial",
            Spec("Bidirectional", layer=layer),
            [x],
            initial_state=_states(sizes * 2),
        )
    first = Spec("LSTM", units=3, use_cudnn=False, name="first")
    second = Spec("GRU", units=2, use_cudnn=False, go_backwards=True, name="second")
    yield run_case("Bidirectional/own_backward/last", Spec("Bidirectional", layer=first, backward_layer=second), [x])
    yield run_case(
        "Bidirectional/own_backward/sequences_state_mask",
        Spec("Bidirectional", layer=first.with_options(**BOTH), backward_layer=second.with_options(**BOTH)),
        [x],
        mask=MIXED,
    )
    yield run_case(
        "Bidirectional/own_backward/sum",
        Spec(
            "Bidirectional",
            layer=first.with_options(units=2, return_sequences=True),
            backward_layer=second.with_options(return_sequences=True),
            merge_mode="sum",
        ),
        [x],
    )
    yield run_case(
        "Bidirectional/RNN/concat",
        Spec("Bidirectional", layer=Spec("RNN", cell=CELLS["GRUCell_reset_before"], return_sequences=True)),
        [x],
        mask=HOLES,
    )
    yield run_calls(
        "Bidirectional/LSTM/concat/stateful",
        Spec("Bidirectional", layer=LAYERS["LSTM"].with_options(stateful=True, return_sequences=True)),
        [{"inputs": [x]}, {"inputs": [numbers(x.shape, 1.4)]}],
        note="each direction keeps its own final state and starts its next call from it",
    )


def _time_distributed(x):
    dense = Spec("Dense", units=2, activation="tanh")
    yield run_case("TimeDistributed/Dense", Spec("TimeDistributed", layer=dense), [x])
    yield run_case("TimeDistributed/Dense_mask", Spec("TimeDistributed", layer=dense), [x], mask=HOLES)
    deep = numbers((2, 3, 5, 4), 0.3)
    yield run_case("TimeDistributed/LSTM", Spec("TimeDistributed", layer=LAYERS["LSTM"]), [deep])
    inner = Spec("TimeDistributed", layer=LAYERS["GRU"].with_options(return_sequences=True))
    mask = np.stack([HOLES, LEADING])
    yield run_case("TimeDistributed/GRU_sequences_mask", inner, [deep], mask=mask)


def _embedded():
    ids = integers((BATCH, TIME), 0.5, 1, 7)
    ids[0, 3:] = 0
    ids[1, :2] = 0
    ids[2, 2] = 0
    embedding = Spec("Embedding", input_dim=7, output_dim=4, mask_zero=True)

    def chain(*layers):
        return Spec("Sequential", layers=list(layers))

    for kind, layer in (*LAYERS.items(), ("Bidirectional", Spec("Bidirectional", layer=LAYERS["LSTM"]))):
        yield run_case(f"Embedding_mask_zero/{kind}", chain(embedding, layer), [ids])
    sequences = LAYERS["LSTM"].with_options(return_sequences=True)
    yield run_case(
        "Embedding_mask_zero/LSTM_LSTM_Dense", chain(embedding, sequences, LAYERS["LSTM"], Spec("Dense", units=2)), [ids]
    )
    yield run_case(
        "Embedding_mask_zero/Bidirectional_TimeDistributed",
        chain(embedding, Spec("Bidirectional", layer=sequences), Spec("TimeDistributed", layer=Spec("Dense", units=2))),
        [ids],
    )
    yield run_case("Embedding_no_mask/LSTM", chain(embedding.with_options(mask_zero=False), LAYERS["LSTM"]), [ids])
    padded = numbers((BATCH, TIME, INPUTS), 0.3)
    padded[0, 3:] = -1
    padded[1, :2] = -1
    padded[2, 2] = -1
    padded[2, 4, 1] = -1
    masking = Spec("Masking", mask_value=-1.0)
    for kind, layer in LAYERS.items():
        yield run_case(f"Masking/{kind}", chain(masking, layer.with_options(return_sequences=True)), [padded])
    yield run_case("Masking/GRU_last", chain(masking, LAYERS["GRU"]), [padded])
