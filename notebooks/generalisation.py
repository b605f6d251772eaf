# %% [markdown]
# # Does a short road generalise?
#
# **Question.** {cite:t}`gao2021` say that a short road between two tasks keeps the gap between
# training and test loss small, and Theorem 5 is to prove it. What does the theorem say, is it true,
# and how much does it say?
#
# **Answer.** If every step sees *fresh* samples, the gap along the road is at most twice its length
# divided by the number of steps, and chance ({prf:ref}`thm-generalisation`). If the *same* samples
# serve at every step, as in the paper's algorithm, a bound remains that says little
# ({prf:ref}`thm-generalisation-same`). Neither says that the short road is the one with the small
# gap ({numref}`fig-generalisation-length`).

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.special import expit
from scipy.stats import binom

from tdist.fisher_rao import distance
from tdist.plots import COMPUTED, use_book_style

use_book_style()

# %% [markdown]
# ## The gap along a road
#
# A road is a sequence of weights $w_0, \dots, w_K$ at times $0 = \tau_0 < \dots < \tau_K$, with
# $w_0$ the classifier of the source. At each time after the first there are $N$ samples from the
# interpolated task $p_{\tau_k}$. With the loss $\ell(w) = -\log p_w(y \mid x)$ in nats, the **gap
# along the road** is the mean difference between the loss on the task and on the samples,
#
# $$
# G = \frac1K \sum_{k=1}^K \Bigl( \E_k\, \ell(w_k) - \hat\E_k\, \ell(w_k) \Bigr) , \qquad
# \hat\E_k\, \ell = \frac1N \sum_{i=1}^N \ell(w; x_k^i, y_k^i) ,
# $$ (eq-road-gap)
#
# where $\E_k$ is the expectation under $p_{\tau_k}$.
#
# ## A step of the loss and a step of the road
#
# :::{prf:lemma} Loss and length (exact)
# :label: lem-loss-step
#
# Let $p$ change by $dp$, of length $ds$ in the Fisher metric. For two classes
#
# $$
# |d \log p_y| = \sqrt{\frac{1 - p_y}{p_y}}\; ds ,
# $$ (eq-loss-step)
#
# and for more classes $\le$ in place of $=$. So $|d\ell| \le ds$ for every direction if and only if
# $p_y \ge 1/2$. For two distributions, if $p_y \ge 1/2$ and $q_y \ge 1/2$,
#
# $$
# |\log p_y - \log q_y| \le d(p, q) .
# $$ (eq-loss-distance)
#
# If the label is drawn from $p$ itself, no assumption is needed:
# $\E_{y \sim p} (d \log p_y)^2 = ds^2$, and so $\E_{y \sim p} |d \log p_y| \le ds$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# For two classes $dp_{y'} = -dp_y$, and
# $ds^2 = dp_y^2 / p_y + dp_y^2 / (1 - p_y) = dp_y^2 / (p_y (1 - p_y))$. Divide $|dp_y|$ by $p_y$.
# For more classes the others change by $-dp_y$ in all, and by Cauchy and Schwarz
# $\sum_{z \ne y} dp_z^2 / p_z \ge dp_y^2 / (1 - p_y)$.
#
# On the great circle from $p$ to $q$ the coordinate $\sqrt{p_y}$ is a sine of the arc, concave
# where it is positive, so $p_y$ stays above the smaller of its ends, here $1/2$. Integrate
# $|d \log p_y| \le ds$ along it.
#
# For $y \sim p$, $\sum_y p_y (dp_y / p_y)^2 = ds^2$ is the definition; Jensen's inequality gives
# the rest.
# :::
# ::::

# %% tags=["claim C-082: holds when corrected"]
def pair(p):
    """Both probabilities of two classes, (..., 2)."""
    return np.stack([p, 1 - p], -1)


p, small = np.linspace(0.02, 0.98, 49), 1e-5
ratio = np.abs(np.log(p + small) - np.log(p)) / distance(pair(p), pair(p + small))
assert np.allclose(ratio, np.sqrt((1 - p) / p), rtol=1e-3), "the lemma holds for every p_y"
assert (ratio[p >= 0.5] <= 1).all() and (ratio[p < 0.49] > 1).all(), "1/2 is where it turns"
print("p_y        ", p[[0, 12, 24, 36, 48]].round(2))
print("|dl| / ds  ", ratio[[0, 12, 24, 36, 48]].round(3))

