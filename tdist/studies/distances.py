"""Distances between all pairs of some tasks: section 5 of the coupled-transfer paper.

One unit is a pair and a seed: coupled, uncoupled and fine-tuning from the same trained source, on the same settings.
"""

import copy
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tdist import features, tasks, transfer
from tdist.networks import CNN, SmallCNN, WideResNet
from tdist.studies.results import Results
from tdist.transfer.heads import Head
from tdist.transfer.settings import Settings
from tdist.transfer.training import evaluate

PRINTED = Path(tasks.__file__).parents[1] / "data" / "printed_distances.json"
HERBIVORES = ("camel", "cattle", "chimpanzee", "elephant", "kangaroo")
CARNIVORES = ("bear", "leopard", "lion", "tiger", "wolf")
VEHICLES_1 = ("bicycle", "bus", "motorcycle", "pickup_truck", "train")
VEHICLES_2 = ("lawn_mower", "rocket", "streetcar", "tank", "tractor")
FLOWERS = ("orchid", "poppy", "rose", "sunflower", "tulip")
SUPERCLASSES = {"herbivores": HERBIVORES, "carnivores": CARNIVORES, "vehicles-1": VEHICLES_1,
                "vehicles-2": VEHICLES_2, "flowers": FLOWERS}
VEHICLES = ("airplane", "automobile", "ship", "truck")
ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
DIGITS = {"0-4": "01234", "5-9": "56789", "even": "02468", "odd": "13579"}
CLOTHES = {"tops": ("t-shirt", "shirt", "longsleeve"), "legs": ("pants", "shorts", "skirt")}


@dataclass(frozen=True)
class Experiment:
    """Tasks, a network and settings; the same for every pair.

    Attributes
    ----------
    tasks : callable
        From train (True or False) to a list of Task.
    network : callable
        From a number of outputs and of channels to a module.
    images, test_images : int
        At most so many of each task, drawn at random.
    """

    name: str
    tasks: Callable
    network: Callable
    settings: Settings
    images: int = 800
    test_images: int = 500
    seeds: tuple = (0, 1, 2)
    road: tuple = ()  # names of the pair whose losses and convergence are stored, as in Figure 4


def superclasses(train):
    data = tasks.cifar100(train)
    return [data.only(classes, name) for name, classes in SUPERCLASSES.items()]


def ladder(train):
    return [task for task in superclasses(train) if task.name in LADDER]


def cifar_subsets(train):
    data = tasks.cifar10(train)
    return [tasks.cifar100(train), data, data.only(ANIMALS, "animals"), data.only(VEHICLES, "vehicles")]


def two_domains(train):
    return [tasks.mnist(train).resized(32, channels=3), tasks.cifar10(train)]


def clothes(train):
    data = tasks.clothing(train)
    return [data.only(classes, name) for name, classes in CLOTHES.items()] + [replace(data, name="all clothes")]


def digits(train):
    data = tasks.digits(train)
    return [data.only(tuple(names), name) for name, names in DIGITS.items()] + [replace(data, name="all")]


def cnn(width):
    return lambda outputs, channels: CNN(outputs, channels, width).to(memory_format=torch.channels_last)


def wide_resnet(depth, factor):
    return lambda outputs, channels: WideResNet(outputs, channels, depth, factor).to(memory_format=torch.channels_last)


def times(k):
    """STORED with k times its SGD steps: as many epochs of k times the images."""
    return replace(STORED, sgd_steps=10 * k, pretrain_steps=500 * k, fine_tune_steps=300 * k)


STORED = Settings(steps=16, sgd_steps=10, batch=32, lr=0.05, weight_decay=5e-4, pretrain_steps=500,
                  fine_tune_steps=300, iterations=3, block=8)
