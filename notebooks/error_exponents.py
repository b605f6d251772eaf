# %% [markdown]
# # Error exponents
#
# **Question.** Two distributions on one alphabet differ little. We see $m$ independent draws and
# decide which of the two they came from. How fast does the probability of a wrong decision fall
# with $m$, and how much of that speed is left when we keep only the average of a feature?
#
# The speed is an **error exponent**: the number $E$ in $P_e \approx e^{-mE}$. This page computes
# exponents exactly, compares them with the three lemmas in the appendix of {cite:t}`hscore2019`,
# and compares both with error probabilities summed over every possible sample. The next page turns
# the result into the H-score {eq}`eq-h-score`.
#
# Exponents are in nats throughout. Our copy of the paper has lost every $\eps$; the powers below
# come from the proofs.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.optimize import brentq, minimize

from tdist.exponents import chernoff, log_error_probability, mismatched
from tdist.hgr import whiten
from tdist.joint import directions, perturb
from tdist.plots import COMPUTED, OTHER, orders, use_book_style

use_book_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## A small ball of distributions
#
# :::{prf:definition} Neighbourhood and information vector
# :label: def-neighbourhood
#
# Let $P_0$ be positive. Its **$\eps$-neighbourhood** is
#
# $$
# \mathcal N(P_0) = \Bigl\{ P : \sum_{x \in \X} \frac{(P(x) - P_0(x))^2}{P_0(x)}
# \le \eps^2 \Bigr\} .
# $$ (eq-neighbourhood)
#
# The **information vector** of $P_i \in \mathcal N(P_0)$ is
# $\phi_i(x) = (P_i(x) - P_0(x)) / (\eps \sqrt{P_0(x)})$. It has length at most 1 and is orthogonal
# to $\sqrt{P_0}$, because both distributions sum to 1.
# :::
#
# `directions` draws unit vectors orthogonal to $\sqrt{P_0}$ and `perturb` makes distributions from
# them. Here are a reference on five symbols and two neighbours, at $\eps = 1/4$.

# %%
P0 = np.array([0.30, 0.25, 0.20, 0.15, 0.10])
phi = directions(P0, 2, seed=10) * [[0.9], [0.7]]
P1, P2 = perturb(P0, phi, 0.25)
assert np.allclose(((P1 - P0) ** 2 / P0).sum(), (0.25 * 0.9) ** 2)
pd.DataFrame([P0, P1, P2], index=["P0", "P1", "P2"]).rename_axis(columns="x").round(4)

# %% [markdown]
# The distance between two neighbours, in this geometry, needs no $\eps$:
# $\eps^2 \lVert \phi_1 - \phi_2 \rVert^2 = \lVert (P_1 - P_2) / \sqrt{P_0} \rVert^2$.

# %%
with_epsilon = 0.25**2 * np.sum((phi[0] - phi[1]) ** 2)
without = np.sum((P1 - P2) ** 2 / P0)
print(f"{with_epsilon:.6f} {without:.6f}")
assert np.isclose(with_epsilon, without, rtol=1e-12)

# %% [markdown]
# ## The best test
#
# Let the two hypotheses have any fixed positive prior probabilities. Among all decision rules, the
# largest exponent of the error probability is the **Chernoff information** {cite:p}`cover2006`,
#
# $$
# C(P_1, P_2) = \max_A \lim_{m \to \infty} -\frac1m \log P_e^{(m)}(A)
#             = -\min_{0 \le s \le 1} \log \sum_{x} P_1(x)^s P_2(x)^{1-s} ,
# $$ (eq-chernoff)
#
# and the test that compares the likelihood ratio of the sample with 1 attains it. The prior does
# not appear: a constant factor in $P_e$ leaves the exponent alone.
#
# :::{prf:lemma} Lemma 1 of the paper
# :label: lem-chernoff
#
# For $P_1, P_2 \in \mathcal N(P_0)$,
#
# $$
# C(P_1, P_2) = \frac{\eps^2}{8} \lVert \phi_1 - \phi_2 \rVert^2 + O(\eps^3) ,
# $$ (eq-lemma1)
#
# and the remainder is $O(\eps^4)$ if $\phi_2 = -\phi_1$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Write $P_i = P_0 (1 + \eps u_i)$ with $u_i = \phi_i / \sqrt{P_0}$, so that $\E_0 u_i = 0$. To
# second order,
#
# $$
# \begin{aligned}
# \sum_x P_1^s P_2^{1-s} &= \E_0\bigl[(1 + \eps u_1)^s (1 + \eps u_2)^{1-s}\bigr] \\
# &= 1 - \frac{s (1-s)}{2}\, \eps^2\, \E_0 (u_1 - u_2)^2 + O(\eps^3) ,
# \end{aligned}
# $$
#
# uniformly in $s$, and $\E_0 (u_1 - u_2)^2 = \lVert \phi_1 - \phi_2 \rVert^2$. The minimum over $s$
# is at $s = \tfrac12 + O(\eps)$, which gives {eq}`eq-lemma1`. If $\phi_2 = -\phi_1$, changing the
# sign of $\eps$ swaps $P_1$ and $P_2$ and leaves $C$ as it is: $C$ is an even function of $\eps$
# and has no cubic term.
# :::
# ::::
#
# A remainder of order $\eps^3$ is a straight line of slope 3 on a log-log plot. We halve $\eps$
# seven times, for the pair above and for a pair that lies symmetrically about $P_0$.

