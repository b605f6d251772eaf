"""Do intervals of H-scores hold the truth? Features whose H is known, drawn again and again.

Two features of one set of labels, Gaussian within classes with covariance I: H is then
:math:`\\sum_j v_j / (1 + v_j)` of the eigenvalues v of the covariance of the class means. One
design has skewed features and rare classes; its H is that of many samples.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import brentq

from tdist.hscore.intervals import jackknife
from tdist.hscore.score import h_score
from tdist.studies.study import Study, register

REPLICATES, MANY = 200, 100_000


@dataclass(frozen=True)
class Design:
    """m samples of `classes` classes; features of widths k with H-scores h."""

    m: int
    k: tuple
    h: tuple
    classes: int = 10
    kind: str = "apart"  # "shared": nine tenths of the noise is the same; "nested"; "skewed"


DESIGNS = {
    "equal": Design(400, (20, 20), (1.1, 1.1)),
    "equal, shared noise": Design(400, (20, 20), (1.1, 1.1), kind="shared"),
    "equal, 5 samples a feature": Design(100, (20, 20), (1.1, 1.1)),
    "equal, 3 samples a feature": Design(60, (20, 20), (1.1, 1.1)),
    "wide": Design(300, (100, 100), (1.1, 1.1)),
    "wide, 1.5 samples a feature": Design(150, (100, 100), (1.1, 1.1)),
    "wide and narrow": Design(300, (100, 20), (1.1, 1.1)),
    "nested in noise": Design(300, (20, 50), (1.1, 1.1), kind="nested"),
    "nothing there": Design(400, (20, 20), (0.0, 0.0)),
    "different": Design(300, (30, 30), (2.0, 1.0)),
    "near the bound": Design(300, (30, 30), (6.0, 5.8)),
    "50 classes": Design(500, (30, 30), (4.0, 4.0), 50),
    "skewed, rare classes": Design(300, (10, 10), (), 8, "skewed"),
}


def class_means(h, k, classes, rng):
    """Class means (classes, k) with which features of covariance I within classes have H = h."""
    means = rng.standard_normal((classes, k))
    means -= means.mean(0)
    values = np.linalg.eigvalsh(means.T @ means / classes)
    return means * np.sqrt(brentq(lambda s: (s * values / (1 + s * values)).sum() - h, 0, 1e9))


def sampler(design, rng):
    """A function of m and a generator: two features (m, k) and labels (m,)."""
    (k, j), classes = design.k, design.classes
    skewed = design.kind == "skewed"
    share = np.arange(1, classes + 1.0) ** (-1 if skewed else 0)
    h = (1.0, 1.0) if skewed else design.h
    means = class_means(h[0], k, classes, rng), class_means(h[1], j, classes, rng)
    if design.kind == "shared":
        means = means[0], means[0]

    def draw(m, rng):
        y = rng.choice(classes, m, p=share / share.sum())
        noise = rng.standard_normal((m, k)), rng.standard_normal((m, j))
        if design.kind == "shared":
            noise = noise[0], 0.9 * noise[0] + np.sqrt(1 - 0.81) * noise[1]
        a, b = means[0][y] + noise[0], means[1][y] + noise[1]
        if design.kind == "nested":
            b[:, :k] = a
            b[:, k:] = noise[1][:, k:]
        return (np.exp(a), np.exp(b), y) if skewed else (a, b, y)

    return draw


def cover(name):
    """How often intervals of the adjusted and of the raw difference hold it, and how long they are.

    The truth of the adjusted difference is that of H, of the raw one its own mean.
    """
    design = DESIGNS[name]
    draw, rng = sampler(design, np.random.default_rng(0)), np.random.default_rng(1)
    if design.h:
        truth, true_a = design.h[0] - design.h[1], design.h[0]
    else:
        a, b, y = draw(MANY, rng)
        true_a = h_score(a, y).adjusted
        truth = true_a - h_score(b, y).adjusted
    rows = []
    for _ in range(REPLICATES):
        a, b, y = draw(design.m, rng)
        first, second = jackknife(a, y), jackknife(b, y)
        both = first.minus(second)
        # the raw scores' deviations, where no class has one sample
        raw = [one.deviations * (1 - one.score.rank / (design.m - 2)) for one in (first, second)]
        rows.append([first.statistic, first.error, both.statistic, both.error,
                     first.score.statistic - second.score.statistic,
                     np.linalg.norm(raw[0] - raw[1])])
    score, error, difference, spread, raw, raw_spread = np.array(rows).T
    z = 1.959964
    return {"truth": truth, "mean": difference.mean(), "deviation": difference.std(ddof=1),
            "error": float(np.sqrt((spread**2).mean())),
            "covered": float((abs(difference - truth) < z * spread).mean()),
            "raw_covered": float((abs(raw - raw.mean()) < z * raw_spread).mean()),
            "one_score": {"truth": true_a, "mean": score.mean(), "deviation": score.std(ddof=1),
                          "error": float(np.sqrt((error**2).mean())),
                          "covered": float((abs(score - true_a) < z * error).mean())}}


register(Study("intervals", {name: partial(cover, name) for name in DESIGNS},
               {"replicates": REPLICATES, "samples for the truth": MANY, "confidence": 0.95},
               check={"equal, 3 samples a feature": 1e-9}, takes="a minute or two"))
