"""How good are estimates of the H-score from few samples, and what does its test hold?

Units "bias": bias and error of the plug-in and the adjusted score and of three ways to do better.
Units "test": the share of shuffles that the F test calls significant. Units "choice": what the
adjusted score and the leave-one-out accuracy choose among the layers of a network.
"""

from functools import cache, partial

import numpy as np
import torch
from scipy.optimize import brentq

from tdist.hscore import h_score, jackknife, pillai_pvalue
from tdist.hscore.whitened import whitened
from tdist.scores import SCORES
from tdist.studies.layers import depth_features, evaluate, softmax_regression, standardise
from tdist.studies.study import Study, kept, register
from tdist.tasks import fashion_mnist

CLASSES, RUNS = 10, 1000
# (true score, features): samples
GAUSSIAN = {(1.1, 20): (40, 60, 100, 200, 400), (4.5, 50): (80, 150, 400),
            (1.1, 100): (150, 250, 500)}
SKEWED = ("ReLU", "ReLU, long tail", "lognormal")
SKEWED_SAMPLES = (60, 100, 400)
LAYERS = {"blocks.1": (72, 192), "blocks.2": (120, 320), "blocks.3": (240, 640)}
# features: sizes of nine classes of ten
TESTS = {"Gaussian": (30, 2), "ReLU": (30, 3), "lognormal": (30, 2, 1)}
TEST_SAMPLES, TEST_FEATURES, SHUFFLES = 300, 40, 99
CHOICE_IMAGES, CHOICE_DRAWS = 1500, 5
CONFIG = {"classes": CLASSES, "runs": RUNS, "runs of layers": 300, "shuffles": SHUFFLES,
          "samples of a test": TEST_SAMPLES, "features of a test": TEST_FEATURES,
          "images of a choice": CHOICE_IMAGES, "pixels": 96}


def class_means(k, h, seed=0):
    """Means (classes, k) of Gaussian classes of identity covariance whose true H-score is h."""
    means = np.random.default_rng(seed).standard_normal((CLASSES, k))
    spread = np.linalg.svd(means - means.mean(0), compute_uv=False) ** 2 / CLASSES
    size = brentq(lambda a: np.sum(a * spread / (1 + a * spread)) - h, 0, 1e3)
    return np.sqrt(size) * means


def shape(design, x):
    """Gaussian features x as the design has them: as they are, sparse as after a ReLU, or with
    lognormal tails."""
    return np.maximum(x - 1, 0) if "ReLU" in design else np.exp(x) if "log" in design else x


def draw(design, means, m, rng, given=False):
    """Features (m, k) and labels (m,), all classes equally likely or in a long tail (1, 1/2, 1/3,
    ...): drawn, or in equal given sizes."""
    p = 1 / np.arange(1, CLASSES + 1) if "tail" in design else np.ones(CLASSES)
    y = np.arange(m) % CLASSES if given else rng.choice(CLASSES, size=m, p=p / p.sum())
    return shape(design, means[y] + rng.standard_normal((m, means.shape[1]))), y


@cache
def true_score(design, k):
    """By two million samples in ten parts: the score and its standard error."""
    rng, means = np.random.default_rng(1), class_means(k, 2.0)
    parts = [h_score(*draw(design, means, 200_000, rng)).adjusted for _ in range(10)]
    return float(np.mean(parts)), float(np.std(parts, ddof=1) / np.sqrt(10))


def estimates(x, y):
    """All estimates of the H-score from x (m, k), y (m,): {name: number}, NaN where there is none.
    """
    left_out = jackknife(x, y)
    result = left_out.score
    return {"plug-in": result.statistic, "adjusted": result.adjusted, "Gaussian": gaussian(result),
            "split": split(x, y), "jackknife": left_out.corrected}


def gaussian(result):
    """The adjusted score less its bias of order 1/m for Gaussian classes of one covariance, drawn,
    if all directions share the score equally: (2 u3 + u1 - 3 u2 - u1 H) / m."""
    q, d, a = result.classes - 1, result.bound, result.adjusted
    w = 1 - a / d
    return a * (1 + (q - a + w * (2 * w - 1)) / result.n)


def split(x, y):
    """tr(cov^-1 M), cov from one half of the samples and M, without the products of a sample with
    itself, from the other; the mean of both ways round. NaN where a half has too few samples."""
    halves, k, found = [slice(start, None, 2) for start in (0, 1)], x.shape[1], []
    if len(x) // 2 < k + 4:
        return np.nan
    for a, b in (halves, halves[::-1]):
        cov = np.cov(x[a].T)
        if np.linalg.matrix_rank(cov) < k:  # copies, or a feature that is 0 throughout
            return np.nan
        inverse = np.linalg.inv(cov) * (len(x[a]) - k - 2) / (len(x[a]) - 1)
        z = x[b] - x[a].mean(0)
        groups = [z[y[b] == c] for c in np.unique(y[b])]
        of_classes = sum(len(g) * _pairs(g, inverse) for g in groups if len(g) > 1) / len(z)
        found.append(of_classes - _pairs(z, inverse))
    return float(np.mean(found))


def _pairs(z, inverse):
    """Mean of z_i^T inverse z_j over pairs of different samples."""
    total, n = z.sum(0), len(z)
    return (total @ inverse @ total - np.sum((z @ inverse) * z)) / (n * (n - 1))


def bias(truth, found):
    """Mean, its standard error, and root mean square error of each estimate over the runs; None
    where a run has no value."""
    def summary(v):
        return None if np.isnan(v).any() else {
            "mean": float(v.mean()), "error": float(v.std(ddof=1) / np.sqrt(len(v))),
            "rmse": float(np.sqrt(np.mean((v - truth[0]) ** 2)))}

    values = {name: np.array([run[name] for run in found]) for name in found[0]}
    return {"truth": truth[0], "error of truth": truth[1],
            **{name: summary(v) for name, v in values.items()}}


