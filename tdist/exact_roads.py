r"""Roads on which the classifier is the best linear one at every moment: what is left of coupled
transfer when training is taken out of it. For problems whose answer is known
(:mod:`tdist.gaussians`), and for pairs of vectors.

Lengths are Fisher-Rao lengths, in nats to the power 1/2, of one softmax over all classes, which
source and target share: for tasks that name the same classes the heads of
:class:`tdist.transfer.heads.Head` agree on them.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import roots_jacobi, softmax

from tdist.fisher_rao import distance
from tdist.manners import line

MIXING = ("linear", "beta", "half-beta", "bernoulli")
NODES = 20  # of the mean over a random share


@dataclass(frozen=True, eq=False, repr=False)
class ExactRoad:
    """A road with exact classifiers; ``float(road)`` is `length`.

    Attributes
    ----------
    length : float
    riemannian_length : float
        L and R, equations 11 and 5, extrapolated from K and K / 2 steps to infinitely many: the
        error falls like 1/K².
    error : float
        By how much the extrapolation moved `length`: it is off by less.
    tau : ndarray, shape (K + 1,)
        The looks, from 0 to 1, closer to each other at the ends.
    path : ndarray, shape (K + 1, classes, k + 1)
        The best classifier of each look: rows (w, b), those of the first class 0.
    lengths : ndarray, shape (K,)
        Of each step, equation 11; they sum to the length of K steps.

    Examples
    --------
    >>> from tdist.gaussians import GaussianTask, known_road
    >>> road = known_road(GaussianTask.two(2, 0), GaussianTask.two(2, 100), "bernoulli")
    >>> road  # doctest: +NORMALIZE_WHITESPACE
    ExactRoad(length=1.069, riemannian_length=1.668, error=0.001962, tau=ndarray (25,),
              path=ndarray (25, 2, 3), lengths=ndarray (24,))
    """

    length: float
    riemannian_length: float
    error: float
    tau: np.ndarray
    path: np.ndarray
    lengths: np.ndarray

    __repr__ = line

    def __float__(self):
        return self.length


def paired_road(source, target, labels, labels_there, mixing="linear", *, weights=None, steps=24):
    r"""The road of pairs of vectors along a coupling, with exact fits.

    Parameters
    ----------
    source, target : array_like, shape (pairs, k)
    labels, labels_there : array_like, shape (pairs,)
        Of the two ends of each pair: whole numbers from 0.
    mixing : str
        How the share m of the way is drawn at time :math:`\tau`. "linear": :math:`m = \tau`.
        "beta": from Beta(:math:`\tau, 1 - \tau`), the paper's. "half-beta": from
        Beta(:math:`\tau/2, (1 - \tau)/2`), its first program's. "bernoulli": 1 with probability
        :math:`\tau`, else 0, which is the uncoupled road. The mean over m is taken, none is drawn.
    weights : array_like, shape (pairs,), optional
        Of each pair; equal by default.
    steps : int
        An even number K of steps, at :math:`\tau_k = \sin^2(\pi k / 2 K)`.

    Returns
    -------
    ExactRoad

    Raises
    ------
    ValueError
        If an option is unknown.
    RuntimeError
        If at some moment a line parts the classes, so that no classifier is best.

    Examples
    --------
    Two inputs that exchange their labels, of which a third are noise: every prediction goes from
    2/3 to 1/3.

    >>> from tdist.exact_roads import paired_road
    >>> from tdist.fisher_rao import distance
    >>> x = [[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]]
    >>> road = paired_road(x, x, [0, 0, 1, 0, 1, 1], [1, 1, 0, 1, 0, 0])
    >>> print(f"{road.length:.4f} {distance([1/3, 2/3], [2/3, 1/3]):.4f}")
    0.6797 0.6797
    """
    x, there = np.asarray(source, dtype=float), np.asarray(target, dtype=float)
    classes = int(max(np.max(labels), np.max(labels_there))) + 1
    y, y_there = np.eye(classes)[np.asarray(labels)], np.eye(classes)[np.asarray(labels_there)]
    weight = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)

    def cloud(tau):
        parts = [((1 - m) * x + m * there, p * weight[:, None] * ((1 - m) * y + m * y_there))
                 for m, p in zip(*shares(mixing, tau), strict=True)]
        return tuple(np.concatenate(part) for part in zip(*parts, strict=True))

    return follow(cloud, np.zeros((classes, x.shape[1] + 1)), steps)


def follow(cloud, start, steps=24, fine=None):
    """The road of the best classifiers of a cloud that moves.

    Parameters
    ----------
    cloud : callable
        From a time to (x, joint), as :func:`best` takes them.
    start : ndarray, shape (classes, k + 1)
        A classifier to start the first fit from.
    steps : int
    fine : callable, optional
        The same cloud with more points, to measure on.

    Returns
    -------
    ExactRoad
    """
    if steps < 2 or steps % 2:
        raise ValueError(f"steps must be an even number, got {steps!r}")
    tau = np.sin(np.pi * np.arange(steps + 1) / (2 * steps)) ** 2
    path = []
    for t in tau:
        path.append(best(*cloud(t), path[-1] if path else start))
    path = np.stack(path)

    def travelled(every):
        looks = pairwise(tau[::every])
        return travel(path[::every], ((fine or cloud)((a + b) / 2) for a, b in looks))

    steps_of_all, steps_of_half = travelled(1), travelled(2)
    sums, halves = steps_of_all.sum(1), steps_of_half.sum(1)  # (2,): L and R
    length, riemannian = sums + (sums - halves) / 3
    return ExactRoad(float(length), float(riemannian), float(abs(length - sums[0])), tau, path,
                     steps_of_all[0])


def shares(mixing, tau):
    """Values of the share m at a time, and their probabilities: (nodes,) each; a Gauss rule where m
    has a density."""
    if mixing not in MIXING:
        raise ValueError(f"mixing must be one of {MIXING}, got {mixing!r}")
    if mixing == "linear" or tau in (0, 1):
        return np.array([tau]), np.ones(1)
    if mixing == "bernoulli":
        return np.array([0.0, 1.0]), np.array([1 - tau, tau])
    scale = 1 if mixing == "beta" else 0.5
    with np.errstate(invalid="ignore"):  # a + b = 1 makes SciPy compute a 0 / 0 that it discards
        node, weight = roots_jacobi(NODES, scale * (1 - tau) - 1, scale * tau - 1)
    return (1 + node) / 2, weight / weight.sum()


def predict(classifier, x):
    """Probabilities (n, classes) of a classifier (classes, k + 1) at points x (n, k)."""
    return softmax(x @ classifier[:, :-1].T + classifier[:, -1], axis=1)


def best(x, joint, start):
    """The linear classifier with the least cross-entropy, by Newton's method.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Points.
    joint : ndarray, shape (n, classes)
        The weight of each point with each label; in all, any positive number.
    start : ndarray, shape (classes, k + 1)
        Where to start, with a first row of 0, which stays.

    Returns
    -------
    ndarray, shape (classes, k + 1)

    Raises
    ------
    RuntimeError
        If there is no best one: a line parts the classes.
    """
    joint = joint / joint.sum()
    weight, rows = joint.sum(1), np.column_stack([x, np.ones(len(x))])
    beta, free = start.astype(float), len(start) - 1
    for _ in range(100):
        p = predict(beta, x)
        gradient = (weight[:, None] * p - joint)[:, 1:].T @ rows  # (free, k + 1)
        p = p[:, 1:]
        blocks = [[(rows * (weight * p[:, i] * ((i == j) - p[:, j]))[:, None]).T @ rows
                   for j in range(free)] for i in range(free)]
        try:
            step = np.linalg.solve(np.block(blocks), gradient.ravel()).reshape(gradient.shape)
        except np.linalg.LinAlgError:
            break
        beta[1:] -= step / max(1, np.linalg.norm(step))
        if np.abs(step).max() < 1e-9:
            return beta
    raise RuntimeError("Newton's method found no best classifier; does a line part the classes, or "
                       "are all points on a line?")


def travel(path, clouds):
    """Lengths of the steps of a path of classifiers.

    Parameters
    ----------
    path : sequence of ndarray (classes, k + 1), steps + 1 of them
    clouds : iterable of (x, joint), as :func:`best` takes them
        The data at which each step is measured.

    Returns
    -------
    ndarray, shape (2, steps)
        In the two readings (11) and (5).
    """
    found = []
    for (before, after), (x, joint) in zip(pairwise(path), clouds, strict=True):
        weight = joint.sum(1) / joint.sum()
        d = distance(predict(before, x), predict(after, x))
        found.append((weight @ d, np.sqrt(weight @ d**2)))
    return np.array(found).T
