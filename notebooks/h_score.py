# %% [markdown]
# # The H-score, and what it means
#
# **Question.** Given features $f(x)$ and a task with labels $y$, how good are the features for the
# task, without training anything on them? And does the answer mean more than a number?
#
# The **H-score** of {cite:t}`hscore2019` is two covariance matrices and a trace. Its meaning, the
# paper's Theorem 1, is an error exponent {eq}`eq-mismatched`. This page checks the identity behind
# it, finds the constant of the theorem, the sharp upper bound, and what a ratio of two scores says
# about transfer. All distributions here are known exactly; estimating the score from samples comes
# later.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from tdist import Joint, transferability
from tdist.exponents import log_error_probability, mismatched
from tdist.hgr import whiten
from tdist.joint import directions, perturb
from tdist.plots import COMPUTED, OTHER, PRINTED, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Two covariances and a trace
#
# :::{prf:definition} H-score
# :label: def-h-score
#
# The **H-score** of features $f : \X \to \R^k$ for the task $P_{YX}$ is
#
# $$
# H(f) = \tr\bigl( \cov(f(X))^{-1} \cov(\E[f(X) \mid Y]) \bigr) ,
# $$ (eq-h-score)
#
# with the pseudo-inverse where $\cov(f)$ is singular. The second covariance is that of the class
# means, each weighted with its $P_Y(y)$.
# :::
#
# This is Definition 2 of the paper. The features are columns: $f$ is a $|\X| \times k$ matrix, one
# row a symbol.

# %%
P = np.array([[0.14, 0.06, 0.05, 0.05],
              [0.04, 0.16, 0.06, 0.04],
              [0.05, 0.05, 0.12, 0.18]])
f = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0], [0.0, -2.0]])
joint = Joint(P)
print(f"H-score {joint.h_score(f):.6f}")

# %% [markdown]
# The definition, written out, gives the same number.

# %%
py, px = P.sum(axis=1), P.sum(axis=0)
mean = px @ f
total = (f - mean).T @ np.diag(px) @ (f - mean)  # cov(f), (k, k)
class_means = P @ f / py[:, None]  # E[f | Y], (|Y|, k)
between = (class_means - mean).T @ np.diag(py) @ (class_means - mean)
trace = np.trace(np.linalg.inv(total) @ between)
print(f"trace   {trace:.6f}")
assert np.isclose(trace, joint.h_score(f), rtol=1e-12)

# %% [markdown]
# In words: of the spread of the features, the share that lies between the classes, added over
# independent directions. No choice of coordinates matters: for an invertible matrix $A$ and a
# vector $b$,
#
# $$
# H(fA + b) = H(f) .
# $$ (eq-affine)

# %%
for _ in range(1000):
    A, b = rng.standard_normal((2, 2)), 10 * rng.standard_normal(2)
    assert np.isclose(joint.h_score(f @ A + b), joint.h_score(f), rtol=1e-9)
print(f"H(100 f) = {joint.h_score(100 * f):.6f}, tr cov(100 f) / tr cov(f) = 10000")

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** After Definition 2: a high H-score implies that "feature redundancy $\tr(\cov(f(X)))$
# is small". Definition 2 asks for a zero-mean $f$.
#
# **Decided by.** Features a hundred times larger have ten thousand times the trace and the same
# H-score.
#
# **True.** The H-score does not see the size of $\cov(f)$, nor the mean of $f$.
# :::
#
# ## A squared length in the divergence transition matrix
#
# Let $\Xi = [\sqrt{P_X}]\, f$ be the $|\X| \times k$ matrix with the columns $\xi_i = \sqrt{P_X}
# f_i$, and $\Bt$ the divergence transition matrix {eq}`eq-dtm`.
#
# :::{prf:lemma} Lemmas 4 and 5 of the paper
# :label: lem-projection
#
# For every $f : \X \to \R^k$,
#
# $$
# \lVert \Bt\, \Xi \rVert_F^2 = \tr \cov(\E[f(X) \mid Y]) .
# $$ (eq-projection)
#
# If $\E f = 0$, this is $\E_{P_Y} \lVert \E[f(X) \mid Y] \rVert^2$; if also $\cov(f) = I$, it is
# $H(f)$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Row $y$ of $\Bt\, \Xi$ is
#
# $$
# \sum_x \Bigl( \frac{P_{YX}(y, x)}{\sqrt{P_Y(y)}} - \sqrt{P_Y(y)}\, P_X(x) \Bigr) f(x)
# = \sqrt{P_Y(y)}\, \bigl( \E[f \mid Y = y] - \E f \bigr) .
# $$
#
# The sum of the squared rows is $\sum_y P_Y(y) \lVert \E[f \mid Y = y] - \E f \rVert^2$, the trace
# of the covariance of $\E[f \mid Y]$.
# :::
# ::::
#
# Two thousand random tasks with random features, neither centred nor normalised:

