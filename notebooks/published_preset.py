# %% [markdown]
# # Under the paper's own preset
#
# **Question.** {doc}`training_length` lets our own settings train longer. What do the paper's
# claims become in the settings of its published program: {glue:text}`regime-preset-epochs` epochs
# of pretraining, roads of 160, its union head, clock, momentum and blocks?
#
# **Answer.** *Printed:* the {term}`uncoupled road` is always the longer one; coupled transfer ends
# at a better network than fine-tuning, with a lower loss in all cases (Figures 3 and 6). *Ours*,
# one seed: on features of five super-classes, whose targets are learnt to
# {glue:text}`regime-preset-coupled`, coupled ends ahead by {glue:text}`regime-preset-gain` points
# and lower in loss in {glue:text}`regime-preset-coupled-below` pairs of 20, and the uncoupled road
# is the longer one in {glue:text}`regime-preset-longer` by (11) on both sides, in
# {glue:text}`regime-preset-longer-five` by (5), in {glue:text}`regime-preset-longer-printed` as the
# text pairs them. On pictures, with the published network at a quarter of its width and from one
# source, whose targets are learnt to {glue:text}`regime-bridge-coupled-accuracy`, coupled is lower
# in loss in {glue:text}`regime-bridge-coupled-below` pairs of four and ahead in
# {glue:text}`regime-bridge-coupled-ahead`, and the uncoupled road is the longer one in
# {glue:text}`regime-bridge-longer` by all three ({numref}`fig-preset-answer`).
#
# So the loss is lower in both runs, on pictures with a rate that falls on the roads and not in
# fine-tuning. Which road is the longer one depends on the pair of equations, and differs between
# two runs that differ in network, data, augmentation, number of roads and rate. (11) takes the mean
# over inputs of each step's length, (5) the root of the mean square ({doc}`uncoupled_road`). Both
# runs differ from those of {doc}`training_length` in more than length: what is different here is
# the preset, not shown to be its epochs.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.stats import t as student

from tdist import mantel
from tdist.agreement import within
from tdist.fisher_rao import root_kl
from tdist.plots import COMPUTED, OTHER, PRINTED, matrices, use_book_style
from tdist.studies import Pairs, costs, load
from tdist.studies.bridge import beside_the_print
from tdist.studies.experiments import FIVE, printed
from tdist.studies.pairs import versus
from tdist.studies.regime_tables import PAIRINGS, early_loss, later_loss, of, verdict

use_book_style()
preset, bridge = load("preset"), load("bridge_vehicles_1")
own = preset["config"]["settings"]
EPOCHS = own["pretrain_steps"] * own["batch"] // preset["config"]["images"]

# %% mystnb={"figure": {"caption": "Every pair under the published preset, one seed: on features (circles, 20 pairs) and on pictures with the network at a quarter of its width (squares, four pairs of one source). Left: the uncoupled road over the coupled one by (11); grey: the printed pairs, (5) over (11). Middle and right: accuracy and loss on the target's unseen images, coupled less fine-tuned. Right of the line the uncoupled road is the longer one, coupled is the more accurate one, and coupled has the higher loss.", "name": "fig-preset-answer"}, "image": {"alt": "Three strips of dots. Left: the ratio of lengths is .54 to 1.01 on features, 1.1 to 1.13 on pictures, 1 to 1.75 in print. Middle: coupled less fine-tuned accuracy, -1 to 3 points on features, -2.4 to 2.2 on pictures. Right: in nats all dots lie left of 0, down to -.17 on features and -.25 on pictures."}} tags=["hide-input"]
RUNS = {"features": (preset, "o", COMPUTED), "pictures": (bridge, "s", OTHER)}
STRIPS = {"uncoupled / coupled length": lambda unit: (unit["uncoupled"]["length"]
                                                     / unit["coupled"]["length"]),
          "accuracy, points": lambda unit: 100 * (unit["coupled"]["accuracy"]
                                                  - unit["fine_tuning"]["accuracy"]),
          "loss, nats": lambda unit: unit["coupled"]["loss"] - unit["fine_tuning"]["loss"]}
