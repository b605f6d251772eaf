# %% [markdown]
# # The H-score, and what it means
#
# **Question.** Given features $f(x)$ and a task with labels $y$, how good are the features for the
# task, without training anything on them? And does the answer mean more than a number?
#
# **Answer.** Two covariance matrices and a trace say it {eq}`eq-h-score`. For two labels that
# differ little the number is an {term}`error exponent`, up to a known factor
# ({prf:ref}`thm-operational`); for more labels it is an average of exponents, which can mislead
# ({ref}`h-more-labels`).
#
# This is the **{term}`H-score`** of {cite:t}`hscore2019`. The page finds the constant in the
# paper's Theorem 1 and how far the theorem reaches; what bounds the score, and what it says about
# transfer, is the next page, {doc}`transferability`. All distributions here are known exactly;
# samples come later.

# %% tags=["hide-input"]
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from tdist import Joint
from tdist.exponents import mismatched
from tdist.joint import directions, perturb
from tdist.plots import COMPUTED, OTHER, use_book_style

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
# row a symbol. We take the birds of {doc}`error_exponents`; to try others, change this cell. An
# assertion that holds for these birds and perhaps not for yours says so: drop that line and go on.

# %%
counts = pd.DataFrame([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]],
                      index=["thrush", "warbler", "finch"],
                      columns=["whistle", "trill", "buzz", "chip"])
calls = pd.DataFrame({"pitch (kHz)": [2.0, 3.5, 4.6, 7.1],
                      "length (s)": [1.2, 2.3, 1.7, 0.1]}, counts.columns)
birds = Joint(counts.to_numpy() / counts.to_numpy().sum())
f, P = calls.to_numpy(), birds.P
features = {"pitch": f[:, :1], "length": f[:, 1:], "pitch and length": f,
            "first mode": birds.modes(1).f, "all modes": birds.modes().f}
scores = {name: birds.h_score(g) for name, g in features.items()}
pd.Series(scores, name="H").round(4).to_frame()

# %% [markdown]
# The pitch alone is worth more than the length, the two together are worth more than their sum, and
# they come near the {term}`modes <mode>` {eq}`eq-modes`, which no features beat
# ({prf:ref}`cor-bound`). The definition, written out, gives the same number.

# %% tags=["claim H-029: holds"]
py, px = P.sum(axis=1), P.sum(axis=0)
mean = px @ f
total = (f - mean).T @ np.diag(px) @ (f - mean)  # cov(f), (k, k)
class_means = P @ f / py[:, None]  # E[f | Y], (|Y|, k)
between = (class_means - mean).T @ np.diag(py) @ (class_means - mean)
trace = np.trace(np.linalg.inv(total) @ between)
print(f"trace {trace:.6f}")
assert np.isclose(trace, birds.h_score(f), rtol=1e-9), \
    "the trace is the H-score wherever cov(f) can be inverted"

# %% [markdown]
# In words: of the spread of the features, the share that lies between the classes, added over
# uncorrelated directions. No choice of coordinates matters: for an invertible matrix $A$ and a
# vector $b$,
#
# $$
# H(fA + b) = H(f) .
# $$ (eq-affine)

# %% tags=["claim H-030: holds when corrected", "claim H-031: does not hold"]
k = f.shape[1]
for _ in range(1000):
    A, b = rng.standard_normal((k, k)), 10 * rng.standard_normal(k)
    assert np.isclose(birds.h_score(f @ A + b), birds.h_score(f), rtol=1e-6), \
        "H does not change under f -> fA + b (A drawn at random, so invertible)"
growth = np.sum(px @ (100 * (f - mean)) ** 2) / np.trace(total)
print(f"H(100 f) = {birds.h_score(100 * f):.6f}, "
      f"tr cov(100 f) / tr cov(f) = {growth:.0f}")

# %% [markdown]
# So the H-score sees neither the size of $\cov(f)$ nor the mean of $f$; the trace of $\cov(f)$,
# which the paper calls the redundancy of $f$, has no part in it.
#
# ## A squared length in the divergence transition matrix
#
# Let $\Xi = [\sqrt{P_X}]\, f$ be the $|\X| \times k$ matrix with the columns $\xi_i = \sqrt{P_X}
# f_i$, and $\Bt$ the {term}`divergence transition matrix` {eq}`eq-dtm`.
#
# :::{prf:lemma} Lemmas 4 and 5 of the paper (exact)
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
# The birds, and two thousand random tasks with random features, neither centred nor normalised:

