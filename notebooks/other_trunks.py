# %% [markdown]
# # Twenty tasks on other features
#
# **Question.** At mid-depth of a frozen network, scores of features know in part which source
# starts a target best, and roads do not ({doc}`twenty_tasks`). Is that so on the last layer too,
# and on a network that has never seen ImageNet, some of whose classes are the tasks' own?
#
# **Answer.** *Ours*, and in neither paper: in kind yes, with one seed of each. LogME has
# {glue:text}`trunks-deep-logme` on the last layer, where sources reach
# {glue:text}`trunks-deep-source` on test images, and {glue:text}`trunks-cifar10-logme` on the
# network trained on CIFAR-10 alone, where they reach {glue:text}`trunks-cifar10-source`; the
# coupled length has {glue:text}`trunks-deep-coupled` and {glue:text}`trunks-cifar10-coupled`
# ({numref}`fig-trunks-answer`). What a source gives is a head start on all three, and on these two
# most sources cost accuracy within 100 steps ({numref}`fig-trunks-scratch`).
#
# The tasks, the halves, the networks, their training and the measures are those of
# {doc}`twenty_tasks`. Nothing was chosen for the other features.

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from tdist.plots import COMPUTED, OTHER, SOURCE, use_book_style
from tdist.studies import load
from tdist.studies.twenty_tables import (
    MEASURES,
    WORTHS,
    chance_regret,
    gains,
    judged,
    longer,
    nearness,
    over_seeds,
    pairs_of,
)

use_book_style()
RUNS = {"third stage": [load(f"evaluation_mid_{seed}") for seed in range(5)],
        "last layer": [load("evaluation_deep_0")],
        "CIFAR-10": [load("evaluation_cifar10_0")]}
FOUND = {trunk: over_seeds([run["units"] for run in runs], "evaluation")
         for trunk, runs in RUNS.items()}
kept = pairs_of("evaluation")

# %% mystnb={"figure": {"caption": "What each measure knows about which source is the better start for a target, on three kinds of features. Dots: mean over targets of the rank correlation over sources. Bars: 95% intervals over super-classes; of the third stage the means over five seeds, of the others one seed, which is lower by that alone. Scores of features lie to the right on all three, but for nearest neighbours and the nearest mean on the last layer; roads do not.", "name": "fig-trunks-answer"}, "image": {"alt": "Dot plot with interval bars, three colours, a row for each of 20 measures, -.8 to .9. Rows of roads lie around zero, fine-tuning left of it, most for the last layer. The H-scores, LogME, LEEP and NCE lie right of zero in all colours, highest for the third stage; nearest neighbours and nearest mean left of zero for the last layer."}} tags=["hide-input"]
ANSWERS = {trunk: pd.DataFrame({
    label: judged(nearness(key, measures[key]), worth["early"], "evaluation", permutations=999)
    for key, label in MEASURES.items()}).T.astype(float)
    for trunk, (measures, worth, _) in FOUND.items()}
fig, ax = plt.subplots(figsize=(6.5, 5.6))
place = np.arange(len(MEASURES))[::-1]
for (trunk, one), shift, colour in zip(ANSWERS.items(), (0.24, 0, -0.24),
                                       (COMPUTED, SOURCE, OTHER), strict=True):
    ax.errorbar(one["within"], place + shift, fmt="o", ms=4, color=colour, elinewidth=1,
                label=f"{trunk}, {len(RUNS[trunk])} seed{'s' * (len(RUNS[trunk]) > 1)}",
                xerr=np.abs(one[["low", "high"]].to_numpy().T - one["within"].to_numpy()))
ax.axvline(0, color="k", lw=0.8)
ax.set_yticks(place, MEASURES.values())
ax.set_xlabel("rank correlation with the source's worth, within targets")
ax.legend(loc="upper right", fontsize=8)
plt.show()

# %% [markdown]
# ## Three trunks
#
# - **Third stage**: the main arm. EfficientNet-Lite0, trained on ImageNet, cut after its third
#   stage, 64 x 64 pictures, 640 numbers. Five seeds.
# - **Last layer**: the same network before its classifier, 96 x 96 pictures, 1,280 numbers averaged
#   over all places. One seed.
# - **CIFAR-10**: the published network at half its width, trained on CIFAR-10 alone for 3,000 steps
#   of 128 pictures, cut after the fourth of its six convolutions, 32 x 32 pictures, averaged to
#   4 x 4 places, 1,024 numbers. One seed. CIFAR-10's ten classes are not among CIFAR-100's.