figure_3 = printed()["fig3"]
apart = ~np.eye(len(figure_3["tasks"]), dtype=bool)
in_print = (np.array(figure_3["uncoupled"])[apart] / np.array(figure_3["coupled"])[apart])
fig, axes = plt.subplots(1, 3, figsize=(7.4, 2.3), sharey=True, layout="constrained")
for ax, (label, find) in zip(axes, STRIPS.items(), strict=True):
    for place, (stored, mark, colour) in enumerate(RUNS.values()):
        found = [find(unit) for key, unit in stored["units"].items() if key.count("/") == 2]
        ax.plot(found, np.full(len(found), -place), mark, color=colour, alpha=0.5, ms=6)
    ax.axvline(1.0 * label.startswith("uncoupled"), color="black", lw=0.8)
    ax.set_xlabel(label)
axes[0].plot(in_print, np.full(len(in_print), 1), "o", color=PRINTED, mfc="none", ms=6)
axes[0].set(yticks=[1, 0, -1], yticklabels=["Figure 3", *RUNS], ylim=(-1.6, 1.6))
plt.show()

# %% [markdown]
# (length-preset)=
# ## On features, all twenty pairs
#
# One run, one seed, of the published preset (`Settings.published`) on the features of
# {doc}`training_length`, 128 principal components of what a frozen EfficientNet-Lite0 makes of
# 2,500 images a task, and a classifier with one hidden layer: {glue:text}`regime-preset-epochs`
# epochs of pretraining, a road of 20,000 SGD steps in K = 100 steps, which is 160 epochs, its
# momentum, its union head, its clock and its blocks of 25 ({doc}`coupled_transfer`). Not the
# paper's are the features and the classifier on them, without augmentation; one road, with the
# first coupling, where the paper has four; and that each block's costs are measured once. There are
# no replicas, so no drift.

# %% tags=["hide-input", "claim C-155: depends on the measure", "claim C-156: depends on the measure", "claim C-042: depends on the measure", "claim C-133: depends on the measure"]
one = pd.Series(verdict(preset["units"], 0, FIVE))
SHOWN = ["source training accuracy", "source accuracy", "target accuracy, coupled",
         "target accuracy, uncoupled", "target accuracy, fine_tuning", "longer (11)/(11)",
         "longer (5)/(5)", "longer (5)/(11), as printed", "gain", "gain error", "ahead", "loss",
         "loss lower", "source share", "target share", "itself"]
WORDS = {"target accuracy, fine_tuning": "target accuracy, fine-tuning",
         "gain": "coupled less fine-tuned, accuracy", "ahead": "pairs where it is positive",
         "gain error": "its standard error, over targets", "loss lower": "pairs where it is less",
         "loss": "coupled less fine-tuned, loss", "itself": "length of a task to itself / length",
         **{f"longer {name}": f"uncoupled longer, {name}" for name in PAIRINGS},
         **{f"{whose} share": f"share of the {whose} in the length"
            for whose in ("source", "target")}}
one[SHOWN].rename(WORDS).round(3).to_frame("on features, twenty pairs")

# %% mystnb={"figure": {"caption": "V, the mean over 100 steps of the root of KL, under the published preset on features, one seed (blue), beside Figure 3 (grey), each matrix on its own scale. Ours are a quarter and a sixth as large. The uncoupled ones share a pattern, long between the two animals, between the two vehicles and to flowers; the coupled ones hardly.", "name": "fig-training-preset"}, "image": {"alt": "Four 5 x 5 tables, sources in rows. Ours, coupled, .04 to .06, is darkest in the row of flowers; printed, .16 to .23, between herbivores and carnivores. Ours, uncoupled, .02 to .05, and printed, .18 to .37, are both dark between herbivores and carnivores, between the two vehicles, and to flowers."}} tags=["hide-input"]
entries = pd.DataFrame(beside_the_print(preset))
order = figure_3["tasks"]


