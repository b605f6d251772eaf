# %% [markdown]
# # Maximal correlation from data
#
# **Question.** The best features of a task are the modes of its joint distribution {eq}`eq-modes`.
# How do we get them from samples, without writing down the divergence transition matrix, and how
# many samples does it take?
#
# The paper gives two ways: alternating conditional expectations (ACE) for a discrete input, and
# soft HGR, a network, for a continuous one. This page runs both. The first needs a repair; the
# theorem about its samples needs another variance; the second works once a factor of one half is
# put back.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from myst_nb import glue
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import norm

from tdist import Joint, ace
from tdist.hgr import SoftHGR, soft_hgr, whiten
from tdist.plots import COMPUTED, OTHER, WRONG, printed_style, use_book_style

use_book_style()
_ = torch.set_num_threads(1)  # the networks here are too small to share

# %% [markdown]
# ## Algorithm 1, as printed
#
# ACE {cite:p}`breiman1985` is the power method, one half step at a time: replace $f$ by
# $\E[g(Y) \mid X]$, normalise; replace $g$ by $\E[f(X) \mid Y]$, normalise; repeat. Appendix B of
# {cite:t}`hscore2019` prints it with one centring, on line 2, before the loop.

# %%
def inverse_root(cov):
    """cov^(-1/2), symmetric."""
    values, vectors = np.linalg.eigh(cov)
    return vectors / np.sqrt(values) @ vectors.T


def algorithm_1(P, k, sweeps):
    px, py, objective = P.sum(0), P.sum(1), []
    g = np.random.default_rng(1).standard_normal((len(py), k))  # line 1
    g = g - py @ g                                              # line 2
    for _ in range(sweeps):
        f = P.T @ g / px[:, None]                               # line 4
        f = f @ inverse_root(f.T @ (px[:, None] * f))           # line 5
        g = P @ f / py[:, None]                                 # line 6
        g = g @ inverse_root(g.T @ (py[:, None] * g))           # line 7
        objective.append(np.trace(f.T @ P.T @ g))               # line 8
    return f, g, np.array(objective)

# %% [markdown]
# The test bed is a random joint of 8 labels and 10 symbols. What must come out is known: the best
# objective is $\sum_{i \le k} \sigma_i$ {eq}`eq-hgr`.

# %%
joint = Joint(np.random.default_rng(4).dirichlet(np.full(80, 0.6)).reshape(8, 10))
sigma = joint.singular_values
print("sigma:", sigma[:-1].round(4))
runs = {k: algorithm_1(joint.P, k, sweeps=100) for k in (1, 3, 5)}
for k, (f, _, objective) in runs.items():
    top, mean = sigma[:k].sum(), np.linalg.norm(joint.px @ f)
    print(f"k = {k}: best possible {top:.4f}, after 100 sweeps {objective[-1]:.4f}, "
          f"length of E f {mean:.4f}")
    assert abs(objective[-1] - (1 + sigma[:k - 1].sum())) < 1e-9 and np.isclose(mean, 1)

# %% [markdown]
# After 100 sweeps the objective is larger than the largest possible value. It is
# $1 + \sigma_1 + \dots + \sigma_{k-1}$, and the mean of $f$ has length 1: the features have left
# the zero-mean functions and contain the constant function.
#
# The reason is rounding. Before the subtraction in {eq}`eq-dtm` the constant function is a mode
# too, with singular value 1 ({prf:ref}`thm-dtm`), and a sweep multiplies it by $1$ while it
# multiplies mode $k$ by $\sigma_k^2$. So the share of the constant that rounding brings in, about
# $u = 10^{-16}$, grows by $\sigma_k^{-2}$ a sweep and takes over after
#
# $$
# n \approx \frac{\ln (1/u)}{2 \ln (1/\sigma_k)} \quad\text{sweeps}.
# $$ (eq-ace-drift)

# %% tags=["nbval-ignore-output"]
rows = []
for k, (_, _, objective) in runs.items():
    top = sigma[:k].sum()
    above = int(np.argmax(objective > top + 1e-3)) + 1
    predicted = np.log(1e16) / (2 * np.log(1 / sigma[k - 1]))
    smallest = np.diff(objective[:above]).min()
    rows.append({"k": k, "above by 0.001 at sweep": above,
                 "predicted takeover": round(predicted, 1),
                 "smallest rise before": f"{smallest:.0e}"})
    glue(f"ace-above-{k}", above, display=False)
    assert 0.6 < above / predicted < 1.1 and smallest > 1e-10
pd.DataFrame(rows).set_index("k")

