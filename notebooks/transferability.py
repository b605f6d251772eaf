# %% [markdown]
# # Transferability
#
# **Question.** Features were trained for one task. How much of the best possible score can they
# have for another, can layers on top of them add to it, and which of several sources is the best?
#
# **Answer.** At most the sum of the first squared singular values ({prf:ref}`cor-bound`), and no
# linear layer adds to it ({prf:ref}`prop-linear`). The score over the best one is the
# transferability, a share of the best exponent ({prf:ref}`def-transferability`). Choosing by it is
# choosing by the H-score {eq}`eq-source-selection`: of three sources the most accurate one in
# {glue:text}`h-chosen` of cases.
#
# Distributions are known exactly, but in one cell, which shows what samples do to a ratio. The
# H-score and its meaning are those of {doc}`h_score`.

# %% tags=["hide-input"]
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from tdist import Joint, transferability
from tdist.exponents import log_error_probability, mismatched
from tdist.plots import COMPUTED, OTHER, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
# The birds again, with pitch and length for features; change this cell to try others.

# %%
counts = pd.DataFrame([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]],
                      index=["thrush", "warbler", "finch"],
                      columns=["whistle", "trill", "buzz", "chip"])
calls = pd.DataFrame({"pitch (kHz)": [2.0, 3.5, 4.6, 7.1],
                      "length (s)": [1.2, 2.3, 1.7, 0.1]}, counts.columns)
birds = Joint(counts.to_numpy() / counts.to_numpy().sum())
f, P = calls.to_numpy(), birds.P
px = birds.px

# %% [markdown]
# ## The upper bound
#
# :::{prf:corollary} Corollary 1 of the paper, sharp (exact)
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

# %% tags=["claim H-039: holds", "claim H-040: holds when corrected", "claim H-041: holds"]
worst = -np.inf
for rows, columns in rng.integers(2, 9, size=(1000, 2)):
    j = Joint(rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns))
    for k in rng.integers(1, 9, size=5):
        H = j.h_score(rng.standard_normal((columns, k)))
        most = np.sum(j.singular_values[:k] ** 2)
        worst = max(worst, H - most, most - min(k, rows - 1, columns - 1))
copy = Joint(np.eye(4) / 4)  # Y = X, uniform on four symbols
H = copy.h_score(copy.modes().f)
print(f"largest excess below 1e-10; H of the modes when Y = X: {H:.4f} = |Y| - 1")
assert worst < 1e-10 and np.isclose(H, 3), "the bound holds for every task"

# %% mystnb={"figure": {"caption": "H-scores of 300 random features of the birds' calls for each k (dots), of the modes (line), and of the pitch and the length. The modes are never beaten, and nothing is gained after K - 1 of them.", "name": "fig-bound"}, "image": {"alt": "H-score against the number of features, 1 to 3. Clouds of dots fill the space below a line of the modes, which rises from 0.19 to 0.26 at two features and is flat from there; at three all dots lie on it. Two squares, pitch and pitch with length, lie just below the line."}} tags=["hide-input", "claim H-042: holds when corrected", "claim H-043: holds", "claim H-041: holds"]
ks = np.arange(1, len(birds.px))
fig, ax = plt.subplots()
for k in ks:
    random = [birds.h_score(rng.standard_normal((len(birds.px), k))) for _ in range(300)]
    ax.plot(k + rng.uniform(-0.15, 0.15, 300), random, ".", color=COMPUTED, ms=2, alpha=0.5,
            label="random features" if k == 1 else None)
ax.plot(ks, [np.sum(birds.singular_values[:k] ** 2) for k in ks], "o-", color=COMPUTED,
        label="modes: sum of squared singular values")
ax.plot(range(1, f.shape[1] + 1), [birds.h_score(f[:, :k + 1]) for k in range(f.shape[1])], "s",
        color=OTHER, label="pitch; pitch and length")