def square(kind, column):
    """(sources, targets) of one column, in the figure's order."""
    chosen = entries[entries.kind == kind]
    return chosen.pivot(index="source", columns="target", values=column).reindex(
        index=order, columns=order).fillna(0).to_numpy()


shown = {f"{kind}, {label}": square(kind, column) for kind in ("coupled", "uncoupled")
         for label, column in (("ours", "V"), ("printed", "printed V"))}
_ = matrices(shown, order, columns=2, printed=[name for name in shown if "printed" in name])
plt.show()

# %% [markdown]
# **Change this and run**: ours over printed, sources in rows. Where is it largest?

# %%
KIND = "uncoupled"  # ← change this: "coupled"
of_printed = pd.DataFrame(square(KIND, "V") / np.where(apart, square(KIND, "printed V"), np.nan),
                          order, order)
of_printed.round(2).astype(object).where(apart, "")

# %%
beside = pd.DataFrame({kind: {
    "mean V, ours": entries[entries.kind == kind]["V"].mean(),
    "mean V, printed": entries[entries.kind == kind]["printed V"].mean(),
    "ours / printed": (entries[entries.kind == kind]["V"].mean()
                       / entries[entries.kind == kind]["printed V"].mean()),
    "r with the printed": mantel(square(kind, "V"), square(kind, "printed V")).statistic,
    "p, one-sided": mantel(square(kind, "V"), square(kind, "printed V")).pvalue,
    "within targets": versus(square(kind, "V"), square(kind, "printed V"))["within"]}
    for kind in ("coupled", "uncoupled")})
tuned = Pairs(preset["units"], FIVE, [0])
yardsticks = {"the early loss": tuned.mean(early_loss),
              "the same without the look before any step": tuned.mean(later_loss),
              "the path to 95%": tuned.mean(of("fine_tuning", "length")),
              "the whole path": tuned.mean(of("fine_tuning", "full_length"))}
for label, truth in yardsticks.items():
    both = {kind: tuned.mean(of(kind, "length")) for kind in beside}
    beside.loc[f"r with {label}"] = [mantel(d, truth).statistic for d in both.values()]
    beside.loc[f"{label}, within targets"] = [versus(d, truth)["within"] for d in both.values()]
beside.loc["ahead of fine-tuning, points"] = [
    100 * (tuned.runs(of(kind, "accuracy")) - tuned.runs(of("fine_tuning", "accuracy"))).mean()
    for kind in beside]
below = {kind: tuned.runs(of("fine_tuning", "loss")) - tuned.runs(of(kind, "loss"))
         for kind in beside}
beside.loc["below its loss, nats"] = [drop.mean() for drop in below.values()]
beside.loc["pairs below"] = [(drop > 0).sum() for drop in below.values()]
beside.round(3)

# %% tags=["remove-cell"]
for kind in beside:
    for name, truth in (("early", early_loss), ("later", later_loss)):
        knows = within(tuned.mean(of(kind, "length")), tuned.mean(truth), resamples=0)
        glue(f"regime-preset-{kind}-{name}", f"{knows.statistic:.2f} (p = {knows.pvalue:.3f})",
             display=False)
    glue(f"regime-preset-{kind}-drop", f"{below[kind].mean():.2f}", display=False)
    glue(f"regime-preset-{kind}-below", int((below[kind] > 0).sum()), display=False)
reach = student.ppf(0.975, 4) * one["gain error"]
in_figure_3 = Pairs({f"0/{a}/{b}": {"coupled": figure_3["coupled"][i][j]}
                     for i, a in enumerate(order) for j, b in enumerate(order) if i != j}, order)
