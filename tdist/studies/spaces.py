"""Where the studies of the training length live: tasks as features or as pictures, a network, and
settings that grow with the number of epochs."""

from dataclasses import dataclass, replace
from functools import cache, partial

import torch
from torch import nn

from tdist import tasks, transfer
from tdist.studies.blocks import components
from tdist.studies.distances import imagenet
from tdist.studies.experiments import (
    ANIMALS,
    SUPERCLASSES,
    VEHICLES,
    cnn,
    superclasses,
    two_domains,
)

NAMES, IMAGES, WIDTH = tuple(SUPERCLASSES), 2500, 128
ROADS, MORE_ROADS, REPLICAS = 2, 6, 2
# lr / batch is that of the authors' program, with its momentum: .0008 / (1 - .9) / 20
BASE = transfer.Settings(steps=16, batch=64, lr=0.025, weight_decay=5e-4, iterations=ROADS, block=8,
                         visits=None)
# ten tasks of three clothes, in a circle: two of them have one class in common, or none
CLOTHES = (0, 1, 3)


def scaled(epochs, base=BASE, images=IMAGES):
    """Settings whose pretraining has so many epochs, and whose roads have a fifth of it: no less
    than one SGD step in each of tau, which is twice that for one epoch of IMAGES. Fine-tuning has
    as many SGD steps as a road."""
    each = max(epochs * images // (2 * IMAGES), 1)
    return replace(base, sgd_steps=each, pretrain_steps=round(epochs * images / base.batch),
                   fine_tune_steps=base.steps * each)


def hidden(size):
    """From a number of outputs and of inputs to a perceptron with one hidden layer of a size."""
    return lambda outputs, width: nn.Sequential(nn.Linear(width, size), nn.ReLU(),
                                                nn.Linear(size, outputs))


perceptron = hidden(128)


def principal(parts, tests, width):
    """Training and test tasks as the principal components of EfficientNet-Lite0's features, of
    the images of all parts together. The mean variance of a component is 1."""
    seen = torch.cat([imagenet(part) for part in parts])
    centre = seen.mean(0)
    turn = torch.from_numpy(components((seen - centre).numpy(), width))
    scale = ((seen - centre) @ turn).var(0).mean().sqrt()
    return tuple([replace(part, images=(imagenet(part) - centre) @ turn / scale) for part in each]
                 for each in (parts, tests))


@cache
def pictures():
    """The five tasks of Figure 3: training and test tasks."""
    return superclasses(True), superclasses(False)


@cache
def vectors():
    """The same as vectors."""
    return principal(*pictures(), WIDTH)


@cache
def domains():
    """MNIST and CIFAR-10 as vectors, IMAGES images of each to train and 2,000 to test."""
    return principal(*([task.subset(size, 0) for task in two_domains(train)]
                       for train, size in ((True, IMAGES), (False, 2000))), WIDTH)


@cache
def subsets():
    """CIFAR-100, CIFAR-10, and its animals and vehicles: all images, as vectors."""
    wholes = principal(*([tasks.cifar100(train), tasks.cifar10(train)] for train in (True, False)),
                       2 * WIDTH)
    return tuple([*each, each[1].only(ANIMALS, "animals"), each[1].only(VEHICLES, "vehicles")]
                 for each in wholes)


@cache
def clothes():
    """Ten tasks of three classes of photographs each, as vectors. The i-th has the classes i,
    i + 1 and i + 3 of ten in a circle."""
    wholes = principal([tasks.clothing(True, 96)], [tasks.clothing(False, 96)], WIDTH)
    return tuple([whole.only([whole.classes[(i + step) % 10] for step in CLOTHES], f"{i}")
                  for i in range(10)] for [whole] in wholes)


@dataclass(frozen=True)
class Space:
    """Where tasks live: a function that gives training and test tasks, a network, settings of a
    number of epochs; the tasks' names, how many images an epoch has, be a task larger or smaller,
    how many numbers a vector, and how many classes a part (0: neither roads to a part nor six)."""

    tasks: object
    network: object
    settings: object = scaled
    names: tuple = NAMES
    images: int = IMAGES
    width: int = WIDTH
    part: int = 3


SPACES = {
    "features": Space(vectors, perceptron),
    "pixels": Space(pictures, cnn(8), partial(scaled, base=replace(BASE, visits="affordable"))),
    **{f"hidden {size}": Space(vectors, hidden(size), part=0) for size in (8, 32, 512)},
    "domains": Space(domains, perceptron, names=("MNIST", "CIFAR-10"), part=0),
    "clothes": Space(clothes, perceptron, partial(scaled, images=900),
                     tuple(map(str, range(10))), images=900, part=0),
    "subsets": Space(subsets, hidden(512), partial(scaled, images=50_000),
                     ("CIFAR-100", "CIFAR-10", "animals", "vehicles"), 50_000, 2 * WIDTH, 0)}
