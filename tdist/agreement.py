r"""What two matrices or rankings of tasks say about each other: Spearman, DCG, win rates, the AHP, clustering.

A matrix of scores is (targets, sources): row t holds the score of every source task for the target t. Mantel's test
takes matrices of distances in either order, the same in both; those of `tdist.studies` are (sources, targets).
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.cluster import hierarchy
from scipy.stats import rankdata, spearmanr, zscore
from sklearn.metrics import ndcg_score

VECTORS = {"raw": lambda m: m, "z": lambda m: zscore(m, axis=1), "row-max": lambda m: m / m.max(axis=1, keepdims=True),
           "rank": lambda m: rankdata(m, axis=1)}
ALTERNATIVES = {"greater": np.positive, "less": np.negative, "two-sided": np.abs}
LINKAGES = ("average", "single", "complete", "ward")


def spearman(scores, reference, self_column=True):
    r"""Spearman's rank correlation of each row of `scores` with the same row of `reference`, (targets,).

    Parameters
    ----------
    scores, reference : array_like, shape (targets, sources)
        Larger is better in both. Ties share their mean rank.
    self_column : bool
        False leaves out the diagonal, where a task is its own source; the matrices must then be square.

    Raises
    ------
    ValueError
        If shapes differ, a number is missing, a row is constant, or fewer than 3 sources are compared.
    """
    scores, reference = _matrix(scores, "scores"), _matrix(reference, "reference")
    if scores.shape != reference.shape:
        raise ValueError(f"scores and reference differ in shape: {scores.shape} and {reference.shape}")
    if not self_column:
        if scores.shape[0] != scores.shape[1]:
            raise ValueError(f"only a square matrix has a self column to leave out, got shape {scores.shape}")
        others = ~np.eye(len(scores), dtype=bool)
        scores, reference = (matrix[others].reshape(len(matrix), -1) for matrix in (scores, reference))
    if scores.shape[1] < 3:
        raise ValueError(f"a rank correlation needs at least 3 sources, got {scores.shape[1]}")
    for name, matrix in (("scores", scores), ("reference", reference)):
        if (constant := np.flatnonzero(np.ptp(matrix, axis=1) == 0)).size:
            raise ValueError(f"row {constant[0]} of {name} is constant: it ranks nothing")
    return np.array([spearmanr(a, b).statistic for a, b in zip(scores, reference, strict=True)])


@dataclass(frozen=True)
class DCG:
    """Normalised discounted cumulative gain: `statistic`, 1 for the order of the reference, and `chance`, its exact
    mean over all orders of the sources. ``float(result)`` is the statistic.
    """

    statistic: float
    chance: float

    def __float__(self):
        return self.statistic


def dcg(scores, reference, gain="linear"):
    r"""Discounted cumulative gain of ranking s sources by `scores`, over that of the ideal order, :eq:`eq-dcg`.

    .. math:: \sum_{p=1}^{s} \frac{g_{\pi(p)}}{\log_2(p + 1)}

    :math:`\pi(p)` is the source in place p. The gain of a source follows from its rank r by `reference`:
    :math:`g = s + 1 - r` (linear) or :math:`2^{s + 1 - r} - 1` (exponential). A uniformly random order has the mean
    :math:`\bar g \sum_p 1/\log_2(p + 1)`, which over the same ideal is `chance`, far above 0.

    Parameters
    ----------
    scores, reference : array_like, shape (sources,)
        Larger is better in both. Sources tied in `reference` share their mean rank; sources tied in `scores` share
        the mean discount of their places, which gives the mean over the orders that the ties leave open.
    gain : "linear" or "exponential"

    Returns
    -------
    DCG

    Raises
    ------
    ValueError
        If the two are not vectors of one length of at least 2, a number is missing, or the gain is neither word.
    """
    scores, reference = np.asarray(scores, float), np.asarray(reference, float)
    if scores.ndim != 1 or scores.shape != reference.shape or len(scores) < 2:
        raise ValueError("scores and reference must be vectors of one length of at least 2, one row of a matrix each; "
                         f"got shapes {scores.shape} and {reference.shape}")
    if not (np.isfinite(scores).all() and np.isfinite(reference).all()):
        raise ValueError("scores or reference holds NaN or infinity")
    if gain not in ("linear", "exponential"):
        raise ValueError(f'gain must be "linear" or "exponential", got {gain!r}')
    relevance = rankdata(reference)  # s for the best
    gains = relevance if gain == "linear" else 2.0**relevance - 1
    discounts = 1 / np.log2(np.arange(len(gains)) + 2)
    chance = gains.mean() * discounts.sum() / (np.sort(gains)[::-1] @ discounts)
    return DCG(float(ndcg_score(gains[None], scores[None])), float(chance))


def win_rates(losses):
    r"""Share of images on which source i beats source j, :eq:`eq-wins`; a tie counts one half for each.

    `losses` (sources, images) are those of every source on the held-out images of one target; lower is better. The
    result (sources, sources) has :math:`w_{ij} + w_{ji} = 1`. Raises ValueError if a loss is missing.
    """
    losses = _matrix(losses, "losses")
    return np.stack([((one < losses) + (one == losses) / 2).mean(axis=1) for one in losses])


@dataclass(frozen=True)
class AHP:
    r"""What :func:`ahp` found: `weights` (sources,), positive with sum 1; the largest `eigenvalue` of the ratios, which
    is the number of sources s if they are consistent and more if not; and `inconsistency`, Saaty's consistency index
    :math:`(\lambda - s)/(s - 1)`.
    """

    weights: np.ndarray
    eigenvalue: float
    inconsistency: float


def ahp(wins, clip=1e-3):
    r"""Weights of s sources from their pairwise win rates, by the analytic hierarchy process, :eq:`eq-ahp`.

    The principal eigenvector, with sum 1, of the ratios :math:`w_{ij}/w_{ji}`, "how many times better is i than j".
    If :math:`w_{ij} = v_i/(v_i + v_j)` the ratios are consistent and the weights are v.

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
        If wins are not a square matrix of shares, or the clip is not between 0 and 1/2.
    """
    wins = _matrix(wins, "wins")
    if wins.shape[0] != wins.shape[1] or len(wins) < 2 or wins.min() < 0 or wins.max() > 1:
        raise ValueError(f"wins must be a square matrix of shares between 0 and 1, got shape {wins.shape} and values "
                         f"from {wins.min():.4g} to {wins.max():.4g}; tdist.agreement.win_rates makes one from losses")
    if not 0 < clip < 0.5:
        raise ValueError(f"clip must be between 0 and 1/2, got {clip}")
    wins = np.clip(wins, clip, 1 - clip)
    values, vectors = np.linalg.eig(wins / wins.T)  # the diagonal is 1
    first = np.argmax(values.real)
    weights = np.abs(vectors[:, first].real)  # of one sign, by Perron and Frobenius
    s, largest = len(wins), float(values[first].real)
    return AHP(weights / weights.sum(), largest, (largest - s) / (s - 1))


@dataclass(frozen=True)
class Clustering:
    """A tree over the `vectors` (n, columns): `linkage` (n - 1, 4) is SciPy's, for its ``dendrogram`` to draw."""

    linkage: np.ndarray
    vectors: np.ndarray

    def labels(self, k):
        """The cluster of each vector (n,) when the tree is cut into k, numbered from 0 in order of appearance."""
        if not 1 <= k <= len(self.vectors):
            raise ValueError(f"k must be between 1 and the number of vectors, {len(self.vectors)}, got {k}")
        return hierarchy.cut_tree(self.linkage, n_clusters=k).ravel()


