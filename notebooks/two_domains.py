# %% [markdown]
# # Two domains
#
# **Question.** Handwritten digits and photographs share neither classes nor looks. Which direction
# is longer, and does the coupled transfer distance agree with fine-tuning about it?
#
# **Answer.** *Printed:* to photographs is the long way, three times as long as back in coupled
# transfer and 27 times by fine-tuning. *Ours:* fine-tuning agrees; the ratio of coupled roads is
# {glue:text}`domains-coupled`, but they end at {glue:text}`domains-photo-accuracy` on CIFAR-10 and
# at {glue:text}`domains-digit-accuracy` on MNIST ({numref}`fig-domains-learnt`), and roads that end
# at so different an accuracy do not compare difficulty. At equal accuracy our live pair goes the
# printed way ({numref}`fig-domains-pace`); MNIST and CIFAR-10 on features of a frozen network go
# neither, {glue:text}`domains-equal-coupled` ({numref}`fig-domains-equal`).
#
# The paper has, for MNIST {cite:p}`lecun1998` and CIFAR-10 {cite:p}`krizhevsky2009`: coupled
# transfer 0.18 from MNIST to CIFAR-10 and 0.06 back; fine-tuning 554.2 and 20.6; Task2Vec 0.149
# both ways; "yet again, the coupled transfer distance correlates with the fine-tuning distance".
# Two numbers always have a correlation of 1 or -1, so this says one bit: both put the same
# direction first.

# %% tags=["hide-input"]
import textwrap
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from myst_nb import glue

from tdist import fisher_rao
from tdist.baselines import task2vec, task2vec_distance
from tdist.networks import SmallCNN
from tdist.plots import COMPUTED, OTHER, use_book_style
from tdist.studies import Pairs, load
from tdist.studies.experiments import printed
from tdist.studies.pairs import Rows, early_loss
from tdist.studies.regime_tables import at, of
from tdist.tasks import digits, fashion_mnist
from tdist.transfer import Settings, coupled, fine_tuning, pretrained, uncoupled

use_book_style()
torch.set_num_threads(1)
stored = load("two_domains")
units, config = stored["units"], stored["config"]
pairs = Pairs(units, ("MNIST", "CIFAR-10"))
ways, seeds = [f"{source} to {target}" for source, target in pairs.pairs], list(pairs.seeds)

# %% mystnb={"figure": {"caption": "Every seed's coupled (blue) and uncoupled (pink) road between MNIST and CIFAR-10: its length against the accuracy on the target at its end. Circles: to CIFAR-10, which is learnt in part; squares: to MNIST, which is learnt.", "name": "fig-domains-learnt"}, "image": {"alt": "Scatter plot of length, 0 to 6, against accuracy on the target, 0 to 1, with a dotted line at .1. Circles, to CIFAR-10, lie at accuracies near .43 with lengths of 4 to 5.5; squares, to MNIST, at .95 with lengths of 5 to 6. Uncoupled lies above coupled."}} tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.0, 3.0))
for key, end, colour in (("coupled", "accuracy", COMPUTED),
                         ("uncoupled", "uncoupled_accuracy", OTHER)):
    for i, (way, marker) in enumerate(zip(ways, "os", strict=True)):
        ax.plot(pairs.runs(end)[:, i], pairs.runs(key)[:, i], marker, ls="none", color=colour,
                label=f"{way}, {key}")
ax.axvline(0.1, color="black", lw=0.8, ls=":")
ax.set(xlabel="accuracy on the target at the end (dotted: chance)", ylabel="length (Fisher-Rao)",
       xlim=(0, 1), ylim=(0, 7))
ax.legend(fontsize=8, loc="lower center")
plt.show()

# %% [markdown]
# ## Bringing two domains to one shape
#
# The live pair is scikit-learn's digits, 8 x 8, and the shipped piece of Fashion-MNIST
# {cite:p}`xiao2017`, 28 x 28. A network takes one shape. Given two, the call stops before any
# training and says what to do.

# %%
scribbles, clothes = digits(), fashion_mnist()
classes = scribbles.classes + clothes.classes
torch.manual_seed(0)
network = SmallCNN(len(classes), size=16)
try:
    coupled(scribbles, clothes, network)
except ValueError as error:
    print(textwrap.fill(str(error), 80))

