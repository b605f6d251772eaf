# %% [markdown]
# # When is a score worth its price?
#
# **Question.** A list of ImageNet accuracies chooses between networks better than the H-score does
# ({doc}`published_benchmarks`), and costs nothing. What is a score good for, then, and what does it
# cost?
#
# **Answer.** For what no list can know: networks that nobody has benchmarked, layers where "the
# deepest" fails, labels that may not be in the features at all, and inputs that are fed wrongly
# ({ref}`benchmarks-decision`). After the pass of 5,000 images the H-score takes
# {glue:text}`worth-h` seconds.

# %% tags=["hide-input"]
import json

import numpy as np
import pandas as pd
from myst_nb import glue
from scipy.stats import kendalltau, weightedtau

from tdist import compare, h_score
from tdist.features import extract
from tdist.networks import SOURCES
from tdist.studies.results import load, where
from tdist.tasks import fashion_mnist

# %% [markdown]
# ## What each score costs
#
# All of them need one pass of the images through the network: minutes on two cores, and the same
# for every score. What comes after it, for 5,000 images, 1,280 features and 100 classes, in seconds
# of one core, from a stored race (`tests/benchmarks/test_scores_speed.py`):

# %%
race = next(iter(json.loads((where()
                             / "scores_speed.json").read_text("utf-8")).values()))
cost = pd.DataFrame({"seconds": race["median_seconds"], "times H": race["over_h"]})
for name in ("h", "loo", "knn"):
    glue(f"worth-{name}", f"{race['median_seconds'][name]:.1f}", display=False)
cost.T.round(2)

# %% [markdown]
# ## Is my input right?
#
# A network that was trained on images in $[-1, 1]$ takes images in $[0, 1]$
# without complaint. A list of ImageNet accuracies cannot notice; a score can. Fashion-MNIST, 2,000
# images, four blocks of EfficientNet-Lite0 with 192 features each:

# %% tags=["hide-input", "nbval-ignore-output"]
source = SOURCES["efficientnet_lite0"]
network, blocks = source.network(), [f"blocks.5.{i}" for i in range(4)]
task = fashion_mnist().subset(2000)
right, y = extract(network, task.loader(96, source.mean, source.std), blocks, progress=False)
wrong, _ = extract(network, task.loader(96, (0, 0, 0), (1, 1, 1)), blocks, progress=False)
inputs = {"in [-1, 1]": right["blocks.5.3"], "in [0, 1]": wrong["blocks.5.3"]}
found = {name: compare(x, y, ("adjusted", "loo", "knn", "mean", "logme"))
         for name, x in inputs.items()}
pd.DataFrame({name: {k: float(v) for k, v in scores.items()}
              for name, scores in found.items()}).T.round(3)


# %% tags=["hide-input", "nbval-ignore-output"]
def ahead(a, b):
    """Mean difference of two accuracies on the same images, and its standard error."""
    d = a.correct.astype(float) - b.correct
    return d.mean(), d.std() / len(d) ** 0.5


gap, error = ahead(found["in [-1, 1]"]["loo"], found["in [0, 1]"]["loo"])
for name, value in (("gap", gap), ("error", error)):
    glue(f"benchmarks-input-{name}", f"{100 * value:.1f}", display=False)
assert found["in [-1, 1]"]["adjusted"] > found["in [0, 1]"]["adjusted"], \
    "with the book's network and images; others may be less sensitive"
print(f"leave-one-out accuracy: {100 * gap:.1f} points lost, "
      f"standard error {100 * error:.1f}")

# %% [markdown]
# Every score falls. Leave-one-out accuracy loses {glue:text}`benchmarks-input-gap` points, with a
# standard error of {glue:text}`benchmarks-input-error` from the same images guessed or not: 2,000
# images see it, and not by much.
#
# **Change this and run**: how few images would have told?

# %% tags=["nbval-ignore-output"]
IMAGES = 500  # ← change this: 50 to 2,000
loo = {name: compare(x[:IMAGES], y[:IMAGES], ("loo",))["loo"]
       for name, x in inputs.items()}
