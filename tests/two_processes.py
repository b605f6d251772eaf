"""Run by test_hscore_metric.py: two processes see samples of their own; compute() must give the
one-call result."""

import json
import sys

import numpy as np
import torch
import torch.distributed as dist

from tdist import HScore, h_score


def samples():
    rng = np.random.default_rng(0)
    y = rng.choice(5, size=200, p=[0.1, 0.15, 0.2, 0.25, 0.3])
    return rng.standard_normal((200, 6)) + 1e3 + rng.standard_normal((5, 6))[y], y * 10 - 7


def cases(y):
    """Which rows each of the two processes sees, batch by batch."""
    rows = np.arange(len(y))
    low = y < 10  # the first process never sees the classes of the second
    return {
        "classes and batch counts differ": (np.array_split(rows[low], 3),
                                            np.array_split(rows[~low], 7)),
        "samples differ": (np.array_split(rows[:31], 2), [rows[31:]]),
        "one process has no samples": ([], np.array_split(rows, 4)),
        "copies": (np.array_split(np.r_[:6, :6], 2), [np.r_[3:7], np.r_[:3]]),
    }


def main(path):
    dist.init_process_group("gloo")
    rank, answers = dist.get_rank(), {}
    x, y = samples()
    for name, split in cases(y).items():
        for shrinkage in (None, 0.3, "ledoit-wolf"):
            metric = HScore(shrinkage)
            for batch in split[rank]:
                metric.update(torch.from_numpy(x[batch]).float(), torch.from_numpy(y[batch]))
            found = [None, None]
            dist.all_gather_object(found, list(metric.compute()))
            seen = np.concatenate([np.concatenate(part) for part in split if part])
            expected = list(h_score(x[seen].astype(np.float32), y[seen], shrinkage))
            answers[f"{name}, shrinkage {shrinkage}"] = [expected, *found]
            metric.update(torch.ones(1, 6), torch.zeros(1))  # the state is this process's own again
            assert metric._total().n == 1 + sum(len(batch) for batch in split[rank])
    if rank == 0:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(answers, file)
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