# %%
def random_joint():
    rows, columns = rng.integers(2, 9, size=2)
    return Joint(rng.dirichlet(np.ones(rows * columns)).reshape(rows, columns))

# %% tags=["claim H-008: holds when corrected", "claim H-038: holds", "claim H-183: holds when corrected", "claim H-186: holds"]
worst = 0.0
for j in [birds] + [random_joint() for _ in range(2000)]:
    g = rng.standard_normal((len(j.px), rng.integers(1, 9)))
    squared = np.sum((j.dtm @ (np.sqrt(j.px)[:, None] * g)) ** 2)
    spread = np.sum((j.conditional_mean(g) - j.px @ g) ** 2, axis=1)
    worst = max(worst, abs(squared - j.py @ spread))
assert worst < 1e-9, "the identity holds for every task and every feature"
print("largest difference below 1e-9")

# %% [markdown]
# The subtraction in $\Bt$ centres by itself, because $\Bt \sqrt{P_X} = 0$.
#
# ## Features that are not normalised
#
# Appendix D of the paper carries the normalisation over to arbitrary features. For centred $f$,
# $\Xi^\top \Xi = \cov(f)$, and
#
# $$
# \bigl\lVert \Bt\, \Xi\, (\Xi^\top \Xi)^{-1/2} \bigr\rVert_F^2
# = \tr\bigl( \cov(f)^{-1} \cov(\E[f \mid Y]) \bigr) = H(f) ,
# $$ (eq-appendix-d)
#
# *exactly*. The matrix $\Xi (\Xi^\top \Xi)^{-1/2}$ has orthonormal columns that span those of
# $\Xi$: the H-score is the squared length of the **projection of $\Bt$ on the span of the
# features**, the picture of {numref}`fig-projection` for all labels at once. Read so, it needs no
# inverse, and a redundant column changes nothing. The pseudo-inverse does the same.

# %%
def appendix_d(joint, f):
    xi = np.sqrt(joint.px)[:, None] * f
    values, vectors = np.linalg.eigh(xi.T @ xi)
    root = np.where(values > 1e-12 * values[-1], values, np.inf) ** -0.5
    return np.sum((joint.dtm @ xi @ vectors * root) ** 2)

# %% tags=["claim H-037: holds", "claim H-185: holds"]
centred = f - birds.px @ f
with_sum = np.column_stack([centred, centred.sum(axis=1)])
variants = {"pitch and length": centred, "and their sum": with_sum, "not centred": f}
values = pd.DataFrame({name: (appendix_d(birds, g), birds.h_score(g))
                       for name, g in variants.items()}, ["Appendix D", "H-score"]).T
assert np.ptp(values["H-score"]) < 1e-9, "a redundant column and a shift do not matter"
assert np.allclose(values["Appendix D"].iloc[:2], values["H-score"].iloc[:2]), \
    "Appendix D gives the H-score of centred features"
values.round(6)

# %% [markdown]
# The last row shows why Appendix D must start from centred features. $\Bt\, \Xi$ does not see a
# shift, but $\Xi^\top \Xi$ does, and the score comes out too small.
#
# Statisticians met this number first. The singular values of $\Bt\, \Xi\, (\Xi^\top \Xi)^{-1/2}$
# are the canonical correlations between $f$ and the label, and the sum of their squares is the
# **Pillai-Bartlett trace** of a one-way multivariate analysis of variance of $f$ on $Y$
# {cite:p}`pillai1955`. So the H-score comes with a significance test, {eq}`eq-pillai`.
#
# ## The operational meaning
#
# Let $Y$ be binary. A sample $x^{(1)}, \dots, x^{(m)}$ comes from one label, $P_{X|Y=0}$ or
# $P_{X|Y=1}$, and a test on the mean of $f$ over the sample must say which. Its best error exponent
# is $E_f$ of {eq}`eq-mismatched`.
#
# :::{prf:theorem} Theorem 1 of the paper, with its constant (local)
# :label: thm-operational
#
# Let $Y$ be binary and $P_{X|Y=0}, P_{X|Y=1} \in \mathcal N(P_X)$, where $P_X = P_Y(0) P_{X|Y=0} +
# P_Y(1) P_{X|Y=1}$ is the marginal of the task. For every $f : \X \to \R^k$ and every $k$, as
# $\eps \to 0$,
#
# $$
# E_f = c\, H(f) + O(\eps^3), \qquad c = \frac{1}{8\, P_Y(0)\, P_Y(1)} ,
# $$ (eq-operational)
#
# where $E_f$ is the best exponent of all tests on the mean of $f$; the rule of the nearer mean of
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
# A binary task with a given $P_X$ and $P_Y$ has the
# {term}`information vectors <information vector>` $p_1 \phi$ and $-p_0 \phi$, for one direction
# $\phi$. We ask "thrush or not", so $\phi$ points from the average bird to the thrush, and turn the
# task down. We compute the exact exponent and the exact H-score of the pitch, and of pitch and
# length.

