"""How much of a length is SGD's noise, and does the drift of replicas do without it? Digits, all
pairs of five tasks, coupled with both mixings and uncoupled.

Units "rates": one road at three rates with equally much lr x steps. Units "stay": from a task to
itself. Units "seeds": one pair at many seeds, with two to eight replicas.
"""

import time
from dataclasses import asdict, replace
from functools import cache, partial

import torch
from torch import nn

from tdist import transfer
from tdist.studies.distances import outputs, rounded
from tdist.studies.experiments import DIGITS, digits
from tdist.studies.study import Study, register

RATES = {0.05: 10, 0.0125: 40, 0.003125: 160}  # lr: SGD steps in each of tau
REPLICAS = 6
SETTINGS = transfer.Settings(steps=12, sgd_steps=40, batch=32, lr=0.0125, pretrain_steps=600,
                             iterations=1, block=20, visits=None, anneal=True)
KINDS = ("beta", "linear", "uncoupled")
TASKS = (*DIGITS, "all")
SEEDS, SEEDS_OF = 30, {2: 20, 4: 20, 8: 20}  # {replicas: SGD steps in each of tau}


@cache
def start(source):
    """The five tasks, the network's outputs, and the network, trained on one of them."""
    parts = {task.name: task for task in digits(train=True)}
    classes = outputs(list(parts.values()))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(),
                                nn.Linear(64, len(classes)))
    trained = replace(SETTINGS, lr=0.05)
    return parts, classes, transfer.pretrained(parts[source], network, trained, classes=classes,
                                               progress=False)


def road(source, target, kind, settings, replicas, seed=0):
    """The numbers of one road, with its time."""
    parts, classes, network = start(source)
    settings = replace(settings, pretrain_steps=0,
                       mixing="beta" if kind == "uncoupled" else kind)
    distance = transfer.uncoupled if kind == "uncoupled" else transfer.coupled
    begin = time.perf_counter()
    found = distance(parts[source], parts[target], network, settings, classes=classes, seed=seed,
                     replicas=replicas, progress=False)
    last = found.iterations[-1]
    return {"length": found.length, "riemannian": found.riemannian_length,
            "drift": found.drift, "error": found.drift_error,
            "riemannian_drift": found.riemannian_drift,
            "riemannian_error": found.riemannian_drift_error,
            "steps": last.steps, "riemannian_steps": last.riemannian_steps,
            "readings": {name: list(pair) if isinstance(pair, tuple) else pair
                         for name, pair in found.readings.items()},
            "accuracy": found.accuracy, "falling": found.falling,
            "seconds": round(time.perf_counter() - begin, 1)}


def rates_unit(source, target, kind):
    return {str(lr): rounded(road(source, target, kind, replace(SETTINGS, lr=lr, sgd_steps=steps),
                                  REPLICAS)) for lr, steps in RATES.items()}


def stay_unit(task, kind):
    return rounded(road(task, task, kind, SETTINGS, REPLICAS))


def seeds_unit(kind, replicas):
    """One pair at many seeds: {"length", "drift", "error", ...: one number a seed}."""
    settings = replace(SETTINGS, sgd_steps=SEEDS_OF[replicas])
    found = [road("0-4", "5-9", kind, settings, replicas, seed) for seed in range(SEEDS)]
    return {name: [rounded(one[name]) for one in found]
            for name in ("length", "drift", "error", "riemannian", "riemannian_drift",
                         "riemannian_error")}


def first_steps():
    """The cheap unit: a short road with three replicas."""
    few = replace(SETTINGS, steps=3, sgd_steps=4)
    return rounded(road("0-4", "5-9", "beta", few, 3)) | {"seconds": 0}


def units():
    """{key: function}."""
    pairs = [(source, target) for source in TASKS for target in TASKS if source != target]
    jobs = {"first steps": first_steps}
    jobs |= {f"seeds/{kind}/{replicas}": partial(seeds_unit, kind, replicas)
             for kind in KINDS for replicas in SEEDS_OF}
    jobs |= {f"stay/{task}/{kind}": partial(stay_unit, task, kind)
             for task in TASKS for kind in KINDS}
    return jobs | {f"rates/{source}/{target}/{kind}": partial(rates_unit, source, target, kind)
                   for source, target in pairs for kind in KINDS}


CONFIG = {"rates": {str(lr): steps for lr, steps in RATES.items()}, "replicas": REPLICAS,
          "seeds": SEEDS, "steps of seeds": {str(r): steps for r, steps in SEEDS_OF.items()},
          "settings": asdict(SETTINGS)}
register(Study("noise", units(), CONFIG, {"first steps": 0.02}, takes="15 minutes on one core"))