# %% [markdown]
# `resized` gives a task another shape: bilinear interpolation, and grey copied to three channels
# where the other task is in colour, as for MNIST below. Here both become 16 x 16, which is quicker
# than 28 x 28.

# %%
seen = replace(clothes, images=clothes.images[:3000], labels=clothes.labels[:3000])
train = [scribbles.resized(16).subset(400), seen.resized(16).subset(400)]
unseen = replace(clothes, images=clothes.images[3000:], labels=clothes.labels[3000:])
test = [digits(train=False).resized(16).subset(400), unseen.resized(16).subset(400)]
for task in train:
    print(f"{task.name}: {len(task)} images of shape {tuple(task.images.shape[1:])},",
          f"{len(task.classes)} classes")

# %% [markdown]
# ## Both directions, live
#
# The two tasks share no class, so the network has twenty outputs and the gated step {eq}`eq-gated`.
# Each source is trained once. Accuracy is on images of the target; chance is 0.1.

# %%
settings = Settings(steps=10, sgd_steps=10, batch=32, iterations=2, block=8,
                    pretrain_steps=0, fine_tune_steps=150)
given = {"classes": classes, "progress": False}
begin = Settings(pretrain_steps=200)
start = [pretrained(task, network, begin, **given) for task in train]
live = {}
for s, t in ((0, 1), (1, 0)):
    judges = {"test": (test[s], test[t])} | given
    road = coupled(train[s], train[t], start[s], settings, **given)
    free, fine = (call(train[s], train[t], start[s], settings, **judges)
                  for call in (uncoupled, fine_tuning))
    live[f"{train[s].name} to {train[t].name}"] = road, free, fine

# %% tags=["hide-input", "nbval-ignore-output"]
for road, _, fine in live.values():
    assert road.iterations[-1].coupled_cost < road.iterations[-1].independent_cost, (
        "in the book's example the chosen coupling costs less than the independent one")
    assert road.length <= road.riemannian_length, "(11) is at most (5)"
    assert fine.accuracies[-1] > 0.3, "in the book's example it learns, chance is 0.1"
pd.DataFrame({way: {
    "coupled": road.length, "under the root": road.riemannian_length, "uncoupled": free.length,
    "accuracy, uncoupled": free.accuracy, "fine-tuning to 95%": fine.length,
    "fine-tuning, all": fine.full_length, "accuracy, fine-tuned": fine.accuracies[-1]}
    for way, (road, free, fine) in live.items()}).round(2)

# %% [markdown]
# *Coupled* and *under the root* are the two readings of the expectation, {eq}`eq-expected-length`
# and {eq}`eq-riemannian-length`; fine-tuning is $\int \lvert dw \rvert$ in weights, up to 95% of
# the final accuracy and in all. The lengths of roads are in one unit and can be compared with each
# other; fine-tuning's are in weights, and can be compared along their own row only.
#
# ## Length goes with what is learnt
#
# A length measures how far predictions move, and learning moves them. To see both together, travel
# the same two roads with smaller and larger steps of SGD. (A small step also moves what is learnt
# already by less: the figure shows that length and accuracy rise together, not which causes which.)

# %%
rates = [0.001, 0.003, 0.01, 0.03, 0.1]
pace = {}
for s, t in ((0, 1), (1, 0)):
    for rate in rates:
        road = uncoupled(train[s], train[t], start[s], replace(settings, lr=rate),
                         test=(test[s], test[t]), **given)
        pace[train[s].name, rate] = (road.accuracy, road.length, road.loss)

# %% tags=["hide-input", "nbval-ignore-output"]
for task in train:
    slow, fast = (pace[task.name, rate] for rate in (0.001, 0.1))
    assert slow[0] < fast[0] and slow[1] < 0.5 * fast[1], (
        "in the book's example accuracy and length grow with the rate; edit freely")
to_clothes, to_digits = pace["digits", 0.01], pace["Fashion-MNIST", 0.01]
# less is learnt, on a longer road
assert to_clothes[0] < to_digits[0] and to_clothes[1] > 1.2 * to_digits[1], (
    "in the book's example less is learnt on a longer road; edit freely")
fastest = pace["digits", 0.1]
assert fastest[1] > 1.6 * to_clothes[1] and fastest[0] < to_clothes[0] + 0.1, (
    "in the book's example the last steps are long and teach little; edit freely")
