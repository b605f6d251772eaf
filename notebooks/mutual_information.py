# %% [markdown]
# # Mutual information
#
# **Question.** The H-score and the mutual information both say how much $X$ tells about $Y$. How
# are they related, and does one bound the other?
#
# For weak dependence they are the same thing up to a factor of two. Away from that they part, in
# either direction: the printed inequality $H \le 2I$ is false, even for the weakest dependence.
# This page shows by how much, and what can be proved in its place.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.optimize import brentq
from scipy.special import xlog1py

from tdist import Joint
from tdist.joint import directions, perturb
from tdist.plots import COMPUTED, OTHER, PRINTED, WRONG, orders, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Half the squared length
#
# Both quantities are averages over the **density ratio**
# $r(x, y) = P_{YX}(y, x) / (P_Y(y) P_X(x))$, which is 1 everywhere if $X$ and $Y$ are independent.
# Write $\delta = r - 1$, and $\E_\otimes$ for the mean over independent $x \sim P_X$ and
# $y \sim P_Y$. Then
#
# $$
# \lVert \Bt \rVert_F^2 = \E_\otimes[\delta^2], \qquad
# I(X; Y) = \E_\otimes[\varphi(r)] \quad\text{with}\quad \varphi(r) = r \ln r - r + 1 ,
# $$ (eq-information-ratio)
#
# where the terms $-r + 1$ change nothing, because $\E_\otimes[r] = 1$.
#
# :::{prf:proposition} Mutual information and the DTM
# :label: prop-mutual-information
#
# If every $P_{X|Y=y}$ lies in the $\epsilon$-ball {eq}`eq-neighbourhood` around $P_X$, then, in
# nats,
#
# $$
# I(X; Y) = \tfrac12 \lVert \Bt \rVert_F^2 - \tfrac16 \E_\otimes[\delta^3] + O(\epsilon^4)
#         = \tfrac12 \lVert \Bt \rVert_F^2 + O(\epsilon^3) .
# $$ (eq-mutual-information)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# $\varphi(1 + \delta) = \tfrac12 \delta^2 - \tfrac16 \delta^3 + O(\delta^4)$. In the ball,
# $\delta(x, y) = \epsilon\,\phi_y(x) / \sqrt{P_X(x)}$ with $\lVert \phi_y \rVert \le 1$, so
# $\delta = O(\epsilon)$. Insert this in {eq}`eq-information-ratio`.
# :::
# ::::
#
# This is Proposition 1 of {cite:t}`hscore2019`. We build a family of tasks with three labels around
# one marginal, and one with two balanced labels, where $\delta(x, 0) = -\delta(x, 1)$ makes the
# third moment vanish.

# %%
p0 = np.random.default_rng(3).dirichlet(np.full(5, 5.0))
py = np.array([0.5, 0.3, 0.2])
two = directions(p0, 2, seed=3)
three = np.vstack([two, -(py[:2] / py[2]) @ two])  # the mean over y must be P_X itself
three /= np.linalg.norm(three, axis=1).max()
families = {"three labels": (py, three),
            "two balanced labels": (np.full(2, 0.5), two[0] * [[1], [-1]])}

# %%
def gap(task):
    """I - |B|^2 / 2, in nats."""
    return task.mutual_information() - np.sum(task.dtm**2) / 2


epsilon = 2.0 ** -np.arange(3, 10)
tasks = {name: [Joint.from_conditionals(p, perturb(p0, phi, e)) for e in epsilon]
         for name, (p, phi) in families.items()}
errors = {name: np.abs([gap(task) for task in family]) for name, family in tasks.items()}
for name, error in errors.items():
    print(f"{name}: slopes", (np.diff(np.log(error)) / np.diff(np.log(epsilon))).round(3))

# %% mystnb={"figure": {"caption": "Distance between the mutual information and half the squared length of the DTM: order three in general, order four when the third moment of the density ratio vanishes.", "name": "fig-information-order"}} tags=["hide-input"]
fig, ax = plt.subplots()
orders(ax, epsilon, errors, power=3)
ax.loglog(epsilon, errors["two balanced labels"][0] * 2 * (epsilon / epsilon[0]) ** 4, ":",
          color=PRINTED, lw=1, label="slope 4")
ax.legend()
plt.show()

