"""Values of tensor operations, computed by NumPy (and PyTorch for special functions) in float64."""

import numpy as np
import torch

from .common import integers, numbers, typed_form


def x(shape, phase=0.3, **more):
    return numbers(shape, phase, **more).astype(np.float64)


def positive(shape, phase=0.3):
    return np.abs(x(shape, phase)).astype(np.float32).astype(np.float64) + 0.25


def whole(shape, phase=0.3, low=-5, high=6):
    return integers(shape, phase, low, high)


def truth(shape, phase=0.3):
    return integers(shape, phase, 0, 2).astype(bool)


def special(function):
    return lambda a: function(torch.tensor(np.asarray(a, dtype=np.float64))).numpy()


def argument(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return {"tensor": typed_form(np.asarray(value))}
    if isinstance(value, list) and value and all(isinstance(item, np.ndarray) for item in value):
        return {"tensors": [typed_form(item) for item in value]}
    return {"value": value}


UNARY = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "square": np.square, "exp": np.exp, "expm1": np.expm1,
    "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "sigmoid": special(torch.sigmoid),
    "hardSigmoid": special(torch.nn.functional.hardsigmoid), "relu": special(torch.relu),
    "softplus": special(torch.nn.functional.softplus), "softsign": special(torch.nn.functional.softsign),
    "elu": special(torch.nn.functional.elu), "gelu": special(torch.nn.functional.gelu),
    "silu": special(torch.nn.functional.silu), "erf": special(torch.erf), "floor": np.floor, "ceil": np.ceil,
    "round": np.round,
}  # fmt: skip
UNARY_POSITIVE = {
    "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "rsqrt": lambda a: 1 / np.sqrt(a), "reciprocal": np.reciprocal,
}  # fmt: skip
KEEP_INTEGERS = {"neg", "abs", "sign", "square"}

BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum, "mod": np.mod,
    "floorDiv": np.floor_divide, "squaredDifference": lambda a, b: (a - b) ** 2,
}  # fmt: skip
COMPARE = {
    "equal": np.equal, "notEqual": np.not_equal, "less": np.less, "lessEqual": np.less_equal, "greater": np.greater,
    "greaterEqual": np.greater_equal,
}  # fmt: skip
LOGIC = {"logicalAnd": np.logical_and, "logicalOr": np.logical_or, "logicalXor": np.logical_xor}


def log_sum_exp(a, axis=None, keepdims=False):
    axes = tuple(range(a.ndim)) if axis is None else axis
    return torch.logsumexp(torch.tensor(a), dim=axes, keepdim=keepdims).numpy()


def norm(order):
    def function(a, axis=None, keepdims=False):
        if order == 1:
            return np.sum(np.abs(a), axis=axis, keepdims=keepdims)
        if order == "inf":
            return np.max(np.abs(a), axis=axis, keepdims=keepdims)
        return np.sqrt(np.sum(a * a, axis=axis, keepdims=keepdims))

    return function


REDUCE = {
    "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod, "logSumExp": log_sum_exp,
    "variance": np.var, "std": np.std,
}  # fmt: skip

calls = []


def case(name, arguments, result):
    """One call rondo.name(*arguments) and what it must return: an array, or a list of arrays."""
    results = result if isinstance(result, list) else [result]
    calls.append(
        {
            "id": f"{name}-{sum(call['name'] == name for call in calls)}",
            "name": name,
            "arguments": [argument(value) for value in arguments],
            "results": [typed_form(np.asarray(value)) for value in results],
        }
    )


