"""Writes reference.safetensors with the reference implementation (pip install safetensors numpy).

    python make_safetensors.py

safetensors.test.ts reads it back; the values are listed there.
"""

import numpy as np
from safetensors.numpy import save_file

save_file(
    {
        "kernel": np.array([[1.5, -2.25, 3e38], [-0.0, 1e-40, np.inf]], dtype=np.float32),
        "half": np.array([1, -2, 65504, 2**-24], dtype=np.float16),
        "double": np.array([0.1, -1e300], dtype=np.float64),
        "ids": np.array([[-(2**31)], [2**31 - 1]], dtype=np.int32),
        "long": np.array([-5, 7], dtype=np.int64),
        "bytes": np.arange(250, 256, dtype=np.uint8),
        "mask": np.array([True, False, True]),
        "scalar": np.array(42, dtype=np.int32),
        "empty": np.zeros((0, 3), dtype=np.float32),
    },
    "reference.safetensors",
    metadata={"made by": "safetensors for Python", "ümlaut": "日本"},
)
