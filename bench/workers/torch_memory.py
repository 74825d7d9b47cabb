"""One training step in PyTorch: prints how far the process grew beyond what was there."""

import json
import re
import sys

import torch


def status(key):
    with open("/proc/self/status", encoding="utf8") as file:
        return int(re.search(rf"^{key}:\s*(\d+) kB", file.read(), re.M).group(1)) * 1024


def prepare(case):
    cells = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
    layer = cells[case["cell"]](case["inputs"], case["units"], batch_first=True)
    x = torch.rand(case["batch"], case["time"], case["inputs"]) * 2 - 1
    optimizer = torch.optim.SGD(layer.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad(set_to_none=True)
        y, _ = layer(x)
        loss = (y * y).mean()
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    case = json.loads(sys.argv[1])
    small = prepare({**case, "batch": 1, "time": 2, "inputs": 8, "units": 8})
    for _ in range(200):
        small()
    step = prepare(case)
    before = status("VmRSS")
    with open("/proc/self/clear_refs", "w", encoding="utf8") as file:
        file.write("5")  # the peak begins anew
    for _ in range(2):
        step()
    print(json.dumps({"growth": status("VmHWM") - before}))


main()
