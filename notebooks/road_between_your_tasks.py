# %% [markdown]
# # Measure the road between your own tasks
#
# **Question.** You have two sets of labelled data. How far is it from the one to the other for a
# classifier that must go there? And what is that number worth?
#
# **Answer.** Make each set a `Task`, call `survey` ({numref}`fig-your-road`), and read the length
# beside three others of the same settings: the way from the source to itself, the way without a
# coupling, and other seeds. A length alone says nothing ({ref}`road-trust`).
#
# Every cell runs on data that comes with the package; to use your own, change the four lines marked
# with an arrow. `pip install 'tdist[images]'` brings all that the page imports.

# %% tags=["hide-input"]
import inspect
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student
from sklearn.datasets import load_wine
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import make_pipeline
from torch import nn
from torchvision.utils import save_image

from tdist import Task
from tdist.networks import SmallCNN
from tdist.plots import use_book_style
from tdist.tasks import digits
from tdist.transfer import Settings, pretrained, survey
from tdist.transfer.spreads import Spread

try:
    from myst_nb import glue  # puts numbers into the text of the book
except ModuleNotFoundError:
    def glue(name, value, display):
        """Nothing, outside of the book."""

use_book_style()

# %% [markdown]
# ## Your data as tasks
#
# **Pictures in a folder** that has a sub-folder for each class. We write some digits to two such
# folders; yours are there already.

# %%
home = Path(tempfile.mkdtemp())
for name in ("01234", "56789"):
    some = digits().only(tuple(name)).subset(300)
    for i, (image, label) in enumerate(zip(some.images, some.labels, strict=True)):
        place = home / name / some.classes[label]
        place.mkdir(parents=True, exist_ok=True)
        save_image(image / 255, place / f"{i}.png")

# %%
low = Task.from_folder(home / "01234", size=8, name="0 to 4", progress=False)
high = Task.from_folder(home / "56789", size=8, name="5 to 9", progress=False)
low

# %% [markdown]
# Grey, transparent, 16 bits, nested folders: any of it is read as a picture in colour, and `size=`
# brings all to one size. An empty class and files that are no pictures are left out and named by a
# warning; a file that cannot be read is an error with its name, or left out by `skip_broken=True`.
# Of a large folder `images=2000` draws so many, each class with its share.
#
# **A table**, (n, k) numbers of any type: NumPy, torch or a data frame. The network sees them as
# they are, so standardise the columns, both tasks by the same means and spreads. Labels may be
# names.

# %%
table, numbers = load_wine(return_X_y=True, as_frame=True)
grape = np.array(["barolo", "grignolino", "barbera"])[numbers]
table = (table - table.mean()) / table.std()


def two_grapes(*names):
    rows = np.isin(grape, names)
    return Task(" or ".join(names), table[rows], grape[rows])


print(two_grapes("barolo", "barbera").images.shape)

# %% [markdown]
# **Texts**, as vectors from whatever network you have: (n, 384) is what small sentence encoders
# give. No network is at hand here, so ours are a stand-in: the help texts of SciPy's functions as
# counts of hashed words, reduced to 384 directions. A text's class is the sub-package that it comes
# from.

# %%
def help_texts(topic):
    module = import_module(f"scipy.{topic}")
    found = (getattr(module, name) for name in sorted(module.__all__))
    return [thing.__doc__ for thing in found
            if not inspect.ismodule(thing) and len(thing.__doc__ or "") > 200]


topics = ("stats", "linalg", "signal", "special", "optimize", "ndimage")
texts = {topic: help_texts(topic) for topic in topics}

# %% tags=["hide-input"]
encoder = make_pipeline(  # words only: some of the numbers in the examples are random
    HashingVectorizer(token_pattern="[a-z]{2,}", n_features=2**14, alternate_sign=False),
    TfidfTransformer(), TruncatedSVD(384, random_state=0))
vectors = encoder.fit_transform([text for one in texts.values() for text in one])
vectors *= 384**0.5 / np.linalg.norm(vectors, axis=1, keepdims=True)  # each number about 1
topic = np.repeat(topics, [len(one) for one in texts.values()])
data_texts = Task("on data", vectors[np.isin(topic, topics[:3])], topic[np.isin(topic, topics[:3])])
maths_texts = Task("on functions", vectors[np.isin(topic, topics[3:])],
                   topic[np.isin(topic, topics[3:])])
print(data_texts.images.shape, maths_texts.images.shape)

