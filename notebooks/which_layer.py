# %% [markdown]
# # Which layer transfers?
#
# **Question.** A network was trained on ImageNet. Which of its layers should a new task build on,
# and does the H-score know before anything is trained?
#
# Section 5.1 of {cite:t}`hscore2019` answers with ResNet-50 and CIFAR-100 (its Figure 4): as the
# score rises, log-loss falls "almost linearly" and accuracy rises. This page repeats the experiment
# twice. **Live**, on 6,000 images of Fashion-MNIST {cite:p}`xiao2017`, every time the notebook
# runs. **At the paper's size**, on CIFAR-100 {cite:p}`krizhevsky2009`, from a stored run.
#
# ResNet-50's weights need a download, so the source here is **EfficientNet-Lite0**
# {cite:p}`tan2019`, whose ImageNet weights come with an installed package. Its eight depths stand
# in for the paper's blocks 4a to 4f. ResNet-50 itself: **not run**; the last section has the
# command.

# %% tags=["hide-input"]
from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.stats import pearsonr, spearmanr

from tdist import h_score
from tdist.plots import COMPUTED, use_book_style
from tdist.studies import layers
from tdist.studies.results import load
from tdist.tasks import fashion_mnist

use_book_style()

# %% [markdown]
# ## Live: Fashion-MNIST
#
# Images are enlarged to 96 x 96 and sent through the network once. Each depth's output is averaged
# over positions, so a depth with $k$ channels gives $k$ features.

# %%
task = fashion_mnist()
features = layers.depth_features(task, progress=False)
print(list(features), [x.shape[1] for x in features.values()], sep="\n")

# %% [markdown]
# For each depth, `layers.compare` computes the H-score on nine tenths of the images, trains a
# softmax regression on them as the paper does (full batch, 100 epochs) and once more to
# convergence, and tests both on the last tenth. It also asks two **cheap rivals**: the accuracy of
# 20 nearest neighbours, and the mere number of features.

# %%
y = task.labels.numpy()
live = pd.DataFrame({layer: layers.compare(x, y) for layer, x in features.items()}).T
scores = live[["dimension", "h", "chance", "adjusted"]].astype(float).astype({"dimension": int})
scores.round(2)

# %% [markdown]
# The score rises with depth, before and after the correction for chance {eq}`eq-adjusted`. Now the
# trained results. The last digits of a trained accuracy can differ between processors; the cell
# checks the claim, not the digits.

# %% tags=["nbval-ignore-output"]
trained = pd.DataFrame({"log-loss": [r["test_loss"] for r in live["paper"]],
                        "accuracy": [r["test_accuracy"] for r in live["paper"]],
                        "converged": [r["test_accuracy"] for r in live["converged"]],
                        "knn": live["knn"].to_numpy(float)},
                       index=live.index)
by_accuracy = spearmanr(scores["adjusted"], trained["accuracy"]).statistic
by_loss = spearmanr(scores["adjusted"], trained["log-loss"]).statistic
glue("layers-live-accuracy", round(float(by_accuracy), 2), display=False)
glue("layers-live-loss", round(float(by_loss), 2), display=False)
glue("layers-live-best", trained["log-loss"].idxmin(), display=False)
assert by_accuracy > 0.85 and by_loss < -0.7
trained.round(3)

# %% [markdown]
# Over the eight depths, the adjusted score has a rank correlation of
# {glue:text}`layers-live-accuracy` with the test accuracy and of {glue:text}`layers-live-loss` with
# the test log-loss. The top is not settled by it: the score puts `bn2` first, and the smallest
# log-loss is that of {glue:text}`layers-live-best`.
#
# ## At the paper's size: CIFAR-100
#
# The stored run used 20,000 images in a 9:1 split, three times with another draw. It was made by
# the command below.

# %%
stored = load("layers")
print(stored["command"])
print(stored["device"], "| torch", stored["versions"]["torch"])
units, config = stored["units"], stored["config"]
depths = [key.split("/")[2] for key in units if key.startswith("a/0/")]

