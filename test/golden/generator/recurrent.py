"""SimpleRNN, LSTM and GRU with every option that changes their numbers."""

import numpy as np

from .common import Spec, numbers, run_calls, run_case

BATCH, TIME, INPUTS, UNITS = 3, 5, 4, 3

KINDS = {
    "SimpleRNN_tanh": Spec("SimpleRNN", units=UNITS),
    "SimpleRNN_relu": Spec("SimpleRNN", units=UNITS, activation="relu"),
    "SimpleRNN_sigmoid": Spec("SimpleRNN", units=UNITS, activation="sigmoid"),
    "SimpleRNN_linear": Spec("SimpleRNN", units=UNITS, activation="linear"),
    "LSTM": Spec("LSTM", units=UNITS, use_cudnn=False),
    "GRU_reset_after": Spec("GRU", units=UNITS, reset_after=True, use_cudnn=False),
    "GRU_reset_before": Spec("GRU", units=UNITS, reset_after=False, use_cudnn=False),
}

# Rows of masks, True = a step that counts.
HOLES = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 1, 1], [1, 0, 1, 0, 1]], dtype=bool)
LEADING = np.array([[0, 1, 1, 1, 1], [0, 0, 0, 1, 1], [1, 1, 1, 1, 1]], dtype=bool)
TRAILING = np.array([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)
EMPTY_ROW = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 1, 0, 1]], dtype=bool)
MIXED = np.array([[0, 1, 1, 0, 1], [0, 0, 1, 0, 0], [1, 1, 0, 1, 0]], dtype=bool)

SEQUENCES = {"return_sequences": True}
STATE = {"return_state": True}
BOTH = {**SEQUENCES, **STATE}
BACKWARDS = {"go_backwards": True}


def state_count(spec):
    return 2 if spec.class_name == "LSTM" else 1


def initial_state(spec, batch=BATCH, units=UNITS, phase=0.0):
    return [numbers((batch, units), 5.0 + 1.9 * k + phase, 0.6) for k in range(state_count(spec))]


def small_cases():
    cases = []
    x = numbers((BATCH, TIME, INPUTS), 0.3)
    for kind, spec in KINDS.items():
        h0 = initial_state(spec)

        def add(name, options, **call):
            cases.append(run_case(f"{kind}/{name}", spec.with_options(**options), [call.pop("x", x)], **call))

        add("default", {})
        add("sequences", SEQUENCES)
        add("state", STATE)
        add("sequences_state", BOTH)
        add("backwards", BACKWARDS)
        add("backwards_sequences", {**BACKWARDS, **SEQUENCES})
        add("backwards_sequences_state_initial", {**BACKWARDS, **BOTH}, initial_state=h0)
        add("no_bias", {**BOTH, "use_bias": False})
        add("initial_state", {}, initial_state=h0)
        add("initial_state_sequences_state", BOTH, initial_state=h0)
        add("mask_holes", STATE, mask=HOLES)
        add("mask_holes_sequences", SEQUENCES, mask=HOLES)
        add("mask_holes_sequences_state", BOTH, mask=HOLES)
        add("mask_holes_no_bias", {**BOTH, "use_bias": False}, mask=HOLES)
        add("mask_leading", STATE, mask=LEADING)
        add("mask_leading_sequences", BOTH, mask=LEADING)
        add("mask_trailing", STATE, mask=TRAILING)
        add("mask_trailing_sequences", BOTH, mask=TRAILING)
        add("mask_empty_row", STATE, mask=EMPTY_ROW)
        add("mask_empty_row_sequences", BOTH, mask=EMPTY_ROW)
        add("mask_leading_initial", STATE, mask=LEADING, initial_state=h0)
        add("mask_leading_initial_sequences", BOTH, mask=LEADING, initial_state=h0)
        add("mask_empty_row_initial", BOTH, mask=EMPTY_ROW, initial_state=h0)
        add("mask_backwards", {**BACKWARDS, **STATE}, mask=MIXED)
        add("mask_backwards_initial_sequences", {**BACKWARDS, **BOTH}, mask=MIXED, initial_state=h0)
        add("mask_zero_output", {**STATE, "zero_output_for_mask": True}, mask=MIXED)
        add("mask_zero_output_sequences", {**BOTH, "zero_output_for_mask": True}, mask=MIXED, initial_state=h0)
        add("mask_zero_output_backwards", {**BACKWARDS, **BOTH, "zero_output_for_mask": True}, mask=MIXED)
        add("one_step", BOTH, x=numbers((1, 1, INPUTS), 2.2), initial_state=initial_state(spec, batch=1))
        if spec.class_name != "SimpleRNN":
            generic = {**BOTH, "activation": "relu", "recurrent_activation": "hard_sigmoid"}
            add("relu_hard_sigmoid", generic, initial_state=h0)
            add("relu_hard_sigmoid_mask_backwards", {**generic, **BACKWARDS}, initial_state=h0, mask=MIXED)
            add("softsign_sigmoid", {**BOTH, "activation": "softsign"}, mask=HOLES)
            add("tanh_hard_sigmoid", {**BOTH, "recurrent_activation": "hard_sigmoid"})
        else:
            add("softsign", {**BOTH, "activation": "softsign"}, mask=HOLES)
        cases.append(_stateful(kind, spec, {}))
        cases.append(_stateful(kind, spec, {"return_sequences": True, "go_backwards": True}))
        cases.append(_stateful_masked(kind, spec))
    return {"meaning": MEANING, "cases": cases}


