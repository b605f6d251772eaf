# %% [markdown]
# # From samples
#
# **Question.** Twenty thousand images, 2,048 features and sixteen colours gave a score of 1.5. Is
# that a lot?
#
# **Answer.** It is nothing: pure noise scores {glue:text}`samples-chance-pixels` in that setting,
# as a proposition says for every setting ({prf:ref}`prop-chance`). The adjusted score takes chance
# out, and is a little low where there is something to find ({numref}`fig-adjusted`).
#
# This page says what noise scores, how to take it out and how well that works, when a score is
# significant, and what is left of the paper's own scores. The paper uses the plug-in estimate
# throughout and mentions none of this. {doc}`few_samples` goes on from here.

# %% tags=["hide-input"]
from importlib.resources import files
from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.stats import f as f_distribution
from scipy.stats import kstest, ttest_ind
from sklearn.datasets import load_iris, load_wine
from statsmodels.multivariate.manova import MANOVA

from tdist import Joint, h_score
from tdist.hscore import jackknife
from tdist.plots import COMPUTED, CYCLE, printed_style, use_book_style
from tdist.studies import load
from tdist.studies.estimates import class_means

use_book_style()
rng = np.random.default_rng(0)
iris, species = load_iris(return_X_y=True)
HERE = "holds for the book's example and seed; edit freely"

# %% [markdown]
# ## Sixty birds again
#
# The forester of {doc}`divergence_transition_matrix` had sixty meetings. Suppose the table of
# frequencies were the truth, and other foresters went out, each for sixty meetings. What do they
# find for the call, one feature for each kind?

# %%
counts = np.array([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]])
birds, walks = Joint(counts / counts.sum()), []
for seed in range(200):
    x, y = birds.sample(counts.sum(), seed=seed)
    found = h_score(np.eye(4)[x], y)
    walks.append([found.statistic, found.adjusted])
truth, (raw, adjusted) = birds.h_score(np.eye(4)), np.mean(walks, axis=0)
print(f"true score {truth:.3f}; 200 foresters: plug-in {raw:.3f}, "
      f"adjusted {adjusted:.3f}, standard deviation {np.std(walks, axis=0)[1]:.2f}")
assert raw > 1.2 * truth > 1.1 * adjusted, HERE
glue("samples-birds-over", f"{100 * (raw / truth - 1):.0f}%", display=False)

# %% [markdown]
# The score of the table is too high by {glue:text}`samples-birds-over` on average; the adjusted
# score, of which more below, is nearly right. A single forester is far from either.
#
# ## What noise scores
#
# The estimate $\hat H$ puts sample averages into {eq}`eq-h-score`. With $k$ features there are $k$
# directions in which $m$ samples can separate the classes by accident, and $\hat H$ adds up all of
# them.
#
# :::{prf:proposition} Chance level (finite sample)
# :label: prop-chance
#
# Let the features of $m$ samples have a covariance of rank $k$, and let $|\Y|$ classes occur. If
# the labels are shuffled, the estimate has mean and, about, standard deviation
#
# $$
# \E[\hat H] = \frac{k\,(|\Y| - 1)}{m - 1}, \qquad
# \operatorname{sd}[\hat H] \approx \frac{\sqrt{2 k\,(|\Y| - 1)(1 - k/m)}}{m} .
# $$ (eq-chance)
#
# The mean is exact, for any features and any class sizes; the standard deviation is that of
# Gaussian features.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Let $F$ be the projection of $\R^m$ on the span of the centred features, of rank $k$, and $G$ the
# projection on the span of the centred class indicators, of rank $|\Y| - 1$. Then $\hat H =
# \tr(FG)$: it is {eq}`eq-appendix-d` for the empirical distribution. Shuffling the labels replaces
# $G$ by $\Pi G \Pi^\top$ with a random permutation $\Pi$. Its mean commutes with every permutation,
# so it is $aI + b\,\mathbf 1\mathbf 1^\top$; it sends $\mathbf 1$ to zero and has trace $|\Y| - 1$,
# so it is $\frac{|\Y| - 1}{m - 1}\bigl(I - \mathbf 1\mathbf 1^\top / m\bigr)$. Since $F\mathbf 1 =
# 0$, the mean of $\hat H$ is $\frac{|\Y| - 1}{m - 1} \tr F$.
#
# For Gaussian noise $F$ is uniform among the projections of rank $k$ in the $N = m - 1$ dimensions
# orthogonal to $\mathbf 1$. With $q = |\Y| - 1$ the variance of $\tr(FG)$ is then
# $2 k q (N - k)(N - q) / \bigl(N^2 (N - 1)(N + 2)\bigr)$, which is close to $2kq(1 - k/m)/m^2$ for
# $q \ll m$.
# :::
# ::::
#
# Six samples can be shuffled in every possible way, so the mean is decided without chance.

# %%
x = rng.exponential(size=(6, 2))  # nothing Gaussian about them
orders = sorted(set(permutations([0, 0, 0, 1, 1, 2])))
mean = np.mean([h_score(x, order).statistic for order in orders])
print(f"{len(orders)} orders, mean score {mean:.12f}, formula {2 * 2 / 5}")
assert abs(mean - 2 * 2 / 5) < 1e-12, "any six samples of two features, three classes"

# %% [markdown]
# The formula is met to the last digit. Now a size where it hurts: 100 features, 300 samples, ten
# classes.

# %%
m, k, classes = 300, 100, 10
noise, labels = rng.standard_normal((m, k)), np.arange(m) % classes
shuffled = np.array([h_score(noise, rng.permutation(labels)).statistic
                     for _ in range(500)])
chance = k * (classes - 1) / (m - 1)
sd = np.sqrt(2 * k * (classes - 1) * (1 - k / m)) / m
print(f"shuffled: mean {shuffled.mean():.3f}, sd {shuffled.std():.3f}; "
      f"formula: {chance:.3f}, {sd:.3f}")

