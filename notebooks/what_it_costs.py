# %% [markdown]
# # What does it cost?
#
# **Question.** How long does each number of this book take, how much memory, and how do both grow?
#
# **Answer.** A score of a layer costs seconds, a coupled road from seconds to days
# ({ref}`the table below <costs-answer>`). Scores grow in proportion to the images, all but
# neighbours, and roads with the steps of SGD ({numref}`fig-growth`): for a hundred tasks of a
# million images the dear ones are roads and neighbours ({ref}`the arithmetic <costs-million>`).
#
# (costs-answer)=
# Stored runs on a shared machine of two cores:

# %% tags=["hide-input"]
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from myst_nb import glue

from tdist.plots import CYCLE, PRINTED, use_book_style
from tdist.studies import load
from tdist.studies.growth_tables import clock, memory, powers, times
from tdist.studies.results import where
from tdist.studies.twenty_tables import NEAR, costs

use_book_style()
pd.set_option("display.width", 110, "display.max_colwidth", None)
HERE = "this holds in the book's stored runs; on another machine it need not"


def race(name):
    """The stored benchmark of the last machine that ran it: its name and its numbers."""
    return list(json.loads((where() / f"{name}.json").read_text("utf-8")).items())[-1]


def text(seconds):
    """Seconds in a unit that one can picture."""
    for unit, size in (("years", 365 * 86_400), ("days", 86_400), ("hours", 3600),
                       ("min", 60), ("s", 1), ("ms", 1e-3)):
        if seconds >= (2 if size > 1 else 1) * size or unit == "ms":
            return f"{seconds / size:,.{0 if seconds >= 100 * size else 1}f} {unit}"



RACES = {name: race(f"{name}_speed")[1] for name in (
    "h_score", "pixelwise", "rank", "couplings", "scores", "published", "transfer", "rooms")}
stored = load("growth")
units, POWERS = stored["units"], powers(stored["units"])
twenty = [costs(load(f"evaluation_mid_{seed}")["units"]) for seed in range(5)]
measures = pd.DataFrame(twenty).mean()
pairs = {name: [unit["seconds"] for key, unit in load(name)["units"].items()
                if key[0].isdigit() and isinstance(unit, dict) and "seconds" in unit]
         for name in ("digits", "cnn_4", "superclasses", "cnn_16", "wide_resnet_10_1",
                      "wide_resnet_16_4", "clothes", "superclasses_2500", "cifar_subsets",
                      "two_domains")}

maps = [one["seconds"]["total"] for one in RACES["pixelwise"]["maps"].values()]
h, steps = RACES["h_score"]["median_seconds"], RACES["couplings"]
hours = RACES["published"]["width 32"]["hours"]["four roads"]
ANSWERS = [
    ("H-score of a layer", "20,000 images, 2,048 features, 100 classes", text(h["h_score"]),
     "clock, two threads"),
    ("the same with shrinkage", "", text(h['h_score, "ledoit-wolf"']), "clock, two threads"),
    ("H-score at 4,096 pixels", "20,000 images, 2,048 features, 16 colours",
     f"{min(maps):.0f} to {max(maps):.0f} s", "clock, two threads"),
    ("all layers ranked", f"{RACES['rank']['images']:,} images of 32 x 32, "
     f"{RACES['rank']['layers']} layers", text(RACES["rank"]["seconds"]), "clock, one thread"),
    ("all ten scores of a pair", "1,250 images, 128 features, 5 classes",
     text(measures[[*NEAR]].sum()), "processor"),
    ("a coupling's step", f"{steps['blocks']} blocks of {steps['n']} x {steps['n']}",
     text(steps["seconds"]), "clock, two threads"),
    ("a coupled pair on features", "a perceptron, 2 roads of 640 steps, replicas",
     text(measures["coupled"]), "processor"),
    ("a coupled pair of pictures", "27,906 weights, 3 roads of 480 SGD steps",
     text(np.mean(pairs["superclasses_2500"])), "clock"),
    ("the same, published size", "1,167,882 weights, 4 roads of 20,000",
     text(3600 * hours), "one core; not run"),
    ("any of these on a GPU", "", "not run", "")]
pd.DataFrame([row[1:] for row in ANSWERS], [row[0] for row in ANSWERS],
             ["how much of it", "takes", "seconds are"])

