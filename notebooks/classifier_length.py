# %% [markdown]
# # Where does the mean over inputs belong?
#
# **Question.** A classifier has a distribution at every input, and each travels a length of its
# own. Is the classifier's length their mean, or the length in the mean metric? Does it depend on
# how the weights are written down? And is it a distance?
#
# **Answer.** The paper has both lengths under one name; they differ by any factor
# ({numref}`fig-length-readings`). Neither depends on coordinates, and neither is the distance that
# the paper says it is ({ref}`length-distance`).
#
# How one distribution's length is measured is on the page before, {doc}`fisher_rao_length`.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

from tdist.fisher_rao import distance, expected_length
from tdist.plots import COMPUTED, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Two lengths
#
# A classifier $p_w(\cdot \mid x)$ has a distribution at every input. While its weights move along
# $w(\tau)$, input $x$ travels the length $\int ds_x$. There are two ways to average over inputs:
#
# $$
# L = \int_0^1 \E_x \sqrt{\langle \dot w, g_x \dot w \rangle}\, d\tau = \E_x \int ds_x ,
# $$ (eq-expected-length)
#
# $$
# R = \int_0^1 \sqrt{\E_x \langle \dot w, g_x \dot w \rangle}\, d\tau = \int \sqrt{\E_x ds_x^2} ,
# $$ (eq-riemannian-length)
#
# where $g_x$ is the Fisher matrix of the classifier at $x$ with respect to its weights,
#
# $$
# g_x = \sum_y p_w(y \mid x)\, \nabla_w \log p_w(y \mid x)\, \nabla_w \log p_w(y \mid x)^\top .
# $$ (eq-fisher-matrix)
#
# $R$ is a length in the metric $\E_x g_x$, what the paper's (3) defines: its Fisher matrix has the
# expectation over $x$ inside. $L$ is the mean of the inputs' own lengths, what its (11) writes. $L$
# has the advantage that it is a sum over pairs of samples, and only such a sum can serve as a
# transport cost {eq}`eq-coupling`. By Jensen's inequality
#
# $$
# L \le R ,
# $$ (eq-jensen)
#
# with equality if and only if all inputs move at the same speed at (almost) every moment.
# `expected_length` returns both.
#
# We take a logistic classifier of three kinds of wine and measure it at 178 inputs. Its weights
# move on a fixed curve, which bends, so that no straight line is special.

# %% tags=["hide-input"]
X, y = load_wine(return_X_y=True)
# (178, 14), the last column for the bias
X = np.c_[StandardScaler().fit_transform(X), np.ones(len(X))]
start, end, bend = rng.normal(scale=0.5, size=(3, 14, 3))


def weights(t):
    return start + t * (end - start) + np.sin(np.pi * t) * bend


def classifier_path(K, features=X, weights=weights):
    """Probabilities (K + 1, inputs, classes) along the curve."""
    logits = [features @ weights(t) for t in np.linspace(0, 1, K + 1)]
    return softmax(np.array(logits), axis=-1)

# %%
rows = {}
for K in (10, 100, 1000):
    path = classifier_path(K)
    arc, kl = (expected_length(path, step=step) for step in ("fisher-rao", "kl"))
    rows[K] = {"L": arc.length, "L, root of 2 KL": kl.length,
               "R": arc.riemannian_length, "R, root of 2 KL": kl.riemannian_length}
readings = pd.DataFrame(rows).T.rename_axis("K")
assert (readings["L"] < readings["R"]).all(), "Jensen's inequality, for any curve"
assert abs(readings["L"][100] / readings["L"][1000] - 1) < 1e-4, "a length has a limit"
readings.round(4)

# %% [markdown]
# $L$ and $R$ are different lengths of the same path. Each has a limit, which a hundred steps reach.
#
# A check that uses neither formula comes from the definition. For a softmax with the logits
# $x^\top w$, the speed of input $x$ is the standard deviation of $x^\top \dot w$ under $p$, because
# $\langle \dot w, g_x \dot w \rangle = \sum_y p_y (z_y - \bar z)^2$ with $z = x^\top \dot w$ and
# $\bar z = \sum_y p_y z_y$.

# %% tags=["claim C-019: holds", "claim C-026: holds"]
grid = np.linspace(0, 1, 2001)
middle = (grid[1:] + grid[:-1]) / 2
p_mid = softmax(np.array([X @ weights(t) for t in middle]), axis=-1)
dw = [end - start + np.pi * np.cos(np.pi * t) * bend for t in middle]
z = np.array([X @ each for each in dw])  # (2000, inputs, classes)
# (2000, inputs)
speeds = np.sqrt(np.sum(p_mid * (z - np.sum(p_mid * z, -1, keepdims=True)) ** 2, -1))
L, R = speeds.mean(), np.sqrt((speeds**2).mean(1)).mean()
print(f"from the Fisher matrix: L = {L:.4f}, R = {R:.4f}")
assert np.allclose([L, R], readings.loc[1000, ["L", "R"]], rtol=1e-5), (
    "two ways to one number")

