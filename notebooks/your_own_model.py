# %% [markdown]
# # Score your own model
#
# **Question.** You have labelled images and several trained networks. Which network should you
# build on, and which of its layers, before you train anything? And when is the answer to be
# trusted?
#
# **Answer.** `tdist rank` tells by {term}`leave-one-out accuracy`: each image is guessed from all
# the others, by a linear map (`loo`) or by its neighbours (`knn`). The choice costs about
# {glue:text}`study-loo` points of accuracy, less than the H-score's or ImageNet's
# ({numref}`fig-regret`). When not to trust it: {ref}`own-when-not`.
#
# This page goes from a folder to a ranked list of models and layers, and then finds out what the
# decision was worth. Every cell runs on data that comes with the package; to use your own, change
# the two lines marked with an arrow, `# <--`. `pip install 'tdist[images]'` brings all that the
# page imports.

# %% tags=["hide-input"]
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.stats import binom, chi2
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torchvision import transforms
from torchvision.utils import save_image

import tdist
from tdist.__main__ import main
from tdist.candidates import candidates
from tdist.images import images_of
from tdist.kept_features import kept_features
from tdist.networks import CNN, efficientnet_lite
from tdist.plots import COMPUTED, OTHER, PRINTED, SOURCE, TARGET, use_book_style
from tdist.studies import load, which_model
from tdist.studies.results import where
from tdist.tasks import fashion_mnist

try:
    from myst_nb import glue  # puts numbers into the text of the book
except ModuleNotFoundError:
    def glue(name, value, display):
        """Nothing, outside of the book."""

use_book_style()

# %% [markdown]
# ## Without a line of code
#
# Two commands, for a folder with a sub-folder of images for each class, and for features that you
# have already:
#
# ```
# tdist rank photos --model lite0 --model torchvision:resnet50 --out table.csv --plot chart.png
# tdist score features.npy labels.csv
# ```
#
# `tdist rank --help` teaches the rest. The same from Python, for any matrix with a row a sample and
# a label a row:

# %%
X, y = load_iris(return_X_y=True)
for name, result in tdist.compare(X, y).items():
    print(f"{name:6}{float(result):8.3f}")

# %% [markdown]
# | score | what it is |
# | --- | --- |
# | `h` | the H-score {eq}`eq-h-score`, at most the number of classes minus one |
# | `adjusted` | the H-score without its chance level {eq}`eq-adjusted` |
# | `loo` | leave-one-out accuracy of the least-squares map from features to labels |
# | `knn` | leave-one-out accuracy of the nearest neighbours |
# | `mean` | leave-one-out accuracy of the nearest class mean |
# | `logme` | how probable the labels are under a linear model {cite:p}`you2021`, in nats an image |
#
# Of every score higher is better. Only numbers of one score compare.
#
# ## A folder of images
#
# We write images of Fashion-MNIST to a folder, one sub-folder a class; yours is there already.

# %%
example = Path(tempfile.mkdtemp()) / "clothes"
task = fashion_mnist().subset(1500, seed=0)
for i, (image, label) in enumerate(zip(task.images, task.labels, strict=True)):
    place = example / task.classes[label].replace("/", " or ")
    place.mkdir(parents=True, exist_ok=True)
    save_image(image / 255, place / f"{i}.png")

# %%
folder = example  # <-- the folder with your images

# %% [markdown]
# Grey, transparent, 16 bits, CMYK, upper-case endings, nested folders: any of it is read as a
# picture in colour. What is no picture is left out and named, and so is an empty class. A file that
# cannot be read stops the run before a model starts, with its name and the way out
# (`skip_broken=True`).
#
# **Keep the test images out.** What chose the model cannot judge it. Put training and validation
# images together into the folder, and let the test images wait for the model that you train.
#
# ## Models
#
# A name brings a model with its weights and its own preprocessing: `"timm:NAME"` and
# `"torchvision:NAME"` download once, `"lite0"`, `"lite1"` and `"lite2"` are installed. A network of
# your own is a pair of the module and a transform from a picture to its input. The example has the
# three EfficientNet-Lite {cite:p}`tan2019`, at 64 pixels a side because the pictures have 28, and
# one network that was never trained. The three end in 1,280 features each, so that no width is in
# the way of a comparison.

