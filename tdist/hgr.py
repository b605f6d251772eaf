r"""Hirschfeld-Gebelein-Rényi maximal correlation by alternating conditional expectations (ACE).

ACE works on a finite joint distribution, true or empirical. Soft HGR, which a network maximises on
continuous inputs, has a room of its own, and its door here.
"""

import warnings
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from tdist.alphabet import numbers, probabilities
from tdist.joint import Joint, check_modes, signs
from tdist.manners import line

SHORT = 1e-6  # of the sum of correlations: more is said aloud


@dataclass(frozen=True, repr=False, eq=False)
class ACE:
    r"""What :func:`ace` found; ``float(result)`` is the sum of the correlations.

    Attributes
    ----------
    f : ndarray, shape (\|X\|, k)
    g : ndarray, shape (\|Y\|, k)
        Zero mean and identity covariance under the marginals of P, in the order of their
        correlations, with the signs of :meth:`tdist.Joint.modes`.
    correlations : ndarray, shape (k,)
        :math:`\mathbb E[f_i g_i]`, descending: the singular values
        :math:`\sigma_1 \ge \dots \ge \sigma_k`.
    objective : ndarray, shape (sweeps,)
        :math:`\mathbb E[f^\top g]` after each sweep; it rises to the sum of the correlations.
    short : float
        By how much that sum falls short of the largest possible one, which an SVD gives: rounding
        only, unless :func:`ace` has warned.

    Examples
    --------
    >>> import tdist
    >>> found = tdist.ace([[0.3, 0.1], [0.1, 0.5]], k=1)
    >>> print(f"{float(found):.4f}", found.f.shape, found.g.shape)
    0.5833 (2, 1) (2, 1)
    """

    f: np.ndarray
    g: np.ndarray
    correlations: np.ndarray
    objective: np.ndarray
    short: float

    def __float__(self):
        return float(self.correlations.sum())

    __repr__ = line


def ace(P, k, tol=1e-14, max_sweeps=100_000, seed=0):
    r"""Alternating conditional expectations, re-centred: the k strongest modes of P,
    :prf:ref:`alg-ace`.

    A sweep is :math:`f \leftarrow \mathbb E[g(Y)|X]`, centre, whiten;
    :math:`g \leftarrow \mathbb E[f(X)|Y]`, centre, whiten. Algorithm 1 of the H-score paper centres
    once, before the first sweep, and then drifts to the constant function, whose singular value 1
    is the largest. The gap to the optimum falls by :math:`(\sigma_{k+1}/\sigma_k)^4` a sweep,
    :eq:`eq-ace-rate`.

    Parameters
    ----------
    P : array_like or torch.Tensor, shape (\|Y\|, \|X\|), or Joint
        Joint distribution; :meth:`tdist.Joint.from_samples` makes one from data.
    k : int
        Number of modes, at most min(\|X\|, \|Y\|) - 1, where only symbols that occur count.
    tol : float
        Stop when two sweeps in a row raise the objective by less than this.
    max_sweeps : int
        Warn and stop after this many.
    seed : int
        Seed of the starting g.

    Returns
    -------
    ACE

    Raises
    ------
    TypeError
        If P is not made of numbers, or k is not an integer.
    ValueError
        If P is not a joint distribution, or k or max_sweeps is out of range.

    Warns
    -----
    UserWarning
        If the sweeps stopped short of the modes: after `max_sweeps`, or at weaker modes, where a
        stronger one lies in symbols so rare that the start has next to no part in them.
        :meth:`tdist.Joint.modes` finds the modes without sweeps.

    Examples
    --------
    The correlations are the singular values of the divergence transition matrix.

    >>> import tdist
    >>> joint = tdist.Joint([[0.2, 0.1, 0.1], [0.0, 0.2, 0.1], [0.1, 0.0, 0.2]])
    >>> tdist.ace(joint, k=2).correlations.round(4)
    array([0.5833, 0.3333])
    >>> joint.singular_values[:2].round(4)
    array([0.5833, 0.3333])
    """
    joint = P if isinstance(P, Joint) else Joint(P)
    mirror = Joint(joint.P.T)
    k = check_modes(k, (np.count_nonzero(joint.py), np.count_nonzero(joint.px)))
    if max_sweeps < 1:
        raise ValueError(f"max_sweeps must be at least 1, got {max_sweeps!r}")
    g = whiten(np.random.default_rng(seed).standard_normal((len(joint.py), k)), joint.py)
    objective, stopped = [], False
    while not stopped and (len(objective) < 3 or max(np.diff(objective[-3:])) > tol):
        f = whiten(mirror.conditional_mean(g), joint.px)
        g = whiten(joint.conditional_mean(f), joint.py)
        cross = f.T @ joint.P.T @ g  # (k, k)
        objective.append(np.trace(cross))
        stopped = len(objective) == max_sweeps
    # the sweeps fix the subspaces; an SVD inside them orders the modes
    left, correlations, right = np.linalg.svd(cross)
    short = float(joint.singular_values[:k].sum() - correlations.sum())
    if stopped or short > max(SHORT, 10 * tol):
        why = ("two singular values may be nearly equal, and a larger max_sweeps goes on" if stopped
               else "a stronger mode lies in rare symbols, or tol is too large for near singular "
               "values")
        warnings.warn(f"ace stopped after {len(objective)} sweeps with the sum of correlations "
                      f"{correlations.sum():.6g}, {max(short, 0):.2g} below the largest possible: "
                      f"{why}; Joint(P).modes({k}) needs no sweeps", stacklevel=2)
    f, g = f @ left, g @ right.T
    sign = signs(np.sqrt(joint.px)[:, None] * f)
    return ACE(sign * f, sign * g, correlations, np.array(objective), short)


def whiten(f, p):
    r""":math:`(f - \mathbb E f)\operatorname{cov}(f)^{-1/2}`, of zero mean and identity covariance
    under p.

    Parameters
    ----------
    f : array_like, shape (\|X\|, k)
    p : array_like, shape (\|X\|,)
        Probabilities, of which more than k are positive.

    Returns
    -------
    ndarray, shape (\|X\|, k)
        Zero where p is zero.

    Raises
    ------
    ValueError
        If p is not a distribution, or f not a finite feature on it of fewer columns than p has
        positive entries.

    Examples
    --------
    >>> from tdist.hgr import whiten
    >>> whiten([[0.0], [1.0], [2.0]], [0.25, 0.5, 0.25]).round(4).T + 0.0
    array([[-1.4142,  0.    ,  1.4142]])
    """
    f, p = numbers(f, "f"), probabilities(p, "p", 1)
    seen = p > 0
    if f.ndim != 2 or len(f) != len(p) or not np.isfinite(f).all():
        raise ValueError(f"f must be finite, of shape ({len(p)}, k), got shape {f.shape}")
    if f.shape[1] >= seen.sum():
        raise ValueError(f"{f.shape[1]} columns cannot be white on the {seen.sum()} symbols with "
                         "p > 0: at most one fewer than symbols")
    white = np.zeros(f.shape)
    root = np.sqrt(p[seen])[:, None]
    # the leading column keeps Q orthogonal to the constant function, even where cov(f) is singular
    q, r = np.linalg.qr(np.hstack([root, root * (f[seen] - p @ f)]))
    left, _, right = np.linalg.svd(r[1:, 1:])
    white[seen] = q[:, 1:] @ (left @ right) / root
    return white


def __getattr__(name):
    """SoftHGR and soft_hgr, from their own room: they load torch, which ACE does without."""
    if name in ("SoftHGR", "soft_hgr"):
        return getattr(import_module("tdist.softhgr"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
