# %% [markdown]
# # Capacity
#
# **Question.** Is the road between two tasks shorter for a larger network?
#
# **Answer.** *Printed:* it is. *Ours:* after a short training not; over five networks, whose
# targets are learnt to {glue:text}`capacity-least` to {glue:text}`capacity-most` %, the mean length
# *rises* with the accuracy, by a correlation of {glue:text}`capacity-select`
# ({numref}`fig-capacity-select`). Who takes the network with the shortest road takes the best of
# five in {glue:text}`capacity-best` runs and the worst in {glue:text}`capacity-worst`; by means
# over seeds, in {glue:text}`capacity-best-pairs` and {glue:text}`capacity-worst-pairs` pairs. On
# features, with two seeds, the verdict turns with training: after {glue:text}`capacity-long-epochs`
# epochs the largest of four networks has a shorter road than the smallest in
# {glue:text}`capacity-long-shorter-last` pairs, and the shortest road is that of the best in
# {glue:text}`capacity-long-best-last` ({numref}`fig-capacity-long`).
#
# The paper says that "models with a larger capacity are easier to transfer": a wide residual
# network, WRN-16-4, "has a shorter trajectory for all task pairs compared to the CNN in Fig. 3a
# with fewer parameters" (Figure 5 of {cite:t}`gao2021`), which "leads to a constructive strategy
# for selecting architectures". We have the text of Figure 5 and its $r'$, not its matrices.

# %% tags=["hide-input", "claim C-008: holds", "claim C-154: depends on the measure"]
from itertools import combinations, permutations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from myst_nb import glue
from scipy.stats import binom
from torch import nn

from tdist import tasks
from tdist.networks import CNN, WideResNet
from tdist.plots import COMPUTED, OTHER, use_book_style
from tdist.studies import Pairs, load
from tdist.studies.distances import all_pairs
from tdist.studies.drawings import scatters
from tdist.studies.experiments import FIVE, LADDER, Experiment
from tdist.studies.pairs import early_loss, share
from tdist.studies.regime_tables import at, of
from tdist.transfer import Settings

use_book_style()
torch.set_num_threads(1)
FILES = {"CNN, width 4": load("cnn_4"), "CNN, width 8": load("superclasses"),
         "CNN, width 16": load("cnn_16"),
         "WRN-10-1": load("wide_resnet_10_1"), "WRN-16-4": load("wide_resnet_16_4")}
PAIRS = {name: Pairs(stored["units"], LADDER) for name, stored in FILES.items()}
assert all(found.seeds == PAIRS["WRN-16-4"].seeds for found in PAIRS.values()), (
    "all networks have the same seeds")


def runs(name, key):
    """One number of every run of a network, (seeds, pairs)."""
    last = key == "final accuracy"
    return PAIRS[name].runs((lambda unit: unit["fine_tuning_accuracies"][-1]) if last else key)


length, reached = (np.array([runs(name, key) for name in FILES])  # (networks, seeds, pairs)
                   for key in ("coupled", "final accuracy"))
shortest = length.argmin(0)
means = length.mean(1).argmin(0), reached.mean(1)
of_means = np.corrcoef(length.mean((1, 2)), reached.mean((1, 2)))[0, 1]
for name, value in {"best": share(shortest == reached.argmax(0)),
                    "worst": share(shortest == reached.argmin(0)),
                    "best-pairs": share(means[0] == means[1].argmax(0)),
                    "worst-pairs": share(means[0] == means[1].argmin(0)),
                    "least": f"{100 * reached.mean((1, 2)).min():.0f}",
                    "most": f"{100 * reached.mean((1, 2)).max():.0f}",
                    "select": f"{of_means:+.2f}"}.items():
    glue(f"capacity-{name}", value, display=False)