# %% [markdown]
# The same numbers, without a divergence or an arcsine.
#
# ### When the two readings part
#
# $L$ and $R$ are close if all inputs move together. They part when a few inputs do all the moving
# at each moment. The plainest case is a boundary that sweeps over the inputs. Let $x$ be uniform on
# $[0, 1]$ and $p_b(1 \mid x) = 1 / (1 + e^{-\beta (x - b)})$, where the boundary $b$ moves from 0
# to 1. Only inputs within about $1 / \beta$ of the boundary move. The speed of an input is
# $\beta \sqrt{p (1 - p)}$, and away from the ends
#
# $$
# \begin{aligned}
# \E_x \sqrt{\cdot} &= \int \beta \sqrt{p (1 - p)}\, dx = \pi , \\
# \sqrt{\E_x (\cdot)} &= \Bigl( \int \beta^2 p (1 - p)\, dx \Bigr)^{1/2} = \sqrt\beta .
# \end{aligned}
# $$ (eq-sweep)
#
# Every input turns once from one class to the other, $\pi$; the root of the mean square grows
# without end as the boundary sharpens.

# %% tags=["hide-input", "claim C-028: depends on the measure", "claim C-046: holds when corrected"]
inputs = (np.arange(1000) + 0.5) / 1000


def sweep(beta, K=1000):
    one = 1 / (1 + np.exp(-beta * (inputs - np.linspace(0, 1, K + 1)[:, None])))
    return np.stack([one, 1 - one], -1)


betas = [4, 16, 64, 256]
swept = {beta: expected_length(sweep(beta)) for beta in betas}
for beta, found in swept.items():
    print(f"beta {beta:>3}: L = {found.length:.3f}, R = {found.riemannian_length:.3f}, "
          f"sqrt(beta) = {beta**0.5:.0f}")
assert abs(swept[256].length - np.pi) < 0.1, "pi, as the boundary sharpens"
assert abs(swept[256].riemannian_length / 16 - 1) < 0.02, (
    "and the root of the sharpness")

# %% mystnb={"figure": {"caption": "A boundary sweeps over the inputs. Left: the speed of each input when the boundary is in the middle; a sharp boundary moves few inputs fast. Right: the mean of the lengths (L) tends to \u03c0, the length in the mean metric (R) to the root of the sharpness.", "name": "fig-length-readings"}, "image": {"alt": "Left: speed against the input from 0 to 1, three bell curves about 0.5, low and wide for a sharpness of 4, high and narrow, up to 32, for 64. Right: length against the sharpness from 2 to 256: L levels off at a dashed line at pi, R rises ever more steeply to 16."}} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.1))
for beta, shade in ((4, 0.35), (16, 0.65), (64, 1.0)):
    at_half = 1 / (1 + np.exp(-beta * (inputs - 0.5)))
    axes[0].plot(inputs, beta * np.sqrt(at_half * (1 - at_half)), color=COMPUTED, alpha=shade,
                 label=rf"$\beta$ = {beta}")
axes[0].set(xlabel="input x", ylabel=r"speed $ds_x / db$")
axes[0].legend()
fine = np.geomspace(2, 256, 15)
both = [expected_length(sweep(beta, 400)) for beta in fine]
axes[1].semilogx(fine, [v.length for v in both], "o-", color=COMPUTED, label="L, equation 11",
                 base=2)
axes[1].semilogx(fine, [v.riemannian_length for v in both], "s--", color="0.35",
                 label="R, equation 5", base=2)
axes[1].axhline(np.pi, color="0.6", ls="--", lw=1)
axes[1].annotate(r"$\pi$", (2, np.pi), (0, 3), textcoords="offset points")
axes[1].set(xlabel=r"sharpness $\beta$", ylabel="length")
axes[1].legend()
plt.show()

# %% [markdown]
# :::{admonition} Depends on the measure
# :class: erratum depends
# **Printed.** Equation 5 prints $\int \sqrt{2\, \mathrm{KL}}$ with no expectation over $x$ and
# calls it equation 4, whose Fisher matrix has it under the root. (11) and (14) have the expectation
# outside the root, (11) even outside the integral over $\tau$, on which its distribution depends;
# (12b) is a cost per pair, whose mean has it outside too. The text treats them as one.
#
# **Decided by.** {numref}`fig-length-readings`: the two differ by any factor.
#
# **True.** They are different lengths, $L \le R$. This book computes $L$, equation 11, unless it
# says otherwise, and gives $R$ beside it. Which one is used changes how often the uncoupled road is
# the longer one, {doc}`five_superclasses`.
# :::
#
# ## The coordinates do not matter
#
# Write the same classifier down in another way: features $x A$ and weights $A^{-1} w$ give the same
# probabilities. The length of the curve of weights as numbers, $\int \lVert dw \rVert$, changes;
# the length of what the classifier says cannot.

