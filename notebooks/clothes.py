# %% [markdown]
# # Clothes
#
# **Question.** On tasks made of clothes, does the coupled transfer distance order pairs as
# fine-tuning does, and is it shorter to a part of the classes than from it?
#
# {cite:t}`gao2021` ask this of Deep Fashion and print the result in a supplement that was not at
# hand, so there is no printed matrix on this page. The terms of Deep Fashion forbid passing its
# images on. Two free collections take its place: the piece of Fashion-MNIST {cite:p}`xiao2017` that
# comes with the package, for what runs here, and A. Grigorev's photographs of clothes (CC0) for the
# stored run.

# %% tags=["hide-input"]
from math import factorial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from myst_nb import glue

from tdist.networks import SmallCNN
from tdist.plots import COMPUTED, OTHER, matrices, use_book_style
from tdist.studies import Pairs, load
from tdist.studies.distances import all_pairs
from tdist.studies.experiments import CLOTHES, Experiment
from tdist.studies.pairs import share
from tdist.tasks import fashion_mnist
from tdist.transfer import Settings

use_book_style()
torch.set_num_threads(1)

# %% [markdown]
# ## Four tasks of Fashion-MNIST
#
# Tops, long pieces (trousers and dresses) and shoes, and all ten classes. The first three are parts
# of the last: what they have in common with it they share by name, so that a network has one output
# for each of ten classes.

# %%
GROUPS = {"tops": ("t-shirt", "pullover", "coat", "shirt"), "long": ("trouser", "dress"),
          "shoes": ("sandal", "sneaker", "ankle boot")}
data = fashion_mnist()
print(", ".join(data.classes))
data = data.resized(14)


def fashion_groups(train):
    """The first half of the shipped images to train, the second to test."""
    half = slice(None, 3000) if train else slice(3000, None)
    part = type(data)(data.name, data.images[half], data.labels[half], data.classes)
    return [part.only(classes, name) for name, classes in GROUPS.items()] + [
        part.only(part.classes, "all")]


# %% [markdown]
# The same study that made the stored results of the other pages runs on them with a small network.

# %% tags=["nbval-ignore-output"]
short = Settings(steps=8, sgd_steps=6, batch=16, iterations=2, block=8, pretrain_steps=500,
                 fine_tune_steps=100)
LIVE = Experiment("fashion", fashion_groups,
                  lambda outputs, channels: SmallCNN(outputs, channels, size=14), short,
                  images=160, test_images=200)
names, KEYS = (*GROUPS, "all"), ("coupled", "uncoupled", "fine_tuning")
live = Pairs(all_pairs(LIVE), names)
assert live.longer("independent_cost", "coupled_cost").all()
assert not live.longer("coupled", "coupled_riemannian").any()
reached = live.runs("accuracy")
print(f"accuracy at the end of the coupled roads: {reached.min():.2f} to {reached.max():.2f}")

# %% mystnb={"figure": {"caption": "Coupled, uncoupled and fine-tuning distances between four tasks of Fashion-MNIST. By fine-tuning the last row, from all classes to a part of them, is short. By roads the difference is smaller.", "name": "fig-clothes-live"}} tags=["hide-input", "nbval-ignore-output"]
_ = matrices({key.replace("_", "-"): live.mean(key) for key in KEYS}, names, columns=3)
plt.show()

# %% [markdown]
# ## To a part, and from it
#
# A network that tells all clothes apart tells shoes apart. The paper calls it a sanity check that
# transferring to a subset is shorter than from it. Where classes are known by name this can be
# expected of fine-tuning: nothing new has to be learnt.

# %% tags=["nbval-ignore-output"]
def to_and_from(pairs):
    """Distances from the whole, the last task, to each part and back, mean over seeds."""
    mean = {key: pairs.mean(key) for key in KEYS}
    return pd.DataFrame({(part, key.replace("_", "-")): {"from all": mean[key][-1, i],
                                                         "to all": mean[key][i, -1]}
                         for i, part in enumerate(pairs.names[:-1]) for key in KEYS}).T


subset_check = to_and_from(live)
shorter = (subset_check["from all"] < subset_check["to all"]).unstack().sum()
for key in ("coupled", "uncoupled", "fine-tuning"):
    glue(f"clothes-live-{key}", f"{shorter[key]} of {len(GROUPS)}", display=False)
assert shorter["fine-tuning"] >= 2
subset_check.round(2)