# %% tags=["hide-input"]
def of_sources(runs):
    """Accuracies and steps of the sources, means over all."""
    units = [unit for run in runs for key, unit in run["units"].items() if key.startswith("from/")]
    return {name: np.mean([unit[key] for unit in units]) for name, key in (
        ("accuracy, training images", "train_accuracy"), ("accuracy, test images", "test_accuracy"),
        ("SGD steps of training", "steps"))}


table = pd.DataFrame({trunk: of_sources(runs) | {
    "accuracy from scratch, few labels": FOUND[trunk][2]["few"].mean(),
    "the same, all labels": FOUND[trunk][2]["end"].mean()} for trunk, runs in RUNS.items()})
assert all(unit["train_loss"] <= run["config"]["source_loss"] == 0.7
           for runs in RUNS.values() for run in runs
           for key, unit in run["units"].items() if key.startswith("from/")), "all reach it"
table.round(2)

# %% [markdown]
# ## Is a source better than none?

# %% mystnb={"figure": {"caption": "A dot for each source and a bar for none, with ten labels a class; targets in the order of the loss without a source, on each trunk (left, means over five seeds, the others, one). On all three most sources lower the loss of the first 100 steps. After these the accuracy on the last layer and on the trunk from CIFAR-10 is lower with most sources than without one.", "name": "fig-trunks-scratch"}, "image": {"alt": "Six panels with twenty targets along the abscissa, each with a short black bar, what no source reaches, and a column of dots, its sources. Above, the loss: on the third stage dots lie below their bars, far below for easy targets; on the last layer and on the trunk from CIFAR-10 around and below them. Below, the accuracy: on the third stage dots lie on both sides of the bars, on the others under most of them."}} tags=["hide-input"]
fig, axes = plt.subplots(2, 3, figsize=(7.2, 5.4), layout="constrained")
for column, (trunk, (_, gain, none)) in zip(axes.T, FOUND.items(), strict=True):
    order = np.argsort(none["early"])
    for ax, name, sign in zip(column, ("early", "few"), (-1, 1), strict=True):
        for rank, target in enumerate(order):
            reached = none[name][target] + sign * gain[name][kept[:, target], target]
            ax.plot(np.full(len(reached), rank), reached, ".", ms=4, color=COMPUTED,
                    label="a source" if rank == 0 else None)
            ax.plot(rank + np.array([-0.4, 0.4]), np.full(2, none[name][target]), "k", lw=1.5,
                    label="no source" if rank == 0 else None)
        ax.set_xticks([])
    column[0].set_title(trunk)
    column[1].set_xlabel("targets, easy to hard")
axes[0, 0].set_ylabel("loss of the first 100 steps, nats")
axes[1, 0].set_ylabel("accuracy after them")
axes[0, 0].legend()
plt.show()

# %%
GAINS = {trunk: pd.DataFrame(gains(found[1], "evaluation")).T for trunk, found in FOUND.items()}
shown = [WORTHS[name] for name in ("early", "few", "end", "steps")]
pd.DataFrame({f"{trunk}: {column}": one.loc[shown, name] for trunk, one in GAINS.items()
              for column, name in (("gain", "mean gain"), ("share", "pairs that gain"))}).round(3)

# %% tags=["remove-cell"]
SHORT = {"third stage": "mid", "last layer": "deep", "CIFAR-10": "cifar10"}
for trunk, short in SHORT.items():
    for name in ("early", "few", "end"):
        one = GAINS[trunk].loc[WORTHS[name]]
        glue(f"trunks-{short}-gain-{name}", f"{one['pairs that gain']:.0%}", display=False)
        glue(f"trunks-{short}-lost-{name}", f"{1 - one['pairs that gain']:.0%}", display=False)
        size = f"{one['mean gain']:.3f}" if name == "early" else f"{100 * one['mean gain']:+.1f}"
        glue(f"trunks-{short}-mean-{name}", size, display=False)
    glue(f"trunks-{short}-source", f"{table.loc['accuracy, test images', trunk]:.2f}",
         display=False)

