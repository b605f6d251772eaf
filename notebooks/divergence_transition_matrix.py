# %% [markdown]
# # The divergence transition matrix
#
# **Question.** A forester hears a bird and guesses the species. The call $X$ and the species $Y$
# are related by a table of probabilities. Which functions of the call say most about the species,
# and how much do they say?
#
# **Answer.** The singular vectors of the {term}`divergence transition matrix`; how well each goes
# together with the species is its singular value, at most 1 ({prf:ref}`thm-hgr`). For the birds
# they are "whistle or chip" and "chip or trill" ({numref}`fig-correspondence`).
#
# This page defines the matrix, proves what its singular values must be, and reads off the best
# functions. The H-score of later pages is a length measured in this matrix.

# %% tags=["hide-input"]
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import entr
from scipy.stats import chi2, chi2_contingency

from tdist import Joint
from tdist.hgr import whiten
from tdist.plots import COMPUTED, OTHER, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Sixty birds
#
# This is what the forester wrote down: sixty meetings, the species seen and the kind of call heard.
# We take the relative frequencies as the true probabilities. The example goes with us through the
# theory; to try another, change this cell.

# %% tags=["claim H-012: holds"]
counts = pd.DataFrame([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]],
                      index=["thrush", "warbler", "finch"],
                      columns=["whistle", "trill", "buzz", "chip"])
P = counts.to_numpy() / counts.to_numpy().sum()
joint = Joint(P)
counts

# %% [markdown]
# Three words first. A **task** is a triple $T = (X, Y, P_{YX})$: an input, a label, and their joint
# distribution. Where two tasks meet, $S$ is the source and $T$ the target. A **feature** is a
# function $f$ of the input with $k$ numbers as values; on a finite alphabet $\X$ it is a
# $|\X| \times k$ matrix, one row a symbol. The pitch of the call is a feature with $k = 1$.
#
# ## A matrix that you can see
#
# Write $P_{YX}$ for the $|\Y| \times |\X|$ matrix of joint probabilities, $P_Y$ and $P_X$ for its
# marginals, and $[\sqrt{P}]$ for the diagonal matrix of the entries of $\sqrt P$.
#
# :::{prf:definition} Divergence transition matrix
# :label: def-dtm
#
# The **divergence transition matrix** (DTM) of $P_{YX}$ with positive marginals is
#
# $$
# \Bt = [\sqrt{P_Y}]^{-1}\, P_{YX}\, [\sqrt{P_X}]^{-1} - \sqrt{P_Y}\sqrt{P_X}^{\top} .
# $$ (eq-dtm)
# :::
#
# This is Definition 1 of {cite:t}`hscore2019`, after {cite:t}`makur2015`. Each entry says how far
# the pair $(y, x)$ is from independence, in units of the geometric mean of the two marginals.

# %% mystnb={"figure": {"caption": "The forester's table and its divergence transition matrix. Orange: the pair occurs more often than independence would have it; purple: less often. Thrushes whistle and finches chip.", "name": "fig-dtm"}, "image": {"alt": "Two tables of three species by four calls. Left: the counts, from 2 to 10, darkest for thrush and whistle. Right: the divergence transition matrix, from -0.17 to 0.29; strongest orange for thrush and whistle and for finch and chip, strongest purple for warbler and whistle."}} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7, 2.7), sharey=True)
most = np.abs(joint.dtm).max()
panels = (("counts", counts.to_numpy(), "Blues", 0, 2 * counts.to_numpy().max()),
          (r"$\tilde{B}$", joint.dtm, "PuOr_r", -1.5 * most, 1.5 * most))
for ax, (name, values, colours, low, high) in zip(axes, panels, strict=True):
    ax.imshow(values, cmap=colours, vmin=low, vmax=high, aspect="auto")
    for (y, x), value in np.ndenumerate(values):
        ax.text(x, y, f"{value:.2f}" if name != "counts" else value, ha="center", va="center")
    ax.set_xticks(range(values.shape[1]), counts.columns)
    ax.set_yticks(range(values.shape[0]), counts.index)
    ax.set_xlabel(f"call ({name})")
    ax.grid(False)