def cluster(matrix, vectors="z", linkage="average"):
    """Agglomerative clustering of the rows of a matrix by Euclidean distance; transpose it to cluster sources.

    Scores of different targets differ in scale, so `vectors` decides what is compared: "raw" rows, or each row
    standardised ("z"), replaced by its ranks ("rank") or divided by its maximum ("row-max"). `linkage` is "average",
    "single", "complete" or "ward". Returns a :class:`Clustering`; raises ValueError for another word, a missing
    number, or a row that cannot be scaled.
    """
    matrix = _matrix(matrix, "matrix")
    if vectors not in VECTORS or linkage not in LINKAGES:
        raise ValueError(f"vectors must be one of {tuple(VECTORS)} and linkage one of {LINKAGES}, "
                         f"got {vectors!r} and {linkage!r}")
    if (vectors == "z" and not np.ptp(matrix, axis=1).all()) or (vectors == "row-max" and matrix.max(1).min() <= 0):
        raise ValueError(f"a row is constant or has no positive entry: vectors={vectors!r} cannot scale it")
    scaled = VECTORS[vectors](matrix)
    return Clustering(hierarchy.linkage(scaled, linkage), scaled)


def _matrix(values, name):
    """A float64 matrix without missing numbers."""
    values = np.asarray(values, float)
    if values.ndim != 2 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a matrix of finite numbers, got shape {values.shape}"
                         f"{'' if np.isfinite(values).all() else ' with NaN or infinity'}")
    return values