LIVE = Settings(steps=8, sgd_steps=8, batch=32, pretrain_steps=150, fine_tune_steps=100, iterations=2, block=5)
LADDER = ("herbivores", "vehicles-1", "flowers")  # what the networks of several sizes are compared on
EXPERIMENTS = {e.name: e for e in (
    Experiment("superclasses", superclasses, cnn(8), STORED, road=("vehicles-1", "vehicles-2")),
    Experiment("superclasses_2500", superclasses, cnn(8), times(3), images=2500, road=("vehicles-1", "vehicles-2")),
    Experiment("cifar_subsets", cifar_subsets, cnn(8), times(6), images=5000),
    Experiment("two_domains", two_domains, cnn(8), times(12), images=10000),
    Experiment("clothes", clothes, cnn(8), times(3), images=3068),  # all of them
    Experiment("digits", digits, SmallCNN, LIVE, images=150, test_images=200),
    Experiment("cnn_4", ladder, cnn(4), STORED),
    Experiment("cnn_16", ladder, cnn(16), STORED),
    Experiment("wide_resnet_10_1", ladder, wide_resnet(10, 1), STORED),
    Experiment("wide_resnet_16_4", ladder, wide_resnet(16, 4), STORED),
)}


def subsets(experiment, seed):
    """Training and test tasks of a seed."""
    return tuple([task.subset(min(size, len(task)), seed) for task in experiment.tasks(train)]
                 for train, size in ((True, experiment.images), (False, experiment.test_images)))


def outputs(parts):
    """The classes of all tasks, in order: one network serves every pair."""
    return tuple(dict.fromkeys(name for task in parts for name in task.classes))


