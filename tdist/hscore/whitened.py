r"""Samples with whitened features, for permutations, leave-one-out and leverages.

With z = x W of mean 0 and :math:`z^\top z / m = I` the H-score is a sum over classes,

.. math:: H = \sum_c \frac{1}{m\,n_c} \Bigl| \sum_{i:\,y_i = c} z_i \Bigr|^2 ,

so features are whitened once, and new labels cost only sums.
"""

import numpy as np
import torch

from tdist.hscore import moments as sums
from tdist.hscore.moments import accumulate
from tdist.hscore.samples import directions
from tdist.hscore.whitening import matrix
from tdist.inputs import device_of, to_tensor


def whitened(features, shrinkage=0.0):
    """The whitened samples z (m, rank) of checked features, and the intensity of shrinkage used.

    float64, mean 0, on the device where sums of the features are taken. With shrinkage they are
    shorter: |z|^2 = (1-a) x^T cov_a^+ x.
    """
    device, (m, k) = device_of(features), features.shape
    if m < k:
        vectors, share, a = directions(features, device, shrinkage)
        return torch.from_numpy(vectors * np.sqrt(m * share)).to(device), a
    one_class = torch.zeros(m, dtype=torch.int64, device=device)
    total = accumulate(None, features, one_class, one_class[:1], shrinkage == "ledoit-wolf",
                       rows=False)
    return whitened_by(total, features, shrinkage)


def whitened_by(total, features, shrinkage=0.0):
    """As :func:`whitened`, where the Moments of the features are known."""
    cov, _, noise = total.central()
    a = total.ledoit_wolf(cov) if shrinkage == "ledoit-wolf" else shrinkage
    mean = total.shift + total.sums.sum(0) / total.n
    return rows(features, mean, matrix(cov, noise, total.n, a)), a


def rows(features, mean, map_):
    """(x - mean) W for the rows x of features (m, k), with mean 0 exactly: mean (k,) a tensor on
    the device to compute on, W (k, rank) an array."""
    (m, k), device = features.shape, mean.device
    map_ = torch.from_numpy(map_).to(device)
    z = torch.empty(m, map_.shape[1], dtype=torch.float64, device=device)
    step = max(1, sums.CHUNK // k)
    for start in range(0, m, step):
        x = to_tensor(features[start : start + step], device)
        z[start : start + step] = product(x - mean, map_)
    z -= z.mean(0)
    return z


def product(a, b):
    """a @ b; on the CPU by NumPy, whose threads would else wait for torch's spinning, and torch's
    for theirs."""
    return a @ b if a.device.type != "cpu" else torch.from_numpy(a.numpy() @ b.numpy())