# %% [markdown]
# With one feature the objective passes the best possible value at sweep {glue:text}`ace-above-1`,
# with five at sweep {glue:text}`ace-above-5`. The rule of line 8, "until $\E[f^\top g]$ stops
# increasing", does not notice: the objective rises in every sweep on the way, by more than
# $10^{-10}$. Only a tolerance coarser than the smallest rise in the table, which nobody knows
# beforehand, would have stopped in time.
#
# ## ACE, re-centred
#
# :::{prf:algorithm} Alternating conditional expectations, re-centred
# :label: alg-ace
#
# **Input:** a joint distribution $P_{YX}$, true or empirical; $k \le K - 1$
#
# 1. draw $g : \Y \to \R^k$ at random
# 2. repeat
#     1. $f(x) \leftarrow \E[g(Y) \mid X = x]$; subtract $\E f$; multiply on the right by
#        $\cov(f)^{-1/2}$
#     2. $g(y) \leftarrow \E[f(X) \mid Y = y]$; subtract $\E g$; multiply on the right by
#        $\cov(g)^{-1/2}$
# 3. until $\E[f^\top g]$ has stopped increasing
# 4. order: with the singular value decomposition $\E[f g^\top] = U S V^\top$, return $fU$, $gV$ and
#    $S$
# :::
#
# In exact arithmetic the two new subtractions do nothing. In floating point they remove the
# constant before it grows. This is `tdist.ace`.

# %%
for k in (1, 3, 5):
    found = ace(joint.P, k, tol=1e-16)
    gap = sigma[:k].sum() - found.objective
    assert abs(gap[-1]) < 4e-15 and np.abs(found.correlations - sigma[:k]).max() < 1e-12
    print(f"k = {k}: gap below 1e-10 after {np.argmax(gap < 1e-10) + 1} sweeps, "
          f"correlations {found.correlations.round(4)}")

# %% [markdown]
# The objective ends within $4 \cdot 10^{-15}$ of $\sum_{i \le k}\sigma_i$ and stays there.

# %% mystnb={"figure": {"caption": "The printed algorithm (dark orange) settles near the best possible objective and then climbs above it, to the constant function, earlier for more features. Re-centred (blue), it stays at the best possible value, zero in this figure.", "name": "fig-ace-drift"}}
fig, ax = plt.subplots()
n = np.arange(1, 41)
for k, dash in ((1, "-"), (3, "--"), (5, ":")):
    centred = np.append(ace(joint.P, k).objective, np.full(40, sigma[:k].sum()))
    for objective, colour, name in ((runs[k][2], WRONG, "as printed"),
                                    (centred, COMPUTED, "re-centred")):
        ax.plot(n, objective[:40] - sigma[:k].sum(), dash, color=colour, label=name
                if k == 1 else None)
    ax.annotate(f"k = {k}", (40.3, runs[k][2][39] - sigma[:k].sum()), color=WRONG, va="center")
ax.set(xlabel="sweep", ylabel=r"objective minus $\sum_{i\leq k}\sigma_i$", xlim=(0, 44),
       ylim=(-0.25, 0.85))
ax.legend(loc="upper left")
plt.show()

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Algorithm 1 centres $g$ once (line 2) and stops when $\E[f^\top g]$ stops increasing.
# Line 7 reads $g(y) \leftarrow g(x)\,\E[gg^\top]^{-1/2}$.
#
# **Decided by.** {numref}`fig-ace-drift`: in double precision the printed algorithm ends at
# $1 + \sigma_1 + \dots + \sigma_{k-1}$, above the maximum.
#
# **True.** Centre $f$ and $g$ in every half step ({prf:ref}`alg-ace`). Line 7 is about $g(y)$ on
# both sides.
# :::
#
# ## How fast it converges
#
# :::{prf:proposition} Rate of ACE
# :label: prop-ace-rate
#
# Let $\sigma_k > \sigma_{k+1} > 0$. From almost every start, a sweep multiplies the gap of the
# objective in the limit by
#
# $$
# \frac{\sum_{i\le k}\sigma_i - \E[f^\top g]_{n+1}}{\sum_{i\le k}\sigma_i - \E[f^\top g]_{n}}
# \;\longrightarrow\; \Bigl(\frac{\sigma_{k+1}}{\sigma_k}\Bigr)^{4},
# $$ (eq-ace-rate)
#
# and the angle between the span of $f$ and that of the first $k$ modes by
# $(\sigma_{k+1}/\sigma_k)^2$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Put $\Xi = [\sqrt{P_X}] f$. Conditional expectations are $\Bt$ and $\Bt^\top$, and whitening keeps
# the span, so a sweep maps the span of $\Xi$ to that of $\Bt^\top\Bt\,\Xi$. Let $\Phi_k$ hold the
# first $k$ right singular vectors, $\Phi_\perp$ the others, and measure the span by its tangent
# $T = \Phi_\perp^\top \Xi\, (\Phi_k^\top \Xi)^{-1}$, which exists for almost every start. A sweep
# takes $T$ to $\Sigma_\perp^2\, T\, \Sigma_k^{-2}$: the slowest entry falls by
# $(\sigma_{k+1}/\sigma_k)^2$.
#
# For orthonormal $\Xi$ the whitened $g$ gives the objective
# $\tr\bigl((\Xi^\top \Bt^\top \Bt\, \Xi)^{1/2}\bigr)$. Up to a rotation, the matrix in the root is
# $(I + T^\top T)^{-1/2}(\Sigma_k^2 + T^\top \Sigma_\perp^2 T)(I + T^\top T)^{-1/2}$, which depends
# on $T$ through products of two of its entries. So the gap is of second order in $T$ and falls by
# the square.
# :::
# ::::
#
# We fit a line to the logarithm of the gap between $10^{-7}$ and $10^{-12}$, from nine random
# starts, and take the median.

