"""Reading the pairs of a study: matrices (seeds, sources, targets), how firm they are over seeds,
and how well two of them agree."""

from itertools import combinations

import numpy as np

from tdist.agreement import mantel, within
from tdist.agreement.same_target import correlations


class Pairs:
    """The units "seed/source/target" of a study, as matrices over tasks.

    Only seeds with all pairs count. A number of the units is named by `key`: "coupled", say, or a
    function of a unit, such as ``lambda unit: unit["lengths"][0]``.

    Parameters
    ----------
    units : dict
        Of a stored result (``load(name)["units"]``) or of
        :func:`tdist.studies.distances.all_pairs`.
    names : sequence of str
        The tasks, in the order of rows and columns; some of the stored ones will do.
    seeds : sequence of int, optional
        Of these at most.

    Attributes
    ----------
    names : tuple of str
    seeds : tuple of int
        The complete ones, in order.
    pairs : list of (str, str)
        Source and target of the n(n - 1) pairs, row by row.

    Raises
    ------
    TypeError
        If names is a string.
    ValueError
        If no seed is complete.

    Examples
    --------
    >>> units = {f"{s}/{a}/{b}": {"d": s + ord(a) - ord(b)}
    ...          for s in (0, 1) for a in "xyz" for b in "xyz" if a != b}
    >>> pairs = Pairs(units, ("x", "y", "z"))
    >>> pairs
    Pairs of 3 tasks, seeds (0, 1)
    >>> pairs.mean("d")
    array([[ 0. , -0.5, -1.5],
           [ 1.5,  0. , -0.5],
           [ 2.5,  1.5,  0. ]])
    >>> float(pairs.agreement("d", lambda unit: unit["d"] ** 3)) > 0.9
    True
    """

    def __init__(self, units, names, seeds=None):
        if isinstance(names, str):
            raise TypeError(f"names must be the names of tasks, got the string {names!r}")
        self.units, self.names = units, tuple(names)
        self.off = ~np.eye(len(self.names), dtype=bool)
        self.pairs = [(a, b) for a in self.names for b in self.names if a != b]
        stored = {int(key.split("/")[0]) for key in units if key.split("/")[0].isdigit()}
        found = sorted(stored if seeds is None else stored & set(seeds))
        self.seeds = tuple(seed for seed in found if not self._absent(seed))
        if not self.seeds:
            absent = self._absent(found[0]) if found else ["any"]
            raise ValueError(f"no seed has all pairs of {list(self.names)}: of {found}, the first "
                             f"lacks {', '.join(absent[:3])}")

    def __repr__(self):
        return f"{type(self).__name__} of {len(self.names)} tasks, seeds {self.seeds}"

    def _absent(self, seed):
        return [key for a, b in self.pairs if (key := f"{seed}/{a}/{b}") not in self.units]

    def runs(self, key):
        """One number, or one list, of every run: (seeds, pairs, ...)."""
        pick = key if callable(key) else lambda unit: unit[key]
        return np.array([[pick(self.units[f"{seed}/{a}/{b}"]) for a, b in self.pairs]
                         for seed in self.seeds], dtype=float)

    def matrices(self, key):
        """(seeds, sources, targets), 0 on the diagonal."""
        found = np.zeros((len(self.seeds), *self.off.shape))
        found[:, self.off] = self.runs(key)
        return found

    def mean(self, key):
        """Over seeds, (sources, targets)."""
        return self.matrices(key).mean(0)

    def spread(self, key):
        """Standard deviation of each pair over seeds, (pairs,); NaN if there is one seed only."""
        runs = self.matrices(key)[:, self.off]
        return runs.std(0, ddof=1) if len(runs) > 1 else np.full(runs.shape[1], np.nan)

    def reliability(self, key, within_targets=False):
        """How well each two seeds agree: a list, empty if there is one seed.

        Parameters
        ----------
        key : str or callable
        within_targets : bool
            The mean over targets of Spearman's correlation over sources, :eq:`eq-within`, instead
            of Mantel's r; a target for which all sources are alike counts as 0.

        Returns
        -------
        list of float
        """
        if within_targets:
            seeds = np.where(self.off, self.matrices(key), np.nan)
            return [float(np.nan_to_num(correlations(a, b)).mean())
                    for a, b in combinations(seeds, 2)]
        return [mantel(a, b).statistic for a, b in combinations(self.matrices(key), 2)]

    def share(self, key, of="source"):
        """Share of the variance over pairs that the means of the sources, or of the targets, make
        up, in the mean over seeds. Numbers without any pattern have (n - 1)/(n(n - 1) - 1) on
        average.

        Parameters
        ----------
        key : str or callable
        of : "source" or "target"

        Returns
        -------
        float
        """
        if of not in ("source", "target"):
            raise ValueError(f'of must be "source" or "target", got {of!r}')
        mean = np.where(self.off, self.mean(key), np.nan)
        return float(np.nanmean(mean, axis=1 if of == "source" else 0).var() / np.nanvar(mean))

    def agreement(self, key, other, alternative="greater"):
        """Mantel's test of the mean matrix against another.

        Parameters
        ----------
        key : str or callable
        other : str, callable, or array_like of shape (n, n)
            Another number of the same runs, or a matrix (sources, targets).
        alternative : str
            As in :func:`tdist.mantel`.

        Returns
        -------
        MantelResult
        """
        return mantel(self.mean(key), self._other(other).mean(0), alternative)

    def within(self, key, other):
        """:func:`tdist.agreement.within` of the mean matrix and another: is the nearer source of a
        target the better one?

        Parameters
        ----------
        key, other
            As in :meth:`agreement`.

        Returns
        -------
        Within
        """
        return within(self.mean(key), self._other(other).mean(0))

    def by_seed(self, key, other):
        """As :meth:`agreement`, of every seed by itself.

        Parameters
        ----------
        key, other
            As there; a matrix is compared with every seed.

        Returns
        -------
        list of MantelResult
        """
        others = np.broadcast_to(self._other(other), (len(self.seeds), *self.off.shape))
        return [mantel(a, b) for a, b in zip(self.matrices(key), others, strict=True)]

    def _other(self, other):
        """(seeds or 1, n, n)."""
        if isinstance(other, str) or callable(other):
            return self.matrices(other)
        matrix = np.asarray(other, float)
        if matrix.shape != self.off.shape:
            raise ValueError(f"a matrix over the tasks {list(self.names)} has shape "
                             f"{self.off.shape}, got {matrix.shape}")
        return matrix[None]

    def longer(self, a, b):
        """Where one number of a run is larger than another.

        Parameters
        ----------
        a, b : str or callable

        Returns
        -------
        ndarray of bool, shape (seeds, pairs)
        """
        return self.matrices(a)[:, self.off] > self.matrices(b)[:, self.off]


