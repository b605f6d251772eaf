"""Frozen networks whose features stand for pictures of CIFAR-100 in studies of many tasks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch.nn.functional import adaptive_avg_pool2d

from tdist import features, tasks, transfer
from tdist.networks import SOURCES, PublishedCNN
from tdist.studies.study import kept

GRID = 4  # maps are averaged to GRID x GRID places
CIFAR10 = transfer.Settings(batch=128, lr=0.1, weight_decay=5e-4, pretrain_steps=3_000,
                            augment=True)


@dataclass(frozen=True)
class Trunk:
    """A layer of a network, the size that it sees pictures in, and how many numbers it gives."""

    network: Callable
    layer: str
    pixels: int
    width: int
    pool: Callable | str = "mean"


def grid(maps):
    """Maps (b, c, h, w) averaged to GRID x GRID places, (b, c GRID GRID)."""
    return adaptive_avg_pool2d(maps, GRID).flatten(1)


def cifar10_network():
    """The published network at half its width, trained on CIFAR-10 alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = PublishedCNN(10, width=16)

    def make():
        return transfer.pretrained(tasks.cifar10(), network, CIFAR10).state_dict()

    network.load_state_dict(kept("trunks/cifar10", make))
    return network


LITE0 = SOURCES["efficientnet_lite0"]
TRUNKS = {"mid": Trunk(LITE0.network, "blocks.2", 64, 40 * GRID**2, grid),
          "deep": Trunk(LITE0.network, "bn2", 96, 1280),
          "cifar10": Trunk(cifar10_network, "11", 32, 64 * GRID**2, grid)}


@cache
def trunk_features(name):
    """Features of CIFAR-100's training and test images, (50000, k) and (10000, k) float32, which
    were kept in half precision."""
    return tuple(_features(name, train).float() for train in (True, False))


def _features(name, train):
    trunk = TRUNKS[name]

    def make():
        loader = tasks.cifar100(train).loader(trunk.pixels, LITE0.mean, LITE0.std)
        x, _ = features.extract(trunk.network(), loader, [trunk.layer], pool=trunk.pool)
        return torch.from_numpy(x[trunk.layer]).half()

    return kept(f"trunks/{name}-{'train' if train else 'test'}", make)