# %%
small = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(),
                            transforms.Normalize([0.5] * 3, [0.5] * 3)])
torch.manual_seed(0)
own = CNN(10, width=16)  # never trained
lite = {f"lite{i}": (efficientnet_lite(i), small) for i in range(3)}

# %%
models = lite | {"own": (own, small)}  # <-- yours, such as ["torchvision:resnet18"]

# %% [markdown]
# One call scores them all. `layers="auto"`, the default, takes the ends of the stages and what the
# classifier sees. Each model runs once. Its features are kept on disk, so that a second score costs
# no pass and a killed run goes on; leave `cache=` out, and they are kept between sessions.

# %%
options = {"cache": tempfile.mkdtemp(), "progress": False}
found = tdist.rank(models, folder, score="loo", **options)
shown = ["model", "layer", "width", "score", "low", "high", "tied", "weights"]
found.table[shown].head(10).round(3)

# %% tags=["hide-input"]
n, classes = (int(found.table[name].iloc[0]) for name in ("n", "classes"))
tied = int((found.table["tied"] == True).sum())  # noqa: E712  it may be missing
glue("own-images", n, display=False)
glue("own-classes", classes, display=False)
glue("own-chance", round(float(found.table["chance"].iloc[0]), 2), display=False)
glue("own-best", f"{found.best.layer or 'output'} of {found.best.model}", display=False)
glue("own-tied", tied, display=False)
glue("own-candidates", len(found.table), display=False)
glue("own-failed", len(found.failed), display=False)

# %% [markdown]
# There are {glue:text}`own-images` images of {glue:text}`own-classes` classes; guessing the largest
# class is right for {glue:text}`own-chance` of them. First of {glue:text}`own-candidates`
# candidates is {glue:text}`own-best`.
#
# **Tied** candidates cannot be told apart from the best: McNemar's exact test finds no difference
# on the same images, at 5% for all comparisons together. Here they are {glue:text}`own-tied`. Among
# them take the smallest model or the narrowest layer. `low` and `high` are the 95% interval of each
# score by itself.
#
# Two rivals look at no image: the number of `weights` and, where a model comes by its name, its
# accuracy on ImageNet, `imagenet`. A model that fails is in `found.failed` with its reason
# ({glue:text}`own-failed` here), and the others go on.

# %% mystnb={"figure": {"caption": "The candidates in the order of their leave-one-out accuracy, with 95% intervals; grey marks the chance level. Blue cannot be told apart from the best on these images.", "name": "fig-your-layers"}, "image": {"alt": "Horizontal bars of leave-one-out accuracy for sixteen layers of three networks, from 0.85 at the top to 0.79 at the bottom, each with an interval and a grey mark at 0.11. The first twelve bars are blue, the last four pink."}}
found.plot(most=16)
plt.show()

# %% [markdown]
# ## Does the decision hold?
#
# A score is worth what its decision is worth. So we train a classifier on the layers that the
# scores put first, and count the **{term}`regret`**: how many points of accuracy are lost by
# training on the layer that a score chose, in place of the best layer tried. The features are on
# disk, so the other scores cost no pass.

# %%
scores = ("adjusted", "loo", "knn", "mean")
ranked = {score: tdist.rank(models, folder, score=score, **options) for score in scores}
top = {(row.model, row.layer)
       for one in ranked.values() for row in one.table.head(3).itertuples()}
print(len(top), "candidates are among the first three of some score")

# %%
pictures = images_of(folder, progress=False)
features = {name: kept_features(make(), pictures, **options)[0]
            for name, make in candidates(models).items()
            if name in {model for model, _ in top}}
classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
folds = StratifiedKFold(3, shuffle=True, random_state=0)
trained = {(model, layer): 100 * cross_val_score(classifier, features[model][layer],
                                                 pictures.labels, cv=folds).mean()
           for model, layer in sorted(top)}

