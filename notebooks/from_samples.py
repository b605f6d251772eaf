# %% [markdown]
# # From samples
#
# **Question.** Twenty thousand images, 2,048 features and sixteen colours gave a score of 1.5. Is
# that a lot?
#
# **Answer.** It is nothing: pure noise scores {glue:text}`samples-chance-pixels` in that setting,
# as a proposition says for every setting ({prf:ref}`prop-chance`). The
# {term}`adjusted score <adjusted H-score>` takes chance out, and is off by order $1/m$ where
# there is something to find ({numref}`fig-adjusted`).
#
# This page says what noise scores, how to take it out and how well that works, and when a score is
# significant. The paper uses the plug-in estimate throughout and mentions none of this.
# {doc}`paper_sizes` says what is left of its own scores; {doc}`few_samples` goes on from here.

# %% tags=["hide-input"]
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
from tdist.plots import CYCLE, use_book_style
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
glue("samples-chance-pixels", f"{15 * 2048 / 19_999:.3f}", display=False)  # eq-chance
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
# $\cov(f) = I + M$, and the {term}`H-score` of the distribution itself is $\tr((I + M)^{-1} M)$. We
# scale the means until it is what we want, and draw 1,000 times for each number of samples. These
# runs are stored (`python -m tdist.studies run estimates`).

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
# taken out by the **{term}`jackknife`**
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
# out, but for a part at two samples a feature. On real layers the adjusted score is off by
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
# iris and wine. Deep learning found the trace again: the **{term}`variability collapse index`** of
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
# How much of the paper's own scores is chance, {doc}`paper_sizes` counts. Others print scores that
# cannot be, or that are chance alone: {doc}`published_benchmarks`.
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
# estimate, which the paper uses throughout, is too large by up to $k(|\Y| - 1)/(m - 1)$.
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