# %%
kept = ("dimension", "h", "chance", "adjusted", "knn")
rows = [{"depth": depth, "seed": seed, **{name: u[name] for name in kept},
         **{f"{fit} {name}": u[fit][name] for fit in ("paper", "converged") for name in u["paper"]}}
        for seed in config["seeds"] for depth in depths for u in [units[f"a/{seed}/{depth}"]]]
runs = pd.DataFrame(rows)
mean = runs.groupby("depth", sort=False).mean().drop(columns="seed")
mean["dimension"] = mean["dimension"].astype(int)
shown = {"dimension": "width", "h": "H", "adjusted": "adj. H", "paper test_loss": "loss",
         "paper train_accuracy": "training", "paper test_accuracy": "test",
         "converged test_accuracy": "converged", "knn": "knn"}
mean[list(shown)].rename(columns=shown).rename_axis(None).round(3)

# %% [markdown]
# Each row is the mean of three draws. After the width and the two scores come the test log-loss in
# nats and the accuracies on training and test images after 100 full-batch epochs, the test accuracy
# after L-BFGS on the same loss with a small penalty, and that of 20 nearest neighbours.

# %% mystnb={"figure": {"caption": "CIFAR-100, eight depths of EfficientNet-Lite0, three draws of 20,000 images. Left: log-loss falls as the H-score rises, and the test loss stops falling at the last three depths. Right: the same in accuracy. Softmax regression, 100 full-batch epochs.", "name": "fig-layers-cifar"}}
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4))
left.plot(runs["h"], runs["paper test_loss"], "o", color=COMPUTED, label="test")
left.plot(runs["h"], runs["paper train_loss"], "s", color=COMPUTED, alpha=0.35, label="training")
right.plot(runs["h"], runs["paper test_accuracy"], "o", color=COMPUTED, label="test")
right.plot(runs["h"], runs["paper train_accuracy"], "s", color=COMPUTED, alpha=0.35,
           label="training")
for depth, row in mean.iterrows():
    right.annotate(depth.replace("blocks.", ""), (row["h"], row["paper test_accuracy"]),
                   xytext=(0, -14), textcoords="offset points", ha="center", fontsize=8)
left.set(xlabel="H-score", ylabel="log-loss (nats)")
right.set(xlabel="H-score", ylabel="accuracy", ylim=(0, None))
left.legend()
plt.show()

# %% [markdown]
# ### How strong is the relation, and how sure is it?
#
# Eight depths are few. Each line below gives the correlation over the eight means, the 95% interval
# of Fisher's transformation for Pearson's $r$, and the exact p value over all $8! = 40{,}320$
# orders for Spearman's $\rho$.

# %%
every_order = np.array(list(permutations(range(8))))  # (40320, 8)
null = 1 - 6 * ((every_order - np.arange(8)) ** 2).sum(1) / (8 * 63)  # Spearman's rho of each order


def relation(a, b):
    r, rho = pearsonr(a, b), spearmanr(a, b).statistic
    low, high = r.confidence_interval()
    return {"r": r.statistic, "low": low, "high": high, "rho": rho,
            "p": np.mean(np.abs(null) > abs(rho) - 1e-9)}


mean["dim"] = mean["dimension"]
pairs = {f"{a} and {b}": relation(mean[a].to_numpy(), mean[f"paper {b}"].to_numpy())
         for b in ("test_loss", "test_accuracy") for a in ("h", "adjusted", "knn", "dim")}
table = pd.DataFrame(pairs).T
glue("layers-r-loss", round(float(table.loc["h and test_loss", "r"]), 2), display=False)
by_score = table.loc["adjusted and test_accuracy"]
glue("layers-r-accuracy", round(float(by_score["r"]), 2), display=False)
assert table.loc["h and test_loss", "r"] < -0.8 and by_score["rho"] > 0.8
table.rename(index=lambda name: name.replace("_", " ").replace("dim ", "width ")).round(4)

