"""What the tests of the transfer rooms share: quick settings, and small tasks and networks."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from tdist.tasks import Task, digits
from tdist.transfer import Settings

QUICK = Settings(steps=4, sgd_steps=3, batch=16, pretrain_steps=40, fine_tune_steps=50,
                 iterations=3, block=5, visits=None)


def points(n=20, classes=("a", "b", "c"), seed=0, name="points", shift=0.0):
    """Points in the plane, one cloud a class, as a task of floats."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(classes)
    centres = np.stack([np.cos(2 * labels + shift), np.sin(2 * labels + shift)], 1)
    x = (rng.normal(size=(n, 2)) + 3 * centres).astype(np.float32)
    return Task(name, torch.from_numpy(x[:, None, None]), torch.from_numpy(labels).long(), classes)


def linear(outputs, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(2, outputs))


def halves(size=200):
    data = digits().subset(size)
    return [data.only(tuple(names), names) for names in ("01234", "56789")]


def normed():
    """Tasks, a network with batch norm and dropout, and test images."""
    source, target = halves(100)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
                            nn.Dropout(0.5), nn.Linear(288, 10))
    return {"source": source, "target": target, "network": network, "progress": False,
            "test": [digits(train=False).only(task.classes) for task in (source, target)],
            "settings": replace(QUICK, iterations=2, momentum=0.5)}
