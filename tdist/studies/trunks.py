"""Frozen networks whose features stand for pictures of CIFAR-100 in studies of many tasks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d

from tdist import features, tasks, transfer
from tdist.networks import SOURCES, PublishedCNN
from tdist.studies import blocks
from tdist.studies.study import kept

GRID = 4  # maps are averaged to GRID x GRID places
CIFAR10 = transfer.Settings(batch=128, lr=0.1, weight_decay=5e-4, pretrain_steps=3_000,
                            augment=True)
LITE0 = SOURCES["efficientnet_lite0"]


@dataclass(frozen=True)
class Trunk:
    """How many numbers a trunk gives for a picture, and the function from True, for training
    images, or False to these, (n, width)."""

    width: int
    features: Callable


def grid(maps):
    """Maps (b, c, h, w) averaged to GRID x GRID places, (b, c GRID GRID)."""
    return adaptive_avg_pool2d(maps, GRID).flatten(1)


def cut(network, layer, pixels, train):
    """The maps of one layer, on a grid, for pictures of pixels x pixels."""
    loader = tasks.cifar100(train).loader(pixels, LITE0.mean, LITE0.std)
    return features.extract(network(), loader, [layer], pool=grid)[0][layer]


def last(train):
    """The last layer before the classifier, at the size that the study of blocks sees."""
    rows = np.arange(50_000) if train else np.arange(50_000, 60_000)
    return blocks.features("CIFAR-100", rows, "bn2")


def cifar10_network():
    """The published network at half its width, trained on CIFAR-10 alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = PublishedCNN(10, width=16)

    def make():
        return transfer.pretrained(tasks.cifar10(), network, CIFAR10).state_dict()

    network.load_state_dict(kept("trunks/cifar10", make))
    return network


TRUNKS = {"mid": Trunk(40 * GRID**2, partial(cut, LITE0.network, "blocks.2", 64)),
          "deep": Trunk(1280, last),
          "cifar10": Trunk(64 * GRID**2, partial(cut, cifar10_network, "11", 32))}


@cache
def trunk_features(name):
    """Features of CIFAR-100's training and test images, (50000, k) and (10000, k) float32, which
    were kept in half precision."""
    def make(train):
        return torch.from_numpy(TRUNKS[name].features(train)).half()

    return tuple(kept(f"trunks/{name}-{part}", partial(make, part == "train")).float()
                 for part in ("train", "test"))
