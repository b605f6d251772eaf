# %% [markdown]
# # Few samples
#
# **Question.** Fifteen hundred images, and a layer of 1,280 features. Which number says what the
# layer is worth to me, and when does none of them say anything?
#
# **Answer.** The adjusted score says what the best map would explain if it were known, the
# leave-one-out accuracy what a map fitted to these images will do: they choose different layers
# ({ref}`what-score`). With as many features as samples no score says anything
# ({ref}`as-many-features`), and shrinkage brings one back at a price ({ref}`shrinkage`).
#
# {doc}`from_samples` took chance out of the score. This page asks what the number that is left is a
# number *of*, and what becomes of it when samples are few, are copies of each other, or go through
# a program with a fault.

# %% tags=["hide-input"]
import warnings
from collections import Counter

import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.linalg import solve_triangular
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from tdist import h_score
from tdist.studies import load
from tdist.studies.estimates import class_means

rng = np.random.default_rng(0)
iris, species = load_iris(return_X_y=True)
stored = load("estimates")["units"]
HERE = "holds for the book's example and seed; edit freely"

# %% [markdown]
# (what-score)=
# ## A score of what?
#
# The plug-in, the adjusted and the jackknife score of {doc}`from_samples` estimate one thing: **the
# score at infinitely many images**, the share that the best linear map could explain if it were
# known. Someone who must choose a layer *for these $m$ images* asks another thing: what will a map
# that is fitted to them be worth on new images? For that there is the **leave-one-out accuracy** of
# the least-squares map, `tdist.compare(features, labels, scores=("loo",))`
# ({doc}`published_benchmarks` has more rivals). The two need not agree. Take 1,500 images of
# clothes, all depths of EfficientNet-Lite0, and 4,500 other images to judge by; five draws.

# %%
draws = [unit for key, unit in stored.items() if key.startswith("choice/")]
layers = list(draws[0])
columns = ("adjusted", "loo", "least squares", "without penalty", "softmax")
mean = pd.DataFrame({name: [np.mean([draw[layer][name] for draw in draws])
                            for layer in layers] for name in columns}, index=layers)
mean.columns = ["adjusted H", "leave-one-out", "ridge", "least squares", "softmax"]
mean.round(3)

# %% tags=["hide-input"]
chosen = [[max(layers, key=lambda layer: draw[layer][score]) for score in ("adjusted", "loo")]
          for draw in draws]
regret = 100 * np.array([[max(draw[a]["softmax"] for a in layers) - draw[choice]["softmax"]
                          for choice in pair] for draw, pair in zip(draws, chosen, strict=True)])
error = regret.std(0, ddof=1) / np.sqrt(len(draws))
for (by_adjusted, by_loo), times in Counter(map(tuple, chosen)).items():
    print(f"{times} of {len(draws)} draws: adjusted takes {by_adjusted}, leave-one-out {by_loo}")
for name, lost, of in zip(("adjusted", "leave-one-out"), regret.mean(0), error, strict=True):
    print(f"accuracy lost by the choice of {name}: {lost:.1f} +- {of:.1f} points")
assert all(a != b for a, b in chosen), HERE
assert regret.mean(0)[0] > regret.mean(0)[1] + 2 * np.hypot(*error), HERE
glue("samples-regret-adjusted", f"{regret.mean(0)[0]:.1f}", display=False)
glue("samples-regret-loo", f"{regret.mean(0)[1]:.1f}", display=False)
glue("samples-plain-deep", f"{100 * mean['least squares'].iloc[-1]:.0f}%", display=False)