# %%
epsilon = 2.0 ** -np.arange(2, 10)
pairs = {"two general neighbours": phi, "symmetric about P0": np.array([phi[0], -phi[0]])}
lemma1 = {}
for name, pair in pairs.items():
    claim = epsilon**2 / 8 * np.sum((pair[0] - pair[1]) ** 2)
    lemma1[name] = np.abs([float(chernoff(*perturb(P0, pair, e))) for e in epsilon] - claim)
    print(f"{name:>22}: slope {np.log2(lemma1[name][-2] / lemma1[name][-1]):.2f}")

# %% mystnb={"figure": {"caption": "Error of Lemma 1. The quadratic formula misses the Chernoff information by a term of order three, and of order four when the two distributions lie symmetrically about the reference.", "name": "fig-lemma1"}} tags=["hide-input"]
assert abs(np.log2(lemma1["two general neighbours"][-2] / lemma1["two general neighbours"][-1])
           - 3) < 0.03
assert abs(np.log2(lemma1["symmetric about P0"][-2] / lemma1["symmetric about P0"][-1]) - 4) < 0.03
fig, ax = plt.subplots()
ax.set_prop_cycle(color=[COMPUTED, OTHER])
for (name, values), power in zip(lemma1.items(), (3, 4), strict=True):
    orders(ax, epsilon, {name: values}, power)
plt.show()

# %% [markdown]
# The lines have the slopes 3 and 4: {prf:ref}`lem-chernoff` holds, with a remainder one order
# smaller than the paper's $o(\eps^2)$ promises.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Lemma 1 is stated for a "zero-mean, unit variance feature function $f$". Appendix A.1
# defines the exponent as $\lim_m \min_A -\tfrac1m \log P_e$. After Equation 1 the exponent of the
# likelihood ratio is printed as $\sum_{i=1}^k \tfrac{\eps^2}{8} \lVert \phi_1 - \phi_2 \rVert^2$.
#
# **Decided by.** No feature occurs in {eq}`eq-chernoff` or in the computation above. A minimum over
# $A$ of the exponent would pick the worst test, whose exponent is 0. A sum of $k$ equal terms would
# be $k$ times the Chernoff information, which no test can exceed.
#
# **True.** Lemma 1 needs no feature; $A$ minimises $P_e$ and so maximises the exponent; there is no
# sum.
# :::
#
# The unit also has to be chosen once. The bits of Appendix A.1 and the constant $\tfrac18$ do not
# go together:

# %%
e = epsilon[-1]
nats = float(chernoff(*perturb(P0, phi, e)))
claim = e**2 / 8 * np.sum((phi[0] - phi[1]) ** 2)
bits = nats / np.log(2)
print(f"Chernoff information / claim: {nats / claim:.3f} in nats, {bits / claim:.3f} in bits")
assert abs(nats / claim - 1) < 0.01

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Appendix A.1 writes error probabilities as $2^{-mD}$, so $D$ is in bits. Lemmas 1 to
# 3 then give $\tfrac{\eps^2}{8} \lVert \cdot \rVert^2$.
#
# **Decided by.** The ratio above is 1 in nats and $1 / \ln 2$ in bits.
#
# **True.** $P_e \approx e^{-mE}$ with $E$ in nats. For bits, divide every exponent by $\ln 2$.
# :::
#
# ## What the error probability really does
#
# An exponent is a limit. With three symbols the error probability itself can be summed exactly: a
# sample of $m$ draws matters only through its counts, and 1,600 draws have 1.3 million different
# counts.

