"""What all topics share: numbers, layer descriptions, running a layer with its gradients, and writing JSON."""

import contextlib
import json
import math
import re

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes

_precision = torch.float64


def set_precision(floatx):
    """Calculates in "float64" (what the files hold) or "float32"."""
    global _precision
    _precision = getattr(torch, floatx)
    keras.config.set_floatx(floatx)
    # Without this, matmul, mean and others cast float64 to float32 and back (Keras follows JAX's default there).
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = floatx
    torch.set_default_dtype(_precision)


@contextlib.contextmanager
def in_float32():
    """For what depends on float32's own limits, such as a score lost beside -1e9."""
    before = keras.config.floatx()
    set_precision("float32")
    yield
    set_precision(before)


def versions():
    return {"keras": keras.__version__, "torch": torch.__version__, "numpy": np.__version__}


# ---- numbers ---------------------------------------------------------------------------------------------------------


def numbers(shape, phase, amplitude=1.0, offset=0.0):
    """Distinct, asymmetric numbers: offset + amplitude * sin(1.7 i + 0.37 i^2 + phase), i the flat position.

    They are rounded to four decimals (short in the files) and then to float32 (what a layer receives). The square keeps
    a matrix of them at full rank (a plain sine gives rank 2), so that no two gates, rows or columns can be exchanged,
    transposed or dropped without a visible change.
    """
    i = np.arange(math.prod(shape), dtype=np.float64)
    values = np.round(offset + amplitude * np.sin(1.7 * i + 0.37 * i * i + phase), 4)
    return values.astype(np.float32).reshape(shape)


def integers(shape, phase, low, high):
    """Integers in [low, high) that follow no simple pattern."""
    i = np.arange(math.prod(shape), dtype=np.int64)
    mixed = (i * i * 7 + i * 13 + int(phase * 31)) % 1009
    return (low + mixed % (high - low)).astype(np.int32).reshape(shape)


def tensor(array, gradient=False):
    """A torch tensor at working precision; integers stay integers."""
    array = np.asarray(array)
    if array.dtype.kind in "iu":
        return torch.tensor(array, dtype=torch.int32)
    if array.dtype.kind == "b":
        return torch.tensor(array)
    return torch.tensor(array.astype(np.float64), dtype=_precision).requires_grad_(gradient)


# ---- describing a layer ----------------------------------------------------------------------------------------------

# Options that only choose between Keras' own implementations: the plain one is always used, and they are not recorded.
_HIDDEN = {"use_cudnn"}

_RENAMED = {"clipnorm": "clipNorm", "clipvalue": "clipValue", "global_clipnorm": "globalClipNorm"}


def camel(name):
    """snake_case as camelCase: recurrent_activation -> recurrentActivation, beta_1 -> beta1."""
    return _RENAMED.get(name) or re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


class Spec:
    """A Keras object by name and the options it is given; other objects may be nested in the options."""

    def __init__(self, class_name, **config):
        self.class_name = class_name
        self.config_given = config

    def build(self, module=None):
        """The Keras object; `module` decides between a loss and a metric of the same name."""
        config = {key: _build(value) for key, value in self.config_given.items()}
        return (getattr(module, self.class_name) if module else _find_class(self.class_name))(**config)

    def with_options(self, **more):
        return Spec(self.class_name, **{**self.config_given, **more})

    def keras_form(self):
        """As Keras writes it: {class_name, config}."""
        given = self._recorded()
        return {
            "class_name": self.class_name,
            "config": {key: _map(value, lambda spec: spec.keras_form(), str) for key, value in given.items()},
        }

    def _recorded(self):
        return {key: value for key, value in self.config_given.items() if key not in _HIDDEN}

    def case_form(self):
        """As the cases carry it: className, Keras' config and the same in camelCase."""
        return {**self.options_form(), "config": self.keras_form()["config"]}

    def options_form(self):
        """In camelCase: {className, options}, names of activations and such in camelCase too."""
        given = self._recorded()
        return {
            "className": self.class_name,
            "options": {camel(key): _map(value, lambda spec: spec.options_form(), camel) for key, value in given.items()},
        }


def _find_class(name):
    if name in CUSTOM_CLASSES:
        return CUSTOM_CLASSES[name]
    for module in (
        keras.layers,
        keras.losses,
        keras.metrics,
        keras.regularizers,
        keras.constraints,
        keras.optimizers,
        keras.optimizers.schedules,
        keras,
    ):
        if isinstance(getattr(module, name, None), type):
            return getattr(module, name)
    raise ValueError(f"Keras has no class {name}")


# Classes of our own that a Spec may name (cells).
CUSTOM_CLASSES = {}


def _build(value):
    if isinstance(value, Spec):
        return value.build()
    if isinstance(value, (list, tuple)):
        return [_build(item) for item in value]
    return value


def _map(value, of_spec, of_text):
    if isinstance(value, Spec):
        return of_spec(value)
    if isinstance(value, (list, tuple)):
        return [_map(item, of_spec, of_text) for item in value]
    return of_text(value) if isinstance(value, str) else value


# ---- JSON forms ------------------------------------------------------------------------------------------------------