# %%
worst, second_moment = 0.0, []
for _ in range(2000):
    rows, columns, k = rng.integers(2, 9, size=3)
    j = Joint(rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns))
    g = rng.standard_normal((columns, k))
    length = np.sum((j.dtm @ (np.sqrt(j.px)[:, None] * g)) ** 2)
    means = j.conditional_mean(g)
    worst = max(worst, abs(length - j.py @ np.sum((means - j.px @ g) ** 2, axis=1)))
    second_moment.append(j.py @ np.sum(means**2, axis=1) / length)
assert worst < 1e-9 and min(second_moment) > 1.0
print("largest difference below 1e-9;",
      f"second moment / squared length: median {np.median(second_moment):.2f}")

# %% [markdown]
# The squared length equals the trace of the covariance in every case. The subtraction in $\Bt$
# centres by itself, because $\Bt \sqrt{P_X} = 0$. The second moment of the class means, the right
# side of Lemma 4 as printed, is right only for centred features.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Lemmas 4 and 5 assume $\E f = 0$ and $\cov(f) = I$; Lemma 5 writes $\hat B$ where
# Lemma 4 has $\Bt$.
#
# **Decided by.** The cell above, whose features satisfy neither assumption.
#
# **True.** $\lVert \Bt\, \Xi \rVert_F^2 = \tr \cov(\E[f \mid Y])$ needs no assumption. $\E f = 0$
# is needed for the second moment, and $\cov(f) = I$ to call the result an H-score. $\hat B$ is
# $\Bt$.
# :::
#
# ## The operational meaning
#
# Let $Y$ be binary. A sample $x^{(1)}, \dots, x^{(m)}$ comes from one label, $P_{X|Y=0}$ or
# $P_{X|Y=1}$, and a test on the mean of $f$ over the sample must say which. Its best error exponent
# is $E_f$ of {eq}`eq-mismatched`.
#
# :::{prf:theorem} Theorem 1 of the paper, with its constant
# :label: thm-operational
#
# Let $Y$ be binary and $P_{X|Y=0}, P_{X|Y=1} \in \mathcal N(P_X)$, where $P_X = P_Y(0) P_{X|Y=0} +
# P_Y(1) P_{X|Y=1}$ is the marginal of the task. For every $f : \X \to \R^k$ and every $k$,
#
# $$
# E_f = c\, H(f) + O(\eps^3), \qquad c = \frac{1}{8\, P_Y(0)\, P_Y(1)} ,
# $$ (eq-operational)
#
# where $E_f$ is the best exponent of all tests on the mean of $f$; the nearest-mean rule of
# {prf:ref}`lem-vector` attains it to this order. The remainder is $O(\eps^4)$ if the two labels are
# equally likely.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Both sides are unchanged by $f \to fA + b$, so let $\E f = 0$ and $\cov(f) = I$ under $P_X$. Write
# $\mu_y = \E[f \mid Y = y]$ and $p_y = P_Y(y)$. From $p_0 \mu_0 + p_1 \mu_1 = 0$ we get
# $\mu_0 = p_1 (\mu_0 - \mu_1)$ and $\mu_1 = -p_0 (\mu_0 - \mu_1)$, so
#
# $$
# H(f) = p_0 \lVert \mu_0 \rVert^2 + p_1 \lVert \mu_1 \rVert^2
# = p_0\, p_1 \lVert \mu_0 - \mu_1 \rVert^2 .
# $$ (eq-two-means)
#
# {prf:ref}`lem-vector` with $P_0 = P_X$ gives $E_f = \tfrac18 \lVert \mu_0 - \mu_1 \rVert^2 +
# O(\eps^3)$. With equal labels the information vectors of the two classes are opposite, changing
# the sign of $\eps$ swaps them, and there is no cubic term.
# :::
# ::::
#
# A binary task with a given $P_X$ and $P_Y$ has the information vectors $p_1 \phi$ and $-p_0 \phi$,
# for one direction $\phi$. We compute the exact exponent and the exact H-score for smaller and
# smaller $\eps$.

