"""A fresh process: milliseconds to import PyTorch, and from there to the end of a model's first training step."""

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
loss = torch.nn.functional.mse_loss(dense(recurrent(x)[0][:, -1]), y)
loss.backward()
optimizer.step()
loss.item()
print(json.dumps({"import": (imported - began) * 1000, "firstStep": (clock.perf_counter() - imported) * 1000}))