ended = pd.DataFrame(pace, ["accuracy at the end", "length", "loss at the end"]).T
ended.rename_axis(["source", "rate"]).round(2)

# %% mystnb={"figure": {"caption": "The same two uncoupled roads with five learning rates, smallest at the lower left. Length and accuracy rise together at all five rates. At equal accuracy the road to clothes (circles) is the longer one; at equal rates it need not be.", "name": "fig-domains-pace"}, "image": {"alt": "Line chart of length against accuracy on the target, .1 to .9, five points on each of two lines. Both rise to the right and steepen; the line of digits to Fashion-MNIST lies above that of Fashion-MNIST to digits."}} tags=["hide-input", "nbval-ignore-output"]
fig, ax = plt.subplots(figsize=(5.6, 3.2))
for task, other, marker in ((*train, "o"), (*train[::-1], "s")):
    accuracies, lengths, _ = zip(*[pace[task.name, rate] for rate in rates], strict=True)
    ax.plot(accuracies, lengths, f"{marker}-", color=OTHER, label=f"{task.name} to {other.name}")
ax.axvline(0.1, color="black", lw=0.8, ls=":")
ax.set(xlabel="accuracy on the target at the end (dotted: chance)", ylabel="length (Fisher-Rao)",
       ylim=(0, None))
ax.legend(loc="upper left")
plt.show()

# %% [markdown]
# From a rate of .01 to one of .1 the road to clothes doubles while its accuracy gains little: the
# noise of SGD and growing certainty have lengths too.
#
# **Change this and run**: which way is the longer one *at equal accuracy*? The figure's lines, read
# at any accuracy.

# %% tags=["nbval-ignore-output"]
ACCURACY = 0.5  # ← change this
read = {}
for task, other in ((train[0], train[1]), (train[1], train[0])):
    reached, lengths, _ = np.array([pace[task.name, rate] for rate in rates]).T
    order = np.argsort(reached)
    read[f"{task.name} to {other.name}"] = np.interp(
        ACCURACY, reached[order], lengths[order], left=np.nan, right=np.nan)
for way, length in read.items():
    print(f"{way}: length {length:.2f} at accuracy {ACCURACY:.2f} (nan: not reached)")

# %% [markdown]
# ### Task2Vec
#
# The paper's Task2Vec is .149 in both directions; it is symmetric. Ours, with the floor between two
# samples of one task ({doc}`without_the_classifier`):

# %% tags=["nbval-ignore-output"]
both = seen.resized(16).subset(800)
second = replace(both, images=both.images[400:], labels=both.labels[400:])
embeddings = [task2vec(task, size=32, images=100, draws=1, progress=False)
              for task in (*train, second)]
across = task2vec_distance(embeddings[0], embeddings[1])
floor = task2vec_distance(embeddings[1], embeddings[2])
print(f"digits and Fashion-MNIST {across:.2f};",
      f"two samples of Fashion-MNIST {floor:.2f}")
assert floor < across, "two samples of one task are nearer than two tasks"

# %% [markdown]
# ## MNIST and CIFAR-10
#
# The stored run has both tasks at 32 x 32 in three channels. Its sizes, and its seeds:

# %%
print(f"seeds {seeds}, {config['images']} images a task,",
      f"{config['network']} of {config['weights']} weights,", stored["device"])
assert config["settings"]["head"] == "gated", "the tasks share no class"

# %% tags=["hide-input"]
glue("domains-images", f"{config['images']:,}", display=False)
glue("domains-weights", f"{config['weights']:,}", display=False)
glue("domains-steps", f"{config['settings']['steps'] * config['settings']['sgd_steps']:,}",
     display=False)

# %% [markdown]
# The paper's text does not give the width of its network; in its authors' program there are
# 1,167,882 weights (`PublishedCNN`), trained for 160 epochs. Here, without a GPU,
# {glue:text}`domains-weights` weights see {glue:text}`domains-images` images of each task and a
# road has {glue:text}`domains-steps` steps of SGD. The table has the mean over seeds and the lowest
# and highest seed.

