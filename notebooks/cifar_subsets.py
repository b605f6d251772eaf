# %% [markdown]
# # Subsets of CIFAR
#
# **Question.** Is it nearer from a task to a part of it than from the part to the whole? And what
# else can Figure 2 of {cite:t}`gao2021` show, whose tasks are CIFAR-100, CIFAR-10, and the animals
# and vehicles of CIFAR-10?
#
# A network for ten classes has learned all that four of them need, and one for four has most of ten
# to learn. A distance between tasks that does not say so fails a sanity check; a symmetric one must
# fail it. The page tries the printed matrices, our own on CIFAR, and a live version on clothes.

# %% tags=["hide-input"]
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from myst_nb import glue

from tdist import mantel, tasks
from tdist.networks import SmallCNN
from tdist.plots import matrices, use_book_style
from tdist.studies import Pairs, load
from tdist.studies.distances import all_pairs
from tdist.studies.experiments import Experiment, printed
from tdist.studies.pairs import Rows, share
from tdist.transfer import Settings

use_book_style()
torch.set_num_threads(1)
pd.set_option("display.max_colwidth", None)

# %% [markdown]
# ## What was printed
#
# Rows are sources, columns are targets. The uncoupled matrix, Figure 2d, is not among the numbers
# that we have.

# %% mystnb={"figure": {"caption": "Figure 2 of the paper. CIFAR-100 is the farthest target in both asymmetric matrices (first column), but not the farthest source (first row).", "name": "fig-subsets-printed"}}
figure_2 = printed()["fig2"]
names = figure_2["tasks"]
C, T, F = (np.array(figure_2[key], float) for key in ("coupled", "task2vec", "fine_tuning"))
panels = {"coupled": C, "Task2Vec": T, "fine-tuning": F}
_ = matrices(panels, names, columns=3, printed=panels)
plt.show()

# %% [markdown]
# `judge` writes down a claim of Section 5.4 or of the caption, whether the matrices bear it out,
# and the numbers.

# %%
verdicts = []
CIFAR100, CIFAR10, ANIMALS, VEHICLES = range(4)
parts = (ANIMALS, VEHICLES)
off = ~np.eye(4, dtype=bool)


def judge(claim, holds, *numbers):
    verdicts.append((claim, "true" if holds else "false"))
    print(f"{verdicts[-1][1]:>5}: {claim}", *(f"         {line}" for line in numbers), sep="\n")


for label, m in panels.items():
    judge(f"{label}: to a subset is easier than from it",
          all(m[CIFAR10, p] < m[p, CIFAR10] for p in parts),
          *(f"CIFAR-10 to {names[p]} {m[CIFAR10, p]:g}, back {m[p, CIFAR10]:g}" for p in parts))
assert [verdict for _, verdict in verdicts] == ["true", "false", "true"]

# %% [markdown]
# True of both distances that can be asymmetric, in two of two pairs each.

# %%
within = [C[a, b] for p in parts for a, b in ((CIFAR10, p), (p, CIFAR10))]
elsewhere = [C[a, b] for a, b in np.argwhere(off) if CIFAR10 not in (a, b) or CIFAR100 in (a, b)]
judge("animals and CIFAR-10, vehicles and CIFAR-10 are close to each other",
      max(within) <= min(elsewhere),
      f"these: {sorted(map(float, within))}; the least of the others: {min(elsewhere):g}")
judge("CIFAR-100 is far away from all tasks, as a target", C[1:, CIFAR100].min() > C[1:, 1:].max(),
      f"to CIFAR-100: {C[1:, CIFAR100].tolist()}; the largest without it: {C[1:, 1:].max():g}")
judge("CIFAR-100 is far away from all tasks, as a source", C[CIFAR100, 1:].min() > C[1:, 1:].max(),
      f"from CIFAR-100: {C[CIFAR100, 1:].tolist()}; the largest without it: {C[1:, 1:].max():g}")
judge("CIFAR-100 is closer to CIFAR-10 than to the others, as a target",
      C[CIFAR10, CIFAR100] == C[1:, CIFAR100].min())
judge("CIFAR-100 is closer to CIFAR-10 than to the others, as a source",
      C[CIFAR100, CIFAR10] < C[CIFAR100, 2:].min(),
      f"from CIFAR-100: {dict(zip(names[1:], C[CIFAR100, 1:].tolist(), strict=True))}")