# %% tags=["hide-input"]
slopes = [np.diff(np.log(error))[-1] / np.log(0.5) for error in errors.values()]
assert abs(slopes[0] - 3) < 0.02 and abs(slopes[1] - 4) < 0.02
last = tasks["three labels"][-1]
delta = last.P / np.outer(last.py, last.px) - 1
third = -np.sum(np.outer(last.py, last.px) * delta**3) / 6
glue("mi-third", f"{gap(last) / third:.3f}", display=False)
assert abs(gap(last) / third - 1) < 0.01

# %% [markdown]
# The slopes are 3 and 4. At the smallest $\epsilon$ of the first family the gap is
# {glue:text}`mi-third` times the third term of {eq}`eq-mutual-information`. Keep that term in mind:
# its sign is free.
#
# The proof in the paper goes through a matrix $\Phi$ of the vectors $\phi_y$, and loses an
# $\epsilon$ and a vector of ones on the way.

# %%
Phi = three.T  # (|X|, |Y|), one information vector a label
task, e = tasks["three labels"][0], epsilon[0]
centred = (task.P / task.py[:, None]).T - np.outer(task.px, np.ones(3))  # P_{X|Y} - P_X 1^T
assert np.allclose(task.dtm.T, e * Phi * np.sqrt(task.py), atol=1e-14)
assert np.allclose(task.dtm.T, centred / np.sqrt(task.px)[:, None] * np.sqrt(task.py), atol=1e-14)
ratio = np.linalg.norm(task.dtm) / np.linalg.norm(Phi * np.sqrt(task.py))
print(f"|B| / |Phi sqrt(P_Y)| = {ratio:.4f}, epsilon = {e}")

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Appendix F:
# $\Phi_{X|Y} [\sqrt{P_Y}] = [\sqrt{P_X}]^{-1} (P_{XY} - P_X) [\sqrt{P_Y}] = \Bt^\top$.
#
# **Decided by.** The cell above.
#
# **True.**
# $\epsilon\, \Phi_{X|Y} [\sqrt{P_Y}]
# = [\sqrt{P_X}]^{-1} (P_{X|Y} - P_X \mathbf 1^\top) [\sqrt{P_Y}] = \Bt^\top$: a conditional, not
# a joint; a vector of ones; and $\epsilon$, since $\phi$ carries $1/\epsilon$.
# :::
#
# ## Figure 3 again
#
# The largest H-score of $k$ features is $\sum_{i \le k} \sigma_i^2$, which grows with $k$ to
# $\lVert \Bt \rVert_F^2$ and so towards $2I$. The paper draws this for a task with six labels. We
# take twenty such tasks with $|\X| = 8$, all from one recipe, a product distribution tilted at
# random, and draw the two where $H - 2I$ is smallest and largest.

# %%
def tilted(strength, size, rng):
    """Random joints with six labels and eight symbols, (size, 6, 8); strength 0 is independence."""
    py, px = (rng.dirichlet(np.full(n, 5.0), size) for n in (6, 8))
    product = py[:, :, None] * px[:, None, :]
    P = product * np.exp(strength * rng.standard_normal((size, 6, 8)))
    return P / P.sum((1, 2), keepdims=True)


drawn = [Joint(P) for P in tilted(0.5, 20, np.random.default_rng(1))]
excess = [np.sum(task.dtm**2) - 2 * task.mutual_information() for task in drawn]
pair = [drawn[np.argmin(excess)], drawn[np.argmax(excess)]]
curves = []
for task in pair:
    features = np.linalg.svd(task.dtm)[2].T / np.sqrt(task.px)[:, None]
    curves.append([task.h_score(features[:, :k]) for k in range(1, 7)])
    print("H(1..6)", np.round(curves[-1], 4), " 2I", round(2 * task.mutual_information(), 4))

# %% mystnb={"figure": {"caption": "Figure 3 of the H-score paper, recomputed on two tasks with six labels. The H-score of the best k features is constant from k = 5 on (dotted), not from 6. On the left it stays below 2I, as printed; on the right it does not.", "name": "fig-saturation"}} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7, 2.9))
for ax, task, curve in zip(axes, pair, curves, strict=True):
    ax.plot(range(1, 7), curve, "o-", color=COMPUTED, label="H-score of the best k features")
    ax.axhline(2 * task.mutual_information(), color=OTHER, ls="--", label="$2I(X; Y)$")
    ax.axvline(5, color="black", lw=0.8, ls=":")
    ax.set(xlabel="number of features $k$", xticks=range(1, 7),
           ylim=(0, 1.15 * max(*curve, 2 * task.mutual_information())))