axes[0].set_ylabel("species")
plt.show()

# %% [markdown]
# `Joint` computes {eq}`eq-dtm`. Here is the definition written out entry by entry, as a second
# opinion.

# %% tags=["claim H-019: holds"]
by_hand = np.empty_like(P)
for y, x in np.ndindex(P.shape):
    py, px = P[y].sum(), P[:, x].sum()
    by_hand[y, x] = P[y, x] / np.sqrt(py * px) - np.sqrt(py * px)
assert np.abs(by_hand - joint.dtm).max() < 1e-14, (
    "the definition and Joint.dtm differ: is every species and call met at least once?")

# %% [markdown]
# ## What the singular values must be
#
# :::{prf:theorem} Singular values of the DTM (exact)
# :label: thm-dtm
#
# Let $K = \min(|\X|, |\Y|)$ and let the marginals be positive. The singular values of $\Bt$ satisfy
#
# $$
# 1 \ge \sigma_1 \ge \dots \ge \sigma_K = 0 ,
# $$ (eq-sigma)
#
# and $\Bt \sqrt{P_X} = 0$, $\sqrt{P_Y}^{\top} \Bt = 0$. Before the subtraction in {eq}`eq-dtm` the
# largest singular value is exactly 1, with the singular vectors $\sqrt{P_Y}$ and $\sqrt{P_X}$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Let $A = [\sqrt{P_Y}]^{-1} P_{YX} [\sqrt{P_X}]^{-1}$. For a function $f$ of $X$ put
# $\xi = \sqrt{P_X} f$; then $(A\xi)(y) = \sqrt{P_Y(y)}\, \E[f(X) \mid Y = y]$, so
# $\lVert A\xi \rVert^2 = \E\bigl[\E[f \mid Y]^2\bigr] \le \E[f^2] = \lVert \xi \rVert^2$ by
# Jensen's inequality: no singular value exceeds 1. The constant $f = 1$ attains 1, with
# $A\sqrt{P_X} = \sqrt{P_Y}$, and in the same way $A^\top \sqrt{P_Y} = \sqrt{P_X}$: the two unit
# vectors are a pair of singular vectors for the singular value 1. Subtracting
# $\sqrt{P_Y}\sqrt{P_X}^\top$ replaces this value by 0 and leaves the others.
# :::
# ::::
#
# We measure how far a joint is from each claim,

# %%
def violations(j):
    lifted = np.linalg.svd(j.dtm + np.sqrt(np.outer(j.py, j.px)), compute_uv=False)
    return {"a value above 1": j.singular_values[0] - 1,
            "last value": j.singular_values[-1],
            "B sqrt(Px)": np.abs(j.dtm @ np.sqrt(j.px)).max(),
            "sqrt(Py) B": np.abs(np.sqrt(j.py) @ j.dtm).max(),
            "un-subtracted first value - 1": abs(lifted[0] - 1)}

# %% [markdown]
# and take the worst of 2,000 random joints of random sizes.

# %% tags=["claim H-020: holds", "claim H-158: holds when corrected"]
def random_joint():
    rows, columns = rng.integers(2, 9, size=2)
    return Joint(rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns))


worst = pd.DataFrame([violations(random_joint()) for _ in range(2000)]).max()
for claim, value in worst.items():
    assert value < 1e-12, f"a random joint violates the theorem: {claim} is {value:.1e}"
    print(f"{claim:>30}: below 1e-12")

# %% [markdown]
# Every violation is rounding. So $\Bt$ has **rank at most $K - 1$**, one less than the smaller
# alphabet. For the birds this is the number of species less one:

# %% tags=["claim H-024: holds when corrected"]
sigma = joint.singular_values
assert sigma[-1] < 1e-12, "the last singular value is zero for every joint"
print("singular values:", (sigma + 0.0).round(4))

