"""Does a verdict on the coupled transfer distance depend on how long one trains? The five tasks of
Figure 3, all pairs, at several training lengths.

Units "SPACE/EPOCHS/SEED/SOURCE": the trained source, its road to itself, and the roads from it to
three of its classes and back. Units "SPACE/EPOCHS/SEED/SOURCE/TARGET": coupled, uncoupled and
fine-tuning. Roads are scaled with the training, as in the paper, where they have 160 epochs of 600.
"""

import time
from dataclasses import asdict, dataclass, replace
from functools import cache, partial

import torch
from torch import nn

from tdist import tasks, transfer
from tdist.studies.blocks import components
from tdist.studies.distances import imagenet, outputs, rounded
from tdist.studies.experiments import SUPERCLASSES, cnn, superclasses
from tdist.studies.study import Study, register
from tdist.tasks import Task, data_folder
from tdist.transfer.heads import Head
from tdist.transfer.training import evaluate

NAMES, IMAGES, WIDTH = tuple(SUPERCLASSES), 2500, 128
# how many, of each number of epochs; pictures were not run
SEEDS = {"features": {1: 2, 4: 2, 16: 2, 64: 2, 256: 1}}
ROADS, MORE_ROADS, REPLICAS, PART = 2, 6, 2, 3
# lr / batch is that of the authors' program, with its momentum: .0008 / (1 - .9) / 20
BASE = transfer.Settings(steps=16, batch=64, lr=0.025, weight_decay=5e-4, iterations=ROADS, block=8,
                         visits=None)


def scaled(epochs, base=BASE):
    """Settings whose pretraining has so many epochs, and whose roads have a fifth of it: no less
    than one SGD step in each of tau, which is twice that for one epoch. Fine-tuning has as many SGD
    steps as a road."""
    each = max(epochs // 2, 1)
    return replace(base, sgd_steps=each, pretrain_steps=round(epochs * IMAGES / base.batch),
                   fine_tune_steps=base.steps * each)


def perceptron(outputs, width):
    """One hidden layer of 128, from vectors."""
    return nn.Sequential(nn.Linear(width, 128), nn.ReLU(), nn.Linear(128, outputs))


@cache
def vectors():
    """The five tasks as the 128 principal components of EfficientNet-Lite0's features: training
    and test tasks. The mean variance of a component is 1."""
    parts, tests = superclasses(True), superclasses(False)
    seen = torch.cat([imagenet(part) for part in parts])
    centre = seen.mean(0)
    turn = torch.from_numpy(components((seen - centre).numpy(), WIDTH))
    scale = ((seen - centre) @ turn).var(0).mean().sqrt()
    return tuple([replace(part, images=(imagenet(part) - centre) @ turn / scale) for part in each]
                 for each in (parts, tests))


@cache
def pictures():
    """The five tasks, as training and test tasks."""
    return superclasses(True), superclasses(False)


@dataclass(frozen=True)
class Space:
    """Where tasks live: a function that gives training and test tasks, a network, settings of a
    number of epochs."""

    tasks: object
    network: object
    settings: object = scaled


SPACES = {"features": Space(vectors, perceptron),
          "pixels": Space(pictures, cnn(8), partial(
              scaled, base=replace(BASE, visits="affordable")))}


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
    """All three distances of a pair. more: go on to so many roads."""
    given = {"seed": seed, "classes": classes}
    follow = partial(road, transfer.coupled, source, target, network, test=test, replicas=replicas,
                     features=features, **given)
    found = {"coupled": follow(settings, key=f"{key}/coupled"),
             "uncoupled": road(transfer.uncoupled, source, target, network, settings, test,
                               f"{key}/uncoupled", replicas=replicas, **given),
             "fine_tuning": tuned(source, target, network, settings, test, **given)}
    if more:
        found["more"] = follow(replace(settings, iterations=more), key=f"{key}/coupled")["lengths"]
    for kind in ("coupled", "uncoupled"):
        place(f"{key}/{kind}").unlink(missing_ok=True)
    return rounded(found)


@cache
def start(space, epochs, seed, name):
    """A source's network."""
    own = SPACES[space]
    parts, _ = own.tasks()
    return learnt(parts[NAMES.index(name)], own.network, own.settings(epochs), outputs(parts), seed)


def source_unit(space, epochs, seed, name):
    """A trained source, its road to itself, and roads to a part of it and back."""
    begin = time.process_time()
    own = SPACES[space]
    parts, tests = own.tasks()
    whole, test = (each[NAMES.index(name)] for each in (parts, tests))
    settings, classes = own.settings(epochs), outputs(parts)
    network = start(space, epochs, seed, name)
    found = fitted(network, whole, test, settings, classes) | {
        "training_seconds": time.process_time() - begin}
    given = {"seed": seed, "classes": classes}
    part = whole.only(whole.classes[:PART], "part")
    narrow = learnt(part, own.network, settings, classes, seed)
    follow = partial(road, transfer.coupled, settings=settings, **given)
    return rounded(found | {
        "itself": follow(whole, whole, network, replicas=REPLICAS),
        "to_part": follow(whole, part, network), "from_part": follow(part, whole, narrow)})


def pair_unit(space, epochs, seed, source, target):
    """A pair; from each source to the next one six roads."""
    own = SPACES[space]
    parts, tests = own.tasks()
    i, j = NAMES.index(source), NAMES.index(target)
    return between(f"regime/{space}/{epochs}/{seed}/{source}/{target}", parts[i], parts[j],
                   start(space, epochs, seed, source), own.settings(epochs), tests[j], seed,
                   outputs(parts), MORE_ROADS if j == (i + 1) % len(NAMES) else 0)


def check():
    """The cheap unit: a short road between halves of the digits, as vectors."""
    data = tasks.digits().subset(300)
    data = Task("digits", data.images.flatten(1).float() / 16, data.labels, data.classes)
    low, high = (data.only(tuple(names), names) for names in ("01234", "56789"))
    few = replace(BASE, steps=4, sgd_steps=3, pretrain_steps=40, fine_tune_steps=12, iterations=1)
    network = learnt(low, perceptron, few, data.classes, 0)
    found = between("regime/check", low, high, network, few, high, 0, data.classes)
    return {kind: found[kind]["length"] for kind in ("coupled", "uncoupled")} | {
        "drift": found["coupled"]["drift"], "fine_tuning": found["fine_tuning"]["full_length"]}


def units():
    """{key: function}, the short ones first."""
    jobs = {"check": check}
    for space, seeds in SEEDS.items():
        for epochs, number in seeds.items():
            for seed in range(number):
                for source in NAMES:
                    key = f"{space}/{epochs}/{seed}/{source}"
                    jobs[key] = partial(source_unit, space, epochs, seed, source)
                    jobs |= {f"{key}/{target}": partial(pair_unit, space, epochs, seed, source,
                                                        target)
                             for target in NAMES if target != source}
    return jobs


CONFIG = {"images": IMAGES, "tasks": list(NAMES), "width": WIDTH, "roads": [ROADS, MORE_ROADS],
          "replicas": REPLICAS, "classes of a part": PART,
          "seeds": {space: {str(n): number for n, number in seeds.items()}
                    for space, seeds in SEEDS.items()},
          "settings": {space: {str(n): asdict(SPACES[space].settings(n)) for n in seeds}
                       for space, seeds in SEEDS.items()}}
register(Study("regime", units(), CONFIG, {"check": 0.02}, {
    "CIFAR-100": partial(tasks.cifar100, train=False)}, "2 hours on one core"))