for kind in ("source", "target"):
    glue(f"regime-preset-{kind}-share-printed", f"{in_figure_3.share('coupled', kind):.2f}",
         display=False)
    glue(f"regime-preset-{kind}-share-uncoupled",
         f"{tuned.share(of('uncoupled', 'length'), kind):.2f}", display=False)
four = Pairs(preset["units"], [name for name in FIVE if name != "flowers"], [0])
glue("regime-preset-source-share-four", f"{four.share(of('coupled', 'length')):.2f}", display=False)
glue("regime-preset-chance", f"{4 / 19:.2f}", display=False)
for name, value in {
        "epochs": EPOCHS, "longer": f"{20 * one['longer (11)/(11)']:g}",
        "longer-five": f"{20 * one['longer (5)/(5)']:g}",
        "longer-printed": f"{20 * one['longer (5)/(11), as printed']:g}",
        "gain": f"{100 * one['gain']:.1f}", "ahead": f"{20 * one['ahead']:g}",
        "gain-interval": " to ".join(f"{100 * (one['gain'] + sign * reach):+.1f}"
                                     for sign in (-1, 1)),
        "source-share": f"{one['source share']:.2f}", "target-share": f"{one['target share']:.2f}",
        "itself": f"{one['itself']:.2f}", "coupled": f"{one['target accuracy, coupled']:.3f}",
        "tuned": f"{one['target accuracy, fine_tuning']:.3f}",
        "fit": f"{one['source training accuracy']:.3f}",
        "source": f"{one['source accuracy']:.2f}",
        "uncoupled-ahead": f"{beside.loc['ahead of fine-tuning, points', 'uncoupled']:.1f}",
        "hours": f"{preset['seconds'] / 3600:.1f}"}.items():
    glue(f"regime-preset-{name}", value, display=False)
for kind in ("coupled", "uncoupled"):
    for name, column, digits in (("v", "mean V, ours", 3), ("print", "mean V, printed", 3),
                                 ("r", "r with the printed", 2), ("p", "p, one-sided", 3),
                                 ("within", "within targets", 2), ("part", "ours / printed", 2),
                                 ("paper", "r with the path to 95%", 2),
                                 ("paper-within", "the path to 95%, within targets", 2)):
        glue(f"regime-preset-{kind}-{name}", f"{beside.loc[column, kind]:.{digits}f}",
             display=False)