# %%
Q1, Q2 = np.array([0.50, 0.30, 0.20]), np.array([0.36, 0.30, 0.34])
draws = 25 * 2 ** np.arange(7)  # 25 to 1600
llr = np.log(Q1 / Q2)
log_pe = np.array([log_error_probability(llr, 0.0, Q1, Q2, m) for m in draws])
best = float(chernoff(Q1, Q2))
print(f"Chernoff information {best:.5f} nats; Pe after 1600 draws {np.exp(log_pe[-1]):.2e}")

# %% [markdown]
# The plain estimate $-\tfrac1m \log P_e$ is a poor way to see the exponent. By the theory of exact
# asymptotics $P_e \approx c\, m^{-1/2} e^{-mE}$, so
# $-\tfrac1m \log P_e = E + \tfrac{\log m}{2m} + O(\tfrac1m)$, and the middle term dies slowly. The
# slope $-\tfrac{d}{dm} \log(P_e \sqrt m)$ removes it.

# %%
def raw(log_pe):
    return -log_pe / draws


def slope(log_pe):
    return -np.diff(log_pe + np.log(draws) / 2) / np.diff(draws)


estimates = {"raw / E": raw(log_pe)[1:] / best, "slope / E": slope(log_pe) / best}
print(pd.DataFrame(estimates, index=draws[1:]).round(3))
assert abs(slope(log_pe)[-1] / best - 1) < 0.02 < raw(log_pe)[-1] / best - 1
glue("exponent-raw", f"{raw(log_pe)[-1] / best - 1:.0%}", display=False)
glue("exponent-slope", f"{abs(slope(log_pe)[-1] / best - 1):.1%}", display=False)

# %% [markdown]
# At 1,600 draws the raw curve is still {glue:text}`exponent-raw` above the exponent, while the
# slope between 800 and 1,600 draws is within {glue:text}`exponent-slope` of it.

# %% [markdown]
# ## Keeping only the mean of a feature
#
# Now the test may look only at $l = \tfrac1m \sum_i f(x^{(i)})$. Write
# $\Lambda_j(\theta) = \log \E_{P_j} e^{\theta \cdot f}$ and
# $I_j(l) = \sup_\theta \bigl(\theta \cdot l - \Lambda_j(\theta)\bigr)$. By Cramér's theorem the
# probability that the mean falls near $l$ decays like $e^{-m I_j(l)}$ under $P_j$.
#
# A **test on $l$** decides for $P_1$ if $l$ falls in a region of $\R^k$, the same for every $m$,
# whose boundary contains no open set. Near each $l$ it must decide for one hypothesis, and errs at
# the rate of the other. Deciding for the smaller rate leaves the larger one, and the worst $l$ sets
# the exponent. So the best exponent of all tests on $l$ is
#
# $$
# E_f = \inf_l \max\bigl(I_1(l), I_2(l)\bigr) .
# $$ (eq-mismatched)
#
# The region matters. If the values of $f$ have no rational relation, $l$ to its last digit tells
# the counts of all symbols, and a rule that treats each value of $l$ apart can still be the
# likelihood-ratio test. Where $f$ takes integer values, up to scale and shift, no rule on $l$ beats
# {eq}`eq-mismatched`.
#
# `mismatched` computes it, for one feature or several. For one feature the best test compares $l$
# with a threshold, the value $T^*$ where the two rates cross. Our feature is $-x$, shifted and
# scaled to mean 0 and variance 1 under $P_0$.

# %%
f = whiten(-np.arange(5.0)[:, None], P0)[:, 0]
means = np.array([P1 @ f, P2 @ f])
E_f = mismatched(f, P1, P2)
print(f"means {means.round(4)}, T* = {E_f.mean[0]:.4f}, exponent {float(E_f):.5f}")
assert E_f.mean[0] < 0
assert abs(E_f.mean[0] - means.mean()) < 0.05 * abs(means[0] - means[1])