judge("Task2Vec: animals and vehicles are the farthest", T[ANIMALS, VEHICLES] == T.max())
judge("fine-tuning from animals to vehicles is relatively easy",
      F[ANIMALS, VEHICLES] < np.median(F[off]),
      f"{F[ANIMALS, VEHICLES]:g}, and back {F[VEHICLES, ANIMALS]:g}; "
      f"median of all pairs {np.median(F[off]):g}")
print([verdict for _, verdict in verdicts[3:]])

# %% [markdown]
# "Far from all tasks" holds for the way *to* CIFAR-100. The way from it, .15 to .17, is longer than
# five of the six distances among the other tasks and shorter than the sixth, vehicles to animals,
# .23; and its nearest target is vehicles, not CIFAR-10.
#
# ## What four tasks can say
#
# Mantel's test {eq}`eq-five-mantel` has $4! = 24$ orders of four tasks, so that the smallest
# possible $p$ is .042 one-sided and .083 doubled. The printed $r$ are not correlations; what they
# are is worked out with {eq}`eq-five-printed`.

# %%
rows = {}
for label, key, m in (("coupled", "coupled", C), ("Task2Vec", "task2vec", T),
                      ("fine-tuning", "fine_tuning_with_itself", F)):
    test, paper = mantel(m, F), figure_2["printed"][key]
    rows[label] = {"r": test.statistic, "p one-sided": test.pvalue,
                   "least p": 1 / test.permutations, "r printed": paper["r"],
                   "p printed": paper["p"]}
trial = pd.DataFrame(rows).T
assert np.allclose(trial["r"], [.925, -.141, 1], atol=6e-4) and trial["p one-sided"].min() > 0.04
trial.round(3)

# %% [markdown]
# The coupled distance correlates with fine-tuning as well as four tasks can show. How much of that
# would something simpler show? The number of classes of the target knows nothing about images.

# %%
classes = np.array([100, 10, 6, 4])
simple = np.where(off, np.log(classes)[None, :], 0)
only_ten, count_ten = mantel(C[1:, 1:], F[1:, 1:]), mantel(simple[1:, 1:], F[1:, 1:])
test = mantel(simple, F)
print(f"log of the target's classes: r = {test.statistic:.3f}, p = {test.pvalue:.3f};",
      f"coupled: r = {trial.loc['coupled', 'r']:.3f}")
for label, three in (("coupled", only_ten), ("log of the target's classes", count_ten)):
    print(f"{label}, without CIFAR-100: r = {three.statistic:.3f}, p = {three.pvalue:.3f}")
print(f"least possible p without CIFAR-100: {1 / only_ten.permutations:.3f}")
assert test.statistic > 0.9 > 0.5 > count_ten.statistic
glue("subsets-count-three", f"{count_ten.statistic:.2f}", display=False)
glue("subsets-simple", f"{test.statistic:.2f}", display=False)
glue("subsets-three", f"{only_ten.statistic:.2f}", display=False)

# %% [markdown]
# The logarithm of the number of classes has r = {glue:text}`subsets-simple` over four tasks.
# Without CIFAR-100 it has {glue:text}`subsets-count-three`, and the coupled distance
# {glue:text}`subsets-three`; but three tasks allow no $p$ below 1/6. So the printed matrix looks
# like more than a count, and is too small to show it.
#
# :::{admonition} Printed wrong
# :class: erratum printed-wrong
# **Printed.** Figure 2: coupled transfer has $r$ = .428 with $p$ = .13, and uncoupled transfer the
# same $r$; "CIFAR-100 is far away from all tasks (it is closer to CIFAR-10 than others)".
#
# **Decided by.** The table and the list of claims above.
#
# **True.** The correlation of the printed matrices is .925, and $p$ = 1/24, the least that there
# is. CIFAR-100 is far as a target. As a source it is nearer than vehicles to animals, and nearest
# to vehicles.
# :::
#
# ## Our runs
#
# Each task has {glue:text}`subsets-images` images, drawn at random, so CIFAR-100 has about
# {glue:text}`subsets-per-class` images a class (the paper does not give its number). The network is
# the 8-layer CNN with {glue:text}`subsets-weights` weights, trained on two CPU cores; no GPU was at
# hand. Classes are known by name: CIFAR-10 and its parts share outputs, CIFAR-100 and CIFAR-10
# share none. Couplings are in blocks of {glue:text}`subsets-block` images and start from features
# of an EfficientNet-Lite0, here and in every stored run on images; the paper has blocks of up to 30
# and a ResNet-50.
#
# On a processor of another kind a stored length of digits moved by 1.0 to 1.4%
# ({doc}`five_superclasses`); these may move as much.

