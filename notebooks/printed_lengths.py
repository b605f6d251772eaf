# %% [markdown]
# # What do the printed distances measure?
#
# **Question.** The coupled transfer distances that {cite:t}`gao2021` print are .06 to .31. The
# book's lengths are 1 to 5. Are they the same quantity in another unit, and does all of it come
# from the tasks?
#
# **Answer.** If the published program made the figures, they are mean steps, and as lengths many
# times larger ({ref}`printed-unit`). Of each such length $\pi$ comes from the change of labels
# alone, whatever the tasks are ({prf:ref}`prop-gate`).
#
# Two things stand between the numbers: whether the tasks share their outputs, which is worth $\pi$,
# and a unit. The authors' published program adds up mean steps, not a length.

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.special import softmax

from tdist.fisher_rao import distance, expected_length, path_length, root_kl
from tdist.studies.experiments import printed

# %% [markdown]
# ## What a change of labels costs
#
# Suppose the source task has classes $a, b$ and the target classes $c, d$. A classifier over all
# four says only $a$ or $b$ in the beginning and only $c$ or $d$ in the end: whatever the tasks are,
# an input that is there all the way travels at least $\pi$, {prf:ref}`thm-fisher-rao`. Write the
# road as $p = ((1 - \tau)\, p^s, \; \tau\, p^t)$ with $p^s$ over the source's classes and $p^t$
# over the target's.
#
# :::{prf:proposition} The gate (exact)
# :label: prop-gate
#
# $$
# ds^2 = \frac{d\tau^2}{\tau (1 - \tau)} + (1 - \tau)\, ds_s^2 + \tau\, ds_t^2 , \qquad
# \int_0^1 \frac{d\tau}{\sqrt{\tau (1 - \tau)}} = \pi .
# $$ (eq-gate)
# :::
#
# ::::{dropdown} Proof
# :::{prf:proof}
# Put $dp = (-d\tau\, p^s + (1 - \tau)\, dp^s, \; d\tau\, p^t + \tau\, dp^t)$ into $\sum dp^2 / p$.
# The cross terms are $\mp 2\, d\tau \sum_y dp_y = 0$. The squares give
# $d\tau^2 / (1 - \tau) + d\tau^2 / \tau = d\tau^2 / (\tau (1 - \tau))$ and the two last terms. The
# integral is $[2 \arcsin \sqrt\tau]_0^1$.
# :::
# ::::

# %% tags=["hide-input", "claim C-181: depends on the measure"]
def gated(K, moves):
    """Union of two softmaxes, the source's fading out and the target's fading in."""
    t = np.linspace(0, 1, K + 1)[:, None]
    s = softmax(moves * t * [1.0, -1.0], -1)
    target = softmax(moves * (1 - t) * [0.5, -1.5], -1)
    return np.concatenate([(1 - t) * s, t * target], -1)


for K in (1, 10, 1000):
    print(f"K = {K:>4}: the gate alone {path_length(gated(K, 0)):.5f}, "
          f"with both classifiers moving {path_length(gated(K, 2)):.5f}")
    assert abs(path_length(gated(K, 0)) - np.pi) < 1e-12, (
        "a great circle, exact at every K")
assert path_length(gated(1000, 2)) > np.pi, "the classifiers add to the gate"

# %% [markdown]
# The {term}`gate` alone is a great circle of length $\pi$, and the two classifiers add the rest.
# Most of such a length says only that the tasks share no class. The algorithm of this book, unless
# it is told otherwise, drops the first term of {eq}`eq-gate` and keeps the other two,
# {eq}`eq-gated`. The authors' program keeps it: its network has one output for every class of
# either task.
#
# (printed-unit)=
# ## What the published program adds up
#
# The program that the authors published does not compute (11). Its sum over $K = 100$ steps is
#
# $$
# V = \frac1K \sum_{k=0}^{K-1} \E_x \sqrt{\mathrm{KL}(p_k, p_{k+1})} \approx \frac{L}{\sqrt 2\, K} :
# $$ (eq-mean-step)
#
# the *mean* step, without the 2. A mean of steps gets smaller as the steps do. We take a classifier
# of five classes at 200 inputs, whose logits go on a curve, and look at it ever more often.

