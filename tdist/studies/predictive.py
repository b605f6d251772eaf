"""The H-score that a map fitted to m samples reaches: which estimate is right, which one chooses?

Units "GROUP/DESIGN/m": the score on the distribution itself of the ridge regression that leave-one-
out chooses, and of least squares without a penalty, in 1,000 draws of m samples, and what four
estimates from the same samples said. The distributions are those of :mod:`tdist.studies.estimates`.
Units "choice/seed": the predictive scores of the layers among which :mod:`tdist.studies.estimates`
chooses, of the same images.
"""

from functools import cache, partial

import numpy as np

from tdist.hscore.score import with_samples
from tdist.scores import held_out
from tdist.studies.estimates import (
    CHOICE_DRAWS,
    CHOICE_IMAGES,
    CLASSES,
    RUNS,
    class_means,
    draw,
    fashion,
)
from tdist.studies.study import Study, register

GAUSSIAN = {(1.1, 20): (40, 100, 400), (4.5, 50): (80, 400), (1.1, 100): (150, 500)}
SKEWED = {"ReLU": (60, 400), "ReLU, long tail": (60, 400), "lognormal": (60, 400)}
LAYERS = {"blocks.1": (72, 192), "blocks.2": (120, 320)}
CONFIG = {"classes": CLASSES, "runs": RUNS, "images of a choice": CHOICE_IMAGES,
          "draws of a choice": CHOICE_DRAWS, "pixels": 96}
TRUTHS = {"held out": "ridge", "adjusted": "ridge", "formula": "plain", "left out": "plain"}


def second_moments(x, y):
    """Means (1 + k + classes)^2 of products of 1, the features and the labels' indicators."""
    w = np.column_stack([np.ones(len(x)), x, np.eye(CLASSES)[y]])
    return w.T @ w / len(x)


@cache
def moments_of_gaussian(h, k):
    """The same of Gaussian classes, equally likely, of identity covariance, exactly."""
    means = class_means(k, h)
    moments = second_moments(means, np.arange(CLASSES))
    moments[1 : k + 1, 1 : k + 1] += np.eye(k)
    return moments


@cache
def moments_of_skewed(design, k=20):
    """The same of classes whose features are not Gaussian, from two million samples."""
    rng, means = np.random.default_rng(1), class_means(k, 2.0)
    return sum(second_moments(*draw(design, means, 200_000, rng)) for _ in range(10)) / 10


def reached(moments, x, y, penalty):
    """The predictive H-score of the map that x (m, k), y (m,) give: classes - 1 less the expected
    squared error on the distribution, each class divided by its probability."""
    mean, std = x.mean(0), x.std(0)
    scale = np.where(std > 0, std, np.inf)
    z, t = (x - mean) / scale, np.eye(CLASSES)[y]
    centre = t.mean(0)
    gram = z.T @ z + penalty * len(x) * np.eye(z.shape[1])
    map_ = np.linalg.lstsq(gram, z.T @ (t - centre))[0] / scale[:, None]  # (k, classes)
    rest = np.vstack([mean @ map_ - centre, -map_, np.eye(CLASSES)])  # indicator - guess
    p = moments[0, -CLASSES:]
    return float(CLASSES - 1 - np.einsum("ic,ij,jc,c->", rest, moments, rest, 1 / p))


def estimates(x, y):
    """What is said of the predictive score, {name: number}, and the strength of the penalty.

    "formula" is Stein's for Gaussian features, from the adjusted score; "left out" the
    sum of squares of the unpenalised map's errors at left-out samples.
    """
    score, codes, z = with_samples(x, y)
    z, counts, m, q = z.numpy(), np.bincount(codes), score.n, score.classes - 1
    spread = (m + 1) * (m - 2) / (m * (m - score.rank - 2))
    sums = np.zeros((len(counts), z.shape[1]))
    np.add.at(sums, codes, z)
    rest = np.eye(len(counts))[codes] - counts / m - z @ sums.T / m
    with np.errstate(divide="ignore", invalid="ignore"):  # a sample that has a feature for itself
        rest /= 1 - 1 / m - np.sum(z**2, axis=1, keepdims=True) / m
    ridge = held_out(x, y)
    return {"held out": ridge.statistic, "adjusted": score.adjusted,
            "formula": q - (q - score.adjusted) * spread,
            "left out": q - (1 - 1 / m) * float(np.sum(rest**2 / counts))}, ridge.chosen


def summary(moments, draws):
    """Mean truths with their standard errors; of every estimate the mean deviation from its truth,
    its error, and the root mean square deviation: None where it did not exist in some run."""
    found, truths = [], []
    for x, y in draws:
        said, penalty = estimates(x, y)
        found.append(said)
        truths.append({"ridge": reached(moments, x, y, penalty),
                       "plain": reached(moments, x, y, 0.0)})
    truth = {name: np.array([one[name] for one in truths]) for name in truths[0]}
    root = np.sqrt(len(found))
    out = {name: {"mean": float(v.mean()), "error": float(v.std(ddof=1) / root)}
           for name, v in truth.items()}
    for name, of in TRUTHS.items():
        off = np.array([one[name] for one in found]) - truth[of]
        out[name] = None if not np.isfinite(off).all() else {
            "bias": float(off.mean()), "error": float(off.std(ddof=1) / root),
            "rmse": float(np.sqrt(np.mean(off**2)))}
    return out


def gaussian_unit(h, k, m):
    """Gaussian classes of true score h, the labels drawn."""
    rng, means = np.random.default_rng(m), class_means(k, h)
    return summary(moments_of_gaussian(h, k), (draw("", means, m, rng) for _ in range(RUNS)))


def skewed_unit(design, m, k=20):
    """Features that are not Gaussian, or classes that are not equally likely."""
    rng, means = np.random.default_rng(m), class_means(k, 2.0)
    return summary(moments_of_skewed(design, k),
                   (draw(design, means, m, rng) for _ in range(RUNS)))


def layer_unit(layer, m):
    """Draws with replacement from 6,000 images, copies told apart by noise far below the
    features'."""
    features, y = fashion()
    x, rng = features[layer].astype(float), np.random.default_rng(m)
    tiny = 1e-6 * x.std(0)

    def draws():
        for _ in range(RUNS):
            rows = rng.integers(len(y), size=m)
            yield x[rows] + tiny * rng.standard_normal((m, x.shape[1])), y[rows]

    return summary(second_moments(x, y), draws())


def choice_unit(seed):
    """{layer: predictive score of 1,500 images}."""
    features, y = fashion()
    few = np.random.default_rng(seed).permutation(len(y))[:CHOICE_IMAGES]
    return {layer: float(held_out(x[few], y[few])) for layer, x in features.items()}


def units():
    """{key: function}."""
    jobs = {f"Gaussian/{h}/{k}/{m}": partial(gaussian_unit, h, k, m)
            for (h, k), sizes in GAUSSIAN.items() for m in sizes}
    jobs |= {f"skewed/{design}/{m}": partial(skewed_unit, design, m)
             for design, sizes in SKEWED.items() for m in sizes}
    jobs |= {f"layer/{layer}/{m}": partial(layer_unit, layer, m)
             for layer, sizes in LAYERS.items() for m in sizes}
    return jobs | {f"choice/{seed}": partial(choice_unit, seed) for seed in range(CHOICE_DRAWS)}


register(Study("predictive", units(), CONFIG, {"Gaussian/1.1/20/40": 1e-4},
               takes="two minutes on one core"))