# %% [markdown]
# From all to a part is the shorter way for {glue:text}`clothes-live-coupled` parts in coupled
# transfer, {glue:text}`clothes-live-uncoupled` in uncoupled and
# {glue:text}`clothes-live-fine-tuning` by fine-tuning, which stops at once where the target is
# known already. A road has a length even where little has to be learnt, so on these few steps the
# check need not hold; why it does not is not measured here.
#
# ## Against fine-tuning
#
# With four tasks there are $4! = 24$ permutations, and no $p$ can be below $1/24 = 0.042$.

# %% tags=["nbval-ignore-output"]
def correlations(pairs, fine="fine_tuning"):
    """Mantel's test of coupled and uncoupled against fine-tuning, means over seeds."""
    tests = {key: pairs.agreement(key, fine) for key in ("coupled", "uncoupled")}
    return pd.DataFrame({key: {"r": test.statistic, "p": test.pvalue,
                               "smallest possible p": 1 / test.permutations}
                         for key, test in tests.items()}).T


live_tests = correlations(live)
assert (live_tests["p"] >= 1 / factorial(4) - 1e-12).all()
for key in ("coupled", "uncoupled"):
    glue(f"clothes-live-mantel-{key}",
         f"{live_tests['r'][key]:.2f} (p = {live_tests['p'][key]:.3f})", display=False)
live_tests.round(3)

# %% [markdown]
# Live, coupled has {glue:text}`clothes-live-mantel-coupled` and uncoupled
# {glue:text}`clothes-live-mantel-uncoupled`.

# %% [markdown]
# ## Photographs
#
# The stored run groups the photographs as Deep Fashion might have been grouped, by where clothes
# are worn. The command is `python -m tdist.studies run clothes`.
#
# On a processor of another kind a stored length of digits moved by 1.0 to 1.4%
# ({doc}`five_superclasses`); these may move as much.

# %%
stored = load("clothes")
units, config = stored["units"], stored["config"]
parts, whole = list(CLOTHES), "all clothes"
tasks = [*parts, whole]
pairs = Pairs(units, tasks)
seeds = list(pairs.seeds)
print({name: ", ".join(classes) for name, classes in CLOTHES.items()})
print(f"seeds {seeds}, all images of a task, {config['network']} of {config['weights']} weights",
      stored["device"], sep="\n")
glue("clothes-images", f"{config['images']:,}", display=False)
glue("clothes-steps", config["settings"]["steps"] * config["settings"]["sgd_steps"], display=False)
glue("clothes-weights", f"{config['weights']:,}", display=False)
glue("clothes-seeds", len(seeds), display=False)

# %% [markdown]
# All {glue:text}`clothes-images` training photographs, 32 x 32, on roads of
# {glue:text}`clothes-steps` steps of SGD; the network is small, {glue:text}`clothes-weights`
# weights, because no GPU was at hand. Seeds: {glue:text}`clothes-seeds`. Dresses, hats, outwear and
# shoes are in neither part; so there are three tasks, and no $p$ below 1/6.

# %% mystnb={"figure": {"caption": "The stored distances between tasks of photographed clothes, means over seeds. The paper prints its matrices for Deep Fashion in a supplement that was not at hand.", "name": "fig-clothes-stored"}} tags=["hide-input"]
mean = {key: pairs.mean(key) for key in KEYS}
_ = matrices({key.replace("_", "-"): mean[key] for key in KEYS}, tasks, columns=3)
plt.show()

# %%
off = ~np.eye(len(tasks), dtype=bool)
longer = {reading: pairs.longer(f"uncoupled{suffix}", f"coupled{suffix}")
          for reading, suffix in (("coupled", ""), ("under the root", "_riemannian"))}  # (seeds, 6)
for key in KEYS:
    print(f"{key}: spread over pairs {mean[key][off].std(ddof=1):.2f},",
          f"of an entry over seeds {pairs.spread(key).mean():.2f}")
print("runs with uncoupled > coupled:", {name: share(holds) for name, holds in longer.items()})
glue("clothes-longer", share(longer["coupled"]), display=False)
glue("clothes-longer-root", int(longer["under the root"].sum()), display=False)

# %% [markdown]
# Remark 1 has the uncoupled trajectory "necessarily" longer, and Section 5.4 finds it "always
# larger". Here it is longer in {glue:text}`clothes-longer` runs, a pair and a seed each, with the
# expectation outside the root {eq}`eq-expected-length`, and in {glue:text}`clothes-longer-root`
# with it inside {eq}`eq-riemannian-length`.

# %%
stored_tests = correlations(pairs)
by_seed = pd.DataFrame({f"seed {s}": correlations(Pairs(units, tasks, [s]))["r"] for s in seeds})
glue("clothes-smallest", f"{stored_tests['smallest possible p']['coupled']:.3f}", display=False)
for key in ("coupled", "uncoupled"):
    glue(f"clothes-mantel-{key}",
         f"{stored_tests['r'][key]:.2f} (p = {stored_tests['p'][key]:.3f})", display=False)
