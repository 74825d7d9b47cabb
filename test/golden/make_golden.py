#!/usr/bin/env python3
"""Makes the golden values of this folder with Keras 3 (torch backend) and PyTorch.

    KERAS_BACKEND=torch python test/golden/make_golden.py            # every topic, into this folder
    KERAS_BACKEND=torch python test/golden/make_golden.py recurrent  # only some topics
    KERAS_BACKEND=torch python test/golden/make_golden.py --check    # remake in memory and compare with the files

Nothing is random: every number given to a layer is a closed formula of its position (generator/common.py, `numbers`), so
the same versions give the same files. Inputs and weights are exact float32 numbers; the calculation runs in float64 and
its results are rounded to float32, so the files carry no rounding error of their own. `--floatx float32` calculates in
float32 instead; together with `--check` it tells how far plain float32 arithmetic is from the stored numbers.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator import (  # noqa: E402
    activity, attention, cells, common, functional, functions, further_cells, layers, operations, pytorch, recurrent,
    spatial, training, wrappers,
)

# Topic -> function that returns the file's content, a dictionary with "meaning" and lists of cases.
TOPICS = {
    "recurrent": recurrent.small_cases,
    "recurrent-large": recurrent.large_cases,
    "wrappers": wrappers.cases,
    "cells": cells.cases,
    "attention": attention.cases,
    "further-cells": further_cells.cases,
    "layers": layers.cases,
    "activity": activity.cases,
    "spatial": spatial.cases,
    "losses": training.losses_and_metrics,
    "optimizers": training.optimizers_and_schedules,
    "training": training.full_training,
    "functional": functional.cases,
    "initializers": functions.initializers,
    "regularizers": functions.regularizers,
    "constraints": functions.constraints,
    "activations": functions.activations,
    "operations": operations.cases,
    "pytorch": pytorch.cases,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topics", nargs="*", help=f"some of: {' '.join(TOPICS)}; all when none is named")
    parser.add_argument("--check", action="store_true", help="write nothing, compare with the files")
    parser.add_argument("--floatx", choices=["float64", "float32"], default="float64")
    arguments = parser.parse_args()
    unknown = [topic for topic in arguments.topics if topic not in TOPICS]
    if unknown:
        parser.error(f"no such topic: {' '.join(unknown)}; there are {' '.join(TOPICS)}")
    if arguments.floatx != "float64" and not arguments.check:
        parser.error("--floatx float32 is only for --check: the files hold float64 results")
    common.set_precision(arguments.floatx)
    worst = 0.0
    for topic in arguments.topics or TOPICS:
        content = {"made": common.versions(), **TOPICS[topic]()}
        path = HERE / f"{topic}.json"
        if arguments.check:
            difference, where = common.compare(path, content)
            worst = max(worst, difference)
            print(f"{topic}: largest difference {difference:.2g}{f' at {where}' if where else ''}")
        else:
            common.write(path, content)
            print(f"{topic}: {common.count(content)} cases, {path.stat().st_size / 1024:.0f} KiB")
    if arguments.check and arguments.floatx == "float64" and worst > 1e-6:
        sys.exit("the files differ from what this script makes")


if __name__ == "__main__":
    main()
