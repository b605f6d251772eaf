r"""Error exponents of binary hypothesis tests between two distributions on one finite alphabet, in nats.

A test sees m independent draws and decides between :math:`P_1` and :math:`P_2`. Its error probability falls like
:math:`e^{-mE}`; E is its exponent. Here are the exponent of the best test, of the best test by a fixed region
of means of a feature, and the exact error probability of a linear test.
"""

from math import comb

import numpy as np
from scipy.optimize import brentq, linprog, minimize_scalar
from scipy.special import gammaln, logsumexp, xlogy


class Exponent(float):
    """An error exponent in nats: a float that also knows where it is attained.

    Attributes
    ----------
    tilt : float
        The s of the Chernoff bound at the optimum, between 0 and 1.
    mean : ndarray, shape (k,), or None
        The common mean of f at which both kinds of error have this exponent; for k = 1 the best threshold.
    """

    def __new__(cls, value, tilt, mean=None):
        exponent = super().__new__(cls, value)
        exponent.tilt, exponent.mean = tilt, mean
        return exponent


def chernoff(p1, p2):
    r"""Chernoff information, :eq:`eq-chernoff`; Lemma 1 of the H-score paper.

    .. math:: C(P_1, P_2) = -\min_{0\le s\le 1} \log \sum_x P_1^s P_2^{1-s}

    The exponent of the best test between :math:`P_1` and :math:`P_2`, both of shape (\|X\|,).

    Returns
    -------
    Exponent
        In nats, with `.tilt`; infinity if no symbol is possible under both.

    Raises
    ------
    ValueError
        If p1 and p2 are not distributions on one alphabet.
    """
    p1, p2 = _distributions(p1, p2)
    both = (p1 > 0) & (p2 > 0)
    if not both.any():
        return Exponent(np.inf, 0.5)
    llr = np.log(p1[both] / p2[both])
    lost = p2[~both].sum()  # mass of p2 where p1 is 0: those terms of the sum vanish for s > 0

    def log_sum(s):
        gap = p2[both] @ np.expm1(s * llr) - lost  # keeps the digits that log(sum) loses when the sum is close to 1
        return np.log1p(gap) if gap > -0.5 else np.log(np.sum(p1[both] ** s * p2[both] ** (1 - s)))

    inside = minimize_scalar(log_sum, bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).x
    tilt = min(inside, 0.0, 1.0, key=log_sum)
    return Exponent(max(-log_sum(tilt), 0.0), float(tilt))


def mismatched(f, p1, p2):
    r"""Best exponent of a test by a fixed region of means of f, :eq:`eq-mismatched`; Lemmas 2 and 3 of the paper.

    .. math:: E_f = \inf_l \max(I_1(l), I_2(l)) = \max_{0<s<1} \max_\theta
              -\bigl[s \Lambda_1(\theta/s) + (1-s) \Lambda_2(-\theta/(1-s))\bigr]

    where :math:`\Lambda_j(\theta) = \log \mathbb E_{P_j} e^{\theta\cdot f}` and :math:`I_j` is its Legendre transform.

    Parameters
    ----------
    f : array_like, shape (\|X\|,) or (\|X\|, k)
        Feature. The exponent does not change under f -> fA + b with A invertible.
    p1, p2 : array_like, shape (\|X\|,)

    Returns
    -------
    Exponent
        In nats, with `.tilt` and `.mean`; 0 if f has one mean under both, infinity if f separates them with certainty.

    Raises
    ------
    ValueError
        If p1 and p2 are not distributions on one alphabet, or f is not a finite feature on it.
    """
    p1, p2 = _distributions(p1, p2)
    f = np.asarray(f, float)
    f = f[:, None] if f.ndim == 1 else f
    if f.ndim != 2 or len(f) != len(p1) or not np.isfinite(f).all():
        raise ValueError(f"f must be finite, of shape ({len(p1)},) or ({len(p1)}, k); got shape {f.shape}")
    used1, used2 = _usable(f, p1, p2)
    if not used1.any():
        return Exponent(np.inf, 0.5)
    lost1, lost2 = p1[~used1].sum(), p2[~used2].sum()
    p1, p2 = np.where(used1, p1, 0), np.where(used2, p2, 0)
    z, mean0, back = _whiten(f, (p1 + p2) / (p1 + p2).sum())
    m1, m2 = (p @ z / p.sum() for p in (p1, p2))
    if np.abs(m1 - m2).max(initial=0) < 1e-15:
        return Exponent(max(-np.log(p.sum()) if lost else 0.0 for p, lost in ((p1, lost1), (p2, lost2))), 0.5,
                        mean0 + m1 @ back)

    solved, last = {}, [np.zeros(z.shape[1])]

    def slope(s):  # the derivative of the inner maximum in s is I_1 - I_2, and falls
        if s not in solved:
            solved[s] = _inner(s, last[0], z, (p1, lost1), (p2, lost2))
            last[0] = solved[s][0]
        return solved[s][3]

    # go from 1/2 towards the end where the slope changes sign; it may not, if a support had to be cut
    up = slope(0.5) >= 0
    ends = [1 - 4.0**-i if up else 4.0**-i for i in range(1, 16)]
    end = next((s for s in ends if (slope(s) < 0) == up), ends[-1])
    s = brentq(slope, 0.5, end, xtol=1e-15) if slope(0.5) * slope(end) < 0 else end if slope(0.5) else 0.5
    slope(s)
    _, value, mean, _ = solved[s]
    return Exponent(max(value, 0.0), float(s), mean0 + mean @ back)