# %% mystnb={"figure": {"caption": "The two error rates of a threshold test. Its exponent is the smaller of the two (shaded), so the best threshold is where they cross, close to the midpoint of the two means. Nothing keeps it above zero.", "name": "fig-threshold"}} tags=["hide-input"]
def rate_curve(p, theta):
    """Points (l, I(l)) of the rate function of the mean of f, by the tilt theta."""
    weights = p * np.exp(np.outer(theta, f))
    l = weights @ f / weights.sum(axis=1)
    return l, theta * l - np.log(weights.sum(axis=1))


fig, ax = plt.subplots()
grid = np.linspace(means.min() - 0.04, means.max() + 0.04, 200)
curves = []
for j, (p, colour) in enumerate(((P1, COMPUTED), (P2, OTHER))):
    l, rate = rate_curve(p, np.linspace(-2, 2, 2001))
    # no error beyond the own mean costs a rate
    towards = (grid - means[j]) * (means[1 - j] - means[j]) > 0
    curves.append(np.where(towards, np.interp(grid, l, rate), 0.0))
    ax.plot(grid, curves[j], color=colour, label=f"error under $P_{j + 1}$")
    ax.plot(means[j], 0, "o", color=colour, clip_on=False)
ax.fill_between(grid, np.minimum(*curves), color="0.9")
ax.plot(E_f.mean[0], float(E_f), "k*", ms=10, label="$(T^*, E_f)$")
ax.axvline(means.mean(), color="0.5", lw=1, ls="--", label="midpoint of the means")
ax.set(xlabel="threshold $T$", ylabel="rate (nats)", ylim=(0, None))
ax.legend()
plt.show()

# %% [markdown]
# :::{prf:lemma} Lemma 2 of the paper
# :label: lem-mismatched
#
# Let $f : \X \to \R$ have mean 0 and variance 1 under $P_0$, and let
# $\xi(x) = \sqrt{P_0(x)}\, f(x)$. For $P_1, P_2 \in \mathcal N(P_0)$,
#
# $$
# E_f = \frac{\eps^2}{8} \langle \xi, \phi_1 - \phi_2 \rangle^2 + O(\eps^3)
#     = \frac{(\E_{P_1} f - \E_{P_2} f)^2}{8 \var_{P_0} f} + O(\eps^3) .
# $$ (eq-lemma2)
#
# The last form holds for every $f$ that is not constant.
# :::
#
# The proof is that of {prf:ref}`lem-vector` with $k = 1$. In words: the mean of a feature keeps the
# part of $\phi_1 - \phi_2$ that lies along $\xi$.
#
# The unit variance is needed. We use the feature as it is; three times as large; and three times as
# large but divided by its variance.

# %%
near = perturb(P0, phi, 2.0**-7)
gap = near[0] @ f - near[1] @ f
exact = float(mismatched(3 * f, *near))
for name, size, variance in (("f", 1, 1), ("3f undivided", 3, 1), ("3f divided", 3, 9)):
    formula = (size * gap) ** 2 / (8 * variance)
    print(f"{name:>12}: exponent / formula = {exact / formula:.3f}")
assert np.isclose(exact, float(mismatched(f, *near)), rtol=1e-9)
assert abs(8 * exact / gap**2 - 1) < 5e-3
assert abs(8 * exact / (3 * gap) ** 2 - 0.111) < 1e-3

# %% [markdown]
# The exponent itself does not move when $f$ is scaled. The formula without the variance is nine
# times too large.
#
# The log-likelihood ratio is a feature too. Its best threshold is 0, and it loses nothing.

# %%
E_llr = mismatched(np.log(P1 / P2), P1, P2)
best_of_all = float(chernoff(P1, P2))
print(f"log-likelihood ratio {float(E_llr):.6f}, Chernoff information {best_of_all:.6f}")
assert np.isclose(float(E_llr), best_of_all, rtol=1e-9) and abs(E_llr.mean[0]) < 1e-9

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 2.1: $E_f$ is the exponent of the decision region $\{l > T\}$ "for
# $T \ge 0$". Lemma 2 asks for unit variance but does not say under which distribution.
#
# **Decided by.** In {numref}`fig-threshold` the best threshold is negative, and $T = 0$ gives a
# smaller exponent. The sign of $f$ is arbitrary, so the sign of the threshold is too. Tripling $f$
# without the division makes the ratio one ninth.
#
# **True.** $T$ is free and depends on the pair; to first order it is the midpoint of the two means.
# Mean 0 and variance 1 are under the reference $P_0$.
# :::
#
# Does a real test reach {eq}`eq-mismatched`? We return to the ternary pair and use a poor feature
# that gives the three symbols the values 1, 0 and 0.3.

