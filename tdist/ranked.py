"""What a ranking of models and layers is handed out with: a table, best first, its words and its
chart."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tdist.manners import line, need
from tdist.plots import COMPUTED, OTHER, PRINTED

ACCURACIES = ("loo", "knn", "mean")
LABELS = {"loo": "leave-one-out accuracy, least squares", "h": "H-score",
          "knn": "leave-one-out accuracy, nearest neighbours", "adjusted": "adjusted H-score",
          "mean": "leave-one-out accuracy, nearest mean", "shrunk": "H-score with shrinkage"}


class Best(NamedTuple):
    """The candidate that a ranking puts first."""

    model: str
    layer: str
    score: float


@dataclass(frozen=True, eq=False, repr=False)
class Ranking:
    """Models and layers, best first; ``float(result)`` is the best score, ``print`` shows it all.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a candidate: `model`, `layer` ("" is the model's own output), `width`, the number of
        features; `n` images and `classes`; `chance`, what guessing reaches; `score`, its 95%
        interval `low` to `high` by itself; `tied`, whether it cannot be told apart from the best,
        by a test of the two on the same images; `imagenet`, the model's top-1 accuracy there in
        percent, and its number of `weights`, the rivals that need no data; `seconds` of scoring.
        Missing where the score has none.
    failed : dict
        {model, or model and layer: why it was left out}.
    score : str
        Name of the score in ``tdist.scores.SCORES``.
    data : str
    notes : tuple of str
        What was left out of the data, and what to know of it.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": ["a", "b"], "layer": ["", "1"], "score": [0.9, 0.8]})
    >>> ranking = Ranking(table, failed={}, score="loo", data="photos")
    >>> float(ranking), ranking.best
    (0.9, Best(model='a', layer='', score=0.9))
    """

    table: object
    failed: dict
    score: str
    data: str
    notes: tuple = ()
    passes: dict = field(default_factory=dict)  # {model: seconds of its pass now}

    __repr__ = line

    def __float__(self):
        return self.best.score

    @property
    def best(self):
        """(model, layer, score) of the first row; ValueError if nothing was ranked."""
        if not len(self.table):
            raise ValueError("nothing was ranked: " + "; ".join(
                f"{name}: {why}" for name, why in self.failed.items()))
        first = self.table.loc[0]
        return Best(first["model"], first["layer"], float(first["score"]))

    def __str__(self):
        return "\n".join(_told(self))

    def plot(self, most=30):
        """Bars of the scores, best on top, with intervals and the chance level.

        Parameters
        ----------
        most : int
            Candidates that are shown.

        Returns
        -------
        matplotlib.figure.Figure
        """
        shown = self.table.head(most)[::-1]
        plt = need("matplotlib.pyplot")
        fig, ax = plt.subplots(figsize=(6.0, 0.9 + 0.24 * len(shown)), layout="constrained")
        tied = shown["tied"].map(lambda value: value is True)
        names = [f"{row.model} {row.layer}".strip() for row in shown.itertuples()]
        places = np.arange(len(shown))
        ax.barh(places, shown["score"], color=np.where(tied, COMPUTED, OTHER), height=0.7)
        if shown["low"].notna().any():
            ax.errorbar(shown["score"], places, fmt="none", ecolor="black", elinewidth=0.8,
                        xerr=[shown["score"] - shown["low"], shown["high"] - shown["score"]])
        ax.plot(shown["chance"], places, "|", color=PRINTED, ms=9, label="chance")
        ax.set(yticks=places, xlabel=LABELS.get(self.score, self.score)
               + f" (n = {shown['n'].iloc[0]:,} images)")
        ax.set_yticklabels(names)
        ax.grid(False, axis="y")
        if tied.any():
            ax.barh([0], [0], color=COMPUTED, label="not told apart from the best")
        if not tied.all():
            ax.barh([0], [0], color=OTHER, label="below the best" if tied.any() else "score")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8, frameon=False)
        return fig


def before(name, labels, notes, score):
    """What is said before the first model runs: lines on the images, the classes and chance."""
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    n, largest = len(labels), counts.max() / len(labels)
    yield (f"{name}: {n:,} images, {len(counts)} classes of {counts.min():,} to "
           f"{counts.max():,}")
    if score in ACCURACIES:
        yield (f"chance: {largest:.3f}, what guessing the largest class reaches; standard error of "
               f"an accuracy of one half: {0.5 / n ** 0.5:.3f}")
    else:
        yield (f"chance: a layer of k features has an H-score of k x {len(counts) - 1} / {n - 1} "
               "with shuffled labels, as long as k is below the number of images")
    yield from notes


def _told(ranking):
    """The lines of a ranking in print."""
    table, failed = ranking.table, ranking.failed
    if len(table):
        first = table.loc[0]
        yield (f"{ranking.data}: {first['n']:,} images, {first['classes']} classes, score "
               f"{ranking.score}")
        yield from _rows(table)
        yield from _decision(table, ranking.score)
    for name, why in failed.items():
        yield f"left out: {name}: {why}"
    if not len(table):
        yield "nothing was ranked"


def _rows(table):
    shown = table.assign(
        layer=table["layer"].replace("", "(output)"),
        tied=table["tied"].map({True: "=", False: ""}).fillna(""),
        weights=[f"{number / 1e6:.1f}" for number in table["weights"]],
        imagenet=["" if top1 != top1 else f"{top1:.1f}" for top1 in table["imagenet"]],
        interval=[f"{low:.3f} to {high:.3f}" if low == low else "" for low, high in
                  zip(table["low"], table["high"], strict=True)])
    columns = {"tied": "", "model": "model", "layer": "layer", "width": "width", "score": "score",
               "interval": "95%", "chance": "chance", "imagenet": "ImageNet", "weights": "millions"}
    shown = shown[list(columns)].rename(columns=columns)
    shown = shown.drop(columns=[name for name in ("95%", "chance", "ImageNet")
                                if not shown[name].replace("", np.nan).notna().any()])
    yield shown.to_string(index=False, na_rep="", float_format="{:.3f}".format)


def _decision(table, score):
    """What the table decides, and what else to look at."""
    if (tied := int((table["tied"] == True).sum())) > 1:  # noqa: E712  it may be None
        yield f"= cannot be told apart from the best on these images ({tied} of {len(table)})"
    known = table.dropna(subset="imagenet").drop_duplicates("model")
    if len(known) > 1:
        yield ("ImageNet accuracy alone would choose "
               f"{known.loc[known['imagenet'].idxmax(), 'model']}")
    if score == "h" and table["width"].nunique() > 1:
        yield ("raw H grows with the width of a layer, and these differ: compare by adjusted or "
               "loo")
    if table["score"].isna().any():
        yield ("a score is missing where the features are as many as the images: take more images, "
               "or loo or shrunk")
