"""Trains the network of `rondo train text` in PyTorch, on the same text with the same configuration.

    python bench/torch_text.py runs/text-1/config.json

Prints the training and validation loss (nats per character) and the time after every pass over the text. Data order,
network, initial distributions, optimizer, learning-rate curve and validation are those of src/tasks/text-*.ts; random
numbers are PyTorch's own.
"""

import json
import math
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

FORGET_RATE = 0.01


class Network(nn.Module):
    def __init__(self, config, log_frequencies):
        super().__init__()
        size = len(log_frequencies)
        make = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[config["cell"]]
        units, inputs = config["units"], config["embedding"]
        self.dropout = config["dropout"]
        self.embedding = nn.Embedding(size, inputs)
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)
        self.layers = nn.ModuleList()
        for _ in range(config["layers"]):
            layer = make(inputs, units, batch_first=True)
            nn.init.xavier_uniform_(layer.weight_ih_l0)
            nn.init.orthogonal_(layer.weight_hh_l0)
            nn.init.zeros_(layer.bias_ih_l0)
            nn.init.zeros_(layer.bias_hh_l0)
            if config["cell"] == "lstm":
                layer.bias_ih_l0.data[units : 2 * units] = 1
            # GRU layers have two biases in Keras too (resetAfter); the others have one.
            layer.bias_hh_l0.requires_grad = config["cell"] == "gru"
            self.layers.append(layer)
            inputs = units
        self.scores = nn.Linear(units, size)
        nn.init.xavier_uniform_(self.scores.weight)
        self.scores.bias.data[:] = log_frequencies

    def forward(self, ids, states):
        x = self.embedding(ids)
        after = []
        for layer, state in zip(self.layers, states):
            x, state = layer(x, state)
            after.append(detached(state))
            x = F.dropout(x, self.dropout, self.training)
        return self.scores(x), after


def detached(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


def forget(state, rows):
    for part in state if isinstance(state, tuple) else (state,):
        part[:, rows] = 0


def streams(tokens, count):
    """Inputs and targets, [streams, positions]."""
    length = (len(tokens) - 1) // count
    rows = torch.arange(count)[:, None] * length + torch.arange(length)
    return tokens[rows], tokens[rows + 1]


@torch.no_grad()
def validate(network, inputs, targets, window):
    network.eval()
    states, total = [None] * len(network.layers), 0.0
    for start in range(0, inputs.shape[1], window):
        ids, goal = inputs[:, start : start + window], targets[:, start : start + window]
        scores, states = network(ids, states)
        total += F.cross_entropy(scores.flatten(0, 1), goal.flatten(), reduction="sum").item()
    network.train()
    return total / inputs.numel()


def main(path):
    with open(path) as file:
        run = json.load(file)
    config = run["config"]
    text = "".join(open(os.path.join(run["folder"], name), encoding="utf-8").read() for name in run["files"])
    ids = {character: i for i, character in enumerate(sorted(set(text)))}
    tokens = torch.tensor([ids[character] for character in text])
    cut = math.floor(len(tokens) * (1 - config["validationSplit"]))
    window, batch = config["window"], config["batchSize"]
    inputs, targets = streams(tokens[:cut], min(batch, (cut - 1) // window))
    held = tokens[cut:]
    validation = streams(held, max(1, min(batch, len(held) // (4 * window))))

    torch.manual_seed(config["seed"])
    counts = torch.bincount(tokens[:cut], minlength=len(ids)) + 1
    network = Network(config, (counts / counts.sum()).log())
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=config["learningRate"], eps=1e-7)
    per_epoch = inputs.shape[1] // window
    total, step, started = per_epoch * config["epochs"], 0, time.time()
    for epoch in range(config["epochs"]):
        states, losses = [None] * config["layers"], 0.0
        for i in range(per_epoch):
            if i > 0:
                rows = torch.rand(inputs.shape[0]) < FORGET_RATE
                for state in states:
                    forget(state, rows)
            decay = config["decay"]
            rate = config["learningRate"] * (decay + (1 - decay) * 0.5 * (1 + math.cos(math.pi * step / total)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            part = slice(i * window, (i + 1) * window)
            scores, states = network(inputs[:, part], states)
            loss = F.cross_entropy(scores.flatten(0, 1), targets[:, part].flatten())
            optimizer.zero_grad()
            loss.backward()
            if config["clip"] > 0:
                nn.utils.clip_grad_norm_(trained, config["clip"])
            optimizer.step()
            losses += loss.item()
            step += 1
        seconds = time.time() - started
        print(
            f"epoch {epoch + 1}  step {step}  loss {losses / per_epoch:.4f}  "
            f"validation {validate(network, *validation, window):.4f}  {seconds:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1])
