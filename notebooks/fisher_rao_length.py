# %% [markdown]
# # What is a length of weights?
#
# **Question.** A classifier is trained, and its weights move. How far did it go? The length of the
# weights' curve in their own numbers depends on how the network happens to be written down. Is
# there a length that does not?
#
# **Answer.** Yes: measure what the classifier *says*, its distributions over the classes, with the
# Fisher metric ({prf:ref}`thm-fisher-rao`). Added up by arcs such a length hardly depends on the
# number of steps; the root of the divergence, which the paper adds up, has an error of order $1/K$
# ({numref}`fig-length-steps`).
#
# The coupled transfer distance of {cite:t}`gao2021` is such a length. This page has one
# distribution that moves; {doc}`classifier_length` has a classifier, with one at every input.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.integrate import quad
from scipy.special import softmax

from tdist.fisher_rao import distance, path_length, root_kl
from tdist.plots import COMPUTED, WRONG, use_book_style

use_book_style()
torch.set_num_threads(1)

# %% [markdown]
# ## A ruler for distributions
#
# Let $p$ be a distribution over the classes, and $p + dp$ a near one. The **Fisher metric** gives
# the small step from one to the other the length
#
# $$
# ds^2 = \sum_y \frac{dp_y^2}{p_y} = 2\, \mathrm{KL}(p, p + dp) + O(dp^3), \qquad
# \mathrm{KL}(p, q) = \sum_y p_y \log \frac{p_y}{q_y} .
# $$ (eq-fisher-metric)
#
# With $u = 2\sqrt p$ it is the ordinary length: $du_y = dp_y / \sqrt{p_y}$, so
# $ds^2 = \lVert du \rVert^2$. And $\lVert u \rVert = 2$. The distributions are the part of a sphere
# of radius 2 where no coordinate is negative. (Up to a factor it is the only metric that every
# summary of the outcomes can only shrink: Chentsov's theorem, {cite:p}`amari2016`.)
#
# :::{prf:theorem} Fisher-Rao distance (exact)
# :label: thm-fisher-rao
#
# The shortest curve from $p$ to $q$ is the great circle between $2\sqrt p$ and $2\sqrt q$. Its
# length is
#
# $$
# d(p, q) = 2 \arccos \sum_y \sqrt{p_y q_y} = 4 \arcsin \frac{\lVert \sqrt p - \sqrt q \rVert}{2} ,
# $$ (eq-fisher-rao)
#
# at most $\pi$, which is reached by distributions that share no class.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# On a sphere of radius 2 an angle $\theta$ spans an arc of $2\theta$, and the cosine of the angle
# between $2\sqrt p$ and $2\sqrt q$ is $\sum_y \sqrt{p_y q_y}$. Between two points with coordinates
# that are not negative the great circle keeps them so: it stays among the distributions. The second
# form: a chord of the unit sphere is $\lVert \sqrt p - \sqrt q \rVert = 2 \sin(\theta / 2)$. The
# sum under the arccosine is not negative, so $\theta \le \pi / 2$, with equality where no class has
# both $p_y > 0$ and $q_y > 0$.
# :::
# ::::
#
# The theorem allows every curve of distributions. A model with few weights can only take some of
# them, and its own shortest curves, the minimum in the paper's (4), are as long or longer.
#
# Three ways from $p$ to $q$: the great circle, the mixture $(1 - t)\, p + t\, q$, and the
# exponential path, a softmax whose logits move in a straight line. We integrate
# {eq}`eq-fisher-metric` along each.

# %%
p, q = np.array([0.75, 0.24, 0.01]), np.array([0.01, 0.45, 0.54])


def great_circle(t):
    half = distance(p, q) / 2
    return ((np.sin((1 - t) * half) * np.sqrt(p) + np.sin(t * half) * np.sqrt(q))
            / np.sin(half)) ** 2


curves = {"great circle": great_circle, "mixture": lambda t: (1 - t) * p + t * q,
          "exponential": lambda t: softmax((1 - t) * np.log(p) + t * np.log(q))}

# %% tags=["claim C-025: holds"]
def speed(curve, t, h=1e-6):
    change = (curve(t + h) - curve(t - h)) / (2 * h)
    return np.sqrt(np.sum(change**2 / curve(t)))


