# %% [markdown]
# # Maximal correlation from data
#
# **Question.** The best features of a task are the modes of its joint distribution {eq}`eq-modes`.
# How do we get them from samples, without writing down the divergence transition matrix, and how
# many samples does it take?
#
# **Answer.** By alternating averages, centred in every half step ({prf:ref}`alg-ace`); as printed
# they may end at the constant function ({numref}`fig-ace-drift`). From $m$ samples the variance of
# the correlation found is $\var[h] / m$, less than printed ({prf:ref}`thm-ace-samples`).
#
# The paper gives two ways: alternating conditional expectations (ACE) for a discrete input, on this
# page, and soft HGR, a network, for a continuous one, on the next ({doc}`soft_hgr`).

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.optimize import minimize
from scipy.stats import norm

from tdist import Joint, ace
from tdist.hgr import whiten
from tdist.plots import COMPUTED, OTHER, WRONG, printed_style, use_book_style

use_book_style()

# %% [markdown]
# ## Two numbers for a call, without a matrix
#
# The forester's table of {doc}`divergence_transition_matrix`, species by call. ACE gives each call
# and each species a number by asking only for averages: a call is worth what its species are worth,
# on average, and a species what its calls are worth.

# %%
counts = pd.DataFrame([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]],
                      index=["thrush", "warbler", "finch"],
                      columns=["whistle", "trill", "buzz", "chip"])
bird = Joint(counts.to_numpy() / counts.to_numpy().sum())
found = ace(bird, k=min(bird.P.shape) - 1)
print("correlations", found.correlations.round(4), " singular values of the DTM",
      bird.singular_values[:-1].round(4))
assert np.abs(found.correlations - bird.singular_values[:-1]).max() < 1e-8, \
    "ACE finds the singular values, unless it warned that it stopped short"
pd.concat([pd.DataFrame(found.f, counts.columns), pd.DataFrame(found.g, counts.index)],
          keys=["call", "species"]).round(2)

# %% [markdown]
# The first column sets whistles and thrushes against the rest; the second sets chips and finches
# against trills, buzzes and warblers. The correlations are the singular values: nothing was
# decomposed but a $2 \times 2$ matrix, at the end.
#
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


def algorithm_1(P, k, sweeps, tol=-np.inf, seed=1):
    px, py, objective = P.sum(0), P.sum(1), []
    g = np.random.default_rng(seed).standard_normal((len(py), k))  # line 1
    g = g - py @ g                                                 # line 2
    while len(objective) < 2 or objective[-1] - objective[-2] >= tol:
        f = P.T @ g / px[:, None]                                  # line 4
        f = f @ inverse_root(f.T @ (px[:, None] * f))              # line 5
        g = P @ f / py[:, None]                                    # line 6
        g = g @ inverse_root(g.T @ (py[:, None] * g))              # line 7
        objective.append(np.trace(f.T @ P.T @ g))                  # line 8
        if len(objective) == sweeps:
            break
    return f, g, np.array(objective)

# %% [markdown]
# Three species have two modes, too few for what follows. The test bed is a random joint of 8 labels
# and 10 symbols. What must come out is known: the best objective is $\sum_{i \le k} \sigma_i$
# {eq}`eq-hgr`. First 100 sweeps without a stopping rule.

# %% tags=["claim H-165: does not hold"]
joint = Joint(np.random.default_rng(4).dirichlet(np.full(80, 0.6)).reshape(8, 10))
sigma = joint.singular_values
print("sigma:", sigma[:-1].round(4))
runs = {k: algorithm_1(joint.P, k, sweeps=100) for k in (1, 3, 5)}
for k, (f, _, objective) in runs.items():
    top, mean = sigma[:k].sum(), np.linalg.norm(joint.px @ f)
    print(f"k = {k}: best possible {top:.4f}, after 100 sweeps {objective[-1]:.4f}, "
          f"length of E f {mean:.4f}")
    assert abs(objective[-1] - (1 + sigma[:k - 1].sum())) < 1e-9, \
        "in the book's joint 100 sweeps are enough to reach the constant; a larger sigma needs more"

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
pd.DataFrame(rows).set_index("k")

# %% [markdown]
# With one feature the objective passes the best possible value at sweep {glue:text}`ace-above-1`,
# with five at sweep {glue:text}`ace-above-5`. Does the rule of line 8, "until $\E[f^\top g]$ stops
# increasing", stop in time? A program needs a tolerance for it: stop when a sweep adds less. From
# 50 starts on this joint, and one start on each of 300 random joints with random $k$, we count the
# runs that end above the best possible value, at the constant function.

