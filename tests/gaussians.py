"""Gaussian tasks for holding a measured length against a known one.

The lengths are L, equation 11, in Fisher-Rao units (nats to the power 1/2: sqrt(2 KL), with the
sqrt 2), of exact fits along the whole road, for the coupling that moves every class as it is (the
translation). They are of one softmax over the two classes, which both tasks name "0" and "1", so
they are the same for the heads "gated", "union" and "index".

`turned` gives the tasks as samples with a linear network that starts at the source's best
classifier (so: pretrain_steps=0), and features for the first coupling. Where one block holds the
whole sample, features and a small start_entropy (.001) make the first coupling the translation; in
smaller blocks, and after the first road, it is another coupling with another length. A block of n
is measured at n² pairs: n = 100 is quick and 1,000 slow. Every sample has an error of its own,
which `exact` is free of: it gives the length of exact fits on these very points.
"""

import numpy as np
import torch
from torch import nn

from tdist.exact_roads import paired_road
from tdist.gaussians import GaussianTask

# (|m|, degrees): L by mixing; "bernoulli" is the uncoupled road
KNOWN = {(1, 120): {"linear": 1.0829, "beta": 1.1944, "half-beta": 1.2270, "bernoulli": 1.2863},
         (2, 100): {"linear": 0.7654, "beta": 0.9436, "half-beta": 0.9902, "bernoulli": 1.0688}}


def tasks(size=1, degrees=120):
    return GaussianTask.two(size, 0), GaussianTask.two(size, degrees)


def turned(size=1, degrees=120, n=1000, turn=0.0):
    """Source and target as samples of n points each, a network, and features of their points."""
    ends = tasks(size, degrees)
    samples = [task.sample(n, name, turn) for task, name in zip(ends, ("s", "t"), strict=True)]
    network = nn.Linear(2, 2)
    with torch.no_grad():
        network.weight.copy_(torch.tensor(ends[0].means))  # log-odds 2 m x
        network.bias.zero_()
    return *samples, network, features(ends)


def features(ends):
    """From a sample to x - mean and the class: points are near if a translation joins them."""
    means = dict(zip(("s", "t"), (task.means for task in ends), strict=True))

    def of(task):
        z = task.images.numpy() - means[task.name][task.labels]
        return np.column_stack([z, 10 * task.labels])

    return of


def exact(source, target, mixing="linear", steps=24):
    """L of exact fits on two samples, point by point; "bernoulli": uncoupled."""
    labels = source.labels.numpy()
    return paired_road(source.images, target.images, labels, target.labels.numpy(), mixing,
                       steps=steps).length
