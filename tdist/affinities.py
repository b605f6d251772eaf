r"""From losses to affinities, and from affinities to a family tree: win rates, the analytic
hierarchy process, clustering. Section 5.2 and Appendix G of the H-score paper.
"""

from dataclasses import dataclass

import numpy as np
from scipy.cluster import hierarchy
from scipy.stats import rankdata, zscore

from tdist.agreement import check_matrix
from tdist.manners import line

VECTORS = {"raw": lambda m: m, "z": lambda m: zscore(m, axis=1),
           "row-max": lambda m: m / m.max(axis=1, keepdims=True),
           "rank": lambda m: rankdata(m, axis=1)}
LINKAGES = ("average", "single", "complete", "ward")


def win_rates(losses):
    r"""Share of images on which source i beats source j, :eq:`eq-wins`; a tie counts one half for
    each.

    Parameters
    ----------
    losses : array_like, shape (sources, images)
        Of every source on the held-out images of one target; lower is better.

    Returns
    -------
    ndarray, shape (sources, sources)
        :math:`w_{ij}`, with :math:`w_{ij} + w_{ji} = 1`.

    Raises
    ------
    ValueError
        If a loss is missing.

    Examples
    --------
    >>> from tdist.affinities import win_rates
    >>> win_rates([[1, 1, 5, 2], [2, 1, 1, 3]])    # two sources, four images
    array([[0.5  , 0.625],
           [0.375, 0.5  ]])
    """
    losses = check_matrix(losses, "losses")
    return np.stack([((one < losses) + (one == losses) / 2).mean(axis=1) for one in losses])


@dataclass(frozen=True, repr=False)
class AHP:
    r"""What :func:`ahp` found.

    Attributes
    ----------
    weights : ndarray, shape (sources,)
        Positive, with sum 1.
    eigenvalue : float
        The largest, of the ratios: the number of sources s if they are consistent, more if not.
    inconsistency : float
        Saaty's consistency index :math:`(\lambda - s)/(s - 1)`.

    Examples
    --------
    >>> ahp([[0.5, 0.8], [0.2, 0.5]]).weights.round(3)
    array([0.8, 0.2])
    """

    weights: np.ndarray
    eigenvalue: float
    inconsistency: float

    __repr__ = line


def ahp(wins, clip=1e-3):
    r"""Weights of s sources from their pairwise win rates, by the analytic hierarchy process.

    The principal eigenvector, with sum 1, of the ratios :math:`w_{ij}/w_{ji}`, "how many times
    better is i than j", :eq:`eq-ahp`. If :math:`w_{ij} = v_i/(v_i + v_j)` the ratios are consistent
    and the weights are v.

    Parameters
    ----------
    wins : array_like, shape (sources, sources)
        Shares between 0 and 1, as :func:`win_rates` gives them; the diagonal is not read.
    clip : float
        Shares are moved into [clip, 1 - clip], as Taskonomy does, so that no ratio is infinite.

    Returns
    -------
    AHP

    Raises
    ------
    ValueError
        If wins are not a square matrix of shares, :math:`w_{ij} + w_{ji}` is not 1, or the clip is
        not between 0 and 1/2.

    Examples
    --------
    >>> from tdist.affinities import ahp
    >>> ahp([[0.5, 0.75], [0.25, 0.5]]).weights
    array([0.75, 0.25])
    """
    wins = check_matrix(wins, "wins")
    if wins.shape[0] != wins.shape[1] or len(wins) < 2 or wins.min() < 0 or wins.max() > 1:
        raise ValueError("wins must be a square matrix of shares between 0 and 1, got shape "
                         f"{wins.shape} and values from {wins.min():.4g} to {wins.max():.4g}; "
                         "tdist.affinities.win_rates makes one from losses")
    off = ~np.eye(len(wins), dtype=bool)
    if (worst := np.abs(wins + wins.T - 1)[off].max()) > 0.01:  # stored shares have few digits
        raise ValueError(f"w_ij + w_ji must be 1 for every pair, got one off by {worst:.3g}; "
                         "tdist.affinities.win_rates makes such shares from losses")
    if not 0 < clip < 0.5:
        raise ValueError(f"clip must be between 0 and 1/2, got {clip}")
    wins = np.clip(wins, clip, 1 - clip)
    values, vectors = np.linalg.eig(wins / wins.T)  # the diagonal is 1
    first = np.argmax(values.real)
    weights = np.abs(vectors[:, first].real)  # of one sign, by Perron and Frobenius
    s, largest = len(wins), float(values[first].real)
    return AHP(weights / weights.sum(), largest, (largest - s) / (s - 1))


@dataclass(frozen=True, repr=False)
class Clustering:
    """A tree over vectors.

    Attributes
    ----------
    linkage : ndarray, shape (n - 1, 4)
        SciPy's, for its ``dendrogram`` to draw.
    vectors : ndarray, shape (n, columns)
        What was compared, scaled.

    Examples
    --------
    >>> cluster([[1, 2, 4], [1.1, 2, 4.1], [5, 1, 0]], vectors="raw").labels(2)
    array([0, 0, 1])
    """

    linkage: np.ndarray
    vectors: np.ndarray

    __repr__ = line

    def labels(self, k):
        """The cluster of each vector (n,) when the tree is cut into k, numbered in order of
        appearance."""
        if not 1 <= k <= len(self.vectors):
            raise ValueError("k must be between 1 and the number of vectors, "
                             f"{len(self.vectors)}, got {k}")
        return hierarchy.cut_tree(self.linkage, n_clusters=k).ravel()


def cluster(rows, vectors="z", linkage="average"):
    """Agglomerative clustering of the rows of a matrix by Euclidean distance.

    Of a matrix (sources, targets) these are the sources; its transpose clusters the targets, each
    by the scores of all sources.

    Parameters
    ----------
    rows : array_like, shape (n, columns)
    vectors : "raw", "z", "rank" or "row-max"
        Scores of different targets differ in scale, so this decides what is compared: rows as they
        are, or each row standardised, replaced by its ranks, or divided by its maximum.
    linkage : "average", "single", "complete" or "ward"

    Returns
    -------
    Clustering

    Raises
    ------
    ValueError
        For another word, fewer than two rows, a missing number, or a row that cannot be scaled.

    Examples
    --------
    >>> from tdist.affinities import cluster
    >>> cluster([[1, 2, 9], [2, 4, 20], [9, 2, 1]]).labels(2)
    array([0, 0, 1])
    """
    rows = check_matrix(rows, "rows")
    if len(rows) < 2:
        raise ValueError(f"a tree needs at least two rows, got shape {rows.shape}")
    if vectors not in VECTORS or linkage not in LINKAGES:
        raise ValueError(f"vectors must be one of {tuple(VECTORS)} and linkage one of {LINKAGES}, "
                         f"got {vectors!r} and {linkage!r}")
    constant, negative = not np.ptp(rows, axis=1).all(), rows.max(axis=1).min() <= 0
    if (vectors == "z" and constant) or (vectors == "row-max" and negative):
        raise ValueError("a row is constant or has no positive entry: "
                         f"vectors={vectors!r} cannot scale it")
    scaled = VECTORS[vectors](rows)
    return Clustering(hierarchy.linkage(scaled, linkage), scaled)
