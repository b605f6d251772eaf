"""Does the drift of SGD's roads find lengths that are known? Gaussian tasks, on the translation.

One unit is a pair of tasks and a kind of road, at ten seeds.
"""

import copy
from dataclasses import asdict
from functools import partial

import torch
from torch import nn

from tdist.gaussians import GaussianTask, known_road
from tdist.studies.distances import rounded
from tdist.studies.study import Study, register
from tdist.transfer import Settings
from tdist.transfer.blocks import Blocks
from tdist.transfer.drifts import total
from tdist.transfer.heads import Head
from tdist.transfer.roads import travel

# (|m|, degrees): points of a task, and SGD steps in each of tau: sure classifiers learn slowly
PAIRS = {(1, 120): (1000, 100), (2, 100): (2000, 250)}
KINDS = ("linear", "beta", "bernoulli")  # the last is uncoupled
REPLICAS, SEEDS = 4, 10
SETTINGS = Settings(steps=16, batch=256, lr=1.0, pretrain_steps=0, iterations=1, block=20,
                    visits="all", anneal=True)


def settings(size, degrees, kind):
    """Uncoupled roads are fast at their ends, and need times that are slow there."""
    changes = {"sgd_steps": PAIRS[size, degrees][1]}
    if kind == "bernoulli":
        changes["clock"] = "arcsine"
    return Settings(**asdict(SETTINGS) | changes)


def unit(size, degrees, kind, seeds=SEEDS):
    """The known length, and that of SGD's roads with its drift: one number a seed."""
    ends = GaussianTask.two(size, 0), GaussianTask.two(size, degrees)
    n = PAIRS[size, degrees][0]
    source, target = (task.sample(n, name) for task, name in zip(ends, "st", strict=True))
    known = known_road(*ends, kind)
    found = {"known": known.length, "known riemannian": known.riemannian_length}
    roads = [_road(source, target, ends[0].classifier(), settings(size, degrees, kind), kind, seed)
             for seed in range(seeds)]
    return rounded(found | {name: [road[name] for road in roads] for name in roads[0]})


def _road(source, target, start, settings, kind, seed):
    network = nn.Linear(2, len(start))  # the source's best classifier, exact
    with torch.no_grad():
        network.weight.copy_(torch.from_numpy(start[:, :-1]))
        network.bias.copy_(torch.from_numpy(start[:, -1]))
    blocks = Blocks(source, target, settings.block, seed)
    blocks.target = blocks.source  # the i-th points are a pair of the translation
    blocks.coupling = torch.eye(blocks.n, dtype=torch.float64).expand_as(blocks.coupling) / blocks.n
    road = travel([copy.deepcopy(network) for _ in range(REPLICAS)], [blocks],
                  Head(source.classes, target.classes), settings, seed,
                  "mixture" if kind == "bernoulli" else kind)
    drift, error, root, root_error = total(road.drifts)
    return {"length": float(road), "drift": drift, "error": error, "riemannian drift": root,
            "riemannian error": root_error}


def units():
    """{key: function}."""
    jobs = {"first seed": partial(unit, 1, 120, "beta", 1)}
    return jobs | {f"{size}/{degrees}/{kind}": partial(unit, size, degrees, kind)
                   for size, degrees in PAIRS for kind in KINDS}


register(Study("known_lengths", units(), {
    "replicas": REPLICAS, "seeds": SEEDS, "settings": asdict(SETTINGS),
    "points and SGD steps": {f"{size}/{degrees}": list(both)
                             for (size, degrees), both in PAIRS.items()}},
    {"first seed": 0.02}, takes="10 minutes on one core"))
