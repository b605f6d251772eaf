"""Which block transfers, at equal width? Section 5.1 of the H-score paper, in its own design.

The paper compares six blocks of one width. EfficientNet-Lite0 has stages of blocks of one width
too: its 16 blocks and the last batch norm are 17 depths, and five stages hold two to four blocks
each. The targets are CIFAR-100, all 60,000 images of it in three draws of the paper's 20,000
without a common one, and the 6,000 images of Fashion-MNIST that come with the package, split three
times.
"""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch
from scipy.linalg import eigh
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from tdist import features as layer_features
from tdist import tasks
from tdist.hscore import h_score
from tdist.networks import SOURCES
from tdist.scores import compare
from tdist.studies.layers import PIXELS, evaluate, softmax_regression, split, standardise
from tdist.studies.study import Study, kept, register

STAGES = {"blocks.0": 1, "blocks.1": 2, "blocks.2": 2, "blocks.3": 3, "blocks.4": 3, "blocks.5": 4,
          "blocks.6": 1}  # how many blocks each holds
DEPTHS = (*(f"{stage}.{i}" for stage, n in STAGES.items() for i in range(n)), "bn2")


def whole_cifar100():
    """Its training and its test images, 60,000."""
    train, test = tasks.cifar100(), tasks.cifar100(train=False)
    return replace(train, images=torch.cat([train.images, test.images]),
                   labels=torch.cat([train.labels, test.labels]))


SETS = {"CIFAR-100": whole_cifar100, "Fashion-MNIST": tasks.fashion_mnist}
PIECE = 5_000  # images whose features are kept in one file
SCORES = ("loo", "knn", "mean", "logme")  # beside the H-scores
PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4)
NARROW = 16  # features of every depth, where all get the same number
SIZES = {"source": SOURCES["efficientnet_lite0"].name, "pixels": PIXELS,
         "seeds": {"CIFAR-100": [0, 1, 2], "Fashion-MNIST": [0, 1, 2]},
         "images": {"CIFAR-100": 20_000, "Fashion-MNIST": 6_000}, "depths": list(DEPTHS),
         "penalties": list(PENALTIES), "narrow": NARROW, "mixtures": 10, "check_images": 300}


def block_features(task, progress=True):
    """Features of every block, averaged over positions: {depth: (n, k) float32}."""
    source = SOURCES["efficientnet_lite0"]
    loader = task.loader(PIXELS, source.mean, source.std)
    return layer_features.extract(source.network(), loader, DEPTHS, progress=progress)[0]


def draw(name, seed):
    """One draw of the images of a set: rows for training and for testing, 9 to 1. Draws of
    CIFAR-100 have no image in common; of Fashion-MNIST each has all images, split anew."""
    size, n = SIZES["images"][name], len(labels(name))
    rows = (order(name)[seed * size:(seed + 1) * size] if size < n
            else np.random.default_rng(seed).permutation(n))
    return tuple(rows[part] for part in split(size, seed))


@cache
def order(name):
    """All rows of a set in a random order, (n,)."""
    n = len(labels(name))
    return np.random.default_rng(0).permutation(n)[np.concatenate(split(n, 0))]


@cache
def labels(name):
    """(n,)"""
    return SETS[name]().labels.numpy()


@cache
def piece(name, i):
    """Features {depth: (PIECE, k)} of the i-th part of :func:`order`, kept in the data folder."""
    def make():
        task, rows = SETS[name](), order(name)[i * PIECE:(i + 1) * PIECE]
        part = replace(task, images=task.images[rows], labels=task.labels[rows])
        return {depth: torch.from_numpy(x) for depth, x in block_features(part, False).items()}

    n = len(labels(name))
    return kept(f"features/{name.lower()}-{n}-blocks-{PIXELS}/{i}", make)