# %% [markdown]
# The H-score and the test log-loss correlate with $r =$ {glue:text}`layers-r-loss`. The direction
# is the paper's; "almost linearly" is not what the figure shows, which bends and is flat over the
# last three depths. And look at the rivals. Nearest neighbours have the closer relation, and the
# number of features, which knows nothing about the task, ranks the depths as well as the score
# does. **Where layers grow wider as they grow better, this experiment cannot tell the H-score from
# the width.**
#
# Nor is the top of the ranking safe. The ranks of the eight depths, 8 for the largest value:

# %%
columns = {"adjusted": "adjusted H", "knn": "knn", "dimension": "width",
           "paper train_accuracy": "training accuracy", "paper test_accuracy": "test accuracy",
           "paper test_loss": "test loss", "converged test_accuracy": "converged"}
ranks = mean[list(columns)].rank().astype(int).rename(columns=columns)
ranks.index.name = None
ranks["test loss"] = 9 - ranks["test loss"]  # 8 for the smallest loss
glue("layers-top-h", ranks["adjusted H"].idxmax(), display=False)
glue("layers-top-test", ranks["test accuracy"].idxmax(), display=False)
by_draw = runs.pivot(index="seed", columns="depth", values="paper test_accuracy")
spread = by_draw[depths[-3:]]
accuracy = mean["paper test_accuracy"]
gap = 100 * (accuracy.max() - accuracy[ranks["adjusted H"].idxmax()])
glue("layers-top-gap", round(float(gap), 1), display=False)
ranks

# %%
spread.round(3)

# %% [markdown]
# The H-score puts {glue:text}`layers-top-h` first, and so does the training accuracy. After the
# paper's 100 epochs the test accuracy puts {glue:text}`layers-top-test` first, by
# {glue:text}`layers-top-gap` points and in each of the three draws. Trained to convergence `bn2` is
# first again, but no better than `blocks.5` and below what 100 epochs reach. The score measures how
# well the classes separate in the features; how much of that survives on new images depends on the
# width and on the training.
#
# ### The same question at equal width
#
# To take width out, give every depth the same number of features: 16 random combinations of its
# channels, on the live images, averaged over ten draws.

# %%
def narrow_score(x, draws=10, width=16):
    z = layers.standardise(x, np.arange(len(x)))
    maps = np.random.default_rng(0).standard_normal((draws, z.shape[1], width)).astype(np.float32)
    return np.mean([h_score(z @ m, y).adjusted for m in maps])


equal_width = pd.Series({layer: narrow_score(x) for layer, x in features.items()})
glue("layers-narrow-first", round(float(equal_width.iloc[0]), 2), display=False)
glue("layers-narrow-last", round(float(equal_width.iloc[-1]), 2), display=False)
glue("layers-narrow-top", round(float(equal_width.max()), 2), display=False)
glue("layers-narrow-where", equal_width.idxmax(), display=False)
assert equal_width["blocks.4"] > equal_width["blocks.0"] > equal_width["bn2"]
equal_width.round(2).to_frame("adjusted H")

# %% [markdown]
# At equal width the score rises from {glue:text}`layers-narrow-first` at the first depth to
# {glue:text}`layers-narrow-top` at {glue:text}`layers-narrow-where`, and falls to
# {glue:text}`layers-narrow-last` at the last. So the H-score sees more than width. But most of its
# rise in the table at the top of the page goes with the width, and the last depth leads by its
# width alone: sixteen combinations of its channels say less than those of the first depth.
#
# ## Does sample size matter?
#
# The paper says that "target sample size does not affect the relationship between H-score and
# log-loss" (Figure 4b, 5,000 to 50,000 images). But the raw score contains the chance level
# {eq}`eq-chance`, which falls like $1/m$.