# %%
rates, gaps = [], {}
for k in (1, 3, 5):
    gaps[k] = [sigma[:k].sum() - ace(joint.P, k, seed=seed).objective for seed in range(9)]
    slopes = []
    for gap in gaps[k]:
        n = np.flatnonzero((gap < 1e-7) & (gap > 1e-12))
        slopes.append(np.polyfit(n, np.log(gap[n]), 1)[0])
    rates.append({"k": k, "measured": np.exp(np.median(slopes)),
                  "predicted": (sigma[k] / sigma[k - 1]) ** 4})
rates = pd.DataFrame(rates).set_index("k")
assert (abs(rates.measured / rates.predicted - 1) < 0.01).all()
rates.round(4)

# %% mystnb={"figure": {"caption": "The gap of the objective from nine starts each (thin) falls in parallel to the predicted line (dashed) until it reaches rounding.", "name": "fig-ace-rate"}}
fig, ax = plt.subplots()
for (k, starts), colour in zip(gaps.items(), (COMPUTED, OTHER, "black"), strict=True):
    for gap in starts:
        seen = gap[gap > 1e-15]
        ax.semilogy(np.arange(1, len(seen) + 1), seen, color=colour, lw=0.7, alpha=0.6)
    n = np.arange(1, 2 + int(np.log(1e-14) / np.log(rates.predicted[k])))
    ax.semilogy(n, 2 * rates.predicted[k] ** (n - 1.0), "--", color=colour,
                label=f"k = {k}, predicted")
ax.set(xlabel="sweep", ylabel=r"$\sum\sigma_i$ minus objective", ylim=(3e-16, 3))
ax.legend()
plt.show()

# %% [markdown]
# Measured and predicted rates differ by less than one percent. So ACE converges geometrically in
# the number of sweeps, fast where the spectrum has a wide gap after mode $k$; where
# $\sigma_{k+1} = 0$, one sweep is enough. Where $\sigma_k = \sigma_{k+1}$ the objective still
# converges, at another rate, but the span depends on the start. For $k > K - 1$ there is no $k$-th
# mode and $\cov(f)$ is singular; `tdist.ace` refuses.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Appendix B: "the ACE algorithm converges in exponential time", concluded from a
# probability that falls exponentially with the number of *samples*.
#
# **Decided by.** {numref}`fig-ace-rate`.
#
# **True.** The error falls exponentially with the number of sweeps, at the rate {eq}`eq-ace-rate`.
# What happens with more samples is another question: {prf:ref}`thm-ace-samples`.
# :::
#
# ## Which mode is which
#
# The objective $\E[f^\top g]$ does not change when $f$ and $g$ are rotated together. So the sweeps
# find the span of the first $k$ modes, and nothing makes the first column the first mode. The paper
# adds that normalisation "can also be implemented using the Gram-Schmidt process". The two are not
# the same: Gram-Schmidt breaks the tie.

# %%
mirror, best = Joint(joint.P.T), joint.modes(3)


def gram_schmidt(f, p):
    return np.linalg.qr(np.sqrt(p)[:, None] * (f - p @ f))[0] / np.sqrt(p)[:, None]


for name, normalise in (("symmetric cov^(-1/2)", whiten), ("Gram-Schmidt", gram_schmidt)):
    g = np.random.default_rng(1).standard_normal((8, 3))
    for _ in range(120):
        f = normalise(mirror.conditional_mean(g), joint.px)
        g = normalise(joint.conditional_mean(f), joint.py)
    align = np.abs(np.sum(joint.px[:, None] * f * best.f, axis=0))
    span = np.linalg.norm((f.T * joint.px) @ best.f) ** 2
    print(f"{name:>20}: |E f_i f_i*| = {align.round(3)}, shared dimensions {span:.6f} of 3")
    assert abs(span - 3) < 1e-9 and (align.min() > 1 - 1e-9) == (name == "Gram-Schmidt")
align = np.abs(np.sum(joint.px[:, None] * ace(joint.P, 3).f * best.f, axis=0))
print(f"{'tdist.ace':>20}: |E f_i f_i*| = {align.round(3)}")
assert align.min() > 1 - 1e-9

# %% [markdown]
# Both find the same three-dimensional space. Symmetric whitening leaves it rotated; Gram-Schmidt
# returns the modes one by one, and so does the last step of {prf:ref}`alg-ace`, at the price of one
# $k \times k$ singular value decomposition.
#
# ## From samples
#
# On data, the conditional expectations of Algorithm 1 are averages over the samples of one symbol.
# They depend on the samples through the table of counts only, so ACE on data is ACE on the
# empirical joint distribution, `Joint.from_samples`.