# %% [markdown]
# ## Modes: the functions behind the singular vectors
#
# :::{prf:definition} Modes
# :label: def-modes
#
# With $\phi_i$ and $\psi_i$ the right and left singular vectors of $\Bt$, orthogonal to
# $\sqrt{P_X}$ and $\sqrt{P_Y}$ (where $\sigma_i > 0$ they cannot be otherwise), the **modes** are
#
# $$
# f_i^*(x) = \frac{\phi_i(x)}{\sqrt{P_X(x)}},
# \qquad g_i^*(y) = \frac{\psi_i(y)}{\sqrt{P_Y(y)}}, \qquad i = 1, \dots, K - 1 .
# $$ (eq-modes)
# :::
#
# A mode gives a number to each call and a number to each species.

# %%
modes = joint.modes()
f, g = modes.f, modes.g
order = [f"mode {i + 1}" for i in range(f.shape[1])]
pd.concat({"call": pd.DataFrame(f, counts.columns, order),
           "species": pd.DataFrame(g, counts.index, order)}).round(2)

# %% [markdown]
# Read aloud: the first mode sets whistles against chips and buzzes, and thrushes against finches,
# with the warblers between them. The second sets chips against trills, and finches against
# warblers.
#
# Numbers of calls and numbers of species are tied together. The number of a species, times the
# singular value, is the mean of the numbers of its calls.
#
# :::{prf:lemma} A label lies at the mean of its symbols (exact)
# :label: lem-mean-of-symbols
#
# For $i \le K - 1$,
#
# $$
# \begin{aligned}
# \sigma_i\, g_i^*(y) &= \E[f_i^*(X) \mid Y = y] , \\
# \sigma_i\, f_i^*(x) &= \E[g_i^*(Y) \mid X = x] .
# \end{aligned}
# $$ (eq-mean-of-symbols)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# $\sigma_i \psi_i = \Bt \phi_i = A \phi_i$, because $\phi_i$ is orthogonal to $\sqrt{P_X}$; by the
# proof of {prf:ref}`thm-dtm` its entries are $\sqrt{P_Y(y)}\, \E[f_i^* \mid Y = y]$. Divide by
# $\sqrt{P_Y(y)}$. The second identity is the first for $P_{YX}^\top$.
# :::
# ::::

# %% tags=["claim H-021: holds", "claim H-025: holds when corrected"]
sigma = modes.correlations
means = joint.conditional_mean(f)  # E[f | Y], one row a species
assert np.abs(sigma * g - means).max() < 1e-12, \
    "sigma g and E[f | Y] agree for every joint"
assert np.abs(sigma * f - Joint(P.T).conditional_mean(g)).max() < 1e-12, \
    "sigma f and E[g | X] agree for every joint"
moments = {"mean": joint.px @ f, "cross": f.T @ P.T @ g - np.diag(sigma),
           "covariance": f.T * joint.px @ f - np.eye(len(sigma))}
assert max(np.abs(part).max() for part in moments.values()) < 1e-12, \
    "modes have mean 0, covariance I, cross-covariance diag(sigma), for every joint"