def features(name, rows, depth):
    """Features (rows, k) of one depth; parts of the set that no row needs are not computed."""
    place = np.argsort(order(name))[rows]
    parts = np.unique(place // PIECE)
    x = torch.cat([piece(name, i)[depth] for i in parts]).numpy()
    return x[np.searchsorted(parts, place // PIECE) * PIECE + place % PIECE]


def scored(x, y):
    """The H-scores and their rivals of features x (m, k) for labels y (m,): plain numbers."""
    h, shrunk = h_score(x, y), h_score(x, y, shrinkage="ledoit-wolf")
    rivals = {name: float(score) for name, score in compare(x, y, SCORES).items()}
    return {"h": h.statistic, "adjusted": h.adjusted, "chance": h.chance, "rank": h.rank,
            "shrunk": shrunk.statistic, "shrunk_adjusted": shrunk.adjusted} | rivals


def narrow(x, y, width=NARROW, mixtures=SIZES["mixtures"]):
    """Adjusted H-scores of as many numbers of every depth: principal components, and the mean over
    random mixtures of the columns."""
    z = standardise(x, np.arange(len(x)))
    maps = np.random.default_rng(0).standard_normal((mixtures, z.shape[1], width))
    return {"pca": h_score(z @ components(z, width), y).adjusted,
            "random": float(np.mean([h_score(z @ m.astype(np.float32), y).adjusted
                                     for m in maps]))}


def components(z, width):
    """The directions (k, width) in which the centred rows z (m, k) vary most."""
    k = z.shape[1]
    covariance = z.astype(float).T @ z / len(z)
    return eigh(covariance, subset_by_index=(max(0, k - width), k - 1))[1].astype(np.float32)


def regression():
    """Softmax regression, to be fitted to one penalty after another, each from the one before."""
    return LogisticRegression(warm_start=True, max_iter=200)


def fit(model, z, y, penalty):
    """Fit to a penalty l / 2 ||w||^2 beside the mean loss."""
    return model.set_params(C=1 / (penalty * len(z))).fit(z, y)


def tune(z, y, seed=0):
    """The penalty of a softmax regression, chosen on the rows z (m, k), y (m,) alone: from the
    strongest on until the accuracy on held-out rows falls. They are five folds, or from 5,000 rows
    on the first of them.

    Returns the penalty and the accuracy on the held-out rows.
    """
    folds = list(KFold(5, shuffle=True, random_state=seed).split(z))
    folds = folds if len(z) < 5_000 else folds[:1]
    models = [regression() for _ in folds]
    best = (-1.0, None)
    for penalty in PENALTIES:
        right = [fit(model, z[train], y[train], penalty).predict(z[held]) == y[held]
                 for model, (train, held) in zip(models, folds, strict=True)]
        accuracy = float(np.concatenate(right).mean())
        if accuracy < best[0]:
            break
        best = max(best, (accuracy, penalty))  # of equal ones the strongest
    return best[::-1]


def trained(x, y, train, test, seed):
    """What training reaches on one depth: the paper's regression of 100 full-batch epochs, and a
    converged one with each penalty, of which one is chosen on the training rows."""
    z, found = standardise(x, train), {}
    paper = evaluate(softmax_regression(z[train], y[train]), z, y, train, test)
    penalty, held = tune(z[train], y[train], seed)
    model = regression()
    for each in PENALTIES:
        fit(model, z[train], y[train], each)
        found[f"{each:g}"] = evaluate(model.predict_proba, z, y, train, test)
    tuned = found[f"{penalty:g}"] | {"penalty": penalty, "held_out": held}
    return {"paper": paper, "tuned": tuned, "penalties": found}


def score_unit(name, seed, depth):
    """The scores of one depth on the training images of one draw, as they are and narrow."""
    train, _ = draw(name, seed)
    x, y = features(name, train, depth), labels(name)[train]
    return scored(x, y) | narrow(x, y)


def train_unit(name, seed, depth):
    """What training on one depth reaches in one draw."""
    train, test = draw(name, seed)
    rows = np.concatenate([train, test])
    places = np.arange(len(rows))
    return trained(features(name, rows, depth), labels(name)[rows], places[:len(train)],
                   places[len(train):], seed)


def check():
    """The cheap unit: H-scores of all depths for a few images of the shipped set."""
    few = tasks.fashion_mnist().subset(SIZES["check_images"])
    return {depth: h_score(x, few.labels, shrinkage="ledoit-wolf").adjusted
            for depth, x in block_features(few, False).items()}


def units():
    """{key: function}: training and scores of every depth, on both targets, draw by draw."""
    return {"check": check} | {
        f"{part}/{name}/{seed}/{depth}": partial(unit, name, seed, depth)
        for name, seeds in SIZES["seeds"].items() for seed in seeds
        for part, unit in (("train", train_unit), ("score", score_unit)) for depth in DEPTHS}


register(Study("blocks", units(), SIZES, {"check": 1e-4}, {
    "CIFAR-100": partial(tasks.cifar100, train=False)}, "an hour on one core"))