ax.set(xlabel="number of features $k$", ylabel="H-score", xticks=ks, ylim=(0, None))
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# The bound of the paper, $k$, goes on growing where nothing is left to gain.
#
# (h-universal)=
# ## In what sense the modes are universal
#
# The modes are called "universal minimum error probability features" {cite:p}`huang2017,huang2024`,
# and the paper repeats that "they can achieve the smallest error probability over all possible
# inference tasks". About one feature and one task of several labels this is false. Three equally
# likely labels:

# %%
three = np.array([[0.20, 0.25, 0.25, 0.30],
                  [0.25, 0.20, 0.30, 0.25],
                  [0.30, 0.30, 0.20, 0.20]])  # P(x | y)

# %% [markdown]
# The first mode, and the best of 24 combinations of the two modes:

# %% tags=["claim H-027: holds when corrected", "claim H-050: holds when corrected", "claim H-133: holds when corrected"]
task = Joint.from_conditionals(np.ones(3) / 3, three)
modes = task.modes().f
candidates = [modes @ [np.cos(a), np.sin(a)] for a in np.arange(24) * np.pi / 24]
smallest = [min(float(mismatched(g, *pair)) for pair in combinations(three, 2))
            for g in candidates]
best = int(np.argmax(smallest))
assert smallest[0] < 1e-9 < 1e-3 < smallest[best], \
    "the first mode cannot tell two of the three labels apart; another feature can"
pd.DataFrame({"H": [task.h_score(candidates[i]) for i in (0, best)],
              "smallest E": [smallest[0], smallest[best]]},
             ["first mode", "best found"]).round(5)

# %% [markdown]
# The first mode cannot tell the first two labels apart at any number of draws; another combination
# of the two modes, with a smaller H-score, tells all three. What is true is a statement about an
# average. A **weak question** about $Y$ is a binary attribute $U$ with
# $P_{Y|U=\pm} = P_Y \pm \eps \sqrt{P_Y}\, \omega$, for a unit vector $\omega$ orthogonal to
# $\sqrt{P_Y}$.
#
# :::{prf:proposition} The modes are best on the average question (local)
# :label: prop-universal
#
# Let $\omega_1, \dots, \omega_{|\Y| - 1}$ be an orthonormal basis of questions, and $E_f(\omega)$
# the exponent {eq}`eq-mismatched` between $P_{X|U=+}$ and $P_{X|U=-}$. As $\eps \to 0$,
#
# $$
# \sum_i E_f(\omega_i) = \frac{\eps^2}{2} H(f) + O(\eps^3) ,
# $$ (eq-universal)
#
# and the mean of $E_f(\omega)$ over all directions $\omega$ is this sum divided by $|\Y| - 1$. So
# among all $k$ features the first $k$ modes have the largest exponent on average.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# $P_{X|U=\pm}(x) = \sum_y P_{X|Y=y}(x)\, P_{Y|U=\pm}(y) = P_X(x) \pm \eps \sqrt{P_X(x)}\,
# (\Bt^\top \omega)(x)$. So the two information vectors are $\pm \Bt^\top \omega$, and with $\E f =
# 0$, $\cov(f) = I$, {prf:ref}`lem-vector` gives $E_f(\omega) = \tfrac{\eps^2}{2} \lVert \Xi^\top
# \Bt^\top \omega \rVert^2 + O(\eps^3)$. Over an orthonormal basis the squared lengths add up to
# $\lVert \Bt\, \Xi \rVert_F^2$, because $\sqrt{P_Y}^\top \Bt = 0$; this is $H(f)$. The maximum is
# {prf:ref}`cor-bound`.
# :::
# ::::

# %% tags=["claim H-027: holds when corrected"]
features = {"pitch": f[:, :1], "both": f, "first mode": birds.modes(1).f}
given = P / birds.py[:, None]  # P(x | y)
basis = np.linalg.svd(np.sqrt(birds.py)[None])[2][1:]  # omega, orthonormal
e = 2.0**-6
shift = e * np.sqrt(birds.py) * basis  # one row a question about the species
questions = np.stack([birds.py + shift, birds.py - shift], axis=1)  # P(y | u)
for name, g in features.items():
    total = sum(float(mismatched(g, *(answers @ given))) for answers in questions)
    ratio = total / (e**2 / 2 * birds.h_score(g))
    print(f"{name:>10}: sum of exponents / (eps^2 H / 2) = {ratio:.4f}")
    assert abs(ratio - 1) < 0.01, \
        "in the book's example the local formula is within 1% at eps = 2^-6"

