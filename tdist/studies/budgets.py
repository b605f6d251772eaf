"""Equal labels: does a score choose a depth from fewer labels than training needs?

The H-score paper says that its metric is computed "with fewer samples than those needed for
empirical learning" (introduction; again in section 4.2). Here both get the same m labels: every
score of a depth, and a softmax regression whose penalty and held-out accuracy come from the m
labels too. What each chooses is judged by the accuracy on images that neither saw, after training
on the same m labels, and after training on the most that there are. The candidates are the 17
depths of ``tdist.studies.blocks``.
"""

import time
from functools import partial

import numpy as np

from tdist import tasks
from tdist.hscore import h_score
from tdist.scores import compare
from tdist.studies.blocks import (
    DEPTHS,
    PENALTIES,
    SCORES,
    check,
    features,
    fit,
    labels,
    order,
    regression,
    tune,
)
from tdist.studies.layers import standardise
from tdist.studies.study import Study, register

SIZES = {"depths": list(DEPTHS), "penalties": list(PENALTIES), "check_images": 300,
         "pool": {"CIFAR-100": 60_000, "Fashion-MNIST": 6_000},
         "test_images": {"CIFAR-100": 5_000, "Fashion-MNIST": 3_000},
         "seeds": {"Fashion-MNIST": {"100": 5, "300": 5, "1000": 5, "3000": 5},
                   "CIFAR-100": {"100": 5, "300": 5, "1000": 5, "3000": 5, "10000": 3,
                                 "20000": 3}}}


def sample(name, m, seed):
    """Rows of m labelled images of one draw, and of images to test on."""
    rows = np.random.default_rng(seed).permutation(order(name)[:SIZES["pool"][name]])
    return rows[:m], rows[-SIZES["test_images"][name]:]


def choose(x, y, x_test, y_test, seed=0):
    """One depth, m labels: its scores, what training reaches, and the seconds of the processor that
    each took. The H-scores are raw, adjusted, and both with Ledoit and Wolf's shrinkage."""
    found, seconds = {}, {}

    def timed(name, make):
        start = time.process_time()
        result = make()
        seconds[name] = time.process_time() - start
        return result

    h = timed("h", lambda: h_score(x, y))
    shrunk = timed("shrunk", lambda: h_score(x, y, shrinkage="ledoit-wolf"))
    found |= {"h": h.statistic, "adjusted": h.adjusted, "shrunk": shrunk.statistic,
              "shrunk_adjusted": shrunk.adjusted}
    found |= {name: timed(name, lambda name=name: float(compare(x, y, name)[name]))
              for name in SCORES}
    every = np.arange(len(x))
    z, z_test = standardise(x, every), standardise(np.concatenate([x, x_test]), every)[len(x):]
    penalty, held = timed("training", lambda: tune(z, y, seed))
    model = fit(regression(), z, y, penalty)
    return found | {"training": held, "penalty": penalty, "seconds": seconds,
                    "test_accuracy": float(np.mean(model.predict(z_test) == y_test))}


def unit(name, m, seed):
    """All depths from the same m labels: {depth: numbers}; a score that is not defined is None."""
    rows, test = sample(name, m, seed)
    y, y_test = labels(name)[rows], labels(name)[test]
    found = {depth: choose(features(name, rows, depth), y, features(name, test, depth), y_test,
                           seed) for depth in DEPTHS}
    return {depth: {key: None if value != value else value  # JSON has no NaN
                    for key, value in of_depth.items()} for depth, of_depth in found.items()}


def regrets(stored, name, rules):
    """What each rule's choice costs: a list of dicts with target, rule, m, seed and two regrets.

    Parameters
    ----------
    stored : dict
        Units of the stored study, "TARGET/m/seed": {depth: numbers}.
    name : str
        Of the target.
    rules : sequence of str
        Scores, highest first; "training", which is the held-out accuracy; or "deepest", which asks
        nothing and takes the last depth.

    Returns
    -------
    list of dict
        "same": the best test accuracy from the same m labels less that of the choice. "most": the
        same of mean accuracies from the most labels of the study. Both in shares, not points. Of
        depths that tie the mean; NaN where a rule is not defined at a depth.
    """
    cells = {(int(m), int(seed)): found for key, found in stored.items()
             for target, _, rest in [key.partition("/")] if target == name
             for m, seed in [rest.split("/")]}
    reached = {key: np.array([of["test_accuracy"] for of in found.values()])
               for key, found in cells.items()}
    largest = max(m for m, _ in cells)
    most = np.mean([value for (m, _), value in reached.items() if m == largest], axis=0)
    rows = []
    for (m, seed), found in cells.items():
        for rule in rules:
            value = np.array([float(i) if rule == "deepest" else
                              np.nan if of[rule] is None else of[rule]
                              for i, of in enumerate(found.values())])
            chosen = value == value.max()  # nowhere, if one of them is NaN
            cost = [truth.max() - (truth[chosen].mean() if chosen.any() else np.nan)
                    for truth in (reached[m, seed], most)]
            rows.append({"target": name, "rule": rule, "m": m, "seed": seed,
                         "same": float(cost[0]), "most": float(cost[1])})
    return rows


def units():
    """{key: function}, few labels first."""
    return {"check": check} | {
        f"{name}/{m}/{seed}": partial(unit, name, int(m), seed)
        for name, seeds in SIZES["seeds"].items() for m, n in seeds.items() for seed in range(n)}


register(Study("budgets", units(), SIZES, {"check": 1e-4}, {
    "CIFAR-100": partial(tasks.cifar100, train=False)}, "an hour on one core"))