# %% [markdown]
# The cell also checks the normalisation: every mode has mean 0 and variance 1, two
# {term}`modes <mode>` are **uncorrelated**, and $\E[f_i^* g_j^*]$ is $\sigma_i$ if $i = j$ and 0
# otherwise. Uncorrelated is not independent: here the first mode has another value for each call,
# so it tells the call, and with it the second mode.
#
# ## The modes are the best functions
#
# **Maximal correlation** {cite:p}`hirschfeld1935,renyi1959` asks for the $k$ functions of $X$ and
# the $k$ functions of $Y$ that go together best:
#
# $$
# \begin{gathered}
# \rho_k(X; Y) = \max \; \E\bigl[f(X)^\top g(Y)\bigr] \\
# \text{over} \quad \E f = \E g = 0,\; \E[f f^\top] = \E[g g^\top] = I_k .
# \end{gathered}
# $$ (eq-hgr)
#
# No more than $K - 1$ uncorrelated functions of mean zero exist on the smaller alphabet, so
# $k \le K - 1$.
#
# :::{prf:theorem} The modes solve the maximal correlation problem (exact)
# :label: thm-hgr
#
# Let the marginals be positive and $k \le K - 1$. Then
#
# $$
# \rho_k(X; Y) = \sum_{i=1}^{k} \sigma_i ,
# $$ (eq-hgr-value)
#
# attained by the first $k$ modes {eq}`eq-modes`.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Put $\Xi = [\sqrt{P_X}] f$ and $\Psi = [\sqrt{P_Y}] g$. The constraints say that $\Xi$ and $\Psi$
# have orthonormal columns, orthogonal to $\sqrt{P_X}$ and $\sqrt{P_Y}$; so
# $\E[f^\top g] = \tr(\Psi^\top [\sqrt{P_Y}]^{-1} P_{YX} [\sqrt{P_X}]^{-1} \Xi)
# = \tr(\Psi^\top \Bt\, \Xi)$. By von Neumann's trace inequality
# $\tr(\Bt\, \Xi \Psi^\top) \le \sum_i \sigma_i(\Bt)\, \sigma_i(\Xi \Psi^\top)
# = \sum_{i \le k} \sigma_i$, since $\Xi \Psi^\top$ has $k$ singular values 1 and no other. The
# modes give $\Psi^\top \Bt\, \Xi = \operatorname{diag}(\sigma_1, \dots, \sigma_k)$.
# :::
# ::::
#
# A search that knows nothing of singular values is a second opinion. It climbs from a random start;
# `whiten` makes any numbers feasible.

# %%
def climb(k):
    """The best E[f'g] of an ascent from one random start."""
    rows, columns = P.shape

    def loss(numbers):
        a, b = np.split(numbers.reshape(-1, k), [columns])
        return -np.trace(whiten(a, joint.px).T @ P.T @ whiten(b, joint.py))

    return -minimize(loss, rng.standard_normal((rows + columns) * k), tol=1e-10).fun

# %% tags=["claim H-022: holds", "claim H-023: holds when corrected", "claim H-155: holds", "claim H-157: holds when corrected", "claim H-161: holds", "claim H-162: holds", "claim H-156: holds when corrected"]
for k in range(1, len(sigma) + 1):
    top, best = max(climb(k) for _ in range(20)), sigma[:k].sum()
    print(f"k = {k}: best of 20 ascents {top:.6f}, sum of sigma {best:.6f}")
    assert top < best + 1e-9, "an ascent is above the maximum of the theorem"
    assert top > best - 1e-6, \
        "in the book's example one of 20 ascents reaches the maximum; try more starts"

# %% [markdown]
# The best ascents end at the sum of the singular values, and none above it.
#
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Equation 2 asks for $\E[ff^\top] = I$ only.
#
# **Decided by.** Doubling $g$ doubles the objective: without a constraint on $g$ there is no
# maximum.
#
# **True.** Both covariances are fixed, as in {eq}`eq-hgr`.
# :::
#
# ### Four properties, read with care
#
# Appendix B of the paper lists four properties that {cite:t}`renyi1959` asks of a measure of
# dependence. For $\rho = \rho_1 = \sigma_1$ they hold in this form.
#
# 1. $\rho$ is defined for any $X$ and $Y$ that are not constant. A constant has no function of
#    variance 1.
# 2. $0 \le \rho \le 1$, by {prf:ref}`thm-dtm`. With $k$ functions, $0 \le \rho_k \le k$.
# 3. $\rho = 0$ if and only if $X$ and $Y$ are independent: $\sigma_1 = 0$ says $\Bt = 0$, and
#    {eq}`eq-dtm` then says $P_{YX} = P_Y P_X$.
# 4. $\rho = 1$ if one of them is a function of the other. The paper adds "only if", which is false.
#
# Two blocks show it. The first two labels occur with the first two symbols, the others with the
# others; inside a block nothing is known.