# %%
rows, best_h = [], np.sum(sigma[:3] ** 2)
for m in (300, 3_000, 30_000):
    draws = [ace(Joint.from_samples(*joint.sample(m, seed=seed), shape=(8, 10)), k=3)
             for seed in range(20)]
    rows.append([m, *np.mean([found.correlations for found in draws], axis=0),
                 np.mean([joint.h_score(found.f) for found in draws]) / best_h])
rows.append(["true", *sigma[:3], 1.0])
assert rows[0][1] > sigma[0] and rows[2][4] > 0.998
assert np.abs(np.array(rows[2][1:4]) - sigma[:3]).max() < 0.01
glue("ace-short-300", f"{100 * (1 - rows[0][4]):.0f}", display=False)
glue("ace-short-3000", f"{100 * (1 - rows[1][4]):.0f}", display=False)
columns = ["samples", "first", "second", "third", "H(f) / best H"]
pd.DataFrame(rows, columns=columns).set_index("samples").round(3)

# %% [markdown]
# These are means of 20 runs. With 300 samples the estimated correlations are too large, because the
# maximum also fits the noise. The last column says what the estimated features are worth: their
# H-score on the *true* joint, as a share of the best that three features can reach. It falls short
# by {glue:text}`ace-short-300` % with 300 samples and by {glue:text}`ace-short-3000` % with 3,000.
#
# ## How many samples
#
# Theorem 2 of the paper says how fast the probability of a wrong maximal correlation falls, for
# $k = 1$. Here is the statement that holds.
#
# :::{prf:theorem} Large deviations of ACE
# :label: thm-ace-samples
#
# Let $\sigma_1 > \sigma_2$, let $f, g$ be the first modes, and let $\hat\sigma_1$ be the maximal
# correlation that {prf:ref}`alg-ace` finds from $m$ independent samples. With
#
# $$
# h(x, y) = f(x) g(y) - \tfrac{\sigma_1}{2}\bigl(f(x)^2 + g(y)^2\bigr)
# $$ (eq-ace-influence)
#
# and $\var[h] > 0$,
#
# $$
# -\lim_{\Delta \to 0^+} \frac{1}{\Delta^2} \lim_{m \to \infty} \frac1m
# \log \Pr\Bigl\{\Bigl|\frac{\hat\sigma_1}{\sigma_1} - 1\Bigr| \ge \Delta\Bigr\}
# = \frac{\sigma_1^2}{2 \var[h(X, Y)]} ,
# $$ (eq-ace-samples)
#
# and $m \var[\hat\sigma_1] \to \var[h]$ in the sense of the central limit theorem. With $fg$ in
# place of $h$ the same holds for the average of $f(x)g(y)$ with the true modes held fixed, and for
# the largest singular value when the marginals are known and only $P_{YX}$ is estimated.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# $\hat\sigma_1 = \sigma_1(\hat P)$ is a function of the empirical joint. As $\sigma_1$ is simple it
# is differentiable: with $\delta = Q - P$, and $\psi, \phi$ the singular vectors,
# $\sigma_1(Q) - \sigma_1 = \psi^\top \delta\!A\, \phi + o(\delta)$ for
# $A = [\sqrt{P_Y}]^{-1} P [\sqrt{P_X}]^{-1}$, where
#
# $$
# \delta\! A = [\sqrt{P_Y}]^{-1} \delta\, [\sqrt{P_X}]^{-1}
# - \tfrac12 \Bigl[\frac{\delta_Y}{P_Y}\Bigr] A
# - \tfrac12 A \Bigl[\frac{\delta_X}{P_X}\Bigr] .
# $$
#
# The three terms give $\sum \delta\, fg$, $-\frac{\sigma_1}{2}\sum \delta_Y\, g^2$ and
# $-\frac{\sigma_1}{2}\sum\delta_X f^2$: together $\sum_{x,y} \delta(y, x)\, h(x, y)$. With known
# marginals the last two are absent.
#
# By the central limit theorem $\sqrt m(\hat\sigma_1 - \sigma_1)$ tends to a normal law of variance
# $\var[h]$. By Sanov's theorem {cite:p}`cover2006` the inner limit is minus the smallest
# $D(Q \Vert P)$ with $|\sigma_1(Q)/\sigma_1 - 1| \ge \Delta$. Near $P$,
# $D = \frac12\sum \delta^2/P$ to second order, and its minimum under
# $\sum \delta h = \pm \Delta\sigma_1$, $\sum\delta = 0$ is $\Delta^2\sigma_1^2 / (2\var[h])$.
# :::
# ::::
#
# The paper prints $\var[fg]$ where {eq}`eq-ace-samples` has $\var[h]$. A $3 \times 3$ joint with
# one rarer label tells them apart.

# %%
P = np.array([[0.10, 0.03, 0.02],
              [0.02, 0.25, 0.15],
              [0.03, 0.15, 0.25]])
small = Joint(P)
s1 = small.singular_values[0]