# %% [markdown]
# The columns on the right are accuracies on the other images: ridge regression with the strength
# that leave-one-out chose, least squares without a penalty, and the paper's softmax regression.
# With unlimited images the last layer, 1,280 features, would be best, and `adjusted` says so. With
# 1,500, least squares on it is right in {glue:text}`samples-plain-deep` of cases, and the choice
# costs {glue:text}`samples-regret-adjusted` points of softmax accuracy, against
# {glue:text}`samples-regret-loo` for the choice by leave-one-out. Neither estimate is wrong; they
# answer different questions. This is one task and one network: {doc}`which_layer` and
# {doc}`your_own_model` have more.
#
# ### The score at these $m$ images
#
# An accuracy is not a score. There is an H-score for the second question too: the **predictive
# score**, the share of the labels' variance that the map *fitted to $m$ images* explains of new
# ones, in the same units, at most $H$ and below 0 where the map does harm. With
# $\hat y_{-i}$ the ridge regression without image $i$ it is estimated by
#
# $$
# \hat H_{(m)} = |\Y| - 1 - \frac{m - 1}{m} \sum_{i=1}^m \sum_c \frac{1}{n_c}
# \bigl(1\{y_i = c\} - \hat y_{-i, c}(x_i)\bigr)^2 ,
# $$ (eq-held-out)
#
# where $n_c$ is the size of class $c$; no refit is needed, as for `loo`. It is
# `tdist.scores.held_out`, "held_out" in `tdist.compare`. The factor $(m - 1)/m$ is the one that a
# sample variance has: for a map that guesses every class by its frequency, the estimate is then
# right on average, exactly.
#
# Is it right elsewhere? 1,000 draws a point, from the distributions of {doc}`from_samples`. Their
# moments are known, and with them what every fitted map is worth (stored:
# `python -m tdist.studies run predictive`). The columns: what the ridge map is worth on average;
# how far off are $\hat H_{(m)}$ and, taken for the same thing, `adjusted`. Then the map *without* a
# penalty, what it is worth, and two rivals that estimate that: the same sum for it, and the formula
# of Stein, which corrects `adjusted` for Gaussian features with no look at the samples
# {cite:p}`stein1960`.

# %% tags=["hide-input"]
units = load("predictive")["units"]
rows, off = {}, {}
for key, unit in units.items():
    group, *design, m = key.split("/")
    if group == "choice":
        continue
    name = f"H = {design[0]}, k = {design[1]}" if group == "Gaussian" else design[0]
    off[group, name, int(m)] = {e: unit[e] for e in ("held out", "adjusted")}
    rows[name, int(m)] = {of: f"{unit[of]['mean']:.2f}" for of in ("ridge", "plain")} | {
        e: "" if unit[e] is None else f"{unit[e]['bias']:+.2f} ({unit[e]['error']:.3f})"
        for e in ("held out", "adjusted", "left out", "formula")}
table = pd.DataFrame(rows).T.rename_axis(["features", "samples"])
table[["ridge", "held out", "adjusted", "plain", "left out", "formula"]]

# %% tags=["hide-input"]
most = max(off, key=lambda key: abs(off[key]["held out"]["bias"]))
many = [v["held out"]["bias"] for (*_, m), v in off.items() if m >= 400]
rmse = [v["held out"]["rmse"] / v["adjusted"]["rmse"] for v in off.values() if v["adjusted"]]
assert all(abs(v["held out"]["bias"]) < abs(v["adjusted"]["bias"])
           for v in off.values() if v["adjusted"]), "holds for the stored run"
glue("samples-held-worst", f"{off[most]['held out']['bias']:+.2f}", display=False)
glue("samples-held-where", f"{most[1]}, {most[2]} samples", display=False)
glue("samples-held-many", f"{max(map(abs, many)):.2f}", display=False)
glue("samples-held-rmse", f"{max(rmse):.2f}", display=False)
glue("samples-held-rmse-low", f"{min(rmse):.2f}", display=False)

# %% [markdown]
# In brackets the standard errors. The predictive score is off by {glue:text}`samples-held-worst` at
# most ({glue:text}`samples-held-where`) and by {glue:text}`samples-held-many` from 400 samples on,
# everywhere less than `adjusted`; its root mean square error is {glue:text}`samples-held-rmse-low`
# to {glue:text}`samples-held-rmse` times that of `adjusted`. With a few samples a class it has a
# bias of either sign. Without a penalty a map of few samples is far below 0, so that its score says
# that a penalty is missing and no more; the formula is right for Gaussian features as soon as the
# map is of use, and off for skewed ones. **The simplest that wins is** {eq}`eq-held-out`.
#
# Does it choose? The layers and the five draws of above: what each choice costs in points of
# accuracy, of the softmax regression and of the ridge map itself, and the standard errors.

