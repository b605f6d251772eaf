"""Reading the study of growth: powers with their errors, what they foretell, and the hours of many
pairs on many cores."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress

from tdist.manners import line

LAST = 4  # of the sizes: below them a fixed cost counts


@dataclass(frozen=True, repr=False)
class Power:
    """A cost that grows as a power of a size; ``float(result)`` is the power.

    Attributes
    ----------
    statistic : float
    error : float
        Slope of the logarithms by least squares, and its standard error over the points.
    size : float
    cost : float
        The largest size measured, and the cost there.
    points : int
        That the line is fitted to.

    Examples
    --------
    >>> Power(2.0, 0.1, size=100, cost=3.0, points=4).at(1000)
    300.0
    """

    statistic: float
    error: float
    size: float
    cost: float
    points: int

    __repr__ = line

    def __float__(self):
        return self.statistic

    def at(self, size):
        """The cost at another size, along the line through the last point."""
        return self.cost * (size / self.size) ** self.statistic

    def factor(self, size):
        """How far one standard error of the slope takes that, up or down."""
        return float(np.exp(self.error * abs(np.log(size / self.size))))


def power(sizes, costs):
    """The power of the last sizes.

    Raises
    ------
    ValueError
        If there are fewer than three points, or one is not positive.

    Examples
    --------
    >>> power([1, 2, 4, 8], [3, 6, 12, 24])
    Power(statistic=1, error=0, size=8, cost=24, points=4)
    """
    sizes, costs = (np.asarray(each, dtype=float)[-LAST:] for each in (sizes, costs))
    if len(sizes) < 3 or not (sizes > 0).all() or not (costs > 0).all():
        raise ValueError(f"a power takes three points or more, all above 0; got sizes {sizes} and "
                         f"costs {costs}")
    found = linregress(np.log(sizes), np.log(costs))
    return Power(float(found.slope), float(found.stderr), sizes[-1], costs[-1], len(sizes))


def times(units, what, size):
    """Sizes, and the least processor seconds of a call at each: two arrays."""
    found = _of(units, f"time/{what}/{size}/")
    return np.array([*found]), np.array([min(unit["seconds"]) for unit in found.values()])


def memory(units, what, size):
    """Sizes, and what a process takes at its peak beyond its libraries, GB: two arrays."""
    found = _of(units, f"memory/{what}/{size}/")
    return np.array([*found]), np.array([unit["peak"] - unit["before"] for unit in found.values()])


def _of(units, prefix):
    found = {int(key.removeprefix(prefix)): unit for key, unit in units.items()
             if key.startswith(prefix)}
    return dict(sorted(found.items()))


def powers(units):
    """{(what, size): Power} of all processor times that are stored."""
    names = dict.fromkeys(tuple(key.split("/")[1:3]) for key in units if key.startswith("time/"))
    return {each: power(*times(units, *each)) for each in names}


def clock(units, seconds, workers, handing_over=0.0):
    """Hours until the last of many equal units is done, which workers take one after another.

    Examples
    --------
    >>> clock(10, 3600, 4)  # 4, 4 and 2
    3.0
    """
    return float(np.ceil(units / workers) * seconds + units * handing_over) / 3600