# %% tags=["claim C-083: holds"]
rng = np.random.default_rng(0)
P, Q = rng.dirichlet(np.ones(4), (2, 200_000))
change, d = np.abs(np.log(P[:, 0] / Q[:, 0])), distance(P, Q)
sure = (P[:, 0] >= 0.5) & (Q[:, 0] >= 0.5)
print(f"four classes: largest |dl| / d {(change / d)[sure].max():.3f} where both say 1/2 or more,",
      f"{(change / d)[~sure].max():.0f} elsewhere")
assert (change <= d)[sure].all(), "the lemma holds for any two distributions with p_y, q_y >= 1/2"
assert (change / d)[~sure].max() > 5, "in the book's draws some change is far above the distance"

# %% [markdown]
# A classifier that "predicts well", $p_y \ge 1/2$ at every sample, cannot change its loss by more
# than the length that it travels. One that is wrong can: at $p_y = .02$ by seven times the length.
#
# ## The theorem, with fresh samples
#
# :::{prf:theorem} Theorem 5 of the paper, fresh samples at every time (finite sample)
# :label: thm-generalisation
#
# At each time $\tau_k$ let $N$ samples be drawn from $p_{\tau_k}$, independent of each other, of
# $w_0$ and of all earlier samples, and let $w_k$ depend on the samples of the times $1, \dots, k$
# in any way. Suppose that at every $(x, y)$ of $p_{\tau_k}$, for every $k$,
#
# - $0 \le \ell(w_{k-1}; x, y) \le M$,
# - $p_{w_{k-1}}(y \mid x) \ge 1/2$ and $p_{w_k}(y \mid x) \ge 1/2$: right before the step to time
#   $\tau_k$, and after it, at the data of that time.
#
# Let $\Lambda$ be the length of the road, each step at the data of its own time, the mean of that
# at the task and that at the samples:
#
# $$
# \Lambda = \sum_{k=1}^K \tfrac12 \bigl(\E_k + \hat\E_k\bigr)\,
# d\bigl( p_{w_{k-1}}(\cdot \mid x),\, p_{w_k}(\cdot \mid x) \bigr) .
# $$ (eq-own-length)
#
# Then for $t > 0$
#
# $$
# \Pr\Bigl\{ G > \frac{2\Lambda}K + t \Bigr\} \le \exp\Bigl\{ -\frac{2KN}{M^2}\, t^2 \Bigr\} .
# $$ (eq-generalisation-own)
#
# If $\Lambda$ has a bound that holds whatever the samples are, and $\Lambda$ now stands for it,
# this reads, for $\eps > 2\Lambda / K$,
#
# $$
# \Pr\{ G > \eps \}
# \le \exp\Bigl\{ -\frac{2KN}{M^2} \Bigl(\eps - \frac{2\Lambda}K\Bigr)^2 \Bigr\} .
# $$ (eq-generalisation)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Split the gap at the classifier before the step:
#
# $$
# \begin{aligned}
# G &= \frac1K \sum_{k=1}^K D_k + \frac1K \sum_{k=1}^K
# \bigl(\E_k - \hat\E_k\bigr) \bigl( \ell(w_k) - \ell(w_{k-1}) \bigr) , \\
# D_k &= \bigl(\E_k - \hat\E_k\bigr)\, \ell(w_{k-1}) .
# \end{aligned}
# $$ (eq-gap-split)
#
# The second sum is at most $2\Lambda$, because by {eq}`eq-loss-distance` the loss changes at each
# $(x, y)$ by at most $d(p_{w_{k-1}}, p_{w_k})$.
#
# Given everything before time $k$, $w_{k-1}$ is fixed, and the samples of time $k$ are independent
# of it. So $D_k$ has the conditional mean 0: the sum is a martingale. $D_k$ is the deviation of a
# mean of $N$ independent numbers in $[0, M]$, and by Hoeffding's lemma {cite:p}`hoeffding1963`,
# conditionally, $\E\, e^{s D_k} \le e^{s^2 M^2 / (8 N)}$. Multiply these up from $k = K$ down to 1
# (Azuma): $\E \exp\bigl(\frac sK \sum_k D_k\bigr) \le e^{s^2 M^2 / (8 K N)}$. Markov's inequality
# with $s = 4 K N t / M^2$ gives
# $\Pr\bigl\{\frac1K \sum_k D_k > t\bigr\} \le e^{-2KN t^2 / M^2}$.
# :::
# ::::
#
# The loss at the new samples *before* the step is a fair test: the classifier has not seen them.
# The argument is that of on-line learning {cite:p}`cesabianchi2004`. What the classifier gains by
# the step on the samples rather than on the task is no more than it moves.
#
# Five remarks. The length {eq}`eq-own-length` is the coupled length, equation 11, with finite
# steps: every step at the data of its own time. Where $p_y \ge 1/2$ the loss is at most $\log 2$,
# so $M = \log 2$ will do. With $p_y \ge q$ for a smaller $q$, {eq}`eq-loss-step` puts
# $\Lambda \sqrt{(1 - q) / q}$ in the place of $\Lambda$, and $M = -\log q$. A pair whose two images
# have different labels is outside: with $y$ mixed of two labels, no classifier gives both of them
# more than 1/2. For the gap at the end of the road alone the same split gives twice the length of
# the last step, and $2N$ in place of $2KN$: what $K$ adds to the bound it adds to the mean along
# the road.
#
# ## The theorem, with the same samples at every time
#
# The algorithm does not draw new samples. It has $N$ source images and $N$ target images, coupled
# once in an iteration, and at every time it mixes the same ones. Then $w_{k-1}$ has seen what comes
# at time $k$, and its loss there is no fair test. The classifier that has seen nothing is $w_0$.
# (From the second iteration on the coupling is chosen by the same images, too. No theorem here
# covers that.)
#
# :::{prf:theorem} The same samples at every time (finite sample)
# :label: thm-generalisation-same
#
# Let there be $N$ independent draws of a road of data
# $\bigl(x_{\tau_k}, y_{\tau_k}\bigr)_{k = 1, \dots, K}$, independent of $w_0$, and let
# $w_1, \dots, w_K$ depend on them in any way. Suppose that at every $(x, y)$ of $p_{\tau_k}$, for
# every $k$,
#
# - $0 \le \ell(w_0; x, y) \le M$,
# - $p_{w_j}(y \mid x) \ge 1/2$ for $j = 0, \dots, k$,
#
# and that, whatever the samples, both the task's and the samples' mean over $x$ of
#
# $$
# \sum_{j=1}^k d\bigl( p_{w_{j-1}}(\cdot \mid x),\, p_{w_j}(\cdot \mid x) \bigr)
# $$ (eq-road-so-far)
#
# at the data of time $\tau_k$ is at most $L$. Then for $\eps > 2L$
#
# $$
# \Pr\{ G > \eps \} \le \exp\Bigl\{ -\frac{2N}{M^2} (\eps - 2L)^2 \Bigr\} .
# $$ (eq-generalisation-same)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# By {eq}`eq-loss-distance`, step by step, $|\ell(w_k) - \ell(w_0)|$ at $(x, y)$ is at most the sum
# {eq}`eq-road-so-far`. Its mean is at most $L$ under $p_{\tau_k}$ and under the samples, so
#
# $$
# G \le \frac1K \sum_k \bigl(\E_k - \hat\E_k\bigr)\, \ell(w_0) + 2L .
# $$
#
# As $w_0$ is fixed, the first term is the deviation of a mean of $N$ independent numbers in
# $[0, M]$, each the mean loss along one road of data. Hoeffding's inequality gives
# {eq}`eq-generalisation-same`.
# :::
# ::::
#
# This form is weaker in four ways. The length is not divided by $K$. The number of samples is not
# multiplied by it. The earlier steps are measured at the *later* data, {eq}`eq-road-so-far`, which
# (11) does not do. And the source's classifier has to be right on every image of the road, to its
# end, in which case nothing need be transferred.
#
# **Which one does the text mean?** Its exponent has $K$, its condition carries $\Delta\tau_k$, its
# length is (11), and it asks of $w(\tau)$ that it "predict well" on the task of its own time: all
# four are those of fresh samples. The text does not say that samples have to be fresh, and in the
# paper's algorithm they are not. (If the trajectory were given *before* the samples, as the first
# words of the theorem could be read, no length would be needed: Hoeffding's inequality is enough.)
#
# ## A check by simulation
#
# We need tasks where all of this is true. A class is a disk, so that no sample is on the wrong
# side: $x = y\,(m_\tau + z)$ with $y = \pm 1$, and $z$ one of 200 points spread evenly in a disk of
# radius .6, with equal probabilities, so that $\E_k$ is an exact mean. The centre $m_\tau$, of
# length 1.2, turns by some angle from $\tau = 0$ to 1. A logistic classifier without a bias has
# $\log(p_+ / p_-) = w \cdot x$, so only $u = y x$ matters: $p_y = 1 / (1 + e^{-w \cdot u})$. It
# starts at $w_0 = 3\, m_0 / |m_0|$. At each of $K = 10$ times come $N = 20$ samples, new ones or
# the same $z$ again, and ten steps of gradient descent on them.