# %% tags=["nbval-ignore-output"]
best = max(trained.values())
decisions = pd.DataFrame({score: {
    "model": one.best.model, "layer": one.best.layer, "trained": trained[one.best[:2]],
    "regret": best - trained[one.best[:2]]} for score, one in ranked.items()}).T
decisions.infer_objects().round({"trained": 1, "regret": 1})

# %% tags=["hide-input"]
for score in scores:
    glue(f"own-regret-{score}", round(float(decisions.loc[score, "regret"]), 1), display=False)
    glue(f"own-choice-{score}", " ".join(ranked[score].best[:2]), display=False)
worst_of_pair = float(max(decisions.loc["loo", "regret"], decisions.loc["knn", "regret"]))
if folder == example and list(models) == [*lite, "own"]:
    assert worst_of_pair < decisions.loc["adjusted", "regret"], (
        "in the book's example loo and knn both lose less than the adjusted H-score; with your "
        "images and models this need not hold, and nothing below depends on it")

# %% [markdown]
# The {term}`adjusted H-score` chose {glue:text}`own-choice-adjusted` and lost
# {glue:text}`own-regret-adjusted` points; leave-one-out accuracy chose {glue:text}`own-choice-loo`
# and lost {glue:text}`own-regret-loo`; {term}`nearest neighbours` chose {glue:text}`own-choice-knn`
# and lost {glue:text}`own-regret-knn`. Three folds of these images do not tell a point apart from
# two.
#
# Why not compare layers by `adjusted`? It estimates the {term}`H-score` at infinitely many images,
# where a wide layer is as good as its best direction; you have {glue:text}`own-images`. What is
# wanted is how well *these* images determine the map, which is what a leave-one-out score measures.
#
# ## Which score decides best?
#
# One example decides nothing. A stored study asks the same of three targets: 20 classes of
# CIFAR-100 {cite:p}`krizhevsky2009`, Fashion-MNIST {cite:p}`xiao2017`, and photographs of clothes.
# The candidates are the last four stages of each EfficientNet-Lite and the last layer of a small
# network of our own, trained on CIFAR-10: thirteen. Each is scored on $m$ labelled images, and a
# softmax regression is trained on the same $m$; images held out say how good it is. Three draws of
# the images. Pictures are 96 pixels a side for the photographs and 64 for the others, smaller than
# the networks' own 224 to 260.
#
# ```
# python -m tdist.studies run which_model
# ```

# %% tags=["claim H-089: not reproduced here"]
units = load("which_model")["units"]
lost, order = which_model.decisions(units), which_model.orders(units)
budgets = which_model.SIZES["images"]
table = pd.DataFrame({
    score: {f"m = {m}": x[:, j].mean() for j, m in enumerate(budgets)}
    | {"all": x.mean(), "error": x.mean(1).std(ddof=1) / x[:, 0].size ** 0.5,
       "tau": np.nanmean(order[score]) if score in order else np.nan}
    for score, x in lost.items()}).T.sort_values("all")
table.round(2).astype(object).where(table.notna(), "")

# %% [markdown]
# A row is a way to choose; the numbers are points of accuracy lost, on average over targets and
# draws, with the standard error over these nine. `tau` is Kendall's rank correlation with trained
# accuracy over all candidates, as papers on scores report it (of `adjusted` where it has a value).
# The three rows that look at no image take the last layer of the network that is best on ImageNet,
# the last layer of the smallest network, or a candidate at random.

# %% mystnb={"figure": {"caption": "Points of accuracy lost by the choice of each score, against the number of labelled images; means of three targets and three draws, bars are standard errors of the nine. Grey: the last layer of the network that is best on ImageNet, whatever the images.", "name": "fig-regret"}, "image": {"alt": "Points of accuracy lost, 0 to 7, against 250, 700 and 2,000 images, with error bars. loo and knn stay below 2.5; adjusted rises from 2 to 5; h and ImageNet accuracy lie between 4.5 and 6."}} tags=["hide-input"]
fig, ax = plt.subplots()
colours = {"loo": COMPUTED, "knn": TARGET, "adjusted": OTHER, "h": SOURCE,
           "ImageNet accuracy": PRINTED}