def log_error_probability(h, threshold, p1, p2, m, prior=0.5):
    r"""Exact log error probability of "decide :math:`P_1` if the mean of h over m draws exceeds the threshold".

    .. math:: P_e = \pi P_1(\bar h < T) + (1-\pi) P_2(\bar h > T) + \tfrac12\,\text{ties}

    summed over all types, that is over every way to draw m symbols up to order.

    Parameters
    ----------
    h : array_like, shape (\|X\|,)
        One number a symbol. log(p1 / p2) with threshold 0 is the likelihood-ratio test.
    threshold, prior : float
        T, and the probability :math:`\pi` of :math:`P_1`.
    m : int
        Number of draws.

    Raises
    ------
    ValueError
        If there are more than 5 million types, or the inputs do not fit.
    """
    p1, p2 = _distributions(p1, p2)
    h = np.asarray(h, float)
    if h.shape != p1.shape or not np.isfinite(h).all():
        raise ValueError(f"h must be finite, one number a symbol: shape {p1.shape}, got {h.shape}")
    counts = types(m, len(p1))  # (types, |X|)
    gap = counts @ (h - threshold)
    gap[np.abs(gap) < 1e-9 * m * np.abs(h - threshold).max()] = 0  # ties up to rounding
    ways = gammaln(m + 1) - gammaln(counts + 1).sum(axis=1)
    errors = []
    for p, weight, side in ((p1, prior, -1), (p2, 1 - prior, 1)):
        wrong = np.where(np.sign(gap) == side, 1.0, np.where(gap == 0, 0.5, 0.0))
        log_p = ways + xlogy(counts, p).sum(axis=1)
        errors.append(np.log(weight) + logsumexp(log_p, b=wrong))
    return float(np.logaddexp(*errors))


def types(m, size):
    """Every vector of `size` non-negative integers with sum m, shape (comb(m + size - 1, size - 1), size)."""
    if comb(m + size - 1, size - 1) > 5_000_000:
        raise ValueError(f"{comb(m + size - 1, size - 1):.3g} types for m = {m}, |X| = {size}: "
                         "take a smaller alphabet or fewer draws (at most 5 million types)")
    if size == 1:
        return np.array([[m]])
    if size == 2:
        return np.column_stack([np.arange(m + 1), np.arange(m, -1, -1)])
    tails = [types(m - first, size - 1) for first in range(m + 1)]
    firsts = np.repeat(np.arange(m + 1), [len(t) for t in tails])
    return np.column_stack([firsts, np.concatenate(tails)])


