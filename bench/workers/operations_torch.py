"""The operations of operations.mjs in PyTorch on the CPU, speaking the protocol of protocol.mjs."""

import json
import os
import sys
import time as clock

import torch
from torch import nn
from torch.nn import functional as F

# PyTorch's one-pass updates where it has them, else its default.
FUSED = {"sgd", "momentum", "adam", "adamw", "amsgrad", "adagrad"}


def say(message):
    print(json.dumps(message), flush=True)


def random(*shape):
    return torch.rand(*shape) * 2 - 1


def make_optimizer(name, parameters):
    options = {"lr": 1e-3, "fused": True} if name in FUSED else {"lr": 1e-3}
    optim = torch.optim
    return {
        "sgd": lambda: optim.SGD(parameters, **options),
        "momentum": lambda: optim.SGD(parameters, momentum=0.9, **options),
        "rmsprop": lambda: optim.RMSprop(parameters, **options),
        "adam": lambda: optim.Adam(parameters, **options),
        "adamw": lambda: optim.AdamW(parameters, weight_decay=0.01, **options),
        "amsgrad": lambda: optim.Adam(parameters, amsgrad=True, **options),
        "nadam": lambda: optim.NAdam(parameters, **options),
        "adamax": lambda: optim.Adamax(parameters, **options),
        "adagrad": lambda: optim.Adagrad(parameters, **options),
        "adadelta": lambda: optim.Adadelta(parameters, **options),
    }[name]()


def without_gradient(f):
    def step():
        with torch.inference_mode():
            f()

    return step


def with_gradient(f, *inputs):
    for x in inputs:
        x.requires_grad_(True)

    def step():
        for x in inputs:
            x.grad = None
        f(*inputs).backward()

    return step


def cross_entropy(case):
    logits = random(case["rows"], case["classes"])
    targets = torch.randint(0, case["classes"], (case["rows"],))
    if case["mode"] == "forward":
        return without_gradient(lambda: F.cross_entropy(logits, targets))
    return with_gradient(lambda x: F.cross_entropy(x, targets), logits)


def rows_of(operation, case):
    x = random(case["rows"], case["classes"])
    if case["mode"] == "forward":
        return without_gradient(lambda: operation(x, -1))
    dy = random(case["rows"], case["classes"])
    x.requires_grad_(True)

    def step():
        x.grad = None
        operation(x, -1).backward(dy)

    return step


def embedding(case):
    layer = nn.Embedding(case["words"], case["size"])
    ids = torch.randint(0, case["words"], (case["batch"], case["time"]))
    upstream = random(case["batch"], case["time"], case["size"])
    name = case["optimizer"]
    optimizer = None if name == "none" else make_optimizer(name, layer.parameters())

    def step():
        layer.zero_grad(set_to_none=True)
        (layer(ids) * upstream).sum().backward()
        if optimizer:
            optimizer.step()

    return step


def chain(case):
    name, count = case["chain"], int(case["count"])
    if name == "bias":
        return with_gradient(lambda x, b: torch.tanh(x + b).sum(), random(count // 1024, 1024), random(1024))
    if name == "normalize":
        x = random(count // 512, 512)

        def normalize():
            middle = x.mean(-1, keepdim=True)
            return (x - middle) / torch.sqrt(((x - middle) ** 2).mean(-1, keepdim=True) + 1e-5)

        return without_gradient(normalize)
    x, y = random(count), random(count)
    if name in ("add", "exp"):
        return without_gradient({"add": lambda: x + y, "exp": lambda: torch.exp(x)}[name])
    return with_gradient(
        {
            "tanh": lambda a: torch.tanh(a * 0.5).sum(),
            "gelu": lambda a: F.gelu(a).sum(),
            "swish": lambda a: F.silu(a).sum(),
            "huber": lambda a: torch.clamp(a - y, -1, 1).square().mean(),
        }[name],
        x,
    )


def parameters_of(model):
    if model == "large":
        return [[5000, 1000]]
    lstm = [[256, 1024], [256, 1024], [1024]]
    return [[65, 256], *lstm, *lstm, [256, 65], [65]]


def optimizer_step(case):
    parameters = [nn.Parameter(random(*shape)) for shape in parameters_of(case["model"])]
    for p in parameters:
        p.grad = random(*p.shape)
    optimizer = make_optimizer(case["optimizer"], parameters)

    def step():
        if "clip" in case:
            nn.utils.clip_grad_norm_(parameters, case["clip"])
        optimizer.step()

    return step


def product(case):
    m, k, n = case["m"], case["k"], case["n"]
    x, w, dy = random(m, k), random(k, n), random(m, n)
    return without_gradient(
        {"forward": lambda: x @ w, "dx": lambda: dy @ w.T, "dw": lambda: x.T @ dy}[case["product"]]
    )


class CharacterModel(nn.Module):
    def __init__(self, units, words):
        super().__init__()
        self.embedding = nn.Embedding(words, units)
        self.lstm = nn.LSTM(units, units, num_layers=2, batch_first=True)
        self.dense = nn.Linear(units, words)

    def forward(self, ids):
        return self.dense(self.lstm(self.embedding(ids))[0])


def character(case):
    model = CharacterModel(case["units"], case["words"])
    optimizer = make_optimizer("adam", model.parameters())
    shape = (case["batch"], case["time"])
    x, y = torch.randint(0, case["words"], shape), torch.randint(0, case["words"], shape)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    return step


KINDS = {
    "crossEntropy": cross_entropy,
    "softmax": lambda case: rows_of(torch.softmax, case),
    "logSoftmax": lambda case: rows_of(torch.log_softmax, case),
    "embedding": embedding,
    "chain": chain,
    "optimizer": optimizer_step,
    "product": product,
    "character": character,
}


def main():
    torch.set_num_threads(int(os.environ.get("RONDO_BENCH_THREADS", "1")))
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    say({"ready": True, "description": f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s)"})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "setup" in request:
                step = KINDS[request["setup"]["kind"]](request["setup"])
                say({"ok": True})
            else:
                times = []
                for _ in range(request["steps"]):
                    start = clock.perf_counter()
                    step()
                    times.append((clock.perf_counter() - start) * 1000)
                say({"ms": times})
        except Exception as error:  # the comparison goes on without this case
            say({"error": str(error)})


main()