def _stateful(kind, spec, options):
    """Two calls that continue each other, one with a state of its own (which wins and is what is kept), one after a reset."""
    call = lambda phase: [numbers((BATCH, TIME, INPUTS), phase)]  # noqa: E731
    return run_calls(
        f"{kind}/stateful{'_backwards_sequences' if options else ''}",
        spec.with_options(stateful=True, return_state=True, **options),
        [
            {"inputs": call(0.3)},
            {"inputs": call(1.4)},
            {"inputs": call(2.5), "initial_state": initial_state(spec)},
            {"inputs": call(3.6)},
            {"inputs": call(4.7), "reset": True},
        ],
    )


def _stateful_masked(kind, spec):
    x = [numbers((BATCH, TIME, INPUTS), phase) for phase in (0.3, 1.4)]
    return run_calls(
        f"{kind}/stateful_mask",
        spec.with_options(stateful=True, return_sequences=True),
        [{"inputs": [x[0]], "mask": TRAILING}, {"inputs": [x[1]], "mask": LEADING}],
    )


def large_cases():
    """Sizes that are no multiple of any vector width, and more than one vector wide."""
    batch, time, inputs, units = 4, 11, 13, 19
    x = numbers((batch, time, inputs), 0.3)
    steps = np.arange(batch * time).reshape(batch, time)
    mask = (steps * steps * 5 + steps) % 7 > 1
    cases = []
    for kind, spec in KINDS.items():
        wide = spec.with_options(units=units, return_sequences=True, return_state=True)
        state = initial_state(spec, batch, units)
        cases.append(run_case(f"{kind}/large", wide, [x], initial_state=state))
        if kind not in ("SimpleRNN_sigmoid", "SimpleRNN_linear"):
            backwards = spec.with_options(units=units, return_state=True, go_backwards=True)
            cases.append(run_case(f"{kind}/large_mask_backwards", backwards, [x], mask=mask))
    return {"meaning": MEANING, "cases": cases}


MEANING = {
    "layer": "className and the options given to it, as Keras takes them (config) and in camelCase (options)",
    "weights": "in the layer's own order; value is what it was set to, grad = d loss / d weight (summed over the calls)",
    "call": "training, mask (1 = the step counts), initialState in the order of the layer's states",
    "calls": "for stateful layers, in place of call/inputs/outputs: several calls of one layer; resetBefore = its states "
    "were set to zero first; each call is differentiated alone, the state it starts from is a constant",
    "outputs": "flat list: output, then states when returnState; outputStructure tells the nesting by position if nested",
    "outputMask": "the mask handed on to the next layer, or null",
    "loss": "sum over k of sum(outputs[k] * lossProjection[k])",
    "inputGrads": "d loss / d inputs[k], null for integers; initialStateGrads likewise",
}