def _distributions(p1, p2):
    p1, p2 = np.asarray(p1, float), np.asarray(p2, float)
    if p1.shape != p2.shape or p1.ndim != 1:
        raise ValueError(f"p1 and p2 must be vectors of one length, got shapes {p1.shape} and {p2.shape}")
    for name, p in (("p1", p1), ("p2", p2)):
        if not np.isfinite(p).all() or (p < 0).any() or abs(p.sum() - 1) > 1e-9:
            raise ValueError(f"{name} must be non-negative with sum 1, got sum {p.sum():.10g}")
    return p1 / p1.sum(), p2 / p2.sum()


def _whiten(f, p):
    """f centred, whitened and reduced to its rank under p; and the way back, f = mean + z @ back."""
    mean = p @ f
    _, spread, vt = np.linalg.svd(np.sqrt(p)[:, None] * (f - mean), full_matrices=False)
    keep = spread > np.finfo(float).eps * max(f.shape) * max(spread[0], np.abs(f).max())
    back = spread[keep, None] * vt[keep]
    return (f - mean) @ vt[keep].T / spread[keep], mean, back


def _usable(f, p1, p2):
    """Which symbols of p1 and of p2 (masks) can take part in a common mean of f; none if no mean is common.

    They span the smallest faces of the two convex hulls that hold every common mean; with only them the maximum
    over tilts is attained."""
    seen1, seen2 = p1 > 0, p2 > 0
    if seen1.all() and seen2.all():
        return seen1, seen2
    points = np.hstack([(f - f.mean(0)) / max(np.ptp(f), 1e-300), np.ones((len(f), 1))])
    rows = np.hstack([points[seen1].T, -points[seen2].T])
    # weights u + w of the symbols, of any total, with one mean under both; as many as possible of the u at 1
    size = rows.shape[1]
    found = linprog(np.r_[-np.ones(size), np.zeros(size)], A_eq=np.hstack([rows, rows]), b_eq=np.zeros(len(rows)),
                    bounds=[(0, 1)] * size + [(0, None)] * size)
    used = found.x[:size] > 0.5
    seen1[seen1], seen2[seen2] = used[: seen1.sum()], used[seen1.sum() :]
    return seen1, seen2


def _tilted(theta, z, p, lost):
    """log of the sum of p e^(theta.z), and mean and covariance of z under the tilted p, of mass 1 - lost."""
    t = z @ theta
    top = t[p > 0].max()
    weights = p * np.exp(np.minimum(t - top, 0))
    gap = p @ np.expm1(np.minimum(t, 1)) - lost
    # near 0 the sum is close to 1: log1p keeps its digits
    log_mgf = np.log1p(gap) if top < 0.5 and gap > -0.5 else top + np.log(weights.sum())
    q = weights / weights.sum()
    mean = q @ z
    return log_mgf, mean, (z - mean).T @ (q[:, None] * (z - mean))


def _inner(s, eta, z, p1, p2):
    """Newton's method for max over eta of -[s L1((1-s) eta) + (1-s) L2(-s eta)]: theta = s (1-s) eta.

    p1 and p2 are pairs (probabilities, lost mass). Returns eta, the maximum, the common mean (k,) there, and
    I_1 - I_2."""
    def at(eta):
        l1, m1, c1 = _tilted((1 - s) * eta, z, *p1)
        l2, m2, c2 = _tilted(-s * eta, z, *p2)
        return -(s * l1 + (1 - s) * l2), (l1, m1, c1), (l2, m2, c2)

    value, (l1, m1, c1), (l2, m2, c2) = at(eta)
    for _ in range(200):
        step = np.linalg.lstsq((1 - s) * c1 + s * c2, m2 - m1, rcond=None)[0]
        gain = s * (1 - s) * (m2 - m1) @ step
        if gain <= 1e-15 * abs(value):
            break
        size = 1.0
        while at(eta + size * step)[0] < value + 0.25 * size * gain and size > 1e-8:
            size /= 2
        eta = eta + size * step
        value, (l1, m1, c1), (l2, m2, c2) = at(eta)
    return eta, value, (m1 + m2) / 2, ((1 - s) * eta @ m1 - l1) - (-s * eta @ m2 - l2)
