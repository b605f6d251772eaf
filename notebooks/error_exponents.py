# %% [markdown]
# # Error exponents
#
# **Question.** One bird, out of sight, calls $m$ times. Was it a thrush or a warbler? How fast does
# the probability of a wrong guess fall with $m$, and how fast when we keep only the mean of a
# feature, such as the pitch?
#
# **Answer.** Like $e^{-mE}$. The best test has $E =$ {glue:text}`exponent-best` nats, the Chernoff
# information {eq}`eq-chernoff`; a test on the mean pitch has {glue:text}`exponent-mean`, or
# {glue:text}`exponent-mean-share` of it ({numref}`fig-rates`).
#
# The number $E$ is an **{term}`error exponent`**, in nats throughout. This page computes exponents
# and compares them with error probabilities summed over every possible sample. Nothing on it has to
# be small. {doc}`exponents_as_lengths` turns exponents into lengths, and {doc}`h_score` the lengths
# into the H-score {eq}`eq-h-score`.

# %% tags=["hide-input"]
from math import comb

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.optimize import minimize, minimize_scalar
from scipy.special import gammaln, rel_entr

from tdist import Joint
from tdist.exponents import chernoff, log_error_probability, mismatched, types
from tdist.hgr import whiten
from tdist.plots import COMPUTED, OTHER, use_book_style

use_book_style()

# %% [markdown]
# The birds are those of {doc}`divergence_transition_matrix`. Each kind of call also has a pitch and
# a length. The two hypotheses are the first two species; change this cell to try others. An
# assertion that holds for these birds and perhaps not for yours says so: drop that line and go on.

# %%
counts = pd.DataFrame([[10, 5, 3, 2], [3, 9, 9, 4], [2, 2, 5, 6]],
                      index=["thrush", "warbler", "finch"],
                      columns=["whistle", "trill", "buzz", "chip"])
calls = pd.DataFrame({"pitch (kHz)": [2.0, 3.5, 4.6, 7.1],
                      "length (s)": [1.2, 2.3, 1.7, 0.1]}, counts.columns)
birds = Joint(counts.to_numpy() / counts.to_numpy().sum())
given = birds.P / birds.py[:, None]  # P(x | y), one row a species
P1, P2 = given[:2]
assert min(P1.min(), P2.min()) > 0, \
    "this page divides P1 by P2: no count of theirs may be 0"
calls.T

# %% [markdown]
# ## Two ways to be wrong
#
# A **test** decides for $P_1$ if the sample falls in a region $A$, and for $P_2$ otherwise. An
# error of **type I** is to reject $P_1$ where it holds, with probability $\alpha = P_1(A^c)$; of
# **type II**, to accept it where $P_2$ holds, $\beta = P_2(A)$. With prior probabilities $\pi$ and
# $1 - \pi$, $P_e = \pi \alpha + (1 - \pi) \beta$.
#
# The best tests compare the **log-likelihood ratio**, the mean of $\log P_1(x) / P_2(x)$ over the
# calls, with a threshold $\tau$, and decide for $P_1$ above it. A high threshold errs in one way, a
# low one in the other.

# %% tags=["claim H-143: holds"]
llr = np.log(P1 / P2)
m, tau = 20, 0.0
alpha, beta = (log_error_probability(llr, tau, P1, P2, m, prior=prior)
               for prior in (1, 0))
print(f"after {m} calls: alpha {np.exp(alpha):.4f}, beta {np.exp(beta):.4f}")

# %% [markdown]
# How fast do the two fall? Both errors need a sample whose frequencies $Q$ are unlike the
# distribution that it came from. **Sanov's theorem** {cite:p}`cover2006` gives the rate: the chance
# of frequencies in a set falls with the divergence of the nearest one,
#
# $$
# \lim_{m \to \infty} -\frac1m \log \alpha = \min_{Q \in A^c} D(Q \Vert P_1) , \qquad
# \lim_{m \to \infty} -\frac1m \log \beta = \min_{Q \in A} D(Q \Vert P_2) ,
# $$ (eq-sanov)
#
# with $D(Q \Vert P) = \sum_x Q(x) \log \frac{Q(x)}{P(x)}$; it is *exact*, and holds for every
# region that is the closure of its interior. For a threshold test the nearest $Q$ lies on the
# border, where the mean of the log-likelihood ratio is $\tau$.
#
# The least divergence from $P_j$ among the $Q$ with $\E_Q f = l$ is the **rate function** of the
# mean of a feature $f$, also for a vector of $k$ features. By convex duality it is a supremum over
# $\theta \in \R^k$:
#
# $$
# I_j(l) = \min_{Q :\, \E_Q f = l} D(Q \Vert P_j)
#        = \sup_\theta \bigl(\theta \cdot l - \Lambda_j(\theta)\bigr), \qquad
# \Lambda_j(\theta) = \log \E_{P_j} e^{\theta \cdot f} .
# $$ (eq-rate)
#
# The probability that the mean falls near $l$ decays like $e^{-m I_j(l)}$ under $P_j$; this is
# Cramér's theorem. We compute the rate both ways, by the supremum,

