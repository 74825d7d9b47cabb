"""One causal Transformer block in PyTorch, speaking the protocol of protocol.mjs."""

import json
import os
import sys
import time as clock

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Normalization first; one product for query, key and value, and PyTorch's fused attention."""

    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(size), nn.LayerNorm(size)
        self.project, self.output = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)

    def forward(self, x):
        batch, time, size = x.shape
        parts = self.project(self.first(x)).view(batch, time, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        looked = F.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_causal=True)
        x = x + self.output(looked.transpose(1, 2).reshape(batch, time, size))
        return x + self.down(F.relu(self.up(self.second(x))))


def setup(case):
    torch.manual_seed(1)
    block = Block(case["size"], case["heads"])
    x = torch.rand(case["batch"], case["time"], case["size"]) * 2 - 1
    if case["mode"] == "infer":
        block.eval()

        def infer():
            with torch.inference_mode():
                block(x)

        return infer
    optimizer = torch.optim.SGD(block.parameters(), lr=1e-3)

    def train():
        optimizer.zero_grad(set_to_none=True)
        y = block(x)
        loss = (y * y).mean()
        loss.backward()
        optimizer.step()
        loss.item()

    return train


def say(message):
    print(json.dumps(message), flush=True)


def main():
    torch.set_num_threads(int(os.environ.get("RONDO_THREADS", "1")))
    torch.set_flush_denormal(True)
    say({"ready": True, "description": f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s)"})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        if "setup" in request:
            step = setup(request["setup"])
            say({"ok": True})
            continue
        times = []
        for _ in range(request["steps"]):
            start = clock.perf_counter()
            step()
            times.append((clock.perf_counter() - start) * 1000)
        say({"ms": times})


main()
