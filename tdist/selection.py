r"""What a ranking of sources is worth as a choice: regret of its first place, order inside ties.

Definition 4 of the H-score paper, source task selection: of several sources, take the one whose
features do best on the target. A score that stands in for training is judged by what its choice
costs, and by what it says beyond a ranking that costs nothing.
"""

from dataclasses import dataclass

import numpy as np

from tdist.agreement import check_matrix, without_self
from tdist.manners import line


def regret(scores, losses, self_pairs=True):
    r"""What is lost by taking the source of the highest score, for each target.

    .. math:: \ell_{\hat s} - \min_s \ell_s, \qquad \hat s = \arg\max_s \text{score}_s

    :eq:`eq-regret`. Sources tied at the top count as one drawn at random among them.

    Parameters
    ----------
    scores : array_like, shape (sources, targets)
        Larger is better.
    losses : array_like, shape (sources, targets)
        Lower is better; pass minus the accuracies for a regret in accuracy.
    self_pairs : bool
        False leaves out the diagonal, where a task is its own source; the matrices must then be
        square.

    Returns
    -------
    ndarray, shape (targets,)

    Raises
    ------
    ValueError
        If shapes differ or a number is missing.

    Examples
    --------
    >>> from tdist.selection import regret
    >>> regret([[5, 1], [4, 1], [1, 0]], [[0.3, 0.2], [0.1, 0.6], [0.5, 0.1]])  # the second: a tie
    array([0.2, 0.3])
    """
    scores, losses = _pair(scores, losses, "losses", self_pairs)
    first = scores == scores.max(axis=0)
    return (losses * first).sum(axis=0) / first.sum(axis=0) - losses.min(axis=0)


@dataclass(frozen=True, repr=False)
class Concordance:
    """Pairs of sources that two rankings put in the same order; ``float(result)`` is their share.

    Attributes
    ----------
    concordant : float
        Pairs in the same order; a tie in one of the rankings counts one half.
    pairs : int
        All that were compared.

    Examples
    --------
    >>> float(Concordance(84, 96))
    0.875
    """

    concordant: float
    pairs: int

    __repr__ = line

    def __float__(self):
        return self.concordant / self.pairs


def concordance(scores, reference, within, self_pairs=True):
    r"""Pairs of sources in the same order by two rankings, among those that a third ties.

    Does a score say anything *inside* the groups that are known without it? Only pairs of sources
    of one target that have the same entry of `within` are counted, over all targets. (Without ties
    the share is (1 + Kendall's tau) / 2.)

    Parameters
    ----------
    scores, reference : array_like, shape (sources, targets)
        Larger is better in both.
    within : array_like, shape (sources, targets)
        Numbers of the groups, or the ranking that leaves the ties.
    self_pairs : bool
        False leaves out the diagonal; the matrices must then be square.

    Returns
    -------
    Concordance

    Raises
    ------
    ValueError
        If shapes differ, a number is missing, or no pair of sources is tied.

    Examples
    --------
    >>> from tdist.selection import concordance
    >>> kin = [[1], [1], [0], [0]]
    >>> concordance([[4], [3], [1], [2]], [[9], [5], [3], [1]], kin)
    Concordance(concordant=1, pairs=2)
    """
    scores, reference = _pair(scores, reference, "reference", True)
    scores, within = _pair(scores, within, "within", self_pairs)
    reference = reference if self_pairs else without_self(reference)
    upper = np.triu_indices(len(scores), 1)
    above, truth, tied = ((x[:, None] - x)[upper] for x in (scores, reference, within))
    same = np.sign(above) * np.sign(truth)  # (pairs, targets)
    counted = tied == 0
    if not counted.any():
        raise ValueError("no two sources of a target are tied in within: there is nothing to count")
    return Concordance(float((1 + same[counted]).sum() / 2), int(counted.sum()))


def _pair(scores, other, name, self_pairs):
    """Two matrices of one shape, with or without their diagonals."""
    scores, other = check_matrix(scores, "scores"), check_matrix(other, name)
    if scores.shape != other.shape:
        raise ValueError(f"scores and {name} differ in shape: {scores.shape} and {other.shape}")
    if self_pairs:
        return scores, other
    if scores.shape[0] != scores.shape[1]:
        raise ValueError("only a square matrix has a diagonal of self pairs to leave out, got "
                         f"shape {scores.shape}")
    return without_self(scores), without_self(other)
