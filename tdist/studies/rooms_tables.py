"""The eight tasks of the rooms as matrices (sources, targets): stored scores and affinities, the
printed ones beside them, and what kinship of the tasks leaves open."""

from importlib.resources import files
from itertools import permutations, product

import numpy as np

from tdist.affinities import LINKAGES, VECTORS, ahp, cluster
from tdist.manners import need
from tdist.scenes import TASKS
from tdist.selection import concordance
from tdist.studies.results import load
from tdist.studies.rooms_seeds import SEEDS, SMALL_SEEDS

NAMES = ("2D Edges", "2D Keypoints", "3D Edges", "3D Keypoints", "Reshading", "Depth",
         "Object Class.", "Scene Class.")
GROUPS = {"2D": (0, 1), "3D": (2, 3, 4, 5), "classes": (6, 7)}
_GROUP = np.repeat(np.arange(3), [len(members) for members in GROUPS.values()])
KIN = (_GROUP[:, None] == _GROUP).astype(float)  # 1 where source and target are of one group
SAME_GROUP = np.repeat(_GROUP[:, None], 8, axis=1)  # ties the sources of a group, for any target
# all orders of the tasks that keep the groups, and so KIN
RELABELLED = [np.concatenate(parts) for parts in product(*(
    [list(order) for order in permutations(members)] for members in GROUPS.values()))]


def runs():
    """The units of the stored runs, {"paper's size": {seed: units}, "small": {seed: units}}."""
    names = {0: "rooms"} | {seed: f"rooms_seed_{seed}" for seed in SEEDS}
    return {"paper's size": {seed: load(name)["units"] for seed, name in names.items()},
            "small": {seed: load(f"rooms_small_{seed}")["units"] for seed in SMALL_SEEDS}}


def tables(units):
    """All that the units of one run hold, as arrays (sources, targets): raw and adjusted scores,
    their chance levels, colours, mean losses, affinities; and "wins", the win rates of each target
    (targets, sources, sources)."""
    cell = {(s, t): units[f"h/{s}"][t] if f"h/{s}" in units else units[f"h/{s}/{t}"]
            for s in TASKS for t in TASKS}
    found = {name: np.array([[cell[s, t][name] for t in TASKS] for s in TASKS])
             for name in ("h", "adjusted", "chance", "classes")}
    played = [units[f"transfer/{t}"] for t in TASKS]
    return found | {"loss": np.stack([one["loss"] for one in played], axis=1),
                    "wins": np.array([one["wins"] for one in played]),
                    "affinity": np.stack([ahp(one["wins"]).weights for one in played], axis=1)}


def printed():
    """H-scores and affinities of the paper's Table 1, two arrays (sources, targets)."""
    table = need("pandas").read_csv(files("tdist") / "data" / "table1.csv")
    return tuple(table.pivot(index="source", columns="target", values=name)
                 .loc[list(NAMES), list(NAMES)].to_numpy() for name in ("h_score", "affinity"))


def beyond_kinship(h, affinity):
    """Pairs of sources that scores and affinities put in the same order: of the 96 that kinship
    ties, of the 48 inside a group; and the one-sided p value of the first over the 96 orders of the
    tasks that keep kinship."""
    found, inside = (concordance(h, affinity, tied, self_pairs=False) for tied in (KIN, SAME_GROUP))
    shuffled = np.array([concordance(h[np.ix_(o, o)], affinity, KIN, self_pairs=False).concordant
                         for o in RELABELLED])
    return {"tied by kinship": found.concordant, "inside a group": inside.concordant,
            "p, one-sided": float((shuffled >= found.concordant).mean())}


def parted(labels):
    """Clusters in words: a group where it is whole, else its tasks."""
    def words(cluster):
        return ", ".join(name if set(members) <= cluster
                         else ", ".join(NAMES[i] for i in members if i in cluster)
                         for name, members in GROUPS.items() if cluster & set(members))

    return " | ".join(words(set(np.flatnonzero(labels == c))) for c in range(labels.max() + 1))


def trees(scores, clusters, words):
    """In how many linkages the columns of scores part into these clusters, {kind of vectors:
    number of 4}."""
    return {kind: sum(parted(cluster(scores.T, kind, linkage).labels(clusters)) == words
                      for linkage in LINKAGES) for kind in VECTORS}