# %% [markdown]
# *Processor* seconds count only what a run itself computed, of all its threads; *clock* seconds
# also what it waited for others.

# %% mystnb={"figure": {"caption": "Processor time of one call against each size, all other sizes held, on one thread (points: the least of three calls; lines: the power of the last four sizes; dashed grey: in proportion and, in the left panel, the square). All scores but neighbours grow about in proportion to the images; classes hardly count, and colours in no order.", "name": "fig-growth"}, "image": {"alt": "Three panels with log axes: processor time from 3 milliseconds to 10 seconds against the number of images (100 to 300,000), of features, classes or pixels (2 to 8,000), and of steps, images in a block or tasks (4 to 500). Rising points, each series with a straight line through its last four; the line of neighbours is the steepest of the left panel, that of classes nearly flat."}} tags=["hide-input"]
PANELS = {"images": [("h_score", "m"), ("loo", "m"), ("knn", "m"), ("logme", "m"),
                     ("pixelwise", "m"), ("road", "images")],
          "features, classes, pixels": [("h_score", "k"), ("h_score", "classes"),
                                        ("pixelwise", "k"), ("pixelwise", "pixels"),
                                        ("pixelwise", "colours")],
          "steps, block, tasks": [("road", "steps"), ("road", "sgd_steps"), ("coupling", "n"),
                                  ("all pairs", "tasks")]}
NAMES = {("h_score", "m"): "H-score", ("pixelwise", "m"): "H-score, 1,024 pixels",
         ("road", "images"): "road, each block seen", ("h_score", "k"): "H-score, features k",
         ("h_score", "classes"): "H-score, classes", ("pixelwise", "k"): "1,024 pixels, k",
         ("pixelwise", "pixels"): "pixels", ("pixelwise", "colours"): "1,024 pixels, colours",
         ("road", "steps"): "road, steps K", ("road", "sgd_steps"): "road, SGD in a step",
         ("coupling", "n"): "coupling, block n", ("all pairs", "tasks"): "all pairs of N tasks",
         ("loo", "m"): "leave-one-out", ("knn", "m"): "neighbours", ("logme", "m"): "LogME",
         ("coupling", "images"): "coupling, images", ("shrunk", "m"): "H-score, shrunk",
         ("transrate", "m"): "TransRate"}
fig, axes = plt.subplots(1, 3, figsize=(8.6, 4.6), sharey=True)
for ax, (label, series) in zip(axes, PANELS.items(), strict=True):
    for each, colour, mark in zip(series, CYCLE, "osD^vP", strict=False):
        sizes, seconds = times(units, *each)
        line = POWERS[each]
        ax.loglog(sizes, seconds, mark, color=colour, label=NAMES[each])
        ax.loglog(sizes[-line.points:], [line.at(n) for n in sizes[-line.points:]], color=colour)
    ax.set(xlabel=label)
    ax.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.2))
axes[0].set_ylabel("processor time (s)")
low, high = axes[0].get_ylim()
for ax, exponents in zip(axes, ((1, 2), (1,), (1,)), strict=True):
    x = np.array(ax.get_xlim())
    for exponent in exponents:
        ax.loglog(x, low * 2 * (x / x[0]) ** exponent, "--", color=PRINTED, lw=1, zorder=0)
axes[0].set_ylim(low, high)
plt.show()

# %% [markdown]
# ## A score, against its floor and against others
#
# Whoever computes $\cov(f)$ multiplies the features with themselves: in float64 that product is the
# floor. Contenders took turns; medians by the clock, two threads.

# %%
score = pd.DataFrame({machine: one["median_seconds"] for machine, one in json.loads(
    (where() / "h_score_speed.json").read_text("utf-8")).items()})
glue("costs-floor", RACES["h_score"]["h_score_over_product"], display=False)
beside = {name: h[name] / h['h_score, "ledoit-wolf"'] for name in (
    "transformer-ranker", "scikit-learn LedoitWolf")}
score

# %% [markdown]
# The score takes {glue:text}`costs-floor` times its floor on the machine of the last column. With
# shrinkage, which is what the other two compute, transformer-ranker takes
# {glue:text}`costs-ranker` and scikit-learn's estimator {glue:text}`costs-sklearn` times as long.
#
# What scores take beside each other, one thread, 5,000 images of 1,280 features in 100 classes:

# %% tags=["hide-input"]
glue("costs-ranker", f"{beside['transformer-ranker']:.1f}", display=False)
glue("costs-sklearn", f"{beside['scikit-learn LedoitWolf']:.1f}", display=False)
ten = pd.DataFrame({"seconds": RACES["scores"]["median_seconds"],
                    "times H": RACES["scores"]["over_h"]})
glue("costs-knn", f"{ten['times H']['knn']:.1f}", display=False)
ten.T.round(2)

# %% [markdown]
# Neighbours cost the most, {glue:text}`costs-knn` times the H-score. LEEP and NCE need only the
# source's own class probabilities.
#
# ## A score at each pixel: the paper's hour
#
# {cite:t}`hscore2019` score the features of each room for a map of 64 x 64 pixels in 16 colours,
# and say of a pair of tasks: less than one hour, preprocessing included, on eight cores of 3.4 GHz.
# We whiten the features once and then add them up by colour, on two cores. Nobody ran their
# program here, and the paper's size has other images, so that the two times compare only roughly.

# %% tags=["hide-input"]
pixels = {(machine, kind): {"whitening": one["seconds"]["whitening"],
                            "sums": one["seconds"]["sums"], "total": one["seconds"]["total"],
                            "additions alone": one["floor"]["seconds of these additions"],
                            "times in an hour": 3600 / one["seconds"]["total"]}
          for machine, found in json.loads(
              (where() / "pixelwise_speed.json").read_text("utf-8")).items()
          for kind, one in found["maps"].items()}
glue("costs-hour-least", f"{min(one['times in an hour'] for one in pixels.values()):.0f}",
     display=False)
glue("costs-hour-most", f"{max(one['times in an hour'] for one in pixels.values()):.0f}",
     display=False)
pd.DataFrame(pixels).T.round(1)

# %% [markdown]
# The hour holds {glue:text}`costs-hour-least` to {glue:text}`costs-hour-most` of our pairs. The
# third column of seconds is what the additions would take if each pixel were added up for itself;
# where neighbouring pixels have the same colour, sums are shared.
#
# ## Ranking the layers of a network
#
# `tdist.rank` on a folder of {glue:text}`costs-rank-images` pictures, one thread. Its processor
# seconds are {glue:text}`costs-rank-share` of the clock's; below 100% it had to wait.

# %%
ranked = RACES["rank"]
glue("costs-rank-images", f"{ranked['images']:,}", display=False)
glue("costs-rank-share", f"{ranked['processor seconds'] / ranked['seconds']:.0%}", display=False)
pd.Series({name: ranked[name] for name in (
    "images", "pixels", "layers", "columns", "seconds", "seconds of the pass",
    "seconds of the scores", "processor seconds", "peak GB", "GB of imports", "GB on disk")},
    dtype=object).to_frame("stored")

# %% [markdown]
# ## Couplings
#
# A coupling moves after each look, in all blocks at once, until its duality gap is small. One such
# step, with its certificate:

# %%
pd.Series(RACES["couplings"], dtype=object).drop(
    ["command", "marginal_error_times_n"]).to_frame("stored")

# %% [markdown]
# A road of a small network spends {glue:text}`costs-ratio` times the seconds of its SGD steps:
# measuring lengths and moving couplings is the rest ({doc}`coupled_transfer`).
#
# ## Seconds of a coupled pair
#
# All roads of a pair; training the source, the uncoupled road and fine-tuning come on top. The
# first table is by the *clock*, on a machine that also did other things, so that its spread is not
# that of the method.

# %% tags=["hide-input"]
glue("costs-ratio", RACES["transfer"]["CNN of width 16"]["ratio"], display=False)
rows = {}
for name, seconds in pairs.items():
    config = load(name)["config"]
    own = config["settings"]
    sgd = own["iterations"] * own["steps"] * own["sgd_steps"]
    rows[name] = {"network": config["network"], "weights": config["weights"],
                  "images": config["images"], "roads": own["iterations"], "SGD steps": sgd,
                  "batch": own["batch"], "pairs": len(seconds), "seconds": np.mean(seconds),
                  "spread": np.std(seconds), "ms an SGD step": 1000 * np.mean(seconds) / sgd}