# %%
K, N, M, RADIUS = 10, 20, np.log(2), 0.6
i = np.arange(200) + 0.5
turns = np.pi * (1 + 5**0.5) * i
# spread evenly, (200, 2)
DISK = RADIUS * np.sqrt(i / 200)[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)


def centre(tau, degrees):
    return 1.2 * np.array([np.cos(np.deg2rad(degrees * tau)), np.sin(np.deg2rad(degrees * tau))])


def arc(p):
    """Where two classes stand on their quarter of a circle: distances are differences."""
    return 2 * np.arcsin(np.sqrt(p))


p, q = rng.random((2, 1000))
assert np.allclose(np.abs(arc(p) - arc(q)), distance(pair(p), pair(q))), "two classes: one arc"

# %%
def descend(w, samples, rate):
    """Ten steps of gradient descent, for many roads at once: (roads, 2)."""
    for _ in range(10):
        wrong = expit(-np.einsum("rnk,rk->rn", samples, w))
        w = w + rate * (wrong[..., None] * samples).mean(1)
    return w


def simulate(degrees, rate, fresh, roads=2000, seed=0):
    """Of many roads: the gap, its part from before the steps, the length (11), the L of the second
    theorem, and the smallest p_y that each theorem asks for."""
    rng, path = np.random.default_rng([seed, degrees]), [np.tile([3.0, 0.0], (roads, 1))]
    gap, before, length, far, least, least_old = np.zeros((6, roads))
    least, least_old = least + 1, least_old + 1
    for k in range(1, K + 1):
        if fresh or k == 1:
            drawn = rng.integers(200, size=(roads, N))
        points = centre(k / K, degrees) + DISK
        path.append(descend(path[-1], points[drawn], rate))
        p = expit(np.array(path[-2:] if fresh else path) @ points.T)  # p_y, (times, roads, 200)
        at_samples = np.take_along_axis(p, drawn[None], 2)
        losses = np.log(at_samples).mean(2) - np.log(p).mean(2)  # the gap of each classifier
        gap, before = gap + losses[-1] / K, before + losses[-2] / K
        steps = [np.abs(np.diff(arc(x), axis=0)).mean(2) for x in (p, at_samples)]
        length = length + (steps[0][-1] + steps[1][-1]) / 2
        far = np.maximum(far, np.maximum(*[s.sum(0) for s in steps]))
        least = np.minimum(least, p[-2:].min((0, 2)))
        least_old = np.minimum(least_old, p.min((0, 2)))
    names = ("gap", "before", "length", "far", "least", "least_old")
    return dict(zip(names, (gap, before, length, far, least, least_old), strict=True))