# %%
poor = np.array([1.0, 0.0, 0.3])
E_poor = mismatched(poor, Q1, Q2)
T = E_poor.mean[0]
log_pe_poor = np.array([log_error_probability(poor, T, Q1, Q2, m) for m in draws])
exponent = float(E_poor)
end = slope(log_pe_poor)[-1] / exponent
print(f"exponent {exponent:.5f} nats, {exponent / best:.0%} of the best; last slope / E {end:.3f}")
assert abs(end - 1) < 0.02

# %% mystnb={"figure": {"caption": "Exact error probabilities of two tests on a three-symbol alphabet, as a fraction of the predicted exponent. The slope of log(Pe sqrt m) meets the exponent; the raw curve is still well above it at 1,600 draws.", "name": "fig-slope"}} tags=["hide-input"]
fig, ax = plt.subplots()
middle = np.sqrt(draws[1:] * draws[:-1])
for name, values, e_true, colour in (("likelihood ratio", log_pe, best, COMPUTED),
                                     ("poor feature", log_pe_poor, float(E_poor), OTHER)):
    ax.plot(draws, raw(values) / e_true, "o--", color=colour, label=f"{name}, raw", lw=1,
            mfc="white")
    ax.plot(middle, slope(values) / e_true, "o-", color=colour, label=f"{name}, slope")
ax.axhline(1, color="k", lw=0.8)
ax.set(xscale="log", xlabel="draws $m$", ylabel="estimate / exponent", ylim=(0, 4))
ax.legend()
plt.show()

# %% [markdown]
# The sums over all samples agree with the exponent computed from {eq}`eq-mismatched`, within 2% at
# this size.
#
# ## Several features
#
# :::{prf:lemma} Lemma 3 of the paper, corrected
# :label: lem-vector
#
# Let $f : \X \to \R^k$ have mean 0 and covariance $I$ under $P_0$, and let
# $\xi_i(x) = \sqrt{P_0(x)}\, f_i(x)$. For $P_1, P_2 \in \mathcal N(P_0)$, the best exponent of all
# tests on the mean $l$ of $f$ is
#
# $$
# E_f = \inf_l \max\bigl(I_1(l), I_2(l)\bigr)
#     = \frac{\eps^2}{8} \sum_{i=1}^{k} \langle \xi_i, \phi_1 - \phi_2 \rangle^2 + O(\eps^3) .
# $$ (eq-lemma3)
#
# With $\mu_j = \E_{P_j} f$, the rule "decide for the nearer mean", $P_1$ if and only if
# $\lVert l - \mu_1 \rVert < \lVert l - \mu_2 \rVert$, attains it to this order. It is a threshold
# test on the single feature $h = f \cdot (\mu_1 - \mu_2)$. For a covariance other than $I$,
# distances are Mahalanobis distances and $h = f \cov(f)^{-1} (\mu_1 - \mu_2)$.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Near $P_0$ only small tilts matter. With $P_j = P_0(1 + \eps u_j)$ and $\theta = O(\eps)$,
#
# $$
# \begin{aligned}
# \Lambda_j(\theta) &= \log \E_0\bigl[(1 + \eps u_j)\, e^{\theta \cdot f}\bigr]
#                   = \theta \cdot \mu_j + \tfrac12 \lVert \theta \rVert^2 + O(\eps^3), \\
# \mu_j &= \eps\, \bigl(\langle \xi_i, \phi_j \rangle\bigr)_{i \le k} ,
# \end{aligned}
# $$
#
# because $\E_0 f = 0$ and $\cov_0 f = I$. Its Legendre transform is
# $I_j(l) = \tfrac12 \lVert l - \mu_j \rVert^2 + O(\eps^3)$ for $l = O(\eps)$. The larger of two
# squared distances is smallest at the midpoint of $\mu_1$ and $\mu_2$, where both rates are
# $\tfrac18 \lVert \mu_1 - \mu_2 \rVert^2 + O(\eps^3)$: this is {eq}`eq-lemma3`.
#
# The feature $h = f \cdot \delta$ with $\delta = \mu_1 - \mu_2$ has variance
# $\lVert \delta \rVert^2$ under $P_0$, and its two means differ by $\lVert \delta \rVert^2$. The
# same computation for this one feature gives
# $(\lVert \delta \rVert^2)^2 / (8 \lVert \delta \rVert^2) = \tfrac18 \lVert \delta \rVert^2$.
# :::
# ::::
#
# We build an example in which we know the **gaps** $d_i = \langle \xi_i, \phi_1 - \phi_2 \rangle$:
# three features that hold one half, three tenths and one fifth of the total.