# %% tags=["claim H-165: does not hold", "claim H-168: does not hold"]
tolerances = [1e-4, 1e-6, 1e-8, 1e-10]


def escapes(P, k, seed):
    """Does Algorithm 1 end above the best possible objective, for each tolerance?"""
    objective = algorithm_1(P, k, 400, tolerances[-1], seed)[2]
    best = Joint(P).singular_values[:k]
    stops = [np.argmax(np.append(np.diff(objective) < tol, True)) for tol in tolerances]
    return objective[np.add(stops, 1).clip(max=len(objective) - 1)] > best.sum() + 1e-3


rng = np.random.default_rng(0)
shapes = rng.integers(3, 11, size=(300, 2))
tables = [rng.dirichlet(np.full(rows * columns, 0.6)).reshape(rows, columns)
          for rows, columns in shapes]
escaped = {f"this joint, k = {k}": [escapes(joint.P, k, seed) for seed in range(50)]
           for k in (1, 3, 5)}
escaped["300 joints, random k"] = [escapes(P, rng.integers(1, min(P.shape)), seed=0)
                                   for P in tables]
share = pd.DataFrame({name: np.mean(runs_, axis=0) for name, runs_ in escaped.items()},
                     index=pd.Index([f"{tol:.0e}" for tol in tolerances], name="tolerance"))
share.map("{:.0%}".format)

# %% tags=["hide-input"]
assert (np.diff(share, axis=0) >= 0).all(), "a finer tolerance runs on where a coarser one stops"
for name, row in (("coarse", 0), ("usual", 1), ("fine", -1)):
    ends = dict.fromkeys(f"{end:.0%}" for end in (share.iloc[row].min(), share.iloc[row].max()))
    glue(f"ace-escape-{name}", " to ".join(ends), display=False)

# %% [markdown]
# (A run that has not stopped after 400 sweeps is counted by where it is then.) The defect is real
# and intermittent. Of the runs {glue:text}`ace-escape-coarse` escape with a
# tolerance of $10^{-4}$, {glue:text}`ace-escape-usual` with $10^{-6}$ and
# {glue:text}`ace-escape-fine` with $10^{-10}$: who asks for more digits gets the constant function.
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

# %% tags=["claim H-026: holds when corrected", "claim H-166: holds", "claim H-167: holds when corrected"]
for k in (1, 3, 5):
    found = ace(joint.P, k, tol=1e-16)
    gap = sigma[:k].sum() - found.objective
    assert abs(gap[-1]) < 1e-13, "re-centred, the objective ends at the sum of k singular values"
    print(f"k = {k}: gap below 1e-10 after {np.argmax(gap < 1e-10) + 1} sweeps, "
          f"correlations {found.correlations.round(4)}")

# %% [markdown]
# The objective ends at $\sum_{i \le k}\sigma_i$ within rounding and stays there.

# %% mystnb={"figure": {"caption": "The printed algorithm (dark orange) settles near the best possible objective and then climbs above it, to the constant function, earlier for more features. Re-centred (blue), it stays at the best possible value, zero in this figure.", "name": "fig-ace-drift"}, "image": {"alt": "Objective minus best value against sweeps 1 to 40. Blue curves rise to 0 in five sweeps and stay. Orange curves do the same, then jump to a plateau: to 0.77 at sweep 13 for k = 5, 0.60 at 19 for k = 3, 0.47 at 29 for k = 1."}}
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
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Algorithm 1 centres $g$ once (line 2) and stops when $\E[f^\top g]$ stops increasing.
#
# **Decided by.** {numref}`fig-ace-drift` and the table of tolerances: in double precision the
# printed algorithm may end at $1 + \sigma_1 + \dots + \sigma_{k-1}$, above the maximum.
#
# **True.** Centre $f$ and $g$ in every half step ({prf:ref}`alg-ace`).
# :::
#
# ## How fast it converges
#
# :::{prf:proposition} Rate of ACE (exact, after many sweeps)
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
# For orthonormal $\Xi$ the whitened $g$ gives the objective $\tr\bigl((\Xi^\top \Bt^\top \Bt\,
# \Xi)^{1/2}\bigr)$. Up to a rotation, the matrix in the root is $(I + T^\top T)^{-1/2}(\Sigma_k^2 +
# T^\top \Sigma_\perp^2 T)(I + T^\top T)^{-1/2}$, which depends on $T$ through products of two of
# its entries. To second order the gap is $\frac12 \sum_{ij} T_{ij}^2\, (\sigma_j^2 - \sigma_{\perp
# i}^2) / \sigma_j$, with $\sigma_{\perp i}$ the singular values after the $k$-th. Every coefficient
# is positive, as $\sigma_k > \sigma_{k+1}$, so the gap falls like the square of the slowest entry
# of $T$, which almost no start leaves at zero.
# :::
# ::::
#
# We fit a line to the logarithm of the gap between $10^{-7}$ and $10^{-12}$, from nine random
# starts, and take the median.

