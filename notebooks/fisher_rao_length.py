# %% [markdown]
# # What is a length of weights?
#
# **Question.** A classifier is trained, and its weights move. How far did it go? The length of the
# weights' curve in their own numbers depends on how the network happens to be written down. Is
# there a length that does not?
#
# **Answer.** Yes: measure what the classifier *says*, its distributions over the classes, with the
# Fisher metric ({prf:ref}`thm-fisher-rao`). The paper has two such lengths under one name
# ({numref}`fig-length-readings`), and neither is the distance that it defines
# ({ref}`length-distance`).
#
# The coupled transfer distance of {cite:t}`gao2021` is such a length. This page defines it,
# computes it in a way that neither the number of steps nor single precision can spoil, and asks
# where the expectation over the inputs belongs, because the paper has it in two places.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.integrate import quad
from scipy.special import softmax
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

from tdist.fisher_rao import distance, expected_length, path_length, root_kl
from tdist.plots import COMPUTED, WRONG, use_book_style

use_book_style()
torch.set_num_threads(1)
rng = np.random.default_rng(0)

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


lengths = {name: quad(lambda t, c=curve: speed(c, t), 0, 1)[0] for name, curve in curves.items()}
assert abs(lengths["great circle"] - distance(p, q)) < 1e-7, "the theorem, for any p and q"
assert min(lengths["mixture"], lengths["exponential"]) > distance(p, q), "no curve is shorter"
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

# %%
logits, direction = torch.randn((2, 1000, 5), generator=torch.Generator().manual_seed(0),
                                dtype=torch.float64)
FORMS = {"arcsine": distance,
         "arccosine": lambda p, q: 2 * torch.acos((p * q).sqrt().sum(1).clamp(max=1)),
         "root of 2 KL": lambda p, q: (2 * (p * (p / q).log()).sum(1)).sqrt()}


def off(form, size):
    """Median relative error (NaN, the root of a negative number, counts as wrong), and the share of
    NaN."""
    p, q = torch.softmax(logits, 1), torch.softmax(logits + size * direction, 1)
    found, exact = form(p.float(), q.float()).double(), distance(p, q)
    return ((found - exact).abs()
            / exact).nan_to_num(torch.inf).median().item(), found.isnan().double().mean().item()


# %% tags=["nbval-ignore-output"]
sizes = [1e-1, 1e-2, 1e-3, 1e-4]
errors = {name: [off(form, size) for size in sizes] for name, form in FORMS.items()}
assert max(error for error, _ in errors["arcsine"]) < 1e-2, "the arcsine keeps two digits"
assert errors["arcsine"][2][0] < 1e-3, "and three where logits change by a thousandth"
assert errors["arccosine"][2][0] > 0.03, "where the arccosine has lost all but one"
assert min(errors["root of 2 KL"][3]) > 0.2, "and in single precision a divergence fails at last"
table = pd.DataFrame({name: [f"{e:.0e}" for e, _ in rows] for name, rows in errors.items()},
                     pd.Index(sizes, name="change of the logits"))
table["KL below zero"] = [f"{share:.0%}" for _, share in errors["root of 2 KL"]]
table

# %% [markdown]
# Where the logits change by a thousandth, the arcsine still has four digits, and the arccosine is
# wrong in the first. Where they change by a ten-thousandth, nearly half of the divergences come out
# negative, and the others mean nothing. (In the first two rows the divergence's error is not
# rounding. Its root equals the distance only in the limit, up to a share of the size of the step.)
# A path of many steps is a sum of just such
# small distances. `distance` therefore uses the arcsine, and `root_kl`, the third form, computes in
# double precision.
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

# %%
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

# %% tags=["claim C-029: holds"]
def jeffreys(path):
    there, back = root_kl(path[:-1], path[1:]), root_kl(path[1:], path[:-1])
    return np.sqrt((there**2 + back**2) / 2).sum()


SUMS = {"arcsine": path_length, "root of 2 KL": lambda path: root_kl(path[:-1], path[1:]).sum(),
        "Jeffreys": jeffreys}