class Numbers(list):
    """A flat list of float32 numbers, written with as many digits as identify each (at most 9)."""


def flat(array):
    array = array.detach().numpy() if isinstance(array, torch.Tensor) else np.asarray(array)
    if array.dtype.kind in "iub":
        return [int(item) for item in array.reshape(-1)]
    if not np.all(np.isfinite(array)):
        raise ValueError("a golden value is not finite")
    return Numbers(np.asarray(array, dtype=np.float64).reshape(-1).tolist())


def array_form(array):
    return {"shape": [int(size) for size in array.shape], "value": flat(array)}


def typed_form(array):
    kind = np.asarray(array).dtype.kind
    dtype = {"i": "int32", "b": "bool"}.get(kind, "float32")
    return {"shape": list(array.shape), "dtype": dtype, "value": flat(array)}


class Single(float):
    """One float32 number."""


def scalar(value):
    return Single(float(value.detach() if isinstance(value, torch.Tensor) else value))


def _number(value):
    single = np.float32(value)
    if single == 0:
        return "0"
    text = f"{single:.9g}" if np.float32(str(single)) != single else str(single)
    return text[:-2] if text.endswith(".0") else text


def _encode(value):
    if isinstance(value, Numbers):
        return "[" + ",".join(map(_number, value)) + "]"
    if isinstance(value, Single):
        return _number(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_encode(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_encode, value)) + "]"
    return json.dumps(value)


