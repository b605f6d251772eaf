# %% [markdown]
# # Maximal correlation from data
#
# **Question.** The best features of a task are the {term}`modes <mode>` of its joint distribution
# {eq}`eq-modes`. How do we get them from a table of counts, without a singular value decomposition
# of it?
#
# **Answer.** By alternating averages, centred in every half step ({prf:ref}`alg-ace`): every sweep
# divides what is missing by a factor that the singular values set ({prf:ref}`prop-ace-rate`). As
# printed, the algorithm may end at the constant function ({numref}`fig-ace-drift`).
#
# The paper gives two ways: alternating conditional expectations (ACE) for a discrete input, on this
# page, and soft HGR, a network, for a continuous one ({doc}`soft_hgr`). How many samples ACE needs
# is the next page, {doc}`ace_from_samples`.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from tdist import Joint, ace
from tdist.hgr import whiten
from tdist.plots import COMPUTED, OTHER, WRONG, use_book_style

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
# {cite:t}`hscore2019` prints it with one centring, on line 2, before the loop. (`inverse_root` is
# the symmetric $\cov^{-1/2}$; `sweeps` is our limit.)

# %% tags=["hide-input"]
def inverse_root(cov):
    values, vectors = np.linalg.eigh(cov)
    return vectors / np.sqrt(values) @ vectors.T

# %%
def algorithm_1(P, k, sweeps, tol=-np.inf, seed=1):
    px, py, objective, rise = P.sum(0), P.sum(1), [-np.inf], np.inf
    g = np.random.default_rng(seed).standard_normal((len(py), k))  # line 1
    g = g - py @ g                                                 # line 2
    while rise >= tol and len(objective) <= sweeps:                # line 8
        f = P.T @ g / px[:, None]                                  # line 4
        f = f @ inverse_root(f.T @ (px[:, None] * f))              # line 5
        g = P @ f / py[:, None]                                    # line 6
        g = g @ inverse_root(g.T @ (py[:, None] * g))              # line 7
        objective.append(np.trace(f.T @ P.T @ g))
        rise = objective[-1] - objective[-2]
    return f, g, np.array(objective[1:])

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
        "in the book's joint 100 sweeps reach the constant; a larger sigma needs more"

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
    above = int(np.argmax(objective > sigma[:k].sum() + 1e-3)) + 1
    predicted = np.log(1e16) / (2 * np.log(1 / sigma[k - 1]))
    smallest = np.diff(objective[:above]).min()
    rows.append([k, above, f"{predicted:.1f}", f"{smallest:.0e}"])
pd.DataFrame(rows, columns=["k", "above by 0.001 at sweep", "predicted takeover",
                            "smallest rise before"]).set_index("k")

# %% tags=["remove-input"]
for k, above, *_ in rows:
    glue(f"ace-above-{k}", above, display=False)

# %% [markdown]
# With one feature the objective passes the best possible value at sweep {glue:text}`ace-above-1`,
# with five at sweep {glue:text}`ace-above-5`. Does the rule of line 8, "until $\E[f^\top g]$ stops
# increasing", stop in time? A program needs a tolerance for it: stop when a sweep adds less.

# %%
tolerances = [1e-4, 1e-6, 1e-8, 1e-10]


def escapes(P, k, seed):
    """Does Algorithm 1 end above the best possible objective, for each tolerance?"""
    objective = algorithm_1(P, k, 400, tolerances[-1], seed)[2]
    best = Joint(P).singular_values[:k]
    stops = [np.argmax(np.append(np.diff(objective) < tol, True)) for tol in tolerances]
    ends = np.add(stops, 1).clip(max=len(objective) - 1)
    return objective[ends] > best.sum() + 1e-3

# %% [markdown]
# From 50 starts on this joint, and one start on each of 300 random joints with random $k$, we count
# the runs that end above the best possible value, at the constant function.

# %% tags=["claim H-165: does not hold", "claim H-168: does not hold"]
rng = np.random.default_rng(0)
tables = [rng.dirichlet(np.full(rows * columns, 0.6)).reshape(rows, columns)
          for rows, columns in rng.integers(3, 11, size=(300, 2))]
escaped = {f"this joint, k = {k}": [escapes(joint.P, k, seed) for seed in range(50)]
           for k in (1, 3, 5)}
escaped["300 joints, random k"] = [escapes(P, rng.integers(1, min(P.shape)), seed=0)
                                   for P in tables]
share = pd.DataFrame({name: np.mean(ends, axis=0) for name, ends in escaped.items()},
                     pd.Index([f"{tol:.0e}" for tol in tolerances], name="tolerance"))
share.map("{:.0%}".format)

# %% tags=["hide-input"]
assert (np.diff(share, axis=0) >= 0).all(), "a finer tolerance runs on where a coarser one stops"
for name, row in (("coarse", 0), ("usual", 1), ("fine", -1)):
    ends = dict.fromkeys(f"{end:.0%}" for end in (share.iloc[row].min(), share.iloc[row].max()))
    glue(f"ace-escape-{name}", " to ".join(ends), display=False)