steps = np.array([10, 32, 100, 316, 1000])
paths = {K: np.array([curves["exponential"](t) for t in np.linspace(0, 1, K + 1)]) for K in steps}
sums = pd.DataFrame({name: [form(path) for path in paths.values()] for name, form in SUMS.items()},
                    pd.Index(steps, name="K"))
error = sums - lengths["exponential"]
sums.loc[[10, 100, 1000]].round(5)

# %% [markdown]
# The length does not depend on $K$, and each way of adding up nears it at its own rate.
# {eq}`eq-root-kl-error` even says how large the error of the root of the divergence is.

# %% tags=["claim C-018: holds", "claim C-020: holds", "claim C-028: depends on the measure"]
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
x = 10.0 ** -np.arange(0, 7, 2)
ends = np.stack([x / 2, 1 - x / 2], 1)
ratio = root_kl([0.0, 1.0], ends) / distance([0.0, 1.0], ends)
assert (ratio > 1 / np.sqrt(2)).all(), "the proposition's bound"
assert ratio[-1] - 1 / np.sqrt(2) < 1e-6, "which is reached"
pd.DataFrame({"x": x / 2, "root of 2 KL / distance": ratio.round(5)}).set_index("x")

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
# ## A classifier at many inputs
#
# A classifier $p_w(\cdot \mid x)$ has a distribution at every input. While its weights move along
# $w(\tau)$, input $x$ travels the length $\int ds_x$. There are two ways to average over inputs:
#
# $$
# L = \int_0^1 \E_x \sqrt{\langle \dot w, g_x \dot w \rangle}\, d\tau = \E_x \int ds_x ,
# $$ (eq-expected-length)
#
# $$
# R = \int_0^1 \sqrt{\E_x \langle \dot w, g_x \dot w \rangle}\, d\tau = \int \sqrt{\E_x ds_x^2} ,
# $$ (eq-riemannian-length)
#
# where $g_x$ is the Fisher matrix of the classifier at $x$ with respect to its weights,
#
# $$
# g_x = \sum_y p_w(y \mid x)\, \nabla_w \log p_w(y \mid x)\, \nabla_w \log p_w(y \mid x)^\top .
# $$ (eq-fisher-matrix)
#
# $R$ is a length in the metric $\E_x g_x$, what the paper's (3) defines: its Fisher matrix has the
# expectation over $x$ inside. $L$ is the mean of the inputs' own lengths, what its (11) writes. $L$
# has the advantage that it is a sum over pairs of samples, and only such a sum can serve as a
# transport cost {eq}`eq-coupling`. By Jensen's inequality
#
# $$
# L \le R ,
# $$ (eq-jensen)
#
# with equality if and only if all inputs move at the same speed at (almost) every moment.
# `expected_length` returns both.
#
# We take a logistic classifier of three kinds of wine and measure it at 178 inputs. Its weights
# move on a fixed curve, which bends, so that no straight line is special.

# %%
X, y = load_wine(return_X_y=True)
# (178, 14), the last column for the bias
X = np.c_[StandardScaler().fit_transform(X), np.ones(len(X))]
start, end, bend = rng.normal(scale=0.5, size=(3, 14, 3))


def weights(t):
    return start + t * (end - start) + np.sin(np.pi * t) * bend


def classifier_path(K, features=X, weights=weights):
    """Probabilities (K + 1, inputs, classes) along the curve."""
    return softmax(np.array([features @ weights(t) for t in np.linspace(0, 1, K + 1)]), axis=-1)


rows = {}
for K in (10, 100, 1000):
    arc, kl = (expected_length(classifier_path(K), step=step) for step in ("fisher-rao", "kl"))
    rows[K] = {"L": arc.length, "L, root of 2 KL": kl.length, "R": arc.riemannian_length,
               "R, root of 2 KL": kl.riemannian_length}
readings = pd.DataFrame(rows).T.rename_axis("K")
assert (readings["L"] < readings["R"]).all(), "Jensen's inequality, for any curve"
assert abs(readings["L"][100] / readings["L"][1000] - 1) < 1e-4, "a length has a limit"
readings.round(4)