# %% tags=["hide-input"]
lost = {}
for seed, draw in enumerate(draws):
    for rule in ("adjusted", "loo", "held out"):
        said = (units[f"choice/{seed}"] if rule == "held out" else
                {layer: found[rule] for layer, found in draw.items()})
        pick = draw[max(said, key=said.get)]
        for judge, of in (("softmax", "softmax"), ("ridge", "least squares")):
            lost.setdefault((rule, judge), []).append(
                100 * (max(found[of] for found in draw.values()) - pick[of]))
lost = pd.DataFrame({key: f"{np.mean(v):.1f} ({np.std(v, ddof=1) / np.sqrt(len(v)):.1f})"
                     for key, v in lost.items()}, index=["lost"]).T["lost"].unstack()
for rule in lost.index:
    glue(f"samples-lost-{rule.replace(' ', '-')}", lost.loc[rule, "ridge"], display=False)
lost

# %% [markdown]
# **It does not.** It takes the layer that `adjusted` takes, and loses
# {glue:text}`samples-lost-held-out` points of the very map that it judges, against
# {glue:text}`samples-lost-loo` by leave-one-out accuracy. It is right about the variance, of which
# the last layer does explain most at 1,500 images; but what explains more guesses less here. So
# there are three numbers with three names: `adjusted` for the variance explained at infinitely many
# images, `held_out` for that at these, and for a choice by accuracy `loo`.
#
# (as-many-features)=
# ## As many features as samples
#
# Once the rank reaches $m - 1$ the features can express every function of the samples, the label
# included. Then $\hat H = |\Y| - 1$ whatever the features are.

# %%
rows, N = {}, 99  # N = m - 1
for k in (10, 50, 90, 98, 99, 500):
    result = h_score(rng.standard_normal((100, k)), np.arange(100) % 5)
    sd = np.sqrt(2 * k * 4 * (N - 4) / (N - k) / (N - 1) / (N + 2)) if k < N else np.nan
    rows[k] = [result.rank, result.statistic, result.adjusted, sd, result.pvalue]
    if k >= 99:
        assert abs(result.statistic - 4) < 1e-9, "any features reach the bound"
        assert np.isnan([result.adjusted, result.pvalue]).all(), "it says nothing"
table = pd.DataFrame(rows, index=["rank", "H-score", "adjusted", "its sd", "p"]).T
table.rename_axis("features").astype({"rank": int}).round(3)

# %% [markdown]
# These are features of noise, five classes, 100 samples. From 99 features on the score is 4 and
# says nothing; `adjusted` is NaN, so that nobody reads it, and `pvalue` already where the rank
# exceeds $m - |\Y|$. Just below 99 the adjusted score is still right on average for noise, and
# useless: look at its standard deviation, which the proof of {prf:ref}`prop-chance` gives.
#
# ### Copies are not samples
#
# Everything above counts independent samples. An image that lies in the folder twice, a rare class
# that is oversampled, a sampler that pads its last batch: each copy counts as one more. A
# **bootstrap** of rows copies a third of them by design. Ten Gaussian classes with 100 features,
# true score 1.1, and a hundred resamplings of each size:

# %%
local, table, means = np.random.default_rng(0), {}, class_means(100, 1.1)
for m in (300, 1000):
    y = local.integers(10, size=m)
    x = means[y] + local.standard_normal((m, 100))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # h_score warns of the copies
        again = [h_score(x[rows], y[rows]).adjusted
                 for rows in local.integers(m, size=(100, m))]
    table[m] = [h_score(x, y).adjusted, *np.quantile(again, [0.025, 0.975])]
    assert table[m][0] < min(again), HERE
found = pd.DataFrame(table, index=["adjusted", "bootstrap, 2.5%", "97.5%"]).T
found.rename_axis("samples").round(2)

# %% [markdown]
# The interval holds neither the truth nor the estimate; `tdist.hscore.jackknife` gives one that
# does. `h_score` warns where counting copies once would change the chance level by 2% of the bound.
# Where the features tell all distinct rows apart, so that any other features would reach the same
# score, `adjusted` and `pvalue` are NaN.
#
# (shrinkage)=
# ## Shrinkage
#
# When samples are few, a better covariance helps. {cite:t}`ledoit2004` pull the sample covariance
# towards a multiple of the identity, and {cite:t}`ibrahim2021` proposed this for the H-score. With
# an intensity $a$ between 0 and 1 and $\mu = \tr \cov(f) / k$, `h_score(features, labels,
# shrinkage=a)` is
#
# $$
# \hat H_a = \tr\bigl( \cov_a^{-1} (1 - a) \cov(\E[f \mid Y]) \bigr), \qquad
# \cov_a = (1 - a) \cov(f) + a \mu I .
# $$ (eq-shrinkage)
#
# With `shrinkage="ledoit-wolf"` the intensity is Ledoit and Wolf's estimate of the best one.
# Scikit-learn is the oracle.