# %% mystnb={"figure": {"caption": "The H-score of the same depths on 5,000 to 50,000 images of CIFAR-100. Left: the raw score of a wide layer falls as samples come in. Right: adjusted for chance, the curves are nearly flat.", "name": "fig-layers-size"}}
sizes = config["sizes"]
raw = {d: [units[f"b/{m}/{d}"]["h"] for m in sizes] for d in depths}
adjusted = {d: [units[f"b/{m}/{d}"]["adjusted"] for m in sizes] for d in depths}
fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
for axis, values, name in zip(axes, (raw, adjusted), ("raw H-score", "adjusted H-score"),
                              strict=True):
    for i, d in enumerate(depths):
        axis.plot(sizes, values[d], "o-", color=plt.cm.viridis(i / 8), label=d)
    axis.set(xlabel="images", ylabel=name, xscale="log", xticks=sizes,
             xticklabels=[f"{m // 1000}K" for m in sizes])
    axis.minorticks_off()
axes[1].legend(fontsize=7, ncol=2)
plt.show()

# %%
change = pd.DataFrame({"raw, 5K": {d: raw[d][0] for d in depths},
                       "raw, 50K": {d: raw[d][-1] for d in depths},
                       "adjusted, 5K": {d: adjusted[d][0] for d in depths},
                       "adjusted, 50K": {d: adjusted[d][-1] for d in depths}})
glue("layers-raw-5", round(float(raw["bn2"][0]), 1), display=False)
glue("layers-raw-50", round(float(raw["bn2"][-1]), 1), display=False)
glue("layers-adj-5", round(float(adjusted["bn2"][0]), 1), display=False)
glue("layers-adj-50", round(float(adjusted["bn2"][-1]), 1), display=False)
assert raw["bn2"][0] > 1.3 * raw["bn2"][-1]
moved = {name: abs(values["bn2"][0] / values["bn2"][-1] - 1)
         for name, values in (("raw", raw), ("adjusted", adjusted))}
assert moved["adjusted"] < moved["raw"] / 2
change.round(2)

# %% [markdown]
# :::{admonition} Printed and true
# :class: erratum
# **Printed.** Section 5.1 and Figure 4b: sample size does not affect the relation.
#
# **Decided by.** The raw score of the widest depth falls from {glue:text}`layers-raw-5` at 5,000
# images to {glue:text}`layers-raw-50` at 50,000; adjusted, it goes from {glue:text}`layers-adj-5`
# to {glue:text}`layers-adj-50`.
#
# **True.** The raw score carries a chance level of $k(|\Y|-1)/(m-1)$. Compare scores of different
# sample sizes only after the adjustment.
# :::
#
# Log-loss moves too, for a reason of its own: with more images the same 100 epochs overfit less.

# %% mystnb={"figure": {"caption": "Test log-loss against the H-score for five sample sizes. Raw scores (left) slide to the right when samples are few; adjusted scores (right) bring the curves together, and what is left is the overfitting of the classifier.", "name": "fig-layers-size-loss"}}
fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
loss = {m: [units[f"b/{m}/{d}"]["paper"]["test_loss"] for d in depths] for m in sizes}
for axis, values, name in zip(axes, (raw, adjusted), ("raw H-score", "adjusted H-score"),
                              strict=True):
    for i, m in enumerate(sizes):
        axis.plot([values[d][i] for d in depths], loss[m], "o-", color=plt.cm.cividis(i / 5),
                  label=f"{m // 1000}K")
    axis.set(xlabel=name, ylabel="test log-loss (nats)")
axes[1].legend()
plt.show()

# %% [markdown]
# ## Which target suits this source?
#
# Figure 4c turns the question around: one source layer, four target tasks of 3, 5, 10 and 20
# categories of CIFAR-100. The paper's transferability {eq}`eq-transferability` divides the source's
# score by that of the target's own best features $f_{T\text{opt}}$. We train those by soft HGR
# {eq}`eq-soft-hgr` on all eight depths together and score them on images that they did not see. The
# source layer is `blocks.6`; five random draws of categories for each size.

