"""What the study of training lengths found: every verdict at every length, beside the accuracy
that was reached."""

import numpy as np

from tdist.agreement import mantel
from tdist.manners import need
from tdist.studies.experiments import printed
from tdist.studies.pairs import Pairs

# how an uncoupled and a coupled road are read
PAIRINGS = {"(11)/(11)": ("length", "length"), "(5)/(5)": ("riemannian", "riemannian"),
            "(5)/(11), as printed": ("riemannian", "length"),
            "drift (11)/(11)": ("drift", "drift"),
            "drift (5)/(11)": ("riemannian_drift", "drift")}


def of(kind, name):
    """A number of a pair's unit, for :class:`tdist.studies.Pairs`."""
    return lambda unit: unit[kind][name]


def verdicts(stored):
    """Every verdict of the stored study, by (space, epochs, seed).

    The columns, over the pairs of two tasks: ``source share`` and ``target share`` of the variance
    of the coupled length; ``longer ...``, the share of pairs whose uncoupled road is the longer
    one, in each reading; ``part nearer``, the share of sources from which the way to a part is
    shorter than back; ``gain``, the target's accuracy on unseen images after the coupled road less
    that after as many steps of fine-tuning, and ``ahead``, the share of pairs where it is positive;
    ``last / first`` of six roads; ``itself``, the length from a source to itself over the mean
    length; ``r with the printed`` coupled lengths of Figure 3.
    """
    pd, rows = need("pandas"), {}
    for space, seeds in stored["config"]["seeds"].items():
        for epochs, number in seeds.items():
            own = {key.removeprefix(prefix): unit for key, unit in stored["units"].items()
                   if key.startswith(prefix := f"{space}/{epochs}/")}
            for seed in range(number):
                rows[space, int(epochs), seed] = _row(own, seed, stored["config"]["tasks"])
    return pd.DataFrame(rows).T.rename_axis(["space", "epochs", "seed"])


def _row(units, seed, names):
    pairs, paper = Pairs(units, names, [seed]), printed()["fig3"]
    sources = [units[f"{seed}/{name}"] for name in names]

    def mean(kind, name):
        return pairs.runs(of(kind, name)).mean()

    gain = pairs.runs(of("coupled", "accuracy")) - pairs.runs(of("fine_tuning", "accuracy"))
    more = [unit["more"] for key, unit in units.items()
            if key.startswith(f"{seed}/") and "more" in unit]
    row = {f"source {name}": np.mean([each[f"{where}_{what}"] for each in sources])
           for name, where, what in (("accuracy", "test", "accuracy"),
                                     ("training accuracy", "train", "accuracy"),
                                     ("training loss", "train", "loss"))}
    row |= {f"target accuracy, {kind}": mean(kind, "accuracy")
            for kind in ("coupled", "uncoupled", "fine_tuning")}
    length = of("coupled", "length")
    row |= {f"{kind} share": pairs.share(length, kind) for kind in ("source", "target")}
    row |= {f"longer {name}": pairs.longer(of("uncoupled", free), of("coupled", paired)).mean()
            for name, (free, paired) in PAIRINGS.items()}
    row["part nearer"] = np.mean([each["to_part"]["length"] < each["from_part"]["length"]
                                  for each in sources])
    row |= {"gain": gain.mean(), "ahead": (gain > 0).mean(),
            "last / first": np.mean([roads[-1] / roads[0] for roads in more]),
            "length": mean("coupled", "length"),
            "drift / length": mean("coupled", "drift") / mean("coupled", "length"),
            "itself": np.mean([each["itself"]["length"] for each in sources])
            / mean("coupled", "length")}
    order = [paper["tasks"].index(name) for name in names]
    figure = np.array(paper["coupled"])[np.ix_(order, order)]
    row["r with the printed"] = mantel(pairs.mean(length), figure).statistic
    row["seconds a pair"] = np.mean([sum(unit[kind]["seconds"] for kind in (
        "coupled", "uncoupled", "fine_tuning")) for key, unit in units.items()
        if key.count("/") == 2 and key.startswith(f"{seed}/")])
    return row
