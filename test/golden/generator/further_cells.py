"""More recurrent cells that Keras does not have, written down from their formulas as Keras cells."""

from .cells import BOTH, MUL, SIGMOID, TANH, _Cell
from .common import CUSTOM_CLASSES, Spec, numbers, run_case
from .recurrent import MEANING, MIXED
from .wrappers import BATCH, INPUTS, TIME, _states


class TripleGatedCell(_Cell):
    """a = W x + b_a; g, i, o = sigmoid(W_* a + U_* h + b_*); h' = o h + i tanh(W_h a + g (U_h h) + b_h);
    y = W_ay a + W_hy h' + b_y."""

    WEIGHTS = {
        "kernel": lambda d, cell: (cell.input_units, 4 * cell.units),
        "recurrent_kernel": lambda d, cell: (cell.units, 4 * cell.units),
        "bias": lambda d, cell: (4 * cell.units,),
        "input_kernel": lambda d, cell: (d, cell.input_units),
        "input_output_kernel": lambda d, cell: (cell.input_units, cell.output_units),
        "output_kernel": lambda d, cell: (cell.units, cell.output_units),
        "input_bias": lambda d, cell: (cell.input_units,),
        "output_bias": lambda d, cell: (cell.output_units,),
    }

    def __init__(self, units, input_units, output_units, **kwargs):
        super().__init__(units, **kwargs)
        self.input_units = input_units
        self.output_units = output_units
        self.state_size = units
        self.output_size = output_units

    def get_config(self):
        return {**super().get_config(), "input_units": self.input_units, "output_units": self.output_units}

    def call(self, inputs, states):
        h, u = states[0], self.units
        a = MUL(inputs, self.input_kernel) + self.input_bias

        def gate(k):
            columns = slice(k * u, (k + 1) * u)
            left = MUL(a, self.kernel[:, columns]) + self.bias[columns]
            return left, MUL(h, self.recurrent_kernel[:, columns])

        g, i, o = (SIGMOID(sum(gate(k))) for k in range(3))
        left, right = gate(3)
        h = o * h + i * TANH(left + g * right)
        y = MUL(a, self.input_output_kernel) + MUL(h, self.output_kernel) + self.output_bias
        return y, [h]


class ChainedTanhCell(_Cell):
    """h' = tanh(W_hh h + W_xh x + b_h); C = tanh(W_hc h'); o = tanh(W_ho h' + W_xc x + b_o); y = tanh(W_oy (o C)),
    or tanh(W_oy o) without content."""

    WEIGHTS = {
        "kernel": lambda d, cell: (d, 2 * cell.units),
        "recurrent_kernel": lambda d, cell: (cell.units, cell.units),
        "bias": lambda d, cell: (2 * cell.units,),
        "chain_kernel": lambda d, cell: (cell.units, 2 * cell.units if cell.use_content else cell.units),
        "output_kernel": lambda d, cell: (cell.units, cell.output_units),
    }

    def __init__(self, units, output_units, use_content=True, **kwargs):
        super().__init__(units, **kwargs)
        self.output_units = output_units
        self.use_content = use_content
        self.state_size = units
        self.output_size = output_units

    def get_config(self):
        return {**super().get_config(), "output_units": self.output_units, "use_content": self.use_content}

    def call(self, inputs, states):
        h, u = states[0], self.units
        h = TANH(MUL(h, self.recurrent_kernel) + MUL(inputs, self.kernel[:, :u]) + self.bias[:u])
        o = TANH(MUL(h, self.chain_kernel[:, -u:]) + MUL(inputs, self.kernel[:, u:]) + self.bias[u:])
        if self.use_content:
            o = o * TANH(MUL(h, self.chain_kernel[:, :u]))
        return TANH(MUL(o, self.output_kernel)), [h]


TRIPLE = Spec("TripleGatedCell", units=3, input_units=5, output_units=2)
CHAINED = Spec("ChainedTanhCell", units=3, output_units=2)
CELLS = {"TripleGatedCell": TRIPLE, "ChainedTanhCell": CHAINED, "ChainedTanhCell_literal": CHAINED.with_options(use_content=False)}
CUSTOM_CLASSES.update({"TripleGatedCell": TripleGatedCell, "ChainedTanhCell": ChainedTanhCell})


def cases():
    x = numbers((BATCH, TIME, INPUTS), 0.3)
    every = []
    for name, cell in CELLS.items():
        every.append(run_case(f"RNN/{name}/default", Spec("RNN", cell=cell), [x]))
        spec = Spec("RNN", cell=cell, **BOTH)
        every.append(run_case(f"RNN/{name}/mask_initial", spec, [x], mask=MIXED, initial_state=_states([3])))
    return {"meaning": MEANING, "cases": every}