# %% tags=["claim H-160: does not hold", "claim H-156: holds when corrected"]
blocks = Joint(np.kron(np.eye(2), np.ones((2, 2))) / 8)
left = entr(blocks.P).sum() - entr(blocks.px).sum()  # H(Y, X) - H(X)
print("singular values", (blocks.singular_values + 0.0).round(4),
      f" H(Y|X) = {left:.4f} nats")
assert np.isclose(blocks.singular_values[0], 1) and np.isclose(left, np.log(2)), \
    "two independent blocks have maximal correlation 1 and one bit of doubt"

# %% [markdown]
# The {term}`maximal correlation` is 1, because "which block" is a function of $X$ and of $Y$. Yet
# within the block one bit, $\ln 2$ nats, stays open. What is true: $\rho = 1$ if and only if some
# function of $X$ that is not constant equals a function of $Y$.
#
# ## The sum of $\sigma$ is not the sum of $\sigma^2$
#
# Two totals will matter: $\sum\sigma_i$, the maximal correlation, and
# $\sum\sigma_i^2 = \lVert\Bt\rVert_F^2$, which the next pages show to be the largest possible
# H-score {eq}`eq-h-score`. The second is a correlation too, if the functions of $Y$ are left
# without normalisation: $g = \E[f^* \mid Y]$, whose variances are $\sigma_i^2$.

# %% tags=["claim H-057: holds when corrected"]
normalised, plain = np.trace(f.T @ P.T @ g), np.trace(f.T @ P.T @ means)
print(f"sum of sigma   {sigma.sum():.6f}   E[f'g] with g normalised {normalised:.6f}")
print(f"sum of sigma^2 {(sigma**2).sum():.6f}   E[f'g] with g = E[f|Y]    {plain:.6f}")
assert abs(np.sum(joint.dtm**2) - plain) < 1e-12, "|B|^2 = E[f' E[f|Y]] for every joint"

# %% [markdown]
# The paper takes one for the other: its Section 4.2 gives $\lVert\Bt\rVert_F^2 = \E[f^\top g]$ for
# the normalised pair.
#
# ## An old acquaintance: correspondence analysis
#
# Statisticians know this matrix. For a contingency table of $n$ counts, $\sqrt n\, \Bt$ holds the
# Pearson residuals of the hypothesis of independence; the squares $\sigma_i^2$ are the
# **principal inertias** of correspondence analysis {cite:p}`greenacre2017`, and their sum is
#
# $$
# \lVert \Bt \rVert_F^2 = \sum_i \sigma_i^2 = \chi^2 / n .
# $$ (eq-inertia)
#
# SciPy computes $\chi^2$ in its own way, so this is an independent check.

# %% tags=["claim H-159: holds"]
n = counts.to_numpy().sum()
test = chi2_contingency(counts, correction=False)
print(f"chi^2 / n = {test.statistic / n:.6f}, sum of sigma^2 = {np.sum(sigma**2):.6f}, "
      f"p = {test.pvalue:.3f}")
assert np.isclose(test.statistic / n, np.sum(sigma**2), rtol=1e-12), \
    "chi^2 / n is the sum of the squared singular values for every table"

# %% [markdown]
# Correspondence analysis draws labels and symbols in the plane of the first two modes: a symbol at
# $(f_1^*(x), f_2^*(x))$, a label at $(\sigma_1 g_1^*(y), \sigma_2 g_2^*(y))$, which by
# {prf:ref}`lem-mean-of-symbols` is the mean of the symbols that it brings.

