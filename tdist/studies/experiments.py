"""The tasks, networks and settings of the coupled-transfer paper's section 5."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from tdist import tasks
from tdist.manners import line
from tdist.networks import CNN, SmallCNN, WideResNet
from tdist.tasks.superclasses import SUPERCLASSES as CIFAR100
from tdist.transfer import Settings

PRINTED = Path(tasks.__file__).parents[1] / "data" / "printed_distances.json"
SUPERCLASSES = {name: CIFAR100[name] for name in
                ("herbivores", "carnivores", "vehicles-1", "vehicles-2", "flowers")}
LADDER = ("herbivores", "vehicles-1", "flowers")  # what networks of several sizes are compared on
VEHICLES = ("airplane", "automobile", "ship", "truck")
ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
DIGITS = {"0-4": "01234", "5-9": "56789", "even": "02468", "odd": "13579"}
CLOTHES = {"tops": ("t-shirt", "shirt", "longsleeve"), "legs": ("pants", "shorts", "skirt")}


@dataclass(frozen=True, repr=False)
class Experiment:
    """Tasks, a network and settings; the same for every pair.

    Attributes
    ----------
    name : str
    tasks : callable
        From train (True or False) to a list of Task.
    network : callable
        From a number of outputs and of channels (of numbers, where tasks are vectors) to a module.
    settings : Settings
    images : int
    test_images : int
        At most so many of each task, drawn at random.
    seeds : tuple of int
    road : tuple of str
        Names of the pair whose losses and convergence are stored, as in Figure 4.
    names : tuple of str
        Of the tasks in order, where they are to be known before the tasks are loaded.

    Examples
    --------
    >>> EXPERIMENTS["digits"].names
    ('0-4', '5-9', 'even', 'odd', 'all')
    >>> [task.name for task in EXPERIMENTS["digits"].tasks(train=True)]
    ['0-4', '5-9', 'even', 'odd', 'all']
    """

    name: str
    tasks: Callable
    network: Callable
    settings: Settings
    images: int = 800
    test_images: int = 500
    seeds: tuple = (0, 1, 2)
    road: tuple = ()
    names: tuple = ()

    __repr__ = line

    def __post_init__(self):
        for name in ("seeds", "road", "names"):  # a list would not do as a key of a cache
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def config(self):
        """What the stored units depend on."""
        network = self.network(10, 3)
        return {"images": self.images, "test_images": self.test_images, "seeds": list(self.seeds),
                "network": type(network).__name__,
                "weights": sum(w.numel() for w in network.parameters()),
                "settings": asdict(self.settings)}


def superclasses(train):
    data = tasks.cifar100(train)
    return [data.only(classes, name) for name, classes in SUPERCLASSES.items()]


def ladder(train):
    return [task for task in superclasses(train) if task.name in LADDER]


def cifar_subsets(train):
    data = tasks.cifar10(train)
    return [tasks.cifar100(train), data, data.only(ANIMALS, "animals"),
            data.only(VEHICLES, "vehicles")]


def two_domains(train):
    return [tasks.mnist(train).resized(32, channels=3), tasks.cifar10(train)]


def clothes(train):
    data = tasks.clothing(train)
    return [data.only(classes, name) for name, classes in CLOTHES.items()] + [
        replace(data, name="all clothes")]


def digits(train):
    data = tasks.digits(train)
    return [data.only(tuple(names), name) for name, names in DIGITS.items()] + [
        replace(data, name="all")]


def cnn(width):
    return lambda outputs, channels: CNN(outputs, channels, width).to(
        memory_format=torch.channels_last)


def wide_resnet(depth, factor):
    return lambda outputs, channels: WideResNet(outputs, channels, depth, factor).to(
        memory_format=torch.channels_last)


def times(k):
    """STORED with k times its SGD steps: as many epochs of k times the images."""
    return replace(STORED, sgd_steps=10 * k, pretrain_steps=500 * k, fine_tune_steps=300 * k)


STORED = Settings(steps=16, sgd_steps=10, batch=32, lr=0.05, weight_decay=5e-4, pretrain_steps=500,
                  fine_tune_steps=300, iterations=3, block=8, visits=None, scale="mean")
LIVE = Settings(steps=8, sgd_steps=8, batch=32, pretrain_steps=150, fine_tune_steps=100,
                iterations=2, block=5, visits=None, scale="mean")
FIGURE_4 = ("vehicles-1", "vehicles-2")
FIVE, FOUR = tuple(SUPERCLASSES), ("CIFAR-100", "CIFAR-10", "animals", "vehicles")
EXPERIMENTS = {e.name: e for e in (
    Experiment("superclasses", superclasses, cnn(8), STORED, road=FIGURE_4, names=FIVE),
    Experiment("superclasses_2500", superclasses, cnn(8), times(3), images=2500, road=FIGURE_4,
               names=FIVE),
    Experiment("cifar_subsets", cifar_subsets, cnn(8), times(6), images=5000, names=FOUR),
    Experiment("two_domains", two_domains, cnn(8), times(12), images=10000,
               names=("MNIST", "CIFAR-10")),
    Experiment("clothes", clothes, cnn(8), times(3), images=3068,  # all of them
               names=(*CLOTHES, "all clothes")),
    Experiment("digits", digits, SmallCNN, LIVE, images=150, test_images=200,
               names=(*DIGITS, "all")),
    Experiment("cnn_4", ladder, cnn(4), STORED, names=LADDER),
    Experiment("cnn_16", ladder, cnn(16), STORED, names=LADDER),
    Experiment("wide_resnet_10_1", ladder, wide_resnet(10, 1), STORED, names=LADDER),
    Experiment("wide_resnet_16_4", ladder, wide_resnet(16, 4), STORED, names=LADDER),
)}


def printed():
    """What the paper printed, {figure: {"tasks": names, distance: matrix, "printed": {distance:
    {"r", "p"}}}}."""
    return json.loads(PRINTED.read_text(encoding="utf-8"))