# %%
stored = load("cifar_subsets")
units, config = stored["units"], stored["config"]
pairs = Pairs(units, names)
KEYS = {"coupled": "coupled", "uncoupled": "uncoupled", "fine_tuning": "fine-tuning"}
every = {key: pairs.matrices(key) for key in (
    *KEYS, "fine_tuning_full", "coupled_riemannian", "uncoupled_riemannian")}  # (seeds, 4, 4)
embedded = load("task2vec_cifar_subsets")
every["task2vec"] = Rows(embedded["units"], names, pairs.seeds).matrices("task2vec")
for name, value in {"seen": f"{embedded['config']['task2vec']['images']:,}",
                    "images": f"{config['images']:,}", "per-class": config["images"] // 100,
                    "weights": f"{config['weights']:,}",
                    "block": config["settings"]["block"]}.items():
    glue(f"subsets-{name}", value, display=False)
print(f"seeds: {list(pairs.seeds)}; device: {stored['device']};",
      f"{stored['seconds'] / 3600:.1f} hours")

# %% mystnb={"figure": {"caption": "Our matrices, means over seeds (blue), above the printed coupled and fine-tuning ones (grey). Our roads are Fisher-Rao lengths, fine-tuning is a length of weights; compare patterns, not sizes.", "name": "fig-subsets-ours"}}
theirs = {"coupled, printed": C, "": None, "fine-tuning, printed": F}
ours = {label: pairs.mean(key) for key, label in KEYS.items()}
_ = matrices(ours | theirs, names, columns=3, printed=theirs)
plt.show()

# %% [markdown]
# A seed draws other images, another network and other batches. How much do the twelve entries of a
# matrix change with it, and how much is learnt on a road?

# %%
accuracies = {"after coupled": "accuracy",
              "after fine-tuning": lambda unit: unit["fine_tuning_accuracies"][-1]}
ends = {label: np.where(off, pairs.mean(key), np.nan) for label, key in accuracies.items()}
for label, values in ((label, pairs.spread(key)) for key, label in KEYS.items()):
    print(f"{label}: standard deviation over seeds {values.min():.2f} to {values.max():.2f}")
for name, values in zip(("road", "fine"), ends.values(), strict=True):
    learnt = 100 * values[1:, CIFAR100]
    glue(f"subsets-learnt-{name}", f"{learnt.min():.0f} to {learnt.max():.0f}", display=False)
reached = {target: np.concatenate([values[off[:, target], target] for values in ends.values()])
           for target in (CIFAR10, *parts)}
for target, values in reached.items():
    glue(f"subsets-reached-{target}", f"{100 * values.min():.0f} to {100 * values.max():.0f}",
         display=False)
assert np.nanmax(ends["after fine-tuning"][1:, CIFAR100]) < 0.15
assert all(reached[target].min() > 2 / classes[target] for target in (CIFAR10, ANIMALS))
assert reached[VEHICLES].min() > 0.5

# %% mystnb={"figure": {"caption": "Accuracy on the target's test images at the end of the coupled road and of fine-tuning, in percent, means over seeds. Chance is 1 for CIFAR-100, 10 for CIFAR-10, 17 for animals, 25 for vehicles.", "name": "fig-subsets-accuracy"}} tags=["hide-input"]
percent = {f"accuracy {label}": 100 * np.nan_to_num(values) for label, values in ends.items()}
_ = matrices(percent, names)
plt.show()

# %% [markdown]
# CIFAR-10 is learnt to {glue:text}`subsets-reached-1` %, animals to {glue:text}`subsets-reached-2`
# % and vehicles to {glue:text}`subsets-reached-3` %. CIFAR-100, with {glue:text}`subsets-per-class`
# images a class, is hardly learnt: {glue:text}`subsets-learnt-road` % on the coupled road,
# {glue:text}`subsets-learnt-fine` % by fine-tuning. Its column is the length of roads that did not
# arrive.
#
# **Units.** If the printed values came from the authors' program, which adds up $\sqrt{\mathrm{KL}}
# / K$ over $K = 100$ steps, a value $v$ is a Fisher-Rao length of $\sqrt 2\, K v$: .081 to .31 are
# 11 to 44.
#
# The sanity check, for each of the two parts and each seed, and the paper's other claims about the
# coupled matrix:

# %%
asymmetry = {label: [[m[CIFAR10, p] < m[p, CIFAR10] for p in parts] for m in every[key]]
             for key, label in KEYS.items()}
coupled, rest = every["coupled"], (1, 2, 3)
family = np.zeros((4, 4), bool)  # CIFAR-10 and its parts, either way
for p in parts:
    family[CIFAR10, p] = family[p, CIFAR10] = True
others = off & ~family
longer = {"11": pairs.longer("uncoupled", "coupled"),
          "5": pairs.longer("uncoupled_riemannian", "coupled_riemannian")}
checks = {f"{label}: to a part is nearer than back": holds for label, holds in asymmetry.items()}
checks |= {
    "coupled: CIFAR-100 is the farthest target of every source":
        [m[s, CIFAR100] == m[s].max() for m in coupled for s in rest],
    "coupled: CIFAR-100 is the nearest target of every source":
        [m[s, CIFAR100] == m[s, off[s]].min() for m in coupled for s in rest],
    "coupled: of all targets, CIFAR-100's nearest is CIFAR-10":
        [m[CIFAR100, CIFAR10] == m[CIFAR100, 1:].min() for m in coupled],
    "coupled: CIFAR-10 and its parts are the closest":
        [m[family].max() <= m[others].min() for m in coupled],
    "coupled: CIFAR-10 and its parts are the farthest":
        [m[family].min() >= m[others].max() for m in coupled],
    "uncoupled is longer, equation 11": longer["11"],
    "uncoupled is longer, equation 5": longer["5"]}
pd.Series({claim: share(holds) for claim, holds in checks.items()}, name="true in").to_frame()

# %% tags=["hide-input"]
nearest = checks["coupled: CIFAR-100 is the nearest target of every source"]
assert all(nearest) and (every["fine_tuning"].mean(0)[1:].argmax(1) == CIFAR100).all()
shorter = every["uncoupled"] < coupled  # (seeds, 4, 4)
whole = [[m[CIFAR10, p] < m[p, CIFAR10] for p in parts] for m in every["fine_tuning_full"]]
for name, value in {"nearest": share(nearest), "whole": share(whole),
                    "fine": share(asymmetry["fine-tuning"]),
                    "coupled": share(asymmetry["coupled"]),
                    "uncoupled": share(asymmetry["uncoupled"]),
                    "short-all": int(shorter[:, off].sum()),
                    "short-100": int(shorter[:, 1:, CIFAR100].sum()),
                    "longer-11": share(longer["11"]), "longer-5": share(longer["5"])}.items():
    glue(f"subsets-{name}", value, display=False)

# %%
rows, rivals = {}, {key: values for key, values in every.items() if "fine" not in key}
rivals["classes"] = np.array([simple] * len(pairs.seeds))
for label, fine in (("to 95%", "fine_tuning"), ("whole", "fine_tuning_full")):
    for key, values in rivals.items():
        test = pairs.agreement(fine, values.mean(0))
        of_seeds = [mantel(a, b).statistic for a, b in zip(values, every[fine], strict=True)]
        rows.setdefault(key.replace("_", " "), {}).update({
            f"r, {label}": f"{test.statistic:.2f}", f"p, {label}": f"{test.pvalue:.3f}",
            f"seeds, {label}": f"{min(of_seeds):.2f} to {max(of_seeds):.2f}"})
        glue(f"subsets-{fine}-{key}".replace("_", "-"),
             f"{test.statistic:.2f} (p = {test.pvalue:.2f})", display=False)
print(f"least possible p: {1 / test.permutations:.3f}")
at_start = pairs.matrices(lambda unit: unit["fine_tuning_losses"][0]) - np.log(classes)
above = {"to": at_start[:, CIFAR10, parts].ravel(), "back": at_start[:, parts, CIFAR10].ravel()}
print("loss at the start less that of flat predictions, nats:",
      *(f"{name:>4}: {min(x):+.2f} to {max(x):+.2f}" for name, x in above.items()), sep="\n")