def write(path, content):
    """One line for each case, so that a change of one case is one line of a diff."""
    lines = []
    for key, value in content.items():
        if isinstance(value, list):
            body = ",\n".join(_encode(item) for item in value)
            lines.append(f"{json.dumps(key)}:[\n{body}\n]")
        else:
            lines.append(f"{json.dumps(key)}:{_encode(value)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def count(content):
    return sum(len(value) for value in content.values() if isinstance(value, list))


def compare(path, content):
    """Largest difference (relative above 1, else absolute) between a file and fresh content, and where it is."""
    worst = (0.0, "")

    def walk(old, new, where):
        nonlocal worst
        if isinstance(old, dict) and isinstance(new, dict):
            if old.keys() != new.keys():
                raise SystemExit(f"{path.name} {where}: keys differ: {sorted(old.keys() ^ new.keys())}")
            name = old.get("id", "")
            for key in old:
                if key != "made":
                    walk(old[key], new[key], f"{where}/{name + '.' if name else ''}{key}")
        elif isinstance(old, list) and isinstance(new, list):
            if len(old) != len(new):
                raise SystemExit(f"{path.name} {where}: {len(old)} items, now {len(new)}")
            for index, (a, b) in enumerate(zip(old, new)):
                walk(a, b, where if isinstance(a, dict) else f"{where}[{index}]")
        elif isinstance(old, (int, float)) and not isinstance(old, bool):
            difference = abs(old - new) / max(1.0, abs(old))
            if difference > worst[0]:
                worst = (difference, where)
        elif old != new:
            raise SystemExit(f"{path.name} {where}: {old!r}, now {new!r}")

    walk(json.loads(path.read_text()), json.loads(_encode(content)), "")
    return worst


# ---- running a layer -------------------------------------------------------------------------------------------------


def flatten(value):
    """Nested tuples/lists of tensors -> (flat list, structure with positions instead of tensors)."""
    leaves = []

    def visit(item):
        if isinstance(item, (list, tuple)):
            return [visit(child) for child in item]
        leaves.append(item)
        return len(leaves) - 1

    return leaves, visit(value)


def nest(structure, leaves):
    if isinstance(structure, list):
        return [nest(item, leaves) for item in structure]
    return leaves[structure]


def weight_name(path):
    """The weight's path below its layer, without the cell's own name: "lstm_1/lstm_cell/kernel" -> "kernel"."""
    parts = path.split("/")
    kept = [part for part in parts[1:-1] if part != "rnn" and not re.fullmatch(r"(lstm|gru|simple_rnn)_cell", part)]
    return "/".join([*kept, parts[-1]])


def set_weights(variables, phase=0.0):
    """Gives every trainable weight its own numbers, scaled so that activations neither vanish nor saturate."""
    for index, variable in enumerate(variables):
        shape = tuple(variable.shape)
        name = variable.name
        if "gamma" in name or name == "scale":
            amplitude, offset = 0.4, 1.0
        elif len(shape) == 1 or "bias" in name or "beta" in name:
            amplitude, offset = 0.3, 0.0
        elif "embeddings" in name:
            amplitude, offset = 0.9, 0.0
        else:
            amplitude, offset = min(0.7, 1.3 / math.sqrt(math.prod(shape[:-1]))), 0.0
        variable.assign(numbers(shape, 11.0 + 3.1 * index + phase, amplitude, offset).astype(np.float64))


def run_case(name, spec, inputs, *, mask=None, initial_state=None, training=False, call=None, note=None, weights=None):
    """One call of a layer: outputs, and gradients of sum(outputs * projections) for weights, inputs and states.

    `initial_state` may be nested (stacked cells). `weights` maps part of a weight's name to an array that replaces its
    usual numbers.
    """
    return run_calls(
        name,
        spec,
        [{"inputs": inputs, "mask": mask, "initial_state": initial_state, "training": training, "call": call or {}}],
        note=note,
        weights=weights,
    )


def run_calls(name, spec, calls, *, note=None, weights=None):
    """Like run_case for several calls of one (stateful) layer. Each call is differentiated on its own: the state that one
    call hands to the next is a constant. The weights' gradients are summed over the calls."""
    keras.backend.clear_session()
    layer = spec.build()
    _apply(layer, [tensor(array) for array in calls[0]["inputs"]])  # creates the weights
    reset_states(layer)
    variables = list(layer.trainable_weights)
    set_weights(variables)
    for variable in variables:
        for part, value in (weights or {}).items():
            if part in variable.path:
                variable.assign(np.asarray(value, dtype=np.float64))
    weight_gradients = [torch.zeros_like(variable.value) for variable in variables]
    records = []
    for index, call in enumerate(calls):
        if call.get("reset"):
            reset_states(layer)
        record, gradients = _call(layer, variables, call, index)
        records.append(record)
        weight_gradients = [total + part for total, part in zip(weight_gradients, gradients)]
    case = {"id": name, "layer": spec.case_form()}
    if note:
        case["note"] = note
    case["weights"] = [
        {
            "name": weight_name(variable.path),
            "shape": list(variable.shape),
            "value": flat(variable.value),
            "grad": flat(gradient),
        }
        for variable, gradient in zip(variables, weight_gradients)
    ]
    if len(records) == 1:
        return {**case, **records[0]}
    return {**case, "calls": records}


def _apply(layer, inputs, **arguments):
    if layer.__class__.__name__ in ("MultiHeadAttention", "GroupedQueryAttention"):  # their inputs are separate arguments
        for item, mask in zip(inputs, arguments.pop("mask", ())):
            keras.src.backend.set_keras_mask(item, mask)
        return layer(*inputs, **arguments)
    return layer(inputs[0] if len(inputs) == 1 else inputs, **arguments)


def reset_states(layer):
    """Zeroes the states of a stateful layer (Keras' own reset_state cannot reset nested ones)."""
    for child in layer._flatten_layers():
        for state in flatten(getattr(child, "states", None) or [])[0]:
            state.assign(np.zeros(state.shape))


def _call(layer, variables, call, index):
    inputs = [tensor(array, gradient=True) for array in call["inputs"]]
    state_arrays, state_structure = flatten(call.get("initial_state") or [])
    states = [tensor(array, gradient=True) for array in state_arrays]
    arguments = dict(call.get("call") or {})
    record_call = {"training": bool(call.get("training"))}
    if call.get("reset"):
        record_call["resetBefore"] = True
    if arguments:
        record_call["arguments"] = {
            camel(key): typed_form(value) if isinstance(value, np.ndarray) else value for key, value in arguments.items()
        }
        arguments = {key: tensor(value) if isinstance(value, np.ndarray) else value for key, value in arguments.items()}
    if call.get("mask") is not None:
        mask = call["mask"]
        if isinstance(mask, list):
            arguments["mask"] = [None if item is None else torch.tensor(item) for item in mask]
            record_call["masks"] = [None if item is None else typed_form(item) for item in mask]
        else:
            arguments["mask"] = torch.tensor(mask)
            record_call["mask"] = typed_form(mask)
    if states:
        arguments["initial_state"] = nest(state_structure, states)
        record_call["initialState"] = [array_form(array) for array in state_arrays]
        if state_structure != list(range(len(states))):
            record_call["initialStateStructure"] = state_structure
    result = _apply(layer, inputs, training=call.get("training", False), **arguments)
    outputs, structure = flatten(result)
    projections = [numbers(tuple(out.shape), 0.7 + 2.3 * k + 0.9 * index) for k, out in enumerate(outputs)]
    loss = sum(torch.sum(out * tensor(projection)) for out, projection in zip(outputs, projections))
    wanted = [*[variable.value for variable in variables], *[x for x in inputs if x.requires_grad], *states]
    gradients = [
        torch.zeros_like(x) if gradient is None else gradient
        for x, gradient in zip(wanted, torch.autograd.grad(loss, wanted, allow_unused=True))
    ]
    rest = iter(gradients[len(variables) :])
    record = {
        "call": record_call,
        "inputs": [typed_form(array) for array in call["inputs"]],
        "outputs": [array_form(out) for out in outputs],
    }
    if structure != list(range(len(outputs))) and structure != 0:
        record["outputStructure"] = structure
    output_mask = getattr(outputs[0], "_keras_mask", None)
    record["outputMask"] = None if output_mask is None else typed_form(output_mask.numpy())
    record["lossProjection"] = [array_form(projection) for projection in projections]
    record["loss"] = scalar(loss)
    record["inputGrads"] = [array_form(next(rest)) if x.requires_grad else None for x in inputs]
    if states:
        record["initialStateGrads"] = [array_form(next(rest)) for _ in states]
    return record, gradients[: len(variables)]