# %% mystnb={"figure": {"caption": "The first two modes of the birds, in equal units. Each species (square) lies at the mean of its calls (dots): thrushes towards the whistle, finches towards the chip, warblers towards trill and buzz. The nearer the squares are to the centre, the weaker the dependence.", "name": "fig-correspondence"}, "image": {"alt": "Scatter of four calls (dots) and three species (squares), first mode from -1.3 to 1.8, second from -1.6 to 1.8. The calls lie far out: whistle on the right, chip upper left, trill at the bottom, buzz left; the species lie near the centre, thrush towards the whistle."}} tags=["hide-input"]
assert len(sigma) >= 2, "the map needs two modes, so at least three species and three calls"
fig, ax = plt.subplots(figsize=(5.6, 4.6))
for points, names, colour, marker, label in (
        (f[:, :2], counts.columns, COMPUTED, "o", "call"),
        (means[:, :2], counts.index, OTHER, "s", "species")):
    ax.plot(*points.T, marker, color=colour, label=label)
    for name, point in zip(names, points, strict=True):
        ax.annotate(name, point, (6, 4), color=colour, textcoords="offset points")
ax.axhline(0, color="0.8", lw=0.8, zorder=0)
ax.axvline(0, color="0.8", lw=0.8, zorder=0)
ax.set(xlabel="first mode", ylabel="second mode", aspect="equal")
ax.margins(0.14)
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# **Change this and run**: the forester mishears. A share of his notes has a call that was drawn at
# random, whatever the species. How much is left of the singular values, and how many meetings does
# a $\chi^2$ test need to notice that calls depend on species?

# %%
MISHEARD = 0.5  # ← change this, from 0 to 1
mixed = Joint((1 - MISHEARD) * P + MISHEARD * np.outer(joint.py, joint.px))
inertia = np.sum(mixed.dtm**2)
level = chi2.ppf(0.95, (P.shape[0] - 1) * (P.shape[1] - 1))  # of a test at 5 %
meetings = f"{np.ceil(level / inertia):.0f}" if inertia > 1e-20 else "no number of"
print("singular values", (mixed.singular_values[:-1] + 0.0).round(4))
print(f"n |B|^2 = {level:.2f}, the 5 % level of the test, after {meetings} meetings")

# %% [markdown]
# The matrix of the mixture is $1 - r$ times that of the birds, for a share $r$ of random calls: if
# half of them are misheard, it takes four times the meetings.
#
# ## What the page found
#
# The functions of $X$ that say most about $Y$ are the right singular vectors of {eq}`eq-dtm`,
# divided by $\sqrt{P_X}$. There are at most $K - 1$ of them, and how much each says is its singular
# value, between 0 and 1. For the birds the first is "whistle or chip", the second "chip or trill".
# Everything on this page is exact: nothing was assumed to be small.
#
# The paper prints a maximum over $K$ modes with one constraint, "if and only if" in the fourth
# property, and one number for two sums. Its statements hold with $K - 1$ modes, with both
# constraints, with "if", and with sums kept apart from sums of squares.

# %%
pd.DataFrame({"correlation": sigma, "inertia": sigma**2}, order).round(4)

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-dtm-channel
#
# A bit $X$, 0 or 1 with equal chances, comes out as $Y$ and is flipped on the way with probability
# $p$. Find $\Bt$, its first singular value, and the modes. For which $p$ is the maximal correlation
# 1?
# :::
#
# ````{solution-start} ex-dtm-channel
# :class: dropdown
# ````
# The joint has $\frac{1-p}{2}$ on the diagonal and $\frac p2$ off it. Divided by
# $\sqrt{P_Y P_X} = \frac12$, less $\frac12$, this is $\frac{1-2p}{2}$ on the diagonal and minus
# that off it: $\Bt = (1 - 2p)\, \psi \phi^\top$ with $\psi = \phi = (1, -1)/\sqrt 2$. So
# $\sigma_1 = \lvert 1 - 2p \rvert$, and the modes are $\pm 1$. It is 1 for $p = 0$ and also for
# $p = 1$: a channel that always lies tells everything.