axes[0].set_ylabel("H-score and $2I$ (nats)")
axes[0].legend(loc="lower right")
plt.show()

# %%
for task, curve in zip(pair, curves, strict=True):
    print(f"rank of the joint matrix {np.linalg.matrix_rank(task.P)}, "
          f"rank of its DTM {np.linalg.matrix_rank(task.dtm, tol=1e-12)}")
    assert abs(curve[5] - curve[4]) < 1e-12 and task.singular_values[5] < 1e-12
    assert np.allclose(curve[:5], np.cumsum(task.singular_values**2)[:5], rtol=1e-10)
assert curves[0][5] < 2 * pair[0].mutual_information()
assert curves[1][5] > 2 * pair[1].mutual_information()

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 4.3: the H-score "reaches the upper bound when $k \ge 6$, since the rank of
# the joint probability between $X$ and $Y_T$, as well as the rank of its DTM is 6".
#
# **Decided by.** $|H(6) - H(5)| < 10^{-12}$ and $\sigma_6 < 10^{-12}$ in both tasks; the ranks
# printed above.
#
# **True.** The joint matrix has rank 6, its DTM rank 5 ({prf:ref}`thm-dtm`): the bound is reached
# at $k = |\Y| - 1 = 5$.
# :::
#
# ## Is $H \le 2I$?
#
# The paper says that $H(f) \le 2 I(X; Y)$ for every feature, and, of Figure 3, "as expected, the
# H-score values are below $2I$". On the right of {numref}`fig-saturation` they are not. Here are
# three tasks that can be checked by hand.

# %%
def channel(t):
    """Three equally likely labels, P(y|x) = (1 + 2t)/3 if y = x and (1 - t)/3 otherwise."""
    return Joint((1 - t + 3 * t * np.eye(3)) / 9)


examples = {"Y = X, Bernoulli(0.1)": Joint(np.diag([0.9, 0.1])),
            "Y = X, uniform on 4": Joint(np.eye(4) / 4),
            "3 x 3 channel, t = 0.1": channel(0.1), "3 x 3 channel, t = 0.01": channel(0.01)}
table = pd.DataFrame({name: {"largest H": np.sum(j.dtm**2), "2I": 2 * j.mutual_information()}
                      for name, j in examples.items()}).T
assert np.allclose(table["largest H"], [1, 3, 0.02, 0.0002])
assert (table["largest H"] > table["2I"]).all()
assert np.allclose(table["2I"][:3], [0.650, 2.7726, 0.0194246], rtol=3e-4)
table.map("{:.7f}".format)

# %% [markdown]
# In the first, $H = 1$ and $2I$ is twice the entropy of a coin with bias 0.1. The inequality fails
# for every coin whose entropy is below half a nat:

# %%
def entropy(p):
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


limit = brentq(lambda p: 2 * entropy(p) - 1, 0.01, 0.49)
print(f"H > 2I for Y = X ~ Bernoulli(p) with p < {limit:.5f}")
assert abs(limit - 0.19971) < 1e-5

# %% [markdown]
# These are strong dependences. The channel shows that weakness is no help: as $t \to 0$ it enters
# every $\epsilon$-ball, and
# $H - 2I = \tfrac13 \E_\otimes[\delta^3] + O(t^4) = \tfrac23 t^3 + O(t^4)$ stays positive.

# %%
for t in (0.1, 0.01, 0.001):
    task = channel(t)
    excess = np.sum(task.dtm**2) - 2 * task.mutual_information()
    print(f"t = {t:<5}: (H - 2I) / t^3 = {excess / t**3:.3f}")
assert excess > 0 and abs(excess / t**3 - 2 / 3) < 2e-3

# %% [markdown]
# How often does it fail? We draw 1,000 tasks with six labels at each of several strengths.

