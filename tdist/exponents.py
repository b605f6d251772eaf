r"""Error exponents of binary hypothesis tests between two distributions on one finite alphabet.

A test sees m independent draws and decides between :math:`P_1` and :math:`P_2`. Its error
probability falls like :math:`e^{-mE}`; E is its exponent, in nats. Here are the exponent of the
best test, of the best test by a fixed region of means of a feature, and the exact error probability
of a linear test.
"""

import operator
from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, logsumexp, xlogy

from tdist.alphabet import numbers, probabilities
from tdist.manners import line
from tdist.tilting import coordinates, saddle, usable

EPS = np.finfo(float).eps


@dataclass(frozen=True, repr=False, eq=False)
class Exponent:
    """An error exponent in nats, and where it is attained; ``float(result)`` is `statistic`.

    Attributes
    ----------
    statistic : float
        The exponent, at least 0.
    tilt : float
        The s of the Chernoff bound at the optimum, between 0 and 1.
    mean : ndarray, shape (k,), or None
        The common mean of f at which both kinds of error have this exponent; for k = 1 the best
        threshold. None for Chernoff information, and where no mean is common.

    Examples
    --------
    >>> from tdist.exponents import chernoff
    >>> found = chernoff([0.9, 0.1], [0.1, 0.9])
    >>> found
    Exponent(statistic=0.5108, tilt=0.5, mean=None)
    >>> print(f"{float(found):.6f}")
    0.510826
    """

    statistic: float
    tilt: float
    mean: np.ndarray | None = None

    def __float__(self):
        return self.statistic

    __repr__ = line


def chernoff(p1, p2):
    r"""Chernoff information, :eq:`eq-chernoff`; Lemma 1 of the H-score paper.

    .. math:: C(P_1, P_2) = -\min_{0\le s\le 1} \log \sum_x P_1^s P_2^{1-s}

    The exponent of the best test between :math:`P_1` and :math:`P_2`.

    Parameters
    ----------
    p1, p2 : array_like or torch.Tensor, shape (\|X\|,)
        Probabilities; their sum may be off 1 by the rounding of their precision, and is made 1 in
        float64. Nothing is too small: 1e-300 counts.

    Returns
    -------
    Exponent
        In nats, with `.tilt`; infinity if no symbol is possible under both.

    Raises
    ------
    TypeError
        If p1 or p2 is not made of numbers.
    ValueError
        If p1 and p2 are not distributions on one alphabet.

    Examples
    --------
    >>> from tdist.exponents import chernoff
    >>> print(f"{float(chernoff([0.5, 0.5], [0.25, 0.75])):.4f}")
    0.0347
    >>> float(chernoff([1, 0], [0, 1]))
    inf
    """
    p1, p2 = _distributions(p1, p2)
    both = (p1 > 0) & (p2 > 0)
    if not both.any():
        return Exponent(np.inf, 0.5)
    lost1, lost2 = p1[~both].sum(), p2[~both].sum()
    p1, p2, gap = p1[both], p2[both], (p1 - p2)[both]
    near = np.abs(gap) < p2 / 2
    log1, log2 = np.log(p1), np.log(p2)
    llr = np.log1p(np.divide(gap, p2, out=np.zeros_like(gap), where=near))  # 0 where not near

    def log_sum(s):
        # 1 less the sum, symbol by symbol: none is negative, so that none takes another's digits
        short = np.where(near, p2 * _arch(s, llr),
                         s * p1 + (1 - s) * p2 - np.exp(s * log1 + (1 - s) * log2))
        short = short.sum() + s * lost1 + (1 - s) * lost2
        return np.log1p(-short) if short < 0.5 else logsumexp(s * log1 + (1 - s) * log2)

    inside = minimize_scalar(log_sum, bounds=(0, 1), options={"xatol": 1e-12}).x
    tilt = min(inside, 0.0, 1.0, key=log_sum)
    return Exponent(float(-log_sum(tilt)), float(tilt))


