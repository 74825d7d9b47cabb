"""PyTorch on the CPU, speaking the protocol of protocol.mjs."""

import json
import math
import os
import signal
import sys
import time as clock

import torch
from torch import nn
from torch.nn import functional as F

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def say(message):
    print(json.dumps(message), flush=True)


def numbers(count, seed=1):
    """The numbers of protocol.mjs: a hash of their position, in [-1, 1)."""
    mask = 0xFFFFFFFF
    x = torch.arange(1, count + 1, dtype=torch.int64) * 2654435761 + seed * 40503
    x &= mask
    x = ((x ^ (x >> 15)) * 2246822519) & mask
    x = ((x ^ (x >> 13)) * 3266489917) & mask
    x = x ^ (x >> 16)
    return (torch.where(x >= 2**31, x - 2**32, x).double() / 2**31).float()


def tokens(count, vocabulary, seed):
    return ((numbers(count, seed).double() + 1) / 2 * vocabulary).floor().long() % vocabulary


def weights_of(cell, inputs, units, index=0):
    """Kernel, recurrent kernel and biases as PyTorch keeps them."""
    gates = GATES[cell]
    seed = 100 + 10 * index

    def matrix(rows, seed):
        return (numbers(rows * gates * units, seed) / math.sqrt(rows)).view(rows, gates * units)

    kernel, recurrent = matrix(inputs, seed), matrix(units, seed + 1)
    bias = numbers((2 if cell == "gru" else 1) * gates * units, seed + 2) * 0.1
    bias = bias.view(-1, gates * units)
    second = bias[1] if cell == "gru" else torch.zeros(gates * units)
    order = [1, 0, 2] if cell == "gru" else list(range(gates))

    def gated(x):
        return torch.cat([x.view(-1, gates, units)[:, gate] for gate in order], dim=1)

    return gated(kernel).T, gated(recurrent).T, gated(bias[0]).flatten(), gated(second).flatten()


def assign(layer, values, suffix):
    names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    with torch.no_grad():
        for name, value in zip(names, values):
            getattr(layer, name + suffix).copy_(value)


def sequence(case):
    cell, batch, time, inputs, units = (case[k] for k in ("cell", "batch", "time", "inputs", "units"))
    layer = CELLS[cell](inputs, units, batch_first=True)
    assign(layer, weights_of(cell, inputs, units), "_l0")
    x = numbers(batch * time * inputs).view(batch, time, inputs)
    if case["mode"] == "infer":
        layer.eval()

        def infer():
            with torch.inference_mode():
                return layer(x)[0]

        def outputs():
            y = infer()
            places = [(i * 7 % batch, max(0, (i + 1) * time // 16 - 1), i * 13 % units) for i in range(16)]
            return [y[place].item() for place in places]

        return infer, outputs
    # rondo's and Keras' LSTM and simple RNN have one bias.
    layer.bias_hh_l0.requires_grad = cell == "gru"
    trained = [p for p in layer.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.05)

    def train():
        optimizer.zero_grad(set_to_none=True)
        y, _ = layer(x)
        loss = (y * y).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return train, lambda: [train(), layer(x)[0].square().mean().item()]


class CharacterModel(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.embedding = nn.Embedding(case["vocabulary"], case["inputs"])
        self.recurrent = nn.LSTM(case["inputs"], case["units"], num_layers=case["layers"], batch_first=True)
        self.scores = nn.Linear(case["units"], case["vocabulary"])

    def forward(self, ids):
        return self.scores(self.recurrent(self.embedding(ids))[0])


def text(case):
    model = CharacterModel(case)
    shape = (case["batch"], case["time"])
    x, y = (tokens(shape[0] * shape[1], case["vocabulary"], seed).view(shape) for seed in (1, 2))
    # The fastest of PyTorch's three Adams on a CPU.
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        return loss.item()

    return step, None


def stream(case):
    units, depth = case["units"], case["layers"]
    cells = [nn.LSTMCell(units, units) for _ in range(depth)]
    for i, cell in enumerate(cells):
        assign(cell, weights_of("lstm", units, units, i), "")
    x = numbers(units).view(1, units)
    states = [(torch.zeros(1, units), torch.zeros(1, units)) for _ in cells]

    def step():
        with torch.inference_mode():
            y = x
            for i, cell in enumerate(cells):
                states[i] = cell(y, states[i])
                y = states[i][0]
        return y

    def outputs():
        for _ in range(2):
            step()
        return step()[0, :16].tolist()

    return step, outputs


SETUPS = {"train": sequence, "infer": sequence, "text": text, "stream": stream}


def main():
    # Ctrl-C is for the comparison, which lets the case at hand end; a system ends with its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(int(os.environ.get("RONDO_BENCH_THREADS", "1")))
    torch.set_flush_denormal(True)
    say({"ready": True, "description": f"PyTorch {torch.__version__}"})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "setup" in request:
                step = None
                step, sample = SETUPS[request["setup"]["mode"]](request["setup"])
                start = clock.perf_counter()
                values = sample and sample()
                say({"ok": True, "sample": values, "sampleMs": (clock.perf_counter() - start) * 1000})
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