# %% tags=["hide-input"]
rows = {"coupled": "coupled", "coupled, under the root": "coupled_riemannian",
        "uncoupled": "uncoupled",
        "uncoupled, under the root": "uncoupled_riemannian", "fine-tuning to 95%": "fine_tuning",
        "fine-tuning, all": "fine_tuning_full", "fine-tuning, early loss": early_loss,
        "accuracy, coupled": "accuracy", "accuracy, uncoupled": "uncoupled_accuracy",
        "loss, coupled": "loss"}
rows["accuracy, fine-tuned"] = lambda unit: unit["fine_tuning_accuracies"][-1]
value = {way: {row: pairs.runs(key)[:, i] for row, key in rows.items()}
         for i, way in enumerate(ways)}  # (seeds,)
pd.DataFrame({way: {row: f"{v.mean():.2f} ({v.min():.2f} to {v.max():.2f})"
                    for row, v in columns.items()}
              for way, columns in value.items()})

# %% [markdown]
# The printed values are in other units. If the figures are what the authors' published program
# computes, the mean of $\sqrt{\mathrm{KL}}$ over $K = 100$ steps, a length is $L = \sqrt 2\, K$
# times the printed value: 0.18 becomes {glue:text}`domains-there` and 0.06 becomes
# {glue:text}`domains-back`. The ratio of the two directions needs no units.

# %% tags=["hide-input", "claim C-136: not reproduced here", "claim C-137: not reproduced here", "claim C-139: does not hold"]
paper = printed()["mnist_cifar10"]
there, back = "mnist_to_cifar10", "cifar10_to_mnist"
glue("domains-there", f"{np.sqrt(2) * 100 * paper['coupled'][there]:.1f}", display=False)
glue("domains-back", f"{np.sqrt(2) * 100 * paper['coupled'][back]:.1f}", display=False)
forth, home = (value[way] for way in ways)
by_seed = pd.DataFrame({row: forth[row] / home[row] for row in list(rows)[:7]})
ratios = pd.DataFrame({"lowest seed": by_seed.min(),
                       "geometric mean": np.exp(np.log(by_seed).mean()),
                       "highest seed": by_seed.max()})
ratios["printed"] = pd.Series({"coupled": paper["coupled"][there] / paper["coupled"][back],
                               "fine-tuning to 95%":
                                   paper["fine_tuning"][there] / paper["fine_tuning"][back]})
of_tuning = [row for row in by_seed if row.startswith("fine-tuning")]
assert (ratios.loc[of_tuning, "lowest seed"] > 1).all(), (
    "by fine-tuning to photographs is the long way in every seed")
ratios["agrees in every seed"] = ["yes" if low > 1 else "no" for low in ratios["lowest seed"]]
print("ratio of MNIST to CIFAR-10 over CIFAR-10 to MNIST")
ratios.round(2).astype(object).where(ratios.notna(), "")

# %% tags=["hide-input", "claim C-138: not reproduced here"]
for name, row in (("coupled", "coupled"), ("free", "uncoupled"), ("fine", "fine-tuning to 95%"),
                  ("full", "fine-tuning, all"), ("root", "uncoupled, under the root")):
    low, middle, high = ratios.loc[row].iloc[:3]
    glue(f"domains-{name}", f"{middle:.2f} ({low:.2f} to {high:.2f})", display=False)
for name, way in (("photos", forth), ("digits", home)):
    glue(f"domains-early-{name}", f"{way['fine-tuning, early loss'].mean():.2f}", display=False)
of_task2vec = load("task2vec_two_domains")
embedded = Rows(of_task2vec["units"], pairs.names, seeds).matrices("task2vec")  # (seeds, 2, 2)
glue("domains-certain", f"{fisher_rao.distance(np.full(10, 0.1), np.eye(10)[0]):.2f}",
     display=False)
glue("domains-task2vec-seen", f"{of_task2vec['config']['task2vec']['images']:,}", display=False)
for name, found in (("across", embedded[:, 0, 1]), ("digits-floor", embedded[:, 0, 0]),
                    ("photos-floor", embedded[:, 1, 1])):
    glue(f"domains-task2vec-{name}", f"{found.mean():.2f}", display=False)
for target, found in (("photo", forth), ("digit", home)):
    glue(f"domains-{target}-accuracy", f"{found['accuracy, coupled'].mean():.2f}", display=False)
    glue(f"domains-{target}-fine", f"{found['accuracy, fine-tuned'].mean():.2f}", display=False)