for key, label, theirs in (("coupled", "coupled", C), ("fine_tuning", "fine-tuning", F)):
    test = pairs.agreement(key, theirs)
    print(f"{label}, ours with the printed one: r = {test.statistic:.2f}, p = {test.pvalue:.3f}")
    glue(f"subsets-theirs-{key}".replace("_", "-"),
         f"{test.statistic:.2f} (p = {test.pvalue:.2f})", display=False)
pd.DataFrame(rows).T

# %% tags=["hide-input"]
assert max(above["to"]) < 0 < min(above["back"])
for name, found in above.items():
    sizes = np.abs(found)
    glue(f"subsets-start-{name}", f"{sizes.min():.2f} to {sizes.max():.2f}", display=False)
for key in ("coupled", "fine_tuning"):
    for side in ("source", "target"):
        glue(f"subsets-{side}-{key}".replace("_", "-"), f"{pairs.share(key, side):.0%}",
             display=False)
glue("subsets-family", f"{coupled[:, family].mean():.2f}", display=False)
glue("subsets-others", f"{coupled[:, others].mean():.2f}", display=False)
arrived = others & (np.arange(4) != CIFAR100)
glue("subsets-arrived", f"{coupled[:, arrived].mean():.2f}", display=False)

# %% [markdown]
# With the fine-tuning distance, which stops at 95% of the final accuracy, the coupled distance
# correlates {glue:text}`subsets-fine-tuning-coupled`, the uncoupled one
# {glue:text}`subsets-fine-tuning-uncoupled`, Task2Vec {glue:text}`subsets-fine-tuning-task2vec`
# (printed .03; its printed matrix has -.14), and the logarithm of the number of classes of the
# target, *classes* in the table, {glue:text}`subsets-fine-tuning-classes` ("riemannian" is equation
# 5). Both roads tend to be long where this fine-tuning is short. Our fine-tuning matrix and the
# printed one have $r$ = {glue:text}`subsets-theirs-fine-tuning`, the two coupled ones
# {glue:text}`subsets-theirs-coupled`. (Task2Vec sees {glue:text}`subsets-seen` of a task's images.)
#
# With the *whole* path of fine-tuning, the same number of SGD steps for every pair, the signs turn:
# coupled {glue:text}`subsets-fine-tuning-full-coupled`, uncoupled
# {glue:text}`subsets-fine-tuning-full-uncoupled`, Task2Vec
# {glue:text}`subsets-fine-tuning-full-task2vec`, classes
# {glue:text}`subsets-fine-tuning-full-classes`. To a part of CIFAR-10 the rule of 95% stops at once
# or soon, while SGD, and a road, would go on moving. To CIFAR-100 it stops late, after many steps
# that move little. So the sign is decided by where fine-tuning is stopped, not by the roads. With
# four tasks neither is strong evidence, and on clothes the whole path does not agree with the roads
# ({doc}`clothes`).
#
# The paper finds CIFAR-10 and its parts close to each other. Ours are {glue:text}`subsets-family`
# apart on average, all other pairs {glue:text}`subsets-others`, or {glue:text}`subsets-arrived`
# without the roads to CIFAR-100, which did not arrive: CIFAR-10 and its parts are no nearer than
# the rest. Nor are the roads to a part long because the network is sure and wrong at their start:
# its loss there is {glue:text}`subsets-start-to` nats below that of flat predictions, on the way
# back {glue:text}`subsets-start-back` above it.
#
# The length of a coupled road goes with its source. Of the variance among the twelve, the means of
# the four sources make up {glue:text}`subsets-source-coupled` and those of the targets
# {glue:text}`subsets-target-coupled` (they overlap: a task is not paired with itself); of
# fine-tuning's, {glue:text}`subsets-source-fine-tuning` and
# {glue:text}`subsets-target-fine-tuning`. A road that starts from many classes is long wherever it
# leads, and one from four is short. That is enough to fail the check.
#
# The uncoupled road is longer in {glue:text}`subsets-longer-11` runs under equation 11 and in
# {glue:text}`subsets-longer-5` under equation 5. Of the {glue:text}`subsets-short-all` exceptions
# under equation 11 {glue:text}`subsets-short-100` are roads to CIFAR-100.
#
# ## Live: pieces of a wardrobe
#
# The same question on Fashion-MNIST, scaled to 8 x 8: all ten classes, the four kinds of tops, and
# the three kinds of shoes. Few images and a small network; seconds.

# %%
TOPS, SHOES = ("t-shirt", "pullover", "coat", "shirt"), ("sandal", "sneaker", "ankle boot")


