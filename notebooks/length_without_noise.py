# %% [markdown]
# # A length without noise
#
# **Question.** How much of the length of a road is the task, how much the noise of SGD, and how
# much the choices of whoever travels it?
#
# **Answer.** Of a length {glue:text}`coupled-share` is noise of SGD, on average at a rate of .0125;
# replicas take it out ({numref}`fig-coupled-noise`). What is left depends on conventions, above all
# on the outputs ({ref}`coupled-knobs`).
#
# The roads are those of {prf:ref}`alg-coupled`, between tasks of digits. The paper prints the
# length of one road a pair, with no error.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from tdist.plots import COMPUTED, WRONG, use_book_style
from tdist.studies import noise_tables
from tdist.studies.noise_tables import KINDS, interval
from tdist.studies.results import load

use_book_style()

# %% [markdown]
# ## Replicas see the drift
#
# A step of the classifier has two parts: a **drift**, where SGD goes on average, and a noise that
# its batches make. Lengths add both, and the noise does not go away with more steps. It goes with
# the learning rate, and then only as its root. But two replicas of a road have the drift in common
# and not the noise.
#
# Write $\Delta_a(x)$ for the step of replica $a$ at the input $x$ in the coordinates $2 \sqrt p$ of
# the sphere (for {eq}`eq-gated` both tasks' coordinates, times $\sqrt{1 - \tau}$ and
# $\sqrt\tau$), $\bar \Delta$ for the mean of $r$ of them, and $D(x) = \E \Delta_a(x)$ for the mean
# over SGD's random numbers.
#
# ::::{prf:proposition} Replicas see the drift (exact)
# :label: prop-drift
#
# Let $r \ge 2$ replicas start from the same weights and draw independently, and let $Q_{ab} =
# \E_x[\Delta_a(x) \cdot \Delta_b(x)]$ at inputs that do not depend on the draws. Then
#
# $$
# \begin{aligned}
# c = \frac{1}{r (r - 1)} \sum_{a \ne b} Q_{ab} \quad &\text{has} \quad
# \E c = \E_x \lVert D(x) \rVert^2 , \quad \text{while} \\
# \E\, Q_{aa} &= \E_x \lVert D(x) \rVert^2 + \E_x \lVert \Delta_a(x) - D(x) \rVert^2 .
# \end{aligned}
# $$
#
# :::{prf:proof}
# At one $x$, $\E[\Delta_a \cdot \Delta_b] = \E \Delta_a \cdot \E \Delta_b$ for $a \ne b$, because
# the two draw independently. Both factors are $D(x)$, because replicas draw alike. The mean over
# $x$ and over pairs keeps this; for $a = b$ the variance stays.
# :::
# ::::
#
# The drift of a road is the sum over its looks of
#
# $$
# \hat d = s\, \E_x \lVert \bar \Delta(x) \rVert , \qquad
# s^2 = \frac{c}{\frac{1}{r^2} \sum_{a, b} Q_{ab}} ,
# $$ (eq-drift)
#
# the length of the mean step times the root of the share of its square that is drift; with
# $\sqrt{\E_x \lVert \bar \Delta \rVert^2}$ in place of the mean it is that of equation 5, which is
# $\sqrt c$. (The package has arcs for chords. It undoes the second order by which the mean of a
# root is below the root of the mean. And where noise makes $c < 0$ it takes $-\sqrt{|s^2|}$, so
# that around no drift errors cancel and do not add up.)
#
# It assumes, beyond the proposition: for (11), that the share is about the same at all inputs,
# since one $s$ serves them all; that the noise of $c$ is not large beside $c$; and that the road
# in question is the mean one. At a larger rate replicas lag further behind the task, and the
# drift is that of the lagging road.
#
# **Its standard error** has two parts. Replica $a$ moves $c$ by $u_a = \frac{2}{\sqrt{r (r - 1)}}
# \bigl(\frac1r \sum_b Q_{ab} - \frac{1}{r^2} \sum_{a, b} Q_{ab}\bigr)$ and the root by
# $u_a / 2 \sqrt c$. What noise does to one step the next ones undo, so these are added up over a
# road, and then squared and added over the replicas; they have $r - 1$ degrees of freedom. The
# other part is the spread over the inputs that happened to be drawn. The tasks' own images are
# taken as they are.
#
# **Change this and run**: a road of 40 steps whose drift adds up to 1, with as much noise as you
# like. From which noise on can four replicas no longer see the drift?