lengths = {name: quad(lambda t, c=curve: speed(c, t), 0, 1)[0]
           for name, curve in curves.items()}
assert abs(lengths["great circle"] - distance(p, q)) < 1e-7, (
    "the theorem, for any p and q")
assert min(lengths["mixture"], lengths["exponential"]) > distance(p, q), (
    "no curve is shorter")
pd.Series(lengths, name="length").round(4).to_frame()

# %% [markdown]
# The great circle has the length that {eq}`eq-fisher-rao` says, and the others are longer.

# %% mystnb={"figure": {"caption": "Three ways between two distributions over three classes. In the triangle of probabilities (left) the mixture looks straight; on the sphere of radius 2 (right), where lengths are true, the great circle is the shortest.", "name": "fig-length-sphere"}, "image": {"alt": "Left, a triangle with corners class 1 to 3 and three curves from p at the bottom to q on the right side: the mixture straight, the great circle bent a little and the exponential path bowed out most. Right, the same curves on an eighth of a sphere."}} tags=["hide-input"]
fig = plt.figure(figsize=(7.4, 3.4))
flat, round_ = fig.add_subplot(1, 2, 1), fig.add_subplot(1, 2, 2, projection="3d")
corners = np.array([[0, 0], [1, 0], [0.5, 3**0.5 / 2]])
flat.fill(*corners.T, facecolor="none", edgecolor="0.6", lw=1)
for i, (x, y) in enumerate(corners):
    flat.annotate(f"class {i + 1}", (x, y), (0, -14 if i < 2 else 4), textcoords="offset points",
                  ha="center")
a, b = np.meshgrid(np.linspace(0, np.pi / 2, 25), np.linspace(0, np.pi / 2, 25))
round_.plot_wireframe(2 * np.sin(a) * np.cos(b), 2 * np.sin(a) * np.sin(b), 2 * np.cos(a),
                      color="0.8", lw=0.5, rstride=4, cstride=4)
round_.set_axis_off()
for i, end in enumerate(2.2 * np.eye(3)):
    round_.plot(*np.stack([np.zeros(3), end], 1), color="0.6", lw=1)
    round_.text(*(1.1 * end), rf"$2\sqrt{{p_{i + 1}}}$", ha="center", va="center")
for (name, curve), colour in zip(curves.items(), (COMPUTED, "#56B4E9", "0.35"), strict=True):
    points = np.array([curve(t) for t in np.linspace(0, 1, 100)])
    flat.plot(*(points @ corners).T, color=colour, label=f"{name}, {lengths[name]:.3f}")
    round_.plot(*(2 * np.sqrt(points)).T, color=colour, lw=2)
for point, name, shift in ((p, "p", (-10, 6)), (q, "q", (6, 6))):
    flat.plot(*(point @ corners), "o", color="k")
    flat.annotate(f"${name}$", point @ corners, shift, textcoords="offset points")
    round_.plot(*(2 * np.sqrt(point)[:, None]), "o", color="k")
flat.set(aspect="equal", xlim=(-0.15, 1.15), ylim=(-0.15, 1.3))
flat.axis("off")
flat.legend(loc="upper right", fontsize=8, title="length", title_fontsize=8)
round_.view_init(22, 30)
round_.set_box_aspect((1, 1, 1), zoom=1.1)
plt.show()

# %% [markdown]
# ### Why the arcsine
#
# On paper the two forms of {eq}`eq-fisher-rao` agree. In a computer the sum under the arccosine is
# close to 1 for near distributions, and there the arccosine loses half of the digits. Networks run
# in single precision, so this matters. A thousand random softmaxes over five classes move a little,
# and each formula computes the distance from the probabilities rounded to single precision. The
# reference is {eq}`eq-fisher-rao` in double precision.

# %% tags=["hide-input"]
seeded = torch.Generator().manual_seed(0)
logits, direction = torch.randn((2, 1000, 5), generator=seeded, dtype=torch.float64)
FORMS = {"arcsine": distance,
         "arccosine": lambda p, q: 2 * torch.acos((p * q).sqrt().sum(1).clamp(max=1)),
         "root of 2 KL": lambda p, q: (2 * (p * (p / q).log()).sum(1)).sqrt()}