# %% [markdown]
# $L$ and $R$ are different lengths of the same path, and each is independent of $K$.
#
# A check that uses neither formula comes from the definition. For a softmax with the logits
# $x^\top w$, the speed of input $x$ is the standard deviation of $x^\top \dot w$ under $p$, because
# $\langle \dot w, g_x \dot w \rangle = \sum_y p_y (z_y - \bar z)^2$ with $z = x^\top \dot w$ and
# $\bar z = \sum_y p_y z_y$.

# %% tags=["claim C-019: holds", "claim C-026: holds"]
grid = np.linspace(0, 1, 2001)
middle = (grid[1:] + grid[:-1]) / 2
p_mid = softmax(np.array([X @ weights(t) for t in middle]), axis=-1)
z = np.array([X @ (end - start + np.pi * np.cos(np.pi * t) * bend) for t in middle])  # x' dw/dt
# (2000, inputs)
speeds = np.sqrt(np.sum(p_mid * (z - np.sum(p_mid * z, -1, keepdims=True)) ** 2, -1))
L, R = speeds.mean(), np.sqrt((speeds**2).mean(1)).mean()
print(f"from the Fisher matrix: L = {L:.4f}, R = {R:.4f}")
assert np.allclose([L, R], readings.loc[1000, ["L", "R"]], rtol=1e-5), "two ways to one number"

# %% [markdown]
# The same numbers, without a divergence or an arcsine.
#
# ### When the two readings part
#
# $L$ and $R$ are close if all inputs move together. They part when a few inputs do all the moving
# at each moment. The plainest case is a boundary that sweeps over the inputs. Let $x$ be uniform on
# $[0, 1]$ and $p_b(1 \mid x) = 1 / (1 + e^{-\beta (x - b)})$, where the boundary $b$ moves from 0
# to 1. Only inputs within about $1 / \beta$ of the boundary move. The speed of an input is
# $\beta \sqrt{p (1 - p)}$, and away from the ends
#
# $$
# \begin{aligned}
# \E_x \sqrt{\cdot} &= \int \beta \sqrt{p (1 - p)}\, dx = \pi , \\
# \sqrt{\E_x (\cdot)} &= \Bigl( \int \beta^2 p (1 - p)\, dx \Bigr)^{1/2} = \sqrt\beta .
# \end{aligned}
# $$ (eq-sweep)
#
# Every input turns once from one class to the other, $\pi$; the root of the mean square grows
# without end as the boundary sharpens.

# %% tags=["claim C-028: depends on the measure", "claim C-046: holds when corrected"]
inputs = (np.arange(1000) + 0.5) / 1000


def sweep(beta, K=1000):
    one = 1 / (1 + np.exp(-beta * (inputs - np.linspace(0, 1, K + 1)[:, None])))
    return np.stack([one, 1 - one], -1)


betas = [4, 16, 64, 256]
swept = {beta: expected_length(sweep(beta)) for beta in betas}
for beta, found in swept.items():
    print(f"beta {beta:>3}: L = {found.length:.3f}, R = {found.riemannian_length:.3f}, "
          f"sqrt(beta) = {beta**0.5:.0f}")
assert abs(swept[256].length - np.pi) < 0.1, "pi, as the boundary sharpens"
assert abs(swept[256].riemannian_length / 16 - 1) < 0.02, "and the root of the sharpness"

# %% mystnb={"figure": {"caption": "A boundary sweeps over the inputs. Left: the speed of each input when the boundary is in the middle; a sharp boundary moves few inputs fast. Right: the mean of the lengths (L) tends to \u03c0, the length in the mean metric (R) to the root of the sharpness.", "name": "fig-length-readings"}, "image": {"alt": "Left: speed against the input from 0 to 1, three bell curves about 0.5, low and wide for a sharpness of 4, high and narrow, up to 32, for 64. Right: length against the sharpness from 2 to 256: L levels off at a dashed line at pi, R rises ever more steeply to 16."}} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.1))
for beta, shade in ((4, 0.35), (16, 0.65), (64, 1.0)):
    at_half = 1 / (1 + np.exp(-beta * (inputs - 0.5)))
    axes[0].plot(inputs, beta * np.sqrt(at_half * (1 - at_half)), color=COMPUTED, alpha=shade,
                 label=rf"$\beta$ = {beta}")