# %%
PX = np.array([0.30, 0.25, 0.20, 0.15, 0.10])
phi = directions(PX, 1, seed=10)[0]
epsilon = 2.0 ** -np.arange(3, 10)


def binary_task(p0, e):
    """P(Y = 0) = p0, and the marginal of X stays PX."""
    classes = perturb(PX, np.array([(1 - p0) * phi, -p0 * phi]), e)
    return Joint.from_conditionals([p0, 1 - p0], classes)


def conditionals(task):
    """P(x | y), one row a label."""
    return task.P / task.py[:, None]


# %%
F = rng.standard_normal((5, 2))
errors, rows = {}, []
for p0 in (0.5, 0.3, 0.1):
    for k in (1, 2):
        tasks = [binary_task(p0, e) for e in epsilon]
        assert all(np.allclose(t.px, PX) for t in tasks)
        E = np.array([float(mismatched(F[:, :k], *conditionals(t))) for t in tasks])
        H = np.array([t.h_score(F[:, :k]) for t in tasks])
        c = 1 / (8 * p0 * (1 - p0))
        error = errors[f"P(0) = {p0}, k = {k}"] = np.abs(E - c * H)
        rows.append((p0, k, c, E[4] / H[4], np.log2(error[-2] / error[-1])))
table = pd.DataFrame(rows, columns=["P(0)", "k", "c", "E / H at eps = 2^-7", "slope"])
table.round({"c": 3, "E / H at eps = 2^-7": 3, "slope": 2}).set_index(["P(0)", "k"])

# %% [markdown]
# The ratio of exponent to H-score is the constant $c$, the same for one feature and for two. The
# errors fall with the third power of $\eps$ (the slope on a log-log plot), and with the fourth for
# equally likely labels.

# %% mystnb={"figure": {"caption": "Error of Theorem 1 with the constant c = 1 / (8 P(0) P(1)): order four for equally likely labels, order three otherwise, whether k is 1 or 2.", "name": "fig-theorem1"}} tags=["hide-input"]
assert np.abs(table["E / H at eps = 2^-7"] / table["c"] - 1).max() < 0.01
assert np.abs(table["slope"] - np.where(table["P(0)"] == 0.5, 4, 3)).max() < 0.05
fig, ax = plt.subplots()
ax.set_prop_cycle(color=[COMPUTED, OTHER, "k"])
for name, error in errors.items():
    if name.endswith("k = 2"):
        ax.plot(epsilon, error, "o-", label=name)
    else:
        colour = {"5": COMPUTED, "3": OTHER, "1": "k"}[name[9]]
        ax.plot(epsilon, error, "x:", color=colour, label=name)
for power, start in ((3, 4e-6), (4, 1e-8)):
    line = start * (epsilon / epsilon[0]) ** power
    ax.plot(epsilon, line, "--", color="0.6", lw=1, label=f"slope {power}")
ax.set(xscale="log", yscale="log", xlabel=r"$\epsilon$", ylabel="absolute error (nats)")
ax.legend(ncols=2, fontsize=8)
plt.show()

# %% [markdown]
# ### The reference must be the marginal
#
# The theorem as printed lets the classes lie around any reference $P_{0,X}$ and normalises $f$
# under it. We keep the paper's expression $\E_{P_Y} \lVert \E[f \mid Y] \rVert^2$ for the H-score,
# draw classes around a reference that is not their mixture, and divide.

# %%
printed, centred = [], []
p = np.array([0.3, 0.7])
for _ in range(400):
    pair = directions(PX, 2, seed=rng) * rng.uniform(0.2, 1, (2, 1))
    task = Joint.from_conditionals(p, perturb(PX, pair, 2.0**-6))
    g = whiten(rng.standard_normal((5, 1)), PX)  # normalised under PX, which is not task.px
    E = float(mismatched(g, *conditionals(task)))
    printed.append(E / (p @ task.conditional_mean(g) ** 2).item())
    centred.append(E / task.h_score(g))
