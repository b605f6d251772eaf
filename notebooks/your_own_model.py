# %% [markdown]
# # Score your own model
#
# **Question.** You have a trained network and a folder of labelled images. Which layer should you
# build on, before you train anything?
#
# This page goes from a folder to a ranked bar chart of layers. Every cell runs on data that comes
# with the package; to use your own, change the lines marked with an arrow.
# `pip install 'tdist[book]'` brings all that the page imports.

# %% tags=["hide-input"]
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.utils import save_image

from tdist import HScore, h_score
from tdist.features import batches, extract, h_scores
from tdist.networks import EFFICIENTNET_DEPTHS, efficientnet_lite0
from tdist.plots import COMPUTED, OTHER, use_book_style
from tdist.tasks import fashion_mnist

try:
    from myst_nb import glue  # puts numbers into the text of the book
except ModuleNotFoundError:
    def glue(name, value, display):
        """Nothing, outside of the book."""

use_book_style()

# %% [markdown]
# ## The short way: you already have features
#
# Any matrix of numbers with one row a sample will do, from NumPy or torch, with one label a row.
# Here are the flower measurements of iris.

# %%
from sklearn.datasets import load_iris

X, y = load_iris(return_X_y=True)
result = h_score(X, y)
print(f"H = {result.statistic:.3f} of at most {result.bound}; "
      f"by chance {result.chance:.3f}; p = {result.pvalue:.1e}")

# %% [markdown]
# `statistic` is the H-score {eq}`eq-h-score`. `bound` is the largest value it can have, `chance` is
# what shuffled labels would give {eq}`eq-chance`, and `adjusted` takes the chance level out
# {eq}`eq-adjusted`. **Compare layers by `adjusted`**: a wide layer has a high `statistic` for no
# other reason than its width.
#
# ## A folder of images
#
# torchvision reads a folder that has one sub-folder a class. We write 150 images of each class of
# Fashion-MNIST to such a folder; yours is there already.

# %%
example = Path(tempfile.mkdtemp())
task = fashion_mnist().subset(1500, seed=0)
for i, (image, label) in enumerate(zip(task.images, task.labels, strict=True)):
    place = example / task.classes[label]
    place.mkdir(exist_ok=True)
    save_image(image / 255, place / f"{i}.png")

# %%
folder = example  # <-- the folder with your images
prepare = transforms.Compose([transforms.Resize((96, 96)), transforms.ToTensor(),
                              transforms.Normalize([0.5] * 3, [0.5] * 3)])
images = ImageFolder(folder, transform=prepare)
loader = DataLoader(images, batch_size=100)
print(len(images), "images,", len(images.classes), "classes:", ", ".join(images.classes[:4]),
      *["..."] * (len(images.classes) > 4))

# %% [markdown]
# `Normalize` must be what your model was trained with; for this one it is 0.5. Shuffling is not
# needed: the score does not depend on the order.
#
# ## A model and its layers
#
# Any `torch.nn.Module` works. The names of its layers are those of `model.named_modules()`.

# %%
model = efficientnet_lite0()  # <-- your model
layers = list(EFFICIENTNET_DEPTHS)  # <-- names of layers in it
print(layers)

# %% [markdown]
# One pass over the data scores them all. No features are kept, so a large data set needs no more
# memory than a small one. With `progress=True`, the default, a bar shows how far it is.

# %%
scores = h_scores(model, loader, layers, shrinkage="ledoit-wolf", progress=False)
table = pd.DataFrame({name: {"rank": s.rank, "H": s.statistic, "chance": s.chance,
                             "adjusted": s.adjusted}
                      for name, s in scores.items()}).T.astype({"rank": int})
table.round(2)

# %% [markdown]
# We asked for Ledoit-Wolf shrinkage {eq}`eq-shrinkage`, because the widest layer has 1,280 features
# and there are only 1,500 images: without it the chance level of that layer would be most of its
# score {cite:p}`ibrahim2021`.

# %% mystnb={"figure": {"caption": "Layers of EfficientNet-Lite0 ranked by their adjusted H-score for the ten classes of the folder; pink is the score before the correction for chance. Try the layers at the top first.", "name": "fig-your-layers"}}
ranked = table.sort_values("adjusted", na_position="first")
most = len(images.classes) - 1
fig, ax = plt.subplots()
ax.barh(ranked.index, ranked["H"], color=OTHER, alpha=0.4, label="H-score")
ax.barh(ranked.index, ranked["adjusted"], color=COMPUTED, height=0.5, label="adjusted for chance")
ax.set(xlabel=f"H-score (at most {most})", ylabel="layer")
ax.legend(loc="lower right")
plt.show()

# %% tags=["hide-input"]
best = ranked.index[-1]
glue("own-best", best, display=False)
glue("own-best-score", round(float(ranked["adjusted"].iloc[-1]), 1), display=False)
glue("own-most", most, display=False)
if folder == example and layers == list(EFFICIENTNET_DEPTHS):  # what the text says of the example
    assert best in EFFICIENTNET_DEPTHS[4:]