def off(form, size):
    """Median relative error, where NaN counts as wrong, and the share of NaN."""
    p, q = torch.softmax(logits, 1), torch.softmax(logits + size * direction, 1)
    found, exact = form(p.float(), q.float()).double(), distance(p, q)
    error = ((found - exact).abs() / exact).nan_to_num(torch.inf)
    return error.median().item(), found.isnan().double().mean().item()


# %% tags=["hide-input", "nbval-ignore-output"]
sizes = [1e-1, 1e-2, 1e-3, 1e-4]
errors = {name: [off(form, size) for size in sizes] for name, form in FORMS.items()}
assert max(error for error, _ in errors["arcsine"]) < 1e-2, (
    "the arcsine keeps two digits")
assert errors["arcsine"][2][0] < 1e-3, "and three where logits change by a thousandth"
assert errors["arccosine"][2][0] > 0.03, "where the arccosine has lost all but one"
assert min(errors["root of 2 KL"][3]) > 0.2, (
    "and in single precision a divergence fails at last")
table = pd.DataFrame({name: [f"{e:.0e}" for e, _ in rows] for name, rows in errors.items()},
                     pd.Index(sizes, name="change of the logits"))
table["KL below zero"] = [f"{share:.0%}" for _, share in errors["root of 2 KL"]]
table

# %% [markdown]
# Where the logits change by a thousandth, the arcsine still has four digits, and the arccosine is
# wrong in the first. Where they change by a ten-thousandth, nearly half of the divergences come out
# negative, and the others mean nothing. (In the first two rows the divergence's error is not
# rounding. Its root equals the distance only in the limit, up to a share of the size of the step.)
#
# A path of many steps is a sum of just such small distances. `distance` therefore uses the arcsine,
# and `root_kl`, the third form, computes in double precision.
#
# ## The length of a path
#
# A path in $K$ steps is a row of distributions $p_0, \dots, p_K$. Its length is
#
# $$
# \mathrm{len}(p_0, \dots, p_K) = \sum_{k=0}^{K-1} d(p_k, p_{k+1}) .
# $$ (eq-path-length)
#
# :::{prf:proposition} What the number of steps can do (exact; the order is local)
# :label: prop-refine
#
# Let the points lie on a smooth curve of positive probabilities, $p_k = p(k / K)$, of length
# $\ell$. Then
#
# $$
# \begin{gathered}
# d(p(0), p(1)) \le \mathrm{len}(p_0, \dots, p_K) \le \ell , \\
# \ell - \mathrm{len}(p_0, \dots, p_K) = O(1 / K^2) ,
# \end{gathered}
# $$ (eq-refine)
#
# and putting a point between two others never shortens the path.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# $d$ is a distance, so the triangle inequality gives the lower bound and the last claim; no curve
# between two points is shorter than their distance, which gives the upper bound. A piece of the
# curve of length $h$ and the great circle under it differ by $O(h^3)$, as for every smooth curve on
# a smooth surface, and $K$ pieces of length $O(1/K)$ add up to $O(1/K^2)$.
# :::
# ::::
#
# The inequalities need no positive probabilities. Where a probability leaves 0 in a straight line
# the order is $K^{-3/2}$, with three classes or more. Two classes have one road only, an arc: as
# long as $p_y$ goes one way, the sum is exact at every $K$.

# %% tags=["hide-input"]
t = 1 / np.geomspace(10, 1000, 5).round()
leaving = {"two classes": lambda t: np.stack([0.7 * t, 1 - 0.7 * t], -1),
           "three classes": lambda t: np.stack([0.5 * t, 0.3 + 0.2 * t, 0.7 - 0.7 * t], -1)}
fine = np.linspace(0, 1, 2001) ** 2  # many steps where the probability leaves 0
for name, curve in leaving.items():
    whole = path_length(curve(fine))
    short = [whole - path_length(curve(np.linspace(0, 1, round(1 / step) + 1))) for step in t]
    if name == "two classes":
        assert np.abs(short).max() < 1e-12, "an arc has no shorter way"
        print(name, "exact at every K")
    else:
        order = np.log(short[0] / short[-2]) / np.log(t[0] / t[-2])
        assert abs(order - 1.5) < 0.1, "the order where a probability leaves 0"
        print(name, f"order of the error {order:.2f}")