# %% [markdown]
# A source lowers the loss of the first steps in {glue:text}`trunks-mid-gain-early` of the pairs on
# the third stage, in {glue:text}`trunks-deep-gain-early` on the last layer and in
# {glue:text}`trunks-cifar10-gain-early` on the trunk from CIFAR-10, by
# {glue:text}`trunks-mid-mean-early`, {glue:text}`trunks-deep-mean-early` and
# {glue:text}`trunks-cifar10-mean-early` nats on average over all pairs.
#
# After these 100 steps the accuracy is lower than without a source in
# {glue:text}`trunks-mid-lost-few`, {glue:text}`trunks-deep-lost-few` and
# {glue:text}`trunks-cifar10-lost-few` of the pairs ({glue:text}`trunks-mid-mean-few`,
# {glue:text}`trunks-deep-mean-few` and {glue:text}`trunks-cifar10-mean-few` points on average).
# With all labels a source changes next to nothing on any of them. So what a source gives is a head
# start, and it is paid for within 100 steps; on the third stage the price is smallest.
#
# ## Which measure knows the better source?
#
# As in {doc}`twenty_tasks`, within targets: the rank correlation of a measure, turned so that more
# is better, with the gain in the loss of the first 100 steps ({numref}`fig-trunks-answer`) and with
# the gain in accuracy after them. A star: the permutation p with the loss is below .01.

# %%
accuracy = {trunk: {label: judged(nearness(key, measures[key]), worth["few"], "evaluation",
                                  permutations=9)["within"] for key, label in MEASURES.items()}
            for trunk, (measures, worth, _) in FOUND.items()}
stars = {trunk: one["within"].map("{:.2f}".format) + one["p"].map(lambda p: "*" if p < 0.01 else "")
         for trunk, one in ANSWERS.items()}
pd.DataFrame(stars | {f"{trunk}, accuracy": pd.Series(one).map("{:.2f}".format)
                      for trunk, one in accuracy.items()})

# %% tags=["remove-cell"]
for trunk, short in SHORT.items():
    for key, label in MEASURES.items():
        one = ANSWERS[trunk].loc[label]
        glue(f"trunks-{short}-{key}", f"{one['within']:.2f}", display=False)
        glue(f"trunks-{short}-{key}-between", f"[{one['low']:.2f}, {one['high']:.2f}]",
             display=False)
        glue(f"trunks-{short}-few-{key}", f"{accuracy[trunk][label]:.2f}", display=False)
    glue(f"trunks-{short}-regret", f"{ANSWERS[trunk].loc['LogME', 'regret']:.3f}", display=False)
    glue(f"trunks-{short}-chance",
         f"{chance_regret(FOUND[trunk][1]['early'], 'evaluation'):.3f}", display=False)

# %% [markdown]
# The scores know the better start on all three: LogME {glue:text}`trunks-mid-logme`,
# {glue:text}`trunks-deep-logme` and {glue:text}`trunks-cifar10-logme`, LEEP
# {glue:text}`trunks-mid-leep`, {glue:text}`trunks-deep-leep` and
# {glue:text}`trunks-cifar10-leep`, the adjusted H-score {glue:text}`trunks-mid-adjusted`,
# {glue:text}`trunks-deep-adjusted` and {glue:text}`trunks-cifar10-adjusted`. The first of each
# three is of means over five seeds; one seed of the third stage has less (the exercise below). So
# overlap of the tasks with ImageNet's classes is not all that makes the scores work.
#
# The coupled length does not: {glue:text}`trunks-mid-coupled`, {glue:text}`trunks-deep-coupled` and
# {glue:text}`trunks-cifar10-coupled`. On the last layer the uncoupled length
# ({glue:text}`trunks-deep-uncoupled`) and the path of fine-tuning
# ({glue:text}`trunks-deep-fine_tuning`) are *longer* from the sources that start better; on the
# third stage V of the uncoupled road is larger ({glue:text}`trunks-mid-uncoupled_V`; on the others
# {glue:text}`trunks-deep-uncoupled_V` and {glue:text}`trunks-cifar10-uncoupled_V`).
#
# Of the accuracy after 100 steps the last layer has another order: where nearly every source does
# harm, the scores have it backwards (LogME {glue:text}`trunks-deep-few-logme`, LEEP
# {glue:text}`trunks-deep-few-leep`), and nearest neighbours have it right
# ({glue:text}`trunks-deep-few-knn`), which are wrong about the first loss
# ({glue:text}`trunks-deep-knn`). On the trunk from CIFAR-10 all scores have the right sign for
# both.
#
# **Change this and run**: which three measures know most about another worth of a source?