# %% mystnb={"figure": {"caption": "Mean length of the coupled road of each network against its test accuracy on the target after fine-tuning; bars are the range over three seeds. If short roads were to select a network, the marks would fall; they rise.", "name": "fig-capacity-select"}, "image": {"alt": "Scatter plot of coupled length, 0 to 5, against accuracy, 42 to 55 percent, with bars. The three CNNs lie between 3.2 and 3.5 at 44 to 49 percent, WRN-10-1 at 4.4 and 50, WRN-16-4 at 4.9 and 53: the marks rise to the right."}} tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.0, 3.2))
for name, lengths, accuracies in zip(FILES, length.mean(2), 100 * reached.mean(2), strict=True):
    x, y = accuracies.mean(), lengths.mean()
    ax.errorbar(x, y, [[y - lengths.min()], [lengths.max() - y]],
                [[x - accuracies.min()], [accuracies.max() - x]],
                fmt="o" if name.startswith("CNN") else "s", color=COMPUTED, ms=7, lw=1)
    ax.annotate(name, (x, y), (5, 8 if name == "CNN, width 8" else -13),
                textcoords="offset points", fontsize=9)
ax.margins(x=0.15)
ax.set(xlabel="accuracy on the target, fine-tuned (%)", ylabel="coupled length (Fisher-Rao)",
       ylim=(0, None))
plt.show()

# %% [markdown]
# ## What was compared, and what was run here
#
# Three of the five tasks were run, herbivores, vehicles-1 and flowers, with 800 images each, on the
# 8-layer CNN in three widths, the paper's WRN-16-4, and a thin network of its design, WRN-10-1. The
# sizes, and the hours that the stored runs took on a shared machine of two cores:

# %% tags=["hide-input", "claim C-091: holds", "claim C-150: depends on the measure"]
def weights(network):
    return sum(weight.numel() for weight in network.parameters())


sizes = pd.DataFrame({name: {"weights (ten outputs)": f"{stored['config']['weights']:,}",
                             "images a task": stored["config"]["images"],
                             "seeds": ", ".join(map(str, PAIRS[name].seeds)),
                             "hours": round(stored["seconds"] / 3600, 1)}
                      for name, stored in FILES.items()}).T
print(f"CNN of width 96: {weights(CNN(10, 3, 96)):,} weights")
of_paper = FILES["WRN-16-4"]["config"]["weights"]
assert weights(CNN(10, 3, 96)) > of_paper == weights(WideResNet(10, 3, 16, 4)), (
    "with 96 channels the CNN has more weights than WRN-16-4")
sizes

# %% [markdown]
# The network of width 8 is that of the five superclasses, with 25 outputs and twenty pairs; the
# others have 15 outputs and six pairs.
#
# The paper does not print the widths of its CNN. With 96 channels, our default, it has more weights
# than WRN-16-4, so "with fewer parameters" depends on a number that is not in the text. Two
# networks of different design differ in more than capacity: the depth, the skips, where batch norm
# stands. The three widths of one design are the cleaner question.
#
# ## The road against the size

# %% tags=["hide-input"]
KEYS = ("coupled", "coupled_riemannian", "uncoupled", "uncoupled_riemannian",
        "fine_tuning", "accuracy", "final accuracy")


def words(values):
    """Mean over pairs of the seeds' mean, and the range of the seeds' means."""
    each = values.mean(1)
    spread = f" ({each.min():#.3g} to {each.max():#.3g})" if len(each) > 1 else ""
    return f"{each.mean():#.3g}{spread}"


table = pd.DataFrame({name: {key.replace("_", " "): words(runs(name, key)) for key in KEYS}
                      for name in FILES}).T
table.rename(columns={"accuracy": "accuracy after coupled",
                      "final accuracy": "accuracy after fine-tuning"})

# %% [markdown]
# Means over the six pairs; in brackets the range over seeds. Accuracies are of the target's test
# images, chance is .2; the fine-tuning column is a length of weights, which cannot be compared
# between networks.