# %% [markdown]
# **What it reaches.** Sources fit their own images, to {glue:text}`regime-preset-fit`, and have
# {glue:text}`regime-preset-source` on unseen ones. Targets have {glue:text}`regime-preset-coupled`
# at the end of the coupled road and {glue:text}`regime-preset-tuned` after as many steps of
# fine-tuning.
#
# **Coupled or fine-tuned?** Here the coupled road is ahead: by {glue:text}`regime-preset-gain`
# points on average (95% interval over five targets {glue:text}`regime-preset-gain-interval`), in
# {glue:text}`regime-preset-ahead` pairs of 20. The paper prints .4 to 2.5 points in all pairs but
# two. What failed with our settings up to 256 epochs holds under the paper's own preset, in this
# one run. The uncoupled road is ahead too, by {glue:text}`regime-preset-uncoupled-ahead`. Both
# train on mixtures of images of two tasks, which fine-tuning does not; whether that is the reason
# is not separated here. In loss it is so in more pairs: coupled is below fine-tuning in
# {glue:text}`regime-preset-coupled-below` pairs of 20, by {glue:text}`regime-preset-coupled-drop`
# nats on average, uncoupled in {glue:text}`regime-preset-uncoupled-below`, by
# {glue:text}`regime-preset-uncoupled-drop`. That is what Figure 6 prints: the loss lower in all
# cases, the accuracy higher in most.
#
# **Is the uncoupled road longer?** With (11) on both sides in {glue:text}`regime-preset-longer`
# pairs of 20, with (5) in {glue:text}`regime-preset-longer-five`; in the pairing that the text
# prints, (5) against (11), in {glue:text}`regime-preset-longer-printed`. The figure has 19 and a
# tie. So on features, under the paper's preset, its finding is that of its pairing.
#
# **Are these the numbers of Figure 3?** V is {glue:text}`regime-preset-coupled-v` on average where
# {glue:text}`regime-preset-coupled-print` is printed, uncoupled
# {glue:text}`regime-preset-uncoupled-v` where it is {glue:text}`regime-preset-uncoupled-print`: our
# roads on features are {glue:text}`regime-preset-coupled-part` and
# {glue:text}`regime-preset-uncoupled-part` times as long. The uncoupled lengths go with the printed
# ones, by $r$ = {glue:text}`regime-preset-uncoupled-r` ($p$ =
# {glue:text}`regime-preset-uncoupled-p`, one-sided; within targets
# {glue:text}`regime-preset-uncoupled-within`); of the coupled ones it is not shown,
# {glue:text}`regime-preset-coupled-r` ($p$ = {glue:text}`regime-preset-coupled-p`). A task is
# {glue:text}`regime-preset-itself` times as far from itself as from the others; how much of that is
# SGD's noise is not known without replicas. Of the variance of a coupled length the source has
# {glue:text}`regime-preset-source-share`, the target {glue:text}`regime-preset-target-share`, where
# lengths without a pattern have {glue:text}`regime-preset-chance` on average; most of it is the row
# of flowers, without which the source has {glue:text}`regime-preset-source-share-four`. Of an
# uncoupled length they have {glue:text}`regime-preset-source-share-uncoupled` and
# {glue:text}`regime-preset-target-share-uncoupled`; in print, coupled,
# {glue:text}`regime-preset-source-share-printed` and
# {glue:text}`regime-preset-target-share-printed`.
#
# **Does it go with fine-tuning?** Within targets, with the early loss, the coupled length has
# {glue:text}`regime-preset-coupled-early`, the uncoupled one
# {glue:text}`regime-preset-uncoupled-early`. The first of these looks is before any step; without
# it they have {glue:text}`regime-preset-coupled-later` and
# {glue:text}`regime-preset-uncoupled-later`. So the coupled road is the longer one from the source
# that starts better, as at the other lengths of {doc}`training_length` and unlike on
# {doc}`clothes`, and how firmly hangs on the yardstick; we saw both before we wrote this. With the
# paper's own measure, the path to 95% of the accuracy, the coupled length has $r$ =
# {glue:text}`regime-preset-coupled-paper` over all pairs and
# {glue:text}`regime-preset-coupled-paper-within` within targets, the uncoupled one
# {glue:text}`regime-preset-uncoupled-paper` and {glue:text}`regime-preset-uncoupled-paper-within`:
# that shows nothing.

# %% [markdown]
# (length-bridge)=
# ## On pictures, a quarter of the width, one source
#
# The paper trains convolutional networks on pictures. This is its published network at a quarter of
# its width ({glue:text}`regime-bridge-weights` weights), with the program's rate, momentum, decay,
# head, clock and blocks: {glue:text}`regime-preset-epochs` epochs with augmentation, roads of 160
# epochs, four of them for a pair, each with the coupling that the one before leads to. Ours are the
# width, one cycle of the rate in pretraining where the program cuts it three times, the features
# that the first coupling starts from, that a road's rate falls within each of its 100 steps, and
# that each step is measured on one block. {doc}`coupled_transfer` has the rest. One source,
# vehicles-1, to the other four and to itself; one seed, no replicas.

# %% tags=["hide-input", "claim C-155: depends on the measure", "claim C-156: depends on the measure", "claim C-045: depends on the measure", "claim C-146: not reproduced here"]
FROM, own = "vehicles-1", bridge["units"]
V = pd.DataFrame(beside_the_print(bridge)).pivot(index="target", columns="kind",
                                                 values=["V", "printed V"])
