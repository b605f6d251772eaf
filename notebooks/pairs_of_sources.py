# %% [markdown]
# # Which pair of sources?
#
# **Question.** Of all pairs of eight sources, which should a target build on? How much of the gain
# over one source is real, and do sources with different patterns gain more?
#
# **Answer.** For most targets the pair of the two best single sources
# ({numref}`fig-pairs-ranking`). Much of the raw gain is chance ({ref}`pairs-gain`), and unlike
# patterns do not add to it ({numref}`fig-pairs-patterns`). Whether a pair that scores higher trains
# better: {doc}`trained_pairs`.
#
# Section 5.2 of {cite:t}`hscore2019` scores all pairs of eight sources for each target (its Figures
# 8 and 9). It says that the best pair is mostly that of the two best single sources, and that
# sources "with different transferability patterns" improve each other more. {doc}`two_sources`
# derives the score of a pair {eq}`eq-second-order` and the two ways in which chance enters it,
# {eq}`eq-useless-source` and {eq}`eq-leverage`. Here they are used, **at the paper's size** from a
# stored run and **live** on small rooms.

# %% tags=["hide-input"]
from itertools import combinations, permutations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from myst_nb import glue
from scipy.stats import binom, rankdata, spearmanr

from tdist import h_score
from tdist.affinities import ahp
from tdist.agreement import spearman
from tdist.pixelwise import PixelScores, whiten
from tdist.pixelwise.chance import corrected, leverage
from tdist.plots import COMPUTED, OTHER, SOURCE, use_book_style
from tdist.scenes import MAPS, TASKS
from tdist.studies import rooms, rooms_seeds
from tdist.studies.results import load

torch.set_num_threads(1)
use_book_style()
NAMES = dict(zip(TASKS, ["2D Edges", "2D Keypoints", "3D Edges", "3D Keypoints", "Reshading",
                         "Depth", "Object Class.", "Scene Class."], strict=True))

# %% [markdown]
# ## At the paper's size
#
# The stored run has 20,000 rooms of 64 x 64 and 2,048 features a source ({doc}`eight_tasks`). Pairs
# were scored for Depth at every fourth pixel in each direction, for the other maps at every eighth.
# It holds raw and adjusted scores of the pairs, and the leverages {eq}`eq-leverage` of single
# sources only; those of pairs: **not run** at this size. Single sources were scored for three seeds
# of the encoders, all pairs for seed 0. Numbers with a bracket are of seed 0, with the smallest and
# the largest of the three seeds.

# %% tags=["hide-input"]
stored = load("rooms")
print(stored["command"], "|", stored["device"])
units, pairs = stored["units"], list(combinations(TASKS, 2))
big = {kind: (pd.DataFrame({t: {s: units[f"pairs/{s}"][t][key] for s in TASKS} for t in TASKS}),
              pd.DataFrame({t: {p: units["pairs/" + "+".join(p)][t][key] for p in pairs}
                            for t in TASKS}))
       for kind, key in (("raw", "h"), ("adjusted", "adjusted"))}
ranks = {units["pairs/" + "+".join(p)][t]["rank"] for t in TASKS for p in pairs}
print("ranks of pairs:", sorted(ranks))

# %% [markdown]
# Do leverages matter with so many rooms? `excess` is what they take from the adjusted score of a
# single source, as a mean over the eight sources; then Spearman's correlation of the scores with
# measured affinity ({doc}`eight_tasks`), without the self column.

# %% tags=["hide-input"]
# (sources, targets)
excess = np.array([[units[f"leverage/{s}"][t] for t in TASKS] for s in TASKS])
alone = np.array([[units[f"h/{s}/{t}"]["adjusted"] for t in TASKS] for s in TASKS])
affinity = np.stack([ahp(units[f"transfer/{t}"]["wins"]).weights for t in TASKS], axis=1)
seeds = [{"h": alone, "levelled": alone - excess, "affinity": affinity}] + [
    rooms_seeds.matrices(load(f"rooms_seed_{seed}")["units"]) for seed in rooms_seeds.SEEDS]
rho = {name: [spearman(x[key], x["affinity"], self_pairs=False) for x in seeds]
       for name, key in (("adjusted", "h"), ("with leverages", "levelled"))}