# %% mystnb={"figure": {"caption": "Length of the coupled and uncoupled roads (equation 11) against the number of weights. A thin line is a pair in the sizes of one design, mean over seeds; the marks are means over pairs, with the range over seeds: circles CNN, squares wide residual networks.", "name": "fig-capacity-length"}, "image": {"alt": "Two charts of length, 0 to 6, against the number of weights, logarithmic. Left, coupled: the marks of the three CNNs lie level near 3.4, the two wide residual networks above, rising from 4.4 to 4.9; thin lines of pairs cross. Right, uncoupled: the CNNs fall from 3.3 to 2.9, the residual networks rise from 4.1 to 4.6."}} tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7.6, 3.4), sharey=True)
designs = [[name for name in FILES if name.startswith(design)] for design in ("CNN", "WRN")]
count = {name: stored["config"]["weights"] for name, stored in FILES.items()}
for ax, key, colour in ((axes[0], "coupled", COMPUTED), (axes[1], "uncoupled", OTHER)):
    for names, style in zip(designs, ("-", "--"), strict=True):
        _ = ax.plot([count[name] for name in names], [runs(name, key).mean(0) for name in names],
                    style, color=colour, alpha=0.25, lw=1)
    for name in FILES:
        each = runs(name, key).mean(1)
        spread = [[each.mean() - each.min()], [each.max() - each.mean()]]
        _ = ax.errorbar(count[name], each.mean(), spread, fmt="o" if name in designs[0] else "s",
                        color=colour, ms=7)
        ax.annotate(name.replace("CNN, ", ""), (count[name], each.mean()), (0, 9),
                    textcoords="offset points", ha="center",
                    fontsize=8, bbox={"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.8})
    ax.set(xscale="log", xlabel="weights",
           xlim=(min(count.values()) / 1.7, max(count.values()) * 1.7))
    ax.text(0.03, 0.04, key, transform=ax.transAxes, color=colour)
axes[0].set_ylabel("length (Fisher-Rao)")
axes[0].margins(y=0.12)
axes[0].set_ylim(0)
plt.show()

# %% [markdown]
# Pair by pair and seed by seed: in how many runs does the larger network have the shorter road?

# %%
def shorter(large, small, key):
    """Runs of one seed and pair in which the larger network has the shorter road."""
    common = set(PAIRS[large].seeds) & set(PAIRS[small].seeds)
    of_large, of_small = (Pairs(FILES[name]["units"], LADDER, common)
                          for name in (large, small))
    return of_large.runs(key) < of_small.runs(key)


# %% tags=["hide-input", "claim C-148: depends on the measure", "claim C-149: not reproduced here", "claim C-053: does not hold"]
steps = {"width 8 against width 4": ("CNN, width 8", "CNN, width 4"),
         "width 16 against width 8": ("CNN, width 16", "CNN, width 8"),
         "width 16 against width 4": ("CNN, width 16", "CNN, width 4"),
         "WRN-16-4 against WRN-10-1": ("WRN-16-4", "WRN-10-1")} | {
             f"WRN-16-4 against width {width}": ("WRN-16-4", f"CNN, width {width}")
             for width in (4, 8, 16)}
counts = pd.DataFrame({label: {key.replace("_", " "): share(shorter(*who, key)) for key in KEYS[:4]}
                       for label, who in steps.items()}).T
counts

# %% tags=["remove-cell"]
for key in ("coupled", "uncoupled"):
    glue(f"capacity-{key}", counts.loc["width 16 against width 4", key], display=False)
    glue(f"capacity-{key}-small", f"{runs('CNN, width 4', key).mean():.2f}", display=False)
    glue(f"capacity-{key}-large", f"{runs('CNN, width 16', key).mean():.2f}", display=False)
difference = runs("CNN, width 16", "coupled").mean(0) - runs("CNN, width 4", "coupled").mean(0)
glue("capacity-difference", f"{difference.mean():+.3f}", display=False)
glue("capacity-error", f"{difference.std(ddof=1) / np.sqrt(len(difference)):.2f}", display=False)
by_seed = (runs("CNN, width 16", "coupled") - runs("CNN, width 4", "coupled")).mean(1)
glue("capacity-by-seed", ", ".join(f"{change:+.2f}" for change in by_seed), display=False)
longer = [f"{a} to {b}" for (a, b), change in
          zip(PAIRS["CNN, width 4"].pairs, difference, strict=True) if change > 0]
glue("capacity-exceptions", ", ".join(longer) or "none", display=False)
for name, label in (("WRN-10-1", "thin"), ("WRN-16-4", "wide")):
    glue(f"capacity-{label}", f"{runs(name, 'coupled').mean():.2f}", display=False)
glue("capacity-cnn", f"{runs('CNN, width 8', 'coupled').mean():.2f}", display=False)
for name in ("WRN-10-1", "width 4", "width 8", "width 16"):
    glue(f"capacity-against-{name.split()[-1]}", counts.loc[f"WRN-16-4 against {name}", "coupled"],
         display=False)
last = np.concatenate([found.runs(lambda unit: abs(1 - unit["lengths"][-1] / unit["lengths"][-2]))
                       for found in PAIRS.values()]).mean()
glue("capacity-last", f"{last:.0%}", display=False)
holds = [shorter("CNN, width 16", "CNN, width 4", "coupled").all(),
         shorter("WRN-16-4", "CNN, width 8", "coupled").all()]
verdict = ("does not hold", "holds for one of the two designs", "holds")[sum(holds)]
glue("capacity-verdict", verdict, display=False)

# %% [markdown]
# From width 4 to width 16 the coupled road goes from {glue:text}`capacity-coupled-small` to
# {glue:text}`capacity-coupled-large`, and the larger network has the shorter road in
# {glue:text}`capacity-coupled` runs. The uncoupled road goes from
# {glue:text}`capacity-uncoupled-small` to {glue:text}`capacity-uncoupled-large`, shorter in
# {glue:text}`capacity-uncoupled`.
#
# The difference of the means, {glue:text}`capacity-difference`, has a standard error of
# {glue:text}`capacity-error` over pairs; seed by seed it is {glue:text}`capacity-by-seed`. By the
# means over seeds the longer pairs at width 16 are {glue:text}`capacity-exceptions`.
#
# The paper's WRN-16-4 has a mean coupled road of {glue:text}`capacity-wide`, the thin network of
# its design {glue:text}`capacity-thin`, the CNN of width 8 {glue:text}`capacity-cnn`. The road of
# WRN-16-4 is shorter than that of WRN-10-1 in {glue:text}`capacity-against-WRN-10-1` runs, and
# shorter than that of the CNN in {glue:text}`capacity-against-4` (width 4),
# {glue:text}`capacity-against-8` (width 8) and {glue:text}`capacity-against-16` (width 16), which
# have far fewer weights.
#
# The number of iterations is part of these numbers: the last road differs from the one before by
# {glue:text}`capacity-last` of it on average.
#
# ## To choose a network by its road
#
# The networks also differ in what they have learned at the end, so length and accuracy have to be
# read together.

# %%
both = pd.DataFrame({name: {"length": runs(name, "coupled").mean(),
                            "accuracy gained": (runs(name, "accuracy") - 0.2).mean()}
                     for name in FILES}).T
both["length per accuracy"] = both["length"] / both["accuracy gained"]
both.round(3)

# %% tags=["remove-cell"]
for name, label in (("4", "CNN, width 4"), ("8", "CNN, width 8"), ("16", "CNN, width 16"),
                    ("thin", "WRN-10-1"), ("wide", "WRN-16-4")):
    glue(f"capacity-per-{name}", f"{both.loc[label, 'length per accuracy']:.1f}", display=False)
assert both["length per accuracy"][:3].is_monotonic_decreasing, "in the stored runs"

# %% [markdown]
# The last column is the length that each unit of accuracy above chance costs. It falls from width 4
# to width 16 and from WRN-10-1 to WRN-16-4: within a design the larger network has the more
# efficient road ({glue:text}`capacity-per-4`, {glue:text}`capacity-per-8` and
# {glue:text}`capacity-per-16`; {glue:text}`capacity-per-thin` and {glue:text}`capacity-per-wide`).
# That speaks for the paper. Its strategy does not ask for it: over the five networks the mean
# length has a correlation of {glue:text}`capacity-select` with the accuracy after fine-tuning
# ({numref}`fig-capacity-select`), and pair by pair the network with the shortest road is the best
# in {glue:text}`capacity-best` runs and the worst in {glue:text}`capacity-worst`. The networks that
# learn more also move more. Runs of one pair are noisy, and a choice by the means over three seeds
# is the best in {glue:text}`capacity-best-pairs` pairs and the worst in
# {glue:text}`capacity-worst-pairs`, which a choice by lot could be. So the road is not shown to
# mislead; it is shown to be no guide.
#
# **Change this and run**: is another length a better guide to the network that learns the target
# best?

# %%
GUIDE = "uncoupled"  # ← change this: one of the lengths among KEYS
chosen = np.array([runs(name, GUIDE) for name in FILES]).argmin(0)  # (seeds, pairs)
best, worst = (share(chosen == end) for end in (reached.argmax(0), reached.argmin(0)))
print(f"the least by {GUIDE} is the best in {best} runs, the worst in {worst}")

# %% [markdown]
# The paper's reason, that a large network has "redundant" features which "are useful if target task
# is dissimilar to the source", is not measured, by the paper or here.
#
# ## Do the networks agree about the tasks?
#
# "Task distances for coupled transfer in Fig. 5a are consistent with those for fine-tuning in Fig.
# 5b": the paper's evidence is $r'$ = .15, which is no correlation {eq}`eq-five-printed`, so without
# the matrices it cannot be read; nor can .21 between the fine-tuning of its two networks. Three
# tasks have six orders, and no $p$ is worth printing. Here are the correlations between the mean
# matrices of our networks, and of each network's coupled matrix with its own fine-tuning.

# %% tags=["claim C-151: cannot be settled", "claim C-152: cannot be settled"]
between = {"coupled": "coupled", "first 150 steps": early_loss, "to 95%": "fine_tuning"}
between = {label: [PAIRS[a].agreement(key, PAIRS[b].mean(key)).statistic
                   for a, b in combinations(FILES, 2)] for label, key in between.items()}
own = {label: [found.agreement("coupled", key).statistic for found in PAIRS.values()]
       for label, key in (("first 150 steps", early_loss), ("to 95%", "fine_tuning"))}
pd.DataFrame(own, list(FILES)).rename_axis("coupled with its own fine-tuning").round(2)

# %% tags=["remove-cell"]
for name, label in (("coupled", "coupled"), ("early", "first 150 steps"), ("paper", "to 95%")):
    glue(f"capacity-between-{name}", f"{min(between[label]):.2f} to {max(between[label]):.2f}",
         display=False)
    if label in own:
        glue(f"capacity-own-{name}", f"{min(own[label]):.2f} to {max(own[label]):.2f}",
             display=False)

# %% mystnb={"figure": {"caption": "Fine-tuning's early loss against the coupled distance for the smallest CNN, the paper's network and the largest CNN; means over seeds. Six pairs each: a line joins the two sources of a target.", "name": "fig-capacity-scatter"}, "image": {"alt": "Three scatter plots of early loss against coupled distance, six points each, the two sources of a target joined. CNN of width 4: all three lines fall. CNN of width 16: two are nearly level and one falls. WRN-16-4: two fall and one is level."}} tags=["hide-input"]
_ = scatters({name: (PAIRS[name].mean("coupled"), PAIRS[name].mean(early_loss))
              for name in ("CNN, width 4", "CNN, width 16", "WRN-16-4")}, LADDER,
             "coupled distance", "early loss (nats)")
plt.show()

# %% [markdown]
# The networks agree about early loss, {glue:text}`capacity-between-early` between each two of them,
# and about coupled distances by {glue:text}`capacity-between-coupled`; about the length to 95% by
# {glue:text}`capacity-between-paper`. A network's coupled matrix has
# {glue:text}`capacity-own-early` with its own early loss and {glue:text}`capacity-own-paper` with
# its own length to 95%. Three tasks say no more.
#
# ## Live: one design in three widths
#
# Two convolutions and a linear layer on digits, with 4, 12 and 36 channels. The roads lead from the
# digits 0 to 4 to 5 to 9 and back, with two seeds.

# %% tags=["hide-input"]
def network(width):
    return lambda outputs, channels: nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * width, outputs))