class Rows(Pairs):
    """The units "seed/distance/source" of a study, each a list of distances to every task; what a
    :class:`Pairs` gives, by the names of distances. Diagonals hold what is stored there.

    Examples
    --------
    >>> rows = Rows({"0/d/x": [0.1, 2.0], "0/d/y": [3.0, 0.2]}, ("x", "y"))
    >>> rows.matrices("d")
    array([[[0.1, 2. ],
            [3. , 0.2]]])
    """

    def _absent(self, seed):
        distances = {key.split("/")[1] for key in self.units if key.count("/") == 2}
        return [key for distance in sorted(distances) for a in self.names
                if (key := f"{seed}/{distance}/{a}") not in self.units]

    def runs(self, key):
        return self.matrices(key)[:, self.off]

    def matrices(self, key):
        return np.array([[self.units[f"{seed}/{key}/{name}"] for name in self.names]
                         for seed in self.seeds])


def share(holds):
    """How many of some truths hold, "17 of 20".

    >>> share([True, False, True])
    '2 of 3'
    """
    return f"{int(np.sum(holds))} of {np.size(holds)}"


def versus(measure, truth):
    """One matrix against another, over all pairs and within targets.

    Parameters
    ----------
    measure, truth : array_like, shape (n, n)
        (sources, targets).

    Returns
    -------
    dict
        "r" of :func:`tdist.mantel` and "within" of :func:`tdist.agreement.within`, each with its
        two-sided "p" and "p within".

    Examples
    --------
    >>> found = versus([[0, 1, 3], [1, 0, 2], [3, 2, 0]], [[0, 2, 6], [2, 0, 4], [6, 4, 0]])
    >>> {key: round(value, 2) for key, value in found.items()}
    {'r': 1.0, 'p': 0.33, 'within': 1.0, 'p within': 0.33}
    """
    over = mantel(measure, truth, "two-sided")
    inside = within(measure, truth, resamples=0)
    return {"r": over.statistic, "p": over.pvalue, "within": inside.statistic,
            "p within": inside.pvalue}


def early_loss(unit, looks=7):
    """How fast a source becomes good at a target: mean loss on the target's test images over the
    first looks of fine-tuning, one every 25 SGD steps from step 0 on, so over 150 steps.

    Parameters
    ----------
    unit : dict
        Of a stored pair.
    looks : int

    Returns
    -------
    float

    Examples
    --------
    >>> early_loss({"fine_tuning_losses": [2.0, 1.0, 0.5]}, looks=2)
    1.5
    """
    return float(np.mean(unit["fine_tuning_losses"][:looks]))