# %% [markdown]
# Nine settings, 2,000 roads each, first with fresh samples. "Before" is the first part of
# {eq}`eq-gap-split`, whose mean should be 0; its mean is given in standard errors.

# %% tags=["claim C-004: depends on the measure", "claim C-086: holds"]
SETTINGS = [(degrees, rate) for degrees in (0, 40, 65) for rate in (0.1, 1.0, 3.0)]
new = {key: simulate(*key, fresh=True, seed=place) for place, key in enumerate(SETTINGS)}
old = {key: simulate(*key, fresh=False, seed=100 + place) for place, key in enumerate(SETTINGS)}


def errors(x):
    """A mean in units of its standard error."""
    return x.mean() / x.std(ddof=1) * np.sqrt(len(x))


fresh = pd.DataFrame({key: {
    "length (11)": r["length"].mean(), "2 Lambda / K, largest": 2 * r["length"].max() / K,
    "largest gap": r["gap"].max(), "mean of before / error": errors(r["before"]),
    "smallest p_y": r["least"].min()} for key, r in new.items()}).T
fresh = fresh.rename_axis(["degrees", "rate"])
for r in new.values():
    assert (r["gap"] <= r["before"] + 2 * r["length"] / K).all(), "the split holds in every road"
assert fresh["mean of before / error"].abs().max() < 3.5, "unseen samples are a fair test"
assert (fresh["smallest p_y"] > 0.5).all(), "in the book's settings every classifier is right"
fresh.round(4)

# %% [markdown]
# The assumptions hold in every road, the inequality
# $G \le \frac1K \sum_k D_k + 2\Lambda / K$ in every one of the 18,000, and the loss before the step
# is a fair test to within its error. Now the same settings, with the same samples at all times.

# %% tags=["claim C-004: depends on the measure"]
same = pd.DataFrame({key: {
    "2L, largest": 2 * r["far"].max(), "largest gap": r["gap"].max(),
    "mean of before / error": errors(r["before"]), "smallest p_y": r["least_old"].min()}
    for key, r in old.items()}).T.rename_axis(["degrees", "rate"])
assert (same["mean of before / error"][:, 3.0] > 3).all(), "seen samples are no fair test"
assert (same["2L, largest"] > 5 * fresh["2 Lambda / K, largest"]).all(), "2L is no small number"
same.round(4)