# %% [markdown]
# The paper adds up something else, the root of the divergence:
#
# $$
# \mathrm{len}_{\mathrm{KL}}(p_0, \dots, p_K)
# = \sum_{k=0}^{K-1} \sqrt{2\, \mathrm{KL}(p_k, p_{k+1})} .
# $$ (eq-root-kl)
#
# In the limit this is the same length. Before the limit it is not.
#
# :::{prf:proposition} The error of the root of the divergence (local)
# :label: prop-root-kl
#
# On a smooth curve of positive probabilities
#
# $$
# \mathrm{len}_{\mathrm{KL}} - \ell = - \frac{1}{12 K} \int_0^1
# \frac{\sum_y \dot p_y^3 / p_y^2}{\bigl(\sum_y \dot p_y^2 / p_y\bigr)^{1/2}} \, dt + O(1 / K^2) .
# $$ (eq-root-kl-error)
#
# For any two distributions $\sqrt{2\, \mathrm{KL}(p, q)} \ge d(p, q) / \sqrt 2$, and the factor
# $1 / \sqrt 2$ cannot be made larger.
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# With $x_y = \delta_y / p_y$ and $q = p + \delta$,
#
# $$
# \begin{aligned}
# 2\, \mathrm{KL}(p, q) &= \sum_y p_y \bigl( x_y^2 - \tfrac23 x_y^3 \bigr) + O(\delta^4) , \\
# d(p, q)^2 &= 4 \sum_y p_y \bigl( \sqrt{1 + x_y} - 1 \bigr)^2 + O(\delta^4) \\
# &= \sum_y p_y \bigl( x_y^2 - \tfrac12 x_y^3 \bigr) + O(\delta^4) .
# \end{aligned}
# $$
#
# The difference of the squares is $-\tfrac16 \sum_y p_y x_y^3$, so that of the roots is
# $-\tfrac1{12} \sum_y p_y x_y^3 / d$, of order $1 / K^2$ a step and $1 / K$ in all.
#
# For the bound, Jensen's inequality gives
# $\mathrm{KL}(p, q) = -2 \sum_y p_y \log \sqrt{q_y / p_y} \ge -2 \log \sum_y \sqrt{p_y q_y}
# = -2 \log \cos\theta$
# with $\theta = d / 2$, and $-\log\cos\theta \ge \theta^2 / 2$. So
# $2\, \mathrm{KL} \ge 2 \theta^2 = d^2 / 2$. For $p = (0, 1)$ and $q = (x, 1 - x)$ we have
# $2\, \mathrm{KL} = -2 \log(1 - x) \approx 2x$ and $d = 2 \arcsin \sqrt x \approx 2 \sqrt x$: the
# ratio tends to $1 / \sqrt 2$ as $x \to 0$.
# :::
# ::::
#
# Running the curve backwards changes the sign of the integral in {eq}`eq-root-kl-error`. So the
# root of $\mathrm{KL}(p, q) + \mathrm{KL}(q, p)$, **Jeffreys'** divergence, has no error of first
# order.
#
# The next cell takes the exponential path above with $K = 10$, 100 and 1,000.

# %% tags=["hide-input", "claim C-029: holds"]
def jeffreys(path):
    there, back = root_kl(path[:-1], path[1:]), root_kl(path[1:], path[:-1])
    return np.sqrt((there**2 + back**2) / 2).sum()


SUMS = {"arcsine": path_length, "Jeffreys": jeffreys,
        "root of 2 KL": lambda path: root_kl(path[:-1], path[1:]).sum()}
steps = np.array([10, 32, 100, 316, 1000])
paths = [np.array([curves["exponential"](t) for t in np.linspace(0, 1, K + 1)])
         for K in steps]
sums = {name: [form(path) for path in paths] for name, form in SUMS.items()}
sums = pd.DataFrame(sums, pd.Index(steps, name="K"))
error = sums - lengths["exponential"]
sums.loc[[10, 100, 1000]].round(5)

# %% [markdown]
# The length itself does not depend on $K$, and each way of adding up nears it at its own rate.
# {eq}`eq-root-kl-error` even says how large the error of the root of the divergence is.