c = 1 / (8 * 0.3 * 0.7)
print(f"c = {c:.3f}; centred at the marginal: {min(centred):.3f} to {max(centred):.3f}")
print(f"centred at another reference: {min(printed):.0e} to {max(printed):.3f}")
assert np.abs(np.array(centred) / c - 1).max() < 0.03
assert min(printed) < 1e-3 and max(printed) < 1.03 * c

# %% mystnb={"figure": {"caption": "Exponent divided by H-score in 400 random binary tasks near a reference that is not the marginal. Centred at the marginal the ratio is constant, as Theorem 1 says; centred at the reference it takes any value below the constant.", "name": "fig-centring"}} tags=["hide-input"]
fig, ax = plt.subplots()
bins = np.linspace(0, 0.62, 63)
ax.hist(centred, bins, color=COMPUTED, label="centred at the marginal")
ax.hist(printed, bins, histtype="step", color=PRINTED, lw=1.4,
        label="as printed, at another reference")
ax.set(xlabel="exponent / H-score", ylabel="number of tasks", yscale="log")
ax.legend(loc="upper center")
plt.show()

# %% [markdown]
# Nothing is constant any more. With the covariance of {eq}`eq-h-score`, which centres at the
# marginal of the task, the ratio is again $c$, up to terms of order $\eps$.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Theorem 1: for classes in $\mathcal N_X(P_{0,X})$ and normalised $f$, "there exists
# some constant $c$ independent of $f$ such that $E_f^k = c H(f)$". In Appendix C a sum starts at
# "$i = l$", and $E(h)$ stands for $E_f$.
#
# **Decided by.** The two figures above.
#
# **True.** $c = 1 / (8 P_Y(0) P_Y(1))$. The reference is the marginal $P_X$, under which $f$ is
# centred and normalised. The equality is asymptotic, up to $O(\eps^3)$, and the exponent belongs to
# the best test on the mean of $f$, not to a region $\{l > T\}$.
# :::
#
# ### More than two labels
#
# With more labels the same algebra gives a sum over pairs.
#
# :::{prf:proposition} H-score as a sum of exponents
# :label: prop-pairs
#
# Let $P_{X|Y=y} \in \mathcal N(P_X)$ for every $y$, and let $E_f(y, y')$ be the exponent
# {eq}`eq-mismatched` between the labels $y$ and $y'$. Then
#
# $$
# H(f) = 8 \sum_{y < y'} P_Y(y)\, P_Y(y')\, E_f(y, y') + O(\eps^3) .
# $$ (eq-pairs)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Let $\E f = 0$ and $\cov(f) = I$. As $\sum_y P_Y(y) \mu_y = 0$, $\sum_{y < y'} P_Y(y) P_Y(y')
# \lVert \mu_y - \mu_{y'} \rVert^2 = \sum_y P_Y(y) \lVert \mu_y \rVert^2 = H(f)$, exactly; and
# $E_f(y, y') = \tfrac18 \lVert \mu_y - \mu_{y'} \rVert^2 + O(\eps^3)$ by {prf:ref}`lem-vector`.
# :::
# ::::
#
# But the exponent of a test between several labels is that of the closest pair, the smallest
# $E_f(y, y')$, and not their sum. The two can disagree. Here is a task with three equally likely
# labels and two $\pm 1$ features.

# %%
three = np.array([[0.20, 0.25, 0.25, 0.30],
                  [0.25, 0.20, 0.30, 0.25],
                  [0.30, 0.30, 0.20, 0.20]])  # P(x | y)
task = Joint.from_conditionals(np.ones(3) / 3, three)
for name, g in {"f1": [1.0, 1, -1, -1], "f2": [1.0, -1, 1, -1]}.items():
    E = [float(mismatched(g, three[a], three[b])) for a, b in ((0, 1), (0, 2), (1, 2))]
    H, total = task.h_score(g), 8 * sum(E) / 9
    print(f"{name}: H = {H:.5f}, 8 sum P P E = {total:.5f}, smallest E = {min(E):.5f}")
    assert abs(total / H - 1) < 0.02