# %%
def rate(f, p, l):
    """I(l) of the mean of f under p, by the supremum over one theta."""
    return -minimize_scalar(lambda theta: np.log1p(p @ np.expm1(theta * (f - l)))).fun

# %% [markdown]
# and by a search over all distributions $Q$ with the mean $l$.

# %%
def nearest(f, p, l):
    bounds, size = [(1e-9, 1)] * len(p), len(p)
    rules = [{"type": "eq", "fun": lambda q: q.sum() - 1},
             {"type": "eq", "fun": lambda q: q @ f - l}]
    return minimize(lambda q: rel_entr(q, p).sum(), np.ones(size) / size, bounds=bounds,
                    constraints=rules, method="SLSQP", options={"ftol": 1e-12}).fun

# %% tags=["claim H-138: holds", "claim H-139: holds", "claim H-140: holds", "claim H-150: holds"]
for p, name in ((P1, "type I"), (P2, "type II")):
    print(f"{name:>7} at threshold 0.1: sup {rate(llr, p, 0.1):.5f}, "
          f"min {nearest(llr, p, 0.1):.5f}")
    assert abs(rate(llr, p, 0.1) - nearest(llr, p, 0.1)) < 1e-5, \
        "the two forms of a rate agree where the threshold lies between the two means"

# %% mystnb={"figure": {"caption": "Left: chances of the mean log-likelihood ratio of 20 calls, summed exactly, and the two kinds of error at the threshold 0. Right: the exponent of each error against the threshold. What one gains the other loses; the error probability follows the smaller one, and is best where they cross, at 0, with the Chernoff information.", "name": "fig-two-errors"}, "image": {"alt": "Left: two step histograms of the mean log-likelihood ratio from -0.7 to 1.3, warbler left and thrush right of the threshold 0, overlapping a little around it; the overlap is shaded. Right: exponent against threshold from -0.35 to 0.45; one curve falls and one rises, and a star marks their crossing at 0, height 0.1."}} tags=["hide-input", "claim H-144: holds", "claim H-139: holds", "claim H-140: holds"]
counted = types(m, len(llr))  # every way to hear m calls, (types, |X|)
ways = gammaln(m + 1) - gammaln(counted + 1).sum(axis=1)
chance = [np.exp(ways + counted @ np.log(p)) for p in (P1, P2)]
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
means = [p @ llr for p in (P1, P2)]
edges = tau + np.arange(-20, 21) * 0.1
mean = counted @ llr / m
for p, colour, name, wrong in zip(chance, (COMPUTED, OTHER), counts.index, (-1, 1), strict=False):
    mass = np.histogram(mean, edges, weights=p)[0]
    left.stairs(mass, edges, color=colour, label=name)
    error = np.where(np.sign(edges[:-1] + 0.05 - tau) == wrong, mass, 0)
    left.stairs(error, edges, color=colour, fill=True, alpha=0.4)
left.axvline(tau, color="k", lw=0.8)
left.set(xlabel="mean log-likelihood ratio (nats)", ylabel=f"probability, {m} calls",
         xlim=(mean.min() / 2 - 0.3, mean.max() / 2 + 0.6))
left.legend(loc="upper right")
grid = np.linspace(means[1], means[0], 101)[1:-1]
for p, colour, name in ((P1, COMPUTED, r"type I, $\alpha$"), (P2, OTHER, r"type II, $\beta$")):
    right.plot(grid, [rate(llr, p, t) for t in grid], color=colour, label=name)
right.plot(0, float(chernoff(P1, P2)), "k*", ms=10, label="Chernoff information")
right.set(xlabel=r"threshold $\tau$ (nats)", ylabel="exponent (nats)", ylim=(0, None))
right.legend()
plt.show()