# %% tags=["hide-input", "claim C-018: holds", "claim C-020: holds", "claim C-028: depends on the measure"]
def first_order(t, h=1e-6):
    change = (curves["exponential"](t + h) - curves["exponential"](t - h)) / (2 * h)
    here = curves["exponential"](t)
    return np.sum(change**3 / here**2) / np.sqrt(np.sum(change**2 / here))


predicted = -quad(first_order, 0, 1)[0] / 12
slope = np.log10((error.loc[10] / error.loc[1000]).abs()) / 2
print(f"K times the error of the root of 2 KL at K = 1000: "
      f"{1000 * error['root of 2 KL'][1000]:.4f}, predicted {predicted:.4f}")
print("order of the error:", slope.round(2).to_dict())
assert abs(1000 * error["root of 2 KL"][1000] / predicted - 1) < 0.01, "the proposition's constant"
assert abs(slope["root of 2 KL"] - 1) < 0.1, "first order, for curves of positive probabilities"
assert max(abs(slope[name] - 2) for name in ("arcsine", "Jeffreys")) < 0.1, "second order"
assert (error["arcsine"] < 0).all(), "a chord is never longer than its arc"

# %% mystnb={"figure": {"caption": "Error of the length of the exponential path against the number of steps: of order 1/K for the root of the divergence, of order 1/K\u00b2 for the arcsine and for Jeffreys' divergence.", "name": "fig-length-steps"}, "image": {"alt": "Line plot on logarithmic axes of the absolute error against 10 to 1,000 steps. The root of 2 KL falls with slope -1 from .008 to .00008; the arcsine and, below it, Jeffreys' divergence fall with slope -2 to about 1e-7."}} tags=["hide-input"]
fig, ax = plt.subplots()
for name, colour, mark in (("root of 2 KL", WRONG, "s-"), ("Jeffreys", "0.35", "^-"),
                           ("arcsine", COMPUTED, "o-")):
    ax.loglog(steps, error[name].abs(), mark, color=colour, label=name)
for power, start, dash in ((1, 6e-3, "--"), (2, 2e-4, ":")):
    ax.loglog(steps, start * (steps / 10.0) ** -power, dash, color="0.6", lw=1,
              label=f"slope -{power}")
ax.set(xlabel="number of steps K", ylabel="absolute error of the length")
ax.legend(ncols=2, fontsize=8)
plt.show()

# %% [markdown]
# The arcsine's sum comes from below, as {prf:ref}`prop-refine` says. It is an upper bound for the
# distance of the ends at every $K$. The sum of roots of divergences is not: here is the worst case,
# $p = (0, 1)$ and $q = (x, 1 - x)$.

# %%
x = 0.5 * 10.0 ** -np.arange(0, 7, 2)
ends = np.stack([x, 1 - x], 1)
ratio = root_kl([0.0, 1.0], ends) / distance([0.0, 1.0], ends)
assert (ratio > 1 / np.sqrt(2)).all(), "the proposition's bound"
assert ratio[-1] - 1 / np.sqrt(2) < 1e-6, "which is reached"
rows = {f"{value:g}": part for value, part in zip(x, ratio.round(5), strict=True)}
pd.Series(rows, name="root of 2 KL / distance").rename_axis("x").to_frame()

# %% [markdown]
# The step from $p$ to $q$ comes out as 0.707 of the distance. The step back from $q$ to $p$ is
# infinite: a class that disappears makes the divergence infinite, and the distance stays below
# $\pi$.
#
# :::{admonition} Depends on the measure
# :class: erratum depends
# **Printed.** Equation 5 and Section 2.1: the Fisher-Rao length is computed "by integrating"
# $\sqrt{2\, \mathrm{KL}}$, and (11) and (12b) are integrals of it, which any program has to compute
# as sums.
#
# **Decided by.** {numref}`fig-length-steps` and the cell above.
#
# **True.** As an integral it is right. As a sum of $K$ steps it has an error of order $1/K$, can
# come out below the distance of the ends, and becomes infinite where a class vanishes.
# {eq}`eq-path-length` has none of these faults.
# :::
#
# **Change this and run**: two distributions of your own, and how far apart they are by each ruler.

# %%
HERE, THERE = [0.90, 0.09, 0.01], [0.01, 0.09, 0.90]  # ← change this