# %%
for p in (0, 0.1, 0.5, 0.9, 1):
    channel = Joint([[(1 - p) / 2, p / 2], [p / 2, (1 - p) / 2]])
    assert np.isclose(channel.singular_values[0], abs(1 - 2 * p)), \
        "|1 - 2p| needs a uniform input"
    print(f"p = {p}: sigma_1 = {channel.singular_values[0] + 0.0:.1f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-dtm-two-birds
#
# Two birds, one after the other, independent of each other: $X = (X_1, X_2)$ are the calls,
# $Y = (Y_1, Y_2)$ the species. What are the singular values of the pair's matrix? What becomes of
# the maximal correlation, and of $1 + \lVert\Bt\rVert_F^2$?
# :::
#
# ````{solution-start} ex-dtm-two-birds
# :class: dropdown
# ````
# Joints and marginals of the pair are Kronecker products. So is the matrix $A$ of the proof of
# {prf:ref}`thm-dtm`, before the subtraction: its singular values are all products of two of $1,
# \sigma_1, \dots, \sigma_{K-1}$. The subtraction takes $1 \cdot 1$ away. What is largest then is
# $1 \cdot \sigma_1$: **the maximal correlation stays**. The sum of all squares is
# $\lVert A \rVert_F^2 = 1 + \lVert\Bt\rVert_F^2$, and that of the pair is its square.

# %%
two = Joint(np.kron(P, P))
one_square, two_square = 1 + np.sum(joint.dtm**2), 1 + np.sum(two.dtm**2)
print(f"sigma_1 of one bird {sigma[0]:.4f}, of two {two.singular_values[0]:.4f}; "
      f"1 + |B|^2: {one_square:.4f} and {two_square:.4f}")
assert np.isclose(two.singular_values[0], sigma[0]), "for any two copies"
assert np.isclose(two_square, one_square**2), "for any two copies"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-dtm-merge
#
# The forester no longer tells two of the calls, $a$ and $b$, apart. Show that this costs
#
# $$
# \frac{P_X(a)\, P_X(b)}{P_X(a) + P_X(b)} \sum_i \sigma_i^2 \bigl(f_i^*(a) - f_i^*(b)\bigr)^2
# $$
#
# of $\lVert\Bt\rVert_F^2$. Which two calls may he merge at the least cost?
# :::
#
# ````{solution-start} ex-dtm-merge
# :class: dropdown
# ````
# $1 + \lVert\Bt\rVert_F^2 = \sum_x P_X(x)\, q(x)$ with $q(x) = \sum_y P(y \mid x)^2 / P_Y(y)$. The
# merged call has the weighted mean of the two rows $P(\cdot \mid x)$, and for a square the mean of
# two values less the square of their mean is $\frac{p_a p_b}{(p_a + p_b)^2}$ times the squared
# difference. So the cost is
# $\frac{p_a p_b}{p_a + p_b} \sum_y (P(y \mid a) - P(y \mid b))^2 / P_Y(y)$. By the singular value
# decomposition $P(y \mid x) / P_Y(y) = 1 + \sum_i \sigma_i f_i^*(x) g_i^*(y)$, and the $g_i^*$ are
# orthonormal under $P_Y$.

# %%
costs = {}
for a, b in combinations(range(P.shape[1]), 2):
    others = np.delete(P, [a, b], axis=1)
    merged = Joint(np.column_stack([others, P[:, a] + P[:, b]]))
    weight = joint.px[a] * joint.px[b] / (joint.px[a] + joint.px[b])
    cost = weight * np.sum(sigma**2 * (f[a] - f[b]) ** 2)
    assert np.isclose(cost, np.sum(joint.dtm**2) - np.sum(merged.dtm**2)), \
        "the cost of merging is exact for every table"
    costs[f"{counts.columns[a]} and {counts.columns[b]}"] = cost
pd.Series(costs, name="cost").sort_values().round(4).to_frame()

# %% [markdown]
# Trill and buzz, the two calls of the warblers. In {numref}`fig-correspondence`, with axis $i$
# shrunk to $\sigma_i f_i^*$, calls that are near each other are cheap to merge.
#
# ````{solution-end}
# ````
