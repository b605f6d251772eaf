"""Does a verdict on a transfer distance depend on how long one trains? All pairs of some tasks, at
several training lengths: the five of Figure 3 on features (``regime``), on pictures
(``regime_pixels``, ``regime_pixels_16``, ``regime_pixels_64``) and by networks of several sizes
(``regime_capacity``); on features those of Figure 2 (``regime_subsets``), MNIST and CIFAR-10
(``regime_domains``), ten tasks of photographed clothes (``regime_clothes``).

Units "SPACE/EPOCHS/SEED/SOURCE": the trained source, its road to itself, and the roads from it to
three of its classes and back. Units "SPACE/EPOCHS/SEED/SOURCE/TARGET": coupled, uncoupled and
fine-tuning. Roads are scaled with the training, as in the paper, where they have 160 epochs of 600.
"""

import time
from dataclasses import asdict, replace
from functools import cache, partial

import torch

from tdist import tasks, transfer
from tdist.studies.distances import HERE, outputs, rounded
from tdist.studies.spaces import BASE, MORE_ROADS, REPLICAS, ROADS, SPACES, perceptron
from tdist.studies.study import Study, register
from tdist.tasks import Task, data_folder
from tdist.transfer.heads import Head
from tdist.transfer.training import evaluate

# {study: {space: {epochs: how many seeds}}}
SEEDS = {"regime": {"features": {1: 2, 4: 2, 16: 2, 64: 2, 256: 1}},
         "regime_pixels": {"pixels": {1: 2, 4: 1}}, "regime_pixels_16": {"pixels": {16: 1}},
         "regime_pixels_64": {"pixels": {64: 1}},
         "regime_capacity": {f"hidden {size}": {1: 2, 4: 2, 16: 2, 64: 2} for size in (8, 32, 512)},
         "regime_subsets": {"subsets": {4: 1, 16: 1}},
         "regime_domains": {"domains": {1: 3, 4: 3, 16: 3, 64: 3}},
         "regime_clothes": {"clothes": {4: 3, 16: 3, 64: 3}}}
NEEDS = {"regime_subsets": ("CIFAR-100", "CIFAR-10"), "regime_domains": ("MNIST", "CIFAR-10"),
         "regime_clothes": ("clothing",)}  # and the others CIFAR-100
TAKES = {"regime": "2 hours", "regime_pixels": "an hour", "regime_pixels_16": "half an hour",
         "regime_pixels_64": "1.5 hours", "regime_capacity": "45 minutes",
         "regime_subsets": "an hour", "regime_domains": "3 minutes",
         "regime_clothes": "30 minutes"}


def fresh(make, task, classes, seed):
    """A network for a task, of weights that the seed draws."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(len(classes), task.images.shape[1])


def learnt(task, make, settings, classes, seed):
    """A fresh network, trained on a task."""
    return transfer.pretrained(task, fresh(make, task, classes, seed), settings, classes=classes,
                               seed=seed, progress=False)


def fitted(network, task, test, settings, classes):
    """What a trained source reaches on its own images and on unseen ones."""
    head = Head(task.classes, task.classes, settings.head, classes)
    found = [evaluate(network, images, head) for images in (task, test)]
    return {name: value for where, pair in zip(("train", "test"), found, strict=True)
            for name, value in zip((f"{where}_accuracy", f"{where}_loss"), pair, strict=True)}


def road(find, source, target, network, settings, test=None, key=None, **given):
    """A coupled or uncoupled transfer from a trained source: a dict of numbers. With a key its
    state is in a file of the data folder, until it is done."""
    begin, save = time.process_time(), key and place(key)
    found = find(source, target, network, replace(settings, pretrain_steps=0), save=save,
                 progress=False, **given)
    head = Head(source.classes, target.classes, settings.head, given["classes"])
    accuracy, loss = evaluate(found.network, test or target, head)
    drifts = ("drift", "drift_error", "riemannian_drift", "riemannian_drift_error")
    return {"length": found.length, "riemannian": found.riemannian_length,
            **{name: value for name in drifts if (value := getattr(found, name)) == value},
            **({"gap": max(each.gap for each in found.iterations)} if found.cost is not None
               else {}),
            "lengths": [each.length for each in found.iterations], "V": found.readings["V"],
            "accuracy": accuracy, "loss": loss, "train_loss": found.iterations[-1].train_loss[-1],
            "falling": found.falling, "seconds": time.process_time() - begin}


def place(key):
    """The file of a unit that is not done."""
    folder = data_folder() / "unfinished"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{key.replace('/', '-')}.pt"


def tuned(source, target, network, settings, test, **given):
    """Fine-tuning from a trained source: a dict of numbers."""
    begin = time.process_time()
    found = transfer.fine_tuning(source, target, network, replace(settings, pretrain_steps=0),
                                 test=(source, test), progress=False, **given)
    return {"length": found.length, "full_length": found.full_length, "stop": found.stop,
            "accuracy": found.accuracies[-1], "loss": found.losses[-1],
            "accuracies": found.accuracies[:7], "losses": found.losses[:7],
            "seconds": time.process_time() - begin}


def between(key, source, target, network, settings, test, seed, classes, more=0, features=None,
            replicas=REPLICAS):
    """All three distances of a pair. key: of its files until it is done; with None it has none.
    more: go on to so many roads."""
    given = {"seed": seed, "classes": classes}
    keys = {kind: key and f"{key}/{kind}" for kind in ("coupled", "uncoupled")}
    follow = partial(road, transfer.coupled, source, target, network, test=test, replicas=replicas,
                     features=features, **given)
    found = {"coupled": follow(settings, key=keys["coupled"]),
             "uncoupled": road(transfer.uncoupled, source, target, network, settings, test,
                               keys["uncoupled"], replicas=replicas, **given),
             "fine_tuning": tuned(source, target, network, settings, test, **given)}
    if more:
        found["more"] = follow(replace(settings, iterations=more), key=keys["coupled"])["lengths"]
    for each in keys.values():
        if each:
            place(each).unlink(missing_ok=True)
    return rounded(found)


@cache
def start(space, epochs, seed, name):
    """A source's network."""
    own = SPACES[space]
    parts, _ = own.tasks()
    return learnt(parts[own.names.index(name)], own.network, own.settings(epochs), outputs(parts),
                  seed)


