"""What does the size of a block decide? Two Gaussian classes that turn by 120 degrees, where roads
of exact fits are known, in blocks of 8 to all points.

Each unit is one draw of both tasks, carried three times by `coupled`: the length of each road, and
for the first and the last coupling the length of exact fits on its pairs, which no SGD disturbs,
with what the coupling costs and the share of its pairs that cross to the other class. The square of
the proximal term falls with the size of a block: "scaled" holds large blocks as tight as small.
"""

from dataclasses import asdict, replace
from functools import partial

import numpy as np
import torch
from torch import nn

from tdist.exact_roads import paired_road
from tdist.gaussians import GaussianTask
from tdist.studies.distances import rounded
from tdist.studies.study import Study, register
from tdist.tasks import Task
from tdist.transfer import Settings, coupled
from tdist.transfer.blocks import Blocks

POINTS, DRAWN, SEEDS = 240, 2000, 5
SIZES, EVEN = (8, 20, 30, POINTS), 20  # the size at which both proximal weights are one
SCALED = (8,)
SETTINGS = Settings(steps=12, sgd_steps=50, batch=64, lr=0.1, pretrain_steps=0, iterations=3,
                    start_entropy=0.02, clock="arcsine", anneal=True, visits=None)
ENDS = GaussianTask.two(1, 0), GaussianTask.two(1, 120)
APART = np.sqrt(30)  # added to unequal labels: classes stay together as far as they can


def draw(end, name, seed, n=POINTS):
    """A task of points that are drawn at random, half of each class."""
    rng, labels = np.random.default_rng([seed, name == "target"]), np.arange(n) % 2
    return Task(name, end.means[labels] + rng.normal(size=(n, 2)), labels, ("0", "1"))


def point_and_class(task):
    return np.column_stack([task.images, APART * task.labels])


def start():
    """One linear layer that is the source's best classifier."""
    network = nn.Linear(2, 2)
    with torch.no_grad():
        network.weight.copy_(torch.tensor(ENDS[0].means))
        network.bias.zero_()
    return network


def looked_at(blocks, mixing, steps=8):
    """The coupling of some blocks without SGD: the length of exact fits on pairs that are drawn
    from it, their mean squared distance, and the share that cross."""
    rows = blocks.draw(np.random.default_rng(0), DRAWN)
    ends = [(task.images[i].double().numpy(), task.labels[i].numpy())
            for task, i in zip(blocks.tasks, rows, strict=True)]
    (x, y), (there, y_there) = ends
    return {"exact": paired_road(x, there, y, y_there, mixing, steps=steps).length,
            "squared": ((x - there) ** 2).sum(1).mean(), "crossing": (y != y_there).mean()}


def unit(size, mixing, scaled, seed, settings=SETTINGS):
    weight = settings.proximal * (size / EVEN if scaled else 1)
    settings = replace(settings, block=size, mixing=mixing, proximal=weight)
    tasks = [draw(end, name, seed) for end, name in zip(ENDS, ("source", "target"), strict=True)]
    found = coupled(*tasks, start(), settings, features=point_and_class, seed=seed, progress=False)
    blocks = Blocks(*tasks, size, seed)
    blocks.start(point_and_class, settings.start_entropy, settings.tolerance)
    first = looked_at(blocks, mixing)
    blocks.coupling = found.coupling
    return rounded({"lengths": [road.length for road in found.iterations],
                    "moved": [road.moved for road in found.iterations],
                    "saved": [road.coupled_cost / road.independent_cost
                              for road in found.iterations],
                    "first": first, "last": looked_at(blocks, mixing)})


def check():
    """The cheap unit: a short road in blocks of 20."""
    return unit(20, "linear", False, 0, replace(SETTINGS, steps=2, sgd_steps=4, iterations=1))


def key(size, mixing, scaled, seed):
    return f"{mixing}/{'scaled' if scaled else 'plain'}/{size}/{seed}"


def units():
    """{key: function}; seed by seed."""
    kinds = [(size, False) for size in SIZES] + [(size, True) for size in SCALED]
    cases = [(size, mixing, scaled, seed) for seed in range(SEEDS) for size, scaled in kinds
             for mixing in ("linear", "beta")]
    return {"check": check} | {key(*case): partial(unit, *case) for case in cases}


register(Study("block_sizes", units(), {
    "points": POINTS, "drawn": DRAWN, "seeds": SEEDS, "sizes": list(SIZES), "even": EVEN,
    "scaled": list(SCALED), "settings": asdict(SETTINGS)}, {"check": 1e-3},
    takes="three minutes on one core"))
