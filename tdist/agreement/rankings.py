"""Rankings of the sources for every target: Spearman's correlation, and DCG."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata, spearmanr

from tdist.agreement.matrices import check_matrix, without_self
from tdist.manners import line


def spearman(scores, reference, self_pairs=True):
    r"""Spearman's rank correlation of two rankings of the sources, for each target.

    Parameters
    ----------
    scores, reference : array_like, shape (sources, targets)
        Larger is better in both. Ties share their mean rank.
    self_pairs : bool
        False leaves out the diagonal, where a task is its own source; the matrices must then be
        square.

    Returns
    -------
    ndarray, shape (targets,)

    Raises
    ------
    ValueError
        If shapes differ, a number is missing, a column is constant, or fewer than 3 sources are
        compared.

    Examples
    --------
    >>> from tdist.agreement import spearman
    >>> scores = [[5, 1], [4, 2], [1, 9]]          # three sources, two targets
    >>> spearman(scores, [[9, 9], [8, 5], [7, 1]])
    array([ 1., -1.])
    """
    scores, reference = check_matrix(scores, "scores"), check_matrix(reference, "reference")
    if scores.shape != reference.shape:
        raise ValueError("scores and reference differ in shape: "
                         f"{scores.shape} and {reference.shape}")
    if not self_pairs:
        if scores.shape[0] != scores.shape[1]:
            raise ValueError("only a square matrix has a diagonal of self pairs to leave out, "
                             f"got shape {scores.shape}")
        scores, reference = without_self(scores), without_self(reference)
    if len(scores) < 3:
        raise ValueError(f"a rank correlation needs at least 3 sources, got {len(scores)}")
    for name, matrix in (("scores", scores), ("reference", reference)):
        if (constant := np.flatnonzero(np.ptp(matrix, axis=0) == 0)).size:
            raise ValueError(f"column {constant[0]} of {name} is constant: it ranks nothing")
    return np.array([spearmanr(a, b).statistic for a, b in zip(scores.T, reference.T, strict=True)])


@dataclass(frozen=True, repr=False)
class DCG:
    """Normalised discounted cumulative gain; ``float(result)`` is the statistic.

    Attributes
    ----------
    statistic : float
        1 for the order of the reference.
    chance : float
        Its exact mean over all orders of the sources.

    Examples
    --------
    >>> found = dcg([0.1, 0.3, 0.2], [1, 3, 2])
    >>> round(float(found), 3), round(found.chance, 3)
    (1.0, 0.895)
    """

    statistic: float
    chance: float

    __repr__ = line

    def __float__(self):
        return self.statistic


def dcg(scores, reference, gain="linear"):
    r"""Discounted cumulative gain of ranking s sources by `scores`, over that of the ideal order.

    .. math:: \sum_{p=1}^{s} \frac{g_{\pi(p)}}{\log_2(p + 1)}

    :eq:`eq-dcg`; :math:`\pi(p)` is the source in place p. The gain of a source follows from its
    rank r by `reference`: :math:`g = s + 1 - r` (linear) or :math:`2^{s + 1 - r} - 1`
    (exponential). A uniformly random order has the mean
    :math:`\bar g \sum_p 1/\log_2(p + 1)`, which over the same ideal is `chance`, far above 0.

    Parameters
    ----------
    scores, reference : array_like, shape (sources,)
        One column of a matrix each; larger is better in both. Sources tied in `reference` share
        their mean rank; sources tied in `scores` share the mean discount of their places, which
        gives the mean over the orders that the ties leave open.
    gain : "linear" or "exponential"

    Returns
    -------
    DCG

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than 2 sources, a number is missing, or `gain` is another
        word.

    Examples
    --------
    >>> from tdist.agreement import dcg
    >>> dcg([0.5, 0.9, 0.1], [30, 20, 10])        # first and second are exchanged
    DCG(statistic=0.9225, chance=0.895)
    """
    from sklearn.metrics import ndcg_score  # heavy, and needed here only

    scores, reference = np.asarray(scores, float), np.asarray(reference, float)
    if scores.shape != reference.shape or scores.ndim != 1 or scores.size < 2:
        raise ValueError("scores and reference must be vectors of one length of at least 2, one "
                         f"column of a matrix each; got {scores.shape} and {reference.shape}")
    if not (np.isfinite(scores).all() and np.isfinite(reference).all()):
        raise ValueError("scores or reference holds NaN or infinity")
    if gain not in ("linear", "exponential"):
        raise ValueError(f'gain must be "linear" or "exponential", got {gain!r}')
    relevance = rankdata(reference)  # s for the best
    if gain == "exponential" and len(relevance) > 1000:
        raise ValueError(f'2^{len(relevance)} overflows: above 1,000 sources take gain="linear"')
    gains = relevance if gain == "linear" else 2.0**relevance - 1
    gains = gains / gains.max()  # scikit-learn casts large ones
    discounts = 1 / np.log2(np.arange(len(gains)) + 2)
    chance = gains.mean() * discounts.sum() / (np.sort(gains)[::-1] @ discounts)
    return DCG(float(ndcg_score(gains[None], scores[None])), float(chance))