table = pd.DataFrame(rows).T
table.astype({name: float for name in ("seconds", "spread", "ms an SGD step")}).round(1)

# %% [markdown]
# By training length, on features: processor seconds of a pair of {doc}`training_length`, with the
# drifts' two replicas of each road.

# %% tags=["hide-input"]
regime = load("regime")
kinds, found = ("coupled", "uncoupled", "fine_tuning"), {}
for key, unit in regime["units"].items():
    if key.startswith("features") and "coupled" in unit:
        found.setdefault(int(key.split("/")[1]), []).append(
            [unit[kind]["seconds"] for kind in kinds])
regimes = pd.DataFrame({epochs: np.mean(each, axis=0) for epochs, each in found.items()},
                       kinds).T
regimes["pairs"] = [len(each) for each in found.values()]
regimes = regimes.sort_index().rename_axis("epochs of pretraining")
glue("costs-regime-first", f"{regimes['coupled'].iloc[0]:.1f}", display=False)
glue("costs-regime-last", f"{regimes['coupled'].iloc[-1]:.0f}", display=False)
regimes.round(2)

# %% [markdown]
# From {glue:text}`costs-regime-first` to {glue:text}`costs-regime-last` seconds a coupled pair,
# from the shortest training to the longest. What the published sizes would take, from the rates of
# one core ({doc}`coupled_transfer`); none of these was run:

# %% tags=["hide-input"]
published = pd.DataFrame({name: {"weights": one["weights"]} | {
    f"images a second, {kind}": rate for kind, rate in one["images_per_second"].items()} | {
    f"hours, {what}": value for what, value in one["hours"].items()}
    for name, one in RACES["published"].items() if name.startswith("width")})
published.map(lambda v: f"{v:,.0f}" if v >= 100 else f"{v:.2f}")

# %% [markdown]
# ## Every measure of the twenty tasks
#
# Processor seconds a pair of {doc}`twenty_tasks`: 1,250 images of five classes, what is scored are
# the 128 features of a source's last hidden layer. Means over the pairs of the evaluation; the
# spread is over its five seeds. What is computed for each task alone is divided by the pairs.

# %% tags=["hide-input"]
rivals = load("rivals_evaluation_mid")["units"]
carried = pd.DataFrame([unit["seconds"] for key, unit in rivals.items()
                        if key.startswith("carried/")]).mean()
fisher = np.mean([unit["seconds"] for key, unit in rivals.items() if key.startswith("fisher/")])
vectors = next(unit for key, unit in rivals.items() if key.startswith("task2vec/"))
tasks = len(vectors["task2vec"])
every = pd.DataFrame({"seconds a pair": measures, "spread over seeds": pd.DataFrame(twenty).std()})
for name, seconds in {**carried, "fisher": fisher,
                      "task2vec": vectors["seconds"] / (tasks - 1),
                      "embedding": rivals["embedded"]["seconds"] / (tasks * (tasks - 1))}.items():
    every.loc[name] = [seconds, np.nan]
every = every.sort_values("seconds a pair")
every["times H"] = every["seconds a pair"] / every["seconds a pair"]["h"]
glue("costs-twenty-h", f"{1000 * every['seconds a pair']['h']:.0f}", display=False)
glue("costs-twenty-coupled", f"{every['times H']['coupled']:,.0f}", display=False)
every.map(lambda v: "" if np.isnan(v) else f"{v:,.0f}" if v >= 10 else f"{v:.3g}")

# %% [markdown]
# An H-score is {glue:text}`costs-twenty-h` milliseconds, the coupled road
# {glue:text}`costs-twenty-coupled` times that. `coupled` and `uncoupled` stand for all their
# readings, with two replicas for the drift.
#
# ## How it grows
#
# The study `growth`: each size alone, the others held. The power is that of the last four sizes,
# because a fixed cost flattens the first; the error is the standard error of that line. Both were
# chosen before any run. The sizes of maps, blocks, roads and numbers of tasks were enlarged after a
# first run, where fixed costs hid their powers. Sizes at rest: 8,192 images of 256 features in 10
# classes for the H-score, 128 features for other scores; 2,048 of 256 at 1,024 pixels of 16
# colours; blocks of 30, 1,920 images; a road of 4 steps with 2 SGD steps each between tasks of 200
# pictures, each block seen once, a small network.

