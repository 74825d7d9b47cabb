"""PyTorch on the CPU, speaking the protocol of protocol.mjs."""

import json
import os
import sys
import time as clock

import torch


def say(message):
    print(json.dumps(message), flush=True)


def setup(case):
    cells = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
    torch.manual_seed(1)
    layer = cells[case["cell"]](case["inputs"], case["units"], batch_first=True)
    x = torch.rand(case["batch"], case["time"], case["inputs"]) * 2 - 1
    if case["mode"] == "infer":
        layer.eval()

        def infer():
            with torch.inference_mode():
                layer(x)

        return infer
    optimizer = torch.optim.SGD(layer.parameters(), lr=1e-3)

    def train():
        optimizer.zero_grad(set_to_none=True)
        y, _ = layer(x)
        loss = (y * y).mean()
        loss.backward()
        optimizer.step()
        loss.item()

    return train


def main():
    torch.set_num_threads(int(os.environ.get("RONDO_BENCH_THREADS", "1")))
    torch.set_flush_denormal(True)
    say({"ready": True, "description": f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s)"})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "setup" in request:
                step = setup(request["setup"])
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
