"""A fresh process: milliseconds to import PyTorch, to the end of a model's first training step, and for the next one."""

import json
import sys
import time as clock

batch, time, units = (int(x) for x in sys.argv[1:4])
began = clock.perf_counter()
import torch  # noqa: E402

imported = clock.perf_counter()
torch.set_num_threads(1)
recurrent, dense = torch.nn.LSTM(8, units, batch_first=True), torch.nn.Linear(units, 1)
optimizer = torch.optim.Adam([*recurrent.parameters(), *dense.parameters()])
x, y = torch.rand(batch, time, 8), torch.rand(batch, 1)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.mse_loss(dense(recurrent(x)[0][:, -1]), y)
    loss.backward()
    optimizer.step()
    return loss.item()


step()
first = clock.perf_counter()
step()
second = clock.perf_counter() - first
times = {"import": imported - began, "first": first - imported, "second": second}
print(json.dumps({name: seconds * 1000 for name, seconds in times.items()}))