# %% [markdown]
# The paper's Figure 10 sketches this picture.
#
# ## The best test
#
# Let the two hypotheses have any fixed positive prior probabilities. Among all sequences of tests
# $A_m$, the largest exponent of the error probability is the **Chernoff information**
# {cite:p}`cover2006`,
#
# $$
# \begin{aligned}
# C(P_1, P_2) &= \max_{A} \liminf_{m \to \infty} -\frac1m \log P_e^{(m)}(A_m) \\
#             &= -\min_{0 \le s \le 1} \log \sum_{x} P_1(x)^s P_2(x)^{1-s} ,
# \end{aligned}
# $$ (eq-chernoff)
#
# and the test that compares the log-likelihood ratio with 0 attains it. The prior does not appear:
# a constant factor in $P_e$ leaves the exponent alone.
#
# An exponent is a limit. A sample matters only through its counts, so the error probability itself
# can be summed exactly, for up to some hundreds of calls.

# %%
draws = [m for m in 6 * 2 ** np.arange(9)
         if comb(m + len(P1) - 1, len(P1) - 1) < 2e6]  # so many types to sum
log_pe = np.array([log_error_probability(llr, 0.0, P1, P2, m) for m in draws])
best = float(chernoff(P1, P2))
print(f"Chernoff information {best:.4f} nats; "
      f"Pe after {draws[-1]} calls {np.exp(log_pe[-1]):.1e}")

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

# %% tags=["claim H-015: holds", "claim H-142: holds when corrected"]
estimates = pd.DataFrame({"raw / E": raw(log_pe)[1:], "slope / E": slope(log_pe)},
                         pd.Index(draws[1:], name="m")) / best
assert abs(estimates.iloc[-1, 1] - 1) < 0.02 < estimates.iloc[-1, 0] - 1, \
    "in the book's example the slope is within 2% of E and the raw estimate is not"
estimates.round(3)

# %% tags=["remove-input"]
glue("exponent-best", f"{best:.3f}", display=False)
glue("exponent-draws", int(draws[-1]), display=False)
glue("exponent-raw", f"{estimates.iloc[-1, 0] - 1:.0%}", display=False)
glue("exponent-slope", f"{abs(estimates.iloc[-1, 1] - 1):.1%}", display=False)

# %% [markdown]
# At {glue:text}`exponent-draws` calls the raw curve is still {glue:text}`exponent-raw` above the
# exponent, while the last slope is within {glue:text}`exponent-slope` of it.

# %% [markdown]
# ## Keeping only the mean of a feature
#
# Now the recorder keeps only the mean pitch of the calls, $l = \tfrac1m \sum_i f(x^{(i)})$. What
# can still be told is in two curves: the rate functions {eq}`eq-rate` of the pitch under the two
# species.

# %%
f = calls["pitch (kHz)"].to_numpy()
means = np.array([P1 @ f, P2 @ f])
side = np.sign(means[1] - means[0])  # 1 where the first species has the lower mean
E_f = mismatched(f, P1, P2)
print(f"mean pitch {means[0]:.2f} and {means[1]:.2f} kHz; "
      f"the curves cross at {E_f.mean[0]:.2f} kHz")
rates = [rate(f, p, E_f.mean[0]) for p in (P1, P2)]
assert np.allclose(rates, float(E_f), rtol=1e-6), \
    "at the best threshold both rates are the exponent, for every feature"

# %% mystnb={"figure": {"caption": "Rate functions of the mean pitch. Each is zero at the mean of its species and rises on both sides. A threshold decides for the thrush on its left. To decide for the lower curve is to err at the rate of the upper one, which is lowest where they cross (star), near the midpoint of the means (dashed).", "name": "fig-rates"}, "image": {"alt": "Two U-shaped curves of rate against mean pitch from 2.5 to 5 kHz: one touches zero at 3.3, the other at 4.3. They cross near 3.8, marked by a star; the side left of it is shaded and says decide thrush, the right side decide warbler."}} tags=["hide-input"]
fig, ax = plt.subplots()
grid = np.linspace(means.min() - 0.8, means.max() + 0.8, 200)
T, top = E_f.mean[0], 8 * float(E_f)
for p, colour, name, shift in zip((P1, P2), (COMPUTED, OTHER), counts.index, (-8 * side, 8 * side),
                                  strict=False):
    curve = np.array([rate(f, p, l) for l in grid])
    ax.plot(grid, curve, color=colour)
    ax.plot(p @ f, 0, "o", color=colour, clip_on=False)
    ax.annotate(f"$I$ under {name}", (grid[np.abs(curve - 0.75 * top).argmin()], 0.75 * top),
                (shift, 0), color=colour, textcoords="offset points",
                ha="right" if shift < 0 else "left")