# %% tags=["claim H-164: holds", "claim H-174: does not hold"]
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
assert (abs(rates.measured / rates.predicted - 1) < 0.01).all(), \
    "the limit; where sigma_k is close to sigma_k+1 it takes more sweeps to see"
rates.round(4)

# %% mystnb={"figure": {"caption": "The gap of the objective from nine starts each (thin) falls in parallel to the predicted line (dashed) until it reaches rounding.", "name": "fig-ace-rate"}, "image": {"alt": "Gap of the objective on a logarithmic axis, 1 down to 1e-15, against sweeps up to 57. Three bundles of thin straight lines, steepest for k = 5, flattest for k = 1, each parallel to a dashed line."}}
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
# ## Which mode is which
#
# The objective $\E[f^\top g]$ does not change when $f$ and $g$ are rotated together. So the sweeps
# find the span of the first $k$ modes, and nothing makes the first column the first mode. The paper
# adds that normalisation "can also be implemented using the Gram-Schmidt process". The two are not
# the same: Gram-Schmidt breaks the tie.

# %% tags=["claim H-170: holds when corrected"]
mirror, best = Joint(joint.P.T), joint.modes(3)


def gram_schmidt(f, p):
    return np.linalg.qr(np.sqrt(p)[:, None] * (f - p @ f))[0] / np.sqrt(p)[:, None]


for name, normalise in (("symmetric cov^(-1/2)", whiten), ("Gram-Schmidt", gram_schmidt)):
    g = np.random.default_rng(1).standard_normal((len(joint.py), 3))
    for _ in range(120):
        f = normalise(mirror.conditional_mean(g), joint.px)
        g = normalise(joint.conditional_mean(f), joint.py)
    align = np.abs(np.sum(joint.px[:, None] * f * best.f, axis=0))
    span = np.linalg.norm((f.T * joint.px) @ best.f) ** 2
    print(f"{name:>20}: |E f_i f_i*| = {align.round(3)}, shared dimensions {span:.6f} of 3")
    assert abs(span - 3) < 1e-6, "120 sweeps find the space in the book's joint"
align = np.abs(np.sum(joint.px[:, None] * ace(joint.P, 3).f * best.f, axis=0))
print(f"{'tdist.ace':>20}: |E f_i f_i*| = {align.round(3)}")
assert align.min() > 1 - 1e-6, "tdist.ace returns the modes one by one"

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
#
# Back to the birds: what if the forester had noted other sixty meetings, or more?

# %% tags=["claim H-163: does not hold", "claim H-169: holds"]
s1, rows, best_h = bird.singular_values[0], [], np.sum(bird.dtm**2)
for m in (60, 300, 3_000, 30_000):
    draws = [ace(Joint.from_samples(*bird.sample(m, seed=seed), shape=bird.P.shape), k=1)
             for seed in range(100)]
    values = np.array([float(found) for found in draws])
    worth = [bird.h_score(found.f) / s1**2 for found in draws]
    rows.append([m, values.mean(), values.std(ddof=1), np.mean(worth)])
rows.append(["true", s1, 0.0, 1.0])
names = ["samples", "first correlation", "spread", "H(f) / best H"]
assert rows[0][1] > s1, "few samples: the maximum fits the noise too, in the book's example"
glue("ace-mean-60", f"{rows[0][1]:.2f}", display=False)
glue("ace-true", f"{s1:.2f}", display=False)
glue("ace-short-60", f"{100 * (1 - rows[0][3]):.0f}", display=False)
glue("ace-short-300", f"{100 * (1 - rows[1][3]):.0f}", display=False)
pd.DataFrame(rows, columns=names).set_index("samples").round(3)

# %% [markdown]
# These are means of 100 runs. From sixty meetings the estimated correlation is
# {glue:text}`ace-mean-60` on average, the true one {glue:text}`ace-true`: the maximum also fits the
# noise. The last column says what the estimated feature is worth: its H-score on the *true* joint,
# as a share of the best that one feature can reach. It falls short by {glue:text}`ace-short-60` %
# from 60 meetings and by {glue:text}`ace-short-300` % from 300.
#
# ## How many samples
#
# Theorem 2 of the paper says how fast the probability of a wrong maximal correlation falls, for $k
# = 1$. The average of $f(x)g(y)$ over the samples is noisy, and one would expect the estimate to be
# as noisy. It is less so: ACE divides by variances that it estimated from the *same* samples, and
# where luck makes $fg$ large it makes $f^2$ and $g^2$ large too, so normalising cancels noise. What
# is left is the variance of a function $h$. The reader who takes this on trust can go on to the
# table of variances.
#
# :::{prf:theorem} Large deviations of ACE (local: many samples, then small deviations)
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
# The paper prints $\var[fg]$ where {eq}`eq-ace-samples` has $\var[h]$. The birds tell them apart.