at_start, roads = pairs.runs("fine_tuning_losses")[..., 0], pairs.runs("lengths")
change = roads[..., -1] / roads[..., -2] - 1  # (seeds, ways)
for name, before, last in zip(("photos", "digits"), at_start.T, change.T, strict=True):
    glue(f"domains-before-{name}", f"{before.min():.2f} to {before.max():.2f}", display=False)
    glue(f"domains-last-{name}", f"{np.abs(last).max():.0%}", display=False)
    assert last.min() < 0 < last.max(), "the last change of the length has either sign"
glue("domains-way", "shorter" if ratios["geometric mean"]["coupled"] < 1 else "longer",
     display=False)

# %% [markdown]
# At our sizes the coupled road from MNIST to CIFAR-10 is {glue:text}`domains-way` than the road
# back: a ratio of {glue:text}`domains-coupled`, over seeds, where 3 is printed. But photographs are
# learnt to an accuracy of {glue:text}`domains-photo-accuracy` on the coupled road
# ({glue:text}`domains-photo-fine` by fine-tuning), digits to {glue:text}`domains-digit-accuracy`
# ({glue:text}`domains-digit-fine`). The roads do not lead to equal knowledge, so their lengths do
# not compare difficulty, and nothing is said against the printed direction. On the sphere a task
# that ends in doubt is the nearer one: from flat predictions over ten classes to certain ones it is
# {glue:text}`domains-certain`, to doubtful ones less. Whether that is all of the difference is
# open. Confident mistakes at the start do not lengthen the road to digits: there the network of
# photographs has a loss of {glue:text}`domains-before-digits` nats, and that of digits has
# {glue:text}`domains-before-photos` on photographs; flat predictions have $\ln 10 = 2.30$. From the
# second road to the third the length changes by up to {glue:text}`domains-last-photos` to CIFAR-10,
# either way, and by up to {glue:text}`domains-last-digits` to MNIST. Under the root the uncoupled
# road to CIFAR-10 is the longer one, barely: {glue:text}`domains-root`.
#
# Fine-tuning up to 95% of the final accuracy has the ratio {glue:text}`domains-fine`; 27 is
# printed. The whole path has {glue:text}`domains-full`. The mean loss of the first 150 steps is
# {glue:text}`domains-early-photos` nats to CIFAR-10 and {glue:text}`domains-early-digits` to MNIST,
# both of which start near $\ln 10$. All three go the printed way in every seed. Of the two ratios
# the seeds differ more under the rule of 95%, which stops at the first look whose accuracy is high
# enough: for a task that is learnt slowly and unevenly that look is a matter of luck.
#
# Task2Vec puts MNIST and CIFAR-10 {glue:text}`domains-task2vec-across` apart, where .149 is
# printed, with another fixed network and other sizes; it sees {glue:text}`domains-task2vec-seen`
# images. Two halves of the sample of MNIST are {glue:text}`domains-task2vec-digits-floor` apart,
# those of CIFAR-10 {glue:text}`domains-task2vec-photos-floor`.

# %% [markdown]
# ### At equal accuracy
#
# So the same two tasks at four lengths of training, from 1 epoch to 64, with roads that grow with
# it ({doc}`training_length`): {glue:text}`domains-equal-images` images of each, as features of a
# frozen EfficientNet-Lite0, and a classifier with one hidden layer. Each length of training is a
# point, an accuracy and a length; between two points of a direction we read on the straight line.
# On pictures this was not run.
#
# At one accuracy the two directions have had different numbers of SGD steps, few to digits and many
# to photographs or the other way round, and SGD's noise lengthens a road with its steps. So the
# drift, which is without it, stands beside the length.

# %% tags=["hide-input"]
LENGTHS = load("regime_domains")
SPANS = LENGTHS["config"]["seeds"]["domains"]
glue("domains-equal-images", f"{LENGTHS['config']['images']:,}", display=False)


def roads(kind, seed, reading="length"):
    """{way: (accuracies, lengths) by training length}, of one seed."""
    found = [Pairs(at(LENGTHS, "domains", epochs), pairs.names, [seed]) for epochs in SPANS]
    return {way: tuple(np.array([one.runs(of(kind, name))[0, i] for one in found])
                       for name in ("accuracy", reading)) for i, way in enumerate(ways)}