def mismatched(f, p1, p2):
    r"""Best exponent of a test by a fixed region of means of f, :eq:`eq-mismatched`; Lemmas 2 and 3
    of the paper.

    .. math:: E_f = \inf_l \max(I_1(l), I_2(l)) = \max_{0<s<1} \max_\theta
              -\bigl[s \Lambda_1(\theta/s) + (1-s) \Lambda_2(-\theta/(1-s))\bigr]

    where :math:`\Lambda_j(\theta) = \log \mathbb E_{P_j} e^{\theta\cdot f}` and :math:`I_j` is its
    Legendre transform.

    Parameters
    ----------
    f : array_like or torch.Tensor, shape (\|X\|,) or (\|X\|, k)
        Feature. The exponent does not change under f -> fA + b with A invertible.
    p1, p2 : array_like or torch.Tensor, shape (\|X\|,)
        As :func:`chernoff`.

    Returns
    -------
    Exponent
        In nats, with `.tilt` and `.mean`; 0 if f has one mean under both, up to rounding, infinity
        if f separates them with certainty.

    Raises
    ------
    TypeError
        If f, p1 or p2 is not made of numbers.
    ValueError
        If p1 and p2 are not distributions on one alphabet, or f is not a finite feature on it.
    ArithmeticError
        If the search ends without the exponent: its lower and its upper bound differ.

    Examples
    --------
    The log-likelihood ratio loses nothing, another feature does.

    >>> import numpy as np
    >>> from tdist.exponents import chernoff, mismatched
    >>> p1, p2 = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    >>> for found in (chernoff(p1, p2), mismatched(np.log(p1 / p2), p1, p2),
    ...               mismatched([1, 0, 0], p1, p2)):
    ...     print(f"{float(found):.5f}")
    0.06993
    0.06993
    0.05275
    """
    p1, p2 = _distributions(p1, p2)
    f = numbers(f, "f")
    f = f[:, None] if f.ndim == 1 else f
    if f.ndim != 2 or len(f) != len(p1) or not np.isfinite(f).all():
        raise ValueError(f"f must be finite, of shape ({len(p1)},) or ({len(p1)}, k); got shape "
                         f"{f.shape}" + (" with NaN or infinity" if np.isnan(f).any() else ""))
    used1, used2 = usable(f, p1 > 0, p2 > 0)
    if not used1.any():
        return Exponent(np.inf, 0.5)
    lost1, lost2 = p1[~used1].sum(), p2[~used2].sum()
    used = used1 | used2
    f, p1, p2 = f[used], np.where(used1, p1, 0)[used], np.where(used2, p2, 0)[used]
    heavy = np.argmax(np.minimum(p1, p2) + 1e-9 * (p1 + p2))
    z = coordinates(f, heavy)
    q1, q2 = p1 / p1.sum(), p2 / p2.sum()
    if (np.abs(q1 @ z - q2 @ z) <= 8 * EPS * ((q1 + q2) @ np.abs(z))).all():
        # no tilt brings the means nearer: what is left is the mass without a common mean
        whole = max(-np.log1p(-lost) if lost < 0.5 else -np.log(p.sum())
                    for p, lost in ((p1, lost1), (p2, lost2)))
        return Exponent(float(whole), 0.5, (q1 @ f + q2 @ f) / 2)
    value, tilt, q1, q2 = saddle(z, heavy, p1, p2, lost1, lost2)
    return Exponent(float(value), float(tilt), (q1 @ f + q2 @ f) / 2)