@dataclass(frozen=True)
class MantelResult:
    """Mantel's test; ``float(result)`` is the statistic.

    Attributes
    ----------
    statistic : float
        Correlation r of the off-diagonal entries.
    pvalue : float
        Share of the permutations with a correlation at least as large (small, or large in size); never below
        1 / `permutations`.
    permutations : int
        Number compared, the identity among them: n! if `exact`. The smallest possible p is 1 / permutations.
    exact : bool
        Whether these are all permutations.
    """

    statistic: float
    pvalue: float
    permutations: int
    exact: bool

    def __float__(self):
        return self.statistic


def mantel(a, b, alternative="greater", permutations=9999, seed=0):
    r"""Mantel's test of two matrices over the same tasks, which need not be symmetric.

    r is Pearson's correlation over the n(n-1) entries off the diagonal. Under the null hypothesis the tasks of b carry
    no relation to those of a: rows and columns of b are permuted together.

    Parameters
    ----------
    a, b : array_like, shape (n, n)
        n >= 3; rows are sources in both, or targets in both. Diagonals are ignored. Not modified.
    alternative : "greater", "less" or "two-sided"
    permutations : int
        Random permutations where n > 7; up to n = 7 every one of the n! is tried.
    seed : int

    Returns
    -------
    MantelResult

    Raises
    ------
    ValueError
        If shapes differ or are not square, n < 3, a number off the diagonal is missing, a matrix is constant there,
        the alternative is unknown, or no permutation is asked for.
    """
    a, b = (_off_diagonal(np.array(matrix, dtype=float), name) for matrix, name in ((a, "a"), (b, "b")))
    if a.shape != b.shape:
        raise ValueError(f"a and b differ in shape: {a.shape} and {b.shape}")
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative must be one of {tuple(ALTERNATIVES)}, got {alternative!r}")
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations!r}")
    n = len(a)
    exact = n <= 7
    draw = np.random.default_rng(seed)
    if exact:
        orders = list(itertools.permutations(range(n)))
    else:
        orders = [range(n), *(draw.permutation(n) for _ in range(permutations))]
    r = np.array([np.sum(a * b[np.ix_(order, order)]) for order in orders])  # the first order is the identity
    extreme = ALTERNATIVES[alternative](r) >= ALTERNATIVES[alternative](r[0]) - 1e-12
    return MantelResult(float(np.clip(r[0], -1, 1)), float(extreme.mean()), len(orders), exact)


def _off_diagonal(matrix, name):
    """Entries off the diagonal with mean 0 and sum of squares 1; the diagonal 0."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 3:
        raise ValueError(f"{name} must be square, over at least 3 tasks; got shape {matrix.shape}")
    off = ~np.eye(len(matrix), dtype=bool)
    if not np.isfinite(matrix[off]).all():
        raise ValueError(f"{name} has NaN or infinity off its diagonal")
    values = matrix[off] - matrix[off].mean()
    size = np.linalg.norm(values)
    if size <= 1e-12 * np.abs(matrix[off]).max():
        raise ValueError(f"{name} is constant off its diagonal: nothing to correlate")
    matrix[off], matrix[~off] = values / size, 0.0
    return matrix