# %%
def summary(P):
    """Squared length of the DTM, mutual information and largest density ratio of each joint
    (..., |Y|, |X|)."""
    product = P.sum(-1, keepdims=True) * P.sum(-2, keepdims=True)
    delta = (P - product) / product
    # the second is phi(r), without its loss of digits near r = 1
    terms = delta**2, xlog1py(1 + delta, delta) - delta
    return *((product * term).sum((-2, -1)) for term in terms), 1 + delta.max((-2, -1))


inertia, information, _ = summary(pair[1].P)  # the fast formula is the definition
assert np.isclose(inertia, np.sum(pair[1].dtm ** 2))
assert np.isclose(information, pair[1].mutual_information())
strengths = np.array([0.03, 0.1, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5])
draws = [summary(tilted(s, 1000, rng)) for s in strengths]
share = np.array([np.mean(inertia > 2 * information) for inertia, information, _ in draws])
nats = np.array([information.mean() for _, information, _ in draws])
pd.DataFrame({"mean I (nats)": nats.round(4), "share with H > 2I": share.round(2)},
             index=pd.Index(strengths, name="strength"))

# %% mystnb={"figure": {"caption": "Share of random six-label tasks whose largest H-score exceeds 2I. For weak dependence it is a coin toss, the sign of the third moment; for strong dependence it is nearly certain.", "name": "fig-share"}} tags=["hide-input"]
fig, ax = plt.subplots()
ax.semilogx(nats, 100 * share, "o-", color=WRONG)
ax.axhline(50, color="black", lw=0.8, ls=":")
ax.set(xlabel="mean mutual information (nats)", ylabel="tasks with $H > 2I$ (percent)",
       ylim=(0, 103))
plt.show()

# %% tags=["hide-input"]
assert abs(share[0] - 0.5) < 0.06 and share.max() > 0.94
glue("mi-share-weak", f"{share[0]:.0%}", display=False)
glue("mi-share-strong", f"{share.max():.0%}", display=False)

# %% [markdown]
# The share rises from {glue:text}`mi-share-weak` to {glue:text}`mi-share-strong`. Under weak
# dependence, which the paper assumes, that its one task lies below $2I$ says no more than one toss
# of a coin.
#
# ## What is true
#
# :::{prf:proposition} H-score and mutual information
# :label: prop-information-bounds
#
# Let $M$ be the largest density ratio and
# $\kappa(M) = \varphi(M) / (M - 1)^2 = (M \ln M - M + 1) / (M - 1)^2$, which falls from $\tfrac12$
# at $M = 1$ to 0. For every feature $f$:
#
# 1. if $Y$ (or $X$) takes two values, each with probability $\tfrac12$, then $H(f) \le 2 I(X; Y)$;
# 2. always
#
# $$
# H(f) \le \lVert \Bt \rVert_F^2 \le \frac{I(X; Y)}{\kappa(M)} ;
# $$ (eq-information-bound)
#
# 3. in the $\epsilon$-ball, $\bigl| \lVert \Bt \rVert_F^2 - 2 I(X; Y) \bigr| = O(\epsilon^3)$, so
#    $H(f) \le 2I(X; Y) + O(\epsilon^3)$, with equality up to that order for all $K - 1$ modes.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# $H(f) \le \lVert \Bt \rVert_F^2$ is {prf:ref}`cor-bound`; the rest compares
# $\lVert \Bt \rVert_F^2$ with $I$.
#
# *1.* The two ratios at a symbol $x$ average to 1, so they are $1 \pm d(x)$ with $|d| \le 1$. By
# {eq}`eq-information-ratio`,
#
# $$
# \begin{aligned}
# I &= \E\bigl[\tfrac12 \varphi(1 + d) + \tfrac12 \varphi(1 - d)\bigr]
# = \E\Bigl[\sum_{n \ge 1} \frac{d^{2n}}{2n (2n - 1)}\Bigr] \\
# &\ge \tfrac12 \E[d^2] = \tfrac12 \lVert \Bt \rVert_F^2 :
# \end{aligned}
# $$
#
# the series is even, and no term is negative.
#
# *2.* Taylor's formula with the integral remainder, and $\varphi''(r) = 1/r$, give
# $\varphi(r) / (r - 1)^2 = \int_0^1 \frac{1 - s}{1 + s (r - 1)}\, ds$. The integrand falls with
# $r$, so the quotient is at least $\kappa(M)$ for all $r \le M$. Multiply by $(r - 1)^2$ and take
# $\E_\otimes$.
#
# *3.* {prf:ref}`prop-mutual-information`.
# :::
# ::::
#
# Twenty thousand random tasks for each of the first two claims, of sizes from 2 x 2 to 6 x 8 and
# from nearly uniform to nearly deterministic. We print the smallest value of the right side divided
# by the left: it must not be below 1.