def variances(joint):
    """f g (|Y|, |X|) of the first modes, var[fg] and var[h]."""
    first = joint.modes(1)
    f, g = first.f[:, 0], first.g[:, 0]
    fg = np.outer(g, f)
    h = fg - first.correlations[0] / 2 * (g[:, None] ** 2 + f**2)
    return fg, *(np.sum(joint.P * z**2) - np.sum(joint.P * z) ** 2 for z in (fg, h))


fg, var_fg, var_h = variances(small)
print(f"sigma {small.singular_values[:2].round(4)}, var[fg] = {var_fg:.4f}, var[h] = {var_h:.4f}")
glue("ace-var-fg", f"{var_fg:.3f}", display=False)
glue("ace-var-h", f"{var_h:.3f}", display=False)

# %% [markdown]
# Two numbers, {glue:text}`ace-var-fg` and {glue:text}`ace-var-h`. We draw 20,000 samples of size
# $m = 4000$ and compute all three estimates on each.

# %%
m = 4000
tables = np.random.default_rng(0).multinomial(m, P.ravel(), size=20_000).reshape(-1, 3, 3) / m


def largest(tables, py, px):
    """First singular value of the DTM of each table, with marginals py (..., |Y|, 1) and px (...,
    1, |X|)."""
    return np.linalg.svd((tables - py * px) / np.sqrt(py * px), compute_uv=False)[..., 0]


by_ace = largest(tables, tables.sum(2, keepdims=True), tables.sum(1, keepdims=True))
for name, values, expected in (("true f, g held fixed", (tables * fg).sum((1, 2)), var_fg),
                               ("known marginals", largest(tables, small.py[:, None], small.px),
                                var_fg),
                               ("ACE", by_ace, var_h)):
    print(f"{name:>20}: m var = {m * values.var():.3f}, expected {expected:.3f}")
    assert abs(m * values.var() / expected - 1) < 0.05
# ACE is this number
assert max(abs(ace(tables[i], 1).correlations[0] - by_ace[i]) for i in range(20)) < 1e-10
glue("ace-var-sim", f"{m * by_ace.var():.3f}", display=False)

# %% [markdown]
# All three are within 5%. The printed variance is right for a fixed pair of functions and for known
# marginals. For the algorithm, which estimates the marginals and normalises by them, the variance
# is {glue:text}`ace-var-sim`: the normalisation cancels part of the noise. It does so for every
# joint, so ACE is never worse than the paper's theorem says.
#
# :::{prf:corollary} ACE beats the printed variance
# :label: cor-ace-variance
#
# $$
# \var[fg] - \var[h] \;\ge\; \tfrac{\sigma_1^2}{2} \bigl(\var[f^2] + \var[g^2]\bigr) \;\ge\; 0 .
# $$ (eq-ace-variance)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# For modes $\E[g \mid X] = \sigma_1 f$, so $\E[fg \mid X] = \sigma_1 f^2$ and
# $\cov(fg, f^2) = \sigma_1 \var[f^2]$; likewise for $g^2$. With $V = \var[f^2] + \var[g^2]$ this
# gives $\var[h] = \var[fg] - \sigma_1^2 V + \frac{\sigma_1^2}{4}\var[f^2 + g^2]$, and
# $\var[f^2 + g^2] \le 2V$.
# :::
# ::::

# %%
for table in np.random.default_rng(0).dirichlet(np.full(20, 0.7), size=500).reshape(-1, 4, 5):
    other = Joint(table)
    first, (_, var_printed, var_true) = other.modes(1), variances(other)
    spread = (other.px @ first.f**4 + other.py @ first.g**4 - 2).item()  # var[f^2] + var[g^2]
    assert var_printed - var_true > first.correlations[0] ** 2 / 2 * spread - 1e-9
print("500 random joints: none breaks the inequality")

# %% [markdown]
# The theorem speaks of probabilities far smaller than a simulation can see. But Sanov's theorem
# turns them into a minimum, which we compute: the cheapest $Q$, in $D(Q \Vert P)$, whose first
# singular value is off by the factor $1 \pm \Delta$.

# %%
def cheapest(factor, starts=4):
    """min D(Q || P) over Q with sigma_1(Q) = factor * sigma_1, in nats."""
    def off(q):
        table = q.reshape(3, 3)
        return largest(table, table.sum(1)[:, None], table.sum(0)) - factor * s1

    p, found = P.ravel(), []
    constraints = [{"type": "eq", "fun": off}, {"type": "eq", "fun": lambda q: q.sum() - 1}]
    for start in np.random.default_rng(0).dirichlet(400 * p, size=starts):
        run = minimize(lambda q: np.sum(q * np.log(q / p)), start, jac=lambda q: np.log(q / p) + 1,
                       bounds=[(1e-9, 1)] * 9, constraints=constraints, method="SLSQP",
                       options={"ftol": 1e-14, "maxiter": 300})
        assert abs(off(run.x)) < 1e-7
        found.append(run.fun)
    assert np.ptp(found) < 1e-6 * min(found)  # every start ends at the same Q
    return min(found)