axes[0].set(xlabel="input x", ylabel=r"speed $ds_x / db$")
axes[0].legend()
fine = np.geomspace(2, 256, 15)
both = [expected_length(sweep(beta, 400)) for beta in fine]
axes[1].semilogx(fine, [v.length for v in both], "o-", color=COMPUTED, label="L, equation 11",
                 base=2)
axes[1].semilogx(fine, [v.riemannian_length for v in both], "s--", color="0.35",
                 label="R, equation 5", base=2)
axes[1].axhline(np.pi, color="0.6", ls="--", lw=1)
axes[1].annotate(r"$\pi$", (2, np.pi), (0, 3), textcoords="offset points")
axes[1].set(xlabel=r"sharpness $\beta$", ylabel="length")
axes[1].legend()
plt.show()

# %% [markdown]
# :::{admonition} Depends on the measure
# :class: erratum depends
# **Printed.** Equation 5 prints $\int \sqrt{2\, \mathrm{KL}}$ with no expectation over $x$ and
# calls it equation 4, whose Fisher matrix has it under the root. (11) and (14) have the expectation
# outside the root, (11) even outside the integral over $\tau$, on which its distribution depends;
# (12b) is a cost per pair, whose mean has it outside too. The text treats them as one.
#
# **Decided by.** {numref}`fig-length-readings`: the two differ by any factor.
#
# **True.** They are different lengths, $L \le R$. This book computes $L$, equation 11, unless it
# says otherwise, and gives $R$ beside it. Which one is used changes how often the uncoupled road is
# the longer one, {doc}`five_superclasses`.
# :::
#
# ## The coordinates do not matter
#
# Write the same classifier down in another way: features $x A$ and weights $A^{-1} w$ give the same
# probabilities. The length of the curve of weights as numbers, $\int \lVert dw \rVert$, changes;
# the length of what the classifier says cannot.

# %% tags=["claim C-022: holds when corrected", "claim C-023: holds", "claim C-093: depends on the measure"]
A = rng.normal(size=(14, 14)) * np.geomspace(0.05, 5, 14)
inverse = np.linalg.inv(A)
rows = {}
for name, features, curve in (("as trained", X, weights),
                              ("rewritten", X @ A, lambda t: inverse @ weights(t)),
                              ("in a hurry", X, lambda t: weights(t**3))):
    numbers = np.array([curve(t).ravel() for t in np.linspace(0, 1, 1001)])
    found = expected_length(classifier_path(1000, features, curve))
    rows[name] = {"length of the numbers": np.linalg.norm(np.diff(numbers, axis=0), axis=1).sum(),
                  "L": found.length, "R": found.riemannian_length}
table = pd.DataFrame(rows).T
assert max(np.ptp(table["L"]), np.ptp(table["R"])) < 1e-3, "no coordinates, no pace"
numbers = table["length of the numbers"]
assert numbers["rewritten"] > 2 * numbers["as trained"], "in the book's coordinates"
table.round(3)

# %% [markdown]
# The third row runs the same curve at another pace, $\tau^3$ in place of $\tau$: a length does not
# depend on time. The fine-tuning distance of the paper, $\int \lVert dw \rVert$, is a number of the
# first column.
#
# All three rows are *one* curve of classifiers. Which curve training takes is another matter:
# gradient descent on the rewritten weights goes another way, of another length, and so the distance
# that is defined by it does depend on the coordinates, {doc}`the_definition`.
#
# (length-distance)=
# ## Is it the Fisher-Rao distance?
#
# The coupled transfer distance is defined as a minimum over curves of weights, and then computed on
# the one curve that stochastic gradient descent takes. The distance between the classifier's ends
# at input $x$ is $d(p_{w(0)}, p_{w(1)})$. How much longer is the road that training takes? We train
# the wine classifier by gradient descent on mini-batches and measure what lies between.

