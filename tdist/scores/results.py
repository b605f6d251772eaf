"""What the scores that guess each sample from the others are handed out with."""

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


@dataclass(frozen=True, repr=False)
class HeldOut:
    """A predictive H-score; ``float(result)`` is `statistic`.

    Attributes
    ----------
    statistic : float
        At most `bound`; below 0 if the map is worse than the classes' frequencies.
    error : float
        Its standard error, as if the samples' losses were independent.
    bound : int
        Number of classes less one.
    chosen : float
        The strength of the penalty.
    losses : numpy.ndarray, shape (m,)
        Each sample's part in `bound` - `statistic`: two scores of the same samples compare pair by
        pair.

    Examples
    --------
    >>> HeldOut.of(np.array([0.1, 0.2, 0.1, 0.0]), bound=1, chosen=0.01)
    HeldOut(statistic=0.6, error=0.1633, bound=1, chosen=0.01, losses=ndarray (4,))
    """

    statistic: float
    error: float
    bound: int
    chosen: float
    losses: np.ndarray = field(compare=False)

    @classmethod
    def of(cls, losses, bound, chosen):
        """The HeldOut of the samples' losses (m,)."""
        error = len(losses) ** 0.5 * losses.std(ddof=1)
        return cls(float(bound - losses.sum()), float(error), bound, chosen, losses)

    def __float__(self):
        return self.statistic

    __repr__ = line