to_others = {target: own[f"0/{FROM}/{target}"] for target in V.index}
itself, KINDS = own[f"0/{FROM}"]["itself"], ("coupled", "uncoupled", "fine_tuning")
crossed = pd.DataFrame({target: {
    **{f"V, {kind}{which}": V.loc[target, (column, kind)] for kind in KINDS[:2]
       for which, column in (("", "V"), (", printed", "printed V"))},
    **{f"uncoupled / coupled, {name}": unit["uncoupled"][free] / unit["coupled"][led]
       for name, (free, led) in PAIRINGS.items() if "drift" not in name},
    "last road / first": unit["coupled"]["lengths"][-1] / unit["coupled"]["lengths"][0],
    **{f"{what}, {kind.replace('_', '-')}": unit[kind][what] for what in ("accuracy", "loss")
       for kind in KINDS}} for target, unit in to_others.items()})
crossed["itself"] = pd.Series({
    "V, coupled": itself["V"], "last road / first": itself["lengths"][-1] / itself["lengths"][0]})
crossed.astype(float).round(3).astype(object).fillna("")

# %% tags=["remove-cell"]
to = crossed.drop(columns="itself").astype(float)
ahead = {kind: 100 * (to.loc[f"accuracy, {kind}"] - to.loc["accuracy, fine-tuning"])
         for kind in KINDS[:2]}
drops = {kind: to.loc["loss, fine-tuning"] - to.loc[f"loss, {kind}"] for kind in KINDS[:2]}


def reach(values, digits):
    """The least and the largest."""
    return f"{values.min():.{digits}f} to {values.max():.{digits}f}"


for kind in KINDS[:2]:
    for name, value in {
            "gain": reach(ahead[kind], 1), "ahead": int((ahead[kind] > 0).sum()),
            "below": int((drops[kind] > 0).sum()), "drop": reach(drops[kind], 2),
            "v": reach(to.loc[f"V, {kind}"], 3),
            "print": reach(to.loc[f"V, {kind}, printed"], 2),
            "accuracy": reach(to.loc[f"accuracy, {kind}"], 2)}.items():
        glue(f"regime-bridge-{kind}-{name}", value, display=False)
for name, short in (("(11)/(11)", "longer"), ("(5)/(5)", "longer-five"),
                    ("(5)/(11), as printed", "longer-printed")):
    glue(f"regime-bridge-{short}", int((to.loc[f"uncoupled / coupled, {name}"] > 1).sum()),
         display=False)
for name, value in {
        "ratio": reach(to.loc["uncoupled / coupled, (11)/(11)"], 2),
        "roads": reach(to.loc["last road / first"], 2),
        "itself": f"{itself['V'] / to.loc['V, coupled'].mean():.2f}",
        "itself-roads": f"{crossed.loc['last road / first', 'itself']:.2f}",
        "tuned": reach(to.loc["accuracy, fine-tuning"], 2),
        "source": f"{own[f'0/{FROM}']['test_accuracy']:.2f}",
        "fit": f"{own[f'0/{FROM}']['train_accuracy']:.2f}",
        "weights": f"{bridge['config']['weights']:,}",
        "elapsed": f"{bridge['seconds'] / 3600:.1f}"}.items():
    glue(f"regime-bridge-{name}", value, display=False)