# %% [markdown]
# The feature with three times the H-score cannot tell the first two labels apart, at any number of
# draws; the other one can.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 3.2: "Without loss of generality, we consider the binary classification
# task."
#
# **Decided by.** The cell above: the feature with the larger H-score has the smaller exponent, 0.
#
# **True.** For two labels the H-score orders features by their exponents. For more it is four times
# the average exponent between two independently drawn labels, {eq}`eq-pairs`; the exponent of the
# whole decision is that of the worst pair.
# :::
#
# ## The upper bound
#
# :::{prf:corollary} Corollary 1 of the paper, sharp
# :label: cor-bound
#
# Let $\sigma_1 \ge \dots \ge \sigma_K = 0$ be the singular values of $\Bt$, $K = \min(|\X|, |\Y|)$.
# For features with a covariance of rank $k$,
#
# $$
# H(f) \le \sum_{i=1}^{k} \sigma_i^2 \le \min(k, K - 1) \le |\Y| - 1 .
# $$ (eq-bound)
#
# The first inequality is an equality for the modes {eq}`eq-modes`, $f = (f_1^*, \dots, f_k^*)$, the
# second if $Y$ is a function of $X$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# By {eq}`eq-affine` let $\Xi$ have orthonormal columns. The largest value of $\lVert \Bt\, \Xi
# \rVert_F^2$ over such $\Xi$ is the sum of the $k$ largest squared singular values (Ky Fan). By
# {prf:ref}`thm-dtm` each is at most 1 and at most $K - 1$ are not zero. If $Y$ is a function of
# $X$, then every function $g(Y)$ is also a function of $X$, and correlates with itself perfectly:
# $\sigma_i = 1$ for all $i < K = |\Y|$.
# :::
# ::::
#
# Five thousand random features, of $1$ to $8$ columns, on a thousand random tasks:

# %%
worst = -np.inf
for _ in range(1000):
    rows, columns = rng.integers(2, 9, size=2)
    j = Joint(rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns))
    for k in rng.integers(1, 9, size=5):
        H = j.h_score(rng.standard_normal((columns, k)))
        best = np.sum(j.singular_values[:k] ** 2)
        worst = max(worst, H - best, best - min(k, rows - 1, columns - 1))
copy = Joint(np.eye(4) / 4)  # Y = X, uniform on four symbols
H = copy.h_score(copy.modes().f)
print(f"largest excess below 1e-10; H of the modes when Y = X: {H:.4f} = |Y| - 1")
assert worst < 1e-10 and np.isclose(H, 3)

# %% mystnb={"figure": {"caption": "H-scores of random features of one 6 x 7 task (dots), of its modes (line), and the bounds. The modes are never beaten, and nothing is gained after five features; the printed bound k goes on growing.", "name": "fig-bound"}} tags=["hide-input"]
joint = Joint(rng.dirichlet(np.full(42, 0.2)).reshape(6, 7))
ks = np.arange(1, 7)
fig, ax = plt.subplots()
for k in ks:
    scores = [joint.h_score(rng.standard_normal((7, k))) for _ in range(200)]
    label = "random features" if k == 1 else None
    ax.plot(k + rng.uniform(-0.15, 0.15, 200), scores, ".", color=COMPUTED, ms=2, alpha=0.5,
            label=label)
modes = np.cumsum(joint.singular_values**2)
ax.plot(ks, modes, "o-", color=COMPUTED, label="modes: sum of squared singular values")
ax.plot(ks, np.minimum(ks, 5), "k--", lw=1, label="min(k, K - 1)")
ax.plot(ks, ks, "o", color=PRINTED, mfc="none", label="printed bound k")
ax.set(xlabel="number of features k", ylabel="H-score")
ax.legend()
plt.show()
assert joint.singular_values[5] < 1e-12

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Corollary 1: $H(f) \le \sum_{i=1}^k \sigma_i^2 \le k$. After it:
# $\max_\Xi \lVert \Bt\, \Xi \rVert_F^2 = \lVert \Bt \rVert_F^2$.
#
# **Decided by.** $\sigma_K = 0$ in {prf:ref}`thm-dtm`; {numref}`fig-bound`, where the maximum for
# $k < 5$ is below its value at 5.
#
# **True.** The last bound is $\min(k, K - 1)$. The maximum is $\lVert \Bt \rVert_F^2$ only if
# $k \ge \rank \Bt$.
# :::
#
# ## Features that are not normalised
#
# Appendix D of the paper carries the normalisation over to arbitrary features. For centred $f$,
# $\Xi^\top \Xi = \cov(f)$, and
#
# $$
# \bigl\lVert \Bt\, \Xi\, (\Xi^\top \Xi)^{-1/2} \bigr\rVert_F^2
# = \tr\bigl( \cov(f)^{-1} \cov(\E[f \mid Y]) \bigr) = H(f) .
# $$ (eq-appendix-d)
#
# The matrix $\Xi (\Xi^\top \Xi)^{-1/2}$ has orthonormal columns that span those of $\Xi$: the
# H-score is the squared length of the **projection of $\Bt$ on the span of the features**. Read so,
# it needs no inverse, and it is clear what to do with a redundant column: nothing happens. The
# pseudo-inverse does the same.