# %% tags=["hide-input"]
assert abs(shuffled.mean() - chance) < 4 * sd / np.sqrt(500), "the mean is exact"
assert abs(shuffled.std() / sd - 1) < 0.15, "for Gaussian features and classes that are not tiny"
assert np.isclose(h_score(noise, labels).chance, chance), "the level that every result carries"
glue("samples-noise", f"{shuffled.mean():.1f}", display=False)

# %% [markdown]
# Features without any information score {glue:text}`samples-noise` out of 9. Every result of
# `h_score` carries this level as `chance`.
#
# ## Taking chance out
#
# Let $g_1, \dots, g_{|\Y|-1}$ be functions of the label with zero mean and identity covariance over
# the samples. The proof above reads $\hat H = \sum_j R_j^2$, where $R_j^2$ is the share of the
# variance of $g_j$ that a linear regression on the features explains. Statistics has a standard
# correction of $R^2$ for the number of regressors. Applied to each term and summed, it gives the
# **adjusted H-score**
#
# $$
# \hat H_{\text{adj}} = (|\Y| - 1) - \bigl((|\Y| - 1) - \hat H\bigr) \frac{m - 1}{m - 1 - k} ,
# $$ (eq-adjusted)
#
# with $k$ the rank of the features. It is linear in $\hat H$: its mean over shuffled labels is
# exactly 0, and features with the largest score, $|\Y| - 1$, keep it.

# %%
indicators = np.eye(3)[species]
# two orthonormal functions of three labels
g = np.linalg.qr(indicators - indicators.mean(0))[0][:, :2]
design = np.c_[np.ones(150), iris]
r2 = 1 - ((g - design @ np.linalg.lstsq(design, g)[0]) ** 2).sum(0)
adjusted_r2 = 1 - (1 - r2) * 149 / (149 - 4)
result = h_score(iris, species)
print(f"sum of R^2 {r2.sum():.6f}, H {result.statistic:.6f}")
print(f"sum of adjusted R^2 {adjusted_r2.sum():.6f}, adjusted H {result.adjusted:.6f}")
assert np.allclose([r2.sum(), adjusted_r2.sum()], [result.statistic, result.adjusted],
                   rtol=1e-9), "an identity, for any features of full rank"

# %% [markdown]
# Iris has 150 samples of 4 features, so the correction is small. To see a large one we need a truth
# to compare with: Gaussian classes with identity covariance, whose means have covariance $M$. Then
# $\cov(f) = I + M$, and the H-score of the distribution itself is $\tr((I + M)^{-1} M)$. We scale
# the means until it is what we want, and draw 1,000 times for each number of samples. These runs
# are stored (`python -m tdist.studies run estimates`).

# %% tags=["hide-input"]
stored = load("estimates")["units"]
designs = {"20 features, H = 1.1": "bias/1.1/20/", "50 features, H = 4.5": "bias/4.5/50/",
           "100 features, H = 1.1": "bias/1.1/100/"}
rows = {}
for name, start in designs.items():
    for key, unit in stored.items():
        if key.startswith(start) and key.endswith("/drawn"):
            given, m = stored[key.replace("drawn", "given")], int(key.split("/")[3])
            of = {e: unit[e] for e in ("plug-in", "adjusted")} | {"given": given["adjusted"]}
            rows[name, m] = [100 * (v["mean"] / unit["truth"] - 1) for v in of.values()] + [
                100 * of["adjusted"]["error"] / unit["truth"]]
table = pd.DataFrame(rows, index=["plug-in", "adjusted", "adjusted, sizes given", "error"]).T
table.rename_axis(["design", "samples"]).round(1)

# %% [markdown]
# The bias in percent of the true score, ten classes, with the standard error of the adjusted
# score's. In the third column the sizes of the classes are given instead of drawn with the samples.

# %% mystnb={"figure": {"caption": "What is left of the bias after chance is taken out (ten Gaussian classes, 1,000 draws a point, bars: two standard errors; the dashed lines are the formula below). The adjusted score is low, by a fifth of the true score with two samples a feature, and the bias falls as one over the number of samples. The jackknife (hollow) has hardly any left.", "name": "fig-adjusted"}, "image": {"alt": "Bias in percent of the true score, -26 to 5, against samples from 40 to 520. Filled dots with error bars lie below zero on rising dashed curves, from -23 at 40 samples to -2 at 400; hollow dots lie around zero, with longer bars at few samples."}} tags=["hide-input"]
def bias_of(start, estimate):
    """Samples, bias and two standard errors, in percent of the true score."""
    units = [(int(key.split("/")[3]), unit) for key, unit in stored.items()
             if key.startswith(start) and key.endswith("/drawn") and unit[estimate]]
    return np.array([[m, 100 * (unit[estimate]["mean"] / unit["truth"] - 1),
                      200 * unit[estimate]["error"] / unit["truth"]] for m, unit in units]).T


fig, ax = plt.subplots()
for (name, start), colour in zip(designs.items(), CYCLE, strict=False):
    m, found, error = bias_of(start, "adjusted")
    ax.errorbar(m, found, error, fmt="o", color=colour, capsize=2, label=name)
    m, found, error = bias_of(start, "jackknife")
    ax.errorbar(1.04 * m, found, error, fmt="o", color=colour, mfc="white", capsize=2)
    h, k = map(float, start.split("/")[1:3])
    theta = np.linalg.svd((c := class_means(int(k), h)) - c.mean(0), compute_uv=False) ** 2 / 10
    u1, u2, u3 = (np.sum((1 + theta[:9]) ** -j) for j in (1, 2, 3))
    line = np.geomspace(m.min(), m.max(), 50)
    ax.plot(line, -100 * (u1 * h + 3 * u2 - 2 * u3 - u1) / line / h, "--", color=colour, lw=1)