def three(name, values, form=".2f"):
    """Keep a number for the text: of seed 0, and its range over the three seeds."""
    low, high = format(min(values), form), format(max(values), form)
    spread = f"{low} to {high}" if low != high else "all seeds"
    glue(f"pairs-{name}", f"{values[0]:{form}} ({spread})", display=False)


three("big-rho-adjusted", [x.mean() for x in rho["adjusted"]])
three("big-rho-leverages", [x.mean() for x in rho["with leverages"]])
edges = list(TASKS).index("edge3d")
three("big-excess-edges",
      [1 - x["levelled"][:, edges].mean() / x["h"][:, edges].mean() for x in seeds], ".0%")
pd.DataFrame({"adjusted, mean": alone.mean(0), "excess, mean": excess.mean(0)}
             | {f"rho, {name}": x[0] for name, x in rho.items()}, TASKS).rename(NAMES).round(3)

# %% [markdown]
# For the size of a score they do: for 3D Edges they take {glue:text}`pairs-big-excess-edges` of the
# adjusted score. For the order of the sources, little: the mean rank correlation is
# {glue:text}`pairs-big-rho-adjusted` with the adjusted score and
# {glue:text}`pairs-big-rho-leverages` with leverages.
#
# (pairs-gain)=
# ### How much of the gain is chance?
#
# For each target, the best pair against the best single source: in raw scores; what
# {eq}`eq-useless-source` says a useless second source would have added; and adjusted.

# %% tags=["hide-input"]
m, top = stored["config"]["scored_rooms"], big["raw"][0].idxmax()
unit = {t: units[f"pairs/{top[t]}"][t] for t in TASKS}
by_chance = pd.Series({t: u["rank"] * (u["classes"] - 1 - u["h"]) / (m - 1 - u["rank"])
                       for t, u in unit.items()})
big_gains = pd.DataFrame({
    "raw gain": big["raw"][1].max() - big["raw"][0].max(), "by chance": by_chance,
    "adjusted gain": big["adjusted"][1].max() - big["adjusted"][0].max()})
big_share = (by_chance / big_gains["raw gain"])[list(MAPS)]
glue("pairs-big-share-low", f"{big_share.min():.0%}", display=False)
glue("pairs-big-share-high", f"{big_share.max():.0%}", display=False)
big_gains.rename(NAMES).round(3)

# %% [markdown]
# (In the chance column the second source is taken to have the rank of the first.) For the six maps,
# {glue:text}`pairs-big-share-low` to {glue:text}`pairs-big-share-high` of the best pair's raw gain
# is what noise would bring.
#
# ### Is the best pair that of the two best?
#
# All pairs have as many features, so raw and adjusted scores rank them alike. Below is the paper's
# Figure 8 for our rooms.

# %% tags=["hide-input", "claim H-127: holds when corrected"]
def top_two(one, two):
    """For each target: the best pair, the pair of the two best sources, and the place of the latter
    among all pairs."""
    found = {}
    for task in one.columns:
        leaders = one[task].nlargest(2).index
        wanted = tuple(sorted(leaders, key=TASKS.index))
        place = int(rankdata(-two[task].to_numpy())[list(two.index).index(wanted)])
        found[NAMES[task]] = [" + ".join(NAMES[s] for s in leaders),
                              " + ".join(NAMES[s] for s in two[task].idxmax()), place]
    return pd.DataFrame(found, ["two best sources", "best pair", "place"]).T


places = top_two(*big["adjusted"])
glue("pairs-big-top", int((places["place"] == 1).sum()), display=False)
exceptions = places.index[places["place"] > 1]
glue("pairs-big-exceptions", ", ".join(exceptions) or "none", display=False)
places