def crossing(accuracy, x, y):
    """y where the line through the points first has an accuracy; NaN where it never has."""
    for a, b, c, d in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True):
        if min(a, b) <= accuracy <= max(a, b) and a != b:
            return c + (d - c) * (accuracy - a) / (b - a)
    return np.nan


def ratio(kind, seed, where=0.5, reading="length"):
    """Of the lengths there and back at one accuracy, which is `where` of the way through the
    accuracies that both directions reach; and that accuracy."""
    found = roads(kind, seed, reading).values()
    low, high = max(x.min() for x, _ in found), min(x.max() for x, _ in found)
    assert low < high, "both directions have some accuracies in common"
    accuracy = low + where * (high - low)
    there, back = (crossing(accuracy, x, y) for x, y in found)
    return there / back, accuracy


# %% mystnb={"figure": {"caption": "MNIST and CIFAR-10 on features: the length of a road, left, and its drift, right, against the accuracy on the target at its end, for four lengths of training; means over three seeds. The two directions lie on one line.", "name": "fig-domains-equal"}, "image": {"alt": "Two line charts against accuracy, 0 to 1. Four lines each, coupled and uncoupled, to CIFAR-10 (circles) and to MNIST (squares), rise from .2 accuracy and near 0 to .75 accuracy and a length of 1.3 to 1.5, a drift near 1.1; circles and squares lie nearly on each other."}} tags=["hide-input"]
SEEDS = range(SPANS["1"])
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
for ax, reading in zip(axes, ("length", "drift"), strict=True):
    for kind, colour in (("coupled", COMPUTED), ("uncoupled", OTHER)):
        for way, marker in zip(ways, "os", strict=True):
            x, y = np.mean([roads(kind, seed, reading)[way] for seed in SEEDS], axis=0)
            ax.plot(x, y, f"{marker}-", color=colour, ms=5, label=f"{kind}, to {way.split()[-1]}")
    ax.set(xlabel="accuracy on the target at the end", ylabel=f"{reading} (Fisher-Rao)",
           xlim=(0, 1))
axes[0].legend(fontsize=7)
plt.show()

# %% tags=["hide-input", "claim C-136: not reproduced here"]
equal = pd.DataFrame({kind: {
    "accuracy": np.mean([ratio(kind, seed)[1] for seed in SEEDS]),
    **{f"seed {seed}": ratio(kind, seed)[0] for seed in SEEDS},
    "a quarter of the way": np.mean([ratio(kind, seed, 0.25)[0] for seed in SEEDS]),
    "three quarters": np.mean([ratio(kind, seed, 0.75)[0] for seed in SEEDS]),
    "drift": np.mean([ratio(kind, seed, reading="drift")[0] for seed in SEEDS])}
    for kind in ("coupled", "uncoupled")})
equal.rename_axis("length to CIFAR-10 over length to MNIST, at one accuracy").round(2)

# %% tags=["remove-cell"]
for kind, one in equal.items():
    own = one.filter(like="seed")
    glue(f"domains-equal-{kind}", f"{own.mean():.2f} ({own.min():.2f} to {own.max():.2f})",
         display=False)
    glue(f"domains-equal-{kind}-drift", f"{one['drift']:.2f}", display=False)
    glue(f"domains-equal-{kind}-at", f"{one['accuracy']:.2f}", display=False)
ends = {way: np.mean([roads("coupled", seed)[way][0] for seed in SEEDS], axis=0) for way in ways}
for way, name in zip(ways, ("photos", "digits"), strict=True):
    glue(f"domains-equal-first-{name}", f"{ends[way][0]:.2f}", display=False)
    glue(f"domains-equal-last-{name}", f"{ends[way][-1]:.2f}", display=False)