# %% [markdown]
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Section 2.2: the modes "achieve the smallest error probability over all possible
# inference tasks".
#
# **Decided by.** The three labels above: the first mode has the exponent 0, another single feature
# has not.
#
# **True.** On the average over weak questions {eq}`eq-universal`. With all $K - 1$ modes nothing is
# lost for any weak question; with fewer, a given task can have a better feature.
# :::
#
# ## Layers on top
#
# Fine-tuning puts layers between the features and the classifier. The paper says that the meaning
# of the score needs them to be linear. Here is why.
#
# :::{prf:proposition} A linear layer gains nothing, and can lose nothing (exact)
# :label: prop-linear
#
# For every matrix $W$ with $k$ rows, $H(fW) \le H(f)$. Equality holds for the $|\Y|$ columns
#
# $$
# W = \cov(f)^{-1} \bigl[\, \E[f \mid Y = y] - \E f \,\bigr]_{y \in \Y} ,
# $$ (eq-best-layer)
#
# of which any $|\Y| - 1$ are enough.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# The columns of $\Xi W$ lie in the span of those of $\Xi$, and the projection of $\Bt$ on a smaller
# span is no longer. For equality let $\E f = 0$ and $\cov(f) = I$. Then $\Bt\, \Xi$ has the rows
# $\sqrt{P_Y(y)}\, \E[f \mid Y = y]^\top$, and the columns of $W = (\E[f \mid Y = y])_y$ span the
# space of these rows: projecting on $\Xi W$ keeps all of $\Bt\, \Xi$. As $\sum_y P_Y(y)\, \E[f \mid
# Y = y] = 0$, any $|\Y| - 1$ columns span it. A general $f$ is brought to this form by
# {eq}`eq-affine`.
# :::
# ::::
#
# A question with two answers, thrush or not, and three features: one column of $W$ is enough.

# %% tags=["claim H-051: holds", "claim H-052: holds"]
thrush = Joint(np.vstack([P[0], P[1:].sum(axis=0)]))
wide = np.column_stack([f, rng.standard_normal(len(f))])  # pitch, length and a whim
wide -= px @ wide
W = np.linalg.pinv(wide.T * px @ wide) @ thrush.conditional_mean(wide).T  # (k, |Y|)
H, one = thrush.h_score(wide), thrush.h_score(wide @ W[:, 0])
random = [thrush.h_score(wide @ rng.standard_normal(3)) for _ in range(1000)]
print(f"H(f) {H:.4f}, one column of W {one:.4f}, "
      f"random columns: mean {np.mean(random):.4f}, most {max(random):.4f}")
assert np.isclose(one, H), "one best column keeps all of H for two labels"
assert max(random) <= H + 1e-9, "no linear layer raises H"

# %% [markdown]
# A layer that bends can raise the score, since it makes functions that $f$ did not span. Only
# $\lVert \Bt \rVert_F^2$ bounds it. What no layer can do is to bring back what $f$ has merged.
#
# :::{prf:proposition} Data processing (exact)
# :label: prop-data-processing
#
# Let $Z = h(X)$. Then $\lVert \Bt_{YZ} \rVert_F^2 \le \lVert \Bt_{YX} \rVert_F^2$, and every
# feature of $Z$ has at most the H-score $\lVert \Bt_{YZ} \rVert_F^2$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# A feature $f(Z) = f(h(X))$ is a feature of $X$ with the same means, covariance and class means, so
# with the same H-score. By {prf:ref}`cor-bound` the largest over functions of $Z$ is
# $\lVert \Bt_{YZ} \rVert_F^2$, the largest over functions of $X$ is $\lVert \Bt_{YX} \rVert_F^2$,
# and the former are among the latter.
# :::
# ::::