# %%
def appendix_d(joint, f):
    xi = np.sqrt(joint.px)[:, None] * f
    values, vectors = np.linalg.eigh(xi.T @ xi)
    root = np.where(values > 1e-12 * values[-1], values, np.inf) ** -0.5
    return np.sum((joint.dtm @ xi @ vectors * root) ** 2)


# %%
f = rng.standard_normal((7, 3))
f -= joint.px @ f
redundant = np.hstack([f, f @ [[1.0], [2.0], [-1.0]]])
shifted = f + np.array([1.0, -2.0, 0.5])
variants = {"three columns": f, "a fourth, redundant": redundant, "not centred": shifted}
for name, g in variants.items():
    direct, H = appendix_d(joint, g), joint.h_score(g)
    print(f"{name:>20}: Appendix D {direct:.6f}, H-score {H:.6f}")
for g in (f, redundant):
    assert abs(appendix_d(joint, g) - joint.h_score(f)) < 1e-9

# %% [markdown]
# The last line shows why Appendix D must start from centred features. $\Bt\, \Xi$ does not see a
# shift, but $\Xi^\top \Xi$ does, and the score comes out too small.
#
# Statisticians met this number first. The singular values of $\Bt\, \Xi\, (\Xi^\top \Xi)^{-1/2}$
# are the canonical correlations between $f$ and the label, and the sum of their squares is the
# **Pillai-Bartlett trace** of a one-way multivariate analysis of variance of $f$ on $Y$
# {cite:p}`pillai1955`. So the H-score comes with a significance test, {eq}`eq-pillai`.
#
# ## Transferability
#
# :::{prf:definition} Transferability
# :label: def-transferability
#
# Let $S$ and $T$ be two tasks with the same inputs, $f_S$ features trained for $S$, and
# $f_{T\mathrm{opt}}$ the best features for $T$, its modes {eq}`eq-modes`. The **transferability**
# from $S$ to $T$ is
#
# $$
# \mathsf T(S, T) = \frac{H_T(f_S)}{H_T(f_{T\mathrm{opt}})} .
# $$ (eq-transferability)
# :::
#
# For a binary target the constant $c$ cancels: $\mathsf T(S, T)$ is a **ratio of error exponents**.
# We take a source and a target with the same three inputs and compute both ratios.

# %%
target = Joint.from_conditionals([0.5, 0.5], [[0.50, 0.30, 0.20], [0.36, 0.30, 0.34]])
source = Joint([[0.28, 0.10, 0.12], [0.15, 0.20, 0.15]])
assert np.allclose(source.px, target.px)
P1, P2 = conditionals(target)
f_S, f_T = source.modes(1).f[:, 0], target.modes(1).f[:, 0]
r = target.h_score(f_S) / target.h_score(f_T)
E_S, E_T = mismatched(f_S, P1, P2), mismatched(f_T, P1, P2)
ratio = float(E_S) / float(E_T)
print(f"transferability {r:.4f}, ratio of exponents {ratio:.4f}, 1 / r = {1 / r:.2f}")

# %% [markdown]
# The ratio of exponents is $r$. The number $1/r$ has a meaning too: it is how many times as many
# draws the transferred feature needs for the same error. We sum exact error probabilities until
# they fall below one percent.


# %%
def draws_needed(f, E, error=0.01):
    """Smallest m with an error probability below `error`, by bisection."""
    sign = np.sign(P1 @ f - P2 @ f)
    low, high = 1, 2048
    while high - low > 1:
        m = (low + high) // 2
        log_pe = log_error_probability(sign * f, sign * E.mean[0], P1, P2, m)
        low, high = (low, m) if log_pe < np.log(error) else (m, high)
    return high