for score, colour in colours.items():
    each = lost[score].transpose(1, 0, 2).reshape(len(budgets), -1)  # (budgets, targets * draws)
    ax.errorbar(budgets, each.mean(1), each.std(1, ddof=1) / each.shape[1] ** 0.5, fmt="o-",
                color=colour, label=score, capsize=2)
ax.set(xscale="log", xticks=budgets, xticklabels=budgets, ylim=0, xlabel="labelled images $m$",
       ylabel="regret (points of accuracy)")
ax.minorticks_off()
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=5, fontsize=8)
plt.show()

# %% tags=["hide-input"]
for score in lost:
    glue(f"study-{score.replace(' ', '-')}", round(float(table.loc[score, "all"]), 1),
         display=False)
    glue(f"study-{score.replace(' ', '-')}-error", round(float(table.loc[score, "error"]), 1),
         display=False)
gap = lost["adjusted"] - lost["loo"]
glue("study-gap", round(float(gap.mean()), 1), display=False)
glue("study-gap-error", round(float(gap.mean(1).std(ddof=1) / gap[:, 0].size ** 0.5), 1),
     display=False)
glue("study-loo-few", round(float(lost["loo"][:, :-1].max()), 1), display=False)
cases = [unit for key, unit in units.items() if key != "check"]
chosen = {score: [max(unit, key=lambda one: unit[one][score] or -np.inf) for unit in cases]
          for score in ("h", "shrunk")}
for score, names in chosen.items():
    ends = sum(name.endswith(("bn2", which_model.LAST)) for name in names)
    glue(f"study-ends-{score}", f"{ends} of {len(cases)}", display=False)
last = which_model.decisions(units, layer="bn2")
glue("study-last-layer", round(float(min(x.mean() for x in last.values())), 1), display=False)
glue("study-last-random", round(float(last["at random"].mean()), 1), display=False)
assert max(table.loc[["loo", "knn", "mean"], "all"]) < table.loc["adjusted", "all"], (
    "in the stored study the three leave-one-out accuracies lose less than the adjusted H-score; "
    "your own run of it may differ")

# %% [markdown]
# **Leave-one-out accuracies choose best**: `mean` loses {glue:text}`study-mean` ±
# {glue:text}`study-mean-error` points, `knn` {glue:text}`study-knn` ±
# {glue:text}`study-knn-error`, `loo` {glue:text}`study-loo` ± {glue:text}`study-loo-error`; no
# difference among the three is larger than its error. The adjusted H-score loses
# {glue:text}`study-gap` ± {glue:text}`study-gap-error` more than `loo`, and at 250 and
# 700 images it has no value for 1,280 features, which keeps it from its favourite.
#
# Raw and shrunk H, LogME and TransRate lose as much as the last layer of the network that is best
# on ImageNet, {glue:text}`study-ImageNet-accuracy`. They choose a last layer, raw H in
# {glue:text}`study-ends-h` cases and shrunk H in {glue:text}`study-ends-shrunk`, and here an
# earlier one is better. Their rank correlation with accuracy is near zero.
#
# **`loo` has a weak spot.** Where features are about as many as images, its least-squares map is at
# its worst, and in single cases with 250 or 700 images it loses up to
# {glue:text}`study-loo-few` points. `knn` and `mean` have others. That is why two of them are
# better than one.
#
# **Which of the three networks** no score can tell here. Among the three last layers, all of 1,280
# features, the best score still loses {glue:text}`study-last-layer` points, and a network at random
# loses {glue:text}`study-last-random`. The three are too alike: what was to be decided was the
# layer.
#
# All of this is for frozen features with a linear classifier, small pictures, and one family of
# networks.
#
# ## The command, once
#
# The same on a sample of the folder, with the preprocessing of the installed EfficientNet-Lite0.
# `--images` draws class by class. It has a price, which the command states before it starts: the
# standard error of an accuracy $p$ is $\sqrt{p (1 - p) / m}$, and the {term}`chance level`
# {eq}`eq-chance` of the H-score grows as $1 / m$.

# %%
few = max(60, 4 * classes)
_ = main(["rank", str(folder), "--model", "lite0", "--images", str(few), "--quiet",
          "--cache", options["cache"]])