# %%
targets = pd.DataFrame([{"categories": n, **{k: v for k, v in u.items() if k != "trained"},
                         **u["trained"]}
                        for n in config["categories"] for s in range(config["targets_each"])
                        for u in [units[f"c/{n}/{s}"]]])
shown = {"h": "H", "adjusted": "adj. H", "adjusted_opt": "adj. H opt", "transferability": "T",
         "adjusted_transferability": "adj. T", "test_accuracy": "accuracy", "test_loss": "loss"}
targets.groupby("categories")[list(shown)].mean().rename(columns=shown).round(3)

# %% mystnb={"figure": {"caption": "Twenty target tasks. Transferability (adjusted scores) against the test accuracy of a softmax regression, 50 epochs of batches of 64; the colour is the number of categories.", "name": "fig-layers-targets"}}
fig, ax = plt.subplots(figsize=(5, 3.6))
for i, (n, group) in enumerate(targets.groupby("categories")):
    ax.plot(group["adjusted_transferability"], group["test_accuracy"], "o",
            color=plt.cm.viridis(i / 3.5), label=f"{n} categories")
ax.set(xlabel="transferability, adjusted", ylabel="test accuracy")
ax.legend()
plt.show()

# %%
def rank(column, group):
    return spearmanr(group[column], group["test_accuracy"])


all_targets = {column: rank(column, targets)
               for column in ("transferability", "adjusted_transferability", "h", "adjusted")}
within = {n: float(rank("adjusted_transferability", group).statistic)
          for n, group in targets.groupby("categories")}
by_transferability = all_targets["adjusted_transferability"].statistic
for name, value in all_targets.items():
    print(f"{name:>25}: rho = {value.statistic:+.2f} over 20 targets, p = {value.pvalue:.0e}")
print("adjusted, within a number of categories:", {n: round(v, 2) for n, v in within.items()})
glue("layers-t-rho", round(float(by_transferability), 2), display=False)
glue("layers-h-rho", round(float(all_targets["adjusted"].statistic), 2), display=False)

# %% [markdown]
# Over all twenty targets, transferability ranks the accuracies with $\rho =$
# {glue:text}`layers-t-rho`: the paper's Figure 4c is confirmed. The plain score has $\rho =$
# {glue:text}`layers-h-rho`, because a target with more categories has a larger H and a smaller
# accuracy; dividing by the optimum is what makes targets comparable.
#
# But most of that correlation is the number of categories, which anyone knows beforehand. Within
# one number of categories the last line above shows no steady relation, on five targets each. The
# paper's figure has one target for each number.
#
# {numref}`fig-layers-targets` also shows transferabilities above 1 among the three-category
# targets. In population that is impossible if the target has enough features
# ({prf:ref}`cor-bound`); here the network that stands for $f_{T\text{opt}}$ is not optimal on
# images that it did not see.
#
# ## What the page found
#
# | the paper says | this page finds |
# | --- | --- |
# | log-loss falls almost linearly with H, accuracy rises (Figure 4a) | it falls, $r =$ {glue:text}`layers-r-loss` over eight depths, but not linearly, and not over the last three |
# | deeper layers transfer better | confirmed, up to the last three depths, which H and the test accuracy order differently |
# | sample size does not affect the relation (Figure 4b) | not so for the raw score, which carries its chance level; nearly so after the adjustment |
# | transferability predicts performance over targets (Figure 4c) | confirmed over numbers of categories; not within one number |
# | (not asked) do cheap rivals do as well? | yes: nearest neighbours do better, and the mere width ranks the depths as well |
#
# What would settle more: sources whose width does not grow with depth, such as the paper's six
# blocks of equal width. With ResNet-50, on a machine that can download its weights, the same code
# does it. **Not run** here.
#
# ```
# make data
# python -m tdist.studies run layers_resnet50
# ```