def trained(source, experiment, classes, seed, progress=False):
    """The experiment's network, trained on a source, with one output for every class of the experiment."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = experiment.network(len(classes), source.images.shape[1])
    return transfer.pretrained(source, network, experiment.settings, classes=classes, seed=seed,
                               progress=progress)


def pair(source, target, network, experiment, classes, test, seed, features=None, progress=False):
    """Distances from one task to another with a network trained on the source: a dict of numbers."""
    settings = replace(experiment.settings, pretrain_steps=0)
    shared = {"classes": classes, "seed": seed, "progress": progress}
    start = time.perf_counter()
    coupled = transfer.coupled(source, target, network, settings, features=features, **shared)
    seconds = time.perf_counter() - start
    uncoupled = transfer.uncoupled(source, target, network, settings, test=test, **shared)
    fine = transfer.fine_tuning(source, target, network, settings, test=test, **shared)
    accuracy, loss = evaluate(coupled.network, (test or (source, target))[1],
                              Head(source.classes, target.classes, settings.head, classes))
    last = coupled.iterations[-1]
    return {"coupled": coupled.length, "coupled_riemannian": coupled.riemannian_length,
            "lengths": [road.length for road in coupled.iterations], "coupled_cost": last.coupled_cost,
            "independent_cost": last.independent_cost, "gap": max(road.gap for road in coupled.iterations),
            "moved": [road.moved for road in coupled.iterations],
            "uncoupled": uncoupled.length, "uncoupled_riemannian": uncoupled.riemannian_length,
            "fine_tuning": fine.length, "fine_tuning_full": fine.full_length, "fine_tuning_stop": fine.stop,
            "fine_tuning_accuracies": fine.accuracies, "fine_tuning_losses": fine.losses,
            "accuracy": accuracy, "loss": loss, "uncoupled_accuracy": uncoupled.accuracy,
            "uncoupled_loss": uncoupled.loss, "seconds": round(seconds, 1)}


def one_road(experiment, seed=0, iterations=6):
    """The losses along the last road of one pair, and its length after each of many iterations: Figure 4."""
    parts, tests = subsets(experiment, seed)
    classes, names = outputs(parts), [task.name for task in parts]
    source, target = (names.index(name) for name in experiment.road)
    found = transfer.coupled(parts[source], parts[target], trained(parts[source], experiment, classes, seed),
                             replace(experiment.settings, pretrain_steps=0, iterations=iterations), classes=classes,
                             features=imagenet, test=(tests[source], tests[target]), seed=seed)
    last = found.iterations[-1]
    return {"lengths": [road.length for road in found.iterations], "moved": [road.moved for road in found.iterations],
            "train_loss": last.train_loss, "test_loss": last.test_loss, "accuracy": found.accuracy}


def matrix(units, names, key, seed=0):
    """One number of every pair as an array (sources, targets), 0 on the diagonal; units: those of :func:`paper`."""
    return np.array([[0.0 if a == b else units[f"{seed}/{a}/{b}"][key] for b in names] for a in names])


def paper(name):
    """Every pair of an experiment for every seed, stored unit by unit."""
    experiment = EXPERIMENTS[name]
    results = Results(name, config(experiment), f"python -m tdist.studies {name} --scale paper")
    results.unit("check", check)
    results.unit("first steps", lambda: first_steps(experiment))
    for seed in tqdm(experiment.seeds, desc="seeds"):
        all_pairs(experiment, seed, imagenet, results.unit, progress=True)
    if experiment.road:
        results.unit("road/" + "/".join(experiment.road), lambda: rounded(one_road(experiment)))


def all_pairs(experiment, seed=0, features=None, keep=lambda key, compute: compute(), progress=False):
    """{"seed/source/target": :func:`pair`} of every pair. keep(key, compute) may know a pair already, as a stored
    result does; a source is trained only if one of its pairs has to be computed."""
    parts, tests = subsets(experiment, seed)
    classes, found = outputs(parts), {}
    for source, source_test in zip(parts, tests, strict=True):
        network = cache(lambda source=source: trained(source, experiment, classes, seed, progress))
        for target, target_test in zip(parts, tests, strict=True):
            if target is not source:
                key = f"{seed}/{source.name}/{target.name}"
                found[key] = keep(key, lambda s=source, t=target, n=network, test=(source_test, target_test): rounded(
                    pair(s, t, n(), experiment, classes, test, seed, features, progress)))
    return found


def printed():
    """What the paper printed: {figure: {"tasks": names, distance: matrix, "printed": {distance: {"r", "p"}}}}."""
    return json.loads(PRINTED.read_text())


def rounded(values):
    """Six significant digits: more would be noise."""
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    return [rounded(value) for value in values] if isinstance(values, list) else float(f"{values:.6g}")


def config(experiment):
    """What the stored units depend on."""
    network = experiment.network(10, 3)
    return {"images": experiment.images, "test_images": experiment.test_images, "seeds": list(experiment.seeds),
            "network": type(network).__name__, "weights": sum(w.numel() for w in network.parameters()),
            "settings": asdict(experiment.settings)}


def imagenet(task):
    """:func:`tdist.features.imagenet`, kept in the data folder."""
    digest = hashlib.sha256(task.images.numpy()).hexdigest()[:16]
    path = tasks.data_folder() / "features" / f"imagenet-{digest}.pt"
    if not path.exists():
        found = features.imagenet(task, progress=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".unfinished")
        torch.save(torch.from_numpy(found), fresh)
        fresh.replace(path)
    return torch.load(path, weights_only=True)


def first_steps(experiment):
    """A cheap unit of an experiment's own data, features and network, which a test computes again where the data are: a
    few steps between 32 images of its first two tasks."""
    parts, _ = subsets(experiment, 0)
    source, target = (part.subset(32, 0) for part in parts[:2])
    few = replace(experiment, settings=replace(experiment.settings, steps=2, sgd_steps=1, pretrain_steps=2,
                                               fine_tune_steps=2, iterations=1))
    classes = outputs(parts)
    found = pair(source, target, trained(source, few, classes, 0), few, classes, None, 0, features.imagenet)
    return rounded({key: found[key] for key in ("coupled", "uncoupled", "fine_tuning_full")})


def check():
    """The cheap unit that a test computes again anywhere: a short road between halves of the digits."""
    data = tasks.digits().subset(200)
    halves = [data.only(tuple(names), names) for names in ("01234", "56789")]
    settings = replace(STORED, steps=4, sgd_steps=3, iterations=2, pretrain_steps=60, fine_tune_steps=50, momentum=0.0)
    experiment = Experiment("check", None, lambda outputs, channels: CNN(outputs, channels, 4, dropout=0.0), settings)
    halves = [half.resized(16) for half in halves]
    classes = outputs(halves)
    network = trained(halves[0], experiment, classes, 0)
    found = pair(*halves, copy.deepcopy(network), experiment, classes, None, 0)
    return {key: found[key] for key in ("coupled", "uncoupled", "fine_tuning_full")}