ax.plot(T, float(E_f), "k*", ms=10)
ax.annotate("$(T^*, E_f)$", (T, float(E_f)), (12, -3), textcoords="offset points")
ax.vlines(means.mean(), 0, float(E_f), color="0.5", lw=1, ls="--")
ax.axvspan(grid[0], T, color="0.95", zorder=0)
for name, shift in zip(counts.index, (-8 * side, 8 * side), strict=False):
    ax.annotate(f"decide {name}", (T, 0.94 * top), (shift, 0), textcoords="offset points",
                ha="right" if shift < 0 else "left")
ax.set(xlabel="mean pitch $l$ (kHz)", ylabel="rate (nats)", ylim=(0, top),
       xlim=(grid[0], grid[-1]))
plt.show()

# %% [markdown]
# A **test on $l$** decides for $P_1$ if $l$ falls in a region, the same for every $m$, whose
# boundary contains no set that is open in the affine hull of the values of $f$. (For features that
# are not affinely dependent the hull is $\R^k$.) Near each $l$ it must decide for one hypothesis,
# and errs at the rate of the other. Deciding for the smaller rate leaves the larger one, and the
# worst $l$ sets the exponent. So the best exponent of all tests on $l$ is
#
# $$
# E_f = \inf_l \max\bigl(I_1(l), I_2(l)\bigr) .
# $$ (eq-mismatched)
#
# The condition on the region matters. If the values of $f$ have no rational relation, $l$ to its
# last digit tells the counts of all symbols, and a rule that treats each value of $l$ apart can
# still be the likelihood-ratio test. Where $f$ takes integer values, up to scale and shift, no rule
# on $l$ beats {eq}`eq-mismatched`.
#
# ::::{dropdown} How `mismatched` computes it
# The larger of two numbers is their largest weighted mean, $\max(I_1, I_2) = \max_{0 \le s \le 1}
# \bigl[s I_1 + (1 - s) I_2\bigr]$, which is convex in $l$ and linear in $s$; so infimum and maximum
# change places. Inside, Fenchel duality turns the infimum over $l$ of a sum of two suprema into one
# supremum over $\theta$:
#
# $$
# E_f = \max_{0 < s < 1} \sup_{\theta \in \R^k} -\Bigl[s \Lambda_1\bigl(\tfrac{\theta}{s}\bigr)
# + (1 - s) \Lambda_2\bigl(\tfrac{-\theta}{1 - s}\bigr)\Bigr] .
# $$ (eq-mismatched-dual)
#
# It is smooth and concave, and each $(s, \theta)$ gives a lower bound. With $f$ the log-likelihood
# ratio and $\theta = -s(1 - s)$ it is the Chernoff sum {eq}`eq-chernoff`.
# ::::
#
# The log-likelihood ratio is a feature too. Its best threshold is 0, and it loses nothing.

# %% tags=["claim H-017: holds"]
E_llr = mismatched(llr, P1, P2)
print(f"log-likelihood ratio {float(E_llr):.6f}, Chernoff information {best:.6f}")
assert np.isclose(float(E_llr), best, rtol=1e-9) and abs(E_llr.mean[0]) < 1e-6, \
    "the log-likelihood ratio has the exponent of the best test, for every pair"

# %% [markdown]
# Does a real test reach {eq}`eq-mismatched`? The threshold test on the mean pitch, summed over all
# samples:

# %%
pitch, threshold = -side * f, -side * E_f.mean[0]  # high speaks for the first species
log_pe_pitch = np.array([log_error_probability(pitch, threshold, P1, P2, m)
                         for m in draws])
end = slope(log_pe_pitch)[-1] / float(E_f)
print(f"exponent {float(E_f):.4f} nats, {float(E_f) / best:.0%} of the best; "
      f"last slope / E {end:.3f}")
assert abs(end - 1) < 0.02, \
    "in the book's example the last slope is within 2% of the exponent"