# %% [markdown]
# **Tasks share a class where they share its name.** Two folders with a sub-folder `dog` mean the
# same dog, and the network has one output for it. Call the classes differently if they are not the
# same. That is why a task of numbered labels must be given `classes=`, the name of each number: two
# tasks numbered from 0 would else be taken to share everything.
#
# ## One call
#
# **Change this and run**: put your tasks into these lines. The network is a function from the
# number of outputs to a new network, because each seed begins with weights of its own; `SmallCNN`
# is for pictures as small as these. `settings` must be the same for all {term}`roads <road>` that
# you mean to compare. With `anneal=True` the rate falls within each step, which takes much of SGD's
# jitter out of the lengths.

# %%
source, target = low, high  # <-- your two tasks, of one shape
network = lambda outputs: SmallCNN(outputs, channels=3)  # noqa: E731  # <-- yours
settings = Settings(steps=8, sgd_steps=20, iterations=2, lr=0.1, anneal=True)  # <--
seeds = 3  # <-- how many

# %% tags=["nbval-ignore-output"]
begun = time.process_time()
found = survey(source, target, network, settings, seeds=seeds, progress=False)
seconds = time.process_time() - begun
print(found)

# %% mystnb={"figure": {"caption": "The roads of each seed (circles), with mean and standard deviation. Read the coupled length by its distance from the way to itself, which is what the noise of training alone gives; the uncoupled road beside it says whether the coupling saved anything.", "name": "fig-your-road"}, "image": {"alt": "Three rows of circles with mean and bar on an axis of length, 0 to 2.2. Coupled lies between 1.6 and 2.2, to itself near .8 with a short bar, uncoupled between 1.6 and 1.9."}} tags=["nbval-ignore-output"]
found.plot()
plt.show()

# %% tags=["hide-input", "nbval-ignore-output"]
glue("road-length", repr(found.coupled), display=False)
glue("road-itself", repr(found.itself), display=False)
glue("road-excess", repr(found.excess), display=False)
glue("road-seeds", len(found.seeds), display=False)
behind = sum(1 - settled for settled in found.of("coupled", "settled").values)
glue("road-behind", int(behind), display=False)
glue("road-names", f"{found.source} to {found.target}", display=False)

# %% [markdown]
# **How to read it.** The road ({glue:text}`road-names`) is {glue:text}`road-length` long, mean and
# standard deviation over {glue:text}`road-seeds` seeds.
#
# 1. *Subtract the floor.* A classifier that has nothing to learn still jitters under SGD: from the
#    source to itself the road is {glue:text}`road-itself`. What is left, seed by seed, is
#    {glue:text}`road-excess`. Its 95% interval, of Student's t, says whether the tasks are apart at
#    all. The difference is a reading aid, not a distance: noise and drift add like the legs of a
#    right triangle rather than end to end, so it is too small. With `replicas=2`, below, the noise
#    is taken out of each road.
# 2. *Look at the uncoupled road.* Along it the classifier sees a mixture of both data sets, and no
#    pairs. If the interval of `saved by the coupling` has 0 in it, the coupling made no difference
#    that you can show.
# 3. *Look whether it arrived.* Where the loss still falls at the end, the road ended before the
#    target: here {glue:text}`road-behind` of {glue:text}`road-seeds` roads. Take more `sgd_steps`;
#    "When not to trust it" shows what is missing.
#
# The unit is that of an angle: no two distributions are farther apart than $\pi$
# by {eq}`eq-fisher-rao`, and a road may wind. Only roads of the same settings, the same kind of
# network and the same number of classes compare.
#
# ## What differs between the tasks, and which head
#
# | what differs | example | names of the classes | head |
# | --- | --- | --- | --- |
# | the inputs | photographs and drawings of the same animals | the same | `"gated"`, the default; all heads agree |
# | the labels | the same pictures by species, or by colour | different | `"gated"`: each task reads its own outputs |
# | both | animals and vehicles | different | `"gated"`; `"union"` if it must also learn which task it is in |
#
# With `Settings(head="union")` one softmax has the classes of both tasks. Between tasks that share
# none, an input that is classified with certainty has at least $\pi$ to go, however alike the tasks
# are: that is the switch from one set of names to the other, {eq}`eq-gate`. `"gated"` leaves the
# switch out. `"index"` joins class 0 with class 0 and so on; give the classes the same names
# instead.
#
# The three rows, with digits as vectors of 64 numbers: the same digits in negative; the same
# digits, as even or odd; other digits.

# %% tags=["hide-input"]
def layers(columns):
    """A network of one hidden layer for vectors, as a function of its outputs."""
    return lambda outputs: nn.Sequential(
        nn.Flatten(), nn.Linear(columns, 64), nn.ReLU(), nn.Linear(64, outputs))


first, other = (digits().only(tuple(names), names).subset(300)
                for names in ("01234", "56789"))