m_S, m_T = draws_needed(f_S, E_S), draws_needed(f_T, E_T)
print(f"draws for Pe = 1%: target's feature {m_T}, source's {m_S}, ratio {m_S / m_T:.2f}")
assert abs(ratio / r - 1) < 0.02 and abs(m_S / m_T * r - 1) < 0.03

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 4.1: "$\mathsf T(S, T) = r$ means the error exponent of transferring ... is
# $\tfrac1r$ of the optimal error exponent".
#
# **Decided by.** The two cells above.
#
# **True.** It is $r$ times the optimal exponent. The transfer needs $1/r$ times as many draws.
# :::
#
# ### Between 0 and 1, under two conditions
#
# The paper says $0 \le \mathsf T \le 1$. By {prf:ref}`cor-bound` that is true if
# $f_{T\mathrm{opt}}$ has enough features: at least as many as $f_S$, or at least the rank of
# $\Bt_T$. We draw five hundred pairs of tasks with eight inputs and four labels, so that the rank
# is 3.

# %%
def random_task(px, labels=4):
    return Joint(rng.dirichlet(np.ones(labels), size=len(px)).T * px)


T = {1: [], 3: []}
for _ in range(500):
    px = rng.dirichlet(np.full(8, 3.0))
    S, task = random_task(px), random_task(px)
    for k in T:
        T[k].append(task.h_score(S.modes(3).f) / task.h_score(task.modes(k).f))
print(f"three target features: {min(T[3]):.3f} to {max(T[3]):.3f}")
above = np.mean(np.array(T[1]) > 1)
print(f"one target feature:    {min(T[1]):.3f} to {max(T[1]):.3f}, above 1 in {above:.0%} of pairs")
assert 0 <= min(T[3]) and max(T[3]) <= 1 + 1e-10 and max(T[1]) > 1

# %% [markdown]
# With three target features the ratio stays between 0 and 1. With one target feature against three
# of the source it often does not.
#
# The second condition is that the distributions are exact. The indicator of $x$, eight columns,
# spans all functions of the input, so its transferability is 1. From 100 samples the estimate is
# larger, because it has more columns to fit noise with.

# %%
task = random_task(np.ones(8) / 8)
exact = task.h_score(np.eye(8)) / task.h_score(task.modes(3).f)
estimates = []
for seed in range(50):
    x, y = task.sample(100, seed=seed)
    estimates.append(float(transferability(np.eye(8)[x], task.modes(3).f[x], y)))
print(f"exact {exact:.4f}, estimates {min(estimates):.2f} to {max(estimates):.2f}, "
      f"mean {np.mean(estimates):.2f}")
assert np.isclose(exact, 1) and min(estimates) > 1

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 4.1: the definition "implies $0 \le \mathsf T(S, T) \le 1$, which satisfies
# the data processing inequality".
#
# **Decided by.** The two cells above.
#
# **True.** It holds for exact distributions if $f_{T\mathrm{opt}}$ has at least $\min(k_S, \rank
# \Bt_T)$ features. An estimate from samples can exceed 1.
# :::
#
# ## What the page found
#
# The H-score is the squared length of the divergence transition matrix, projected on the span of
# the features. For two labels that differ little, it is the error exponent of the best test on the
# mean of the features, up to the factor $1 / (8 P_Y(0) P_Y(1))$, which no feature can change. It is
# at most $\min(k, K - 1)$. For more than two labels it averages the exponents of the pairs, which
# the worst pair can contradict. A transferability of $r$ keeps the fraction $r$ of the exponent.
#
# The paper's Theorem 1 and Corollary 1 stand, with the reference at the marginal, the constant made
# explicit, and the bound made sharp. Its "$\tfrac1r$" and its "without loss of generality" do not.

# %%
pd.DataFrame({"H": [target.h_score(f_T), target.h_score(f_S)],
              "c H": [target.h_score(f_T) / 2, target.h_score(f_S) / 2],
              "exponent (nats)": [float(E_T), float(E_S)],
              "draws for 1%": [m_T, m_S]}, ["target's feature", "source's feature"]).round(5)
