# %% [markdown]
# # The divergence transition matrix
#
# **Question.** A label $Y$ and an input $X$ are related by a table of probabilities. Which
# functions of $X$ say most about $Y$, and how much do they say?
#
# The answer is a singular value decomposition. This page defines the matrix, checks what its
# singular values must be, and reads off the best features. The H-score of later pages is a length
# measured in this matrix.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.stats import chi2_contingency

from tdist import Joint
from tdist.plots import COMPUTED, OTHER, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
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

# %%
P = np.array([[0.20, 0.05, 0.05],
              [0.05, 0.20, 0.05],
              [0.05, 0.05, 0.30]])
joint = Joint(P)
print(joint.dtm.round(3))

# %% [markdown]
# `Joint` computes {eq}`eq-dtm`. Here is the definition written out entry by entry, as a second
# opinion.

# %%
by_hand = np.empty_like(P)
for y in range(3):
    for x in range(3):
        py, px = P[y].sum(), P[:, x].sum()
        by_hand[y, x] = P[y, x] / np.sqrt(py * px) - np.sqrt(py * px)
assert np.abs(by_hand - joint.dtm).max() < 1e-15

# %% [markdown]
# ## What the singular values must be
#
# :::{prf:theorem} Singular values of the DTM
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
# Let $A = [\sqrt{P_Y}]^{-1} P_{YX} [\sqrt{P_X}]^{-1}$. For a feature $f$ put $\xi = \sqrt{P_X} f$;
# then $(A\xi)(y) = \sqrt{P_Y(y)}\, \E[f(X) \mid Y = y]$, so
# $\lVert A\xi \rVert^2 = \E\bigl[\E[f \mid Y]^2\bigr] \le \E[f^2] = \lVert \xi \rVert^2$ by
# Jensen's inequality: no singular value exceeds 1. The constant $f = 1$ attains 1, and
# $A\sqrt{P_X} = \sqrt{P_Y}$. Subtracting $\sqrt{P_Y}\sqrt{P_X}^\top$ replaces this singular value
# by 0 and leaves the others.
# :::
# ::::
#
# We draw 2,000 random joints of random sizes and look at the worst violation of each claim.

# %%
worst = {"largest value above 1": 0.0, "last value": 0.0, "un-subtracted first value - 1": 0.0,
         "B sqrt(Px)": 0.0}
for _ in range(2000):
    rows, columns = rng.integers(2, 9, size=2)
    j = Joint(rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns))
    full = j.dtm + np.sqrt(np.outer(j.py, j.px))
    worst["largest value above 1"] = max(worst["largest value above 1"], j.singular_values[0] - 1)
    worst["last value"] = max(worst["last value"], j.singular_values[-1])
    first = np.linalg.svd(full, compute_uv=False)[0]
    worst["un-subtracted first value - 1"] = max(worst["un-subtracted first value - 1"],
                                                 abs(first - 1))
    worst["B sqrt(Px)"] = max(worst["B sqrt(Px)"], np.abs(j.dtm @ np.sqrt(j.px)).max())
for claim, value in worst.items():
    assert value < 1e-12
    print(f"{claim:>30}: below 1e-12")

# %% [markdown]
# Every violation is rounding. So $\Bt$ has **rank at most $K - 1$**, one less than the smaller
# alphabet.
#
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
# The modes solve the **maximal correlation** problem of Hirschfeld, Gebelein and Rényi
# {cite:p}`hirschfeld1935,renyi1959`:
#
# $$
# \begin{gathered}
# \rho_k(X; Y) = \max \; \E\bigl[f(X)^\top g(Y)\bigr] \\
# \text{over} \quad \E f = \E g = 0,\; \E[f f^\top] = \E[g g^\top] = I_k ,
# \end{gathered}
# $$ (eq-hgr)
#
# with value $\rho_k = \sum_{i \le k} \sigma_i$. We check the constraints and the value on a random
# $6 \times 7$ joint.

# %%
joint = Joint(rng.dirichlet(np.ones(42)).reshape(6, 7))
f, g, sigma = (modes := joint.modes()).f, modes.g, modes.correlations
mean = np.abs(joint.px @ f).max() + np.abs(joint.py @ g).max()
gram = (np.abs((f.T * joint.px) @ f - np.eye(5)).max()
        + np.abs((g.T * joint.py) @ g - np.eye(5)).max())
cross = np.abs(f.T @ joint.P.T @ g - np.diag(sigma)).max()
assert max(mean, gram, cross) < 1e-11
print("sigma:", sigma.round(4), " sum:", sigma.sum().round(4))

# %% [markdown]
# Means are zero, covariances are the identity, and $\E[f_i^* g_j^*]$ is $\sigma_i$ on the diagonal
# and zero elsewhere.
#
# Is no other pair better? Ten thousand random feasible pairs say how far chance gets.

# %%
def feasible(p, k):
    """k random functions with zero mean and identity covariance under p."""
    values = rng.standard_normal((len(p), k))
    xi = np.sqrt(p)[:, None] * (values - p @ values)
    return np.linalg.qr(xi)[0] / np.sqrt(p)[:, None]


def attempt():
    return np.trace(feasible(joint.px, 2).T @ joint.P.T @ feasible(joint.py, 2))