# %%
phi = birds.dtm[0] / np.linalg.norm(birds.dtm[0])  # from P_X to the first species
epsilon = 2.0 ** -np.arange(3, 10)


def binary_task(p0, e):
    """P(Y = 0) = p0, and the marginal of X stays that of the birds."""
    classes = perturb(birds.px, np.array([(1 - p0) * phi, -p0 * phi]), e)
    return Joint.from_conditionals([p0, 1 - p0], classes)

# %% tags=["hide-input"]
def conditionals(task):
    """P(x | y), one row a label."""
    return task.P / task.py[:, None]

# %% tags=["claim H-002: holds when corrected", "claim H-036: holds when corrected", "claim H-180: holds", "claim H-181: holds when corrected"]
errors, rows = {}, []
for p0 in (0.5, 0.3, 0.1):
    tasks = [binary_task(p0, e) for e in epsilon]
    c = 1 / (8 * p0 * (1 - p0))
    for k in (1, 2):
        E = np.array([float(mismatched(f[:, :k], *conditionals(t))) for t in tasks])
        H = np.array([t.h_score(f[:, :k]) for t in tasks])
        error = errors[p0, k] = np.abs(E - c * H)
        rows.append((p0, k, c, E[4] / H[4], np.log2(error[-2] / error[-1])))
table = pd.DataFrame(rows, columns=["P(0)", "k", "c", "E / H at eps = 2^-7", "slope"])
table.round({"c": 3, "E / H at eps = 2^-7": 3, "slope": 2}).set_index(["P(0)", "k"])

# %% [markdown]
# The ratio of exponent to H-score is the constant $c$, the same for one feature and for two. The
# errors fall with the third power of $\eps$ (the slope on a log-log plot), and with the fourth for
# equally likely labels.

# %% mystnb={"figure": {"caption": "Error of Theorem 1 with the constant c = 1 / (8 P(0) P(1)): order four for equally likely labels, order three otherwise, for the pitch alone (crosses) as for pitch and length (dots).", "name": "fig-theorem1"}, "image": {"alt": "Absolute error against epsilon on log-log axes, epsilon from 0.002 to 0.13. Six straight lines, for three priors and one or two features: those of the prior 0.5 are steeper, parallel to a dashed line of slope 4, the others parallel to one of slope 3."}} tags=["hide-input"]
assert np.abs(table["E / H at eps = 2^-7"] / table["c"] - 1).max() < 0.01, \
    "in the book's example E / H is within 1% of c at eps = 2^-7"
assert np.abs(table["slope"] - np.where(table["P(0)"] == 0.5, 4, 3)).max() < 0.1, \
    "in the book's example the slopes are 4 for equal labels and 3 otherwise by now"
fig, ax = plt.subplots()
for (p0, k), error in errors.items():
    colour = {0.5: COMPUTED, 0.3: OTHER, 0.1: "k"}[p0]
    ax.plot(epsilon, error, "o-" if k == 2 else "x:", color=colour,
            label=f"$P_Y(0) = {p0}$" if k == 2 else None)