# %%
rng = np.random.default_rng(0)
start, end, bend = rng.normal(scale=1.5, size=(3, 200, 5))


def classifier_path(K):
    """Probabilities (K + 1, inputs, classes) along the curve."""
    t = np.linspace(0, 1, K + 1)[:, None, None]
    return softmax(start + t * (end - start) + np.sin(np.pi * t) * bend, axis=-1)

# %% tags=["claim C-180: depends on the measure"]
rows = {}
for K in (10, 100, 1000):
    path = classifier_path(K)
    value = root_kl(path[:-1], path[1:]).mean() / np.sqrt(2)
    rows[K] = {"mean step V": value, "sqrt(2) K V": np.sqrt(2) * K * value,
               "L": expected_length(path).length}
table = pd.DataFrame(rows).T.rename_axis("K")
ratio = table["mean step V"][10] / table["mean step V"][1000]
assert abs(ratio - 100) < 3, "a hundred times the steps, a hundredth of the number"
assert abs(table["sqrt(2) K V"][1000] / table["L"][1000] - 1) < 1e-3, "the conversion"
table.round(5)

# %% [markdown]
# Ten times the steps, a tenth of the number. The conversion $L = \sqrt 2\, K\, V$ puts it right.
# Applied to all the coupled distances that the paper prints:

# %% tags=["hide-input", "claim C-105: holds when corrected", "claim C-180: depends on the measure"]
paper = printed()
ways = paper["mnist_cifar10"]["coupled"]
figures = {"Figure 2": paper["fig2"]["coupled"], "Figure 3": paper["fig3"]["coupled"],
           "MNIST and CIFAR-10": [list(ways.values())]}
rows = {}
for name, values in figures.items():
    values = np.array(values)[np.array(values) > 0]  # without the diagonal
    low, high = np.sqrt(2) * 100 * values.min(), np.sqrt(2) * 100 * values.max()
    rows[name] = {"printed, from": values.min(), "to": values.max(), "as lengths, from": low,
                  "up to": high, "in units of pi, from": low / np.pi, "at most": high / np.pi}
    glue(f"printed-{name.split()[-1]}-low", f"{low:.1f}", display=False)
    glue(f"printed-{name.split()[-1]}-high", f"{high:.1f}", display=False)
table = pd.DataFrame(rows).T
glue("printed-all-low", f"{table['as lengths, from'].min():.0f}", display=False)
glue("printed-all-high", f"{table['up to'].max():.0f}", display=False)
table.round(3)

# %% [markdown]
# :::{admonition} Depends on the measure
# :class: erratum depends
# **Printed.** Figures 2 and 3: coupled transfer distances of .081 to .31, called lengths of
# trajectories.
#
# **Decided by.** The table above, and {prf:ref}`prop-gate`.
#
# **True.** If the published program made the figures, their numbers are mean steps, which depend on
# $K$. As lengths they are {glue:text}`printed-2-low` to {glue:text}`printed-2-high`, and
# {glue:text}`printed-3-low` to {glue:text}`printed-3-high` in Figure 3. At least $\pi$ of each is
# forced by the gate, since in the program no two tasks share an output. How the rest divides
# between what the tasks ask for and the noise of training is not known without a run of their
# network. If the figures show true lengths, below $\pi$, their network cannot have had one output
# for every class of either task. The order of the pairs is the same in both cases.
# :::
#
# The group's later program (`picture_of_space_of_tasks`, 2023) takes the mean over the inputs
# inside the root, which is $R$, and is again short of it by $\sqrt 2$. And the captions part: by
# that of Figure 2 its four matrices cannot be compared with each other, by that of Figure 3 coupled
# and uncoupled distances can. In either unit they can, if both were added up in the same way.
#
# **Change this and run**: a mean step that you read somewhere, as a length. If gate and classifiers
# move at a constant pace, their lengths are the legs of a right triangle, {eq}`eq-gate`.