# %% tags=["hide-input", "claim C-022: holds when corrected", "claim C-023: holds", "claim C-093: depends on the measure"]
A = rng.normal(size=(14, 14)) * np.geomspace(0.05, 5, 14)
inverse = np.linalg.inv(A)
rows = {}
for name, features, curve in (("as trained", X, weights),
                              ("rewritten", X @ A, lambda t: inverse @ weights(t)),
                              ("in a hurry", X, lambda t: weights(t**3))):
    numbers = np.array([curve(t).ravel() for t in np.linspace(0, 1, 1001)])
    found = expected_length(classifier_path(1000, features, curve))
    rows[name] = {"length of the numbers": np.linalg.norm(np.diff(numbers, axis=0), axis=1).sum(),
                  "L": found.length, "R": found.riemannian_length}
table = pd.DataFrame(rows).T
assert max(np.ptp(table["L"]), np.ptp(table["R"])) < 1e-3, "no coordinates, no pace"
numbers = table["length of the numbers"]
assert numbers["rewritten"] > 2 * numbers["as trained"], "in the book's coordinates"
table.round(3)

# %% [markdown]
# The third row runs the same curve at another pace, $\tau^3$ in place of $\tau$: a length does not
# depend on time. The fine-tuning distance of the paper, $\int \lVert dw \rVert$, is a number of the
# first column.
#
# All three rows are *one* curve of classifiers. Which curve training takes is another matter:
# gradient descent on the rewritten weights goes another way, of another length, and so the distance
# that is defined by it does depend on the coordinates, {doc}`the_definition`.
#
# (length-distance)=
# ## Is it the Fisher-Rao distance?
#
# The coupled transfer distance is defined as a minimum over curves of weights, and then computed on
# the one curve that stochastic gradient descent takes. The distance between the classifier's ends
# at input $x$ is $d(p_{w(0)}, p_{w(1)})$. How much longer is the road that training takes? We train
# the wine classifier by gradient descent on mini-batches and measure what lies between.

# %%
def train(batch, steps=600, rate=0.1, seed=0, X=X):
    """Probabilities (steps + 1, inputs, classes) at every step of SGD."""
    order, w, path = np.random.default_rng(seed), np.zeros((14, 3)), []
    for _ in range(steps):
        path.append(softmax(X @ w, axis=-1))
        chosen = order.choice(len(X), batch, replace=False)
        excess = softmax(X[chosen] @ w, axis=-1) - np.eye(3)[y[chosen]]
        w = w - rate * X[chosen].T @ excess / batch
    return np.array([*path, softmax(X @ w, axis=-1)])

# %% tags=["hide-input", "claim C-010: does not hold", "claim C-001: does not hold", "claim C-051: does not hold"]
rows = {}
for batch in (2, 8, 32, 178):
    paths = [train(batch, seed=seed) for seed in range(5)]
    every, rare = (np.array([expected_length(path[::stride]).length for path in paths])
                   for stride in (1, 20))
    ends = np.array([distance(path[0], path[-1]).mean() for path in paths])
    assert (every > rare).all() and (rare >= ends).all(), "the triangle inequality, on every road"
    rows[batch] = {"every step": every.mean(), "spread": every.std(ddof=1),
                   "every 20th step": rare.mean(), "spread of that": rare.std(ddof=1),
                   "distance of the ends": ends.mean()}
roads = pd.DataFrame(rows).T.rename_axis("batch")
apart = roads["distance of the ends"]
assert np.ptp(apart) < 0.01 * apart.min(), "in the book's runs the ends are equally far apart"
assert roads["every step"][2] > 1.5 * apart[2], "and small batches make a longer road"
roads.round(3)

