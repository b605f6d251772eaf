r"""The chance level of classes whose samples are unlike the rest.

With whitened features z (mean 0, covariance I) the H-score is a sum of products of pairs of samples
of one class,

.. math:: H = \frac{1}{m} \sum_c \frac{1}{n_c} \sum_{i, j \in c} z_i^\top z_j .

The product of a sample with itself, its *leverage* :math:`\ell_i = |z_i|^2`, says nothing about the
class, but counts 1 / n_c: in a rare class much. The chance level :eq:`eq-chance` gives each class
the mean leverage, the rank. It is right for shuffled labels, whatever the features. Where one class
is more spread out than the others, about the same mean, it is too low.
"""

from dataclasses import dataclass

import numpy as np

from tdist.hscore.results import HScoreResult
from tdist.hscore.score import with_samples
from tdist.inputs import classes_of
from tdist.manners import line


@dataclass(frozen=True, repr=False)
class LeverageChance:
    """The chance level with the leverages that classes have; ``float(result)`` is `statistic`.

    Attributes
    ----------
    statistic : float
        The score to expect of classes with the same mean, each as spread out as it is.
    adjusted : float
        The score corrected for it, :eq:`eq-leverage`: NaN where the adjusted score is.
    leverages : dict
        Each class's mean leverage over the rank: 1 is that of shuffled labels, 3 three times as
        spread out.
    score : HScoreResult
        With `chance` and `adjusted` of shuffled labels.

    Examples
    --------
    >>> found = leverage_chance([[0], [1], [2], [3], [9]], ["near"] * 4 + ["far"])
    >>> found.leverages["far"] > 3 * found.leverages["near"]
    True
    """

    statistic: float
    adjusted: float
    leverages: dict
    score: HScoreResult

    def __float__(self):
        return self.statistic

    __repr__ = line


def leverage_chance(features, labels):
    r"""The H-score to expect by chance of classes that are unequally spread out.

    .. math:: \frac{k (|\mathcal Y| - 1)}{m - 1} + \frac1m \sum_c (\bar\ell_c - k)

    with k the rank, and :math:`\bar\ell_c` the mean of class c of the leverages
    :math:`\ell_i = (x_i - \bar x)^\top \operatorname{cov}(f)^+ (x_i - \bar x)`. The first term is
    `chance` of :func:`tdist.h_score`, the mean over shuffled labels; the second is what shuffling
    hides: a rare class of unusual samples scores by its spread alone, though its mean says nothing.

    A class that is far from the others has large leverages too: there the correction takes part of
    what there is to find. Use it to ask whether a rare class's score is more than spread, not in
    place of `adjusted`. It is right to first order in k / m.

    Parameters
    ----------
    features, labels
        As in :func:`tdist.h_score`.

    Returns
    -------
    LeverageChance

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`.

    Notes
    -----
    Time is twice that of :func:`tdist.h_score`, memory m x rank numbers in float64. For many tasks
    of one feature use :func:`tdist.pixelwise.whiten` with :func:`tdist.pixelwise.chance.corrected`.

    Examples
    --------
    Two classes with one mean, the rare one ten times as spread out:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> rare = np.arange(1000) < 20
    >>> found = leverage_chance(rng.standard_normal((1000, 5)) * (1 + 9 * rare[:, None]), rare)
    >>> print(f"{found.score.statistic:.3f}, by chance {float(found):.3f}, "
    ...       f"of shuffled labels {found.score.chance:.3f}")
    0.105, by chance 0.147, of shuffled labels 0.005
    """
    score, codes, z = with_samples(features, labels)
    leverages = z.square().sum(1).cpu().numpy()
    means = np.bincount(codes, leverages) / np.bincount(codes)  # (classes,)
    excess = (means - score.rank).sum() / score.n
    spare = score.n - 1 - score.rank
    adjusted = score.adjusted - (excess * (score.n - 1) / spare if spare > 0 else np.nan)
    names = classes_of(labels)[1]
    return LeverageChance(float(score.chance + excess), float(adjusted),
                          dict(zip(names, (means / max(score.rank, 1)).tolist(), strict=True)),
                          score)