tried = [attempt() for _ in range(10_000)]
glue("dtm-tried", round(float(max(tried)), 3), display=False)
glue("dtm-best", round(float(sigma[:2].sum()), 3), display=False)
assert max(tried) < sigma[:2].sum()

# %% [markdown]
# For $k = 2$ the best of the random pairs reaches {glue:text}`dtm-tried`; the modes reach
# {glue:text}`dtm-best`.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Equation 2 asks for $\E[ff^\top] = I$ only, and Section 2.2 speaks of the "$K$
# strongest" modes. Appendix B gives $0 \le \rho \le 1$.
#
# **Decided by.** Without a constraint on $g$, doubling $g$ doubles the objective: there is no
# maximum. The last singular value is zero in all 2,000 joints above.
#
# **True.** Both covariances are fixed, as in {eq}`eq-hgr`; there are $K - 1$ modes; and
# $0 \le \rho_k \le k$.
# :::
#
# ## The sum of $\sigma$ is not the sum of $\sigma^2$
#
# Two totals will matter: $\sum\sigma_i$, the maximal correlation, and
# $\sum\sigma_i^2 = \lVert\Bt\rVert_F^2$, which the next pages show to be the largest possible
# H-score {eq}`eq-h-score`.

# %%
hgr = np.trace(f.T @ joint.P.T @ g)
h_best = joint.h_score(f)
print(f"sum of sigma   {sigma.sum():.6f}   maximal correlation {hgr:.6f}")
print(f"sum of sigma^2 {(sigma**2).sum():.6f}   H-score of the modes {h_best:.6f}")
assert abs(sigma.sum() - hgr) < 1e-8 and abs((sigma**2).sum() - h_best) < 1e-10
assert abs(sigma.sum() - h_best) > 0.1

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 4.2: $H_T(f_{\text{opt}}) = \lVert\Bt_T\rVert_F^2 = \E[f(X)^\top g(Y)]$,
# where $f$ and $g$ solve the maximal correlation problem.
#
# **Decided by.** The cell above: the two sides are the sum of the squares and the plain sum.
#
# **True.** $\lVert\Bt\rVert_F^2 = \E[f^\top g]$ holds when $g = \E[f \mid Y]$ is left without
# normalisation, and at the optimum of soft HGR {eq}`eq-soft-hgr`.
# :::

# %%
g_plain = joint.conditional_mean(f)  # E[f | Y], not whitened
plain = np.trace(f.T @ joint.P.T @ g_plain)
assert abs(plain - (sigma**2).sum()) < 1e-12
print(f"E[f^T E[f|Y]] = {plain:.6f}")

# %% [markdown]
# ## An old acquaintance: correspondence analysis
#
# Statisticians know this matrix. For a contingency table of $n$ counts, $\Bt$ is the matrix of
# standardised residuals divided by $\sqrt n$; the squares $\sigma_i^2$ are the
# **principal inertias** of correspondence analysis {cite:p}`greenacre2017`, and their sum is
#
# $$
# \lVert \Bt \rVert_F^2 = \sum_i \sigma_i^2 = \chi^2 / n .
# $$ (eq-inertia)
#
# SciPy computes $\chi^2$ in its own way, so this is an independent check.

# %%
counts = rng.poisson(40 * joint.P * 42)
table = Joint(counts / counts.sum())
chi2 = chi2_contingency(counts, correction=False).statistic
print(f"chi^2 / n = {chi2 / counts.sum():.6f}, "
      f"sum of sigma^2 = {(table.singular_values**2).sum():.6f}")
assert np.isclose(chi2 / counts.sum(), (table.singular_values**2).sum(), rtol=1e-12)

# %% [markdown]
# Correspondence analysis draws the rows and columns of a table in the plane of the first two modes.
# Here is the small matrix of the top of the page, where label 3 and symbol 3 go together most
# often.

# %% mystnb={"figure": {"caption": "The first two modes of the 3 x 3 joint: a label and the symbol it favours lie in the same direction. Labels are scaled by their correlations.", "name": "fig-correspondence"}}
modes = Joint(P).modes()
fig, ax = plt.subplots(figsize=(4.2, 3.6))
for name, points, colour in (("symbol", modes.f, COMPUTED),
                             ("label", modes.g * modes.correlations, OTHER)):
    ax.plot(*points.T, "o" if name == "symbol" else "s", color=colour, label=name)
    for i, point in enumerate(points):
        ax.annotate(f"{name} {i + 1}", point, (6, 4 if name == "symbol" else -10), color=colour,
                    textcoords="offset points")
ax.set(xlabel="first mode", ylabel="second mode", xlim=(-2.2, 2.6))
plt.show()

# %% [markdown]
# ## What the page found
#
# The functions of $X$ that say most about $Y$ are the right singular vectors of {eq}`eq-dtm`,
# divided by $\sqrt{P_X}$. There are at most $K - 1$ of them, and how much each says is its singular
# value, between 0 and 1. The paper's statements hold once the second constraint is put back and
# sums are kept apart from sums of squares.

# %%
pd.DataFrame({"mode": range(1, 6), "correlation": sigma.round(4),
              "inertia": (sigma**2).round(4)}).set_index("mode")