# %% mystnb={"figure": {"caption": "Places of the 28 pairs for each target, 1 (dark) to 28, by the adjusted score of the stored run: a square is the pair of its row and its column, so only the lower triangle is filled; the first three are numbered. Boxes: the pair of the two best single sources. The best pairs lie in the rows and columns of good single sources.", "name": "fig-pairs-ranking"}, "image": {"alt": "Eight lower triangles of 28 squares in shades of blue, one for each target, sources on both axes. Dark squares lie along one or two rows and columns in each; the orange box is on square 1 in six triangles and on square 3 for 3D Edges and Reshading."}} tags=["hide-input", "claim H-126: holds"]
fig, axes = plt.subplots(2, 4, figsize=(8, 4.7), sharex=True, sharey=True)
one, two = big["adjusted"]
for ax, task in zip(axes.flat, TASKS, strict=True):
    square = np.full((8, 8), np.nan)
    for (a, b), place in zip(pairs, rankdata(-two[task].to_numpy()), strict=True):
        j, i = TASKS.index(a), TASKS.index(b)  # the later task is the row
        square[i, j] = place
        if place <= 3:
            ax.text(j, i, int(place), ha="center", va="center", color="white", fontsize=8)
    j, i = sorted(TASKS.index(s) for s in one[task].nlargest(2).index)
    ax.add_patch(plt.Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, color=SOURCE, lw=2))
    ax.imshow(square, cmap="Blues_r", vmin=1, vmax=32)
    ax.set(xticks=range(8), yticks=range(8), yticklabels=NAMES.values())
    ax.set_xticklabels(NAMES.values(), rotation=90)
    ax.tick_params(labelsize=8)
    ax.grid(False)
    ax.set_xlabel(f"target: {NAMES[task]}", fontsize=9)
plt.show()

# %% [markdown]
# The pair of the two best is the best pair for {glue:text}`pairs-big-top` of 8 targets. The paper
# has 6; its exceptions were 3D Edges and Depth, ours are {glue:text}`pairs-big-exceptions`. One of
# 28 pairs drawn at random would be the best for $8/28 \approx 0.3$ targets. So the rule is a good
# guess, and not a law: a source that is worth nothing alone can be worth everything in a pair
# ({doc}`two_sources`).
#
# **Change this and run**: the first pairs of one target, by the adjusted score, and what each gains
# over the better of its two sources.

# %%
TARGET = "scene"  # ← change this: a name in TASKS
one, two = (scores[TARGET] for scores in big["adjusted"])
found = pd.DataFrame({"pair": two,
                      "gain": two - [one[list(p)].max() for p in two.index]})
first = found.sort_values("pair", ascending=False).head(6)
first.index = [" + ".join(NAMES[s] for s in p) for p in first.index]
print(f"target {NAMES[TARGET]}; single sources:", one.nlargest(3).round(2).to_dict())
first.round(2)

# %% [markdown]
# ### Do different patterns help more?
#
# For Depth the paper looks at the scores pixel by pixel (its Figure 9): its first row of pictures
# combines two sources with different patterns, its second row two with similar ones, and the first
# gains more. Two examples. Here are ours: of all 28 pairs, the one whose first-order maps have the
# lowest correlation over pixels and the one with the highest.

# %% tags=["hide-input"]
def patterns(single, pair):
    """Of one target: dissimilarity of the maps of each pair, gain over the better source, score of
    the weaker, and what choosing the better source at every pixel would gain."""
    rows = {}
    for (a, b), together in pair.items():
        better, weaker = sorted((single[a].mean(), single[b].mean()), reverse=True)
        rows[a, b] = [1 - np.corrcoef(single[a].ravel(), single[b].ravel())[0, 1],
                      together.mean() - better, weaker,
                      np.maximum(single[a], single[b]).mean() - better]
    return pd.DataFrame(rows, ["dissimilarity", "gain", "weaker", "choosing"]).T


big_single = {s: np.array(units[f"pairs/{s}"]["depth"]["map"]) for s in TASKS}
big_pair = {p: np.array(units["pairs/" + "+".join(p)]["depth"]["map"]) for p in pairs}
depth = patterns(big_single, big_pair)
different, similar = depth["dissimilarity"].idxmax(), depth["dissimilarity"].idxmin()
for name, p in (("different", different), ("similar", similar)):
    glue(f"pairs-{name}-gain", f"{depth.loc[p, 'gain']:.2f}", display=False)
    glue(f"pairs-{name}-correlation", f"{1 - depth.loc[p, 'dissimilarity']:.2f}", display=False)
depth.loc[[different, similar]].round(3).rename(NAMES, level=0).rename(NAMES, level=1)