# %% [markdown]
# ## How many images?
#
# Two candidates differ where one guesses an image and the other does not; let that be a share $d$
# of the $m$ images. A difference of their accuracies is found four times in five, by the exact test
# at 5%, from about $2.8 \sqrt{d / m}$ on ({ref}`ex-own-error`), and it is never more than
# $d$.
#
# **Change this and run**: which difference can your images see?

# %%
IMAGES, APART = 1000, 0.1  # ← change this: m and d
n = round(IMAGES * APART)  # images on which the two differ
wins = binom.isf(0.025, n, 0.5) + 1  # so many of them must go to one candidate
share = np.linspace(0.5, 1, 5001)  # of them that do, in the long run
enough = share[binom.sf(wins - 1, n, share) >= 0.8]
least = 100 * APART * (2 * enough[0] - 1) if len(enough) else np.nan
print(f"{IMAGES} images, {n} guessed by one of the two; least difference found:\n"
      f"{least:.1f} points, by the rule {280 * (APART / IMAGES) ** 0.5:.1f}")

# %% [markdown]
# ## How long, how much memory?
#
# | what | how much |
# | --- | --- |
# | time | one pass a model; the bar shows images a second, and what is left, after the first batch. At 224 pixels a side a picture has five times as many as at 96. Scores of 10,000 images take seconds to minutes a layer |
# | disk | $4 n k$ bytes a layer, in the user's cache folder or in `cache=`; delete it at will |
# | memory | one batch while a model runs; then one layer at a time, a few copies of $8 n k$ bytes: 1 GB a copy for 100,000 images of 1,280 features |
#
# Measured once, on a folder of 100,000 pictures of 32 x 32, EfficientNet-Lite0, `score="loo"`:

# %%
speed = json.loads((where() / "rank_speed.json").read_text(encoding="utf-8"))
machine, large = list(speed.items())[-1]
print(f"{machine}, {large['threads']} thread:\n{large['command']}")
pd.Series({name: large[name] for name in (
    "images", "layers", "columns", "seconds", "seconds of the pass",
    "seconds of the scores", "peak GB", "GB of imports", "GB on disk")},
    dtype=object).to_frame("measured")

# %% tags=["hide-input"]
for name, key in (("seconds", "seconds"), ("pass", "seconds of the pass"), ("peak", "peak GB"),
                  ("scores", "seconds of the scores"), ("disk", "GB on disk"),
                  ("imports", "GB of imports"), ("processor", "processor seconds"),
                  ("said", "minutes said after 1% of the pass"), ("took", "minutes of the pass")):
    glue(f"large-{name}", large[key], display=False)
glue("large-images", f"{large['images']:,}", display=False)