# %% tags=["hide-input"]
def draw(means, m):
    """Features (m, k) and labels (m,)."""
    y = rng.integers(len(means), size=m)
    return means[y] + rng.standard_normal((m, means.shape[1])), y


# %%
X, y = draw(class_means(30, 2.0), 60)
X = X * np.geomspace(1, 0.1, 30)
peer, result = LedoitWolf().fit(X), h_score(X, y, shrinkage="ledoit-wolf")
seen, counts = np.unique(y, return_counts=True)
means = np.array([X[y == c].mean(0) for c in seen])
between = (1 - peer.shrinkage_) * np.cov(means.T, aweights=counts, bias=True)
by_hand = np.trace(np.linalg.solve(peer.covariance_, between))
print(f"intensity {result.shrinkage:.6f} and {peer.shrinkage_:.6f}; "
      f"score {result.statistic:.6f} and {by_hand:.6f}")
assert np.allclose([result.shrinkage, result.statistic], [peer.shrinkage_, by_hand],
                   rtol=1e-9), "the same for any features"

# %% [markdown]
# The chance level of the shrunk score is {eq}`eq-chance` with $k$ replaced by the effective rank
# $(1 - a) \tr(\cov_a^{-1} \cov(f))$, and the same replacement adjusts it.
#
# Does it help? The use of a score is to choose. Take a narrow layer with 50 features and a wide one
# with 200, ten classes, and features whose size falls along the spectrum as in real networks. In
# the first case the narrow layer is better (3 against 2), in the second the wide one (3 against 4).
# How often does each score choose rightly?

# %% tags=["hide-input"]
def layer(k, h):
    """A layer of k features with true score h: a function that draws m samples, features and
    labels."""
    means, scale = class_means(k, h), np.arange(1, k + 1) ** -0.5

    def sample(m):
        x, y = draw(means, m)
        return x * scale, y

    return sample


def scores(x, y):
    plain, shrunk = h_score(x, y), h_score(x, y, shrinkage="ledoit-wolf")
    return plain.statistic, plain.adjusted, shrunk.statistic, shrunk.adjusted


# %%
rows, sizes = {}, (100, 150, 210, 300, 1000)
for case, (narrow, wide) in {"narrow better": (3, 2), "wide better": (3, 4)}.items():
    a, b = layer(50, narrow), layer(200, wide)
    for m in sizes:
        gap = np.array([np.subtract(scores(*a(m)), scores(*b(m))) for _ in range(30)])
        right = np.where(np.isnan(gap), np.nan, (gap > 0) == (narrow > wide)).mean(0)
        rows[case, m] = right
choices = pd.DataFrame(rows, index=["raw", "adjusted", "shrunk", "shrunk, adjusted"]).T
choices.rename_axis(["case", "samples"]).round(2)

# %% tags=["hide-input"]
best, wider = choices.loc["narrow better"], choices.loc["wide better"]
assert (best["raw"][:4] < 0.1).all() and (best["shrunk, adjusted"] > 0.8).all(), HERE
assert best["adjusted"][[100, 150]].isna().all(), "200 features want more than 200 samples"
assert (best["adjusted"][[300, 1000]] > 0.9).all() and wider["shrunk, adjusted"][100] < 0.5, HERE

# %% [markdown]
# Three readings. The raw and the shrunk score prefer the wide layer for its width, right or wrong.
# The adjusted score chooses well from 300 samples on, wavers at 210, where the wide layer has
# nearly as many features as samples, and has no value below that. Shrunk and adjusted, the score
# exists everywhere and finds the better narrow layer with 100 samples; but it is pulled down more
# for the wide layer, and so misses a wide layer that is better. In this design (30 runs each, a
# standard error of up to 0.09) shrinkage buys stability with a bias against many small directions.
# Use it when $m$ is not several times $k$, and never without the adjustment.
#
# One property is lost: {eq}`eq-affine`. The identity in $\cov_a$ makes the unit of each feature
# matter.