# %% mystnb={"figure": {"caption": "The stored run: adjusted score for Depth at every fourth pixel; each row has its own scale, the numbers are means over pixels. Top: the pair of sources whose patterns differ most. Bottom: the pair whose patterns are most alike. All share the same large shape.", "name": "fig-pairs-heat"}, "image": {"alt": "Two rows of three heat maps of 16 x 16 squares from blue to yellow. Top: 2D Keypoints (mean 1.19) is dim with a dark middle, 3D Edges (2.19) and both (2.35) are bright in the upper half. Bottom: 3D Keypoints (2.29), Reshading (2.48) and both (2.83) look alike, bright on the upper left and right."}} tags=["hide-input", "claim H-128: holds"]
def heat(rows, single, pair):
    """One row of pictures for each pair: the first source, the second, both."""
    fig, axes = plt.subplots(len(rows), 3, figsize=(6.4, 4.5))
    for line, (a, b) in zip(axes, rows, strict=True):
        values = single[a], single[b], pair[a, b]
        low, high = np.min(values), np.quantile(np.concatenate(values), 0.99)  # of this row
        for ax, name, x in zip(line, (NAMES[a], NAMES[b], "both"), values, strict=True):
            picture = ax.imshow(x, vmin=low, vmax=high)
            ax.set(xticks=[], yticks=[], xlabel=f"{name}: {x.mean():.2f}")
            ax.grid(False)
        fig.colorbar(picture, ax=line, label="adjusted H", shrink=0.8)
    plt.show()


heat([different, similar], big_single, big_pair)

# %% [markdown]
# The pair with different patterns (correlation {glue:text}`pairs-different-correlation`) gains
# {glue:text}`pairs-different-gain` over its better half, the pair with similar ones
# ({glue:text}`pairs-similar-correlation`) {glue:text}`pairs-similar-gain`. Two examples decide
# nothing, in either direction. All 28 pairs can.
#
# Pairs that share a source are not independent, so the p value shuffles the eight *sources*, all
# $8! = 40{,}320$ ways, and asks how often the rank correlation of dissimilarity and gain comes out
# as large (a one-sided Mantel test).
#
# A weak source has another pattern *and* little to give. So the same is asked of what the score of
# the weaker source leaves unexplained (a partial correlation of ranks), and of what the weaker and
# the better leave. And as all sources find the same pixels easy, it is asked of maps from which the
# mean map of all sources is taken away.
#
# Last, the share of the gain that is there for *choosing* the better source at each pixel, which is
# what complementary patterns would give.

# %% tags=["hide-input", "claim H-129: not reproduced here", "claim H-130: not reproduced here"]
ORDERS = np.array(list(permutations(range(8))))
UPPER = np.array(list(combinations(range(8), 2)))  # (28, 2), in the order of `pairs`


def mantel(x, y):
    """Correlation of two centred quantities of pairs, and the share of all orders of the sources
    that reach it."""
    square = np.zeros((8, 8))
    square[tuple(UPPER.T)] = square[tuple(UPPER.T[::-1])] = x
    shuffled = square[ORDERS[:, UPPER[:, 0]], ORDERS[:, UPPER[:, 1]]] @ y
    return shuffled[0] / np.sqrt((x @ x) * (y @ y)), np.mean(shuffled >= shuffled[0] - 1e-9)


def left_over(y, *known):
    """What the ranks of some quantities, if any, leave of the ranks of y, by least squares."""
    x = np.column_stack([np.ones(len(y)), *map(rankdata, known)])
    y = rankdata(y)
    return y - x @ np.linalg.lstsq(x, y, rcond=None)[0]


def judged(single, pair):
    """Rank correlations of dissimilarity and gain, with their p values."""
    found = patterns(single, pair)
    better = np.array([max(single[a].mean(), single[b].mean()) for a, b in pair])
    common = np.mean(list(single.values()), axis=0)
    own = patterns({s: x - common for s, x in single.items()}, pair)["dissimilarity"]
    x, y, weaker = (found[name].to_numpy() for name in ("dissimilarity", "gain", "weaker"))
    rows = {"as they are": mantel(left_over(x), left_over(y)),
            "given the weaker's score": mantel(left_over(x, weaker), left_over(y, weaker)),
            "given both scores": mantel(left_over(x, weaker, better), left_over(y, weaker, better)),
            "without the common map": mantel(left_over(own), left_over(y))}
    return (pd.DataFrame(rows, ["rank correlation with gain", "p, one-sided"]).T,
            spearmanr(weaker, y).statistic, found["choosing"].sum() / found["gain"].sum())