def log_error_probability(h, threshold, p1, p2, m, prior=0.5):
    r"""Exact log error probability of "decide :math:`P_1` if the mean of h over m draws exceeds the
    threshold".

    .. math:: P_e = \pi P_1(\bar h < T) + (1-\pi) P_2(\bar h > T) + \tfrac12\,\text{ties}

    summed over all types, that is over every way to draw m symbols up to order.

    Parameters
    ----------
    h : array_like or torch.Tensor, shape (\|X\|,)
        One number a symbol. log(p1 / p2) with threshold 0 is the likelihood-ratio test.
    threshold : float
        T; a mean within the rounding of its terms (1e-12) is a tie.
    p1, p2 : array_like or torch.Tensor, shape (\|X\|,)
        As :func:`chernoff`.
    m : int
        Number of draws, at least 1.
    prior : float
        The probability :math:`\pi` of :math:`P_1`, 0 to 1.

    Returns
    -------
    float
        In nats; minus infinity if no error is possible.

    Raises
    ------
    TypeError
        If m is not an integer, or an input not made of numbers.
    ValueError
        If there are more than 5 million types, or the inputs do not fit.

    Examples
    --------
    Two draws of a coin, taken for the first if both are heads, and by lot if one is.

    >>> import numpy as np
    >>> from tdist.exponents import log_error_probability
    >>> log = log_error_probability([1, 0], 0.5, [0.8, 0.2], [0.5, 0.5], m=2)
    >>> print(f"{np.exp(log):.3f}")  # (0.04 + 0.32 / 2 + 0.25 + 0.5 / 2) / 2
    0.350
    """
    p1, p2 = _distributions(p1, p2)
    h, threshold, prior = numbers(h, "h"), numbers(threshold, "threshold"), numbers(prior, "prior")
    if h.shape != p1.shape or not np.isfinite(h).all():
        raise ValueError(f"h must be finite, one number a symbol: shape {p1.shape}, got {h.shape}")
    if threshold.shape != () or not np.isfinite(threshold):
        raise ValueError(f"threshold must be one finite number, got {threshold}")
    if prior.shape != () or not 0 <= prior <= 1:
        raise ValueError(f"prior must be a probability from 0 to 1, got {prior}")
    counts = types(m, len(p1), least=1)  # (types, |X|)
    unit = max(np.abs(h).max(), abs(threshold)) or 1.0  # 1e308 does not overflow
    h, threshold = h / unit, threshold / unit
    gap = counts @ (h - threshold)
    gap[np.abs(gap) <= 1e-12 * (counts @ (np.abs(h) + abs(threshold)))] = 0  # ties up to rounding
    ways = gammaln(m + 1) - gammaln(counts + 1).sum(axis=1)
    errors = []
    for p, weight, side in ((p1, prior, -1), (p2, 1 - prior, 1)):
        wrong = np.where(np.sign(gap) == side, 1.0, np.where(gap == 0, 0.5, 0.0))
        possible = (wrong > 0) & (counts[:, p == 0] == 0).all(axis=1)
        if weight > 0 and possible.any():
            log_p = ways[possible] + xlogy(counts[possible], p).sum(axis=1)
            errors.append(np.log(weight) + logsumexp(log_p, b=wrong[possible]))
    return float(np.logaddexp.reduce(errors))  # of none, minus infinity


def types(m, size, least=0):
    """Every vector of `size` non-negative integers with sum m, shape
    (comb(m + size - 1, size - 1), size); ValueError if m is less than `least`."""
    try:
        m = operator.index(m)
    except TypeError:
        raise TypeError(f"m, the number of draws, must be an integer, got {m!r}") from None
    if m < least:
        raise ValueError(f"m, the number of draws, must be at least {least}, got {m}")
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
    p1, p2 = probabilities(p1, "p1", 1), probabilities(p2, "p2", 1)
    if p1.shape != p2.shape:
        raise ValueError("p1 and p2 must be vectors of one length, got shapes "
                         f"{p1.shape} and {p2.shape}")
    return p1 / p1.sum(), p2 / p2.sum()


def _arch(s, u):
    """s e^u + 1 - s - e^(su) for u from -0.7 to 0.5, never negative, by its series:
    s (1-s) u^2 / 2 + ..."""
    power, total = u.copy(), np.zeros_like(u)
    for j in range(2, 22):
        power *= u / j
        total += (s - s**j) * power
    return total
