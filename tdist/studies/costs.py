"""What the long roads that were not run would cost: the seconds of one SGD step and of one look at
the blocks, measured on one core of this machine, and the hours that they add up to.

Units "pixels" (the study ``regime_pixels``), "preset" and "bridge": {"step", "look"}.
"""

import time
from dataclasses import asdict, replace
from functools import partial

from tdist import transfer
from tdist.studies.bridge import BRIDGE, NEEDS, PRESET
from tdist.studies.distances import outputs, rounded
from tdist.studies.regime import learnt
from tdist.studies.spaces import NAMES, ROADS, SPACES
from tdist.studies.study import Study, register
from tdist.transfer.gauges import visits

SGD_STEPS, LOOKS, IMAGES = 20, 3, 200
EPOCHS = (1, 4, 16, 64, 256)
CASES = {"pixels": [(SPACES["pixels"].settings(epochs), ROADS, 2) for epochs in EPOCHS],
         **{case.name: [(case.settings, case.settings.iterations, 1)]
            for case in (PRESET, BRIDGE)}}
MADE = {"pixels": SPACES["pixels"], "preset": PRESET, "bridge": BRIDGE}


def measured(name):
    """Seconds of the processor for one SGD step, and for one look, before and after, by
    settings: a list with one of each for each training length."""
    made = MADE[name]
    parts, _ = made.tasks()
    classes, (source, target) = outputs(parts), (part.subset(IMAGES) for part in parts[:2])
    found = []
    for settings, _, _ in CASES[name]:
        seen = visits(settings, 2500 // settings.block)
        few = replace(settings, pretrain_steps=SGD_STEPS, steps=LOOKS, sgd_steps=1, iterations=1,
                      visits=min(seen, IMAGES // settings.block))
        begin = time.process_time()
        network = learnt(source, made.network, few, classes, 0)
        step = (time.process_time() - begin) / SGD_STEPS
        begin = time.process_time()
        transfer.coupled(source, target, network, replace(few, pretrain_steps=0), seed=0,
                         classes=classes, progress=False)
        look = (time.process_time() - begin) / LOOKS - step
        found.append({"step": step, "look": max(look, 0.0) * seen / few.visits})
    return rounded(found)


def hours(name, found, pairs=None):
    """Of one core, for one seed of all pairs and sources, from what :func:`measured` gave: a list
    with one number for each training length.

    A pair is the coupled roads, the uncoupled one and fine-tuning; a source its training and its
    roads to itself.
    """
    pairs, sources = len(NAMES) * (len(NAMES) - 1) if pairs is None else pairs, len(NAMES)
    total = []
    for (settings, roads, replicas), cost in zip(CASES[name], found, strict=True):
        road = replicas * settings.steps * (settings.sgd_steps * cost["step"] + cost["look"])
        tuning, training = (number * cost["step"] for number in (
            settings.fine_tune_steps, settings.pretrain_steps))
        total.append((pairs * ((roads + 1) * road + tuning)
                      + sources * (training + roads * road)) / 3600)
    return total


def check():
    """The cheap unit: the hours of every case, if a step takes 10 and a look 100 milliseconds."""
    return {name: hours(name, [{"step": 0.01, "look": 0.1}] * len(each))
            for name, each in CASES.items()}


CONFIG = {"sgd steps": SGD_STEPS, "looks": LOOKS, "images": IMAGES, "epochs": list(EPOCHS),
          "settings": {name: [asdict(settings) for settings, _, _ in each]
                       for name, each in CASES.items()}}
register(Study("costs", {"check": check} | {name: partial(measured, name) for name in CASES},
               CONFIG, {"check": 1e-9}, NEEDS, "a minute on one core"))