kinds = ["even" if first.classes[label] in "024" else "odd" for label in first.labels]
negative = replace(first, name="negative", images=255 - first.images)
parity = Task("even or odd", first.images, kinds)
roads = {"inputs": survey(first, negative, layers(64), settings, progress=False),
         "labels": survey(first, parity, layers(64), settings, progress=False),
         "both": survey(first, other, layers(64), settings, replicas=2, progress=False)}

# %% tags=["nbval-ignore-output"]
def row(one):
    return {"coupled": one.coupled, "to itself": one.itself, "uncoupled": one.uncoupled,
            "accuracy": round(one.accuracy.mean, 2)}


pd.DataFrame({what: row(one) for what, one in roads.items()}).T

# %% [markdown]
# Each row has the same source, and so nearly the same floor. In the last row two replicas of the
# network travelled each road with random numbers of their own. What both do is the way, what only
# one does is noise, {eq}`eq-drift`, so that the noise can be taken out, for twice the time:

# %% tags=["nbval-ignore-output"]
print(roads["both"])

# %% tags=["hide-input", "nbval-ignore-output"]
glue("road-quiet", repr(roads["both"].of("to itself", "drift")), display=False)
glue("road-loud", repr(roads["both"].itself), display=False)

# %% [markdown]
# Of the way to itself, {glue:text}`road-loud` with the noise, {glue:text}`road-quiet` is left. Some
# of that may be true: a classifier that fits its task still learns a little when it is trained on.
#
# Tables and texts need nothing else than a network for their columns:

# %%
wine = survey(two_grapes("barolo", "grignolino"), two_grapes("barolo", "barbera"),
              layers(13), settings, progress=False)
text = survey(data_texts, maths_texts, layers(384), settings, progress=False)

# %% tags=["nbval-ignore-output"]
pd.DataFrame({"wine": row(wine), "texts": row(text)}).T

# %% [markdown]
# The lengths of two rows are *not* to be compared with each other: other networks, other numbers of
# classes, other floors. Within a row they are.
#
# ## How many seeds, and what does it cost?
#
# The half width of a 95% interval is the standard deviation over the square root of the number of
# seeds, times 4.3 for three seeds, 2.8 for five and about 2 for many. A difference is seen when it
# is larger than that:

# %% tags=["nbval-ignore-output"]
for what, one in (("beyond the way to itself", found.excess), ("saved", found.saving)):
    print(f"{what}: {one}; a difference of that size wants {one.needed:.0f} seeds")

# %% [markdown]
# Three are the least that show a spread, and five to ten are usual for a table. Two roads are best
# compared seed by seed: `one.coupled - two.coupled`, from the same source with the same network,
# has less noise than its parts, for both began at the same weights. Seeds that are done stay done:
# with `save="folder"` a second call adds seeds, and a stopped one goes on inside its road.

# %% tags=["nbval-ignore-output"]
sgd = settings.steps * settings.sgd_steps
seen = settings.iterations * 2 * settings.block * max(len(source), len(target))
print(f"{seconds:.0f} s of one processor for {len(found.seeds)} seeds, each of\n"
      f"{2 * settings.iterations + 1} roads of {sgd} SGD steps,\n"
      f"{settings.pretrain_steps} steps of pretraining,\n"
      f"{seen} inputs for each coupled distance to measure")

# %% [markdown]
# The time grows with the product `steps` × `sgd_steps` × `iterations`, and with `block` times the
# number of images, which are sent through the network to measure the pairs. Try one seed with
# `iterations=1` first. Two thousand images a task are plenty; `subset(2000)` draws them.
#
# (road-trust)=
# ## When not to trust it
#
# **A single number.** One seed of the survey above, and another:

# %% tags=["nbval-ignore-output"]
values = found.coupled.values
print("coupled:", " ".join(f"{value:.2f}" for value in values),
      f"  largest over smallest {max(values) / min(values):.2f}")

# %% [markdown]
# **Unequal settings.** A longer road may be no more than more steps of SGD, each with its jitter.
# The texts again:

# %%
twice = replace(settings, steps=2 * settings.steps)
longer = survey(data_texts, maths_texts, layers(384), twice, progress=False)

# %% tags=["nbval-ignore-output"]
pd.DataFrame({name: row(one) | {"less the floor": one.excess}
              for name, one in (("as above", text), ("twice the steps", longer))}).T

# %% [markdown]
# The way to itself, where there is nothing to learn, has become {glue:text}`road-twice-floor` times
# as long, and the road {glue:text}`road-twice` times.
#
# **A target that was not reached.** A road that ends early is short. Compare the accuracy at its
# end with that of the same network, trained on the target alone for as many steps:

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
outputs = tuple(dict.fromkeys((*source.classes, *target.classes)))
alone = replace(settings, pretrain_steps=sgd)
trained = pretrained(target, network(len(outputs)), alone, classes=outputs,
                     progress=False)