# %% [markdown]
# The classifier has seen the samples, and its loss on them before the step is too low by several
# standard errors where the rate is high: the martingale is gone. The gaps are two to four times as
# large. The bound begins at $2L$, more than ten times as far out as with fresh samples. And at 65
# degrees the second theorem does not apply, because the source's classifier gives some target
# images less than 1/2. The first one does not ask that.
#
# How often does the gap exceed $\eps$, and what do the theorems allow?

# %% mystnb={"figure": {"caption": "Share of 2,000 roads, turned by 40 degrees at the rate .1, whose gap exceeds epsilon (solid), and the bounds (dashed), with fresh samples (blue) and with the same ones (grey). With fresh samples the bound falls within the range of losses, at some ten times the gaps; with the same samples it begins where the gaps are long over. Right of the dotted line no gap can be, because the loss is at most log 2 where the classifier is right.", "name": "fig-generalisation-tail"}, "image": {"alt": "Curves of a probability, .0005 to 1, against epsilon, .0001 to 1, both logarithmic. Two solid lines fall below .001 at about .008 (fresh samples) and .025 (the same ones); the dashed bound of fresh samples falls at about .1, that of the same ones at about .6, just left of a dotted vertical line."}} tags=["hide-input"]
eps, key = np.geomspace(1e-4, 0.9, 4000), (40, 0.1)
fig, ax = plt.subplots(figsize=(6.4, 3.4))
for name, r, start, count, colour in (
        ("fresh", new[key], 2 * new[key]["length"].max() / K, K * N, COMPUTED),
        ("same", old[key], 2 * old[key]["far"].max(), N, "0.45")):
    bound = np.exp(-2 * count / M**2 * np.clip(eps - start, 0, None) ** 2)
    tail = (r["gap"][:, None] > eps).mean(0)
    assert (tail <= bound).all(), "the theorem allows at least what was seen"
    _ = ax.plot(eps[tail > 0], tail[tail > 0], color=colour, lw=3, label=f"{name} samples: roads")
    _ = ax.plot(eps, bound, "--", color=colour, label=f"bound from {start:.2f} on")
ax.axvline(M, color="0.5", ls=":", lw=1)
ax.set(xscale="log", yscale="log", ylim=(4e-4, 1.5), xlabel=r"$\epsilon$ (nats)",
       ylabel=r"probability of a gap above $\epsilon$")
ax.legend(fontsize=8, loc="lower left")
plt.show()

# %% [markdown]
# ## How much the theorems say
#
# To guarantee $G \le \eps$ with probability .95 takes
#
# $$
# \begin{aligned}
# N &\ge \frac{M^2 \log 20}{2K\, (\eps - 2\Lambda / K)^2} \quad\text{fresh samples a step, or} \\
# N &\ge \frac{M^2 \log 20}{2\, (\eps - 2L)^2} \quad\text{that serve all steps.}
# \end{aligned}
# $$ (eq-generalisation-samples)

# %% tags=["claim C-142: does not hold"]
def needed(eps, start, steps):
    """Samples, or infinity."""
    if eps <= start:
        return np.inf
    return np.ceil(M**2 * np.log(20) / (2 * steps * (eps - start) ** 2))


wanted = {}
for goal in (0.15, 0.3, 0.6):
    wanted[f"{goal}, fresh"] = [needed(goal, s, K) for s in fresh["2 Lambda / K, largest"]]
    wanted[f"{goal}, same"] = [needed(goal, s, 1) if p > 0.5 else np.nan
                               for s, p in zip(same["2L, largest"], same["smallest p_y"],
                                               strict=True)]
wanted = pd.DataFrame(wanted, fresh.index)
applies = wanted.dropna()
assert np.isfinite(wanted["0.15, fresh"]).all(), "in the book's settings fresh samples reach .15"
assert np.isinf(applies["0.15, same"]).all(), "in the book's settings the others do not"
wanted

# %% tags=["hide-cell"]
glue("generalisation-needed-low", f"{wanted['0.15, fresh'].min():.0f}", display=False)
glue("generalisation-needed-high", f"{wanted['0.15, fresh'].max():.0f}", display=False)
glue("generalisation-gap", f"{fresh['largest gap'].max():.3f}", display=False)
starts = fresh["2 Lambda / K, largest"]
glue("generalisation-start-low", f"{starts.min():.3f}", display=False)
glue("generalisation-start-high", f"{starts.max():.3f}", display=False)
glue("generalisation-old-low", f"{same['2L, largest'].min():.2f}", display=False)
glue("generalisation-old-high", f"{same['2L, largest'].max():.2f}", display=False)

