# %% [markdown]
# # Is a road a geodesic?
#
# **Question.** Remark 4 of {cite:t}`gao2021` says that the coupled transfer distance *is* the
# Fisher-Rao distance, the length of a geodesic. Between what, and how far are roads from it?
#
# **Answer.** It is not. Where every pair's prediction is the same at both of its ends, a road can
# still have the length {glue:text}`gaussian-shifted`; where the ends are
# {glue:text}`gaussian-further-ends` apart, it can have {glue:text}`gaussian-further`
# ({ref}`geodesic-ends`). Seen at fixed inputs, roads make a detour around the geodesic, which no
# linear classifier can follow ({numref}`fig-definition-map`).
#
# The tasks are the Gaussian ones of {doc}`known_answer`, with exact fits where nothing else is
# said.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from myst_nb import glue
from scipy.integrate import solve_ivp
from scipy.special import expit
from scipy.stats import norm
from sklearn.manifold import ClassicalMDS

from tdist.exact_roads import predict
from tdist.fisher_rao import distance, expected_length
from tdist.gaussians import GaussianTask, between, known_road, plane
from tdist.geodesics import distances, geodesic, progress
from tdist.plots import COMPUTED, OTHER, TARGET, WRONG, use_book_style
from tdist.shortest import shorten

use_book_style()
torch.set_num_threads(1)
one = GaussianTask.two(1, 0)

# %% [markdown]
# ## As long there as back
#
# A distance is symmetric, and Remark 3 says that this one is not. Reversed, each exact road runs
# through the same clouds and classifiers, so it is as long there as back. For a classifier that its
# task determines, the asymmetry can only come from weights that lag behind their task; the paper's
# process has that lag, and exact fits have not.

# %% tags=["claim C-049: depends on the measure"]
side = GaussianTask.two(1, 120, centre=(1, 0))
for mixing in ("linear", "bernoulli"):
    there, again = (known_road(*ends, mixing, steps=12)
                    for ends in ((one, side), (side, one)))
    print(f"{mixing:9s} there {there.length:.4f}, back {again.length:.4f}")
    assert np.isclose(there.length, again.length, rtol=1e-4), \
        "for exact fits, of any two tasks"

# %% [markdown]
# (geodesic-ends)=
# ## The ends of a pair
#
# Remark 4 says that the length is the Fisher-Rao distance between the predictions at the two ends
# of a pair, $p_{w(0)}(\cdot \mid x_s)$ and $p_{w(1)}(\cdot \mid x_t)$. Between these ends the input
# moves too. Compare, for a shift of 1, where the prediction of a moving point never changes, and
# for a target with its classes three times as far apart.

# %% tags=["hide-input", "claim C-012: does not hold", "claim C-051: does not hold"]
def at_the_pairs(source, target):
    """Mean distance of the ends of pairs of class +; those of class - mirror them."""
    x = plane(source, source)
    weight = norm.pdf(x - source.means[1]).prod(1)
    moved = x + target.means[1] - source.means[1]
    ends = predict(source.classifier(), x), predict(target.classifier(), moved)
    return weight @ distance(*ends) / weight.sum()


cases = {"shifted": (one, GaussianTask.two(1, 0, centre=(1, 0))),
         "further apart": (GaussianTask.two(0.5, 0), GaussianTask.two(1.5, 0))}
compared = pd.DataFrame({
    name: {"L": known_road(*ends).length, "ends of pairs": at_the_pairs(*ends)}
    for name, ends in cases.items()}).T
compared.round(3)

# %% tags=["remove-cell"]
assert compared.loc["shifted", "ends of pairs"] < 1e-9, \
    "a shift leaves every pair's prediction"
assert compared["L"].iloc[1] < 0.6 * compared["ends of pairs"].iloc[1], \
    "in the book's example"
for name, row in compared.iterrows():
    glue(f"gaussian-{name[:7]}", f"{row['L']:.2f}", display=False)
    glue(f"gaussian-{name[:7]}-ends", f"{row['ends of pairs']:.2f}", display=False)