verdict, weaker, choosing = judged(big_single, big_pair)
assert (verdict.iloc[:, 0] < 0).all(), "stored: no rank correlation is positive"
for name, row in zip(("plain", "weaker", "both", "common"), verdict.to_numpy(), strict=True):
    glue(f"pairs-pattern-{name}", f"{row[0]:.2f}", display=False)
    glue(f"pairs-p-{name}", f"{row[1]:.2f}", display=False)
glue("pairs-weaker-gain", f"{weaker:.2f}", display=False)
glue("pairs-choosing", f"{choosing:.1%}", display=False)
verdict.round(2)

# %% mystnb={"figure": {"caption": "Depth, all 28 pairs of the stored run: the gain of a pair over its better source does not grow with the dissimilarity of the two patterns. Rings: the pairs shown above. Squares: pairs with the depth encoder itself.", "name": "fig-pairs-patterns"}, "image": {"alt": "Scatter of the gain over the better source, .08 to .43, against 1 less the correlation of two maps, 0 to .18. Points at the left reach highest; beyond .06 all are at or below .2. The ringed points are the leftmost, at a gain of .35, and the rightmost, at .15."}} tags=["hide-input"]
fig, ax = plt.subplots(figsize=(5.4, 3.4))
own = np.array(["depth" in p for p in depth.index])
for which, marker, colour, label in ((~own, "o", COMPUTED, "pairs without Depth"),
                                     (own, "s", OTHER, "pairs with Depth")):
    ax.plot(depth["dissimilarity"][which], depth["gain"][which], marker, color=colour, label=label)
ends = depth.loc[[different, similar]]
ax.plot(ends["dissimilarity"], ends["gain"], "o", ms=11, mfc="none", color=SOURCE)
ax.set(xlabel="1 - correlation of the two maps", ylabel="gain over the better source",
       ylim=(0, None))
ax.legend()
plt.show()

# %% [markdown]
# Dissimilarity of the patterns and gain have a rank correlation of
# {glue:text}`pairs-pattern-plain` ($p =$ {glue:text}`pairs-p-plain`); given the score of the weaker
# source, which itself goes with the gain ({glue:text}`pairs-weaker-gain`), it is
# {glue:text}`pairs-pattern-weaker` ({glue:text}`pairs-p-weaker`), given both scores
# {glue:text}`pairs-pattern-both` ({glue:text}`pairs-p-both`), and without the common map
# {glue:text}`pairs-pattern-common` ({glue:text}`pairs-p-common`). None is positive. Choosing the
# better source at each pixel would give {glue:text}`pairs-choosing` of the gain: different sources
# are *not* good at different parts of the picture. The rest comes from putting two codes together
# *at the same pixel*, which no comparison of first-order maps shows.
#
# :::{admonition} Not reproduced here
# :class: erratum not-reproduced
# **Printed.** Section 5.2: "Combining tasks with different transferability patterns has a more
# significant improvement", shown for two pairs of sources (Figure 9).
#
# **Here.** Over all 28 pairs for Depth the rank correlation of dissimilarity and gain is
# {glue:text}`pairs-pattern-plain`, and no more than {glue:text}`pairs-pattern-both` when the scores
# of the two sources are taken into account. What two sources gain is the H-score of what the first
# does not explain of the second, {eq}`eq-second-order`; the two first-order maps do not determine
# it.
# :::
#
# ## Live: pairs with leverages
#
# The leverages of pairs are computed live, on small rooms, where they are larger. Eight encoders
# are trained as in {doc}`eight_tasks`; their codes of the rooms that are scored are whitened once.

# %% tags=["nbval-ignore-output"]
scale = rooms.LIVE
seen, data = rooms.rooms(scale, "encoder"), rooms.rooms(scale, "scored")
code, white = {}, {}
for task in TASKS:
    code[task] = rooms.codes(rooms.train_encoder(task, seen, scale)[0],
                             data.images).flatten(1)
    white[task] = whiten(code[task])
print(f"{len(data)} rooms of {scale.size} x {scale.size}; ranks of the codes:",
      [w.rank for w in white.values()])