# %%
wine, cultivar = load_wine(return_X_y=True)
standardised = StandardScaler().fit_transform(wine)
for name, X in {"wine": wine, "wine, standardised": standardised}.items():
    plain = h_score(X, cultivar)
    shrunk = h_score(X, cultivar, shrinkage="ledoit-wolf")
    print(f"{name:>18}: H {plain.statistic:.4f}, shrunk {shrunk.statistic:.4f} "
          f"at intensity {shrunk.shrinkage:.4f}")
assert abs(float(h_score(wine, cultivar)) - plain.statistic) < 1e-9, "affine invariance"
assert shrunk.statistic > 1.6, HERE

# %% [markdown]
# One column of wine, proline, spreads over hundreds, the others over 15 or less; even a small
# intensity $a$ then makes $a\mu$ larger than their variance and erases what they know. `h_score`
# takes features as they are: standardise columns of different units before you shrink. Features of
# one layer of a network share a unit.
#
# **Change this and run**: how much of the shrunk score is the choice of that one column's unit?

# %%
UNIT = 1e-3  # ← change this: 1 is mg a litre, 1e-3 grams
columns = wine * np.where(np.arange(13) == 12, UNIT, 1)  # proline is the last
plain = h_score(columns, cultivar)
shrunk = h_score(columns, cultivar, shrinkage="ledoit-wolf")
print(f"H {plain.statistic:.4f}, shrunk {shrunk.statistic:.4f} "
      f"at intensity {shrunk.shrinkage:.4f}")

# %% [markdown]
# ## Faults to look for in other programs
#
# **Single precision.** Networks speak float32, which is precise enough for the features, but not
# for their covariance, whose condition number is the square of the features' condition number. Here
# are 64 features of condition 10² to 10⁵. One score is computed in float32 throughout, by a
# Cholesky factorisation; `h_score` receives the same float32 features and adds up in float64.

# %% tags=["hide-input"]
def conditioned(condition, seed, m=5000, k=64):
    """Labels (m,) and features (m, k) whose largest singular value is `condition` times the
    smallest."""
    local = np.random.default_rng(seed)
    y = local.integers(10, size=m)
    x = local.standard_normal((m, k)) + 0.3 * local.standard_normal((10, k))[y]
    u, _, vt = np.linalg.svd(x - x.mean(0), full_matrices=False)
    return np.sqrt(m) * u * np.geomspace(1, 1 / condition, k) @ vt, y


def by_cholesky(x, y):
    """H-score in the precision of x; NaN if the factorisation fails."""
    x = x - x.mean(0)
    try:
        factor = np.linalg.cholesky(x.T @ x / x.dtype.type(len(x)))
    except np.linalg.LinAlgError:
        return np.nan
    means = np.stack([np.sqrt(np.mean(y == c, dtype=x.dtype)) * x[y == c].mean(0)
                      for c in range(10)])
    return float(np.sum(solve_triangular(factor, means.T, lower=True) ** 2))


# %% tags=["nbval-ignore-output"]
rows = {}
for condition in (1e2, 1e3, 1e4, 1e5):
    errors = []
    for seed in range(4):
        x, y = conditioned(condition, seed)
        exact, single = by_cholesky(x, y), x.astype(np.float32)
        errors.append([abs(by_cholesky(single, y) / exact - 1),
                       abs(h_score(single, y).statistic / exact - 1)])
    rows[f"{condition:.0e}"] = np.max(errors, axis=0)
precision = pd.DataFrame(rows, index=["float32 Cholesky", "h_score"]).T
precision = precision.rename_axis("condition of the features")
precision.map("{:.0e}".format)

# %% tags=["hide-input"]
single = precision["float32 Cholesky"].to_numpy()
assert single[0] < 5e-6 and 2e-6 < single[1] < 1e-3 and 2e-4 < single[2] < 0.3, HERE
assert not single[3] < 1e-2 and precision["h_score"].max() < 1e-5, HERE

