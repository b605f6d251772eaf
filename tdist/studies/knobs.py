"""What moves a coupled length, and by how much? One knob of the settings at a time, from a base, on
digits: 0-4 to 5-9, and 0-4 to itself; length and drift at several seeds.

Units "knob/...": one road, or the last of several where the knob acts through the coupling. Units
"roads/...": five roads, with two schedules of the proximal weight, as in the paper's Figure 4.
"""

import time
from dataclasses import asdict, replace
from functools import cache, partial

import torch
from torch import nn

from tdist import transfer
from tdist.studies.distances import imagenet, rounded
from tdist.studies.study import Study, register
from tdist.tasks import digits

SEEDS, REPLICAS, ROADS = (0, 1, 2, 3, 4), 4, 5
CLASSES = tuple("0123456789")
BASE = transfer.Settings(steps=12, sgd_steps=20, batch=32, lr=0.05, pretrain_steps=600,
                         iterations=1, block=20, visits=None)
IMAGES = 600  # of all ten digits
READ = ("gate at the input", "with the gate", "union")  # off the same road
ORDERS = {"5 to 9": "56789", "75968": "75968"}  # of the target's classes


def perceptron(outputs):
    """One hidden layer, on 8 x 8 pixels."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, outputs))


def with_norm(outputs):
    """The same with batch norm."""
    flat, hidden, *rest = perceptron(outputs)
    return nn.Sequential(flat, hidden, nn.BatchNorm1d(128), *rest)


def knob(itself=True, network=perceptron, features=None, order="56789", joined=True, **changes):
    """What a unit differs in from the base. itself: also from 0-4 to itself."""
    return {"itself": itself, "network": network, "features": features, "order": order,
            "joined": joined, "settings": replace(BASE, **changes)}


KNOBS = {
    "base": knob(),
    "rate / 4, SGD steps x 4": knob(lr=BASE.lr / 4, sgd_steps=80),
    "rate x 2, SGD steps / 2": knob(lr=BASE.lr * 2, sgd_steps=10),
    "rate / 4": knob(lr=BASE.lr / 4),
    "momentum .9, rate / 10": knob(lr=BASE.lr / 10, momentum=0.9),
    "batch 8": knob(batch=8),
    "batch 128": knob(batch=128),
    "K = 6, SGD steps x 2": knob(steps=6, sgd_steps=40),
    "union": knob(False, head="union"),
    **{f"index, {name}": knob(False, head="index", order=order) for name, order in ORDERS.items()},
    "linear": knob(False, mixing="linear"),
    "uncoupled": knob(False, joined=False),
    "annealed": knob(False, anneal=True),
    "start from ImageNet": knob(False, features=imagenet),
    "start blurred": knob(False, start_entropy=100.0),
    "block 8": knob(False, block=8),
    "block 30": knob(False, block=30),
    "batch norm": knob(False, network=with_norm),
    "batch norm, frozen": knob(False, network=with_norm, frozen_norm=True),
    "second road, all visits": knob(False, visits="all", iterations=2),
    "second road, one unit for all blocks": knob(False, scale="mean", iterations=2),
    "half-beta": knob(False, mixing="half-beta"),
    "SGD steps x 3": knob(False, sgd_steps=60),
    "K = 24, SGD steps / 2": knob(False, steps=24, sgd_steps=10),
}
SCHEDULES = {
    "constant": knob(False, iterations=ROADS),
    "the program's": knob(False, iterations=ROADS, entropy=0.0, proximal=0.125, growth=5.0),
}


@cache
def task(order, train=True):
    """Some of the digits, in an order."""
    data = digits(train)
    return (data.subset(IMAGES) if train else data).only(tuple(order), f"{order[0]}-{order[-1]}")


@cache
def start(network, head, seed):
    """A network trained on 0-4, and the classes of its outputs."""
    classes = None if head == "index" else CLASSES
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = network(5 if head == "index" else 10)
    trained = replace(BASE, head=head)
    return classes, transfer.pretrained(task("01234"), fresh, trained, classes=classes, seed=seed,
                                        progress=False)


def transferred(knob, order, seed, replicas=REPLICAS, test=None):
    """One transfer from 0-4, with its time."""
    settings = replace(knob["settings"], pretrain_steps=0)
    classes, network = start(knob["network"], settings.head, seed)
    given = {"classes": classes, "seed": seed, "replicas": replicas, "test": test,
             "progress": False}
    begin = time.perf_counter()
    if knob["joined"]:
        found = transfer.coupled(task("01234"), task(order), network, settings,
                                 features=knob["features"], **given)
    else:
        found = transfer.uncoupled(task("01234"), task(order), network, settings, **given)
    return found, time.perf_counter() - begin


def knob_unit(name):
    """{"there": ..., "itself": ...}: of each number a list, one for each seed."""
    ways = {"there": KNOBS[name]["order"]}
    if KNOBS[name]["itself"]:
        ways["itself"] = "01234"
    return {way: _columns([_numbers(*transferred(KNOBS[name], order, seed)) for seed in SEEDS])
            for way, order in ways.items()}


def _numbers(found, seconds):
    last = found.iterations[-1]
    own = {"saved": 1 - last.coupled_cost / last.independent_cost} if last.gap == last.gap else {}
    return rounded(own | {"length": found.length, "riemannian": found.riemannian_length,
                    "drift": found.drift, "error": found.drift_error,
                    "riemannian_drift": found.riemannian_drift, "accuracy": found.accuracy,
                    "falling": found.falling,
                    **{name: found.readings[name][0] for name in READ},
                    "V": found.readings["V"], "seconds": seconds})


def _columns(rows):
    """{name: list}, from a list of {name: number}."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def roads_unit(name):
    """Of each number a list of seeds, of roads; the losses are the last road's."""
    found = []
    for seed in SEEDS:
        test = tuple(task(order, False) for order in ("01234", "56789"))
        result, seconds = transferred(SCHEDULES[name], "56789", seed,
                                      test=test if name == "constant" else None)
        roads, last = result.iterations, result.iterations[-1]
        found.append({"length": [road.length for road in roads],
                      "drift": [road.drift[0] for road in roads],
                      "moved": [road.moved for road in roads],
                      "saved": [1 - road.coupled_cost / road.independent_cost for road in roads],
                      "gap": [road.gap for road in roads], "train_loss": last.train_loss,
                      "test_loss": last.test_loss, "accuracy": result.accuracy,
                      "seconds": seconds})
    return rounded(_columns(found))


def first_steps():
    """The cheap unit: a short road."""
    few = KNOBS["base"] | {"settings": replace(BASE, steps=3, sgd_steps=4)}
    return _numbers(*transferred(few, "56789", 0)) | {"seconds": 0.0}


def units():
    """{key: function}."""
    return ({"first steps": first_steps}
            | {f"roads/{name}": partial(roads_unit, name) for name in SCHEDULES}
            | {f"knob/{name}": partial(knob_unit, name) for name in KNOBS})


CONFIG = {"seeds": list(SEEDS), "replicas": REPLICAS, "images": IMAGES, "network": "64-128-10",
          "orders": ORDERS, "settings": {
              name: asdict(each["settings"]) for name, each in (KNOBS | SCHEDULES).items()}}
register(Study("knobs", units(), CONFIG, {"first steps": 0.02}, takes="6 minutes on one core"))
