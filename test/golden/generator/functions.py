"""Activations, regularizers, constraints: values and gradients. Initializers: the numbers that fix their distribution."""

import math

import keras
import numpy as np
import torch
from keras.src.initializers.random_initializers import compute_fans

from .common import Single, Spec, array_form, camel, numbers, scalar, tensor

# ---- activations -----------------------------------------------------------------------------------------------------

ELEMENTWISE = (
    "linear relu relu6 leaky_relu elu selu celu gelu silu mish softplus softsign tanh sigmoid hard_sigmoid hard_silu "
    "hard_tanh log_sigmoid exponential soft_shrink hard_shrink tanh_shrink squareplus sparse_plus sparse_sigmoid"
).split()
ALONG_LAST_AXIS = "softmax log_softmax glu sparsemax".split()

# (name, options) of activations that take some.
WITH_OPTIONS = [
    ("gelu", {"approximate": True}),
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.5}),
    ("leaky_relu", {"negative_slope": 0.05}),
    ("relu", {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.25}),
    ("hard_shrink", {"threshold": 1.1}),
    ("soft_shrink", {"threshold": 1.1}),
    ("squareplus", {"b": 1.5}),
    ("threshold", {"threshold": 0.3, "default_value": -0.7}),
]


def activations():
    # No point lies on a kink. The large ones find an exp that overflows or a logarithm that cancels.
    points = np.concatenate(
        [
            numbers((16,), 0.3, 4.0),
            numbers((8,), 1.4, 0.4),
            np.array([-80, -25, -12.5, -7.1, -1e-4, 1e-4, 6.9, 13.1, 26, 80], dtype=np.float32),
        ]
    )
    rows = numbers((3, 4), 0.3, 2.0)
    rows[2] = [60, -60, 59, 3]
    cases = []
    for name in ELEMENTWISE:
        cases.append(_activation(name, {}, points))
    for name, options in WITH_OPTIONS:
        cases.append(_activation(name, options, points))
    for name in ALONG_LAST_AXIS:
        cases.append(_activation(name, {}, rows))
        cases.append(_activation(name, {}, numbers((2, 3, 6), 1.4, 2.0)))
        cases.append(_activation(name, {"axis": 1}, numbers((2, 4, 3), 0.9, 1.2)))
    return {
        "meaning": {
            "name": "Keras' name; rondo's is camelCased. silu is swish, gelu with approximate is tfjs' gelu_new",
            "input": "x, and projection p; output = f(x), inputGrad = d sum(p * f(x)) / dx",
        },
        "cases": cases,
    }


def _sparsemax(x, axis=-1):
    """Keras 3.15 adds up running sums here and is not what its documentation says. This is the definition: the nearest
    point of the simplex, max(x - t, 0) with t found by bisection, and t's derivative from the sum being 1."""
    low, high = x.amax(axis, keepdim=True).detach() - 1, x.amax(axis, keepdim=True).detach()
    for _ in range(80):
        middle = (low + high) / 2
        above = torch.clamp(x.detach() - middle, min=0).sum(axis, keepdim=True) > 1
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    support = x.detach() > high
    t = (torch.where(support, x, 0.0).sum(axis, keepdim=True) - 1) / support.sum(axis, keepdim=True)
    return torch.where(support, x - t, 0.0)


def _activation(name, options, x):
    function = _sparsemax if name == "sparsemax" else getattr(keras.activations, name)
    variable = tensor(x, gradient=True)
    y = function(variable, **options)
    projection = numbers(tuple(y.shape), 2.5)
    (gradient,) = torch.autograd.grad(torch.sum(y * tensor(projection)), variable)
    label = "".join(f"/{key}={value}" for key, value in options.items()) + ("" if x.ndim == 1 else f"/rank{x.ndim}")
    return {
        "id": name + label,
        "name": name,
        "options": {camel(key): value for key, value in options.items()},
        "input": array_form(x),
        "projection": array_form(projection),
        "output": array_form(y),
        "inputGrad": array_form(gradient),
    }


# ---- regularizers and constraints ------------------------------------------------------------------------------------


def regularizers():
    matrix, tall, cube = numbers((3, 4), 0.3), numbers((5, 2), 1.4), numbers((2, 3, 2), 2.5)
    vector = numbers((4,), 3.6)
    plan = [
        (Spec("L1"), [matrix, cube, vector]),
        (Spec("L1", l1=0.3), [matrix]),
        (Spec("L2"), [matrix, cube, vector]),
        (Spec("L2", l2=0.3), [matrix]),
        (Spec("L1L2", l1=0.2, l2=0.05), [matrix, cube, vector]),
        (Spec("OrthogonalRegularizer"), [matrix, tall]),
        (Spec("OrthogonalRegularizer", factor=0.2, mode="columns"), [matrix, tall]),
    ]
    cases = []
    for spec, weights in plan:
        for weight in weights:
            variable = tensor(weight, gradient=True)
            value = spec.build()(variable)
            (gradient,) = torch.autograd.grad(value, variable)
            cases.append(
                {
                    "id": f"{spec.class_name}/{len(cases)}",
                    "regularizer": spec.case_form(),
                    "weight": array_form(weight),
                    "value": scalar(value),
                    "grad": array_form(gradient),
                }
            )
    return {"meaning": {"value": "the penalty for this weight; grad = d value / d weight"}, "cases": cases}