ax.axhline(0, color="black", lw=1)
ax.set(xscale="log", xlabel="samples", ylabel="bias (% of the true score)")
ax.set_xticks([40, 100, 200, 400], ["40", "100", "200", "400"])
ax.minorticks_off()
ax.legend()
plt.show()

# %% tags=["hide-input"]
for start in designs.values():
    m, found, error = bias_of(start, "adjusted")
    assert (found < 0).all() and found[0] < -2 * error[0], "the adjusted score is low"
few = table.loc["20 features, H = 1.1"]
glue("samples-bias-few", f"{-few['adjusted'].iloc[0]:.0f}%", display=False)
glue("samples-bias-many", f"{-few['adjusted'].iloc[-1]:.1f}%", display=False)
glue("samples-raw-few", f"{table['plug-in'].max() / 100 + 1:.1f}", display=False)

# %% [markdown]
# The plug-in estimate is up to {glue:text}`samples-raw-few` times the truth. The adjusted score
# takes out nearly all of that, but **it is right on average only where there is nothing to find**:
# elsewhere it is low, by {glue:text}`samples-bias-few` at 40 samples of 20 features, by
# {glue:text}`samples-bias-many` at 400. Compare features of different width, or samples of
# different size, by `adjusted`, never by `statistic`; and with two samples a feature trust neither.
#
# ## What is left, and what to do about it
#
# By how much is the adjusted score low, and what does that depend on? For Gaussian classes there is
# an answer.
#
# :::{prf:proposition} Bias of the adjusted score (finite sample, to the order $1/m$)
# :label: prop-adjusted-bias
#
# Let the classes be Gaussian with one covariance, and $\rho_i$ the canonical correlations of
# features and labels: $H = \sum_i \rho_i^2$. Write $u_j = \sum_{i=1}^{|\Y|-1} (1 - \rho_i^2)^j$. If
# the sizes of the classes are given, in proportion to $P_Y$, then for every $k$
#
# $$
# \E[\hat H_{\text{adj}}] - H = -\frac{u_2 H + 2 u_2 - u_3 - u_1}{m} + O(m^{-2}) .
# $$ (eq-adjusted-bias)
#
# If labels are drawn with the samples, and the score tells every class apart as well as any other,
# the numerator is $u_1 H + 3 u_2 - 2 u_3 - u_1$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Let $q = |\Y| - 1 \le k$ and choose coordinates where the covariance within classes is $I$. Let
# $Z$ ($k \times q$) hold the coefficients of the features on the $g_j$, times $\sqrt m$, and $W$
# the scatter within classes. Then $q - \hat H = \tr (I + Z^\top W^{-1} Z)^{-1}$. Given $Z$, the
# matrix $(Z^\top W^{-1} Z)^{-1}$ has a Wishart distribution; so $q - \hat H = \tr (A + V)^{-1} V$
# with independent $q \times q$ Wishart matrices: $V$ with $m - 1 - k$ degrees of freedom, and $A =
# Z^\top Z$, noncentral, with $k$. With $\theta_i = \rho_i^2 / (1 - \rho_i^2)$ their means are $(m -
# 1 - k) I$ and $m \Theta + k I$, and their sum has the mean $D$ with $d_i = m\theta_i + N$,
# $N = m - 1$: the features have dropped out of it. The entries of $V$ and of $A + V$ have variances
# $(m - 1 - k) (1 + \delta_{ij})$ and $(d_i + d_j - N)(1 + \delta_{ij})$. To second order in the
# deviations from the means, with $s_j = \tr D^{-j}$,
#
# $$
# \frac{\E \tr (A + V)^{-1} V}{m - 1 - k} = s_1 + (q + 1) s_2 - N s_1 s_2 - N s_3 .
# $$
#
# Times $N$ this is the mean of $q - \hat H_{\text{adj}}$. Put in $s_j = u_j / m^j$ and, in the
# first term, $N s_1 = u_1 - (u_1 - u_2)/m$. For $k < q$ the result is the same; the tests compare
# it with exact means.
#
# If labels are drawn, $H$ is that of the drawn sizes $\hat p$. The covariance of the class means,
# $M$, shrinks by $1/m$ on average, which costs $(u_1 - u_2)/m$; and $M \mapsto \tr (I + M)^{-1} M$
# is concave, which costs $\frac1m \bigl(\sum_c p_c\, \nu_c^\top T^{-1} \nu_c\, \nu_c^\top T^{-2}
# \nu_c - \tr T^{-1} M T^{-1} M T^{-1} \bigr)$ with $T = I + M$ and $\nu_c$ the class mean less the
# mean. Where $\nu_c^\top T^{-1} \nu_c = H$ for every class that is $\bigl(H (u_1 - u_2) - (u_1 - 2
# u_2 + u_3)\bigr)/m$.
# :::
# ::::
#
# The number of features does not enter: {eq}`eq-adjusted` has done its work. What is left are the
# labels' own $|\Y| - 1$ directions. Can it be taken out exactly?
#
# :::{prf:proposition} No unbiased estimate (finite sample, exact)
# :label: prop-no-unbiased
#
# For Gaussian classes of one covariance, even a known one, no function of $m$ samples has the mean
# $H$ for all means of the classes.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Let the covariance be $I$ and the means $t \nu_c$ for a number $t$. Then $H(t) = \sum_i t^2
# \lambda_i / (1 + t^2 \lambda_i)$, with $\lambda_i$ the eigenvalues of the means' covariance for
# $t = 1$: a function with poles at $t = \pm \mathrm i / \sqrt{\lambda_i}$. For given labels the
# samples are an exponential family with natural parameter $t$, so a mean that exists for all $t$ is
# an entire function of $t$; for drawn labels it is a finite sum of such functions. An entire
# function that equals $H$ on the real line equals it everywhere but at the poles, and is bounded
# near them: a contradiction.
# :::
# ::::
#
# So only approximations are left. Any bias of order $1/m$, for features of any distribution, is
# taken out by the **jackknife**
#
# $$
# \hat H_{\text{jack}} = m \hat H_{\text{adj}} - \frac{m - 1}{m} \sum_{i=1}^m
# \hat H_{\text{adj}}^{(-i)} ,
# $$ (eq-jackknife)
#
# where $(-i)$ leaves out sample $i$. It needs no refit, since the scatters change by a matrix of
# rank one.