inputs = target.images
if inputs.dtype == torch.uint8:
    inputs = inputs / 127.5 - 1
own = [outputs.index(name) for name in target.classes]
reached = (trained(inputs)[:, own].argmax(1) == target.labels).double().mean().item()
print(f"at the end of the road {found.accuracy.mean:.2f}, "
      f"trained on the target {reached:.2f}")

# %% tags=["hide-input", "nbval-ignore-output"]
glue("road-reached", round(found.accuracy.mean, 2), display=False)
glue("road-alone", round(reached, 2), display=False)
glue("road-twice", round(longer.coupled.mean / text.coupled.mean, 1), display=False)
glue("road-twice-floor", round(longer.itself.mean / text.itself.mean, 1), display=False)
glue("road-apart", f"{max(values) / min(values):.1f}", display=False)
example = source is low and target is high and seeds == 3
if example:
    assert found.excess.interval[0] > 0, (
        "in the book's example the tasks are apart, by the 95% interval of three seeds; with your "
        "tasks, network or settings this need not hold, and nothing below depends on it")

# %% [markdown]
# These accuracies are on the images that SGD saw; `survey(..., test=(source_test, target_test))`
# judges on others.
#
# **Other limits.** The direction matters: the road from target to source is another one. The
# coupling is chosen in blocks of `block` images, and in larger blocks it would be a better one. And
# a short road is no promise: whether the distance foretells fine-tuning is the question of
# {doc}`five_superclasses` and {doc}`cifar_subsets`: on digits it does, on photographs it was
# neither shown nor refuted. To choose a network or a layer, {doc}`your_own_model` is cheaper and
# better tested.
#
# ## What the page found
#
# **Printed:** one number a pair, without a spread over seeds and without the way from the source to
# itself.
#
# **What we found.**
#
# - Two tasks, pictures, tables or texts, are two `Task`s, and `survey` measures the road between
#   them: here {glue:text}`road-length`, where the way from the source to itself is
#   {glue:text}`road-itself`.
# - One number cannot be read. Twice the steps made the way to itself of the texts
#   {glue:text}`road-twice-floor` times as long, and the largest length of the seeds is
#   {glue:text}`road-apart` times the smallest.
# - Read a length less its floor, over seeds, at equal settings, and after a look whether the target
#   was reached ({glue:text}`road-reached`, where training on the target alone gives
#   {glue:text}`road-alone`).
#
# ## Exercises
#
# :::{exercise}
# :label: ex-road-legs
#
# Let the noise of each step be independent of its drift, and as large on the road as on the way to
# itself. Between which two numbers lies the drift, if the road is $\ell$ long and the way to itself
# $n$? Where is the measured drift of the row *both*?
# :::
#
# ````{solution-start} ex-road-legs
# :class: dropdown
# ````
# Legs of a right triangle give $\sqrt{\ell^2 - n^2}$, legs end to end $\ell - n$, which is never
# larger, since $(\ell - n)^2 \le (\ell - n)(\ell + n)$. In the book's example the measured drift is
# near the lower one: on the road, where there is something to learn, the gradients of a batch
# differ more than on the way to itself, so its noise is larger than $n$.

# %%
both = roads["both"]
length, stay = both.coupled.mean, both.itself.mean
end_to_end, legs = length - stay, max(length**2 - stay**2, 0) ** 0.5
drift = both.of("coupled", "drift").mean
assert end_to_end <= legs, "for every length that is not below its floor"
if example:
    assert drift < legs, (
        "in the book's example the road is noisier than the way to itself")

# %% tags=["nbval-ignore-output"]
print(f"end to end {end_to_end:.2f}, measured drift {drift:.2f}, legs {legs:.2f}")

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-road-seeds
#
# Over seeds a difference has the mean $\delta$ and the standard deviation $s$. How many seeds does
# it want, if $\delta$ is $s$, a half of it or a quarter? Why is it not four times as many for a
# half?
# :::
#
# ````{solution-start} ex-road-seeds
# :class: dropdown
# ````
# The interval leaves out 0 if $\sqrt n > t_{n - 1}\, s / \delta$. With a $t$ that did not depend on
# $n$ a half would want four times as many; but $t$ is 2.4 for seven seeds and 2.0 for sixty.

# %%
for part in (1, 0.5, 0.25):
    n = next(n for n in range(2, 1000) if n**0.5 * part > student.ppf(0.975, n - 1))
    three = Spread((part - 1, part, part + 1))  # mean part, standard deviation 1
    print(f"{part} s: {n} seeds")
    assert n == three.needed, "by hand and by the package, for every part"

# %% [markdown]
# ````{solution-end}
# ````
