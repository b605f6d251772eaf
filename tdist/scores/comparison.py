"""Several scores of the same features at once."""

from tdist.hscore import h_score
from tdist.scores.coding_rate import transrate
from tdist.scores.evidence import logme
from tdist.scores.least_squares import held_out, leave_one_out
from tdist.scores.neighbours import nearest_mean, nearest_neighbours
from tdist.scores.source_classes import leep, nce


def adjusted(features, labels):
    """The H-score corrected for chance, :eq:`eq-adjusted`: ``h_score(features, labels).adjusted``,
    a float. NaN where the samples are no more than the rank of the features.

    Examples
    --------
    >>> round(adjusted([[0], [1], [2], [3]], [0, 0, 1, 1]), 4)
    0.7
    """
    return h_score(features, labels).adjusted


def shrunk(features, labels):
    """The H-score with Ledoit and Wolf's shrinkage, of :cite:t:`ibrahim2021`:
    ``h_score(features, labels, "ledoit-wolf")``, a :class:`tdist.hscore.HScoreResult`.

    Examples
    --------
    >>> shrunk([[0.0, 1], [1, 0], [2, 1], [3, 1]], [0, 0, 1, 1]).bound
    1
    """
    return h_score(features, labels, "ledoit-wolf")


SCORES = {
    "h": h_score,
    "adjusted": adjusted,
    "shrunk": shrunk,
    "loo": leave_one_out,
    "held_out": held_out,
    "knn": nearest_neighbours,
    "mean": nearest_mean,
    "logme": logme,
    "transrate": transrate,
    "leep": leep,
    "nce": nce,
}
OF_PROBABILITIES = ("leep", "nce")


def compare(features, labels, scores=("h", "loo", "knn", "logme"), probabilities=None):
    """Several scores of the same features for the same labels.

    Parameters
    ----------
    features : array_like or torch.Tensor, shape (m, k)
    labels : array_like or torch.Tensor, shape (m,)
        As in :func:`tdist.h_score`.
    scores : str or sequence of str
        Names in ``tdist.scores.SCORES``.
    probabilities : array_like, shape (m, source classes), optional
        What the source's own head says of each sample, for "leep" and "nce".

    Returns
    -------
    dict
        {name: result}, in the order of `scores`. ``float(result)`` is the score; of every score
        higher is better, and only results of the same score, labels and samples compare.

    Raises
    ------
    TypeError, ValueError
        As :func:`tdist.h_score`; or if a score is not known, or needs probabilities.

    Notes
    -----
    Score the samples that you may choose by, training and validation, never the test samples: a
    score has seen the labels. Scores compare features for *one* task. Two sets of labels they do
    not compare: labels that a network has predicted can score above the true ones. Targets that
    are numbers, or several labels a sample, are for :func:`tdist.canonical_h_score`.

    Of features of different width raw "h" says mostly which is wider, "transrate" too; "adjusted",
    "loo", "held_out", "knn" and "mean" do not grow with columns of noise. What each costs, for
    5,000 samples of 1,280 features and 100 classes, over the cost of "h": "adjusted" and
    "transrate" 1, "shrunk" 1.3, "mean" 0.6, "logme" 4, "loo" 5 and "held_out" as much, "knn" 6,
    which grows with the square of the samples; "leep" and "nce" 0.2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> iris, species = load_iris(return_X_y=True)
    >>> {name: round(float(score), 3) for name, score in
    ...  compare(iris, species, ("h", "loo", "knn", "mean")).items()}
    {'h': 1.192, 'loo': 0.827, 'knn': 0.98, 'mean': 0.853}
    """
    names = [scores] if isinstance(scores, str) else list(scores)
    unknown = [name for name in names if name not in SCORES]
    if unknown or not names:
        raise ValueError(f"scores {unknown} are not known; these are: {', '.join(SCORES)}")
    lacking = [name for name in names if name in OF_PROBABILITIES and probabilities is None]
    if lacking:
        raise ValueError(f"{' and '.join(lacking)} score the source's class probabilities (m, "
                         "source classes): pass probabilities=, or leave these out")
    return {name: SCORES[name](probabilities if name in OF_PROBABILITIES else features, labels)
            for name in names}