# %% [markdown]
# {glue:text}`large-images` pictures take {glue:text}`large-seconds` seconds, of which the pass has
# {glue:text}`large-pass` and the scores of all layers {glue:text}`large-scores`; processor seconds
# are {glue:text}`large-processor`. The bar, which knows the speed so far, promised
# {glue:text}`large-said` minutes after one picture in a hundred for a pass that took
# {glue:text}`large-took`. Memory peaks at {glue:text}`large-peak` GB, of which the libraries take
# {glue:text}`large-imports`; on disk the features are {glue:text}`large-disk` GB. Larger pictures
# cost the pass more and the scores nothing.
#
# (own-when-not)=
# ## When not to trust the score
#
# - **Try kNN too.** Where `loo` and `knn` disagree about the first, train on both.
# - **Ties are ties.** A difference that the test does not find is no reason for a larger model.
# - **Fine-tuning is another question.** These scores judge frozen features. If all weights will
#   move, ImageNet accuracy is the stronger guide, by published tables of other people's runs.
# - **Rare classes.** Accuracy counts images, not classes. Score the rare classes by themselves if
#   they matter.
# - **Copies.** A photograph that is there twice is guessed from its copy. Remove copies first.
# - **Numbers and several labels.** `tdist.canonical_h_score` takes both.
# - **The wrong preprocessing** ruins any score. A model by its name brings its own.
#
# ## Any module, any loader
#
# Under `rank` lie `tdist.features.extract`, `batches` and `h_scores`, which take any module and any
# loader of batches, with nothing kept on disk:
#
# ```python
# from tdist.features import batches, h_scores
# scores = h_scores(model, loader, ["layer3", "layer4"], shrinkage="ledoit-wolf")
# metric = tdist.HScore()  # a torchmetrics metric, for batches and several processes
# for features, labels in batches(model, loader, ["layer4"]):
#     metric.update(features["layer4"], labels)
# ```
#
# Features are averages over positions, and what is a position depends on the layer:
#
# | layer | its output | averaged over |
# | --- | --- | --- |
# | convolution, batch norm, group norm, pooling | (batch, channels, height, width), or (batch, channels, length) | all axes after the second |
# | linear, layer norm, embedding, a transformer's block | (batch, tokens, channels), or (batch, height, width, channels) | all axes between the first and the last |
# | the same, where the model is given an `attention_mask` | (batch, tokens, channels) | the tokens that the mask keeps |
# | a block, a `Sequential`, an activation | either, as its shape says | as above |
# | any | (batch, channels) | nothing |
#
# Where the shape of an output is the only witness, a warning says what was taken; where it does not
# say, an error asks for `layout="first"` or `"last"`. Your own function of the output settles it,
# too: `pool=lambda out: out[:, 0]` takes the class token of a transformer. A layer is read at the
# moment it has run: what a `ReLU(inplace=True)` does to it afterwards is not seen.
#
# Batches may be pairs (inputs, labels), or dicts with the labels under `"labels"` or `"label"`, as
# Hugging Face's are. For anything else `prepare=` says which is which:
#
# ```python
# h_scores(model, loader, layers, prepare=lambda batch: (batch["pixels"] / 255, batch["kind"]))
# ```
#
# ## When something is wrong
#
# | what you see | what it means | what to do |
# | --- | --- | --- |
# | `files cannot be used` | they are broken or cut off | mend or delete them, or `--skip-broken` |
# | `holds the splits train, test` | the folder above | name the folder of the training images |
# | `could not get the weights` | no network, or a wrong name | `lite0`, or load them and pass (module, transform) |
# | a score is missing | as many features as images: H is the number of classes minus one whatever the labels are | more images, or `loo` |
# | `the features of layer ... do not vary` | all images are the same, or the layer is dead | look at the images as the model gets them |
# | `layer 'blocks.3' gives nan at row 7` | the network produced NaN | look at image 7; drop it |
# | `the model has no layer 'layer5'` | a name not in `named_modules()` | take one of the names in the message |
# | `layer 'relu' ran 2 times` | one module in two places of the network | name the block around it, or pass `calls=` |
# | `which axis has the channels cannot be seen` | a map as high as its channels are many | pass `layout=` |
#
# ## What the page found
#
# The question was which network and which layer to build on, before training. **`tdist rank`
# answers it with leave-one-out accuracy**: by `loo` or `knn` the choice costs about
# {glue:text}`study-loo` points of accuracy over three targets, where the adjusted H-score costs
# {glue:text}`study-adjusted`, raw H {glue:text}`study-h`, and the last layer of the network that is
# best on ImageNet {glue:text}`study-ImageNet-accuracy`.
#
# The H-score's paper prints that the score can choose "the most suitable layer". On these targets
# raw H chooses a last layer in {glue:text}`study-ends-h` cases, and it is not the best one. The
# reason is the number of images: H adds up what a layer holds, and a choice at $m$ images wants
# what $m$ images can take out of it.
#
# What no score here can do is tell networks apart that are nearly as good as each other. Then the
# ties in the table are the answer, and the smallest network is the choice.

# %% [markdown]
# ## Exercises
#
# They use the flowers at the top of the page, whatever your folder holds.
#
# :::{exercise}
# :label: ex-own-shuffled
#
# Shuffle the labels of the flowers, so that the features say nothing about them. What must `h` be
# on average? The three classes are equally large: is `loo` one third on average?
# :::
#
# ````{solution-start} ex-own-shuffled
# :class: dropdown
# ````
# H has its chance level {eq}`eq-chance`. Leave-one-out accuracy is *below* one third. The flower
# that is left out is missing in its class, which then has 49 against 50 and 50: who guesses the
# largest class is wrong every time. A map that has nothing else to go by does much the same. For
# classes of one size, an accuracy below chance says "nothing here", and no more than that.