def wardrobe(train):
    data = tasks.fashion_mnist().resized(8)
    part = slice(None, 4000) if train else slice(4000, None)
    data = replace(data, name="all", images=data.images[part], labels=data.labels[part])
    return [data, data.only(TOPS, "tops"), data.only(SHOES, "shoes")]


short = Settings(steps=6, sgd_steps=8, batch=32, pretrain_steps=500, fine_tune_steps=75,
                 iterations=2, block=5)
clothes = Experiment("wardrobe", wardrobe, SmallCNN, short, images=200, test_images=200)
live = all_pairs(clothes, seed=0)
assert all(unit["coupled_cost"] <= unit["independent_cost"] for unit in live.values())

# %% mystnb={"figure": {"caption": "Pieces of Fashion-MNIST. The check compares the first row, from all clothes to a piece, with the first column, back. Fine-tuning passes; the lengths of a network trained on few images need not.", "name": "fig-subsets-wardrobe"}} tags=["nbval-ignore-output"]
pieces = ["all", "tops", "shoes"]
small = {key: Pairs(live, pieces).mean(key) for key in KEYS}
_ = matrices({KEYS[key]: values for key, values in small.items()}, pieces, columns=3)
plt.show()

# %% tags=["nbval-ignore-output"]
assert small["fine_tuning"][0, 1:].mean() < small["fine_tuning"][1:, 0].mean()
for key, values in small.items():
    holds = values[0, 1:] < values[1:, 0]
    glue(f"subsets-live-{key.replace('_', '-')}", f"{holds.sum()} of 2", display=False)
    print(f"{KEYS[key]}: to a piece is nearer than back in {holds.sum()} of 2; "
          f"means: to it {values[0, 1:].mean():.2f}, back {values[1:, 0].mean():.2f}")

# %% [markdown]
# To a piece is nearer than back in {glue:text}`subsets-live-coupled` (coupled),
# {glue:text}`subsets-live-uncoupled` (uncoupled) and {glue:text}`subsets-live-fine-tuning`
# (fine-tuning). Why it fails is not measured. Our tasks are drawn apart: a network that was trained
# on 20 images of each kind meets *other* images of the same kinds as its target. On digits, where
# the network is right about new images too, the check holds for every pair
# ({numref}`fig-five-digits`).
#
# ## What the page found
#
# The claims about the printed matrices, with their verdicts:

# %% tags=["hide-input"]
pd.DataFrame(verdicts, columns=["the claim", "verdict"]).set_index("the claim")

# %% [markdown]
# - To a subset is nearer than from it: in both printed asymmetric matrices; in ours on CIFAR in
#   {glue:text}`subsets-coupled` cases (coupled), {glue:text}`subsets-uncoupled` (uncoupled) and
#   {glue:text}`subsets-fine` (fine-tuning to 95%; its whole path {glue:text}`subsets-whole`, by
#   little). A symmetric distance must fail it, and an asymmetric one can: a coupled length goes
#   with its source, and the whole has more classes than its part. On digits coupled and uncoupled
#   pass it alike.
# - With our fine-tuning, stopped at 95% of its final accuracy, the coupled distance has $r$ =
#   {glue:text}`subsets-fine-tuning-coupled`; with the whole path of fine-tuning
#   {glue:text}`subsets-fine-tuning-full-coupled`. Where to stop decides the sign.
# - Our fine-tuning matrix agrees with the printed one, $r$ =
#   {glue:text}`subsets-theirs-fine-tuning`. Our coupled matrix and the printed one do not:
#   {glue:text}`subsets-theirs-coupled`.
# - Printed: CIFAR-100 is the farthest target. Found: the nearest, in {glue:text}`subsets-nearest`
#   cases, and the one that is hardly learnt; by fine-tuning to 95% it is the farthest in the mean,
#   as printed.
# - Printed: uncoupled is always longer than coupled. Found: in {glue:text}`subsets-longer-11` runs
#   under equation 11, in {glue:text}`subsets-longer-5` under equation 5.
# - The printed coupled matrix has a correlation of .93 with fine-tuning, not .43. The logarithm of
#   the number of classes of the target has {glue:text}`subsets-simple`, and
#   {glue:text}`subsets-count-three` without CIFAR-100, where the coupled distance has
#   {glue:text}`subsets-three`. Three or four tasks cannot tell a distance between tasks from a
#   count with a small $p$.