for power, start in ((3, 3 * errors[0.1, 2][-1]), (4, errors[0.5, 1][-1] / 3)):
    line = start * (epsilon / epsilon[-1]) ** power
    ax.plot(epsilon, line, "--", color="0.6", lw=1)
    ax.annotate(f"slope {power}", (epsilon[3], line[3]), (-8, 8) if power == 3 else (8, -10),
                textcoords="offset points", color="0.4", ha="right" if power == 3 else "left")
ax.set(xscale="log", yscale="log", xlabel=r"$\epsilon$", ylabel="absolute error (nats)")
ax.legend()
plt.show()

# %% [markdown]
# ### Any reference will do
#
# The paper states the theorem for classes in a ball around any $P_{0,X}$, not around the marginal.
# That is no restriction: if both classes are within $\eps$ of $P_0$, so is their mixture, and each
# is within $O(\eps)$ of it. The expectations of $f$ are over $X$, the mixture. We draw both classes
# around the average bird, so that it is not their mixture, and divide.

# %%
def exponent_over_h(p0, e):
    """E / H of a random feature, for two random classes around the average bird."""
    pair = directions(birds.px, 2, seed=rng) * rng.uniform(0.2, 1, (2, 1))
    task = Joint.from_conditionals([p0, 1 - p0], perturb(birds.px, pair, e))
    g = rng.standard_normal(len(birds.px))
    return float(mismatched(g, *conditionals(task))) / task.h_score(g)

# %% tags=["claim H-002: holds when corrected"]
c = 1 / (8 * 0.3 * 0.7)
ratios = {f"2^{i}": [exponent_over_h(0.3, 2.0**i) for _ in range(60)]
          for i in (-4, -6, -8)}
ranges = pd.DataFrame(ratios).agg(["min", "max"]).T.rename_axis("eps")
print(f"c = {c:.4f}")
print(ranges.round(4))
assert np.abs(ranges.iloc[-1] / c - 1).max() < 0.003, \
    "in the book's example E / H is within 0.3% of c at eps = 2^-8"

# %% [markdown]
# The interval closes around $c$. So the paper's theorem stands for any reference; what it leaves
# open is the constant, and that the equality is one of limits.
#
# ### Two labels that differ much
#
# By the theorem the H-score orders features by their exponents, for two labels that differ little.
# For labels that differ much it need not. We draw two distributions at random on five symbols, far
# from each other, and two random features, and count the pairs of features in the wrong order.

# %%
def swapped(p0):
    """Has the feature with the larger H the smaller exponent, for one random task?"""
    classes, pair = rng.dirichlet(np.ones(5), 2), rng.standard_normal((2, 5))
    task = Joint.from_conditionals([p0, 1 - p0], classes)
    H = [task.h_score(g) for g in pair]
    E = [float(mismatched(g, *classes)) for g in pair]
    return (H[0] - H[1]) * (E[0] - E[1]) < 0

# %%
draws = 200
wrong = {p0: np.mean([swapped(p0) for _ in range(draws)]) for p0 in (0.5, 0.1)}
for p0, share in wrong.items():
    print(f"P(0) = {p0}: of {draws} pairs {share:.1%} are in the wrong order "
          f"(standard error {np.sqrt(share * (1 - share) / draws):.1%})")

# %% tags=["remove-input"]
glue("h-swaps", f"{wrong[0.1]:.0%}", display=False)

# %% [markdown]
# With unequal labels {glue:text}`h-swaps` of the pairs are swapped; with equal labels next to none.
#
# (h-more-labels)=
# ## More than two labels
#
# With more labels the same algebra gives a sum over pairs.
#
# :::{prf:proposition} H-score as a sum of exponents (local)
# :label: prop-pairs
#
# Let $P_{X|Y=y} \in \mathcal N(P_X)$ for every $y$, and let $E_f(y, y')$ be the exponent
# {eq}`eq-mismatched` between the labels $y$ and $y'$. As $\eps \to 0$,
#
# $$
# H(f) = 8 \sum_{y < y'} P_Y(y)\, P_Y(y')\, E_f(y, y') + O(\eps^3) .
# $$ (eq-pairs)
#
# The exponent of the best decision between all labels is another: $\min_{y < y'} E_f(y, y')$, that
# of the closest pair. This part is *exact*.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Let $\E f = 0$ and $\cov(f) = I$. As $\sum_y P_Y(y) \mu_y = 0$, $\sum_{y < y'} P_Y(y) P_Y(y')
# \lVert \mu_y - \mu_{y'} \rVert^2 = \sum_y P_Y(y) \lVert \mu_y \rVert^2 = H(f)$, exactly; and
# $E_f(y, y') = \tfrac18 \lVert \mu_y - \mu_{y'} \rVert^2 + O(\eps^3)$ by {prf:ref}`lem-vector`.
#
# A decision between all labels is also a test between any two of them, so its exponent is at most
# the smallest $E_f(y, y')$. Deciding for the label with the smallest rate $I_y(l)$ reaches it:
# under $y$ it errs only where some $I_{y'}(l) \le I_y(l)$, and there $I_y(l) = \max(I_y(l),
# I_{y'}(l)) \ge E_f(y, y')$.
# :::
# ::::
#
# Sum and minimum can disagree, and for the birds they do.

