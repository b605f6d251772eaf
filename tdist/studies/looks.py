"""How many looks does a length ask for, and how many a coupling? One pair of digits: the same road
measured at few blocks and at all of them, at draws of its own each time.
"""

import copy
import itertools
from dataclasses import asdict, replace
from functools import partial

import numpy as np

from tdist.studies.distances import rounded
from tdist.studies.noise import SETTINGS, start
from tdist.studies.study import Study, register
from tdist.transfer.blocks import Blocks
from tdist.transfer.heads import Head
from tdist.transfer.iterations import next_coupling
from tdist.transfer.roads import travel

BLOCKS, DRAWS = (1, 3, 8, 30), 12  # measured in each step of tau; all there are is 30


def unit(visits, draws=DRAWS):
    """Over independent draws of the inputs: mean and standard deviation of the length; the share of
    the mass in which two couplings differ that two draws lead to; and what such a coupling saves,
    beside the independent one, at the costs of another draw and at its own."""
    parts, classes, network = start("0-4")
    source, target = parts["0-4"], parts["5-9"]
    settings = replace(SETTINGS, visits=visits)
    blocks = Blocks(source, target, settings.block)
    blocks.start(None, settings.start_entropy, settings.tolerance)
    head = Head(source.classes, target.classes, classes=classes)
    roads = [travel([copy.deepcopy(network)], [blocks], head, settings, number=number)
             for number in range(draws)]
    costs = [road.costs[0] for road in roads]
    found = [next_coupling(cost, blocks.coupling, settings, 0)[0] for cost in costs]
    reached = ~sum(costs).isnan().any((1, 2))  # blocks that every draw measured
    apart = [(a - b)[reached].abs().sum((1, 2)).mean().item() / 2
             for a, b in itertools.combinations(found, 2)]
    saved = {"own": [_saved(*pair) for pair in zip(found, costs, strict=True)],
             "other": [_saved(*pair) for pair in zip(found, costs[1:] + costs[:1], strict=True)]}
    lengths = [float(road) for road in roads]
    differ = {"coupling": float(np.mean(apart))} if reached.any() else {}
    return rounded({"length": float(np.mean(lengths)), "sd": float(np.std(lengths, ddof=1)),
                    **differ, **{f"saved, {name}": [float(np.mean(x)), float(np.std(x, ddof=1))]
                                 for name, x in saved.items()}})


def _saved(coupling, cost):
    here = ~cost.isnan().any((1, 2))
    paired = (coupling * cost)[here].sum((1, 2)).mean()
    return (1 - paired / cost[here].mean()).item()


def units():
    """{key: function}."""
    return {"first draws": partial(unit, 3, 2)} | {
        str(visits): partial(unit, visits) for visits in BLOCKS}


register(Study("looks", units(), {"blocks": 30, "draws": DRAWS, "settings": asdict(SETTINGS)},
               {"first draws": 0.05}, takes="two minutes on one core"))