gap, error = ahead(loo["in [-1, 1]"], loo["in [0, 1]"])
print(f"{IMAGES} images: {100 * gap:.1f} points lost, {gap / error:.1f} standard errors")

# %% [markdown]
# ## Is the mean of several layers better than any of them?
#
# Averaging the layers is the default of transformer-ranker, for text. It needs layers of one width,
# and these four blocks have one. The last row puts them side by side instead, 768 features.
# Differences are to the single block with the highest leave-one-out accuracy.

# %% tags=["hide-input", "nbval-ignore-output"]
candidates = right | {"mean": np.mean([right[b] for b in blocks], axis=0),
                      "side by side": np.hstack([right[b] for b in blocks])}
found = {name: compare(x, y, ("adjusted", "loo", "knn")) for name, x in candidates.items()}
best = max(blocks, key=lambda name: float(found[name]["loo"]))
rows = {}
for name, scores in found.items():
    gap, error = ahead(scores["loo"], found[best]["loo"])
    rows[name] = {k: float(v) for k, v in scores.items()} | {"loo - best": gap, "error": error}
for name, key in (("mean", "mean"), ("side by side", "side")):
    glue(f"benchmarks-{key}-loo", f"{100 * rows[name]['loo - best']:+.1f}", display=False)
    glue(f"benchmarks-{key}-error", f"{100 * rows[name]['error']:.1f}", display=False)
pd.DataFrame(rows).T.round(3)

# %% [markdown]
# Not here. The mean is {glue:text}`benchmarks-mean-loo` points from the best block (standard error
# {glue:text}`benchmarks-mean-error`), side by side {glue:text}`benchmarks-side-loo`
# ({glue:text}`benchmarks-side-error`), and the best block was chosen by looking. The adjusted score
# ranks the wide one far ahead; the accuracies do not see that lead. One data set, one draw of 2,000
# images: no reason to average, none to forbid it.

# %% [markdown]
# ## Is "the deepest" enough?
#
# Among the layers of one network a static rule is to take the deepest. Here are the measures of
# {doc}`published_benchmarks` over the eight stages of EfficientNet-Lite0 on CIFAR-100: Kendall's
# $\tau$ with the accuracy of a softmax regression trained to convergence, $\tau$ with more weight
# on the best, and the points of accuracy lost by the first choice; means of three draws.

# %% tags=["hide-input"]
units = load("layers")["units"]
runs = [[units[key] for key in units if key.startswith(f"a/{seed}/")]
        for seed in load("layers")["config"]["seeds"]]
rows = []
for run in runs:
    reached = np.array([u["converged"]["test_accuracy"] for u in run])
    for name, score in (("H", [u["h"] for u in run]),
                        ("adjusted", [u["adjusted"] for u in run]),
                        ("depth", range(8))):
        rows.append([name, kendalltau(score, reached).statistic,
                     weightedtau(score, reached).statistic,
                     100 * (reached.max() - reached[np.argmax(score)])])
found = pd.DataFrame(rows, columns=["score", "tau", "weighted tau", "regret"])
by_depth = found.groupby("score", sort=False).mean()
for name in ("adjusted", "depth"):
    glue(f"benchmarks-layers-{name}", f"{by_depth.loc[name, 'tau']:.2f}", display=False)
by_depth.round(2)