# %%
NOISE = 1.0  # of a replica's step, in drifts of a step, ← change this
REPLICAS_HERE = 4  # 2 or more, ← or this

draws = np.random.default_rng(1).normal(size=(40, REPLICAS_HERE, 5)) / 5**0.5
moves = np.eye(5)[0] + NOISE * draws  # (steps, replicas, coordinates), in drifts
Q = np.einsum("kai,kbi->kab", moves, moves)
whole, own = Q.sum((1, 2)), np.trace(Q, axis1=1, axis2=2)
c = (whole - own) / (REPLICAS_HERE * (REPLICAS_HERE - 1))
print(f"length {np.sqrt(own / REPLICAS_HERE).mean():.2f}, "
      f"drift {np.mean(np.sign(c) * np.sqrt(abs(c))):.2f}, true 1")

# %% [markdown]
# ### Four rates on all pairs
#
# The test: five tasks of digits (0-4, 5-9, even, odd, all), 20 ordered pairs, three kinds of road,
# and the same way travelled at three rates, with as many times more steps of SGD as the rate is
# smaller. A perceptron with one hidden layer of 64 goes, with six replicas, and its rate falls to 0
# within each look. The fourth rate is 0: the square of a step in equation 5, $R_k^2$, is that of
# the drift and of noise, which is linear in the rate $\eta$. So
#
# $$
# R_k^2(0) = \tfrac13 \bigl(4 R_k^2(\eta / 4) - R_k^2(\eta)\bigr) ,
# $$ (eq-rate-0)
#
# from the two smaller rates, and (11) takes the same factor as (5). This knows nothing of replicas.

# %% tags=["hide-input"]
noise = load("noise")
REPLICAS = noise["config"]["replicas"]
roads = noise_tables.rates(noise)  # by rate, kind, source, target
_, SMALL, MIDDLE, LARGE = sorted(set(roads.index.get_level_values("rate")))

# %% mystnb={"figure": {"caption": "The same 20 roads between tasks of digits at three learning rates, at equal rate times steps. A thin line is a pair, the thick one their mean. The length (orange) falls with the rate; hollow, it is carried on to rate 0. The drift of six replicas (blue) stays where that leads.", "name": "fig-coupled-noise"}, "image": {"alt": "Three panels, coupled with Beta, coupled linear and uncoupled, of length and drift, 0 to 2, against learning rates 0, .0031, .0125 and .05. In each the thick orange line of the length rises with the rate, the thick blue line of the drift is level and meets the hollow orange dot at rate 0. Thin lines of the pairs spread around both."}} tags=["hide-input"]
fig, axes = plt.subplots(1, 3, figsize=(7.6, 3.4), sharey=True)
for ax, (kind, label) in zip(axes, KINDS.items(), strict=True):
    for name, colour in (("length", WRONG), ("drift", COMPUTED)):
        lines = roads.xs(kind, level="kind")[name].unstack(["source", "target"])
        x = range(4 - len(lines.dropna()), 4)
        _ = ax.plot(x, lines.dropna(), color=colour, alpha=0.2, lw=0.8)
        _ = ax.plot(x, lines.dropna().mean(axis=1), "o-", color=colour, lw=2.4, label=name)
    _ = ax.plot(0, roads.loc[(0.0, kind), "length"].mean(), "o", mfc="w", mec=WRONG, zorder=5)
    ax.set(xticks=range(4), xlabel=f"learning rate\n({label})", ylim=(0, None),
           xticklabels=["0", *(f"{rate:.4f}".lstrip("0") for rate in (SMALL, MIDDLE, LARGE))])
axes[0].set(ylabel=r"length, drift (nats$^{1/2}$)")
axes[0].legend()
plt.show()