# %% [markdown]
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Remark 4: the task distance "is the Fisher-Rao distance, i.e., the shortest
# geodesic", between $p_{w(0)}(\cdot \mid x_s)$ and $p_{w(1)}(\cdot \mid x_t)$.
#
# **Decided by.** The shift: length {glue:text}`gaussian-shifted`, and the predictions at the ends
# of every pair are equal. Classes pulled apart: length {glue:text}`gaussian-further`, and the ends
# are {glue:text}`gaussian-further-ends` apart.
#
# **True.** The length {eq}`eq-expected-length` counts what changes at an input that is held still
# for a moment. It is neither above nor below the distance between the ends of pairs. What it cannot
# fall below is {eq}`eq-gaussian-bound`.
# :::
#
# ## Progress, and a map of roads
#
# Where is a classifier on its way? Take its predictions at some inputs as one point, and the root
# of the mean squared distance as the distance of two. The geodesic $\gamma_s$ from one classifier
# to another runs along the great circle of each input. **Progress** of a classifier $p$ is the
# share of the geodesic at its nearest point,
#
# $$
# s(p) = \arg\min_{0 \le s \le 1} \E_x\, d\bigl(p(\cdot \mid x), \gamma_s(\cdot \mid x)\bigr)^2 ,
# $$ (eq-progress)
#
# and the distance to that point says how far off the geodesic it is: `tdist.geodesics.progress`.
# The inputs are those of source and target together. So that roads part, the tasks of this section
# are farther apart: classes at distance 4, turned by 120 degrees and shifted by (2, 1). Beside
# exact fits stand the gradient flows of {doc}`the_definition` for two total times $T$, and
# fine-tuning, a flow on the target alone.

# %% tags=["hide-input"]
pair = GaussianTask.two(2, 0), GaussianTask.two(2, 120, centre=(2, 1))
grid = plane(*pair, 0.5)
rows = np.column_stack([grid, np.ones(len(grid))])
begin, goal = (task.classifier()[1] for task in pair)


def data(tau):
    joint = between(*pair, tau).density(grid)
    return joint / joint.sum()


def say(path):
    """Probabilities (times, points, 2) of classifiers (times, weights)."""
    p = expit(np.asarray(path) @ rows.T)
    return np.stack([1 - p, p], -1)


def descend(task_at, looks):
    """Gradient flow by a clock of its own, on the task of the time that task_at gives."""
    def speed(clock, w):
        joint = data(task_at(clock))
        return rows.T @ (joint[:, 1] - joint.sum(1) * expit(rows @ w))
    return solve_ivp(speed, (0, looks[-1]), begin, "LSODA", looks, rtol=1e-6, atol=1e-8).y.T


# %%
even, later = np.linspace(0, 1, 25), np.append(0, np.geomspace(0.05, 3000, 34))
roads = {"coupled, exact": known_road(*pair).path[:, 1],
         "uncoupled, exact": known_road(*pair, "bernoulli").path[:, 1],
         "coupled, flow for T = 20": descend(lambda clock: clock / 20, 20 * even),
         "coupled, flow for T = 1": descend(lambda clock: clock, even),
         "fine-tuning": descend(lambda clock: 1, later)}
first, last = say([begin, goal])
seen = (data(0) + data(1)).sum(1)  # weights of the inputs
along = {name: progress(say(path), first, last, seen) for name, path in roads.items()}
pd.DataFrame({name: {"progress at the end": float(found),
                     "largest distance off": found.off.max()}
              for name, found in along.items()}).T.round(3)

# %% tags=["remove-cell"]
predictions = {name: say(path) for name, path in roads.items()}
predictions["geodesic"] = geodesic(first, last, even[:, None])
straight = progress(predictions["geodesic"], first, last, seen)
assert np.allclose(straight.share, even, atol=1e-6) and straight.off.max() < 1e-6, \
    "on the geodesic itself progress is linear, for every example"
assert float(along["coupled, flow for T = 1"]) < 0.3 < 0.99 < float(along["coupled, exact"]), \
    "in the book's example the definition's road ends near its beginning"
glue("definition-progress", f"{float(along['coupled, flow for T = 1']):.2f}", display=False)
glue("definition-progress-20", f"{float(along['coupled, flow for T = 20']):.2f}", display=False)
off = {name: found.off.max() for name, found in along.items()}
glue("definition-off", f"{off['coupled, exact']:.2f}", display=False)
glue("definition-whole", f"{distances([first, last], seen)[0, 1]:.2f}", display=False)
assert off["coupled, exact"] > off["uncoupled, exact"] and off["coupled, exact"] > \
    off["fine-tuning"], "in the book's example exact coupled fits make a larger detour"
glue("definition-off-fine", f"{off['fine-tuning']:.2f}", display=False)