# %% [markdown]
# Columns: the guaranteed gap in nats; entries: samples a step with fresh ones, samples in all where
# the same serve (infinity: no number is enough; NaN: the assumptions fail). With fresh samples a
# gap of .15 nats is guaranteed by {glue:text}`generalisation-needed-low` to
# {glue:text}`generalisation-needed-high` samples a step. So the bound says something, though not
# what is seen: with 20 samples a step no gap exceeded {glue:text}`generalisation-gap`. With the
# same samples at every time there is no such number: more samples sharpen the step of the bound,
# which stays at $2L$, and **where $2L \ge \log 2$ it says nothing**.
#
# For the roads of this book neither says much. They use the same samples at every time, some of
# their images are misclassified, and their pairs mix labels.
#
# ## Is the short road the one with the small gap?
#
# The paper's Section 4 opens by saying that the coupled road can be interpreted "as the trajectory
# that minimizes the integral of the generalization gap". That is more than Theorem 5, in which the
# length is one term of an upper bound: to minimise a bound is not to minimise what it bounds. Take
# roads that are *set beforehand*: $w_k$ turns with the task and looks at no sample. Their expected
# gap is 0, whatever their length.

# %% tags=["claim C-088: does not hold", "claim C-089: does not hold"]
rows = {}
for degrees in (0, 40, 80, 160):
    rng, gap, length = np.random.default_rng([7, degrees]), np.zeros(2000), 0
    for k in range(1, K + 1):
        points = centre(k / K, degrees) + DISK
        p = [expit(points @ (2.5 * centre(j / K, degrees))) for j in (k - 1, k)]
        gap += (np.log(p[1])[rng.integers(200, size=(2000, N))].mean(1) - np.log(p[1]).mean()) / K
        length += np.abs(arc(p[1]) - arc(p[0])).mean()
    rows[degrees] = {"length (11)": length, "mean gap / error": errors(gap), "spread": gap.std()}
ahead = pd.DataFrame(rows).T.rename_axis("degrees")
assert ahead["mean gap / error"].abs().max() < 3.5, "a road that sees no sample has no mean gap"
assert ahead["spread"].max() < 1.1 * ahead["spread"].min(), "and a spread that no length changes"
ahead.round(4)

# %% [markdown]
# The road of 160 degrees and the road that stands still have the same gaps. So a road of small gap
# need not be short. Is a short one of small gap, if it learns? The expected gap of the simulated
# roads is that of $G - \frac1K \sum_k D_k$, which has much the smaller error.

# %% mystnb={"figure": {"caption": "Expected gap with its standard error (left) and spread of the gap (right) against the mean length (11), fresh samples, for tasks that turn by 0, 40 and 65 degrees. From left to right along each line the rate grows. The roads of the slowest learner are the shortest and have the smallest expected gap; the spread goes the other way, and is several times the larger number.", "name": "fig-generalisation-length"}, "image": {"alt": "Two line charts against the mean length, 0 to .45, each with three lines of three points, for turns of 0, 40 and 65 degrees. Left, the expected gap: lines rise, or level off at the last point. Right, its spread: all three lines fall. The line of 65 degrees is the highest in both."}} tags=["hide-input", "claim C-089: does not hold"]
fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.1))
for degrees, mark, shade in ((0, "o", 0.4), (40, "s", 0.7), (65, "^", 1.0)):
    group = [new[degrees, rate] for rate in (0.1, 1.0, 3.0)]
    x = [r["length"].mean() for r in group]
    fit = [r["gap"] - r["before"] for r in group]
    _ = axes[0].errorbar(x, [1000 * f.mean() for f in fit],
                         [1000 * f.std() / np.sqrt(len(f)) for f in fit], fmt=f"{mark}-",
                         color=COMPUTED, alpha=shade, label=f"{degrees} degrees")
    _ = axes[1].plot(x, [1000 * r["gap"].std() for r in group], f"{mark}-", color=COMPUTED,
                     alpha=shade)
for ax, name in zip(axes, ("expected gap (0.001 nats)", "spread of the gap (0.001 nats)"),
                    strict=True):
    ax.set(xlabel="mean length (11)", ylabel=name, xlim=(0, None), ylim=(0, None))
axes[0].legend(fontsize=8)
plt.show()

# %% tags=["hide-cell"]
expected = {key: r["gap"] - r["before"] for key, r in new.items()}
for degrees in (0, 40, 65):
    slow, fast = expected[degrees, 0.1], expected[degrees, 3.0]
    error = np.hypot(slow.std(), fast.std()) / np.sqrt(len(slow))
    assert fast.mean() - slow.mean() > 4 * error, "in the book's settings the longer road fits more"
    assert new[degrees, 3.0]["gap"].std() < 0.8 * new[degrees, 0.1]["gap"].std(), "and spreads less"