def halves(train):
    data = tasks.digits(train)
    return [data.only(tuple(names), name) for name, names in (("0-4", "01234"), ("5-9", "56789"))]


WIDTHS = (4, 12, 36)
short = Settings(steps=6, sgd_steps=8, batch=32, pretrain_steps=120, fine_tune_steps=25,
                 iterations=2, block=5)
experiments = {width: Experiment("digits", halves, network(width), short, images=100,
                                 test_images=200)
               for width in WIDTHS}
live = {width: [unit for seed in (0, 1) for unit in all_pairs(experiment, seed).values()]
        for width, experiment in experiments.items()}
assert all(unit["coupled_cost"] <= unit["independent_cost"] for units in live.values()
           for unit in units), "the chosen coupling costs no more than the independent one"

# %% tags=["nbval-ignore-output"]
rows = {width: {"weights": weights(network(width)(10, 1))}
        | {key: np.mean([unit[key] for unit in units])
           for key in ("coupled", "uncoupled", "accuracy")} for width, units in live.items()}
digits = pd.DataFrame(rows).T.rename_axis("width")
assert digits["accuracy"].min() > 0.3, \
    "in the book's example every network learns; edit freely"
ends = zip(live[WIDTHS[0]], live[WIDTHS[-1]], strict=True)
falls = sum(large["coupled"] < small["coupled"] for small, large in ends)
glue("capacity-digits", f"{falls} of {len(live[WIDTHS[0]])}", display=False)
glue("capacity-digits-small", f"{digits.loc[WIDTHS[0], 'coupled']:.2f}", display=False)
glue("capacity-digits-large", f"{digits.loc[WIDTHS[-1], 'coupled']:.2f}", display=False)
digits.astype({"weights": int}).round(3)