# %% [markdown]
# **What it reaches.** The source has {glue:text}`regime-bridge-fit` on its own images and
# {glue:text}`regime-bridge-source` on unseen ones. Targets end at
# {glue:text}`regime-bridge-coupled-accuracy` on the coupled road and
# {glue:text}`regime-bridge-tuned` after as many steps of fine-tuning. This is the paper's length of
# training, with a smaller network.
#
# **Coupled or fine-tuned?** In accuracy coupled ends ahead in
# {glue:text}`regime-bridge-coupled-ahead` pairs of four; the differences are
# {glue:text}`regime-bridge-coupled-gain` points. One pair's standard error is 1.4 points if of two
# networks one alone is right on a tenth of the 500 images, 2.0 if on a fifth, so no pair by itself
# tells them apart. Of the coupled transfer the last road's steps are as many as those of
# fine-tuning; it has three roads before that. In loss it is below in
# {glue:text}`regime-bridge-coupled-below`, by {glue:text}`regime-bridge-coupled-drop` nats. Figure
# 6 prints .4 to 2.5 points in all pairs but two and a lower loss in all. The uncoupled road is
# ahead in {glue:text}`regime-bridge-uncoupled-ahead`, the differences being
# {glue:text}`regime-bridge-uncoupled-gain` points, and below in
# {glue:text}`regime-bridge-uncoupled-below`, by {glue:text}`regime-bridge-uncoupled-drop` nats. On
# the roads the rate falls within each step, and fine-tuning keeps its rate to the end, which may
# make a part of these differences. Both roads train on mixtures of images of two tasks, which
# fine-tuning does not. These runs do not separate the two.
#
# **Is the uncoupled road longer?** With (11) on both sides in {glue:text}`regime-bridge-longer`
# pairs of four, {glue:text}`regime-bridge-ratio` times as long; with (5) in
# {glue:text}`regime-bridge-longer-five`, in the printed pairing in
# {glue:text}`regime-bridge-longer-printed`. On features, in the run of the preset above, it is the
# longer one in {glue:text}`regime-preset-longer` pairs of 20 by (11); that run has another network
# too, one road, no augmentation and no falling rate.
#
# **Are these the numbers of Figure 3?** V is {glue:text}`regime-bridge-coupled-v` where
# {glue:text}`regime-bridge-coupled-print` is printed, uncoupled
# {glue:text}`regime-bridge-uncoupled-v` where it is {glue:text}`regime-bridge-uncoupled-print`. The
# source is {glue:text}`regime-bridge-itself` times as far from itself as from the others.
#
# **Does the choice of the coupling shorten the road?** The fourth road is
# {glue:text}`regime-bridge-roads` of the first; from the task to itself
# {glue:text}`regime-bridge-itself-roads`.
#
# Four pairs that share a source and a seed say nothing of an order of tasks, and count as one case
# rather than four. The other four sources are not run.

# %% [markdown]
# ## What was not run, and what it would cost
#
# The seconds of one SGD step and of one look at the blocks were measured on one core of the machine
# that all these runs share, and are added up here for one seed of all twenty pairs, with the
# sources and their roads to themselves. *Pictures* are those of {doc}`training_length`, of two
# roads. *Bridge* is the published network at a quarter of its width on pictures, four roads a pair,
# all five sources, without the replicas that a {term}`drift` needs; one source was run
# ({ref}`length-bridge`). The run of the preset took {glue:text}`regime-preset-hours` hours and that
# of the one source {glue:text}`regime-bridge-elapsed`, beside other work on the same two cores. The
# published network at its whole width, for one pair (`python -m tdist.studies run
# bridge_published`), is not run to its end.

# %%
measured = load("costs")["units"]
hours = {f"pictures, {n} epoch{'s' * (n > 1)}": hour for n, hour in zip(
    load("costs")["config"]["epochs"], costs.hours("pixels", measured["pixels"]), strict=True)}
hours |= {name: costs.hours(name, measured[name])[0] for name in ("preset", "bridge")}
ran = {"preset", *(f"pictures, {n} epoch{'s' * (int(n) > 1)}"
                   for study in ("regime_pixels", "regime_pixels_16")
                   for n in load(study)["config"]["seeds"]["pixels"])}
pd.DataFrame({"hours of one core": hours, "status": {
    name: "run" if name in ran else "not run" for name in hours} | {
        "bridge": "one source of five"}}).round(2)