def constraints():
    matrix, cube = numbers((3, 4), 0.3, 2.0), numbers((2, 3, 4), 2.5, 1.5)
    matrix[:, 1] *= 0.05  # one column far below every lower bound
    vector = numbers((4,), 3.6)
    plan = [
        (Spec("MaxNorm"), [matrix, vector]),
        (Spec("MaxNorm", max_value=0.7), [matrix]),
        (Spec("MaxNorm", max_value=0.7, axis=1), [matrix, cube]),
        (Spec("MaxNorm", max_value=0.7, axis=[0, 1]), [cube]),
        (Spec("NonNeg"), [matrix, vector]),
        (Spec("UnitNorm"), [matrix, vector]),
        (Spec("UnitNorm", axis=1), [matrix, cube]),
        (Spec("UnitNorm", axis=[0, 1]), [cube]),
        (Spec("MinMaxNorm"), [matrix]),
        (Spec("MinMaxNorm", min_value=0.5, max_value=1.5), [matrix, vector]),
        (Spec("MinMaxNorm", min_value=0.5, max_value=1.5, rate=0.25, axis=1), [matrix, cube]),
    ]
    cases = []
    for spec, weights in plan:
        for weight in weights:
            cases.append(
                {
                    "id": f"{spec.class_name}/{len(cases)}",
                    "constraint": spec.case_form(),
                    "weight": array_form(weight),
                    "output": array_form(spec.build()(tensor(weight))),
                }
            )
    return {"meaning": {"output": "the weight after the constraint; Keras' epsilon is 1e-7"}, "cases": cases}


# ---- initializers ----------------------------------------------------------------------------------------------------

SHAPES = [[7], [5, 12], [12, 5], [30, 40], [3, 4, 6], [5, 2, 3, 8]]

VARIANCE_SCALING = {
    "GlorotUniform": (1.0, "fan_avg", "uniform"),
    "GlorotNormal": (1.0, "fan_avg", "truncated_normal"),
    "HeUniform": (2.0, "fan_in", "uniform"),
    "HeNormal": (2.0, "fan_in", "truncated_normal"),
    "LecunUniform": (1.0, "fan_in", "uniform"),
    "LecunNormal": (1.0, "fan_in", "truncated_normal"),
}

# Standard deviation of a unit normal cut off at two standard deviations.
TRUNCATED_DEVIATION = 0.87962566103423978


def initializers():
    cases = []
    for name, (scale, mode, distribution) in VARIANCE_SCALING.items():
        built = getattr(keras.initializers, name)()
        if (built.scale, built.mode, built.distribution) != (scale, mode, distribution):
            raise ValueError(f"{name} is {built.scale}, {built.mode}, {built.distribution} in this Keras")
        for shape in SHAPES:
            cases.append(_variance_scaling(name, {}, scale, mode, distribution, shape))
    for mode in ("fan_in", "fan_out", "fan_avg"):
        for distribution in ("uniform", "truncated_normal", "untruncated_normal"):
            options = {"scale": 0.7, "mode": mode, "distribution": distribution}
            cases.append(_variance_scaling("VarianceScaling", options, 0.7, mode, distribution, [5, 12]))
    return {
        "meaning": {
            "fanIn": "with fanOut: from the shape; rank 1 uses its size for both, rank > 2 is (..., in, out)",
            "variance": "scale / max(1, fan), fan by mode",
            "limit": "uniform: values lie in [-limit, limit), limit = sqrt(3 variance)",
            "stddev": "of the values drawn; parameterStddev is what the normal distribution is made with (truncated: "
            "stddev / 0.8796..., cut off at 2 parameterStddev = bound)",
        },
        "cases": cases,
    }


def _variance_scaling(name, config, scale, mode, distribution, shape):
    fan_in, fan_out = compute_fans(shape)
    variance = scale / max(1.0, {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode])
    deviation = math.sqrt(variance)
    record = {
        "id": "/".join([name, *[str(value) for value in config.values()], "x".join(map(str, shape))]),
        "initializer": {
            "className": name,
            "config": config,
            "options": {key: camel(value) if isinstance(value, str) else value for key, value in config.items()},
        },
        "shape": shape,
        "fanIn": fan_in,
        "fanOut": fan_out,
        "distribution": camel(distribution),
        "variance": Single(variance),
        "stddev": Single(deviation),
    }
    if distribution == "uniform":
        record["limit"] = Single(math.sqrt(3 * variance))
    else:
        cut = distribution == "truncated_normal"
        record["parameterStddev"] = Single(deviation / TRUNCATED_DEVIATION if cut else deviation)
        if cut:
            record["bound"] = Single(2 * deviation / TRUNCATED_DEVIATION)
    _confirm(name, config, shape, record)
    return record


def _confirm(name, config, shape, record):
    """Keras' own draws must agree with the formulas (about 100,000 numbers of the same fans)."""
    if len(shape) != 2:
        return
    draws = []
    for seed in range(max(2, 100_000 // math.prod(shape))):
        initializer = getattr(keras.initializers, name)(**config, seed=seed)
        draws.append(initializer(shape, dtype="float32").detach().numpy().reshape(-1))
    draws = np.concatenate(draws)
    if abs(draws.std() / record["stddev"] - 1) > 0.02:
        raise ValueError(f"{record['id']}: Keras draws with deviation {draws.std()}, not {record['stddev']}")
    bound = record.get("limit", record.get("bound"))
    if bound and not 0.99 * bound < np.abs(draws).max() <= bound * 1.00001:
        raise ValueError(f"{record['id']}: Keras draws up to {np.abs(draws).max()}, not {bound}")
