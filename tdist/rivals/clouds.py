"""The dearness of carrying one cloud of points onto another: Wasserstein distances, exactly."""

import numpy as np
import torch
from scipy.spatial.distance import cdist

from tdist.inputs import check_features
from tdist.manners import need


def wasserstein(x, y, *, p=2):
    r"""Wasserstein distance between two samples of points, exactly: its p-th power.

    .. math:: W_p^p = \min_{\Gamma \ge 0} \sum_{ij} \Gamma_{ij} \lVert x_i - y_j \rVert^p,
       \qquad \Gamma 1 = \tfrac1n, \quad \Gamma^T 1 = \tfrac1m

    :eq:`eq-wasserstein`: the squared distance by default, the distance itself for p = 1. Two
    samples of one distribution are at a positive distance, which in many dimensions falls slowly
    with n: compare samples of the same sizes only.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n, d) and (m, d)
        Points, such as pixels ``images.flatten(1) / 255`` or features, in any precision and on any
        device: POT's network simplex takes them in float64 on the CPU. Every point counts the same.
    p : int
        2, or 1: the earth mover's distance.

    Returns
    -------
    float
        In squared units of the points; for p = 1 in their units. There is nothing beside the
        number: a search that does not finish is an error.

    Raises
    ------
    ValueError
        If the numbers of columns differ, a number is not finite, or `p` is another.
    RuntimeError
        If the network simplex did not finish.

    Notes
    -----
    The costs take n m numbers; the time grows a little faster than they do: seconds for two samples
    of 2,500.

    Examples
    --------
    >>> from tdist.baselines import wasserstein
    >>> wasserstein([[0.0], [1.0]], [[2.0], [3.0]])  # every point moves by 2
    4.0
    >>> wasserstein([[0.0], [1.0]], [[2.0], [3.0]], p=1)
    2.0
    """
    if p not in (1, 2):
        raise ValueError(f"p must be 1 or 2, got {p!r}")
    x, y = together(x, y)
    return dearness(cdist(x, y, "euclidean" if p == 1 else "sqeuclidean"))


def together(x, y):
    """Two clouds (n, d) and (m, d) of one number of coordinates, as :func:`points`."""
    x, y = points(x), points(y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"points of {x.shape[1]} and {y.shape[1]} coordinates have no distance; "
                         "bring images to one size and number of channels first")
    return x, y


def points(x):
    """Points (n, d), all finite, in float64 on the CPU, which NumPy can read whatever their
    precision."""
    x = check_features(x)
    if isinstance(x, torch.Tensor):
        x = x.to("cpu", torch.float64).resolve_neg().numpy()
    x = np.asarray(x, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError("points hold NaN or infinity; drop those rows")
    return x


def dearness(costs):
    """The least mean cost of a coupling of n with m points of equal weights; costs (n, m)."""
    found, log = need("ot").emd2([], [], costs, numItermax=SEARCH, log=True)
    finished(log)
    return float(found)


def cheapest(costs):
    """The coupling (n, m) that attains :func:`dearness`; its rows sum to 1/n."""
    found, log = need("ot").emd([], [], costs, numItermax=SEARCH, log=True)
    finished(log)
    return found


SEARCH = 100_000_000  # steps of the network simplex


def finished(log):
    """An error if the network simplex stopped before it was at the minimum."""
    if log["warning"]:
        raise RuntimeError(f"the network simplex did not finish: {log['warning']}; "
                           "take fewer points")