# %% [markdown]
# ## What the page found
#
# One seed under the published preset; the pairs of one source or target are no independent cases.
#
# - **Printed:** uncoupled is the longer road for all pairs. *Ours:* on features in
#   {glue:text}`regime-preset-longer` pairs of 20 by (11) on both sides, in
#   {glue:text}`regime-preset-longer-five` by (5), in {glue:text}`regime-preset-longer-printed` in
#   the printed pairing; on pictures, from one source, in {glue:text}`regime-bridge-longer` of four
#   by (11) and {glue:text}`regime-bridge-longer-five` by (5).
# - **Printed:** coupled ends ahead of fine-tuning, with a lower loss in all cases. *Ours:* on
#   features ahead by {glue:text}`regime-preset-gain` points
#   ({glue:text}`regime-preset-gain-interval`), where targets have
#   {glue:text}`regime-preset-coupled`, and lower in loss in
#   {glue:text}`regime-preset-coupled-below` pairs of 20; on pictures, where they have
#   {glue:text}`regime-bridge-coupled-accuracy`, ahead in {glue:text}`regime-bridge-coupled-ahead`
#   of four, the differences being {glue:text}`regime-bridge-coupled-gain` points, and lower in
#   {glue:text}`regime-bridge-coupled-below`.
# - **Printed:** lengths go with their target. *Ours*, coupled, on features: the source has
#   {glue:text}`regime-preset-source-share` of the variance, most of it by one row; uncoupled the
#   target has {glue:text}`regime-preset-target-share-uncoupled`. With five tasks that decides
#   little.
# - **Printed:** the lengths of Figure 3. *Ours* under its preset, on features, are
#   {glue:text}`regime-preset-coupled-part` (coupled) and
#   {glue:text}`regime-preset-uncoupled-part` (uncoupled) times as long, and correlate with them by
#   {glue:text}`regime-preset-coupled-r` and {glue:text}`regime-preset-uncoupled-r`.
#
# What was not decided: another seed; the other four sources on pictures; the published network at
# its whole width.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-preset-geodesic
#
# Figure 3 prints numbers near .2. If they are V, the mean of $\sqrt{\mathrm{KL}}$ over $K = 100$
# steps, how many times as long as the longest geodesic is such a road? What is V of a geodesic of
# nearly that length, from near one class to near another, in 100 equal steps?
# :::
#
# ````{solution-start} ex-preset-geodesic
# :class: dropdown
# ````
# Away from the border a small step of length $d$ has $\mathrm{KL} \approx d^2 / 2$, so a road of
# length $L$ in equal steps has $V = L / (\sqrt 2\, K)$. No two distributions are further apart than
# $\pi$ ({doc}`fisher_rao_length`). So V = .2 is a road of $\sqrt 2 \cdot 100 \cdot .2 = 28.3$, nine
# times the longest geodesic, and the geodesic has $\pi / (100 \sqrt 2) = .022$. The walk below
# begins and ends .01 from the classes, because the KL of a step into a class is infinite. Under one
# softmax over the classes of both tasks a road between tasks without a common class is at least
# $\pi$ long ({prf:ref}`prop-gate`), so .022 is about the least that V can be.

# %%
K = 100
angle = np.linspace(0.01, np.pi - 0.01, K + 1) / 2  # of the square roots
walk = np.stack([np.cos(angle)**2, np.sin(angle)**2], 1)
V_geodesic = (root_kl(walk[:-1], walk[1:]) / np.sqrt(2)).mean()
by_length = (np.pi - 0.02) / (K * np.sqrt(2))
print(f"V of the geodesic: {V_geodesic:.4f}; of its length {by_length:.4f}; "
      f"V = .2 is {np.sqrt(2) * K * 0.2 / np.pi:.1f} longest geodesics")
assert abs(V_geodesic / by_length - 1) < 0.005, "small steps"

# %% [markdown]
# ````{solution-end}
# ````