# %%
def random_joints(size, rows, columns):
    """Random joints (size, rows, columns) of very different strengths."""
    weights = rng.standard_gamma(np.exp(rng.uniform(-2, 4, (size, 1, 1))),
                                 (size, rows, columns)) + 1e-300
    return weights / weights.sum((1, 2), keepdims=True)


def balance(P):
    """The same P(y|x)-like weights, scaled so that two labels have probability 1/2 each."""
    return P / P.sum(-1, keepdims=True) / 2


balanced = [summary(balance(random_joints(2500, 2, columns))) for columns in range(2, 10)]
general = [summary(random_joints(2500, *shape))
           for shape in [(2, 2), (2, 5), (3, 3), (3, 8), (4, 4), (5, 7), (6, 6), (6, 8)]]
first = min((2 * i / h).min() for h, i, _ in balanced)
second = min((i / ((m * np.log(m) - m + 1) / (m - 1) ** 2) / h).min() for h, i, m in general)
print(f"1: smallest 2I / |B|^2 = {first:.6f}   2: smallest (I / kappa) / |B|^2 = {second:.6f}")
assert first > 1 - 1e-9 and second > 1 - 1e-9

# %% mystnb={"figure": {"caption": "Ratio of the largest possible H-score to 2I in 20,000 random tasks (dots), against the largest density ratio M, up to 60. The printed claim is the dashed line; the proven bound 1/(2 kappa(M)) is the solid one.", "name": "fig-kappa"}} tags=["hide-input"]
fig, ax = plt.subplots()
for h, i, m in general:
    ax.plot(m, h / (2 * i), ".", color=COMPUTED, ms=1.5, alpha=0.4, rasterized=True)
m = np.geomspace(1.01, 60, 200)
ax.plot(m, (m - 1) ** 2 / (m * np.log(m) - m + 1) / 2, color="black", label=r"$1 / (2\kappa(M))$")
ax.axhline(1, color=PRINTED, ls="--", label="printed bound")
ax.set(xscale="log", xlim=(1, 60), ylim=(0.5, 4), xlabel="largest density ratio $M$",
       ylabel=r"$\|\tilde B\|_F^2 \,/\, 2I$")
ax.legend(loc="upper left")
plt.show()

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 4.3: $H(f) \le 2I(X; Y)$ for any zero-mean features under the local
# assumption, "with a gap due to the constant $o(\epsilon^2)$".
#
# **Decided by.** The $3 \times 3$ channel: $H = 0.0200000 > 2I = 0.0194246$ at $t = 0.1$, and
# $H - 2I = \tfrac23 t^3 + O(t^4) > 0$ for all small $t$.
#
# **True.** {prf:ref}`prop-information-bounds`. The remainder of order $\epsilon^3$ has either sign.
# :::
#
# In the other direction there is a bound without any condition. By Jensen's inequality
# $I = \E[\ln r] \le \ln \E[r] = \ln(1 + \lVert \Bt \rVert_F^2)$, the means being over the true
# joint: the best H-score is at least $e^I - 1 \ge I$.

# %%
slack = min((np.log1p(h) / i).min() for h, i, _ in general)
print(f"smallest ln(1 + |B|^2) / I = {slack:.4f}")
assert slack > 1 - 1e-9

# %% [markdown]
# ## What the page found
#
# For weak dependence the best H-score is twice the mutual information, up to a term of third order
# whose sign is free. It saturates at $|\Y| - 1$ features. As an inequality $H \le 2I$ holds for two
# balanced labels and not in general; the bound that always holds is $H \le I / \kappa(M)$, and the
# best H-score is never below $I$. So the two agree on which task is nearly independent, and may
# order strongly dependent tasks differently: the copy of a Bernoulli(0.1) bit has $H = 1$ and
# $I = 0.33$ nats, and every balanced binary task with $H = 0.9$ has $I \ge 0.45$.
