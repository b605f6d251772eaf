"""What a score that guesses each sample's label is handed out with."""

from dataclasses import dataclass, field

import numpy as np

from tdist.manners import line


@dataclass(frozen=True, repr=False)
class Accuracy:
    """Share of samples whose label is guessed from the others; ``float(result)`` is the share.

    Attributes
    ----------
    statistic : float
        0 to 1.
    error : float
        Its standard error, as if the guesses were independent.
    chance : float
        The share of the most frequent class: what guessing it always reaches.
    chosen : float
        The strength of the penalty, or the number of neighbours, that was used; NaN for none.
    correct : numpy.ndarray of bool, shape (m,)
        Which samples were guessed: two scores of the same samples compare pair by pair.

    Examples
    --------
    >>> Accuracy.of(np.array([True, True, False, True]), chance=0.5, chosen=20)
    Accuracy(statistic=0.75, error=0.2165, chance=0.5, chosen=20, correct=ndarray (4,))
    """

    statistic: float
    error: float
    chance: float
    chosen: float
    correct: np.ndarray = field(compare=False)

    @classmethod
    def of(cls, correct, chance, chosen=np.nan):
        """The Accuracy of guesses, correct (m,) or not."""
        share = float(np.mean(correct))
        return cls(share, (share * (1 - share) / len(correct)) ** 0.5, float(chance), chosen,
                   correct)

    def __float__(self):
        return self.statistic

    __repr__ = line