# %% [markdown]
# The mean coupled road has length {glue:text}`capacity-digits-small` at width 4 and
# {glue:text}`capacity-digits-large` at width 36; the widest network has the shorter road in
# {glue:text}`capacity-digits` runs.

# %% [markdown]
# (capacity-long)=
# ## Longer training, on features
#
# Does the verdict turn when the networks have learnt more? Here the five super-classes are features
# of a frozen network, and the classifier has one hidden layer of 8, 32, 128 or 512: one design,
# twenty pairs, four lengths of training with two seeds each ({doc}`training_length`). The accuracy
# after fine-tuning is again what a choice by the road is judged by.

# %% tags=["hide-input", "claim C-148: depends on the measure", "claim C-154: depends on the measure"]
SIZES = {8: "hidden 8", 32: "hidden 32", 128: "features", 512: "hidden 512"}
of_sizes, of_128 = load("regime_capacity"), load("regime")
EPOCHS = [int(n) for n in of_sizes["config"]["seeds"]["hidden 8"]]
LONG = {(size, n): Pairs(at(of_128 if size == 128 else of_sizes, space, n), FIVE)
        for size, space in SIZES.items() for n in EPOCHS}


def grid(kind, name):
    """(sizes, epochs, seeds, pairs)"""
    return np.array([[LONG[size, n].runs(of(kind, name)) for n in EPOCHS] for size in SIZES])