def elementwise():
    for name, function in UNARY.items():
        for a in (x((2, 3), amplitude=3.0), x((), 1.1), x((0, 2)), x((23,), 2.0, amplitude=1.6)):
            case(name, [a], function(a))
        a = whole((2, 3))
        result = function(a if name in KEEP_INTEGERS else a.astype(np.float64))
        case(name, [a], result)
    case("round", [np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])], np.array([-2.0, -2.0, 0.0, 0.0, 2.0, 2.0]))
    case("softplus", [np.array([-90.0, -20.0, 20.0, 90.0])], special(torch.nn.functional.softplus)([-90, -20, 20, 90]))
    for name, function in UNARY_POSITIVE.items():
        for a in (positive((2, 3)), positive(()), positive((3, 0)), whole((4,), 0.1, 1, 6)):
            case(name, [a], function(a.astype(np.float64)))

    shapes = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((3, 1, 2), (4, 1)), ((0, 3), (3,)), ((), ())]
    for name, function in BINARY.items():
        for p, q in shapes:
            a, b = x(p, 0.2, amplitude=2.0), x(q, 1.3, amplitude=1.5)
            case(name, [a, b], function(a, b))
        for p, q in shapes[:3]:
            a = whole(p)
            b = whole(q, 1.0, 1, 4) * (1 if name not in ("mod", "floorDiv") else -1)
            case(name, [a, b.astype(np.int32)], function(a, b.astype(np.int32)))
        case(name, [whole((3,)), x((3,), 1.0)], function(whole((3,)).astype(np.float64), x((3,), 1.0)))
        case(name, [whole((3,)), 2], function(whole((3,)), np.int32(2)))
        case(name, [x((3,)), 0.5], function(x((3,)), 0.5))
    case("add", [truth((4,)), truth((4,), 2.0)], truth((4,)).astype(np.int32) + truth((4,), 2.0).astype(np.int32))
    case("addN", [[x((2,)), x((2,), 1.0), x((2,), 2.0)]], x((2,)) + x((2,), 1.0) + x((2,), 2.0))
    for p, q in shapes:
        a, b = x(p, 0.2, amplitude=2.0), positive(q, 1.3)
        case("div", [a, b], a / b)
        case("pow", [positive(p, 0.2), x(q, 1.3)], positive(p, 0.2) ** x(q, 1.3))
    case("div", [whole((3,)), whole((3,), 1.0, 1, 4)], whole((3,)) / whole((3,), 1.0, 1, 4))
    case("pow", [whole((3,)), whole((3,), 1.0, 0, 4)], whole((3,)).astype(np.float64) ** whole((3,), 1.0, 0, 4))

    for name, function in COMPARE.items():
        for p, q in shapes:
            case(name, [whole(p, 0.4, 0, 3), whole(q, 1.0, 0, 3)], function(whole(p, 0.4, 0, 3), whole(q, 1.0, 0, 3)))
        case(name, [x((2, 3)), x((3,), 0.3)], function(x((2, 3)), x((3,), 0.3)))
        case(name, [whole((4,), 0.4, 0, 3), x((4,), 1.0)], function(whole((4,), 0.4, 0, 3), x((4,), 1.0)))
    for name, function in LOGIC.items():
        for p, q in shapes:
            case(name, [truth(p), truth(q, 2.0)], function(truth(p), truth(q, 2.0)))
        case(name, [whole((6,), 0.2, -1, 2), truth((6,))], function(whole((6,), 0.2, -1, 2), truth((6,))))
    case("logicalNot", [truth((2, 3))], ~truth((2, 3)))
    case("logicalNot", [whole((5,), 0.2, -1, 2)], whole((5,), 0.2, -1, 2) == 0)
    for name in ("isNaN", "isInf"):
        case(name, [x((3,))], np.zeros(3, dtype=bool))
    case("isFinite", [x((3,))], np.ones(3, dtype=bool))

    case("where", [truth((2, 3)), x((2, 3)), x((2, 3), 2.0)], np.where(truth((2, 3)), x((2, 3)), x((2, 3), 2.0)))
    case("where", [truth((3,)), x((2, 1)), 0], np.where(truth((3,)), x((2, 1)), 0))
    case("where", [truth((2, 1)), whole((3,)), whole((3,), 2.0)], np.where(truth((2, 1)), whole((3,)), whole((3,), 2.0)))
    for name in ("clip", "clipByValue"):
        case(name, [x((2, 5), amplitude=2.0), -0.5, 0.75], np.clip(x((2, 5), amplitude=2.0), -0.5, 0.75))
    a = x((8,), amplitude=3.0)
    case("cast", [a, "int32"], np.trunc(a).astype(np.int32))
    case("cast", [np.round(a), "bool"], np.round(a) != 0)
    case("cast", [whole((5,)), "float32"], whole((5,)).astype(np.float64))
    case("cast", [whole((5,)), "bool"], whole((5,)) != 0)
    case("cast", [truth((5,)), "int32"], truth((5,)).astype(np.int32))
    case("cast", [truth((5,)), "float32"], truth((5,)).astype(np.float64))