# %% tags=["hide-input"]
fine, coarse, zero = (roads.loc[rate] for rate in (SMALL, MIDDLE, 0.0))
real = fine["drift"] > 0.2  # from all digits to a part, uncoupled, there is nothing to learn
parted = {name: (fine[name] / coarse[name] - 1)[real] for name in ("length", "drift")}
both = np.hypot(fine["error"], coarse["error"]) / coarse["drift"]
pd.DataFrame({label: {
    **{f"{name}, rate / 4 against rate": f"{part[kind].mean():+.1%}"
       for name, part in parted.items()},
    **{f"{name}, worst pair": f"{part[kind].iloc[np.abs(part[kind]).argmax()]:+.1%}"
       for name, part in parted.items()},
    "standard error of the change of drift, median": f"{both[kind].median():.1%}",
    "drift / length at rate 0, median":
        f"{(fine['drift'] / zero['length'])[kind].median():.3f}",
    "accuracy": f"{fine['accuracy'][kind].mean():.2f}",
} for kind, label in KINDS.items()})

# %% tags=["hide-input"]
falls = fine["length"] < coarse["length"]
glue("coupled-length-roads", f"{falls.sum()} of {len(fine)}", display=False)
glue("coupled-length-falls", f"{-parted['length'].min():.0%}", display=False)
glue("coupled-length-falls-mean", f"{-parted['length'].mean():.0%}", display=False)
glue("coupled-drift-moves", f"{parted['drift'].mean():+.1%}".replace("-", "−"), display=False)
worst = parted["drift"].abs().idxmax()
glue("coupled-drift-worst", f"{abs(parted['drift'][worst]):.1%}", display=False)
glue("coupled-drift-worst-pair", f"{worst[1]} to {worst[2]}, {KINDS[worst[0]]}", display=False)
glue("coupled-drift-within", f"{(parted['drift'].abs() <= 0.05).sum()} of {real.sum()}",
     display=False)
glue("coupled-drift-still", int((~real).sum()), display=False)
glue("coupled-drift-still-most", f"{fine['drift'][~real].max():.2f}", display=False)
glue("coupled-drift-still-moves",
     f"{(fine['drift'] - coarse['drift'])[~real].abs().max():.3f}", display=False)
z = (fine["drift"] - coarse["drift"]) / np.hypot(fine["error"], coarse["error"])
glue("coupled-drift-z", f"{(z.abs() < interval(REPLICAS)).mean():.0%}", display=False)
share = (1 - coarse["drift"] / coarse["length"])[real]
glue("coupled-share", f"{share.mean():.0%}", display=False)
large = roads.loc[LARGE]
glue("coupled-large", f"{(large['drift'] / fine['drift'])[real].mean():.2f}", display=False)
glue("coupled-length-large", f"{(large['length'] / fine['length'])[real].mean():.2f}",
     display=False)

# %% [markdown]
# From the middle rate to a quarter of it the length falls on {glue:text}`coupled-length-roads`
# roads, by {glue:text}`coupled-length-falls-mean` on average and {glue:text}`coupled-length-falls`
# at most. The drift changes by {glue:text}`coupled-drift-moves` on average and by at most
# {glue:text}`coupled-drift-worst` ({glue:text}`coupled-drift-worst-pair`): within 5% on
# {glue:text}`coupled-drift-within` roads. ({glue:text}`coupled-drift-still` roads are left out of
# the ratios: the uncoupled ones from all digits to a part of them. There is nothing to learn, the
# drift is {glue:text}`coupled-drift-still-most` at most, and it moves by at most
# {glue:text}`coupled-drift-still-moves`.) Of the changes {glue:text}`coupled-drift-z` lie within
# their own interval of 95%. And the drift is what the length tends to at rate 0, which knows
# nothing of replicas. At the largest rate, that of the stored roads of this book, the length is
# {glue:text}`coupled-length-large` times that at the smallest and the drift
# {glue:text}`coupled-large` times.
#
# ### Does the error cover, and is a task at drift 0 from itself?
#
# One pair, 0-4 to 5-9, at thirty seeds of the road from one start, with two, four and eight
# replicas. *Covers* is how often an interval of 95%, by Student's $t$ with $r - 1$ degrees of
# freedom, holds the mean over the seeds.

# %% tags=["hide-input"]
table = noise_tables.seeds(noise)
glue("coupled-covers", f"{table['covers'].min():.0%} to {table['covers'].max():.0%}", display=False)
table.round(3)

# %% tags=["hide-input", "claim C-077: holds when corrected", "claim C-144: holds", "claim C-076: holds"]
table = noise_tables.stays(noise)
still = (table["drift"].abs() < interval(REPLICAS) * table["standard error"]).unstack(0)
print("drift within its interval around 0:", *(
    f"{name}, {column.sum()} of {len(column)}" for name, column in still.items()), sep="\n")
