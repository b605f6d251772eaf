"""Numbers of several seeds: their mean and spread, and what they say of a road between two tasks.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from tdist.manners import need
from tdist.plots import COMPUTED, OTHER, SOURCE

ROADS = {"coupled": COMPUTED, "to itself": SOURCE, "uncoupled": OTHER}  # and their colours


@dataclass(frozen=True, repr=False)
class Spread:
    """One number of several seeds; ``float(spread)`` is its mean. The difference of two is taken
    seed by seed.

    Attributes
    ----------
    values : tuple of float
        One a seed.

    Examples
    --------
    >>> there, stay = Spread((2.7, 3.3, 2.4)), Spread((0.7, 0.8, 0.7))
    >>> there, there - stay
    (2.80 ± 0.46, 2.07 ± 0.40)
    >>> [round(end, 2) for end in (there - stay).interval]
    [1.06, 3.07]
    """

    values: tuple

    @property
    def mean(self):
        """Over the seeds."""
        return float(np.mean(self.values))

    @property
    def spread(self):
        """Standard deviation over the seeds; NaN for one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else math.nan

    @property
    def error(self):
        """Standard error of the mean."""
        return self.spread / len(self.values) ** 0.5

    @property
    def interval(self):
        """95% interval of the mean, by Student's t: (low, high)."""
        half = self.error * float(student.ppf(0.975, max(len(self.values) - 1, 1)))
        return self.mean - half, self.mean + half

    @property
    def needed(self):
        """The least number of seeds whose interval leaves out 0, if mean and spread stay as they
        are: infinite if the mean is 0, NaN for one seed."""
        if not self.mean or len(self.values) < 2:
            return math.inf if len(self.values) > 1 else math.nan
        ratio = self.spread / abs(self.mean)
        n = max(2, int((1.95 * ratio)**2))  # of a normal distribution, and a little less
        while student.ppf(0.975, n - 1) * ratio > n**0.5:
            n += 1
        return float(n)

    def __float__(self):
        return self.mean

    def __sub__(self, other):
        return Spread(tuple(a - b for a, b in zip(self.values, other.values, strict=True)))

    def __repr__(self):
        if not self.spread > 0:
            return f"{self.mean:.3g}" + " ± 0" * (self.spread == 0)
        digits = max(0, 1 - math.floor(math.log10(self.spread)))  # two of the spread
        return f"{self.mean:.{digits}f} ± {self.spread:.{digits}f}"