# %% tags=["claim H-049: holds when corrected", "claim H-052: holds"]
pitch = f[:, :1]
merged = Joint(np.column_stack([P[:, :-2], P[:, -2:].sum(axis=1)]))  # two calls as one
whole = np.sum(birds.dtm**2)
H, bent = birds.h_score(pitch), birds.h_score(np.hstack([pitch, pitch**2]))
print(f"pitch {H:.4f}, with its square {bent:.4f}, of at most {whole:.4f}")
print(f"last two calls merged: at most {np.sum(merged.dtm**2):.4f}")
assert H < bent <= whole + 1e-12, \
    "a further feature does not lower H, and |B|^2 bounds it"
assert np.sum(merged.dtm**2) <= whole + 1e-12, "merging symbols never raises |B|^2"

# %% [markdown]
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
# For a binary target the constant $c$ cancels: up to $O(\eps)$, $\mathsf T(S, T)$ is a **ratio of
# error exponents**. We take a weak source and target with the same three inputs and compute both
# ratios; with three inputs errors can be summed exactly for thousands of draws.

# %% tags=["claim H-046: holds", "claim H-047: does not hold", "claim H-135: holds when corrected"]
P1, P2 = np.array([[0.50, 0.30, 0.20], [0.36, 0.30, 0.34]])
target = Joint.from_conditionals([0.5, 0.5], [P1, P2])
source = Joint([[0.28, 0.10, 0.12], [0.15, 0.20, 0.15]])
assert np.allclose(source.px, target.px), "both tasks need the same inputs"
f_S, f_T = source.modes(1).f[:, 0], target.modes(1).f[:, 0]
r = target.h_score(f_S) / target.h_score(f_T)
E_S, E_T = mismatched(f_S, P1, P2), mismatched(f_T, P1, P2)
ratio = float(E_S) / float(E_T)
print(f"transferability {r:.4f}, ratio of exponents {ratio:.4f}, 1 / r = {1 / r:.2f}")

# %% [markdown]
# The ratio of exponents is $r$, up to terms of order $\eps$. The number $1/r$ has a meaning too: it
# is about how many times as many draws the transferred feature needs for the same error. We sum
# exact error probabilities until they fall below one percent.

# %% tags=["hide-input"]
def draws_needed(f, E, error=0.01):
    """Smallest m with an error probability below `error`, by bisection."""
    sign = np.sign(P1 @ f - P2 @ f)
    low, high = 1, 2048
    while high - low > 1:
        m = (low + high) // 2
        log_pe = log_error_probability(sign * f, sign * E.mean[0], P1, P2, m)
        low, high = (low, m) if log_pe < np.log(error) else (m, high)
    return high

# %% tags=["claim H-047: does not hold", "claim H-135: holds when corrected"]
m_S, m_T = draws_needed(f_S, E_S), draws_needed(f_T, E_T)
print(f"draws for Pe = 1%: target's feature {m_T}, source's {m_S}, "
      f"ratio {m_S / m_T:.2f}")
assert abs(ratio / r - 1) < 0.02 and abs(m_S / m_T * r - 1) < 0.03, \
    "in the book's example both ratios are within 3% of r"

# %% [markdown]
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
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

# %% tags=["claim H-048: holds when corrected"]
T = {1: [], 3: []}
for _ in range(500):
    inputs = rng.dirichlet(np.full(8, 3.0))
    S, task = random_task(inputs), random_task(inputs)
    for k in T:
        T[k].append(task.h_score(S.modes(3).f) / task.h_score(task.modes(k).f))
above = np.mean(np.array(T[1]) > 1)
print(f"three target features: {min(T[3]):.3f} to {max(T[3]):.3f}")
print(f"one target feature: {min(T[1]):.3f} to {max(T[1]):.3f}, above 1 in {above:.0%}")
assert 0 <= min(T[3]) and max(T[3]) <= 1 + 1e-10 and max(T[1]) > 1, \
    "with all modes of the target T is at most 1; with one of three it need not be"