table.unstack(0).swaplevel(axis=1).sort_index(axis=1)[list(KINDS.values())].round(3)

# %% tags=["hide-input"]
free = table.loc[KINDS["uncoupled"]]
glue("coupled-stay-free", f"{still[KINDS['uncoupled']].sum()} of {len(free)}", display=False)
glue("coupled-stay-most", f"{free['drift'].max():.3f}", display=False)
glue("coupled-stay-task", free["drift"].idxmax(), display=False)
for name in ("beta", "linear"):
    glue(f"coupled-stay-{name}", f"{table.loc[KINDS[name], 'drift'].mean():.2f}", display=False)

# %% [markdown]
# The intervals hold the mean in {glue:text}`coupled-covers` of the seeds. (With two replicas they
# are twelve standard errors wide on either side; take four.)
#
# An uncoupled road from a trained task to itself has nothing to learn, and its drift is 0 within
# its interval for {glue:text}`coupled-stay-free` tasks. The largest, {glue:text}`coupled-stay-most`
# for *{glue:text}`coupled-stay-task`*, is what that network had still to learn of its own task.
# A coupled road has something to learn: a pair joins two *different* images, mostly of one class
# but not always, and what lies between them the network has never seen. It learns the mixtures and
# forgets them again: a drift of {glue:text}`coupled-stay-beta` on average with Beta, whose mixed
# images are mostly one of the two, and of {glue:text}`coupled-stay-linear` with linear mixing. That
# is not noise; it is what the interpolation itself costs. (Around no drift the estimate is a little
# below 0 on average: $c$ has mean 0 and is skewed, and its root is not of mean 0.)
#
# All this is digits, one small network, one start for each task. For deep networks with batch norm
# no page has it yet: their running statistics move as well.
#
# (coupled-knobs)=
# ## What moves the number, and by how much
#
# The choices of {doc}`coupled_transfer`, one at a time, from one base: a perceptron with one hidden
# layer of 128, trained on 300 images of 0-4; $K$ = 12 steps of $\tau$ with 20 SGD steps each, batch
# 32, rate .05, blocks of 20, Beta mixing, one road, four replicas. There are five seeds, each with
# a network, blocks and random numbers of its own. Ratios are to the base *of the same seed*, means
# with their standard errors; three rows are held against another than the base: frozen batch norm
# against batch norm, the two last second roads against the plain one. Two readings of the outputs
# stand beside `gated`. `union`: one softmax over all classes, as in the published program; the
# classifier must also stop saying source classes and say target classes. `index`: class number $i$
# of either task is output $i$, so that it depends on how the classes happen to be numbered, here 5
# to 9 in order or as 7, 5, 9, 6, 8. The last rows are other readings of the base's own roads.

# %% tags=["hide-input", "claim C-075: holds", "claim C-010: does not hold", "claim C-181: depends on the measure", "claim C-073: depends on the measure"]
stored = load("knobs")
knobs, table = stored["units"], {}
base = knobs["knob/base"]
OVER = {"batch norm, frozen": "batch norm", "second road, all visits": "second road",
        "second road, one unit for all blocks": "second road"}
first_roads = knobs["roads/constant"]

def mean(values):
    """Mean over seeds and its standard error, as text."""
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.2f}"

units = {name: knobs[f"knob/{name}"] for name in stored["config"]["settings"]
         if f"knob/{name}" in knobs}
units["second road"] = {"there": {key: [road[1] for road in first_roads[key]]
                                  for key in ("length", "drift")}}
for name, unit in units.items():
    there, over = unit["there"], units[OVER.get(name, "base")]["there"]
    table[name] = {"length": mean(there["length"]),
                   "length / base": mean(np.divide(there["length"], over["length"])),
                   "drift / base": mean(np.divide(there["drift"], over["drift"])),
                   "drift / length": f"{np.mean(there['drift']) / np.mean(there['length']):.2f}",
                   "accuracy": f"{np.mean(there.get('accuracy', np.nan)):.2f}"}
for name in ("riemannian", "gate at the input", "with the gate"):
    values = base["there"][name]
    table[f"read: {'(5)' if name == 'riemannian' else name}"] = {
        "length": mean(values), "length / base": mean(np.divide(values, base["there"]["length"]))}