# %%
rng = np.random.default_rng(0)
shuffled = [rng.permutation(y) for _ in range(40)]
h = np.array([tdist.h_score(X, labels).statistic for labels in shuffled])
loo = np.array([float(tdist.compare(X, labels, ("loo",))["loo"])
                for labels in shuffled])
chance = tdist.h_score(X, y).chance
print(f"H {h.mean():.3f}, by chance {chance:.3f}; loo {loo.mean():.3f}")
assert abs(h.mean() - chance) < 4 * h.std() / 40**0.5, "for shuffled labels"
assert loo.mean() + 4 * loo.std() / 40**0.5 < 1 / 3, "for classes of one size"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-own-twice
#
# Put every flower in twice, with shuffled labels that its copy shares. What becomes of H, of its
# chance level, and of the share of shuffles whose p value is below 0.05?
# :::
#
# ````{solution-start} ex-own-twice
# :class: dropdown
# ````
# H is made of means and covariances, which copies leave as they are. The chance level is
# $k (\lvert\Y\rvert - 1)/(m - 1)$ and falls to half, and the test takes 150 flowers for 300. For
# shuffled labels $m H$ is about $\chi^2$ with $k (\lvert\Y\rvert - 1) = 8$ degrees of freedom, and
# the test is given $2 m H$: nearly half of the shuffles are "significant". Copies do not make
# labels informative; they make the test believe in them.

# %%
once = [tdist.h_score(X, labels) for labels in shuffled]
twice = [tdist.h_score(np.repeat(X, 2, 0), np.repeat(labels, 2)) for labels in shuffled]
assert all(np.isclose(a.statistic, b.statistic)
           for a, b in zip(once, twice, strict=True)), "for any data"
assert np.isclose(twice[0].chance / once[0].chance, 149 / 299), "(m - 1) / (2m - 1)"
small_p = {name: np.mean([result.pvalue < 0.05 for result in results])
           for name, results in (("once", once), ("twice", twice))}
expected = chi2.sf(chi2.isf(0.05, 8) / 2, 8)
print(f"p values below 0.05: once {small_p['once']:.0%}, twice {small_p['twice']:.0%}, "
      f"in the long run {expected:.0%}")
assert small_p["twice"] > 0.25 > small_p["once"], "with these shuffles of the flowers"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-own-error
#
# Show that the standard error of an accuracy on $m$ images is at most $\sqrt{1 / (4m)}$, and that
# of the difference of two accuracies on the same images at most $\sqrt{d / m}$, where $d$ is the
# share of the images that only one of the two guesses. How many images make the first at most one
# point? When is the second the smaller one? Take independent guesses.
# :::
#
# ````{solution-start} ex-own-error
# :class: dropdown
# ````
# A guess is right or wrong, with variance $p (1 - p) \le 1/4$. The difference of two guesses is
# 1, 0 or $-1$, and not 0 on a share $d$: its variance is $d$ less the square of its mean. One point
# takes $m = 2{,}500$. The second is smaller for $d < 1/4$, which two good candidates have: that is
# why candidates are compared on the same images. At 5% and four times in five a difference is found
# from $1.96 + 0.84 = 2.8$ standard errors on.

# %%
scores = tdist.compare(X, y, ("loo", "knn"))
wins = scores["loo"].correct.astype(float) - scores["knn"].correct  # (m,)
m, d = len(y), np.mean(wins != 0)
for score in scores.values():
    assert score.error <= (1 / (4 * m)) ** 0.5, "for any accuracy"
assert wins.std() <= d**0.5, "for any two accuracies of the same samples"
print(f"{m} flowers: error of any accuracy at most {(1 / (4 * m)) ** 0.5:.3f},\n"
      f"of the difference of loo and knn {wins.std() / m**0.5:.3f}, "
      f"at most {(d / m) ** 0.5:.3f}")

# %% [markdown]
# ````{solution-end}
# ````