# %% [markdown]
# In expectation the paper's idea holds here: at equal turn the slow learner's road is the shortest,
# and its expected gap the smallest. But what a single road shows is the spread, and that goes the
# other way: the faster learner fits better, its losses and with them the differences of losses are
# smaller. Length bounds the gap; it does not decide it.
#
# ## What is printed
#
# Equation 14 of the paper bounds the probability by
#
# $$
# \exp\Bigl\{ -\frac{2K}{M^2} \Bigl( \eps - 2 \sum_{k=1}^K \Delta\tau_k
# \E_{p_{\tau_k}} \sqrt{\langle \dot w, g \dot w \rangle} \Bigr) \Bigr\}
# \quad\text{for}\quad \eps > 2 \sum_{k=1}^K \Delta\tau_k \E_{p_{\tau_k}} |\Delta \ell| .
# $$ (eq-generalisation-printed)
#
# A classifier that does not move decides about the square and the number of samples. Its inputs are
# of two kinds, equally frequent: at one it says $p_y = .999$, at the other .5. All assumptions hold
# with length 0 and $M = \log 2$, and the gap is that of tossing $KN$ coins.

# %% tags=["claim C-085: holds when corrected"]
def coins(eps, tosses):
    """Exact probability that the mean loss on the tosses is lower than its expectation by more than
    eps."""
    low, high = -np.log(0.999), np.log(2)
    return binom.cdf(np.ceil(tosses * (0.5 - eps / (high - low))) - 1, tosses, 0.5)


eps = 0.13
rows = {"exact": [coins(eps, K), coins(eps, 20 * K)],
        "printed, nats": [np.exp(-2 * K / M**2 * eps)] * 2,
        "printed, bits": [np.exp(-2 * K * eps / M)] * 2,  # eps / log 2 bits, and M = 1 bit
        "with the square": [np.exp(-2 * K * n / M**2 * eps**2) for n in (1, 20)]}
glue("generalisation-broken", round(rows["exact"][0] / rows["printed, nats"][0]), display=False)
assert rows["exact"][0] > 10 * rows["printed, nats"][0], "at the book's eps the print is broken"
assert (np.array(rows["exact"]) <= rows["with the square"]).all(), "the theorem holds at every eps"
pd.DataFrame(rows, ["N = 1", "N = 20"]).map("{:.2g}".format)

# %% [markdown]
# With one sample a step the event is {glue:text}`generalisation-broken` times as probable as the
# bound without a square allows. That bound also depends on the unit of the loss, because
# $\eps / M^2$ has one. That $N$ is absent is no error, but a loss: a bound with $2K$ holds where
# one with $2KN$ does. Fresh samples matter: with the *same* $N$ at every time there are only $N$
# coins. The next cell has $N = 1$, $K = 10$.

# %% tags=["claim C-085: holds when corrected"]
print(f"same sample at all times: exact {coins(0.3, 1):.3f},",
      f"bound with KN {np.exp(-2 * K / M**2 * 0.3**2):.3f},",
      f"with N {np.exp(-2 / M**2 * 0.3**2):.3f}")
assert np.exp(-2 * K / M**2 * 0.3**2) < coins(0.3, 1) <= np.exp(-2 / M**2 * 0.3**2), \
    "at eps = .3 the coin breaks the bound with KN and not the one with N"

# %% [markdown]
# The last point is the step of time. $\Delta \ell$ is the change of the loss in a step, so
# $\sum \E |\Delta\ell|$ is already an integral, and with $\Delta\tau = 1/K$ the condition is
# $\eps > \frac2K \sum \E|\Delta\ell|$. It vanishes as the road is refined, and it may: this is what
# the first theorem needs, for the shorter a step the less it can fit. We turn $w$ with the task by
# 40 degrees:

# %% tags=["claim C-084: holds", "claim C-087: holds"]
rows = {}
for count in (10, 100, 1000):
    tau = np.arange(count + 1) / count
    w = 2.5 * np.array([centre(t, 40) for t in tau])
    inputs = np.array([centre(t, 40) for t in tau[1:]])[:, None] + DISK  # (steps, points, 2)
    before, after = (expit(np.einsum("sk,spk->sp", v, inputs)) for v in (w[:-1], w[1:]))
    change = np.abs(np.log(after / before)).mean(1).sum()
    length = np.abs(arc(after) - arc(before)).mean(1).sum()
    rows[count] = {"2 sum dtau E|dl|": 2 * change / count, "2 Lambda / K": 2 * length / count,
                   "2 Lambda": 2 * length}