# %% [markdown]
# (A run that has not stopped after 400 sweeps is counted by where it is then.) Of the runs
# {glue:text}`ace-escape-coarse` escape with a tolerance of $10^{-4}$, {glue:text}`ace-escape-usual`
# with $10^{-6}$ and {glue:text}`ace-escape-fine` with $10^{-10}$: who asks for more digits gets the
# constant function.
#
# **Change this and run**: at which tolerance is the printed algorithm safe on this joint, and how
# many digits does it give then?

# %% tags=["nbval-ignore-output"]
TOLERANCE = 1e-5  # ← change this
gaps = np.array([sigma[0] - algorithm_1(joint.P, 1, 400, TOLERANCE, seed)[2][-1]
                 for seed in range(50)])
escaped = np.mean(gaps < -1e-3)
print(f"tolerance {TOLERANCE:.0e}: {escaped:.0%} of 50 runs end at the constant; "
      f"the median is off by {np.median(np.abs(gaps)):.0e}")

# %% [markdown]
# Only a coarse tolerance is safe, and then the correlation is off by about as much.
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
    assert abs(gap[-1]) < 1e-13, \
        "re-centred, the objective ends at the sum of k singular values"
    print(f"k = {k}: gap below 1e-10 after {np.argmax(gap < 1e-10) + 1} sweeps, "
          f"correlations {found.correlations.round(4)}")

# %% [markdown]
# The objective ends at $\sum_{i \le k}\sigma_i$ within rounding and stays there.

# %% mystnb={"figure": {"caption": "The printed algorithm (dark orange) settles near the best possible objective and then climbs above it, to the constant function, earlier for more features. Re-centred (blue), it stays at the best possible value, zero in this figure.", "name": "fig-ace-drift"}, "image": {"alt": "Objective minus best value against sweeps 1 to 40. Blue curves rise to 0 in five sweeps and stay. Orange curves do the same, then jump to a plateau: to 0.77 at sweep 13 for k = 5, 0.60 at 19 for k = 3, 0.47 at 29 for k = 1."}} tags=["hide-input"]
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

# %%
def fitted_rate(gap):
    n = np.flatnonzero((gap < 1e-7) & (gap > 1e-12))
    return np.exp(np.polyfit(n, np.log(gap[n]), 1)[0])

# %% tags=["claim H-164: holds", "claim H-174: does not hold"]
gaps = {k: [sigma[:k].sum() - ace(joint.P, k, seed=seed).objective for seed in range(9)]
        for k in (1, 3, 5)}
rates = pd.DataFrame({
    "measured": {k: np.median([fitted_rate(gap) for gap in gaps[k]]) for k in gaps},
    "predicted": {k: (sigma[k] / sigma[k - 1]) ** 4 for k in gaps}}).rename_axis("k")
assert (abs(rates.measured / rates.predicted - 1) < 0.01).all(), \
    "the limit; where sigma_k is close to sigma_k+1 it takes more sweeps to see"
rates.round(4)

# %% mystnb={"figure": {"caption": "The gap of the objective from nine starts each (thin) falls in parallel to the predicted line (dashed) until it reaches rounding.", "name": "fig-ace-rate"}, "image": {"alt": "Gap of the objective on a logarithmic axis, 1 down to 1e-15, against sweeps up to 57. Three bundles of thin straight lines, steepest for k = 5, flattest for k = 1, each parallel to a dashed line."}} tags=["hide-input"]
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

# %%
def gram_schmidt(f, p):
    return np.linalg.qr(np.sqrt(p)[:, None] * (f - p @ f))[0] / np.sqrt(p)[:, None]


def after_sweeps(normalise, sweeps=120):
    g = np.random.default_rng(1).standard_normal((len(joint.py), 3))
    for _ in range(sweeps):
        f = normalise(Joint(joint.P.T).conditional_mean(g), joint.px)
        g = normalise(joint.conditional_mean(f), joint.py)
    return f

# %% [markdown]
# We compare each found $f_i$ with the $i$-th mode, and the spaces that three of them span.

# %% tags=["claim H-170: holds when corrected"]
for name, f in (("symmetric cov^(-1/2)", after_sweeps(whiten)),
                ("Gram-Schmidt", after_sweeps(gram_schmidt)),
                ("tdist.ace", ace(joint.P, 3).f)):
    cross = (f.T * joint.px) @ joint.modes(3).f
    align, span = np.abs(np.diag(cross)), np.linalg.norm(cross) ** 2
    print(f"{name:>20}: |E f_i f_i*| = {align.round(3)}, "
          f"shared dimensions {span:.4f} of 3")
    assert abs(span - 3) < 1e-6, "120 sweeps find the space in the book's joint"
assert align.min() > 1 - 1e-6, "tdist.ace returns the modes one by one"

# %% [markdown]
# Both find the same three-dimensional space. Symmetric whitening leaves it rotated; Gram-Schmidt
# returns the modes one by one, and so does the last step of {prf:ref}`alg-ace`, at the price of one
# $k \times k$ singular value decomposition.