# %% [markdown]
# With the shortest training the coupled roads end at {glue:text}`domains-equal-first-photos` on
# CIFAR-10 and {glue:text}`domains-equal-first-digits` on MNIST, with the longest at
# {glue:text}`domains-equal-last-photos` and {glue:text}`domains-equal-last-digits`: on these
# features the two are about as hard as each other. At one accuracy, near
# {glue:text}`domains-equal-coupled-at`, neither way is the longer one: the ratio is
# {glue:text}`domains-equal-coupled` coupled and {glue:text}`domains-equal-uncoupled` uncoupled,
# mean and range over three seeds, and of the drifts {glue:text}`domains-equal-coupled-drift` and
# {glue:text}`domains-equal-uncoupled-drift`. Printed is a ratio of 3. A network that has seen
# ImageNet knows photographs, and the paper's has not; so this says that the direction is not a
# matter of the two tasks alone, and not which way it goes on pictures.
#
# ## What the page found
#
# **Printed:** MNIST to CIFAR-10 is three times as long as back in coupled transfer,
# and 27 times in fine-tuning. That two directions agree is one bit, not a correlation.
#
# **Found**, with {glue:text}`domains-images` images a task, whose coupled roads end at an
# accuracy of {glue:text}`domains-photo-accuracy` on CIFAR-10 and
# {glue:text}`domains-digit-accuracy` on MNIST.
#
# - The ratio is, geometric mean (lowest to highest seed), {glue:text}`domains-coupled` in coupled
#   transfer, {glue:text}`domains-free` in uncoupled, {glue:text}`domains-fine` in fine-tuning to
#   95% and {glue:text}`domains-full` over the whole of fine-tuning.
# - These lengths do not compare difficulty, because one target is learnt and the other is not. On
#   the live roads length and accuracy rise together, and at equal accuracy the road to the harder
#   target is the longer one. A length should be read with the accuracy at its end.
# - On features, at equal accuracy, the ratio is {glue:text}`domains-equal-coupled`: neither way is
#   the longer one.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-domains-doubt
#
# Predictions over $c$ classes begin flat and end with $q$ for one class and the rest in equal
# parts. How long is the shortest road, as a formula in $q$ and $c$? By how much is it shorter for
# $q = .43$ than for $q = .95$, with ten classes, and how does that compare with the ratio of our
# coupled roads?
# :::
#
# ````{solution-start} ex-domains-doubt
# :class: dropdown
# ````
# The distance is twice the angle between the roots,
# $2 \arccos\bigl(\sqrt{q/c} + \sqrt{(1 - q)(c - 1)/c}\bigr)$, since the $c - 1$ equal terms are
# $\sqrt{(1 - q)/((c - 1) c)}$ each.

# %%
def doubtful(q, c=10):
    return np.append(q, np.full(c - 1, (1 - q) / (c - 1)))


short = {}
for q in (0.43, 0.95, 1):
    short[q] = 2 * np.arccos(np.sqrt(q / 10) + np.sqrt((1 - q) * 9 / 10))
    assert np.isclose(short[q], fisher_rao.distance(np.full(10, 0.1), doubtful(q))), (
        "for any q of at least 1/10")
in_doubt = short[0.43] / short[0.95]
print({q: f"{d:.2f}" for q, d in short.items()}, f"ratio {in_doubt:.2f}")
glue("domains-in-doubt", f"{in_doubt:.2f}", display=False)

# %% [markdown]
# If probabilities were as large as accuracies, doubt alone would make the road to photographs
# {glue:text}`domains-in-doubt` times as long as that to digits; the ratio of ours is
# {glue:text}`domains-coupled`. Roads are no geodesics, and a network that is right in .43 of the
# images is not so doubtful on each.
#
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-domains-means
#
# The table has the *geometric* mean of the seeds' ratios. Show that by arithmetic means both ways
# can be the longer one at once: the mean of $x_i$ times the mean of $1/x_i$ is at least 1. When is
# it 1? How far is it from 1 for fine-tuning to 95%?
# :::
#
# ````{solution-start} ex-domains-means
# :class: dropdown
# ````
# By the Cauchy-Schwarz inequality for $\sqrt{x_i}$ and $1/\sqrt{x_i}$; it is 1 if all are equal.
# With ratios of 2 and 1/2 both means are 1.25. Geometric means are inverse to each other.

# %%
x = by_seed["fine-tuning to 95%"]
both_ways = x.mean() * (1 / x).mean()
assert both_ways >= 1, "for any positive numbers"
assert np.isclose(np.exp(np.log(x).mean()) * np.exp(np.log(1 / x).mean()), 1), "for any"
print(f"mean {x.mean():.2f}, of the inverse {(1 / x).mean():.3f}:",
      f"product {both_ways:.2f}")

# %% [markdown]
# ````{solution-end}
# ````