# %% mystnb={"figure": {"caption": "Five roads from the source's classifier (black dot) towards the target's (black square). Left: a map that keeps the distances of all classifiers to each other as well as two dimensions can. Right: progress along the geodesic and distance from it. No road takes the geodesic, which no linear classifier can follow; the definition's, at T = 1, is the short one near the beginning.", "name": "fig-definition-map"}, "image": {"alt": "Left, a map: a straight dashed geodesic from a black dot to a black square, and above it four arcs, the exact coupled one and its flow for T = 20 the highest; the latter ends short of the square, and the flow for T = 1 hardly leaves the dot. Right, the same as distance from the geodesic against progress 0 to 1: arches with a peak of .55 to .75."}} tags=["hide-input"]
everything = distances(np.concatenate(list(predictions.values())), seen)
xy = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(everything)
parts = np.split(xy, np.cumsum([len(p) for p in predictions.values()])[:-1])
kept = np.corrcoef(everything.ravel(), np.linalg.norm(xy[:, None] - xy, axis=-1).ravel())[0, 1]
styles = [(COMPUTED, "o-"), (OTHER, "s-"), ("#56B4E9", "^-"), (WRONG, "D-"), (TARGET, "v-"),
          ("0.5", "--")]
fig, axes = plt.subplots(1, 2, figsize=(8.2, 3.4), width_ratios=(1.5, 1))
for (name, part), (colour, style) in zip(zip(predictions, parts, strict=True), styles, strict=True):
    axes[0].plot(*part.T, style, color=colour, ms=3, lw=1.2, label=name)
    if name in along:
        axes[1].plot(along[name].share, along[name].off, style, color=colour, ms=3, lw=1.2)
axes[0].plot(*parts[-1][0], "ko", ms=7)
axes[0].plot(*parts[-1][-1], "ks", ms=7)
axes[0].set(xlabel="first coordinate of the map", ylabel="second coordinate", aspect="equal")
axes[1].set(xlabel="progress s", ylabel="distance from the geodesic", ylim=(0, None))
fig.legend(loc="outside lower center", ncols=3, fontsize=8)
plt.show()

# %% tags=["remove-cell"]
assert kept > 0.95, "in the book's example two dimensions keep the distances"
glue("definition-kept", f"{kept:.2f}", display=False)

# %% [markdown]
# The map is classical scaling of the distances; with its own they correlate
# {glue:text}`definition-kept`. Seen at fixed inputs, exact coupled fits of this pair run
# farther from the geodesic, {glue:text}`definition-off`, than fine-tuning,
# {glue:text}`definition-off-fine`; the geodesic's length is {glue:text}`definition-whole`. The
# length (11) does not see that detour as such, because it measures each step where the data is at
# that moment. The flow for $T = 20$ makes {glue:text}`definition-progress-20` of the way, the
# definition's {glue:text}`definition-progress`.
#
# **Change this and run**: how long must fine-tuning go on until it has made half of the way, or
# all of it?

# %%
TRAINED = 30  # ← change this: learning rate times number of steps
tuned = descend(lambda clock: 1, np.linspace(0, TRAINED, 7))
found = progress(say(tuned), first, last, seen)
pd.DataFrame({"progress": found.share, "distance off": found.off},
             pd.Index(np.linspace(0, TRAINED, 7), name="trained")).round(3)

# %% [markdown]
# ## Geodesics of a model
#
# The geodesic above is one of *predictions*, free at every input. The paper's (4) is a minimum over
# curves of *weights*, in the Fisher metric of the model, {eq}`eq-fisher-matrix`:
#
# $$
# d_{\mathrm{FR}}(w, w') = \min_{w(0) = w,\; w(1) = w'} \int_0^1
# \sqrt{\bigl\langle \dot w,\; \E_x g_x(w)\, \dot w \bigr\rangle}\; d\tau .
# $$ (eq-weights-geodesic)
#
# A model of few weights cannot move freely at every input at once, so its own geodesics are longer.
# (A model that can say anything has the free ones.) For the logistic model, at inputs that stay:

# %% tags=["hide-input", "claim C-024: holds"]
def logits(w, x):
    a = (x * w[:, None]).sum(-1)
    return torch.stack([torch.zeros_like(a), a], -1)


still = np.broadcast_to(rows, (12, *rows.shape))
line = begin + np.linspace(0, 1, 13)[:, None] * (goal - begin)
own = shorten(logits, line, still, seen, reading="riemannian_length")
straight_line = expected_length(say(line), seen).riemannian_length
lengths = {"free geodesic": distances([first, last], seen)[0, 1],
           "geodesic of the model": own.riemannian_length,
           "straight line of weights": straight_line}