assert all(w.rank == code[task].shape[1] for task, w in white.items()), (
    "in the book's run no number of a code is dead; with other sizes some may be")

# %% [markdown]
# Targets are the labels, and the maps in 16 colours. Depth is scored at every second pixel in each
# direction, the other maps at every fourth. All targets go through one call, as columns of one
# table.

# %% tags=["hide-input"]
target = rooms.quantised(data)
step = {task: 2 if task == "depth" else 4 for task in MAPS}
columns = {task: target[task][:, ::step[task], ::step[task]].reshape(len(data), -1) if task in MAPS
           else target[task][:, None] for task in TASKS}
labels = np.hstack([c.astype(np.uint8) for c in columns.values()])
ends = np.cumsum([0] + [c.shape[1] for c in columns.values()])
of = {task: slice(*ends[i : i + 2]) for i, task in enumerate(TASKS)}
print("\n".join(f"{task}: {c.shape[1]}" for task, c in columns.items()))

# %% [markdown]
# Scores of the eight sources, then of the 28 pairs by {eq}`eq-second-order`, each with the
# leverages of {eq}`eq-leverage`.

# %%
first = {s: w.h_score(labels, progress=False) for s, w in white.items()}
single = {s: corrected(first[s], labels, leverage(white[s])) for s in TASKS}
pairs, second, pair = list(combinations(TASKS, 2)), {}, {}
for a, b in pairs:
    rest = white[b].given(white[a])
    total = first[a].statistic + rest.h_score(labels, progress=False).statistic
    rank = white[a].rank + rest.rank
    second[a, b] = PixelScores(total, first[a].classes, rank, len(data),
                               rest.saturated(labels, rank))
    pair[a, b] = corrected(second[a, b], labels, leverage(white[a], rest))

# %% [markdown]
# ({func}`tdist.pixelwise.second_order` does the loop where leverages are not wanted.) Does the fast
# road end where the slow one does? Three columns, scored by `h_score` on the concatenated codes:

# %%
slow = [float(h_score(np.hstack([code["depth"], code["edge2d"]]), labels[:, j]))
        for j in (0, of["depth"].start + 40, of["scene"].start)]
fast = [second["edge2d", "depth"].statistic[j]
        for j in (0, of["depth"].start + 40, of["scene"].start)]
assert np.allclose(slow, fast, rtol=1e-9, atol=1e-9), "an identity, for any two sources"
assert all(np.all(second[a, b].statistic >= np.maximum(first[a], first[b]) - 1e-9)
           for a, b in pairs), "a second source never takes away, in any sample"

# %% [markdown]
# They agree to $10^{-9}$, and no pair scores less than its better half, at any pixel.
#
# ### What leverages change
#
# Mean over a target's pixels {eq}`eq-pixel-h-score`: the gain of the best pair over the best single
# source, raw, by chance {eq}`eq-useless-source`, adjusted, and with leverages; and the place of the
# pair of the two best among the 28, by the adjusted score and with leverages.

# %% tags=["hide-input", "nbval-ignore-output"]
def table(scores):
    """Mean over each target's pixels: a row a source or pair, a column a target."""
    return pd.DataFrame({task: {key: float(np.mean(x[of[task]])) for key, x in scores.items()}
                         for task in TASKS})


kinds = {"raw": (table({s: x.statistic for s, x in first.items()}),
                 table({p: x.statistic for p, x in second.items()})),
         "adjusted": (table({s: x.adjusted for s, x in first.items()}),
                      table({p: x.adjusted for p, x in second.items()})),
         "leverages": (table(single), table(pair))}
gains = pd.DataFrame({f"{kind} gain": two.max() - one.max() for kind, (one, two) in kinds.items()})
k, spare = white["depth"].rank, len(data) - 1 - white["depth"].rank
useless = {}
for task in TASKS:
    top = first[kinds["raw"][0][task].idxmax()]
    useless[task] = np.mean(k * (top.classes - 1 - top.statistic)[of[task]]) / spare
