r"""Where a classifier is on the way: the geodesic between two classifiers, how far along it another
one has come and how far off it is, and the distances of many.

A classifier is its predictions at some inputs, a point in a product of simplices. Its distance to
another is the root of the mean over inputs of :func:`tdist.fisher_rao.distance` squared, the
reading :math:`R` of :eq:`eq-riemannian-length`, whose geodesics are great circles at every input
at once.
"""

from dataclasses import dataclass

import numpy as np

from tdist import fisher_rao
from tdist.alphabet import numbers
from tdist.manners import line

GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, repr=False)
class Progress:
    """How far classifiers are along a geodesic; ``float(result)`` is the last `share`.

    Attributes
    ----------
    share : ndarray, shape (points,)
        Of the geodesic's length up to its nearest point: 0 at the start, 1 at the end.
    off : ndarray, shape (points,)
        Distance to that nearest point.

    Examples
    --------
    >>> import numpy as np
    >>> from tdist.geodesics import Progress
    >>> Progress(np.array([0.0, 0.4]), np.array([0.0, 0.1]))
    Progress(share=ndarray (2,), off=ndarray (2,))
    """

    share: np.ndarray
    off: np.ndarray

    def __float__(self):
        return float(self.share[-1])

    __repr__ = line


def geodesic(p, q, share):
    r"""The point of the great circle from p to q that has a share of its length behind it.

    .. math:: \sqrt{\gamma_s} = \frac{\sin((1 - s)\,\theta) \sqrt p + \sin(s\,\theta) \sqrt q}
              {\sin\theta}, \qquad \theta = d(p, q) / 2

    Parameters
    ----------
    p, q : array_like, shape (..., classes)
        Probabilities.
    share : array_like, shape (...)
        0 to 1; leading axes of all three broadcast.

    Returns
    -------
    ndarray, shape (..., classes)

    Raises
    ------
    ValueError
        If a share is not from 0 to 1, or as :func:`tdist.fisher_rao.distance`.

    Examples
    --------
    >>> from tdist.geodesics import geodesic
    >>> geodesic([1, 0], [0, 1], [0, 0.5, 1]).round(3)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    share = numbers(share, "share")
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError(f"share must be from 0 to 1, got {share.min():.3g} to {share.max():.3g}")
    half = np.asarray(fisher_rao.distance(numbers(p, "p"), numbers(q, "q")))[..., None] / 2
    p, q, s = numbers(p, "p"), numbers(q, "q"), share[..., None]
    # sinc holds where p and q are equal: sin(s theta) / sin(theta) tends to s
    ahead, behind = (part * np.sinc(part * half / np.pi) / np.sinc(half / np.pi)
                     for part in (s, 1 - s))
    return (behind * np.sqrt(p) + ahead * np.sqrt(q)) ** 2


def progress(probs, start, end, weights=None):
    r"""How far along the geodesic from one classifier to another, and how far off it,
    :eq:`eq-progress`.

    The nearest point :math:`\gamma_s` minimises
    :math:`\mathbb E_x\, d(p(\cdot \mid x), \gamma_s(\cdot \mid x))^2`, which is convex in the share
    :math:`s`, because no two distributions are more than a quarter of a great circle apart.

    Parameters
    ----------
    probs : array_like, shape (points, inputs, classes)
        Predictions of some classifiers, such as those along a road.
    start, end : array_like, shape (inputs, classes)
        Predictions of the two classifiers that the geodesic joins.
    weights : array_like, shape (inputs,), optional
        How much each input counts; divided by their sum. Equal by default.

    Returns
    -------
    Progress

    Raises
    ------
    ValueError
        If start and end are equal, shapes do not fit, or as :func:`tdist.fisher_rao.distance`.

    Examples
    --------
    On the geodesic itself, and off it:

    >>> from tdist.geodesics import progress
    >>> start, end = [[1, 0, 0]], [[0, 1, 0]]
    >>> found = progress([[[0.5, 0.5, 0]], [[0.25, 0.25, 0.5]]], start, end)
    >>> found.share.round(3), found.off.round(3)
    (array([0.5, 0.5]), array([0.   , 1.571]))
    >>> print(f"{float(found):.2f}")
    0.50
    """
    probs, start, end = (numbers(p, name) for p, name in
                         ((probs, "probs"), (start, "start"), (end, "end")))
    if probs.ndim != 3 or not probs.shape[1:] == start.shape == end.shape:
        raise ValueError("probs must have shape (points, inputs, classes), start and end (inputs, "
                         f"classes); got {probs.shape}, {start.shape} and {end.shape}")
    w = _shares(weights, len(start))
    if not w @ fisher_rao.distance(start, end):
        raise ValueError("start and end say the same at every input: no geodesic joins them")

    def square(share):  # (points,)
        return fisher_rao.distance(probs, geodesic(start, end, share[:, None])) ** 2 @ w

    low, high = np.zeros(len(probs)), np.ones(len(probs))
    while (high - low).max(initial=0) > 1e-10:
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        nearer = square(left) < square(right)
        low, high = np.where(nearer, low, left), np.where(nearer, right, high)
    share = np.array([low * 0, (low + high) / 2, high * 0 + 1])  # the ends as well
    found = np.array([square(s) for s in share])
    best = found.argmin(0)[None]
    return Progress(np.take_along_axis(share, best, 0)[0],
                    np.sqrt(np.take_along_axis(found, best, 0)[0]))


def distances(probs, weights=None):
    r"""Distances of classifiers to each other, :math:`\sqrt{\mathbb E_x\, d(p, q)^2}`.

    What a map of classifiers is drawn from, by
    :class:`sklearn.manifold.ClassicalMDS` for example.

    Parameters
    ----------
    probs : array_like, shape (points, inputs, classes)
        Predictions of each classifier at the same inputs.
    weights : array_like, shape (inputs,), optional
        As of :func:`progress`.

    Returns
    -------
    ndarray, shape (points, points)
        Symmetric, 0 on the diagonal, at most :math:`\pi`.

    Raises
    ------
    ValueError
        If probs or weights have another shape, or as :func:`tdist.fisher_rao.distance`.

    Examples
    --------
    >>> from tdist.geodesics import distances
    >>> distances([[[1, 0]], [[0.5, 0.5]], [[0, 1]]]).round(3)
    array([[0.   , 1.571, 3.142],
           [1.571, 0.   , 1.571],
           [3.142, 1.571, 0.   ]])
    """
    probs = numbers(probs, "probs")
    if probs.ndim != 3:
        raise ValueError(f"probs must have shape (points, inputs, classes), got {probs.shape}")
    w = _shares(weights, probs.shape[1])
    # one row at a time: all pairs at once are too many for large sets of inputs
    return np.array([np.sqrt(fisher_rao.distance(p, probs) ** 2 @ w) for p in probs])


def _shares(weights, inputs):
    w = np.ones(inputs) if weights is None else numbers(weights, "weights")
    if w.shape != (inputs,) or not (w >= 0).all() or not 0 < w.sum() < np.inf:
        raise ValueError(f"weights must be {inputs} numbers of at least 0 with a positive sum, got "
                         f"shape {w.shape}")
    return w / w.sum()