# %% tags=["remove-input"]
glue("exponent-mean", f"{float(E_f):.3f}", display=False)
glue("exponent-mean-share", f"{float(E_f) / best:.0%}", display=False)

# %% mystnb={"figure": {"caption": "Exact error probabilities of two tests, as a fraction of the predicted exponent. The slope of log(Pe sqrt m) meets the exponent; the raw curve is still well above it at the largest number of calls.", "name": "fig-slope"}, "image": {"alt": "Estimate over exponent against the number of calls, 6 to 200, logarithmic. Two dashed raw curves fall from above 3 and stay above 1; two solid slope curves rise from 0.4 and 0.8 to the line at 1."}} tags=["hide-input"]
fig, ax = plt.subplots()
middle = np.sqrt(np.array(draws[1:]) * draws[:-1])
for name, values, e_true, colour in (("likelihood ratio", log_pe, best, COMPUTED),
                                     ("mean pitch", log_pe_pitch, float(E_f), OTHER)):
    ax.plot(draws, raw(values) / e_true, "o--", color=colour, label=f"{name}, raw", lw=1,
            mfc="white")
    ax.plot(middle, slope(values) / e_true, "o-", color=colour, label=f"{name}, slope")
ax.axhline(1, color="k", lw=0.8)
ax.set(xscale="log", xlabel="calls $m$", ylabel="estimate / exponent", ylim=(0, 4))
ax.legend()
plt.show()

# %% [markdown]
# The best test and the one on the mean pitch both do. Where is the threshold, on the pitch with
# mean 0 and variance 1?

# %% tags=["claim H-014: does not hold"]
white = whiten(f[:, None], birds.px)[:, 0]
T, at_zero = mismatched(white, P1, P2).mean[0], min(rate(white, p, 0) for p in (P1, P2))
print(f"best threshold {T:.3f}, its exponent {float(E_f):.4f}; at T = 0 {at_zero:.4f}")
assert T < 0, "in the book's example the best threshold is negative"
assert at_zero < float(E_f), "no threshold is better than the best"

# %% [markdown]
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Section 2.1: $E_f$ is the exponent of the decision region
# $\{x^m \mid l(x^m) > T\}$ "for $T \ge 0$".
#
# **Decided by.** The best threshold above is negative. The sign of $f$ is arbitrary, so the sign of
# the threshold is too.
#
# **True.** $T$ is free and depends on the pair; to first order it is the midpoint of the two means.
# :::
#
# **Change this and run**: how many calls until you are wrong no more often than this? (Below
# $10^{-5}$ it takes some seconds.)

# %% tags=["hide-input"]
def calls_needed(h, threshold, error, most=200):
    """About the smallest m with an error probability of at most `error`, by bisection."""
    def enough(m):
        return log_error_probability(h, threshold, P1, P2, m) <= np.log(error)

    low, high = 0, 1
    while not enough(high):
        if high >= most:
            return f"more than {most}"
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return str(high)


# %%
ERROR = 0.01  # ← change this, below 1/2
for name, h, tau, E in (("likelihood ratio", llr, 0, best),
                        ("mean pitch", pitch, threshold, float(E_f))):
    print(f"{name}: {calls_needed(h, tau, ERROR)} calls; "
          f"ln(1 / error) / E = {-np.log(ERROR) / E:.0f}")

# %% [markdown]
# The exponent alone asks for too many: it leaves out a factor that is below 1 and falls like
# $m^{-1/2}$.
#
# ## What the page found
#
# Error probabilities fall like $e^{-mE}$, up to a factor $m^{-1/2}$ that hides the exponent in all
# samples of a size that one can sum. {eq}`eq-sanov`, {eq}`eq-chernoff` and {eq}`eq-mismatched` are
# exact. The paper's appendix prints the Chernoff exponent as a minimum over tests, in powers of 2,
# and its Section 2.1 a threshold that is not negative; it is a maximum, in powers of $e$ if it is
# to be {eq}`eq-lemma1`, and the threshold is free.

