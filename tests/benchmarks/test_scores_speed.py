"""Processor seconds of each score in tdist.scores, over those of the H-score.

    OMP_NUM_THREADS=1 .venv/bin/python -m pytest tests/benchmarks/test_scores_speed.py

5,000 x 1,280 features in float32 of 100 classes, and probabilities of 1,000 source classes. Time of
the processor, which other work on the machine does not lengthen; scores take turns. The medians go
to notebooks/results/scores_speed.json, one entry a device.
"""

import json
import statistics
import time

import numpy as np
import torch

from tdist.scores import SCORES
from tdist.scores.comparison import OF_PROBABILITIES
from tdist.studies.results import describe_device, where

M, K, CLASSES, SOURCE_CLASSES, ROUNDS = 5_000, 1_280, 100, 1_000, 3


def test_seconds_of_each_score():
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, M)
    x = rng.standard_normal((M, K)) + 0.1 * rng.standard_normal((CLASSES, K))[y]
    p = rng.dirichlet(np.full(SOURCE_CLASSES, 0.1), M)
    x, p = x.astype(np.float32), p.astype(np.float32)
    times = {name: [] for name in SCORES}
    for turn in range(ROUNDS + 1):
        for name, score in SCORES.items():
            start = time.process_time()
            score(p if name in OF_PROBABILITIES else x, y)
            if turn:  # the first turn warms up
                times[name].append(time.process_time() - start)
    ratios = {name: statistics.median(a / b for a, b in zip(each, times["h"], strict=True))
              for name, each in times.items()}
    store({name: round(statistics.median(each), 3) for name, each in times.items()},
          {name: round(ratio, 2) for name, ratio in ratios.items()})
    assert ratios["mean"] < ratios["loo"] < ratios["knn"]


def store(seconds, ratios):
    path = where() / "scores_speed.json"
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    table[describe_device("cpu")] = {
        "m": M, "k": K, "classes": CLASSES, "source classes": SOURCE_CLASSES, "rounds": ROUNDS,
        "threads": torch.get_num_threads(), "median_seconds": seconds, "over_h": ratios,
        "command": "OMP_NUM_THREADS=1 pytest tests/benchmarks/test_scores_speed.py"}
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=1))