half = [name for name, row in table.items() if float(row.get("drift / length", 1)) < 0.5]
lost = [1 - float(table[name]["drift / base"].split()[0]) for name in half]
assert len(half) == 3 and min(lost) > 0.1, "three settings, in the stored study"
glue("knob-half", f"{min(lost):.0%} to {max(lost):.0%}", display=False)
pd.DataFrame(table).T.replace("nan", "").fillna("")

# %% tags=["hide-input"]
SHORT = {"slow": "rate / 4, SGD steps x 4", "lag": "rate / 4", "small": "batch 8",
         "large": "batch 128", "looks": "K = 6, SGD steps x 2", "union": "union",
         "index": "index, 5 to 9", "other": "index, 75968", "near": "start from ImageNet",
         "blurred": "start blurred", "eight": "block 8", "thirty": "block 30",
         "annealed": "annealed", "linear": "linear", "bn": "batch norm",
         "frozen": "batch norm, frozen", "visits": "second road, all visits",
         "half": "half-beta", "unit": "second road, one unit for all blocks"}
for short, name in SHORT.items():
    for key in ("length", "drift"):
        glue(f"knob-{short}-{key}", table[name][f"{key} / base"], display=False)
glue("knob-lag-accuracy", table["rate / 4"]["accuracy"], display=False)
glue("knob-gate", table["read: gate at the input"]["length / base"], display=False)
spread = {key: np.std(base["there"][key], ddof=1) / np.mean(base["there"][key])
          for key in ("length", "drift")}
for key, value in spread.items():
    glue(f"knob-seed-{key}", f"{value:.0%}", display=False)
itself = [unit["itself"] for unit in units.values() if "itself" in unit]
for name, key in (("length", "length"), ("drift", "drift")):
    means = [np.mean(one[key]) for one in itself]
    glue(f"knob-itself-{name}", f"{min(means):.2f} to {max(means):.2f}".replace("-", "−"),
         display=False)

# %% [markdown]
# **Noise** moves the length and hardly the drift. At a quarter of the rate, with four times the
# steps, the length is {glue:text}`knob-slow-length` of the base's and the drift
# {glue:text}`knob-slow-drift`; with batches of 128 they are {glue:text}`knob-large-length` and
# {glue:text}`knob-large-drift`. Where the noise is large the drift has its limit: with batches of 8
# the length is {glue:text}`knob-small-length` of the base's, and the estimate of the drift falls to
# {glue:text}`knob-small-drift`, because single steps are mostly noise then. The three rows whose
# drift is less than half of their length have lost {glue:text}`knob-half` of it, with errors of 5
# to 9%: do not trust such a drift, and lower the rate. From the source to itself lengths are
# {glue:text}`knob-itself-length` and drifts {glue:text}`knob-itself-drift` under the first eight
# settings. The seed alone makes lengths differ by {glue:text}`knob-seed-length` (one standard
# deviation), drifts by {glue:text}`knob-seed-drift`.
#
# **Time.** With the rate a quarter and no more steps the classifier does not arrive (accuracy
# {glue:text}`knob-lag-accuracy`), and its road is {glue:text}`knob-lag-length` of the base's in
# length and {glue:text}`knob-lag-drift` in drift: lagging shortens a road ({doc}`the_definition`).
# Half as many looks make the length {glue:text}`knob-looks-length`, since every look adds noise
# anew, and the drift {glue:text}`knob-looks-drift`.
#
# **Outputs** move both, and most. A union makes the length {glue:text}`knob-union-length` of the
# base's and the drift {glue:text}`knob-union-drift`: the change of names is paid for. By `index`
# the length is {glue:text}`knob-index-length` or {glue:text}`knob-other-length` of it, by the order
# of the same five digits. A gate at the input makes {glue:text}`knob-gate` of the very same roads.
#
# **Coupling and mixing** move little on this pair. In drift a start from ImageNet features of
# EfficientNet-Lite0 gives {glue:text}`knob-near-drift`, one so blurred that it is nearly the
# independent coupling {glue:text}`knob-blurred-drift`, blocks of 8
# {glue:text}`knob-eight-drift` and of 30 {glue:text}`knob-thirty-drift`, linear mixing
# {glue:text}`knob-linear-drift`, one share for a whole batch {glue:text}`knob-half-drift`; all
# blocks at every look, against the second road, {glue:text}`knob-visits-drift`, and one unit of
# cost for all blocks {glue:text}`knob-unit-drift`.
# None is further from 1 than its interval of 95%, which for five seeds is 2.8 errors on either
# side. An effect of 5% would not be seen.
#
# Batch norm makes the length {glue:text}`knob-bn-length` of the base's, in drift
# {glue:text}`knob-bn-drift`; with its running statistics frozen on the road,
# {glue:text}`knob-frozen-length` and {glue:text}`knob-frozen-drift` of that.
#
# ## What the page found
#
# **Printed:** one length a pair, as the distance. Section 1 wants it free of choices such as the
# number of epochs.
#
# **What we found.**
#
# - A length adds SGD's noise to the task: {glue:text}`coupled-share` of it on average at a rate of
#   .0125, and more at the .05 of this book's other roads.
# - Products of replicas take the noise out. {glue:text}`coupled-drift-within` drifts are within 5%
#   of those at a quarter of the rate, with an error that covers, while every length changes.
# - What is left depends on conventions, the outputs and the gate before all. They are not noise but
#   definitions, and a distance has to name them.
#
# ## Exercises
#
# :::{exercise}
# :label: ex-noise-rate
#
# Let $R^2 = D^2 + a \eta + b \eta^2$. What does {eq}`eq-rate-0` give? What would it give with $R$
# in place of $R^2$, where $b = 0$ and the noise's square at the rate $\eta$ is as large as that of
# the drift?
# :::
#
# ````{solution-start} ex-noise-rate
# :class: dropdown
# ````
# The linear term goes out and $D^2 - b \eta^2 / 4$ stays, too small where the noise grows faster
# than the rate. With the roots themselves $\frac13 (4 \sqrt{1 + \frac14} - \sqrt 2)\, D = 1.02\,
# D$: they are not linear in the rate, and the estimate is 2% too long.