def reductions():
    axes = [None, 0, 1, -1, [0, 2], [1, 2], [0, -1], [], [2, 1, 0]]
    functions = {**REDUCE, **{("norm", order): norm(order) for order in (1, 2, "euclidean", "inf")}}
    for key, function in functions.items():
        name, *order = [key] if isinstance(key, str) else key
        for axis in axes:
            for keep in (False, True):
                a = x((2, 3, 4), 0.9)
                numpy_axis = tuple(axis) if isinstance(axis, list) else axis
                result = a if axis == [] and name == "logSumExp" else function(a, axis=numpy_axis, keepdims=keep)
                case(name, [a, *order, axis, keep], result)
        case(name, [x((), 0.7), *order], function(x((), 0.7)))
    for name in ("sum", "max", "min", "prod"):
        for axis in (None, 0, -1, [0, 1]):
            numpy_axis = tuple(axis) if isinstance(axis, list) else axis
            case(name, [whole((3, 4)), axis], REDUCE[name](whole((3, 4)), axis=numpy_axis).astype(np.int32))
    case("sum", [truth((7,))], np.sum(truth((7,))).astype(np.int32))
    case("mean", [whole((2, 3)), 0], np.mean(whole((2, 3)), axis=0))
    case("sum", [x((2, 0, 3)), 1], np.zeros((2, 3)))
    case("sum", [x((2, 0, 3)), 0], np.zeros((0, 3)))
    case("prod", [x((0,))], np.array(1.0))
    case("logSumExp", [np.array([[90.0, 91.0], [-90.0, -89.0]]), 1], log_sum_exp(np.array([[90.0, 91.0], [-90.0, -89.0]]), 1))
    for name, function in (("any", np.any), ("all", np.all)):
        for axis in (None, 0, 1):
            case(name, [truth((3, 4), 1.0), axis], function(truth((3, 4), 1.0), axis=axis))
        case(name, [np.zeros((2, 0)), 1], function(np.zeros((2, 0)), axis=1))
        case(name, [whole((2, 3), 0.2, 0, 2), -1, True], function(whole((2, 3), 0.2, 0, 2), axis=-1, keepdims=True))
    for name, function in (("argMax", np.argmax), ("argMin", np.argmin)):
        for axis in (0, 1, -1):
            case(name, [x((2, 3, 4), 0.9), axis], function(x((2, 3, 4), 0.9), axis=axis).astype(np.int32))
        case(name, [whole((20,), 0.1, 0, 3)], function(whole((20,), 0.1, 0, 3)).astype(np.int32))
        case(name, [x((2, 3)), 1, True], function(x((2, 3)), axis=1, keepdims=True).astype(np.int32))
    a = x((2, 3, 4), 0.9)
    for axis in (0, 1, -1):
        total = np.cumsum(a, axis=axis)
        backwards = np.flip(np.cumsum(np.flip(a, axis), axis=axis), axis)
        case("cumsum", [a, axis], total)
        case("cumsum", [a, axis, True], total - a)
        case("cumsum", [a, axis, False, True], backwards)
        case("cumsum", [a, axis, True, True], backwards - a)
    case("cumsum", [whole((5,))], np.cumsum(whole((5,))).astype(np.int32))
    case("moments", [a, [0, 2], True], [np.mean(a, axis=(0, 2), keepdims=True), np.var(a, axis=(0, 2), keepdims=True)])
    case("moments", [a], [np.mean(a), np.var(a)])