# %% tags=["hide-input"]
THEORY = {("h_score", "m"): "1", ("h_score", "k"): "2 to 3",
          ("h_score", "classes"): "0", ("loo", "m"): "1", ("knn", "m"): "2", ("logme", "m"): "1",
          ("shrunk", "m"): "1", ("transrate", "m"): "1", ("pixelwise", "m"): "1",
          ("pixelwise", "k"): "1", ("pixelwise", "pixels"): "1", ("pixelwise", "colours"): "0",
          ("all pairs", "tasks"): "1 to 2", ("coupling", "n"): "1", ("coupling", "images"): "1",
          ("road", "steps"): "1", ("road", "images"): "1", ("road", "sgd_steps"): "1"}
grown = pd.DataFrame({(NAMES[each], each[1]): {
    "from": times(units, *each)[0][0], "to": f"{found.size:,.0f}", "seconds at the last":
    f"{found.cost:.3g}", "power": f"{found.statistic:.2f} ± {found.error:.2f}",
    "by the operations": THEORY[each]} for each, found in POWERS.items()}).T
for each, found in POWERS.items():
    name = "-".join(each).replace(" ", "-").replace("_", "-")
    glue(f"costs-power-{name}", f"{found.statistic:.2f} ± {found.error:.2f}", display=False)
glue("costs-load", f"{np.mean([u['load'] for u in units.values() if 'load' in u]):.0f}",
     display=False)
assert POWERS["h_score", "m"].statistic < 1.5 < POWERS["knn", "m"].statistic, HERE
grown

# %% [markdown]
# The machine had {glue:text}`costs-load` processes that wanted its two cores while this ran, on
# average. Processor time does not count the waiting; it does count what others throw out of the
# caches, which is why a line may lie off its power by more than its error.
#
# ## Memory
#
# The peak of a process of its own, less the peak of its imports, in which a few MB may hide. In one
# call all features are there; in batches (`tdist.HScore`) only the sums are, which do not grow.

# %% mystnb={"figure": {"caption": "Peak memory beyond the libraries against the number of images: one call with all data, as many images in batches, scores at 1,024 pixels, and a coupled road. Batches stay flat; one call grows in proportion.", "name": "fig-memory"}, "image": {"alt": "Log axes: peak memory from 10 megabytes to 1 gigabyte against 800 to 500,000 images. One call rises as a straight line from .14 to 1.1 GB; batches are a flat line at .015 GB; maps are nearly flat at .2 to .3 GB; the road is flat up to 1,600 images and then rises to 1 GB at 6,400."}} tags=["hide-input"]
SERIES = {("h_score", "m"): "H-score, one call (256 features)",
          ("streamed", "m"): "H-score, in batches (256 features)",
          ("pixelwise", "m"): "H-score, 1,024 pixels (256 features)",
          ("road", "images"): "road (pictures of 32 x 32)"}
fig, ax = plt.subplots(figsize=(6.4, 3.6))
for (each, label), colour, mark in zip(SERIES.items(), CYCLE, "osD^", strict=False):
    sizes, giga = memory(units, *each)
    ax.loglog(sizes, giga, mark + "-", color=colour, label=label)
ax.set(xlabel="images", ylabel="peak memory (GB)")
ax.legend(fontsize=8)
plt.show()

# %% tags=["hide-input"]
taken = {}
for each, label in SERIES.items():
    sizes, giga = memory(units, *each)
    slope, _ = np.polyfit(sizes, giga, 1)
    before = units[f"memory/{each[0]}/{each[1]}/{sizes[-1]}"]["before"]
    taken[label] = {"images": f"{sizes[-1]:,}", "GB at these": f"{giga[-1]:.3f}",
                    "KB more an image": f"{1e6 * slope:.1f}",
                    "GB of the libraries": f"{before:.2f}"}
pd.DataFrame(taken).T

# %% [markdown]
# ## One process against two
#
# Units of a study are independent, so two processes do them side by side
# (`python -m tdist.studies run NAME --jobs 2`). Eight equal units, three rounds in turn:

# %% tags=["hide-input"]
both = {}
for what in ("h_score", "road"):
    one = units[f"processes/{what}"]
    for n in ("1", "2"):
        both[what, n] = {
            "seconds by the clock": np.mean([r["clock"] for r in one[n]]),
            "processor seconds": np.mean([r["processor"] for r in one[n]]),
            "processors had": np.mean([r["processor"] / r["clock"] for r in one[n]]),
            "load before": one["load"]}
both = pd.DataFrame(both).T.rename_axis(["work", "processes"])
handing = max(units[f"processes/{what}"]["handing over"] for what in ("h_score", "road"))
slower = {what: both.loc[(what, "2"), "processor seconds"]
          / both.loc[(what, "1"), "processor seconds"] for what in ("h_score", "road")}
faster = {what: both.loc[(what, "1"), "seconds by the clock"]
          / both.loc[(what, "2"), "seconds by the clock"] for what in ("h_score", "road")}
for what in slower:
    glue(f"costs-two-{what.replace('_', '-')}", f"{slower[what]:.2f}", display=False)
    glue(f"costs-clock-{what.replace('_', '-')}", f"{faster[what]:.2f}", display=False)
had = both.xs("2", level="processes")["processors had"]
glue("costs-had", f"{had.min():.1f} to {had.max():.1f}", display=False)
glue("costs-handing", f"{1000 * handing:.1f}", display=False)
both.round(2)

# %% [markdown]
# By the clock two processes are {glue:text}`costs-clock-h-score` times as fast for the scores and
# {glue:text}`costs-clock-road` for the roads, where two would be the best. Part of that is other
# work, for they had only {glue:text}`costs-had` processors of two. Part is not: the same work takes
# {glue:text}`costs-two-h-score` and {glue:text}`costs-two-road` times the processor time, perhaps
# because two cores share caches and memory. Handing a unit to another process takes
# {glue:text}`costs-handing` milliseconds, nothing beside a road.
#
# One score may be split over processes too, under `torchrun`: each adds up its own batches, and
# `compute()` gathers the sums. What is sent does not depend on the images: $8(k^2 + |\Y| k)$ bytes
# a process.

# %% tags=["hide-input"]
split = pd.DataFrame({(f"{n} of them", rank): own for n in (1, 2)
                      for rank, own in enumerate(units[f"torchrun/{n}"])}).T
sent = {k: 8 * (k**2 + 100 * k) / 1e6 for k in (512, 2048)}
glue("costs-sent", f"{sent[2048]:.0f}", display=False)
alone, [first, second] = units["torchrun/1"][0], units["torchrun/2"]
assert abs(alone["value"] - first["value"]) < 1e-4, "the same score, however samples are split"
glue("costs-split", f"{(first['batches'] + second['batches']) / alone['batches']:.2f}",
     display=False)
split.rename_axis(["processes", "rank"]).round(3)

# %% [markdown]
# The same score from both, and {glue:text}`costs-split` times the processor time for the batches of
# both together. At 2,048 features and 100 classes a process sends {glue:text}`costs-sent` MB, once.
# Only two processes of one machine were tried, and no network between them.
#
# (costs-million)=
# ## A million images, a hundred tasks
#
# Arithmetic from the powers above; none of it was run. First, is it any good? It is tried on what
# was measured elsewhere in this book, at other sizes.


# %% tags=["hide-input"]
def scores(m, k):
    """Processor seconds of an H-score, by the power of m and then that of k."""
    by_m, by_k = POWERS["h_score", "m"], POWERS["h_score", "k"]
    return by_m.at(m) * by_k.at(k) / by_k.at(256)


def pixel_maps(m, k, pixels):
    """Of a score at each pixel."""
    by_m, by_k, by_pixel = (POWERS["pixelwise", each] for each in ("m", "k", "pixels"))
    return by_m.at(m) * by_k.at(k) / by_k.at(256) * by_pixel.at(pixels) / by_pixel.at(1024)


def of(name, m, k):
    """Of another score, measured at 128 features: in k as the H-score, and neighbours, whose
    distances are sums over features, in proportion."""
    by_k = POWERS["h_score", "k"]
    grown = k / 128 if name == "knn" else by_k.at(k) / by_k.at(128)
    return POWERS[name, "m"].at(m) * grown