lengths, tuned = grid("coupled", "length"), grid("fine_tuning", "accuracy")
drifts, carried = grid("coupled", "drift"), grid("coupled", "accuracy")
found = {}
for k, n in enumerate(EPOCHS):
    d, reached_there = lengths[:, k].mean(1), tuned[:, k].mean(1)  # (sizes, pairs)
    own = reached_there[d.argmin(0), np.arange(d.shape[1])]  # of the network with the shortest road
    found[n] = {**{f"length, {size}": d[i].mean() for i, size in enumerate(SIZES)},
                **{f"accuracy, {size}": reached_there[i].mean() for i, size in enumerate(SIZES)},
                "larger is shorter, 8 to 512": (d[-1] < d[0]).mean(),
                "larger is shorter, each step": (np.diff(d, axis=0) < 0).mean(),
                "the same of the drift": (np.diff(drifts[:, k].mean(1), axis=0) < 0).mean(),
                "shortest is the best of four": (own == reached_there.max(0)).mean(),
                "shortest is the worst": (own == reached_there.min(0)).mean(),
                "points lost by it": 100 * np.mean(reached_there.max(0) - own)}
longer_training = pd.DataFrame(found)
longer_training.rename_axis("epochs", axis=1).round(2)

# %% mystnb={"figure": {"caption": "Four networks with one hidden layer, on features of the five super-classes: mean length of the coupled road, and the accuracy on the target after it and after fine-tuning, against the length of training; means over twenty pairs and two seeds. The larger network has the longer road after one epoch and the shorter one after 64; it learns more at every length.", "name": "fig-capacity-long"}, "image": {"alt": "Three line charts against epochs, 1 to 64, a line for each of 8, 32, 128 and 512 hidden units. Coupled lengths rise from .1 to .4 to above 1.2 and cross between 16 and 64 epochs. Accuracies rise, the darkest line, 8 units, lowest, to .65 to .8."}} tags=["hide-input"]
fig, axes = plt.subplots(1, 3, figsize=(7.2, 3.0), layout="constrained")
shades = plt.cm.viridis(np.linspace(0, 0.85, len(SIZES)))
for i, (size, colour) in enumerate(zip(SIZES, shades, strict=True)):
    for ax, values in zip(axes, (lengths, carried, tuned), strict=True):
        ax.plot(EPOCHS, values[i].mean((1, 2)), "o-", ms=4, color=colour, label=f"{size}")