def linear_algebra():
    def swap(a, yes):
        return np.swapaxes(a, -1, -2) if yes else a

    pairs = [((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 1, 2, 3), (3, 3, 4)),
             ((1, 2, 3), (5, 3, 4)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((5, 0, 3), (3, 4)), ((1, 1), (1, 1)),
             ((17, 33), (33, 19))]  # fmt: skip
    for p, q in pairs:
        a, b = x(p, 0.2), x(q, 1.4)
        for ta in (False, True):
            for tb in (False, True):
                options = {key: True for key, yes in (("transposeA", ta), ("transposeB", tb)) if yes}
                case("matMul", [swap(a, ta).copy(), swap(b, tb).copy(), options], a @ b)
    case("matMul", [x((3,)), x((3,), 1.0)], x((3,)) @ x((3,), 1.0))
    case("matMul", [x((3,)), x((3, 2), 1.0)], x((3,)) @ x((3, 2), 1.0))
    case("matMul", [x((4, 2, 3)), x((3,), 1.0)], x((4, 2, 3)) @ x((3,), 1.0))
    case("matMul", [whole((2, 3)), whole((3, 2), 1.0)], (whole((2, 3)) @ whole((3, 2), 1.0)).astype(np.float64))
    case("dot", [x((4,)), x((4,), 1.0)], np.dot(x((4,)), x((4,), 1.0)))
    case("dot", [x((2, 4)), x((4, 3), 1.0)], np.dot(x((2, 4)), x((4, 3), 1.0)))
    case("outer", [x((2,)), x((3,), 1.0)], np.outer(x((2,)), x((3,), 1.0)))


def movement():
    a = x((2, 3, 4))
    case("reshape", [a, [4, -1]], a.reshape(4, -1))
    case("reshape", [x((1, 1)), []], x((1, 1)).reshape(()))
    case("reshape", [x((0, 3)), [3, 0, 2]], np.zeros((3, 0, 2)))
    case("expandDims", [a], a[None])
    case("expandDims", [a, 2], np.expand_dims(a, 2))
    case("expandDims", [a, -1], np.expand_dims(a, -1))
    case("expandDims", [a, -2], np.expand_dims(a, -2))
    case("squeeze", [x((1, 3, 1))], x((1, 3, 1)).squeeze())
    case("squeeze", [x((1, 3, 1)), -1], x((1, 3, 1)).squeeze(-1))
    case("squeeze", [x((1, 3, 1)), [0]], x((1, 3, 1)).squeeze(0))
    case("flatten", [whole((2, 3))], whole((2, 3)).reshape(-1))
    for perm in ([0, 2, 1], [2, 0, 1], [1, 2, 0], [-1, 0, 1]):
        case("transpose", [a, perm], np.transpose(a, perm))
    case("transpose", [a], a.T)
    case("transpose", [x((1, 3, 1, 2)), [2, 1, 3, 0]], np.transpose(x((1, 3, 1, 2)), [2, 1, 3, 0]))
    case("transpose", [truth((2, 3))], truth((2, 3)).T)
    case("transpose", [x((0, 2))], x((0, 2)).T)
    case("broadcastTo", [x((3, 1)), [2, 3, 2]], np.broadcast_to(x((3, 1)), (2, 3, 2)))
    case("broadcastTo", [whole(()), [2]], np.broadcast_to(whole(()), (2,)))
    case("broadcastTo", [x((1, 2)), [0, 2]], np.zeros((0, 2)))
    case("tile", [a, [2, 1, 3]], np.tile(a, [2, 1, 3]))
    case("tile", [whole((3,)), [0]], np.zeros(0, dtype=np.int32))
    case("reverse", [a], np.flip(a))
    case("reverse", [a, [0, -1]], np.flip(a, (0, 2)))
    case("reverse", [whole((5,)), 0], np.flip(whole((5,))))
    case("slice", [a, [1, 0, 2], [1, 2, 2]], a[1:2, 0:2, 2:4])
    case("slice", [a, 1], a[1:])
    case("slice", [a, [0, -2]], a[:, -2:])
    case("slice", [a, [0, 1], [-1, 1]], a[:, 1:2])
    case("slice", [a, [2]], a[2:])
    case("stridedSlice", [a, [0, 2, 3], [2, 0, -5], [1, -1, -2]], a[0:2, 2:0:-1, 3:-5:-2])
    case("stridedSlice", [whole((7,)), [1], [100], [3]], whole((7,))[1:100:3])
    case("stridedSlice", [whole((7,)), [-3], [-1]], whole((7,))[-3:-1])
    case("stridedSlice", [whole((7,)), [4], [2]], whole((7,))[4:2])
    case("split", [a, 2, -1], np.split(a, 2, axis=-1))
    case("split", [a, [1, 2, 0], 1], np.split(a, [1, 3], axis=1))
    case("unstack", [a, 1], [a[:, i] for i in range(3)])
    case("concat", [[x((2, 1)), x((2, 3), 1.0)], -1], np.concatenate([x((2, 1)), x((2, 3), 1.0)], axis=-1))
    case("concat", [[whole((2,)), whole((0,)), truth((2,))]], np.concatenate([whole((2,)), truth((2,)).astype(np.int32)]))
    case("concat", [[whole((2,)), x((1,))]], np.concatenate([whole((2,)).astype(np.float64), x((1,))]))
    for axis in (0, 1, 2, -1):
        case("stack", [[x((2, 3)), x((2, 3), 1.0)], axis], np.stack([x((2, 3)), x((2, 3), 1.0)], axis=axis))
    case("pad", [x((2, 3)), [[1, 0], [2, 1]]], np.pad(x((2, 3)), [(1, 0), (2, 1)]))
    case("pad", [whole((2,)), [[1, 1]], 9], np.pad(whole((2,)), 1, constant_values=9))
    case("pad", [whole((2,)), [[0, 1]], 0.5], np.pad(whole((2,)).astype(np.float64), [(0, 1)], constant_values=0.5))
    case("clone", [a], a)


def indexing():
    a = x((3, 4, 2))
    index = whole((2, 2), 0.1, 0, 3)
    for name in ("gather", "take"):
        case(name, [a, index], np.take(a, index, axis=0))
        case(name, [a, index, 1], np.take(a, index, axis=1))
        case(name, [a, whole((5,), 0.1, 0, 2), -1], np.take(a, whole((5,), 0.1, 0, 2), axis=-1))
        case(name, [whole((4,)), index], np.take(whole((4,)), index))
        case(name, [truth((4,)), whole((), 0.1, 0, 3)], np.take(truth((4,)), whole((), 0.1, 0, 3)))
    sums = np.zeros((4, 2))
    np.add.at(sums, whole((2, 3), 0.1, 0, 4), x((2, 3, 2)))
    case("segmentSum", [x((2, 3, 2)), whole((2, 3), 0.1, 0, 4), 4], sums)
    case("segmentSum", [x((0, 2)), whole((0,)), 3], np.zeros((3, 2)))
    case("scatterAdd", [x((4, 2), 2.0), whole((2, 3), 0.1, 0, 4), x((2, 3, 2))], x((4, 2), 2.0) + sums)
    rows = x((3, 5))
    case("pick", [rows, whole((3,), 0.1, 0, 5)], np.take_along_axis(rows, whole((3, 1), 0.1, 0, 5), axis=-1)[:, 0])
    case("pick", [rows, whole((3, 2), 0.1, 0, 5)], np.take_along_axis(rows, whole((3, 2), 0.1, 0, 5), axis=-1))
    case("pick", [x((5,)), whole((), 0.1, 0, 5)], x((5,))[whole((), 0.1, 0, 5)])
    for axis, shape in ((0, (2, 4, 2)), (1, (3, 6, 2)), (-1, (3, 4, 1))):
        index = whole(shape, 0.5, 0, a.shape[axis])
        case("takeAlongAxis", [a, index, axis], np.take_along_axis(a, index, axis=axis))
    hot = whole((2, 3), 0.1, 0, 4)
    case("oneHot", [hot, 4], np.eye(4)[hot])
    case("oneHot", [hot, 4, 0.9, 0.1], np.eye(4)[hot] * 0.8 + 0.1)
    case("oneHot", [np.array([-1, 1, 2], dtype=np.int32), 2], np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
    values, indices = torch.topk(torch.tensor(x((3, 6))), 3)
    case("topK", [x((3, 6)), 3], [values.numpy(), indices.numpy().astype(np.int32)])
    ties = np.array([1.0, 2.0, 2.0, 1.0])
    case("topK", [ties, 3], [np.array([2.0, 2.0, 1.0]), np.array([1, 2, 0], dtype=np.int32)])


def probabilities():
    a = x((2, 3, 4), amplitude=3.0)
    for axis in (0, 1, -1):
        case("softmax", [a, axis], torch.softmax(torch.tensor(a), axis).numpy())
        case("logSoftmax", [a, axis], torch.log_softmax(torch.tensor(a), axis).numpy())
    large = np.array([[100.0, 0.0], [-100.0, -100.0]])
    case("softmax", [large], torch.softmax(torch.tensor(large), -1).numpy())
    case("logSoftmax", [large], torch.log_softmax(torch.tensor(large), -1).numpy())
    classes = whole((2, 3), 0.1, 0, 4)
    rows = -np.take_along_axis(torch.log_softmax(torch.tensor(a), -1).numpy(), classes[..., None], -1)[..., 0]
    case("softmaxCrossEntropy", [classes, a], rows)
    case("softmaxCrossEntropy", [classes[..., None], a], rows)
    case("softmaxCrossEntropy", [np.eye(4)[classes], a], rows)
    soft = torch.softmax(torch.tensor(x((2, 3, 4), 2.0)), -1).numpy().astype(np.float32).astype(np.float64)
    case("softmaxCrossEntropy", [soft, a], -np.sum(soft * torch.log_softmax(torch.tensor(a), -1).numpy(), -1))
    case("softmaxCrossEntropy", [np.int32(2) + np.zeros((), dtype=np.int32), a[0, 0]],
         -torch.log_softmax(torch.tensor(a[0, 0]), -1).numpy()[2])  # fmt: skip
    logits = np.array([-60.0, -20.0, -1.0, 0.0, 1.0, 20.0, 60.0])
    for target in (0.0, 0.25, 1.0):
        targets = np.full(7, target)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            torch.tensor(logits), torch.tensor(targets), reduction="none"
        )
        case("sigmoidCrossEntropy", [targets, logits], loss.numpy())


def creation():
    case("scalar", [2.5], np.array(2.5))
    case("fill", [[2, 3], 0.25], np.full((2, 3), 0.25))
    case("full", [[2], 3, "int32"], np.full(2, 3, dtype=np.int32))
    case("zeros", [[2, 2]], np.zeros((2, 2)))
    case("zeros", [[0], "int32"], np.zeros(0, dtype=np.int32))
    case("ones", [[3], "bool"], np.ones(3, dtype=bool))
    case("zerosLike", [whole((2, 3))], np.zeros((2, 3), dtype=np.int32))
    case("onesLike", [x((2,))], np.ones(2))
    case("eye", [3], np.eye(3))
    case("eye", [2, 3, "int32"], np.eye(2, 3, dtype=np.int32))
    for name in ("arange", "range"):
        case(name, [5], np.arange(5.0))
        case(name, [1, 2, 0.25], np.arange(1, 2, 0.25))
        case(name, [5, 0, -2, "int32"], np.arange(5, 0, -2, dtype=np.int32))
        case(name, [3, 3], np.zeros(0))
    case("linspace", [0, 1, 7], np.linspace(0, 1, 7))
    case("linspace", [2, -1, 4], np.linspace(2, -1, 4))
    case("linspace", [3, 5, 1], np.linspace(3, 5, 1))


def cases():
    calls.clear()
    for section in (creation, elementwise, reductions, linear_algebra, movement, indexing, probabilities):
        section()
    return {
        "meaning": {
            "calls": "rondo.name(...arguments) gives results; an argument is a tensor, an array of tensors or a plain value",
        },
        "cases": list(calls),
    }