threads = RACES["h_score"]["threads"]
tried = pd.DataFrame({
    "H-score, 20,000 x 2,048": [scores(20_000, 2048), threads * h["h_score"]],
    "4,096 pixels, 20,000 x 2,048, random colours": [
        pixel_maps(20_000, 2048, 4096),
        threads * RACES["pixelwise"]["maps"]["random"]["seconds"]["total"]],
    **{f"{name}, 5,000 x 1,280": [of(name, 5000, 1280), RACES["scores"]["median_seconds"][name]]
       for name in ("knn", "logme", "loo", "transrate")}},
    ["foretold", "measured, times threads"]).T
tried["ratio"] = tried.iloc[:, 0] / tried.iloc[:, 1]
by_k = POWERS["h_score", "k"]
wrong = POWERS["knn", "m"].at(5000) * by_k.at(1280) / by_k.at(128)
glue("costs-tried-wrong", f"{wrong / RACES['scores']['median_seconds']['knn']:.0f}", display=False)
glue("costs-tried-least", f"{tried['ratio'].min():.1f}", display=False)
glue("costs-tried-most", f"{tried['ratio'].max():.1f}", display=False)
tried.round(2)

# %% [markdown]
# How other scores grow with the features was not measured. All were given the H-score's power
# first; for neighbours that was wrong by a factor of {glue:text}`costs-tried-wrong`, and they have
# their own here, chosen after that. So the table is no blind test of them.
#
# Between {glue:text}`costs-tried-least` and {glue:text}`costs-tried-most` times what was measured:
# read what follows within such factors, and the roads' hours as a floor.
#
# The rows of scores are for one network's 1,280 features of the same million images and a hundred
# sets of labels, each scored on its own; those of roads for the coupled roads of all 9,900 ordered
# pairs, without training the sources. *A core* is processor time, but for passes and pictures,
# which have the clock's seconds of a shared machine; *this machine* has two, which slow each other
# down by the factor {glue:text}`costs-two-road` of above; the *cluster* has 1,000 cores that do
# not, to which joblib hands one unit at a time, with the time of handing over that was measured
# here. Roads see as many images as in the stored runs, except in the last two rows, where the steps
# of SGD grow so that each of the million is seen as often as each of the 1,250 or 2,500 was.

# %% tags=["hide-input"]
MILLION, TASKS, CORES = 1_000_000, 100, 1000
ordered = TASKS * (TASKS - 1)
pass_ = ranked["seconds of the pass"] / ranked["images"] * MILLION
WORK = {  # (units that go side by side, processor seconds of each)
    "features of a network, 32 x 32, EfficientNet-Lite0": (1, pass_),
    "the same of 100 networks": (TASKS, pass_),
    "H-score, 1,280 features, 100 tasks": (TASKS, scores(MILLION, 1280)),
    "leave-one-out, 100 tasks": (TASKS, of("loo", MILLION, 1280)),
    "LogME, 100 tasks": (TASKS, of("logme", MILLION, 1280)),
    "neighbours, 100 tasks": (TASKS, of("knn", MILLION, 1280)),
    "H-score at 4,096 pixels, 100 tasks": (TASKS, pixel_maps(MILLION, 1280, 4096)),
    "roads on features, 9,900 pairs": (ordered, measures["coupled"]),
    "roads of pictures, 27,906 weights": (ordered, np.mean(pairs["superclasses_2500"])),
    "roads of pictures, 2.7 million weights": (ordered, np.mean(pairs["wide_resnet_16_4"])),
    "roads at the published size": (ordered, 3600 * hours),
    "roads on features, a million images seen as often": (
        ordered, measures["coupled"] * MILLION / 1250),
    "roads of pictures, the same": (ordered, np.mean(pairs["superclasses_2500"]) * MILLION / 2500)}
far = pd.DataFrame({name: {
    "a core": text(count * seconds),
    "this machine": text(3600 * clock(count, seconds * (slower["road"] if count > 1 else 1),
                                     2, handing)),
    "64 cores": text(3600 * clock(count, seconds, 64, handing)),
    "cluster": text(3600 * clock(count, seconds, CORES, handing)),
    "one GPU": "not run"} for name, (count, seconds) in WORK.items()}).T