# %% tags=["claim C-010: does not hold", "claim C-001: does not hold", "claim C-051: does not hold"]
def train(batch, steps=600, rate=0.1, seed=0):
    """Probabilities (steps + 1, inputs, classes) at every step of stochastic gradient descent."""
    order, w, path = np.random.default_rng(seed), np.zeros((14, 3)), []
    for _ in range(steps):
        path.append(softmax(X @ w, axis=-1))
        chosen = order.choice(len(X), batch, replace=False)
        excess = softmax(X[chosen] @ w, axis=-1) - np.eye(3)[y[chosen]]
        w = w - rate * X[chosen].T @ excess / batch
    return np.array([*path, softmax(X @ w, axis=-1)])


rows = {}
for batch in (2, 8, 32, 178):
    paths = [train(batch, seed=seed) for seed in range(5)]
    every, rare = (np.array([expected_length(path[::stride]).length for path in paths])
                   for stride in (1, 20))
    ends = np.array([distance(path[0], path[-1]).mean() for path in paths])
    assert (every > rare).all() and (rare >= ends).all(), "the triangle inequality, on every road"
    rows[batch] = {"every step": every.mean(), "spread": every.std(ddof=1),
                   "every 20th step": rare.mean(), "spread of that": rare.std(ddof=1),
                   "distance of the ends": ends.mean()}
roads = pd.DataFrame(rows).T.rename_axis("batch")
apart = roads["distance of the ends"]
assert np.ptp(apart) < 0.01 * apart.min(), "in the book's runs the ends are equally far apart"
assert roads["every step"][2] > 1.5 * apart[2], "and small batches make a longer road"
roads.round(3)

# %% [markdown]
# Means and spread of five orders of the data; the last row uses all of it at every step. The ends
# are the same distance apart in every row, to within a hundredth; the roads are not equally
# long. The noise of the mini-batches lengthens them, the more so the smaller the batch, and
# measuring at every step counts every jitter. So the number depends on the batch, on how often one
# looks, and on the learning rate (which {doc}`errors_of_training` varies). These must be the same
# for all pairs of tasks that are to be compared. The book looks once for each step of $\tau$.
#
# The paper's second wish for a distance, in its introduction, is that it should not be like those
# that count epochs of fine-tuning, "where different hyper-parameters may result in different
# conclusions". A length that SGD's noise makes does not fulfil it. What a road's length would be
# without that noise, its `drift`, can be estimated from replicas of the road
# (`coupled(..., replicas=4)`).
#
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Remark 4: the task distance "is the Fisher-Rao distance, i.e., the shortest geodesic
# on the statistical manifold, of conditional distributions", and so does not depend on the
# architecture.
#
# **Decided by.** The table above: even where the ends are equally far apart, the roads are not
# equally long.
#
# **True.** $L$ and $R$ are lengths of roads that training takes. At inputs that stay where they
# are, $L$ is at least the mean of the geodesic distances of the ends, and in practice greater.
# Where inputs move on the way, as in coupled transfer, not even that holds: {doc}`known_answer` has
# a road that is shorter than the mean distance of the ends of its pairs. A given road has one
# length whatever the architecture that says it; which road training takes depends on the
# architecture, on the coordinates of its weights, and on how it is trained: {doc}`the_definition`.
# :::
#
# ## What the page found
#
# A length of weights is the length that the classifier's distributions travel on a sphere of
# radius 2. Summed with the arcsine it is independent of the number of steps up to $O(1/K^2)$ on
# smooth paths of positive probabilities, loses few digits in single precision, and never falls
# below the distance of the ends. The paper's $\sqrt{2\, \mathrm{KL}}$ reaches the same limit at the
# rate $1/K$.
#
# The paper uses two lengths under one name, $L$ with the expectation outside the root and $R$ with
# it inside, which can differ by any factor. Neither is the Fisher-Rao distance. What the published
# numbers are is the question of {doc}`printed_lengths`.

# %%
computed = pd.DataFrame({"arcsine": readings["L"],
                         "root of the divergence": readings["L, root of 2 KL"]})
computed.T.rename_axis("L of one path, computed from").round(4)