# %%
def carried(fine, coarse):
    """On to rate 0 from a rate / 4 and a rate, for what is linear in the rate."""
    return (4 * fine - coarse) / 3


D, a, b, rate = 1.0, 20.0, 40.0, 0.05
square = [D**2 + a * eta + b * eta**2 for eta in (rate / 4, rate)]
left = carried(*square) - D**2
assert abs(left + b * rate**2 / 4) < 1e-9, "for any D, a, b and rate"
roots = [np.sqrt(D**2 + a * eta) for eta in (rate / 4, rate)]
print(f"with squares and b {carried(*square) ** 0.5:.3f}, "
      f"with roots {carried(*roots):.3f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-noise-replicas
#
# There is no drift, and the noise has $q$ coordinates, each of variance $s^2$, independent in all
# replicas. What is the variance of $c$ in {prf:ref}`prop-drift`? How does the noise of $\sqrt{|c|}$
# fall with the number $r$ of replicas?
# :::
#
# ````{solution-start} ex-noise-replicas
# :class: dropdown
# ````
# A product of two different replicas' steps has mean 0 and variance $q s^4$, and two such products
# are uncorrelated even if they share a replica. $c$ is the mean of $r (r - 1) / 2$ of them, so its
# variance is $2 q s^4 / r (r - 1)$. Its spread falls like $1 / r$, that of the root like
# $1 / \sqrt r$. Where there is a drift $D$, $c$ has also the part $2 D \cdot \bar n$ of the mean
# noise $\bar n$, whose spread falls like $1 / \sqrt r$.

# %%
trials, q, s = 20_000, 5, 1.0
for r in (2, 4, 8):
    moves = np.random.default_rng(r).normal(0, s, (trials, r, q))
    total, own = (moves.sum(1) ** 2).sum(1), (moves**2).sum((1, 2))
    c = (total - own) / (r * (r - 1))
    by_hand = np.sqrt(2 * q * s**4 / (r * (r - 1)))
    print(f"r = {r}: spread of c {c.std():.3f}, by hand {by_hand:.3f}, "
          f"of the root {np.sqrt(np.abs(c)).mean():.3f}")
    assert abs(c.std() / by_hand - 1) < 0.06, "for independent noise of equal variance"

# %% [markdown]
# ````{solution-end}
# ````