deltas = np.array([0.1, 0.05, 0.025])
rate = np.array([min(cheapest(1 + d), cheapest(1 - d)) for d in deltas]) / deltas**2
limit, printed = s1**2 / (2 * var_h), s1**2 / (2 * var_fg)
short = 1 - rate / limit
print("rate / Delta^2:", rate.round(4), " limit:", limit.round(4), " printed:", printed.round(4))
print("short of the limit by", short.round(4))
assert short[-1] < 0.02 and np.allclose(short[:-1] / short[1:], 2, atol=0.1)
glue("ace-limit", f"{limit:.4f}", display=False)
glue("ace-printed", f"{printed:.4f}", display=False)

# %% [markdown]
# The rate tends to {glue:text}`ace-limit`; what is missing halves with $\Delta$ and is below 2% at
# $\Delta = 0.025$. The printed formula gives {glue:text}`ace-printed`.

# %% mystnb={"figure": {"caption": "Left: 20,000 estimates of the maximal correlation by ACE, with the normal density of the variance of h (blue) and of the printed variance (grey). Right: the exact large-deviation rate tends to the corrected limit (dashed), far from the printed one (grey, hollow).", "name": "fig-ace-samples"}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.2))
error = np.sqrt(m) * (by_ace - s1)
grid = np.linspace(-7, 7, 281)
left.hist(error, bins=60, density=True, color=COMPUTED, alpha=0.35, label="ACE")
left.plot(grid, norm.pdf(grid, scale=np.sqrt(var_h)), color=COMPUTED, label="var[h]")
left.plot(grid, norm.pdf(grid, scale=np.sqrt(var_fg)),
          **printed_style() | {"marker": "", "linestyle": "--"},
          label="var[fg], printed")
left.set(xlabel=r"$\sqrt{m}\,(\hat\sigma_1 - \sigma_1)$", ylabel="density")
right.axhline(limit, color=COMPUTED, ls="--", lw=1)
right.plot(deltas, rate, "o-", color=COMPUTED, label=r"$\min D(Q\|P)\,/\,\Delta^2$")
right.plot([0], [printed], **printed_style(), label="printed")
right.set(xlabel=r"$\Delta$", ylabel=r"rate / $\Delta^2$ (nats)", xlim=(-0.005, 0.105),
          ylim=(0, 0.17))
left.legend(fontsize=8)
right.legend(loc="center right", fontsize=8)
plt.show()

# %% [markdown]
# One common example would not have shown the difference. Where $f^2 = g^2 = 1$, as on a symmetric
# binary channel, $h$ is $fg$ minus a constant.

# %%
_, *same = variances(Joint([[0.4, 0.1], [0.1, 0.4]]))
print(f"symmetric binary channel: var[fg] = {same[0]:.4f}, var[h] = {same[1]:.4f}")
assert np.isclose(*same)

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Theorem 2: "for any $f$ and $g$ such that $\E[f^2] = \E[g^2] = 1$", the limit is
# $\frac12\E[fg]^2/\var[fg]$. The text before it lets the probability fall that the ratio is "within
# $1 \pm \Delta$". The statement divides by $\delta^2$, has its minus sign and both limits mixed
# with "for any given $\Delta > 0$".
#
# **Decided by.** The table of variances, and {numref}`fig-ace-samples`. As for "any $f$ and $g$":
# $f = g = 1$ meets the printed condition and makes the right side infinite.
#
# **True.** {eq}`eq-ace-samples`: $f, g$ are the first modes, $\sigma_1$ is simple, the variance is
# that of $h$; $\delta = \Delta$; first $m \to \infty$, then $\Delta \to 0$; and it is the
# probability of a ratio *outside* $1 \pm \Delta$ that falls.
# :::
#
# :::{admonition} Not decided here
# :class: note
# Section 4.2 adds that the sample complexity of ACE is "only $1/k$ of the complexity of estimating
# $P_{YX}$" and that this carries over to soft HGR. The text defines neither complexity, $k$ is also
# its symbol for the number of features, and Theorem 2 is about one feature. The claim cannot be
# proved or refuted from the paper, and this book does not use it.
# :::
#
# ## Soft HGR: no whitening
#
# For a continuous $X$ there is no table of counts, and whitening a network's output over all data
# in every step is expensive. {cite:t}`wang2019` drop the constraint and subtract a penalty instead:
#
# $$
# \max_{f, g} \; \E\bigl[f(X)^\top g(Y)\bigr] - \tfrac12 \tr\bigl(\cov(f(X)) \cov(g(Y))\bigr),
# \qquad \E f = \E g = 0 .
# $$ (eq-soft-hgr)
#
# :::{prf:proposition} Soft HGR and the H-score
# :label: prop-soft-hgr
#
# For a fixed $f$ the maximum of {eq}`eq-soft-hgr` over $g$ is $\tfrac12 H(f)$, at
# $g = \cov(f)^{-1}\E[f \mid Y]$. Over both the maximum is $\tfrac12\sum_{i \le k}\sigma_i^2$. At
# such a maximum $\E[f^\top g] = \tr(\cov f \cov g) = \sum_{i\le k}\sigma_i^2$, and, if
# $\sigma_k > \sigma_{k+1}$, $f$ spans the first $k$ modes, up to $f \to fA$, $g \to gA^{-\top}$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# With $\Xi = [\sqrt{P_X}] f$ and $\Psi = [\sqrt{P_Y}] g$ the objective is
# $\tr(\Psi^\top \Bt\, \Xi) - \frac12\lVert \Psi\Xi^\top \rVert_F^2
# = \frac12 \lVert\Bt\rVert_F^2 - \frac12\lVert \Bt - \Psi\Xi^\top \rVert_F^2$.
# For fixed $\Xi$ the best $\Psi\Xi^\top$ is $\Bt$ times the projector on the span of $\Xi$, which
# leaves $\frac12\lVert\Bt\,\Xi(\Xi^\top\Xi)^{-1/2}\rVert_F^2 = \frac12 H(f)$ by
# {eq}`eq-appendix-d`. Over both, the best approximation of rank $k$ keeps the $k$ largest singular
# values (Eckart and Young); then
# $\tr(\Psi^\top\Bt\,\Xi) = \lVert\Psi\Xi^\top\rVert_F^2 = \sum_{i\le k} \sigma_i^2$.
# :::
# ::::
#
# `tdist.hgr.soft_hgr` takes a batch. A batch that repeats each cell of $P$ as often as its
# probability is the exact distribution: 100 rows for the $3 \times 3$ joint.

