"""How many samples does the H-score need, beside mutual information; how long does it take; and
does the sample size matter to its relation with the log-loss?

Section 4.3 of the H-score paper: H "only needs to estimate conditional expectations, which requires
less samples". Units "information": H and I of the same continuous features from m samples. Units
"loss": Figure 4b for Gaussian classes. Units "seconds": O(m k^2).
"""

import time
from functools import cache, partial

import numpy as np
from scipy.special import digamma
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KDTree, NearestNeighbors

from tdist.hscore import h_score
from tdist.studies.estimates import CLASSES, class_means
from tdist.studies.study import Study, register

# the true score and the features; I is that of the same classes
CASES = ((0.1, 1), (0.5, 1), (0.1, 2), (1.0, 2), (0.1, 5), (1.0, 5), (1.0, 10))
SAMPLES, RUNS, NEIGHBOURS = (50, 100, 200, 500, 1000, 2000, 5000), 50, 3
BINS = (4, 10)  # along each feature
LOSS_FEATURES, LOSS_SAMPLES, LOSS_SEEDS = (10, 20, 30, 40), (1000, 2000, 5000, 15_000), 3
TIMED_SAMPLES, TIMED_FEATURES = (10_000, 20_000, 40_000, 80_000), (128, 256, 512, 1024)
CONFIG = {"classes": 4, "runs": RUNS, "neighbours": NEIGHBOURS, "bins": BINS,
          "classes of the losses": CLASSES, "seeds of the losses": LOSS_SEEDS,
          "repeats of a timing": 3}


def four_classes(h, k):
    """Means (4, k) of equally likely Gaussian classes of identity covariance with true score h: at
    even distances along one feature, or at the corners of a square in two. The rest is noise."""
    means = np.zeros((4, k))
    if k == 1:
        means[:, 0] = (np.arange(4) - 1.5) * np.sqrt(h / (1 - h) / 1.25)
    else:  # two directions share the score
        means[:, :2] = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * np.sqrt(h / (2 - h))
    return means


def true_information(means, samples=1_000_000):
    """I(X; Y) in nats, its mean over samples of log p(x | y) / p(x), and the standard error."""
    rng, found = np.random.default_rng(0), []
    for _ in range(10):
        y = rng.integers(len(means), size=samples // 10)
        x = means[y] + rng.standard_normal((len(y), means.shape[1]))
        logs = -0.5 * ((x[:, None] - means) ** 2).sum(2)  # (m, classes)
        own = logs[np.arange(len(y)), y]
        found.append(np.mean(own - np.log(np.mean(np.exp(logs - logs.max(1)[:, None]), 1))
                             - logs.max(1)))
    return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(10))


def nearest(x, y, neighbours=NEIGHBOURS):
    """I(X; Y) by nearest neighbours for continuous x (m, k) and classes y: Ross (2014), as
    scikit-learn's mutual_info_classif has it for one feature.

    For each sample the distance to its third neighbour in its own class, and the number of samples
    of any class within."""
    y = np.unique(y, return_inverse=True)[1]
    counts = np.bincount(y)
    keep = counts[y] > 1
    x, y = x[keep], y[keep]
    radius, near = np.empty(len(y)), np.minimum(neighbours, counts - 1)
    for c in np.unique(y):
        rows, k = y == c, near[c]
        tree = NearestNeighbors(n_neighbors=k, algorithm="kd_tree")  # "brute" rounds distances
        found = tree.fit(x[rows]).kneighbors()[0]
        radius[rows] = np.nextafter(found[:, -1], 0)
    within = KDTree(x).query_radius(x, radius, count_only=True)
    value = (digamma(len(y)) + digamma(near[y]).mean() - digamma(counts[y]).mean()
             - digamma(within).mean())
    return max(0.0, float(value))


def binned(x, y, bins):
    """Plug-in I(X; Y) with each feature cut at its quantiles into `bins`."""
    cells = np.zeros(len(x), dtype=np.int64)
    for column in x.T:
        edges = np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1])
        cells = cells * bins + np.searchsorted(edges, column)
    cells, y = (np.unique(v, return_inverse=True)[1] for v in (cells, y))
    joint = np.bincount(cells * (y.max() + 1) + y, minlength=(cells.max() + 1) * (y.max() + 1))
    p = joint.reshape(-1, y.max() + 1) / len(y)
    independent, live = np.outer(p.sum(1), p.sum(0)), p > 0
    return float(np.sum(p[live] * np.log(p[live] / independent[live])))


def information_unit(h, k):
    """Relative root mean square errors of all estimates, {samples: {name: number}}, with the
    truth."""
    means = four_classes(h, k)
    information, error = true_information(means)
    result = {"h": h, "information": information, "error of information": error}
    for m in SAMPLES:
        rng, found = np.random.default_rng(m), []
        for _ in range(RUNS):
            y = rng.integers(4, size=m)
            x = means[y] + rng.standard_normal((m, k))
            score = h_score(x, y)
            found.append([score.statistic / h, score.adjusted / h, nearest(x, y) / information,
                          *(binned(x, y, bins) / information for bins in BINS)])
        ratios = np.array(found) - 1
        names = ("H, plug-in", "H, adjusted", "I, neighbours", *(f"I, {b} bins" for b in BINS))
        result[str(m)] = {name: {"rmse": float(np.sqrt(np.mean(v**2))), "bias": float(v.mean())}
                          for name, v in zip(names, ratios.T, strict=True)}
    return result


def loss_unit(k, m, seed):
    """The first k of 40 features of ten Gaussian classes: H from m samples, and the log-loss of a
    softmax regression fitted to them until it converges, there and on 20,000 others."""
    rng, means = np.random.default_rng([k, m, seed]), class_means(max(LOSS_FEATURES), 2.0, seed)
    y, y_test = (rng.integers(CLASSES, size=n) for n in (m, 20_000))
    x, x_test = (means[v, :k] + rng.standard_normal((len(v), k)) for v in (y, y_test))
    score = h_score(x, y)
    fit = LogisticRegression(C=np.inf, max_iter=5000, tol=1e-6).fit(x, y)
    train, test = (float(-fit.predict_log_proba(v)[np.arange(len(v)), t].mean())
                   for v, t in ((x, y), (x_test, y_test)))
    return {"h": score.statistic, "adjusted": score.adjusted, "train": train, "test": test}


@cache
def _noise():
    return np.random.default_rng(0).standard_normal((max(TIMED_SAMPLES), max(TIMED_FEATURES)))


def seconds_unit(m, k):
    """Seconds of one call, the best of three."""
    x, y, found = np.ascontiguousarray(_noise()[:m, :k]), np.arange(m) % CLASSES, []
    for _ in range(3):
        start = time.process_time()
        h_score(x, y)
        found.append(time.process_time() - start)
    return min(found)


def units():
    """{key: function}."""
    jobs = {f"loss/{k}/{m}/{seed}": partial(loss_unit, k, m, seed) for k in LOSS_FEATURES
            for m in LOSS_SAMPLES for seed in range(LOSS_SEEDS)}
    timed = [*((m, 256) for m in TIMED_SAMPLES), *((10_000, k) for k in TIMED_FEATURES)]
    jobs |= {f"seconds/{m}/{k}": partial(seconds_unit, m, k) for m, k in timed}
    return jobs | {f"information/{h}/{k}": partial(information_unit, h, k) for h, k in CASES}


register(Study("sample_needs", units(), CONFIG, {"loss/20/1000/0": 1e-4},
               takes="a quarter of an hour on one core"))