# %%
pd.DataFrame({"exponent (nats)": [best, float(E_f)], "share": [1, float(E_f) / best]},
             ["best test", "mean pitch"]).round(4)

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-exponents-coins
#
# One coin shows heads with probability $p$, the other with $1 - p$. What is their Chernoff
# information? Show that $P_e \le \frac12 e^{-mC}$ for equal priors. How many tosses does this bound
# ask for, if 1 % of error is allowed, and how many are enough?
# :::
#
# ````{solution-start} ex-exponents-coins
# :class: dropdown
# ````
# The sum $\sum_x P_1^s P_2^{1-s}$ is the same at $s$ and $1 - s$ and convex, so its minimum is at
# $s = \frac12$: $C = -\ln 2\sqrt{p(1-p)}$. The best test errs with probability
# $\sum \min(\frac12 P_1, \frac12 P_2)$ over all samples, and $\min(a, b) \le \sqrt{ab}$; over $m$
# independent tosses the sum of the roots is a product. So $m \ge \ln(50) / C$ tosses are enough,
# and fewer are.

# %%
rows = {}
for p in (0.6, 0.7, 0.9):
    C = float(chernoff([p, 1 - p], [1 - p, p]))
    assert np.isclose(C, -np.log(2 * np.sqrt(p * (1 - p)))), "for coins p, 1 - p"
    sizes = range(1, int(np.log(50) / C) + 2)
    log_pes = [log_error_probability([1, 0], 0.5, [p, 1 - p], [1 - p, p], m)
               for m in sizes]
    bound = np.log(0.5) - C * np.array(sizes)
    assert all(log_pes <= bound), "the bound holds for every number of tosses"
    enough = 1 + int(np.argmax(np.array(log_pes) <= np.log(0.01)))
    rows[p] = [f"{C:.4f}", len(log_pes), enough]
pd.DataFrame(rows, ["C (nats)", "tosses by the bound", "tosses enough"]).T

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-exponents-prior
#
# Warblers are rare: a bird is a thrush with probability $\pi$. Show that the error of the best test
# is at most $\pi^s (1 - \pi)^{1-s} e^{-mC}$, with the $s$ of {eq}`eq-chernoff`. Are more calls
# needed than for equal priors, or fewer?
# :::
#
# ````{solution-start} ex-exponents-prior
# :class: dropdown
# ````
# The best test decides for the larger of $\pi P_1$ and $(1 - \pi) P_2$, so that
# $P_e = \sum \min(\pi P_1, (1 - \pi) P_2)$, and $\min(a, b) \le a^s b^{1-s}$. The prior is a
# factor, and the exponent does not know it. The factor falls as $\pi$ goes to 1: fewer calls. Who
# always says "thrush" is then rarely wrong, even without a call.

# %%
s = chernoff(P1, P2).tilt
for prior in (0.5, 0.9, 0.99):
    border = np.log((1 - prior) / prior) / m
    log_error = log_error_probability(llr, border, P1, P2, m, prior)
    bound = s * np.log(prior) + (1 - s) * np.log(1 - prior) - m * best
    assert log_error <= bound, "a bound for every prior and every m"
    print(f"prior {prior}: error after {m} calls {np.exp(log_error):.5f}, "
          f"at most {np.exp(bound):.5f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-exponents-never
#
# Under $P_1$ only the first of two calls occurs, under $P_2$ the first with probability $q$ and the
# second with $1 - q$. What is the error probability of the best test, for equal priors? Which step
# of this page goes wrong here?
# :::
#
# ````{solution-start} ex-exponents-never
# :class: dropdown
# ````
# The second call gives $P_2$ away. Without one the best test decides for $P_1$, and errs if $P_2$
# made the first call $m$ times: $P_e = \frac12 q^m$ for every $m$. The Chernoff information is
# $-\ln q$, at the border $s = 0$ of its range. There is no factor $m^{-1/2}$, so the slope
# $-\frac{d}{dm}\log(P_e \sqrt m)$ takes away what is not there and comes out too small.

# %%
q, sizes = 0.8, np.array([50, 100])
log_errors = np.array([log_error_probability([0, -1], -0.5 / m, [1, 0], [q, 1 - q], m)
                       for m in sizes])
C = float(chernoff([1, 0], [q, 1 - q]))
assert np.isclose(C, -np.log(q)) and np.allclose(log_errors, np.log(0.5) - C * sizes), \
    "with one call that only P2 has, Pe is q^m / 2"
plain = -np.diff(log_errors)[0] / 50
rooted = plain - np.log(2) / 2 / 50
print(f"C = {C:.4f}; slope without the root {plain:.4f}, with it {rooted:.4f}")

# %% [markdown]
# ````{solution-end}
# ````