gains.insert(1, "by chance", pd.Series(useless))
live = {kind: top_two(*kinds[kind]) for kind in ("adjusted", "leverages")}
share = gains["by chance"] / gains["raw gain"]
glue("pairs-chance-share", f"{share[list(MAPS)].min():.0%}", display=False)
message = "in the book's run; with other rooms the shares move"
assert share[list(MAPS)].min() > 0.7, message
for kind, found in live.items():
    glue(f"pairs-top-{kind}", int((found["place"] == 1).sum()), display=False)
    glue(f"pairs-five-{kind}", int((found["place"] <= 5).sum()), display=False)
gains.rename(NAMES).assign(**{f"place, {kind}": found["place"] for kind, found in live.items()}
                           ).round(2)

# %% [markdown]
# For the six maps at least {glue:text}`pairs-chance-share` of the raw gain is what noise would
# bring; of the rest, the leverages take another part. By the adjusted score the pair of the two
# best sources is the best pair for {glue:text}`pairs-top-adjusted` of 8 targets, with leverages for
# {glue:text}`pairs-top-leverages`; it is in the first five places for
# {glue:text}`pairs-five-adjusted` and {glue:text}`pairs-five-leverages`.
#
# ## What the page found
#
# | the paper says | this page finds |
# | --- | --- |
# | combining two sources improves transfer | the raw score *cannot* fall; of its gain on the maps, {glue:text}`pairs-big-share-low` or more (stored; live {glue:text}`pairs-chance-share`) is chance. What is left may still be worth having: {doc}`trained_pairs` |
# | for 6 of 8 targets the best pair is that of the two best sources | stored {glue:text}`pairs-big-top`, live {glue:text}`pairs-top-adjusted` (adjusted) and {glue:text}`pairs-top-leverages` (with leverages); by chance 0.3 |
# | different patterns improve each other more | no: {glue:text}`pairs-pattern-plain` over all pairs, {glue:text}`pairs-pattern-both` given both scores |
# | different sources predict different parts of the image | hardly: choosing the better one at each pixel gives {glue:text}`pairs-choosing` of the gain |

# %% [markdown]
# ## Exercises
#
# :::{exercise}
# :label: ex-pairs-luck
#
# If the best of 28 pairs were drawn at random for each of eight targets, how likely would it be
# that of the two best sources for six or more? And if only the partner of the best source were
# drawn at random? Is the best source in the best pair for every target of the stored run?
# :::
#
# ````{solution-start} ex-pairs-luck
# :class: dropdown
# ````
# The count is binomial with 8 draws and probability $1/28$, or $1/7$. It is no luck by either. And
# for every target the best pair holds the best source: what can fail is the partner.

# %%
one, two = big["adjusted"]
holds = [one[task].idxmax() in two[task].idxmax() for task in TASKS]
for chance in (1 / 28, 1 / 7):
    print(f"one of {round(1 / chance)}: six or more by luck {binom.sf(5, 8, chance):.1e}")
print(f"the best source is in the best pair for {sum(holds)} of 8 targets")
assert binom.sf(5, 8, 1 / 7) < 1e-3 and all(holds), "stored"

# %% [markdown]
# ````{solution-end}
# ````
#
# :::{exercise}
# :label: ex-pairs-synergy
#
# When does a pair score more than the sum of its two sources? For how many pairs and targets of the
# stored run does it, raw or adjusted? Which is the sharper question, and why?
# :::
#
# ````{solution-start} ex-pairs-synergy
# :class: dropdown
# ````
# By {eq}`eq-second-order` where the residual $r$ of $b$ on $a$ scores more than $b$ itself: where
# $a$ cleans $b$. In raw scores both sides hold chance, the right side twice that of $k$ features
# and the left that of $2k$, so the comparison is nearly fair; the adjusted one is fair on average.
# No pair does it: our sources repeat each other, and none cleans another as a nuisance would.

# %%
for kind, (one, two) in big.items():
    more = {task: sum(two[task][a, b] > one[task][a] + one[task][b] for a, b in pairs)
            for task in TASKS}
    share = np.mean([[(two[task][p] - one[task][list(p)].max())
                      / one[task][list(p)].min()
                      for p in pairs] for task in TASKS])
    print(f"{kind}: {sum(more.values())} of {len(pairs) * len(TASKS)}; on average the "
          f"second source adds {share:.0%} of what it scores alone")
    assert sum(more.values()) == 0, "stored"

# %% [markdown]
# ````{solution-end}
# ````