# %%
P = bird.P


def variances(joint):
    """f g (|Y|, |X|) of the first modes, var[fg] and var[h]."""
    first = joint.modes(1)
    f, g = first.f[:, 0], first.g[:, 0]
    fg = np.outer(g, f)
    h = fg - first.correlations[0] / 2 * (g[:, None] ** 2 + f**2)
    return fg, *(np.sum(joint.P * z**2) - np.sum(joint.P * z) ** 2 for z in (fg, h))


fg, var_fg, var_h = variances(bird)
print(f"sigma {bird.singular_values[:2].round(4)}, var[fg] = {var_fg:.4f}, var[h] = {var_h:.4f}")
glue("ace-var-fg", f"{var_fg:.3f}", display=False)
glue("ace-var-h", f"{var_h:.3f}", display=False)

# %% [markdown]
# Two numbers, {glue:text}`ace-var-fg` and {glue:text}`ace-var-h`. We draw 20,000 samples of size
# $m = 4000$ and compute all three estimates on each.

# %% tags=["claim H-063: cannot be settled", "claim H-175: holds when corrected", "claim H-064: cannot be settled"]
m = 4000
tables = np.random.default_rng(0).multinomial(m, P.ravel(), size=20_000).reshape(-1, *P.shape) / m


def largest(tables, py, px):
    """First singular value of the DTM of each table, with marginals py (..., |Y|, 1) and px (...,
    1, |X|)."""
    return np.linalg.svd((tables - py * px) / np.sqrt(py * px), compute_uv=False)[..., 0]


by_ace = largest(tables, tables.sum(2, keepdims=True), tables.sum(1, keepdims=True))
for name, values, expected in (("true f, g held fixed", (tables * fg).sum((1, 2)), var_fg),
                               ("known marginals", largest(tables, bird.py[:, None], bird.px),
                                var_fg),
                               ("ACE", by_ace, var_h)):
    print(f"{name:>20}: m var = {m * values.var():.3f}, expected {expected:.3f}")
    assert abs(m * values.var() / expected - 1) < 0.06, \
        "6% are four standard errors with 20,000 draws; a weak joint needs a larger m"
# ACE is this number
assert max(abs(ace(tables[i], 1).correlations[0] - by_ace[i]) for i in range(20)) < 1e-8, \
    "ACE is this number, unless it warned that it stopped short"
glue("ace-var-sim", f"{m * by_ace.var():.3f}", display=False)

# %% [markdown]
# All three are as expected. The printed variance is right for a fixed pair of functions and for
# known marginals. For the algorithm, which estimates the marginals and normalises by them, the
# variance is {glue:text}`ace-var-sim`: the normalisation cancels part of the noise. It does so for
# every joint, so ACE is never worse than the paper's theorem says.
#
# :::{prf:corollary} ACE beats the printed variance (exact)
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
    assert var_printed - var_true > first.correlations[0] ** 2 / 2 * spread - 1e-9, "a corollary"
print("500 random joints: none breaks the inequality")

# %% [markdown]
# The theorem speaks of probabilities far smaller than a simulation can see. But Sanov's theorem
# turns them into a minimum, which we compute: the cheapest $Q$, in $D(Q \Vert P)$, whose first
# singular value is off by the factor $1 \pm \Delta$.

# %% tags=["hide-input", "claim H-173: holds when corrected", "claim H-175: holds when corrected", "claim H-176: does not hold", "claim H-177: holds when corrected"]
def cheapest(factor, starts=4):
    """min D(Q || P) over Q with sigma_1(Q) = factor * sigma_1, in nats."""
    def off(q):
        table = q.reshape(P.shape)
        return largest(table, table.sum(1)[:, None], table.sum(0)) - factor * s1

    p, found = P.ravel(), []
    constraints = [{"type": "eq", "fun": off}, {"type": "eq", "fun": lambda q: q.sum() - 1}]
    for start in np.random.default_rng(0).dirichlet(400 * p, size=starts):
        run = minimize(lambda q: np.sum(q * np.log(q / p)), start, jac=lambda q: np.log(q / p) + 1,
                       bounds=[(1e-9, 1)] * P.size, constraints=constraints, method="SLSQP",
                       options={"ftol": 1e-14, "maxiter": 300})
        assert abs(off(run.x)) < 1e-7, "SLSQP found no Q of that singular value from this start"
        found.append(run.fun)
    assert np.ptp(found) < 1e-5 * min(found), "in the book's example all starts end at one Q"
    return min(found)