# %%
f = whiten(rng.standard_normal((5, 3)), P0)
d = np.sqrt([0.5, 0.3, 0.2])
half = np.sqrt(P0) * (f @ d) / 2
pair = 0.3 * directions(P0, 1, seed=1) + np.array([half, -half])  # phi_1 and phi_2
assert np.allclose((pair[0] - pair[1]) @ (np.sqrt(P0)[:, None] * f), d)

# %% [markdown]
# Now the exact exponents of the first feature, of all three, and of the nearest-mean rule, for
# smaller and smaller $\eps$.

# %%
exponents = {"first feature": [], "three features": [], "nearest mean": []}
for e in epsilon:
    A1, A2 = perturb(P0, pair, e)
    nearest = f @ (A1 @ f - A2 @ f)
    for name, feature in zip(exponents, (f[:, 0], f, nearest), strict=True):
        exponents[name].append(float(mismatched(feature, A1, A2)))
shares = {"first feature": d[0] ** 2, "three features": d @ d, "nearest mean": d @ d}
claims = {name: epsilon**2 / 8 * shares[name] for name in exponents}
lemma3 = {name: np.abs(exponents[name] - claims[name]) for name in exponents}
pd.DataFrame({name: {"ratio at eps = 2^-7": exponents[name][5] / claims[name][5],
                     "slope of the error": np.log2(lemma3[name][-2] / lemma3[name][-1])}
              for name in exponents}).round(3).T

# %% mystnb={"figure": {"caption": "Errors of Lemmas 2 and 3 for general neighbours: order three, for one feature, for three, and for the nearest-mean rule, which loses nothing at second order.", "name": "fig-lemma3"}} tags=["hide-input"]
for name, errors in lemma3.items():
    assert abs(np.log2(errors[-2] / errors[-1]) - 3) < 0.05
    assert abs(exponents[name][5] / claims[name][5] - 1) < 5e-3
fig, ax = plt.subplots()
ax.set_prop_cycle(color=[OTHER, COMPUTED, "k"])
orders(ax, epsilon, lemma3, 3)
plt.show()

# %% [markdown]
# All three ratios tend to 1 and the errors fall with the third power of $\eps$. For orthonormal
# features and the right rule, the exponents of the single features add up.
#
# ## A threshold on each coordinate is not enough
#
# The paper states the sum for the decision region $\{l^k > T\}$: every coordinate above its own
# threshold. That region is an orthant, and an orthant is worse.
#
# :::{prf:proposition} Exponent of the best orthant
# :label: prop-orthant
#
# In the setting of {prf:ref}`lem-vector`, let $\eps d_i = \E_{P_1} f_i - \E_{P_2} f_i$, with some
# $d_i > 0$. The best rule of the form "decide $P_1$ if and only if $l_i > T_i$ for every $i$" has
# the exponent
#
# $$
# \frac{\eps^2 a^2}{2} + O(\eps^3), \qquad\text{where}\qquad
# a^2 = \sum_{i=1}^{k} (d_i - a)_+^2 , \quad a > 0 .
# $$ (eq-orthant)
#
# For $k$ equal gaps $d$ it is
#
# $$
# \frac{\eps^2}{2} \, \frac{k\, d^2}{(1 + \sqrt k)^2} ,
# $$ (eq-equal-gaps)
#
# which for $k > 1$ is less than the $\eps^2 k d^2 / 8$ of the nearest mean, and never more than
# $\eps^2 d^2 / 2$ however many features there are.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Drop the factors $\eps$. Under $P_1$ the rule errs when some coordinate falls below its threshold,
# at the rate $\min_i \tfrac12 a_i^2$ with $a_i = \mu_{1,i} - T_i$. Under $P_2$ it errs when the
# mean enters the orthant, whose point nearest to $\mu_2$ is at the squared distance
# $\sum_i (T_i - \mu_{2,i})_+^2 = \sum_i (d_i - a_i)_+^2$. Making every $a_i$ as small as the
# smallest one changes nothing in the first rate and can only raise the second; so all $a_i = a$.
# The first rate rises and the second falls with $a$, and the smaller of them is largest where they
# meet. With equal gaps, $a = \sqrt k\, (d - a)$, so $a = d \sqrt k / (1 + \sqrt k)$.
# :::
# ::::
#
# {numref}`fig-orthant` shows why. The orthant's corner is its nearest point to $\mu_2$, and all of
# its sides must keep the same distance from $\mu_1$; the straight border touches both discs on the
# line between the means.