def gaussian_unit(h, k, m, given):
    """Gaussian classes, equally likely, identity covariance, true score h."""
    rng, means = np.random.default_rng(m), class_means(k, h)
    return bias((h, 0.0), [estimates(*draw("", means, m, rng, given)) for _ in range(RUNS)])


def skewed_unit(design, m, k=20):
    """Classes whose features are not Gaussian, or that are not equally likely."""
    rng, means = np.random.default_rng(m), class_means(k, 2.0)
    return bias(true_score(design, k),
                [estimates(*draw(design, means, m, rng)) for _ in range(RUNS)])


@cache
def fashion():
    """Features of all depths of EfficientNet-Lite0 {layer: (6000, k)} and labels (6000,)."""
    task = fashion_mnist()
    found = kept("features/fashion-efficientnet_lite0-96", lambda: {
        layer: torch.from_numpy(x) for layer, x in depth_features(task, progress=False).items()})
    return {layer: x.numpy() for layer, x in found.items()}, task.labels.numpy()


def layer_unit(layer, m):
    """Draws with replacement from 6,000 images, whose own score is the truth. Noise far below the
    features' tells copies apart, which are independent draws here."""
    features, y = fashion()
    x, rng = features[layer].astype(float), np.random.default_rng(m)
    rows = [rng.integers(len(y), size=m) for _ in range(CONFIG["runs of layers"])]
    tiny = 1e-6 * x.std(0) * rng.standard_normal((m, x.shape[1]))
    return bias((h_score(x, y).statistic, 0.0), [estimates(x[r] + tiny, y[r]) for r in rows])


def significance_unit(design, size):
    """Shares of shuffles that the F test calls significant at 5% and at 1%, the same of 99
    permutations (every second run), and the spread of the score. Nine classes of `size`, one of the
    rest."""
    rng, m, k = np.random.default_rng(size), TEST_SAMPLES, TEST_FEATURES
    y = np.minimum(np.arange(m) // size, CLASSES - 1)
    members = np.eye(CLASSES)[:, y] / np.sqrt(np.bincount(y)[:, None] * m)  # (classes, m)
    p, permuted, scores = [], [], []
    for run in range(RUNS):
        z = whitened(shape(design, rng.standard_normal((m, k))))[0].numpy()
        shuffled = [np.sum((members @ rng.permutation(z)) ** 2)
                    for _ in range(1 + SHUFFLES * (run % 2))]
        scores.append(shuffled[0])
        p.append(pillai_pvalue(shuffled[0], k, CLASSES, m))
        if run % 2:
            permuted.append(np.mean(np.array(shuffled) >= shuffled[0] - 1e-12))
    formula = np.sqrt(2 * k * (CLASSES - 1) * (1 - k / m)) / m
    return {"F": [float(np.mean(np.array(p) <= level)) for level in (0.05, 0.01)],
            "permutation": [float(np.mean(np.array(permuted) <= level)) for level in (0.05, 0.01)],
            "runs": [len(p), len(permuted)], "sd": float(np.std(scores)), "formula": float(formula)}


def choice_unit(seed):
    """Scores of all layers for 1,500 images, and what classifiers of these images reach on 4,500
    others: least squares with the best penalty, and the paper's softmax regression."""
    features, y = fashion()
    order, found = np.random.default_rng(seed).permutation(len(y)), {}
    few, others = order[:CHOICE_IMAGES], order[CHOICE_IMAGES:]
    for layer, x in features.items():
        z, score, loo = standardise(x, few), h_score(x[few], y[few]), SCORES["loo"](x[few], y[few])
        softmax = evaluate(softmax_regression(z[few], y[few]), z, y, few, others)
        found[layer] = {"adjusted": score.adjusted, "plug-in": score.statistic,
                        "loo": float(loo), "penalty": loo.chosen,
                        "least squares": least_squares(z, y, few, others, loo.chosen),
                        "without penalty": least_squares(z, y, few, others, 0.0),
                        "softmax": softmax["test_accuracy"]}
    return found


def least_squares(z, y, few, others, penalty):
    """Accuracy on `others` of the map to one-hot labels that `few` give."""
    a, t = z[few].astype(float), np.eye(CLASSES)[y[few]]
    centre = t.mean(0)
    gram = a.T @ a + penalty * len(few) * np.eye(a.shape[1])
    map_ = np.linalg.lstsq(gram, a.T @ (t - centre))[0]
    return float(np.mean((z[others] @ map_ + centre).argmax(1) == y[others]))


def units():
    """{key: function}."""
    jobs = {f"bias/{h}/{k}/{m}/{'given' if given else 'drawn'}":
            partial(gaussian_unit, h, k, m, given)
            for (h, k), sizes in GAUSSIAN.items() for m in sizes for given in (False, True)}
    jobs |= {f"test/{design}/{size}": partial(significance_unit, design, size)
             for design, sizes in TESTS.items() for size in sizes}
    jobs |= {f"choice/{seed}": partial(choice_unit, seed) for seed in range(CHOICE_DRAWS)}
    jobs |= {f"bias/{layer}/{m}": partial(layer_unit, layer, m)
             for layer, sizes in LAYERS.items() for m in sizes}
    return jobs | {f"bias/{design}/{m}": partial(skewed_unit, design, m)
                   for design in SKEWED for m in SKEWED_SAMPLES}


register(Study("estimates", units(), CONFIG, {"bias/1.1/20/40/given": 1e-6},
               takes="ten minutes on one core"))