# %%
x, y = iris[::5], species[::5]
found, m = jackknife(x, y), len(y)
without = [h_score(np.delete(x, i, axis=0), np.delete(y, i)).adjusted for i in range(m)]
refitted = m * found.statistic - (m - 1) * np.mean(without)
print(f"{m} flowers: adjusted {found.statistic:.4f}, "
      f"jackknife {found.corrected:.4f}, by {m} refits {refitted:.4f}")
assert np.isclose(found.corrected, refitted, rtol=1e-9), "the same by definition"

# %% [markdown]
# Its rivals: {eq}`eq-adjusted-bias` subtracted, with the score shared equally by all directions
# (*Gaussian*); and the covariance from one half of the samples with products of different samples
# of the other half (*split*). Beside Gaussian classes we take sparse features as after a ReLU,
# lognormal ones, classes whose probabilities fall as 1, 1/2, 1/3, ..., and real features: draws
# with replacement from 6,000 images of clothes in layers of EfficientNet-Lite0, of which we know
# everything (300 draws a point for these, 1,000 for the rest). The table has the bias of each, and
# in brackets its root mean square error, in percent of the true score.

# %% tags=["hide-input"]
names, rows, errors = ("adjusted", "Gaussian", "jackknife", "split"), {}, {}
for key, unit in stored.items():
    if key.startswith("bias/") and not key.endswith("/given"):
        _, *design, m = key.removesuffix("/drawn").split("/")
        design = f"Gaussian, H = {design[0]}, k = {design[1]}" if len(design) == 2 else design[0]
        found = [unit[name] or dict.fromkeys(("mean", "rmse", "error"), np.nan) for name in names]
        bias = [100 * (v["mean"] / unit["truth"] - 1) for v in found]
        rows[design, int(m)] = [*bias, *(100 * v["rmse"] / unit["truth"] for v in found)]
        errors[design, int(m)] = [100 * np.hypot(v["error"], unit["error of truth"])
                                  / unit["truth"] for v in found]
candidates = pd.DataFrame(rows, index=pd.MultiIndex.from_product([("bias", "rmse"), names])).T
pd.DataFrame({name: [f"{b:.1f} ({r:.1f})" if b == b else "" for b, r in
                     zip(candidates["bias", name], candidates["rmse", name], strict=True)]
              for name in names}, candidates.index).rename_axis(["features", "samples"])

# %% tags=["hide-input"]
bias, error = candidates["bias"], pd.DataFrame(errors, index=names).T
layers = [name for name in bias.index if name[0].startswith("blocks")]
normal = [name for name in bias.index if name[0].startswith("Gaussian") and name[1] >= 100]
for group in (layers, normal):
    assert (bias["jackknife"][group].abs() < 2 + 3 * error["jackknife"][group]).all(), HERE
    assert bias["jackknife"][group].abs().mean() < bias["adjusted"][group].abs().mean(), HERE
ratio = candidates["rmse", "jackknife"] / candidates["rmse", "adjusted"]
glue("samples-jack-layers", f"{bias['jackknife'][layers].abs().max():.1f}%", display=False)
glue("samples-adjusted-layers-low", f"{bias['adjusted'][layers].min():.1f}%", display=False)
glue("samples-adjusted-layers-high", f"+{bias['adjusted'][layers].max():.1f}%", display=False)
glue("samples-jack-rmse-low", f"{ratio.min():.2f}", display=False)
glue("samples-jack-rmse-high", f"{ratio.max():.2f}", display=False)
glue("samples-gauss-layers", f"+{bias['Gaussian'][layers].max():.1f}%", display=False)
many = ratio[[name for name in ratio.index if name[1] >= 400]]
glue("samples-jack-rmse-many", f"{many.max():.2f}", display=False)

# %% [markdown]
# A cell is empty where the estimate does not exist in some run (a half with too few samples). **No
# estimate wins everywhere.** For Gaussian classes the formula and the jackknife both take the bias
# out. On real layers the adjusted score is off by
# {glue:text}`samples-adjusted-layers-low` to {glue:text}`samples-adjusted-layers-high`, of either
# sign, since heavy tails can push it up; there the Gaussian correction makes it worse (up to
# {glue:text}`samples-gauss-layers`), and the jackknife leaves {glue:text}`samples-jack-layers` at
# most. For lognormal features with few samples nothing helps. The jackknife pays with spread: its
# root mean square error is {glue:text}`samples-jack-rmse-low` to
# {glue:text}`samples-jack-rmse-high` times that of the adjusted score, at most
# {glue:text}`samples-jack-rmse-many` times from 400 samples on. Splitting is out of the question.
#
# So: `adjusted` is the estimate to compare by, with its bias of order $1/m$ in mind. Where the size
# of a score matters, and there are five samples a feature or more, use `jackknife(...).corrected`.
#
# ## Is it more than chance?
#
# The H-score has a longer history than its name. Write $T = m \cov(f)$ for the total scatter of the
# samples and $B = m \cov(\E[f \mid Y])$ for the scatter between classes. Then $\hat H = \tr(T^{-1}
# B)$ is the **Pillai-Bartlett trace** of a one-way multivariate analysis of variance
# {cite:p}`pillai1955`, and it comes with a test. With $s = \min(k, |\Y| - 1)$, if features and
# labels are unrelated,
#
# $$
# F = \frac{\hat H / \bigl(s \max(k, |\Y| - 1)\bigr)}
# {(s - \hat H) / \bigl(s\,(m - |\Y| - k + s)\bigr)}
# $$ (eq-pillai)
#
# has approximately the F distribution with $s \max(k, |\Y| - 1)$ and $s\,(m - |\Y| - k + s)$
# degrees of freedom. The program statsmodels knows nothing of H-scores; it computes this trace for
# iris and wine. Deep learning found the trace again: the **variability collapse index** of
# {cite:t}`xu2023` is $1 - \tr(T^+ B) / (|\Y| - 1)$ with every class weighted alike, which for
# classes of equal size is $1 - \hat H / (|\Y| - 1)$.