# %%
WORTH = "end"  # ← change this: one of WORTHS
pd.DataFrame({trunk: pd.Series({
    label: judged(nearness(key, measures[key]), worth[WORTH], "evaluation",
                  permutations=9)["within"] for key, label in MEASURES.items()}).nlargest(3).index
    for trunk, (measures, worth, _) in FOUND.items()}, ["first", "second", "third"])

# %% [markdown]
# ## Is the uncoupled road the longer one?

# %% tags=["claim C-045: depends on the measure", "claim C-042: depends on the measure"]
LONGER = pd.DataFrame({trunk: longer(found[0], "evaluation") for trunk, found in FOUND.items()})
LONGER.round(3)

# %% tags=["remove-cell"]
for trunk, short in SHORT.items():
    glue(f"trunks-{short}-longer", f"{LONGER.loc['(11) and (11)', trunk]:.0%}", display=False)
    glue(f"trunks-{short}-longer-drift", f"{LONGER.loc['drift', trunk]:.0%}", display=False)

# %% [markdown]
# By (11) it is in {glue:text}`trunks-mid-longer` of the pairs on the third stage, in
# {glue:text}`trunks-deep-longer` on the last layer and in {glue:text}`trunks-cifar10-longer` on the
# trunk from CIFAR-10; in drift in {glue:text}`trunks-mid-longer-drift`,
# {glue:text}`trunks-deep-longer-drift` and {glue:text}`trunks-cifar10-longer-drift`. In the pairing
# that the text prints, (5) against (11), it is in nearly all pairs of all three.
#
# ## What the page found
#
# **The first paper.** That a score of features selects sources holds on all three kinds of features
# for the head start, in part: the adjusted H-score has {glue:text}`trunks-mid-adjusted`,
# {glue:text}`trunks-deep-adjusted` and {glue:text}`trunks-cifar10-adjusted`. It does not carry over
# to the accuracy after 100 steps, where most sources do harm: on the last layer it has
# {glue:text}`trunks-deep-few-adjusted`.
#
# **The second paper.** That a short coupled road is a sign of a good source is found on none of
# them. That the uncoupled road is the longer one holds in the printed pairing of equations; with
# one equation on both sides it depends on the features.
#
# **What limits this**: one seed of the last layer and of the trunk from CIFAR-10, against five of
# the third stage; the same test images judge the loss from scratch and the worth.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-trunks-one-seed
#
# The third stage has the means over five seeds of measure and worth, the others one seed. How much
# lower is a correlation by that alone? Compute LogME's on each seed of the third stage, and say
# whether one of the other trunks is shown to differ from it.
# :::
#
# ````{solution-start} ex-trunks-one-seed
# :class: dropdown
# ````
# A mean over five seeds has a fifth of the noise of one, so its correlation is the higher one. The
# fair comparison is one seed with one seed. A number inside of the five shows no difference; one
# outside does not show it either, as a sixth seed of the same trunk would lie outside with a chance
# of two in six.

# %%
alone = []
for run in RUNS["third stage"]:
    measures, worth, _ = over_seeds([run["units"]], "evaluation")
    alone.append(judged(nearness("logme", measures["logme"]), worth["early"], "evaluation",
                        permutations=9)["within"])
mean = ANSWERS["third stage"].loc["LogME", "within"]
assert np.mean(alone) < mean, "one seed has more noise than the mean of five, in the stored runs"
print("one seed each:", np.round(np.sort(alone), 2), f"their means: {mean:.2f}")
for trunk in ("last layer", "CIFAR-10"):
    here = ANSWERS[trunk].loc["LogME", "within"]
    inside = min(alone) <= here <= max(alone)
    print(f"{trunk}: {here:.2f},", "inside" if inside else "outside, not shown to differ")

# %% [markdown]
# ````{solution-end}
# ````