# %% [markdown]
# Means and spread of five orders of the data; the last row uses all of it at every step. The ends
# are the same distance apart in every row, to within a hundredth; the roads are not equally
# long. The noise of the mini-batches lengthens them, the more so the smaller the batch, and
# measuring at every step counts every jitter. So the number depends on the batch, on how often one
# looks, and on the learning rate (which {doc}`errors_of_training` varies). These must be the same
# for all pairs of tasks that are to be compared. The book looks once for each step of $\tau$.
#
# The paper's second wish for a distance, in its introduction, is that it should not be like those
# that count epochs of fine-tuning, "where different hyper-parameters may result in different
# conclusions". A length that SGD's noise makes does not fulfil it. What a road's length would be
# without that noise, its `drift`, can be estimated from replicas of the road
# (`coupled(..., replicas=4)`).
#
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Remark 4: the task distance "is the Fisher-Rao distance, i.e., the shortest geodesic
# on the statistical manifold, of conditional distributions", and so does not depend on the
# architecture.
#
# **Decided by.** The table above: even where the ends are equally far apart, the roads are not
# equally long.
#
# **True.** $L$ and $R$ are lengths of roads that training takes. At inputs that stay where they
# are, $L$ is at least the mean of the geodesic distances of the ends, and in practice greater.
# Where inputs move on the way, as in coupled transfer, not even that holds: {doc}`is_it_a_geodesic`
# has a road that is shorter than the mean distance of the ends of its pairs. A given road has one
# length whatever the architecture that says it; which road training takes depends on the
# architecture, on the coordinates of its weights, and on how it is trained: {doc}`the_definition`.
# :::
#
# **Change this and run**: how much longer is the road, the more often one looks?

# %%
LOOK_EVERY = 5  # steps of SGD, ← change this

path = train(batch=8)
looks = np.unique([*range(0, len(path), LOOK_EVERY), len(path) - 1])
road, ends = expected_length(path[looks]).length, distance(path[0], path[-1]).mean()
print(f"{len(looks)} looks: {road:.3f}, "
      f"{road / ends:.2f} times the distance of the ends")

# %% [markdown]
# ## What the page found
#
# **Printed:** one length, with the expectation over the inputs in two places; it is called the
# Fisher-Rao distance, and free of hyper-parameters and architecture.
#
# **What we found.**
#
# - Two lengths: $L$ with the expectation outside the root, $R \ge L$ with it inside. A boundary
#   that sweeps over the inputs makes $R$ as much larger as one likes.
# - Both are lengths of what the classifier says: coordinates and pace do not matter for a given
#   curve.
# - Neither is the Fisher-Rao distance. They are lengths of the road that training takes: at inputs
#   that stay where they are, longer than the distance of the road's ends, and by how much depends
#   on the batch and on how often one looks.
#
# What the published numbers are is the question of {doc}`printed_lengths`.
#
# ## Exercises
#
# :::{exercise}
# :label: ex-length-turns
#
# At each of $n$ inputs the classifier moves from one distribution to another, a distance $d$ away
# on the great circle. What are $L$ and $R$ if all inputs move at once? And if they move one after
# the other?
# :::
#
# ````{solution-start} ex-length-turns
# :class: dropdown
# ````
# $L$ is the mean of the inputs' own lengths, $d$, whatever the order. At once, all have the same
# speed, and $R = L$. One after the other, a share $1/n$ of the inputs moves at each moment: while
# one input travels $d$ the root of the mean square grows by $d / \sqrt n$, and there are $n$ such
# turns, so $R = \sqrt n\, d$.

# %%
n, before, after = 25, np.array([0.9, 0.1]), np.array([0.2, 0.8])
apart = distance(before, after)
together = np.array([[before] * n, [after] * n])  # (2, n, classes)
turns = np.array([[after] * k + [before] * (n - k) for k in range(n + 1)])
for name, moves in (("at once", together), ("in turn", turns)):
    found = expected_length(moves)
    L, R = found.length / apart, found.riemannian_length / apart
    print(f"{name}: L = {L:.3f} d, R = {R:.3f} d")
    assert abs(L - 1) < 1e-9, "L does not see the order"
assert abs(R - n**0.5) < 1e-9, "R grows with the root of n"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-length-rate
#
# Multiply all features by $c$ and run gradient descent from the same classifier at the same rate.
# Which road does it take? At which rate is it the old road?
# :::
#
# ````{solution-start} ex-length-rate
# :class: dropdown
# ````
# The new weights are $w' = w / c$, and the gradient in them is $c$ times that in $w$. A step of
# $-\eta\, c\, \nabla_w$ in $w'$ is one of $-\eta\, c^2\, \nabla_w$ in $w$: the road is that of the
# rate $c^2 \eta$. At the rate $\eta / c^2$ it is the old one.

# %%
c = 2
old, same_rate = train(32), train(32, X=c * X)
slower = train(32, rate=0.1 / c**2, X=c * X)
print(*(f"{name} {expected_length(path).length:.4f}" for name, path in (
    ("old", old), ("same rate", same_rate), ("rate / c²", slower))), sep=", ")
assert np.allclose(old, slower, atol=1e-9), (
    "for every c: the same classifiers at every step")
assert np.allclose(same_rate, train(32, rate=0.1 * c**2), atol=1e-9), "for every c"
assert not np.allclose(old, same_rate, atol=0.01), "for c other than 1 another road"

# %% [markdown]
# ````{solution-end}
# ````