# %% tags=["hide-input"]
rows = []
for name, (X, y) in {"iris": (iris, species), "wine": load_wine(return_X_y=True)}.items():
    groups = np.c_[np.ones(len(y)), np.eye(3)[y][:, 1:]]
    table = MANOVA(X, groups).mv_test([("classes", np.eye(3)[1:])])["classes"]["stat"]
    test = table.loc["Pillai's trace"]
    ours, (m, k) = h_score(X, y), X.shape
    s, wide = min(k, 2), max(k, 2)
    ratio = (ours.statistic / (s * wide)) / ((s - ours.statistic) / (s * (m - 3 - k + s)))
    assert np.isclose(f_distribution.sf(ratio, s * wide, s * (m - 3 - k + s)), ours.pvalue), (
        "the formula, for any features and three classes")
    means = np.stack([X[y == c].mean(0) for c in range(3)])
    total = sum((X[y == c] - means.mean(0)).T @ (X[y == c] - means.mean(0)) / sum(y == c) / 3
                for c in range(3))
    collapse = 1 - np.trace(np.linalg.solve(total, np.cov(means.T, bias=True))) / 2
    rows.append([name, ours.statistic, test["Value"], f"{ours.pvalue:.1e}",
                 f"{test['Pr > F']:.1e}", 1 - ours.statistic / 2, collapse])
    assert np.allclose([ours.statistic, ours.pvalue / test["Pr > F"]], [test["Value"], 1],
                       rtol=1e-7), "the trace and the test are Pillai's"
assert np.isclose(*rows[0][-2:]) and not np.isclose(*rows[1][-2:], rtol=1e-4), \
    "equal where the classes have one size, as in iris"
pd.DataFrame(rows, columns=["data", "H-score", "Pillai's trace", "p", "p of statsmodels",
                            "1 - H / 2", "collapse index"]).round(6)

# %% [markdown]
# The two programs agree to every printed digit, and the collapse index is the same number for iris,
# whose classes have one size, and another for wine. A p value must be uniform when there is nothing
# to find. We shuffle the labels of iris 1,000 times, and use the 500 shuffles of the wide noise
# above.

# %%
null = {"iris, 150 x 4": [h_score(iris, rng.permutation(species)).pvalue
                          for _ in range(1000)],
        "noise, 300 x 100": [h_score(noise, rng.permutation(labels)).pvalue
                             for _ in range(500)]}
for name, pvalues in null.items():
    test = kstest(pvalues, "uniform")
    print(f"{name:>16}: largest distance to uniform {test.statistic:.3f}, "
          f"p value of that {test.pvalue:.2f}")
    assert test.pvalue > 0.01, "uniform for features near Gaussian, no tiny classes"

# %% [markdown]
# Uniform, as far as we can see; but these are classes of equal size and features without heavy
# tails. **The F test assumes them**: residuals that are normal, one covariance in all classes, no
# tiny class. Here is how often shuffled labels come out significant at the nominal 5% and 1%, for
# 300 samples of 40 features and ten classes: all of 30, or nine of a few samples and one of the
# rest (1,000 runs, every second one with 99 permutations; stored).

# %% tags=["hide-input"]
rows = {}
for key, unit in stored.items():
    if key.startswith("test/"):
        _, features, size = key.split("/")
        classes = "ten of 30" if size == "30" else f"nine of {size}"
        rows[features, classes] = [*unit["F"], *unit["permutation"], unit["sd"] / unit["formula"]]
sizes = pd.DataFrame(rows, index=["F, 5%", "F, 1%", "permutation, 5%", "permutation, 1%",
                                  "sd / formula"]).T.rename_axis(["features", "classes"])
sizes.round(3)

# %% tags=["hide-input"]
worst = sizes.loc["lognormal", "nine of 2"]
assert worst["F, 5%"] > 0.2 and sizes["F, 5%"]["ReLU", "nine of 3"] > 0.1, HERE
assert abs(sizes["F, 5%"]["Gaussian", "ten of 30"] - 0.05) < 0.03, HERE
assert (sizes["permutation, 5%"] < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 500)).all(), \
    "a permutation test keeps its level for any features"
glue("samples-f-log", f"{100 * worst['F, 5%']:.0f}%", display=False)
glue("samples-f-relu", f"{100 * sizes['F, 5%']['ReLU', 'nine of 3']:.0f}%", display=False)
glue("samples-sd-log", f"{sizes['sd / formula']['lognormal', 'nine of 1']:.1f}", display=False)

# %% [markdown]
# With skewed features and rare classes, which is what ReLU layers and long tails are, the F test
# calls noise significant in {glue:text}`samples-f-relu` and {glue:text}`samples-f-log` of runs that
# should have 5%. The standard deviation of {eq}`eq-chance` fails in the same places: with nine
# classes of one sample that of lognormal features is {glue:text}`samples-sd-log` times the formula.
# The mean of {eq}`eq-chance` and the **permutation p value** hold for any features: shuffle the
# labels of the whitened features, and count. `h_score(features, labels, permutations=999)` does it.