# %% [markdown]
# (benchmarks-decision)=
# ## For which decision is the score worth its price?
#
# **Which of several well-known networks shall I fine-tune?** Take the list. It is free, and in both
# tables of {doc}`published_benchmarks` it orders networks better than any score
# ({numref}`fig-benchmarks-tau`). Between networks of different width raw H mostly reads the width.
# If you score them anyway, compare `adjusted` or `loo`, never raw H.
#
# **Which of several networks that no one has benchmarked?** A network of your own, or for other
# images than photographs, has no ImageNet accuracy, and networks of one width leave raw H nothing
# to misread. This is what a score is for; {doc}`your_own_model` says how well it does on three
# networks of one width.
#
# **Which layer?** "The deepest" is a static rule too. Where it holds, the score agrees and adds
# nothing: on CIFAR-100 both have {glue:text}`benchmarks-layers-adjusted`. The score earns its price
# where it fails, with few images or a task unlike ImageNet; then `loo` is the one to ask
# ({doc}`your_own_model`).
#
# **Is there anything in these features for my labels?** The score against its chance level, or its
# p value, answers that before anything is trained ({doc}`from_samples`). A list cannot.
#
# **Is my pipeline right?** Score once with the inputs as you feed them and once as the network was
# trained. Above, a wrong normalisation cost {glue:text}`benchmarks-input-gap` points; a list cannot
# see it.
#
# **On which images?** Those that you may choose by: training and validation. A score computed on
# the test images has seen the labels by which the choice will be judged.
#
# **Which of two label sets is easier?** Not this score. H compares features for *one* task. Its
# bound grows with the number of classes, and labels that a network has predicted can score above
# the true ones, because they are a function of the features.
#
# ## What the page found
#
# The paper calls the score "easily-computable", and it is. It names two decisions: which source to
# transfer from, and "selecting the most suitable layer".
#
# | decision | what to ask |
# | --- | --- |
# | well-known networks, fine-tuned | the list of ImageNet accuracies |
# | networks without a list, and layers | `loo` and `knn`; they take {glue:text}`worth-loo` and {glue:text}`worth-knn` seconds where H takes {glue:text}`worth-h` |
# | is there anything for my labels? | H against its chance level |
# | is my input right? | any score, twice |
# | which label set is easier? | no score of features |

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-worth-pixels
#
# The score of the network's features fell when its inputs were scaled wrongly. What becomes of the
# score of the *pixels*, in $[-1, 1]$ or in $[0, 1]$? Why can a score of a linear network never show
# a wrong normalisation of this kind?
# :::
#
# ````{solution-start} ex-worth-pixels
# :class: dropdown
# ````
# Nothing: $x \mapsto 2x - 1$ is an affine map of the features, under which H does not change
# ({doc}`h_score`). A linear network maps one of the two to an affine map of what it maps the other
# to. It is the network's nonlinearities that make the scale of its input matter.

# %%
small = task.images[:, :, ::4, ::4].flatten(1).double().numpy() / 255  # (2000, 49)
rng = np.random.default_rng(0)
weights = rng.standard_normal((small.shape[1], 20))
linear, bent = ([float(h_score(f(x @ weights), y)) for x in (small, 2 * small - 1)]
                for f in (lambda x: x, np.tanh))
print("linear:", np.round(linear, 6).tolist(), " through tanh:",
      np.round(bent, 3).tolist())
assert abs(linear[0] - linear[1]) < 1e-9, "for any linear network"
assert abs(bent[0] - bent[1]) > 0.01, "with these weights"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-worth-beside
#
# Show that H of several layers side by side is at least that of each layer, and of their mean. Is
# that a reason to put them side by side?
# :::
#
# ````{solution-start} ex-worth-beside
# :class: dropdown
# ````
# Each of them is a linear map of the features side by side, so it spans a part of their span, and
# $\tr(FG)$ grows with the span. That is no reason: columns of noise raise H as well. The adjusted
# score takes the chance level off, and the leave-one-out accuracy asks what the images can use.

# %% tags=["nbval-ignore-output"]
h = {name: h_score(x, y) for name, x in candidates.items()}
assert all(h["side by side"].statistic >= one.statistic - 1e-9 for one in h.values()), \
    "for any layers"
x = np.hstack([right[blocks[0]], rng.standard_normal((len(y), 200))])
print(f"H of {blocks[0]} {h[blocks[0]].statistic:.3f}, with 200 columns of noise "
      f"{h_score(x, y).statistic:.3f}; adjusted {h[blocks[0]].adjusted:.3f} and "
      f"{h_score(x, y).adjusted:.3f}")

# %% [markdown]
# ````{solution-end}
# ````