for ax, name in zip(axes, ("coupled length (Fisher-Rao)", "accuracy, coupled road",
                           "accuracy, fine-tuned"), strict=True):
    ax.set_xscale("log", base=4)
    ax.set(xlabel="epochs of pretraining", title=name, xticks=EPOCHS, xticklabels=EPOCHS)
axes[0].legend(title="hidden", fontsize=7)
plt.show()

# %% tags=["remove-cell"]
ends = {"first": EPOCHS[0], "last": EPOCHS[-1]}
for which, n in ends.items():
    one = longer_training[n]
    for size in (8, 512):
        glue(f"capacity-long-{size}-{which}", f"{one[f'length, {size}']:.2f}", display=False)
        glue(f"capacity-long-reached-{size}-{which}", f"{one[f'accuracy, {size}']:.2f}",
             display=False)
    for name, row in (("shorter", "larger is shorter, 8 to 512"),
                      ("best", "shortest is the best of four"),
                      ("worst", "shortest is the worst")):
        glue(f"capacity-long-{name}-{which}", f"{20 * one[row]:.0f} of 20", display=False)
    glue(f"capacity-long-lost-{which}", f"{one['points lost by it']:.1f}", display=False)
glue("capacity-long-epochs", EPOCHS[-1], display=False)

# %% [markdown]
# After one epoch, and a road and a fine-tuning of 16 SGD steps, the smallest network has the
# shortest road, {glue:text}`capacity-long-8-first` against {glue:text}`capacity-long-512-first`,
# and has learnt least: the network with 512 hidden has the shorter road in
# {glue:text}`capacity-long-shorter-first` pairs, and who takes the shortest road takes the worst of
# four in {glue:text}`capacity-long-worst-first`. That is the verdict of the short runs above.
#
# After {glue:text}`capacity-long-epochs` epochs it is turned: {glue:text}`capacity-long-8-last`
# against {glue:text}`capacity-long-512-last`, shorter for the larger one in
# {glue:text}`capacity-long-shorter-last` pairs. The shortest road is that of the best of four in
# {glue:text}`capacity-long-best-last` pairs and of the worst in
# {glue:text}`capacity-long-worst-last`; by lot it would be 5 of 20. It loses
# {glue:text}`capacity-long-lost-last` points of accuracy, where it lost
# {glue:text}`capacity-long-lost-first`. So both sentences, "shorter for a larger network" and "a
# constructive strategy", hold here from some length of training on, between 16 and 64 epochs, and
# fail before it: a network that has not learnt has not moved either.
#
# ## What the page found
#
# **In the printed numbers** nothing can be judged: the matrices of Figure 5 are not in our text,
# and the width of the CNN is not printed.
#
# **In our runs**, on three tasks with 800 images, learnt to {glue:text}`capacity-least` to
# {glue:text}`capacity-most` %.
#
# - "Shorter for all task pairs" {glue:text}`capacity-verdict`: WRN-16-4 has a shorter road than the
#   CNN of width 8 in {glue:text}`capacity-against-8` runs, and than WRN-10-1 in
#   {glue:text}`capacity-against-WRN-10-1`. From width 4 to width 16 the mean coupled road goes from
#   {glue:text}`capacity-coupled-small` to {glue:text}`capacity-coupled-large`, shorter in
#   {glue:text}`capacity-coupled` runs; on digits in {glue:text}`capacity-digits`.
# - Within a design a larger network pays less length for a unit of accuracy.
# - "A constructive strategy for selecting architectures": the shortest road selects the best of
#   five networks in {glue:text}`capacity-best` runs, the worst in {glue:text}`capacity-worst`; by
#   means over seeds no better and no worse than lot.
#
# **On features**, with one hidden layer of 8 to 512, it turns with the training: after one epoch
# the largest network has the shorter road in {glue:text}`capacity-long-shorter-first` pairs, after
# {glue:text}`capacity-long-epochs` in {glue:text}`capacity-long-shorter-last`; the shortest road is
# the best of four in {glue:text}`capacity-long-best-first` and {glue:text}`capacity-long-best-last`
# pairs.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-capacity-width
#
# How does the number of weights of the 8-layer CNN depend on its width? Find the polynomial from
# the three widths of the table, and the width at which the CNN has as many weights as WRN-16-4.
# :::
#
# ````{solution-start} ex-capacity-width
# :class: dropdown
# ````
# A convolution between two layers whose widths are multiples of $w$ has a number of weights in
# proportion to $w^2$; the first layer, batch norm, the biases and the last layer have one in
# proportion to $w$, and the last layer's biases are left. So it is a polynomial of degree 2, and
# three widths give it.