@dataclass(frozen=True, repr=False)
class Survey:
    """The road between two tasks over several seeds; ``float(survey)`` is the mean coupled length,
    and ``print`` says in words what it is worth.

    Attributes
    ----------
    source : str
    target : str
        Names of the tasks.
    seeds : tuple of int
    records : tuple of dict
        One a seed: {road: {name: number}}, roads "coupled", "to itself" and "uncoupled", names as
        of :class:`tdist.transfer.Transfer`, without what is NaN.

    Examples
    --------
    >>> def road(length):
    ...     return {"length": length, "accuracy": 0.9}
    >>> found = Survey("low", "high", (0, 1, 2), tuple(
    ...     {"coupled": road(a), "to itself": road(b), "uncoupled": road(c)}
    ...     for a, b, c in ((2.7, 0.7, 3.6), (3.3, 0.8, 2.9), (2.4, 0.7, 2.6))))
    >>> found
    low to high: 2.80 ± 0.46 over 3 seeds; to itself 0.733 ± 0.058; uncoupled 3.03 ± 0.51; accuracy
    0.90
    >>> print(found)
    low to high, 3 seeds, mean ± standard deviation
                length                accuracy
    coupled     2.80 ± 0.46           0.90
    to itself   0.733 ± 0.058         0.90
    uncoupled   3.03 ± 0.51           0.90
    less the way to itself 2.1, 95% from 1.1 to 3.1: the tasks are apart
    saved by the coupling 0.23, 95% from -1.4 to 1.8: not told apart from nothing
    >>> found.excess, found.of("uncoupled", "length").mean > found.coupled.mean
    (2.07 ± 0.40, True)
    """

    source: str
    target: str
    seeds: tuple
    records: tuple

    def of(self, road, name="length"):
        """A number of a road, over the seeds, as a :class:`Spread`.

        Parameters
        ----------
        road : "coupled", "to itself" or "uncoupled"
        name : str
            Of :class:`tdist.transfer.Transfer`: "length", "riemannian_length", "accuracy", "loss",
            and with replicas "drift".
        """
        if road not in ROADS or not all(name in record[road] for record in self.records):
            raise ValueError(f"there is no {name!r} of the road {road!r}; there are "
                             f"{list(self.records[0]['coupled'])} of the roads {list(ROADS)}")
        return Spread(tuple(record[road][name] for record in self.records))

    @property
    def coupled(self):
        """The length, equation 11."""
        return self.of("coupled")

    @property
    def itself(self):
        """The source's coupled length to itself: what the noise of training alone gives."""
        return self.of("to itself")

    @property
    def uncoupled(self):
        """The length of :func:`tdist.transfer.uncoupled`."""
        return self.of("uncoupled")

    @property
    def excess(self):
        """Coupled less to itself, seed by seed."""
        return self.coupled - self.itself

    @property
    def saving(self):
        """Uncoupled less coupled, seed by seed: what moving along the coupling saves."""
        return self.uncoupled - self.coupled

    @property
    def accuracy(self):
        """On the target, at the end of the coupled road."""
        return self.of("coupled", "accuracy")

    def __float__(self):
        return self.coupled.mean

    def __repr__(self):
        count = len(self.seeds)
        seeds = f"{count} seeds" if count > 1 else f"the one seed {self.seeds[0]}"
        return (f"{self.source} to {self.target}: {self.coupled} over {seeds}; to itself "
                f"{self.itself}; uncoupled {self.uncoupled}; accuracy {self.accuracy.mean:.2f}")

    def __str__(self):
        return "\n".join([*self._table(), *self._words()])

    @property
    def _names(self):
        """What each road has a column of."""
        return ["length"] + ["drift"] * all("drift" in one["coupled"] for one in self.records)

    def _table(self):
        heads = {"length": "length", "drift": "without SGD's noise"}
        seeds = f"{len(self.seeds)} seeds, mean ± standard deviation"
        yield f"{self.source} to {self.target}, " + (seeds if len(self.seeds) > 1 else "one seed")
        yield f"{'':12}" + "".join(f"{heads[name]:22}" for name in self._names) + "accuracy"
        for road in ROADS:
            yield f"{road:12}" + "".join(
                f"{self.of(road, name)!r:22}" for name in self._names) + (
                    f"{self.of(road, 'accuracy').mean:.2f}")

    def _words(self):
        n = len(self.seeds)
        if n < 2:
            yield "one seed has no spread: take three or more before you read it"
            return
        there, stay, free = (self.of(road, self._names[-1]) for road in ROADS)
        yield f"less the way to itself {_told(there - stay)}: " + (
            "the tasks are apart" if (there - stay).interval[0] > 0 else
            "not told apart from noise")
        low, high = (free - there).interval
        yield f"saved by the coupling {_told(free - there)}: " + (
            "the uncoupled road is longer" if low > 0 else
            "the uncoupled road is shorter" if high < 0 else
            "not told apart from nothing")
        if behind := sum(not one["coupled"].get("settled", True) for one in self.records):
            yield (f"at the end of {behind} of {n} coupled roads the target's loss still falls: "
                   "take more sgd_steps")

    def plot(self):
        """A row a road: a circle a seed, and mean with standard deviation.

        Returns
        -------
        matplotlib.figure.Figure
        """
        fig, ax = need("matplotlib.pyplot").subplots(figsize=(6.0, 1.7), layout="constrained")
        for row, (road, colour) in enumerate(reversed(ROADS.items())):
            found = self.of(road)
            ax.plot(found.values, [row] * len(self.seeds), "o", color=colour, mfc="none")
            ax.errorbar(found.mean, row, xerr=np.nan_to_num(found.spread), fmt="|", ms=12,
                        color=colour, capsize=3)
        ax.set(yticks=range(len(ROADS)), yticklabels=list(ROADS)[::-1], ylim=(-0.6, 2.6),
               xlim=(0, None), xlabel=r"length (nats$^{1/2}$)")
        ax.grid(False, axis="y")
        return fig


def _told(found):
    low, high = found.interval
    return f"{found.mean:.2g}, 95% from {low:.2g} to {high:.2g}"