# %% [markdown]
# The error of single precision grows about as the square of the condition: invisible at 10², a
# wrong third digit at 10⁴, and at 10⁵ the factorisation fails (NaN). With sums in float64, only the
# rounding of the features themselves is left. `h_score` works so, and drops directions that hold
# nothing but rounding.
#
# **Ten lines.** The H-score is ten lines, and the ten lines are often these.

# %%
def usual(f, y, classes=None, dtype=float, cutoff=1e-15, product=np.matmul):
    """The H-score as it is often written."""
    g = np.zeros(f.shape, dtype)  # E[f | Y], one row a sample
    for c in np.unique(y) if classes is None else classes:
        g[y == c] = f[y == c].mean(axis=0)
    precision = np.promote_types(f.dtype, np.float32)
    inverse = np.linalg.pinv(np.cov(f.T, dtype=precision), rcond=cutoff)
    return np.trace(product(inverse, np.cov(g.T, dtype=precision)))


assert np.isclose(usual(iris, species), float(h_score(iris, species))), "right on iris"

# %% [markdown]
# On iris as it comes the lines are right. Each row below changes one thing that a user might do, or
# one word that a program might have otherwise.

# %% tags=["hide-input"]
whole, gapped = iris.round().astype(int), np.array([0, 5, 9])[species]
scaled = iris * np.logspace(-6, 6, 4)
slots = np.zeros((10, 4))  # a row for every number up to the largest label
slots[[0, 5, 9]] = [iris[species == c].mean(0) for c in range(3)]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # flowers of the same whole centimetres could be copies
    rounded = h_score(whole, species)
faults = pd.DataFrame([
    ["integer features: class means in an array of the features' type",
     usual(whole, species, dtype=int), rounded],
    ["labels -1, 0, 1: a loop over range(y.max() + 1)",
     usual(iris, species - 1, range(2)), h_score(iris, species - 1)],
    ["labels 0, 5, 9: absent labels taken for classes",
     np.trace(np.linalg.solve(np.cov(iris.T), np.cov(slots.T))), h_score(iris, gapped)],
    ["columns in units 1e-6 to 1e6: a fixed cut-off of the pseudo-inverse",
     usual(scaled, species), h_score(scaled, species)],
    ["an elementwise product for a matrix product",
     usual(iris, species, product=np.multiply), h_score(iris, species)],
], columns=["fault", "their value", "ours"])
faults["ours"] = faults["ours"].map(float)
assert (abs(faults["their value"] - faults["ours"]) > 0.1).all(), HERE
assert np.ptp(faults["ours"][1:]) < 1e-6, "none of these changes moves the H-score"
pd.set_option("display.max_colwidth", None)
faults.round(4)

# %% [markdown]
# With three classes no score exceeds 2. A missing value is worse than a fault: the usual lines fail
# far from its place, or return NaN; `h_score` names the row and the column.
#
# ## What the page found
#
# H at infinitely many images, which is what `adjusted` estimates, is not the score that $m$ images
# give: that is `held_out`. And neither is what a choice wants, if it is made for accuracy: that is
# the leave-one-out accuracy. Of none of this does the paper speak, nor of the rest: with as many
# features as samples any features reach the bound, a copy is not a sample, and shrinkage gives a
# score where there was none, and a bias.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-few-copies
#
# Every image lies in the folder $c$ times, and nobody notices. What becomes of $\hat H$, of the
# chance level and of $\hat H_{\text{adj}}$, and where do they go as $c$ grows?
# :::
#
# ````{solution-start} ex-few-copies
# :class: dropdown
# ````
# Means and covariances stay, and so does $\hat H$. The formulas see $cm$ samples: chance falls to
# $k(|\Y| - 1)/(cm - 1)$, and $q - \hat H_{\text{adj}}$, with $q = |\Y| - 1$, becomes
# $(q - \hat H)(cm - 1)/(cm - 1 - k)$, which tends to $q - \hat H$. With enough copies the adjusted
# score *is* the plug-in score, and all of its chance passes for knowledge. Thirty samples of noise
# with ten features, three classes:

# %%
x, y = np.random.default_rng(0).standard_normal((30, 10)), np.arange(30) % 3
once, rows = h_score(x, y), {}
for c in (1, 2, 10, 100):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the copies
        found = h_score(np.tile(x, (c, 1)), np.tile(y, c))
    N = 30 * c - 1
    rows[c] = [found.statistic, found.chance, found.adjusted, found.pvalue]
    formula = [once.statistic, 20 / N, 2 - (2 - once.statistic) * N / (N - 10)]
    assert np.allclose(rows[c][:3], formula, rtol=1e-9), "for features of full rank"
found = pd.DataFrame(rows, index=["H", "chance", "adjusted", "p"]).T
found.rename_axis("copies").round(3)

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-few-frequencies
#
# A map looks at no feature and guesses each class by its frequency among the other samples. What is
# {eq}`eq-held-out` for it? Does it depend on the sizes of the classes? What is such a map worth?
# :::
#
# ````{solution-start} ex-few-frequencies
# :class: dropdown
# ````
# In class $c$ the error of a member is $1 - \frac{n_c - 1}{m - 1} = \frac{m - n_c}{m - 1}$, that of
# another sample $\frac{n_c}{m - 1}$. The sum over the samples, divided by $n_c$, is
# $\frac{(m - n_c)^2 + (m - n_c) n_c}{(m - 1)^2} = \frac{m (m - n_c)}{(m - 1)^2}$, and over the
# classes $\frac{m^2 (|\Y| - 1)}{(m - 1)^2}$. So $\hat H_{(m)} = -\frac{|\Y| - 1}{m - 1}$, whatever
# the sizes. The frequencies of $m - 1$ drawn labels miss $P_Y(c)$ by a variance of
# $P_Y(c)(1 - P_Y(c))/(m - 1)$. Divided by $P_Y(c)$ and summed, that costs $(|\Y| - 1)/(m - 1)$,
# and the true frequencies would be worth 0: the estimate is right, and without luck.

# %%
rows = {}
for sizes in ((10, 10, 10), (2, 3, 25), (1, 28, 1)):
    one_hot, m = np.repeat(np.eye(3), sizes, axis=0), 30
    guess = (one_hot.sum(0) - one_hot) / (m - 1)
    rows[sizes] = 2 - (m - 1) / m * ((one_hot - guess) ** 2 / one_hot.sum(0)).sum()
    assert abs(rows[sizes] + 2 / (m - 1)) < 1e-12, "whatever the sizes of the classes"
print(", ".join(f"{sizes}: {value:.6f}" for sizes, value in rows.items()))

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-few-leverage
#
# {eq}`eq-held-out` needs no refit. Show it for least squares without a penalty: the map without
# image $i$ errs at it by $e_i / (1 - h_i)$, with $e_i$ the residual of the map that was fitted to
# all, and $h_i = z_i^\top (Z^\top Z)^{-1} z_i$ the **leverage** of the row $z_i = (1, f_i)$. What
# happens with $m - 1$ features?
# :::
#
# ````{solution-start} ex-few-leverage
# :class: dropdown
# ````
# Call that error $e_{-i}$, and put in place of $y_i$ what the map without $i$ says there,
# $y_i - e_{-i}$. The fit to these $m$ values is that map, for it has no error at $i$. Fits are
# linear in the values, so the change of $y_i$ by $-e_{-i}$ changed the fit at $i$ by $-h_i e_{-i}$:
# $\hat y_i - h_i e_{-i} = y_i - e_{-i}$, which is $e_{-i} = e_i / (1 - h_i)$. The leverages add up
# to $k + 1$. With $m - 1$ features all of them are 1, every residual is 0, and the formula is
# $0/0$: the samples say nothing.

# %%
z, y = np.c_[np.ones(30), iris[::5]], np.eye(3)[species[::5]]
leverage = np.sum(z @ np.linalg.inv(z.T @ z) * z, axis=1)
short = (y - z @ np.linalg.lstsq(z, y)[0]) / (1 - leverage)[:, None]
refits = [y[i] - z[i] @ np.linalg.lstsq(np.delete(z, i, 0), np.delete(y, i, 0))[0]
          for i in range(30)]
print(f"sum of leverages {leverage.sum():.6f}, "
      f"largest {leverage.max():.2f}, smallest {leverage.min():.2f}")
assert np.allclose(short, refits, rtol=1e-9), "an identity, for leverages below 1"

# %% [markdown]
# ````{solution-end}
# ````