# %% [markdown]
# With three target features the ratio stays between 0 and 1. With one target feature against three
# of the source it often does not.
#
# The second condition is that the distributions are exact. The indicator of $x$, eight columns,
# spans all functions of the input, so its transferability is 1. From samples the raw ratio is
# larger, because it has more columns to fit noise with.
#
# **Change this and run**: how many samples bring the raw ratio near 1?

# %% tags=["claim H-048: holds when corrected"]
SAMPLES = 100  # ← change this, from 20
task = random_task(np.ones(8) / 8)
best = task.modes(3).f
exact, estimates = task.h_score(np.eye(8)) / task.h_score(best), []
for seed in range(50):
    x, y = task.sample(SAMPLES, seed=seed)
    estimates.append(float(transferability(np.eye(8)[x], best[x], y)))
print(f"exact {exact:.4f}, from {SAMPLES} samples {min(estimates):.2f} to "
      f"{max(estimates):.2f}, mean {np.mean(estimates):.2f}")
assert np.isclose(exact, 1) and np.mean(estimates) >= 1, \
    "the exact ratio is 1, and more columns never score less on the same samples"

# %% [markdown]
# What is above 1 falls like one over the number of samples (try 1,000). It is chance, which
# {doc}`from_samples` takes away.
#
# ## Choosing a source
#
# :::{prf:definition} Source task selection
# :label: def-source-selection
#
# Given source tasks $S_1, \dots, S_N$ with features $f_{S_1}, \dots, f_{S_N}$ and a target $T$,
# find the source whose features predict the label of $T$ with the highest accuracy.
# :::
#
# This is Definition 4 of the paper, and what the rest of the book is about. The paper's answer is
# the source with the largest transferability. The denominator of {eq}`eq-transferability` is the
# same for all, so it need not be computed (*exact*):
#
# $$
# \operatorname{argmax}_i \mathsf T(S_i, T) = \operatorname{argmax}_i H_T(f_{S_i}) .
# $$ (eq-source-selection)
#
# Whether the largest H-score is the highest accuracy is another question. Accuracy here: a
# classifier hears one call and decides by the nearest class mean of the source's feature, with the
# priors, $\operatorname{argmax}_y \log P_Y(y) - \tfrac12 \lVert f(x) - \mu_y \rVert^2$. Three
# random binary questions about the calls are the sources, and the species are the target.

# %%
def accuracy(task, g):
    """Of the nearest class mean with priors, for a white g and one draw."""
    away = ((g - task.conditional_mean(g)[:, None]) ** 2).sum(axis=2)  # (|Y|, |X|)
    decision = (np.log(task.py)[:, None] - away / 2).argmax(axis=0)
    return task.P[decision, np.arange(len(task.px))].sum()

# %% tags=["claim H-070: holds", "claim H-068: holds", "claim H-067: holds", "claim H-069: holds when corrected"]
trios = [[random_task(px, labels=2).modes(1).f for _ in range(3)] for _ in range(1000)]
H = np.array([[birds.h_score(g) for g in trio] for trio in trios])
right = np.array([[accuracy(birds, g) for g in trio] for trio in trios])
chosen, best = right[np.arange(len(right)), H.argmax(axis=1)], right.max(axis=1)
print(f"accuracy of the best of three {best.mean():.3f}, of the largest H "
      f"{chosen.mean():.3f}, of a random one {right.mean():.3f}")
print(f"largest H is the most accurate, or ties with it: {np.mean(chosen >= best):.0%}")
assert right.mean() < chosen.mean() <= best.mean(), \
    "in the book's example the largest H chooses better than chance"

# %% tags=["remove-input"]
glue("h-chosen", f"{np.mean(chosen >= best):.0%}", display=False)
glue("h-regret", f"{100 * (best - chosen).mean():.1f}", display=False)

# %% [markdown]
# In {glue:text}`h-chosen` of a thousand trios the largest H-score names the most accurate source
# or one as accurate, and what it loses on average is {glue:text}`h-regret` points of accuracy. This
# is with exact distributions; {doc}`your_own_model` and {doc}`which_source` ask it with samples.