def source_unit(space, epochs, seed, name):
    """A trained source, its road to itself, and roads to a part of it and back."""
    begin = time.process_time()
    own = SPACES[space]
    parts, tests = own.tasks()
    whole, test = (each[own.names.index(name)] for each in (parts, tests))
    settings, classes = own.settings(epochs), outputs(parts)
    network = start(space, epochs, seed, name)
    found = fitted(network, whole, test, settings, classes) | {
        "training_seconds": time.process_time() - begin}
    given = {"seed": seed, "classes": classes}
    follow = partial(road, transfer.coupled, settings=settings, **given)
    found["itself"] = follow(whole, whole, network, replicas=REPLICAS)
    if own.part:
        part = whole.only(whole.classes[:own.part], "part")
        narrow = learnt(part, own.network, settings, classes, seed)
        found |= {"to_part": follow(whole, part, network), "from_part": follow(part, whole, narrow)}
    return rounded(found)


def pair_unit(space, epochs, seed, source, target):
    """A pair; from each source to the next one six roads, where there are parts."""
    own = SPACES[space]
    parts, tests = own.tasks()
    i, j = own.names.index(source), own.names.index(target)
    more = MORE_ROADS if own.part and j == (i + 1) % len(parts) else 0
    return between(f"regime/{space}/{epochs}/{seed}/{source}/{target}", parts[i], parts[j],
                   start(space, epochs, seed, source), own.settings(epochs), tests[j], seed,
                   outputs(parts), more)


def check():
    """The cheap unit: a short road between halves of the digits, as vectors."""
    data = tasks.digits().subset(300)
    data = Task("digits", data.images.flatten(1).float() / 16, data.labels, data.classes)
    low, high = (data.only(tuple(names), names) for names in ("01234", "56789"))
    few = replace(BASE, steps=4, sgd_steps=3, pretrain_steps=40, fine_tune_steps=12, iterations=1)
    network = learnt(low, perceptron, few, data.classes, 0)
    found = between(None, low, high, network, few, high, 0, data.classes)
    return {kind: found[kind]["length"] for kind in ("coupled", "uncoupled")} | {
        "drift": found["coupled"]["drift"], "fine_tuning": found["fine_tuning"]["full_length"]}


def units(chosen):
    """{key: function} for {space: {epochs: how many seeds}}, the short ones first."""
    jobs = {"check": check}
    for space, seeds in chosen.items():
        names = SPACES[space].names
        for epochs, number in seeds.items():
            for seed in range(number):
                for source in names:
                    key = f"{space}/{epochs}/{seed}/{source}"
                    jobs[key] = partial(source_unit, space, epochs, seed, source)
                    jobs |= {f"{key}/{target}": partial(pair_unit, space, epochs, seed, source,
                                                        target)
                             for target in names if target != source}
    return jobs


def config(chosen):
    """What these units depend on."""
    one = SPACES[next(iter(chosen))]
    return {"images": one.images, "tasks": list(one.names), "width": one.width,
            "roads": [ROADS, MORE_ROADS], "replicas": REPLICAS, "classes of a part": one.part,
            "seeds": {space: {str(n): number for n, number in seeds.items()}
                      for space, seeds in chosen.items()},
            "settings": {space: {str(n): asdict(SPACES[space].settings(n)) for n in seeds}
                         for space, seeds in chosen.items()}}


for _name, _chosen in SEEDS.items():
    register(Study(_name, units(_chosen), config(_chosen), {"check": 0.02},
                   {name: HERE[name] for name in NEEDS.get(_name, ("CIFAR-100",))},
                   f"{TAKES[_name]} on one core"))