# %% [markdown]
# ## What the page found
#
# ACE finds the modes from a table of counts, at the rate {eq}`eq-ace-rate`. The paper prints one
# centring, before the first sweep, and a rule to stop that has no tolerance. In double precision
# that may end at the constant function, above the maximum, and the finer the tolerance the more
# often it does. Both functions have to be re-centred in every half step.

# %%
ends = pd.DataFrame({"printed, 100 sweeps": {k: runs[k][2][-1] for k in runs},
                     "re-centred": {k: float(ace(joint.P, k)) for k in runs},
                     "best possible": {k: sigma[:k].sum() for k in runs}})
ends.rename_axis("k").round(4)

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-ace-one-sweep
#
# For two labels, thrush or not, do one sweep of {prf:ref}`alg-ace` by hand, from any $g$ that tells
# the labels apart. What is $f$? What does a second sweep change?
# :::
#
# ````{solution-start} ex-ace-one-sweep
# :class: dropdown
# ````
# $\E[g \mid X = x] = g(1) + (g(0) - g(1))\, P(\text{thrush} \mid x)$: whatever $g$ is, after
# centring and scaling $f$ is the standardised probability of a thrush, up to sign. A second sweep
# gives the same. In {eq}`eq-ace-rate`, $\sigma_2 = 0$.

# %%
thrush = Joint(np.vstack([bird.P[0], bird.P[1:].sum(axis=0)]))
posterior = thrush.P[0] / thrush.px
f = (posterior - thrush.py[0]) / np.sqrt(thrush.px @ (posterior - thrush.py[0]) ** 2)
once = ace(thrush, 1).objective[0]
print("f by hand", f.round(4), f"; after one sweep {once:.6f}, "
      f"sigma {thrush.singular_values[0]:.6f}")
assert np.isclose(abs(thrush.px @ (f * ace(thrush, 1).f[:, 0])), 1), \
    "with two labels E[g | X] is a linear function of the posterior"
assert np.isclose(once, thrush.singular_values[0]), "one sweep is enough for two labels"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-ace-ten-digits
#
# How many sweeps does the first correlation of the birds need for ten digits, and how many does the
# first mode need?
# :::
#
# ````{solution-start} ex-ace-ten-digits
# :class: dropdown
# ````
# A factor $10^{-10}$ of the gap takes $10 \ln 10 / (4 \ln(\sigma_1/\sigma_2))$ sweeps by
# {eq}`eq-ace-rate`. The angle, which falls by the square root of that factor, needs twice as many.
# The estimate counts from where the limit sets in, so a run may need some more or fewer.

# %%
s = bird.singular_values
predicted = 10 * np.log(10) / (4 * np.log(s[0] / s[1]))
starts = [ace(bird, 1, tol=1e-16, seed=seed).objective for seed in range(20)]
counted = [int(np.argmax(s[0] - objective < 1e-10)) + 1 for objective in starts]
print(f"predicted {predicted:.1f} sweeps, and {2 * predicted:.1f} for the mode; "
      f"counted from 20 starts {min(counted)} to {max(counted)}")
assert min(counted) < predicted < max(counted), \
    "in the book's example the prediction lies among the 20 starts"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-ace-safe-tolerance
#
# In the printed algorithm the gap of the objective falls at the rate {eq}`eq-ace-rate`, and what
# the constant adds grows with the square of its share. Where the two meet the rise of a sweep is
# smallest. How large is it there? Below this tolerance the algorithm tends to escape.
# :::
#
# ````{solution-start} ex-ace-safe-tolerance
# :class: dropdown
# ````
# At sweep $n$ the gap is about $(\sigma_{k+1}/\sigma_k)^{4n}$ and the constant's share $u\,
# \sigma_k^{-2n}$, so it adds about $u^2 \sigma_k^{-4n}$. They are equal at
# $n = \ln(1/u) / (2 \ln(1/\sigma_{k+1}))$, where both are
#
# $$
# u^{\,2 \ln(\sigma_k/\sigma_{k+1}) / \ln(1/\sigma_{k+1})} .
# $$
#
# The table of tolerances turns from few escapes to most of them around this number, which is the
# coarser the nearer $\sigma_{k+1}$ is to $\sigma_k$.

# %% tags=["nbval-ignore-output"]
for k in (1, 3, 5):
    power = 2 * np.log(sigma[k - 1] / sigma[k]) / np.log(1 / sigma[k])
    ups = [algorithm_1(joint.P, k, 60, seed=seed)[2] for seed in range(20)]
    top = sigma[:k].sum() + 1e-3
    rises = [np.diff(up[:np.argmax(up > top)]).min() for up in ups]
    print(f"k = {k}: predicted {1e-16**power:.0e}, "
          f"median of 20 runs {np.median(rises):.0e}")
    assert abs(np.log10(np.median(rises)) + 16 * power) < 1.5, \
        "in the book's joint the prediction is right to about a power of ten"

# %% [markdown]
# ````{solution-end}
# ````