# %% mystnb={"figure": {"caption": "Two rules for two features with equal gaps. Discs of equal error rate around the two means must stay outside the wrong region. Left: a straight border lets them grow until they touch. Right: the corner of an orthant stops them earlier, and the exponent falls to 69%.", "name": "fig-orthant"}} tags=["hide-input"]
def best_orthant(d):
    """The a of the best orthant for gaps d."""
    return brentq(lambda a: a**2 - np.sum(np.maximum(d - a, 0) ** 2), 0, np.max(d))


fig, axes = plt.subplots(1, 2, figsize=(7, 3.6), sharey=True)
mu1, mu2, a = np.array([0.5, 0.5]), np.array([-0.5, -0.5]), best_orthant(np.ones(2))
borders = {"nearest mean": (np.sqrt(0.5), [[-2, 2], [2, -2]]),
           "orthant": (a, [[0.5 - a, 2], [0.5 - a, 0.5 - a], [2, 0.5 - a]])}
for ax, (name, (radius, border)) in zip(axes, borders.items(), strict=True):
    ax.add_patch(plt.Polygon([*border, [2, 2]], color="0.92", zorder=0))
    ax.plot(*np.array(border).T, color="k", lw=1)
    for mu, colour, label in ((mu1, COMPUTED, r"$\mu_1$"), (mu2, OTHER, r"$\mu_2$")):
        ax.add_patch(plt.Circle(mu, radius, fill=False, color=colour))
        ax.plot(*mu, "o", color=colour)
        ax.annotate(label, mu, xytext=(5, 5), textcoords="offset points", color=colour)
    ax.text(0.03, 0.94, f"{name}: {radius**2 / 2:.3f} $\\epsilon^2$", transform=ax.transAxes,
            bbox={"color": "w", "pad": 1})
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal",
           xlabel=r"first coordinate of $l$ / $\epsilon$")
    ax.grid(False)
axes[0].set_ylabel(r"second coordinate of $l$ / $\epsilon$")
plt.show()
assert np.isclose(a**2 / 2 / 0.25, 4 / (1 + np.sqrt(2)) ** 2)

# %% [markdown]
# The formula for the three features of our example, and for $k$ equal gaps:

# %%
share = 4 * best_orthant(d) ** 2 / (d @ d)  # of the exponent |d|^2 / 8
print(f"best orthant {share:.3f}, best single feature {max(d**2) / (d @ d):.3f} of the sum")
for k in (1, 2, 3, 10, 100):
    ratio = 4 * best_orthant(np.ones(k)) ** 2 / k
    print(f"{k:>3} equal gaps: {ratio:.3f}")
    assert np.isclose(ratio, 4 / (1 + np.sqrt(k)) ** 2)
glue("exponent-orthant", f"{share:.0%}", display=False)

# %% [markdown]
# The formula is a local approximation. As a second opinion we find the best orthant's exponent
# without it, at a finite $\eps$: by Cramér's theorem the rate of $P_2$ entering an orthant is a
# maximum over tilts $\theta \ge 0$, and each side is a one-dimensional problem.


# %% tags=["hide-input"]
def side(x, p, level):
    """The threshold below the mean of x that the average under p crosses at the rate `level`."""
    def point(t):
        weights = p * np.exp(t * x)
        mean = weights @ x / weights.sum()
        return mean, t * mean - np.log(weights.sum())
    return point(brentq(lambda t: point(t)[1] - level, -20, 0, xtol=1e-15))[0]