# %%
PRINTED, LOOKS = 0.2, 100  # ← change this

length = np.sqrt(2) * LOOKS * PRINTED
rest = np.sqrt(max(length**2 - np.pi**2, 0))
print(f"length {length:.2f}, {length / np.pi:.1f} times pi; "
      f"without the gate {rest:.2f}")

# %% [markdown]
# ## What the page found
#
# **Printed:** coupled distances of .06 to .31, called lengths.
#
# **What we found.**
#
# - Tasks without a common output are at least $\pi$ apart at every input that stays and that the
#   classifier is sure of, whatever they are.
# - The published program returns a mean step, to be multiplied by $\sqrt 2\, K$ before it is set
#   beside a length. The printed distances are then {glue:text}`printed-all-low` to
#   {glue:text}`printed-all-high`, many times the distance between any two distributions.
# - How much of that training's noise has made, the print cannot tell. {doc}`coupled_transfer` sets
#   the program's choices beside the book's, one by one.
#
# ## Exercises
#
# :::{exercise}
# :label: ex-printed-shared
#
# Two tasks of five classes share $k$ names. A classifier knows nothing: on the source it is uniform
# over the source's five outputs, on the target over the target's. How far apart are the two? And
# how far is a sure classifier's way, if the class of an input keeps its name or changes it?
# :::
#
# ````{solution-start} ex-printed-shared
# :class: dropdown
# ````
# The sum of roots in {eq}`eq-fisher-rao` has $k$ terms of $\frac15$: the distance is $2 \arccos (k
# / 5)$. It is $\pi$ only where no name is shared. A sure classifier goes $\pi$ if the name changes
# and nothing if it stays, so on average over inputs $\pi$ times the share that changes.

# %%
rows = {}
for k in range(6):
    source, target = np.zeros((2, 10 - k))
    source[:5], target[-5:] = 0.2, 0.2
    rows[k] = {"uniform": distance(source, target),
               "2 arccos(k / 5)": 2 * np.arccos(k / 5)}
table = pd.DataFrame(rows).T.rename_axis("shared names")
assert np.allclose(*table.T.to_numpy(), atol=1e-7), "for five classes a task"
table.round(3)

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-printed-noise
#
# The logits of a classifier do a random walk of 1,000 steps, as if SGD's noise were all there is.
# It is looked at $K$ times. How do $V$ and $L$ change with $K$? How could a second table, with
# another $K$, have told noise from drift?
# :::
#
# ````{solution-start} ex-printed-noise
# :class: dropdown
# ````
# Between two looks are $1000 / K$ steps, which move the logits like $1 / \sqrt K$. So $V$ falls
# like $1 / \sqrt K$ and $L$ grows like $\sqrt K$; on a smooth curve $V$ falls like $1 / K$ and $L$
# stays. Ten times the looks make $V$ smaller by 10 if all of it is drift, and by 3.2 if all is
# noise.

# %%
steps = np.random.default_rng(2).normal(scale=0.02, size=(1001, 200, 5))
walk = softmax(np.cumsum(steps, 0), axis=-1)  # (steps + 1, inputs, classes)
mean_steps = {K: expected_length(walk[::1000 // K]).length / np.sqrt(2) / K
              for K in (10, 100)}
ratio = mean_steps[10] / mean_steps[100]
print(f"V at K = 10 over V at K = 100: {ratio:.2f}, the root of ten is {10**0.5:.2f}")
assert abs(ratio / 10**0.5 - 1) < 0.05, "for steps that are small beside the metric"

# %% [markdown]
# ````{solution-end}
# ````