# %%
given = conditionals(birds)
pairs = list(combinations(range(len(given)), 2))


def pair_exponents(g):
    return np.array([float(mismatched(g, given[a], given[b])) for a, b in pairs])

# %% [markdown]
# The columns below are the exponents of the pairs, the H-score, the sum {eq}`eq-pairs`, and the
# exponent of the closest pair.

# %% tags=["claim H-034: does not hold"]
exponents = pd.DataFrame({name: pair_exponents(g) for name, g in features.items()},
                         ["/".join(counts.index[[a, b]]) for a, b in pairs]).T
weights = 8 * np.array([birds.py[a] * birds.py[b] for a, b in pairs])
summary = exponents.assign(H=[birds.h_score(g) for g in features.values()])
summary["8 sum p p E"] = exponents.to_numpy() @ weights
summary["smallest E"] = exponents.min(axis=1)
summary.round(4)

# %% [markdown]
# The first mode has the largest H-score of all single features. Yet the exponent of the pitch for
# its closest pair is {glue:text}`h-pitch-times` times that of the first mode. The sum over pairs is
# near H, although the birds are not weak.

# %% tags=["remove-input"]
smallest = summary["smallest E"]
assert summary.loc["first mode", "H"] > summary.loc["pitch", "H"], \
    "no single feature has a larger H than the first mode, for any table"
assert smallest["first mode"] < smallest["pitch"], \
    "in the book's example the first mode has the smaller exponent for its closest pair"
glue("h-pitch-times", f"{smallest['pitch'] / smallest['first mode']:.1f}", display=False)

# %% [markdown]
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Section 3.2: "Without loss of generality, we consider the binary classification
# task."
#
# **Decided by.** The table: the feature with the larger H-score has the smaller exponent. With
# other tables it can be 0 (three labels in {ref}`h-universal`).
#
# **True.** For two labels that differ little the H-score orders features by their exponents. For
# more it is four times the average exponent between two independently drawn labels; the exponent of
# the whole decision is that of the closest pair.
# :::
#
# **Change this and run**: the forester's recorder gives each call a third number. What is it worth,
# alone and beside pitch and length?

# %%
LOUDNESS = [5.0, 1.0, 4.0, 2.0]  # ← change this: whistle, trill, buzz, chip
most = np.sum(birds.dtm**2)
beside = np.column_stack([f, LOUDNESS])
for name, g in (("alone", beside[:, 2]), ("beside", beside)):
    print(f"{name}: H = {birds.h_score(g):.4f}, of at most {most:.4f}")

# %% [markdown]
# Three numbers that are not redundant span all functions of four calls, so beside the others nearly
# every third number leads to the largest score that there is. Only one that is a linear function of
# pitch and length adds nothing.
#
# ## What the page found
#
# The H-score is the squared length of the divergence transition matrix, projected on the span of
# the features (*exact*). For two labels that differ little, it is the error exponent of the best
# test on the mean of the features, up to the factor $1 / (8 P_Y(0) P_Y(1))$, which no feature can
# change (*local*). For more labels it averages the exponents of the pairs, which the closest pair
# can contradict; for the birds it does. The local statements are motivation for the scores of
# images, which lie far outside their domain: {ref}`how-weak`.
#
# The paper's Theorem 1 stands, for any reference, with the constant made explicit. Its "without
# loss of generality" does not. "Thrush or not", for the birds as they are:

# %%
thrush = Joint(np.vstack([P[0], P[1:].sum(axis=0)]))
c = 1 / (8 * thrush.py.prod())
H = pd.Series({name: thrush.h_score(g) for name, g in features.items()})
E = [float(mismatched(g, *conditionals(thrush))) for g in features.values()]
pd.DataFrame({"H": H, "c H": c * H, "exponent (nats)": E}).round(4)

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-h-binary
#
# Show that for two labels and one feature the H-score is the squared correlation of the feature
# with the indicator of a label.
# :::
#
# ````{solution-start} ex-h-binary
# :class: dropdown
# ````
# Let $U$ be 1 for the first label, which has probability $p_0$, and 0 for the second. Then
# $\cov(f, U) = p_0 (\mu_0 - \E f) = p_0 p_1 (\mu_0 - \mu_1)$ and $\var U = p_0 p_1$, so the squared
# correlation is $p_0 p_1 (\mu_0 - \mu_1)^2 / \var f$. By {eq}`eq-two-means`, which has
# $\var f = 1$, this is $H(f)$. (It is called the point-biserial correlation.) With the sixty
# meetings written out, for the pitch and "thrush or not":

# %%
pairs = np.indices(counts.shape).reshape(2, -1)
y, x = np.repeat(pairs, counts.to_numpy().ravel(), axis=1)  # (60,) each
r = np.corrcoef(f[x, 0], y == 0)[0, 1]
print(f"r^2 = {r**2:.4f}, H = {thrush.h_score(f[:, 0]):.4f}")
assert np.isclose(r**2, thrush.h_score(f[:, 0])), "H is r^2 for two labels and one feature"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-h-residual
#
# Show that $H(f_1, f_2) = H(f_1) + H(r)$, where $r$ is $f_2$ less its best linear prediction from
# $f_1$. Pitch and length are together worth more than the sum of their scores. How can that be?
# :::
#
# ````{solution-start} ex-h-residual
# :class: dropdown
# ````
# $(f_1, f_2) \to (f_1, r)$ is an invertible linear map, so $H(f_1, f_2) = H(f_1, r)$ by
# {eq}`eq-affine`. The two are uncorrelated: $\cov(f_1, r)$ is diagonal, and the trace
# {eq}`eq-h-score` is the sum of two. The residual of the length tells more about the species than
# the length does: the pitch takes away the part of its spread that tells nothing.

# %%
slope = total[0, 1] / total[0, 0]  # total is cov(f)
H_pitch, H_length = birds.h_score(f[:, 0]), birds.h_score(f[:, 1])
H_residual = birds.h_score(f[:, 1] - slope * f[:, 0])
print(f"pitch {H_pitch:.4f} + residual {H_residual:.4f} = both {birds.h_score(f):.4f}; "
      f"length alone {H_length:.4f}")
assert np.isclose(H_pitch + H_residual, birds.h_score(f)), \
    "the residual's H is what a second feature adds, always"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-h-blind
#
# Find a task and a feature such that one draw of the feature tells the label for certain, and the
# H-score is 0. What is the exponent of a test on the mean of this feature? Mend the feature.
# :::
#
# ````{solution-start} ex-h-blind
# :class: dropdown
# ````
# Only means count. Let $X$ be $-1$, $0$ or $1$ with $Y = \lvert X \rvert$, and $f(x) = x$: both
# classes have the mean 0, so $H(f) = 0$, and the exponent {eq}`eq-mismatched` is 0 too. (Of many
# draws, $1$ and $-1$ cancel in the mean.) The square of the feature has the largest score of a
# binary task, and one draw of it is enough.

# %%
x = np.array([-1.0, 0, 1])
task = Joint([[0, 0.5, 0], [0.25, 0, 0.25]])
for name, g in (("x", x), ("x^2", x**2)):
    E = float(mismatched(g, *conditionals(task)))
    print(f"{name}: H = {task.h_score(g) + 0.0:.4f}, exponent {E:.4f}")
assert task.h_score(x) < 1e-12 and np.isclose(task.h_score(x**2), 1), \
    "H is 0 where all classes have one mean"

# %% [markdown]
# ````{solution-end}
# ````