# %%
widths = np.array([4, 8, 16])
found = np.polyfit(widths, [weights(CNN(10, 3, w)) for w in widths], 2)
assert np.isclose(np.polyval(found, 96), weights(CNN(10, 3, 96))), \
    "a polynomial of degree 2, for every width"
square, linear, constant = found
equal = np.roots([square, linear, constant - of_paper]).max()
print(f"{square:.0f} w² + {linear:.0f} w + {constant:.0f}; "
      f"as many as WRN-16-4 at w = {equal:.1f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-capacity-luck
#
# Suppose that the road says nothing, and the network with the shortest one is any of the five. How
# probable is it then to take the best one as seldom as here, and the worst one as often? What makes
# the two probabilities too small?
# :::
#
# ````{solution-start} ex-capacity-luck
# :class: dropdown
# ````
# If runs are independent, the number of hits is binomial with 1/5. They are not: the six pairs
# share three tasks, and the seeds of a pair agree. With one run a pair, its means over the seeds,
# both numbers are less remarkable.

# %%
rows = {}
for name, roads, accuracies in (("each seed", length, reached),
                                ("means over seeds", length.mean(1), reached.mean(1))):
    best, worst = (int((roads.argmin(0) == end).sum())
                   for end in (accuracies.argmax(0), accuracies.argmin(0)))
    runs_ = roads[0].size
    rows[name] = {
        "runs": runs_, "best": best, "as seldom by luck": binom.cdf(best, runs_, 0.2),
        "worst": worst, "as often by luck": binom.sf(worst - 1, runs_, 0.2)}
luck = pd.DataFrame(rows).T
assert (luck.iloc[1, [2, 4]] > luck.iloc[0, [2, 4]]).all(), "fewer runs say less"
luck.round(3)

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-capacity-five
#
# Over the five networks the mean length has a high correlation with the accuracy. In how many of
# the 120 orders of the five accuracies would it be as high, or higher?
# :::
#
# ````{solution-start} ex-capacity-five
# :class: dropdown
# ````
# All orders can be tried. Five networks are few, and two designs are not five independent networks:
# the correlation is one more way to say that the two wide residual networks, which learn most, have
# the longest roads.

# %%
roads, accuracies = length.mean((1, 2)), reached.mean((1, 2))
orders = np.array([np.corrcoef(roads, order)[0, 1]
                   for order in permutations(accuracies)])
high = int((orders >= of_means - 1e-9).sum())
print(f"{high} of {len(orders)} orders, p = {high / len(orders):.3f}")
assert len(orders) == 120 and 1 <= high < 30, "in the stored runs"

# %% [markdown]
# ````{solution-end}
# ````