whole_path = correlations(pairs, "fine_tuning_full")
for key in ("coupled", "uncoupled"):
    glue(f"clothes-path-{key}", f"{whole_path['r'][key]:.2f} (p = {whole_path['p'][key]:.3f})",
         display=False)
stored_tests.round(3).join(by_seed.round(3))

# %% [markdown]
# Neither road orders these pairs as fine-tuning does. On CIFAR the whole path of fine-tuning turns
# the sign ({doc}`cifar_subsets`); here it does not: coupled has {glue:text}`clothes-path-coupled`
# with it, uncoupled {glue:text}`clothes-path-uncoupled`.

# %%
stored_check = to_and_from(pairs)
holds = (stored_check["from all"] < stored_check["to all"]).unstack()
of_seeds = {key: pairs.matrices(key) for key in ("coupled", "uncoupled")}  # (seeds, 3, 3)
single = {key: found[:, -1, :-1] < found[:, :-1, -1] for key, found in of_seeds.items()}
glue("clothes-subset-free", share(single["uncoupled"]), display=False)
accuracy = pairs.mean("accuracy")
for name, ends in (("part", accuracy[-1, :-1]), ("all", accuracy[:-1, -1])):
    glue(f"clothes-ends-{name}", f"{ends.min():.2f} to {ends.max():.2f}", display=False)
glue("clothes-subset", share(single["coupled"]), display=False)
glue("clothes-subset-fine", f"{int(holds['fine-tuning'].sum())} of {len(parts)}", display=False)
assert (stored_check.xs("fine-tuning", level=1)["from all"] == 0).all()
stored_check.round(2)

# %% [markdown]
# The coupled road is shorter from all clothes than to them in {glue:text}`clothes-subset` cases, a
# part and a seed each; by fine-tuning, in {glue:text}`clothes-subset-fine` parts, where the
# distance to a part is 0: the network of all clothes is right about as often before it is tuned as
# after. The paper prints its check for CIFAR-10, and its matrix passes it; our roads on CIFAR-10
# fail it too ({doc}`cifar_subsets`). The coupled roads to a part end at an accuracy of
# {glue:text}`clothes-ends-part`, those to all clothes at {glue:text}`clothes-ends-all`: these did
# not arrive, and may be short for that. Another reason to suspect, which this page does not prove:
# a source of ten classes that has not converged goes on being learnt in the first half of its road,
# and its predictions have more classes to move between than those of a part. Fine-tuning drops the
# source at once, and stops where the accuracy on the target is reached.

# %% mystnb={"figure": {"caption": "Coupled (blue) and uncoupled (pink) distances of the pairs of photographed tasks against fine-tuning; means over seeds. Filled: from all clothes to a part; crosses: from a part to all; open: between parts.", "name": "fig-clothes-scatter"}} tags=["hide-input"]
fig, ax = plt.subplots(figsize=(5.6, 3.2))
for key, colour in (("coupled", COMPUTED), ("uncoupled", OTHER)):
    for i, j in np.argwhere(off):
        ax.plot(mean["fine_tuning"][i, j], mean[key][i, j], "x" if tasks[j] == whole else "o",
                color=colour,
                markerfacecolor=colour if tasks[i] == whole else "none", clip_on=False)
    ax.plot([], [], "o", color=colour, label=key)
ax.set(xlabel=r"fine-tuning distance, $\int |dw|$", ylabel="length (nats$^{1/2}$)", ylim=(0, None),
       xlim=(0, None))
ax.legend()
plt.show()

# %% [markdown]
# ## What the page found
#
# - Printed for Deep Fashion: nothing in the paper's main text. There is no number here to agree or
#   disagree with.
# - Is the road from all clothes to a part shorter than back? Live, the coupled one is for
#   {glue:text}`clothes-live-coupled` parts; on photographs in {glue:text}`clothes-subset` cases,
#   the uncoupled one in {glue:text}`clothes-subset-free`. By fine-tuning it is for
#   {glue:text}`clothes-subset-fine` parts.
# - Against fine-tuning the stored run has $r$ of {glue:text}`clothes-mantel-coupled` for coupled
#   and of {glue:text}`clothes-mantel-uncoupled` for uncoupled. No $p$ can be below
#   {glue:text}`clothes-smallest` with so few tasks: they cannot show much.
# - Printed: uncoupled "necessarily" (Remark 1) and "always" (Section 5.4) longer than coupled.
#   Found: in {glue:text}`clothes-longer` runs.