deltas = np.array([0.1, 0.05, 0.025])
rate = np.array([min(cheapest(1 + d), cheapest(1 - d)) for d in deltas]) / deltas**2
limit, printed = s1**2 / (2 * var_h), s1**2 / (2 * var_fg)
short = 1 - rate / limit
print("rate / Delta^2:", rate.round(4), " limit:", limit.round(4), " printed:", printed.round(4))
print("short of the limit by", short.round(4))
assert np.allclose(short[:-1] / short[1:], 2, atol=0.2), \
    "what is missing halves with Delta, as Delta -> 0; another joint may need smaller ones"
glue("ace-short-of", f"{short[-1]:.1%}", display=False)
glue("ace-limit", f"{limit:.4f}", display=False)
glue("ace-printed", f"{printed:.4f}", display=False)

# %% [markdown]
# The rate tends to {glue:text}`ace-limit`; what is missing halves with $\Delta$ and is
# {glue:text}`ace-short-of` at the smallest. The printed formula gives {glue:text}`ace-printed`.

# %% mystnb={"figure": {"caption": "20,000 estimates of the maximal correlation of the birds by ACE, each from 4,000 meetings, with the normal density of the variance of h (blue) and of the printed variance (grey). The estimates sit a little to the right, since a maximum fits noise too.", "name": "fig-ace-samples"}, "image": {"alt": "Histogram of errors from -3 to 3, bell-shaped, with two normal densities. The taller solid curve follows the histogram, which sits a little to its right; the dashed curve is lower at the centre and wider."}} tags=["hide-input"]
fig, ax = plt.subplots()
error = np.sqrt(m) * (by_ace - s1)
grid = np.linspace(*np.quantile(error, [0.0005, 0.9995]), 281)
ax.hist(error, bins=60, density=True, color=COMPUTED, alpha=0.35, label="ACE")
ax.plot(grid, norm.pdf(grid, scale=np.sqrt(var_h)), color=COMPUTED, label="var[h]")
ax.plot(grid, norm.pdf(grid, scale=np.sqrt(var_fg)),
        **printed_style() | {"marker": "", "linestyle": "--"}, label="var[fg], printed")
ax.set(xlabel=r"$\sqrt{m}\,(\hat\sigma_1 - \sigma_1)$", ylabel="density")
ax.legend()
plt.show()

# %% [markdown]
# One common example would not have shown the difference. Where $f^2 = g^2 = 1$, as on a symmetric
# binary channel, $h$ is $fg$ minus a constant.

# %%
_, *same = variances(Joint([[0.4, 0.1], [0.1, 0.4]]))
print(f"symmetric binary channel: var[fg] = {same[0]:.4f}, var[h] = {same[1]:.4f}")
assert np.isclose(*same), "f^2 = g^2 = 1 on a symmetric binary channel"

# %% [markdown]
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Theorem 2: "for any $f$ and $g$ such that $\E[f^2] = \E[g^2] = 1$", the limit is
# $\frac12\E[fg]^2/\var[fg]$.
#
# **Decided by.** The table of variances, and {numref}`fig-ace-samples`. As for "any $f$ and $g$":
# $f = g = 1$ meets the printed condition and makes the right side infinite.
#
# **True.** {eq}`eq-ace-samples`: $f, g$ are the first modes, $\sigma_1$ is simple, the variance is
# that of $h$.
# :::

# %% [markdown]
# ## What the page found
#
# ACE finds the modes from a table of counts, at the rate {eq}`eq-ace-rate`, if both functions are
# re-centred in every half step; as printed it may end at the constant function, and the finer the
# tolerance the more often it does. Its estimate of the maximal correlation spreads with the
# variance of $fg - \frac{\sigma_1}{2}(f^2 + g^2)$, not of $fg$ as printed.

# %%
pd.DataFrame({"by the printed form": [f"{runs[3][2][-1]:.4f}", f"{var_fg:.3f}", f"{printed:.4f}"],
              "found": [f"{sigma[:3].sum():.4f}", f"{var_h:.3f}", f"{limit:.4f}"]},
             index=["objective of Algorithm 1, k = 3, 100 sweeps",
                    "m var of the maximal correlation", "rate of Theorem 2 (nats)"])