pd.Series(lengths, name="R").round(3).to_frame()

# %% tags=["remove-cell"]
assert sorted(lengths, key=lengths.get) == list(lengths), \
    "the free geodesic is the shortest curve, and the search starts from the straight line"
for name, key in (("free", "free geodesic"), ("own", "geodesic of the model")):
    glue(f"geodesic-{name}", f"{lengths[key]:.2f}", display=False)

# %% [markdown]
# The paper calls the Fisher metric the only one that is "preserved under diffeomorphisms", and
# means other ways of writing the model. What makes it unique is a theorem of Chentsov
# {cite:p}`chentsov1982` on the *outcomes*: up to a factor it is the only one that all sufficient
# statistics preserve. {cite:t}`bauer2016`, whom the paper cites, show the like for smooth
# densities. Under another way of writing the *weights* every distance of distributions is
# preserved, that of the probabilities as plain vectors too; and only along a given curve, not
# along the one that a gradient chooses.
#
# ## What the page found
#
# - **Printed:** the distance is the Fisher-Rao distance between the ends of pairs, Remark 4. It is
#   neither above nor below: {glue:text}`gaussian-shifted` where the ends agree, and
#   {glue:text}`gaussian-further` where they are {glue:text}`gaussian-further-ends` apart.
# - **Printed:** it is asymmetric, Remark 3. With exact fits it is symmetric; the asymmetry is of
#   the paper's process, whose weights lag.
# - **Printed:** the Fisher-Rao distance is a minimum over curves of weights, (4). Adopted: for the
#   logistic model it is {glue:text}`geodesic-own`, above the {glue:text}`geodesic-free` of the
#   predictions, of which the model can follow none but the ends.
# - At fixed inputs the exact coupled road of the pair above makes a larger detour around the
#   geodesic, {glue:text}`definition-off`, than fine-tuning, {glue:text}`definition-off-fine`.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-geodesic-shift
#
# No two distributions are farther apart than $\pi$. From which shift on is the coupled road of a
# target that is only shifted, along $m$, longer than that? Use {eq}`eq-gaussian-length`.
# :::
#
# ````{solution-start} ex-geodesic-shift
# :class: dropdown
# ````
# For a shift by $s$ in the direction of $m$ the weights stay and the bias moves evenly by
# $-2 |m| s$, so the length is in proportion to $s$, without an end: it is $\pi$ at
# $\pi / L(1)$, and the ends of every pair still agree.

# %%
shift = np.pi / compared.loc["shifted", "L"]
length = known_road(one, GaussianTask.two(1, 0, centre=(shift, 0))).length
print(f"shift {shift:.2f}: length {length:.4f}")
assert abs(length - np.pi) < 1e-2, "the length is in proportion to the shift"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-geodesic-linear
#
# Why can no logistic classifier follow the geodesic? Look at the log-odds in the middle of it as a
# function of the two log-odds at the ends.
# :::
#
# ````{solution-start} ex-geodesic-linear
# :class: dropdown
# ````
# With two classes $\sqrt p = (\cos\theta, \sin\theta)$ and the log-odds are $a = 2 \log \tan
# \theta$. In the middle of the great circle $\theta$ is the mean of the two ends, so that
# $a = 2 \log \tan\bigl(\tfrac12 (\arctan e^{a_s/2} + \arctan e^{a_t/2})\bigr)$. The ends are linear
# in $x$; this is not, unless they are equal: where $a_s \to \infty$ and $a_t \to -\infty$ together
# it stays 0, and where both grow it grows like the smaller one. The best linear fit is far off:

# %%
half = (np.arctan(np.exp(rows @ begin / 2)) + np.arctan(np.exp(rows @ goal / 2))) / 2
odds = 2 * np.log(np.tan(half))
middle = geodesic(first, last, 0.5)
assert np.allclose(expit(odds), middle[:, 1], atol=1e-6), "two classes: one angle"
near = np.sqrt(seen)
fit = rows @ np.linalg.lstsq(near[:, None] * rows, near * odds)[0]
left = seen @ (odds - fit) ** 2 / (seen @ (odds - seen @ odds / seen.sum()) ** 2)
print(f"share of the log-odds' variance that no linear classifier has: {left:.2f}")
assert left > 0.05, "in the book's example"

# %% [markdown]
# ````{solution-end}
# ````