for name, key in (("H-score, 1,280 features, 100 tasks", "h"), ("neighbours, 100 tasks", "knn"),
                  ("roads on features, 9,900 pairs", "features"),
                  ("roads of pictures, 27,906 weights", "pictures"),
                  ("roads at the published size", "published")):
    count, seconds = WORK[name]
    glue(f"costs-million-{key}", text(count * seconds), display=False)
    glue(f"costs-cluster-{key}", text(3600 * clock(count, seconds, CORES, handing)), display=False)
error = POWERS["h_score", "m"].factor(MILLION) * POWERS["h_score", "k"].factor(1280)
glue("costs-million-factor", f"{error:.2f}", display=False)
by_m = POWERS["h_score", "m"]
glue("costs-million-even", f"{MILLION / by_m.size / (by_m.at(MILLION) / by_m.cost):.1f}",
     display=False)
far

# %% [markdown]
# One standard error of the two powers changes the H-score's row by a factor of
# {glue:text}`costs-million-factor`. More uncertain is whether the powers go on: that of the images
# is below 1, as some of the time is fixed, and in the end it is 1. In proportion from the last size
# measured, the row would be {glue:text}`costs-million-even` times as long. A score of a million
# images under `torchrun` on $P$ processes is the column *a core* of one task divided by $P$, and
# one exchange of the sums, some tens of MB. The images lie on disk; with `tdist.HScore` memory does
# not grow with them.
#
# The clock's columns divide evenly and count no disk, no network and no shared cache. A machine
# with many cores shares its memory's bandwidth, which two cores do not show.
#
# **Change this and run**: how many tasks may it be, if all coupled pairs on features are to be done
# in a night?

# %%
CORES_AT_HAND = 16  # ← change this
night = 10 * 3600
fit = night / (measures["coupled"] / CORES_AT_HAND + handing)  # pairs
most = int((1 + np.sqrt(1 + 4 * fit)) / 2)
print(f"{CORES_AT_HAND} cores, 10 hours: all pairs of {most} tasks, "
      f"{clock(most * (most - 1), measures['coupled'], CORES_AT_HAND, handing):.1f} hours")

# %% [markdown]
# ## What the page found
#
# - **Printed:** the H-score of a pair of tasks with maps for targets takes under an hour on eight
#   cores. Ours takes under a minute on two, so the claim holds. That an H-score costs $O(m k^2)$:
#   the power of $m$ is {glue:text}`costs-power-h-score-m`, that of $k$
#   {glue:text}`costs-power-h-score-k`.
# - **The score** is {glue:text}`costs-floor` times the bare product of its features. A hundred
#   tasks of a million images are {glue:text}`costs-million-h` of one core, by arithmetic;
#   neighbours, whose time grows with the power {glue:text}`costs-power-knn-m`, would take
#   {glue:text}`costs-million-knn`.
# - **A coupled road** costs {glue:text}`costs-twenty-coupled` H-scores of the same pair. All pairs
#   of a hundred tasks are {glue:text}`costs-million-features` of one core on features,
#   {glue:text}`costs-million-pictures` with the small network on pictures and
#   {glue:text}`costs-million-published` at the published size. The coupled-transfer paper prints no
#   time.
# - **No GPU** was at hand, no cluster, and no machine with more than two cores; other work shared
#   ours.

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-costs-widths
#
# From how many classes on does the $|\Y| k$ of the sums that `torchrun` exchanges outweigh the
# $k^2$? How many MB are sent then, for 1,280 features?
# :::
#
# ````{solution-start} ex-costs-widths
# :class: dropdown
# ````
# From $|\Y| = k$ on. Both parts are $8 k^2$ bytes then.

# %%
k = 1280
print(f"{2 * 8 * k**2 / 1e6:.1f} MB")

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-costs-neighbours
#
# Neighbours cost a multiple of leave-one-out on the largest sample measured. At how many images do
# the two powers say that it is a hundred times as much?
# :::
#
# ````{solution-start} ex-costs-neighbours
# :class: dropdown
# ````
# The ratio grows with the difference of the powers: solve $r (m / m_0)^{p - q} = 100$.

# %%
p, q = POWERS["knn", "m"], POWERS["loo", "m"]
m = p.size * (100 * q.cost / p.cost) ** (1 / (p.statistic - q.statistic))
print(f"{m:,.0f} images")
assert abs(p.at(m) / q.at(m) - 100) < 1e-6, "the powers meet there by construction"

# %% [markdown]
# ````{solution-end}
# ````