def entry_rate(T, f, p):
    """Rate at which the average of f under p is above T in every coordinate."""
    size = np.linalg.norm(T)

    def negative(u):  # theta = size u, value and gradient divided to be of order one
        weights = p * np.exp(size * f @ u)
        value = (np.log1p(p @ np.expm1(size * f @ u)) - size * T @ u) / size**2
        return value, (weights @ f / weights.sum() - T) / size
    found = minimize(negative, np.zeros(len(T)), jac=True, bounds=[(0, None)] * len(T),
                     method="L-BFGS-B",
                     options={"ftol": 1e-15, "gtol": 1e-10})
    return -found.fun * size**2


def orthant_exponent(f, p1, p2):
    """Exponent of the best orthant, where the two rates of error meet."""
    most = float(mismatched(f, p1, p2))

    def gap(level):
        return entry_rate(np.array([side(x, p1, level) for x in f.T]), f, p2) - level

    return brentq(gap, 0.05 * most, most, xtol=1e-14)


# %%
rows = {}
for e in epsilon[[0, 2, 5]]:
    A1, A2 = perturb(P0, pair, e)
    full = float(mismatched(f, A1, A2))
    nearest = float(mismatched(f @ (A1 @ f - A2 @ f), A1, A2))
    rows[f"2^{np.log2(e):.0f}"] = {"nearest mean": nearest / full,
                                  "best orthant": orthant_exponent(f, A1, A2) / full,
                                  "first feature": float(mismatched(f[:, 0], A1, A2)) / full}
table = pd.DataFrame(rows).rename_axis(columns="eps").T
assert abs(table["best orthant"].iloc[-1] - share) < 2e-3
assert abs(table["nearest mean"].iloc[-1] - 1) < 1e-4
table.round(4)

# %% [markdown]
# The exact values, as shares of the best exponent of any test on the three means, agree with
# {eq}`eq-orthant`. Thresholding three features one by one keeps {glue:text}`exponent-orthant` of
# the exponent, not much more than the best of the three alone.
#
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Equations 1 and 4: the exponent of the decision region $\{l^k > T\}$ is
# $E_f^k = \sum_i E_{f_i}
# = \sum_{i=l}^{k} \tfrac{\eps^2}{8} \langle \xi_i, \phi_1 - \phi_2 \rangle^2$.
# In the proof of Lemma 3, a divergence is $\tfrac12 \lVert \tilde\phi_\theta - \phi_i \rVert^2$,
# and "$E_1(\lambda) = E_1(\lambda)$ when $\lambda = \tfrac12$"; the lemma defines $\xi_i$ with
# $P_X$.
#
# **Decided by.** The table above: the best orthant has {glue:text}`exponent-orthant` of the sum in
# this example, and $4 / (1 + \sqrt k)^2$ of it for equal gaps. The nearest-mean rule has all of it.
#
# **True.** {prf:ref}`lem-vector`: the sum runs from $i = 1$ and belongs to the best test on $l$,
# which the nearest-mean rule attains. In the proof,
# $\tfrac{\eps^2}{2} \lVert \tilde\phi_\theta - \phi_i \rVert^2$ and
# $E_1(\tfrac12) = E_2(\tfrac12)$; the reference of $\xi_i$ is $P_0$.
# :::
#
# ## What the page found
#
# For two nearby distributions the error exponent is an eighth of a squared length: of
# $\phi_1 - \phi_2$ for the best test, of its projection on the features for the best test on their
# means. The three lemmas of the paper hold with remainders of order $\eps^3$, once the exponent is
# in nats, the features are normalised under the reference, and the test on $k$ features compares
# distances to the two means instead of thresholding each coordinate.

# %%
centre = (Q1 + Q2) / 2
variance = centre @ poor**2 - (centre @ poor) ** 2
rows = {"likelihood ratio": (best, np.sum((Q1 - Q2) ** 2 / centre) / 8),
        "poor feature": (float(E_poor), ((Q1 - Q2) @ poor) ** 2 / (8 * variance))}
pd.DataFrame(rows, index=["exponent (nats)", "an eighth of the squared length"]).round(5).T