# %%
rare = np.minimum(np.arange(300) // 2, 9)  # nine classes of two
skewed = np.exp(np.random.default_rng(3).standard_normal((300, 40)))
by_f, by_shuffles = h_score(skewed, rare), h_score(skewed, rare, permutations=999)
print(f"p by F {by_f.pvalue:.3f}, by 999 permutations {by_shuffles.pvalue:.3f}")

# %% [markdown]
# Significance is not size. With 20,000 samples a score of 0.01 above chance may be significant and
# of no use: read `adjusted` for the size, `pvalue` for the doubt.
#
# ## The paper's own sizes
#
# Formula {eq}`eq-chance` needs three numbers. The paper gives 20,000 images and 2,048 features for
# Table 1 with a palette of 16 colours at every pixel, and 5,000 to 50,000 images of Cifar-100 for
# Figure 4b. Taskonomy has 63 classes of scenes and 100 of objects. For Figure 4b we take the six
# blocks 4a to 4f of ResNet-50, averaged over positions, which have 1,024 channels.

# %%
settings = pd.DataFrame([
    ["Table 1, pixels", 20_000, 2048, 16], ["Table 1, scenes", 20_000, 2048, 63],
    ["Table 1, objects", 20_000, 2048, 100], ["Figure 4b", 5_000, 1024, 100],
    ["Figure 4b", 20_000, 1024, 100], ["Figure 4b", 50_000, 1024, 100]],
    columns=["experiment", "m", "k", "|Y|"])
m, k, q = settings["m"], settings["k"], settings["|Y|"] - 1
settings["chance"] = k * q / (m - 1)
settings["sd"] = np.sqrt(2 * k * q * (1 - k / m)) / m
settings.round(3)

# %% tags=["hide-input"]
names = ("pixels", "scenes", "objects", "5", "20", "50")
for name, value in zip(names, settings["chance"], strict=True):
    digits = 3 if name == "pixels" else 1
    glue(f"samples-chance-{name}", f"{value:.{digits}f}", display=False)
glue("samples-sd-pixel", f"{settings['sd'][0]:.3f}", display=False)

# %% [markdown]
# The axis of Figure 4b runs from 20 to 45. At 5,000 images noise alone scores
# {glue:text}`samples-chance-5`. What would features of true score 20 read at each size? Inverting
# {eq}`eq-adjusted` says.

# %% tags=["claim H-088: cannot be settled"]
reads = {m: 99 - (99 - 20) * (m - 1 - 1024) / (m - 1)
         for m in (5_000, 20_000, 50_000)}
for m, value in reads.items():
    print(f"{m:>6} images: a true score of 20 reads {value:.1f}")
glue("samples-shift", f"{reads[5_000] - reads[50_000]:.0f}", display=False)

# %% [markdown]
# The same features on the same task move by {glue:text}`samples-shift`, more than half the figure's
# axis. That does not contradict the paper, which claims something else: that the sample size "does
# not affect the *relationship* between H-score and log-loss". Both may move together. We fit
# softmax regressions until they converge, to the first 10, 20, 30 and 40 features of ten Gaussian
# classes, 1,000 to 15,000 samples, three draws (`python -m tdist.studies run sample_needs`).

# %% mystnb={"figure": {"caption": "Plug-in H-score against log-loss, colours by the number of samples. Left: the loss on the samples that both were computed from. Nearly one curve: the sample size hardly matters, as the paper says. Right: the loss on new samples. The fewer the samples, the higher the score and the higher the loss.", "name": "fig-4b-losses"}, "image": {"alt": "Two scatters of log-loss against plug-in H-score from 0.5 to 2.3, coloured by samples. Left, training loss: all colours on one falling curve. Right, test loss: the colours separate, dots of fewer samples lying to the right of and above those of more."}} tags=["hide-input"]
needs = load("sample_needs")["units"]
fits = pd.DataFrame([{"m": int(key.split("/")[2]), **unit} for key, unit in needs.items()
                     if key.startswith("loss/")])
fig, axes = plt.subplots(1, 2, figsize=(7, 3), sharex=True, sharey=True)
for ax, name in zip(axes, ("train", "test"), strict=True):
    for colour, (m, group) in zip(CYCLE, fits.groupby("m"), strict=False):
        ax.plot(group["h"], group[name], "o", ms=4, color=colour, label=f"{m:,}")
    ax.set(xlabel="plug-in H-score", ylabel=f"{name} log-loss (nats)")
axes[1].legend(title="samples", fontsize=8)
plt.show()

# %% [markdown]
# As a number: how much does the loss change with the logarithm of the sample size, beside a cubic
# in the plug-in score? For these classes, and for the paper's own experiment with the layers of
# EfficientNet-Lite0 on Cifar-100 ({doc}`which_layer`).

# %% tags=["hide-input"]
def size_effect(h, m, loss):
    """Coefficient of ln m beside a cubic in h, and its standard error."""
    z = (h - np.mean(h)) / np.std(h)
    design = np.stack([np.ones(len(h)), z, z**2, z**3, np.log(m)], axis=1)
    found, (rest,) = np.linalg.lstsq(design, loss)[:2]
    return found[-1], np.sqrt(np.linalg.inv(design.T @ design)[-1, -1] * rest / (len(h) - 5))


of_layers = pd.DataFrame([{"m": int(key.split("/")[1]), "h": unit["h"],
                           **{part: unit["paper"][f"{part}_loss"] for part in ("train", "test")}}
                          for key, unit in load("layers")["units"].items() if key.startswith("b/")])

# %% tags=["claim H-087: depends on the measure"]
effect = pd.DataFrame(
    {(name, loss): size_effect(data["h"], data["m"], data[loss].to_numpy())
     for name, data in {"Gaussian classes": fits, "layers": of_layers}.items()
     for loss in ("train", "test")}, index=["per ln m", "error"]).T
effect.round(3)

# %% tags=["hide-input"]
line = effect["per ln m"]
assert abs(line["Gaussian classes", "train"]) < abs(line["Gaussian classes", "test"]) / 5, HERE
assert line["layers", "train"] > 0 > line["layers", "test"], "the stored runs"
for name, glued in (("Gaussian classes", "classes"), ("layers", "layers")):
    for loss in ("train", "test"):
        value, error = effect.loc[(name, loss)]
        glue(f"samples-4b-{glued}-{loss}", f"{value:.3f} ± {error:.3f}", display=False)

# %% [markdown]
# For a regression that has converged the sentence all but holds for the *training* loss
# ({glue:text}`samples-4b-classes-train` nats) and fails for the *test* loss
# ({glue:text}`samples-4b-classes-test`). {doc}`log_loss` says why: its law relates $\hat H$ to the
# loss on the same distribution, here the empirical one. With the paper's 100 epochs on images both
# depend on the size, with opposite signs: {glue:text}`samples-4b-layers-train` and
# {glue:text}`samples-4b-layers-test`.
#
# :::{admonition} Depends on the measure
# :class: erratum depends
# **Printed.** Section 5.1, Figure 4b: "target sample size does not affect the relationship between
# H-score and log-loss", for 5,000 to 50,000 images.
#
# **Decided by.** The change of the loss with $\ln m$ at equal plug-in score, in the table above.
#
# **True.** Of the training loss of a converged regression. Not of the test loss, which is what a
# choice is for. The paper does not say which its figure shows. The score itself does fall as the
# sample grows.
# :::
#
# Table 1 has 48 scores for the six pixel tasks. Here they are beside the chance level.

# %% mystnb={"figure": {"caption": "The 48 printed scores of pixel tasks (grey; in a square: from the task itself) and what noise would score with 2,048 live features and 16 colours (line) or 14 (dashed: the most for which no printed score is below chance).", "name": "fig-pixel-chance"}, "image": {"alt": "Dot plot of printed scores from 1.38 to 2.25 for six target tasks, one row each, with eight grey circles a row and one in a square. A solid vertical line stands at 1.54 with circles on both sides, a dashed one at 1.33 left of all circles."}} tags=["hide-input"]
printed = pd.read_csv(files("tdist") / "data" / "table1.csv").pivot(
    index="target", columns="source", values="h_score")
pixels = printed.loc[[task for task in printed.index if "Class" not in task]]
most = int(pixels.to_numpy().min() * 19_999 / 2048) + 1  # colours
fig, ax = plt.subplots()
for row, task in enumerate(pixels.index):
    ax.plot(pixels.loc[task], np.full(8, row), **printed_style())
    ax.plot(pixels.loc[task, task], row, **printed_style() | {"marker": "s", "markersize": 9})
for colours, style in ((16, "-"), (most, "--")):
    ax.axvline((colours - 1) * 2048 / 19_999, color=COMPUTED, ls=style, label=f"{colours} colours")
ax.set(yticks=range(len(pixels)), yticklabels=pixels.index, xlabel="H-score", ylabel="target task")
ax.invert_yaxis()
ax.legend()
plt.show()

# %% tags=["hide-input"]
def share_of(colours, k, source="Scene Class.", target="Depth"):
    """Adjusted scores of a source and of the target's own features on the target, and the ratio."""
    own, other = ((colours - 1) - ((colours - 1) - pixels.loc[target, name]) * 19_999
                  / (19_999 - k) for name in (target, source))
    return own, other, other / own


# %% tags=["claim H-206: does not hold"]
rows = {}
for colours, k in ((16, 2048), (15, 2048), (most, 2048), (most, 1800), (13, 2048),
                   (12, 2048)):
    chance = (colours - 1) * k / 19_999
    rows[colours, k] = [chance, (pixels < chance).sum().sum(), *share_of(colours, k)]
reading = pd.DataFrame(rows, index=["chance", "cells below it", "depth's own, adjusted",
                                    "from scene, adjusted", "share"]).T
reading.rename_axis(["colours", "live features"]).round(2)

# %% tags=["hide-input"]
low, high = share_of(16, 2048)[2], share_of(most, 1800)[2]
share = pixels.loc["Depth", "Scene Class."] / pixels.loc["Depth", "Depth"]
assert low < high < share and most == 14, "the table as printed"
glue("samples-colours-most", f"{most}", display=False)
glue("samples-below", f"{(pixels < 15 * 2048 / 19_999).sum().sum()}", display=False)
glue("samples-share-printed", f"{100 * share:.0f}%", display=False)
glue("samples-share-low", f"{100 * low:.0f}%".replace("-", "−"), display=False)
glue("samples-share-high", f"{100 * high:.0f}%", display=False)
away = (15 * 2048 / 19_999 - pixels.to_numpy().min()) / settings["sd"][0]
glue("samples-sds-below", f"{away:.0f}", display=False)

# %% [markdown]
# With 16 colours and 2,048 live features {glue:text}`samples-below` of the 48 scores are below
# chance. The lowest is {glue:text}`samples-sds-below` standard deviations of a single pixel below
# it, and each score is a mean over 4,096 pixels: so **at that cell fewer colours occur, or features
# are dead**. The paper does not say how many. With {glue:text}`samples-colours-most` colours on
# average no score is below chance.
#
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Table 1: pixel scores from 1.380 to 2.244. Read as transferability
# {eq}`eq-transferability`, scene features keep {glue:text}`samples-share-printed` of what depth's
# own features have for depth.
#
# **Decided by.** Noise would score {glue:text}`samples-chance-pixels` with 16 colours and 2,048
# live features, less with fewer.
#
# **True.** Most of every pixel score is chance. Without it scene features keep between
# {glue:text}`samples-share-low` and {glue:text}`samples-share-high` of depth's score, as the number
# of colours and live features goes from 16 and 2,048 to {glue:text}`samples-colours-most` and
# 1,800. Ranks within a row do not change if all sources have the same rank $k$.
# :::
#
# Others print scores that cannot be, or that are chance alone: {doc}`published_benchmarks`.
#
# **Change this and run**: what does noise score with your samples, features and classes, what does
# a score of half the bound read, and from how many samples on is chance a tenth?

# %%
SAMPLES, FEATURES, CLASSES = 1_500, 1_280, 10  # ← change this: your three numbers
N, q = SAMPLES - 1, CLASSES - 1
k = min(FEATURES, N)
bound = min(k, q)
print(f"noise scores {k * q / N:.3f} of at most {bound}\n"
      f"a true score of {bound / 2:g} reads {q - (q - bound / 2) * (N - k) / N:.3f}\n"
      f"chance is below 0.1 from {int(10 * FEATURES * q) + 2:,} samples on")

# %% [markdown]
# ## What the page found
#
# A score of 1.5 from 20,000 images, 2,048 features and 16 colours is what noise scores. The plug-in
# estimate is too large by up to $k(|\Y| - 1)/(m - 1)$, and the paper's own figures are of that
# size: for this reason alone the samples of Figure 4b differ by {glue:text}`samples-shift` where
# the true score is 20, and Table 1's pixel scores lie around their chance level. Its sentence on
# Figure 4b is about something else, and true of the training loss of a converged regression.
#
# The adjusted score takes chance out exactly where there is nothing to find. Elsewhere it keeps a
# bias of order $1/m$, low for Gaussian classes (by {glue:text}`samples-bias-few` at two samples a
# feature), of either sign for real layers. An estimate without bias does not exist for Gaussian
# classes; the jackknife has none of order $1/m$, at a price in spread with few samples.
#
# The F test needs normal features and no tiny classes; `permutations=` needs neither.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-samples-t
#
# One feature and two classes. Write $\hat H$ and $\hat H_{\text{adj}}$ by the $t$ of Student's test
# for two means. When is the adjusted score positive?
# :::
#
# ````{solution-start} ex-samples-t
# :class: dropdown
# ````
# The test's $t^2$ is the sum of squares between the classes over that within, times $m - 2$;
# $\hat H$ is the share between. So $\hat H = t^2 / (t^2 + m - 2)$, and by {eq}`eq-adjusted` with
# $k = 1$
#
# $$
# \hat H_{\text{adj}} = 1 - \frac{m - 2}{t^2 + m - 2} \cdot \frac{m - 1}{m - 2}
# = \frac{t^2 - 1}{t^2 + m - 2} :
# $$
#
# positive where $|t| > 1$, far from significant. The p values of the two tests are one.

# %%
y, rows = species[species > 0], {}
for name, x in zip(("sepal length", "sepal width"), iris[species > 0].T, strict=False):
    test, found, m = ttest_ind(x[y == 1], x[y == 2]), h_score(x[:, None], y), len(x)
    square = test.statistic**2
    formula = np.array([square, square - 1]) / (square + m - 2)
    rows[name] = [test.statistic, found.statistic, found.adjusted, found.pvalue]
    assert np.allclose(rows[name][1:], [*formula, test.pvalue], rtol=1e-9), \
        "for any feature and two classes"
pd.DataFrame(rows, index=["t", "H", "adjusted", "p"]).T.round(4)

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-samples-column
#
# Add one column of Gaussian noise to $k$ features. By how much do $\hat H$ and
# $\hat H_{\text{adj}}$ rise on average, if $m - 1 > k + 1$?
# :::
#
# ````{solution-start} ex-samples-column
# :class: dropdown
# ````
# What the features leave of the label's functions has the squared length $q - \hat H$ in all, $q =
# |\Y| - 1$, and lies in the $m - 1 - k$ dimensions that are orthogonal to $\mathbf 1$ and to them.
# There the new column has a uniform direction, which finds a share $1/(m - 1 - k)$ of it on
# average. So $\hat H$ rises by $(q - \hat H)/(m - 1 - k)$, and $q - \hat H$ is multiplied by
# $(m - 2 - k)/(m - 1 - k)$, which is just what {eq}`eq-adjusted` undoes: the adjusted score does
# not rise at all on average, **whatever the features know**.

# %%
x, y = iris[::10], species[::10]
before, local = h_score(x, y), np.random.default_rng(0)
after = [h_score(np.c_[x, local.standard_normal(len(x))], y) for _ in range(600)]
rises = np.array([[a.statistic - before.statistic, a.adjusted - before.adjusted]
                  for a in after])
formula = [(2 - before.statistic) / (len(x) - 1 - 4), 0]
error = rises.std(0) / np.sqrt(len(rises))
print(f"H rises by {rises.mean(0)[0]:.4f} +- {error[0]:.4f}, formula {formula[0]:.4f}; "
      f"adjusted by {rises.mean(0)[1]:.4f} +- {error[1]:.4f}")
assert (abs(rises.mean(0) - formula) < 4 * error).all(), "the means are exact"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-samples-best
#
# Twenty layers know nothing, 300 samples of 100 features and ten classes each. The best of their
# adjusted scores is not 0 on average. About how large is it?
# :::
#
# ````{solution-start} ex-samples-best
# :class: dropdown
# ````
# By {eq}`eq-adjusted` the adjusted score has $\frac{m - 1}{m - 1 - k}$ times the standard deviation
# of {eq}`eq-chance`, 0.17 here, and the largest of twenty independent normal numbers lies 1.87
# standard deviations above their mean: 0.32. The best of many is a choice: to hold for it, a p
# value has to be multiplied by the number of layers.

# %%
m, k = noise.shape
adjusted = 9 - (9 - shuffled) * (m - 1) / (m - 1 - k)
best = adjusted.reshape(-1, 20).max(1)  # 25 times twenty
formula = 1.867 * np.sqrt(2 * k * 9 * (1 - k / m)) / m * (m - 1) / (m - 1 - k)
error = best.std() / np.sqrt(len(best))
print(f"best of twenty: {best.mean():.3f} +- {error:.3f}, formula {formula:.3f}")
assert abs(best.mean() - formula) < 4 * error, "if the scores are about normal"

# %% [markdown]
# ````{solution-end}
# ````