# %%
counts = np.round(100 * P.ravel()).astype(int)
y, x = np.repeat(np.indices((3, 3)).reshape(2, -1), counts, axis=1)  # (100,) each
f = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 1)))
score = small.h_score(f.numpy())
centred = f.numpy() - small.px @ f.numpy()
best_g = torch.from_numpy(small.conditional_mean(centred) / np.sum(small.px[:, None] * centred**2))
value = soft_hgr(f[x], best_g[y]).item()
rng = np.random.default_rng(0)
wrong = [best_g + torch.from_numpy(rng.normal(size=(3, 1))) for _ in range(1000)]
print(f"objective / H(f) = {value / score:.12f}")
assert abs(value / score - 0.5) < 1e-12 and max(soft_hgr(f[x], g[y]).item() for g in wrong) < value

# %% [markdown]
# One half, to twelve digits, and no disturbed $g$ does better. Now $f$ and $g$ together, by
# gradient ascent from a random start.

# %%
torch.manual_seed(0)
f, g = (torch.randn(3, 2, dtype=float, requires_grad=True) for _ in range(2))
optimiser = torch.optim.LBFGS([f, g], max_iter=500, tolerance_grad=1e-12, tolerance_change=0,
                              line_search_fn="strong_wolfe")


def step():
    optimiser.zero_grad()
    loss = -soft_hgr(f[x], g[y])
    loss.backward()
    return loss


optimiser.step(step)
fx, gy = ((v - v.mean(0)).detach() for v in (f[x], g[y]))
total = np.sum(small.singular_values**2)
linear, penalty = (fx * gy).sum() / 100, torch.trace(fx.T @ fx @ gy.T @ gy) / 100**2
value = -step().item()
print(f"objective {value:.6f}, E[f^T g] {linear:.6f}, tr(cov f cov g) {penalty:.6f}, "
      f"sum of sigma^2 {total:.6f}")
assert abs(value - total / 2) < 1e-9 and abs(linear - total) < 1e-6 and abs(penalty - total) < 1e-6

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 4.2: "when $f$ is fixed, maximizing the objective in Equation 3 with respect
# to zero-mean function $g$ results in the definition of H-score". Soft HGR has a "theoretically
# equivalent solution" to maximal correlation.
#
# **Decided by.** The ratio $0.5$ above; and the joint maximum, half the sum of the squares.
#
# **True.** It results in half the H-score. The features are the same up to an invertible matrix,
# which the H-score does not see; the values differ: $\frac12\sum\sigma_i^2$ against $\sum\sigma_i$.
# :::
#
# ## A network for a continuous input
#
# Figure 2b of the paper is a network with two branches, $f(x)$ and $g(y)$, trained to maximise
# {eq}`eq-soft-hgr`. Where the class densities are known we can say what it must find. With
# posteriors $p(y \mid x)$, the modes span the posteriors, and
#
# $$
# \lVert\Bt\rVert_F^2 = \sum_y \E\Bigl[\frac{(p(y \mid X) - p_y)^2}{p_y}\Bigr] .
# $$ (eq-posterior)
#
# For a balanced binary label and $X \mid Y \sim N(\pm a, 1)$ the posterior is
# $\frac12(1 \pm \tanh aX)$: the best feature is $\tanh(ax)$ and the best H-score $\E[\tanh^2(aX)]$.
# We also take three classes of unequal size, at $-2$, $0$ and $2$.