# %% [markdown]
# ## What the page found
#
# A score is at most $\min(k, K - 1)$, and no linear layer raises it (*exact*). A transferability of
# $r$ keeps the fraction $r$ of the exponent (*local*), is at most 1 under two conditions, and
# choosing the source of the largest transferability is choosing that of the largest H-score
# (*exact*), which is a good choice and not always the best.
#
# The paper's Corollary 1 stands, with the bound made sharp. That the modes "achieve the smallest
# error probability over all possible inference tasks" holds on average. That $\mathsf T = r$ means
# $\tfrac1r$ of the optimal exponent does not hold: it is $r$ of it, and $\tfrac1r$ of the draws.

# %%
pd.DataFrame({"H": [target.h_score(f_T), target.h_score(f_S)],
              "c H": [target.h_score(f_T) / 2, target.h_score(f_S) / 2],
              "exponent (nats)": [float(E_T), float(E_S)],
              "draws for 1%": [m_T, m_S]},
             ["target's feature", "source's feature"]).round(5)

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-transfer-angle
#
# For two binary tasks with the same inputs, show that $\mathsf T(S, T)$ is the squared correlation
# of their modes. So it is symmetric. Is it like a distance: if $S$ is near $M$ and $M$ is near $T$,
# is $S$ near $T$?
# :::
#
# ````{solution-start} ex-transfer-angle
# :class: dropdown
# ````
# A binary task has one mode: $\Bt_T = \sigma_T \psi_T \phi_T^\top$, so
# $H_T(f_S) = \sigma_T^2 \langle \phi_T, \phi_S \rangle^2$ and $H_T(f_T) = \sigma_T^2$. The ratio
# $\langle \phi_T, \phi_S \rangle^2 = \E[f_S f_T]^2$ does not know how strong the tasks are. It is
# the squared cosine of an angle. Two angles of 45° can make 90°: two good transfers in a row, and
# from the first to the last none.

# %%
def task_along(direction):
    """A binary task about the calls whose mode is this function of the call."""
    away = 0.3 * direction / np.abs(direction).max()
    return Joint(np.array([0.5 + away, 0.5 - away]) * px)

# %%
first, last = birds.modes(2).f.T  # two uncorrelated functions of the call
tasks = {"S": task_along(first), "M": task_along(first + last), "T": task_along(last)}
for a, b in (("S", "M"), ("M", "S"), ("M", "T"), ("S", "T")):
    f_a, f_b = (tasks[name].modes(1).f[:, 0] for name in (a, b))
    found = tasks[b].h_score(f_a) / tasks[b].h_score(f_b)
    print(f"T({a}, {b}) = {found:.4f}")
    assert np.isclose(found, (px @ (f_a * f_b)) ** 2), \
        "a squared correlation for any two binary tasks"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-transfer-noise
#
# A share $q$ of the labels of a binary task is flipped at random. What becomes of
# $\mathsf T(S, T)$ if this is the source, and if it is the target? Of the number of draws?
# :::
#
# ````{solution-start} ex-transfer-noise
# :class: dropdown
# ````
# For equally likely labels $\Bt$ becomes $(1 - 2q) \Bt$. The modes stay, so a noisy source gives
# the same feature and the same transferability. For a noisy target both H-scores fall by
# $(1 - 2q)^2$, and their ratio stays. But the exponents fall by about $(1 - 2q)^2$ too, and the
# draws grow accordingly: **a ratio of scores hides how hard the target is**.

# %%
q = 0.2
noisy = Joint(np.array([[1 - q, q], [q, 1 - q]]) @ target.P)
same = noisy.h_score(f_S) / noisy.h_score(noisy.modes(1).f)
P1, P2 = 2 * noisy.P  # what draws_needed tells apart
more = draws_needed(f_T, mismatched(f_T, P1, P2)) / m_T
print(f"transferability {same:.4f}, before {r:.4f}; draws times {more:.2f}, "
      f"1 / (1 - 2q)^2 = {1 / (1 - 2 * q) ** 2:.2f}")
assert np.isclose(same, r), "flips do not move the ratio, if labels are equally likely"

# %% [markdown]
# ````{solution-end}
# ````