a, b = (np.array(end) / np.sum(end) for end in (HERE, THERE))
straight = np.linspace(0, 1, 1001)[:, None]
print(f"distance {distance(a, b):.4f}, {distance(a, b) / np.pi:.0%} of the largest\n"
      f"length of the mixture {path_length((1 - straight) * a + straight * b):.4f}\n"
      f"root of 2 KL there {root_kl(a, b):.4f}, back {root_kl(b, a):.4f}")

# %% [markdown]
# ## What the page found
#
# **Printed:** a Fisher-Rao length, computed by integrating $\sqrt{2\, \mathrm{KL}}$.
#
# **What we found.**
#
# - A length of weights is the length that the classifier's distributions travel on a sphere of
#   radius 2. No two of them are farther apart than $\pi$.
# - Summed with the arcsine it is independent of the number of steps up to $O(1/K^2)$ on smooth
#   paths of positive probabilities, loses few digits in single precision, and never falls below the
#   distance of the ends.
# - The paper's $\sqrt{2\, \mathrm{KL}}$ reaches the same limit at the rate $1/K$. A single step of
#   it can be too short by a factor of $\sqrt 2$, or infinite.
#
# ## Exercises
#
# :::{exercise}
# :label: ex-length-coins
#
# Two coins fall on heads with probabilities $a$ and $b$. Draw $2\sqrt p$ for a coin: what is their
# distance in one formula without a sum? {prf:ref}`prop-root-kl` bounds the divergence from below by
# $d^2 / 4$, Pinsker's inequality by $2 (a - b)^2$. For which coins is the first bound the better
# one, if $b$ is near $a$?
# :::
#
# ````{solution-start} ex-length-coins
# :class: dropdown
# ````
# The coins are a quarter of a circle of radius 2, and coin $a$ stands at the angle
# $\arcsin\sqrt a$, so $d = 2\, \lvert \arcsin\sqrt a - \arcsin\sqrt b \rvert$. For near coins
# $d^2 / 4 = (a - b)^2 / (4 a (1 - a))$, which is above $2 (a - b)^2$ if and only if
# $a (1 - a) < \frac18$: for coins that fall on one side in more than 85% of throws.

# %%
a = np.array([0.01, 0.05, 0.1, 0.2, 0.3, 0.5])
one, two = (np.stack([heads, 1 - heads], -1) for heads in (a, a + 1e-4))
d, halved = distance(one, two), root_kl(one, two) ** 2 / 2
assert np.allclose(d, 2 * (np.arcsin(np.sqrt(a + 1e-4)) - np.arcsin(np.sqrt(a)))), (
    "for all coins")
assert (halved >= np.maximum(d**2 / 4, 2e-8)).all(), "two lower bounds, for all coins"
better = d**2 / 4 > 2e-8
assert (better == (a < 0.5 - 0.125**0.5)).all(), (
    "for heads of at most a half, near one another")
shares = {"d² / 4 of KL": d**2 / 4 / halved, "Pinsker's bound of KL": 2e-8 / halved}
pd.DataFrame(shares, pd.Index(a, name="a")).round(3)

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-length-detour
#
# A classifier is undecided between classes 1 and 2 and is to become undecided between 1 and 3. How
# far is that? Through which distribution must it pass for the road to be twice as long? And how
# long is the road through certainty of class 1?
# :::
#
# ````{solution-start} ex-length-detour
# :class: dropdown
# ````
# The sum of roots is $\frac12$, the angle 60 degrees, the distance $2\pi / 3$. Indecision between 2
# and 3 is equally far from both: the three are the corners of an equilateral triangle on the
# sphere, and the road through it is twice as long. Certainty of class 1 is 45 degrees from either
# end, so that road is $\pi$ long, one and a half times the distance.

# %%
start, goal = np.array([0.5, 0.5, 0]), np.array([0.5, 0, 0.5])
straight = distance(start, goal)
for stop, longer in (([0, 0.5, 0.5], 2), ([1, 0, 0], 1.5)):
    detour = path_length(np.array([start, stop, goal])) / straight
    print(f"through {stop}: {detour:.4f} times as long")
    assert abs(detour - longer) < 1e-12, "of these two stops"

# %% [markdown]
# ````{solution-end}
# ````