# %% [markdown]
# The largest adjusted score is that of {glue:text}`own-best`: {glue:text}`own-best-score` out of
# {glue:text}`own-most`, the number of classes minus one.
#
# ## Does the ranking hold?
#
# The cheapest check is a classifier on the frozen features. `extract` gives them as arrays.

# %% tags=["nbval-ignore-output"]
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

features, labels = extract(model, loader, layers, progress=False)
classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
accuracy = pd.Series({name: cross_val_score(classifier, features[name], labels, cv=3).mean()
                      for name in layers})
pd.DataFrame({"adjusted": table["adjusted"], "accuracy": accuracy}).round(2)

# %% tags=["hide-input"]
rank_correlation = accuracy.corr(table["adjusted"], method="spearman")
glue("own-rank", round(float(rank_correlation), 2), display=False)
if folder == example and layers == list(EFFICIENTNET_DEPTHS):
    assert rank_correlation > 0.8

# %% [markdown]
# The rank correlation between the score and the cross-validated accuracy is
# {glue:text}`own-rank`. The score took one pass; the accuracies took three trainings a layer.
#
# At the top they disagree: the score goes on rising to the last layer, and the accuracy does not.
# Train on the two or three layers with the largest scores before you choose one.
#
# ## When the data arrive in pieces
#
# `HScore` is a torchmetrics metric: feed it batches in any order, on any number of processes, and
# it gives the one-call result. `batches` yields the features of each batch; they can train a head,
# too.

# %%
metric = HScore(shrinkage="ledoit-wolf")
for features_of, labels_of in batches(model, loader, [best], progress=False):
    metric.update(features_of[best], labels_of)
whole = h_score(features[best], labels, shrinkage="ledoit-wolf")
assert np.isclose(float(metric.compute()), scores[best].statistic, rtol=1e-9)
assert np.isclose(float(whole), scores[best].statistic, rtol=1e-5)

# %% [markdown]
# ## Other models
#
# ResNet-50 with the paper's six blocks 4a to 4f, on a machine that can download its weights:
#
# ```python
# from tdist.networks import RESNET_DEPTHS, resnet50
# model, layers = resnet50(), list(RESNET_DEPTHS)
# prepare = transforms.Compose([
#     transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
#     transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
# ```
#
# A model on a GPU is used where it is: `h_scores(model.cuda(), loader, layers)`. Features are
# averages over positions, and what is a position depends on the layer:
#
# | layer | its output | averaged over |
# | --- | --- | --- |
# | convolution, batch norm, group norm, pooling | (batch, channels, height, width), or (batch, channels, length) | all axes after the second |
# | linear, layer norm, embedding, a transformer's block | (batch, tokens, channels), or (batch, height, width, channels) | all axes between the first and the last |
# | the same, where the model is given an `attention_mask` | (batch, tokens, channels) | the tokens that the mask keeps |
# | a block, a `Sequential`, an activation | either, as its shape says | as above |
# | any | (batch, channels) | nothing |
#
# A ResNet's maps have their channels first, a Swin transformer's last, and a ConvNeXt's last within
# its blocks only. Where the shape of an output is the only witness, a warning says what was taken;
# where it does not say, an error asks for `layout="first"` or `"last"`. Your own function of the
# output settles it, too: `pool=lambda out: out[:, 0]` takes the class token of a transformer, and
# `pool={"head": "flatten", "encoder": lambda out: out[:, 0]}` treats each layer in its way.
#
# A layer is read at the moment it has run. Where the next one changes its output in place, as a
# `ReLU(inplace=True)` does, the score is that of the layer named, not of the next.
#
# ## Other data
#
# Batches may be pairs (inputs, labels), or dicts with the labels under `"labels"` or `"label"`, as
# Hugging Face's are. For anything else, say which is which:
#
# ```python
# h_scores(model, loader, layers, prepare=lambda batch: (batch["pixels"] / 255, batch["kind"]))
# ```
#
# ## When something is wrong
#
# | what you see | what it means | what to do |
# | --- | --- | --- |
# | `adjusted` is `nan` | as many features as distinct samples: H is the number of classes minus one whatever the labels are | more samples, or `shrinkage="ledoit-wolf"` |
# | `rank` is below the number of columns | constant, dead or repeated features | nothing: they are left out |
# | `the features of layer ... do not vary` | all images are the same, or the layer is dead; its 0 is no score | look at the images as the model gets them |
# | `layer 'blocks.3' gives nan at row 7 of the data` | the network produced NaN | look at image 7; drop it |
# | `the model has no layer 'layer5'` | a name not in `named_modules()` | take one of the names in the message |
# | `layer 'relu' ran 2 times` | one module in two places of the network | name the block around it, or pass `calls=` |
# | `which axis has the channels cannot be seen` | a map as high as its channels are many | pass `layout=` |
# | `pvalue` is large | the scores could be chance | more samples, or another model |
#
# ## What the page found
#
# One pass over a folder of images ranks the layers of a network for it. Read `adjusted`, not
# `statistic`; shrink when features are many; and check the top of the ranking with a classifier if
# the choice is expensive.