table = pd.DataFrame(rows).T.rename_axis("K")
assert (table["2 sum dtau E|dl|"] <= table["2 Lambda / K"]).all(), "the lemma, step by step"
assert np.ptp(table["2 Lambda"]) < 0.02 * table["2 Lambda"].max(), "a length has a limit"
table.round(5)

# %% [markdown]
# In the exponent, however, $\sum \Delta\tau_k\, \E \sqrt{\langle \dot w, g \dot w \rangle}$ is
# $\Lambda$ itself if $\dot w$ is a derivative, as the paper's next sentence takes it. The two parts
# of the theorem fit together if it is an increment like $\Delta\ell$. Read as a derivative, with
# the square and $2\Lambda$, the bound is true for $\eps > 2\Lambda$, and $K$ times too weak there.
#
# :::{admonition} Depends on the measure
# :class: erratum depends
# **Printed.** Theorem 5 and equation 14, {eq}`eq-generalisation-printed`, in the text that we have.
# It does not say which samples are independent of which.
#
# **Decided by.** The two proofs, and the three cells above.
#
# **True.** With fresh samples at every time {eq}`eq-generalisation`: the condition is right and the
# length bounds the gap, with a square (which the paper may well print: our text has lost signs) and
# $\Lambda / K$ in the exponent as in the condition. With the same samples at every time, as in the
# algorithm, {eq}`eq-generalisation-same`, which has neither $K$ nor the length (11).
# :::
#
# ### Equation 13 and the classical bound
#
# The paper starts from the Rademacher complexity {cite:p}`bartlett2002`
#
# $$
# R_N(r) = \E_{\hat p}\, \E_\sigma \sup_{w \in A(r)} \frac1N \sum_{i=1}^N
# \sigma^i\, \ell(w; x^i, y^i)
# $$ (eq-rademacher)
#
# of a set $A(r)$ of weights, with random signs $\sigma^i = \pm 1$. **Theorem 5 uses neither.** Our
# text does not say what $A(r)$ is, nothing in (14) depends on it, and the proofs above need no
# complexity: the length takes its place, since it limits what one road can fit, and no supremum
# over roads is taken. The classical bound that is quoted beside it holds for a whole class $H$. A
# class that can memorise tests any version of it. Let it hold every function from the inputs, of
# which none occurs twice, to $\{0, 1\}$ as a loss: on a sample the best one is 0 there and 1
# elsewhere, and has the gap 1.

# %% tags=["claim C-080: holds", "claim C-081: holds when corrected"]
n, delta = 2000, 0.05
signs = np.random.default_rng(0).choice([-1, 1], (200, n))
R = np.clip(signs, 0, None).mean()  # the supremum takes the loss 1 where the sign is +1
as_printed = R + np.sqrt(2 * np.log(1 / delta) / n)
true = 2 * R + np.sqrt(np.log(1 / delta) / (2 * n))
print(f"gap 1; R = {R:.3f}; as printed {as_printed:.3f}; true bound {true:.3f}")
assert as_printed < 1 <= true, "at the book's n the class that memorises breaks the printed form"

# %% [markdown]
# The line is damaged in our text: $R_{2N}(H) + \sqrt{2 \log(1/\delta) / N}$, as far as it can be
# read, is too small here ($R_N = R_{2N} = 1/2$ for the class that memorises). What holds, for
# losses in $[0, M]$ and with probability $1 - \delta$, is
# $\E \ell \le \hat\E \ell + 2 R_N(H) + M \sqrt{\log(1/\delta) / (2N)}$.
#
# ## What the page found
#
# Where the classifier gives the true label at least the probability 1/2, its loss changes by no
# more than the length it travels. With fresh samples at every time that proves the paper's Theorem
# 5, put back its square: the gap along the road is at most $2\Lambda / K$ and chance, $\Lambda$ the
# length (11); the condition as printed is right, and only the classifiers before and after each
# step have to be right, at the data of that step. In nine settings of 2,000 roads each the bound
# began at {glue:text}`generalisation-start-low` to {glue:text}`generalisation-start-high` nats and
# was never broken.
#
# The algorithm uses the same samples at every time. Then the bound begins at $2L$,
# {glue:text}`generalisation-old-low` to {glue:text}`generalisation-old-high` here, with each step
# measured at later data, and the source's classifier has to be right on the target.
#
# That the coupled road "minimizes the integral of the generalization gap" does not follow, and is
# not so: a road that is set beforehand has the expected gap 0 at any length. Among roads that learn
# in this simulation the shortest had the smallest expected gap, and the largest spread.