# %%
tasks = {"two classes": ([0.5, 0.5], [-1, 1]), "three classes": ([0.5, 0.3, 0.2], [-2, 0, 2])}
grid = np.linspace(-9, 9, 3601)


def quadrature(priors, means):
    """The right side of eq-posterior."""
    def integrand(t):
        joint = priors * norm.pdf(t - np.array(means))  # p(y, t)
        return np.sum((joint / joint.sum() - priors) ** 2 / priors) * joint.sum()

    return quad(integrand, -9, 9, epsabs=1e-10)[0]


lines, best = {}, {}
for name, (priors, means) in tasks.items():
    density = np.array(priors)[:, None] * norm.pdf(grid - np.array(means)[:, None])
    lines[name] = Joint(density / density.sum())  # X cut into 3,601 cells
    best[name] = quadrature(priors, means)
    on_grid = np.sum(lines[name].singular_values**2)
    print(f"{name}: best H-score {best[name]:.6f}, on the grid {on_grid:.6f}")
    assert abs(best[name] - on_grid) < 1e-8
assert abs(best["two classes"] - quad(lambda t: np.tanh(t) ** 2 * norm.pdf(t - 1), -9, 9)[0]) < 1e-8

# %% [markdown]
# The quadrature and the fine grid agree to $10^{-8}$, so the grid can score any feature exactly,
# without samples. We train on 20,000 samples and score the learned $f$ on the grid.

# %% tags=["nbval-ignore-output"]
rng, learned = np.random.default_rng(0), {}
for name, (priors, means) in tasks.items():
    y = rng.choice(len(priors), size=20_000, p=priors)
    x = rng.standard_normal(20_000) + np.array(means)[y]
    network = SoftHGR(inputs=1, classes=len(priors), k=len(priors) - 1, hidden=(32, 32))
    x, y = torch.tensor(x, dtype=torch.float32)[:, None], torch.from_numpy(y)
    history = network.fit(x, y, epochs=30, batch_size=2000, lr=1e-2, progress=False)
    learned[name] = network.features(torch.tensor(grid, dtype=torch.float32)[:, None])
    score = lines[name].h_score(learned[name])
    assert 0.99 < score / best[name] <= 1 and abs(2 * history[-1] / best[name] - 1) < 0.05
    glue("soft-" + name.split()[0], f"{100 * score / best[name]:.2f} %", display=False)
    print(f"{name}: twice the objective {2 * history[-1]:.4f}, H(f) {score:.4f}, "
          f"best {best[name]:.4f}")

# %% [markdown]
# The learned features reach {glue:text}`soft-two` and {glue:text}`soft-three` of the best H-score.
# What they look like, after the affine map that brings them closest to the modes:

# %% mystnb={"figure": {"caption": "The features that the network learned from samples (colour) lie on the exact modes (black, dashed): a standardised tanh for two classes (left), both modes for three (right). They part at the ends, where the density of x (grey) leaves few samples.", "name": "fig-soft-hgr"}}
fig, axes = plt.subplots(1, 2, figsize=(7.6, 3.2))
seen = np.abs(grid) < 4.2
for ax, (name, line) in zip(axes, lines.items(), strict=True):
    root, modes = np.sqrt(line.px)[:, None], line.modes().f
    design = root * np.column_stack([np.ones(len(grid)), learned[name]])
    close = design @ np.linalg.lstsq(design, root * modes)[0] / root
    for i, colour in zip(range(modes.shape[1]), (COMPUTED, OTHER), strict=False):
        sign = np.sign(modes[-1, i])
        ax.plot(grid[seen], sign * close[seen, i], color=colour, lw=2.5,
                label=f"network, mode {i + 1}")
        ax.plot(grid[seen], sign * modes[seen, i], "--", color="black", lw=1, label=None
                if i else "exact")
    ax.fill_between(grid[seen], -2, -2 + line.px[seen] / line.px.max(), color="black", alpha=0.1,
                    lw=0)
    ax.set(xlabel="x", ylabel="feature (standard deviations)", ylim=(-2, 2.4))
    ax.legend(fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# ## What the page found
#
# ACE finds the modes from a table of counts, at the rate {eq}`eq-ace-rate`, if both functions are
# re-centred in every half step; as printed it ends at the constant function. Its estimate of the
# maximal correlation spreads with the variance of $fg - \frac{\sigma_1}{2}(f^2 + g^2)$, not of
# $fg$. Soft HGR finds the same features for a continuous input, with a value that is half the
# H-score.

# %%
pd.DataFrame({"printed": [f"{runs[3][2][-1]:.4f}", f"{var_fg:.3f}", f"{printed:.4f}", "H(f)"],
              "found": [f"{sigma[:3].sum():.4f}", f"{var_h:.3f}", f"{limit:.4f}", "H(f) / 2"]},
             index=["objective of Algorithm 1, k = 3", "m var of the maximal correlation",
                    "rate of Theorem 2 (nats)", "soft HGR for a fixed f"])
